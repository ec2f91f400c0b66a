#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/result.hpp"

namespace catflap::calico {

/// The name that a WorkloadEndpoint with this spec has: "<node>-<orchestrator>-<x>-<endpoint>", each part
/// with
/// '-' doubled; x is the pod for k8s, the container for cni, "libnetwork" for libnetwork, else the workload.
/// Errc::invalid with Calico's text where a part is missing, or begins or ends with '-'.
Result<std::string> workload_endpoint_name(const nlohmann::json& spec);

}  // namespace catflap::calico
