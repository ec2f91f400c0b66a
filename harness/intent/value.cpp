#include "intent/value.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <map>

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
    NamedEnum{"RTD_ROUTER", {EnumType::old_destination, 0}},
    NamedEnum{"RTD_DEVICE", {EnumType::old_destination, 1}},
    NamedEnum{"RTD_BLACKHOLE", {EnumType::old_destination, 2}},
    NamedEnum{"RTD_UNREACHABLE", {EnumType::old_destination, 3}},
    NamedEnum{"RTD_PROHIBIT", {EnumType::old_destination, 4}},
    NamedEnum{"RTD_MULTIPATH", {EnumType::old_destination, 5}},
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
    case EnumType::old_destination:
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

std::string range_text(std::uint32_t low, std::uint32_t high) {
  return low == high ? std::to_string(low) : std::to_string(low) + ".." + std::to_string(high);
}

net::ExtCommunity ext_of(const SetKey& key) {
  return net::ExtCommunity{key[0]} << 32U | key[1];
}

/// The value at one end of a range of `set`.
std::string end_text(const ItemSet& set, const SetKey& key, Style style) {
  switch (set.type) {
    case SetType::integer:
      return std::to_string(key[0]);
    case SetType::pair:
      return pair_text(key[0]);
    case SetType::quad:
      return net::router_id_to_string(key[0]);
    case SetType::ip:
      return net::to_string(address_of(key));
    case SetType::enumeration:
      return enum_text({set.enum_type, key[0]}, style);
    case SetType::ext_community:
      return net::ext_community_to_string(ext_of(key));
    case SetType::large_community:
      return net::to_string(net::LargeCommunity{key[0], key[1], key[2]});
  }
  return "";
}

/// RFC 4360 §3: `(rt, key, 1..5)`. Route targets and origins of types 1 and 2 have 4 octets of key and 2 of
/// value, others 2 and 4; what has no word is `(generic, type and key, value)`.
std::string ext_source(const SetRange& range) {
  const net::ExtCommunity low = ext_of(range.low);
  const net::ExtCommunity high = ext_of(range.high);
  const auto type = static_cast<std::uint32_t>(low >> 48U);
  const std::uint32_t form = type >> 8U;
  const std::string_view kind = (type & 0xFFU) == 2 ? "rt" : (type & 0xFFU) == 3 ? "ro" : "";
  if (kind.empty() || form > 2 || form == 1) {
    return "(generic, " + std::to_string(range.low[0]) + ", " + range_text(range.low[1], range.high[1]) + ")";
  }
  const unsigned shift = form == 2 ? 16U : 32U;
  const net::ExtCommunity mask = form == 2 ? 0xFFFFU : 0xFFFFFFFFU;
  const net::ExtCommunity key = low >> shift & (form == 2 ? 0xFFFFFFFFU : 0xFFFFU);
  return "(" + std::string(kind) + ", " + std::to_string(key) + ", " +
         range_text(static_cast<std::uint32_t>(low & mask), static_cast<std::uint32_t>(high & mask)) + ")";
}

/// `(1,2)..(3,4)`, in the shortest form that there is: `(1,2..4)`, `(1,*)`, `(1..3,*)`.
std::string pair_source(const SetRange& range) {
  const std::uint32_t low = range.low[0];
  const std::uint32_t high = range.high[0];
  if (low == high) {
    return pair_text(low);
  }
  if ((low & 0xFFFFU) == 0 && (high & 0xFFFFU) == 0xFFFFU) {
    const bool all = low == 0 && high == 0xFFFFFFFFU;
    return "(" + (all ? "*" : range_text(low >> 16U, high >> 16U)) + ",*)";
  }
  return low >> 16U == high >> 16U
             ? "(" + std::to_string(low >> 16U) + "," + range_text(low & 0xFFFFU, high & 0xFFFFU) + ")"
             : pair_text(low) + ".." + pair_text(high);
}

/// Rows of pairs of one width, `(1,5), (2,5), (3,5)`, from `at` on: how many there are.
std::size_t rows_of(const std::vector<SetRange>& ranges, std::size_t at) {
  const auto& first = ranges[at];
  const bool one_row = first.low[0] >> 16U == first.high[0] >> 16U;
  std::size_t rows = 1;
  while (one_row && at + rows < ranges.size() &&
         ranges[at + rows].low[0] == first.low[0] + (static_cast<std::uint32_t>(rows) << 16U) &&
         ranges[at + rows].high[0] == first.high[0] + (static_cast<std::uint32_t>(rows) << 16U)) {
    ++rows;
  }
  return rows;
}

std::string item_set_text(const ItemSet& set, Style style) {
  std::string text = "[";
  for (std::size_t i = 0; i < set.ranges.size(); ++i) {
    const SetRange& range = set.ranges[i];
    text += text.size() > 1 ? ", " : "";
    const std::size_t rows = style == Style::source && set.type == SetType::pair ? rows_of(set.ranges, i) : 1;
    if (rows > 1) {
      const std::uint32_t first = range.low[0] >> 16U;
      const std::uint32_t last = first + static_cast<std::uint32_t>(rows) - 1;
      text += "(" + (first == 0 && last == 0xFFFFU ? "*" : range_text(first, last)) + "," +
              range_text(range.low[0] & 0xFFFFU, range.high[0] & 0xFFFFU) + ")";
      i += rows - 1;
    } else if (style == Style::source && set.type == SetType::pair) {
      text += pair_source(range);
    } else if (style == Style::source && set.type == SetType::ext_community) {
      text += ext_source(range);
    } else {
      const std::string low = end_text(set, range.low, style);
      text += range.low == range.high ? low : low + ".." + end_text(set, range.high, style);
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
    text += item.repeated ? " + " : " ";
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

std::optional<EnumValue> enum_from_name(std::string_view name, Dialect dialect) {
  const bool old = dialect == Dialect::bird1;
  if (name == (old ? "RTD_UNICAST" : "RTD_ROUTER")) {
    return old ? EnumValue{EnumType::old_destination, 0} : EnumValue{EnumType::destination, 1};
  }
  const EnumType foreign = old ? EnumType::destination : EnumType::old_destination;
  for (const NamedEnum& item : kEnums) {
    if (item.name == name && item.value.type != foreign) {
      return item.value;
    }
  }
  return std::nullopt;
}

std::vector<std::string_view> enum_names() {
  std::vector<std::string_view> names;
  for (const NamedEnum& item : kEnums) {
    if (item.value.type != EnumType::old_destination) {
      names.push_back(item.name);
    }
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

SetKey set_key(const net::LargeCommunity& value) {
  return {value.global, value.local1, value.local2, 0};
}

SetKey set_key(const net::IpAddr& value) {
  if (value.is_v4()) {
    return {0, 0, 0xFFFFU, value.v4_value()};
  }
  return {static_cast<std::uint32_t>(value.high() >> 32U), static_cast<std::uint32_t>(value.high()),
          static_cast<std::uint32_t>(value.low() >> 32U), static_cast<std::uint32_t>(value.low())};
}

net::IpAddr address_of(const SetKey& key) {
  if (key[0] == 0 && key[1] == 0 && key[2] == 0xFFFFU) {
    return net::IpAddr::v4(key[3]);
  }
  return net::IpAddr::v6(std::uint64_t{key[0]} << 32U | key[1], std::uint64_t{key[2]} << 32U | key[3]);
}

void ItemSet::normalise() {
  const auto backwards = [](const SetRange& range) { return range.high < range.low; };
  ranges.erase(std::remove_if(ranges.begin(), ranges.end(), backwards), ranges.end());
  std::sort(ranges.begin(), ranges.end());
  std::size_t kept = 0;
  for (const SetRange& range : ranges) {
    if (kept > 0 && range.low <= ranges[kept - 1].high) {
      ranges[kept - 1].high = std::max(ranges[kept - 1].high, range.high);
    } else {
      ranges[kept++] = range;
    }
  }
  ranges.resize(kept);
}

bool ItemSet::contains(const SetKey& key) const {
  const auto after = std::upper_bound(ranges.begin(), ranges.end(), key,
                                      [](const SetKey& k, const SetRange& range) { return k < range.low; });
  return after != ranges.begin() && key <= std::prev(after)->high;
}

PrefixSet::PrefixSet(std::vector<PrefixPattern> all) : patterns(std::move(all)) {
  std::sort(patterns.begin(), patterns.end());
  patterns.erase(std::unique(patterns.begin(), patterns.end()), patterns.end());
  std::map<net::Prefix, Lengths> lengths;
  for (const PrefixPattern& pattern : patterns) {
    const std::uint8_t own = pattern.prefix.length();
    for (std::uint8_t length = pattern.low; length <= pattern.high; ++length) {
      // Shorter than the pattern's own: the network around it.
      lengths[length < own ? net::Prefix(pattern.prefix.addr(), length) : pattern.prefix].set(length);
    }
  }
  std::vector<net::Prefix> prefixes;
  for (const auto& [prefix, accepted] : lengths) {
    prefixes.push_back(prefix);
    accepted_.push_back(accepted);
  }
  index_ = net::CoverIndex(std::move(prefixes));
  for (std::uint32_t i = 0; i < index_.size(); ++i) {
    if (index_.parent(i) != net::CoverIndex::kNone) {
      accepted_[i] |= accepted_[index_.parent(i)];
    }
  }
}

bool PrefixSet::contains(const net::Prefix& prefix) const {
  const std::uint32_t at = index_.longest_cover(prefix);
  return at != net::CoverIndex::kNone && accepted_[at].test(prefix.length());
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
