#include <algorithm>
#include <utility>

#include "intent/router.hpp"

namespace catflap::intent {

RoaTable::RoaTable(std::vector<RoaEntry> entries) : entries_(std::move(entries)) {
  std::sort(entries_.begin(), entries_.end());
  entries_.erase(std::unique(entries_.begin(), entries_.end()), entries_.end());
  std::vector<net::Prefix> prefixes;
  for (std::uint32_t i = 0; i < entries_.size(); ++i) {
    if (prefixes.empty() || prefixes.back() != entries_[i].prefix) {
      prefixes.push_back(entries_[i].prefix);
      first_.push_back(i);
    }
  }
  first_.push_back(static_cast<std::uint32_t>(entries_.size()));
  index_ = net::CoverIndex(std::move(prefixes));
}

std::uint32_t RoaTable::state(const net::Prefix& prefix, std::uint32_t asn) const {
  constexpr std::uint32_t kUnknown = 0;
  constexpr std::uint32_t kValid = 1;
  constexpr std::uint32_t kInvalid = 2;
  std::uint32_t at = index_.longest_cover(prefix);
  if (at == net::CoverIndex::kNone) {
    return kUnknown;
  }
  for (; at != net::CoverIndex::kNone; at = index_.parent(at)) {
    for (std::uint32_t i = first_[at]; i < first_[at + 1]; ++i) {
      // RFC 6483 §4: a ROA of AS 0 validates nothing.
      if (entries_[i].asn == asn && asn != 0 && prefix.length() <= entries_[i].length_max) {
        return kValid;
      }
    }
  }
  return kInvalid;
}

}  // namespace catflap::intent
