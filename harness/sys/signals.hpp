#pragma once

#include <initializer_list>
#include <vector>

#include "base/result.hpp"
#include "sys/unique_fd.hpp"

namespace catflap::sys {

/// Blocks the signals in the calling thread (call it first in main(), so that all threads inherit it) and
/// returns a descriptor that is readable when one of them arrives. Non-blocking.
Result<UniqueFd> signal_fd(std::initializer_list<int> signals);
/// The numbers of the signals that have arrived.
std::vector<int> read_signals(int signal_fd);
/// Writes to a peer that is gone return EPIPE instead of ending the process.
void ignore_sigpipe();

}  // namespace catflap::sys
