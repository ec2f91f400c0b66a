#include "runtime/filter_hits.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "birdlang/birdlang.hpp"

namespace catflap::runtime {

observe::FilterHitsView view_of(const bgp::FilterCount& count) {
  observe::FilterHitsView view;
  view.filter = bgp::policy::describe(count.filter);
  view.exports = count.exports;
  view.protocols = count.protocols;
  view.accepted = count.accepted;
  view.rejected = count.rejected;
  view.failed = count.failed;
  std::vector<std::pair<const intent::Stmt*, bgp::policy::StatementHits>> hits(count.hits.begin(),
                                                                               count.hits.end());
  std::sort(hits.begin(), hits.end(), [](const auto& a, const auto& b) {
    const SourcePos& x = a.first->where;
    const SourcePos& y = b.first->where;
    return std::tie(x.file, x.line, x.column) < std::tie(y.file, y.line, y.column);
  });
  for (const auto& [statement, number] : hits) {
    if (statement->verb == intent::Verb::block) {
      continue;  // what is inside says it all
    }
    observe::LineHits& line = view.lines.emplace_back();
    line.where = to_string(statement->where);
    line.text = birdlang::print_head(*statement);
    line.reached = number.reached;
    line.taken = number.taken;
    line.decides = statement->verb == intent::Verb::if_ || statement->verb == intent::Verb::case_;
  }
  return view;
}

}  // namespace catflap::runtime
