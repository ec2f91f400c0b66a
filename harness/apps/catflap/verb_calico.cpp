#include <cstdio>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "apps/catflap/verbs.hpp"
#include "calico/model/selector.hpp"

/// Verbs for Calico's languages and files, without a datastore.
namespace catflap::app {
namespace {

using nlohmann::json;

Result<calico::Labels> read_labels(const std::string& text) {
  if (text.empty()) {
    return calico::Labels();
  }
  const json value = json::parse(text, nullptr, false);
  if (!value.is_object()) {
    return fail(Errc::invalid, R"(--labels must be a JSON object such as {"role": "web"})");
  }
  calico::Labels labels;
  for (const auto& [name, each] : value.items()) {
    if (!each.is_string()) {
      return fail(Errc::invalid, "--labels: the value of '" + name + "' must be a text");
    }
    labels.emplace(name, each.get<std::string>());
  }
  return labels;
}

json restrictions_json(const calico::Selector& selector) {
  json all = json::object();
  for (const auto& [label, restriction] : selector.restrictions()) {
    json& one = all[label] = json::object();
    if (restriction.must_be_present) {
      one["mustBePresent"] = true;
    }
    if (restriction.must_be_absent) {
      one["mustBeAbsent"] = true;
    }
    if (restriction.must_have_one_of) {
      one["mustHaveOneOfValues"] = *restriction.must_have_one_of;
    }
  }
  return all;
}

/// The expression with a mark below the column, where both fit on a line.
void point_at(const std::string& expression, const SourcePos& where) {
  constexpr std::size_t kColumnsMax = 160;
  if (expression.size() > kColumnsMax || expression.find_first_of("\t\n\r") != std::string::npos) {
    return;
  }
  fmt::print(stderr, "  {}\n  {:>{}}\n", expression, "^", where.column);
}

}  // namespace

int calico_selector(const Common& common, const std::string& expression, const std::string& labels_text) {
  auto selector = calico::Selector::parse(expression);
  if (!selector) {
    Error error = std::move(selector.error());
    const SourcePos where = error.where.value_or(SourcePos{});
    error.where = SourcePos{"selector", where.line, where.column};
    const int code = report_error(common, error);
    if (!common.json) {
      point_at(expression, where);
    }
    return code;
  }
  const auto labels = read_labels(labels_text);
  if (!labels) {
    return report_error(common, labels.error());
  }
  const bool matches = selector->matches(*labels);
  if (common.json) {
    fmt::print("{}\n", json{{"match", matches},
                            {"canonical", selector->text()},
                            {"id", selector->id()},
                            {"restrictions", restrictions_json(*selector)}}
                           .dump(-1, ' ', false, json::error_handler_t::replace));
  } else {
    fmt::print("{}\n", matches);
  }
  return kExitOk;
}

}  // namespace catflap::app
