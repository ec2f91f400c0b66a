#pragma once

#include "intent/filter.hpp"

/// What the verdict and the edit of a filter depend on besides the attributes of the route. An exporter that
/// finds none of it may run the filter once for each set of attributes instead of once for each route.
namespace catflap::bgp::policy {

struct FilterInputs {
  bool prefix = false;      ///< the network: `net`, `roa_check(table)`
  bool protocol = false;    ///< who brought the route: `proto`
  bool forwarding = false;  ///< the resolver's answer or the interfaces: `gw`, `ifname`, `dest`, setting them
  bool prints = false;      ///< `print` and the like: each run is seen
  bool roas = false;        ///< ROA tables

  /// True if two routes of equal attributes always get the same verdict and the same edit. ROA tables, which
  /// change with the configuration only, are not counted.
  bool attributes_only() const { return !prefix && !protocol && !forwarding && !prints; }
};

/// Walks the filter and all functions that it can reach: linear in its text, so ask once for each
/// configuration.
FilterInputs inputs_of(const intent::Filter& filter);
/// `all` and `none` depend on nothing.
FilterInputs inputs_of(const intent::FilterRef& filter);

}  // namespace catflap::bgp::policy
