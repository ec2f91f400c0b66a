#include "calico/ipam/go_rand.hpp"

#include <algorithm>
#include <bit>

#include "base/assert.hpp"

namespace catflap::calico::ipam {
namespace {

constexpr std::int32_t kSeedModulus = 0x7fffffff;  ///< 2^31 - 1
constexpr int kSeedsSkipped = 20;

}  // namespace

std::int32_t go_seed_next(std::int32_t x) {
  // Schrage's way, without a product that overflows: 2^31-1 = 48271 * 44488 + 3399.
  const std::int32_t next = 48271 * (x % 44488) - 3399 * (x / 44488);
  return next < 0 ? next + kSeedModulus : next;
}

GoRand::GoRand(std::int64_t seed) {
  seed %= kSeedModulus;
  if (seed < 0) {
    seed += kSeedModulus;
  }
  auto x = static_cast<std::int32_t>(seed == 0 ? 89482311 : seed);
  const auto next = [&x] {
    x = go_seed_next(x);
    return static_cast<std::uint64_t>(x);
  };
  for (int n = 0; n < kSeedsSkipped; ++n) {
    next();
  }
  for (std::size_t n = 0; n < kLength; ++n) {
    std::uint64_t word = next() << 40U;
    word ^= next() << 20U;
    word ^= next();
    state_[n] = word ^ kGoRandWarm[n];
  }
}

std::uint64_t GoRand::uint64() {
  tap_ = (tap_ + kLength - 1) % kLength;
  feed_ = (feed_ + kLength - 1) % kLength;
  state_[feed_] += state_[tap_];
  return state_[feed_];
}

std::uint32_t GoRand::uint32() {
  return static_cast<std::uint32_t>(uint64() << 1U >> 32U);
}

std::vector<std::uint64_t> GoRand::below(std::span<const std::uint64_t> limit) {
  CATFLAP_ASSERT(!limit.empty() && limit.back() != 0);
  const std::uint64_t mask = ~std::uint64_t{0} >> static_cast<unsigned>(std::countl_zero(limit.back()));
  std::vector<std::uint64_t> value(limit.size());
  do {  // at least every second try succeeds
    for (std::uint64_t& word : value) {
      const std::uint64_t low = uint32();
      word = low | std::uint64_t{uint32()} << 32U;
    }
    value.back() &= mask;
  } while (!std::lexicographical_compare(value.rbegin(), value.rend(), limit.rbegin(), limit.rend()));
  return value;
}

std::uint32_t fnv1_32(std::string_view text) {
  std::uint32_t hash = 0x811c9dc5;
  for (const char c : text) {
    hash *= 0x01000193;
    hash ^= static_cast<std::uint8_t>(c);
  }
  return hash;
}

}  // namespace catflap::calico::ipam
