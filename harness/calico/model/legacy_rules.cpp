#include "calico/model/legacy_rules.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <string>

#include "calico/model/legacy_types.hpp"
#include "calico/model/report.hpp"
#include "calico/model/tables.hpp"

namespace catflap::calico::v1 {
namespace {

constexpr const char* kPortsNeedProtocol = "rules that specify ports must set protocol to TCP or UDP or SCTP";

void check_icmp(const Json& icmp, Report& report) {
  if (has(icmp, "code") && !has(icmp, "type")) {
    report.go("code", "Code", get(icmp, "code"), "ICMP code specified without an ICMP type");
  }
}

void check_endpoint_port(const Json& port, Report& report) {
  require_name(port, "name", "Name", report);
  if (get_number(port, "port") == 0) {
    report.go("port", "Port", get(port, "port"),
              "Reason: failed to validate Field: Port because of Tag: gt ");
  }
  const Json& protocol = get(port, "protocol");
  if (protocol != "tcp" && protocol != "udp" && protocol != "sctp") {
    report.go("protocol", "EndpointPort.Protocol", protocol,
              "EndpointPort protocol must be 'tcp' or 'udp' or 'sctp'.");
  }
}

/// Whether what a rule says of networks is one family, and that of its ipVersion.
class NetworkCheck {
 public:
  NetworkCheck(const Json& rule, Report& report) : version_(get(rule, "ipVersion")), report_(report) {}

  void scan(const Json& entity, const char* list, const char* single, const std::string& member,
            const char* field) {
    bool v4 = false;
    bool v6 = false;
    const auto look = [&](const Json& network) {
      v4 = v4 || ip_version(network) == 4;
      v6 = v6 || ip_version(network) == 6;
    };
    for (const Json& network : get_list(entity, list)) {
      look(network);
    }
    look(get(entity, single));
    if (!version_.is_null() && ((v4 && version_ != 4) || (v6 && version_ != 6))) {
      report_.go(member, field, get(entity, list), "rule IP version doesn't match CIDR version");
    }
    if ((v4 && seen_v6_) || (v6 && seen_v4_) || (v4 && v6)) {
      report_.go(member, field, get(entity, list), "rule contains both IPv4 and IPv6 CIDRs");
    }
    seen_v4_ = seen_v4_ || v4;
    seen_v6_ = seen_v6_ || v6;
  }

 private:
  const Json& version_;
  Report& report_;
  bool seen_v4_ = false;
  bool seen_v6_ = false;
};

void check_rule(const Json& rule, Report& report) {
  const std::string& action = get_text(rule, "action");
  if (action != "allow" && action != "deny" && action != "log" && action != "pass") {
    report.go("action", "Action", action, "Reason: failed to validate Field: Action because of Tag: action ");
  }
  struct Side {
    const char* member;
    const char* go_name;
  };
  static constexpr std::array<Side, 2> kSides{{{"source", "Source"}, {"destination", "Destination"}}};
  bool has_net = false;
  bool has_nets = false;
  NetworkCheck networks(rule, report);
  for (const Side& side : kSides) {
    const Json& entity = get(rule, side.member);
    const auto member = [&side](const char* field) { return std::string(side.member) + '/' + field; };
    const auto name = [&side](const char* field) { return std::string(side.go_name) + '.' + field; };
    if (!has_ports(get(rule, "protocol"))) {
      if (!get_list(entity, "ports").empty()) {
        report.go(member("ports"), name("Ports"), get(entity, "ports"), kPortsNeedProtocol);
      }
      if (!get_list(entity, "notPorts").empty()) {
        report.go(member("notPorts"), name("NotPorts"), get(entity, "notPorts"), kPortsNeedProtocol);
      }
    }
    has_net = has_net || has(entity, "net") || has(entity, "notNet");
    has_nets = has_nets || !get_list(entity, "nets").empty() || !get_list(entity, "notNets").empty();
    networks.scan(entity, "nets", "net", member("nets"), name("Net(s)").c_str());
    networks.scan(entity, "notNets", "notNet", member("notNets"), name("NotNet(s)").c_str());
  }
  if (has_net && has_nets) {
    report.go("", "Source/Destination.Net/Nets", get(get(rule, "source"), "nets"),
              "only one of Net and Nets fields allowed");
  }
}

void check_stored_rule(const Json& rule, Report& report) {
  if (has_ports(get(rule, "protocol"))) {
    return;
  }
  struct Field {
    const char* name;
    const char* go_name;
  };
  for (const Field& field : {Field{"src_ports", "SrcPorts"}, Field{"!src_ports", "NotSrcPorts"},
                             Field{"dst_ports", "DstPorts"}, Field{"!dst_ports", "NotDstPorts"}}) {
    if (!get_list(rule, field.name).empty()) {
      report.go(field.name, field.go_name, get(rule, field.name), kPortsNeedProtocol);
    }
  }
}

constexpr FieldInfo kIcmpFields[] = {
    {.name = "type", .type = &kIcmpType, .pointer = true, .doc = "ICMP type, 0 to 254; 8 is a ping"},
    {.name = "code", .type = &kIcmpCode, .pointer = true, .doc = "ICMP code; needs a type"},
};

constexpr FieldInfo kEntityFields[] = {
    {.name = "tag", .type = &kTag, .doc = "endpoints whose profiles have the tag"},
    {.name = "net", .type = &kCidr, .doc = "one network; excludes nets"},
    {.name = "nets", .type = &kCidrs, .doc = "any of these networks"},
    {.name = "selector", .type = &kSelector, .doc = "endpoints with such labels"},
    {.name = "ports", .type = &kPorts, .doc = "ports, ranges or names; need a protocol with ports"},
    {.name = "notTag", .type = &kTag},
    {.name = "notNet", .type = &kCidr},
    {.name = "notNets", .type = &kCidrs},
    {.name = "notSelector", .type = &kSelector},
    {.name = "notPorts", .type = &kPorts},
};

constexpr FieldInfo kEndpointPortFields[] = {
    {.name = "name", .type = &kName, .doc = "what rules call the port"},
    {.name = "protocol", .type = &kProtocol, .pointer = true, .doc = "tcp, udp or sctp"},
    {.name = "port", .type = &kPortNumber},
};

constexpr FieldInfo kStoredRuleFields[] = {
    {.name = "action", .type = &tables::kText},
    {.name = "ip_version", .go_name = "IPVersion", .type = &kIpVersion, .pointer = true},
    {.name = "protocol", .type = &kProtocol, .pointer = true},
    {.name = "!protocol", .go_name = "NotProtocol", .type = &kProtocol, .pointer = true},
    {.name = "icmp_type", .go_name = "ICMPType", .type = &kIcmpType, .pointer = true},
    {.name = "icmp_code", .go_name = "ICMPCode", .type = &kIcmpCode, .pointer = true},
    {.name = "!icmp_type", .go_name = "NotICMPType", .type = &kIcmpType, .pointer = true},
    {.name = "!icmp_code", .go_name = "NotICMPCode", .type = &kIcmpCode, .pointer = true},
    {.name = "src_tag", .go_name = "SrcTag", .type = &kTag},
    {.name = "src_net", .go_name = "SrcNet", .type = &kCidr},
    {.name = "src_nets", .go_name = "SrcNets", .type = &kCidrs},
    {.name = "src_selector", .go_name = "SrcSelector", .type = &kSelector},
    {.name = "src_ports", .go_name = "SrcPorts", .type = &kPorts},
    {.name = "src_service", .go_name = "SrcService", .type = &tables::kText},
    {.name = "src_service_ns", .go_name = "SrcServiceNamespace", .type = &tables::kText},
    {.name = "dst_tag", .go_name = "DstTag", .type = &kTag},
    {.name = "dst_selector", .go_name = "DstSelector", .type = &kSelector},
    {.name = "dst_net", .go_name = "DstNet", .type = &kCidr},
    {.name = "dst_nets", .go_name = "DstNets", .type = &kCidrs},
    {.name = "dst_ports", .go_name = "DstPorts", .type = &kPorts},
    {.name = "dst_service", .go_name = "DstService", .type = &tables::kText},
    {.name = "dst_service_ns", .go_name = "DstServiceNamespace", .type = &tables::kText},
    {.name = "!src_tag", .go_name = "NotSrcTag", .type = &kTag},
    {.name = "!src_net", .go_name = "NotSrcNet", .type = &kCidr},
    {.name = "!src_nets", .go_name = "NotSrcNets", .type = &kCidrs},
    {.name = "!src_selector", .go_name = "NotSrcSelector", .type = &kSelector},
    {.name = "!src_ports", .go_name = "NotSrcPorts", .type = &kPorts},
    {.name = "!dst_tag", .go_name = "NotDstTag", .type = &kTag},
    {.name = "!dst_selector", .go_name = "NotDstSelector", .type = &kSelector},
    {.name = "!dst_net", .go_name = "NotDstNet", .type = &kCidr},
    {.name = "!dst_nets", .go_name = "NotDstNets", .type = &kCidrs},
    {.name = "!dst_ports", .go_name = "NotDstPorts", .type = &kPorts},
    {.name = "orig_src_selector", .go_name = "OriginalSrcSelector", .type = &kSelector},
    {.name = "orig_src_namespace_selector", .go_name = "OriginalSrcNamespaceSelector", .type = &kSelector},
    {.name = "orig_dst_selector", .go_name = "OriginalDstSelector", .type = &kSelector},
    {.name = "orig_dst_namespace_selector", .go_name = "OriginalDstNamespaceSelector", .type = &kSelector},
    {.name = "!orig_src_selector", .go_name = "OriginalNotSrcSelector", .type = &kSelector},
    {.name = "!orig_dst_selector", .go_name = "OriginalNotDstSelector", .type = &kSelector},
    {.name = "orig_src_service_acct_names",
     .go_name = "OriginalSrcServiceAccountNames",
     .type = &tables::kTextList},
    {.name = "orig_src_service_acct_selector",
     .go_name = "OriginalSrcServiceAccountSelector",
     .type = &kSelector},
    {.name = "orig_dst_service_acct_names",
     .go_name = "OriginalDstServiceAccountNames",
     .type = &tables::kTextList},
    {.name = "orig_dst_service_acct_selector",
     .go_name = "OriginalDstServiceAccountSelector",
     .type = &kSelector},
    {.name = "log_prefix", .go_name = "LogPrefix", .type = &tables::kText},
};

}  // namespace

constexpr StructInfo kIcmpStruct{"ICMPFields", kIcmpFields, check_icmp};
constexpr StructInfo kEntityRuleStruct{"EntityRule", kEntityFields};
constexpr StructInfo kEndpointPortStruct{"EndpointPort", kEndpointPortFields, check_endpoint_port};
constexpr StructInfo kStoredEndpointPortStruct = kEndpointPortStruct;

namespace {

constexpr TypeInfo kIcmp{.shape = Shape::object, .object = &kIcmpStruct};
constexpr TypeInfo kEntity{.shape = Shape::object, .object = &kEntityRuleStruct};
constexpr TypeInfo kEndpointPort{.shape = Shape::object, .object = &kEndpointPortStruct};

constexpr FieldInfo kRuleFields[] = {
    {.name = "action", .type = &tables::kText, .doc = "allow, deny, log or pass"},
    {.name = "ipVersion", .go_name = "IPVersion", .type = &kIpVersion, .pointer = true, .doc = "4 or 6"},
    {.name = "protocol",
     .type = &kProtocol,
     .pointer = true,
     .doc = "tcp, udp, icmp, icmpv6, sctp, udplite, or 1 to 255"},
    {.name = "icmp", .go_name = "ICMP", .type = &kIcmp, .pointer = true},
    {.name = "notProtocol", .type = &kProtocol, .pointer = true},
    {.name = "notICMP", .type = &kIcmp, .pointer = true},
    {.name = "source", .type = &kEntity},
    {.name = "destination", .type = &kEntity},
};

}  // namespace

constexpr TypeInfo kEndpointPorts{.shape = Shape::list, .items = &kEndpointPort};
constexpr StructInfo kRuleStruct{"Rule", kRuleFields, check_rule};
constexpr StructInfo kStoredRuleStruct{"Rule", kStoredRuleFields, check_stored_rule};

namespace {

constexpr TypeInfo kRule{.shape = Shape::object, .object = &kRuleStruct};

constexpr FieldInfo kStoredNatFields[] = {
    {.name = "int_ip", .go_name = "IntIP", .type = &kAddress},
    {.name = "ext_ip", .go_name = "ExtIP", .type = &kAddress},
};
constexpr StructInfo kStoredNatStruct{"IPNAT", kStoredNatFields};
constexpr TypeInfo kStoredNat{.shape = Shape::object, .object = &kStoredNatStruct};
constexpr TypeInfo kStoredNats{.shape = Shape::list, .items = &kStoredNat};

constexpr FieldInfo kStoredWorkloadEndpointFields[] = {
    {.name = "state", .type = &tables::kText},
    {.name = "name", .type = &kInterface},
    {.name = "active_instance_id", .go_name = "ActiveInstanceID", .type = &tables::kText},
    {.name = "mac", .type = &kMac},
    {.name = "profile_ids", .go_name = "ProfileIDs", .type = &kNamespacedNames},
    {.name = "ipv4_nets", .go_name = "IPv4Nets", .type = &kCidrs},
    {.name = "ipv6_nets", .go_name = "IPv6Nets", .type = &kCidrs},
    {.name = "ipv4_nat", .go_name = "IPv4NAT", .type = &kStoredNats},
    {.name = "ipv6_nat", .go_name = "IPv6NAT", .type = &kStoredNats},
    {.name = "labels", .type = &kLabels},
    {.name = "ipv4_gateway", .go_name = "IPv4Gateway", .type = &kAddress},
    {.name = "ipv6_gateway", .go_name = "IPv6Gateway", .type = &kAddress},
    {.name = "ports", .type = &kEndpointPorts},
    {.name = "generate_name", .go_name = "GenerateName", .type = &tables::kText},
    {.name = "allow_spoofed_source_prefixes", .go_name = "AllowSpoofedSourcePrefixes", .type = &kCidrs},
    {.name = "annotations", .type = &tables::kTextMap},
};

constexpr FieldInfo kStoredHostEndpointFields[] = {
    {.name = "name", .type = &kInterface},
    {.name = "expected_ipv4_addrs", .go_name = "ExpectedIPv4Addrs", .type = &kAddresses},
    {.name = "expected_ipv6_addrs", .go_name = "ExpectedIPv6Addrs", .type = &kAddresses},
    {.name = "labels", .type = &kLabels},
    {.name = "profile_ids", .go_name = "ProfileIDs", .type = &kNamespacedNames},
    {.name = "ports", .type = &kEndpointPorts},
};

}  // namespace

constexpr TypeInfo kRules{.shape = Shape::list, .items = &kRule};
constexpr StructInfo kStoredWorkloadEndpointStruct{"WorkloadEndpoint", kStoredWorkloadEndpointFields};
constexpr StructInfo kStoredHostEndpointStruct{"HostEndpoint", kStoredHostEndpointFields};

}  // namespace catflap::calico::v1
