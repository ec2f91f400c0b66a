#pragma once

#include <string>

#include "bgp/speaker/core.hpp"
#include "observe/snapshot.hpp"

namespace catflap::bgp::internal {

/// How a route looks from outside: `attrs` are those of `path`, or what a filter made of them.
observe::RouteView view_of(const Core& core, const std::string& table, const net::Prefix& prefix,
                           const rib::Path& path, const policy::RouteAttrs& attrs, bool best);

}  // namespace catflap::bgp::internal
