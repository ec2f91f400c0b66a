#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "runtime/tcp_connection.hpp"
#include "runtime/tcp_options.hpp"
#include "sys/error.hpp"
#include "sys/socket_address.hpp"

/// The listening half of Tcp.
namespace catflap::runtime {

Status Tcp::listen(const bgp::act::Listen& wanted) {
  std::vector<std::unique_ptr<Listener>> kept;
  for (const auto& socket : wanted.sockets) {
    const auto at = std::find_if(listeners_.begin(), listeners_.end(), [&](const auto& listener) {
      return listener != nullptr && listener->wanted.local == socket.local;
    });
    if (at != listeners_.end()) {
      kept.push_back(std::move(*at));
    } else {
      kept.push_back(std::make_unique<Listener>());
    }
    kept.back()->wanted = socket;
  }
  listeners_ = std::move(kept);
  return retry_listeners();
}

bool Tcp::listeners_missing() const {
  return std::any_of(listeners_.begin(), listeners_.end(),
                     [](const auto& listener) { return listener->acceptor == nullptr; });
}

Status Tcp::retry_listeners() {
  Status result;
  for (auto& listener : listeners_) {
    if (auto opened = open_listener(*listener); !opened && result) {
      result = fail(std::move(opened.error()).context("listen on " + net::to_string(listener->wanted.local)));
    }
  }
  return result;
}

Status Tcp::open_listener(Listener& listener) {
  if (listener.acceptor != nullptr) {
    return set_keys(listener);
  }
  const net::Family family = listener.wanted.local.addr.family();
  auto fd = sockets_(sys::address_family(family), open_flags(SOCK_STREAM), IPPROTO_TCP);
  if (!fd) {
    return fail(std::move(fd.error()));
  }
  const int on = 1;
  ::setsockopt(fd->get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (family == net::Family::ipv6) {
    ::setsockopt(fd->get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  set_session_defaults(fd->get(), family);  // accepted sockets inherit them
  const sys::SocketAddress local = sys::to_sockaddr(listener.wanted.local);
  if (::bind(fd->get(), local.get(), local.size) != 0 || ::listen(fd->get(), SOMAXCONN) != 0) {
    return fail(sys::system_error("bind", errno));
  }
  auto acceptor = sys::Acceptor::create(
      loop_, std::move(*fd), [this](sys::UniqueFd connection) { accepted(std::move(connection)); },
      [this](int sys_errno) {
        if (notes_) {
          notes_(sys_errno != 0 ? bgp::act::NoteLevel::error : bgp::act::NoteLevel::info,
                 sys::describe_trouble(sys_errno));
        }
      });
  if (!acceptor) {
    return fail(std::move(acceptor.error()));
  }
  listener.acceptor = std::move(*acceptor);
  listener.keys_set.clear();
  return set_keys(listener);
}

Status Tcp::set_keys(Listener& listener) {
  const int fd = listener.acceptor->fd();
  const auto& wanted = listener.wanted.md5_keys;
  for (const auto& key : listener.keys_set) {
    const auto still =
        std::find_if(wanted.begin(), wanted.end(), [&](const auto& other) { return other.peer == key.peer; });
    if (still == wanted.end()) {
      (void)set_md5_key(fd, key.peer, std::nullopt);
    }
  }
  for (const auto& key : wanted) {
    if (std::find(listener.keys_set.begin(), listener.keys_set.end(), key) == listener.keys_set.end()) {
      if (auto set = set_md5_key(fd, key.peer, key.password); !set) {
        return set;
      }
    }
  }
  listener.keys_set = wanted;
  return {};
}

void Tcp::accepted(sys::UniqueFd fd) {
  const auto remote = sys::remote_endpoint(fd.get());
  const auto local = sys::local_endpoint(fd.get());
  if (!remote || !local || connections_.size() >= kConnectionsMax) {
    return;  // ended while it waited, or one too many
  }
  const Id id = std::exchange(next_accept_, next_accept_ + 2);
  auto connection = std::make_unique<Connection>();
  connection->remote = *remote;
  connection->fd = std::move(fd);
  if (watch_new(id, std::move(connection), EPOLLIN)) {
    sink_(bgp::ev::TcpOpened{id, *local, *remote, true});
    sink_(bgp::ev::TcpWritable{id, kQueueOctetsMax});
  }
}

}  // namespace catflap::runtime
