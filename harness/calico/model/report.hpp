#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "calico/model/diagnostic.hpp"
#include "calico/model/field.hpp"
#include "calico/model/resource.hpp"

/// What rules say. For the .cpp files that hold tables of kinds.
namespace catflap::calico {

class Report {
 public:
  /// `positions` may be nullptr. Errors go to `out`.
  Report(const Positions* positions, std::vector<Diagnostic>& out) : positions_(positions), out_(out) {}

  /// An error of the Go validator over the value at `member` of the object under test: a JSON pointer without
  /// its first slash ("cidr", "source/ports"), or "" for the object itself. `field` is what Calico calls the
  /// field, `value` what it shows of it.
  void go(std::string_view member, std::string_view field, const Json& value, std::string_view reason,
          std::string_view hint = "");
  /// An error of the schema or a rule of the CRD.
  void crd(std::string_view member, const Json& value, std::string_view message);

  /// The JSON pointer of the object under test.
  std::string& pointer() { return pointer_; }

 private:
  void add(std::string_view member, Diagnostic diagnostic);

  const Positions* positions_;
  std::vector<Diagnostic>& out_;
  std::string pointer_;
};

/// As Go's %v prints it: "[a b]", "map[k:v]", "<nil>".
std::string go_value(const Json& value);

// For rules: members of an object, with the empty value where they are absent.

/// The member, or null.
const Json& get(const Json& object, std::string_view name);
bool has(const Json& object, std::string_view name);
/// "" if it is absent or no text.
const std::string& get_text(const Json& object, std::string_view name);
bool get_bool(const Json& object, std::string_view name);
/// 0 if it is absent.
double get_number(const Json& object, std::string_view name);
/// The items of a list, none if it is absent.
const Json& get_list(const Json& object, std::string_view name);

}  // namespace catflap::calico
