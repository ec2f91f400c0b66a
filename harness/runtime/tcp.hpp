#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
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
/// Fair: a connection that is ready is read once in a round of the loop, kReadOctets at most, and connections
/// have their turn one after the other. TcpWritable tells how much the queue of a connection takes whenever
/// the kernel has taken something from it, so its absence means that the peer does not read (RFC 9687).
///
/// Bounds: kQueueOctetsMax per connection wait in user space and kUnsentOctetsMax in the kernel, so a
/// KEEPALIVE, which overtakes the UPDATEs in our queue, has little before it; kConnectionsMax accepted
/// connections and kDrainsMax closed ones that still deliver, more are closed at once.
class Tcp {
 public:
  using Sink = std::function<void(bgp::Event)>;
  using Notes = std::function<void(bgp::act::NoteLevel, const std::string&)>;
  static constexpr std::size_t kReadOctets = std::size_t{128} << 10U;
  static constexpr std::size_t kQueueOctetsMax = std::size_t{256} << 10U;
  static constexpr std::size_t kConnectionsMax = 16384;
  static constexpr std::size_t kDrainsMax = 1024;

  /// `notes`: what whoever runs the daemon should know.
  Tcp(sys::EventLoop& loop, SocketFactory sockets, Sink sink, Notes notes = {});
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

  Status watch_new(Id id, std::unique_ptr<Connection> connection, std::uint32_t events);
  void served(Id id, std::uint32_t events);
  void dial_finished(Id id, Connection& connection);
  void readable(Id id, Connection& connection);
  /// Writes what waits, asks for EPOLLOUT as long as something does, and tells the room that it made.
  void write_out(Id id, Connection& connection);
  void drop(Id id, int sys_errno, bool dial_failed);
  void accepted(sys::UniqueFd fd);
  void start_drain(std::unique_ptr<Connection> connection);
  void drain(int fd);
  void end_drain(int fd);
  Status open_listener(Listener& listener);
  static Status set_keys(Listener& listener);
  void want(Connection& connection, std::uint32_t events);

  sys::EventLoop& loop_;
  SocketFactory sockets_;
  Sink sink_;
  Notes notes_;
  std::unordered_map<Id, std::unique_ptr<Connection>> connections_;
  std::vector<Id> unflushed_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::map<int, std::unique_ptr<Drain>> drains_;
  Id next_accept_ = 1;              ///< odd; dials are even
  std::unique_ptr<char[]> buffer_;  ///< kReadOctets; untouched, so not resident, until there is so much
};

}  // namespace catflap::runtime
