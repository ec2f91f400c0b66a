#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

/// YAML (and so JSON) as trees with positions. yaml-cpp stays behind this header.
namespace catflap::yaml {

struct Entry;

struct Node {
  enum class Kind : std::uint8_t { null, scalar, sequence, map } kind = Kind::null;
  std::string text;     ///< of a scalar, as written; of a null what stood for it: "", "~" or "null"
  bool quoted = false;  ///< a scalar in quotes (or a block): never a number or a keyword
  std::vector<Node> items;
  std::vector<Entry> entries;  ///< keys are scalars, each once
  SourcePos where;             ///< an alias has its own position, not that of its anchor

  // Out of line: entries hold nodes again.
  Node();
  Node(const Node& other);
  Node(Node&& other) noexcept;
  Node& operator=(const Node& other);
  Node& operator=(Node&& other) noexcept;
  ~Node();

  /// The value of `key` in a map, or nullptr.
  const Node* find(std::string_view key) const;
};

struct Entry {
  Node key;
  Node value;
};

/// Something wrong in the text itself. Messages are lower case.
struct Problem {
  enum class Kind : std::uint8_t { syntax, too_large, duplicate_key, bad_key } kind = Kind::syntax;
  SourcePos where;
  std::string message;
  std::string key;      ///< of duplicate_key
  std::string pointer;  ///< of duplicate_key: its JSON pointer within the document
};

/// What is refused.
struct Limits {
  std::size_t bytes = 4U << 20U;
  std::size_t depth = 32;
  std::size_t nodes = 500'000;     ///< of the whole text, aliases expanded
  std::size_t map_entries = 8192;  ///< of one map
  std::size_t documents = 1;
};

/// Reads the documents of a text; one that is empty is a null. Duplicate keys are reported and their second
/// value dropped; so are keys that are no scalars. What is no YAML, or beyond the limits, ends the reading:
/// the documents before it are returned. Never throws. Linear in the text, but for anchors, whose copies the
/// limit of nodes bounds.
std::vector<Node> parse(std::string_view text, std::string_view file, const Limits& limits,
                        std::vector<Problem>& problems);

}  // namespace catflap::yaml
