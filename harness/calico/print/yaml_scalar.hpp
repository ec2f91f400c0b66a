#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace catflap::calico::print {

enum class YamlStyle : std::uint8_t { plain, single_quoted, double_quoted, literal };

/// How yaml.v2 writes a string: plain where that reads back as the same string. `key`: of a mapping, where
/// several lines are not possible.
YamlStyle yaml_style(std::string_view text, bool key);

/// True if the text, written plain, would be read as null, a bool, a number, a time or a merge.
bool yaml_resolves_to_other(std::string_view text);

}  // namespace catflap::calico::print
