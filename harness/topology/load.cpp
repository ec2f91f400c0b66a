#include "topology/load.hpp"

#include <algorithm>
#include <tuple>

#include "topology/reader.hpp"

namespace catflap::topology {
namespace {

void sort_by_place(std::vector<Diagnostic>& diagnostics) {
  std::stable_sort(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.where.line, a.where.column) < std::tie(b.where.line, b.where.column);
  });
  diagnostics.erase(std::unique(diagnostics.begin(), diagnostics.end()), diagnostics.end());
  if (diagnostics.size() > kDiagnosticsMax) {
    // What is left out must not turn a refused file into an accepted one: errors go first.
    std::stable_partition(diagnostics.begin(), diagnostics.end(),
                          [](const Diagnostic& d) { return d.level == Level::error; });
    diagnostics.resize(kDiagnosticsMax);
  }
}

Error first_of(std::vector<Diagnostic>& diagnostics) {
  sort_by_place(diagnostics);
  const Diagnostic& first = diagnostics.front();
  return {Errc::invalid, first.message + (first.hint.empty() ? "" : "; " + first.hint), 0, first.where};
}

}  // namespace

std::string to_string(const Diagnostic& diagnostic) {
  const std::string where = to_string(diagnostic.where);
  return where + (where.empty() ? "" : ": ") + (diagnostic.level == Level::warning ? "warning: " : "") +
         diagnostic.message + (diagnostic.hint.empty() ? "" : "; " + diagnostic.hint);
}

LoadReport load(std::string_view yaml, std::string_view file_name) {
  LoadReport report;
  const auto root = parse_yaml(yaml, file_name, report.diagnostics);
  if (root) {
    Topology topology;
    topology.file = file_name;
    Reader reader(report.diagnostics);
    reader.object(*root, "the file", topology_fields(), topology);
    const std::vector<Diagnostic> findings = validate(topology);
    report.diagnostics.insert(report.diagnostics.end(), findings.begin(), findings.end());
    const bool failed = std::any_of(report.diagnostics.begin(), report.diagnostics.end(),
                                    [](const Diagnostic& d) { return d.level == Level::error; });
    if (!failed) {
      report.topology = std::move(topology);
    }
  }
  sort_by_place(report.diagnostics);
  return report;
}

Result<expect::Check> parse_check(std::string_view yaml) {
  std::vector<Diagnostic> diagnostics;
  const auto root = parse_yaml(yaml, "", diagnostics);
  Reader reader(diagnostics);
  const auto checks = root ? read_checks(reader, *root) : std::vector<expect::Check>{};
  if (!diagnostics.empty()) {
    return fail(first_of(diagnostics));
  }
  if (checks.size() != 1) {
    return fail(Errc::invalid, "expected one check, such as { established: r1 ~ r2 }");
  }
  return checks.front();
}

Result<std::vector<Action>> parse_actions(std::string_view yaml) {
  std::vector<Diagnostic> diagnostics;
  std::vector<Action> actions;
  const auto root = parse_yaml(yaml, "", diagnostics);
  Reader reader(diagnostics);
  if (root) {
    reader.object(*root, "do", action_fields(), actions);
  }
  if (!diagnostics.empty()) {
    return fail(first_of(diagnostics));
  }
  if (actions.empty()) {
    return fail(Errc::invalid, "expected an action, such as { down: r1 -- r2 }");
  }
  return actions;
}

}  // namespace catflap::topology
