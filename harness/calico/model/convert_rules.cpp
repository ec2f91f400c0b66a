#include "calico/model/convert_rules.hpp"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "calico/model/types.hpp"
#include "net/addr.hpp"

namespace catflap::calico {
namespace {

using nlohmann::json;

constexpr std::string_view kV1Namespace = "calico/k8s_ns";
constexpr std::string_view kV3Namespace = "projectcalico.org/namespace";

const json& member(const json& object, const char* name) {
  static const json none;
  if (!object.is_object()) {
    return none;
  }
  const auto found = object.find(name);
  return found == object.end() ? none : *found;
}

std::string text_of(const json& object, const char* name) {
  const json& value = member(object, name);
  return value.is_string() ? value.get<std::string>() : "";
}

std::string action_of(const std::string& v1) {
  static constexpr std::array<std::pair<const char*, const char*>, 6> kActions{{{"", "Allow"},
                                                                                {"allow", "Allow"},
                                                                                {"deny", "Deny"},
                                                                                {"log", "Log"},
                                                                                {"pass", "Pass"},
                                                                                {"next-tier", "Pass"}}};
  for (const auto& [from, to] : kActions) {
    if (v1 == from) {
      return to;
    }
  }
  return v1;
}

/// `list` and then `single`, which v1 had first.
json joined_networks(const json& list, const json& single) {
  json out = json::array();
  for (const json& network : list) {
    out.push_back(masked_network(network.get<std::string>()));
  }
  if (single.is_string()) {
    out.push_back(masked_network(single.get<std::string>()));
  }
  return out;
}

std::string with_tag(std::string selector, const std::string& tag) {
  if (tag.empty()) {
    return selector;
  }
  return selector.empty() ? fmt::format("{} == ''", tag) : fmt::format("({}) && {} == ''", selector, tag);
}

struct EntityFields {
  const char* nets;
  const char* net;
  const char* selector;
  const char* tag;
  const char* ports;
};
constexpr EntityFields kPositive{"nets", "net", "selector", "tag", "ports"};
constexpr EntityFields kNegative{"notNets", "notNet", "notSelector", "notTag", "notPorts"};

json convert_entity(const json& entity) {
  json out = json::object();
  for (const EntityFields& fields : {kPositive, kNegative}) {
    if (json nets = joined_networks(member(entity, fields.nets), member(entity, fields.net)); !nets.empty()) {
      out[fields.nets] = std::move(nets);
    }
    const std::string selector =
        with_tag(convert_selector(text_of(entity, fields.selector)), text_of(entity, fields.tag));
    if (!selector.empty()) {
      out[fields.selector] = selector;
    }
    if (const json& ports = member(entity, fields.ports); ports.is_array() && !ports.empty()) {
      out[fields.ports] = ports;
    }
  }
  return out;
}

json convert_rule(const json& rule) {
  json out = {{"action", action_of(text_of(rule, "action"))}};
  for (const char* field : {"ipVersion", "icmp", "notICMP"}) {
    if (const json& value = member(rule, field); !value.is_null() && !(value.is_object() && value.empty())) {
      out[field] = value;
    }
  }
  for (const char* field : {"protocol", "notProtocol"}) {
    if (const json& value = member(rule, field); !value.is_null()) {
      out[field] = convert_protocol(value);
    }
  }
  out["source"] = convert_entity(member(rule, "source"));
  out["destination"] = convert_entity(member(rule, "destination"));
  return out;
}

}  // namespace

std::string convert_selector(std::string_view selector) {
  std::string out;
  for (std::size_t at = selector.find(kV1Namespace); at != std::string_view::npos;
       at = selector.find(kV1Namespace)) {
    out.append(selector.substr(0, at)).append(kV3Namespace);
    selector.remove_prefix(at + kV1Namespace.size());
  }
  return out.append(selector);
}

json convert_labels(const json& labels) {
  json out = json::object();
  if (labels.is_object()) {
    for (const auto& [key, value] : labels.items()) {
      out[key == kV1Namespace ? std::string(kV3Namespace) : key] = value;
    }
  }
  return out;
}

json convert_protocol(const json& protocol) {
  static constexpr std::array<std::pair<const char*, const char*>, 6> kNames{{{"tcp", "TCP"},
                                                                              {"udp", "UDP"},
                                                                              {"icmp", "ICMP"},
                                                                              {"icmpv6", "ICMPv6"},
                                                                              {"sctp", "SCTP"},
                                                                              {"udplite", "UDPLite"}}};
  for (const auto& [v1, v3] : kNames) {
    if (protocol == v1) {
      return v3;
    }
  }
  return protocol;
}

json convert_rules(const json& rules) {
  json out = json::array();
  if (rules.is_array()) {
    for (const json& rule : rules) {
      out.push_back(convert_rule(rule));
    }
  }
  return out;
}

std::string masked_network(const std::string& text) {
  const auto network = parse_cidr_or_ip(text);
  return network ? net::to_string(network->network()) : text;
}

}  // namespace catflap::calico
