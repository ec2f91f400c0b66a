#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace catflap::bgp::internal {

/// A set of small numbers, a bit each, that remembers how many there are. Grows
/// as needed.
class SlotSet {
 public:
  bool contains(std::uint32_t slot) const {
    return slot / 64 < words_.size() && (words_[slot / 64] >> (slot % 64) & 1U) != 0;
  }
  /// False if it was there.
  bool insert(std::uint32_t slot) {
    if (words_.size() <= slot / 64) {
      words_.resize(slot / 64 + 1 + words_.size() / 8);
    }
    const std::uint64_t bit = std::uint64_t{1} << (slot % 64);
    if ((words_[slot / 64] & bit) != 0) {
      return false;
    }
    words_[slot / 64] |= bit;
    ++size_;
    return true;
  }
  /// False if it was not there.
  bool erase(std::uint32_t slot) {
    if (!contains(slot)) {
      return false;
    }
    words_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
    if (--size_ == 0) {
      clear();
    }
    return true;
  }
  /// The first at or after `from`, then on from the beginning. Precondition:
  /// not empty.
  std::uint32_t next(std::uint32_t from) const {
    std::size_t word = from / 64;
    if (word < words_.size()) {
      const std::uint64_t rest = words_[word] >> (from % 64);
      if (rest != 0) {
        return from + static_cast<std::uint32_t>(std::countr_zero(rest));
      }
      ++word;
    }
    for (;; ++word) {
      word = word >= words_.size() ? 0 : word;
      if (words_[word] != 0) {
        return static_cast<std::uint32_t>(word * 64) +
               static_cast<std::uint32_t>(std::countr_zero(words_[word]));
      }
    }
  }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  void clear() {
    words_ = {};
    size_ = 0;
  }

 private:
  std::vector<std::uint64_t> words_;
  std::size_t size_ = 0;
};

}  // namespace catflap::bgp::internal
