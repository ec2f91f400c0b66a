#include "bgp/rib/table.hpp"

#include <algorithm>
#include <tuple>

#include "base/assert.hpp"

namespace catflap::bgp::rib {
namespace {

std::size_t position_of(std::span<const Path> paths, ProtocolId protocol, PathId path_id) {
  const auto at = std::lower_bound(
      paths.begin(), paths.end(), std::tuple(protocol, path_id),
      [](const Path& path, const auto& key) { return std::tuple(path.protocol, path.path_id) < key; });
  return static_cast<std::size_t>(at - paths.begin());
}

bool is_at(std::span<const Path> paths, std::size_t index, ProtocolId protocol, PathId path_id) {
  return index < paths.size() && paths[index].protocol == protocol && paths[index].path_id == path_id;
}

/// Marks that come and go while a path stays the same do not count.
bool says_the_same(const Path& a, const Path& b) {
  return a.attrs == b.attrs && a.flags.filtered == b.flags.filtered && a.flags.unusable == b.flags.unusable &&
         a.flags.llgr_stale == b.flags.llgr_stale;
}

std::uint64_t hash_of_prefix(std::uint64_t high, std::uint64_t low, std::uint8_t length) {
  std::uint64_t hash = (high ^ low * 0x94D049BB133111EBULL) + length;
  hash = (hash ^ hash >> 31U) * 0xBF58476D1CE4E5B9ULL;
  hash = (hash ^ hash >> 28U) * 0x9E3779B97F4A7C15ULL;
  return hash ^ hash >> 32U;
}

}  // namespace

PrefixId Table::find_id(const net::Prefix& exact) const {
  if (exact.family() != family_) {
    return HashIndex::kNone;
  }
  const net::IpAddr& addr = exact.addr();
  const std::uint64_t hash = hash_of_prefix(addr.high(), addr.low(), exact.length());
  if (family_ == net::Family::ipv4) {
    const std::uint32_t value = addr.v4_value();
    return index_.find(hash, [&](PrefixId id) {
      const Entry& found = entry(id);
      return found.address_ == value && found.length_ == exact.length();
    });
  }
  return index_.find(hash, [&](PrefixId id) {
    const Address6& found = addresses6_[id / kChunk][id % kChunk];
    return found.high == addr.high() && found.low == addr.low() && entry(id).length_ == exact.length();
  });
}

std::optional<PrefixId> Table::number_of(const net::Prefix& exact) const {
  const PrefixId id = find_id(exact);
  return id == HashIndex::kNone ? std::nullopt : std::optional(id);
}

std::uint64_t Table::hash_of(PrefixId id) const {
  const Entry& found = entry(id);
  if (family_ == net::Family::ipv4) {
    return hash_of_prefix(std::uint64_t{found.address_} << 32U, 0, found.length_);
  }
  const Address6& address = addresses6_[id / kChunk][id % kChunk];
  return hash_of_prefix(address.high, address.low, found.length_);
}

net::Prefix Table::prefix_of(PrefixId id) const {
  const Entry& found = entry(id);
  if (family_ == net::Family::ipv4) {
    return {net::IpAddr::v4(found.address_), found.length_};
  }
  const Address6& address = addresses6_[id / kChunk][id % kChunk];
  return {net::IpAddr::v6(address.high, address.low), found.length_};
}

PrefixId Table::make_id(const net::Prefix& prefix) {
  CATFLAP_ASSERT(prefix.family() == family_);
  PrefixId id = next_id_;
  if (!free_.empty()) {
    id = free_.back();
    free_.pop_back();
  } else {
    if (id % kChunk == 0) {
      chunks_.emplace_back(new Entry[kChunk]);
      if (family_ == net::Family::ipv6) {
        addresses6_.push_back(std::make_unique<Address6[]>(kChunk));
      }
    }
    ++next_id_;
  }
  Entry& made = entry(id);
  made.flags_ = 0;
  made.length_ = prefix.length();
  if (family_ == net::Family::ipv4) {
    made.address_ = prefix.addr().v4_value();
  } else {
    addresses6_[id / kChunk][id % kChunk] = {prefix.addr().high(), prefix.addr().low()};
  }
  ++of_length_[prefix.length()];
  index_.insert(hash_of(id), id, [this](PrefixId other) { return hash_of(other); });
  return id;
}

void Table::free_if_unused(PrefixId id) {
  if (id >= next_id_) {
    return;
  }
  Entry& found = entry(id);
  if (found.has_paths() || found.pins_ != 0 || found.is(Entry::kDirty) || found.is(Entry::kFree)) {
    return;
  }
  index_.erase(hash_of(id), id);
  --of_length_[found.length_];
  found.flags_ = Entry::kFree;
  free_.push_back(id);
  if (free_.size() == next_id_) {  // nothing is left: start again
    free_ = {};
    chunks_.clear();
    addresses6_.clear();
    next_id_ = 0;
  }
}

void Table::pin(PrefixId id) {
  CATFLAP_ASSERT(entry(id).pins_ < 0xFFFF);
  ++entry(id).pins_;
}

void Table::unpin(PrefixId id) {
  --entry(id).pins_;
  free_if_unused(id);
}

bool Table::update(const net::Prefix& prefix, Path path) {
  CATFLAP_ASSERT(path.attrs);
  PrefixId id = find_id(prefix);
  if (id == HashIndex::kNone) {
    id = make_id(prefix);
  }
  Entry& at = entry(id);
  const std::span<Path> paths = at.mutable_paths();
  const std::size_t index = position_of(paths, path.protocol, path.path_id);
  const std::size_t best = at.best_index();
  bool recheck = true;
  if (is_at(paths, index, path.protocol, path.path_id)) {
    if (says_the_same(paths[index], path)) {
      paths[index].flags.stale = path.flags.stale;
      return false;
    }
    count(paths[index], false);
    count(path, true);
    if (index == best) {
      at.set(Entry::kBestTouched, true);
    }
    paths[index] = std::move(path);
  } else {
    Presence& here = presence(path.protocol);
    const std::size_t area = id / kArea;
    if (here.areas.size() <= area / 64) {
      here.areas.resize(area / 64 + 1);
    }
    here.areas[area / 64] |= std::uint64_t{1} << (area % 64);
    count(path, true);
    ++paths_;
    prefixes_ += paths.empty() ? 1U : 0U;
    grown_ += paths.empty() ? 1U : 0U;
    recheck = best == Entry::kNone || at.is(Entry::kRecheck) ||
              !irrelevant_beside(paths[best], path, protocols_, true);
    at.insert(index, std::move(path));
  }
  touch(id, at, recheck);
  return true;
}

bool Table::withdraw(ProtocolId protocol, const net::Prefix& prefix, PathId path_id) {
  const PrefixId id = find_id(prefix);
  if (id == HashIndex::kNone) {
    return false;
  }
  Entry& at = entry(id);
  const std::size_t index = position_of(at.paths(), protocol, path_id);
  if (!is_at(at.paths(), index, protocol, path_id)) {
    return false;
  }
  erase_path(id, at, index);
  return true;
}

void Table::erase_path(PrefixId id, Entry& at, std::size_t index) {
  const std::span<const Path> paths = at.paths();
  const std::size_t best = at.best_index();
  bool recheck = true;
  count(paths[index], false);
  if (index == best) {
    --presence(paths[index].protocol).counters.preferred;
    at.set(Entry::kBestTouched, true);
  } else if (best != Entry::kNone && !at.is(Entry::kRecheck)) {
    recheck = !irrelevant_beside(paths[best], paths[index], protocols_, false);
  }
  --paths_;
  prefixes_ -= paths.size() == 1 ? 1U : 0U;
  at.erase(index);
  touch(id, at, recheck);
}

template <class F>
void Table::for_each_of(ProtocolId protocol, F&& visit) {
  const auto found = protocols_here_.find(protocol);
  if (found == protocols_here_.end()) {
    return;
  }
  std::vector<std::uint64_t>& areas = found->second.areas;
  for (std::size_t area = 0; area < areas.size() * 64; ++area) {
    const std::uint64_t bit = std::uint64_t{1} << (area % 64);
    if ((areas[area / 64] & bit) == 0) {
      continue;
    }
    bool any = false;
    const std::size_t end = std::min<std::size_t>((area + 1) * kArea, next_id_);
    for (std::size_t id = area * kArea; id < end; ++id) {
      any = visit(static_cast<PrefixId>(id), entry(static_cast<PrefixId>(id))) || any;
    }
    if (!any) {
      areas[area / 64] &= ~bit;
    }
  }
}

void Table::mark_stale(ProtocolId protocol) {
  for_each_of(protocol, [&](PrefixId, Entry& at) {
    bool any = false;
    for (Path& path : at.mutable_paths()) {
      path.flags.stale = path.flags.stale || path.protocol == protocol;
      any = any || path.protocol == protocol;
    }
    return any;
  });
}

void Table::mark_llgr_stale(ProtocolId protocol) {
  for_each_of(protocol, [&](PrefixId id, Entry& at) {
    bool any = false;
    const std::span<Path> paths = at.mutable_paths();
    for (std::size_t i = 0; i < paths.size(); ++i) {
      any = any || paths[i].protocol == protocol;
      if (paths[i].protocol == protocol && paths[i].flags.stale && !paths[i].flags.llgr_stale) {
        paths[i].flags.llgr_stale = true;
        if (i == at.best_index()) {
          at.set(Entry::kBestTouched, true);
        }
        touch(id, at, true);
      }
    }
    return any;
  });
}

template <class F>
std::size_t Table::withdraw_if(ProtocolId protocol, F&& condition) {
  std::size_t withdrawn = 0;
  for_each_of(protocol, [&](PrefixId id, Entry& at) {
    bool any = false;
    for (std::size_t i = position_of(at.paths(), protocol, 0);
         i < at.paths().size() && at.paths()[i].protocol == protocol;) {
      if (condition(at.paths()[i])) {
        erase_path(id, at, i);
        ++withdrawn;
      } else {
        any = true;
        ++i;
      }
    }
    return any;
  });
  return withdrawn;
}

std::size_t Table::sweep_stale(ProtocolId protocol) {
  return withdraw_if(protocol, [](const Path& path) { return path.flags.stale; });
}

std::size_t Table::withdraw_all(ProtocolId protocol) {
  return withdraw_if(protocol, [](const Path&) { return true; });
}

void Table::protocol_changed(ProtocolId protocol) {
  for_each_of(protocol, [&](PrefixId id, Entry& at) {
    const std::size_t index = position_of(at.paths(), protocol, 0);
    const bool any = index < at.paths().size() && at.paths()[index].protocol == protocol;
    if (any) {
      touch(id, at, true);
    }
    return any;
  });
}

void Table::next_hops_changed() {
  for (PrefixId id = 0; id < next_id_; ++id) {
    Entry& at = entry(id);
    const std::span<const Path> paths = at.paths();
    for (std::size_t i = 0; i < paths.size(); ++i) {
      if (paths[i].next_hop() != nullptr && paths[i].next_hop()->changed) {
        if (i == at.best_index()) {
          at.set(Entry::kBestTouched, true);
        }
        touch(id, at, true);
      }
    }
  }
}

void Table::set_kernel_refused(const net::Prefix& prefix, bool refused) {
  const PrefixId id = find_id(prefix);
  if (id != HashIndex::kNone && entry(id).best_index() != Entry::kNone) {
    entry(id).mutable_paths()[entry(id).best_index()].flags.kernel_refused = refused;
  }
}

void Table::touch(PrefixId id, Entry& at, bool recheck) {
  if (recheck) {
    at.set(Entry::kRecheck, true);
  }
  if (!at.is(Entry::kDirty)) {
    at.set(Entry::kDirty, true);
    queue_.push_back(id);
  }
}

void Table::forget_queue() {
  constexpr std::size_t kKept = 4096;
  if (decided_ < queue_.size()) {
    return;
  }
  decided_ = 0;
  if (queue_.capacity() > kKept) {
    queue_ = {};
  } else {
    queue_.clear();
  }
}

Change Table::decide_one(PrefixId id) {
  Entry& at = entry(id);
  const std::size_t before = at.best_index();
  const std::size_t best = at.is(Entry::kRecheck) ? best_of(at.paths(), protocols_) : before;
  const std::span<const Path> paths = at.paths();
  Change change;
  change.prefix = prefix_of(id);
  change.id = id;
  change.had_best = at.is(Entry::kHadBest);
  if (before != best) {
    if (before != Entry::kNone) {
      --presence(paths[before].protocol).counters.preferred;
    }
    if (best != kNoBest) {
      ++presence(paths[best].protocol).counters.preferred;
    }
    at.set_best_index(best);
  }
  const bool has_best = best != kNoBest;
  change.best_changed =
      has_best != change.had_best || (has_best && (at.is(Entry::kBestTouched) || best != before));
  at.set(Entry::kBestTouched, false);
  at.set(Entry::kRecheck, false);
  at.set(Entry::kDirty, false);
  at.set(Entry::kHadBest, has_best);
  change.entry = paths.empty() ? nullptr : &at;
  change.best = has_best ? &paths[best] : nullptr;
  return change;
}

Table::Presence& Table::presence(ProtocolId protocol) {
  if (last_presence_ == nullptr || last_protocol_ != protocol) {
    last_presence_ = &protocols_here_[protocol];
    last_protocol_ = protocol;
  }
  return *last_presence_;
}

void Table::count(const Path& path, bool added) {
  ProtocolCounters& counters = presence(path.protocol).counters;
  std::size_t& counter = path.flags.filtered ? counters.filtered : counters.imported;
  added ? ++counter : --counter;
}

const Entry* Table::find(const net::Prefix& exact) const {
  const PrefixId id = find_id(exact);
  return id == HashIndex::kNone ? nullptr : entry_of(id);
}

const Entry* Table::longest_match(const net::IpAddr& addr, net::Prefix* matched) const {
  return longest_cover(net::Prefix::host(addr), matched);
}

const Entry* Table::longest_cover(const net::Prefix& inner, net::Prefix* matched) const {
  if (inner.family() != family_) {
    return nullptr;
  }
  for (int length = inner.length(); length >= 0; --length) {
    if (of_length_[static_cast<std::size_t>(length)] == 0) {
      continue;
    }
    const net::Prefix cover(inner.addr(), static_cast<std::uint8_t>(length));
    const Entry* found = find(cover);
    if (found != nullptr && found->best() != nullptr) {
      if (matched != nullptr) {
        *matched = cover;
      }
      return found;
    }
  }
  return nullptr;
}

std::vector<PrefixId> Table::ordered(const net::Prefix* cover) const {
  std::vector<PrefixId> ids;
  if (cover == nullptr) {
    ids.reserve(prefixes_);
  }
  for (PrefixId id = 0; id < next_id_; ++id) {
    if (entry(id).has_paths() && (cover == nullptr || cover->covers(prefix_of(id)))) {
      ids.push_back(id);
    }
  }
  if (family_ == net::Family::ipv4) {
    std::sort(ids.begin(), ids.end(), [this](PrefixId a, PrefixId b) {
      return std::tie(entry(a).address_, entry(a).length_) < std::tie(entry(b).address_, entry(b).length_);
    });
  } else {
    std::sort(ids.begin(), ids.end(), [this](PrefixId a, PrefixId b) { return prefix_of(a) < prefix_of(b); });
  }
  return ids;
}

std::optional<net::Prefix> Table::first() const {
  walk_grown_ = grown_;
  walk_.clear();
  walk_.reserve(prefixes_);
  for (const PrefixId id : ordered(nullptr)) {
    walk_.push_back(prefix_of(id));
  }
  return walk_.empty() ? std::nullopt : std::optional(walk_.front());
}

std::optional<net::Prefix> Table::next(const net::Prefix& after) const {
  if (walk_.empty() || walk_grown_ != grown_) {
    (void)first();
  }
  auto at = std::upper_bound(walk_.begin(), walk_.end(), after);
  while (at != walk_.end() && find(*at) == nullptr) {
    ++at;
  }
  if (at == walk_.end()) {
    walk_ = {};
    return std::nullopt;
  }
  return *at;
}

std::vector<Explanation> Table::explain(const net::Prefix& prefix) const {
  const Entry* found = find(prefix);
  return found == nullptr ? std::vector<Explanation>() : rib::explain(found->paths(), protocols_);
}

std::vector<const Path*> Table::multipath(const Entry& at, std::size_t limit) const {
  return rib::multipath(at.paths(), at.best_index(), protocols_, limit);
}

ProtocolCounters Table::counters(ProtocolId protocol) const {
  if (last_presence_ != nullptr && last_protocol_ == protocol) {
    return last_presence_->counters;
  }
  const auto found = protocols_here_.find(protocol);
  return found == protocols_here_.end() ? ProtocolCounters() : found->second.counters;
}

}  // namespace catflap::bgp::rib
