#include <chrono>
#include <limits>

#include <fmt/format.h>

#include "calico/ipam/codec.hpp"

namespace catflap::calico::ipam {
namespace {

/// Takes `digits` decimal digits off the front.
std::optional<int> number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) {
    return std::nullopt;
  }
  int value = 0;
  for (std::size_t n = 0; n < digits; ++n) {
    if (text[n] < '0' || text[n] > '9') {
      return std::nullopt;
    }
    value = 10 * value + (text[n] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) {
    return false;
  }
  text.remove_prefix(1);
  return true;
}

/// Up to nine digits behind the point count.
UnixNanos fraction(std::string_view& text) {
  UnixNanos value = 0;
  UnixNanos unit = kSecond / 10;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    value += (text.front() - '0') * unit;
    unit /= 10;
    text.remove_prefix(1);
  }
  return value;
}

/// "Z" or "+hh:mm", in seconds east.
std::optional<int> offset(std::string_view& text) {
  if (take(text, 'Z') || take(text, 'z')) {
    return 0;
  }
  const int sign = take(text, '+') ? 1 : take(text, '-') ? -1 : 0;
  const auto hours = number(text, 2);
  if (sign == 0 || !hours || !take(text, ':')) {
    return std::nullopt;
  }
  const auto minutes = number(text, 2);
  if (!minutes || *hours > 23 || *minutes > 59) {
    return std::nullopt;
  }
  return sign * (*hours * 3600 + *minutes * 60);
}

}  // namespace

std::string to_rfc3339(UnixNanos time) {
  using namespace std::chrono;
  const sys_seconds at{floor<seconds>(nanoseconds(time))};
  const sys_days day = floor<days>(at);
  const year_month_day date{day};
  const hh_mm_ss<seconds> clock{at - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::optional<UnixNanos> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  const auto y = number(text, 4);
  const bool dash = take(text, '-');
  const auto m = number(text, 2);
  const bool dash2 = take(text, '-');
  const auto d = number(text, 2);
  const bool t = take(text, 'T') || take(text, 't');
  const auto hour = number(text, 2);
  const bool colon = take(text, ':');
  const auto minute = number(text, 2);
  const bool colon2 = take(text, ':');
  const auto second = number(text, 2);
  if (!y || !m || !d || !hour || !minute || !second || !dash || !dash2 || !t || !colon || !colon2) {
    return std::nullopt;
  }
  const UnixNanos nanos = take(text, '.') ? fraction(text) : 0;
  const auto east = offset(text);
  const year_month_day date{year{*y}, month{static_cast<unsigned>(*m)}, day{static_cast<unsigned>(*d)}};
  constexpr int kYearMax = 2261;  // the last whole one before 2^63 nanoseconds
  if (!east || !text.empty() || !date.ok() || *y > kYearMax || *hour > 23 || *minute > 59 || *second > 60) {
    return std::nullopt;
  }
  const std::int64_t days = sys_days{date}.time_since_epoch().count();
  const std::int64_t whole = days * 86400 + *hour * 3600 + *minute * 60 + *second - *east;
  return whole < 0 ? 0 : whole * kSecond + nanos;
}

}  // namespace catflap::calico::ipam
