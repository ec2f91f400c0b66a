#include "intent/value.hpp"

#include <array>
#include <cstddef>

#include "base/overloaded.hpp"

namespace catflap::intent {
namespace {

struct NamedEnum {
  std::string_view name;
  EnumValue value;
};

constexpr std::uint32_t source(RouteSource value) {
  return static_cast<std::uint32_t>(value);
}

constexpr std::array kEnums{
    NamedEnum{"RTS_STATIC", {EnumType::route_source, source(RouteSource::static_)}},
    NamedEnum{"RTS_INHERIT", {EnumType::route_source, source(RouteSource::inherit)}},
    NamedEnum{"RTS_DEVICE", {EnumType::route_source, source(RouteSource::device)}},
    NamedEnum{"RTS_STATIC_DEVICE", {EnumType::route_source, source(RouteSource::static_device)}},
    NamedEnum{"RTS_REDIRECT", {EnumType::route_source, source(RouteSource::redirect)}},
    NamedEnum{"RTS_RIP", {EnumType::route_source, source(RouteSource::rip)}},
    NamedEnum{"RTS_OSPF", {EnumType::route_source, source(RouteSource::ospf)}},
    NamedEnum{"RTS_OSPF_IA", {EnumType::route_source, source(RouteSource::ospf_ia)}},
    NamedEnum{"RTS_OSPF_EXT1", {EnumType::route_source, source(RouteSource::ospf_ext1)}},
    NamedEnum{"RTS_OSPF_EXT2", {EnumType::route_source, source(RouteSource::ospf_ext2)}},
    NamedEnum{"RTS_BGP", {EnumType::route_source, source(RouteSource::bgp)}},
    NamedEnum{"RTS_PIPE", {EnumType::route_source, source(RouteSource::pipe)}},
    NamedEnum{"RTS_BABEL", {EnumType::route_source, source(RouteSource::babel)}},
    NamedEnum{"RTS_RPKI", {EnumType::route_source, source(RouteSource::rpki)}},
    NamedEnum{"RTS_PERF", {EnumType::route_source, source(RouteSource::perf)}},
    NamedEnum{"ORIGIN_IGP", {EnumType::origin, 0}},
    NamedEnum{"ORIGIN_EGP", {EnumType::origin, 1}},
    NamedEnum{"ORIGIN_INCOMPLETE", {EnumType::origin, 2}},
    NamedEnum{"SCOPE_HOST", {EnumType::scope, 0}},
    NamedEnum{"SCOPE_LINK", {EnumType::scope, 1}},
    NamedEnum{"SCOPE_SITE", {EnumType::scope, 2}},
    NamedEnum{"SCOPE_ORGANIZATION", {EnumType::scope, 3}},
    NamedEnum{"SCOPE_UNIVERSE", {EnumType::scope, 4}},
    NamedEnum{"SCOPE_UNDEFINED", {EnumType::scope, 5}},
    NamedEnum{"RTD_UNICAST", {EnumType::destination, 1}},
    NamedEnum{"RTD_BLACKHOLE", {EnumType::destination, 2}},
    NamedEnum{"RTD_UNREACHABLE", {EnumType::destination, 3}},
    NamedEnum{"RTD_PROHIBIT", {EnumType::destination, 4}},
    NamedEnum{"ROA_UNKNOWN", {EnumType::roa, 0}},
    NamedEnum{"ROA_VALID", {EnumType::roa, 1}},
    NamedEnum{"ROA_INVALID", {EnumType::roa, 2}},
    NamedEnum{"NET_IP4", {EnumType::net_type, 1}},
    NamedEnum{"NET_IP6", {EnumType::net_type, 2}},
    NamedEnum{"NET_VPN4", {EnumType::net_type, 3}},
    NamedEnum{"NET_VPN6", {EnumType::net_type, 4}},
    NamedEnum{"NET_ROA4", {EnumType::net_type, 5}},
    NamedEnum{"NET_ROA6", {EnumType::net_type, 6}},
    NamedEnum{"NET_FLOW4", {EnumType::net_type, 7}},
    NamedEnum{"NET_FLOW6", {EnumType::net_type, 8}},
    NamedEnum{"NET_IP6_SADR", {EnumType::net_type, 9}},
    NamedEnum{"NET_MPLS", {EnumType::net_type, 10}},
};

/// The type number that BIRD 2.0.12 prints in `(enum 30)11`.
std::string_view enum_number(EnumType type) {
  switch (type) {
    case EnumType::route_source:
      return "30";
    case EnumType::origin:
      return "31";
    case EnumType::scope:
      return "32";
    case EnumType::icast:
      return "33";
    case EnumType::destination:
      return "34";
    case EnumType::roa:
      return "35";
    case EnumType::net_type:
      return "36";
  }
  return "";
}

enum class Style : bool { shown, source };

std::string enum_text(const EnumValue& value, Style style) {
  const std::string_view name = enum_name(value);
  if (style == Style::source && !name.empty()) {
    return std::string(name);
  }
  return "(enum " + std::string(enum_number(value.type)) + ")" + std::to_string(value.value);
}

std::string pair_text(std::uint32_t value) {
  return "(" + std::to_string(value >> 16U) + "," + std::to_string(value & 0xFFFFU) + ")";
}

std::string range_text(const Range32& range) {
  std::string text = std::to_string(range.low);
  return range.low == range.high ? text : text + ".." + std::to_string(range.high);
}

/// One dimension of a box in source: `5`, `5..7`, `*`.
std::string dimension_text(const Range32& range, std::uint32_t top) {
  return range.low == 0 && range.high == top ? "*" : range_text(range);
}

bool is_full(const Range32& range, std::uint32_t top) {
  return range.low == 0 && range.high >= top;
}

/// A box of pairs as BIRD's tree shows it, `(1,3)..(1,4)`: one range for each first half, unless they touch.
std::string pair_box_shown(const SetItem& item) {
  constexpr std::size_t kRowsMax = 64;
  const Range32& high = item.dimension[0];
  const Range32& low = item.dimension[1];
  const auto row = [&](std::uint32_t first, std::uint32_t last) {
    const std::uint32_t from = (first << 16U) | (low.low & 0xFFFFU);
    const std::uint32_t to = (last << 16U) | (low.high & 0xFFFFU);
    return from == to ? pair_text(from) : pair_text(from) + ".." + pair_text(to);
  };
  if (is_full(low, 0xFFFFU) || high.low == high.high) {
    return row(high.low, high.high);
  }
  if (high.high - high.low >= kRowsMax) {
    return "(" + dimension_text(high, 0xFFFFU) + "," + dimension_text(low, 0xFFFFU) + ")";
  }
  std::string text;
  for (std::uint32_t at = high.low; at <= high.high; ++at) {
    text += (text.empty() ? "" : ", ") + row(at, at);
  }
  return text;
}

std::string large_box_shown(const SetItem& item) {
  const auto corner = [&](bool top) {
    net::LargeCommunity community;
    community.global = top ? item.dimension[0].high : item.dimension[0].low;
    community.local1 = top ? item.dimension[1].high : item.dimension[1].low;
    community.local2 = top ? item.dimension[2].high : item.dimension[2].low;
    return net::to_string(community);
  };
  const std::string low = corner(false);
  const std::string high = corner(true);
  return low == high ? low : low + ".." + high;
}

/// The kind of an extended community, by its two type octets: "rt", "ro", or "" for another.
std::string_view ext_kind(std::uint32_t type) {
  switch (type & 0xFFU) {
    case 2:
      return "rt";
    case 3:
      return "ro";
    default:
      return "";
  }
}

/// RFC 4360 §3: route targets and origins of types 1 and 2 have 4 octets of key and 2 of value, others 2
/// and 4.
std::string ext_box_source(const SetItem& item) {
  const std::uint32_t type = item.dimension[0].low;
  const std::uint32_t high = type >> 8U;
  const std::string_view kind = ext_kind(type);
  const bool long_key = !kind.empty() && ((high & 0xBFU) == 1 || (high & 0xBFU) == 2);
  Range32 value = item.dimension[2];
  std::uint32_t key = item.dimension[1].low;
  if (kind.empty() || high > 2) {
    if (long_key) {
      value = {(key & 0xFFFFU) << 16U | value.low, (key & 0xFFFFU) << 16U | value.high};
      key >>= 16U;
    }
    return "(generic, " + std::to_string(type << 16U | (key & 0xFFFFU)) + ", " +
           dimension_text(value, 0xFFFFFFFFU) + ")";
  }
  const std::string key_text = high == 1 ? net::router_id_to_string(key) : std::to_string(key);
  return "(" + std::string(kind) + ", " + key_text + ", " +
         dimension_text(value, long_key ? 0xFFFFU : 0xFFFFFFFFU) + ")";
}

std::string item_text(const ItemSet& set, const SetItem& item, Style style) {
  const Range32& first = item.dimension[0];
  switch (set.type) {
    case SetType::integer:
    case SetType::ip:
      return range_text(first);
    case SetType::quad: {
      const std::string low = net::router_id_to_string(first.low);
      return first.low == first.high ? low : low + ".." + net::router_id_to_string(first.high);
    }
    case SetType::enumeration: {
      const std::string low = enum_text({set.enum_type, first.low}, style);
      return first.low == first.high ? low : low + ".." + enum_text({set.enum_type, first.high}, style);
    }
    case SetType::pair:
      if (style == Style::shown) {
        return pair_box_shown(item);
      }
      return "(" + dimension_text(first, 0xFFFFU) + "," + dimension_text(item.dimension[1], 0xFFFFU) + ")";
    case SetType::ext_community:
      return ext_box_source(item);
    case SetType::large_community:
      if (style == Style::shown) {
        return large_box_shown(item);
      }
      return "(" + dimension_text(first, 0xFFFFFFFFU) + ", " +
             dimension_text(item.dimension[1], 0xFFFFFFFFU) + ", " +
             dimension_text(item.dimension[2], 0xFFFFFFFFU) + ")";
  }
  return "";
}

std::string item_set_text(const ItemSet& set, Style style) {
  std::string text = "[";
  for (const SetItem& item : set.items) {
    text += (text.size() > 1 ? ", " : "") + item_text(set, item, style);
  }
  for (const AddressRange& range : set.addresses) {
    text += (text.size() > 1 ? ", " : "") + net::to_string(range.low);
    if (range.low != range.high) {
      text += ".." + net::to_string(range.high);
    }
  }
  return text + "]";
}

std::string pattern_text(const PrefixPattern& pattern) {
  const std::uint8_t length = pattern.prefix.length();
  const std::string text = net::to_string(pattern.prefix);
  if (pattern.low == length && pattern.high == length) {
    return text;
  }
  if (pattern.low == length && pattern.high == net::address_bits(pattern.prefix.family())) {
    return text + "+";
  }
  return text + "{" + std::to_string(pattern.low) + "," + std::to_string(pattern.high) + "}";
}

std::string mask_text(const PathMask& mask, Style style) {
  std::string text = "[= ";
  for (const PathMaskItem& item : mask.items) {
    switch (item.kind) {
      case PathMaskItem::Kind::asn:
        text += std::to_string(item.asns.low);
        break;
      case PathMaskItem::Kind::any_one:
        text += "?";
        break;
      case PathMaskItem::Kind::any_many:
        text += "*";
        break;
      case PathMaskItem::Kind::range:
        text += std::to_string(item.asns.low) + ".." + std::to_string(item.asns.high);
        break;
      case PathMaskItem::Kind::set:
        text += item.set ? item_set_text(*item.set, style) : "[]";
        break;
      case PathMaskItem::Kind::expression:
        text += "(expression)";
        break;
    }
    text += " ";
  }
  return text + "=]";
}

/// A string in the quotes of the language; it has no escapes, and so no quote inside.
std::string quoted(const std::string& text) {
  return "\"" + text + "\"";
}

template <class List, class Print>
std::string shown_list(std::string_view word, const List& list, Print&& print) {
  std::string text = "(" + std::string(word);
  text += list.empty() ? " " : "";
  for (const auto& item : list) {
    text += " " + print(item);
  }
  return text + ")";
}

template <class List, class Print>
std::string source_list(std::string_view empty, const List& list, Print&& print) {
  std::string text(empty);
  for (const auto& item : list) {
    text = "add(" + text + ", " + print(item) + ")";
  }
  return text;
}

std::string path_source(const net::AsPath& path) {
  std::string text = "+empty+";
  for (auto segment = path.segments.rbegin(); segment != path.segments.rend(); ++segment) {
    for (auto asn = segment->asns.rbegin(); asn != segment->asns.rend(); ++asn) {
      text = "prepend(" + text + ", " + std::to_string(*asn) + ")";
    }
  }
  return text;
}

std::string value_text(const Value& value, Style style) {
  const bool shown = style == Style::shown;
  const auto large = [](const net::LargeCommunity& community) { return net::to_string(community); };
  return std::visit(
      overloaded{
          [](std::monostate) { return std::string("(void)"); },
          [&](bool on) { return std::string(shown ? (on ? "TRUE" : "FALSE") : (on ? "true" : "false")); },
          [](std::uint32_t number) { return std::to_string(number); },
          [](Pair pair) { return pair_text(pair.value); },
          [](Quad quad) { return net::router_id_to_string(quad.value); },
          [](const net::IpAddr& addr) { return net::to_string(addr); },
          [](const net::Prefix& prefix) { return net::to_string(prefix); },
          [&](const std::string& text) { return shown ? text : quoted(text); },
          [](ExtCommunityValue community) { return net::ext_community_to_string(community.value); },
          [&](const net::LargeCommunity& community) { return large(community); },
          [&](const EnumValue& item) { return enum_text(item, style); },
          [](const std::shared_ptr<const PrefixSet>& set) {
            return set ? to_source(*set) : std::string("[]");
          },
          [&](const std::shared_ptr<const ItemSet>& set) {
            return set ? item_set_text(*set, style) : std::string("[]");
          },
          [&](const std::shared_ptr<const PathMask>& mask) {
            return mask ? mask_text(*mask, style) : std::string("[= =]");
          },
          [&](const net::AsPath& path) {
            return shown ? "(path " + net::to_string(path) + ")" : path_source(path);
          },
          [&](const CommunityList& list) {
            return shown ? shown_list("clist", list.items, pair_text)
                         : source_list("-empty-", list.items, pair_text);
          },
          [&](const ExtCommunityList& list) {
            return shown ? shown_list("eclist", list.items, net::ext_community_to_string)
                         : source_list("--empty--", list.items, net::ext_community_to_string);
          },
          [&](const LargeCommunityList& list) {
            return shown ? shown_list("lclist", list.items, large)
                         : source_list("---empty---", list.items, large);
          },
      },
      value);
}

template <class T>
bool same_pointee(const Value& a, const Value& b) {
  const T& x = std::get<T>(a);
  const T& y = std::get<T>(b);
  return x == y || (x && y && *x == *y);
}

}  // namespace

std::string_view to_string(ValueType type) {
  static constexpr std::array<std::string_view, 18> kNames{
      "void", "bool", "int", "pair", "quad",    "ip",      "prefix", "string", "ec",
      "lc",   "enum", "set", "set",  "bgpmask", "bgppath", "clist",  "eclist", "lclist"};
  return kNames[static_cast<std::size_t>(type)];
}

std::string_view enum_name(const EnumValue& value) {
  for (const NamedEnum& item : kEnums) {
    if (item.value == value) {
      return item.name;
    }
  }
  return "";
}

std::optional<EnumValue> enum_from_name(std::string_view name) {
  for (const NamedEnum& item : kEnums) {
    if (item.name == name) {
      return item.value;
    }
  }
  return std::nullopt;
}

std::vector<std::string_view> enum_names() {
  std::vector<std::string_view> names;
  for (const NamedEnum& item : kEnums) {
    names.push_back(item.name);
  }
  return names;
}

bool same(const Value& a, const Value& b) {
  if (a.index() != b.index()) {
    return false;
  }
  switch (type_of(a)) {
    case ValueType::prefix_set:
      return same_pointee<std::shared_ptr<const PrefixSet>>(a, b);
    case ValueType::item_set:
      return same_pointee<std::shared_ptr<const ItemSet>>(a, b);
    case ValueType::path_mask:
      return same_pointee<std::shared_ptr<const PathMask>>(a, b);
    default:
      return a == b;
  }
}

std::string to_source(const ItemSet& set) {
  return item_set_text(set, Style::source);
}

std::string to_source(const PrefixSet& set) {
  std::string text = "[";
  for (const PrefixPattern& pattern : set.patterns) {
    text += (text.size() > 1 ? ", " : "") + pattern_text(pattern);
  }
  return text + "]";
}

std::string to_source(const Value& value) {
  return value_text(value, Style::source);
}
std::string to_string(const Value& value) {
  return value_text(value, Style::shown);
}

}  // namespace catflap::intent
