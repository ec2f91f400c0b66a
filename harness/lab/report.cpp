#include "lab/report.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace catflap::lab {
namespace {

std::string indent(std::string_view text, std::string_view by) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    out += line.empty() ? "" : std::string(by) + std::string(line);
    out += '\n';
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return out;
}

std::string title(const ScenarioReport& report) {
  return report.combination.empty() ? report.lab : report.lab + " " + report.combination;
}

std::string_view status_word(ScenarioReport::Status status) {
  switch (status) {
    case ScenarioReport::Status::passed:
      return "passed";
    case ScenarioReport::Status::failed:
      return "failed";
    case ScenarioReport::Status::skipped:
      return "skipped";
    case ScenarioReport::Status::error:
      return "error";
  }
  return "error";
}

std::string escape_xml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        // XML 1.0 has no way to write other control characters.
        out += static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t' ? c : '?';
    }
  }
  return out;
}

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

std::string format_duration(Duration duration) {
  const double s = seconds(duration);
  if (s < 0.001) {
    return fmt::format("{:.0f} us", s * 1e6);
  }
  return s < 1 ? fmt::format("{:.1f} ms", s * 1e3) : fmt::format("{:.2f} s", s);
}

std::string format_line(const ScenarioLine& line) {
  std::string text =
      fmt::format("    {} {}  {}\n", line.passed ? "✔" : "✘", line.what, format_duration(line.took));
  if (!line.passed) {
    text += indent(line.text, "      ");
  }
  return text;
}

std::string format_summary_line(const ScenarioReport& report) {
  const auto checks = static_cast<std::size_t>(std::count_if(
      report.lines.begin(), report.lines.end(), [](const auto& line) { return !line.json.empty(); }));
  switch (report.status) {
    case ScenarioReport::Status::passed:
      return fmt::format("  ✔ {}  {} checks  {}\n", title(report), checks, format_duration(report.total));
    case ScenarioReport::Status::failed:
      return fmt::format("  ✘ {}  {} checks  {}{}\n", title(report), checks, format_duration(report.total),
                         report.evidence.empty() ? "" : "  evidence: " + report.evidence.string());
    case ScenarioReport::Status::skipped:
      return fmt::format("  ⊘ {}  skipped: {}\n", title(report), report.reason);
    case ScenarioReport::Status::error:
      return fmt::format("  ✘ {}  error: {}\n", title(report), report.reason);
  }
  return "";
}

std::string format_total(const std::vector<ScenarioReport>& reports, Duration took) {
  const auto count = [&](ScenarioReport::Status status) {
    return std::count_if(reports.begin(), reports.end(),
                         [&](const auto& report) { return report.status == status; });
  };
  return fmt::format("{} passed, {} failed, {} skipped in {}\n", count(ScenarioReport::Status::passed),
                     count(ScenarioReport::Status::failed) + count(ScenarioReport::Status::error),
                     count(ScenarioReport::Status::skipped), format_duration(took));
}

std::string reports_json(const std::vector<ScenarioReport>& reports) {
  nlohmann::json all = nlohmann::json::array();
  for (const ScenarioReport& report : reports) {
    nlohmann::json one = {{"lab", report.lab},
                          {"file", report.file},
                          {"combination", report.combination},
                          {"status", status_word(report.status)},
                          {"up_ms", seconds(report.up) * 1e3},
                          {"total_ms", seconds(report.total) * 1e3},
                          {"checks", nlohmann::json::array()}};
    if (!report.evidence.empty()) {
      one["evidence"] = report.evidence.string();
    }
    if (!report.reason.empty()) {
      one["reason"] = report.reason;
    }
    for (const ScenarioLine& line : report.lines) {
      nlohmann::json entry = {{"step", line.step},
                              {"what", line.what},
                              {"passed", line.passed},
                              {"took_ms", seconds(line.took) * 1e3}};
      if (!line.text.empty()) {
        entry["text"] = line.text;
      }
      if (!line.json.empty()) {
        entry["outcome"] = nlohmann::json::parse(line.json, nullptr, false);
      }
      one["checks"].push_back(std::move(entry));
    }
    all.push_back(std::move(one));
  }
  return all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string reports_junit(const std::vector<ScenarioReport>& reports) {
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  for (const ScenarioReport& report : reports) {
    const std::string name = escape_xml(title(report));
    const bool whole =
        report.status == ScenarioReport::Status::skipped || report.status == ScenarioReport::Status::error;
    const auto failures = std::count_if(report.lines.begin(), report.lines.end(),
                                        [](const auto& line) { return !line.passed; });
    out += fmt::format(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" "
        "time=\"{:.6f}\">\n",
        name, report.lines.size() + (whole ? 1 : 0), failures,
        report.status == ScenarioReport::Status::error ? 1 : 0,
        report.status == ScenarioReport::Status::skipped ? 1 : 0, seconds(report.total));
    for (const ScenarioLine& line : report.lines) {
      const std::string label = line.step.empty() ? line.what : line.step + ": " + line.what;
      out += fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"{:.6f}\"", name,
                         escape_xml(label), seconds(line.took));
      if (line.passed) {
        out += "/>\n";
      } else {
        out += fmt::format(">\n      <failure message=\"{}\">{}</failure>\n    </testcase>\n",
                           escape_xml(line.what), escape_xml(line.text));
      }
    }
    if (whole) {
      const char* tag = report.status == ScenarioReport::Status::skipped ? "skipped" : "error";
      out += fmt::format(
          "    <testcase classname=\"{}\" name=\"bring-up\">\n      <{} message=\"{}\"/>\n    </testcase>\n",
          name, tag, escape_xml(report.reason));
    }
    out += "  </testsuite>\n";
  }
  return out + "</testsuites>\n";
}

}  // namespace catflap::lab
