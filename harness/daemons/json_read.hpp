#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

/// Reading what daemons print: whatever is not there, or is something else, is nothing.
namespace catflap::daemons::json_read {

using nlohmann::json;

inline const json& member(const json& object, const char* key) {
  static const json kNothing;
  if (!object.is_object()) {
    return kNothing;
  }
  const auto at = object.find(key);
  return at == object.end() ? kNothing : *at;
}

inline std::string text(const json& object, const char* key) {
  const json& value = member(object, key);
  return value.is_string() ? value.get<std::string>() : "";
}

/// Some print numbers as text.
inline std::optional<std::uint64_t> number(const json& object, const char* key) {
  const json& value = member(object, key);
  if (value.is_number_unsigned() || (value.is_number_integer() && value.get<std::int64_t>() >= 0)) {
    return value.get<std::uint64_t>();
  }
  if (!value.is_string() || value.get_ref<const std::string&>().empty() ||
      value.get_ref<const std::string&>().size() > 18 ||
      value.get_ref<const std::string&>().find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;
  }
  return std::stoull(value.get_ref<const std::string&>());
}

inline std::optional<std::uint32_t> number32(const json& object, const char* key) {
  const auto value = number(object, key);
  return value && *value <= 0xFFFFFFFFU ? std::optional(static_cast<std::uint32_t>(*value)) : std::nullopt;
}

inline bool flag(const json& object, const char* key) {
  const json& value = member(object, key);
  return value.is_boolean() && value.get<bool>();
}

}  // namespace catflap::daemons::json_read
