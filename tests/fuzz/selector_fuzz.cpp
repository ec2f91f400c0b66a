// Selectors from arbitrary octets: nothing crashes, errors have a column inside of the text, and what was
// understood prints to a text that means the same.
#include <algorithm>
#include <string_view>

#include "calico/model/selector.hpp"
#include "fuzz_seeds.hpp"

namespace {

using namespace catflap;
using catflap::fuzz::finding;

std::vector<fuzz::Seed> seeds() {
  std::vector<fuzz::Seed> all;
  for (const std::string_view text :
       {"a == 'b' && !has(c) || !!(d not in {'x', \"y\",} && e contains '')",
        "all() && global( ) || a starts with 'x' && b endswith 'y' || c notin {}", "!(has(a) || a != \"'\")",
        "((((in in {'in'}))))", "projectcalico.org/name == 'n' && a in {'1','2'} || a in {'2','3'}"}) {
    all.emplace_back(text.begin(), text.end());
  }
  return all;
}

}  // namespace

CATFLAP_FUZZ_SEEDS(seeds)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto selector = calico::Selector::parse(text);
  if (!selector) {
    const Error& error = selector.error();
    if (error.code != Errc::invalid || error.message.empty() || !error.where || error.where->column == 0 ||
        error.where->column > size + 1) {
      finding("an error has a text and a column");
    }
    return 0;
  }
  const auto again = calico::Selector::parse(selector->text());
  if (!again) {
    finding("the canonical text is a selector");
  }
  // Reading takes two exclamation marks together, so that the text may have become shorter; once.
  const auto third = calico::Selector::parse(again->text());
  if (!third || *third != *again || third->id() != again->id()) {
    finding("the canonical text of a canonical text is itself");
  }
  const calico::Labels some = {{"a", "b"}, {"d", ""}, {"in", "in"}};
  for (const calico::Labels& labels : {calico::Labels{}, some}) {
    const bool matches = selector->matches(labels);
    if (again->matches(labels) != matches) {
      finding("the canonical text means the same");
    }
    for (const auto& [label, restriction] : selector->restrictions()) {
      const auto found = labels.find(label);
      const bool present = found != labels.end();
      const auto& values = restriction.must_have_one_of;
      const bool holds =
          (present || !restriction.must_be_present) && (!present || !restriction.must_be_absent) &&
          (!values || (present && std::find(values->begin(), values->end(), found->second) != values->end()));
      if (matches && !holds) {
        finding("a selector that matches has its restrictions fulfilled");
      }
    }
  }
  return 0;
}
