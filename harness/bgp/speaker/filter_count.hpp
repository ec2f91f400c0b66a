#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "bgp/speaker/protocol.hpp"
#include "bgp/speaker/query.hpp"

namespace catflap::bgp::internal {

/// Speaker::count_filters.
Status count_filters(const Core& core, const std::vector<Protocol*>& protocols, FilterCountWalk& walk,
                     std::size_t prefixes_max);

}  // namespace catflap::bgp::internal
