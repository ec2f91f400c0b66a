#include "sys/clock.hpp"

#include <fmt/format.h>
#include <sys/random.h>
#include <time.h>

#include <atomic>
#include <cstdlib>
#include <type_traits>

namespace catflap::sys {

Instant monotonic_now() {
  timespec now{};
  (void)::clock_gettime(CLOCK_MONOTONIC, &now);  // cannot fail with this clock and a valid pointer
  return Instant(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

std::chrono::system_clock::time_point wall_now() {
  return std::chrono::system_clock::now();
}

std::chrono::system_clock::time_point to_wall(Instant at) {
  static_assert(std::is_same_v<std::chrono::system_clock::duration, std::chrono::nanoseconds>);
  constexpr std::int64_t kJitter = 10'000'000;
  static std::atomic<std::int64_t> kept{0};
  const std::int64_t now = wall_now().time_since_epoch().count() - monotonic_now().since_origin().count();
  std::int64_t offset = kept.load(std::memory_order_relaxed);
  if (offset == 0 || std::abs(now - offset) >= kJitter) {
    offset = now;
    kept.store(offset, std::memory_order_relaxed);
  }
  return std::chrono::system_clock::time_point(std::chrono::nanoseconds(offset) + at.since_origin());
}

std::string format_utc(std::chrono::system_clock::time_point at) {
  const auto since_epoch = std::chrono::floor<std::chrono::milliseconds>(at.time_since_epoch());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
  const auto whole = static_cast<time_t>(seconds.count());
  tm parts{};
  (void)::gmtime_r(&whole, &parts);  // fails only for years beyond int
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     (since_epoch - seconds).count());
}

std::uint64_t random_u64() {
  std::uint64_t value = 0;
  if (::getrandom(&value, sizeof value, 0) != sizeof value) {
    // Only a kernel without the call or an interrupted early boot; the value is a cookie, not a secret.
    value = static_cast<std::uint64_t>(monotonic_now().since_origin().count()) * 0x9E3779B97F4A7C15ULL;
  }
  return value;
}

}  // namespace catflap::sys
