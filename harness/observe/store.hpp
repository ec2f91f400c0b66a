#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "observe/snapshot.hpp"
#include "observe/stream.hpp"

namespace catflap::observe {

/// What is known of one daemon, kept up to date by changes. Counts what really changed, so that whoever waits
/// for a change is not woken by a poll that brought nothing new.
class Store {
 public:
  /// True if the store differs from before. Hello sets the source and forgets what a former connection had
  /// told.
  bool apply(const StreamMessage& message);

  /// Replaces all protocols. True if anything differs, timers and counters of messages left aside.
  bool set_protocols(std::vector<ProtocolView> protocols);
  /// Replaces all routes of all tables. True if anything differs.
  bool set_routes(std::vector<RouteView> routes);
  void set_router_id(std::string router_id);
  void set_source(std::string source);
  void clear();

  const ProtocolView* protocol(std::string_view name) const;
  /// The routes of a prefix in a table, best first; empty if there are none. An empty `table` stands for all
  /// tables.
  std::vector<const RouteView*> routes(std::string_view table, const net::Prefix& prefix) const;

  /// Everything, at the time `now`. Built anew only when something has changed since the last call.
  const Snapshot& snapshot(Instant now);
  /// Grows with every change.
  std::uint64_t revision() const { return revision_; }

 private:
  using RouteKey =
      std::pair<net::Prefix, std::string>;  ///< prefix and table: tables stay apart, prefixes in order

  bool changed();

  std::string router_id_;
  std::string source_;
  std::vector<ProtocolView> protocols_;
  std::map<RouteKey, std::vector<RouteView>> routes_;
  std::uint64_t revision_ = 0;
  std::uint64_t built_ = 0;
  Snapshot snapshot_;
};

}  // namespace catflap::observe
