#include "bgp/rib/table.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/assert.hpp"

namespace catflap::bgp::rib {
namespace {

std::uint64_t key_of(ProtocolId protocol, PathId path_id) {
  return std::uint64_t{protocol} << 32U | path_id;
}

std::size_t position_of(std::span<const Path> paths, ProtocolId protocol, PathId path_id) {
  constexpr std::size_t kFew = 8;
  const std::uint64_t key = key_of(protocol, path_id);
  const auto before = [key](const Path& path) { return key_of(path.protocol, path.path_id) < key; };
  if (paths.size() > kFew) {
    const auto at = std::partition_point(paths.begin(), paths.end(), before);
    return static_cast<std::size_t>(at - paths.begin());
  }
  std::size_t index = 0;
  while (index < paths.size() && before(paths[index])) {
    ++index;
  }
  return index;
}

bool is_at(std::span<const Path> paths, std::size_t index, ProtocolId protocol, PathId path_id) {
  return index < paths.size() && paths[index].protocol == protocol && paths[index].path_id == path_id;
}

/// Marks that come and go while a path stays the same do not count.
bool says_the_same(const Path& a, const Path& b) {
  return a.attrs == b.attrs && a.flags.filtered == b.flags.filtered && a.flags.unusable == b.flags.unusable &&
         a.flags.llgr_stale == b.flags.llgr_stale;
}

void mark(std::vector<std::uint64_t>& areas, std::size_t area) {
  if (areas.size() <= area / 64) {
    areas.resize(area / 64 + 1);
  }
  areas[area / 64] |= std::uint64_t{1} << (area % 64);
}

std::uint32_t hash_of_prefix(std::uint64_t high, std::uint64_t low, std::uint8_t length) {
  std::uint64_t hash = (high ^ low * 0x94D049BB133111EBULL) + length;
  hash = (hash ^ hash >> 31U) * 0xBF58476D1CE4E5B9ULL;
  hash = (hash ^ hash >> 28U) * 0x9E3779B97F4A7C15ULL;
  return static_cast<std::uint32_t>(hash >> 32U);
}

std::uint32_t hash_of_prefix(const net::Prefix& prefix) {
  return hash_of_prefix(prefix.addr().high(), prefix.addr().low(), prefix.length());
}

}  // namespace

PrefixId Table::find_id(const net::Prefix& exact) const {
  return exact.family() == family_ ? find_id(exact, hash_of_prefix(exact)) : HashIndex::kNone;
}

PrefixId Table::find_id(const net::Prefix& exact, std::uint32_t hash) const {
  const net::IpAddr& addr = exact.addr();
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

std::uint32_t Table::hash_of(PrefixId id) const {
  const Entry& found = entry(id);
  if (family_ == net::Family::ipv4) {
    return hash_of_prefix(std::uint64_t{found.address_} << 32U, 0, found.length_);
  }
  const Address6& address = addresses6_[id / kChunk][id % kChunk];
  return hash_of_prefix(address.high, address.low, found.length_);
}

/// Brings into the cache what a change of at most kWarmed prefixes looks at, step by step for all of them, as
/// each step has to wait for memory. Returns their hashes.
std::array<std::uint32_t, Table::kWarmed> Table::warm(std::span<const wire::Nlri> nlri) const {
  std::array<std::uint32_t, kWarmed> hashes;
  for (std::size_t i = 0; i < nlri.size(); ++i) {
    CATFLAP_ASSERT(nlri[i].prefix.family() == family_);
    hashes[i] = hash_of_prefix(nlri[i].prefix);
    index_.prefetch(hashes[i]);
  }
  std::array<const Entry*, kWarmed> known;
  std::size_t count = 0;
  for (std::size_t i = 0; i < nlri.size() && nlri.size() > 1; ++i) {
    const PrefixId id = index_.candidate(hashes[i]);
    if (id != HashIndex::kNone) {
      known[count++] = &entry(id);
      __builtin_prefetch(known[count - 1]);
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (known[i]->is(Entry::kMany)) {
      __builtin_prefetch(known[i]->block_);
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (const Path* best = known[i]->best()) {
      best->attrs.prefetch();
    }
  }
  return hashes;
}

net::Prefix Table::prefix_of(PrefixId id) const {
  const Entry& found = entry(id);
  if (family_ == net::Family::ipv4) {
    return {net::IpAddr::v4(found.address_), found.length_};
  }
  const Address6& address = addresses6_[id / kChunk][id % kChunk];
  return {net::IpAddr::v6(address.high, address.low), found.length_};
}

PrefixId Table::make_id(const net::Prefix& prefix, std::uint32_t hash) {
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
  index_.insert(
      hash, id, [this](PrefixId other) { return hash_of(other); },
      [this](PrefixId other) { __builtin_prefetch(&entry(other)); });
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
  CATFLAP_ASSERT(prefix.family() == family_);
  return update(prefix, hash_of_prefix(prefix), std::move(path));
}

std::size_t Table::update(std::span<const wire::Nlri> nlri, Path path) {
  std::size_t changed = 0;
  while (!nlri.empty()) {
    const auto some = nlri.first(std::min(nlri.size(), kWarmed));
    const auto hashes = warm(some);
    for (std::size_t i = 0; i < some.size(); ++i) {
      path.path_id = some[i].path_id;
      changed += update(some[i].prefix, hashes[i], path) ? 1U : 0U;
    }
    nlri = nlri.subspan(some.size());
  }
  return changed;
}

bool Table::update(const net::Prefix& prefix, std::uint32_t hash, Path path) {
  CATFLAP_ASSERT(path.attrs);
  PrefixId id = find_id(prefix, hash);
  if (id == HashIndex::kNone) {
    id = make_id(prefix, hash);
  }
  Entry& at = entry(id);
  note_next_hop(id, path);
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
    mark(presence(path.protocol).areas, id / kArea);
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

std::size_t Table::withdraw(ProtocolId protocol, std::span<const wire::Nlri> nlri) {
  std::size_t usable = 0;
  while (!nlri.empty()) {
    const auto some = nlri.first(std::min(nlri.size(), kWarmed));
    const auto hashes = warm(some);
    for (std::size_t i = 0; i < some.size(); ++i) {
      const PrefixId id = find_id(some[i].prefix, hashes[i]);
      if (id == HashIndex::kNone) {
        continue;
      }
      const std::span<const Path> paths = entry(id).paths();
      const std::size_t index = position_of(paths, protocol, some[i].path_id);
      if (is_at(paths, index, protocol, some[i].path_id)) {
        usable += paths[index].flags.filtered ? 0U : 1U;
        erase_path(id, entry(id), index);
      }
    }
    nlri = nlri.subspan(some.size());
  }
  return usable;
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
  if (found != protocols_here_.end()) {
    for_each_in(found->second.areas, visit);
  }
}

/// `visit` says whether the area must stay marked.
template <class F>
void Table::for_each_in(std::vector<std::uint64_t>& areas, F&& visit) {
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

void Table::note_next_hop(PrefixId id, const Path& path) const {
  const NextHopEntry* const next_hop = path.next_hop();
  if (next_hop == nullptr) {
    return;
  }
  auto& users = next_hop->tables;
  auto found =
      std::find_if(users.begin(), users.end(), [this](const auto& user) { return user.table == this; });
  if (found == users.end()) {
    found = users.insert(found, {this, {}});
  }
  mark(found->areas, id / kArea);
}

void Table::next_hops_changed(std::span<const NextHopEntry* const> changed) {
  std::vector<std::uint64_t> areas;  // a superset: routes may have gone elsewhere since
  for (const NextHopEntry* next_hop : changed) {
    for (const NextHopEntry::User& user : next_hop->tables) {
      if (user.table == this) {
        areas.resize(std::max(areas.size(), user.areas.size()));
        for (std::size_t i = 0; i < user.areas.size(); ++i) {
          areas[i] |= user.areas[i];
        }
      }
    }
  }
  for_each_in(areas, [&](PrefixId id, Entry& at) {
    const std::span<const Path> paths = at.paths();
    for (std::size_t i = 0; i < paths.size(); ++i) {
      if (std::find(changed.begin(), changed.end(), paths[i].next_hop()) != changed.end()) {
        if (i == at.best_index()) {
          at.set(Entry::kBestTouched, true);
        }
        touch(id, at, true);
      }
    }
    return true;
  });
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

Table::Presence& Table::find_presence(ProtocolId protocol) {
  last_presence_ = &protocols_here_[protocol];
  last_protocol_ = protocol;
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
  std::sort(ids.begin(), ids.end(), [this](PrefixId a, PrefixId b) { return before(a, b); });
  return ids;
}

/// Prefix order.
bool Table::before(PrefixId a, PrefixId b) const {
  const Entry& x = entry(a);
  const Entry& y = entry(b);
  if (family_ == net::Family::ipv4) {
    return std::tie(x.address_, x.length_) < std::tie(y.address_, y.length_);
  }
  const Address6& i = addresses6_[a / kChunk][a % kChunk];
  const Address6& j = addresses6_[b / kChunk][b % kChunk];
  return std::tie(i.high, i.low, x.length_) < std::tie(j.high, j.low, y.length_);
}

/// Puts the prefixes into parts, or a few into one; each is sorted when the walk comes to it.
void Table::begin_walk() const {
  constexpr std::size_t kFew = 1024;
  walk_ = {};
  walk_.grown = grown_;
  walk_.ends.resize(prefixes_ < kFew ? 1 : part_of(~std::uint64_t{0}) + 1);
  walk_.sorted.resize(walk_.ends.size());
  walk_.ids.resize(prefixes_);
  const auto for_each_id = [this](auto&& visit) {
    for (PrefixId id = 0; id < next_id_; ++id) {
      if (entry(id).has_paths()) {
        const std::uint64_t high = family_ == net::Family::ipv4 ? std::uint64_t{entry(id).address_} << 32U
                                                                : addresses6_[id / kChunk][id % kChunk].high;
        visit(id, walk_.ends.size() == 1 ? 0 : part_of(high));
      }
    }
  };
  for_each_id([this](PrefixId, std::size_t part) { ++walk_.ends[part]; });
  std::uint32_t begin = 0;
  for (std::uint32_t& end : walk_.ends) {
    begin += std::exchange(end, begin);
  }
  for_each_id([this](PrefixId id, std::size_t part) { walk_.ids[walk_.ends[part]++] = id; });
}

/// The first prefix of this part or a later one that is there and stands behind `after`.
std::optional<net::Prefix> Table::walk_on(std::size_t part, const net::Prefix* after) const {
  for (; part < walk_.ends.size(); ++part) {
    const auto begin = walk_.ids.begin() + (part == 0 ? 0 : walk_.ends[part - 1]);
    const auto end = walk_.ids.begin() + walk_.ends[part];
    if (!walk_.sorted[part] && begin != end) {
      std::sort(begin, end, [this](PrefixId a, PrefixId b) { return before(a, b); });
      walk_.sorted[part] = true;
    }
    auto at = begin;
    if (after != nullptr) {
      at = std::partition_point(begin, end, [&](PrefixId id) { return !(*after < prefix_of(id)); });
    }
    at = std::find_if(at, end, [this](PrefixId id) { return entry(id).has_paths(); });
    if (at != end) {
      return prefix_of(*at);
    }
    after = nullptr;
  }
  walk_ = {};
  return std::nullopt;
}

std::optional<net::Prefix> Table::first() const {
  begin_walk();
  return walk_on(0, nullptr);
}

std::optional<net::Prefix> Table::next(const net::Prefix& after) const {
  if (prefixes_ == 0 || after.family() > family_) {
    return std::nullopt;
  }
  if (walk_.ends.empty() || walk_.grown != grown_) {
    begin_walk();
  }
  return after.family() < family_
             ? walk_on(0, nullptr)
             : walk_on(walk_.ends.size() == 1 ? 0 : part_of(after.addr().high()), &after);
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
