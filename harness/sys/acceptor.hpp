#pragma once

#include <functional>
#include <memory>
#include <string>

#include "sys/event_loop.hpp"
#include "sys/unique_fd.hpp"

namespace catflap::sys {

/// Accepts the connections of a listening socket, kAcceptsPerRound in a round of the loop, and survives a
/// process without descriptors: accept() then fails while the listener stays ready, which would keep a loop
/// spinning. One descriptor is held in reserve to take such a connection and close it, so that the other side
/// learns at once; without even that one the listener rests for kRest. Belongs to the loop's thread.
class Acceptor {
 public:
  static constexpr int kAcceptsPerRound = 256;
  static constexpr Duration kRest = std::chrono::seconds(1);
  /// Shortages with less than this in between are one to `trouble`.
  static constexpr Duration kCalm = std::chrono::seconds(10);

  /// What becomes of a connection; it is close-on-exec and non-blocking.
  using Accepted = std::function<void(UniqueFd)>;
  /// Told once when descriptors run out (an errno: EMFILE, ENFILE, ENOBUFS, ENOMEM) and once when connections
  /// are taken again (0).
  using Trouble = std::function<void(int sys_errno)>;

  /// The callbacks must not destroy the acceptor.
  static Result<std::unique_ptr<Acceptor>> create(EventLoop& loop, UniqueFd listener, Accepted accepted,
                                                  Trouble trouble = {});
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  int fd() const noexcept { return listener_.get(); }

 private:
  Acceptor(EventLoop& loop, UniqueFd listener, Accepted accepted, Trouble trouble);
  void accept_all();
  void short_of_descriptors(int sys_errno);
  void accepts_again();

  EventLoop& loop_;
  UniqueFd listener_;
  UniqueFd spare_;
  Accepted accepted_;
  Trouble trouble_;
  bool in_trouble_ = false;
  Instant last_trouble_;
  EventLoop::TimerId rest_ = EventLoop::TimerId::none;
};

/// "out of file descriptors (the limit is 1024): connections are refused", or that they are accepted again.
std::string describe_trouble(int sys_errno);

}  // namespace catflap::sys
