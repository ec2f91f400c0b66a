#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "observe/snapshot.hpp"

/// How single values look in JSON. Internal to observe: include only from its .cpp files.
namespace catflap::observe::codec {

using Json = nlohmann::json;

/// encode(T) makes JSON of a value; decode(json, T&) is false for JSON of another shape.
template <class T>
struct Value;

template <class T>
concept Integer = std::is_integral_v<T> && !std::is_same_v<T, bool>;

template <Integer T>
struct Value<T> {
  static Json encode(T value) { return value; }
  static bool decode(const Json& json, T& value) {
    if (json.is_number_unsigned()) {
      const auto number = json.get<std::uint64_t>();
      value = static_cast<T>(number);
      return std::in_range<T>(number);
    }
    if (json.is_number_integer()) {
      const auto number = json.get<std::int64_t>();
      value = static_cast<T>(number);
      return std::in_range<T>(number);
    }
    return false;
  }
};

template <>
struct Value<bool> {
  static Json encode(bool value) { return value; }
  static bool decode(const Json& json, bool& value) {
    if (!json.is_boolean()) {
      return false;
    }
    value = json.get<bool>();
    return true;
  }
};

template <>
struct Value<std::string> {
  static Json encode(const std::string& value) { return value; }
  static bool decode(const Json& json, std::string& value) {
    if (!json.is_string()) {
      return false;
    }
    value = json.get_ref<const std::string&>();
    return true;
  }
};

/// Values that are text in JSON: `parse` makes something like an optional<T> of it.
template <class T, class Parse>
bool decode_text(const Json& json, T& value, Parse parse) {
  if (!json.is_string()) {
    return false;
  }
  const auto parsed = parse(json.get_ref<const std::string&>());
  if (!parsed) {
    return false;
  }
  value = *parsed;
  return true;
}

template <>
struct Value<net::IpAddr> {
  static Json encode(const net::IpAddr& value) { return net::to_string(value); }
  static bool decode(const Json& json, net::IpAddr& value) {
    return decode_text<net::IpAddr>(json, value,
                                    [](const std::string& text) { return net::IpAddr::parse(text); });
  }
};
template <>
struct Value<net::Prefix> {
  static Json encode(const net::Prefix& value) { return net::to_string(value); }
  static bool decode(const Json& json, net::Prefix& value) {
    return decode_text<net::Prefix>(json, value,
                                    [](const std::string& text) { return net::Prefix::parse(text); });
  }
};
template <>
struct Value<net::InterfaceAddress> {
  static Json encode(const net::InterfaceAddress& value) { return net::to_string(value); }
  static bool decode(const Json& json, net::InterfaceAddress& value) {
    return decode_text<net::InterfaceAddress>(
        json, value, [](const std::string& text) { return net::InterfaceAddress::parse(text); });
  }
};
template <>
struct Value<net::Family> {
  static Json encode(net::Family value) { return std::string(net::to_string(value)); }
  static bool decode(const Json& json, net::Family& value) {
    return decode_text<net::Family>(json, value, [](const std::string& text) -> std::optional<net::Family> {
      if (text == "ipv4") {
        return net::Family::ipv4;
      }
      return text == "ipv6" ? std::optional(net::Family::ipv6) : std::nullopt;
    });
  }
};
template <>
struct Value<SessionState> {
  static Json encode(SessionState value) { return std::string(to_string(value)); }
  static bool decode(const Json& json, SessionState& value) {
    return decode_text<SessionState>(json, value,
                                     [](const std::string& text) { return parse_session_state(text); });
  }
};
template <>
struct Value<ProtocolState> {
  static Json encode(ProtocolState value) { return std::string(to_string(value)); }
  static bool decode(const Json& json, ProtocolState& value) {
    return decode_text<ProtocolState>(json, value,
                                      [](const std::string& text) { return parse_protocol_state(text); });
  }
};
template <>
struct Value<ProtocolKind> {
  static Json encode(ProtocolKind value) { return std::string(to_string(value)); }
  static bool decode(const Json& json, ProtocolKind& value) {
    return decode_text<ProtocolKind>(
        json, value, [](const std::string& text) { return std::optional(parse_protocol_kind(text)); });
  }
};
template <>
struct Value<RouteType> {
  static Json encode(RouteType value) { return std::string(to_string(value)); }
  static bool decode(const Json& json, RouteType& value) {
    return decode_text<RouteType>(json, value,
                                  [](const std::string& text) { return parse_route_type(text); });
  }
};
template <>
struct Value<MalformedAction> {
  static Json encode(MalformedAction value) { return std::string(to_string(value)); }
  static bool decode(const Json& json, MalformedAction& value) {
    return decode_text<MalformedAction>(json, value,
                                        [](const std::string& text) { return parse_malformed_action(text); });
  }
};
template <>
struct Value<Duration> {
  static Json encode(Duration value) { return value.count(); }
  static bool decode(const Json& json, Duration& value) {
    std::int64_t count = 0;
    const bool ok = Value<std::int64_t>::decode(json, count);
    value = Duration(count);
    return ok;
  }
};
template <>
struct Value<Instant> {
  static Json encode(Instant value) { return value.since_origin().count(); }
  static bool decode(const Json& json, Instant& value) {
    Duration since_origin{};
    const bool ok = Value<Duration>::decode(json, since_origin);
    value = Instant(since_origin);
    return ok;
  }
};

template <>
struct Value<net::AsPath> {
  static Json encode(const net::AsPath& value);
  static bool decode(const Json& json, net::AsPath& value);
};
template <>
struct Value<net::LargeCommunity> {
  static Json encode(const net::LargeCommunity& value) {
    return fmt::format("{}:{}:{}", value.global, value.local1, value.local2);
  }
  static bool decode(const Json& json, net::LargeCommunity& value);
};

/// Communities and identifiers are plain integers in the model but text in JSON; tags tell them from counts.
struct CommunityText {
  static std::string encode(std::uint32_t value) {
    return fmt::format("{}:{}", value >> 16U, value & 0xFFFFU);
  }
  static bool decode(const std::string& text, std::uint32_t& value);
};
struct ExtCommunityText {
  static std::string encode(std::uint64_t value) { return fmt::format("{:016x}", value); }
  static bool decode(const std::string& text, std::uint64_t& value);
};
struct IdentifierText {
  static std::string encode(std::uint32_t value) { return net::to_string(net::IpAddr::v4(value)); }
  static bool decode(const std::string& text, std::uint32_t& value);
};

template <class T>
struct Value<std::vector<T>> {
  static Json encode(const std::vector<T>& values) {
    Json list = Json::array();
    for (const T& value : values) {
      list.push_back(Value<T>::encode(value));
    }
    return list;
  }
  static bool decode(const Json& json, std::vector<T>& values) {
    if (!json.is_array()) {
      return false;
    }
    values.clear();
    values.reserve(json.size());
    for (const Json& item : json) {
      if (!Value<T>::decode(item, values.emplace_back())) {
        return false;
      }
    }
    return true;
  }
};

template <class T>
struct Value<std::optional<T>> {
  static Json encode(const std::optional<T>& value) {
    return value ? Value<T>::encode(*value) : Json(nullptr);
  }
  static bool decode(const Json& json, std::optional<T>& value) {
    if (json.is_null()) {
      value.reset();
      return true;
    }
    T decoded{};
    if (!Value<T>::decode(json, decoded)) {
      return false;
    }
    value.emplace(std::move(decoded));
    return true;
  }
};

/// Name and value as printed: a list of pairs, because names may come twice.
template <>
struct Value<std::pair<std::string, std::string>> {
  static Json encode(const std::pair<std::string, std::string>& value) {
    return Json::array({value.first, value.second});
  }
  static bool decode(const Json& json, std::pair<std::string, std::string>& value) {
    return json.is_array() && json.size() == 2 && Value<std::string>::decode(json[0], value.first) &&
           Value<std::string>::decode(json[1], value.second);
  }
};

/// Visits the fields of a view and makes an object of those that differ from their default.
class FieldWriter {
 public:
  template <class T>
  void operator()(const char* name, const T& value) {
    if (!(value == T{})) {
      object_[name] = Value<T>::encode(value);
    }
  }
  /// Present even if it is the default: what identifies a thing.
  template <class T>
  void always(const char* name, const T& value) {
    object_[name] = Value<T>::encode(value);
  }
  template <class Text, class T>
  void text(const char* name, const T& value) {
    if (!(value == T{})) {
      object_[name] = Text::encode(value);
    }
  }
  template <class Text, class T>
  void text(const char* name, const std::optional<T>& value) {
    if (value) {
      object_[name] = Text::encode(*value);
    }
  }
  template <class Text, class T>
  void text(const char* name, const std::vector<T>& values) {
    for (const T& value : values) {
      object_[name].push_back(Text::encode(value));
    }
  }
  Json take() { return std::move(object_); }

 private:
  Json object_ = Json::object();
};

/// Visits the fields of a view and reads those that are there; the first one that is wrong is remembered.
class FieldReader {
 public:
  explicit FieldReader(const Json& object) : object_(object) {
    if (!object.is_object()) {
      wrong_ = "not an object";
    }
  }
  template <class T>
  void operator()(const char* name, T& value) {
    const Json* field = find(name);
    if (field != nullptr && !Value<T>::decode(*field, value)) {
      wrong_ = name;
    }
  }
  template <class T>
  void always(const char* name, T& value) {
    (*this)(name, value);
  }
  template <class Text, class T>
  void text(const char* name, T& value) {
    if (const Json* field = find(name)) {
      read_text<Text>(name, *field, value);
    }
  }
  template <class Text, class T>
  void text(const char* name, std::optional<T>& value) {
    if (const Json* field = find(name)) {
      read_text<Text>(name, *field, value.emplace());
    }
  }
  template <class Text, class T>
  void text(const char* name, std::vector<T>& values) {
    const Json* field = find(name);
    if (field == nullptr) {
      return;
    }
    if (!field->is_array()) {
      wrong_ = name;
      return;
    }
    for (const Json& item : *field) {
      read_text<Text>(name, item, values.emplace_back());
    }
  }
  /// "" if all fields were fine.
  const std::string& wrong() const { return wrong_; }

 private:
  const Json* find(const char* name) const {
    if (!wrong_.empty()) {
      return nullptr;
    }
    const auto found = object_.find(name);
    return found == object_.end() ? nullptr : &*found;
  }
  template <class Text, class T>
  void read_text(const char* name, const Json& json, T& value) {
    if (!json.is_string() || !Text::decode(json.get_ref<const std::string&>(), value)) {
      wrong_ = name;
    }
  }

  const Json& object_;
  std::string wrong_;
};

}  // namespace catflap::observe::codec
