#include <nlohmann/json.hpp>

#include "calico/model/report.hpp"
#include "calico/model/resource.hpp"
#include "calico/model/tables.hpp"

/// NetworkSet, GlobalNetworkSet, Profile and ClusterInformation.
namespace catflap::calico::tables {

namespace {

// --- sets
// ------------------------------------------------------------------------------------------------------

constexpr TypeInfo kCidrText{.shape = Shape::text, .tag = &tag::kCidr};
constexpr TypeInfo kCidrList = list_of(kCidrText);
constexpr FieldInfo kSetSpecFields[] = {
    {.name = "nets", .type = &kCidrList, .schema = &kUnique, .doc = "networks and addresses"},
};
constexpr StructInfo kNetworkSetSpec{"NetworkSetSpec", kSetSpecFields};
constexpr StructInfo kGlobalNetworkSetSpec{"GlobalNetworkSetSpec", kSetSpecFields};
constexpr TypeInfo kNetworkSetSpecType = object_of(kNetworkSetSpec);
constexpr TypeInfo kGlobalNetworkSetSpecType = object_of(kGlobalNetworkSetSpec);
constexpr auto kNetworkSetFields = document_of(kNetworkSetSpecType);
constexpr auto kGlobalNetworkSetFields = document_of(kGlobalNetworkSetSpecType);

void set_rules(const Json& document, Report& report) {
  constexpr std::string_view kReserved = "projectcalico.org/namespace";
  if (has(get(get(document, "metadata"), "labels"), kReserved)) {
    report.go("metadata/labels", "Metadata.Labels (label)", Json(kReserved),
              "projectcalico.org/namespace is not a valid label name");
  }
}

constexpr StructInfo kNetworkSetDocument{"NetworkSet", kNetworkSetFields, set_rules};
constexpr StructInfo kGlobalNetworkSetDocument{"GlobalNetworkSet", kGlobalNetworkSetFields, set_rules};
constexpr std::string_view kNetworkSetNames[] = {"networkset", "networksets", "netsets"};
constexpr std::string_view kGlobalNetworkSetNames[] = {"globalnetworkset", "globalnetworksets", "gnetsets"};
constexpr std::string_view kGlobalNetworkSetKubeNames[] = {"gns"};
const Column kSetColumns[] = {
    {"NAME", name_cell},
    {"NETS", [](const Resource& r, const CellContext&) { return list_cell(r, "/spec/nets"); }},
};
constexpr std::string_view kSetWide[] = {"NAME", "NETS"};

// --- Profile
// ---------------------------------------------------------------------------------------------------

constexpr FieldInfo kProfileSpecFields[] = {
    {.name = "ingress", .type = &kRules},
    {.name = "egress", .type = &kRules},
    {.name = "labelsToApply", .type = &kTextMap, .tag = &tag::kLabels},
};
constexpr StructInfo kProfileSpec{"ProfileSpec", kProfileSpecFields};
constexpr TypeInfo kProfileSpecType = object_of(kProfileSpec);
constexpr auto kProfileFields = document_of(kProfileSpecType);
constexpr StructInfo kProfileDocument{"Profile", kProfileFields};
constexpr std::string_view kProfileNames[] = {"profile", "profiles", "pro", "pros"};

std::string labels_cell(const Resource& profile, const CellContext& /*context*/) {
  std::vector<std::string> texts;
  const Json& labels = get(profile.spec(), "labelsToApply");
  for (auto label = labels.begin(); labels.is_object() && label != labels.end(); ++label) {
    texts.push_back(label.key() + "=" + go_value(label.value()));
  }
  return join_cell(texts);
}

const Column kProfileColumns[] = {{"NAME", name_cell}, {"LABELS", labels_cell}};
constexpr std::string_view kProfileWide[] = {"NAME", "LABELS"};

// --- ClusterInformation
// ----------------------------------------------------------------------------------------

constexpr FieldInfo kClusterSpecFields[] = {
    {.name = "clusterGUID", .type = &kText},   {.name = "clusterType", .type = &kText},
    {.name = "calicoVersion", .type = &kText}, {.name = "datastoreReady", .type = &kBool, .pointer = true},
    {.name = "variant", .type = &kText},
};
constexpr StructInfo kClusterSpec{"ClusterInformationSpec", kClusterSpecFields};
constexpr TypeInfo kClusterSpecType = object_of(kClusterSpec);
constexpr auto kClusterFields = document_of(kClusterSpecType);
constexpr StructInfo kClusterDocument{"ClusterInformation", kClusterFields};
constexpr std::string_view kClusterNames[] = {"clusterinformation", "clusterinformations", "clusterinfo",
                                              "clusterinfos"};
const Column kClusterColumns[] = {
    {"NAME", name_cell},
    {"CLUSTERGUID", [](const Resource& r, const CellContext&) { return r.text_at("/spec/clusterGUID"); }},
    {"CLUSTERTYPE", [](const Resource& r, const CellContext&) { return r.text_at("/spec/clusterType"); }},
    {"CALICOVERSION", [](const Resource& r, const CellContext&) { return r.text_at("/spec/calicoVersion"); }},
    {"DATASTOREREADY",
     [](const Resource& r, const CellContext&) { return value_cell(r, "/spec/datastoreReady", "<nil>"); }},
};
constexpr std::string_view kClusterHeadings[] = {"NAME", "CLUSTERGUID", "CLUSTERTYPE", "CALICOVERSION",
                                                 "DATASTOREREADY"};

}  // namespace

const KindInfo kNetworkSet{.kind = "NetworkSet",
                           .api_version = kV3,
                           .plural = "networksets",
                           .names = kNetworkSetNames,
                           .namespaced = true,
                           .object = &kNetworkSetDocument,
                           .columns = kSetColumns,
                           .headings = kNameHeading,
                           .wide_headings = kSetWide};

const KindInfo kGlobalNetworkSet{.kind = "GlobalNetworkSet",
                                 .api_version = kV3,
                                 .plural = "globalnetworksets",
                                 .names = kGlobalNetworkSetNames,
                                 .kube_names = kGlobalNetworkSetKubeNames,
                                 .object = &kGlobalNetworkSetDocument,
                                 .columns = kSetColumns,
                                 .headings = kNameHeading,
                                 .wide_headings = kSetWide};

const KindInfo kProfile{.kind = "Profile",
                        .api_version = kV3,
                        .plural = "profiles",
                        .names = kProfileNames,
                        .object = &kProfileDocument,
                        .columns = kProfileColumns,
                        .headings = kNameHeading,
                        .wide_headings = kProfileWide};

const KindInfo kClusterInformation{.kind = "ClusterInformation",
                                   .api_version = kV3,
                                   .plural = "clusterinformations",
                                   .names = kClusterNames,
                                   .read_only = true,
                                   .object = &kClusterDocument,
                                   .columns = kClusterColumns,
                                   .headings = kClusterHeadings,
                                   .wide_headings = kClusterHeadings};

}  // namespace catflap::calico::tables
