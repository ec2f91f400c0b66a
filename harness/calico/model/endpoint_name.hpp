#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/result.hpp"
#include "calico/model/resource.hpp"

namespace catflap::calico {

/// The name that a WorkloadEndpoint must have: <node>-<orchestrator>-<x>-<endpoint>, each part with "-"
/// doubled; x is the pod for k8s, the containerID for cni, the word libnetwork for libnetwork, else the
/// workload. Errc::invalid where a part is missing, or begins or ends with "-".
Result<std::string> workload_endpoint_name(const Resource& endpoint);
/// The same of its spec.
Result<std::string> workload_endpoint_name(const nlohmann::json& spec);

}  // namespace catflap::calico
