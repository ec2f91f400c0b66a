#include "observe/json_codec.hpp"

#include <array>
#include <charconv>

namespace catflap::observe::codec {
namespace {

/// Reads a number that fills all of `text`.
template <class T>
bool whole_number(std::string_view text, T& value, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc{} && end == text.data() + text.size();
}

constexpr std::array<std::pair<net::AsSegmentType, const char*>, 4> kSegments{
    {{net::AsSegmentType::set, "set"},
     {net::AsSegmentType::sequence, "sequence"},
     {net::AsSegmentType::confed_sequence, "confed_sequence"},
     {net::AsSegmentType::confed_set, "confed_set"}}};

}  // namespace

Json Value<net::AsPath>::encode(const net::AsPath& value) {
  Json list = Json::array();
  for (const net::AsSegment& segment : value.segments) {
    for (const auto& [type, name] : kSegments) {
      if (type == segment.type) {
        list.push_back(Json::object({{name, segment.asns}}));
      }
    }
  }
  return list;
}

bool Value<net::AsPath>::decode(const Json& json, net::AsPath& value) {
  if (!json.is_array()) {
    return false;
  }
  for (const Json& item : json) {
    if (!item.is_object() || item.size() != 1) {
      return false;
    }
    bool known = false;
    for (const auto& [type, name] : kSegments) {
      if (item.begin().key() == name) {
        known = true;
        value.segments.push_back({type, {}});
        if (!Value<std::vector<std::uint32_t>>::decode(item.begin().value(), value.segments.back().asns)) {
          return false;
        }
      }
    }
    if (!known) {
      return false;
    }
  }
  return true;
}

bool Value<net::LargeCommunity>::decode(const Json& json, net::LargeCommunity& value) {
  if (!json.is_string()) {
    return false;
  }
  const std::string& text = json.get_ref<const std::string&>();
  const auto first = text.find(':');
  const auto second = text.find(':', first == std::string::npos ? first : first + 1);
  if (second == std::string::npos) {
    return false;
  }
  const std::string_view view = text;
  return whole_number(view.substr(0, first), value.global) &&
         whole_number(view.substr(first + 1, second - first - 1), value.local1) &&
         whole_number(view.substr(second + 1), value.local2);
}

bool CommunityText::decode(const std::string& text, std::uint32_t& value) {
  const auto colon = text.find(':');
  std::uint16_t high = 0;
  std::uint16_t low = 0;
  if (colon == std::string::npos || !whole_number(std::string_view(text).substr(0, colon), high) ||
      !whole_number(std::string_view(text).substr(colon + 1), low)) {
    return false;
  }
  value = std::uint32_t{high} << 16U | low;
  return true;
}

bool ExtCommunityText::decode(const std::string& text, std::uint64_t& value) {
  return whole_number(text, value, 16);
}

bool IdentifierText::decode(const std::string& text, std::uint32_t& value) {
  const auto addr = net::IpAddr::parse(text);
  if (!addr || !addr->is_v4()) {
    return false;
  }
  value = addr->v4_value();
  return true;
}

}  // namespace catflap::observe::codec
