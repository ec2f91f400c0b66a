#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "calico/model/decode.hpp"
#include "calico/model/kind.hpp"
#include "calico/model/schema.hpp"

/// What each kind is called, shows in tables, accepts and refuses.
namespace catflap::calico {
namespace {

Resource make(const std::string& kind, const std::string& spec,
              const std::string& metadata = R"({"name": "a"})") {
  const KindInfo* info = find_kind(kind);
  EXPECT_NE(info, nullptr) << kind;
  const Json document = {{"metadata", Json::parse(metadata)}, {"spec", Json::parse(spec)}};
  auto resource = decode_as(*info, document, true);
  EXPECT_TRUE(resource.has_value()) << (resource ? "" : to_string(resource.error())) << spec;
  return resource ? *resource : Resource(*info);
}

// --- names and columns
// -----------------------------------------------------------------------------------------

struct Names {
  const char* kind;
  std::vector<const char*> names;
  bool namespaced;
  const char* headings;
  const char* wide;
};

void PrintTo(const Names& one, std::ostream* out) {
  *out << one.kind;
}

std::string join(std::span<const std::string_view> texts) {
  std::string out;
  for (const std::string_view text : texts) {
    out += (out.empty() ? "" : " ") + std::string(text);
  }
  return out;
}

class KindNames : public testing::TestWithParam<Names> {};

TEST_P(KindNames, AndHeadings) {
  const Names& one = GetParam();
  for (const char* name : one.names) {
    const KindInfo* kind = find_kind(name);
    ASSERT_NE(kind, nullptr) << name;
    EXPECT_EQ(kind->kind, one.kind) << name;
    EXPECT_EQ(kind->namespaced, one.namespaced);
    EXPECT_EQ(join(kind->headings), one.headings);
    EXPECT_EQ(join(kind->wide_headings), one.wide);
    const Resource empty(*kind);
    for (const std::string_view heading : kind->wide_headings) {
      ASSERT_NE(kind->column(heading), nullptr) << heading;
      (void)kind->column(heading)->cell(empty, {});  // of a resource with nothing in it
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, KindNames,
    testing::Values(
        Names{"BGPConfiguration",
              {"bgpconfiguration", "bgpconfigurations", "bgpconfig", "BGPConfigs"},
              false,
              "NAME LOGSEVERITY MESHENABLED ASNUMBER",
              "NAME LOGSEVERITY MESHENABLED ASNUMBER"},
        Names{"BGPPeer",
              {"bgppeer", "bgppeers", "bgpp", "bgpps", "bp", "bps"},
              false,
              "NAME PEERIP NODE ASN",
              "NAME PEERIP NODE ASN"},
        Names{"BGPFilter",
              {"bgpfilter", "bgpfilters", "bgpf", "bgpfs", "bf", "bfs"},
              false,
              "NAME NUMEXPORTV4 NUMIMPORTV4 NUMEXPORTV6 NUMIMPORTV6",
              "NAME NUMEXPORTV4 NUMIMPORTV4 NUMEXPORTV6 NUMIMPORTV6"},
        Names{"Node", {"node", "nodes", "no", "nos"}, false, "NAME", "NAME ASN IPV4 IPV6"},
        Names{"IPPool",
              {"ippool", "ipPools", "ipp", "ipps", "pool", "pools"},
              false,
              "NAME CIDR SELECTOR",
              "NAME CIDR NAT IPIPMODE VXLANMODE DISABLED DISABLEBGPEXPORT SELECTOR ASSIGNMENTMODE"},
        Names{"IPReservation",
              {"ipreservation", "ipreservations", "reservation", "reservations"},
              false,
              "NAME",
              "NAME CIDRS"},
        Names{"IPAMConfiguration",
              {"ipamconfiguration", "ipamconfigurations", "ipamconfig", "ipamconfigs"},
              false,
              "NAME STRICTAFFINITY AUTOALLOCATEBLOCKS",
              "NAME STRICTAFFINITY AUTOALLOCATEBLOCKS MAXBLOCKSPERHOST"},
        Names{"WorkloadEndpoint",
              {"workloadendpoint", "workloadendpoints", "wep", "weps"},
              true,
              "WORKLOAD NODE NETWORKS INTERFACE",
              "NAME WORKLOAD NODE NETWORKS INTERFACE PROFILES NATS"},
        Names{"HostEndpoint",
              {"hostendpoint", "hostendpoints", "hep", "heps"},
              false,
              "NAME NODE",
              "NAME NODE INTERFACE IPS PROFILES"},
        Names{"NetworkPolicy",
              {"networkpolicy", "networkpolicies", "policy", "policies", "np", "pol", "pols"},
              true,
              "NAME TIER",
              "NAME TIER ORDER SELECTOR"},
        Names{"GlobalNetworkPolicy",
              {"globalnetworkpolicy", "globalnetworkpolicies", "gnp", "gnps"},
              false,
              "NAME TIER",
              "NAME TIER ORDER SELECTOR"},
        Names{"StagedNetworkPolicy",
              {"stagednetworkpolicy", "snp", "spol"},
              true,
              "NAME TIER",
              "NAME TIER ORDER SELECTOR"},
        Names{"StagedGlobalNetworkPolicy",
              {"stagedglobalnetworkpolicy", "sgnp", "sgnps"},
              false,
              "NAME TIER",
              "NAME TIER ORDER SELECTOR"},
        Names{"StagedKubernetesNetworkPolicy", {"sknp", "skpol"}, true, "NAME", "NAME PODSELECTOR"},
        Names{"Tier", {"tier", "tiers"}, false, "NAME ORDER", "NAME ORDER"},
        Names{"NetworkSet", {"networkset", "networksets", "netsets"}, true, "NAME", "NAME NETS"},
        Names{"GlobalNetworkSet",
              {"globalnetworkset", "globalnetworksets", "gnetsets"},
              false,
              "NAME",
              "NAME NETS"},
        Names{"Profile", {"profile", "profiles", "pro", "pros"}, false, "NAME", "NAME LABELS"},
        Names{"FelixConfiguration",
              {"felixconfiguration", "felixconfigurations", "felixconfig", "felixconfigs"},
              false,
              "NAME",
              "NAME"},
        Names{"ClusterInformation",
              {"clusterinformation", "clusterinformations", "clusterinfo", "clusterinfos"},
              false,
              "NAME CLUSTERGUID CLUSTERTYPE CALICOVERSION DATASTOREREADY",
              "NAME CLUSTERGUID CLUSTERTYPE CALICOVERSION DATASTOREREADY"},
        Names{"KubeControllersConfiguration",
              {"kubecontrollersconfiguration", "kubecontrollersconfigs"},
              false,
              "NAME",
              "NAME"},
        Names{"CalicoNodeStatus",
              {"caliconodestatus", "caliconodestatuses", "nodestatus", "nodestatuses"},
              false,
              "NAME NODE",
              "NAME NODE CLASSES"}),
    [](const auto& test) { return std::string(test.param.kind); });

TEST(KindNames, OfIpamAreNotCalicoctls) {
  for (const char* name : {"blockaffinity", "blockaffinities", "ipamblock", "ipamhandle"}) {
    EXPECT_EQ(find_kind(name), nullptr) << name;
  }
  EXPECT_NE(find_kind("projectcalico.org/v3", "IPAMBlock"), nullptr);
  EXPECT_EQ(find_kube_kind("affinities")->kind, "BlockAffinity");
  EXPECT_EQ(find_kube_kind("node")->api_version, "v1");
  EXPECT_EQ(find_kube_kind("svc")->kind, "Service");
  EXPECT_EQ(find_kube_kind("cnp"), find_kind("np"));
  EXPECT_EQ(find_kube_kind("kcc")->kind, "KubeControllersConfiguration");
  EXPECT_EQ(find_kind("networking.k8s.io/v1", "NetworkPolicy")->group, ApiGroup::kubernetes);
  EXPECT_NE(find_kind("extensions/v1beta1", "NetworkPolicy"), nullptr);
}

struct Cell {
  const char* name;
  const char* kind;
  const char* spec;
  const char* heading;
  const char* text;
};

void PrintTo(const Cell& one, std::ostream* out) {
  *out << one.name;
}

class Cells : public testing::TestWithParam<Cell> {};

TEST_P(Cells, Show) {
  const Cell& one = GetParam();
  const Resource resource = make(one.kind, one.spec);
  EXPECT_EQ(resource.kind().column(one.heading)->cell(resource, {}), one.text);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Cells,
    testing::Values(
        Cell{"mesh_unset", "bgpconfig", "{}", "MESHENABLED", "-"},
        Cell{"mesh_off", "bgpconfig", R"({"nodeToNodeMeshEnabled": false})", "MESHENABLED", "false"},
        Cell{"severity_unset", "bgpconfig", "{}", "LOGSEVERITY", "-"},
        Cell{"as_unset", "bgpconfig", "{}", "ASNUMBER", "-"},
        Cell{"as_dotted", "bgpconfig", R"({"asNumber": "1.10"})", "ASNUMBER", "65546"},
        Cell{"peer_global", "bgppeer", R"({"peerIP": "10.0.0.1"})", "NODE", "(global)"},
        Cell{"peer_selector", "bgppeer", R"j({"nodeSelector": "has(rack)"})j", "NODE", "has(rack)"},
        Cell{"peer_node", "bgppeer", R"j({"node": "n1", "nodeSelector": "has(rack)"})j", "NODE", "n1"},
        Cell{"peer_as_unset", "bgppeer", "{}", "ASN", "0"},
        Cell{"filter_count", "bgpfilter", R"({"importV6": [{"action": "Accept"}, {"action": "Reject"}]})",
             "NUMIMPORTV6", "2"},
        Cell{"node_as", "node", R"({"bgp": {"asNumber": 65001}})", "ASN", "65001"},
        Cell{"node_cluster_as", "node", R"({"bgp": {"ipv4Address": "10.0.0.1/24"}})", "ASN", "(64512)"},
        Cell{"node_without_bgp", "node", "{}", "ASN", ""},
        Cell{"pool_nat", "ippool", R"({"cidr": "10.0.0.0/16"})", "NAT", "false"},
        Cell{"pool_ipip", "ippool", R"({"cidr": "10.0.0.0/16"})", "IPIPMODE", "Never"},
        Cell{"order_unset", "np", "{}", "ORDER", "<nil>"},
        Cell{"order_million", "np", R"({"order": 1000000})", "ORDER", "1e+06"},
        Cell{"order_hundred", "gnp", R"({"order": 100})", "ORDER", "100"},
        Cell{"order_half", "tier", R"({"order": 0.5})", "ORDER", "0.5"},
        Cell{"workload", "wep", R"({"workload": "w", "pod": "p"})", "WORKLOAD", "w"},
        Cell{"workload_pod", "wep", R"({"pod": "p"})", "WORKLOAD", "p"},
        Cell{"networks", "wep", R"({"ipNetworks": ["10.0.0.1/32", "fd00::1/128"]})", "NETWORKS",
             "10.0.0.1/32,fd00::1/128"},
        Cell{
            "long_list", "netsets",
            R"({"nets": ["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24", "10.0.4.0/24", "10.0.5.0/24",
                          "10.0.6.0/24", "10.0.7.0/24"]})",
            "NETS", "10.0.0.0/24,10.0.1.0/24,10.0.2.0/24,10.0.3.0/24,10.0.4.0/24,10.0.5.0/24,10.0...."}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Cells, OfNodesWithoutAReadableDefault) {
  const Resource node = make("node", R"({"bgp": {"ipv4Address": "10.0.0.1/24"}})");
  CellContext context;
  context.cluster_as_number = std::nullopt;
  EXPECT_EQ(node.kind().column("ASN")->cell(node, context), "(unknown)");
}

// --- rules
// -----------------------------------------------------------------------------------------------------

struct Case {
  const char* name;
  const char* kind;
  const char* spec;
  const char* error;  ///< a part of what is said; "" if it is valid
  const char* metadata = R"({"name": "a"})";
};

void PrintTo(const Case& one, std::ostream* out) {
  *out << one.name;
}

class KindRules : public testing::TestWithParam<Case> {};

TEST_P(KindRules, Hold) {
  const Case& one = GetParam();
  const std::vector<Diagnostic> found = validate(make(one.kind, one.spec, one.metadata));
  const std::string text = found.empty() ? "" : calico_text(found);
  if (*one.error == '\0') {
    EXPECT_EQ(text, "") << one.spec;
  } else {
    EXPECT_NE(text.find(one.error), std::string::npos) << one.spec << "\n" << text;
  }
}

constexpr const char* kDefault = R"({"name": "default"})";

INSTANTIATE_TEST_SUITE_P(
    Bgp, KindRules,
    testing::Values(
        Case{"not_default_mesh", "bgpconfig", R"({"nodeToNodeMeshEnabled": true})",
             "Cannot set nodeToNodeMeshEnabled on a non default BGP Configuration."},
        Case{"not_default_severity", "bgpconfig", R"({"logSeverityScreen": "debug"})", "",
             R"({"name": "node.n1"})"},
        Case{"severity_word", "bgpconfig", R"({"logSeverityScreen": "Loud"})", "supported values: \"Trace\""},
        Case{"largest_as", "bgpconfig", R"({"asNumber": 4294967295})", "", kDefault},
        Case{"service_network", "bgpconfig", R"({"serviceClusterIPs": [{"cidr": "10.96.0.0/12"}]})", "",
             kDefault},
        Case{"service_host_bits", "bgpconfig", R"({"serviceClusterIPs": [{"cidr": "10.96.0.1/12"}]})",
             "because of Tag: net", kDefault},
        Case{"mesh_restart_without_mesh", "bgpconfig",
             R"({"nodeToNodeMeshEnabled": false, "nodeMeshMaxRestartTime": "2m"})",
             "nodeMeshMaxRestartTime cannot be set when nodeToNodeMeshEnabled is false", kDefault},
        Case{"listen_port_low", "bgpconfig", R"({"listenPort": 179})", ""},
        Case{"route_priority", "bgpconfig", R"({"ipv4NormalRoutePriority": 2147483647})",
             "less than or equal to 2147483646"},
        Case{"ignored_all", "bgpconfig", R"({"ignoredInterfaces": ["*"]})",
             "because of Tag: ignoredInterface"},
        Case{"ignored_twice", "bgpconfig", R"({"ignoredInterfaces": ["a", "a"]})", "Duplicate value"},
        Case{"community_small", "bgpconfig",
             R"({"prefixAdvertisements": [{"cidr": "10.0.0.0/8", "communities": ["1:65536"]}]})",
             "invalid community value, expected 16 bit value"},
        Case{"community_large", "bgpconfig",
             R"({"prefixAdvertisements": [{"cidr": "10.0.0.0/8", "communities": ["1:2:4294967296"]}]})",
             "invalid community value, expected 32 bit value"},
        Case{"secret_without_key", "bgppeer", R"({"password": {"secretKeyRef": {"name": "s"}}})",
             "Required value"},
        Case{"peer_family", "bgppeer", R"({"peerIP": "10.0.0.1", "reachableBy": "fd00::1"})",
             "address family mismatched"},
        Case{"peer_both_hops", "bgppeer", R"({"keepOriginalNextHop": true, "nextHopMode": "Self"})",
             "use nextHopMode instead"},
        Case{"peer_workloads", "bgppeer", R"j({"localWorkloadSelector": "all()"})j",
             "asNumber is required when localWorkloadSelector is set"},
        Case{"peer_port", "bgppeer", R"({"peerIP": "10.0.0.1:65536"})", "because of Tag: IP:port"},
        Case{"peer_v6_port", "bgppeer", R"({"peerIP": "[fd00::1]:1790"})", ""},
        Case{"filter_operations_reject", "bgpfilter",
             R"({"importV4": [{"action": "Reject", "operations": [{"setPriority": {"value": 1}}]}]})",
             "operations may only be used with action Accept"},
        Case{"filter_zero_priority", "bgpfilter",
             R"({"importV4": [{"action": "Accept", "operations": [{"setPriority": {"value": 0}}]}]})",
             "because of Tag: required"},
        Case{"filter_community_zero", "bgpfilter",
             R"({"importV4": [{"action": "Accept", "communities": {"values": ["01:2"]}}]})", "should match"},
        Case{"filter_two_communities", "bgpfilter",
             R"({"importV4": [{"action": "Accept", "communities": {"values": ["1:2", "1:3"]}}]})",
             "must have at most 1 item"},
        Case{"filter_address", "bgpfilter",
             R"({"importV4": [{"action": "Accept", "cidr": "10.0.0.1", "matchOperator": "In"}]})",
             "must be of type cidr"},
        Case{"filter_long_prefix", "bgpfilter",
             R"({"importV6": [{"action": "Accept", "cidr": "fd00::/8", "matchOperator": "In",
                 "prefixLength": {"max": 129}}]})",
             "because of Tag: lte"}),
    [](const auto& test) { return std::string(test.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Addresses, KindRules,
    testing::Values(
        Case{"node_family", "node", R"({"bgp": {"ipv4Address": "fd00::1/64"}})", "because of Tag: cidrv4"},
        Case{"node_address_type", "node", R"({"addresses": [{"address": "10.0.0.1", "type": "Home"}]})",
             "because of Tag: ipType"},
        Case{"node_mac", "node", R"({"vxlanTunnelMACAddr": "66:2d:32:3d:0c"})", "because of Tag: mac"},
        Case{
            "node_good", "node",
            R"({"bgp": {"ipv4Address": "10.0.0.1/24", "asNumber": "0.1", "routeReflectorClusterID": "244.0.0.1"},
                 "orchRefs": [{"nodeName": "n", "orchestrator": "k8s"}]})",
            ""},
        Case{"pool_block_v6", "ippool", R"({"cidr": "fd00::/64", "blockSize": 64})",
             "blockSize must be between 20 and 32 for IPv4 pools, and between 116 and 128 for IPv6 pools"},
        Case{"pool_link_local", "ippool", R"({"cidr": "169.0.0.0/8"})",
             "IPPool CIDR overlaps with IPv4 link local range 169.254.0.0/16"},
        Case{"pool_small", "ippool", R"({"cidr": "10.0.0.0/27"})", "IP pool size is too small"},
        Case{"pool_small_disabled", "ippool", R"({"cidr": "10.0.0.0/27", "disabled": true})", ""},
        Case{"pool_global", "ippool", R"j({"cidr": "10.0.0.0/24", "nodeSelector": "global()"})j",
             "global() selector is not valid for IPPool nodeSelector"},
        Case{"pool_old_field", "ippool", R"({"cidr": "10.0.0.0/24", "nat-outgoing": true})",
             "because of Tag: mustBeFalse"},
        Case{"pool_old_ipip", "ippool", R"({"cidr": "10.0.0.0/24", "ipip": {}})",
             "because of Tag: mustBeNil"},
        Case{"ipam_name", "ipamconfig", R"({"strictAffinity": true, "autoAllocateBlocks": true})",
             "other than"},
        Case{"ipam_good", "ipamconfig", R"({"strictAffinity": true, "autoAllocateBlocks": false})", "",
             kDefault},
        Case{"ipam_neither", "ipamconfig", R"({"strictAffinity": false, "autoAllocateBlocks": false})",
             "at the same time", kDefault},
        Case{"ipam_cooldown", "ipamconfig",
             R"({"strictAffinity": true, "autoAllocateBlocks": true, "ipCooldownSeconds": 1201})",
             "less than or equal to 1200", kDefault}),
    [](const auto& test) { return std::string(test.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Endpoints, KindRules,
    testing::Values(
        Case{
            "wep_name", "wep",
            R"({"node": "n-1", "orchestrator": "k8s", "pod": "p", "endpoint": "eth0", "interfaceName": "cali1"})",
            "expected name n--1-k8s-p-eth0"},
        Case{
            "wep_good", "wep",
            R"({"node": "n-1", "orchestrator": "k8s", "pod": "p", "endpoint": "eth0", "interfaceName": "cali1"})",
            "", R"({"name": "n--1-k8s-p-eth0", "namespace": "default"})"},
        Case{"wep_no_interface", "wep", R"({"node": "n"})", "because of Tag: interface"},
        Case{"hep_star", "hep", R"({"node": "n", "interfaceName": "*"})", ""},
        Case{"hep_no_node", "hep", R"({"interfaceName": "eth0"})", "node must be specified"},
        Case{
            "hep_port_name", "hep",
            R"({"node": "n", "interfaceName": "eth0", "ports": [{"name": "9", "port": 80, "protocol": "TCP"}]})",
            "because of Tag: portName"},
        Case{
            "hep_port_zero", "hep",
            R"({"node": "n", "interfaceName": "eth0", "ports": [{"name": "x", "port": 0, "protocol": "TCP"}]})",
            "because of Tag: gt"},
        Case{
            "hep_port_protocol", "hep",
            R"({"node": "n", "interfaceName": "eth0", "ports": [{"name": "x", "port": 1, "protocol": "ICMP"}]})",
            "EndpointPort protocol does not support ports."},
        Case{"hep_same_address", "hep", R"({"node": "n", "expectedIPs": ["10.0.0.1", "10.0.0.1"]})",
             "Duplicate value"},
        Case{"set_twice", "gnetsets", R"({"nets": ["10.0.0.0/8", "10.0.0.0/8"]})", "Duplicate value"},
        Case{"profile_label", "profile", R"({"labelsToApply": {"-a": "b"}})", "because of Tag: labels"}),
    [](const auto& test) { return std::string(test.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Policies, KindRules,
    testing::Values(
        Case{"named_ports", "np", R"({"ingress": [{"action": "Allow", "source": {"ports": ["web", "db"]}}]})",
             ""},
        Case{"one_number", "np", R"({"ingress": [{"action": "Allow", "source": {"ports": ["web", 80]}}]})",
             "rules that specify ports must set protocol to TCP or UDP or SCTP"},
        Case{"sctp_number", "np",
             R"({"egress": [{"action": "Allow", "protocol": 132, "destination": {"notPorts": ["1:9"]}}]})",
             ""},
        Case{"icmp_number", "np", R"({"ingress": [{"action": "Deny", "protocol": 58, "icmp": {"type": 1}}]})",
             ""},
        Case{"icmp_code", "np",
             R"({"ingress": [{"action": "Deny", "protocol": "ICMP", "icmp": {"code": 1}}]})",
             "ICMP code specified without an ICMP type"},
        Case{"not_icmp_version", "np",
             R"({"ingress": [{"action": "Deny", "notProtocol": "ICMP", "ipVersion": 6}]})",
             "protocol ICMP requires ipVersion 4"},
        Case{"two_families", "np",
             R"({"ingress": [{"action": "Deny", "source": {"nets": ["10.0.0.0/8"]},
                 "destination": {"notNets": ["fd00::/8"]}}]})",
             "rule contains both IPv4 and IPv6 CIDRs"},
        Case{"not_everything", "np",
             R"({"ingress": [{"action": "Deny", "source": {"notNets": ["0.0.0.0/0"]}}]})",
             "catch-all CIDR in negation creates logical contradiction (matches no traffic)"},
        Case{"http_out", "np", R"({"egress": [{"action": "Allow", "http": {"methods": ["GET"]}}]})",
             "not allowed in egress rule"},
        Case{"http_twice", "np", R"({"ingress": [{"action": "Allow", "http": {"methods": ["GET", "GET"]}}]})",
             "Invalid methods (duplicates): [GET GET]"},
        Case{"http_number", "np", R"({"ingress": [{"action": "Allow", "protocol": 6, "http": {}}]})", ""},
        Case{"types_twice", "gnp", R"({"types": ["Ingress", "Ingress"]})",
             "'Ingress' type specified more than once"},
        Case{"type_word", "gnp", R"({"types": ["Inbound"]})", "supported values: \"Ingress\", \"Egress\""},
        Case{"services_side", "np",
             R"({"ingress": [{"action": "Allow", "destination": {"services": {"name": "s"}}}]})",
             "not allowed in ingress rule destination"},
        Case{"services_namespace", "gnp",
             R"({"ingress": [{"action": "Allow", "source": {"services": {"name": "s"}}}]})",
             "must specify a namespace"},
        Case{"both_hooks", "gnp", R"({"preDNAT": true, "doNotTrack": true, "applyOnForward": true})",
             "preDNAT and doNotTrack cannot both be true"},
        Case{"dnat_type", "gnp", R"({"preDNAT": true, "applyOnForward": true, "types": ["Egress"]})",
             "preDNAT policy cannot have 'Egress' type"},
        Case{"knp_name", "np", "{}", "", R"({"name": "knp.default.a.b"})"},
        Case{"gnp_two_dots", "gnp", "{}", "name must consist of", R"({"name": "a.b.c"})"},
        Case{"rule_annotation", "np",
             R"({"ingress": [{"action": "Deny", "metadata": {"annotations": {"a b": "c"}}}]})",
             "Metadata.Annotations (key)"},
        Case{"staged_delete", "sgnp", R"({"stagedAction": "Delete", "order": 1})",
             "Spec fields, except Tier"},
        Case{"staged_word", "snp", R"({"stagedAction": "Maybe"})", "supported values: \"Set\""},
        Case{"sknp_delete", "sknp", R"({"stagedAction": "Delete", "policyTypes": ["Ingress"]})",
             "Spec fields should all be zero-value if stagedAction is Delete"},
        Case{"tier_word", "tier", R"({"defaultAction": "Allow"})", "supported values: \"Pass\", \"Deny\""},
        Case{"tier_default", "tier", R"({"order": 1000000, "defaultAction": "Pass"})",
             "The 'default' tier must have default action 'Deny'", kDefault},
        Case{"tier_long", "tier", "{}", "name is too long by 1 bytes",
             R"({"name": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"})"}),
    [](const auto& test) { return std::string(test.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Configurations, KindRules,
    testing::Values(
        Case{"felix_word_any_case", "felixconfig",
             R"({"chainInsertMode": "aPPend", "routeSource": "workloadips"})", ""},
        Case{"felix_word", "felixconfig", R"({"chainInsertMode": "Before"})", "supported values: \"Insert\""},
        Case{"felix_duration", "felixconfig", R"({"routeRefreshInterval": "90s"})", ""},
        Case{"felix_nanoseconds", "felixconfig", R"({"routeRefreshInterval": "90ns"})", "should match"},
        Case{"felix_tables", "felixconfig",
             R"({"routeTableRange": {"min": 1, "max": 2}, "routeTableRanges": [{"min": 1, "max": 2}]})",
             "routeTableRange and routeTableRanges cannot both be set"},
        Case{"felix_table_order", "felixconfig", R"({"routeTableRanges": [{"min": 5, "max": 2}]})",
             "min must not be greater than max"},
        Case{"felix_selector", "felixconfig", R"j({"nodeSelector": "all()"})j",
             "nodeSelector must not be set on the 'default' or per-node", R"({"name": "node.n1"})"},
        Case{"felix_selector_named", "felixconfig", R"j({"nodeSelector": "all()"})j", ""},
        Case{"felix_rate", "felixconfig", R"({"logActionRateLimit": "10000/second"})", "should match"},
        Case{"felix_rate_good", "felixconfig", R"({"logActionRateLimit": "9999/day"})", ""},
        Case{"felix_prefix", "felixconfig", R"({"logPrefix": "a;b"})", "should match"},
        Case{"felix_failsafe", "felixconfig", R"({"failsafeInboundHostPorts": [{"protocol": "TCP"}]})",
             "Required value"},
        Case{"felix_pattern", "felixconfig", R"({"bpfDataIfacePattern": "^(eth|bond)[0-9]+$"})", ""},
        Case{"felix_pattern_open", "felixconfig", R"({"bpfDataIfacePattern": "(eth"})",
             "because of Tag: regexp"},
        Case{"controllers_missing", "kubecontrollersconfig", "{}", "Required value"},
        Case{"controllers_port", "kubecontrollersconfig", R"({"controllers": {}, "debugProfilePort": 65536})",
             "less than or equal to 65535"},
        Case{"status_period", "nodestatus",
             R"({"node": "n", "classes": ["BGP"], "updatePeriodSeconds": 86401})", "because of Tag: lte"},
        Case{"status_class", "nodestatus",
             R"({"node": "n", "classes": ["Weather"], "updatePeriodSeconds": 1})",
             "supported values: \"Agent\""}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(KindRules, NamesLabelsAndAnnotations) {
  const auto text_of = [](const std::string& metadata) {
    const auto found = validate(make("gnetsets", "{}", metadata));
    return found.empty() ? "" : calico_text(found);
  };
  EXPECT_EQ(
      text_of(R"({"name": "a.b-c", "labels": {"x.org/a_b": ""}, "annotations": {"X.Org/A": "any thing"}})"),
      "");
  EXPECT_NE(text_of(R"({"name": "A"})").find("error with field Metadata.Name = 'A' (name must consist of"),
            std::string::npos);
  EXPECT_NE(text_of(R"({"name": "a", "labels": {"a": "b c", "d/e/f": "g"}})")
                .find("error with the following fields:\n-  "),
            std::string::npos);
  EXPECT_NE(text_of(Json{{"name", std::string(254, 'a')}}.dump()).find("name is too long by 1 bytes"),
            std::string::npos);
  EXPECT_NE(text_of(Json{{"name", "a"}, {"annotations", {{"a", std::string(256 << 10, 'x')}}}}.dump())
                .find("total size of annotations is too large by 1 bytes"),
            std::string::npos);
}

// --- defaults
// --------------------------------------------------------------------------------------------------

TEST(Defaults, AreStoredAsCalicoStoresThem) {
  const auto defaulted = [](const std::string& kind, const std::string& spec) {
    Resource resource = make(kind, spec);
    set_defaults(resource);
    return resource.spec().dump();
  };
  EXPECT_EQ(defaulted("ippool", R"({"cidr": "10.0.0.0/16"})"),
            R"j({"allowedUses":["Workload","Tunnel"],"assignmentMode":"Automatic","blockSize":26,)j"
            R"j("cidr":"10.0.0.0/16","ipipMode":"Never","nodeSelector":"all()","vxlanMode":"Never"})j");
  EXPECT_NE(defaulted("ippool", R"({"cidr": "fd00:0::/48"})").find(R"("blockSize":122,"cidr":"fd00::/48")"),
            std::string::npos);
  EXPECT_EQ(defaulted("np", "{}"), R"({"tier":"default","types":["Ingress"]})");
  EXPECT_EQ(defaulted("np", R"({"tier": "t", "egress": [{"action": "Allow"}]})"),
            R"({"egress":[{"action":"Allow","destination":{},"source":{}}],"tier":"t","types":["Egress"]})");
  EXPECT_EQ(defaulted("ipamconfig", "{}"), R"({"autoAllocateBlocks":true,"strictAffinity":false})");
  EXPECT_EQ(defaulted("tier", "{}"), R"({"defaultAction":"Deny"})");
}

// --- schema
// ----------------------------------------------------------------------------------------------------

TEST(JsonSchema, OfEveryKindNamesItsFields) {
  for (const KindInfo* kind : all_kinds()) {
    const Json schema = Json::parse(json_schema(*kind));
    EXPECT_EQ(schema["properties"]["kind"]["const"], std::string(kind->kind));
    for (const FieldInfo& field : kind->object->fields) {
      EXPECT_TRUE(schema["properties"].contains(field.name)) << kind->kind << " " << field.name;
    }
  }
  const Json pool = Json::parse(json_schema(*find_kind("ippool")));
  const Json& fields = pool["$defs"]["IPPoolSpec"]["properties"];
  EXPECT_EQ(fields["ipipMode"]["enum"], Json({"Never", "Always", "CrossSubnet"}));
  EXPECT_EQ(fields["ipipMode"]["default"], "Never");
  EXPECT_EQ(fields["cidr"]["maxLength"], 48);
  EXPECT_EQ(pool["$defs"]["IPPoolSpec"]["required"], Json({"cidr"}));
  const Json all = Json::parse(json_schema());
  EXPECT_EQ(all["oneOf"].size(), 25U);
}

}  // namespace
}  // namespace catflap::calico
