#include "calico/model/policy_rules.hpp"

#include <algorithm>
#include <array>
#include <set>

#include <nlohmann/json.hpp>

#include "calico/model/resource.hpp"
#include "calico/model/types.hpp"

namespace catflap::calico::tables {

namespace {

constexpr std::string_view kGlobalOnlyInNamespaceSelector =
    "global() can only be used in an EntityRule namespaceSelector";

bool mentions_global(const std::string& selector) {
  return selector.find("global(") != std::string::npos;
}

bool is_protocol(const Json& protocol, std::string_view name, unsigned number) {
  return protocol == Json(name) || protocol == Json(number);
}

// --- HTTPMatch
// -------------------------------------------------------------------------------------------------

constexpr FieldInfo kHttpPathFields[] = {
    {.name = "exact", .type = &kText, .schema = &kUpTo1024},
    {.name = "prefix", .type = &kText, .schema = &kUpTo1024},
};
constexpr StructInfo kHttpPath{"HTTPPath", kHttpPathFields};
constexpr TypeInfo kHttpPathType = object_of(kHttpPath);
constexpr TypeInfo kHttpPaths = list_of(kHttpPathType);
constexpr Schema kAtMost20{.max_items = 20};
constexpr FieldInfo kHttpFields[] = {
    {.name = "methods", .type = &kTextList, .schema = &kAtMost20},
    {.name = "paths", .type = &kHttpPaths, .schema = &kAtMost20},
};

std::string http_path_error(const Json& path) {
  const std::string& exact = get_text(path, "exact");
  const std::string& prefix = get_text(path, "prefix");
  if (!exact.empty() && !prefix.empty()) {
    return "Invalid path match. Both 'exact' and 'prefix' are set";
  }
  const std::string& value = exact.empty() ? prefix : exact;
  if (value.empty()) {
    return "Invalid path match. Either 'exact' or 'prefix' must be set";
  }
  if (value.front() != '/' || value.find_first_of("? #") != std::string::npos) {
    return "Invalid path " + value + ". (must start with `/` and not contain `?` or `#`";
  }
  return "";
}

void http_rules(const Json& http, Report& report) {
  const Json& methods = get_list(http, "methods");
  if (std::set<Json>(methods.begin(), methods.end()).size() != methods.size()) {
    report.go("methods", "Methods", methods, "Invalid methods (duplicates): " + go_value(methods));
  }
  const Json& paths = get_list(http, "paths");
  for (const Json& path : paths) {
    const std::string error = http_path_error(path);
    if (!error.empty()) {
      report.go("paths", "Paths", paths, error);
      break;
    }
  }
}

constexpr StructInfo kHttp{"HTTPMatch", kHttpFields, http_rules};
constexpr TypeInfo kHttpType = object_of(kHttp);

// --- ICMPFields and RuleMetadata
// -------------------------------------------------------------------------------

constexpr FieldInfo kIcmpFields[] = {
    {.name = "type", .type = &kInt, .tag = &tag::kRange<0, 254>, .pointer = true},
    {.name = "code", .type = &kInt, .tag = &tag::kRange<0, 255>, .pointer = true},
};

void icmp_crd(const Json& icmp, Report& report) {
  if (has(icmp, "code") && !has(icmp, "type")) {
    report.crd("", "", "ICMP code specified without an ICMP type");
  }
}

constexpr StructInfo kIcmp{"ICMPFields", kIcmpFields, nullptr, icmp_crd};
constexpr TypeInfo kIcmpType = object_of(kIcmp);

constexpr FieldInfo kRuleMetadataFields[] = {{.name = "annotations", .type = &kTextMap}};
constexpr StructInfo kRuleMetadata{"RuleMetadata", kRuleMetadataFields, check_annotations};
constexpr TypeInfo kRuleMetadataType = object_of(kRuleMetadata);

// --- EntityRule
// ------------------------------------------------------------------------------------------------

constexpr FieldInfo kServiceMatchFields[] = {
    {.name = "name", .type = &kText, .tag = &tag::kName, .schema = &kUpTo253},
    {.name = "namespace", .type = &kText, .tag = &tag::kName, .schema = &kUpTo253},
};
constexpr StructInfo kServiceMatch{"ServiceMatch", kServiceMatchFields};
constexpr TypeInfo kServiceMatchType = object_of(kServiceMatch);
constexpr FieldInfo kServiceAccountFields[] = {
    {.name = "names", .type = &kTextList, .schema = &kUnique},
    {.name = "selector", .type = &kText, .tag = &tag::kSelector, .schema = &kUpTo1024},
};
constexpr StructInfo kServiceAccount{"ServiceAccountMatch", kServiceAccountFields};
constexpr TypeInfo kServiceAccountType = object_of(kServiceAccount);
constexpr TypeInfo kNets = list_of(kNet);
constexpr Schema kNetsLimit{.max_items = 256, .unique = true};
constexpr Schema kPortsLimit{.max_items = 50};

constexpr FieldInfo kEntityRuleFields[] = {
    {.name = "nets", .type = &kNets, .schema = &kNetsLimit},
    {.name = "selector", .type = &kText, .tag = &tag::kSelector, .schema = &kUpTo1024},
    {.name = "namespaceSelector", .type = &kText, .tag = &tag::kSelector, .schema = &kUpTo1024},
    {.name = "services", .type = &kServiceMatchType, .pointer = true},
    {.name = "ports", .type = &kPortList, .schema = &kPortsLimit},
    {.name = "notNets", .type = &kNets, .schema = &kNetsLimit},
    {.name = "notSelector", .type = &kText, .tag = &tag::kSelector, .schema = &kUpTo1024},
    {.name = "notPorts", .type = &kPortList, .schema = &kPortsLimit},
    {.name = "serviceAccounts", .type = &kServiceAccountType, .pointer = true},
};

void entity_rule_rules(const Json& entity, Report& report) {
  const std::string& selector = get_text(entity, "namespaceSelector");
  const auto parsed = Selector::parse(selector);
  if (mentions_global(selector) && parsed && parsed->root().op != SelectorNode::Op::global) {
    report.go("namespaceSelector", "NamespaceSelector field", Json(selector),
              "global() cannot be combined with other selectors");
  }
}

void entity_rule_crd(const Json& entity, Report& report) {
  for (const char* field : {"selector", "notSelector"}) {
    if (mentions_global(get_text(entity, field))) {
      report.crd(field, get(entity, field), kGlobalOnlyInNamespaceSelector);
    }
  }
  const Json& services = get(entity, "services");
  if (services.is_null()) {
    return;
  }
  const auto exclude = [&](bool set, const std::string& what) {
    if (set) {
      report.crd("", "", "cannot specify " + what + " and Services on the same rule");
    }
  };
  exclude(!get_text(entity, "namespaceSelector").empty(), "NamespaceSelector");
  exclude(!get_text(entity, "selector").empty() || !get_text(entity, "notSelector").empty(),
          "Selector/NotSelector");
  exclude(has(entity, "serviceAccounts"), "ServiceAccounts");
  exclude(!get_list(entity, "nets").empty() || !get_list(entity, "notNets").empty(), "Nets/NotNets");
  if (get_text(services, "name").empty()) {
    report.crd("services", services, "services must specify a service name");
  }
}

constexpr StructInfo kEntityRule{"EntityRule", kEntityRuleFields, entity_rule_rules, entity_rule_crd};
constexpr TypeInfo kEntityRuleType = object_of(kEntityRule);

// --- Rule
// ------------------------------------------------------------------------------------------------------

constexpr std::array<std::string_view, 4> kActions = {"Allow", "Deny", "Log", "Pass"};
constexpr Schema kAction = one_of(kActions);

bool is_ip_version(const Json& value) {
  return value == Json(4U) || value == Json(6U);
}
constexpr Tag kIpVersion{"ipVersion", is_ip_version};

constexpr FieldInfo kRuleFields[] = {
    {.name = "action", .type = &kText, .schema = &kAction, .required = true, .always = true},
    {.name = "ipVersion", .go_name = "IPVersion", .type = &kInt, .tag = &kIpVersion, .pointer = true},
    {.name = "protocol", .type = &kProtocol, .pointer = true},
    {.name = "icmp", .go_name = "ICMP", .type = &kIcmpType, .pointer = true},
    {.name = "notProtocol", .type = &kProtocol, .pointer = true},
    {.name = "notICMP", .type = &kIcmpType, .pointer = true},
    {.name = "source", .type = &kEntityRuleType, .always = true},
    {.name = "destination", .type = &kEntityRuleType, .always = true},
    {.name = "http", .go_name = "HTTP", .type = &kHttpType, .pointer = true},
    {.name = "metadata", .type = &kRuleMetadataType, .pointer = true},
};

bool supports_ports(const Json& protocol) {
  return is_protocol(protocol, "TCP", 6) || is_protocol(protocol, "UDP", 17) ||
         is_protocol(protocol, "SCTP", 132);
}

/// Names of ports need no protocol: the endpoints that have them say it.
bool needs_protocol(const Json& ports) {
  return std::any_of(ports.begin(), ports.end(), [](const Json& port) {
    const auto range = parse_port(port.is_string() ? port.get<std::string>() : std::string("1"));
    return range && range->name.empty();
  });
}

void check_ports(const Json& rule, Report& report) {
  if (supports_ports(get(rule, "protocol"))) {
    return;
  }
  const bool any_protocol = get(rule, "protocol").is_null();
  struct Side {
    const char* member;
    const char* field;
  };
  for (const Side& side : {Side{"source", "Source"}, Side{"destination", "Destination"}}) {
    for (const Side& list : {Side{"ports", "Ports"}, Side{"notPorts", "NotPorts"}}) {
      const Json& ports = get_list(get(rule, side.member), list.member);
      if (!ports.empty() && (!any_protocol || needs_protocol(ports))) {
        report.go(std::string(side.member) + "/" + list.member, std::string(side.field) + "." + list.field,
                  ports, "rules that specify ports must set protocol to TCP or UDP or SCTP");
      }
    }
  }
}

/// The nets of both sides are of one family, which is that of ipVersion.
class NetsCheck {
 public:
  NetsCheck(const Json& rule, Report& report) : rule_(rule), report_(report) {}

  void scan(const std::string& side, const std::string& list, const std::string& field) {
    const std::string member = side + "/" + list;
    const Json& nets = get_list(get(rule_, side), list);
    bool v4 = false;
    bool v6 = false;
    for (std::size_t i = 0; i < nets.size(); ++i) {
      const auto cidr = parse_cidr(nets[i].is_string() ? nets[i].get<std::string>() : std::string());
      if (!cidr) {
        report_.go(member + "/" + std::to_string(i), field, nets[i], "invalid CIDR");
        continue;
      }
      v4 = v4 || cidr->family() == net::Family::ipv4;
      v6 = v6 || cidr->family() == net::Family::ipv6;
      if (list == "notNets" && cidr->length == 0) {
        report_.go(member + "/" + std::to_string(i), field, nets[i],
                   "catch-all CIDR in negation creates logical contradiction (matches no traffic)");
      }
    }
    const double version = get_number(rule_, "ipVersion");
    if (version != 0 && ((v4 && version != 4) || (v6 && version != 6))) {
      report_.go(member, field, nets, "rule IP version doesn't match CIDR version");
    }
    if ((v4 && seen_v6_) || (v6 && seen_v4_) || (v4 && v6)) {
      report_.go(member, field, nets, "rule contains both IPv4 and IPv6 CIDRs");
    }
    seen_v4_ = seen_v4_ || v4;
    seen_v6_ = seen_v6_ || v6;
  }

 private:
  const Json& rule_;
  Report& report_;
  bool seen_v4_ = false;
  bool seen_v6_ = false;
};

void rule_rules(const Json& rule, Report& report) {
  check_ports(rule, report);
  NetsCheck nets(rule, report);
  nets.scan("source", "nets", "Source.Nets");
  nets.scan("source", "notNets", "Source.NotNets");
  nets.scan("destination", "nets", "Destination.Nets");
  nets.scan("destination", "notNets", "Destination.NotNets");
}

void rule_crd(const Json& rule, Report& report) {
  const auto refuse_if = [&](bool wrong, std::string_view message) {
    if (wrong) {
      report.crd("", "", message);
    }
  };
  const Json& protocol = get(rule, "protocol");
  const Json& not_protocol = get(rule, "notProtocol");
  if (has(rule, "http")) {
    refuse_if(!protocol.is_null() && !is_protocol(protocol, "TCP", 6),
              "rules with HTTP match must have protocol TCP or unset");
    refuse_if(get_text(rule, "action") != "Allow", "HTTP match is only valid on Allow rules");
  }
  const Json& destination = get(rule, "destination");
  refuse_if(has(destination, "services") &&
                (!get_list(destination, "ports").empty() || !get_list(destination, "notPorts").empty()),
            "ports and notPorts cannot be specified with services");
  const bool icmp = is_protocol(protocol, "ICMP", 1);
  const bool icmp_v6 = is_protocol(protocol, "ICMPv6", 58);
  refuse_if(has(rule, "icmp") && !icmp && !icmp_v6, "ICMP fields require protocol to be ICMP or ICMPv6");
  const double version = get_number(rule, "ipVersion");
  refuse_if((icmp || is_protocol(not_protocol, "ICMP", 1)) && version != 0 && version != 4,
            "protocol ICMP requires ipVersion 4");
  refuse_if((icmp_v6 || is_protocol(not_protocol, "ICMPv6", 58)) && version != 0 && version != 6,
            "protocol ICMPv6 requires ipVersion 6");
}

constexpr StructInfo kRule{"Rule", kRuleFields, rule_rules, rule_crd};
constexpr TypeInfo kRuleType = object_of(kRule);

constexpr std::array<std::string_view, 2> kTypes = {"Ingress", "Egress"};
constexpr Schema kTypeWord = one_of(kTypes);
constexpr TypeInfo kTypeText{.shape = Shape::text, .schema = &kTypeWord};
constexpr std::array<std::string_view, 1> kHints = {"AssumeNeededOnEveryNode"};
constexpr Tag kHintTag{"oneof", [](const Json& v) { return tag::is_word(v, kHints); }};
constexpr TypeInfo kHintText{.shape = Shape::text, .tag = &kHintTag};

}  // namespace

const TypeInfo kRules = list_of(kRuleType);
const TypeInfo kPolicyTypes = list_of(kTypeText);
const TypeInfo kPerformanceHints{.shape = Shape::list, .items = &kHintText, .tag = &tag::kUnique};
const Schema kRuleCount{.max_items = 1024};
const Schema kTypeCount{.max_items = 2};

// --- specs of policies
// -----------------------------------------------------------------------------------------

namespace {

void check_types(const Json& spec, std::string_view field, Report& report) {
  const Json& types = get_list(spec, "types");
  for (auto type = types.begin(); type != types.end(); ++type) {
    if (std::find(types.begin(), type, *type) != type) {
      report.go("types", std::string(field) + ".Types", types,
                "'" + go_value(*type) + "' type specified more than once");
    }
  }
}

/// Services stand on the far side of a rule, and HTTP only on the way in.
void check_sides(const Json& spec, Report& report) {
  const Json& egress = get_list(spec, "egress");
  for (std::size_t i = 0; i < egress.size(); ++i) {
    const std::string member = "egress/" + std::to_string(i);
    const Json& services = get(get(egress[i], "source"), "services");
    if (!services.is_null()) {
      report.go(member + "/source/services", "Services", services, "not allowed in egress rule source");
    }
    if (has(egress[i], "http")) {
      report.go(member + "/http", "HTTP", get(egress[i], "http"), "not allowed in egress rule");
    }
  }
  const Json& ingress = get_list(spec, "ingress");
  for (std::size_t i = 0; i < ingress.size(); ++i) {
    const Json& services = get(get(ingress[i], "destination"), "services");
    if (!services.is_null()) {
      report.go("ingress/" + std::to_string(i) + "/destination/services", "Services", services,
                "not allowed in ingress rule destination");
    }
  }
}

void check_service_namespaces(const Json& spec, const std::string& direction, const std::string& side,
                              Report& report) {
  const Json& rules = get_list(spec, direction);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const Json& services = get(get(rules[i], side), "services");
    if (!services.is_null() && get_text(services, "namespace").empty()) {
      report.go(direction + "/" + std::to_string(i) + "/" + side + "/services", "Namespace", Json(""),
                "must specify a namespace");
    }
  }
}

void check_no_global(const Json& spec, const char* field, Report& report) {
  if (mentions_global(get_text(spec, field))) {
    report.crd(field, get(spec, field), kGlobalOnlyInNamespaceSelector);
  }
}

}  // namespace

void network_policy_spec_rules(const Json& spec, std::string_view field, Report& report) {
  check_types(spec, field, report);
  check_sides(spec, report);
}

void global_policy_spec_rules(const Json& spec, std::string_view field, Report& report) {
  check_types(spec, field, report);
  check_sides(spec, report);
  check_service_namespaces(spec, "egress", "destination", report);
  check_service_namespaces(spec, "ingress", "source", report);
}

void network_policy_spec_crd(const Json& spec, Report& report) {
  check_no_global(spec, "selector", report);
  check_no_global(spec, "serviceAccountSelector", report);
}

void global_policy_spec_crd(const Json& spec, Report& report) {
  network_policy_spec_crd(spec, report);
  check_no_global(spec, "namespaceSelector", report);
  const auto refuse_if = [&](bool wrong, std::string_view message) {
    if (wrong) {
      report.crd("", "", message);
    }
  };
  const bool pre_dnat = get_bool(spec, "preDNAT");
  const bool untracked = get_bool(spec, "doNotTrack");
  const Json& types = get_list(spec, "types");
  refuse_if(pre_dnat && untracked, "preDNAT and doNotTrack cannot both be true");
  refuse_if(pre_dnat && !get_list(spec, "egress").empty(), "preDNAT policy cannot have any egress rules");
  refuse_if(pre_dnat && std::find(types.begin(), types.end(), Json("Egress")) != types.end(),
            "preDNAT policy cannot have 'Egress' type");
  refuse_if((pre_dnat || untracked) && !get_bool(spec, "applyOnForward"),
            "applyOnForward must be true if either preDNAT or doNotTrack is true");
}

void policy_defaults(Json& document) {
  Json& spec = document["spec"];
  if (!spec.is_object() || !get_list(spec, "types").empty()) {
    return;
  }
  const bool egress = !get_list(spec, "egress").empty();
  const bool ingress = !get_list(spec, "ingress").empty();
  Json types = Json::array();
  if (ingress || !egress) {
    types.push_back("Ingress");
  }
  if (egress) {
    types.push_back("Egress");
  }
  spec["types"] = std::move(types);
}

std::string order_cell(const Resource& resource, const CellContext& /*context*/) {
  const Json* order = resource.find("/spec/order");
  return order == nullptr || !order->is_number() ? "<nil>" : to_go_string(order->get<double>());
}

const std::array<Column, 4> kPolicyColumns = {{
    {"NAME", name_cell},
    {"TIER", [](const Resource& r, const CellContext&) { return r.text_at("/spec/tier"); }},
    {"ORDER", order_cell},
    {"SELECTOR", [](const Resource& r, const CellContext&) { return r.text_at("/spec/selector"); }},
}};

}  // namespace catflap::calico::tables
