#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "net/addr.hpp"

namespace catflap::net {

/// Prefixes that never change, and for each the next longer range that covers it. Finding all that cover a
/// prefix costs one binary search and a walk up; nothing is allocated. Expected size: 10^6 prefixes.
class CoverIndex {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFFU;

  CoverIndex() = default;
  /// `prefixes` are ascending and without duplicates; positions in it are what the others return.
  explicit CoverIndex(std::vector<Prefix> prefixes);

  /// Position of the longest prefix that covers `inner` (itself included), or kNone.
  std::uint32_t longest_cover(const Prefix& inner) const;
  /// The longest of the others that covers the one at `position`, or kNone.
  std::uint32_t parent(std::uint32_t position) const { return parents_[position]; }
  const Prefix& prefix(std::uint32_t position) const { return prefixes_[position]; }
  std::size_t size() const { return prefixes_.size(); }

 private:
  std::vector<Prefix> prefixes_;
  std::vector<std::uint32_t> parents_;
};

}  // namespace catflap::net
