#include <array>

#include <nlohmann/json.hpp>

#include "calico/model/endpoint_name.hpp"
#include "calico/model/report.hpp"
#include "calico/model/resource.hpp"
#include "calico/model/tables.hpp"
#include "calico/model/types.hpp"

/// WorkloadEndpoint and HostEndpoint.
namespace catflap::calico::tables {

namespace {

/// TCP, UDP and SCTP, as names or numbers.
bool has_ports(const Json& protocol) {
  return protocol == Json("TCP") || protocol == Json("UDP") || protocol == Json("SCTP") ||
         protocol == Json(6U) || protocol == Json(17U) || protocol == Json(132U);
}

// --- WorkloadEndpoint
// ------------------------------------------------------------------------------------------

constexpr FieldInfo kWorkloadPortFields[] = {
    {.name = "name", .type = &kText, .tag = &tag::kPortName, .always = true},
    {.name = "protocol", .type = &kProtocol, .pointer = true, .always = true},
    {.name = "port", .type = &kUint16, .tag = &tag::kGreater<0>, .checks_empty = true, .always = true},
    {.name = "hostPort", .type = &kUint16, .always = true},
    {.name = "hostIP", .type = &kText, .tag = &tag::kNet, .always = true},
};

void workload_port_rules(const Json& port, Report& report) {
  const Json& protocol = get(port, "protocol");
  if (protocol.is_null()) {
    report.go("protocol", "Protocol", Json(0U), "protocol number invalid");
  }
  if (!has_ports(protocol)) {
    report.go("protocol", "WorkloadEndpointPort.Protocol", protocol,
              "WorkloadEndpointPort protocol does not support ports.");
  }
  if (get_text(port, "name").empty() && get_number(port, "hostPort") == 0) {
    report.go("name", "WorkloadEndpointPort.Name", Json(""),
              "WorkloadEndpointPort name must not be empty if no HostPort is specified");
  }
}

constexpr StructInfo kWorkloadPort{"WorkloadEndpointPort", kWorkloadPortFields, workload_port_rules};
constexpr TypeInfo kWorkloadPortType = object_of(kWorkloadPort);
constexpr TypeInfo kWorkloadPorts = list_of(kWorkloadPortType);

constexpr FieldInfo kIpNatFields[] = {
    {.name = "internalIP", .type = &kText, .tag = &tag::kIp, .always = true},
    {.name = "externalIP", .type = &kText, .tag = &tag::kIp, .always = true},
};

void ip_nat_rules(const Json& nat, Report& report) {
  const auto internal = parse_cidr_or_ip(get_text(nat, "internalIP"));
  const auto external = parse_cidr_or_ip(get_text(nat, "externalIP"));
  if (!internal) {
    report.go("internalIP", "InternalIP", get(nat, "internalIP"), "invalid IP address");
  }
  if (!external) {
    report.go("externalIP", "InternalIP", get(nat, "externalIP"), "invalid IP address");
  }
  if (internal && external && internal->family() != external->family()) {
    report.go("externalIP", "ExternalIP", get(nat, "externalIP"), "mismatched IP versions");
  }
}

constexpr StructInfo kIpNat{"IPNAT", kIpNatFields, ip_nat_rules};
constexpr TypeInfo kIpNatType = object_of(kIpNat);
constexpr TypeInfo kIpNats = list_of(kIpNatType);
constexpr TypeInfo kNets = list_of(kNet);
constexpr TypeInfo kCidrText{.shape = Shape::text, .tag = &tag::kCidr};
constexpr TypeInfo kCidrList = list_of(kCidrText);

constexpr FieldInfo kQosFields[] = {
    {.name = "ingressBandwidth", .type = &kInt},
    {.name = "ingressBurst", .type = &kInt},
    {.name = "ingressPeakrate", .type = &kInt},
    {.name = "ingressMinburst", .type = &kInt},
    {.name = "egressBandwidth", .type = &kInt},
    {.name = "egressBurst", .type = &kInt},
    {.name = "egressPeakrate", .type = &kInt},
    {.name = "egressMinburst", .type = &kInt},
    {.name = "ingressPacketRate", .type = &kInt},
    {.name = "ingressPacketBurst", .type = &kInt},
    {.name = "egressPacketRate", .type = &kInt},
    {.name = "egressPacketBurst", .type = &kInt},
    {.name = "ingressMaxConnections", .type = &kInt},
    {.name = "egressMaxConnections", .type = &kInt},
    {.name = "dscp", .go_name = "DSCP", .type = &kIntOrText, .pointer = true},
};
constexpr StructInfo kQos{"QoSControls", kQosFields};
constexpr TypeInfo kQosType = object_of(kQos);

constexpr FieldInfo kWorkloadSpecFields[] = {
    {.name = "orchestrator", .type = &kText, .tag = &tag::kName},
    {.name = "workload", .type = &kText, .tag = &tag::kName},
    {.name = "node", .type = &kText, .tag = &tag::kName},
    {.name = "containerID", .type = &kText, .tag = &tag::kContainerId},
    {.name = "pod", .type = &kText, .tag = &tag::kName},
    {.name = "endpoint", .type = &kText, .tag = &tag::kName},
    {.name = "serviceAccountName", .type = &kText, .tag = &tag::kName},
    {.name = "ipNetworks", .go_name = "IPNetworks", .type = &kNets, .doc = "only /32 and /128"},
    {.name = "ipNATs", .go_name = "IPNATs", .type = &kIpNats},
    {.name = "ipv4Gateway", .go_name = "IPv4Gateway", .type = &kText, .tag = &tag::kIpV4},
    {.name = "ipv6Gateway", .go_name = "IPv6Gateway", .type = &kText, .tag = &tag::kIpV6},
    {.name = "profiles", .type = &kNameList},
    {.name = "interfaceName", .type = &kText, .tag = &tag::kInterface, .checks_empty = true},
    {.name = "mac", .go_name = "MAC", .type = &kText, .tag = &tag::kMac},
    {.name = "ports", .type = &kWorkloadPorts},
    {.name = "allowSpoofedSourcePrefixes", .type = &kCidrList},
    {.name = "qosControls", .go_name = "QoSControls", .type = &kQosType, .pointer = true},
};

void workload_spec_rules(const Json& spec, Report& report) {
  const Json& networks = get_list(spec, "ipNetworks");
  std::vector<Cidr> own;
  for (const Json& network : networks) {
    const auto cidr = parse_cidr_or_ip(network.is_string() ? network.get<std::string>() : std::string());
    if (cidr) {
      own.push_back(*cidr);
    }
    if (cidr && cidr->length != net::address_bits(cidr->family())) {
      report.go("ipNetworks", "IPNetworks", networks, "IP network contains multiple addresses");
    }
  }
  for (const Json& nat : get_list(spec, "ipNATs")) {
    const auto internal = parse_cidr_or_ip(get_text(nat, "internalIP"));
    bool inside = false;
    for (const Cidr& cidr : own) {
      inside = inside || (internal && cidr.network().contains(internal->address));
    }
    if (internal && !inside) {
      report.go("ipNATs", "IPNATs", get(spec, "ipNATs"), "NAT is not in the endpoint networks");
      break;
    }
  }
}

/// A name that is given must be the one that follows from the spec.
void workload_rules(const Json& document, Report& report) {
  const std::string& name = get_text(get(document, "metadata"), "name");
  const auto expected = workload_endpoint_name(get(document, "spec"));
  if (!name.empty() && expected && *expected != name) {
    report.go(
        "metadata/name", "Name", Json(name),
        "the WorkloadEndpoint name does not match the primary identifiers assigned in the Spec: expected "
        "name " +
            *expected);
  }
}

constexpr StructInfo kWorkloadSpec{"WorkloadEndpointSpec", kWorkloadSpecFields, workload_spec_rules};
constexpr TypeInfo kWorkloadSpecType = object_of(kWorkloadSpec);
constexpr auto kWorkloadFields = document_of(kWorkloadSpecType);
constexpr StructInfo kWorkloadDocument{"WorkloadEndpoint", kWorkloadFields, workload_rules};

std::string workload_cell(const Resource& endpoint, const CellContext& /*context*/) {
  const std::string workload = endpoint.text_at("/spec/workload");
  return workload.empty() ? endpoint.text_at("/spec/pod") : workload;
}

std::string nats_cell(const Resource& endpoint, const CellContext& /*context*/) {
  std::vector<std::string> texts;
  for (const Json& nat : get_list(endpoint.spec(), "ipNATs")) {
    texts.push_back("{" + get_text(nat, "internalIP") + " " + get_text(nat, "externalIP") + "}");
  }
  return join_cell(texts);
}

constexpr std::string_view kWorkloadNames[] = {"workloadendpoint", "workloadendpoints", "wep", "weps"};
const Column kWorkloadColumns[] = {
    {"NAME", name_cell},
    {"NODE", [](const Resource& r, const CellContext&) { return r.text_at("/spec/node"); }},
    {"ORCHESTRATOR", [](const Resource& r, const CellContext&) { return r.text_at("/spec/orchestrator"); }},
    {"WORKLOAD", workload_cell},
    {"NETWORKS", [](const Resource& r, const CellContext&) { return list_cell(r, "/spec/ipNetworks"); }},
    {"NATS", nats_cell},
    {"PROFILES", [](const Resource& r, const CellContext&) { return list_cell(r, "/spec/profiles"); }},
    {"INTERFACE", [](const Resource& r, const CellContext&) { return r.text_at("/spec/interfaceName"); }},
};
constexpr std::string_view kWorkloadHeadings[] = {"WORKLOAD", "NODE", "NETWORKS", "INTERFACE"};
constexpr std::string_view kWorkloadWide[] = {"NAME",      "WORKLOAD", "NODE", "NETWORKS",
                                              "INTERFACE", "PROFILES", "NATS"};

// --- HostEndpoint
// ----------------------------------------------------------------------------------------------

constexpr FieldInfo kEndpointPortFields[] = {
    {.name = "name",
     .type = &kText,
     .tag = &tag::kPortName,
     .required = true,
     .checks_empty = true,
     .always = true},
    {.name = "protocol", .type = &kProtocol, .required = true, .pointer = true, .always = true},
    {.name = "port",
     .type = &kUint16,
     .tag = &tag::kGreater<0>,
     .required = true,
     .checks_empty = true,
     .always = true},
};

void endpoint_port_rules(const Json& port, Report& report) {
  const Json& protocol = get(port, "protocol");
  if (!has_ports(protocol)) {
    report.go("protocol", "EndpointPort.Protocol", protocol, "EndpointPort protocol does not support ports.");
  }
}

constexpr StructInfo kEndpointPort{"EndpointPort", kEndpointPortFields, endpoint_port_rules};
constexpr TypeInfo kEndpointPortType = object_of(kEndpointPort);
constexpr TypeInfo kEndpointPorts = list_of(kEndpointPortType);
constexpr TypeInfo kIpText{.shape = Shape::text, .tag = &tag::kIp};
constexpr TypeInfo kIpList = list_of(kIpText);
constexpr Schema kInterfaceLength = at_most(15);

constexpr FieldInfo kHostSpecFields[] = {
    {.name = "node", .type = &kText, .tag = &tag::kName, .schema = &kUpTo253},
    {.name = "interfaceName",
     .type = &kText,
     .tag = &tag::kInterface,
     .schema = &kInterfaceLength,
     .doc = "an interface, or * for all of the host"},
    {.name = "expectedIPs", .type = &kIpList, .schema = &kUnique},
    {.name = "profiles", .type = &kNameList, .schema = &kUnique},
    {.name = "ports", .type = &kEndpointPorts},
};

void host_spec_crd(const Json& spec, Report& report) {
  if (get_text(spec, "interfaceName").empty() && get_list(spec, "expectedIPs").empty()) {
    report.crd("", "", "at least one of interfaceName or expectedIPs must be specified");
  }
  if (get_text(spec, "node").empty()) {
    report.crd("", "", "node must be specified");
  }
}

constexpr StructInfo kHostSpec{"HostEndpointSpec", kHostSpecFields, nullptr, host_spec_crd};
constexpr TypeInfo kHostSpecType = object_of(kHostSpec);
constexpr auto kHostFields = document_of(kHostSpecType);
constexpr StructInfo kHostDocument{"HostEndpoint", kHostFields};
constexpr std::string_view kHostNames[] = {"hostendpoint", "hostendpoints", "hep", "heps"};
const Column kHostColumns[] = {
    {"NAME", name_cell},
    {"NODE", [](const Resource& r, const CellContext&) { return r.text_at("/spec/node"); }},
    {"INTERFACE", [](const Resource& r, const CellContext&) { return r.text_at("/spec/interfaceName"); }},
    {"IPS", [](const Resource& r, const CellContext&) { return list_cell(r, "/spec/expectedIPs"); }},
    {"PROFILES", [](const Resource& r, const CellContext&) { return list_cell(r, "/spec/profiles"); }},
};
constexpr std::string_view kHostHeadings[] = {"NAME", "NODE"};
constexpr std::string_view kHostWide[] = {"NAME", "NODE", "INTERFACE", "IPS", "PROFILES"};

}  // namespace

const KindInfo kWorkloadEndpoint{.kind = "WorkloadEndpoint",
                                 .api_version = kV3,
                                 .plural = "workloadendpoints",
                                 .names = kWorkloadNames,
                                 .namespaced = true,
                                 .object = &kWorkloadDocument,
                                 .columns = kWorkloadColumns,
                                 .headings = kWorkloadHeadings,
                                 .wide_headings = kWorkloadWide};

const KindInfo kHostEndpoint{.kind = "HostEndpoint",
                             .api_version = kV3,
                             .plural = "hostendpoints",
                             .names = kHostNames,
                             .object = &kHostDocument,
                             .columns = kHostColumns,
                             .headings = kHostHeadings,
                             .wide_headings = kHostWide};

}  // namespace catflap::calico::tables
