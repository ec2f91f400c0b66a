#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/result.hpp"
#include "observe/snapshot.hpp"

/// Why a route is what it is: the answer of `catflap bgp explain`.
namespace catflap::observe {

/// What a filter said of a route, and which statement decided.
struct FilterVerdictView {
  std::string filter;  ///< "ACCEPT", "REJECT", a name, "(unnamed)"
  bool accepted = false;
  bool changed = false;  ///< it changed attributes
  std::string where;     ///< "bird.conf:12:3" of the accept, reject or error; "" for ACCEPT and REJECT
  std::string message;   ///< of an error in the filter
  bool operator==(const FilterVerdictView&) const = default;
};

/// A route that might have been chosen.
struct CandidateView {
  RouteView route;
  bool in_table = true;  ///< false: refused on import, known to its channel only
  std::string lost_at;   ///< the step of the decision: "local preference", ...; "" for the best
  std::string why;       ///< in words: "lower local preference (100 against 200)"
  std::string
      next_hop;  ///< how its next hop resolves: "10.0.0.1 through 10.0.0.0/24", "no route to 10.0.0.1"
  std::optional<FilterVerdictView> import;  ///< of the import filter of its channel
  bool operator==(const CandidateView&) const = default;
};

/// What an exporting channel does with the best route (or, with ADD-PATH, with all).
struct ExportView {
  std::string protocol;
  ProtocolKind kind = ProtocolKind::other;
  std::string verdict;  ///< "told", "filtered", "refused" (before the filter), "not sent" (behind it)
  std::string why;      ///< of "refused" and "not sent": "the peer itself brought it", ...
  std::optional<FilterVerdictView> filter;
  std::optional<RouteView> sent;  ///< to a BGP peer: attributes as the UPDATE has them
  bool operator==(const ExportView&) const = default;
};

/// A UPDATE's route that was not even tried: a loop, an impossible next hop.
struct RefusedView {
  std::string protocol;
  net::Prefix prefix;
  std::string why;  ///< "our AS 64512 is in its AS path 1 time, 0 are allowed"
  Instant at;
  bool operator==(const RefusedView&) const = default;
};

struct ExplainView {
  std::string table;
  std::optional<net::Prefix> prefix;      ///< that was found; nullopt: none in this table
  std::vector<CandidateView> candidates;  ///< the best first
  std::vector<RefusedView> refused;
  std::vector<ExportView> exports;
  bool operator==(const ExplainView&) const = default;
};

nlohmann::json to_json_value(const ExplainView& explain);
/// Errc::protocol for another shape.
Result<ExplainView> explain_from_json(const nlohmann::json& value);

}  // namespace catflap::observe
