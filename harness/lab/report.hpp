#pragma once

#include <string>
#include <vector>

#include "lab/scenario.hpp"

namespace catflap::lab {

/// "12 ms", "1.3 s", "250 us".
std::string format_duration(Duration duration);
/// "  ✔ r1 ~ r2 established  12 ms", followed by the reason, indented, if it failed.
std::string format_line(const ScenarioLine& line);
/// "✔ two-router r1=self,r2=bird   5 checks  1.2 s", with the reason of a skip or an error.
std::string format_summary_line(const ScenarioReport& report);
/// "3 passed, 1 failed, 1 skipped in 2.1 s".
std::string format_total(const std::vector<ScenarioReport>& reports, Duration took);
/// All reports as one JSON object.
std::string reports_json(const std::vector<ScenarioReport>& reports);
/// All reports as a JUnit file: a suite per scenario, a case per check.
std::string reports_junit(const std::vector<ScenarioReport>& reports);

}  // namespace catflap::lab
