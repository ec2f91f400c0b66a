#include <nlohmann/json.hpp>

#include "calico/model/report.hpp"
#include "calico/model/resource.hpp"
#include "calico/model/tables.hpp"

/// Node.
namespace catflap::calico::tables {

namespace {

constexpr FieldInfo kNodeBgpFields[] = {
    {.name = "asNumber",
     .go_name = "ASNumber",
     .type = &kAsNumber,
     .pointer = true,
     .doc = "absent: that of the BGPConfiguration named default"},
    {.name = "ipv4Address",
     .go_name = "IPv4Address",
     .type = &kText,
     .tag = &tag::kCidrV4,
     .doc = "address and network of the node"},
    {.name = "ipv6Address", .go_name = "IPv6Address", .type = &kText, .tag = &tag::kCidrV6},
    {.name = "ipv4IPIPTunnelAddr", .go_name = "IPv4IPIPTunnelAddr", .type = &kText, .tag = &tag::kIpV4},
    {.name = "routeReflectorClusterID",
     .type = &kText,
     .tag = &tag::kIpV4,
     .doc = "makes the node a route reflector of this cluster"},
};
constexpr StructInfo kNodeBgp{"NodeBGPSpec", kNodeBgpFields};
constexpr TypeInfo kNodeBgpType = object_of(kNodeBgp);

constexpr FieldInfo kWireguardFields[] = {
    {.name = "interfaceIPv4Address", .type = &kText, .tag = &tag::kIpV4},
    {.name = "interfaceIPv6Address", .type = &kText, .tag = &tag::kIpV6},
};
constexpr StructInfo kWireguard{"NodeWireguardSpec", kWireguardFields};
constexpr TypeInfo kWireguardType = object_of(kWireguard);

constexpr FieldInfo kOrchRefFields[] = {
    {.name = "nodeName", .type = &kText},
    {.name = "orchestrator", .type = &kText, .always = true},
};
constexpr StructInfo kOrchRef{"OrchRef", kOrchRefFields};
constexpr TypeInfo kOrchRefType = object_of(kOrchRef);
constexpr TypeInfo kOrchRefs = list_of(kOrchRefType);

constexpr FieldInfo kAddressFields[] = {
    {.name = "address", .type = &kText, .tag = &tag::kNet, .always = true},
    {.name = "type", .type = &kText, .tag = &tag::kIpType},
};
constexpr StructInfo kAddress{"NodeAddress", kAddressFields};
constexpr TypeInfo kAddressType = object_of(kAddress);
constexpr TypeInfo kAddresses = list_of(kAddressType);

constexpr FieldInfo kInterfaceFields[] = {
    {.name = "name", .type = &kText, .tag = &tag::kName},
    {.name = "addresses", .type = &kTextList},
};
constexpr StructInfo kInterface{"NodeInterface", kInterfaceFields};
constexpr TypeInfo kInterfaceType = object_of(kInterface);
constexpr TypeInfo kInterfaces = list_of(kInterfaceType);

constexpr FieldInfo kNodeSpecFields[] = {
    {.name = "bgp", .go_name = "BGP", .type = &kNodeBgpType, .pointer = true},
    {.name = "ipv4VXLANTunnelAddr", .go_name = "IPv4VXLANTunnelAddr", .type = &kText, .tag = &tag::kIpV4},
    {.name = "vxlanTunnelMACAddr", .go_name = "VXLANTunnelMACAddr", .type = &kText, .tag = &tag::kMac},
    {.name = "ipv6VXLANTunnelAddr", .go_name = "IPv6VXLANTunnelAddr", .type = &kText, .tag = &tag::kIpV6},
    {.name = "vxlanTunnelMACAddrV6", .go_name = "VXLANTunnelMACAddrV6", .type = &kText, .tag = &tag::kMac},
    {.name = "orchRefs", .type = &kOrchRefs},
    {.name = "wireguard", .type = &kWireguardType, .pointer = true},
    {.name = "addresses", .type = &kAddresses},
    {.name = "interfaces", .type = &kInterfaces},
};
constexpr FieldInfo kNodeStatusFields[] = {
    {.name = "wireguardPublicKey", .type = &kText, .tag = &tag::kWireguardKey},
    {.name = "wireguardPublicKeyV6", .type = &kText, .tag = &tag::kWireguardKey},
    {.name = "podCIDRs", .type = &kTextList},
};

void node_spec_rules(const Json& spec, Report& report) {
  const Json& bgp = get(spec, "bgp");
  if (bgp.is_object() && bgp.empty()) {
    report.go("bgp", "BGP", bgp, "Spec.BGP should not be empty");
  }
}

constexpr StructInfo kNodeSpec{"NodeSpec", kNodeSpecFields, node_spec_rules};
constexpr StructInfo kNodeStatus{"NodeStatus", kNodeStatusFields};
constexpr TypeInfo kNodeSpecType = object_of(kNodeSpec);
constexpr TypeInfo kNodeStatusType = object_of(kNodeStatus);
constexpr auto kNodeFields = with(document_of(kNodeSpecType), status_of(kNodeStatusType));
constexpr StructInfo kNodeDocument{"Node", kNodeFields};

std::string as_number_cell(const Resource& node, const CellContext& context) {
  if (node.find("/spec/bgp") == nullptr) {
    return "";
  }
  const std::string own = value_cell(node, "/spec/bgp/asNumber");
  if (!own.empty()) {
    return own;
  }
  return "(" + (context.cluster_as_number ? std::to_string(*context.cluster_as_number) : "unknown") + ")";
}

constexpr std::string_view kNodeNames[] = {"node", "nodes", "no", "nos"};
const Column kNodeColumns[] = {
    {"NAME", name_cell},
    {"ASN", as_number_cell},
    {"IPV4", [](const Resource& r, const CellContext&) { return r.text_at("/spec/bgp/ipv4Address"); }},
    {"IPV6", [](const Resource& r, const CellContext&) { return r.text_at("/spec/bgp/ipv6Address"); }},
};
constexpr std::string_view kNodeWideHeadings[] = {"NAME", "ASN", "IPV4", "IPV6"};

}  // namespace

const KindInfo kNode{.kind = "Node",
                     .api_version = kV3,
                     .plural = "nodes",
                     .names = kNodeNames,
                     .object = &kNodeDocument,
                     .columns = kNodeColumns,
                     .headings = kNameHeading,
                     .wide_headings = kNodeWideHeadings};

}  // namespace catflap::calico::tables
