#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "calico/model/report.hpp"
#include "calico/model/resource.hpp"
#include "calico/model/tables.hpp"
#include "calico/model/types.hpp"

/// IPPool.
namespace catflap::calico::tables {

namespace {

constexpr std::array<std::string_view, 3> kTunnelModes = {"Never", "Always", "CrossSubnet"};
constexpr Schema kTunnelMode = one_of(kTunnelModes);
constexpr std::array<std::string_view, 3> kUses = {"Workload", "Tunnel", "LoadBalancer"};
constexpr Schema kUse = one_of(kUses);
constexpr std::array<std::string_view, 2> kAssignmentModes = {"Automatic", "Manual"};
constexpr Schema kAssignmentMode = one_of(kAssignmentModes);
constexpr Schema kBlockSize = between(0, 128);
constexpr Schema kUsesLimit{.max_items = 10, .unique = true};
constexpr Schema kPoolCidr{.max_length = 48};
constexpr TypeInfo kUseType{.shape = Shape::text, .schema = &kUse};
constexpr TypeInfo kUsesType = list_of(kUseType);

constexpr FieldInfo kIpipFields[] = {
    {.name = "enabled", .type = &kBool},
    {.name = "mode", .type = &kText},
};
constexpr StructInfo kIpip{"IPIPConfiguration", kIpipFields};
constexpr TypeInfo kIpipType = object_of(kIpip);

constexpr FieldInfo kIpPoolSpecFields[] = {
    {.name = "cidr",
     .go_name = "CIDR",
     .type = &kText,
     .tag = &tag::kNet,
     .schema = &kPoolCidr,
     .required = true,
     .always = true,
     .doc = "the pool's addresses; cannot be changed"},
    {.name = "vxlanMode",
     .go_name = "VXLANMode",
     .type = &kText,
     .schema = &kTunnelMode,
     .default_value = "\"Never\""},
    {.name = "ipipMode",
     .go_name = "IPIPMode",
     .type = &kText,
     .schema = &kTunnelMode,
     .default_value = "\"Never\""},
    {.name = "natOutgoing", .go_name = "NATOutgoing", .type = &kBool},
    {.name = "disabled", .type = &kBool, .doc = "no addresses are assigned from the pool"},
    {.name = "disableBGPExport", .type = &kBool},
    {.name = "blockSize",
     .type = &kInt,
     .schema = &kBlockSize,
     .doc = "20-32 for IPv4 (26), 116-128 for IPv6 (122); cannot be changed"},
    {.name = "nodeSelector",
     .type = &kText,
     .tag = &tag::kSelector,
     .schema = &kUpTo1024,
     .write_default = "\"all()\""},
    {.name = "namespaceSelector", .type = &kText, .tag = &tag::kSelector, .schema = &kUpTo1024},
    {.name = "ipip",
     .go_name = "IPIP",
     .type = &kIpipType,
     .tag = &tag::kMustBeNil,
     .pointer = true,
     .doc = "of the API v1; must not be given"},
    {.name = "nat-outgoing",
     .go_name = "NATOutgoingV1",
     .type = &kBool,
     .tag = &tag::kMustBeFalse,
     .doc = "of the API v1; must not be given"},
    {.name = "allowedUses",
     .type = &kUsesType,
     .schema = &kUsesLimit,
     .default_value = "[\"Workload\",\"Tunnel\"]"},
    {.name = "assignmentMode",
     .type = &kText,
     .schema = &kAssignmentMode,
     .pointer = true,
     .write_default = "\"Automatic\""},
};

bool has_use(const Json& spec, std::string_view use) {
  const Json& uses = get_list(spec, "allowedUses");
  return std::find(uses.begin(), uses.end(), Json(use)) != uses.end();
}

bool tunnels(const Json& spec, std::string_view field) {
  const std::string& mode = get_text(spec, field);
  return mode == "Always" || mode == "CrossSubnet";
}

bool overlaps(const Cidr& cidr, const net::Prefix& other) {
  return cidr.family() == other.family() && (other.covers(cidr.network()) || cidr.network().covers(other));
}

void pool_cidr_crd(const Json& spec, const Cidr& cidr, Report& report) {
  const std::string& text = get_text(spec, "cidr");
  const net::Prefix kLinkLocalV4(net::IpAddr::v4(0xA9FE0000), 16);
  const net::Prefix kLinkLocalV6(net::IpAddr::v6(0xFE80000000000000, 0), 10);
  if (!cidr.strictly_masked()) {
    report.crd("cidr", Json(text), "IPPool CIDR must be strictly masked");
  }
  if (overlaps(cidr, kLinkLocalV4)) {
    report.crd("cidr", Json(text), "IPPool CIDR overlaps with IPv4 link local range 169.254.0.0/16");
  }
  if (overlaps(cidr, kLinkLocalV6)) {
    report.crd("cidr", Json(text), "IPPool CIDR overlaps with IPv6 link local range fe80::/10");
  }
  const bool v4 = cidr.family() == net::Family::ipv4;
  if (!v4 && tunnels(spec, "ipipMode")) {
    report.crd("", "", "IPIP is not supported on IPv6 pools");
  }
  const int given = static_cast<int>(get_number(spec, "blockSize"));
  const int size = given != 0 ? given : v4 ? 26 : 122;
  if (v4 ? size < 20 || size > 32 : size < 116 || size > 128) {
    report.crd("blockSize", Json(size),
               "blockSize must be between 20 and 32 for IPv4 pools, and between 116 and 128 for IPv6 pools");
  }
  if (!get_bool(spec, "disabled") && cidr.length > size) {
    report.crd(
        "cidr", Json(text),
        "IP pool size is too small for use with Calico IPAM. It must be equal to or greater than the block "
        "size.");
  }
}

void ip_pool_spec_crd(const Json& spec, Report& report) {
  const auto refuse_if = [&](bool wrong, std::string_view message) {
    if (wrong) {
      report.crd("", "", message);
    }
  };
  const std::string& text = get_text(spec, "cidr");
  const auto cidr = parse_cidr(text);
  if (cidr) {
    pool_cidr_crd(spec, *cidr, report);
  } else {
    report.crd("cidr", Json(text), "spec.cidr in body must be of type cidr: \"" + text + "\"");
  }
  const bool ipip = tunnels(spec, "ipipMode");
  const bool vxlan = tunnels(spec, "vxlanMode");
  refuse_if(ipip && vxlan, "ipipMode and vxlanMode cannot both be enabled");
  if (has_use(spec, "LoadBalancer")) {
    refuse_if(ipip || vxlan, "LoadBalancer IP pool cannot have IPIP or VXLAN enabled");
    refuse_if(has_use(spec, "Workload") || has_use(spec, "Tunnel"),
              "LoadBalancer cannot be combined with Workload or Tunnel allowed uses");
    refuse_if(get_bool(spec, "disableBGPExport"), "LoadBalancer IP pools cannot disable BGP export");
    refuse_if(get_text(spec, "nodeSelector") != "all()",
              "IP Pool with AllowedUse LoadBalancer must have nodeSelector set to all()");
  }
  refuse_if(has_use(spec, "Tunnel") && !get_text(spec, "namespaceSelector").empty(),
            "IP Pool with AllowedUse Tunnel cannot have namespaceSelector");
  for (const char* field : {"nodeSelector", "namespaceSelector"}) {
    const auto selector = Selector::parse(get_text(spec, field));
    refuse_if(selector && selector->uses_global(),
              "global() selector is not valid for IPPool " + std::string(field));
  }
}

void ip_pool_defaults(Json& document) {
  Json& spec = document["spec"];
  if (!spec.is_object()) {
    return;
  }
  const auto set = [&](const char* field, Json value) {
    if (!spec.contains(field)) {
      spec[field] = std::move(value);
    }
  };
  set("ipipMode", "Never");
  set("vxlanMode", "Never");
  set("allowedUses", Json::array({"Workload", "Tunnel"}));
  if (const auto cidr = parse_cidr_or_ip(get_text(spec, "cidr"))) {
    set("blockSize", cidr->family() == net::Family::ipv4 ? 26 : 122);
    if (cidr->strictly_masked()) {
      spec["cidr"] = to_string(cidr->network());
    }
  }
}

constexpr FieldInfo kIpPoolStatusFields[] = {
    {.name = "conditions", .type = &kConditions},
};
constexpr StructInfo kIpPoolStatus{"IPPoolStatus", kIpPoolStatusFields};
constexpr TypeInfo kIpPoolStatusType = object_of(kIpPoolStatus);

constexpr StructInfo kIpPoolSpec{"IPPoolSpec", kIpPoolSpecFields, nullptr, ip_pool_spec_crd};
constexpr TypeInfo kIpPoolSpecType = object_of(kIpPoolSpec);
constexpr auto kIpPoolFields = with(document_of(kIpPoolSpecType), optional_status_of(kIpPoolStatusType));
constexpr StructInfo kIpPoolDocument{"IPPool", kIpPoolFields};

constexpr std::string_view kIpPoolNames[] = {"ippool", "ippools", "ipp", "ipps", "pool", "pools"};
const Column kIpPoolColumns[] = {
    {"NAME", name_cell},
    {"CIDR", [](const Resource& r, const CellContext&) { return r.text_at("/spec/cidr"); }},
    {"NAT",
     [](const Resource& r, const CellContext&) { return value_cell(r, "/spec/natOutgoing", "false"); }},
    {"IPIPMODE",
     [](const Resource& r, const CellContext&) { return value_cell(r, "/spec/ipipMode", "Never"); }},
    {"VXLANMODE",
     [](const Resource& r, const CellContext&) { return value_cell(r, "/spec/vxlanMode", "Never"); }},
    {"DISABLED",
     [](const Resource& r, const CellContext&) { return value_cell(r, "/spec/disabled", "false"); }},
    {"DISABLEBGPEXPORT",
     [](const Resource& r, const CellContext&) { return value_cell(r, "/spec/disableBGPExport", "false"); }},
    {"SELECTOR", [](const Resource& r, const CellContext&) { return r.text_at("/spec/nodeSelector"); }},
    {"ASSIGNMENTMODE",
     [](const Resource& r, const CellContext&) { return r.text_at("/spec/assignmentMode"); }},
};
constexpr std::string_view kIpPoolHeadings[] = {"NAME", "CIDR", "SELECTOR"};
constexpr std::string_view kIpPoolWideHeadings[] = {
    "NAME",     "CIDR",          "NAT", "IPIPMODE", "VXLANMODE", "DISABLED", "DISABLEBGPEXPORT",
    "SELECTOR", "ASSIGNMENTMODE"};

}  // namespace

const KindInfo kIpPool{.kind = "IPPool",
                       .api_version = kV3,
                       .plural = "ippools",
                       .names = kIpPoolNames,
                       .object = &kIpPoolDocument,
                       .defaults = ip_pool_defaults,
                       .columns = kIpPoolColumns,
                       .headings = kIpPoolHeadings,
                       .wide_headings = kIpPoolWideHeadings};

}  // namespace catflap::calico::tables
