#pragma once

#include "base/result.hpp"
#include "calico/model/resource.hpp"

namespace catflap::calico {

/// A networking.k8s.io NetworkPolicy as Calico's NetworkPolicy of the same name: order 1000, one rule for
/// each peer and protocol, neighbouring ports joined. Errc::invalid for ports and CIDRs that are none.
Result<Resource> convert_kubernetes_policy(const Resource& policy);

/// A Kubernetes label selector as a Calico selector: of pods (only those of Kubernetes are meant) or of
/// namespaces ("all()" if it is empty). Null and absent selectors are Json().
std::string kubernetes_pod_selector(const nlohmann::json& selector);
std::string kubernetes_namespace_selector(const nlohmann::json& selector);

}  // namespace catflap::calico
