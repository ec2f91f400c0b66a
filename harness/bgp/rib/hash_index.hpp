#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace catflap::bgp::rib {

/// An open-addressing hash index: finds the number of something by its hash, 5 octets a slot, 58 to 87 % of
/// them in use. What the numbers stand for, and equality, are the owner's. Numbers are below 2^32 - 1. The
/// same on every machine; never iterated.
class HashIndex {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  /// The number for which `equal(number)` is true, or kNone.
  template <class Equal>
  std::uint32_t find(std::uint32_t hash, Equal&& equal) const {
    if (live_ == 0) {
      return kNone;
    }
    const std::uint64_t tags = kOnes * tag_of(hash);
    for (std::size_t at = slot_of(hash);; at = beyond(at, kGroup)) {
      const std::uint64_t group = group_at(at);
      const std::uint64_t empty = zero_octets(group);
      // Behind the first empty slot nothing is looked for.
      std::uint64_t same = zero_octets(group ^ tags) & ((empty & (~empty + 1)) - 1);
      for (; same != 0; same &= same - 1) {
        const std::uint32_t number = numbers_[beyond(at, first_octet(same))];
        if (equal(number)) {
          return number;
        }
      }
      if (empty != 0) {
        return kNone;
      }
    }
  }
  /// What find() looks at first comes into the cache.
  void prefetch(std::uint32_t hash) const {
    if (live_ != 0) {
      const std::size_t at = slot_of(hash);
      __builtin_prefetch(tags_.data() + at);
      __builtin_prefetch(numbers_.data() + at);
    }
  }
  /// The number that find() will most likely return.
  std::uint32_t candidate(std::uint32_t hash) const {
    return find(hash, [](std::uint32_t) { return true; });
  }
  /// Precondition: no equal number is there. When the index grows it asks `hash_of(number)` for all numbers,
  /// `soon(number)` some time before.
  template <class HashOf, class Soon>
  void insert(std::uint32_t hash, std::uint32_t number, HashOf&& hash_of, Soon&& soon) {
    if ((used_ + 1) * 8 > numbers_.size() * 7) {
      const std::size_t slots = numbers_.size();
      const bool full = live_ * 8 >= slots * 5;  // else many of them are only gone
      rebuild(full ? std::max<std::size_t>(16, slots + slots / 2) : slots, hash_of, soon);
    }
    place(hash, number);
    ++live_;
  }
  /// Precondition: `number` is there with this hash.
  void erase(std::uint32_t hash, std::uint32_t number) {
    std::size_t at = slot_of(hash);
    while (numbers_[at] != number || tags_[at] <= kGone) {
      at = beyond(at, 1);
    }
    --live_;
    if (live_ == 0) {
      *this = HashIndex();
      return;
    }
    if (tags_[beyond(at, 1)] != kEmpty) {
      set_tag(at, kGone);
      return;
    }
    do {  // nobody looks beyond this slot
      set_tag(at, kEmpty);
      --used_;
      at = at == 0 ? numbers_.size() - 1 : at - 1;
    } while (tags_[at] == kGone);
  }
  std::size_t size() const { return live_; }

 private:
  static constexpr std::uint8_t kEmpty = 0, kGone = 1;
  static constexpr std::size_t kGroup = 8;  ///< tags that are compared at once
  static constexpr std::uint64_t kOnes = 0x0101010101010101ULL;

  std::size_t slot_of(std::uint32_t hash) const {
    return static_cast<std::size_t>(std::uint64_t{hash} * numbers_.size() >> 32U);
  }
  static std::uint8_t tag_of(std::uint32_t hash) {
    const auto tag = static_cast<std::uint8_t>(hash);
    return tag <= kGone ? static_cast<std::uint8_t>(tag + 2) : tag;
  }
  std::size_t beyond(std::size_t at, std::size_t step) const {
    at += step;
    return at < numbers_.size() ? at : at - numbers_.size();
  }
  /// The first tag in the lowest octet.
  std::uint64_t group_at(std::size_t at) const {
    std::uint64_t group = 0;
    std::memcpy(&group, tags_.data() + at, kGroup);
    return std::endian::native == std::endian::little ? group : __builtin_bswap64(group);
  }
  /// The highest bit of octets that are zero; octets above the first one may be wrong.
  static std::uint64_t zero_octets(std::uint64_t group) { return (group - kOnes) & ~group & (kOnes << 7U); }
  static std::size_t first_octet(std::uint64_t bits) {
    return static_cast<std::size_t>(std::countr_zero(bits)) / 8;
  }
  void set_tag(std::size_t at, std::uint8_t tag) {
    tags_[at] = tag;
    if (at < kGroup - 1) {
      tags_[numbers_.size() + at] = tag;
    }
  }
  void place(std::uint32_t hash, std::uint32_t number) {
    std::size_t at = slot_of(hash);
    while (tags_[at] > kGone) {
      at = beyond(at, 1);
    }
    used_ += tags_[at] == kEmpty ? 1U : 0U;
    set_tag(at, tag_of(hash));
    numbers_[at] = number;
  }
  template <class HashOf, class Soon>
  void rebuild(std::size_t slots, HashOf&& hash_of, Soon&& soon) {
    constexpr std::size_t kAhead = 24;
    std::vector<std::uint8_t> tags(slots + kGroup - 1, kEmpty);
    std::vector<std::uint32_t> numbers(slots);
    tags.swap(tags_);
    numbers.swap(numbers_);
    used_ = 0;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (i + kAhead < numbers.size() && tags[i + kAhead] > kGone) {
        soon(numbers[i + kAhead]);
      }
      if (tags[i] > kGone) {
        place(hash_of(numbers[i]), numbers[i]);
      }
    }
  }

  std::vector<std::uint8_t> tags_;  ///< the first ones again behind the last, for group_at()
  std::vector<std::uint32_t> numbers_;
  std::size_t live_ = 0;
  std::size_t used_ = 0;  ///< slots that are not kEmpty
};

}  // namespace catflap::bgp::rib
