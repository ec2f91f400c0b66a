#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "calico/model/report.hpp"
#include "calico/model/resource.hpp"
#include "calico/model/tables.hpp"
#include "calico/model/types.hpp"

/// BGPConfiguration and BGPPeer.
namespace catflap::calico::tables {

// --- BGPConfiguration
// ------------------------------------------------------------------------------------------

namespace {

constexpr std::array<std::string_view, 6> kLogLevels = {"Trace",   "Debug", "Info",
                                                        "Warning", "Error", "Fatal"};
constexpr Schema kLogLevel = one_of(kLogLevels, true);
constexpr std::array<std::string_view, 2> kBindModes = {"None", "NodeIP"};
constexpr Schema kBindMode = one_of(kBindModes);
constexpr std::array<std::string_view, 4> kProgramModes = {"Enabled", "Disabled", "EnabledIPIPOnly",
                                                           "EnabledNoEncapOnly"};
constexpr Schema kProgramMode = one_of(kProgramModes);

constexpr FieldInfo kServiceBlockFields[] = {
    {.name = "cidr", .go_name = "CIDR", .type = &kText, .tag = &tag::kNet, .schema = &kCidrFormat},
};
constexpr StructInfo kClusterIpBlock{"ServiceClusterIPBlock", kServiceBlockFields};
constexpr StructInfo kExternalIpBlock{"ServiceExternalIPBlock", kServiceBlockFields};
constexpr StructInfo kLoadBalancerIpBlock{"ServiceLoadBalancerIPBlock", kServiceBlockFields};
constexpr TypeInfo kClusterIp = object_of(kClusterIpBlock);
constexpr TypeInfo kExternalIp = object_of(kExternalIpBlock);
constexpr TypeInfo kLoadBalancerIp = object_of(kLoadBalancerIpBlock);
constexpr TypeInfo kClusterIps = list_of(kClusterIp);
constexpr TypeInfo kExternalIps = list_of(kExternalIp);
constexpr TypeInfo kLoadBalancerIps = list_of(kLoadBalancerIp);

bool is_community_shape(std::string_view text) {
  const auto colons = std::count(text.begin(), text.end(), ':');
  bool digits_around = !text.empty() && text.front() != ':' && text.back() != ':';
  digits_around = digits_around && text.find("::") == std::string_view::npos;
  return digits_around && (colons == 1 || colons == 2) &&
         text.find_first_not_of("0123456789:") == std::string_view::npos;
}

constexpr Schema kCommunityValue{
    .max_length = 40, .pattern = "^(\\d+):(\\d+)$|^(\\d+):(\\d+):(\\d+)$", .matches = is_community_shape};
constexpr FieldInfo kCommunityFields[] = {
    {.name = "name", .type = &kText, .tag = &tag::kName, .schema = &kUpTo253, .mandatory = true},
    {.name = "value",
     .type = &kText,
     .schema = &kCommunityValue,
     .mandatory = true,
     .doc = "a standard community n:n or a large one n:n:n"},
};
constexpr StructInfo kCommunity{"Community", kCommunityFields};
constexpr TypeInfo kCommunityType = object_of(kCommunity);
constexpr TypeInfo kCommunities = list_of(kCommunityType);

constexpr Schema kAtMost50{.max_items = 50};
constexpr Schema kAtMost500{.max_items = 500};
constexpr FieldInfo kAdvertisementFields[] = {
    {.name = "cidr",
     .go_name = "CIDR",
     .type = &kText,
     .tag = &tag::kNet,
     .schema = &kCidrFormat,
     .mandatory = true},
    {.name = "communities",
     .type = &kTextList,
     .schema = &kAtMost50,
     .mandatory = true,
     .doc = "communities, or names of those in spec.communities"},
};
constexpr StructInfo kAdvertisement{"PrefixAdvertisement", kAdvertisementFields};
constexpr TypeInfo kAdvertisementType = object_of(kAdvertisement);
constexpr TypeInfo kAdvertisements = list_of(kAdvertisementType);

constexpr TypeInfo kIgnoredInterface{.shape = Shape::text, .tag = &tag::kIgnoredInterface};
constexpr TypeInfo kIgnoredInterfaces = list_of(kIgnoredInterface);
constexpr Schema kUpTo64 = at_most(64);

constexpr FieldInfo kBgpConfigurationSpecFields[] = {
    {.name = "logSeverityScreen", .type = &kText, .schema = &kLogLevel, .default_value = "\"Info\""},
    {.name = "nodeToNodeMeshEnabled",
     .type = &kBool,
     .pointer = true,
     .default_value = "true",
     .doc = "every node peers with every other one"},
    {.name = "asNumber",
     .go_name = "ASNumber",
     .type = &kAsNumber,
     .pointer = true,
     .default_value = "64512",
     .doc = "of nodes that do not have their own"},
    {.name = "serviceLoadBalancerIPs", .type = &kLoadBalancerIps},
    {.name = "serviceExternalIPs", .type = &kExternalIps},
    {.name = "serviceClusterIPs", .type = &kClusterIps},
    {.name = "serviceLoadBalancerAggregation",
     .type = &kText,
     .schema = &kEnabledOrDisabled,
     .pointer = true,
     .default_value = "\"Enabled\""},
    {.name = "communities", .type = &kCommunities, .schema = &kAtMost500},
    {.name = "prefixAdvertisements", .type = &kAdvertisements, .schema = &kAtMost500},
    {.name = "listenPort", .type = &kUint16, .schema = &kPortNumber, .default_value = "179"},
    {.name = "nodeMeshPassword", .type = &kSecretKeyRef, .pointer = true},
    {.name = "nodeMeshMaxRestartTime", .type = &kDuration, .pointer = true, .default_value = "\"2m0s\""},
    {.name = "bindMode", .type = &kText, .schema = &kBindMode, .pointer = true, .default_value = "\"None\""},
    {.name = "ignoredInterfaces", .type = &kIgnoredInterfaces, .schema = &kUnique},
    {.name = "localWorkloadPeeringIPV4", .type = &kText, .tag = &tag::kIpV4, .schema = &kUpTo64},
    {.name = "localWorkloadPeeringIPV6", .type = &kText, .tag = &tag::kIpV6, .schema = &kUpTo64},
    {.name = "programClusterRoutes",
     .type = &kText,
     .schema = &kProgramMode,
     .pointer = true,
     .default_value = "\"EnabledNoEncapOnly\""},
    {.name = "ipv4NormalRoutePriority",
     .go_name = "IPv4NormalRoutePriority",
     .type = &kInt,
     .schema = &kRoutePriority,
     .pointer = true,
     .default_value = "1024"},
    {.name = "ipv6NormalRoutePriority",
     .go_name = "IPv6NormalRoutePriority",
     .type = &kInt,
     .schema = &kRoutePriority,
     .pointer = true,
     .default_value = "1024"},
};

/// Calico's isValidCommunity(): true if it has the form of a community; parts that are too large are
/// reported.
bool check_community(const std::string& value, std::string_view member, std::string_view field,
                     Report& report) {
  if (!is_community_shape(value)) {
    return false;
  }
  if (!is_community(value)) {
    const bool large = std::count(value.begin(), value.end(), ':') == 2;
    report.go(member, field, Json(value),
              std::string("invalid community value, expected ") + (large ? "32" : "16") + " bit value");
  }
  return true;
}

void bgp_configuration_spec_rules(const Json& spec, Report& report) {
  const Json& communities = get_list(spec, "communities");
  for (std::size_t i = 0; i < communities.size(); ++i) {
    const std::string& value = get_text(communities[i], "value");
    const std::string member = "communities/" + std::to_string(i) + "/value";
    if (!value.empty() && !check_community(value, member, "Spec.Communities[].Value", report)) {
      report.go(member, "Spec.Communities[].Value", Json(value), "invalid community value or format used.");
    }
  }
  const Json& advertisements = get_list(spec, "prefixAdvertisements");
  for (std::size_t i = 0; i < advertisements.size(); ++i) {
    const Json& used = get_list(advertisements[i], "communities");
    for (std::size_t k = 0; k < used.size(); ++k) {
      const std::string member =
          "prefixAdvertisements/" + std::to_string(i) + "/communities/" + std::to_string(k);
      const std::string value = used[k].is_string() ? used[k].get<std::string>() : std::string();
      constexpr std::string_view kField = "Spec.PrefixAdvertisement[].Communities[]";
      const bool defined = std::any_of(communities.begin(), communities.end(),
                                       [&](const Json& one) { return get_text(one, "name") == value; });
      if (!check_community(value, member, kField, report) && !defined) {
        report.go(member, kField, Json(value), "community used is invalid or not defined.");
      }
    }
  }
}

void bgp_configuration_spec_crd(const Json& spec, Report& report) {
  const Json& mesh = get(spec, "nodeToNodeMeshEnabled");
  if (mesh == Json(false) && has(spec, "nodeMeshPassword")) {
    report.crd("", "", "nodeMeshPassword cannot be set when nodeToNodeMeshEnabled is false");
  }
  if (mesh == Json(false) && has(spec, "nodeMeshMaxRestartTime")) {
    report.crd("", "", "nodeMeshMaxRestartTime cannot be set when nodeToNodeMeshEnabled is false");
  }
  if (!get_list(spec, "communities").empty() && get_list(spec, "prefixAdvertisements").empty()) {
    report.crd("", "", "communities are defined but not used in prefixAdvertisements");
  }
}

/// What only the configuration named default may say.
void bgp_configuration_rules(const Json& document, Report& report) {
  constexpr std::array<std::string_view, 7> kGlobalOnly = {
      "nodeToNodeMeshEnabled",  "asNumber",         "serviceExternalIPs",    "serviceClusterIPs",
      "serviceLoadBalancerIPs", "nodeMeshPassword", "nodeMeshMaxRestartTime"};
  const Json& spec = get(document, "spec");
  if (get_text(get(document, "metadata"), "name") == "default") {
    return;
  }
  for (const std::string_view field : kGlobalOnly) {
    if (has(spec, field)) {
      report.go("spec/" + std::string(field), "BGPConfiguration.Spec." + std::string(field), get(spec, field),
                "Cannot set " + std::string(field) + " on a non default BGP Configuration.");
    }
  }
}

constexpr StructInfo kBgpConfigurationSpec{"BGPConfigurationSpec", kBgpConfigurationSpecFields,
                                           bgp_configuration_spec_rules, bgp_configuration_spec_crd};
constexpr TypeInfo kBgpConfigurationSpecType = object_of(kBgpConfigurationSpec);
constexpr auto kBgpConfigurationFields = document_of(kBgpConfigurationSpecType);
constexpr StructInfo kBgpConfigurationDocument{"BGPConfiguration", kBgpConfigurationFields,
                                               bgp_configuration_rules};

constexpr std::string_view kBgpConfigurationNames[] = {"bgpconfiguration", "bgpconfigurations", "bgpconfig",
                                                       "bgpconfigs"};
const Column kBgpConfigurationColumns[] = {
    {"NAME", name_cell},
    {"LOGSEVERITY",
     [](const Resource& r, const CellContext&) { return value_cell(r, "/spec/logSeverityScreen", "-"); }},
    {"MESHENABLED",
     [](const Resource& r, const CellContext&) { return value_cell(r, "/spec/nodeToNodeMeshEnabled", "-"); }},
    {"ASNUMBER", [](const Resource& r, const CellContext&) { return value_cell(r, "/spec/asNumber", "-"); }},
};
constexpr std::string_view kBgpConfigurationHeadings[] = {"NAME", "LOGSEVERITY", "MESHENABLED", "ASNUMBER"};

}  // namespace

const KindInfo kBgpConfiguration{.kind = "BGPConfiguration",
                                 .api_version = kV3,
                                 .plural = "bgpconfigurations",
                                 .names = kBgpConfigurationNames,
                                 .object = &kBgpConfigurationDocument,
                                 .columns = kBgpConfigurationColumns,
                                 .headings = kBgpConfigurationHeadings,
                                 .wide_headings = kBgpConfigurationHeadings};

// --- BGPPeer
// ---------------------------------------------------------------------------------------------------

namespace {

constexpr std::array<std::string_view, 2> kSourceAddresses = {"UseNodeIP", "None"};
constexpr Schema kSourceAddress = one_of(kSourceAddresses);
constexpr std::array<std::string_view, 3> kNextHopModes = {"Auto", "Self", "Keep"};
constexpr Schema kNextHopMode = one_of(kNextHopModes);
constexpr std::array<std::string_view, 2> kReversePeerings = {"Auto", "Manual"};
constexpr Schema kReversePeering = one_of(kReversePeerings);

constexpr FieldInfo kBgpPeerSpecFields[] = {
    {.name = "node",
     .type = &kText,
     .tag = &tag::kName,
     .schema = &kUpTo253,
     .doc = "the node that peers; neither node nor nodeSelector: every node"},
    {.name = "nodeSelector", .type = &kText, .tag = &tag::kSelector, .schema = &kUpTo1024},
    {.name = "peerIP",
     .type = &kText,
     .tag = &tag::kIpPort,
     .schema = &kUpTo64,
     .doc = "an address, with a port as 192.0.2.1:1790 or [2001:db8::1]:1790"},
    {.name = "asNumber", .go_name = "ASNumber", .type = &kAsNumber},
    {.name = "localASNumber", .type = &kAsNumber, .pointer = true},
    {.name = "peerSelector",
     .type = &kText,
     .tag = &tag::kSelector,
     .schema = &kUpTo1024,
     .doc = "peers are the nodes that it selects"},
    {.name = "keepOriginalNextHop", .type = &kBool, .doc = "deprecated: use nextHopMode"},
    {.name = "nextHopMode",
     .type = &kText,
     .schema = &kNextHopMode,
     .pointer = true,
     .default_value = "\"Auto\""},
    {.name = "password", .type = &kSecretKeyRef, .pointer = true},
    {.name = "sourceAddress", .type = &kText, .schema = &kSourceAddress, .default_value = "\"UseNodeIP\""},
    {.name = "maxRestartTime", .type = &kDuration, .pointer = true},
    {.name = "keepaliveTime", .type = &kDuration, .pointer = true},
    {.name = "numAllowedLocalASNumbers", .type = &kInt32, .pointer = true},
    {.name = "ttlSecurity", .go_name = "TTLSecurity", .type = &kUint8, .pointer = true},
    {.name = "reachableBy",
     .type = &kText,
     .tag = &tag::kReachableBy,
     .schema = &kUpTo64,
     .doc = "the gateway behind which the peer is"},
    {.name = "filters", .type = &kTextList, .doc = "names of BGPFilters"},
    {.name = "localWorkloadSelector", .type = &kText, .tag = &tag::kSelector, .schema = &kUpTo1024},
    {.name = "reversePeering",
     .type = &kText,
     .schema = &kReversePeering,
     .pointer = true,
     .default_value = "\"Auto\""},
};

void bgp_peer_spec_rules(const Json& spec, Report& report) {
  const std::string& reachable_by = get_text(spec, "reachableBy");
  const std::string& peer_ip = get_text(spec, "peerIP");
  const auto gateway = parse_go_ip(reachable_by);
  const auto peer = parse_peer_ip(peer_ip);
  if (gateway && peer && gateway->family() != peer->address.family()) {
    report.go("reachableBy", "ReachableBy", Json(reachable_by),
              "ReachableBy and PeerIP address family mismatched");
  }
}

void bgp_peer_spec_crd(const Json& spec, Report& report) {
  const auto set = [&](std::string_view name) { return !get_text(spec, name).empty(); };
  const bool as_number = get_number(spec, "asNumber") != 0;
  const auto refuse_if = [&](bool wrong, std::string_view message) {
    if (wrong) {
      report.crd("", "", message);
    }
  };
  refuse_if(set("node") && set("nodeSelector"), "node and nodeSelector cannot both be set");
  refuse_if(set("peerIP") && set("peerSelector"), "peerIP and peerSelector cannot both be set");
  refuse_if(as_number && set("peerSelector"), "asNumber must be empty when peerSelector is set");
  if (set("localWorkloadSelector")) {
    refuse_if(set("peerIP"), "peerIP must be empty when localWorkloadSelector is set");
    refuse_if(set("peerSelector"), "peerSelector must be empty when localWorkloadSelector is set");
    refuse_if(!as_number, "asNumber is required when localWorkloadSelector is set");
  }
  refuse_if(set("reachableBy") && !set("peerIP"), "reachableBy must be empty when peerIP is empty");
  refuse_if(get_bool(spec, "keepOriginalNextHop") && has(spec, "nextHopMode"),
            "keepOriginalNextHop and nextHopMode cannot both be set; keepOriginalNextHop is deprecated, use "
            "nextHopMode instead");
}

constexpr StructInfo kBgpPeerSpec{"BGPPeerSpec", kBgpPeerSpecFields, bgp_peer_spec_rules, bgp_peer_spec_crd};
constexpr TypeInfo kBgpPeerSpecType = object_of(kBgpPeerSpec);
constexpr auto kBgpPeerFields = document_of(kBgpPeerSpecType);
constexpr StructInfo kBgpPeerDocument{"BGPPeer", kBgpPeerFields};

std::string peer_node_cell(const Resource& peer, const CellContext& /*context*/) {
  const std::string node = peer.text_at("/spec/node");
  const std::string selector = peer.text_at("/spec/nodeSelector");
  return !node.empty() ? node : !selector.empty() ? selector : "(global)";
}

constexpr std::string_view kBgpPeerNames[] = {"bgppeer", "bgppeers", "bgpp", "bgpps", "bp", "bps"};
const Column kBgpPeerColumns[] = {
    {"NAME", name_cell},
    {"PEERIP", [](const Resource& r, const CellContext&) { return r.text_at("/spec/peerIP"); }},
    {"NODE", peer_node_cell},
    {"ASN", [](const Resource& r, const CellContext&) { return value_cell(r, "/spec/asNumber", "0"); }},
};
constexpr std::string_view kBgpPeerHeadings[] = {"NAME", "PEERIP", "NODE", "ASN"};

}  // namespace

const KindInfo kBgpPeer{.kind = "BGPPeer",
                        .api_version = kV3,
                        .plural = "bgppeers",
                        .names = kBgpPeerNames,
                        .object = &kBgpPeerDocument,
                        .columns = kBgpPeerColumns,
                        .headings = kBgpPeerHeadings,
                        .wide_headings = kBgpPeerHeadings};

}  // namespace catflap::calico::tables
