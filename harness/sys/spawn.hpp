#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "sys/unique_fd.hpp"

/// The part of process.cpp that runs between clone and exec. Not for use outside sys.
namespace catflap::sys::proc::detail {

/// Everything the child needs, laid out before the clone: the child shares our memory and must not allocate.
struct Launch {
  std::vector<std::string> argv_text, env_text;
  std::string program, working_dir;
  int stdin_fd = -1, stdout_fd = -1, stderr_fd = -1;  ///< all >= 3, or -1: keep ours
  std::vector<std::pair<int, int>> pass_fds;          ///< sources above every target
  int netns_fd = -1;
  bool die_with_parent = true;
};

struct Launched {
  pid_t pid = 0;
  UniqueFd pidfd;
};

/// Clones (CLONE_VM | CLONE_VFORK: no page tables are copied, whatever our size) and executes. Must run on a
/// thread that lives as long as the process.
Result<Launched> launch(const Launch& launch);

}  // namespace catflap::sys::proc::detail
