#include "calico/model/schema.hpp"

#include <map>
#include <utility>

#include <nlohmann/json.hpp>

namespace catflap::calico {

namespace {

using nlohmann::ordered_json;

/// "[Ii][Nn]" for a word in any case; the schema language has no flag for it.
std::string any_case(std::string_view word) {
  std::string out;
  for (const char c : word) {
    const bool lower = c >= 'a' && c <= 'z';
    const bool upper = c >= 'A' && c <= 'Z';
    const char other = lower   ? static_cast<char>(c - 'a' + 'A')
                       : upper ? static_cast<char>(c - 'A' + 'a')
                               : c;
    out += lower || upper ? std::string{'[', c, other, ']'} : std::string(1, c);
  }
  return out;
}

void add_limits(ordered_json& out, const Schema& schema) {
  const auto add = [&](const char* name, bool given, auto value) {
    if (given) {
      out[name] = value;
    }
  };
  add("minimum", schema.minimum != kNoMinimum, schema.minimum);
  add("maximum", schema.maximum != kNoMaximum, schema.maximum);
  add("minLength", schema.min_length != 0, schema.min_length);
  add("maxLength", schema.max_length != 0, schema.max_length);
  add("minItems", schema.min_items != 0, schema.min_items);
  add("maxItems", schema.max_items != 0, schema.max_items);
  add("uniqueItems", schema.unique, true);
  add("pattern", !schema.pattern.empty(), std::string(schema.pattern));
  add("format", !schema.format.empty(), std::string(schema.format));
  if (schema.words.empty()) {
    return;
  }
  if (!schema.any_case) {
    out["enum"] = ordered_json::array();
    for (const std::string_view word : schema.words) {
      out["enum"].push_back(std::string(word));
    }
    return;
  }
  std::string pattern;
  for (const std::string_view word : schema.words) {
    pattern += (pattern.empty() ? "" : "|") + any_case(word);
  }
  out["pattern"] = "^(" + pattern + ")?$";
}

class Writer {
 public:
  ordered_json object(const StructInfo& info) {
    ordered_json properties = ordered_json::object();
    ordered_json required = ordered_json::array();
    for (const FieldInfo& field : info.fields) {
      properties[std::string(field.name)] = member(field);
      if (field.required && field.write_default.empty()) {
        required.push_back(std::string(field.name));
      }
    }
    ordered_json out{
        {"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
    if (!required.empty()) {
      out["required"] = std::move(required);
    }
    return out;
  }

  /// A kind's document: its apiVersion and kind are known.
  ordered_json document(const KindInfo& kind) {
    ordered_json out = object(*kind.object);
    out["properties"]["apiVersion"] = {{"const", std::string(kind.api_version)}};
    out["properties"]["kind"] = {{"const", std::string(kind.kind)}};
    ordered_json required = {"apiVersion", "kind"};
    if (out.contains("required")) {
      for (const ordered_json& name : out["required"]) {
        required.push_back(name);
      }
    }
    out["required"] = std::move(required);
    return out;
  }

  ordered_json take_definitions() { return std::move(definitions_); }

 private:
  ordered_json member(const FieldInfo& field) {
    ordered_json out = type(*field.type);
    if (field.schema != nullptr) {
      add_limits(out, *field.schema);
    }
    const std::string_view given = field.write_default.empty() ? field.default_value : field.write_default;
    if (!given.empty()) {
      out["default"] = ordered_json::parse(given, nullptr, false);
    }
    if (!field.doc.empty()) {
      out["description"] = std::string(field.doc);
    }
    return out;
  }

  ordered_json type(const TypeInfo& info) {
    ordered_json out = bare_type(info);
    if (info.schema != nullptr) {
      add_limits(out, *info.schema);
    }
    return out;
  }

  ordered_json bare_type(const TypeInfo& info) {
    switch (info.shape) {
      case Shape::text:
        return {{"type", "string"}};
      case Shape::time:
        return {{"type", "string"}, {"format", "date-time"}};
      case Shape::boolean:
        return {{"type", "boolean"}};
      case Shape::integer: {
        ordered_json out{{"type", "integer"}};
        if (info.low != kNoMinimum) {
          out["minimum"] = info.low;
        }
        if (info.high != kNoMaximum) {
          out["maximum"] = info.high;
        }
        return out;
      }
      case Shape::number:
        return {{"type", "number"}};
      case Shape::as_number:
        // A number in YAML may also be unquoted asdot: 1.10.
        return {{"type", {"number", "string"}},
                {"minimum", 0},
                {"maximum", 4294967295U},
                {"pattern", "^[0-9]+(\\.[0-9]+)?$"}};
      case Shape::port:
        return {{"type", {"integer", "string"}}, {"minimum", 0}, {"maximum", 65535}};
      case Shape::protocol:
        return {{"type", {"integer", "string"}}, {"minimum", 0}, {"maximum", 255}};
      case Shape::int_or_text:
        return {{"type", {"integer", "string"}}};
      case Shape::duration:
        return {{"type", "string"}, {"pattern", "^[-+]?(0|([0-9]*\\.?[0-9]*(ns|us|µs|μs|ms|s|m|h))+)$"}};
      case Shape::list:
        return {{"type", "array"}, {"items", type(*info.items)}};
      case Shape::map:
        return {{"type", "object"}, {"additionalProperties", type(*info.items)}};
      case Shape::object:
        return reference(*info.object);
      case Shape::any:
        break;
    }
    return ordered_json::object();
  }

  /// Structs are written once. Two of Kubernetes and Calico may have one name: the fields tell them apart.
  ordered_json reference(const StructInfo& info) {
    std::string name(info.name);
    const auto found = written_.find(name);
    for (auto known = found; known != written_.end() && known->second != info.fields.data();) {
      name += "_";
      known = written_.find(name);
    }
    if (written_.emplace(name, info.fields.data()).second) {
      ordered_json definition = object(info);
      definitions_[name] = std::move(definition);
    }
    return {{"$ref", "#/$defs/" + name}};
  }

  std::map<std::string, const FieldInfo*> written_;
  ordered_json definitions_ = ordered_json::object();
};

std::string finish(ordered_json out, Writer& writer) {
  out["$defs"] = writer.take_definitions();
  return out.dump(2);
}

ordered_json head(const std::string& title) {
  return {{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", title}};
}

}  // namespace

std::string json_schema(const KindInfo& kind) {
  Writer writer;
  ordered_json out = head(std::string(kind.kind));
  out.update(writer.document(kind));
  return finish(std::move(out), writer);
}

std::string json_schema() {
  Writer writer;
  ordered_json out = head("resources of projectcalico.org/v3");
  out["oneOf"] = ordered_json::array();
  for (const KindInfo* kind : all_kinds()) {
    if (kind->group == ApiGroup::calico_v3) {
      out["oneOf"].push_back(writer.document(*kind));
    }
  }
  return finish(std::move(out), writer);
}

}  // namespace catflap::calico
