#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

/// Command lines as docopt takes them, by which calicoctl reads its own.
namespace catflap::calico::ctl {

struct Option {
  std::string_view name;   ///< "filename": --filename
  char letter = '\0';      ///< -f, or none
  bool has_value = false;  ///< --filename=F, --filename F, -f F, -fF
  char also = '\0';        ///< another letter for the same: -a of --all-namespaces
};

struct Arguments {
  std::vector<std::string> positional;
  std::map<std::string, std::string, std::less<>> values;
  std::set<std::string, std::less<>> flags;

  bool flag(std::string_view name) const { return flags.count(name) > 0; }
  std::optional<std::string> value(std::string_view name) const;
  /// "" where it is not given.
  std::string text(std::string_view name) const { return value(name).value_or(""); }
};

/// Options stand anywhere; long ones take their value after `=` or as the next word, short ones are bundled
/// (`-Rf x`), long names may be cut while only one option begins so, and what follows `--` is no option.
/// "-" alone is positional. Errc::invalid says what is wrong with which word. `first`: stop at the first
/// positional, which with all that follows is left in `positional`.
Result<Arguments> parse_arguments(std::span<const std::string> words, std::span<const Option> options,
                                  bool first = false);

}  // namespace catflap::calico::ctl
