#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "bgp/speaker/core.hpp"
#include "bgp/speaker/query.hpp"
#include "observe/snapshot.hpp"

namespace catflap::bgp::internal {

using RouteVisitor = std::function<bool(const observe::RouteView&)>;

/// Speaker::routes.
Status query_routes(const Core& core, const std::vector<Protocol*>& protocols, const RouteQuery& query,
                    const RouteVisitor& visit);
/// Speaker::routes in steps.
Status query_routes(const Core& core, const std::vector<Protocol*>& protocols, const RouteQuery& query,
                    RouteWalk& walk, std::size_t prefixes_max, const RouteVisitor& visit);

}  // namespace catflap::bgp::internal
