#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "topology/load.hpp"

/// YAML as a tree with positions. yaml-cpp stays behind this header.
namespace catflap::topology {

struct YamlEntry;

struct YamlNode {
  enum class Kind : std::uint8_t { null, scalar, sequence, map } kind = Kind::null;
  std::string text;     ///< of a scalar, as written
  bool quoted = false;  ///< a scalar in quotes (or a block): never a number or a keyword
  std::vector<YamlNode> items;
  std::vector<YamlEntry> entries;  ///< keys are scalars, each once
  SourcePos where;                 ///< an alias has its own position, not that of its anchor

  // Out of line: entries hold nodes again.
  YamlNode();
  YamlNode(const YamlNode& other);
  YamlNode(YamlNode&& other) noexcept;
  YamlNode& operator=(const YamlNode& other);
  YamlNode& operator=(YamlNode&& other) noexcept;
  ~YamlNode();
};

struct YamlEntry {
  YamlNode key;
  YamlNode value;
};

/// The most nodes of a file, aliases expanded.
inline constexpr std::size_t kYamlNodesMax = 500'000;

/// Reads one document. nullopt, and an error in `diagnostics`, for what is no YAML, more than one document,
/// or beyond the bounds of load.hpp. Duplicate keys are reported and their second value dropped. Never
/// throws.
std::optional<YamlNode> parse_yaml(std::string_view text, std::string_view file,
                                   std::vector<Diagnostic>& diagnostics);

}  // namespace catflap::topology
