#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.hpp"
#include "bgp/speaker/event.hpp"
#include "bgp/speaker/query.hpp"
#include "bgp/wire/attributes.hpp"
#include "observe/explain.hpp"
#include "observe/snapshot.hpp"

namespace catflap::bgp {

/// A path of a table as it is, for dumps. References live as long as the visit.
struct TablePath {
  const net::Prefix& prefix;
  const wire::Attributes& attributes;  ///< all empty for a route without BGP attributes
  std::string_view protocol;           ///< that brought it
  Instant since;
  std::uint32_t path_id = 0;
  bool best = false;
};

/// All protocols of one router behind one boundary of events and actions: a value without clock, sockets,
/// threads or logs. Time and the seed of the jitter are parameters, so a run is a function of its events.
///
/// Driver contract: (1) `ingest` every event in order of arrival per connection; (2) after each batch call
/// `run` once; (3) carry out `take_actions()` in order before ingesting more; (4) arm exactly one timer at
/// `deadline()`; (5) never re-enter; (6) `now` never goes back.
class Speaker {
 public:
  explicit Speaker(std::uint64_t seed);
  ~Speaker();
  Speaker(Speaker&&) noexcept;
  Speaker& operator=(Speaker&&) noexcept;
  Speaker(const Speaker&) = delete;
  Speaker& operator=(const Speaker&) = delete;

  /// Cheap: takes in what happened and marks work.
  void ingest(Instant now, const Event& event);
  /// Fires due deadlines, decides changed prefixes, packs updates.
  void run(Instant now);
  std::vector<Action> take_actions();
  /// The earliest instant at which run() has work; Instant::never() if none.
  Instant deadline() const;

  /// Protocols, channels and sessions in the order of the configuration; without routes.
  observe::Snapshot snapshot(Instant now) const;
  /// Calls `visit` for the routes that match, in prefix order, until it returns false. Errors: unknown table
  /// or protocol, with birdc's words.
  Status routes(const RouteQuery& query, const std::function<bool(const observe::RouteView&)>& visit) const;
  /// Malformed messages of the BGP protocol of that name: how many, and the last 64 with their octets.
  /// Errc::not_found if there is no such protocol, Errc::invalid if it is not BGP.
  Result<observe::MalformedView> malformed(std::string_view protocol) const;
  /// Visits the paths to the next `limit` prefixes of a table behind `after` (nullopt: from its beginning),
  /// the best one of each first; those that `filter` rejects and filtered ones are left out. Returns the last
  /// prefix, nullopt at the end of the table: tables of any size can be walked in steps while they change.
  /// Errc::not_found: there is no such table.
  struct Walk {
    std::string table;
    std::optional<net::Prefix> after;
    std::size_t limit = 1000;
    const intent::FilterRef* filter = nullptr;  ///< nullptr: all
  };
  Result<std::optional<net::Prefix>> walk(const Walk& walk,
                                          const std::function<void(const TablePath&)>& visit) const;
  /// The same in steps: looks at no more than `prefixes_max` networks behind where `walk` stands. Routes may
  /// change between two steps; what stays there all the time comes exactly once. Precondition: `query` names
  /// exactly one table, or one side of a channel (RouteQuery::adjacent).
  Status routes(const RouteQuery& query, RouteWalk& walk, std::size_t prefixes_max,
                const std::function<bool(const observe::RouteView&)>& visit) const;
  /// One answer for each table that is asked for. Errc::not_found for an unknown table.
  Result<std::vector<observe::ExplainView>> explain(const ExplainQuery& query) const;
  /// Runs import and export filters, without effects, over the routes of the next `prefixes_max` prefixes or
  /// so and counts. Errc::not_found: there is no such protocol. Routes may change between two steps; a
  /// configuration that does ends the walk with Errc::conflict.
  Status count_filters(FilterCountWalk& walk, std::size_t prefixes_max) const;
  /// From now on every change of a table's entries gives act::RouteChanged.
  void watch_routes(bool on);
  /// The configuration in force; nullptr before the first Configure.
  std::shared_ptr<const intent::RouterIntent> intent() const;
  /// The router id in use (host byte order); 0 if none could be chosen yet.
  std::uint32_t router_id() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace catflap::bgp
