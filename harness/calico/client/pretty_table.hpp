#pragma once

#include <string>
#include <vector>

namespace catflap::calico {

/// As Python's PrettyTable draws it, which calicoctl 0.x used: headings as written, one blank on both sides.
struct PrettyTable {
  std::vector<std::string> headings;
  std::vector<std::vector<std::string>> rows;  ///< each as long as `headings`
  bool centred = false;                        ///< else to the left; headings too
};
/// With a newline at the end.
std::string to_string(const PrettyTable& table);

}  // namespace catflap::calico
