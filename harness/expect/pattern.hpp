#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

/// Names of nodes as people write them in topology files and checks: `r1`, `node*`, `node{1-4}`, `r{a,b}`.
namespace catflap::expect {

/// The most names that one pattern may stand for.
inline constexpr std::size_t kExpandMax = 4096;

/// `node{1-3}` is node1, node2, node3; `r{a,b}` is ra, rb; `{01-10}` keeps its width; several groups
/// multiply. A text without braces is itself. Errc::invalid for unbalanced or empty braces and for more than
/// kExpandMax names.
Result<std::vector<std::string>> expand_braces(std::string_view text);

/// True if one of the names that `pattern` (braces and globs) stands for is `name`. A malformed pattern
/// matches nothing.
bool pattern_match(std::string_view pattern, std::string_view name);

}  // namespace catflap::expect
