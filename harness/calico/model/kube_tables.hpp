#pragma once

#include "calico/model/tables.hpp"

/// Kubernetes' structs that several kinds share. For the .cpp files that hold tables.
namespace catflap::calico::tables {

extern const TypeInfo kLabelSelector;     ///< metav1.LabelSelector
extern const TypeInfo kKubeIngressRules;  ///< []NetworkPolicyIngressRule
extern const TypeInfo kKubeEgressRules;   ///< []NetworkPolicyEgressRule
extern const TypeInfo kKubePolicyTypes;   ///< []PolicyType

/// What Kubernetes asks of label selectors: known operators, values where they belong.
void label_selector_rules(const Json& selector, Report& report);

}  // namespace catflap::calico::tables
