#include "calico/model/legacy.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "calico/model/legacy_rules.hpp"
#include "calico/model/legacy_types.hpp"
#include "calico/model/report.hpp"
#include "calico/model/tables.hpp"
#include "calico/model/types.hpp"
#include "net/addr.hpp"

namespace catflap::calico {
namespace {

using namespace v1;  // NOLINT: the tables below are v1's

constexpr int kHostBitsMin = 6;  ///< of a pool: a block of 64 addresses

// --- rules
// --------------------------------------------------------------------------------------------------

void check_peer_metadata(const Json& metadata, Report& report) {
  const std::string& scope = get_text(metadata, "scope");
  if (!scope.empty() && scope != "global" && scope != "node") {
    report.go("scope", "Scope", scope,
              "Reason: failed to validate Field: Scope because of Tag: scopeglobalornode ");
  }
  if (scope == "global" && !get_text(metadata, "node").empty()) {
    report.go("node", "Metadata.Node", get(metadata, "node"),
              "no BGP Peer node name should be specified when scope is global");
  }
}

void check_ipip(const Json& ipip, Report& report) {
  const std::string& mode = get_text(ipip, "mode");
  if (!mode.empty() && mode != "always" && mode != "cross-subnet") {
    report.go("mode", "Mode", mode, "Reason: failed to validate Field: Mode because of Tag: ipIpMode ");
  }
}

void check_pool(const Json& pool, Report& report) {
  const Json& text = get(get(pool, "metadata"), "cidr");
  const auto cidr = text.is_string() ? parse_cidr_or_ip(text.get<std::string>()) : std::nullopt;
  if (!cidr) {
    return;  // missing or refused by its field
  }
  const Json& spec = get(pool, "spec");
  const bool v4 = cidr->address.is_v4();
  const auto error = [&](const char* reason) { report.go("metadata/cidr", "CIDR", text, reason); };
  if (!v4 && get_bool(get(spec, "ipip"), "enabled")) {
    report.go("spec/ipip/enabled", "IPIP.Enabled", true, "IPIP is not supported on an IPv6 IP pool");
  }
  if (!get_bool(spec, "disabled") && net::address_bits(cidr->family()) - cidr->length < kHostBitsMin) {
    error(v4 ? "IP pool size is too small (min /26) for use with Calico IPAM"
             : "IP pool size is too small (min /122) for use with Calico IPAM");
  }
  if (!cidr->strictly_masked()) {
    error("IP pool CIDR is not strictly masked");
  }
  const net::Prefix link_local = v4 ? net::Prefix(net::IpAddr::v4(0xA9FE0000), 16)
                                    : net::Prefix(net::IpAddr::v6(0xFE80'0000'0000'0000U, 0), 10);
  if (link_local.covers(cidr->network()) || cidr->network().covers(link_local)) {
    error(v4 ? "IP pool range overlaps with IPv4 Link Local range 169.254.0.0/16"
             : "IP pool range overlaps with IPv6 Link Local range fe80::/10");
  }
}

void check_node(const Json& spec, Report& report) {
  const Json& bgp = get(spec, "bgp");
  if (bgp.is_null()) {
    return;
  }
  if (!has(bgp, "ipv4Address") && !has(bgp, "ipv6Address")) {
    report.go("bgp", "BGP.IPv4Address", Json(), "no BGP IP address and subnet specified");
  }
  if (has(bgp, "ipv4Address") && ip_version(get(bgp, "ipv4Address")) != 4) {
    report.go("bgp/ipv4Address", "BGP.IPv4Address", get(bgp, "ipv4Address"),
              "invalid IPv4 address and subnet specified");
  }
  if (has(bgp, "ipv6Address") && ip_version(get(bgp, "ipv6Address")) != 6) {
    report.go("bgp/ipv6Address", "BGP.IPv6Address", get(bgp, "ipv6Address"),
              "invalid IPv6 address and subnet specified");
  }
}

void check_host_endpoint(const Json& spec, Report& report) {
  if (get_text(spec, "interfaceName").empty() && get_list(spec, "expectedIPs").empty()) {
    report.go("interfaceName", "InterfaceName", "", "no interface or expected IPs have been specified");
  }
}

void check_nat(const Json& nat, Report& report) {
  const Json& internal = get(nat, "internalIP");
  const Json& external = get(nat, "externalIP");
  if (ip_version(internal) != ip_version(external)) {
    report.go("externalIP", "ExternalIP", external, "mismatched IP versions");
  }
}

bool is_inside(const Json& address, const Json& networks) {
  const auto inner = address.is_string() ? parse_go_ip(address.get<std::string>()) : std::nullopt;
  return inner && std::any_of(networks.begin(), networks.end(), [&inner](const Json& network) {
           const auto outer =
               network.is_string() ? parse_cidr_or_ip(network.get<std::string>()) : std::nullopt;
           return outer && outer->network().contains(*inner);
         });
}

void check_workload_endpoint(const Json& spec, Report& report) {
  if (get_text(spec, "interfaceName").empty()) {
    report.go("interfaceName", "InterfaceName", "",
              "Reason: failed to validate Field: InterfaceName because of Tag: interface ");
  }
  const Json& networks = get_list(spec, "ipNetworks");
  for (const Json& network : networks) {
    const auto cidr = network.is_string() ? parse_cidr_or_ip(network.get<std::string>()) : std::nullopt;
    if (cidr && cidr->length != net::address_bits(cidr->family())) {
      report.go("ipNetworks", "IPNetworks", networks, "IP network contains multiple addresses");
    }
  }
  if (has(spec, "ipv4Gateway") && ip_version(get(spec, "ipv4Gateway")) != 4) {
    report.go("ipv4Gateway", "IPv4Gateway", get(spec, "ipv4Gateway"),
              "invalid IPv4 gateway address specified");
  }
  if (has(spec, "ipv6Gateway") && ip_version(get(spec, "ipv6Gateway")) != 6) {
    report.go("ipv6Gateway", "IPv6Gateway", get(spec, "ipv6Gateway"),
              "invalid IPv6 gateway address specified");
  }
  const Json& nats = get_list(spec, "ipNATs");
  if (!std::all_of(nats.begin(), nats.end(),
                   [&](const Json& nat) { return is_inside(get(nat, "internalIP"), networks); })) {
    report.go("ipNATs", "IPNATs", nats, "NAT is not in the endpoint networks");
  }
}

void check_policy_types(const Json& spec, Report& report) {
  const Json& types = get_list(spec, "types");
  std::size_t index = 0;
  for (const Json& type : types) {
    const std::string member = "types/" + std::to_string(index);
    if (type != "ingress" && type != "egress") {
      report.go(member, "Types[" + std::to_string(index) + "]", type,
                "Reason: failed to validate Field: Types[" + std::to_string(index) +
                    "] because of Tag: policyType ");
    } else if (std::find(types.begin(), types.begin() + static_cast<std::ptrdiff_t>(index), type) !=
               types.begin() + static_cast<std::ptrdiff_t>(index)) {
      report.go(member, "PolicySpec.Types", types,
                "'" + type.get<std::string>() + "' type specified more than once");
    }
    ++index;
  }
}

void check_policy(const Json& spec, Report& report) {
  const bool pre_dnat = get_bool(spec, "preDNAT");
  if (get_bool(spec, "doNotTrack") && pre_dnat) {
    report.go("preDNAT", "PolicySpec.PreDNAT", true,
              "PreDNAT and DoNotTrack cannot both be true, for a given PolicySpec");
  }
  if (pre_dnat && !get_list(spec, "egress").empty()) {
    report.go("egress", "PolicySpec.EgressRules", get(spec, "egress"),
              "PreDNAT PolicySpec cannot have any EgressRules");
  }
  const Json& types = get_list(spec, "types");
  if (pre_dnat && std::find(types.begin(), types.end(), Json("egress")) != types.end()) {
    report.go("types", "PolicySpec.Types", types, "PreDNAT PolicySpec cannot have 'egress' Type");
  }
  check_policy_types(spec, report);
}

// --- tables
// -------------------------------------------------------------------------------------------------

using tables::kAsNumber;
using tables::kBool;
using tables::kNumber;
using tables::kText;
using tables::kTextList;
using tables::kTextMap;

constexpr FieldInfo kPeerMetadataFields[] = {
    {.name = "scope", .type = &kText, .doc = "global: a peer of every node; node: of the one in `node`"},
    {.name = "node", .type = &v1::kName, .doc = "the node of scope node"},
    {.name = "peerIP", .type = &kAddress, .doc = "the address of the peer"},
};
constexpr StructInfo kPeerMetadata{"BGPPeerMetadata", kPeerMetadataFields, check_peer_metadata};
constexpr FieldInfo kPeerSpecFields[] = {
    {.name = "asNumber", .go_name = "ASNumber", .type = &kAsNumber, .doc = "the AS number of the peer"},
};
constexpr StructInfo kPeerSpec{"BGPPeerSpec", kPeerSpecFields};

constexpr FieldInfo kIpipFields[] = {
    {.name = "enabled", .type = &kBool},
    {.name = "mode", .type = &kText, .doc = "always (default) or cross-subnet"},
};
constexpr StructInfo kIpip{"IPIPConfiguration", kIpipFields, check_ipip};
constexpr TypeInfo kIpipType = tables::object_of(kIpip);
constexpr FieldInfo kPoolMetadataFields[] = {
    {.name = "cidr", .go_name = "CIDR", .type = &kCidr, .doc = "the pool; at least a /26 or /122"},
};
constexpr StructInfo kPoolMetadata{"IPPoolMetadata", kPoolMetadataFields};
constexpr FieldInfo kPoolSpecFields[] = {
    {.name = "ipip", .go_name = "IPIP", .type = &kIpipType, .doc = "absent: no tunnels"},
    {.name = "nat-outgoing", .go_name = "NATOutgoing", .type = &kBool},
    {.name = "disabled", .type = &kBool},
};
constexpr StructInfo kPoolSpec{"IPPoolSpec", kPoolSpecFields};

constexpr FieldInfo kNodeMetadataFields[] = {{.name = "name", .type = &v1::kName}};
constexpr StructInfo kNodeMetadata{"NodeMetadata", kNodeMetadataFields};
constexpr FieldInfo kNodeBgpFields[] = {
    {.name = "asNumber", .go_name = "ASNumber", .type = &kAsNumber, .pointer = true},
    {.name = "ipv4Address", .go_name = "IPv4Address", .type = &kCidr, .doc = "address and length"},
    {.name = "ipv6Address", .go_name = "IPv6Address", .type = &kCidr, .doc = "address and length"},
};
constexpr StructInfo kNodeBgp{"NodeBGPSpec", kNodeBgpFields};
constexpr TypeInfo kNodeBgpType = tables::object_of(kNodeBgp);
constexpr FieldInfo kOrchRefFields[] = {
    {.name = "nodeName", .type = &kText},
    {.name = "orchestrator", .type = &kText},
};
constexpr StructInfo kOrchRef{"OrchRef", kOrchRefFields};
constexpr TypeInfo kOrchRefType = tables::object_of(kOrchRef);
constexpr TypeInfo kOrchRefs = tables::list_of(kOrchRefType);
constexpr FieldInfo kNodeSpecFields[] = {
    {.name = "bgp", .go_name = "BGP", .type = &kNodeBgpType, .doc = "absent: policy only"},
    {.name = "orchRefs", .type = &kOrchRefs},
};
constexpr StructInfo kNodeSpec{"NodeSpec", kNodeSpecFields, check_node};

constexpr FieldInfo kHostMetadataFields[] = {
    {.name = "name", .type = &kNamespacedName},
    {.name = "node", .type = &v1::kName},
    {.name = "labels", .type = &kLabels},
};
constexpr StructInfo kHostMetadata{"HostEndpointMetadata", kHostMetadataFields};
constexpr FieldInfo kHostSpecFields[] = {
    {.name = "interfaceName", .type = &kInterface},
    {.name = "expectedIPs", .type = &kAddresses},
    {.name = "profiles", .type = &kNamespacedNames},
    {.name = "ports", .type = &kEndpointPorts},
};
constexpr StructInfo kHostSpec{"HostEndpointSpec", kHostSpecFields, check_host_endpoint};

constexpr FieldInfo kWorkloadMetadataFields[] = {
    {.name = "name", .type = &kNamespacedName},         {.name = "workload", .type = &kNamespacedName},
    {.name = "orchestrator", .type = &kNamespacedName}, {.name = "node", .type = &v1::kName},
    {.name = "activeInstanceID", .type = &v1::kName},   {.name = "labels", .type = &kLabels},
};
constexpr StructInfo kWorkloadMetadata{"WorkloadEndpointMetadata", kWorkloadMetadataFields};
constexpr FieldInfo kNatFields[] = {
    {.name = "internalIP", .type = &kAddress},
    {.name = "externalIP", .type = &kAddress},
};
constexpr StructInfo kNat{"IPNAT", kNatFields, check_nat};
constexpr TypeInfo kNatType = tables::object_of(kNat);
constexpr TypeInfo kNats = tables::list_of(kNatType);
constexpr FieldInfo kWorkloadSpecFields[] = {
    {.name = "ipNetworks", .go_name = "IPNetworks", .type = &kCidrs},
    {.name = "ipNATs", .go_name = "IPNATs", .type = &kNats},
    {.name = "ipv4Gateway", .go_name = "IPv4Gateway", .type = &kAddress},
    {.name = "ipv6Gateway", .go_name = "IPv6Gateway", .type = &kAddress},
    {.name = "profiles", .type = &kNamespacedNames},
    {.name = "interfaceName", .type = &kInterface},
    {.name = "mac", .go_name = "MAC", .type = &kMac},
    {.name = "ports", .type = &kEndpointPorts},
    {.name = "allow_spoofed_source_prefixes", .go_name = "AllowSpoofedSourcePrefixes", .type = &kCidrs},
};
constexpr StructInfo kWorkloadSpec{"WorkloadEndpointSpec", kWorkloadSpecFields, check_workload_endpoint};

constexpr FieldInfo kPolicyMetadataFields[] = {
    {.name = "name", .type = &kNamespacedName},
    {.name = "tier", .type = &v1::kName},
    {.name = "annotations", .type = &kTextMap},
};
constexpr StructInfo kPolicyMetadata{"PolicyMetadata", kPolicyMetadataFields};
constexpr FieldInfo kPolicySpecFields[] = {
    {.name = "order", .type = &kNumber, .pointer = true},
    {.name = "ingress", .go_name = "IngressRules", .type = &kRules},
    {.name = "egress", .go_name = "EgressRules", .type = &kRules},
    {.name = "selector", .type = &kSelector},
    {.name = "doNotTrack", .type = &kBool},
    {.name = "preDNAT", .type = &kBool},
    {.name = "types", .type = &kTextList, .doc = "ingress, egress"},
};
constexpr StructInfo kPolicySpec{"PolicySpec", kPolicySpecFields, check_policy};

constexpr FieldInfo kProfileMetadataFields[] = {
    {.name = "name", .type = &kNamespacedName},
    {.name = "tags", .type = &kTags},
    {.name = "labels", .type = &kLabels},
};
constexpr StructInfo kProfileMetadata{"ProfileMetadata", kProfileMetadataFields};
constexpr FieldInfo kProfileSpecFields[] = {
    {.name = "ingress", .go_name = "IngressRules", .type = &kRules},
    {.name = "egress", .go_name = "EgressRules", .type = &kRules},
};
constexpr StructInfo kProfileSpec{"ProfileSpec", kProfileSpecFields};

// --- documents
// ----------------------------------------------------------------------------------------------

/// One kind: the fields of its document, and its table.
template <const StructInfo& Metadata, const StructInfo& Spec>
struct Document {
  static constexpr TypeInfo kMetadata = tables::object_of(Metadata);
  static constexpr TypeInfo kSpec = tables::object_of(Spec);
  static constexpr FieldInfo kFields[] = {
      tables::kKindField,
      tables::kApiVersionField,
      {.name = "metadata", .type = &kMetadata},
      {.name = "spec", .type = &kSpec},
  };
};

constexpr StructInfo kPeer{"BGPPeer", Document<kPeerMetadata, kPeerSpec>::kFields};
constexpr StructInfo kPool{"IPPool", Document<kPoolMetadata, kPoolSpec>::kFields, check_pool};
constexpr StructInfo kNode{"Node", Document<kNodeMetadata, kNodeSpec>::kFields};
constexpr StructInfo kHostEndpoint{"HostEndpoint", Document<kHostMetadata, kHostSpec>::kFields};
constexpr StructInfo kWorkloadEndpoint{"WorkloadEndpoint",
                                       Document<kWorkloadMetadata, kWorkloadSpec>::kFields};
constexpr StructInfo kPolicy{"Policy", Document<kPolicyMetadata, kPolicySpec>::kFields};
constexpr StructInfo kProfile{"Profile", Document<kProfileMetadata, kProfileSpec>::kFields};

constexpr KindInfo v1_kind(std::string_view kind, std::string_view plural, const StructInfo& object) {
  KindInfo info{};
  info.kind = kind;
  info.api_version = "v1";
  info.plural = plural;
  info.group = ApiGroup::calico_v1;
  info.object = &object;
  return info;
}
constexpr KindInfo kPeerKind = v1_kind("bgpPeer", "bgppeers", kPeer);
constexpr KindInfo kPoolKind = v1_kind("ipPool", "ippools", kPool);
constexpr KindInfo kNodeKind = v1_kind("node", "nodes", kNode);
constexpr KindInfo kHostEndpointKind = v1_kind("hostEndpoint", "hostendpoints", kHostEndpoint);
constexpr KindInfo kWorkloadEndpointKind =
    v1_kind("workloadEndpoint", "workloadendpoints", kWorkloadEndpoint);
constexpr KindInfo kPolicyKind = v1_kind("policy", "policies", kPolicy);
constexpr KindInfo kProfileKind = v1_kind("profile", "profiles", kProfile);

constexpr std::array<const KindInfo*, 7> kKinds = {
    &kPeerKind,    &kHostEndpointKind,    &kPoolKind, &kNodeKind, &kPolicyKind,
    &kProfileKind, &kWorkloadEndpointKind};

}  // namespace

std::span<const KindInfo* const> v1_kinds() {
  return kKinds;
}

const KindInfo* find_v1_kind(std::string_view api_version, std::string_view kind) {
  if (api_version != "v1") {
    return nullptr;
  }
  const auto found =
      std::find_if(kKinds.begin(), kKinds.end(), [kind](const KindInfo* each) { return each->kind == kind; });
  return found == kKinds.end() ? nullptr : *found;
}

const StructInfo* find_v1_struct(std::string_view go_type) {
  static constexpr std::array<const StructInfo*, 26> kApi = {&kRuleStruct,
                                                             &kEntityRuleStruct,
                                                             &kIcmpStruct,
                                                             &kEndpointPortStruct,
                                                             &kPeer,
                                                             &kPeerMetadata,
                                                             &kPeerSpec,
                                                             &kIpip,
                                                             &kPool,
                                                             &kPoolMetadata,
                                                             &kPoolSpec,
                                                             &kNode,
                                                             &kNodeSpec,
                                                             &kNodeMetadata,
                                                             &kHostEndpoint,
                                                             &kHostMetadata,
                                                             &kHostSpec,
                                                             &kNat,
                                                             &kWorkloadEndpoint,
                                                             &kWorkloadMetadata,
                                                             &kWorkloadSpec,
                                                             &kPolicy,
                                                             &kPolicySpec,
                                                             &kPolicyMetadata,
                                                             &kProfile,
                                                             &kProfileMetadata};
  static constexpr std::array<const StructInfo*, 4> kModel = {&kStoredRuleStruct, &kStoredEndpointPortStruct,
                                                              &kStoredWorkloadEndpointStruct,
                                                              &kStoredHostEndpointStruct};
  const std::size_t dot = go_type.find('.');
  if (dot == std::string_view::npos) {
    return nullptr;
  }
  const std::string_view package = go_type.substr(0, dot);
  const std::string_view name = go_type.substr(dot + 1);
  const auto find = [name](auto& structs) -> const StructInfo* {
    for (const StructInfo* each : structs) {
      if (each->name == name) {
        return each;
      }
    }
    return nullptr;
  };
  return package == "api" ? find(kApi) : package == "model" ? find(kModel) : nullptr;
}

}  // namespace catflap::calico
