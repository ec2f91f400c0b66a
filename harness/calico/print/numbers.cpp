#include "calico/print/numbers.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

namespace catflap::calico::print {

namespace {

struct Decimal {
  std::string digits;  ///< without a point, the first one is not 0 unless it is the only one
  int exponent = 0;    ///< of the first digit
};

/// The shortest digits that read back as `value`, a finite number above 0.
Decimal shortest(double value) {
  std::array<char, 64> buffer{};
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific);
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end.ptr - buffer.data()));
  const std::size_t e = text.find('e');
  Decimal out;
  for (const char c : text.substr(0, e)) {
    if (c != '.') {
      out.digits += c;
    }
  }
  std::string_view exponent = text.substr(e + 1);
  const bool negative = exponent.front() == '-';
  exponent.remove_prefix(1);
  std::from_chars(exponent.data(), exponent.data() + exponent.size(), out.exponent);
  out.exponent = negative ? -out.exponent : out.exponent;
  return out;
}

std::string positional(const Decimal& number) {
  const int size = static_cast<int>(number.digits.size());
  if (number.exponent < 0) {
    return "0." + std::string(static_cast<std::size_t>(-number.exponent - 1), '0') + number.digits;
  }
  if (number.exponent + 1 >= size) {
    return number.digits + std::string(static_cast<std::size_t>(number.exponent + 1 - size), '0');
  }
  const auto point = static_cast<std::size_t>(number.exponent + 1);
  return number.digits.substr(0, point) + "." + number.digits.substr(point);
}

std::string scientific(const Decimal& number, int exponent_digits) {
  std::string out = number.digits.substr(0, 1);
  if (number.digits.size() > 1) {
    out += "." + number.digits.substr(1);
  }
  out += number.exponent < 0 ? "e-" : "e+";
  return out + fmt::format("{:0{}}", std::abs(number.exponent), exponent_digits);
}

/// What the formats have in common: zero, signs, and what is no number.
template <class Body>
std::string with_sign(double value, Body body) {
  if (std::isnan(value)) {
    return "NaN";
  }
  if (std::isinf(value)) {
    return value < 0 ? "-Inf" : "+Inf";
  }
  const std::string sign = std::signbit(value) ? "-" : "";
  return value == 0 ? sign + "0" : sign + body(shortest(std::fabs(value)));
}

}  // namespace

std::string go_float(double value) {
  return with_sign(value, [](const Decimal& number) {
    // strconv decides as if the precision were 6 where it is "as many digits as it takes".
    const bool exponent = number.exponent < -4 || number.exponent >= 6;
    return exponent ? scientific(number, 2) : positional(number);
  });
}

std::string go_json_float(double value) {
  return with_sign(value, [](const Decimal& number) {
    return number.exponent < -6 || number.exponent >= 21 ? scientific(number, 1) : positional(number);
  });
}

std::string go_general(double value, int precision) {
  return fmt::format("{:.{}g}", value, precision);
}

std::string go_percent(double value) {
  return fmt::format("{:.0f}%", value);
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (const char c : text) {
    width += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0;
  }
  return width;
}

}  // namespace catflap::calico::print
