#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "topology/topology.hpp"

namespace catflap::topology {

enum class Level : std::uint8_t { error, warning };

struct Diagnostic {
  Level level = Level::error;
  SourcePos where;
  std::string message;  ///< lower case
  std::string hint;     ///< "did you mean 'announce'?", or ""
  bool operator==(const Diagnostic&) const = default;
};
/// "file:4:9: unknown key 'anounce' in node r1; did you mean 'announce'?"; warnings say "warning: " first.
std::string to_string(const Diagnostic& diagnostic);

struct LoadReport {
  std::optional<Topology> topology;     ///< there if there are no errors
  std::vector<Diagnostic> diagnostics;  ///< all of them, by position
  bool ok() const { return topology.has_value(); }
};

/// Larger files, deeper nesting and more nodes than these are refused.
inline constexpr std::size_t kFileBytesMax = 4U << 20U;
inline constexpr std::size_t kDepthMax = 32;
inline constexpr std::size_t kNodesMax = 4096;
inline constexpr std::size_t kDiagnosticsMax = 200;

/// Reads a topology file. Total: any text gives a report, never a crash or an exception.
LoadReport load(std::string_view yaml, std::string_view file_name);

/// What is wrong with a topology, however it was made: unknown names, clashing addresses, contradictions.
std::vector<Diagnostic> validate(const Topology& topology);

/// Reads one check in the file's syntax, `{ established: r1 ~ r2, within: 5s }`, for `catflap expect`.
Result<expect::Check> parse_check(std::string_view yaml);

/// Reads actions in the file's syntax, `{ down: r1 -- r2 }`, for `catflap do`; several keys are several
/// actions.
Result<std::vector<Action>> parse_actions(std::string_view yaml);

/// The JSON schema (draft 2020-12) of topology files, for editors.
std::string json_schema();

}  // namespace catflap::topology
