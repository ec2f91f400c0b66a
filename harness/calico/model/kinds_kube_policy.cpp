#include <array>

#include <nlohmann/json.hpp>

#include "calico/model/kube_tables.hpp"
#include "calico/model/report.hpp"
#include "calico/model/resource.hpp"
#include "calico/model/types.hpp"

/// Kubernetes' NetworkPolicy in its two versions, and Calico's StagedKubernetesNetworkPolicy.
namespace catflap::calico::tables {

namespace {

// --- LabelSelector
// ---------------------------------------------------------------------------------------------

constexpr FieldInfo kRequirementFields[] = {
    {.name = "key", .type = &kText, .always = true},
    {.name = "operator", .type = &kText, .always = true},
    {.name = "values", .type = &kTextList},
};
constexpr StructInfo kRequirement{"LabelSelectorRequirement", kRequirementFields};
constexpr TypeInfo kRequirementType = object_of(kRequirement);
constexpr TypeInfo kRequirements = list_of(kRequirementType);
constexpr FieldInfo kLabelSelectorFields[] = {
    {.name = "matchLabels", .type = &kTextMap},
    {.name = "matchExpressions", .type = &kRequirements},
};
constexpr StructInfo kLabelSelectorStruct{"LabelSelector", kLabelSelectorFields, label_selector_rules};

}  // namespace

void label_selector_rules(const Json& selector, Report& report) {
  const Json& expressions = get_list(selector, "matchExpressions");
  for (std::size_t i = 0; i < expressions.size(); ++i) {
    const std::string member = "matchExpressions/" + std::to_string(i);
    const std::string& key = get_text(expressions[i], "key");
    const std::string& op = get_text(expressions[i], "operator");
    const bool values = !get_list(expressions[i], "values").empty();
    if (const std::string error = qualified_name_error(key); !error.empty()) {
      report.go(member + "/key", "Key", Json(key), error);
    }
    if (op == "In" || op == "NotIn") {
      if (!values) {
        report.go(member, "Values", Json(""), "must be specified when `operator` is 'In' or 'NotIn'");
      }
    } else if (op == "Exists" || op == "DoesNotExist") {
      if (values) {
        report.go(member + "/values", "Values", get(expressions[i], "values"),
                  "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
      }
    } else {
      report.go(member + "/operator", "Operator", Json(op), "not a valid selector operator");
    }
  }
}

const TypeInfo kLabelSelector = object_of(kLabelSelectorStruct);

// --- rules
// -----------------------------------------------------------------------------------------------------

namespace {

constexpr FieldInfo kIpBlockFields[] = {
    {.name = "cidr", .go_name = "CIDR", .type = &kText, .always = true},
    {.name = "except", .type = &kTextList},
};
constexpr StructInfo kIpBlock{"IPBlock", kIpBlockFields};
constexpr TypeInfo kIpBlockType = object_of(kIpBlock);
constexpr FieldInfo kPeerFields[] = {
    {.name = "podSelector", .type = &kLabelSelector, .pointer = true},
    {.name = "namespaceSelector", .type = &kLabelSelector, .pointer = true},
    {.name = "ipBlock", .go_name = "IPBlock", .type = &kIpBlockType, .pointer = true},
};
constexpr StructInfo kPeer{"NetworkPolicyPeer", kPeerFields};
constexpr TypeInfo kPeerType = object_of(kPeer);
constexpr TypeInfo kPeers = list_of(kPeerType);
constexpr FieldInfo kPolicyPortFields[] = {
    {.name = "protocol", .type = &kText, .pointer = true, .default_value = "\"TCP\""},
    {.name = "port", .type = &kIntOrText, .pointer = true},
    {.name = "endPort", .type = &kInt32, .pointer = true},
};
constexpr StructInfo kPolicyPort{"NetworkPolicyPort", kPolicyPortFields};
constexpr TypeInfo kPolicyPortType = object_of(kPolicyPort);
constexpr TypeInfo kPolicyPorts = list_of(kPolicyPortType);
constexpr FieldInfo kIngressFields[] = {
    {.name = "ports", .type = &kPolicyPorts},
    {.name = "from", .type = &kPeers},
};
constexpr FieldInfo kEgressFields[] = {
    {.name = "ports", .type = &kPolicyPorts},
    {.name = "to", .type = &kPeers},
};
constexpr StructInfo kIngress{"NetworkPolicyIngressRule", kIngressFields};
constexpr StructInfo kEgress{"NetworkPolicyEgressRule", kEgressFields};
constexpr TypeInfo kIngressType = object_of(kIngress);
constexpr TypeInfo kEgressType = object_of(kEgress);
constexpr std::array<std::string_view, 2> kTypes = {"Ingress", "Egress"};
constexpr Schema kTypeWord = one_of(kTypes);
constexpr TypeInfo kTypeText{.shape = Shape::text, .schema = &kTypeWord};

}  // namespace

const TypeInfo kKubeIngressRules = list_of(kIngressType);
const TypeInfo kKubeEgressRules = list_of(kEgressType);
const TypeInfo kKubePolicyTypes = list_of(kTypeText);

// --- NetworkPolicy
// ---------------------------------------------------------------------------------------------

namespace {

constexpr FieldInfo kPolicySpecFields[] = {
    {.name = "podSelector", .type = &kLabelSelector, .always = true},
    {.name = "ingress", .type = &kKubeIngressRules},
    {.name = "egress", .type = &kKubeEgressRules},
    {.name = "policyTypes", .type = &kKubePolicyTypes},
};
constexpr StructInfo kPolicySpec{"NetworkPolicySpec", kPolicySpecFields};
constexpr TypeInfo kPolicySpecType = object_of(kPolicySpec);
constexpr auto kPolicyFields = document_of(kPolicySpecType, kPlainMetadata);
constexpr StructInfo kPolicyDocument{"NetworkPolicy", kPolicyFields};
constexpr std::string_view kPolicyNames[] = {"networkpolicy", "networkpolicies", "netpol"};
const Column kPolicyColumnsKube[] = {{"NAME", name_cell}};

// --- StagedKubernetesNetworkPolicy
// -----------------------------------------------------------------------------

constexpr std::array<std::string_view, 4> kStagedActions = {"Set", "Delete", "Learn", "Ignore"};
constexpr Schema kStagedAction = one_of(kStagedActions);
constexpr Schema kStagedTypes{.min_items = 1, .max_items = 2, .unique = true};
constexpr FieldInfo kStagedSpecFields[] = {
    {.name = "stagedAction", .type = &kText, .schema = &kStagedAction, .default_value = "\"Set\""},
    {.name = "podSelector", .type = &kLabelSelector, .always = true},
    {.name = "ingress", .type = &kKubeIngressRules},
    {.name = "egress", .type = &kKubeEgressRules},
    {.name = "policyTypes", .type = &kKubePolicyTypes, .schema = &kStagedTypes},
};

void staged_spec_rules(const Json& spec, Report& report) {
  if (get_text(spec, "stagedAction") != "Delete") {
    return;
  }
  for (auto field = spec.begin(); field != spec.end(); ++field) {
    if (field.key() != "stagedAction" && !field.value().empty()) {
      report.go("", "StagedKubernetesNetworkPolicySpec", spec,
                "Spec fields should all be zero-value if stagedAction is Delete");
      return;
    }
  }
}

constexpr StructInfo kStagedSpec{"StagedKubernetesNetworkPolicySpec", kStagedSpecFields, staged_spec_rules};
constexpr TypeInfo kStagedSpecType = object_of(kStagedSpec);
constexpr auto kStagedFields = document_of(kStagedSpecType);
constexpr StructInfo kStagedDocument{"StagedKubernetesNetworkPolicy", kStagedFields};
constexpr std::string_view kStagedNames[] = {"stagedkubernetesnetworkpolicy",
                                             "stagedkubernetesnetworkpolicies",
                                             "stagedkubernetespolicy",
                                             "sknp",
                                             "stagedkubernetespolicies",
                                             "skpol",
                                             "skpols"};
constexpr std::string_view kStagedKubeNames[] = {"sknp"};
const Column kStagedColumns[] = {
    {"NAME", name_cell},
    {"PODSELECTOR", [](const Resource& r, const CellContext&) { return value_cell(r, "/spec/podSelector"); }},
};
constexpr std::string_view kStagedWide[] = {"NAME", "PODSELECTOR"};

}  // namespace

const KindInfo kKubeNetworkPolicy{.kind = "NetworkPolicy",
                                  .api_version = "networking.k8s.io/v1",
                                  .plural = "networkpolicies",
                                  .group = ApiGroup::kubernetes,
                                  .names = kPolicyNames,
                                  .namespaced = true,
                                  .object = &kPolicyDocument,
                                  .columns = kPolicyColumnsKube,
                                  .headings = kNameHeading,
                                  .wide_headings = kNameHeading};

const KindInfo kKubeNetworkPolicyBeta{.kind = "NetworkPolicy",
                                      .api_version = "extensions/v1beta1",
                                      .plural = "networkpolicies",
                                      .group = ApiGroup::kubernetes,
                                      .namespaced = true,
                                      .object = &kPolicyDocument,
                                      .columns = kPolicyColumnsKube,
                                      .headings = kNameHeading,
                                      .wide_headings = kNameHeading};

const KindInfo kStagedKubernetesNetworkPolicy{.kind = "StagedKubernetesNetworkPolicy",
                                              .api_version = kV3,
                                              .plural = "stagedkubernetesnetworkpolicies",
                                              .names = kStagedNames,
                                              .kube_names = kStagedKubeNames,
                                              .namespaced = true,
                                              .object = &kStagedDocument,
                                              .columns = kStagedColumns,
                                              .headings = kNameHeading,
                                              .wide_headings = kStagedWide};

}  // namespace catflap::calico::tables
