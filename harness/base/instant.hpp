#pragma once

#include <chrono>
#include <cstdint>

namespace catflap {

using Duration = std::chrono::nanoseconds;

/// A point on a monotonic time line whose origin only the driver knows (CLOCK_MONOTONIC, or virtual time).
class Instant {
 public:
  constexpr Instant() = default;
  constexpr explicit Instant(Duration since_origin) : since_origin_(since_origin) {}

  /// Later than every other instant: "no deadline".
  static constexpr Instant never() { return Instant(Duration::max()); }

  constexpr Duration since_origin() const { return since_origin_; }
  constexpr bool is_never() const { return since_origin_ == Duration::max(); }

  constexpr auto operator<=>(const Instant&) const = default;

  /// Saturates at never().
  friend constexpr Instant operator+(Instant at, Duration delay) {
    if (at.is_never() || delay >= Duration::max() - at.since_origin_) {
      return never();
    }
    return Instant(at.since_origin_ + delay);
  }
  friend constexpr Instant operator-(Instant at, Duration delay) { return Instant(at.since_origin_ - delay); }
  friend constexpr Duration operator-(Instant later, Instant earlier) {
    return later.since_origin_ - earlier.since_origin_;
  }

 private:
  Duration since_origin_{0};
};

}  // namespace catflap
