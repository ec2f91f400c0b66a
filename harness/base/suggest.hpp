#pragma once

#include <span>
#include <string>
#include <string_view>

namespace catflap {

/// The candidate nearest to `word` by edit distance, or "" if none is near enough to be a typing mistake.
std::string nearest(std::string_view word, std::span<const std::string_view> candidates);

/// "; did you mean 'x'?" for the nearest candidate, or "".
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace catflap
