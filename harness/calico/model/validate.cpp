#include <algorithm>
#include <string>
#include <utility>

#include "base/assert.hpp"
#include "calico/model/decode.hpp"
#include "calico/model/decoder.hpp"
#include "calico/model/kind.hpp"
#include "calico/model/report.hpp"
#include "calico/model/selector.hpp"
#include "calico/model/types.hpp"

namespace catflap::calico {

// --- helpers of rules
// ------------------------------------------------------------------------------------------

std::string go_value(const Json& value) {
  if (value.is_string()) {
    return value.get<std::string>();
  }
  if (value.is_null()) {
    return "<nil>";
  }
  if (value.is_number_float()) {
    return to_go_string(value.get<double>());
  }
  if (!value.is_structured()) {
    return value.dump();
  }
  std::string out;
  for (auto item = value.begin(); item != value.end(); ++item) {
    out += (out.empty() ? "" : " ") + (value.is_object() ? item.key() + ":" : "") + go_value(item.value());
  }
  return (value.is_object() ? "map[" : "[") + out + "]";
}

const Json& get(const Json& object, std::string_view name) {
  static const Json kNull;
  if (!object.is_object()) {
    return kNull;
  }
  const auto found = object.find(name);
  return found == object.end() ? kNull : *found;
}

bool has(const Json& object, std::string_view name) {
  return !get(object, name).is_null();
}

const std::string& get_text(const Json& object, std::string_view name) {
  static const std::string kEmpty;
  const Json& value = get(object, name);
  return value.is_string() ? value.get_ref<const std::string&>() : kEmpty;
}

bool get_bool(const Json& object, std::string_view name) {
  const Json& value = get(object, name);
  return value.is_boolean() && value.get<bool>();
}

double get_number(const Json& object, std::string_view name) {
  const Json& value = get(object, name);
  return value.is_number() ? value.get<double>() : 0;
}

const Json& get_list(const Json& object, std::string_view name) {
  static const Json kNone = Json::array();
  const Json& value = get(object, name);
  return value.is_array() ? value : kNone;
}

// --- Report
// ----------------------------------------------------------------------------------------------------

void Report::add(std::string_view member, Diagnostic diagnostic) {
  std::string at = pointer_;
  if (!member.empty()) {
    at += "/" + std::string(member);
  }
  diagnostic.path = field_path(at);
  if (positions_ != nullptr) {
    // The position of the value, or of the nearest value around it that was written.
    for (std::string_view rest = at;; rest = rest.substr(0, rest.rfind('/'))) {
      const auto found = positions_->find(rest);
      if (found != positions_->end()) {
        diagnostic.where = found->second;
      }
      if (found != positions_->end() || rest.empty()) {
        break;
      }
    }
  }
  if (out_.size() < kDiagnosticsMax) {
    out_.push_back(std::move(diagnostic));
  }
}

void Report::go(std::string_view member, std::string_view field, const Json& value, std::string_view reason,
                std::string_view hint) {
  add(member, {{}, "", std::string(reason), std::string(field), go_value(value), std::string(hint)});
}

void Report::crd(std::string_view member, const Json& value, std::string_view message) {
  add(member, {{}, "", std::string(message), "", go_value(value), ""});
}

// --- the Go validator
// ------------------------------------------------------------------------------------------

namespace {

const Json& no_members() {
  static const Json kNone = Json::object();
  return kNone;
}

std::string go_name(const FieldInfo& field) {
  if (!field.go_name.empty()) {
    return std::string(field.go_name);
  }
  std::string name(field.name);
  if (!name.empty() && name[0] >= 'a' && name[0] <= 'z') {
    name[0] = static_cast<char>(name[0] - 'a' + 'A');
  }
  return name;
}

/// Walks a value along its tables and holds it against their rules.
class Walker {
 public:
  explicit Walker(Report& report) : report_(report) {}
  virtual ~Walker() = default;

  void object(const Json& value, const StructInfo& info) {
    if (!value.is_object()) {
      return;
    }
    for (const FieldInfo& field : info.fields) {
      const Scope scope(report_, field.name);
      member(value, field);
    }
    rules(value, info);
  }

 protected:
  /// The pointer of the report, one token longer while it lives.
  class Scope {
   public:
    Scope(Report& report, std::string_view token) : report_(report), size_(report.pointer().size()) {
      append_token(report.pointer(), token);
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope() { report_.pointer().resize(size_); }

   private:
    Report& report_;
    std::size_t size_;
  };

  virtual void member(const Json& owner, const FieldInfo& field) = 0;
  virtual void rules(const Json& value, const StructInfo& info) = 0;

  Report& report() { return report_; }

 private:
  Report& report_;
};

class GoWalker : public Walker {
 public:
  using Walker::Walker;

  void value(const Json& value, const TypeInfo& type, const std::string& name) {
    if (type.tag != nullptr) {
      check(value, *type.tag, name);
    }
    if (type.rules != nullptr) {
      type.rules(value, report());
    }
    if (type.shape == Shape::object) {
      object(value, *type.object);
    } else if (type.items != nullptr && value.is_structured()) {
      std::size_t index = 0;
      for (auto item = value.begin(); item != value.end(); ++item, ++index) {
        const std::string key = value.is_object() ? item.key() : std::to_string(index);
        const Scope scope(report(), key);
        this->value(item.value(), *type.items, name + "[" + key + "]");
      }
    }
  }

 protected:
  void member(const Json& owner, const FieldInfo& field) override {
    const Json& found = get(owner, field.name);
    const bool empty = is_empty_value(found);
    if (field.mandatory && (found.is_null() || (empty && !field.pointer))) {
      failed(found.is_null() ? Json("") : found, "required", "", go_name(field));
      return;
    }
    if (found.is_null()) {
      if (field.type->shape == Shape::object && !field.pointer) {
        object(no_members(), *field.type->object);
      } else if (field.checks_empty && field.tag != nullptr) {
        check(field.type->shape == Shape::text ? Json("") : Json(0U), *field.tag, go_name(field));
      }
      return;
    }
    if (empty && !field.pointer && !field.checks_empty && field.type->shape != Shape::object) {
      return;
    }
    if (field.tag != nullptr) {
      check(found, *field.tag, go_name(field));
    }
    value(found, *field.type, go_name(field));
  }
  void rules(const Json& value, const StructInfo& info) override {
    if (info.rules != nullptr) {
      info.rules(value, report());
    }
  }

 private:
  void check(const Json& value, const Tag& tag, const std::string& name) {
    for (const Tag* one = &tag; one != nullptr; one = one->next) {
      if (!one->holds(value)) {
        failed(value, one->name, one->reason, name);
        return;
      }
    }
  }
  void failed(const Json& value, std::string_view tag, std::string_view reason, const std::string& name) {
    // Calico only says that a selector is wrong; we know where.
    std::string hint;
    if (tag == "selector" && value.is_string()) {
      const auto selector = Selector::parse(value.get_ref<const std::string&>());
      hint = selector ? "" : selector.error().message;
      if (!selector && selector.error().where) {
        hint += " (column " + std::to_string(selector.error().where->column) + ")";
      }
    }
    report().go("", name, value,
                reason.empty() ? "Reason: failed to validate Field: " + name +
                                     " because of Tag: " + std::string(tag) + " "
                               : std::string(reason),
                hint);
  }
};

// --- the schema of the CRD
// -------------------------------------------------------------------------------------

bool same_word(std::string_view a, std::string_view b, bool any_case) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return any_case ? lower(x) == lower(y) : x == y; });
}

/// Characters, not octets: what OpenAPI's maxLength counts.
std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

std::string items_text(std::uint32_t count) {
  return std::to_string(count) + (count == 1 ? " item" : " items");
}

std::string words_text(const Schema& schema) {
  std::string out = "supported values: ";
  for (std::size_t i = 0; i < schema.words.size(); ++i) {
    out += (i == 0 ? "\"" : ", \"") + std::string(schema.words[i]) + "\"";
  }
  return out;
}

class CrdWalker : public Walker {
 public:
  using Walker::Walker;

  void value(const Json& value, const TypeInfo& type) {
    if (type.schema != nullptr) {
      check(value, *type.schema);
    }
    if (type.shape == Shape::object) {
      object(value, *type.object);
    } else if (type.items != nullptr && value.is_structured()) {
      std::size_t index = 0;
      for (auto item = value.begin(); item != value.end(); ++item, ++index) {
        const Scope scope(report(), value.is_object() ? item.key() : std::to_string(index));
        this->value(item.value(), *type.items);
      }
    }
  }

 protected:
  void member(const Json& owner, const FieldInfo& field) override {
    const Json& found = get(owner, field.name);
    if (found.is_null()) {
      if (field.required && field.write_default.empty()) {
        report().crd("", "", "Required value");
      }
      return;
    }
    if (field.schema != nullptr) {
      check(found, *field.schema);
    }
    value(found, *field.type);
  }
  void rules(const Json& value, const StructInfo& info) override {
    if (info.crd_rules != nullptr) {
      info.crd_rules(value, report());
    }
  }

 private:
  void check(const Json& value, const Schema& schema) {
    if (value.is_number()) {
      check_number(value, schema);
    } else if (value.is_string()) {
      check_text(value, schema);
    } else if (value.is_array()) {
      check_list(value, schema);
    }
  }
  void check_number(const Json& value, const Schema& schema) {
    const double number = value.get<double>();
    const std::string body = field_path(report().pointer()) + " in body should be ";
    if (schema.minimum != kNoMinimum && number < static_cast<double>(schema.minimum)) {
      report().crd("", value, body + "greater than or equal to " + std::to_string(schema.minimum));
    }
    if (schema.maximum != kNoMaximum && number > static_cast<double>(schema.maximum)) {
      report().crd("", value, body + "less than or equal to " + std::to_string(schema.maximum));
    }
  }
  void check_text(const Json& value, const Schema& schema) {
    const std::string& text = value.get_ref<const std::string&>();
    const std::string body = field_path(report().pointer()) + " in body ";
    const std::size_t length = count_characters(text);
    if (schema.max_length != 0 && length > schema.max_length) {
      report().crd("", value, "may not be more than " + std::to_string(schema.max_length) + " bytes");
    }
    if (length < schema.min_length) {
      report().crd("", value,
                   body + "should be at least " + std::to_string(schema.min_length) + " chars long");
    }
    const bool known = schema.words.empty() ||
                       std::any_of(schema.words.begin(), schema.words.end(), [&](std::string_view word) {
                         return same_word(word, text, schema.any_case);
                       });
    if (!known) {
      report().crd("", value, words_text(schema));
    }
    if (schema.matches != nullptr && !schema.matches(text)) {
      report().crd("", value,
                   schema.format.empty()
                       ? body + "should match '" + std::string(schema.pattern) + "'"
                       : body + "must be of type " + std::string(schema.format) + ": \"" + text + "\"");
    }
  }
  void check_list(const Json& value, const Schema& schema) {
    if (schema.max_items != 0 && value.size() > schema.max_items) {
      report().crd("", value.size(), "must have at most " + items_text(schema.max_items));
    }
    if (value.size() < schema.min_items) {
      report().crd(
          "", value.size(),
          field_path(report().pointer()) + " in body should have at least " + items_text(schema.min_items));
    }
    if (schema.unique) {
      for (std::size_t i = 1; i < value.size(); ++i) {
        const auto end = value.begin() + static_cast<std::ptrdiff_t>(i);
        if (std::find(value.begin(), end, value[i]) != end) {
          report().crd(std::to_string(i), value[i], "Duplicate value");
          break;  // one is enough, and the search is quadratic
        }
      }
    }
  }
};

/// Where a schema has a default, the rules see it: the API server sets it first.
void add_crd_defaults(Json& object, const StructInfo& info);

void add_crd_defaults(Json& value, const TypeInfo& type) {
  if (type.shape == Shape::object && value.is_object()) {
    add_crd_defaults(value, *type.object);
  } else if (type.items != nullptr && value.is_structured()) {
    for (Json& item : value) {
      add_crd_defaults(item, *type.items);
    }
  }
}

void add_crd_defaults(Json& object, const StructInfo& info) {
  for (const FieldInfo& field : info.fields) {
    const auto found = object.find(field.name);
    if (found != object.end()) {
      add_crd_defaults(*found, *field.type);
    } else if (!field.write_default.empty()) {
      object[std::string(field.name)] = Json::parse(field.write_default, nullptr, false);
    }
  }
}

}  // namespace

std::vector<Diagnostic> validate_part(const Json& value, const TypeInfo& type, const Rules& rules,
                                      const Positions* positions) {
  std::vector<Diagnostic> out;
  Report report(positions, out);
  if (rules.go) {
    GoWalker(report).value(value, type, "");
  }
  if (rules.crd) {
    Json defaulted = value;
    add_crd_defaults(defaulted, type);
    CrdWalker(report).value(defaulted, type);
  }
  return out;
}

std::vector<Diagnostic> validate(const Resource& resource, const Rules& rules) {
  const TypeInfo type{.shape = Shape::object, .object = resource.kind().object};
  return validate_part(resource.document(), type, rules, &resource.positions());
}

Status check_valid(const Resource& resource) {
  const std::vector<Diagnostic> found = validate(resource);
  if (found.empty()) {
    return {};
  }
  Error error{Errc::invalid, calico_text(found)};
  if (found.front().where.line != 0) {
    error.where = found.front().where;
  }
  return fail(std::move(error));
}

namespace {

/// What Go writes although it is empty, without "omitempty".
void add_zero_values(Json& object, const StructInfo& info);

void add_zero_values(Json& value, const TypeInfo& type) {
  if (type.shape == Shape::object && value.is_object()) {
    add_zero_values(value, *type.object);
  } else if (type.items != nullptr && value.is_structured()) {
    for (Json& item : value) {
      add_zero_values(item, *type.items);
    }
  }
}

void add_zero_values(Json& object, const StructInfo& info) {
  for (const FieldInfo& field : info.fields) {
    const auto found = object.find(field.name);
    if (found != object.end()) {
      add_zero_values(*found, *field.type);
    } else if (field.always && !field.pointer) {
      const Shape shape = field.type->shape;
      if (shape == Shape::text || shape == Shape::boolean || shape == Shape::integer) {
        object[std::string(field.name)] = shape == Shape::text      ? Json("")
                                          : shape == Shape::boolean ? Json(false)
                                                                    : Json(0U);
      }
    }
  }
}

}  // namespace

void set_defaults(Resource& resource) {
  add_crd_defaults(resource.document(), *resource.kind().object);
  if (resource.kind().defaults != nullptr) {
    resource.kind().defaults(resource.document());
  }
  add_zero_values(resource.document(), *resource.kind().object);
}

}  // namespace catflap::calico
