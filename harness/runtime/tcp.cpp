#include "runtime/tcp.hpp"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <deque>
#include <utility>

#include "runtime/tcp_options.hpp"
#include "sys/error.hpp"
#include "sys/socket_address.hpp"

namespace catflap::runtime {
namespace {

constexpr std::size_t kReadOctets = 64 * 1024;
/// Reads of one connection in a round, so that a fast sender cannot starve the others.
constexpr int kReadsPerRound = 4;
constexpr int kAcceptsPerRound = 256;
constexpr std::size_t kVectorsMax = 64;
/// How long a closed connection may take to deliver its NOTIFICATION.
constexpr Duration kDrainTime = std::chrono::seconds(1);

int open_flags(int type) {
  return type | SOCK_CLOEXEC | SOCK_NONBLOCK;
}

}  // namespace

SocketFactory sockets_here() {
  return [](int domain, int type, int protocol) -> Result<sys::UniqueFd> {
    sys::UniqueFd fd(::socket(domain, open_flags(type), protocol));
    if (!fd) {
      return fail(sys::last_error("open a socket"));
    }
    return fd;
  };
}

struct Tcp::Connection {
  sys::UniqueFd fd;
  net::Endpoint remote;
  bool connecting = false;
  bool want_write = false;  ///< EPOLLOUT is asked for
  bool flush_listed = false;
  bool closing = false;  ///< graceful: shut down when the queue is empty
  bool broken = false;   ///< a write failed; reads tell why
  std::deque<std::shared_ptr<const Bytes>> queue;
  std::size_t queue_offset = 0;  ///< octets of queue.front() that are out
  std::size_t queued = 0;
};

struct Tcp::Listener {
  bgp::act::Listen::Socket wanted;
  std::vector<bgp::act::Listen::Socket::Key> keys_set;
  sys::UniqueFd fd;
};

/// A connection that the speaker has forgotten and that still delivers its last octets.
struct Tcp::Drain {
  std::unique_ptr<Connection> connection;
  sys::EventLoop::TimerId timer = sys::EventLoop::TimerId::none;
  bool shut = false;
};

Tcp::Tcp(sys::EventLoop& loop, SocketFactory sockets, Sink sink)
    : loop_(loop), sockets_(std::move(sockets)), sink_(std::move(sink)), buffer_(kReadOctets) {}

Tcp::~Tcp() {
  for (const auto& [id, connection] : connections_) {
    loop_.remove(connection->fd.get());
  }
  for (const auto& listener : listeners_) {
    if (listener->fd) {
      loop_.remove(listener->fd.get());
    }
  }
  for (const auto& [fd, drain] : drains_) {
    loop_.remove(fd);
    loop_.cancel(drain->timer);
  }
}

void Tcp::connect(const bgp::act::TcpConnect& dial) {
  const auto refuse = [&](int sys_errno, std::string text) {
    sink_(bgp::ev::TcpClosed{dial.conn, {sys_errno, true, std::move(text)}});
  };
  const net::Family family = dial.remote.addr.family();
  auto fd = sockets_(sys::address_family(family), open_flags(SOCK_STREAM), IPPROTO_TCP);
  if (!fd) {
    return refuse(fd.error().sys_errno, fd.error().message);
  }
  set_session_defaults(fd->get(), family);
  Status ready = set_tcp_options(fd->get(), family, dial.options);
  if (ready && dial.options.md5_password) {
    ready = set_md5_key(fd->get(), net::Prefix::host(dial.remote.addr), dial.options.md5_password);
  }
  if (!ready) {
    return refuse(ready.error().sys_errno, ready.error().message);
  }
  if (!dial.local.addr.is_unspecified() || dial.local.port != 0) {
    const sys::SocketAddress local = sys::to_sockaddr(dial.local);
    if (::bind(fd->get(), local.get(), local.size) != 0) {
      return refuse(errno, sys::errno_text(errno));
    }
  }
  const sys::SocketAddress remote = sys::to_sockaddr(dial.remote);
  if (::connect(fd->get(), remote.get(), remote.size) != 0 && errno != EINPROGRESS) {
    return refuse(errno, sys::errno_text(errno));
  }
  auto connection = std::make_unique<Connection>();
  connection->fd = std::move(*fd);
  connection->remote = dial.remote;
  connection->connecting = true;
  connection->want_write = true;
  const int raw = connection->fd.get();
  const Id id = dial.conn;
  if (auto added = loop_.add(raw, EPOLLOUT,
                             [this, id](std::uint32_t events) {
                               const auto at = connections_.find(id);
                               if (at == connections_.end()) {
                                 return;
                               }
                               if (at->second->connecting) {
                                 return dial_finished(id);
                               }
                               if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
                                 readable(id);
                               }
                               if ((events & EPOLLOUT) != 0 && connections_.count(id) != 0) {
                                 writable(id);
                               }
                             });
      !added) {
    return refuse(added.error().sys_errno, added.error().message);
  }
  connections_[id] = std::move(connection);
}

void Tcp::dial_finished(Id id) {
  Connection& connection = *connections_.at(id);
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(connection.fd.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
    error = errno;
  }
  if (error != 0) {
    return drop(id, error, true);
  }
  connection.connecting = false;
  watch(id, connection, false);
  bgp::ev::TcpOpened opened{id, {}, connection.remote, false};
  opened.local = sys::local_endpoint(connection.fd.get()).value_or(net::Endpoint{});
  sink_(std::move(opened));
  sink_(bgp::ev::TcpWritable{id, kQueueOctetsMax});
}

void Tcp::watch(Id, Connection& connection, bool want_write) {
  connection.want_write = want_write;
  const std::uint32_t events = EPOLLIN | (want_write ? static_cast<std::uint32_t>(EPOLLOUT) : 0U);
  (void)loop_.modify(connection.fd.get(), events);  // fails only for a descriptor that is not there
}

void Tcp::drop(Id id, int sys_errno, bool dial_failed) {
  const auto at = connections_.find(id);
  loop_.remove(at->second->fd.get());
  connections_.erase(at);
  const std::string text = sys_errno == 0 ? "Connection closed" : sys::errno_text(sys_errno);
  sink_(bgp::ev::TcpClosed{id, {sys_errno, dial_failed, text}});
}

void Tcp::readable(Id id) {
  const int fd = connections_.at(id)->fd.get();
  for (int i = 0; i < kReadsPerRound; ++i) {
    const ssize_t count = ::recv(fd, buffer_.data(), buffer_.size(), 0);
    if (count > 0) {
      const auto* first = reinterpret_cast<const std::byte*>(buffer_.data());
      sink_(bgp::ev::TcpBytes{id, Bytes(first, first + count)});
      if (static_cast<std::size_t>(count) < buffer_.size()) {
        return;
      }
      continue;
    }
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
      return;
    }
    return drop(id, count == 0 ? 0 : errno, false);
  }
}

void Tcp::send(const bgp::act::TcpSend& send) {
  const auto at = connections_.find(send.conn);
  if (at == connections_.end() || send.bytes == nullptr || send.bytes->empty()) {
    return;  // closed meanwhile: the speaker learns it from TcpClosed
  }
  Connection& connection = *at->second;
  connection.queued += send.bytes->size();
  connection.queue.push_back(send.bytes);
  if (!connection.flush_listed) {
    connection.flush_listed = true;
    unflushed_.push_back(send.conn);
  }
}

void Tcp::flush() {
  std::vector<Id> ids = std::exchange(unflushed_, {});
  for (const Id id : ids) {
    const auto at = connections_.find(id);
    if (at == connections_.end()) {
      continue;
    }
    Connection& connection = *at->second;
    connection.flush_listed = false;
    if (!connection.connecting) {
      write_out(connection);
      if (connection.queued > 0 && !connection.want_write && !connection.broken) {
        watch(id, connection, true);
      } else if (connection.queued == 0) {
        sink_(bgp::ev::TcpWritable{id, kQueueOctetsMax});
      }
    }
  }
}

void Tcp::writable(Id id) {
  Connection& connection = *connections_.at(id);
  write_out(connection);
  if (connection.queued == 0 || connection.broken) {
    watch(id, connection, false);
  }
  sink_(bgp::ev::TcpWritable{
      id, static_cast<std::uint32_t>(kQueueOctetsMax - std::min(connection.queued, kQueueOctetsMax))});
}

void Tcp::write_out(Connection& connection) {
  while (!connection.queue.empty() && !connection.broken) {
    std::array<iovec, kVectorsMax> vectors{};
    std::size_t count = 0;
    std::size_t offset = connection.queue_offset;
    for (auto at = connection.queue.begin(); at != connection.queue.end() && count < kVectorsMax;
         ++at, offset = 0) {
      vectors[count++] = {const_cast<std::byte*>((*at)->data()) + offset, (*at)->size() - offset};
    }
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    const ssize_t written = ::sendmsg(connection.fd.get(), &message, MSG_NOSIGNAL);
    if (written < 0) {
      // What the peer sent before it went (a NOTIFICATION, perhaps) is still to be read, so reads report the
      // end.
      connection.broken = errno != EAGAIN && errno != EINTR;
      return;
    }
    auto left = static_cast<std::size_t>(written);
    connection.queued -= left;
    while (left > 0) {
      const std::size_t rest = connection.queue.front()->size() - connection.queue_offset;
      if (left < rest) {
        connection.queue_offset += left;
        break;
      }
      left -= rest;
      connection.queue_offset = 0;
      connection.queue.pop_front();
    }
  }
}

void Tcp::close(const bgp::act::TcpClose& close) {
  const auto at = connections_.find(close.conn);
  if (at == connections_.end()) {
    return;
  }
  std::unique_ptr<Connection> connection = std::move(at->second);
  connections_.erase(at);
  loop_.remove(connection->fd.get());
  if (close.graceful && !connection->connecting) {
    start_drain(std::move(connection));
  }
}

void Tcp::start_drain(std::unique_ptr<Connection> connection) {
  // Closing with unread input would send RST and destroy the NOTIFICATION on its way: write, shut down, read
  // to the end.
  const int fd = connection->fd.get();
  auto drain = std::make_unique<Drain>();
  drain->connection = std::move(connection);
  drain->timer = loop_.after(kDrainTime, [this, fd] { end_drain(fd); });
  Drain& kept = *drain;
  drains_[fd] = std::move(drain);
  const auto step = [this, fd, &kept](std::uint32_t) {
    write_out(*kept.connection);
    if (!kept.shut && (kept.connection->queue.empty() || kept.connection->broken)) {
      kept.shut = true;
      ::shutdown(fd, SHUT_WR);
      (void)loop_.modify(fd, EPOLLIN);
    }
    const ssize_t count = ::recv(fd, buffer_.data(), buffer_.size(), 0);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
      end_drain(fd);
    }
  };
  if (!loop_.add(fd, EPOLLIN | EPOLLOUT, step)) {
    end_drain(fd);
    return;
  }
  step(0);
}

void Tcp::end_drain(int fd) {
  const auto at = drains_.find(fd);
  if (at == drains_.end()) {
    return;
  }
  loop_.cancel(at->second->timer);
  loop_.remove(fd);
  drains_.erase(at);
}

void Tcp::set_options(const bgp::act::TcpSetOptions& options) {
  const auto at = connections_.find(options.conn);
  if (at != connections_.end()) {
    // Where it fails the session stays as strict as the listener made it.
    (void)set_tcp_options(at->second->fd.get(), at->second->remote.addr.family(), options.options);
  }
}

bool Tcp::busy() const {
  if (!drains_.empty()) {
    return true;
  }
  return std::any_of(connections_.begin(), connections_.end(),
                     [](const auto& entry) { return entry.second->queued > 0 && !entry.second->broken; });
}

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
  for (const auto& listener : listeners_) {
    if (listener != nullptr && listener->fd) {
      loop_.remove(listener->fd.get());
    }
  }
  listeners_ = std::move(kept);
  return retry_listeners();
}

bool Tcp::listeners_missing() const {
  return std::any_of(listeners_.begin(), listeners_.end(),
                     [](const auto& listener) { return !listener->fd; });
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
  if (!listener.fd) {
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
    set_session_defaults(fd->get(), family);
    const sys::SocketAddress local = sys::to_sockaddr(listener.wanted.local);
    if (::bind(fd->get(), local.get(), local.size) != 0 || ::listen(fd->get(), SOMAXCONN) != 0) {
      return fail(sys::system_error("bind", errno));
    }
    Listener* const raw = &listener;
    if (auto added = loop_.add(fd->get(), EPOLLIN, [this, raw](std::uint32_t) { accept_all(*raw); });
        !added) {
      return added;
    }
    listener.fd = std::move(*fd);
    listener.keys_set.clear();
  }
  for (const auto& key : listener.keys_set) {
    const auto still = std::find_if(listener.wanted.md5_keys.begin(), listener.wanted.md5_keys.end(),
                                    [&](const auto& wanted) { return wanted.peer == key.peer; });
    if (still == listener.wanted.md5_keys.end()) {
      (void)set_md5_key(listener.fd.get(), key.peer, std::nullopt);
    }
  }
  for (const auto& key : listener.wanted.md5_keys) {
    if (std::find(listener.keys_set.begin(), listener.keys_set.end(), key) == listener.keys_set.end()) {
      if (auto set = set_md5_key(listener.fd.get(), key.peer, key.password); !set) {
        return set;
      }
    }
  }
  listener.keys_set = listener.wanted.md5_keys;
  return {};
}

void Tcp::accept_all(Listener& listener) {
  for (int i = 0; i < kAcceptsPerRound; ++i) {
    sys::UniqueFd fd(::accept4(listener.fd.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd) {
      return;  // EAGAIN, or a connection that ended while it waited; out of descriptors: the backlog keeps it
    }
    const auto remote = sys::remote_endpoint(fd.get());
    const auto local = sys::local_endpoint(fd.get());
    if (!remote || !local || connections_.size() >= kConnectionsMax) {
      continue;
    }
    const Id id = next_accept_;
    next_accept_ += 2;
    auto connection = std::make_unique<Connection>();
    connection->remote = *remote;
    set_session_defaults(fd.get(), remote->addr.family());
    const int raw = fd.get();
    connection->fd = std::move(fd);
    connections_[id] = std::move(connection);
    const auto added = loop_.add(raw, EPOLLIN, [this, id](std::uint32_t events) {
      if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && connections_.count(id) != 0) {
        readable(id);
      }
      if ((events & EPOLLOUT) != 0 && connections_.count(id) != 0) {
        writable(id);
      }
    });
    if (!added) {
      connections_.erase(id);
      continue;
    }
    sink_(bgp::ev::TcpOpened{id, *local, *remote, true});
    sink_(bgp::ev::TcpWritable{id, kQueueOctetsMax});
  }
}

}  // namespace catflap::runtime
