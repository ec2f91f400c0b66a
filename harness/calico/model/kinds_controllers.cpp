#include <array>

#include <nlohmann/json.hpp>

#include "calico/model/report.hpp"
#include "calico/model/resource.hpp"
#include "calico/model/tables.hpp"

/// KubeControllersConfiguration and CalicoNodeStatus.
namespace catflap::calico::tables {

namespace {

// --- KubeControllersConfiguration
// ------------------------------------------------------------------------------

constexpr std::array<std::string_view, 7> kLogLevels = {"None",  "Debug", "Info", "Warning",
                                                        "Error", "Fatal", "Panic"};
constexpr Schema kLogLevel = one_of(kLogLevels);
constexpr std::array<std::string_view, 2> kAssignIps = {"AllServices", "RequestedServicesOnly"};
constexpr Schema kAssignIp = one_of(kAssignIps);
constexpr Schema kAnyPort = between(0, 65535);

// Template's annotations have keys that the Go validator looks at.
constexpr FieldInfo kTemplateFields[] = {
    {.name = "generateName", .type = &kText, .tag = &tag::kName, .schema = &kUpTo253},
    {.name = "interfaceCIDRs", .type = &kTextList, .tag = &tag::kCidrs, .schema = &kUnique},
    {.name = "interfacePattern", .type = &kText, .tag = &tag::kRegexp},
    {.name = "labels", .type = &kTextMap, .tag = &tag::kLabels},
    {.name = "annotations", .type = &kTextMap},
    {.name = "nodeSelector", .type = &kText, .tag = &tag::kSelector},
};
constexpr StructInfo kTemplate{"Template", kTemplateFields, check_annotations};
constexpr TypeInfo kTemplateType = object_of(kTemplate);
constexpr TypeInfo kTemplates = list_of(kTemplateType);

constexpr FieldInfo kAutoHostEndpointFields[] = {
    {.name = "autoCreate",
     .type = &kText,
     .tag = &tag::kOneOf<kEnabledDisabled>,
     .default_value = "\"Disabled\""},
    {.name = "createDefaultHostEndpoint", .type = &kText, .tag = &tag::kOneOf<kEnabledDisabled>},
    {.name = "templates", .type = &kTemplates},
};
constexpr StructInfo kAutoHostEndpoint{"AutoHostEndpointConfig", kAutoHostEndpointFields};
constexpr TypeInfo kAutoHostEndpointType = object_of(kAutoHostEndpoint);

constexpr FieldInfo kNodeControllerFields[] = {
    {.name = "reconcilerPeriod", .type = &kDuration, .pointer = true},
    {.name = "syncLabels",
     .type = &kText,
     .tag = &tag::kOneOf<kEnabledDisabled>,
     .default_value = "\"Enabled\""},
    {.name = "hostEndpoint", .type = &kAutoHostEndpointType, .pointer = true},
    {.name = "leakGracePeriod", .type = &kDuration, .pointer = true},
};
constexpr FieldInfo kPeriodFields[] = {
    {.name = "reconcilerPeriod", .type = &kDuration, .pointer = true},
};
constexpr FieldInfo kLoadBalancerFields[] = {
    {.name = "assignIPs", .type = &kText, .schema = &kAssignIp, .default_value = "\"AllServices\""},
};
constexpr FieldInfo kMigrationFields[] = {
    {.name = "enabled",
     .go_name = "PolicyNameMigrator",
     .type = &kText,
     .tag = &tag::kOneOf<kEnabledDisabled>},
};
constexpr StructInfo kNodeController{"NodeControllerConfig", kNodeControllerFields};
constexpr StructInfo kPolicyController{"PolicyControllerConfig", kPeriodFields};
constexpr StructInfo kWorkloadController{"WorkloadEndpointControllerConfig", kPeriodFields};
constexpr StructInfo kServiceAccountController{"ServiceAccountControllerConfig", kPeriodFields};
constexpr StructInfo kNamespaceController{"NamespaceControllerConfig", kPeriodFields};
constexpr StructInfo kLoadBalancerController{"LoadBalancerControllerConfig", kLoadBalancerFields};
constexpr StructInfo kMigrationController{"MigrationControllerConfig", kMigrationFields};
constexpr TypeInfo kNodeControllerType = object_of(kNodeController);
constexpr TypeInfo kPolicyControllerType = object_of(kPolicyController);
constexpr TypeInfo kWorkloadControllerType = object_of(kWorkloadController);
constexpr TypeInfo kServiceAccountControllerType = object_of(kServiceAccountController);
constexpr TypeInfo kNamespaceControllerType = object_of(kNamespaceController);
constexpr TypeInfo kLoadBalancerControllerType = object_of(kLoadBalancerController);
constexpr TypeInfo kMigrationControllerType = object_of(kMigrationController);

constexpr FieldInfo kControllersFields[] = {
    {.name = "node", .type = &kNodeControllerType, .pointer = true},
    {.name = "policy", .type = &kPolicyControllerType, .pointer = true},
    {.name = "workloadEndpoint", .type = &kWorkloadControllerType, .pointer = true},
    {.name = "serviceAccount", .type = &kServiceAccountControllerType, .pointer = true},
    {.name = "namespace", .type = &kNamespaceControllerType, .pointer = true},
    {.name = "loadBalancer", .type = &kLoadBalancerControllerType, .pointer = true},
    {.name = "policyMigration", .go_name = "Migration", .type = &kMigrationControllerType, .pointer = true},
};
constexpr StructInfo kControllers{"ControllersConfig", kControllersFields};
constexpr TypeInfo kControllersType = object_of(kControllers);

constexpr FieldInfo kControllersSpecFields[] = {
    {.name = "logSeverityScreen", .type = &kText, .schema = &kLogLevel, .default_value = "\"Info\""},
    {.name = "healthChecks",
     .type = &kText,
     .tag = &tag::kOneOf<kEnabledDisabled>,
     .default_value = "\"Enabled\""},
    {.name = "etcdV3CompactionPeriod", .type = &kDuration, .pointer = true},
    {.name = "prometheusMetricsPort", .type = &kInt, .schema = &kAnyPort, .pointer = true},
    {.name = "controllers", .type = &kControllersType, .required = true, .pointer = true},
    {.name = "debugProfilePort", .type = &kInt32, .schema = &kAnyPort, .pointer = true},
};
constexpr StructInfo kControllersSpec{"KubeControllersConfigurationSpec", kControllersSpecFields};
constexpr TypeInfo kControllersSpecType = object_of(kControllersSpec);
constexpr FieldInfo kControllersStatusFields[] = {
    {.name = "runningConfig", .type = &kControllersSpecType, .pointer = true},
    {.name = "environmentVars", .type = &kTextMap},
};
constexpr StructInfo kControllersStatus{"KubeControllersConfigurationStatus", kControllersStatusFields};
constexpr TypeInfo kControllersStatusType = object_of(kControllersStatus);
constexpr auto kControllersDocumentFields =
    with(document_of(kControllersSpecType), status_of(kControllersStatusType));
constexpr StructInfo kControllersDocument{"KubeControllersConfiguration", kControllersDocumentFields};
constexpr std::string_view kControllersNames[] = {"kubecontrollersconfiguration",
                                                  "kubecontrollersconfigurations", "kubecontrollersconfig",
                                                  "kubecontrollersconfigs"};
constexpr std::string_view kControllersKubeNames[] = {"kcc", "kccs"};
const Column kNameColumns[] = {{"NAME", name_cell}};

// --- CalicoNodeStatus
// ------------------------------------------------------------------------------------------

constexpr std::array<std::string_view, 3> kClasses = {"Agent", "BGP", "Routes"};
constexpr Schema kClass = one_of(kClasses);
constexpr TypeInfo kClassText{.shape = Shape::text, .schema = &kClass};
constexpr TypeInfo kClassList = list_of(kClassText);
constexpr std::array<std::string_view, 2> kDaemonStates = {"Ready", "NotReady"};
constexpr Schema kDaemonState = one_of(kDaemonStates);
constexpr std::array<std::string_view, 3> kPeerTypes = {"NodeMesh", "NodePeer", "GlobalPeer"};
constexpr Schema kPeerType = one_of(kPeerTypes);
constexpr std::array<std::string_view, 7> kSessionStates = {
    "Idle", "Connect", "Active", "OpenSent", "OpenConfirm", "Established", "Close"};
constexpr Schema kSessionState = one_of(kSessionStates);
constexpr std::array<std::string_view, 2> kRouteTypes = {"FIB", "RIB"};
constexpr Schema kRouteType = one_of(kRouteTypes);
constexpr std::array<std::string_view, 5> kSourceTypes = {"Kernel", "Static", "Direct", "NodeMesh",
                                                          "BGPPeer"};
constexpr Schema kSourceType = one_of(kSourceTypes);

constexpr FieldInfo kStatusSpecFields[] = {
    {.name = "node", .type = &kText, .tag = &tag::kName, .schema = &kUpTo253, .mandatory = true},
    {.name = "classes", .type = &kClassList, .tag = &tag::kUnique, .mandatory = true},
    {.name = "updatePeriodSeconds",
     .type = &kUint32,
     .tag = &tag::kNotAbove<86400>,
     .mandatory = true,
     .pointer = true},
};
constexpr FieldInfo kDaemonFields[] = {
    {.name = "state", .type = &kText, .schema = &kDaemonState},
    {.name = "version", .type = &kText},
    {.name = "routerID", .type = &kText},
    {.name = "lastBootTime", .type = &kText},
    {.name = "lastReconfigurationTime", .type = &kText},
};
constexpr StructInfo kDaemon{"BGPDaemonStatus", kDaemonFields};
constexpr TypeInfo kDaemonType = object_of(kDaemon);
constexpr FieldInfo kAgentFields[] = {
    {.name = "birdV4", .go_name = "BIRDV4", .type = &kDaemonType, .always = true},
    {.name = "birdV6", .go_name = "BIRDV6", .type = &kDaemonType, .always = true},
};
constexpr StructInfo kAgent{"CalicoNodeAgentStatus", kAgentFields};
constexpr TypeInfo kAgentType = object_of(kAgent);
constexpr FieldInfo kPeerFields[] = {
    {.name = "peerIP", .type = &kText, .tag = &tag::kIp},
    {.name = "type", .type = &kText, .schema = &kPeerType},
    {.name = "state", .type = &kText, .schema = &kSessionState},
    {.name = "since", .type = &kText},
};
constexpr StructInfo kPeer{"CalicoNodePeer", kPeerFields};
constexpr TypeInfo kPeerObject = object_of(kPeer);
constexpr TypeInfo kPeers = list_of(kPeerObject);
constexpr FieldInfo kSessionsFields[] = {
    {.name = "numberEstablishedV4", .type = &kInt, .required = true, .pointer = true},
    {.name = "numberNotEstablishedV4", .type = &kInt, .required = true, .pointer = true},
    {.name = "numberEstablishedV6", .type = &kInt, .required = true, .pointer = true},
    {.name = "numberNotEstablishedV6", .type = &kInt, .required = true, .pointer = true},
    {.name = "peersV4", .type = &kPeers},
    {.name = "peersV6", .type = &kPeers},
};
constexpr StructInfo kSessions{"CalicoNodeBGPStatus", kSessionsFields};
constexpr TypeInfo kSessionsType = object_of(kSessions);
constexpr FieldInfo kLearnedFields[] = {
    {.name = "sourceType", .type = &kText, .schema = &kSourceType},
    {.name = "peerIP", .type = &kText, .tag = &tag::kIp},
};
constexpr StructInfo kLearned{"CalicoNodeRouteLearnedFrom", kLearnedFields};
constexpr TypeInfo kLearnedType = object_of(kLearned);
constexpr FieldInfo kRouteFields[] = {
    {.name = "type", .type = &kText, .schema = &kRouteType},
    {.name = "destination", .type = &kText},
    {.name = "gateway", .type = &kText},
    {.name = "interface", .type = &kText},
    {.name = "learnedFrom", .type = &kLearnedType, .always = true},
};
constexpr StructInfo kRoute{"CalicoNodeRoute", kRouteFields};
constexpr TypeInfo kRouteObject = object_of(kRoute);
constexpr TypeInfo kRouteList = list_of(kRouteObject);
constexpr FieldInfo kRoutesFields[] = {
    {.name = "routesV4", .type = &kRouteList},
    {.name = "routesV6", .type = &kRouteList},
};
constexpr StructInfo kRoutes{"CalicoNodeBGPRouteStatus", kRoutesFields};
constexpr TypeInfo kRoutesType = object_of(kRoutes);
constexpr FieldInfo kStatusStatusFields[] = {
    {.name = "lastUpdated", .type = &kTime},
    {.name = "agent", .type = &kAgentType},
    {.name = "bgp", .go_name = "BGP", .type = &kSessionsType},
    {.name = "routes", .type = &kRoutesType},
};
constexpr StructInfo kStatusSpec{"CalicoNodeStatusSpec", kStatusSpecFields};
constexpr StructInfo kStatusStatus{"CalicoNodeStatusStatus", kStatusStatusFields};
constexpr TypeInfo kStatusSpecType = object_of(kStatusSpec);
constexpr TypeInfo kStatusStatusType = object_of(kStatusStatus);
constexpr auto kStatusFields = with(document_of(kStatusSpecType), status_of(kStatusStatusType));
constexpr StructInfo kStatusDocument{"CalicoNodeStatus", kStatusFields};
constexpr std::string_view kStatusNames[] = {"caliconodestatus", "caliconodestatuses", "nodestatus",
                                             "nodestatuses"};
const Column kStatusColumns[] = {
    {"NAME", name_cell},
    {"NODE", [](const Resource& r, const CellContext&) { return r.text_at("/spec/node"); }},
    {"CLASSES", [](const Resource& r, const CellContext&) { return list_cell(r, "/spec/classes"); }},
};
constexpr std::string_view kStatusHeadings[] = {"NAME", "NODE"};
constexpr std::string_view kStatusWide[] = {"NAME", "NODE", "CLASSES"};

}  // namespace

const KindInfo kKubeControllersConfiguration{.kind = "KubeControllersConfiguration",
                                             .api_version = kV3,
                                             .plural = "kubecontrollersconfigurations",
                                             .names = kControllersNames,
                                             .kube_names = kControllersKubeNames,
                                             .object = &kControllersDocument,
                                             .columns = kNameColumns,
                                             .headings = kNameHeading,
                                             .wide_headings = kNameHeading};

const KindInfo kCalicoNodeStatus{.kind = "CalicoNodeStatus",
                                 .api_version = kV3,
                                 .plural = "caliconodestatuses",
                                 .names = kStatusNames,
                                 .object = &kStatusDocument,
                                 .columns = kStatusColumns,
                                 .headings = kStatusHeadings,
                                 .wide_headings = kStatusWide};

}  // namespace catflap::calico::tables
