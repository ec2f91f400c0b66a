#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "topology/load.hpp"
#include "yaml/yaml.hpp"

namespace catflap::topology {

using YamlNode = yaml::Node;
using YamlEntry = yaml::Entry;

/// Reads the one document of a lab's file. nullopt, and an error in `diagnostics`, for what is no YAML, more
/// than one document, or beyond the bounds of load.hpp. Duplicate keys are reported and their second value
/// dropped. Never throws.
std::optional<YamlNode> parse_yaml(std::string_view text, std::string_view file,
                                   std::vector<Diagnostic>& diagnostics);

}  // namespace catflap::topology
