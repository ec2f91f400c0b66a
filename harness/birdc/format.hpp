#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/instant.hpp"

namespace catflap::birdc {

/// Whose output format: 2.0.12's, or 1.6.8's, which Calico's tools read.
enum class Format : std::uint8_t { bird2, bird1 };

/// Ties the monotonic time line to the wall clock, so that output can be made without asking one.
struct Clock {
  Instant now;                    ///< the present
  std::int64_t wall_now_ns = 0;   ///< Unix time (UTC) at `now`, in nanoseconds
  std::int32_t utc_offset_s = 0;  ///< seconds east of UTC

  /// Unix time of `at` in nanoseconds. Saturates for Instant::never().
  std::int64_t wall_of(Instant at) const;
  Instant instant_of(std::int64_t wall_ns) const;
};

/// "06:36:07.829" (1.6: "06:36:07") for what is less than 20 hours old, otherwise "2026-11-20": BIRD's
/// default "iso short" for protocols and routes.
std::string format_short_time(Format format, const Clock& clock, Instant at);
/// "2026-11-20 06:36:07.829" (1.6: without the fraction).
std::string format_long_time(Format format, const Clock& clock, Instant at);

/// The reverse of both. A time of day is taken as the latest such moment that is not after `clock.now`; a
/// date alone is its midnight. nullopt for other text.
std::optional<Instant> parse_time(const Clock& clock, std::string_view text);

}  // namespace catflap::birdc
