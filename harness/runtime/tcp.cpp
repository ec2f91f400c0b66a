#include "runtime/tcp.hpp"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <utility>

#include "runtime/tcp_connection.hpp"
#include "runtime/tcp_options.hpp"
#include "sys/error.hpp"
#include "sys/socket_address.hpp"

namespace catflap::runtime {
namespace {

/// How long a closed connection may take to deliver its NOTIFICATION.
constexpr Duration kDrainTime = std::chrono::seconds(1);

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

Tcp::Tcp(sys::EventLoop& loop, SocketFactory sockets, Sink sink, Notes notes)
    : loop_(loop),
      sockets_(std::move(sockets)),
      sink_(std::move(sink)),
      notes_(std::move(notes)),
      buffer_(new char[kReadOctets]) {}

Tcp::~Tcp() {
  for (const auto& [id, connection] : connections_) {
    loop_.remove(connection->fd.get());
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
  if (auto watched = watch_new(dial.conn, std::move(connection), EPOLLOUT); !watched) {
    refuse(watched.error().sys_errno, watched.error().message);
  }
}

Status Tcp::watch_new(Id id, std::unique_ptr<Connection> connection, std::uint32_t events) {
  connection->events = events;
  auto added =
      loop_.add(connection->fd.get(), events, [this, id](std::uint32_t ready) { served(id, ready); });
  if (added) {
    connections_[id] = std::move(connection);
  }
  return added;
}

void Tcp::served(Id id, std::uint32_t events) {
  Connection& connection = *connections_.at(id);  // what is dropped or closed is not watched any more
  if (connection.connecting) {
    return dial_finished(id, connection);
  }
  if ((events & EPOLLOUT) != 0) {
    write_out(id, connection);
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
    readable(id, connection);
  }
}

void Tcp::dial_finished(Id id, Connection& connection) {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(connection.fd.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
    error = errno;
  }
  if (error != 0) {
    return drop(id, error, true);
  }
  connection.connecting = false;
  want(connection, EPOLLIN);
  bgp::ev::TcpOpened opened{id, {}, connection.remote, false};
  opened.local = sys::local_endpoint(connection.fd.get()).value_or(net::Endpoint{});
  sink_(std::move(opened));
  sink_(bgp::ev::TcpWritable{id, kQueueOctetsMax});
}

void Tcp::want(Connection& connection, std::uint32_t events) {
  if (events != connection.events) {
    connection.events = events;
    (void)loop_.modify(connection.fd.get(), events);  // fails only for a descriptor that is not there
  }
}

void Tcp::drop(Id id, int sys_errno, bool dial_failed) {
  const auto at = connections_.find(id);
  loop_.remove(at->second->fd.get());
  connections_.erase(at);
  const std::string text = sys_errno == 0 ? "Connection closed" : sys::errno_text(sys_errno);
  sink_(bgp::ev::TcpClosed{id, {sys_errno, dial_failed, text}});
}

void Tcp::readable(Id id, Connection& connection) {
  const ssize_t count = ::recv(connection.fd.get(), buffer_.get(), kReadOctets, 0);
  if (count > 0) {
    const auto* first = reinterpret_cast<const std::byte*>(buffer_.get());
    sink_(bgp::ev::TcpBytes{id, Bytes(first, first + count)});
    return;
  }
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
    return;
  }
  // A write that failed has taken the errno of the connection with it (all but EPIPE, which tells nothing).
  const int write_errno = connection.write_errno == EPIPE ? 0 : connection.write_errno;
  drop(id, count == 0 ? write_errno : errno, false);
}

void Tcp::send(const bgp::act::TcpSend& send) {
  const auto at = connections_.find(send.conn);
  if (at == connections_.end() || send.bytes == nullptr || send.bytes->empty()) {
    return;  // closed meanwhile: the speaker learns it from TcpClosed
  }
  Connection& connection = *at->second;
  connection.queue.push(send.bytes);
  if (!connection.flush_listed) {
    connection.flush_listed = true;
    unflushed_.push_back(send.conn);
  }
}

void Tcp::flush() {
  for (const Id id : unflushed_) {
    const auto at = connections_.find(id);
    if (at != connections_.end()) {
      at->second->flush_listed = false;
      if (!at->second->connecting) {
        write_out(id, *at->second);
      }
    }
  }
  unflushed_.clear();
}

void Tcp::write_out(Id id, Connection& connection) {
  if (connection.write_errno != 0) {
    return;
  }
  const SendQueue::Written written = connection.queue.write(connection.fd.get());
  if (written.sys_errno != 0 && written.sys_errno != EAGAIN) {
    // What the peer sent before it went (a NOTIFICATION, perhaps) is still to be read: reads tell the end.
    connection.write_errno = written.sys_errno;
    return want(connection, EPOLLIN);
  }
  want(connection, connection.queue.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT);
  if (written.octets > 0) {
    const std::size_t queued = std::min(connection.queue.octets(), kQueueOctetsMax);
    sink_(bgp::ev::TcpWritable{id, static_cast<std::uint32_t>(kQueueOctetsMax - queued)});
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
  if (drains_.size() >= kDrainsMax || !loop_.add(fd, EPOLLIN, [this, fd](std::uint32_t) { drain(fd); })) {
    return;
  }
  auto kept = std::make_unique<Drain>();
  connection->events = EPOLLIN;
  kept->connection = std::move(connection);
  kept->timer = loop_.after(kDrainTime, [this, fd] { end_drain(fd); });
  drains_[fd] = std::move(kept);
  drain(fd);
}

void Tcp::drain(int fd) {
  Drain& drain = *drains_.at(fd);
  Connection& connection = *drain.connection;
  const SendQueue::Written written = connection.queue.write(fd);
  const bool broken = written.sys_errno != 0 && written.sys_errno != EAGAIN;
  if (!drain.shut && (connection.queue.empty() || broken)) {
    drain.shut = true;
    ::shutdown(fd, SHUT_WR);
  }
  want(connection, drain.shut ? EPOLLIN : EPOLLIN | EPOLLOUT);
  const ssize_t count = ::recv(fd, buffer_.get(), kReadOctets, 0);
  if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
    end_drain(fd);
  }
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
  return std::any_of(connections_.begin(), connections_.end(), [](const auto& entry) {
    return !entry.second->queue.empty() && entry.second->write_errno == 0;
  });
}

}  // namespace catflap::runtime
