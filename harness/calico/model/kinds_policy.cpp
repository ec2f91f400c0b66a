#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "calico/model/policy_rules.hpp"
#include "calico/model/resource.hpp"

/// NetworkPolicy, GlobalNetworkPolicy, their staged forms, and Tier.
namespace catflap::calico::tables {

namespace {

// Fields of specs, in Go's order.
constexpr FieldInfo kStagedAction{.name = "stagedAction", .type = &kText, .default_value = "\"Set\""};
constexpr FieldInfo kTierField{
    .name = "tier", .type = &kText, .tag = &tag::kName, .write_default = "\"default\"", .doc = "must exist"};
constexpr FieldInfo kOrder{.name = "order",
                           .type = &kNumber,
                           .pointer = true,
                           .doc = "lower ones come first; absent: after all others"};
constexpr FieldInfo kIngress{.name = "ingress", .type = &kRules, .schema = &kRuleCount};
constexpr FieldInfo kEgress{.name = "egress", .type = &kRules, .schema = &kRuleCount};
constexpr FieldInfo kSelector{.name = "selector",
                              .type = &kText,
                              .tag = &tag::kSelector,
                              .schema = &kUpTo1024,
                              .doc = "the endpoints that the policy is for; absent: all()"};
constexpr FieldInfo kTypes{.name = "types", .type = &kPolicyTypes, .schema = &kTypeCount};
constexpr FieldInfo kServiceAccountSelector{
    .name = "serviceAccountSelector", .type = &kText, .tag = &tag::kSelector, .schema = &kUpTo1024};
constexpr FieldInfo kNamespaceSelector{
    .name = "namespaceSelector", .type = &kText, .tag = &tag::kSelector, .schema = &kUpTo1024};
constexpr FieldInfo kDoNotTrack{.name = "doNotTrack", .type = &kBool};
constexpr FieldInfo kPreDnat{.name = "preDNAT", .type = &kBool};
constexpr FieldInfo kApplyOnForward{.name = "applyOnForward", .type = &kBool};
constexpr FieldInfo kHints{.name = "performanceHints", .type = &kPerformanceHints};

constexpr std::array<std::string_view, 4> kStagedActions = {"Set", "Delete", "Learn", "Ignore"};
constexpr Schema kStagedActionWords = one_of(kStagedActions);

constexpr FieldInfo staged_action() {
  FieldInfo field = kStagedAction;
  field.schema = &kStagedActionWords;
  return field;
}

constexpr FieldInfo kPolicyStatusFields[] = {{.name = "conditions", .type = &kConditions}};
constexpr StructInfo kPolicyStatus{"PolicyStatus", kPolicyStatusFields};
constexpr TypeInfo kPolicyStatusType = object_of(kPolicyStatus);

// --- NetworkPolicy
// ---------------------------------------------------------------------------------------------

constexpr FieldInfo kNetworkPolicySpecFields[] = {
    kTierField, kOrder, kIngress, kEgress, kSelector, kTypes, kServiceAccountSelector, kHints};
constexpr StructInfo kNetworkPolicySpec{
    "NetworkPolicySpec", kNetworkPolicySpecFields,
    [](const Json& spec, Report& report) { network_policy_spec_rules(spec, "NetworkPolicySpec", report); },
    network_policy_spec_crd};
constexpr TypeInfo kNetworkPolicySpecType = object_of(kNetworkPolicySpec);
constexpr auto kNetworkPolicyFields =
    with(document_of(kNetworkPolicySpecType, kPolicyMetadata), optional_status_of(kPolicyStatusType));
constexpr StructInfo kNetworkPolicyDocument{"NetworkPolicy", kNetworkPolicyFields};
constexpr std::string_view kNetworkPolicyNames[] = {
    "networkpolicy", "networkpolicies", "policy", "np", "policies", "pol", "pols"};
constexpr std::string_view kNetworkPolicyKubeNames[] = {"cnp", "caliconetworkpolicy"};

// --- GlobalNetworkPolicy
// ---------------------------------------------------------------------------------------

constexpr FieldInfo kGlobalPolicySpecFields[] = {kTierField,         kOrder,
                                                 kIngress,           kEgress,
                                                 kSelector,          kTypes,
                                                 kDoNotTrack,        kPreDnat,
                                                 kApplyOnForward,    kServiceAccountSelector,
                                                 kNamespaceSelector, kHints};
constexpr StructInfo kGlobalPolicySpec{"GlobalNetworkPolicySpec", kGlobalPolicySpecFields,
                                       [](const Json& spec, Report& report) {
                                         global_policy_spec_rules(spec, "GlobalNetworkPolicySpec", report);
                                       },
                                       global_policy_spec_crd};
constexpr TypeInfo kGlobalPolicySpecType = object_of(kGlobalPolicySpec);
constexpr auto kGlobalPolicyFields =
    with(document_of(kGlobalPolicySpecType, kGlobalPolicyMetadata), optional_status_of(kPolicyStatusType));
constexpr StructInfo kGlobalPolicyDocument{"GlobalNetworkPolicy", kGlobalPolicyFields};
constexpr std::string_view kGlobalPolicyNames[] = {"globalnetworkpolicy", "globalnetworkpolicies", "gnp",
                                                   "gnps"};
constexpr std::string_view kGlobalPolicyKubeNames[] = {"gnp", "cgnp"};

// --- staged
// ----------------------------------------------------------------------------------------------------

/// True if nothing but the action and the tier is said.
bool is_bare(const Json& spec) {
  for (auto field = spec.begin(); field != spec.end(); ++field) {
    if (field.key() != "stagedAction" && field.key() != "tier") {
      return false;
    }
  }
  return true;
}

void staged_policy_spec_rules(const Json& spec, Report& report) {
  if (get_text(spec, "stagedAction") != "Delete") {
    network_policy_spec_rules(spec, "NetworkPolicySpec", report);
  } else if (!is_bare(spec)) {
    report.go("", "StagedNetworkPolicySpec", spec,
              "Spec fields, except Tier, should all be zero-value if stagedAction is Delete");
  }
}

void staged_global_policy_spec_rules(const Json& spec, Report& report) {
  if (get_text(spec, "stagedAction") != "Delete") {
    global_policy_spec_rules(spec, "GlobalNetworkPolicySpec", report);
  } else if (!is_bare(spec)) {
    report.go("", "StagedGlobalNetworkPolicySpec", spec,
              "Spec fields, except Tier, should all be zero-value if stagedAction is Delete");
  }
}

void staged_defaults(Json& document) {
  if (get_text(document["spec"], "stagedAction") != "Delete") {
    policy_defaults(document);
  }
}

constexpr FieldInfo kStagedPolicySpecFields[] = {staged_action(), kTierField, kOrder, kIngress,
                                                 kEgress,         kSelector,  kTypes, kServiceAccountSelector,
                                                 kHints};
constexpr StructInfo kStagedPolicySpec{"StagedNetworkPolicySpec", kStagedPolicySpecFields,
                                       staged_policy_spec_rules, network_policy_spec_crd};
constexpr TypeInfo kStagedPolicySpecType = object_of(kStagedPolicySpec);
constexpr auto kStagedPolicyFields =
    with(document_of(kStagedPolicySpecType, kPolicyMetadata), optional_status_of(kPolicyStatusType));
constexpr StructInfo kStagedPolicyDocument{"StagedNetworkPolicy", kStagedPolicyFields};
constexpr std::string_view kStagedPolicyNames[] = {"stagednetworkpolicy",
                                                   "stagednetworkpolicies",
                                                   "stagedpolicy",
                                                   "snp",
                                                   "snps",
                                                   "stagedpolicies",
                                                   "spol",
                                                   "spols"};
constexpr std::string_view kStagedPolicyKubeNames[] = {"scnp", "snp"};

constexpr FieldInfo kStagedGlobalSpecFields[] = {staged_action(),
                                                 kTierField,
                                                 kOrder,
                                                 kIngress,
                                                 kEgress,
                                                 kSelector,
                                                 kTypes,
                                                 kDoNotTrack,
                                                 kPreDnat,
                                                 kApplyOnForward,
                                                 kServiceAccountSelector,
                                                 kNamespaceSelector,
                                                 kHints};
constexpr StructInfo kStagedGlobalSpec{"StagedGlobalNetworkPolicySpec", kStagedGlobalSpecFields,
                                       staged_global_policy_spec_rules, global_policy_spec_crd};
constexpr TypeInfo kStagedGlobalSpecType = object_of(kStagedGlobalSpec);
constexpr auto kStagedGlobalFields =
    with(document_of(kStagedGlobalSpecType, kGlobalPolicyMetadata), optional_status_of(kPolicyStatusType));
constexpr StructInfo kStagedGlobalDocument{"StagedGlobalNetworkPolicy", kStagedGlobalFields};
constexpr std::string_view kStagedGlobalNames[] = {"stagedglobalnetworkpolicy", "stagedglobalnetworkpolicies",
                                                   "sgnp", "sgnps"};
constexpr std::string_view kStagedGlobalKubeNames[] = {"sgnp"};

// --- Tier
// ------------------------------------------------------------------------------------------------------

constexpr std::array<std::string_view, 2> kTierActions = {"Pass", "Deny"};
constexpr Schema kTierAction = one_of(kTierActions);
constexpr FieldInfo kTierSpecFields[] = {
    {.name = "order", .type = &kNumber, .pointer = true, .default_value = "1000000"},
    {.name = "defaultAction",
     .type = &kText,
     .schema = &kTierAction,
     .pointer = true,
     .write_default = "\"Deny\"",
     .doc = "of packets that policies of the tier are for and none decides"},
};
constexpr FieldInfo kTierStatusFields[] = {{.name = "conditions", .type = &kConditions}};
constexpr StructInfo kTierSpec{"TierSpec", kTierSpecFields};
constexpr StructInfo kTierStatus{"TierStatus", kTierStatusFields};
constexpr TypeInfo kTierSpecType = object_of(kTierSpec);
constexpr TypeInfo kTierStatusType = object_of(kTierStatus);
constexpr auto kTierFields =
    with(document_of(kTierSpecType, kTierMetadata), optional_status_of(kTierStatusType));

struct BuiltinTier {
  std::string_view name;
  std::string_view action;
  double order;
  std::string_view order_message;
};
constexpr std::array<BuiltinTier, 3> kBuiltinTiers = {
    {{"kube-admin", "Pass", 1000, "kube-admin tier order must be 1000"},
     {"kube-baseline", "Pass", 10000000, "kube-baseline tier order must be 10000000"},
     {"default", "Deny", 1000000, "default tier order must be 1000000"}}};

void tier_crd(const Json& tier, Report& report) {
  const std::string& name = get_text(get(tier, "metadata"), "name");
  const Json& spec = get(tier, "spec");
  for (const BuiltinTier& builtin : kBuiltinTiers) {
    if (name != builtin.name) {
      continue;
    }
    if (get_text(spec, "defaultAction") != builtin.action) {
      report.crd("spec/defaultAction", get(spec, "defaultAction"),
                 "The '" + name + "' tier must have default action '" + std::string(builtin.action) + "'");
    }
    if (!has(spec, "order") || get_number(spec, "order") != builtin.order) {
      report.crd("spec/order", get(spec, "order"), builtin.order_message);
    }
  }
}

constexpr StructInfo kTierDocument{"Tier", kTierFields, nullptr, tier_crd};
constexpr std::string_view kTierNames[] = {"tier", "tiers"};
const Column kTierColumns[] = {{"NAME", name_cell}, {"ORDER", order_cell}};
constexpr std::string_view kTierHeadings[] = {"NAME", "ORDER"};

}  // namespace

const KindInfo kNetworkPolicy{.kind = "NetworkPolicy",
                              .api_version = kV3,
                              .plural = "networkpolicies",
                              .names = kNetworkPolicyNames,
                              .kube_names = kNetworkPolicyKubeNames,
                              .namespaced = true,
                              .object = &kNetworkPolicyDocument,
                              .defaults = policy_defaults,
                              .columns = kPolicyColumns,
                              .headings = kPolicyHeadings,
                              .wide_headings = kPolicyWide};

const KindInfo kGlobalNetworkPolicy{.kind = "GlobalNetworkPolicy",
                                    .api_version = kV3,
                                    .plural = "globalnetworkpolicies",
                                    .names = kGlobalPolicyNames,
                                    .kube_names = kGlobalPolicyKubeNames,
                                    .object = &kGlobalPolicyDocument,
                                    .defaults = policy_defaults,
                                    .columns = kPolicyColumns,
                                    .headings = kPolicyHeadings,
                                    .wide_headings = kPolicyWide};

const KindInfo kStagedNetworkPolicy{.kind = "StagedNetworkPolicy",
                                    .api_version = kV3,
                                    .plural = "stagednetworkpolicies",
                                    .names = kStagedPolicyNames,
                                    .kube_names = kStagedPolicyKubeNames,
                                    .namespaced = true,
                                    .object = &kStagedPolicyDocument,
                                    .defaults = staged_defaults,
                                    .columns = kPolicyColumns,
                                    .headings = kPolicyHeadings,
                                    .wide_headings = kPolicyWide};

const KindInfo kStagedGlobalNetworkPolicy{.kind = "StagedGlobalNetworkPolicy",
                                          .api_version = kV3,
                                          .plural = "stagedglobalnetworkpolicies",
                                          .names = kStagedGlobalNames,
                                          .kube_names = kStagedGlobalKubeNames,
                                          .object = &kStagedGlobalDocument,
                                          .defaults = staged_defaults,
                                          .columns = kPolicyColumns,
                                          .headings = kPolicyHeadings,
                                          .wide_headings = kPolicyWide};

const KindInfo kTier{.kind = "Tier",
                     .api_version = kV3,
                     .plural = "tiers",
                     .names = kTierNames,
                     .object = &kTierDocument,
                     .columns = kTierColumns,
                     .headings = kTierHeadings,
                     .wide_headings = kTierHeadings};

}  // namespace catflap::calico::tables
