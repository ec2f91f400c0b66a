#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/instant.hpp"

namespace catflap::sys {

/// CLOCK_MONOTONIC.
Instant monotonic_now();
/// Wall clock, for people: logs, reports, BIRD's `since`.
std::chrono::system_clock::time_point wall_now();
/// The wall clock time of a monotonic instant. The offset between the clocks is taken anew only when the wall
/// clock was set by 10 ms or more, so that one instant is always shown as the same time. Any thread.
std::chrono::system_clock::time_point to_wall(Instant at);
/// "2026-01-31T12:00:00.123Z".
std::string format_utc(std::chrono::system_clock::time_point at);
/// Bytes of the kernel's generator, for seeds and cookies.
std::uint64_t random_u64();

}  // namespace catflap::sys
