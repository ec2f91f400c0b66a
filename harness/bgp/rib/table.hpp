#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/instant.hpp"
#include "bgp/rib/attr_pool.hpp"
#include "bgp/rib/decision.hpp"
#include "bgp/rib/next_hop.hpp"
#include "net/addr.hpp"
#include "net/prefix_map.hpp"

namespace catflap::bgp::rib {

/// The routes to one prefix.
class Entry {
 public:
  /// Ascending by (protocol, path id).
  std::span<const Path> paths() const { return paths_; }
  /// As of the last decision; nullptr if none was usable then.
  const Path* best() const { return best_ < paths_.size() ? &paths_[best_] : nullptr; }
  /// nullptr if there is none.
  const Path* find(ProtocolId protocol, PathId path_id) const;

 private:
  friend class Table;
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  std::vector<Path> paths_;
  std::uint32_t best_ = kNone;
  bool dirty_ = false;
  bool best_touched_ = false;  ///< the best path was replaced, changed or withdrawn since the last decision
  bool had_best_ = false;
  ProtocolId best_protocol_ = 0;  ///< of the last decision, if had_best_
  PathId best_path_id_ = 0;
};

/// What a decision changed.
struct Change {
  net::Prefix prefix;
  bool best_changed = false;     ///< another path is the best, or the best says something else
  bool had_best = false;         ///< before
  const Entry* entry = nullptr;  ///< nullptr if no path is left
  const Path* best = nullptr;    ///< now; nullptr if none is usable
};

struct ProtocolCounters {
  std::size_t imported = 0;  ///< paths that are not filtered
  std::size_t filtered = 0;
  std::size_t preferred = 0;  ///< best ones, as of the last decision
};

/// A routing table: paths under their prefixes, and which of them is the best. Deterministic: what comes out
/// depends on what went in, not on addresses or hashes. Expected size: 10^6 prefixes with 1..10 paths. One
/// thread.
class Table {
 public:
  /// `protocols` must outlive the table.
  Table(std::string name, net::Family family, const Protocols& protocols)
      : name_(std::move(name)), family_(family), protocols_(protocols) {}

  const std::string& name() const { return name_; }
  net::Family family() const { return family_; }

  /// Adds a path or replaces the one of the same (protocol, path id). False if it is there already and says
  /// the same (then only a stale mark is taken away). Precondition: path.attrs is not empty.
  bool update(const net::Prefix& prefix, Path path);
  /// False if it was not there.
  bool withdraw(ProtocolId protocol, const net::Prefix& prefix, PathId path_id = 0);

  /// Marks all paths of a protocol as stale; update() takes the mark away.
  void mark_stale(ProtocolId protocol);
  /// Withdraws what is still stale; returns how many.
  std::size_t sweep_stale(ProtocolId protocol);
  /// Changes stale paths to long-lived stale ones (RFC 9494): still usable, but the last choice.
  void mark_llgr_stale(ProtocolId protocol);
  /// Withdraws all paths of a protocol; returns how many.
  std::size_t withdraw_all(ProtocolId protocol);
  /// The DecisionOptions of a protocol changed: its prefixes are decided again.
  void protocol_changed(ProtocolId protocol);
  /// Marks the prefixes with routes through next hops that have `changed` set.
  void next_hops_changed();
  /// Notes whether the kernel took the best route.
  void set_kernel_refused(const net::Prefix& prefix, bool refused);

  /// True if decide() has work.
  bool dirty() const { return !fresh_.empty() || !batch_.empty(); }
  /// Decides at most `limit` changed prefixes, in prefix order within what is pending, and calls visit(const
  /// Change&) for each whose paths changed. `visit` must not change this table.
  template <class F>
  void decide(F&& visit, std::size_t limit = static_cast<std::size_t>(-1)) {
    net::Prefix prefix;
    while (limit-- > 0 && next_dirty(prefix)) {
      const Change change = decide_one(prefix);
      visit(change);
      if (change.entry == nullptr) {
        entries_.erase(prefix);
      }
    }
  }

  const Entry* find(const net::Prefix& exact) const { return entries_.find(exact); }
  /// The longest prefix around `addr` that has a usable best route.
  const Entry* longest_match(const net::IpAddr& addr, net::Prefix* matched = nullptr) const;
  const Entry* longest_cover(const net::Prefix& inner, net::Prefix* matched = nullptr) const;
  /// For walks in steps while the table changes: the first prefix of all, and the one after `after`.
  std::optional<net::Prefix> first() const { return entries_.first(); }
  std::optional<net::Prefix> next(const net::Prefix& after) const { return entries_.next(after); }
  /// Calls visit(const Prefix&, const Entry&) in prefix order. The table must not change meanwhile.
  template <class F>
  void for_each(F&& visit) const {
    entries_.for_each(visit);
  }
  template <class F>
  void for_each_within(const net::Prefix& cover, F&& visit) const {
    entries_.for_each_within(cover, visit);
  }

  std::vector<Explanation> explain(const net::Prefix& prefix) const;
  /// The best path and those that may share its traffic, as of the last decision.
  std::vector<const Path*> multipath(const Entry& entry, std::size_t limit) const;

  std::size_t prefixes() const { return entries_.size(); }
  std::size_t paths() const { return paths_; }
  ProtocolCounters counters(ProtocolId protocol) const;
  const Protocols& protocols() const { return protocols_; }

 private:
  void touch(const net::Prefix& prefix, Entry& entry);
  bool next_dirty(net::Prefix& prefix);
  Change decide_one(const net::Prefix& prefix);
  void count(const Path& path, bool added);
  void erase_path(const net::Prefix& prefix, Entry& entry, std::size_t index);
  template <class F>
  std::size_t withdraw_if(ProtocolId protocol, F&& condition);

  std::string name_;
  net::Family family_;
  const Protocols& protocols_;
  net::PrefixMap<Entry> entries_;
  std::vector<net::Prefix> fresh_;  ///< changed, in the order of arrival
  std::vector<net::Prefix> batch_;  ///< being decided, descending: the next one is at the back
  std::size_t paths_ = 0;
  std::map<ProtocolId, ProtocolCounters> counters_;
};

}  // namespace catflap::bgp::rib
