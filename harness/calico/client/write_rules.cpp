#include "calico/client/write_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "calico/client/api_error.hpp"
#include "calico/client/pool_rules.hpp"
#include "calico/model/decode.hpp"
#include "calico/model/endpoint_name.hpp"

namespace catflap::calico {
namespace {

using nlohmann::json;

constexpr const char* kTierLabel = "projectcalico.org/tier";
constexpr std::string_view kDefaultTier = "default";
constexpr std::array<std::string_view, 3> kFixedTiers = {"default", "kube-admin", "kube-baseline"};

const KindInfo& calico_kind(std::string_view name) {
  return *find_kind("projectcalico.org/v3", name);
}

std::string tier_or_default(const Resource& policy) {
  const std::string tier = policy.text_at("/spec/tier");
  return tier.empty() ? std::string(kDefaultTier) : tier;
}

Status check_tier_exists(const Records& records, const Resource& policy) {
  const Result<Record> tier = records.get({&calico_kind("Tier"), "", tier_or_default(policy)});
  if (tier || tier.error().code != Errc::not_found) {
    return tier ? Status() : fail(tier.error());
  }
  // A store that nobody has initialised yet has no tiers at all: those that always exist are as good as
  // there.
  const std::string name = tier_or_default(policy);
  if (std::find(kFixedTiers.begin(), kFixedTiers.end(), name) != kFixedTiers.end()) {
    return {};
  }
  return fail(tier.error());
}

void label_with_tier(Resource& policy) {
  const std::string tier = tier_or_default(policy);
  json& metadata = policy.metadata();
  if (tier != kDefaultTier) {
    metadata["labels"][kTierLabel] = tier;
  } else if (const auto labels = metadata.find("labels"); labels != metadata.end() && labels->is_object()) {
    // What reading adds for the default tier is not stored.
    labels->erase(kTierLabel);
    if (labels->empty()) {
      metadata.erase(labels);
    }
  }
}

/// BGPFilters that a peer names.
Status check_filters_exist(const Records& records, const Resource& peer) {
  const json* filters = peer.find("/spec/filters");
  if (filters == nullptr || !filters->is_array()) {
    return {};
  }
  std::vector<std::string> missing;
  for (const json& filter : *filters) {
    const std::string name = filter.is_string() ? filter.get<std::string>() : filter.dump();
    const Result<Record> found = records.get({&calico_kind("BGPFilter"), "", name});
    if (!found && found.error().code != Errc::not_found) {
      return fail(found.error());
    }
    if (!found) {
      missing.push_back(name);
    }
  }
  if (missing.empty()) {
    return {};
  }
  return fail(invalid_field(
      {"BGPPeer.Spec.Filters", fmt::format("[{}]", fmt::join(missing, " ")), "BGPFilter(s) not found"}));
}

/// What only the configuration of the whole cluster may say. The rules of the kind know it too; these are the
/// words of Calico's client, which come first.
Status check_default_only(const Resource& configuration) {
  if (configuration.name() == "default") {
    return {};
  }
  struct Field {
    const char* pointer;
    const char* go_name;
    const char* shown;
  };
  static constexpr std::array<Field, 7> kFields{
      {{"/spec/nodeToNodeMeshEnabled", "NodeToNodeMeshEnabled", "nodeToNodeMeshEnabled"},
       {"/spec/asNumber", "ASNumber", "ASNumber"},
       {"/spec/serviceLoadBalancerIPs", "ServiceLoadBalancerIPs", "ServiceLoadBalancerIPs"},
       {"/spec/serviceExternalIPs", "ServiceExternalIPs", "ServiceExternalIPs"},
       {"/spec/serviceClusterIPs", "ServiceClusterIPs", "ServiceClusterIPs"},
       {"/spec/nodeMeshPassword", "NodeMeshPassword", "NodeMeshPassword"},
       {"/spec/nodeMeshMaxRestartTime", "NodeMeshMaxRestartTime", "NodeMeshMaxRestartTime"}}};
  std::vector<FieldError> errors;
  for (const Field& field : kFields) {
    const json* value = configuration.find(field.pointer);
    if (value == nullptr || value->is_null() || (value->is_array() && value->empty())) {
      continue;
    }
    errors.push_back({std::string("BGPConfiguration.Spec.") + field.go_name, std::nullopt,
                      fmt::format("Cannot set {} on a non default BGP Configuration.", field.shown)});
  }
  if (errors.empty()) {
    return {};
  }
  return fail(invalid_fields(errors));
}

Status prepare_endpoint(Resource& endpoint) {
  const Result<std::string> expected = workload_endpoint_name(endpoint);
  if (!expected) {
    return fail(expected.error());
  }
  const std::string name = endpoint.name();
  if (name.empty()) {
    endpoint.set_name(*expected);
  } else if (name != *expected) {
    return fail(invalid_field({"Name", name,
                               "the WorkloadEndpoint name does not match the primary identifiers assigned in "
                               "the Spec: expected name " +
                                   *expected}));
  }
  return {};
}

/// Labels that users cannot choose.
void force_endpoint_labels(Resource& endpoint) {
  json& labels = endpoint.metadata()["labels"];
  if (!labels.is_object()) {
    labels = json::object();
  }
  labels["projectcalico.org/namespace"] = endpoint.name_space();
  labels["projectcalico.org/orchestrator"] = endpoint.text_at("/spec/orchestrator");
}

Status check_ipam_configuration(const Resource& configuration) {
  if (configuration.name() != "default") {
    return fail(Errc::invalid,
                "Cannot create an IPAMConfiguration resource with a name other than \"default\"");
  }
  return {};
}

/// What comes before the rules of the kind.
Status prepare_kind(const Records& records, Resource& resource, const Resource* old) {
  const KindInfo& kind = resource.kind();
  if (is_calico(kind, "WorkloadEndpoint")) {
    return prepare_endpoint(resource);
  }
  if (is_calico(kind, "IPPool")) {
    return prepare_pool(records, resource, old);
  }
  if (is_calico(kind, "BGPConfiguration")) {
    return check_default_only(resource);
  }
  if (is_calico(kind, "IPAMConfiguration")) {
    return check_ipam_configuration(resource);
  }
  return {};
}

/// What create and update have in common.
Status prepare(const Records& records, Resource& resource, const Resource* old) {
  const KindInfo& kind = resource.kind();
  if (Status prepared = prepare_kind(records, resource, old); !prepared) {
    return prepared;
  }
  set_defaults(resource);
  if (Status valid = check_valid(resource); !valid) {
    return valid;
  }
  if (is_tiered(kind)) {
    label_with_tier(resource);
  } else if (is_calico(kind, "WorkloadEndpoint")) {
    force_endpoint_labels(resource);
  } else if (is_calico(kind, "BGPPeer")) {
    return check_filters_exist(records, resource);
  }
  return {};
}

Status check_tier_empty(const Records& records, const Resource& tier) {
  for (const KindInfo* kind : all_kinds()) {
    if (!is_tiered(*kind)) {
      continue;
    }
    const Result<RecordList> policies = records.list(*kind);
    if (!policies) {
      return fail(policies.error());
    }
    for (const Record& policy : policies->records) {
      if (tier_or_default(policy.resource) == tier.name()) {
        return fail(unsupported_operation("delete", tier.name(), "Cannot delete a non-empty tier"));
      }
    }
  }
  return {};
}

}  // namespace

Status prepare_create(const Records& records, Resource& resource) {
  const KindInfo& kind = resource.kind();
  if (is_calico(kind, "Profile") && resource.name() == kDefaultAllowProfile) {
    return fail(
        Errc::exists,
        fmt::format("resource already exists: {0} with error: {0} already exists. The profile \"{0}\" is "
                    "default provided by Calico",
                    kDefaultAllowProfile));
  }
  if (is_tiered(kind)) {
    if (Status tier = check_tier_exists(records, resource); !tier) {
      return tier;
    }
  }
  if (Status prepared = prepare(records, resource, nullptr); !prepared) {
    return prepared;
  }
  return is_calico(kind, "IPPool") ? check_block_size(records, resource) : Status();
}

Status prepare_update(const Records& records, Resource& resource, const Resource& old) {
  if (is_calico(resource.kind(), "Profile") && resource.name() == kDefaultAllowProfile) {
    return fail(unsupported_operation(
        "Update", kDefaultAllowProfile,
        fmt::format("The profile \"{}\" is a default provided by Calico and cannot be updated",
                    kDefaultAllowProfile)));
  }
  return prepare(records, resource, &old);
}

Status check_removable(const Records& records, const Resource& resource) {
  const std::string name = resource.name();
  if (is_calico(resource.kind(), "Profile") && name == kDefaultAllowProfile) {
    return fail(unsupported_operation(
        "Delete", name,
        fmt::format("The profile \"{}\" is a default provided by Calico and cannot be deleted", name)));
  }
  if (is_calico(resource.kind(), "Tier")) {
    if (std::find(kFixedTiers.begin(), kFixedTiers.end(), name) != kFixedTiers.end()) {
      return fail(unsupported_operation("Delete", name, fmt::format("Cannot delete {} tier", name)));
    }
    return check_tier_empty(records, resource);
  }
  return {};
}

}  // namespace catflap::calico
