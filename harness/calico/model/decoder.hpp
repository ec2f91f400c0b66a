#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "calico/model/diagnostic.hpp"
#include "calico/model/field.hpp"
#include "calico/model/resource.hpp"
#include "calico/model/scalar.hpp"
#include "yaml/yaml.hpp"

/// Values of YAML or JSON into canonical JSON, by the tables. For the .cpp files of this module.
namespace catflap::calico {

/// What the decoder asks of a tree. One for YAML and one for JSON.
struct YamlTree {
  using Value = yaml::Node;
  static bool is_null(const Value& value) { return value.kind == yaml::Node::Kind::null; }
  static bool is_map(const Value& value) { return value.kind == yaml::Node::Kind::map; }
  static bool is_list(const Value& value) { return value.kind == yaml::Node::Kind::sequence; }
  static Scalar scalar(const Value& value, std::string& /*buffer*/) { return {value.text, value.quoted}; }
  static const SourcePos* where(const Value& value) { return &value.where; }
  template <class F>
  static void each_item(const Value& value, F&& visit) {
    for (const yaml::Node& item : value.items) {
      visit(item);
    }
  }
  template <class F>
  static void each_entry(const Value& value, F&& visit) {
    for (const yaml::Entry& entry : value.entries) {
      visit(entry.key.text, entry.value, &entry.key.where);
    }
  }
};

struct JsonTree {
  using Value = Json;
  static bool is_null(const Value& value) { return value.is_null(); }
  static bool is_map(const Value& value) { return value.is_object(); }
  static bool is_list(const Value& value) { return value.is_array(); }
  static Scalar scalar(const Value& value, std::string& buffer) {
    if (value.is_string()) {
      return {value.get_ref<const std::string&>(), true};
    }
    buffer = value.dump(-1, ' ', false, Json::error_handler_t::replace);
    return {buffer, false};
  }
  static const SourcePos* where(const Value& /*value*/) { return nullptr; }
  template <class F>
  static void each_item(const Value& value, F&& visit) {
    for (const Json& item : value) {
      visit(item);
    }
  }
  template <class F>
  static void each_entry(const Value& value, F&& visit) {
    for (auto entry = value.begin(); entry != value.end(); ++entry) {
      visit(entry.key(), entry.value(), nullptr);
    }
  }
};

/// Appends "/token" to a JSON pointer.
void append_token(std::string& pointer, std::string_view token);
/// "spec.ingress[0].source" of "/spec/ingress/0/source".
std::string field_path(std::string_view pointer);
/// "did you mean 'asNumber'?" for a field that the struct does not have, or "".
std::string suggest_field(std::string_view name, const StructInfo& object);

/// More errors in one text than these are not reported.
inline constexpr std::size_t kDiagnosticsMax = 200;
/// Values of free form are not nested deeper than this.
inline constexpr std::size_t kNestingMax = 64;

template <class Tree>
class Decoder {
 public:
  using Value = typename Tree::Value;

  /// `prefix` stands before the paths of fields in messages: "items[3]".
  Decoder(bool strict, std::string prefix, std::vector<Diagnostic>& diagnostics, Positions& positions)
      : strict_(strict), prefix_(std::move(prefix)), diagnostics_(diagnostics), positions_(positions) {}

  /// The members of `value`, a map, by the table.
  Json object(const Value& value, const StructInfo& info) {
    Json out = Json::object();
    Tree::each_entry(value, [&](const std::string& key, const Value& item, const SourcePos* where) {
      const FieldInfo* field = find(info, key);
      const std::size_t size = pointer_.size();
      append_token(pointer_, key);
      note(where != nullptr ? where : Tree::where(item));
      if (field == nullptr) {
        if (strict_) {
          report(where, "field in document is not recognized or is in the wrong location: " + key,
                 suggest_field(key, info));
        }
      } else if (!Tree::is_null(item)) {
        if (Tree::where(item) != nullptr) {
          note(Tree::where(item));
        }
        owner_ = &info;
        Json decoded = any(item, *field->type);
        if (field->pointer || field->always || field->type->shape == Shape::object ||
            !is_empty_value(decoded)) {
          out[std::string(field->name)] = std::move(decoded);
        }
      }
      pointer_.resize(size);
    });
    for (const FieldInfo& field : info.fields) {
      if (field.always && !out.contains(field.name)) {
        add_empty(out, field);
      }
    }
    return out;
  }

  /// A value of any type; null where it is wrong, which has been reported.
  Json any(const Value& value, const TypeInfo& type) {
    if (depth_ >= kNestingMax) {
      report(Tree::where(value), "nested deeper than " + std::to_string(kNestingMax) + " levels");
      return {};
    }
    ++depth_;
    Json out = shaped(value, type);
    --depth_;
    return out;
  }

  std::string& pointer() { return pointer_; }
  void note(const SourcePos* where) {
    if (where != nullptr) {
      positions_[pointer_] = *where;
    }
  }
  void report(const SourcePos* where, std::string message, std::string hint = "") {
    failed_ = true;
    if (diagnostics_.size() < kDiagnosticsMax) {
      const std::string path = field_path(pointer_);
      diagnostics_.push_back({where != nullptr ? *where : SourcePos(),
                              prefix_ + (prefix_.empty() || path.empty() ? "" : ".") + path,
                              std::move(message), "", "", std::move(hint)});
    }
  }
  bool failed() const { return failed_; }

 private:
  Json shaped(const Value& value, const TypeInfo& type) {
    const bool is_map = Tree::is_map(value);
    const bool is_list = Tree::is_list(value);
    if (is_map && type.shape == Shape::object) {
      return object(value, *type.object);
    }
    if (is_list && (type.shape == Shape::list || type.shape == Shape::any)) {
      return list(value, type.shape == Shape::any ? type : *type.items);
    }
    if (is_map && (type.shape == Shape::map || type.shape == Shape::any)) {
      return map(value, type.shape == Shape::any ? type : *type.items);
    }
    const bool takes_scalar =
        type.shape != Shape::object && type.shape != Shape::list && type.shape != Shape::map;
    if (!is_map && !is_list && takes_scalar) {
      return scalar(value, type);
    }
    const std::string_view what = is_map ? "object" : is_list ? "array" : json_kind_of(value);
    report(Tree::where(value), unmarshal("cannot unmarshal " + std::string(what) +
                                         " into Go struct field %s of type " + go_type_name(type)));
    return {};
  }
  static const FieldInfo* find(const StructInfo& info, std::string_view name) {
    for (const FieldInfo& field : info.fields) {
      if (field.name == name) {
        return &field;
      }
    }
    return nullptr;
  }
  static std::string_view json_kind_of(const Value& value) {
    std::string buffer;
    const Json resolved = resolve(Tree::scalar(value, buffer));
    return resolved.is_boolean() ? "bool" : resolved.is_number() ? "number" : "string";
  }
  static void add_empty(Json& out, const FieldInfo& field) {
    if (field.type->shape == Shape::object) {
      out[std::string(field.name)] = Json::object();
    }
  }

  Json list(const Value& value, const TypeInfo& items) {
    Json out = Json::array();
    Tree::each_item(value, [&](const Value& item) {
      const std::size_t size = pointer_.size();
      append_token(pointer_, std::to_string(out.size()));
      note(Tree::where(item));
      out.push_back(Tree::is_null(item) ? empty_of(items) : any(item, items));
      pointer_.resize(size);
    });
    return out;
  }
  Json map(const Value& value, const TypeInfo& items) {
    Json out = Json::object();
    Tree::each_entry(value, [&](const std::string& key, const Value& item, const SourcePos* where) {
      const std::size_t size = pointer_.size();
      append_token(pointer_, key);
      note(where);
      out[key] = Tree::is_null(item) ? empty_of(items) : any(item, items);
      pointer_.resize(size);
    });
    return out;
  }
  /// What Go makes of a null in a list or a map: the zero value.
  static Json empty_of(const TypeInfo& type) {
    switch (type.shape) {
      case Shape::text:
      case Shape::time:
        return "";
      case Shape::boolean:
        return false;
      case Shape::integer:
      case Shape::number:
      case Shape::as_number:
      case Shape::port:
      case Shape::protocol:
      case Shape::int_or_text:
        return 0U;
      case Shape::duration:
        return "0s";
      case Shape::list:
        return Json::array();
      case Shape::map:
      case Shape::object:
        return Json::object();
      case Shape::any:
        break;
    }
    return {};
  }
  Json scalar(const Value& value, const TypeInfo& type) {
    if (Tree::is_null(value)) {
      return empty_of(type);
    }
    std::string buffer;
    std::string error;
    Json out = convert(Tree::scalar(value, buffer), type, error);
    if (!error.empty()) {
      report(Tree::where(value), unmarshal(std::move(error)));
    }
    return out;
  }
  /// Go's frame around a message of encoding/json.
  std::string unmarshal(std::string message) const {
    const std::size_t at = message.find("%s");
    if (at != std::string::npos) {
      std::string name = owner_ == nullptr ? std::string() : std::string(owner_->name) + ".";
      message = "json: " + message.replace(at, 2, name + field_path(pointer_));
    }
    return "error unmarshaling JSON: " + message;
  }

  bool strict_;
  bool failed_ = false;
  std::size_t depth_ = 0;
  std::string prefix_;
  std::vector<Diagnostic>& diagnostics_;
  Positions& positions_;
  std::string pointer_;
  const StructInfo* owner_ = nullptr;
};

}  // namespace catflap::calico
