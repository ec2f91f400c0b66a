#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bgp/speaker/event.hpp"
#include "intent/router.hpp"
#include "sys/unique_fd.hpp"

namespace catflap::runtime {

/// Where the daemon's log goes: what the `log` statements of the configuration say. Without any: standard
/// error. A file that cannot be written (a full disk) or a pipe that nobody empties loses lines, never the
/// daemon: the other targets are told once, and when it can be written again it says how many are missing.
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
    std::string name;  ///< of the file
    std::string syslog_name;
    unsigned levels = 0;     ///< bit per NoteLevel
    std::uint64_t lost = 0;  ///< lines since it was last written
    bool torn = false;       ///< the last line is not complete
  };
  /// 0 or the errno.
  static int put(Target& target, const std::string& line);
  void write_line(Target& target, const std::string& line);
  void tell_others(const Target& failed, int sys_errno);
  bool debug_;
  std::vector<Target> targets_;
};

}  // namespace catflap::runtime
