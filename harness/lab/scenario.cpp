#include "lab/scenario.hpp"

#include <sys/epoll.h>

#include <utility>

#include "lab/evidence.hpp"
#include "lab/lab.hpp"
#include "sys/clock.hpp"

namespace catflap::lab {
namespace {

void add_line(ScenarioReport& report, const ScenarioListener& listener, ScenarioLine line) {
  if (!line.passed) {
    report.status = ScenarioReport::Status::failed;
  }
  report.lines.push_back(std::move(line));
  if (listener) {
    listener(report.lines.back());
  }
}

bool run_action(Engine& engine, const topology::Step& step, const topology::Action& action,
                ScenarioReport& report, const ScenarioListener& listener) {
  const Instant started = sys::monotonic_now();
  std::optional<Status> result;
  engine.perform(action, [&result](Status status) { result = std::move(status); });
  engine.loop().run_until(Instant::never(), [&] { return result.has_value() || !engine.is_up(); });
  ScenarioLine line;
  line.step = step.name;
  line.what = topology::to_string(action);
  line.passed = result && result->has_value();
  line.took = sys::monotonic_now() - started;
  if (!line.passed) {
    line.text = result ? to_string(result->error()) : "the lab was taken down before it ended";
  }
  const bool passed = line.passed;
  add_line(report, listener, std::move(line));
  return passed;
}

bool run_checks(Engine& engine, const topology::Step& step, ScenarioReport& report,
                const ScenarioListener& listener) {
  std::size_t missing = step.checks.size();
  bool passed = true;
  std::vector<std::optional<CheckResult>> results(step.checks.size());
  for (std::size_t i = 0; i < step.checks.size(); ++i) {
    engine.check(step.checks[i], [&, i](CheckResult result) {
      results[i] = std::move(result);
      --missing;
    });
  }
  // Lines come in the order of the file, each as soon as all before it are decided.
  std::size_t told = 0;
  const auto tell = [&] {
    for (; told < results.size() && results[told]; ++told) {
      const CheckResult& result = *results[told];
      ScenarioLine line;
      line.step = step.name;
      line.what = result.check.name.empty() ? expect::describe(result.check) : result.check.name;
      line.passed = result.passed();
      line.took = result.outcome.finished - result.outcome.started;
      line.text = line.passed ? "" : result.text;
      line.json = result.json;
      passed = passed && line.passed;
      add_line(report, listener, std::move(line));
    }
    return missing == 0 && told == results.size();
  };
  engine.loop().run_until(Instant::never(), tell);
  return passed;
}

}  // namespace

void run_steps(Engine& engine, const std::vector<topology::Step>& steps, ScenarioReport& report,
               const ScenarioListener& listener) {
  for (const topology::Step& step : steps) {
    for (const topology::Action& action : step.actions) {
      if (!engine.is_up() || !run_action(engine, step, action, report, listener)) {
        return;
      }
    }
    if (!engine.is_up() || !run_checks(engine, step, report, listener)) {
      return;
    }
  }
}

ScenarioReport run_scenario(const topology::Topology& topology, const ScenarioOptions& options,
                            const ScenarioListener& listener) {
  const Instant started = sys::monotonic_now();
  ScenarioReport report;
  report.lab = topology.name;
  report.file = topology.file;
  const auto stop = [&](Error error) {
    const bool skip =
        options.skip_missing && (error.code == Errc::not_found || error.code == Errc::unsupported);
    report.status = skip ? ScenarioReport::Status::skipped : ScenarioReport::Status::error;
    report.code = error.code;
    report.reason = to_string(error);
    report.total = sys::monotonic_now() - started;
    return report;
  };
  auto loop = sys::EventLoop::create();
  if (!loop) {
    return stop(std::move(loop.error()));
  }
  Options with_name = options.lab;
  if (with_name.instance.empty()) {
    with_name.instance = process_instance(topology.name);
  }
  bool interrupted = false;
  Engine* running = nullptr;
  if (options.stop_fd >= 0) {
    auto added = (*loop)->add(options.stop_fd, EPOLLIN, [&](std::uint32_t) {
      interrupted = true;
      (*loop)->remove(options.stop_fd);
      (*loop)->post([&] { running != nullptr ? running->tear_down() : void(); });
    });
    if (!added) {
      return stop(std::move(added.error()));
    }
  }
  const auto cancelled = [&] { return interrupted; };
  auto engine = Engine::bring_up(**loop, topology, with_name, {});
  if (!engine) {
    return stop(std::move(engine.error()));
  }
  if (auto ready = (*engine)->wait_ready(cancelled); !ready) {
    return stop(interrupted ? Error{Errc::io, "interrupted"} : std::move(ready.error()));
  }
  running = engine->get();
  report.up = sys::monotonic_now() - started;
  run_steps(**engine, topology.tests, report, listener);
  if (interrupted) {
    return stop({Errc::io, "interrupted"});
  }
  if (report.status == ScenarioReport::Status::failed && !options.evidence.empty()) {
    // A full disk must not hide why the check failed.
    report.evidence = save_evidence(**engine, report, options.evidence).value_or(std::filesystem::path());
  }
  (*engine)->tear_down();
  report.total = sys::monotonic_now() - started;
  return report;
}

}  // namespace catflap::lab
