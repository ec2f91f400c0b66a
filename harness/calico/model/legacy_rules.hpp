#pragma once

#include "calico/model/field.hpp"

/// Parts of v1 that more than one kind has.
namespace catflap::calico::v1 {

extern const StructInfo kRuleStruct;
extern const StructInfo kEntityRuleStruct;
extern const StructInfo kIcmpStruct;
extern const StructInfo kEndpointPortStruct;
extern const TypeInfo kRules;
extern const TypeInfo kEndpointPorts;

/// As etcd v2 keeps them (libcalico-go's backend/model).
extern const StructInfo kStoredRuleStruct;
extern const StructInfo kStoredEndpointPortStruct;
extern const StructInfo kStoredWorkloadEndpointStruct;
extern const StructInfo kStoredHostEndpointStruct;

}  // namespace catflap::calico::v1
