#include "net/cover_index.hpp"

#include <algorithm>
#include <utility>

namespace catflap::net {

CoverIndex::CoverIndex(std::vector<Prefix> prefixes) : prefixes_(std::move(prefixes)) {
  parents_.reserve(prefixes_.size());
  for (std::size_t i = 0; i < prefixes_.size(); ++i) {
    // In this order what covers a prefix stands before it, and only relatives of its neighbour can.
    std::uint32_t above = i == 0 ? kNone : static_cast<std::uint32_t>(i - 1);
    while (above != kNone && !prefixes_[above].covers(prefixes_[i])) {
      above = parents_[above];
    }
    parents_.push_back(above);
  }
}

std::uint32_t CoverIndex::longest_cover(const Prefix& inner) const {
  const auto after = std::upper_bound(prefixes_.begin(), prefixes_.end(), inner);
  if (after == prefixes_.begin()) {
    return kNone;
  }
  auto at = static_cast<std::uint32_t>(after - prefixes_.begin() - 1);
  while (at != kNone && !prefixes_[at].covers(inner)) {
    at = parents_[at];
  }
  return at;
}

}  // namespace catflap::net
