#include "sys/event_loop.hpp"

#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "sys/clock.hpp"
#include "sys/error.hpp"

namespace catflap::sys {
namespace {

/// Events taken from the kernel per round; more stay there for the next one. The kernel puts what it has told
/// to the end of its list, so all have their turn; few, because each may bring much to work on.
constexpr std::size_t kEventsPerRound = 64;
constexpr int kWakeFd = -1;

std::uint64_t pack(int fd, std::uint32_t generation) {
  return std::uint64_t{generation} << 32U | static_cast<std::uint32_t>(fd);
}

/// epoll_wait() counts in milliseconds, which is too coarse for a probe's deadline; the newer call is missing
/// from old kernels and refused by some sandboxes.
int wait_precisely(int epoll, std::vector<epoll_event>& ready, Duration timeout) {
  const int capacity = static_cast<int>(ready.size());
  const bool forever = timeout == Duration::max();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(timeout);
  timespec wait{static_cast<time_t>(seconds.count()), static_cast<long>((timeout - seconds).count())};
  const int count = ::epoll_pwait2(epoll, ready.data(), capacity, forever ? nullptr : &wait, nullptr);
  if (count >= 0 || (errno != ENOSYS && errno != EPERM)) {
    return count;
  }
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
  const auto bounded = static_cast<int>(std::min<std::int64_t>(ms, 3'600'000));
  return ::epoll_wait(epoll, ready.data(), capacity, forever ? -1 : bounded);
}

}  // namespace

Result<std::unique_ptr<EventLoop>> EventLoop::create() {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) {
    return fail(last_error("cannot create an epoll instance"));
  }
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) {
    return fail(last_error("cannot create an eventfd"));
  }
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = pack(kWakeFd, 0);
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wake.get(), &event) != 0) {
    return fail(last_error("cannot watch an eventfd"));
  }
  return std::unique_ptr<EventLoop>(new EventLoop(std::move(epoll), std::move(wake)));
}

EventLoop::EventLoop(UniqueFd epoll, UniqueFd wake)
    : epoll_(std::move(epoll)),
      wake_(std::move(wake)),
      ready_(kEventsPerRound),
      now_(monotonic_now()),
      served_until_(now_) {}

EventLoop::~EventLoop() = default;

Status EventLoop::add(int fd, std::uint32_t events, FdCallback callback) {
  if (entries_.contains(fd)) {
    return fail(Errc::exists, "descriptor " + std::to_string(fd) + " is watched already");
  }
  const std::uint32_t generation = ++generation_;
  epoll_event event{};
  event.events = events;
  event.data.u64 = pack(fd, generation);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return fail(last_error("cannot watch descriptor " + std::to_string(fd)));
  }
  entries_.emplace(fd, Entry{generation, std::make_shared<FdCallback>(std::move(callback))});
  return {};
}

Status EventLoop::modify(int fd, std::uint32_t events) {
  const auto entry = entries_.find(fd);
  if (entry == entries_.end()) {
    return fail(Errc::not_found, "descriptor " + std::to_string(fd) + " is not watched");
  }
  epoll_event event{};
  event.events = events;
  event.data.u64 = pack(fd, entry->second.generation);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) != 0) {
    return fail(last_error("cannot watch descriptor " + std::to_string(fd)));
  }
  return {};
}

void EventLoop::remove(int fd) noexcept {
  const auto entry = entries_.find(fd);
  if (entry == entries_.end()) {
    return;
  }
  // Fails only if the descriptor was closed before, which took it out of the epoll set already.
  (void)::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  // What the callback captures may call back into the loop from its destructor: take it out first.
  const std::shared_ptr<FdCallback> callback = std::move(entry->second.callback);
  entries_.erase(entry);
}

EventLoop::TimerId EventLoop::at(Instant deadline, Callback callback) {
  const std::uint64_t id = next_timer_++;
  timers_.emplace(std::pair(deadline, id), std::move(callback));
  timer_deadlines_.emplace(id, deadline);
  return TimerId{id};
}

EventLoop::TimerId EventLoop::after(Duration delay, Callback callback) {
  return at(monotonic_now() + delay, std::move(callback));
}

bool EventLoop::cancel(TimerId timer) noexcept {
  const auto id = static_cast<std::uint64_t>(timer);
  const auto found = timer_deadlines_.find(id);
  if (found == timer_deadlines_.end()) {
    return false;
  }
  const auto node = timers_.extract(std::pair(found->second, id));  // destroyed at the end, as in remove()
  timer_deadlines_.erase(found);
  return true;
}

void EventLoop::wake_up() noexcept {
  const std::uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof one);  // EAGAIN: it is awake anyway
}

void EventLoop::post(Callback callback) {
  bool first = false;
  {
    const std::lock_guard lock(posts_mutex_);
    first = posts_.empty();
    posts_.push_back(std::move(callback));
  }
  if (first) {
    wake_up();
  }
}

void EventLoop::stop() {
  {
    const std::lock_guard lock(posts_mutex_);
    stop_ = true;
  }
  wake_up();
}

void EventLoop::serve_posts() {
  std::uint64_t count = 0;
  (void)!::read(wake_.get(), &count, sizeof count);  // EAGAIN: woken for another reason
  std::vector<Callback> posts;
  {
    const std::lock_guard lock(posts_mutex_);
    posts.swap(posts_);
  }
  for (Callback& callback : posts) {
    callback();
  }
}

bool EventLoop::serve_timers() {
  // Timers made meanwhile wait for the next round, so that a timer that re-arms itself at once starves
  // nobody.
  const std::uint64_t end = next_timer_;
  bool any = false;
  auto next = timers_.begin();
  while (next != timers_.end() && next->first.first <= now_) {
    const auto key = next->first;
    if (key.second >= end) {
      ++next;
      continue;
    }
    Callback callback = std::move(next->second);
    timers_.erase(next);
    timer_deadlines_.erase(key.second);
    any = true;
    callback();
    next = timers_.lower_bound(key);
  }
  return any;
}

int EventLoop::wait(Duration timeout) {
  if (!timers_.empty() && !timers_.begin()->first.first.is_never()) {
    const Duration left = timers_.begin()->first.first - monotonic_now();
    timeout = std::min(timeout, std::max(left, Duration::zero()));
  }
  const int count = wait_precisely(epoll_.get(), ready_, std::max(timeout, Duration::zero()));
  now_ = monotonic_now();
  return count;
}

void EventLoop::round_served(int count) {
  if (count < 0) {
    return;  // EINTR, as after SIGCONT: nobody has looked
  }
  if (static_cast<std::size_t>(count) < ready_.size()) {
    behind_ = 0;
    served_until_ = now_;
    return;
  }
  if (behind_ == 0) {
    behind_since_ = now_;
  }
  behind_ += static_cast<std::size_t>(count);
  if (behind_ > entries_.size()) {  // in turn, so each that was ready then has been served
    behind_ = 0;
    served_until_ = behind_since_;
  }
}

bool EventLoop::run_once(Duration timeout) {
  const int count = wait(timeout);
  bool any = false;
  for (int i = 0; i < count; ++i) {
    const epoll_event event = ready_[static_cast<std::size_t>(i)];
    const int fd = static_cast<int>(static_cast<std::uint32_t>(event.data.u64));
    any = true;
    if (fd == kWakeFd) {
      serve_posts();
      continue;
    }
    const auto entry = entries_.find(fd);
    if (entry == entries_.end() || entry->second.generation != event.data.u64 >> 32U) {
      continue;  // removed earlier in this round
    }
    const std::shared_ptr<FdCallback> callback = entry->second.callback;  // survives its own removal
    (*callback)(event.events);
  }
  round_served(count);
  any = serve_timers() || any;
  const std::lock_guard lock(posts_mutex_);
  return any && !stop_;
}

void EventLoop::run() {
  while (true) {
    {
      const std::lock_guard lock(posts_mutex_);
      if (std::exchange(stop_, false)) {
        return;
      }
    }
    (void)run_once(Duration::max());
  }
}

bool EventLoop::run_until(Instant deadline, const std::function<bool()>& done) {
  while (!done()) {
    const Duration left = deadline.is_never() ? Duration::max() : deadline - monotonic_now();
    if (left <= Duration::zero()) {
      return false;
    }
    (void)run_once(left);
  }
  return true;
}

}  // namespace catflap::sys
