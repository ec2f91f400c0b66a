#pragma once

#include <cstdint>

namespace catflap {

/// Seeded pseudo-random numbers (splitmix64): the same sequence with every compiler and library. Not for
/// secrets.
class Rng {
 public:
  explicit Rng(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next();
  /// Uniform in [0, bound); 0 if bound is 0.
  std::uint64_t below(std::uint64_t bound);

 private:
  std::uint64_t state_;
};

}  // namespace catflap
