#include "calico/ipam/go_rand.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <nlohmann/json.hpp>

namespace catflap::calico::ipam {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::uint64_t>;

constexpr std::size_t kLength = GoRand::kLength;
constexpr std::size_t kTap = GoRand::kTap;
constexpr std::uint64_t kWarmUp = 7'800'000'000'000;

/// t^607 = t^334 + 1: the recurrence x(n) = x(n-273) + x(n-607) as a polynomial.
void reduce(Words& polynomial) {
  for (std::size_t n = polynomial.size(); n-- > kLength;) {
    polynomial[n - kLength] += polynomial[n];
    polynomial[n - kTap] += polynomial[n];
  }
  polynomial.resize(kLength);
}

Words square(const Words& factor) {
  Words product(2 * kLength);
  for (std::size_t i = 0; i < kLength; ++i) {
    for (std::size_t j = 0; j < kLength; ++j) {
      product[i + j] += factor[i] * factor[j];
    }
  }
  reduce(product);
  return product;
}

/// t^exponent modulo the generator's polynomial.
Words power_of_t(std::uint64_t exponent) {
  Words power(kLength);
  power[0] = 1;
  for (int bit = 63; bit >= 0; --bit) {
    power = square(power);
    if ((exponent >> static_cast<unsigned>(bit) & 1U) != 0) {
      power.insert(power.begin(), 0);
      reduce(power);
    }
  }
  return power;
}

TEST(GoRand, TheTableIsTheStateAfterTheWarmUp) {
  // The state that the warm-up begins with: three seeds of 31 bits a word, closer together than in GoRand.
  std::array<std::uint64_t, kLength> state{};
  std::int32_t x = 1;
  const auto next = [&x] { return static_cast<std::uint64_t>(x = go_seed_next(x)); };
  for (int n = 0; n < 20; ++n) {
    next();
  }
  for (std::uint64_t& word : state) {
    word = next() << 20U;
    word ^= next() << 10U;
    word ^= next();
  }
  // As a sequence, the oldest first: step n overwrites index 333 - n, which holds what step n - 607 gave.
  Words sequence;
  for (std::size_t n = 0; n < kLength; ++n) {
    sequence.push_back(state[(kLength - kTap - 1 + kLength - n) % kLength]);
  }
  for (std::size_t n = kLength; n < 2 * kLength; ++n) {
    sequence.push_back(sequence[n - kLength] + sequence[n - kTap]);
  }
  const Words power = power_of_t(kWarmUp);
  for (std::size_t n = 0; n < kLength; ++n) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < kLength; ++i) {
      value += power[i] * sequence[i + n];
    }
    const std::size_t index = (kLength - kTap - 1 + kLength - (kWarmUp + n) % kLength) % kLength;
    EXPECT_EQ(value, kGoRandWarm[index]) << index;
  }
}

TEST(GoRand, SeedsAsGo) {
  // rand.New(rand.NewSource(1)).Uint64() and the next, as everybody knows them from Go.
  GoRand one(1);
  EXPECT_EQ(one.uint64() & 0x7fffffffffffffffULL, 5577006791947779410ULL);
  EXPECT_EQ(one.uint64() & 0x7fffffffffffffffULL, 8674665223082153551ULL);
  GoRand zero(0);
  GoRand zeros_stand_in(89482311);
  EXPECT_EQ(zero.uint64(), zeros_stand_in.uint64());
  GoRand negative(-1);
  GoRand wrapped(0x7fffffff - 1);
  EXPECT_EQ(negative.uint64(), wrapped.uint64());
}

TEST(GoRand, IsBelowTheLimit) {
  GoRand random(42);
  const Words limits[] = {{1}, {3}, {64}, {~0ULL}, {0, 1}, {5, 7}, {0, 0, 1}};
  for (const Words& limit : limits) {
    for (int n = 0; n < 50; ++n) {
      const Words value = random.below(limit);
      ASSERT_EQ(value.size(), limit.size());
      EXPECT_TRUE(std::lexicographical_compare(value.rbegin(), value.rend(), limit.rbegin(), limit.rend()));
    }
  }
}

TEST(Fnv, IsFnv1) {
  EXPECT_EQ(fnv1_32(""), 0x811c9dc5U);
  EXPECT_EQ(fnv1_32("a"), 0x050c5d7eU);
  EXPECT_EQ(fnv1_32("foobar"), 0x31f0b262U);
}

/// A decimal number that may exceed 64 bits, as words, the lowest first.
Words parse_decimal(const std::string& digits) {
  Words words{0};
  for (const char digit : digits) {
    auto carry = static_cast<std::uint64_t>(digit - '0');
    for (std::uint64_t& word : words) {  // 10 * word + carry, in halves
      const std::uint64_t low = (word & 0xffffffffU) * 10 + carry;
      const std::uint64_t high = (word >> 32U) * 10 + (low >> 32U);
      word = high << 32U | (low & 0xffffffffU);
      carry = high >> 32U;
    }
    if (carry != 0) {
      words.push_back(carry);
    }
  }
  return words;
}

TEST(GoRandSamples, StartIndex) {
  const char* configured = std::getenv("CATFLAP_DATA");
  const fs::path data =
      configured != nullptr ? fs::path(configured) : fs::path(CATFLAP_SOURCE_DIR) / "../shared/data";
  std::ifstream file(data / "ipam" / "block_start.json");
  if (!file) {
    GTEST_SKIP() << "skipped: no data; set CATFLAP_DATA";
  }
  const auto samples = nlohmann::json::parse(file);
  for (const auto& c : samples.at("cases")) {
    const std::uint32_t hash = fnv1_32(c.at("host").get<std::string>());
    EXPECT_EQ(hash, c.at("fnv1_32")) << c;
    Words index = GoRand(hash).below(parse_decimal(c.at("num_blocks")));
    while (index.size() > 1 && index.back() == 0) {
      index.pop_back();
    }
    EXPECT_EQ(index, parse_decimal(c.at("start_index"))) << c;
  }
}

}  // namespace
}  // namespace catflap::calico::ipam
