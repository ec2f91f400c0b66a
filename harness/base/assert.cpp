#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace catflap {

void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "catflap: bug: %s:%d: assertion failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace catflap
