#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "calico/model/field.hpp"

/// One value of a document, as YAML or JSON give it, made into what a field's type asks for.
namespace catflap::calico {

/// A scalar of a document. A plain one is what YAML 1.1 takes it for: a number, a truth value or a text.
struct Scalar {
  std::string_view text;
  bool quoted = false;  ///< always a text
};

/// What YAML 1.1 (as Go's yaml.v2 reads it) takes a scalar for: boolean, integer, number, or text.
Json resolve(const Scalar& scalar);

/// `scalar` as a canonical value of `type`, one of the scalar shapes. An empty `error` is success; else it is
/// Go's or Calico's message, and for a wrong type "cannot unmarshal number into Go struct field %s of type
/// string" with %s for the field.
Json convert(const Scalar& scalar, const TypeInfo& type, std::string& error);

/// Go's name of a type, for messages: "string", "[]string", "map[string]string", "v3.BGPPeerSpec".
std::string go_type_name(const TypeInfo& type);

/// True for what Go's encoding/json leaves out with "omitempty": false, 0, "", an empty list or map, null.
bool is_empty_value(const Json& value);

}  // namespace catflap::calico
