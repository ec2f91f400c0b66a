#include "calico/model/convert.hpp"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "calico/model/convert_kubernetes.hpp"
#include "calico/model/convert_names.hpp"
#include "calico/model/convert_rules.hpp"
#include "calico/model/decode.hpp"
#include "calico/model/endpoint_name.hpp"
#include "calico/model/kind.hpp"
#include "calico/model/legacy.hpp"
#include "calico/model/types.hpp"
#include "net/addr.hpp"

namespace catflap::calico {
namespace {

using nlohmann::json;

constexpr std::string_view kKubernetesPolicyVersion = "networking.k8s.io/v1";

Resource v3(std::string_view kind) {
  return Resource(*find_kind("projectcalico.org/v3", kind));
}

/// The value of `from` at `pointer`, put as `name` into `into` if it is there and not empty.
void carry(const Resource& from, const char* pointer, json& into, const char* name) {
  const json* value = from.find(pointer);
  if (value == nullptr || value->is_null() || *value == "" || *value == false ||
      (value->is_structured() && value->empty())) {
    return;
  }
  into[name] = *value;
}

json value_at(const Resource& resource, const char* pointer) {
  const json* value = resource.find(pointer);
  return value == nullptr ? json() : *value;
}

/// An address as Go prints it.
std::string address_text(const json& value) {
  const std::string text = value.is_string() ? value.get<std::string>() : "";
  const auto address = parse_go_ip(text);
  return address ? net::to_string(*address) : text;
}

void set_labels(Resource& out, json labels) {
  if (!labels.empty()) {
    out.metadata()["labels"] = std::move(labels);
  }
}

Result<Resource> convert_peer(const Resource& old) {
  const auto address = parse_go_ip(old.text_at("/metadata/peerIP"));
  if (!address) {
    return fail(Errc::invalid, "no PeerIP is set, invalid BGPPeer");
  }
  const std::string scope = old.text_at("/metadata/scope");
  const std::string node = old.text_at("/metadata/node");
  Resource out = v3("BGPPeer");
  json& spec = out.spec();
  if (scope == "global") {
    if (!node.empty()) {
      return fail(Errc::invalid, "With Global scope having a Node is invalid: " + node);
    }
    out.set_name(address_name(*address));
  } else if (scope == "node") {
    if (node.empty()) {
      return fail(Errc::invalid, "With Node scope a Node must be defined");
    }
    spec["node"] = convert_node_name(node);
    out.set_name(convert_node_name(node) + '.' + address_name(*address));
  } else {
    return fail(Errc::invalid, "insufficient identifiers, missing 'scope'");
  }
  spec["peerIP"] = net::to_string(*address);
  carry(old, "/spec/asNumber", spec, "asNumber");
  return out;
}

Result<Resource> convert_pool(const Resource& old) {
  const auto cidr = parse_cidr_or_ip(old.text_at("/metadata/cidr"));
  if (!cidr) {
    return fail(Errc::invalid, "insufficient identifiers, missing 'cidr'");
  }
  const bool ipip = value_at(old, "/spec/ipip/enabled") == true;
  Resource out = v3("IPPool");
  out.set_name(cidr_name(cidr->network()));
  json& spec = out.spec();
  spec["cidr"] = net::to_string(cidr->network());
  spec["vxlanMode"] = "Never";
  spec["ipipMode"] = !ipip                                                ? "Never"
                     : value_at(old, "/spec/ipip/mode") == "cross-subnet" ? "CrossSubnet"
                                                                          : "Always";
  carry(old, "/spec/nat-outgoing", spec, "natOutgoing");
  carry(old, "/spec/disabled", spec, "disabled");
  spec["blockSize"] = cidr->address.is_v4() ? 26 : 122;
  spec["nodeSelector"] = "all()";
  spec["allowedUses"] = {"Workload", "Tunnel"};
  spec["assignmentMode"] = "Automatic";
  return out;
}

json convert_ports(const Resource& old) {
  json out = json::array();
  for (json port : value_at(old, "/spec/ports")) {
    if (port.is_object() && port.contains("protocol")) {
      port["protocol"] = convert_protocol(port["protocol"]);
    }
    out.push_back(std::move(port));
  }
  return out;
}

json convert_profiles(const Resource& old) {
  json out = json::array();
  for (const json& profile : value_at(old, "/spec/profiles")) {
    out.push_back(convert_profile_name(profile.get<std::string>()));
  }
  return out;
}

/// Those of IPv4 first, as the datastore of v1 kept them; `text` makes each canonical.
template <class Text>
json by_family(const json& list, Text text) {
  json out = json::array();
  for (const bool v6 : {false, true}) {
    for (const json& each : list) {
      const std::string made = text(each);
      if ((made.find(':') != std::string::npos) == v6) {
        out.push_back(made);
      }
    }
  }
  return out;
}

void put_list(json& spec, const char* name, json list) {
  if (!list.empty()) {
    spec[name] = std::move(list);
  }
}

Result<Resource> convert_host_endpoint(const Resource& old) {
  const std::string node = convert_node_name(old.text_at("/metadata/node"));
  Resource out = v3("HostEndpoint");
  out.set_name(convert_name(node + '.' + old.name()));
  set_labels(out, convert_labels(value_at(old, "/metadata/labels")));
  json& spec = out.spec();
  spec["node"] = node;
  carry(old, "/spec/interfaceName", spec, "interfaceName");
  put_list(spec, "expectedIPs", by_family(value_at(old, "/spec/expectedIPs"), address_text));
  put_list(spec, "profiles", convert_profiles(old));
  put_list(spec, "ports", convert_ports(old));
  return out;
}

Result<Resource> convert_node(const Resource& old) {
  Resource out = v3("Node");
  out.set_name(convert_node_name(old.name()));
  const json bgp = value_at(old, "/spec/bgp");
  if (bgp.is_object()) {
    json made = json::object();
    for (const char* field : {"ipv4Address", "ipv6Address"}) {
      const auto address =
          bgp.contains(field) ? parse_cidr_or_ip(bgp[field].get<std::string>()) : std::nullopt;
      if (address) {
        made[field] = fmt::format("{}/{}", net::to_string(address->address), address->length);
      }
    }
    if (made.empty()) {
      return fail(Errc::invalid, "Invalid NodeBGPSpec, missing address");
    }
    if (bgp.contains("asNumber")) {
      made["asNumber"] = bgp["asNumber"];
    }
    out.spec()["bgp"] = std::move(made);
  }
  carry(old, "/spec/orchRefs", out.spec(), "orchRefs");
  return out;
}

json policy_types(const Resource& old, const json& ingress, const json& egress) {
  json out = json::array();
  for (const json& type : value_at(old, "/spec/types")) {
    out.push_back(type == "egress" ? "Egress" : "Ingress");
  }
  if (out.empty()) {
    if (egress.empty() || !ingress.empty()) {
      out.push_back("Ingress");
    }
    if (!egress.empty()) {
      out.push_back("Egress");
    }
  }
  return out;
}

Result<Resource> convert_policy(const Resource& old) {
  std::string tier = convert_name_without_dots(old.text_at("/metadata/tier"));
  if (tier.empty()) {
    tier = "default";
  }
  Resource out = v3("GlobalNetworkPolicy");
  out.set_name(tier + '.' + convert_name_without_dots(old.name()));
  out.metadata()["labels"] = {{"projectcalico.org/tier", tier}};
  carry(old, "/metadata/annotations", out.metadata(), "annotations");
  const json ingress = convert_rules(value_at(old, "/spec/ingress"));
  const json egress = convert_rules(value_at(old, "/spec/egress"));
  json& spec = out.spec();
  spec["tier"] = tier;
  carry(old, "/spec/order", spec, "order");
  if (const std::string selector = convert_selector(old.text_at("/spec/selector")); !selector.empty()) {
    spec["selector"] = selector;
  }
  spec["types"] = policy_types(old, ingress, egress);
  put_list(spec, "ingress", ingress);
  put_list(spec, "egress", egress);
  carry(old, "/spec/doNotTrack", spec, "doNotTrack");
  carry(old, "/spec/preDNAT", spec, "preDNAT");
  if (spec.contains("doNotTrack") || spec.contains("preDNAT")) {
    spec["applyOnForward"] = true;  // what such policies always did
  }
  return out;
}

Result<Resource> convert_profile(const Resource& old) {
  Resource out = v3("Profile");
  out.set_name(convert_profile_name(old.name()));
  json labels = convert_labels(value_at(old, "/metadata/labels"));
  for (const json& value : value_at(old, "/metadata/tags")) {
    const auto tag = value.get<std::string>();
    if (labels.contains(tag)) {
      return fail(Errc::invalid,
                  fmt::format("Tag: '{0}' and Label '{0} == {1}' have the same value for Profile: {2}. "
                              "Change the Label key before proceeding",
                              tag, labels[tag].get<std::string>(), out.name()));
    }
    labels[tag] = "";
  }
  json& spec = out.spec();
  put_list(spec, "ingress", convert_rules(value_at(old, "/spec/ingress")));
  put_list(spec, "egress", convert_rules(value_at(old, "/spec/egress")));
  put_list(spec, "labelsToApply", std::move(labels));
  return out;
}

/// The namespace and what v3 calls pod, containerID or workload.
Status set_workload(const Resource& old, Resource& out) {
  const std::string orchestrator = old.text_at("/metadata/orchestrator");
  const std::string workload = old.text_at("/metadata/workload");
  json& spec = out.spec();
  out.set_name_space("default");
  if (orchestrator == "k8s") {
    const std::size_t dot = workload.find('.');
    if (dot == std::string::npos) {
      return fail(Errc::invalid,
                  fmt::format("malformed k8s workload ID '{}': workload was not added through the "
                              "Calico CNI plugin and cannot be converted",
                              workload));
    }
    out.set_name_space(workload.substr(0, dot));
    spec["pod"] = workload.substr(dot + 1);
    carry(old, "/metadata/activeInstanceID", spec, "containerID");
  } else if (orchestrator == "cni") {
    spec["containerID"] = workload;
  } else {
    spec["workload"] = orchestrator == "libnetwork" ? orchestrator : convert_name(workload);
  }
  return {};
}

json convert_nats(const Resource& old) {
  json out = json::array();
  for (const bool v6 : {false, true}) {
    for (const json& nat : value_at(old, "/spec/ipNATs")) {
      const std::string internal = address_text(nat["internalIP"]);
      if ((internal.find(':') != std::string::npos) == v6) {
        out.push_back({{"internalIP", internal}, {"externalIP", address_text(nat["externalIP"])}});
      }
    }
  }
  return out;
}

Result<Resource> convert_workload_endpoint(const Resource& old) {
  Resource out = v3("WorkloadEndpoint");
  if (Status workload = set_workload(old, out); !workload) {
    return fail(workload.error());
  }
  set_labels(out, convert_labels(value_at(old, "/metadata/labels")));
  const auto network = [](const json& text) { return masked_network(text.get<std::string>()); };
  json& spec = out.spec();
  spec["orchestrator"] = convert_name(old.text_at("/metadata/orchestrator"));
  spec["node"] = convert_node_name(old.text_at("/metadata/node"));
  spec["endpoint"] = convert_name(old.name());
  put_list(spec, "ipNetworks", by_family(value_at(old, "/spec/ipNetworks"), network));
  put_list(spec, "ipNATs", convert_nats(old));
  for (const char* field : {"ipv4Gateway", "ipv6Gateway"}) {
    const json gateway = value_at(old, fmt::format("/spec/{}", field).c_str());
    if (gateway.is_string()) {
      spec[field] = address_text(gateway);
    }
  }
  put_list(spec, "profiles", convert_profiles(old));
  carry(old, "/spec/interfaceName", spec, "interfaceName");
  carry(old, "/spec/mac", spec, "mac");
  put_list(spec, "ports", convert_ports(old));
  put_list(spec, "allowSpoofedSourcePrefixes",
           by_family(value_at(old, "/spec/allow_spoofed_source_prefixes"), network));
  Result<std::string> name = workload_endpoint_name(out);
  if (!name) {
    return fail(std::move(name.error()));
  }
  out.set_name(*name);
  return out;
}

struct Converter {
  std::string_view kind;
  Result<Resource> (*convert)(const Resource& old);
};
constexpr std::array<Converter, 7> kConverters{{{"bgpPeer", convert_peer},
                                                {"ipPool", convert_pool},
                                                {"hostEndpoint", convert_host_endpoint},
                                                {"node", convert_node},
                                                {"policy", convert_policy},
                                                {"profile", convert_profile},
                                                {"workloadEndpoint", convert_workload_endpoint}}};

Error at_resource(Error error, const Resource& resource) {
  if (!error.where) {
    if (SourcePos where = resource.where(""); where.line != 0) {
      error.where = std::move(where);
    }
  }
  return error;
}

}  // namespace

const KindInfo* find_convertible_kind(std::string_view api_version, std::string_view kind) {
  if (const KindInfo* v1 = find_v1_kind(api_version, kind)) {
    return v1;
  }
  return api_version == kKubernetesPolicyVersion && kind == "NetworkPolicy" ? find_kind(api_version, kind)
                                                                            : nullptr;
}

Result<Resource> convert_to_v3(const Resource& old) {
  if (old.kind().group == ApiGroup::kubernetes && old.kind().kind == "NetworkPolicy") {
    const Result<Resource> made = convert_kubernetes_policy(old);
    return made ? decode_as(made->kind(), made->document()) : made;
  }
  for (const Converter& converter : kConverters) {
    if (old.kind().group == ApiGroup::calico_v1 && old.kind().kind == converter.kind) {
      const Result<Resource> made = converter.convert(old);
      return made ? decode_as(made->kind(), made->document()) : made;  // in canonical form
    }
  }
  return fail(Errc::unsupported,
              fmt::format("conversion for the resource type '{}' is not supported", old.kind().kind));
}

Result<std::vector<Resource>> convert_text(std::string_view text, std::string_view file,
                                           const ConvertOptions& options) {
  ReadOptions read;
  read.finder = find_convertible_kind;
  const ReadReport report = read_resources(text, file, read);
  if (!report.ok()) {
    const Diagnostic& first = report.diagnostics.front();
    return fail_at(first.where, first.message);
  }
  std::vector<Resource> out;
  for (const Resource& old : report.resources) {
    if (old.kind().group == ApiGroup::calico_v1) {
      if (Status valid = check_valid(old); !valid) {
        return fail(at_resource(valid.error(), old));
      }
    }
    Result<Resource> made = convert_to_v3(old);
    if (!made) {
      return fail(at_resource(std::move(made.error()), old));
    }
    if (options.validate) {
      if (Status valid = check_valid(*made); !valid) {
        return fail(
            at_resource({Errc::invalid, fmt::format("converted manifest resource(s) failed validation: {}"
                                                    "Re-run the command with '--ignore-validation' flag to "
                                                    "see the converted output.\n",
                                                    valid.error().message)},
                        old));
      }
    }
    out.push_back(std::move(*made));
  }
  return out;
}

}  // namespace catflap::calico
