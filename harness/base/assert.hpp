#pragma once

namespace catflap {

/// Prints the broken assertion and aborts. For bugs only: nothing that a peer, a file or a user does may lead
/// here.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);

}  // namespace catflap

/// Checks what only a bug can break; stays on in release builds.
#define CATFLAP_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::catflap::assertion_failed(#condition, __FILE__, __LINE__))
