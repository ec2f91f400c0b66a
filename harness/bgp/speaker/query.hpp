#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bgp/policy/filter.hpp"
#include "intent/filter.hpp"
#include "intent/router.hpp"
#include "net/addr.hpp"

namespace catflap::bgp {

/// What `show route` asks for. Every condition that is set must hold.
struct RouteQuery {
  std::vector<std::string> tables;   ///< empty: the tables that the default of birdc covers (all with routes)
  std::optional<net::Prefix> exact;  ///< `show route P`
  std::optional<net::Prefix> longest_match_for;  ///< `show route for P`
  std::optional<net::Prefix> within;             ///< `show route in P`
  /// Only what comes behind this prefix: goes on with a walk whose visitor said at a new prefix that it wants
  /// no more. With exactly one table; nothing is missed or told twice of what stays there in between.
  std::optional<net::Prefix> after;
  std::string protocol;  ///< `protocol P`: routes that it brought
  /// Of the export to a protocol: what its filter takes (exported), what gets as far as the filter
  /// (preexport), what the filter refuses (noexport).
  enum class Export : std::uint8_t { none, exported, preexport, noexport } export_mode = Export::none;
  std::string export_protocol;                   ///< `export|preexport|noexport P`
  bool primary = false;                          ///< best routes only
  bool filtered = false;                         ///< those that the import filter rejected
  std::shared_ptr<const intent::Filter> filter;  ///< `where X`, `filter F`: what it accepts, as it leaves it

  /// Instead of a table what a channel had from its peer, before its import filter, or what it tells the
  /// peer: RFC 4271's Adj-RIB-In and Adj-RIB-Out, BIRD's `import table` and `export table`.
  enum class Adjacent : std::uint8_t { none, received, advertised } adjacent = Adjacent::none;
  std::string adjacent_protocol;
  net::Family adjacent_family = net::Family::ipv4;
  bool as_sent = false;  ///< advertised: with the attributes of the UPDATE, not those behind the filter
};

/// How far a walk in steps has come, and what it has counted: all routes of the networks it looked at,
/// whether they match or not.
struct RouteWalk {
  std::optional<net::Prefix> after;  ///< the last prefix that it looked at
  bool done = false;
  std::uint64_t routes = 0, networks = 0;
};

/// What the filter of channels does with the routes that these know now: routes as they came on import, those
/// that would go out on export.
struct FilterCount {
  bool exports = false;
  intent::FilterRef filter;
  std::vector<std::string> protocols;
  std::uint64_t accepted = 0, rejected = 0;
  std::uint64_t failed = 0;  ///< of the rejected: stopped by an error
  policy::FilterHits hits;
};

/// How far the counting has come. Asked with `protocol` set and the rest as it is.
struct FilterCountWalk {
  std::string protocol;  ///< "": of all protocols, without `all` and `none`; a filter that several share once
  bool done = false;
  std::vector<FilterCount> counts;

  std::size_t side = 0;  ///< which import or export is being counted
  std::optional<net::Prefix> after;
  std::shared_ptr<const intent::RouterIntent> intent;  ///< the configuration that it began with
};

/// The question of `explain`: why is this route the best, or none, and who is told of it?
struct ExplainQuery {
  net::Prefix prefix;
  bool exact = false;  ///< otherwise the longest prefix around it that is there
  std::string table;   ///< "": every table of the family
};

}  // namespace catflap::bgp
