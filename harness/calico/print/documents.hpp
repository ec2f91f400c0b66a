#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

/// JSON and YAML as calicoctl writes them.
namespace catflap::calico::print {

/// The order of an object's keys: those it names that are there come first, the others follow by name. Given
/// the object itself and the path to it (names and "*" for elements of arrays).
using KeyOrder = std::function<std::vector<std::string>(const std::vector<std::string>& path)>;

/// The order of Calico's own structs: kind, apiVersion, metadata, spec, status, items, and that of
/// ObjectMeta. `spec` gives the order inside spec and status, by the path below the resource; nothing: by
/// name.
KeyOrder resource_order(KeyOrder spec = {});

/// As Go's json.MarshalIndent with two spaces: `<`, `>` and `&` are written \u003c, \u003e and \u0026, so are
/// control characters and U+2028/9; text that is no UTF-8 becomes U+FFFD. No newline at the end.
std::string go_json(const nlohmann::json& value, const KeyOrder& order = {});
/// The same on one line, as json.Marshal.
std::string go_json_line(const nlohmann::json& value, const KeyOrder& order = {});

/// As Go's yaml.v2 writes block style: keys sorted (numbers inside them by value), sequences not indented
/// below their keys, strings quoted where they would read as something else, `|` for several lines, lines
/// folded after column 80. Ends with a newline.
std::string go_yaml(const nlohmann::json& value);

}  // namespace catflap::calico::print
