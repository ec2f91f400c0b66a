#pragma once

#include <string>
#include <vector>

namespace catflap::lab {

/// Something that labs need or can use, and whether this machine has it.
struct Finding {
  std::string what;       ///< "network namespaces", "ipip", "bird"
  bool required = false;  ///< no lab runs without it
  bool good = false;
  std::string detail;  ///< a version, or what is missing and what to do
};

/// Probes kernel features in a scratch namespace, and looks for programs and limits. Changes nothing.
std::vector<Finding> examine();
std::string format_findings(const std::vector<Finding>& findings);
std::string findings_json(const std::vector<Finding>& findings);

}  // namespace catflap::lab
