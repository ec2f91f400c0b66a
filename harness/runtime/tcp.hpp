#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "bgp/speaker/event.hpp"
#include "sys/event_loop.hpp"
#include "sys/unique_fd.hpp"

namespace catflap::runtime {

/// Opens sockets in the speaker's namespace, close-on-exec and non-blocking: (domain, type, protocol).
using SocketFactory = std::function<Result<sys::UniqueFd>(int, int, int)>;
/// Of the calling thread's namespace.
SocketFactory sockets_here();

/// The TCP half of a speaker's driver: carries out TcpConnect, TcpSend, TcpClose, Listen and TcpSetOptions,
/// and tells what happens as events. Belongs to the loop's thread.
///
/// Bounds: kQueueOctetsMax per connection wait in user space (the speaker learns by TcpWritable when there is
/// room); kConnectionsMax accepted connections, more are closed at once.
class Tcp {
 public:
  using Sink = std::function<void(bgp::Event)>;
  static constexpr std::size_t kQueueOctetsMax = 256 * 1024;
  static constexpr std::size_t kConnectionsMax = 16384;

  Tcp(sys::EventLoop& loop, SocketFactory sockets, Sink sink);
  ~Tcp();
  Tcp(const Tcp&) = delete;
  Tcp& operator=(const Tcp&) = delete;

  void connect(const bgp::act::TcpConnect& dial);
  /// Queues; flush() writes.
  void send(const bgp::act::TcpSend& send);
  void close(const bgp::act::TcpClose& close);
  void set_options(const bgp::act::TcpSetOptions& options);
  /// Opens what is new, closes what is gone, keeps the rest with its keys brought up to date. The first error
  /// is returned after all were tried; the sockets that failed are tried again by retry_listeners().
  Status listen(const bgp::act::Listen& wanted);
  /// True if a wanted listener is not open (its address was not there yet).
  bool listeners_missing() const;
  Status retry_listeners();
  /// Writes what send() queued, as far as the kernel takes it.
  void flush();
  /// True while octets or graceful closes are on their way; for an orderly end.
  bool busy() const;

 private:
  struct Connection;
  struct Listener;
  struct Drain;
  using Id = bgp::ConnId;

  void dial_finished(Id id);
  void readable(Id id);
  void writable(Id id);
  void write_out(Connection& connection);
  void drop(Id id, int sys_errno, bool dial_failed);
  void accept_all(Listener& listener);
  void start_drain(std::unique_ptr<Connection> connection);
  void end_drain(int fd);
  Status open_listener(Listener& listener);
  void watch(Id id, Connection& connection, bool want_write);

  sys::EventLoop& loop_;
  SocketFactory sockets_;
  Sink sink_;
  std::map<Id, std::unique_ptr<Connection>> connections_;
  std::vector<Id> unflushed_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::map<int, std::unique_ptr<Drain>> drains_;
  Id next_accept_ = 1;  ///< odd; dials are even
  std::vector<char> buffer_;
};

}  // namespace catflap::runtime
