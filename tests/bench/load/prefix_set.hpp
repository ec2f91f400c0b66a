#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_set>
#include <vector>

namespace catflap::bench {

/// IPv4 prefixes that a receiver holds. A bit for each possible prefix up to /24, in pages that come into
/// being when they are touched: counting must cost nothing beside the daemon that is measured.
class PrefixSet {
 public:
  /// `address` in host byte order; bits behind `length` are ignored. Precondition: length <= 32.
  void insert(std::uint32_t address, std::uint8_t length) {
    if (length > kBitmapLengthMax) {
      size_ += long_.insert(key(address, length)).second ? 1 : 0;
      return;
    }
    std::uint64_t& word = word_of(address, length);
    const std::uint64_t bit = bit_of(address, length);
    size_ += (word & bit) == 0 ? 1 : 0;
    word |= bit;
  }

  void erase(std::uint32_t address, std::uint8_t length) {
    if (length > kBitmapLengthMax) {
      size_ -= long_.erase(key(address, length));
      return;
    }
    std::uint64_t& word = word_of(address, length);
    const std::uint64_t bit = bit_of(address, length);
    size_ -= (word & bit) != 0 ? 1 : 0;
    word &= ~bit;
  }

  std::size_t size() const { return size_; }

 private:
  static constexpr std::uint8_t kBitmapLengthMax = 24;
  static constexpr unsigned kPageBits = 15;  ///< 4 KiB
  using Page = std::array<std::uint64_t, (1U << kPageBits) / 64>;

  static std::uint64_t key(std::uint32_t address, std::uint8_t length) {
    return std::uint64_t{address} << 8U | length;
  }
  /// All prefixes up to /24 numbered: a 1 in front of their bits tells the lengths apart.
  static std::uint32_t index_of(std::uint32_t address, std::uint8_t length) {
    return static_cast<std::uint32_t>((std::uint64_t{1} << 32U | address) >> (32U - length));
  }
  static std::uint64_t bit_of(std::uint32_t address, std::uint8_t length) {
    return std::uint64_t{1} << (index_of(address, length) & 63U);
  }
  std::uint64_t& word_of(std::uint32_t address, std::uint8_t length) {
    const std::uint32_t index = index_of(address, length);
    std::vector<Page>& page = pages_[index >> kPageBits];
    if (page.empty()) {
      page.resize(1);
    }
    return page.front()[(index >> 6U) & (std::tuple_size_v<Page> - 1)];
  }

  std::vector<std::vector<Page>> pages_ =
      std::vector<std::vector<Page>>((2U << kBitmapLengthMax) >> kPageBits);
  std::unordered_set<std::uint64_t> long_;
  std::size_t size_ = 0;
};

}  // namespace catflap::bench
