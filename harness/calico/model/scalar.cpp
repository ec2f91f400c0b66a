#include "calico/model/scalar.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>

#include "calico/model/types.hpp"

namespace catflap::calico {

namespace {

constexpr std::array<std::string_view, 11> kTrueWords = {"y",    "Y",    "yes", "Yes", "YES", "true",
                                                         "True", "TRUE", "on",  "On",  "ON"};
constexpr std::array<std::string_view, 11> kFalseWords = {"n",     "N",     "no",  "No",  "NO", "false",
                                                          "False", "FALSE", "off", "Off", "OFF"};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& words, std::string_view text) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Digits of `base` as a number; the sign separate, so that the whole range of 64 bits is there.
std::optional<Json> integer_of(std::string_view digits, int base, bool negative) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) {
    return std::nullopt;
  }
  if (!negative) {
    return Json(value);
  }
  constexpr std::uint64_t kLowest = std::uint64_t{1} << 63U;
  if (value > kLowest) {
    return std::nullopt;
  }
  return Json(static_cast<std::int64_t>(0 - value));
}

std::optional<Json> resolve_integer(std::string_view plain) {
  const bool negative = plain.front() == '-';
  std::string digits(negative || plain.front() == '+' ? plain.substr(1) : plain);
  if (digits.empty() || !is_digit(digits.front())) {
    return std::nullopt;
  }
  digits.erase(std::remove(digits.begin(), digits.end(), '_'), digits.end());
  const std::string_view view(digits);
  if (view.size() > 2 && view[0] == '0' && (view[1] == 'x' || view[1] == 'X')) {
    return integer_of(view.substr(2), 16, negative);
  }
  if (view.size() > 2 && view[0] == '0' && view[1] == 'b') {
    return integer_of(view.substr(2), 2, negative);
  }
  if (view.size() > 2 && view[0] == '0' && view[1] == 'o') {
    return integer_of(view.substr(2), 8, negative);
  }
  if (view.size() > 1 && view[0] == '0') {
    return integer_of(view.substr(1), 8, negative);
  }
  return integer_of(view, 10, negative);
}

/// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
bool looks_like_number(std::string_view text) {
  std::size_t at = text.front() == '-' || text.front() == '+' ? 1 : 0;
  const auto digits = [&]() {
    const std::size_t from = at;
    while (at < text.size() && is_digit(text[at])) {
      ++at;
    }
    return at - from;
  };
  std::size_t count = digits();
  if (at < text.size() && text[at] == '.') {
    ++at;
    count += digits();
  }
  if (count == 0) {
    return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) {
      ++at;
    }
    if (digits() == 0) {
      return false;
    }
  }
  return at == text.size();
}

std::optional<Json> resolve_number(std::string_view plain) {
  if (!looks_like_number(plain)) {
    return std::nullopt;
  }
  const std::string_view digits = plain.front() == '+' ? plain.substr(1) : plain;
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return Json(value);
}

std::string_view json_kind(const Json& value) {
  if (value.is_boolean()) {
    return "bool";
  }
  return value.is_number() ? "number" : "string";
}

/// What a text field takes of `value`: YAML's numbers and truth values as Go writes them.
std::string text_of(const Json& value) {
  if (value.is_boolean()) {
    return value.get<bool>() ? "true" : "false";
  }
  if (value.is_number_float()) {
    return to_go_string(value.get<double>());
  }
  if (value.is_number()) {
    return value.dump();
  }
  return value.get<std::string>();
}

std::string wrong_type(const Json& value, const TypeInfo& type) {
  std::string what(json_kind(value));
  if (what == "number" && type.shape == Shape::integer) {
    what += " " + value.dump();
  }
  return "cannot unmarshal " + what + " into Go struct field %s of type " + go_type_name(type);
}

/// A whole number within Go's type.
std::optional<Json> whole(const Json& value, std::int64_t low, std::int64_t high) {
  Json number = value;
  if (value.is_number_float()) {
    const double real = value.get<double>();
    if (std::floor(real) != real || std::abs(real) > 9e15) {
      return std::nullopt;
    }
    number = static_cast<std::int64_t>(real);
  }
  if (!number.is_number_integer()) {
    return std::nullopt;
  }
  if (number.is_number_unsigned()) {
    const auto bits = number.get<std::uint64_t>();
    if (high < 0 || bits > static_cast<std::uint64_t>(high) ||
        (low > 0 && bits < static_cast<std::uint64_t>(low))) {
      return std::nullopt;
    }
    return Json(bits);
  }
  const auto bits = number.get<std::int64_t>();
  if (bits < low || bits > high) {
    return std::nullopt;
  }
  // One number has one form: what is not negative is unsigned.
  return bits >= 0 ? Json(static_cast<std::uint64_t>(bits)) : Json(bits);
}

Json as_number(const Scalar& scalar, const Json& value, const TypeInfo& type, std::string& error) {
  // Unquoted 1.10 is a number to YAML, whose last 0 would be lost: the text decides.
  const auto number = parse_as_number(scalar.text);
  if (number && (value.is_string() || value.is_number())) {
    return *number;
  }
  if (value.is_string()) {
    error = number.error().message;
  } else if (const auto plain = whole(value, 0, 0xFFFFFFFF)) {
    return *plain;
  } else {
    error = wrong_type(value, type);
  }
  return {};
}

Json port(const Json& value, const TypeInfo& type, std::string& error) {
  if (value.is_string()) {
    const auto range = parse_port(value.get<std::string>());
    if (!range) {
      error = range.error().message;
      return {};
    }
    return range->name.empty() && range->low == range->high ? Json(range->low) : Json(to_string(*range));
  }
  if (const auto number = whole(value, 0, 0xFFFF)) {
    return *number;
  }
  error = wrong_type(value, type);
  return {};
}

Json protocol(const Json& value, const TypeInfo& type, std::string& error) {
  if (value.is_string()) {
    const std::string text = value.get<std::string>();
    const auto number = parse_unsigned(text, 0xFF);
    return number ? Json(*number) : Json(text);
  }
  if (const auto number = whole(value, 0, 0xFF)) {
    return *number;
  }
  error = wrong_type(value, type);
  return {};
}

Json duration(const Scalar& scalar, const Json& value, const TypeInfo& type, std::string& error) {
  if (!value.is_string()) {
    if (scalar.text == "0") {
      return "0s";
    }
    error = wrong_type(value, type);
    return {};
  }
  const auto parsed = parse_go_duration(value.get<std::string>());
  if (!parsed) {
    error = parsed.error().message;
    return {};
  }
  return to_go_string(*parsed);
}

}  // namespace

Json resolve(const Scalar& scalar) {
  if (!scalar.quoted && !scalar.text.empty()) {
    const char first = scalar.text.front();
    if (contains(kTrueWords, scalar.text)) {
      return true;
    }
    if (contains(kFalseWords, scalar.text)) {
      return false;
    }
    if (is_digit(first) || first == '-' || first == '+' || first == '.') {
      if (const auto integer = resolve_integer(scalar.text)) {
        return *integer;
      }
      if (const auto number = resolve_number(scalar.text)) {
        return *number;
      }
    }
  }
  return std::string(scalar.text);
}

Json convert(const Scalar& scalar, const TypeInfo& type, std::string& error) {
  Json value = resolve(scalar);
  switch (type.shape) {
    case Shape::text:
    case Shape::time:
      return text_of(value);
    case Shape::any:
      return value;
    case Shape::boolean:
      if (value.is_boolean()) {
        return value;
      }
      break;
    case Shape::integer:
      if (const auto number = whole(value, type.low, type.high)) {
        return *number;
      }
      break;
    case Shape::number:
      if (value.is_number()) {
        const auto number = whole(value, kNoMinimum, kNoMaximum);
        return number ? *number : value;
      }
      break;
    case Shape::as_number:
      return as_number(scalar, value, type, error);
    case Shape::port:
      return port(value, type, error);
    case Shape::protocol:
      return protocol(value, type, error);
    case Shape::int_or_text:
      if (value.is_number()) {
        if (const auto number = whole(value, -0x80000000LL, 0x7FFFFFFF)) {
          return *number;
        }
        break;
      }
      return text_of(value);
    case Shape::duration:
      return duration(scalar, value, type, error);
    case Shape::list:
    case Shape::map:
    case Shape::object:
      break;
  }
  error = wrong_type(value, type);
  return {};
}

std::string go_type_name(const TypeInfo& type) {
  if (!type.go_type.empty()) {
    return std::string(type.go_type);
  }
  switch (type.shape) {
    case Shape::text:
      return "string";
    case Shape::boolean:
      return "bool";
    case Shape::integer:
      return "int";
    case Shape::number:
      return "float64";
    case Shape::as_number:
      return "uint32";
    case Shape::port:
      return "uint16";
    case Shape::protocol:
      return "uint8";
    case Shape::int_or_text:
      return "int32";
    case Shape::duration:
      return "string";
    case Shape::time:
      return "v1.Time";
    case Shape::list:
      return "[]" + go_type_name(*type.items);
    case Shape::map:
      return "map[string]" + go_type_name(*type.items);
    case Shape::object:
      return "v3." + std::string(type.object->name);
    case Shape::any:
      break;
  }
  return "interface {}";
}

bool is_empty_value(const Json& value) {
  switch (value.type()) {
    case Json::value_t::null:
      return true;
    case Json::value_t::boolean:
      return !value.get<bool>();
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      return value == 0;
    case Json::value_t::number_float:
      return value.get<double>() == 0;
    case Json::value_t::string:
    case Json::value_t::array:
    case Json::value_t::object:
      return value.is_string() ? value.get_ref<const std::string&>().empty() : value.empty();
    case Json::value_t::binary:
    case Json::value_t::discarded:
      break;
  }
  return false;
}

}  // namespace catflap::calico
