#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/result.hpp"

/// How often each line of a filter decides: the answer of `catflap bgp hits`.
namespace catflap::observe {

struct LineHits {
  std::string where;          ///< "bird.conf:12:3"
  std::string text;           ///< "if net ~ [ 10.0.0.0/8+ ] then", "accept;"
  std::uint64_t reached = 0;  ///< runs of the filter that came by, several times in a loop
  std::uint64_t taken = 0;    ///< of `if` and `case`: how often the condition held, or a label fitted
  bool decides = false;       ///< an `if` or a `case`
  bool operator==(const LineHits&) const = default;
};

/// What a filter does with the routes that its channels know now.
struct FilterHitsView {
  std::string filter;                  ///< "ACCEPT", "REJECT", a name, "(unnamed)"
  bool exports = false;                ///< of export; otherwise of import
  std::vector<std::string> protocols;  ///< in whose channels it stands: counted together
  std::uint64_t accepted = 0, rejected = 0;
  std::uint64_t failed = 0;     ///< stopped by an error, and rejected so
  std::vector<LineHits> lines;  ///< by position
  bool operator==(const FilterHitsView&) const = default;
};

nlohmann::json to_json_value(const FilterHitsView& hits);
/// Errc::protocol for another shape.
Result<FilterHitsView> filter_hits_from_json(const nlohmann::json& value);
/// For people.
std::string filter_hits_text(const std::vector<FilterHitsView>& views);

}  // namespace catflap::observe
