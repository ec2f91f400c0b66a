#include <array>

#include <nlohmann/json.hpp>

#include "calico/model/kube_tables.hpp"
#include "calico/model/report.hpp"
#include "calico/model/resource.hpp"

/// The kinds of Kubernetes that a lab reads: Namespace, Node, Pod, Service, EndpointSlice, Secret. Only the
/// fields that matter to a network have types; the others are kept as they are.
namespace catflap::calico::tables {

namespace {

// --- Namespace and Node
// ----------------------------------------------------------------------------------------

constexpr FieldInfo kNamespaceSpecFields[] = {{.name = "finalizers", .type = &kTextList}};
constexpr StructInfo kNamespaceSpec{"NamespaceSpec", kNamespaceSpecFields};
constexpr TypeInfo kNamespaceSpecType = object_of(kNamespaceSpec);
constexpr FieldInfo kKubeMetadata{.name = "metadata", .go_name = "ObjectMeta", .type = &kPlainMetadata};
constexpr FieldInfo kAnyStatus{.name = "status", .type = &kAny};
constexpr FieldInfo kNamespaceFields[] = {
    kKindField, kApiVersionField, kKubeMetadata, {.name = "spec", .type = &kNamespaceSpecType}, kAnyStatus};
constexpr StructInfo kNamespaceDocument{"Namespace", kNamespaceFields};

constexpr FieldInfo kNodeAddressFields[] = {
    {.name = "type", .type = &kText},
    {.name = "address", .type = &kText},
};
constexpr StructInfo kNodeAddress{"NodeAddress", kNodeAddressFields};
constexpr TypeInfo kNodeAddressType = object_of(kNodeAddress);
constexpr TypeInfo kNodeAddresses = list_of(kNodeAddressType);
constexpr FieldInfo kNodeSpecFields[] = {
    {.name = "podCIDR", .type = &kText},    {.name = "podCIDRs", .type = &kTextList},
    {.name = "providerID", .type = &kText}, {.name = "unschedulable", .type = &kBool},
    {.name = "taints", .type = &kAnyList},  {.name = "configSource", .type = &kAny},
    {.name = "externalID", .type = &kText},
};
constexpr FieldInfo kNodeStatusFields[] = {
    {.name = "capacity", .type = &kAny},
    {.name = "allocatable", .type = &kAny},
    {.name = "phase", .type = &kText},
    {.name = "conditions", .type = &kAnyList},
    {.name = "addresses", .type = &kNodeAddresses},
    {.name = "daemonEndpoints", .type = &kAny},
    {.name = "nodeInfo", .type = &kAny},
    {.name = "images", .type = &kAnyList},
    {.name = "volumesInUse", .type = &kAnyList},
    {.name = "volumesAttached", .type = &kAnyList},
    {.name = "config", .type = &kAny},
    {.name = "runtimeHandlers", .type = &kAnyList},
    {.name = "features", .type = &kAny},
};
constexpr StructInfo kNodeSpec{"NodeSpec", kNodeSpecFields};
constexpr StructInfo kNodeStatus{"NodeStatus", kNodeStatusFields};
constexpr TypeInfo kNodeSpecType = object_of(kNodeSpec);
constexpr TypeInfo kNodeStatusType = object_of(kNodeStatus);
constexpr FieldInfo kNodeFields[] = {kKindField,
                                     kApiVersionField,
                                     kKubeMetadata,
                                     {.name = "spec", .type = &kNodeSpecType},
                                     {.name = "status", .type = &kNodeStatusType}};
constexpr StructInfo kNodeDocument{"Node", kNodeFields};

// --- Pod
// -------------------------------------------------------------------------------------------------------

constexpr std::array<std::string_view, 3> kProtocols = {"TCP", "UDP", "SCTP"};
constexpr Schema kPortProtocol = one_of(kProtocols);
constexpr FieldInfo kContainerPortFields[] = {
    {.name = "name", .type = &kText},
    {.name = "hostPort", .type = &kInt32},
    {.name = "containerPort", .type = &kInt32, .schema = &kPortNumber},
    {.name = "protocol", .type = &kText, .schema = &kPortProtocol, .default_value = "\"TCP\""},
    {.name = "hostIP", .type = &kText},
};
constexpr StructInfo kContainerPort{"ContainerPort", kContainerPortFields};
constexpr TypeInfo kContainerPortType = object_of(kContainerPort);
constexpr TypeInfo kContainerPorts = list_of(kContainerPortType);
// Of containers a lab needs the ports; what else is said of them stays as it is.
constexpr FieldInfo kContainerFields[] = {
    {.name = "name", .type = &kText},
    {.name = "image", .type = &kText},
    {.name = "command", .type = &kTextList},
    {.name = "args", .type = &kTextList},
    {.name = "workingDir", .type = &kText},
    {.name = "ports", .type = &kContainerPorts},
    {.name = "envFrom", .type = &kAny},
    {.name = "env", .type = &kAny},
    {.name = "resources", .type = &kAny},
    {.name = "resizePolicy", .type = &kAny},
    {.name = "restartPolicy", .type = &kText},
    {.name = "volumeMounts", .type = &kAny},
    {.name = "volumeDevices", .type = &kAny},
    {.name = "livenessProbe", .type = &kAny},
    {.name = "readinessProbe", .type = &kAny},
    {.name = "startupProbe", .type = &kAny},
    {.name = "lifecycle", .type = &kAny},
    {.name = "terminationMessagePath", .type = &kText},
    {.name = "terminationMessagePolicy", .type = &kText},
    {.name = "imagePullPolicy", .type = &kText},
    {.name = "securityContext", .type = &kAny},
    {.name = "stdin", .type = &kBool},
    {.name = "stdinOnce", .type = &kBool},
    {.name = "tty", .type = &kBool},
};
constexpr StructInfo kContainer{"Container", kContainerFields};
constexpr TypeInfo kContainerType = object_of(kContainer);
constexpr TypeInfo kContainers = list_of(kContainerType);
constexpr FieldInfo kPodSpecFields[] = {
    {.name = "volumes", .type = &kAny},
    {.name = "initContainers", .type = &kContainers},
    {.name = "containers", .type = &kContainers},
    {.name = "ephemeralContainers", .type = &kAny},
    {.name = "restartPolicy", .type = &kText},
    {.name = "terminationGracePeriodSeconds", .type = &kInt, .pointer = true},
    {.name = "activeDeadlineSeconds", .type = &kInt, .pointer = true},
    {.name = "dnsPolicy", .type = &kText},
    {.name = "nodeSelector", .type = &kTextMap},
    {.name = "serviceAccountName", .type = &kText},
    {.name = "serviceAccount", .type = &kText},
    {.name = "automountServiceAccountToken", .type = &kBool, .pointer = true},
    {.name = "nodeName", .type = &kText},
    {.name = "hostNetwork", .type = &kBool},
    {.name = "hostPID", .type = &kBool},
    {.name = "hostIPC", .type = &kBool},
    {.name = "shareProcessNamespace", .type = &kBool, .pointer = true},
    {.name = "securityContext", .type = &kAny},
    {.name = "imagePullSecrets", .type = &kAny},
    {.name = "hostname", .type = &kText},
    {.name = "subdomain", .type = &kText},
    {.name = "affinity", .type = &kAny},
    {.name = "schedulerName", .type = &kText},
    {.name = "tolerations", .type = &kAny},
    {.name = "hostAliases", .type = &kAny},
    {.name = "priorityClassName", .type = &kText},
    {.name = "priority", .type = &kInt32, .pointer = true},
    {.name = "dnsConfig", .type = &kAny},
    {.name = "readinessGates", .type = &kAny},
    {.name = "runtimeClassName", .type = &kText, .pointer = true},
    {.name = "enableServiceLinks", .type = &kBool, .pointer = true},
    {.name = "preemptionPolicy", .type = &kText, .pointer = true},
    {.name = "overhead", .type = &kAny},
    {.name = "topologySpreadConstraints", .type = &kAny},
    {.name = "setHostnameAsFQDN", .type = &kBool, .pointer = true},
    {.name = "os", .type = &kAny},
    {.name = "hostUsers", .type = &kBool, .pointer = true},
    {.name = "schedulingGates", .type = &kAny},
    {.name = "resourceClaims", .type = &kAny},
};
constexpr FieldInfo kPodIpFields[] = {{.name = "ip", .go_name = "IP", .type = &kText}};
constexpr StructInfo kPodIp{"PodIP", kPodIpFields};
constexpr TypeInfo kPodIpType = object_of(kPodIp);
constexpr TypeInfo kPodIps = list_of(kPodIpType);
constexpr FieldInfo kPodStatusFields[] = {
    {.name = "phase", .type = &kText},
    {.name = "conditions", .type = &kAny},
    {.name = "message", .type = &kText},
    {.name = "reason", .type = &kText},
    {.name = "nominatedNodeName", .type = &kText},
    {.name = "hostIP", .type = &kText},
    {.name = "hostIPs", .type = &kAny},
    {.name = "podIP", .type = &kText},
    {.name = "podIPs", .type = &kPodIps},
    {.name = "startTime", .type = &kTime, .pointer = true},
    {.name = "initContainerStatuses", .type = &kAny},
    {.name = "containerStatuses", .type = &kAny},
    {.name = "qosClass", .type = &kText},
    {.name = "ephemeralContainerStatuses", .type = &kAny},
    {.name = "resize", .type = &kText},
    {.name = "resourceClaimStatuses", .type = &kAny},
};
constexpr StructInfo kPodSpec{"PodSpec", kPodSpecFields};
constexpr StructInfo kPodStatus{"PodStatus", kPodStatusFields};
constexpr TypeInfo kPodSpecType = object_of(kPodSpec);
constexpr TypeInfo kPodStatusType = object_of(kPodStatus);
constexpr FieldInfo kPodFields[] = {kKindField,
                                    kApiVersionField,
                                    kKubeMetadata,
                                    {.name = "spec", .type = &kPodSpecType},
                                    {.name = "status", .type = &kPodStatusType}};
constexpr StructInfo kPodDocument{"Pod", kPodFields};

// --- Service
// ---------------------------------------------------------------------------------------------------

constexpr FieldInfo kServicePortFields[] = {
    {.name = "name", .type = &kText},
    {.name = "protocol", .type = &kText, .schema = &kPortProtocol, .default_value = "\"TCP\""},
    {.name = "appProtocol", .type = &kText, .pointer = true},
    {.name = "port", .type = &kInt32, .schema = &kPortNumber},
    {.name = "targetPort", .type = &kIntOrText},
    {.name = "nodePort", .type = &kInt32},
};
constexpr StructInfo kServicePort{"ServicePort", kServicePortFields};
constexpr TypeInfo kServicePortType = object_of(kServicePort);
constexpr TypeInfo kServicePorts = list_of(kServicePortType);
constexpr std::array<std::string_view, 4> kServiceTypes = {"ClusterIP", "NodePort", "LoadBalancer",
                                                           "ExternalName"};
constexpr Schema kServiceType = one_of(kServiceTypes);
constexpr FieldInfo kServiceSpecFields[] = {
    {.name = "ports", .type = &kServicePorts},
    {.name = "selector", .type = &kTextMap},
    {.name = "clusterIP", .type = &kText},
    {.name = "clusterIPs", .type = &kTextList},
    {.name = "type", .type = &kText, .schema = &kServiceType, .default_value = "\"ClusterIP\""},
    {.name = "externalIPs", .type = &kTextList},
    {.name = "sessionAffinity", .type = &kText},
    {.name = "loadBalancerIP", .type = &kText},
    {.name = "loadBalancerSourceRanges", .type = &kTextList},
    {.name = "externalName", .type = &kText},
    {.name = "externalTrafficPolicy", .type = &kText},
    {.name = "healthCheckNodePort", .type = &kInt32},
    {.name = "publishNotReadyAddresses", .type = &kBool},
    {.name = "sessionAffinityConfig", .type = &kAny},
    {.name = "ipFamilies", .type = &kTextList},
    {.name = "ipFamilyPolicy", .type = &kText, .pointer = true},
    {.name = "allocateLoadBalancerNodePorts", .type = &kBool, .pointer = true},
    {.name = "loadBalancerClass", .type = &kText, .pointer = true},
    {.name = "internalTrafficPolicy", .type = &kText, .pointer = true},
    {.name = "trafficDistribution", .type = &kText, .pointer = true},
};
constexpr FieldInfo kIngressPointFields[] = {
    {.name = "ip", .go_name = "IP", .type = &kText},
    {.name = "hostname", .type = &kText},
    {.name = "ipMode", .type = &kText, .pointer = true},
    {.name = "ports", .type = &kAny},
};
constexpr StructInfo kIngressPoint{"LoadBalancerIngress", kIngressPointFields};
constexpr TypeInfo kIngressPointType = object_of(kIngressPoint);
constexpr TypeInfo kIngressPoints = list_of(kIngressPointType);
constexpr FieldInfo kBalancerFields[] = {{.name = "ingress", .type = &kIngressPoints}};
constexpr StructInfo kBalancer{"LoadBalancerStatus", kBalancerFields};
constexpr TypeInfo kBalancerType = object_of(kBalancer);
constexpr FieldInfo kServiceStatusFields[] = {
    {.name = "loadBalancer", .type = &kBalancerType},
    {.name = "conditions", .type = &kAny},
};
constexpr StructInfo kServiceSpec{"ServiceSpec", kServiceSpecFields};
constexpr StructInfo kServiceStatus{"ServiceStatus", kServiceStatusFields};
constexpr TypeInfo kServiceSpecType = object_of(kServiceSpec);
constexpr TypeInfo kServiceStatusType = object_of(kServiceStatus);
constexpr FieldInfo kServiceFields[] = {kKindField,
                                        kApiVersionField,
                                        kKubeMetadata,
                                        {.name = "spec", .type = &kServiceSpecType},
                                        {.name = "status", .type = &kServiceStatusType}};
constexpr StructInfo kServiceDocument{"Service", kServiceFields};

// --- EndpointSlice
// ---------------------------------------------------------------------------------------------

constexpr FieldInfo kEndpointConditionsFields[] = {
    {.name = "ready", .type = &kBool, .pointer = true},
    {.name = "serving", .type = &kBool, .pointer = true},
    {.name = "terminating", .type = &kBool, .pointer = true},
};
constexpr StructInfo kEndpointConditions{"EndpointConditions", kEndpointConditionsFields};
constexpr TypeInfo kEndpointConditionsType = object_of(kEndpointConditions);
constexpr FieldInfo kEndpointFields[] = {
    {.name = "addresses", .type = &kTextList},
    {.name = "conditions", .type = &kEndpointConditionsType},
    {.name = "hostname", .type = &kText, .pointer = true},
    {.name = "targetRef", .type = &kAny},
    {.name = "deprecatedTopology", .type = &kTextMap},
    {.name = "nodeName", .type = &kText, .pointer = true},
    {.name = "zone", .type = &kText, .pointer = true},
    {.name = "hints", .type = &kAny},
};
constexpr StructInfo kEndpoint{"Endpoint", kEndpointFields};
constexpr TypeInfo kEndpointType = object_of(kEndpoint);
constexpr TypeInfo kEndpoints = list_of(kEndpointType);
constexpr FieldInfo kEndpointPortFields[] = {
    {.name = "name", .type = &kText, .pointer = true},
    {.name = "protocol", .type = &kText, .schema = &kPortProtocol, .pointer = true},
    {.name = "port", .type = &kInt32, .pointer = true},
    {.name = "appProtocol", .type = &kText, .pointer = true},
};
constexpr StructInfo kEndpointPort{"EndpointPort", kEndpointPortFields};
constexpr TypeInfo kEndpointPortType = object_of(kEndpointPort);
constexpr TypeInfo kEndpointPorts = list_of(kEndpointPortType);
constexpr std::array<std::string_view, 3> kAddressTypes = {"IPv4", "IPv6", "FQDN"};
constexpr Schema kAddressType = one_of(kAddressTypes);
constexpr FieldInfo kEndpointSliceFields[] = {
    kKindField,
    kApiVersionField,
    kKubeMetadata,
    {.name = "addressType", .type = &kText, .schema = &kAddressType, .required = true},
    {.name = "endpoints", .type = &kEndpoints, .pointer = true},
    {.name = "ports", .type = &kEndpointPorts, .pointer = true},
};
constexpr StructInfo kEndpointSliceDocument{"EndpointSlice", kEndpointSliceFields};

// --- Secret
// ----------------------------------------------------------------------------------------------------

constexpr FieldInfo kSecretFields[] = {
    kKindField,
    kApiVersionField,
    kKubeMetadata,
    {.name = "immutable", .type = &kBool, .pointer = true},
    {.name = "data", .type = &kTextMap, .doc = "base64"},
    {.name = "stringData", .type = &kTextMap},
    {.name = "type", .type = &kText},
};
constexpr StructInfo kSecretDocument{"Secret", kSecretFields};

// --- names
// -----------------------------------------------------------------------------------------------------

constexpr std::string_view kNamespaceNames[] = {"namespace", "namespaces", "ns"};
constexpr std::string_view kNodeNames[] = {"node", "nodes", "no"};
constexpr std::string_view kPodNames[] = {"pod", "pods", "po"};
constexpr std::string_view kServiceNames[] = {"service", "services", "svc"};
constexpr std::string_view kEndpointSliceNames[] = {"endpointslice", "endpointslices"};
constexpr std::string_view kSecretNames[] = {"secret", "secrets"};
const Column kNameColumns[] = {{"NAME", name_cell}};

}  // namespace

const KindInfo kKubeNamespace{.kind = "Namespace",
                              .api_version = "v1",
                              .plural = "namespaces",
                              .group = ApiGroup::kubernetes,
                              .names = kNamespaceNames,
                              .object = &kNamespaceDocument,
                              .columns = kNameColumns,
                              .headings = kNameHeading,
                              .wide_headings = kNameHeading};
const KindInfo kKubeNode{.kind = "Node",
                         .api_version = "v1",
                         .plural = "nodes",
                         .group = ApiGroup::kubernetes,
                         .names = kNodeNames,
                         .object = &kNodeDocument,
                         .columns = kNameColumns,
                         .headings = kNameHeading,
                         .wide_headings = kNameHeading};
const KindInfo kKubePod{.kind = "Pod",
                        .api_version = "v1",
                        .plural = "pods",
                        .group = ApiGroup::kubernetes,
                        .names = kPodNames,
                        .namespaced = true,
                        .object = &kPodDocument,
                        .columns = kNameColumns,
                        .headings = kNameHeading,
                        .wide_headings = kNameHeading};
const KindInfo kKubeService{.kind = "Service",
                            .api_version = "v1",
                            .plural = "services",
                            .group = ApiGroup::kubernetes,
                            .names = kServiceNames,
                            .namespaced = true,
                            .object = &kServiceDocument,
                            .columns = kNameColumns,
                            .headings = kNameHeading,
                            .wide_headings = kNameHeading};
const KindInfo kKubeEndpointSlice{.kind = "EndpointSlice",
                                  .api_version = "discovery.k8s.io/v1",
                                  .plural = "endpointslices",
                                  .group = ApiGroup::kubernetes,
                                  .names = kEndpointSliceNames,
                                  .namespaced = true,
                                  .object = &kEndpointSliceDocument,
                                  .columns = kNameColumns,
                                  .headings = kNameHeading,
                                  .wide_headings = kNameHeading};
const KindInfo kKubeSecret{.kind = "Secret",
                           .api_version = "v1",
                           .plural = "secrets",
                           .group = ApiGroup::kubernetes,
                           .names = kSecretNames,
                           .namespaced = true,
                           .object = &kSecretDocument,
                           .columns = kNameColumns,
                           .headings = kNameHeading,
                           .wide_headings = kNameHeading};

}  // namespace catflap::calico::tables
