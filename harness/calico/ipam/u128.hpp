#pragma once

#include <compare>
#include <cstdint>

namespace catflap::calico::ipam {

/// An unsigned number of 128 bits: addresses of both families from the top bit, and distances between them.
/// Arithmetic is modulo 2^128.
struct U128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  constexpr auto operator<=>(const U128&) const = default;

  friend constexpr U128 operator+(U128 a, U128 b) {
    const std::uint64_t sum = a.low + b.low;
    return {a.high + b.high + (sum < a.low ? 1 : 0), sum};
  }
  friend constexpr U128 operator-(U128 a, U128 b) {
    return {a.high - b.high - (a.low < b.low ? 1 : 0), a.low - b.low};
  }
  friend constexpr U128 operator&(U128 a, U128 b) { return {a.high & b.high, a.low & b.low}; }
  friend constexpr U128 operator|(U128 a, U128 b) { return {a.high | b.high, a.low | b.low}; }
  /// 0 for 128 and more.
  friend constexpr U128 operator<<(U128 a, unsigned bits) {
    if (bits >= 128) {
      return {};
    }
    if (bits >= 64) {
      return {a.low << (bits - 64), 0};
    }
    return bits == 0 ? a : U128{a.high << bits | a.low >> (64 - bits), a.low << bits};
  }
};

/// The `bits` lowest bits set; all of them for 128 and more.
constexpr U128 low_bits(unsigned bits) {
  return bits >= 128 ? U128{~std::uint64_t{0}, ~std::uint64_t{0}} : (U128{0, 1} << bits) - U128{0, 1};
}

}  // namespace catflap::calico::ipam
