#pragma once

#include <cstddef>
#include <string_view>

namespace catflap::calico::print {

struct Rune {
  char32_t value = 0;
  std::size_t size = 1;  ///< octets
  bool valid = false;    ///< false: one octet that begins no well-formed sequence
};

/// The first code point of `text`, which is not empty. Overlong forms and surrogates are not well formed.
Rune next_rune(std::string_view text);

}  // namespace catflap::calico::print
