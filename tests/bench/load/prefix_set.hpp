#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <unordered_set>
#include <vector>

#include "load/feed.hpp"

namespace catflap::bench {

/// An IPv4 prefix as a receiver sees it; bits behind the length are zero.
struct Seen {
  std::uint32_t address = 0;  ///< host byte order
  std::uint8_t length = 0;    ///< 0..32
};

/// Numbers the prefixes of a feed up to /24, for all receivers together: what each of them holds is then a
/// few bits. Counting must cost nothing beside the daemon that is measured.
class PrefixIndex {
 public:
  static constexpr std::uint32_t kUnknown = 0xffff'ffff;

  PrefixIndex() = default;
  explicit PrefixIndex(const Feed& feed) : words_((2U << kLengthMax) / 64) {
    for (const RouteSet& set : feed) {
      for (const bgp::wire::Nlri& nlri : set.prefixes) {
        if (nlri.prefix.length() <= kLengthMax) {
          const std::uint32_t place = place_of({nlri.prefix.addr().v4_value(), nlri.prefix.length()});
          words_[place >> 6U].known |= std::uint64_t{1} << (place & 63U);
        }
      }
    }
    for (Word& word : words_) {
      word.before = size_;
      size_ += static_cast<std::uint32_t>(std::popcount(word.known));
    }
  }

  std::uint32_t size() const { return size_; }

  /// 0 to size() - 1, or kUnknown.
  std::uint32_t number_of(Seen prefix) const {
    if (prefix.length > kLengthMax || words_.empty()) {
      return kUnknown;
    }
    const std::uint32_t place = place_of(prefix);
    const Word& word = words_[place >> 6U];
    const std::uint64_t bit = std::uint64_t{1} << (place & 63U);
    return (word.known & bit) == 0
               ? kUnknown
               : word.before + static_cast<std::uint32_t>(std::popcount(word.known & (bit - 1)));
  }
  /// Lets the memory that number_of() will need come nearer.
  void prefetch(Seen prefix) const {
    if (prefix.length <= kLengthMax && !words_.empty()) {
      __builtin_prefetch(&words_[place_of(prefix) >> 6U]);
    }
  }

 private:
  static constexpr std::uint8_t kLengthMax = 24;
  /// All prefixes up to /24 in a row: a 1 in front of their bits tells the lengths apart.
  static std::uint32_t place_of(Seen prefix) {
    return static_cast<std::uint32_t>((std::uint64_t{1} << 32U | prefix.address) >> (32U - prefix.length));
  }

  struct Word {
    std::uint64_t known = 0;
    std::uint32_t before = 0;  ///< prefixes in the words before this
  };
  std::vector<Word> words_;
  std::uint32_t size_ = 0;
};

/// The prefixes that a receiver holds. Any prefix is counted; those of the feed are counted fast.
class PrefixSet {
 public:
  void insert(const PrefixIndex& index, Seen prefix) {
    const std::uint32_t number = index.number_of(prefix);
    if (number == PrefixIndex::kUnknown) {
      size_ += others_.insert(std::uint64_t{prefix.address} << 8U | prefix.length).second ? 1 : 0;
      return;
    }
    if (bits_.empty()) {
      bits_.resize(index.size() / 64 + 1);
    }
    std::uint64_t& word = bits_[number >> 6U];
    size_ += (word >> (number & 63U) & 1U) == 0 ? 1 : 0;
    word |= std::uint64_t{1} << (number & 63U);
  }

  void erase(const PrefixIndex& index, Seen prefix) {
    const std::uint32_t number = index.number_of(prefix);
    if (number == PrefixIndex::kUnknown) {
      size_ -= others_.erase(std::uint64_t{prefix.address} << 8U | prefix.length);
    } else if (!bits_.empty()) {
      std::uint64_t& word = bits_[number >> 6U];
      size_ -= word >> (number & 63U) & 1U;
      word &= ~(std::uint64_t{1} << (number & 63U));
    }
  }

  std::size_t size() const { return size_; }

 private:
  std::vector<std::uint64_t> bits_;
  std::unordered_set<std::uint64_t> others_;
  std::size_t size_ = 0;
};

}  // namespace catflap::bench
