#include <signal.h>

#include <cstdio>
#include <filesystem>
#include <vector>

#include <fmt/format.h>

#include "apps/catflap/verbs.hpp"
#include "lab/report.hpp"
#include "lab/scenario.hpp"
#include "sys/clock.hpp"
#include "sys/files.hpp"
#include "sys/signals.hpp"

namespace catflap::app {
namespace {

using lab::ScenarioReport;

int exit_code_of(const std::vector<ScenarioReport>& reports) {
  bool failed = false;
  bool all_skipped = !reports.empty();
  for (const ScenarioReport& report : reports) {
    if (report.status == ScenarioReport::Status::error) {
      return report.code == Errc::invalid || report.code == Errc::unsupported ? kExitBadInput
                                                                              : kExitEnvironment;
    }
    failed = failed || report.status == ScenarioReport::Status::failed;
    all_skipped = all_skipped && report.status == ScenarioReport::Status::skipped;
  }
  return failed ? kExitCheckFailed : all_skipped ? kExitSkipped : kExitOk;
}

}  // namespace

int test(const Common& common, const std::vector<std::string>& files,
         const std::vector<std::string>& speakers, bool matrix, const std::string& junit,
         const std::string& record) {
  // All files are read first: a typing mistake in the last one is told before the first lab runs.
  std::vector<topology::Topology> topologies;
  int bad = kExitOk;
  for (const std::string& file : files) {
    auto loaded = load_topology(common, file);
    if (!loaded) {
      bad = report_error(common, loaded.error());
      continue;
    }
    auto chosen = with_speakers(std::move(*loaded), speakers);
    if (!chosen) {
      return report_error(common, chosen.error());
    }
    topologies.push_back(std::move(*chosen));
  }
  if (bad != kExitOk) {
    return bad;
  }
  // A lab that is interrupted is taken down in good order, so that its folder goes too.
  auto signals = sys::signal_fd({SIGINT, SIGTERM, SIGHUP});
  if (!signals) {
    return report_error(common, signals.error());
  }
  int interrupted = 0;
  const Instant started = sys::monotonic_now();
  std::vector<ScenarioReport> reports;
  for (const topology::Topology& topology : topologies) {
    const auto runs = matrix ? topology::combinations(topology) : std::vector<topology::Combination>(1);
    for (const topology::Combination& combination : runs) {
      if (interrupted != 0) {
        break;
      }
      const topology::Topology run = topology::with_speakers(topology, combination.speakers);
      if (!common.json) {
        fmt::print("{}{}{}\n", topology.name, combination.name.empty() ? "" : " ", combination.name);
        std::fflush(stdout);
      }
      const auto show = [&](const lab::ScenarioLine& line) {
        if (!common.json) {
          fmt::print("{}", lab::format_line(line));
          std::fflush(stdout);
        }
      };
      lab::ScenarioOptions options;
      if (!record.empty()) {
        auto folder =
            record_folder(record, topology.name + (combination.name.empty() ? "" : "-" + combination.name));
        if (!folder) {
          return report_error(common, folder.error());
        }
        options.lab.record = std::move(*folder);
      }
      options.skip_missing = matrix;
      options.evidence = std::filesystem::path(".catflap") /
                         (topology.name + (combination.name.empty() ? "" : "-" + combination.name));
      options.stop_fd = signals->get();
      reports.push_back(lab::run_scenario(run, options, show));
      for (const int number : sys::read_signals(signals->get())) {
        interrupted = number;
      }
      reports.back().combination = combination.name;
      if (!common.json) {
        fmt::print("{}", lab::format_summary_line(reports.back()));
        std::fflush(stdout);
      }
    }
  }
  if (common.json) {
    fmt::print("{}", lab::reports_json(reports));
  } else {
    fmt::print("\n{}", lab::format_total(reports, sys::monotonic_now() - started));
  }
  if (!junit.empty()) {
    if (auto written = sys::write_file_atomic(junit, lab::reports_junit(reports)); !written) {
      return report_error(common, written.error());
    }
  }
  return interrupted != 0 ? kExitSignal + interrupted : exit_code_of(reports);
}

}  // namespace catflap::app
