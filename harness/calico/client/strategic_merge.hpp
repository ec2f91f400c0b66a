#pragma once

#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/result.hpp"

namespace catflap::calico {

/// Kubernetes' strategic merge patch, as `calicoctl patch` and `kubectl patch` apply it to Calico's types:
/// objects are merged, null removes, lists are replaced. Lists with a merge key are merged by it:
/// metadata.ownerReferences (uid), status.conditions (type); metadata.finalizers is a set. Directives:
/// "$patch" (replace, delete, merge),
/// "$retainKeys", "$deleteFromPrimitiveList/<list>"; "$setElementOrder/<list>" is read over. Errc::invalid.
/// Bounded: objects nested more than 100 deep are refused.
Result<nlohmann::json> strategic_merge(nlohmann::json original, const nlohmann::json& patch);
/// The same with the patch as JSON text.
Result<nlohmann::json> strategic_merge(nlohmann::json original, std::string_view patch);

}  // namespace catflap::calico
