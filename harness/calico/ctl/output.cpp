#include "calico/ctl/output.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "calico/model/kind.hpp"
#include "calico/print/documents.hpp"
#include "calico/print/go_template.hpp"
#include "calico/print/kind_order.hpp"
#include "calico/print/tabwriter.hpp"
#include "sys/files.hpp"

namespace catflap::calico::ctl {

namespace {

using nlohmann::json;

json document_of(const GetResult& result) {
  if (!result.is_list) {
    return result.resources.front().document();
  }
  json items = json::array();
  for (const Resource& resource : result.resources) {
    items.push_back(resource.document());
  }
  return {{"kind", std::string(result.kind->kind) + "List"},
          {"apiVersion", std::string(result.kind->api_version)},
          {"metadata", {{"resourceVersion", result.revision}}},
          {"items", std::move(items)}};
}

json document_of(const std::vector<GetResult>& results) {
  if (results.size() == 1) {
    return document_of(results.front());
  }
  json out = json::array();
  for (const GetResult& result : results) {
    out.push_back(document_of(result));
  }
  return out;
}

print::KeyOrder key_order(const std::vector<GetResult>& results) {
  std::vector<const KindInfo*> kinds;
  for (const GetResult& result : results) {
    kinds.push_back(result.kind);
  }
  return print::kind_order(std::move(kinds));
}

std::string name_space_cell(const Resource& resource, const CellContext&) {
  return resource.name_space();
}

constexpr Column kNamespace{"NAMESPACE", name_space_cell};

Result<std::vector<const Column*>> columns_of(const KindInfo& kind, std::span<const std::string> headings,
                                              bool with_namespace) {
  std::vector<const Column*> out;
  if (with_namespace && kind.namespaced) {
    out.push_back(&kNamespace);
  }
  for (const std::string& heading : headings) {
    const Column* column =
        kind.namespaced && heading == kNamespace.heading ? &kNamespace : kind.column(heading);
    if (column == nullptr) {
      std::string valid;
      for (const Column& known : kind.columns) {
        valid += (valid.empty() ? "" : ", ") + std::string(known.heading);
      }
      if (kind.namespaced) {
        valid += ", NAMESPACE";
      }
      return refuse(fmt::format("unknown heading {}, valid values are: {}", heading, valid));
    }
    out.push_back(column);
  }
  return out;
}

/// The ASN that a node without its own has is asked of the store at most once.
CellContext cells(const std::vector<const Column*>& columns, const OutputContext& context) {
  CellContext out;
  const bool asks = std::any_of(columns.begin(), columns.end(),
                                [](const Column* column) { return column->heading == "ASN"; });
  if (asks && context.client != nullptr) {
    out.cluster_as_number = context.client->cluster_as_number();
  }
  return out;
}

Result<std::string> tables(const std::vector<GetResult>& results, const OutputFormat& format,
                           const OutputContext& context) {
  std::string out;
  for (const GetResult& result : results) {
    std::vector<std::string> headings = format.columns;
    if (format.kind != OutputFormat::Kind::columns) {
      const auto own =
          format.kind == OutputFormat::Kind::wide ? result.kind->wide_headings : result.kind->headings;
      headings.assign(own.begin(), own.end());
    }
    const Result<std::vector<const Column*>> columns =
        columns_of(*result.kind, headings, context.show_namespace);
    if (!columns) {
      return fail(columns.error());
    }
    const CellContext cell_context = cells(*columns, context);
    print::Rows rows(1);
    for (const Column* column : *columns) {
      rows.front().emplace_back(column->heading);
    }
    for (const Resource& resource : result.resources) {
      std::vector<std::string> row;
      for (const Column* column : *columns) {
        row.push_back(column->cell(resource, cell_context));
      }
      rows.push_back(std::move(row));
    }
    out += print::tab_table(rows) + "\n";
  }
  return out;
}

Result<std::string> templated(const std::vector<GetResult>& results, const OutputFormat& format,
                              const OutputContext& context) {
  const Result<print::GoTemplate> parsed = print::GoTemplate::parse(format.text);
  if (!parsed) {
    return fail(parsed.error());
  }
  json data = json::array();
  for (const GetResult& result : results) {
    data.push_back(document_of(result));
  }
  return parsed->render(data, [&context](std::string_view) {
    const auto number = context.client != nullptr ? context.client->cluster_as_number() : std::nullopt;
    return number ? std::to_string(*number) : std::string("unknown");
  });
}

}  // namespace

Result<OutputFormat> parse_output_format(std::string_view text) {
  OutputFormat out;
  if (text == "yaml" || text == "yml") {
    out.kind = OutputFormat::Kind::yaml;
    return out;
  }
  if (text == "json") {
    out.kind = OutputFormat::Kind::json;
    return out;
  }
  if (text.empty() || text == "ps") {
    return out;
  }
  if (text == "wide") {
    out.kind = OutputFormat::Kind::wide;
    return out;
  }
  const std::size_t equals = text.find('=');
  const std::string_view key = text.substr(0, equals);
  const std::string_view value =
      equals == std::string_view::npos ? std::string_view() : text.substr(equals + 1);
  if (key == "go-template") {
    if (value.empty()) {
      return refuse("need to specify a template");
    }
    out.kind = OutputFormat::Kind::go_template;
    out.text = value;
    return out;
  }
  if (key == "go-template-file") {
    if (value.empty()) {
      return refuse("need to specify a template file");
    }
    Result<std::string> file = sys::read_file(std::string(value));
    if (!file) {
      return fail(file.error());
    }
    out.kind = OutputFormat::Kind::go_template;
    out.text = std::move(*file);
    return out;
  }
  if (key == "custom-columns") {
    if (value.empty()) {
      return refuse("need to specify at least one column");
    }
    out.kind = OutputFormat::Kind::columns;
    for (std::size_t from = 0; from <= value.size();) {
      const std::size_t comma = std::min(value.find(',', from), value.size());
      out.columns.emplace_back(value.substr(from, comma - from));
      from = comma + 1;
    }
    return out;
  }
  return refuse(fmt::format("unrecognized output format '{}'", text));
}

Result<std::string> formatted_v1_list(const std::vector<GetResult>& results, const OutputFormat& format,
                                      const OutputContext& context) {
  json items = json::array();
  for (const GetResult& result : results) {
    items.push_back(document_of(result));
  }
  const json list = {
      {"kind", "List"}, {"apiVersion", "v1"}, {"metadata", json::object()}, {"items", std::move(items)}};
  if (format.kind == OutputFormat::Kind::yaml) {
    return print::go_yaml(list);
  }
  return print::go_json(list, key_order(results)) + (context.release == Release::head ? "" : "\n");
}

Result<std::string> formatted(const std::vector<GetResult>& results, const OutputFormat& format,
                              const OutputContext& context) {
  switch (format.kind) {
    case OutputFormat::Kind::yaml:
      return print::go_yaml(document_of(results));
    case OutputFormat::Kind::json:
      return print::go_json(document_of(results), key_order(results)) +
             (context.release == Release::head ? "" : "\n");
    case OutputFormat::Kind::go_template:
      return templated(results, format, context);
    case OutputFormat::Kind::table:
    case OutputFormat::Kind::wide:
    case OutputFormat::Kind::columns:
      break;
  }
  return tables(results, format, context);
}

}  // namespace catflap::calico::ctl
