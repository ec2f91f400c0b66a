#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "net/addr.hpp"

/// "10.0.0.0/24"_pfx and "fd00::1"_ip, read by the compiler: a typing mistake does not compile.
namespace catflap {
namespace detail {

/// A string as a template argument.
template <std::size_t Size>
struct FixedString {
  // NOLINTNEXTLINE(google-explicit-constructor): a literal must convert by itself
  constexpr FixedString(const char (&text)[Size]) { std::copy_n(text, Size, chars.begin()); }
  constexpr std::string_view view() const { return {chars.data(), Size - 1}; }
  std::array<char, Size> chars{};
};

/// Decimal, at most `max`, no leading zeros.
constexpr std::optional<std::uint32_t> read_decimal(std::string_view text, std::uint32_t max) {
  if (text.empty() || text.size() > 3 || (text.size() > 1 && text[0] == '0')) {
    return std::nullopt;
  }
  std::uint32_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') {
      return std::nullopt;
    }
    value = value * 10 + static_cast<std::uint32_t>(c - '0');
  }
  return value <= max ? std::optional(value) : std::nullopt;
}

constexpr std::optional<std::uint32_t> read_quad(std::string_view text) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const std::size_t dot = text.find('.');
    if ((dot == std::string_view::npos) != (i == 3)) {
      return std::nullopt;
    }
    const auto octet = read_decimal(text.substr(0, dot), 255);
    if (!octet) {
      return std::nullopt;
    }
    value = value << 8U | *octet;
    text = i == 3 ? text : text.substr(dot + 1);
  }
  return value;
}

constexpr std::optional<std::uint16_t> read_group(std::string_view text) {
  if (text.empty() || text.size() > 4) {
    return std::nullopt;
  }
  std::uint32_t value = 0;
  for (const char c : text) {
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) {
      return std::nullopt;
    }
    value = value << 4U | static_cast<std::uint32_t>(digit);
  }
  return static_cast<std::uint16_t>(value);
}

/// Up to eight groups of an IPv6 address; a dotted quad may be the last two.
struct Groups {
  std::array<std::uint16_t, 8> value{};
  std::size_t count = 0;

  constexpr bool push(std::uint16_t group) {
    if (count == value.size()) {
      return false;
    }
    value[count++] = group;
    return true;
  }
};

/// "a:b:1.2.3.4"; an empty text is no groups.
constexpr std::optional<Groups> read_groups(std::string_view text, bool quad_allowed) {
  Groups groups;
  while (!text.empty()) {
    const std::size_t colon = text.find(':');
    const std::string_view part = text.substr(0, colon);
    if (quad_allowed && colon == std::string_view::npos && part.find('.') != std::string_view::npos) {
      const auto quad = read_quad(part);
      if (!quad || !groups.push(static_cast<std::uint16_t>(*quad >> 16U)) ||
          !groups.push(static_cast<std::uint16_t>(*quad & 0xFFFFU))) {
        return std::nullopt;
      }
      return groups;
    }
    const auto group = read_group(part);
    if (!group || !groups.push(*group)) {
      return std::nullopt;
    }
    if (colon == std::string_view::npos) {
      return groups;
    }
    text = text.substr(colon + 1);
    if (text.empty()) {
      return std::nullopt;  // ends with a colon
    }
  }
  return groups;
}

constexpr std::optional<net::IpAddr> read_v6(std::string_view text) {
  const std::size_t gap = text.find("::");
  const bool has_gap = gap != std::string_view::npos;
  const auto front = read_groups(text.substr(0, gap), !has_gap);
  const auto back = read_groups(has_gap ? text.substr(gap + 2) : std::string_view(), true);
  if (!front || !back) {
    return std::nullopt;
  }
  const std::size_t count = front->count + back->count;
  if (has_gap ? count > 7 : count != 8) {
    return std::nullopt;
  }
  std::array<std::uint16_t, 8> all{};
  for (std::size_t i = 0; i < front->count; ++i) {
    all[i] = front->value[i];
  }
  for (std::size_t i = 0; i < back->count; ++i) {
    all[8 - back->count + i] = back->value[i];
  }
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    high = high << 16U | all[i];
    low = low << 16U | all[i + 4];
  }
  return net::IpAddr::v6(high, low);
}

/// What net::IpAddr::parse takes, at compile time.
constexpr std::optional<net::IpAddr> read_address(std::string_view text) {
  if (text.find(':') != std::string_view::npos) {
    return read_v6(text);
  }
  const auto quad = read_quad(text);
  return quad ? std::optional(net::IpAddr::v4(*quad)) : std::nullopt;
}

struct AddressAndLength {
  net::IpAddr addr;
  std::uint8_t length = 0;
};

/// What net::Prefix::parse takes, at compile time: host bits must be zero.
constexpr std::optional<AddressAndLength> read_prefix(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) {
    return std::nullopt;
  }
  const auto addr = read_address(text.substr(0, slash));
  if (!addr) {
    return std::nullopt;
  }
  const auto length = read_decimal(text.substr(slash + 1), net::address_bits(addr->family()));
  if (!length) {
    return std::nullopt;
  }
  for (std::uint32_t bit = *length; bit < net::address_bits(addr->family()); ++bit) {
    if (addr->bit(static_cast<std::uint8_t>(bit))) {
      return std::nullopt;
    }
  }
  return AddressAndLength{*addr, static_cast<std::uint8_t>(*length)};
}

/// Reads a copy: with -fsanitize=undefined g++ 12 does not believe that the address of a template argument is
/// not null.
template <std::size_t Size, class Reader>
constexpr auto evaluate(FixedString<Size> text, Reader read) {
  return read(text.view());
}

}  // namespace detail

inline namespace literals {

template <detail::FixedString Text>
constexpr net::IpAddr operator""_ip() {
  constexpr auto kAddress = detail::evaluate(Text, detail::read_address);
  static_assert(kAddress.has_value(), "this is no IPv4 or IPv6 address");
  return *kAddress;
}

template <detail::FixedString Text>
net::Prefix operator""_pfx() {
  constexpr auto kPrefix = detail::evaluate(Text, detail::read_prefix);
  static_assert(kPrefix.has_value(), "this is no prefix: ADDRESS/LENGTH, with no host bits set");
  return {kPrefix->addr, kPrefix->length};
}

}  // namespace literals
}  // namespace catflap
