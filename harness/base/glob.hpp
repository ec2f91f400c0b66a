#pragma once

#include <string_view>

namespace catflap {

/// True if the whole of `text` is as `glob` says, as in BIRD's patterns: '*' is any run of characters, '?' is
/// one, a backslash takes the next character for itself; all others, dots and brackets included, are
/// themselves. Linear in practice, the product of the sizes at worst.
bool glob_match(std::string_view glob, std::string_view text);

}  // namespace catflap
