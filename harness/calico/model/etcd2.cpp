#include "calico/model/etcd2.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "calico/model/convert.hpp"
#include "calico/model/convert_names.hpp"
#include "calico/model/decode.hpp"
#include "calico/model/legacy.hpp"
#include "calico/model/scalar.hpp"
#include "calico/model/types.hpp"

namespace catflap::calico {
namespace {

constexpr std::string_view kBgpPrefix = "/calico/bgp/v1/";
constexpr std::string_view kPrefix = "/calico/v1/";
constexpr int kDumpDepthMax = 32;

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) {
    return {};
  }
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

/// The values of a dump of etcd v2, which is a tree.
Status add_dump(const Json& node, const SourcePos& where, int depth, std::vector<Etcd2Entry>& out) {
  if (!node.is_object() || depth > kDumpDepthMax) {
    return fail_at(where, "not a dump of etcd v2");
  }
  if (const auto nodes = node.find("nodes"); nodes != node.end() && nodes->is_array()) {
    for (const Json& child : *nodes) {
      if (Status added = add_dump(child, where, depth + 1, out); !added) {
        return added;
      }
    }
    return {};
  }
  const auto key = node.find("key");
  const auto value = node.find("value");
  if (key == node.end() || !key->is_string()) {
    return node.contains("dir") ? Status() : fail_at(where, "an entry of etcd v2 needs a key and a value");
  }
  if (value == node.end()) {
    return {};  // an empty folder
  }
  if (value->is_structured()) {
    return fail_at(where, "a value of etcd v2 is a text");
  }
  out.push_back(
      {key->get<std::string>(), value->is_string() ? value->get<std::string>() : value->dump(), where});
  return {};
}

Status add_line(std::string_view line, const SourcePos& where, std::vector<Etcd2Entry>& out) {
  if (line.front() == '{') {
    const Json value = Json::parse(line, nullptr, false);
    if (!value.is_object()) {
      return fail_at(where, "not a JSON object");
    }
    return add_dump(value.contains("node") ? value["node"] : value, where, 0, out);
  }
  const std::size_t end = line.find_first_of(" \t");
  if (line.front() != '/' || end == std::string_view::npos) {
    return fail_at(where, "expected a key that begins with '/', a blank, and a value");
  }
  out.push_back({std::string(line.substr(0, end)), std::string(trimmed(line.substr(end))), where});
  return {};
}

std::string unescape(std::string_view segment) {
  std::string out;
  for (std::size_t at = 0; at < segment.size(); ++at) {
    const std::string_view escape = segment.substr(at, 3);
    if (escape == "%2f" || escape == "%2F" || escape == "%25") {
      out += escape == "%25" ? '%' : '/';
      at += 2;
    } else {
      out += segment[at];
    }
  }
  return out;
}

/// The parts of a key behind `prefix`; none if it does not begin so.
std::vector<std::string> parts_behind(std::string_view key, std::string_view prefix) {
  std::vector<std::string> parts;
  if (!key.starts_with(prefix)) {
    return parts;
  }
  key.remove_prefix(prefix.size());
  while (true) {
    const std::size_t slash = key.find('/');
    parts.push_back(unescape(key.substr(0, slash)));
    if (slash == std::string_view::npos) {
      return parts;
    }
    key.remove_prefix(slash + 1);
  }
}

std::string text_member(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) {
    return "";
  }
  return found->is_string() ? found->get<std::string>() : found->is_structured() ? "" : found->dump();
}

/// A node as the single keys of a host tell it.
struct Host {
  std::array<std::string, 2> address{};  ///< of IPv4 and IPv6, "" for none
  std::array<std::string, 2> network{};
  std::optional<std::uint32_t> as_number{};
  Json orch_refs = Json::array();
};

/// Collects what entries say, each about a part of some resource.
class Interpreter {
 public:
  void add(const Etcd2Entry& entry) {
    entry_ = &entry;
    Result<std::optional<RouteReflector>> reflector = parse_route_reflector(entry);
    if (!reflector) {
      problem(reflector.error().message);
    } else if (*reflector) {
      data_.reflectors.push_back(**reflector);
    } else if (const auto bgp = parts_behind(entry.key, kBgpPrefix); !bgp.empty()) {
      add_bgp(bgp);
    } else if (const auto parts = parts_behind(entry.key, kPrefix); !parts.empty()) {
      add_other(parts);
    } else {
      problem("not a key of Calico in etcd v2");
    }
  }

  Etcd2Data finish() && {
    for (auto& [name, host] : hosts_) {
      finish_host(name, host);
    }
    for (auto& [id, resource] : made_) {
      data_.resources.push_back(std::move(resource));
    }
    std::sort(data_.reflectors.begin(), data_.reflectors.end(),
              [](const RouteReflector& a, const RouteReflector& b) { return a.address < b.address; });
    return std::move(data_);
  }

 private:
  void problem(std::string message) {
    data_.problems.push_back({entry_->where, entry_->key, std::move(message), "", "", ""});
  }
  std::optional<Json> object_value() {
    Json value = Json::parse(entry_->value, nullptr, false);
    if (!value.is_object()) {
      problem("the value is not a JSON object");
      return std::nullopt;
    }
    return value;
  }

  /// The resource of v3 that is being put together.
  Json& spec_of(std::string_view kind, const std::string& name) {
    const KindInfo* info = find_kind("projectcalico.org/v3", kind);
    auto [found, is_new] = made_.try_emplace({std::string(kind), name}, *info);
    if (is_new) {
      found->second.set_name(name);
    }
    return found->second.spec();
  }

  void add_bgp(const std::vector<std::string>& parts) {
    const bool global = parts[0] == "global";
    if (!global && (parts[0] != "host" || parts.size() < 3)) {
      return problem("not a known key of BGP");
    }
    const std::string host = global ? "" : parts[1];
    const std::size_t at = global ? 1 : 2;
    if (parts.size() == at + 2 && (parts[at] == "peer_v4" || parts[at] == "peer_v6")) {
      return add_peer(host, parts[at + 1]);
    }
    if (parts.size() != at + 1) {
      return problem("not a known key of BGP");
    }
    const std::string& name = parts[at];
    if (name == "loglevel") {
      return add_log_level(host);
    }
    if (name == "as_num") {
      return add_as_number(host);
    }
    if (global) {
      return name == "node_mesh" ? add_mesh() : problem("not a known key of BGP");
    }
    static constexpr std::array<const char*, 2> kAddresses = {"ip_addr_v4", "ip_addr_v6"};
    static constexpr std::array<const char*, 2> kNetworks = {"network_v4", "network_v6"};
    for (std::size_t family = 0; family < kAddresses.size(); ++family) {
      if (name == kAddresses[family]) {
        hosts_[host].address[family] = entry_->value;
        return;
      }
      if (name == kNetworks[family]) {
        hosts_[host].network[family] = entry_->value;
        return;
      }
    }
    problem("not a known key of BGP");
  }

  void add_mesh() {
    const auto value = object_value();
    if (!value) {
      return;
    }
    if (!value->contains("enabled") || !(*value)["enabled"].is_boolean()) {
      return problem("the value needs \"enabled\": true or false");
    }
    spec_of("BGPConfiguration", "default")["nodeToNodeMeshEnabled"] = (*value)["enabled"];
  }

  void add_as_number(const std::string& host) {
    const Result<std::uint32_t> number = parse_as_number(entry_->value);
    if (!number) {
      return problem(number.error().message);
    }
    if (host.empty()) {
      spec_of("BGPConfiguration", "default")["asNumber"] = *number;
    } else {
      hosts_[host].as_number = *number;
    }
  }

  void add_log_level(const std::string& host) {
    static const std::map<std::string, const char*, std::less<>> kLevels = {
        {"debug", "Debug"}, {"info", "Info"}, {"none", "Fatal"}};
    const auto level = kLevels.find(entry_->value);
    if (level == kLevels.end()) {
      return problem("the value must be debug, info or none");
    }
    const std::string name = host.empty() ? "default" : "node." + convert_node_name(host);
    spec_of("BGPConfiguration", name)["logSeverityScreen"] = level->second;
  }

  void add_peer(const std::string& host, const std::string& address) {
    const auto value = object_value();
    if (!value) {
      return;
    }
    const auto peer = parse_go_ip(text_member(*value, "ip"));
    const Result<std::uint32_t> number = parse_as_number(text_member(*value, "as_num"));
    if (!peer || !number) {
      return problem("the value needs \"ip\", an address, and \"as_num\", an AS number");
    }
    if (parse_go_ip(address) != peer) {
      return problem(fmt::format("the key names {}, the value {}", address, net::to_string(*peer)));
    }
    const std::string node = convert_node_name(host);
    Json& spec = spec_of("BGPPeer", (node.empty() ? "" : node + '.') + address_name(*peer));
    if (!node.empty()) {
      spec["node"] = node;
    }
    spec["peerIP"] = net::to_string(*peer);
    spec["asNumber"] = *number;
  }

  void add_other(const std::vector<std::string>& parts) {
    if (parts == std::vector<std::string>{"Ready"}) {
      return;  // every store that is in use has it
    }
    if (parts[0] == "host" && parts.size() == 3) {
      return add_host_key(parts[1], parts[2]);
    }
    if (parts[0] == "host" && parts.size() == 4 && parts[2] == "config") {
      return add_felix(parts[1], parts[3]);
    }
    if (parts[0] == "config" && parts.size() == 2) {
      return add_felix("", parts[1]);
    }
    if (parts[0] == "ipam" && parts.size() == 4 && parts[2] == "pool") {
      return add_pool();
    }
    problem("has no form that is read here; `convert` takes policies, profiles and endpoints from v1 files");
  }

  void add_host_key(const std::string& host, const std::string& name) {
    Host& node = hosts_[host];
    if (name == "bird_ip") {
      node.address[0] = node.address[0].empty() ? entry_->value : node.address[0];
      return;
    }
    if (name == "orchestrator_refs") {
      Json refs = Json::parse(entry_->value, nullptr, false);
      if (!refs.is_array()) {
        return problem("the value is not a JSON list");
      }
      for (const Json& ref : refs) {
        node.orch_refs.push_back({{"orchestrator", text_member(ref, "orchestrator")},
                                  {"nodeName", text_member(ref, "node_name")}});
      }
      return;
    }
    if (name != "metadata" && name != "bird6_ip") {
      problem("not a known key of a host");
    }
  }

  /// A setting of Felix: v3's field of the same name, whatever the case.
  void add_felix(const std::string& host, const std::string& setting) {
    if (setting == "IpInIpTunnelAddr" && !host.empty()) {
      spec_of("Node", convert_node_name(host))["bgp"]["ipv4IPIPTunnelAddr"] = entry_->value;
      return;
    }
    static const std::map<std::string, std::string, std::less<>> kRenamed = {{"IpInIpEnabled", "ipipEnabled"},
                                                                             {"IpInIpMtu", "ipipMTU"}};
    const auto renamed = kRenamed.find(setting);
    const FieldInfo* field = felix_field(renamed == kRenamed.end() ? setting : renamed->second);
    if (field == nullptr || field->type->shape == Shape::object || field->type->shape == Shape::list) {
      return problem("FelixConfiguration has no such setting");
    }
    std::string error;
    const Json value = convert(Scalar{felix_text(*field), false}, *field->type, error);
    if (!error.empty()) {
      return problem("the value does not fit FelixConfiguration's " + std::string(field->name));
    }
    const std::string name = host.empty() ? "default" : "node." + convert_node_name(host);
    spec_of("FelixConfiguration", name)[std::string(field->name)] = value;
  }

  static const FieldInfo* felix_field(std::string_view setting) {
    const auto same = [](std::string_view a, std::string_view b) {
      const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
      return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                        [&lower](char x, char y) { return lower(x) == lower(y); });
    };
    for (const FieldInfo& field : find_kind("projectcalico.org/v3", "FelixConfiguration")->object->fields) {
      if (field.name != "spec") {
        continue;
      }
      for (const FieldInfo& each : field.type->object->fields) {
        if (same(each.name, setting)) {
          return &each;
        }
      }
    }
    return nullptr;
  }
  /// Severities were written in capitals.
  std::string felix_text(const FieldInfo& field) {
    std::string text = entry_->value;
    if (field.name.find("logSeverity") != std::string_view::npos) {
      for (std::size_t i = 1; i < text.size(); ++i) {
        text[i] = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] - 'A' + 'a') : text[i];
      }
    }
    return text;
  }

  void add_pool() {
    const auto value = object_value();
    if (!value) {
      return;
    }
    Json v1 = {
        {"apiVersion", "v1"},
        {"kind", "ipPool"},
        {"metadata", {{"cidr", text_member(*value, "cidr")}}},
        {"spec",
         {{"ipip",
           {{"enabled", !text_member(*value, "ipip").empty()}, {"mode", text_member(*value, "ipip_mode")}}},
          {"nat-outgoing", text_member(*value, "masquerade") == "true"},
          {"disabled", text_member(*value, "disabled") == "true"}}}};
    const Result<Resource> old = decode_as(*find_v1_kind("v1", "ipPool"), v1);
    const Result<Resource> pool = old ? convert_to_v3(*old) : Result<Resource>(fail(old.error()));
    if (!pool) {
      return problem(pool.error().message);
    }
    made_.insert_or_assign({"IPPool", pool->name()}, *pool);
  }

  void finish_host(const std::string& name, Host& host) {
    Json& spec = spec_of("Node", convert_node_name(name));
    static constexpr std::array<const char*, 2> kFields = {"ipv4Address", "ipv6Address"};
    for (std::size_t family = 0; family < kFields.size(); ++family) {
      const auto address = parse_go_ip(host.address[family]);
      if (!address) {
        continue;
      }
      const auto network = parse_cidr(host.network[family]);
      const unsigned length = network && network->family() == address->family()
                                  ? network->length
                                  : net::address_bits(address->family());
      spec["bgp"][kFields[family]] = fmt::format("{}/{}", net::to_string(*address), length);
    }
    if (host.as_number) {
      spec["bgp"]["asNumber"] = *host.as_number;
    }
    if (!host.orch_refs.empty()) {
      spec["orchRefs"] = std::move(host.orch_refs);
    }
  }

  const Etcd2Entry* entry_ = nullptr;
  Etcd2Data data_;
  std::map<std::pair<std::string, std::string>, Resource> made_;  ///< by kind and name
  std::map<std::string, Host> hosts_;
};

}  // namespace

Result<std::vector<Etcd2Entry>> read_etcd2(std::string_view text, std::string_view file) {
  SourcePos where{std::string(file), 1, 1};
  if (text.size() > kEtcd2BytesMax) {
    return fail_at(where, fmt::format("longer than {} MiB", kEtcd2BytesMax >> 20U));
  }
  std::vector<Etcd2Entry> out;
  // A dump may be printed on many lines.
  if (const Json dump = Json::parse(text, nullptr, false); dump.is_object() && dump.contains("node")) {
    if (Status added = add_dump(dump["node"], where, 0, out); !added) {
      return fail(added.error());
    }
    return out;
  }
  for (; !text.empty(); ++where.line) {
    const std::size_t end = text.find('\n');
    const std::string_view line = trimmed(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.empty() || line.front() == '#') {
      continue;
    }
    if (out.size() >= kEtcd2EntriesMax) {
      return fail_at(where, fmt::format("more than {} entries", kEtcd2EntriesMax));
    }
    if (Status added = add_line(line, where, out); !added) {
      return fail(added.error());
    }
  }
  return out;
}

Result<std::optional<RouteReflector>> parse_route_reflector(const Etcd2Entry& entry) {
  const std::vector<std::string> parts = parts_behind(entry.key, kBgpPrefix);
  if (parts.size() != 2 || (parts[0] != "rr_v4" && parts[0] != "rr_v6")) {
    return std::optional<RouteReflector>();
  }
  const auto invalid = [&entry](std::string message) { return fail_at(entry.where, std::move(message)); };
  const Json value = Json::parse(entry.value, nullptr, false);
  if (!value.is_object()) {
    return invalid(R"(the value must be JSON: {"ip": "10.0.0.1", "cluster_id": "1.0.0.1"})");
  }
  const auto address = parse_go_ip(text_member(value, "ip"));
  if (!address || address->is_v4() != (parts[0] == "rr_v4")) {
    return invalid(fmt::format("\"ip\" must be an IP{} address", parts[0] == "rr_v4" ? "v4" : "v6"));
  }
  if (parse_go_ip(parts[1]) != address) {
    return invalid(fmt::format("the key names {}, the value {}", parts[1], net::to_string(*address)));
  }
  const auto cluster = parse_go_ip(text_member(value, "cluster_id"));
  if (!cluster || !cluster->is_v4()) {
    return invalid("\"cluster_id\" must look like an IPv4 address: \"1.0.0.1\"");
  }
  return std::optional(RouteReflector{*address, net::to_string(*cluster)});
}

Etcd2Data interpret_etcd2(std::span<const Etcd2Entry> entries) {
  Interpreter interpreter;
  for (const Etcd2Entry& entry : entries) {
    interpreter.add(entry);
  }
  return std::move(interpreter).finish();
}

}  // namespace catflap::calico
