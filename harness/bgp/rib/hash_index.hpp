#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace catflap::bgp::rib {

/// An open-addressing hash index: finds the number of something by its hash, 5 octets a slot. What the
/// numbers stand for, and equality, are the owner's. Numbers are below 2^32 - 1. The same on every machine;
/// never iterated.
class HashIndex {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  /// The number for which `equal(number)` is true, or kNone.
  template <class Equal>
  std::uint32_t find(std::uint64_t hash, Equal&& equal) const {
    if (tags_.empty()) {
      return kNone;
    }
    const std::uint8_t tag = tag_of(hash);
    for (std::size_t at = slot_of(hash);; at = (at + 1) & (tags_.size() - 1)) {
      if (tags_[at] == kEmpty) {
        return kNone;
      }
      if (tags_[at] == tag && equal(numbers_[at])) {
        return numbers_[at];
      }
    }
  }
  /// Precondition: no equal number is there. `hash_of(number)` is asked when the index grows.
  template <class HashOf>
  void insert(std::uint64_t hash, std::uint32_t number, HashOf&& hash_of) {
    if ((used_ + 1) * 8 > tags_.size() * 7) {
      rebuild(live_ * 8 >= tags_.size() * 5 ? std::max<std::size_t>(16, tags_.size() * 2) : tags_.size(),
              hash_of);
    }
    place(hash, number);
    ++live_;
  }
  /// Precondition: `number` is there with this hash.
  void erase(std::uint64_t hash, std::uint32_t number) {
    std::size_t at = slot_of(hash);
    while (numbers_[at] != number || tags_[at] <= kGone) {
      at = (at + 1) & (tags_.size() - 1);
    }
    --live_;
    if (tags_[(at + 1) & (tags_.size() - 1)] != kEmpty) {
      tags_[at] = kGone;
      return;
    }
    do {  // nobody looks beyond this slot
      tags_[at] = kEmpty;
      --used_;
      at = (at - 1) & (tags_.size() - 1);
    } while (tags_[at] == kGone);
    if (live_ == 0) {
      *this = HashIndex();
    }
  }
  std::size_t size() const { return live_; }

 private:
  static constexpr std::uint8_t kEmpty = 0, kGone = 1;

  std::size_t slot_of(std::uint64_t hash) const {
    return static_cast<std::size_t>(hash) & (tags_.size() - 1);
  }
  static std::uint8_t tag_of(std::uint64_t hash) {
    const auto tag = static_cast<std::uint8_t>(hash >> 56U);
    return tag <= kGone ? static_cast<std::uint8_t>(tag + 2) : tag;
  }
  void place(std::uint64_t hash, std::uint32_t number) {
    std::size_t at = slot_of(hash);
    while (tags_[at] > kGone) {
      at = (at + 1) & (tags_.size() - 1);
    }
    used_ += tags_[at] == kEmpty ? 1U : 0U;
    tags_[at] = tag_of(hash);
    numbers_[at] = number;
  }
  template <class HashOf>
  void rebuild(std::size_t slots, HashOf&& hash_of) {
    std::vector<std::uint8_t> tags(slots, kEmpty);
    std::vector<std::uint32_t> numbers(slots);
    tags.swap(tags_);
    numbers.swap(numbers_);
    used_ = 0;
    for (std::size_t i = 0; i < tags.size(); ++i) {
      if (tags[i] > kGone) {
        place(hash_of(numbers[i]), numbers[i]);
      }
    }
  }

  std::vector<std::uint8_t> tags_;  ///< size is a power of two
  std::vector<std::uint32_t> numbers_;
  std::size_t live_ = 0;
  std::size_t used_ = 0;  ///< slots that are not kEmpty
};

}  // namespace catflap::bgp::rib
