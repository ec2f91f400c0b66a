#include "topology/yaml.hpp"

#include <string>
#include <utility>

namespace catflap::topology {

std::optional<YamlNode> parse_yaml(std::string_view text, std::string_view file,
                                   std::vector<Diagnostic>& diagnostics) {
  yaml::Limits limits;
  limits.bytes = kFileBytesMax;
  limits.depth = kDepthMax;
  limits.map_entries = 2 * kNodesMax;
  limits.documents = 2;  // the second one is an error of ours
  std::vector<yaml::Problem> problems;
  std::vector<YamlNode> documents = yaml::parse(text, file, limits, problems);
  bool broken = false;
  for (yaml::Problem& problem : problems) {
    broken = broken || problem.kind == yaml::Problem::Kind::syntax ||
             problem.kind == yaml::Problem::Kind::too_large;
    diagnostics.push_back({Level::error, std::move(problem.where), std::move(problem.message), ""});
  }
  if (broken) {
    return std::nullopt;
  }
  if (documents.size() != 1) {
    const bool empty = documents.empty();
    diagnostics.push_back({Level::error, empty ? SourcePos{std::string(file), 1, 1} : documents[1].where,
                           empty ? "the file is empty" : "a second document; a file holds one lab", ""});
    return std::nullopt;
  }
  return std::move(documents.front());
}

}  // namespace catflap::topology
