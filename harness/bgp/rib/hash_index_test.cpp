#include "bgp/rib/hash_index.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <vector>

#include "base/rng.hpp"

namespace catflap::bgp::rib {
namespace {

/// Numbers 0.. with keys; the hash of a key keeps `hash_bits` of its bits, so that few make it collide.
class Keys {
 public:
  explicit Keys(unsigned hash_bits) : shift_(32U - hash_bits) {}

  std::uint32_t hash(std::uint32_t key) const { return key * 0x9E3779B1U >> shift_ << shift_; }
  std::uint32_t find(std::uint32_t key) const {
    return index_.find(hash(key), [&](std::uint32_t number) { return keys_[number] == key; });
  }
  void insert(std::uint32_t key) {
    const auto number = static_cast<std::uint32_t>(keys_.size());
    keys_.push_back(key);
    index_.prefetch(hash(key));
    index_.insert(
        hash(key), number, [this](std::uint32_t other) { return hash(keys_[other]); },
        [this](std::uint32_t other) { EXPECT_LT(other, keys_.size()); });
  }
  void erase(std::uint32_t key) { index_.erase(hash(key), find(key)); }
  std::size_t size() const { return index_.size(); }

 private:
  unsigned shift_;
  std::vector<std::uint32_t> keys_;
  HashIndex index_;
};

class HashIndexTest : public testing::TestWithParam<unsigned> {};

TEST_P(HashIndexTest, FindsWhatIsThere) {
  Keys keys(GetParam());
  std::map<std::uint32_t, std::uint32_t> model;
  Rng rng(7);
  std::uint32_t next = 0;
  for (int i = 0; i < 20000; ++i) {
    const auto key = static_cast<std::uint32_t>(rng.below(1000));
    // It grows, stands, shrinks to nothing, and grows again.
    const std::uint64_t wish = i / 4000 % 2 == 0 ? 3 : 1;
    if (rng.below(4) < wish) {
      if (model.count(key) == 0) {
        keys.insert(key);
        model[key] = next++;
      }
    } else if (model.erase(key) == 1) {
      keys.erase(key);
    }
    const auto known = model.find(key);
    ASSERT_EQ(keys.find(key), known == model.end() ? HashIndex::kNone : known->second) << i;
    ASSERT_EQ(keys.size(), model.size());
  }
  for (const auto& [key, number] : std::map(model)) {
    ASSERT_EQ(keys.find(key), number);
    keys.erase(key);
    ASSERT_EQ(keys.find(key), HashIndex::kNone);
  }
  EXPECT_EQ(keys.size(), 0U);
}

INSTANTIATE_TEST_SUITE_P(HashBits, HashIndexTest, testing::Values(1U, 5U, 32U));

}  // namespace
}  // namespace catflap::bgp::rib
