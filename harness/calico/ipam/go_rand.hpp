#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

/// Go's math/rand with a seed, bit for bit: Calico's choice of blocks rests on it, so that hosts that run
/// Calico and hosts that run this choose the same ones.
namespace catflap::calico::ipam {

/// The additive lagged Fibonacci generator x(n) = x(n-607) + x(n-273) modulo 2^64 of Go's rand.NewSource. Not
/// for secrets.
class GoRand {
 public:
  static constexpr std::size_t kLength = 607;
  static constexpr std::size_t kTap = 273;

  explicit GoRand(std::int64_t seed);

  std::uint64_t uint64();
  /// Go's Uint32: 32 of the upper bits.
  std::uint32_t uint32();
  /// Go's big.Int.Rand: uniform in [0, limit). Numbers are words of 64 bits, the lowest first. Precondition:
  /// limit is not 0, and its last word neither.
  std::vector<std::uint64_t> below(std::span<const std::uint64_t> limit);

 private:
  std::array<std::uint64_t, kLength> state_{};
  std::size_t tap_ = 0;
  std::size_t feed_ = kLength - kTap;
};

/// Go's seed generator: the next of x(n+1) = 48271 x(n) mod 2^31-1.
std::int32_t go_seed_next(std::int32_t x);

/// What Go mixes into the seed: the state of the generator after 7.8e12 steps from seed 1. The numbers define
/// the algorithm; go_rand_test computes them again.
extern const std::array<std::uint64_t, GoRand::kLength> kGoRandWarm;

/// FNV-1 of 32 bits (not FNV-1a).
std::uint32_t fnv1_32(std::string_view text);

}  // namespace catflap::calico::ipam
