#pragma once

#include <vector>

#include "bgp/speaker/core.hpp"
#include "bgp/speaker/query.hpp"
#include "observe/explain.hpp"

namespace catflap::bgp::internal {

/// Speaker::explain.
Result<std::vector<observe::ExplainView>> explain(const Core& core, const std::vector<Protocol*>& protocols,
                                                  const ExplainQuery& query);

}  // namespace catflap::bgp::internal
