#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "apps/catflap/input_file.hpp"
#include "apps/catflap/verbs.hpp"
#include "calico/model/convert.hpp"
#include "calico/model/decode.hpp"
#include "calico/model/kind.hpp"
#include "calico/model/schema.hpp"
#include "calico/model/selector.hpp"
#include "calico/print/documents.hpp"
#include "calico/print/kind_order.hpp"

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

/// What a file of resources may have at most, in octets: an export of a whole datastore fits.
constexpr std::size_t kResourceFileMax = std::size_t{64} << 20U;

Result<std::string> read_text(const std::string& file) {
  auto input = InputFile::open(file);
  if (!input) {
    return fail(std::move(input.error()));
  }
  std::string text;
  while (true) {
    const auto octets = input->read();
    if (!octets) {
      return fail(octets.error());
    }
    if (octets->empty()) {
      return text;
    }
    text.append(reinterpret_cast<const char*>(octets->data()), octets->size());
    if (text.size() > kResourceFileMax) {
      return fail(Errc::invalid, file + " is larger than 64 MiB");
    }
  }
}

json diagnostic_json(const calico::Diagnostic& diagnostic) {
  json one = {{"message", diagnostic.message}, {"path", diagnostic.path}};
  if (diagnostic.where.line != 0) {
    one["line"] = diagnostic.where.line;
    one["column"] = diagnostic.where.column;
  }
  const auto add = [&](const char* name, const std::string& text) {
    if (!text.empty()) {
      one[name] = text;
    }
  };
  add("field", diagnostic.field);
  add("value", diagnostic.value);
  add("hint", diagnostic.hint);
  return one;
}

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
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

int calico_validate(const Common& common, const std::vector<std::string>& files) {
  int worst = kExitOk;
  for (const std::string& file : files) {
    const auto text = read_text(file);
    if (!text) {
      worst = std::max(worst, report_error(common, text.error()));
      continue;
    }
    const std::vector<calico::Diagnostic> found = calico::validate(*text, file);
    if (!found.empty()) {
      worst = std::max(worst, kExitBadInput);
    }
    if (common.json) {
      json diagnostics = json::array();
      for (const calico::Diagnostic& one : found) {
        diagnostics.push_back(diagnostic_json(one));
      }
      fmt::print("{}\n",
                 dump({{"file", file}, {"valid", found.empty()}, {"diagnostics", std::move(diagnostics)}}));
    } else if (found.empty()) {
      fmt::print("{}: valid\n", file);
    }
    for (std::size_t i = 0; !common.json && i < found.size(); ++i) {
      fmt::print(stderr, "{}\n", to_string(found[i]));
    }
  }
  return worst;
}

int calico_convert(const Common& common, const std::string& file, bool ignore_validation) {
  const auto text = read_text(file);
  if (!text) {
    return report_error(common, text.error());
  }
  calico::ConvertOptions options;
  options.validate = !ignore_validation;
  const auto converted = calico::convert_text(*text, file, options);
  if (!converted) {
    return report_error(common, converted.error());
  }
  if (converted->empty()) {
    return report_error(common, Error{Errc::invalid, "no resources specified in file " + file});
  }
  // As calicoctl: one resource alone, several as a list.
  std::vector<const calico::KindInfo*> kinds;
  json items = json::array();
  for (const calico::Resource& resource : *converted) {
    kinds.push_back(&resource.kind());
    items.push_back(resource.document());
    items.back()["metadata"]["creationTimestamp"] = nullptr;  // as Go writes a time that is not set
  }
  const json document = items.size() == 1 ? items.front()
                                          : json{{"kind", "List"},
                                                 {"apiVersion", "v1"},
                                                 {"metadata", json::object()},
                                                 {"items", std::move(items)}};
  if (common.json) {
    fmt::print("{}\n", calico::print::go_json(document, calico::print::kind_order(std::move(kinds))));
  } else {
    fmt::print("{}", calico::print::go_yaml(document));
  }
  return kExitOk;
}

int calico_schema(const Common& common, const std::string& name) {
  if (name.empty()) {
    fmt::print("{}\n", calico::json_schema());
    return kExitOk;
  }
  const calico::KindInfo* kind = calico::find_kind(name);
  if (kind == nullptr) {
    kind = calico::find_kube_kind(name);
  }
  if (kind == nullptr) {
    return report_error(common, Error{Errc::invalid, calico::unknown_kind_text(name)});
  }
  fmt::print("{}\n", calico::json_schema(*kind));
  return kExitOk;
}

}  // namespace catflap::app
