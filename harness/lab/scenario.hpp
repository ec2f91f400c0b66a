#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "lab/engine.hpp"
#include "topology/topology.hpp"

namespace catflap::lab {

/// One check or action of a scenario as it went.
struct ScenarioLine {
  std::string step;  ///< name of the step, or ""
  std::string what;  ///< "r1 ~ r2 established", "down r1 -- r2"
  bool passed = false;
  Duration took{};
  std::string text;  ///< why it failed, several lines
  std::string json;  ///< the outcome as an object; "" for actions
};

struct ScenarioReport {
  enum class Status { passed, failed, skipped, error } status = Status::passed;
  std::string lab, file, combination;
  std::vector<ScenarioLine> lines;
  Duration up{};                   ///< until the speakers answered
  Duration total{};                ///< until everything was gone
  std::filesystem::path evidence;  ///< folder with what was known when a check failed; "" if none was written
  std::string reason;              ///< why it was skipped, or the error
  Errc code = Errc::io;            ///< of the error
};

/// Tells each line as it is decided.
using ScenarioListener = std::function<void(const ScenarioLine&)>;

/// Runs the steps on a lab that is up, one after the other; stops after the first step that fails. Runs the
/// loop.
void run_steps(Engine& engine, const std::vector<topology::Step>& steps, ScenarioReport& report,
               const ScenarioListener& listener);

struct ScenarioOptions {
  Options lab;
  bool skip_missing = false;  ///< a program that is not installed skips the scenario instead of failing it
  std::filesystem::path evidence;  ///< gets a folder fail-N when a check fails; "": none is kept
  int stop_fd =
      -1;  ///< when it becomes readable (it is not read), the lab goes down: an error, "interrupted"
};

/// Brings the lab up, runs its steps, takes it down.
ScenarioReport run_scenario(const topology::Topology& topology, const ScenarioOptions& options,
                            const ScenarioListener& listener);

}  // namespace catflap::lab
