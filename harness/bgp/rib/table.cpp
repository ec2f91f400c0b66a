#include "bgp/rib/table.hpp"

#include <algorithm>
#include <functional>
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
  return a.attrs == b.attrs && a.next_hop == b.next_hop && a.flags.filtered == b.flags.filtered &&
         a.flags.unusable == b.flags.unusable && a.flags.llgr_stale == b.flags.llgr_stale;
}

}  // namespace

const Path* Entry::find(ProtocolId protocol, PathId path_id) const {
  const std::size_t index = position_of(paths_, protocol, path_id);
  return is_at(paths_, index, protocol, path_id) ? &paths_[index] : nullptr;
}

bool Table::update(const net::Prefix& prefix, Path path) {
  CATFLAP_ASSERT(path.attrs);
  Entry& entry = entries_.get_or_create(prefix);
  std::vector<Path>& paths = entry.paths_;
  const std::size_t index = position_of(paths, path.protocol, path.path_id);
  if (is_at(paths, index, path.protocol, path.path_id)) {
    if (says_the_same(paths[index], path)) {
      paths[index].flags.stale = path.flags.stale;
      return false;
    }
    count(paths[index], false);
    count(path, true);
    entry.best_touched_ = entry.best_touched_ || index == entry.best_;
    paths[index] = std::move(path);
  } else {
    count(path, true);
    paths.insert(paths.begin() + static_cast<std::ptrdiff_t>(index), std::move(path));
    ++paths_;
    if (entry.best_ != Entry::kNone && index <= entry.best_) {
      ++entry.best_;
    }
  }
  touch(prefix, entry);
  return true;
}

bool Table::withdraw(ProtocolId protocol, const net::Prefix& prefix, PathId path_id) {
  Entry* entry = entries_.find(prefix);
  if (entry == nullptr) {
    return false;
  }
  const std::size_t index = position_of(entry->paths_, protocol, path_id);
  if (!is_at(entry->paths_, index, protocol, path_id)) {
    return false;
  }
  erase_path(prefix, *entry, index);
  return true;
}

void Table::erase_path(const net::Prefix& prefix, Entry& entry, std::size_t index) {
  count(entry.paths_[index], false);
  entry.paths_.erase(entry.paths_.begin() + static_cast<std::ptrdiff_t>(index));
  --paths_;
  if (entry.best_ != Entry::kNone && index == entry.best_) {
    entry.best_ = Entry::kNone;
    entry.best_touched_ = true;
  } else if (entry.best_ != Entry::kNone && index < entry.best_) {
    --entry.best_;
  }
  touch(prefix, entry);
}

void Table::mark_stale(ProtocolId protocol) {
  if (counters_.find(protocol) == counters_.end()) {
    return;
  }
  entries_.for_each_mutable([&](const net::Prefix&, Entry& entry) {
    for (Path& path : entry.paths_) {
      path.flags.stale = path.flags.stale || path.protocol == protocol;
    }
  });
}

void Table::mark_llgr_stale(ProtocolId protocol) {
  if (counters_.find(protocol) == counters_.end()) {
    return;
  }
  entries_.for_each_mutable([&](const net::Prefix& prefix, Entry& entry) {
    for (std::size_t i = 0; i < entry.paths_.size(); ++i) {
      Path& path = entry.paths_[i];
      if (path.protocol == protocol && path.flags.stale && !path.flags.llgr_stale) {
        path.flags.llgr_stale = true;
        entry.best_touched_ = entry.best_touched_ || i == entry.best_;
        touch(prefix, entry);
      }
    }
  });
}

template <class F>
std::size_t Table::withdraw_if(ProtocolId protocol, F&& condition) {
  const ProtocolCounters before = counters(protocol);
  if (before.imported + before.filtered == 0) {
    return 0;
  }
  std::size_t withdrawn = 0;
  entries_.for_each_mutable([&](const net::Prefix& prefix, Entry& entry) {
    for (std::size_t i = position_of(entry.paths_, protocol, 0);
         i < entry.paths_.size() && entry.paths_[i].protocol == protocol;) {
      if (condition(entry.paths_[i])) {
        erase_path(prefix, entry, i);
        ++withdrawn;
      } else {
        ++i;
      }
    }
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
  if (counters_.find(protocol) == counters_.end()) {
    return;
  }
  entries_.for_each_mutable([&](const net::Prefix& prefix, Entry& entry) {
    const std::size_t index = position_of(entry.paths_, protocol, 0);
    if (index < entry.paths_.size() && entry.paths_[index].protocol == protocol) {
      touch(prefix, entry);
    }
  });
}

void Table::next_hops_changed() {
  entries_.for_each_mutable([&](const net::Prefix& prefix, Entry& entry) {
    for (std::size_t i = 0; i < entry.paths_.size(); ++i) {
      if (entry.paths_[i].next_hop && entry.paths_[i].next_hop->changed) {
        entry.best_touched_ = entry.best_touched_ || i == entry.best_;
        touch(prefix, entry);
      }
    }
  });
}

void Table::set_kernel_refused(const net::Prefix& prefix, bool refused) {
  Entry* entry = entries_.find(prefix);
  if (entry != nullptr && entry->best_ < entry->paths_.size()) {
    entry->paths_[entry->best_].flags.kernel_refused = refused;
  }
}

void Table::touch(const net::Prefix& prefix, Entry& entry) {
  if (!entry.dirty_) {
    entry.dirty_ = true;
    fresh_.push_back(prefix);
  }
}

bool Table::next_dirty(net::Prefix& prefix) {
  if (batch_.empty()) {
    batch_.swap(fresh_);
    std::sort(batch_.begin(), batch_.end(), std::greater<>());
  }
  if (batch_.empty()) {
    return false;
  }
  prefix = batch_.back();
  batch_.pop_back();
  return true;
}

Change Table::decide_one(const net::Prefix& prefix) {
  Entry* const found = entries_.find(prefix);
  CATFLAP_ASSERT(found != nullptr);
  Entry& entry = *found;
  const std::size_t best = best_of(entry.paths_, protocols_);
  Change change;
  change.prefix = prefix;
  change.had_best = entry.had_best_;
  entry.dirty_ = false;
  if (entry.had_best_) {
    --counters_[entry.best_protocol_].preferred;
  }
  const bool has_best = best != kNoBest;
  const Path* path = has_best ? &entry.paths_[best] : nullptr;
  change.best_changed = has_best != entry.had_best_ ||
                        (has_best && (entry.best_touched_ || path->protocol != entry.best_protocol_ ||
                                      path->path_id != entry.best_path_id_));
  entry.best_touched_ = false;
  entry.had_best_ = has_best;
  entry.best_ = has_best ? static_cast<std::uint32_t>(best) : Entry::kNone;
  if (has_best) {
    entry.best_protocol_ = path->protocol;
    entry.best_path_id_ = path->path_id;
    ++counters_[path->protocol].preferred;
  }
  change.entry = entry.paths_.empty() ? nullptr : &entry;
  change.best = path;
  return change;
}

void Table::count(const Path& path, bool added) {
  ProtocolCounters& counters = counters_[path.protocol];
  std::size_t& counter = path.flags.filtered ? counters.filtered : counters.imported;
  added ? ++counter : --counter;
}

const Entry* Table::longest_match(const net::IpAddr& addr, net::Prefix* matched) const {
  return longest_cover(net::Prefix::host(addr), matched);
}

const Entry* Table::longest_cover(const net::Prefix& inner, net::Prefix* matched) const {
  net::Prefix at = inner;
  net::Prefix found;
  const Entry* entry = entries_.longest_cover(at, &found);
  while (entry != nullptr && entry->best() == nullptr) {
    if (found.length() == 0) {
      return nullptr;
    }
    at = net::Prefix(found.addr(), static_cast<std::uint8_t>(found.length() - 1));
    entry = entries_.longest_cover(at, &found);
  }
  if (entry != nullptr && matched != nullptr) {
    *matched = found;
  }
  return entry;
}

std::vector<Explanation> Table::explain(const net::Prefix& prefix) const {
  const Entry* entry = find(prefix);
  return entry == nullptr ? std::vector<Explanation>() : rib::explain(entry->paths_, protocols_);
}

std::vector<const Path*> Table::multipath(const Entry& entry, std::size_t limit) const {
  return rib::multipath(entry.paths_, entry.best_ == Entry::kNone ? kNoBest : entry.best_, protocols_, limit);
}

ProtocolCounters Table::counters(ProtocolId protocol) const {
  const auto found = counters_.find(protocol);
  return found == counters_.end() ? ProtocolCounters() : found->second;
}

}  // namespace catflap::bgp::rib
