#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

/// The tables that describe Calico's objects: what fields a struct has, what values they take, what is left
/// when they are not given. One table drives decoding, defaulting, validation, typed views and the exported
/// schema. Everything here is constant data; tables live as `constexpr` arrays in the .cpp files of their
/// kinds.
namespace catflap::calico {

using Json = nlohmann::json;

/// What a value is, as Go's type decides it: how text becomes a canonical value, and what is refused as of
/// the wrong type.
enum class Shape : std::uint8_t {
  text,
  boolean,
  integer,      ///< a whole number within 64 bits
  number,       ///< a floating point number
  as_number,    ///< 64512, "64512" or "1.10"; kept as a number
  port,         ///< 80, "80", "80:90" or a name; one number is kept as a number
  protocol,     ///< "TCP" or 6; a numeric text becomes a number
  int_or_text,  ///< Kubernetes' IntOrString
  duration,     ///< Go's text for a duration; kept in Go's canonical form, "2m0s"
  time,         ///< RFC 3339
  list,
  map,     ///< keys are free, all values of one type
  object,  ///< a struct with a table
  any,     ///< kept as it is
};

class Report;
struct StructInfo;
struct TypeInfo;

inline constexpr std::int64_t kNoMinimum = std::numeric_limits<std::int64_t>::min();
inline constexpr std::int64_t kNoMaximum = std::numeric_limits<std::int64_t>::max();

/// A rule of Calico's Go validator over one value: the name of its struct tag, and whether the value passes.
struct Tag {
  std::string_view name;
  bool (*holds)(const Json& value) = nullptr;
  /// What Calico says where the rule fails; "" for "Reason: failed to validate Field: X because of Tag: Y ".
  std::string_view reason = "";
  const Tag* next = nullptr;  ///< asked where this one holds
};

/// The limits of one value that stand in the schema of the CRD. An empty list or pointer is no limit.
struct Schema {
  std::int64_t minimum = kNoMinimum;  ///< of numbers
  std::int64_t maximum = kNoMaximum;
  std::uint32_t min_length = 0;  ///< of texts
  std::uint32_t max_length = 0;  ///< 0: no limit
  std::uint32_t min_items = 0;   ///< of lists
  std::uint32_t max_items = 0;   ///< 0: no limit
  bool unique = false;           ///< a list that is a set
  std::span<const std::string_view> words = {};
  bool any_case = false;                        ///< of words
  std::string_view pattern = "";                ///< for the exported schema and the message
  bool (*matches)(std::string_view) = nullptr;  ///< decides in place of `pattern`
  std::string_view format = "";                 ///< "cidr"
};

/// Rules over a whole value: between the fields of one struct, or of one scalar that Go keeps as a struct.
using Rule = void (*)(const Json& value, Report& report);

struct TypeInfo {
  Shape shape = Shape::text;
  const StructInfo* object = nullptr;  ///< of Shape::object
  const TypeInfo* items = nullptr;     ///< of Shape::list and Shape::map
  const Tag* tag = nullptr;            ///< holds for every value of this type that is not empty
  const Schema* schema = nullptr;
  Rule rules = nullptr;           ///< of scalars; those of structs stand in StructInfo
  std::int64_t low = kNoMinimum;  ///< of Shape::integer: what Go's type can hold
  std::int64_t high = kNoMaximum;
  std::string_view go_type = "";  ///< for messages: "uint16"; "" is told by the shape
};

struct FieldInfo {
  std::string_view name;          ///< as in JSON: "peerIP"
  std::string_view go_name = "";  ///< as in messages, where not `name` with a capital letter: "ASNumber"
  const TypeInfo* type = nullptr;
  const Tag* tag = nullptr;        ///< of the field, beside that of its type
  const Schema* schema = nullptr;  ///< of the field, beside that of its type
  bool required = false;           ///< the CRD asks for it
  bool mandatory = false;          ///< Go's tag "required": must not be absent or empty
  bool checks_empty = false;       ///< no "omitempty" before the tag: it is asked about an empty value too
  bool pointer = false;            ///< absent and empty differ: an empty value is kept and validated
  bool always = false;             ///< no "omitempty": written even when empty
  std::string_view write_default = "";  ///< JSON text that is stored where the field is absent
  std::string_view default_value = "";  ///< JSON text of what absent means, where nothing is stored
  std::string_view doc = "";
};

struct StructInfo {
  std::string_view name;  ///< Go's type: "BGPPeerSpec"
  std::span<const FieldInfo> fields = {};
  Rule rules = nullptr;      ///< of the Go validator
  Rule crd_rules = nullptr;  ///< x-kubernetes-validations of the CRD
};

}  // namespace catflap::calico
