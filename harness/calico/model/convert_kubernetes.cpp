#include "calico/model/convert_kubernetes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "calico/model/kind.hpp"
#include "calico/model/types.hpp"
#include "net/addr.hpp"

namespace catflap::calico {
namespace {

using nlohmann::json;

constexpr int kPolicyOrder = 1000;
constexpr const char* kOnlyKubernetes = "projectcalico.org/orchestrator == 'k8s'";

const json& member(const json& object, const char* name) {
  static const json none;
  if (!object.is_object()) {
    return none;
  }
  const auto found = object.find(name);
  return found == object.end() ? none : *found;
}

std::string text_of(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.is_null() ? "" : value.dump();
}

/// The terms of a label selector, joined by "&&" behind `terms`.
std::string joined_terms(const json& selector, std::vector<std::string> terms) {
  for (const auto& [key, value] : member(selector, "matchLabels").items()) {
    terms.push_back(fmt::format("{} == '{}'", key, text_of(value)));
  }
  for (const json& expression : member(selector, "matchExpressions")) {
    const std::string key = text_of(member(expression, "key"));
    const std::string op = text_of(member(expression, "operator"));
    std::vector<std::string> values;
    for (const json& value : member(expression, "values")) {
      values.push_back(text_of(value));
    }
    const std::string list = fmt::format("{}", fmt::join(values, "', '"));
    if (op == "In") {
      terms.push_back(fmt::format("{} in {{ '{}' }}", key, list));
    } else if (op == "NotIn") {
      terms.push_back(fmt::format("{} not in {{ '{}' }}", key, list));
    } else if (op == "Exists") {
      terms.push_back(fmt::format("has({})", key));
    } else if (op == "DoesNotExist") {
      terms.push_back(fmt::format("! has({})", key));
    }
  }
  return fmt::format("{}", fmt::join(terms, " && "));
}

/// The ports of one protocol; nothing: every port.
using Ports = std::optional<std::vector<PortRange>>;

/// By protocol, "" for any.
Result<std::map<std::string, Ports>> ports_by_protocol(const json& ports) {
  std::map<std::string, Ports> out;
  for (const json& port : ports) {
    const json& protocol = member(port, "protocol");
    Ports& of_protocol =
        out.try_emplace(protocol.is_null() ? "TCP" : text_of(protocol), std::vector<PortRange>())
            .first->second;
    const json& number = member(port, "port");
    if (number.is_null()) {
      of_protocol.reset();
      continue;
    }
    std::string text = text_of(number);
    if (const json& end = member(port, "endPort"); !end.is_null()) {
      text += ':' + text_of(end);
    }
    const Result<PortRange> range = parse_port(text);
    if (!range) {
      return fail(Errc::invalid,
                  fmt::format("failed to parse k8s port: invalid port {}: {}", text, range.error().message));
    }
    if (of_protocol) {
      of_protocol->push_back(*range);
    }
  }
  if (out.empty()) {
    out.emplace("", std::nullopt);
  }
  return out;
}

json port_value(const PortRange& port) {
  if (port.name.empty() && port.low == port.high) {
    return port.low;
  }
  return to_string(port);
}

/// The least ranges that cover the same ports, behind the names. One port stays as it is.
json simplified(const std::vector<PortRange>& ports) {
  json out = json::array();
  std::vector<PortRange> ranges;
  for (const PortRange& port : ports) {
    if (port.name.empty()) {
      ranges.push_back(port);
    } else {
      out.push_back(port.name);
    }
  }
  std::sort(ranges.begin(), ranges.end(), [](const PortRange& a, const PortRange& b) {
    return std::pair(a.low, a.high) < std::pair(b.low, b.high);
  });
  std::vector<PortRange> merged;
  for (const PortRange& range : ranges) {
    if (!merged.empty() && range.low <= static_cast<std::uint32_t>(merged.back().high) + 1) {
      merged.back().high = std::max(merged.back().high, range.high);
    } else {
      merged.push_back(range);
    }
  }
  if (ranges.size() == 1 && ports.size() > 1) {
    json as_written = json::array();
    for (const PortRange& port : ports) {
      as_written.push_back(port_value(port));
    }
    return as_written;
  }
  for (const PortRange& range : merged) {
    out.push_back(port_value(range));
  }
  return out;
}

Result<std::string> network_text(const json& cidr) {
  const std::optional<Cidr> network = cidr.is_string() ? parse_cidr(cidr.get<std::string>()) : std::nullopt;
  if (!network) {
    return fail(Errc::invalid,
                fmt::format("failed to parse k8s ipBlock: invalid CIDR address: {}", text_of(cidr)));
  }
  return net::to_string(network->network());
}

/// The side of a rule that the peer is on. Null: every peer.
Result<json> peer_entity(const json& peer) {
  json entity = json::object();
  if (peer.is_null()) {
    return entity;
  }
  if (const json& block = member(peer, "ipBlock"); !block.is_null()) {
    const Result<std::string> cidr = network_text(member(block, "cidr"));
    if (!cidr) {
      return fail(cidr.error());
    }
    entity["nets"] = {*cidr};
    for (const json& exception : member(block, "except")) {
      const Result<std::string> excepted = network_text(exception);
      if (!excepted) {
        return fail(excepted.error());
      }
      entity["notNets"].push_back(*excepted);
    }
    return entity;
  }
  entity["selector"] = kubernetes_pod_selector(member(peer, "podSelector"));
  if (const json& spaces = member(peer, "namespaceSelector"); !spaces.is_null()) {
    entity["namespaceSelector"] = kubernetes_namespace_selector(spaces);
  }
  return entity;
}

/// Adds Calico's rules for one Kubernetes rule.
Status add_rules(const json& rule, bool ingress, json& out) {
  const Result<std::map<std::string, Ports>> by_protocol = ports_by_protocol(member(rule, "ports"));
  if (!by_protocol) {
    return fail(by_protocol.error());
  }
  json peers = member(rule, ingress ? "from" : "to");
  if (!peers.is_array() || peers.empty()) {
    peers = json::array({json()});
  }
  for (const auto& [protocol, ports] : *by_protocol) {
    for (const json& peer : peers) {
      Result<json> entity = peer_entity(peer);
      if (!entity) {
        return fail(entity.error());
      }
      json other = json::object();
      json& destination = ingress ? other : *entity;
      if (ports && !ports->empty()) {
        destination["ports"] = simplified(*ports);
      }
      json made = {{"action", "Allow"}};
      if (!protocol.empty()) {
        made["protocol"] = protocol;
      }
      made["source"] = ingress ? std::move(*entity) : json::object();
      made["destination"] = ingress ? std::move(other) : std::move(*entity);
      out.push_back(std::move(made));
    }
  }
  return {};
}

Status add_direction(const Resource& policy, bool ingress, json& spec) {
  const char* direction = ingress ? "ingress" : "egress";
  json rules = json::array();
  std::size_t index = 0;
  for (const json& rule : member(policy.spec(), direction)) {
    if (Status added = add_rules(rule, ingress, rules); !added) {
      Error error = added.error();
      error.message = fmt::format("policy: {}: error with rule {}[{}] (k8s rule couldn't be converted: {})",
                                  policy.name(), direction, index, error.message);
      error.where = policy.where(fmt::format("/spec/{}/{}", direction, index));
      return fail(std::move(error));
    }
    ++index;
  }
  if (!rules.empty()) {
    spec[direction] = std::move(rules);
  }
  return {};
}

json policy_types(const json& written) {
  const auto has = [&written](const char* type) {
    return written.is_array() && std::find(written.begin(), written.end(), json(type)) != written.end();
  };
  json types = json::array();
  for (const char* type : {"Ingress", "Egress"}) {
    if (has(type)) {
      types.push_back(type);
    }
  }
  return types.empty() ? json::array({"Ingress"}) : types;
}

}  // namespace

std::string kubernetes_pod_selector(const json& selector) {
  return joined_terms(selector, {kOnlyKubernetes});
}

std::string kubernetes_namespace_selector(const json& selector) {
  const std::string terms = joined_terms(selector, {});
  return terms.empty() ? "all()" : terms;
}

Result<Resource> convert_kubernetes_policy(const Resource& policy) {
  Resource out(*find_kind("projectcalico.org/v3", "NetworkPolicy"));
  out.set_name(policy.name());
  if (const std::string name_space = policy.name_space(); !name_space.empty()) {
    out.set_name_space(name_space);
  }
  json spec = json::object();
  spec["order"] = kPolicyOrder;
  spec["selector"] = kubernetes_pod_selector(member(policy.spec(), "podSelector"));
  for (const bool ingress : {true, false}) {
    if (Status added = add_direction(policy, ingress, spec); !added) {
      return fail(added.error());
    }
  }
  spec["types"] = policy_types(member(policy.spec(), "policyTypes"));
  out.spec() = std::move(spec);
  return out;
}

}  // namespace catflap::calico
