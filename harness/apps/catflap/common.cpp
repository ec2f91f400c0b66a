#include <algorithm>
#include <cstdio>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "apps/catflap/verbs.hpp"
#include "base/suggest.hpp"
#include "lab/client.hpp"
#include "sys/error.hpp"
#include "sys/files.hpp"
#include "topology/load.hpp"

namespace catflap::app {
namespace {

/// Errors of this code were told when they were found.
constexpr const char* kToldAlready = "told already";

nlohmann::json diagnostic_json(const topology::Diagnostic& diagnostic) {
  return {{"level", diagnostic.level == topology::Level::error ? "error" : "warning"},
          {"file", diagnostic.where.file},
          {"line", diagnostic.where.line},
          {"column", diagnostic.where.column},
          {"message", diagnostic.message},
          {"hint", diagnostic.hint}};
}

}  // namespace

int report_error(const Common& common, const Error& error) {
  const bool input = error.code == Errc::invalid || error.code == Errc::unsupported;
  if (error.message != kToldAlready) {
    if (common.json) {
      nlohmann::json value = {{"code", to_string(error.code)}, {"message", error.message}};
      if (error.where) {
        value["file"] = error.where->file;
        value["line"] = error.where->line;
        value["column"] = error.where->column;
      }
      fmt::print("{}\n", nlohmann::json{{"error", std::move(value)}}.dump());
    } else {
      fmt::print(stderr, "{}{}\n", error.where ? "" : "catflap: ", to_string(error));
    }
  }
  return input ? kExitBadInput : kExitEnvironment;
}

Result<topology::Topology> load_topology(const Common& common, const std::string& file) {
  auto text = sys::read_file(file, topology::kFileBytesMax + 1);
  if (!text) {
    const int number = text.error().sys_errno;
    return fail(Errc::invalid, file + ": " + (number != 0 ? sys::errno_text(number) : text.error().message));
  }
  topology::LoadReport report = topology::load(*text, file);
  if (common.json && !report.ok()) {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& diagnostic : report.diagnostics) {
      list.push_back(diagnostic_json(diagnostic));
    }
    fmt::print("{}\n", nlohmann::json{{"file", file}, {"diagnostics", std::move(list)}}.dump());
  } else {
    for (const auto& diagnostic : report.diagnostics) {
      fmt::print(stderr, "{}\n", topology::to_string(diagnostic));
    }
  }
  if (!report.ok()) {
    return fail(Errc::invalid, kToldAlready);
  }
  return std::move(*report.topology);
}

Result<topology::Topology> with_speakers(topology::Topology topology,
                                         const std::vector<std::string>& speakers) {
  std::map<std::string, topology::SpeakerKind> chosen;
  for (const std::string& text : speakers) {
    const std::size_t equal = text.find('=');
    const std::string node = equal == std::string::npos ? "" : text.substr(0, equal);
    const std::string kind_text = equal == std::string::npos ? text : text.substr(equal + 1);
    const auto kind = expect::parse_speaker_kind(kind_text);
    if (!kind) {
      return fail(Errc::invalid, "--speaker " + text + ": no speaker is called '" + kind_text + "'" +
                                     did_you_mean(kind_text, expect::kSpeakerWords) +
                                     " (self, bird, bird1, frr, gobgp, openbgpd, none)");
    }
    if (!node.empty()) {
      if (topology.node(node) == nullptr) {
        return fail(Errc::invalid,
                    "--speaker " + text + ": there is no node " + node + " in " + topology.file);
      }
      chosen[node] = *kind;
      continue;
    }
    for (const topology::Node& each : topology.nodes) {
      if (each.speaker.value_or(topology.defaults.speaker) != topology::SpeakerKind::none) {
        chosen[each.name] = *kind;
      }
    }
  }
  return topology::with_speakers(std::move(topology), chosen);
}

Result<std::filesystem::path> record_folder(const std::string& folder, const std::string& name) {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::absolute(std::filesystem::path(folder) / name, error);
  if (error) {
    return fail(Errc::io, folder + ": " + error.message());
  }
  if (auto made = sys::make_directories(path); !made) {
    return fail(std::move(made.error()));
  }
  return path;
}

Result<std::string> chosen_lab(const Common& common) {
  return common.lab.empty() ? lab::only_lab(lab::Options::default_run_root())
                            : Result<std::string>(common.lab);
}

}  // namespace catflap::app
