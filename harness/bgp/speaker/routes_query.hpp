#pragma once

#include <functional>

#include "bgp/speaker/core.hpp"
#include "bgp/speaker/query.hpp"
#include "observe/snapshot.hpp"

namespace catflap::bgp::internal {

/// Speaker::routes.
Status query_routes(const Core& core, const std::vector<Protocol*>& protocols, const RouteQuery& query,
                    const std::function<bool(const observe::RouteView&)>& visit);

}  // namespace catflap::bgp::internal
