#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "apps/catflap/verbs.hpp"
#include "lab/client.hpp"
#include "lab/doctor.hpp"
#include "lab/report.hpp"
#include "lab/run_dir.hpp"
#include "lab/status.hpp"
#include "lab/supervisor.hpp"
#include "sys/clock.hpp"
#include "sys/exec_in.hpp"
#include "topology/load.hpp"

/// Verbs that make, use and remove running labs.
namespace catflap::app {
namespace {

using nlohmann::json;

std::filesystem::path run_root() {
  return lab::Options::default_run_root();
}

Result<lab::Client> connect(const Common& common) {
  auto name = chosen_lab(common);
  if (!name) {
    return fail(std::move(name.error()));
  }
  return lab::Client::connect(run_root(), *name);
}

/// Sends a request to the chosen lab; the reply as an object.
Result<json> ask(const Common& common, const json& request) {
  auto client = connect(common);
  if (!client) {
    return fail(std::move(client.error()));
  }
  auto reply = client->request(request.dump());
  if (!reply) {
    return fail(std::move(reply.error()));
  }
  return json::parse(*reply, nullptr, false);
}

/// Shows what is being waited for, on a terminal only.
void show_progress(const std::string& text) {
  if (::isatty(STDERR_FILENO) != 0) {
    fmt::print(stderr, "\r\x1b[K{}", text);
    std::fflush(stderr);
  }
}

/// A session that does not come up is a failed check, not a failed bring-up: the lab stays for a look at it.
int wait_for_sessions(const Common& common, lab::Client& client, std::string& line) {
  show_progress(line + "  … sessions");
  auto reply = client.request(json{{"op", "check"}, {"check", "{ established: all }"}}.dump());
  if (!reply) {
    return report_error(common, reply.error());
  }
  const json value = json::parse(*reply, nullptr, false);
  const auto took = std::chrono::microseconds(value.value("took_us", std::int64_t{0}));
  if (value.value("passed", false)) {
    line += fmt::format("  ✔ sessions Established {}", lab::format_duration(took));
    return kExitOk;
  }
  line += "  ✘ sessions\n" + value.value("text", std::string());
  return kExitCheckFailed;
}

}  // namespace

int up(const Common& common, const Input& input, bool wait) {
  const Instant started = sys::monotonic_now();
  auto loaded = load_topology(common, input.file);
  if (!loaded) {
    return report_error(common, loaded.error());
  }
  auto topology = with_speakers(std::move(*loaded), input.speakers);
  if (!topology) {
    return report_error(common, topology.error());
  }
  lab::Options options;
  options.instance = input.name.empty() ? topology->name : input.name;
  if (!input.record.empty()) {
    auto folder = record_folder(input.record, "");
    if (!folder) {
      return report_error(common, folder.error());
    }
    options.record = std::move(*folder);
  }
  std::string line;
  auto client = lab::start_supervised(*topology, options, [&](const lab::Stage& stage) {
    line += fmt::format("  ✔ {} {}", stage.what, lab::format_duration(stage.took));
    show_progress(line + "  … speakers");
  });
  if (!client) {
    show_progress("");
    return report_error(common, client.error());
  }
  line += fmt::format("  ✔ speakers ready {}", lab::format_duration(sys::monotonic_now() - started));
  int code = kExitOk;
  const auto wiring = topology::wire(*topology);
  if (wait && (!wiring.sessions.empty() || topology->nodes.size() > 1)) {
    code = wait_for_sessions(common, *client, line);
  }
  if (auto kept = client->keep(); !kept) {
    return report_error(common, kept.error());
  }
  show_progress("");
  const Duration took = sys::monotonic_now() - started;
  if (common.json) {
    fmt::print(
        "{}\n",
        json{{"lab", options.instance}, {"established", code == kExitOk}, {"took_us", took.count() / 1000}}
            .dump());
  } else {
    fmt::print("{}  {} nodes  {} links  {}\n{}\n", options.instance, wiring.nodes.size(), wiring.links.size(),
               lab::format_duration(took), line);
    fmt::print("  catflap status · catflap sh {} · catflap down\n",
               wiring.nodes.empty() ? "NODE" : wiring.nodes[0].name);
  }
  return code;
}

int status(const Common& common) {
  auto client = connect(common);
  if (!client) {
    return report_error(common, client.error());
  }
  auto reply = client->request(R"({"op":"status"})");
  if (!reply) {
    return report_error(common, reply.error());
  }
  fmt::print("{}", common.json ? *reply + "\n" : lab::format_status(*reply));
  return kExitOk;
}

int exec(const Common& common, const std::string& node, const std::vector<std::string>& command) {
  auto client = connect(common);
  if (!client) {
    return report_error(common, client.error());
  }
  auto ns = client->netns(node);
  if (!ns) {
    return report_error(common, ns.error());
  }
  set_node_environment(common, node);
  return report_error(common, sys::exec_in(*ns, command));
}

int shell(const Common& common, const std::string& node) {
  const char* const wanted = std::getenv("SHELL");
  ::setenv("PS1", (node + "# ").c_str(), 1);
  return exec(common, node, {wanted != nullptr && *wanted != '\0' ? wanted : "/bin/sh"});
}

int expect(const Common& common, const std::string& check, const std::string& within) {
  std::string yaml = check.find('{') == 0 ? check : "{ " + check + " }";
  if (!within.empty()) {
    yaml.insert(yaml.rfind('}'), ", within: " + within + " ");
  }
  auto parsed = topology::parse_check(yaml);
  if (!parsed) {
    return report_error(common, parsed.error());
  }
  auto reply = ask(common, {{"op", "check"}, {"check", yaml}});
  if (!reply) {
    return report_error(common, reply.error());
  }
  const bool passed = reply->value("passed", false);
  if (common.json) {
    fmt::print("{}\n", reply->dump());
  } else if (passed) {
    fmt::print("✔ {}  {}\n", reply->value("what", std::string()),
               lab::format_duration(std::chrono::microseconds(reply->value("took_us", std::int64_t{0}))));
  } else {
    fmt::print("{}\n", reply->value("text", std::string()));
  }
  return passed ? kExitOk : kExitCheckFailed;
}

int act(const Common& common, const std::string& action) {
  auto reply = ask(common, {{"op", "do"}, {"action", action.find('{') == 0 ? action : "{ " + action + " }"}});
  if (!reply) {
    return report_error(common, reply.error());
  }
  if (common.json) {
    fmt::print("{}\n", reply->dump());
  }
  return kExitOk;
}

int down(const Common& common, const std::vector<std::string>& labs, bool all) {
  std::vector<std::string> names = labs;
  if (all) {
    auto found = lab::find_labs(run_root());
    if (!found) {
      return report_error(common, found.error());
    }
    for (const lab::FoundLab& each : *found) {
      if (each.alive && std::filesystem::exists(each.path / "control")) {
        names.push_back(each.instance);
      }
    }
  } else if (names.empty()) {
    auto name = chosen_lab(common);
    if (!name) {
      return report_error(common, name.error());
    }
    names.push_back(*name);
  }
  int code = kExitOk;
  for (const std::string& name : names) {
    const Instant started = sys::monotonic_now();
    auto client = lab::Client::connect(run_root(), name);
    auto reply = client ? client->request(R"({"op":"down"})") : Result<std::string>(fail(client.error()));
    if (!reply) {
      code = report_error(common, reply.error());
      continue;
    }
    const Duration took = sys::monotonic_now() - started;
    if (common.json) {
      fmt::print("{}\n", json{{"lab", name}, {"took_us", took.count() / 1000}}.dump());
    } else {
      fmt::print("{} is down  {}\n", name, lab::format_duration(took));
    }
  }
  return code;
}

int gc(const Common& common) {
  auto labs = lab::find_labs(run_root());
  if (!labs) {
    return report_error(common, labs.error());
  }
  std::size_t running = 0;
  json collected = json::array();
  for (const lab::FoundLab& each : *labs) {
    if (each.alive) {
      ++running;
      continue;
    }
    auto done = lab::recover(run_root(), each.instance);
    if (!done) {
      return report_error(common, done.error());
    }
    collected.push_back({{"lab", each.instance}, {"done", *done}});
    if (!common.json) {
      for (const std::string& line : *done) {
        fmt::print("{}: {}\n", each.instance, line);
      }
    }
  }
  if (common.json) {
    fmt::print("{}\n", json{{"collected", std::move(collected)}, {"running", running}}.dump());
  } else if (collected.empty()) {
    fmt::print("nothing to collect ({} {} up)\n", running, running == 1 ? "lab" : "labs");
  }
  return kExitOk;
}

int doctor(const Common& common) {
  const auto findings = lab::examine();
  fmt::print("{}", common.json ? lab::findings_json(findings) : lab::format_findings(findings));
  for (const lab::Finding& finding : findings) {
    if (finding.required && !finding.good) {
      return kExitEnvironment;
    }
  }
  return kExitOk;
}

}  // namespace catflap::app
