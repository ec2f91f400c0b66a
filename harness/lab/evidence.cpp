#include "lab/evidence.hpp"

#include <nlohmann/json.hpp>

#include "lab/report.hpp"
#include "observe/json.hpp"
#include "sys/files.hpp"

namespace catflap::lab {
namespace {

using nlohmann::json;

json routes_json(const expect::RouteIndex& index) {
  json routes = json::array();
  index.for_each([&](const net::Prefix&, const auto& list) {
    for (const observe::RouteView& route : list) {
      routes.push_back(observe::to_json_value(route));
    }
  });
  return routes;
}

json state_json(const expect::NodeState& state) {
  json value = {{"process", observe::to_json_value(state.process)},
                {"protocols", json::array()},
                {"links", json::array()},
                {"rib", routes_json(state.rib)},
                {"fib", routes_json(state.fib)}};
  for (const auto& [name, protocol] : state.protocols) {
    value["protocols"].push_back(observe::to_json_value(protocol));
  }
  for (const auto& [name, link] : state.links) {
    value["links"].push_back(observe::to_json_value(link));
  }
  return value;
}

Status write_json(const std::filesystem::path& path, const json& value) {
  return sys::write_file_atomic(path, value.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
}

Status save_node(const Node& node, const expect::NodeState& state, const std::filesystem::path& folder) {
  if (auto made = sys::make_directories(folder); !made) {
    return made;
  }
  for (const auto& [from, name] : {std::pair{node.log_file(), "log"}, {node.paths().config, "bird.conf"}}) {
    // A node without a speaker has neither; a log that cannot be read is no reason to lose the rest.
    if (const auto text = sys::read_file(from); text && !from.empty()) {
      if (auto written = sys::write_file_atomic(folder / name, *text); !written) {
        return written;
      }
    }
  }
  for (const std::filesystem::path& log : node.event_logs()) {
    std::error_code ignored;  // as above; a log of any size is copied by the kernel
    std::filesystem::copy_file(log, folder / log.filename(), ignored);
  }
  return write_json(folder / "state.json", state_json(state));
}

/// fail-1, fail-2, ...: the first that is not there yet.
Result<std::filesystem::path> new_folder(const std::filesystem::path& parent) {
  if (auto made = sys::make_directories(parent); !made) {
    return fail(std::move(made.error()));
  }
  for (unsigned number = 1;; ++number) {
    std::filesystem::path folder = parent / ("fail-" + std::to_string(number));
    auto made = sys::make_directory_exclusive(folder);
    if (made) {
      return folder;
    }
    if (made.error().code != Errc::exists) {
      return fail(std::move(made.error()));
    }
  }
}

}  // namespace

Result<std::filesystem::path> save_evidence(Engine& engine, const ScenarioReport& report,
                                            const std::filesystem::path& parent) {
  auto made_folder = new_folder(parent);
  if (!made_folder) {
    return made_folder;
  }
  const std::filesystem::path& folder = *made_folder;
  std::string text;
  json outcomes = json::array();
  for (const ScenarioLine& line : report.lines) {
    text += format_line(line);
    if (!line.json.empty()) {
      outcomes.push_back(json::parse(line.json, nullptr, false));
    }
  }
  for (const expect::TimelineEvent& event : engine.world().timeline()) {
    text +=
        "  +" + format_duration(event.at - engine.started()) + "  " + event.node + "  " + event.text + "\n";
  }
  if (auto written = sys::write_file_atomic(folder / "explanation.txt", text); !written) {
    return fail(std::move(written.error()));
  }
  if (auto written = write_json(folder / "explanation.json", outcomes); !written) {
    return fail(std::move(written.error()));
  }
  if (auto written = sys::write_file_atomic(folder / "lab.yaml", topology::to_yaml(engine.topology()));
      !written) {
    return fail(std::move(written.error()));
  }
  for (const auto& node : engine.nodes()) {
    if (auto saved = save_node(*node, *engine.world().node(node->name()), folder / node->name()); !saved) {
      return fail(std::move(saved.error()));
    }
  }
  return folder;
}

}  // namespace catflap::lab
