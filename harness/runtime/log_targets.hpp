#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bgp/speaker/event.hpp"
#include "intent/router.hpp"
#include "sys/unique_fd.hpp"

namespace catflap::runtime {

/// Where the daemon's log goes: what the `log` statements of the configuration say. Without any: standard
/// error. A file that cannot be opened or written (a full disk) loses lines, never the daemon.
class LogTargets {
 public:
  /// `debug`: `-d` was given: everything also goes to standard error.
  explicit LogTargets(bool debug) : debug_(debug) {}

  /// Returns one error for each file that cannot be opened; the other targets are in force.
  std::vector<Error> configure(const std::vector<intent::LogIntent>& logs);
  void write(bgp::act::NoteLevel level, std::string_view text);

 private:
  struct Target {
    intent::LogIntent::Target kind = intent::LogIntent::Target::stderr_;
    sys::UniqueFd file;
    std::string syslog_name;
    unsigned levels = 0;  ///< bit per NoteLevel
  };
  bool debug_;
  std::vector<Target> targets_;
};

}  // namespace catflap::runtime
