#include "base/glob.hpp"

#include <cstddef>

namespace catflap {

bool glob_match(std::string_view glob, std::string_view text) {
  // On a mismatch only the last star needs to take one more character.
  std::size_t g = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;  // behind it in the glob
  std::size_t resume = 0;
  while (t < text.size()) {
    const bool escaped = g + 1 < glob.size() && glob[g] == '\\';
    if (g < glob.size() && glob[g] == '*') {
      star = ++g;
      resume = t;
    } else if (g < glob.size() && (escaped ? glob[g + 1] == text[t] : glob[g] == '?' || glob[g] == text[t])) {
      g += escaped ? 2 : 1;
      ++t;
    } else if (star != std::string_view::npos) {
      g = star;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') {
    ++g;
  }
  return g == glob.size();
}

}  // namespace catflap
