#pragma once

#include <span>
#include <string_view>

#include "calico/model/field.hpp"
#include "calico/model/kind.hpp"

/// The v1 API, as of calicoctl 1.x: `apiVersion: v1`, kinds with a small first letter, identifiers in the
/// metadata. Its kinds are read and validated by tables like those of v3; what they say is stored as v3
/// (convert.hpp).
namespace catflap::calico {

/// bgpPeer, hostEndpoint, ipPool, node, policy, profile, workloadEndpoint.
std::span<const KindInfo* const> v1_kinds();

/// The kind of a document with `apiVersion: v1`; the case counts. nullptr if unknown.
const KindInfo* find_v1_kind(std::string_view api_version, std::string_view kind);

/// A part of v1, by Go's name: "api.Rule", "api.EntityRule", "model.Rule" (as etcd v2 keeps it), ...; nullptr
/// if unknown.
const StructInfo* find_v1_struct(std::string_view go_type);

}  // namespace catflap::calico
