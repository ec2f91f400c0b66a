#include <cstdio>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "apps/catflap/verbs.hpp"
#include "birdlang/birdlang.hpp"
#include "topology/load.hpp"

/// Verbs that only read files: validate, plan, schema.
namespace catflap::app {
namespace {

using nlohmann::json;

json interface_json(const expect::WiredInterface& interface) {
  json addresses = json::array();
  for (const auto& address : interface.addresses) {
    addresses.push_back(net::to_string(address));
  }
  return {{"node", interface.node}, {"name", interface.name}, {"addresses", std::move(addresses)}};
}

json plan_json(const topology::Topology& topology, const expect::Wiring& wiring, bool configs) {
  json value = {{"lab", topology.name},
                {"nodes", json::array()},
                {"links", json::array()},
                {"sessions", json::array()}};
  for (const expect::WiredNode& node : wiring.nodes) {
    json one = {{"name", node.name}, {"speaker", expect::to_string(node.speaker)}};
    if (node.as) {
      one["as"] = *node.as;
      one["router_id"] = net::router_id_to_string(node.router_id);
    }
    if (!node.config.empty()) {
      one["config"] = node.config;
    }
    json lo = json::array();
    for (const auto& address : node.lo) {
      lo.push_back(net::to_string(address));
    }
    one["lo"] = std::move(lo);
    one["sysctl"] = node.sysctl;
    if (configs && node.as && node.config.empty()) {
      if (const auto intent = topology::router_intent(topology, node.name)) {
        one["bird_conf"] = birdlang::print(*intent, birdlang::Dialect::bird2);
      }
    }
    value["nodes"].push_back(std::move(one));
  }
  for (const expect::WiredLink& link : wiring.links) {
    value["links"].push_back(
        {{"name", link.name}, {"ends", {interface_json(link.ends[0]), interface_json(link.ends[1])}}});
  }
  for (const expect::WiredSession& session : wiring.sessions) {
    json ends = json::array();
    for (const auto& end : session.ends) {
      ends.push_back({{"node", end.node},
                      {"protocol", end.protocol},
                      {"address", net::to_string(end.addr)},
                      {"as", end.as}});
    }
    value["sessions"].push_back(std::move(ends));
  }
  return value;
}

std::string joined(const json& list) {
  std::string text;
  for (const json& item : list) {
    text += (text.empty() ? "" : " ") + item.get<std::string>();
  }
  return text;
}

void print_plan(const json& plan) {
  fmt::print("lab {}\n\nnodes\n", plan["lab"].get<std::string>());
  for (const json& node : plan["nodes"]) {
    fmt::print("  {:<12} {:<5}", node["name"].get<std::string>(), node["speaker"].get<std::string>());
    if (node.contains("as")) {
      fmt::print("  AS {}  id {}", node["as"].dump(), node["router_id"].get<std::string>());
    }
    if (node.contains("config")) {
      fmt::print("  config {}", node["config"].get<std::string>());
    }
    if (!node["lo"].empty()) {
      fmt::print("  lo {}", joined(node["lo"]));
    }
    fmt::print("\n");
  }
  fmt::print("\nlinks\n");
  for (const json& link : plan["links"]) {
    fmt::print("  {}   {}   {}\n", link["name"].get<std::string>(), joined(link["ends"][0]["addresses"]),
               joined(link["ends"][1]["addresses"]));
  }
  if (!plan["sessions"].empty()) {
    fmt::print("\nsessions\n");
  }
  for (const json& session : plan["sessions"]) {
    fmt::print("  {} ~ {}   {} AS {}  --  {} AS {}\n", session[0]["node"].get<std::string>(),
               session[1]["node"].get<std::string>(), session[0]["address"].get<std::string>(),
               session[0]["as"].dump(), session[1]["address"].get<std::string>(), session[1]["as"].dump());
  }
  for (const json& node : plan["nodes"]) {
    if (node.contains("bird_conf")) {
      fmt::print("\n# {}: bird.conf\n{}", node["name"].get<std::string>(),
                 node["bird_conf"].get<std::string>());
    }
  }
}

}  // namespace

int validate(const Common& common, const std::vector<std::string>& files) {
  int worst = kExitOk;
  for (const std::string& file : files) {
    auto topology = load_topology(common, file);
    if (!topology) {
      worst = report_error(common, topology.error());
      continue;
    }
    if (common.json) {
      fmt::print("{}\n", json{{"file", file}, {"diagnostics", json::array()}}.dump());
    } else {
      fmt::print("{}: lab {}, {} nodes, {} links, {} steps\n", file, topology->name, topology->nodes.size(),
                 topology->links.size(), topology->tests.size());
    }
  }
  return worst;
}

int plan(const Common& common, const Input& input, bool configs) {
  auto loaded = load_topology(common, input.file);
  if (!loaded) {
    return report_error(common, loaded.error());
  }
  auto topology = with_speakers(std::move(*loaded), input.speakers);
  if (!topology) {
    return report_error(common, topology.error());
  }
  const json value = plan_json(*topology, topology::wire(*topology), configs);
  if (common.json) {
    fmt::print("{}\n", value.dump(2));
  } else {
    print_plan(value);
  }
  return kExitOk;
}

int schema() {
  fmt::print("{}\n", topology::json_schema());
  return kExitOk;
}

}  // namespace catflap::app
