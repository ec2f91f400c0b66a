#include "calico/model/kind.hpp"

#include <algorithm>
#include <array>

#include "calico/model/tables.hpp"

namespace catflap::calico {

namespace {

using namespace tables;  // the kinds

constexpr std::array<const KindInfo*, 33> kKinds = {
    &kBgpConfiguration,
    &kBgpFilter,
    &kBgpPeer,
    &kBlockAffinity,
    &kCalicoNodeStatus,
    &kClusterInformation,
    &kFelixConfiguration,
    &kGlobalNetworkPolicy,
    &kGlobalNetworkSet,
    &kHostEndpoint,
    &kIpamBlock,
    &kIpamConfiguration,
    &kIpamHandle,
    &kIpPool,
    &kIpReservation,
    &kKubeControllersConfiguration,
    &kNetworkPolicy,
    &kNetworkSet,
    &kNode,
    &kProfile,
    &kStagedGlobalNetworkPolicy,
    &kStagedKubernetesNetworkPolicy,
    &kStagedNetworkPolicy,
    &kTier,
    &kWorkloadEndpoint,
    // Kubernetes
    &kKubeEndpointSlice,
    &kKubeNamespace,
    &kKubeNetworkPolicy,
    &kKubeNetworkPolicyBeta,
    &kKubeNode,
    &kKubePod,
    &kKubeSecret,
    &kKubeService,
};

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

bool contains(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

const KindInfo* find_in_group(ApiGroup group, std::string_view name) {
  const auto found = std::find_if(kKinds.begin(), kKinds.end(), [&](const KindInfo* kind) {
    return kind->group == group && kind->in_calicoctl && contains(kind->names, name);
  });
  return found == kKinds.end() ? nullptr : *found;
}

}  // namespace

const Column* KindInfo::column(std::string_view heading) const {
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const Column& column) { return column.heading == heading; });
  return found == columns.end() ? nullptr : &*found;
}

std::span<const KindInfo* const> all_kinds() {
  return kKinds;
}

const KindInfo* find_kind(std::string_view name) {
  return find_in_group(ApiGroup::calico_v3, lower(name));
}

const KindInfo* find_kube_kind(std::string_view name) {
  const std::string wanted = lower(name);
  if (const KindInfo* kube = find_in_group(ApiGroup::kubernetes, wanted)) {
    return kube;
  }
  const auto found = std::find_if(kKinds.begin(), kKinds.end(), [&](const KindInfo* kind) {
    return kind->group == ApiGroup::calico_v3 &&
           (wanted == kind->plural || wanted == lower(kind->kind) || contains(kind->kube_names, wanted));
  });
  return found == kKinds.end() ? find_kind(name) : *found;
}

const KindInfo* find_kind(std::string_view api_version, std::string_view kind) {
  const auto found = std::find_if(kKinds.begin(), kKinds.end(), [&](const KindInfo* one) {
    return one->kind == kind && one->api_version == api_version;
  });
  return found == kKinds.end() ? nullptr : *found;
}

namespace {

const StructInfo* find_in(const StructInfo& info, std::string_view name, int depth);

const StructInfo* find_in(const TypeInfo& type, std::string_view name, int depth) {
  if (type.items != nullptr && type.items != &type) {
    return find_in(*type.items, name, depth);
  }
  return type.object != nullptr ? find_in(*type.object, name, depth) : nullptr;
}

const StructInfo* find_in(const StructInfo& info, std::string_view name, int depth) {
  constexpr int kDepthMax = 16;
  if (info.name == name) {
    return &info;
  }
  for (const FieldInfo& field : info.fields) {
    const StructInfo* found = depth < kDepthMax ? find_in(*field.type, name, depth + 1) : nullptr;
    if (found != nullptr) {
      return found;
    }
  }
  return nullptr;
}

}  // namespace

const StructInfo* find_struct(std::string_view go_name) {
  for (const KindInfo* kind : kKinds) {
    const StructInfo* found =
        kind->group == ApiGroup::calico_v3 ? find_in(*kind->object, go_name, 0) : nullptr;
    if (found != nullptr) {
      return found;
    }
  }
  return nullptr;
}

std::string unknown_kind_text(std::string_view name) {
  return "resource type '" + std::string(name) + "' is not supported";
}

}  // namespace catflap::calico
