#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/instant.hpp"
#include "base/result.hpp"
#include "sys/unique_fd.hpp"

namespace catflap::sys {

/// epoll, one-shot timers and a mailbox: all that the effects layer needs to wait for.
///
/// Belongs to one thread; only post() and stop() may be called from others. Callbacks may add, modify and
/// remove any descriptor or timer, their own included, and may destroy what they capture, but not the loop. A
/// callback removed in a round is not called any more in that round, not even when its descriptor number is
/// already in use again. Size: 10^4 descriptors, 10^5 timers.
class EventLoop {
 public:
  using FdCallback =
      std::function<void(std::uint32_t events)>;  ///< EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP, ...
  using Callback = std::function<void()>;
  enum class TimerId : std::uint64_t { none = 0 };

  static Result<std::unique_ptr<EventLoop>> create();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Calls `callback` whenever one of `events` (EPOLLIN | EPOLLOUT ..., level-triggered unless EPOLLET) is
  /// there. The caller keeps the descriptor open and removes it before closing it. Errc::exists if it was
  /// added before.
  Status add(int fd, std::uint32_t events, FdCallback callback);
  /// Changes the events. Errc::not_found if `fd` was not added.
  Status modify(int fd, std::uint32_t events);
  /// Forgets `fd`; nothing happens if it was not added.
  void remove(int fd) noexcept;

  /// Calls `callback` once, at `deadline` or as soon as possible after it; timers of one instant in the order
  /// of their creation. Instant::never() makes a timer that never fires. The id is never `none` and never
  /// reused.
  TimerId at(Instant deadline, Callback callback);
  TimerId after(Duration delay, Callback callback);
  /// False if the timer has fired or is unknown.
  bool cancel(TimerId timer) noexcept;

  /// Runs `callback` on the loop's thread in the next round; any thread. Callbacks run in the order of their
  /// posts.
  void post(Callback callback);

  /// Until stop().
  void run();
  /// One round: waits at most `timeout` for something to happen, then serves all that happened.
  /// Returns false if nothing did, or if stop() was called.
  bool run_once(Duration timeout);
  /// Rounds until `done()` holds, or `deadline`. Returns done().
  bool run_until(Instant deadline, const std::function<bool()>& done);
  /// Makes run() return after the current round; any thread. A stop before run() is kept.
  void stop();

  /// The time at the start of this round; cheap, good enough for callbacks.
  Instant now() const noexcept { return now_; }
  /// Everything that was ready at this instant has been served since: what somebody waits for did not come
  /// before it. Behind now() while more descriptors are ready than a round serves.
  Instant served_until() const noexcept { return served_until_; }
  std::size_t fds() const noexcept { return entries_.size(); }
  std::size_t timers() const noexcept { return timers_.size(); }

 private:
  struct Entry {
    std::uint32_t generation = 0;
    std::shared_ptr<FdCallback> callback;
  };
  EventLoop(UniqueFd epoll, UniqueFd wake);
  /// How many descriptors are ready; negative if the wait was interrupted.
  int wait(Duration timeout);
  void round_served(int count);
  void serve_posts();
  bool serve_timers();
  void wake_up() noexcept;

  UniqueFd epoll_;
  UniqueFd wake_;  ///< eventfd
  std::unordered_map<int, Entry> entries_;
  std::uint32_t generation_ = 0;
  std::vector<epoll_event> ready_;
  std::map<std::pair<Instant, std::uint64_t>, Callback> timers_;
  std::unordered_map<std::uint64_t, Instant> timer_deadlines_;
  std::uint64_t next_timer_ = 1;
  Instant now_;
  Instant served_until_;
  Instant behind_since_;    ///< the start of the first of the full rounds; valid if behind_ > 0
  std::size_t behind_ = 0;  ///< descriptors served in full rounds since
  std::mutex posts_mutex_;  ///< guards the two below
  std::vector<Callback> posts_;
  bool stop_ = false;
};

}  // namespace catflap::sys
