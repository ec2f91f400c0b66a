#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "sys/netns.hpp"

namespace catflap::sys {

/// Turns the calling process into `argv`, run in `ns` with a /sys that shows that namespace (as `ip netns
/// exec` does). For a process that does nothing else any more, with one thread. Returns only the error that
/// prevented it.
Error exec_in(const netns::Handle& ns, const std::vector<std::string>& argv);

}  // namespace catflap::sys
