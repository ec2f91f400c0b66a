#include "lab/status.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lab/report.hpp"
#include "sys/clock.hpp"

namespace catflap::lab {
namespace {

using nlohmann::json;

double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

std::size_t count_routes(const expect::RouteIndex& routes) {
  std::size_t count = 0;
  routes.for_each([&](const net::Prefix&, const auto& list) { count += list.size(); });
  return count;
}

json node_json(const Node& node, const expect::NodeState& state) {
  json value = {{"name", node.name()}, {"speaker", node.speaker()}};
  if (node.has_daemon()) {
    value["pid"] = node.daemon_pid();
    value["running"] = state.process.running;
    if (state.process.exit_code) {
      value["exit_code"] = *state.process.exit_code;
    }
    if (state.process.signal) {
      value["signal"] = *state.process.signal;
    }
    value["config"] = node.paths().config.string();
    value["control"] = node.paths().control.string();
    value["log"] = node.log_file().string();
    value["rib_routes"] = count_routes(state.rib);
  }
  value["fib_routes"] = count_routes(state.fib);
  json links = json::array();
  for (const auto& [name, link] : state.links) {
    json addresses = json::array();
    for (const auto& address : link.addresses) {
      addresses.push_back(net::to_string(address));
    }
    links.push_back({{"name", name}, {"up", link.up && link.carrier}, {"addresses", std::move(addresses)}});
  }
  value["links"] = std::move(links);
  return value;
}

json session_json(const std::string& node, const expect::World& world, const observe::ProtocolView& protocol,
                  Instant now) {
  const observe::SessionView& session = *protocol.session;
  const std::string peer = world.wiring().owner(session.peer);
  json value = {{"node", node},
                {"peer", peer.empty() ? net::to_string(session.peer) : peer},
                {"protocol", protocol.name},
                {"peer_address", net::to_string(session.peer)},
                {"state", observe::to_string(session.state)},
                {"since_ms", milliseconds(now - protocol.since)},
                {"last_error", session.last_error},
                {"flaps", session.flaps}};
  std::uint64_t imported = 0;
  std::uint64_t exported = 0;
  for (const observe::ChannelView& channel : protocol.channels) {
    imported += channel.imported;
    exported += channel.exported;
  }
  value["imported"] = imported;
  value["exported"] = exported;
  return value;
}

/// Columns as wide as their widest cell. Cells are ASCII.
std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += fmt::format("{:<{}}  ", row[i], widths[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string cell(const json& object, const char* key) {
  const auto at = object.find(key);
  if (at == object.end() || at->is_null()) {
    return "-";
  }
  if (at->is_string()) {
    return at->get<std::string>().empty() ? "-" : at->get<std::string>();
  }
  return at->dump();
}

std::string process_cell(const json& node) {
  if (!node.contains("running")) {
    return "-";
  }
  if (node["running"].get<bool>()) {
    return "running";
  }
  return node.contains("signal") ? "killed by signal " + node["signal"].dump()
                                 : "exited " + node.value("exit_code", json(0)).dump();
}

}  // namespace

std::string status_json(Engine& engine) {
  const Instant now = sys::monotonic_now();
  json value = {{"ok", true},
                {"lab", engine.topology().name},
                {"file", engine.topology().file},
                {"dir", engine.dir().path().string()},
                {"up_ms", milliseconds(now - engine.started())},
                {"nodes", json::array()},
                {"sessions", json::array()}};
  for (const auto& node : engine.nodes()) {
    const expect::NodeState* const state = engine.world().node(node->name());
    value["nodes"].push_back(node_json(*node, *state));
    for (const auto& [name, protocol] : state->protocols) {
      if (protocol.session) {
        value["sessions"].push_back(session_json(node->name(), engine.world(), protocol, now));
      }
    }
  }
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string format_status(const std::string& text) {
  const json value = json::parse(text, nullptr, false);
  if (!value.is_object()) {
    return "";
  }
  std::vector<std::vector<std::string>> nodes = {
      {"NODE", "SPEAKER", "PID", "PROCESS", "RIB", "FIB", "ADDRESSES"}};
  for (const json& node : value["nodes"]) {
    std::string addresses;
    for (const json& link : node["links"]) {
      for (const json& address : link["addresses"]) {
        const std::string shown = address.get<std::string>();
        if (shown != "127.0.0.1/8" && shown != "::1/128" && shown.rfind("fe80:", 0) != 0) {
          addresses += (addresses.empty() ? "" : " ") + link["name"].get<std::string>() + "=" + shown +
                       (link["up"].get<bool>() ? "" : "(down)");
        }
      }
    }
    nodes.push_back({cell(node, "name"), cell(node, "speaker"), cell(node, "pid"), process_cell(node),
                     cell(node, "rib_routes"), cell(node, "fib_routes"), addresses});
  }
  std::vector<std::vector<std::string>> sessions = {
      {"SESSION", "STATE", "SINCE", "IN/OUT", "FLAPS", "LAST ERROR"}};
  for (const json& session : value["sessions"]) {
    const auto since = std::chrono::duration_cast<Duration>(
        std::chrono::duration<double, std::milli>(session["since_ms"].get<double>()));
    sessions.push_back({cell(session, "node") + " ~ " + cell(session, "peer"), cell(session, "state"),
                        format_duration(since), session["imported"].dump() + "/" + session["exported"].dump(),
                        cell(session, "flaps"), cell(session, "last_error")});
  }
  std::string out =
      fmt::format("{}  {} nodes  up {}\n\n", value["lab"].get<std::string>(), value["nodes"].size(),
                  format_duration(std::chrono::duration_cast<Duration>(
                      std::chrono::duration<double, std::milli>(value["up_ms"].get<double>()))));
  out += table(nodes);
  if (sessions.size() > 1) {
    out += "\n" + table(sessions);
  }
  return out;
}

}  // namespace catflap::lab
