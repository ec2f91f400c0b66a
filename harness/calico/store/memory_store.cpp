#include "calico/store/memory_store.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace catflap::calico {

class MemoryStore::MemoryWatch final : public Watch {
 public:
  MemoryWatch(const MemoryStore& store, std::string_view prefix, Revision after)
      : store_(store), prefix_(prefix), seen_(after) {}

  Result<std::vector<Change>> next(Duration /*limit*/) override {
    if (seen_ < store_.forgotten_) {
      return fail(compacted(seen_, store_.forgotten_));
    }
    std::vector<Change> changes;
    const auto unseen =
        std::partition_point(store_.history_.begin(), store_.history_.end(),
                             [&](const Change& each) { return each.entry.modified <= seen_; });
    for (auto change = unseen; change != store_.history_.end(); ++change) {
      if (change->entry.key.starts_with(prefix_)) {
        changes.push_back(*change);
      }
    }
    seen_ = std::max(seen_, store_.revision_);
    return changes;
  }

 private:
  const MemoryStore& store_;
  std::string prefix_;
  Revision seen_;
};

Result<std::optional<Entry>> MemoryStore::get(std::string_view key) {
  if (const Status valid = check_key(key); !valid) {
    return fail(valid.error());
  }
  const auto found = entries_.find(key);
  return found == entries_.end() ? std::nullopt : std::optional<Entry>(found->second);
}

Result<Listing> MemoryStore::list(std::string_view prefix) {
  Listing listing;
  listing.revision = revision_;
  for (auto at = entries_.lower_bound(prefix); at != entries_.end() && at->first.starts_with(prefix); ++at) {
    listing.entries.push_back(at->second);
  }
  return listing;
}

Result<Entry> MemoryStore::create(std::string_view key, std::string_view value) {
  if (entries_.find(key) != entries_.end()) {
    return fail(key_exists(key));
  }
  return put(key, value);
}

Result<Entry> MemoryStore::update(std::string_view key, std::string_view value, Revision expected) {
  const auto found = entries_.find(key);
  if (found != entries_.end() && found->second.modified != expected) {
    return fail(key_changed(key, expected, found->second.modified));
  }
  if (found == entries_.end() && check_key(key)) {
    return fail(key_not_found(key));
  }
  return put(key, value);
}

Result<Entry> MemoryStore::put(std::string_view key, std::string_view value) {
  const Status valid = check_key(key).and_then([&] { return check_value(key, value); });
  if (!valid) {
    return fail(valid.error());
  }
  return write(key, value);
}

Entry MemoryStore::write(std::string_view key, std::string_view value) {
  ++revision_;
  const auto found = entries_.find(key);
  const bool is_new = found == entries_.end();
  const Entry entry{std::string(key), std::string(value), is_new ? revision_ : found->second.created,
                    revision_};
  std::optional<std::string> previous;
  if (is_new) {
    entries_.emplace(entry.key, entry);
  } else {
    previous = std::exchange(found->second, entry).value;
  }
  remember(Change{Change::Kind::put, entry, std::move(previous)});
  return entry;
}

Result<Entry> MemoryStore::erase(std::string_view key, std::optional<Revision> expected) {
  if (const Status valid = check_key(key); !valid) {
    return fail(valid.error());
  }
  const auto found = entries_.find(key);
  if (found == entries_.end()) {
    return fail(key_not_found(key));
  }
  if (expected && *expected != found->second.modified) {
    return fail(key_changed(key, *expected, found->second.modified));
  }
  Entry gone = std::move(found->second);
  entries_.erase(found);
  ++revision_;
  remember(Change{Change::Kind::erased, Entry{gone.key, {}, 0, revision_}, gone.value});
  return gone;
}

Result<std::unique_ptr<Watch>> MemoryStore::watch(std::string_view prefix, Revision after) {
  if (after < forgotten_) {
    return fail(compacted(after, forgotten_));
  }
  return std::make_unique<MemoryWatch>(*this, prefix, after);
}

void MemoryStore::compact(Revision through) {
  while (!history_.empty() && history_.front().entry.modified <= through) {
    forgotten_ = history_.front().entry.modified;
    history_.pop_front();
  }
}

void MemoryStore::remember(Change change) {
  history_.push_back(std::move(change));
  if (history_.size() > history_max_) {
    compact(history_.front().entry.modified);
  }
}

}  // namespace catflap::calico
