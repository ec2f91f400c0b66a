#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "intent/filter.hpp"
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
  enum class Export : std::uint8_t { none, exported, preexport, noexport } export_mode = Export::none;
  std::string export_protocol;                   ///< `export|preexport|noexport P`
  bool primary = false;                          ///< best routes only
  bool filtered = false;                         ///< those that the import filter rejected
  std::shared_ptr<const intent::Filter> filter;  ///< `where X`, `filter F`: what it accepts, as it leaves it
};

}  // namespace catflap::bgp
