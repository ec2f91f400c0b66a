#pragma once

#include <algorithm>

#include "base/instant.hpp"
#include "base/rng.hpp"

namespace catflap::bgp::fsm {

/// A deadline and what it was set to, for display. Pull model: nobody calls back, the owner asks due().
class Countdown {
 public:
  void set(Instant now, Duration total) {
    at_ = now + total;
    total_ = total;
  }
  void stop() {
    at_ = Instant::never();
    total_ = Duration{0};
  }
  bool running() const { return !at_.is_never(); }
  bool due(Instant now) const { return running() && at_ <= now; }
  Instant at() const { return at_; }
  Duration total() const { return total_; }
  /// Never negative; 0 if not running.
  Duration left(Instant now) const { return running() && at_ > now ? at_ - now : Duration{0}; }

 private:
  Instant at_ = Instant::never();
  Duration total_{0};
};

/// Uniform in [0.75, 1.0] x `duration` (RFC 4271 §10).
inline Duration jittered(Rng& rng, Duration duration) {
  if (duration <= Duration{0}) {
    return Duration{0};
  }
  const auto quarter = static_cast<std::uint64_t>(duration.count()) / 4;
  return duration - Duration(static_cast<Duration::rep>(rng.below(quarter + 1)));
}

/// How long to stay in Idle after an error: doubles from `min` to `max` with every error until forgotten
/// (RFC 4271 §8.1.1, DampPeerOscillations).
class Backoff {
 public:
  Backoff(Duration min, Duration max) : min_(min), max_(std::max(min, max)), next_(min) {}

  Duration minimum() const { return min_; }
  /// The wait for an error that happened now.
  Duration grow() {
    const Duration wait = next_;
    next_ = next_ > max_ / 2 ? max_ : next_ * 2;
    return wait;
  }
  void forget() { next_ = min_; }

 private:
  Duration min_, max_, next_;
};

}  // namespace catflap::bgp::fsm
