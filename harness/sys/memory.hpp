#pragma once

namespace catflap::sys {

/// Gives back what a process has resident and does not need now: free heap, and the pages of programs and
/// libraries that only its start used. Those that are needed after all are mapped again from the page cache,
/// a fault for each 64 KiB or so. Breakpoints that a debugger has set in them are lost.
void give_back_memory();

}  // namespace catflap::sys
