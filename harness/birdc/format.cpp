#include "birdc/format.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>

#include <fmt/format.h>

namespace catflap::birdc {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kDayS = 86'400;
/// BIRD's TM_ISO_SHORT: what is older shows its date.
constexpr std::int64_t kShortLimitNs = 20 * 3600 * kSecondNs;
/// Wall times are kept this far from the limits of 64 bits, so that an offset from UTC fits.
constexpr std::int64_t kWallLimitNs = 9'000'000'000 * kSecondNs;

std::int64_t floor_div(std::int64_t value, std::int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

struct Civil {
  std::int64_t year = 1970;
  std::int64_t month = 1, day = 1, hour = 0, minute = 0, second = 0, millisecond = 0;
};

/// Days since 1970-01-01 to a date of the proleptic Gregorian calendar and back (Howard Hinnant's
/// algorithms).
Civil civil_from_days(std::int64_t days) {
  days += 719'468;
  const std::int64_t era = floor_div(days, 146'097);
  const std::int64_t day_of_era = days - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted_month = (5 * day_of_year + 2) / 153;
  Civil civil;
  civil.day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  civil.month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  civil.year = year_of_era + era * 400 + (civil.month <= 2 ? 1 : 0);
  return civil;
}

std::int64_t days_from_civil(std::int64_t year, std::int64_t month, std::int64_t day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = floor_div(year, 400);
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const std::int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

Civil civil_of(const Clock& clock, Instant at) {
  const std::int64_t local = clock.wall_of(at) + std::int64_t{clock.utc_offset_s} * kSecondNs;
  const std::int64_t seconds = floor_div(local, kSecondNs);
  const std::int64_t days = floor_div(seconds, kDayS);
  Civil civil = civil_from_days(days);
  const std::int64_t of_day = seconds - days * kDayS;
  civil.hour = of_day / 3600;
  civil.minute = of_day / 60 % 60;
  civil.second = of_day % 60;
  civil.millisecond = (local - seconds * kSecondNs) / 1'000'000;
  return civil;
}

std::string date_text(const Civil& civil) {
  return fmt::format("{:04}-{:02}-{:02}", civil.year, civil.month, civil.day);
}
std::string time_text(Format format, const Civil& civil) {
  std::string text = fmt::format("{:02}:{:02}:{:02}", civil.hour, civil.minute, civil.second);
  if (format == Format::bird2) {
    text += fmt::format(".{:03}", civil.millisecond);
  }
  return text;
}

/// Takes a number of exactly `digits` digits and the character behind it (0: none) off `text`.
std::optional<std::int64_t> take_number(std::string_view& text, std::size_t digits, char behind) {
  const std::size_t size = digits + (behind == '\0' ? 0U : 1U);
  std::int64_t value = 0;
  if (text.size() < size || (behind != '\0' && text[digits] != behind)) {
    return std::nullopt;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value);
  if (error != std::errc{} || end != text.data() + digits || value < 0) {
    return std::nullopt;
  }
  text.remove_prefix(size);
  return value;
}

/// "HH:MM:SS" or "HH:MM:SS.mmm" in nanoseconds.
std::optional<std::int64_t> parse_time_of_day(std::string_view text) {
  const auto hour = take_number(text, 2, ':');
  const auto minute = take_number(text, 2, ':');
  const auto second = take_number(text, 2, '\0');
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60) {
    return std::nullopt;
  }
  std::int64_t value = (*hour * 3600 + *minute * 60 + *second) * kSecondNs;
  if (!text.empty()) {
    std::int64_t unit = kSecondNs / 10;
    if (text.front() != '.' || text.size() < 2 || text.size() > 10) {
      return std::nullopt;
    }
    for (const char digit : text.substr(1)) {
      if (digit < '0' || digit > '9') {
        return std::nullopt;
      }
      value += (digit - '0') * unit;
      unit /= 10;
    }
  }
  return value;
}

/// "YYYY-MM-DD" in days since 1970.
std::optional<std::int64_t> parse_date(std::string_view text) {
  const auto year = take_number(text, 4, '-');
  const auto month = take_number(text, 2, '-');
  const auto day = take_number(text, 2, '\0');
  // Far from the ends of what nanoseconds since 1970 can say.
  if (!year || !month || !day || !text.empty() || *year < 1900 || *year > 2200 || *month < 1 || *month > 12 ||
      *day < 1 || *day > 31) {
    return std::nullopt;
  }
  return days_from_civil(*year, *month, *day);
}

}  // namespace

std::int64_t Clock::wall_of(Instant at) const {
  const std::int64_t past = -kWallLimitNs;
  std::int64_t wall = 0;
  if (__builtin_sub_overflow(at.since_origin().count(), now.since_origin().count(), &wall)) {
    return at < now ? past : kWallLimitNs;
  }
  if (__builtin_add_overflow(wall, wall_now_ns, &wall)) {
    return at < now ? past : kWallLimitNs;
  }
  return std::clamp(wall, past, kWallLimitNs);
}

Instant Clock::instant_of(std::int64_t wall_ns) const {
  return Instant(now.since_origin() + Duration(wall_ns - wall_now_ns));
}

std::string format_short_time(Format format, const Clock& clock, Instant at) {
  const Civil civil = civil_of(clock, at);
  return clock.wall_now_ns - kShortLimitNs < clock.wall_of(at) ? time_text(format, civil) : date_text(civil);
}

std::string format_long_time(Format format, const Clock& clock, Instant at) {
  const Civil civil = civil_of(clock, at);
  return date_text(civil) + " " + time_text(format, civil);
}

std::optional<Instant> parse_time(const Clock& clock, std::string_view text) {
  const std::int64_t offset = std::int64_t{clock.utc_offset_s} * kSecondNs;
  const auto blank = text.find(' ');
  if (blank != std::string_view::npos) {
    const auto days = parse_date(text.substr(0, blank));
    const auto of_day = parse_time_of_day(text.substr(blank + 1));
    return days && of_day ? std::optional(clock.instant_of(*days * kDayS * kSecondNs + *of_day - offset))
                          : std::nullopt;
  }
  if (const auto days = parse_date(text)) {
    return clock.instant_of(*days * kDayS * kSecondNs - offset);
  }
  const auto of_day = parse_time_of_day(text);
  if (!of_day) {
    return std::nullopt;
  }
  const std::int64_t local_now = clock.wall_now_ns + offset;
  const std::int64_t midnight = floor_div(local_now, kDayS * kSecondNs) * kDayS * kSecondNs;
  // A moment that seems to lie ahead was yesterday; a second of grace is for clocks that are read one after
  // the other.
  const std::int64_t moment = midnight + *of_day;
  return clock.instant_of((moment > local_now + kSecondNs ? moment - kDayS * kSecondNs : moment) - offset);
}

}  // namespace catflap::birdc
