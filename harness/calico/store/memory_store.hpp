#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "calico/store/datastore.hpp"

namespace catflap::calico {

/// The reference of what a Datastore does, in memory: for tests and for simulation. Several "clients" share
/// one object. Its watches never wait: what `next` does not find is not there yet.
///
/// Size: 10^6 keys; the history is bounded, so that a long run does not grow without end.
class MemoryStore final : public Datastore {
 public:
  static constexpr std::size_t kHistoryMax = 100'000;

  /// Keeps the last `history_max` changes for watches.
  explicit MemoryStore(std::size_t history_max = kHistoryMax) : history_max_(history_max) {}

  Result<std::optional<Entry>> get(std::string_view key) override;
  Result<Listing> list(std::string_view prefix) override;
  Result<Entry> create(std::string_view key, std::string_view value) override;
  Result<Entry> update(std::string_view key, std::string_view value, Revision expected) override;
  Result<Entry> put(std::string_view key, std::string_view value) override;
  Result<Entry> erase(std::string_view key, std::optional<Revision> expected = std::nullopt) override;
  Result<std::unique_ptr<Watch>> watch(std::string_view prefix, Revision after) override;

  /// Of the last write; 1 before the first.
  Revision revision() const { return revision_; }
  /// Forgets the changes up to `through`, as etcd's compaction; those after the last write cannot be
  /// forgotten.
  void compact(Revision through);

 private:
  class MemoryWatch;

  Entry write(std::string_view key, std::string_view value);
  void remember(Change change);

  std::map<std::string, Entry, std::less<>> entries_;
  std::deque<Change> history_;  ///< those with revisions above forgotten_, without gaps
  std::size_t history_max_;
  Revision revision_ = 1;
  Revision forgotten_ = 0;  ///< the newest change that is not in the history any more
};

}  // namespace catflap::calico
