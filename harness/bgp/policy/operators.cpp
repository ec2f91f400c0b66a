#include "bgp/policy/operators.hpp"

#include <algorithm>
#include <compare>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>
#include <variant>

namespace catflap::bgp::policy {
namespace {

using intent::AddressRange;
using intent::CommunityList;
using intent::EnumValue;
using intent::ExtCommunityList;
using intent::ExtCommunityValue;
using intent::ItemSet;
using intent::LargeCommunityList;
using intent::Pair;
using intent::PathMask;
using intent::PathMaskItem;
using intent::PrefixSet;
using intent::Quad;
using intent::SetItem;
using intent::SetType;
using intent::Value;

template <class T>
int sign_of(const T& a, const T& b) {
  return a < b ? -1 : (b < a ? 1 : 0);
}

/// Pairs, quads and IPv4 addresses are 32 bits that BIRD converts into one another where a community is
/// meant.
std::optional<std::uint32_t> as_community(const Value& value) {
  if (const auto* pair = std::get_if<Pair>(&value)) {
    return pair->value;
  }
  if (const auto* quad = std::get_if<Quad>(&value)) {
    return quad->value;
  }
  const auto* addr = std::get_if<net::IpAddr>(&value);
  return addr != nullptr && addr->is_v4() ? std::optional(addr->v4_value()) : std::nullopt;
}

bool in_range(std::uint32_t value, const intent::Range32& range) {
  return range.low <= value && value <= range.high;
}

bool has_number(const ItemSet& set, std::uint32_t value) {
  return std::any_of(set.items.begin(), set.items.end(),
                     [&](const SetItem& item) { return in_range(value, item.dimension[0]); });
}

bool has_community(const ItemSet& set, net::Community value) {
  if (set.type == SetType::quad) {
    return has_number(set, value);
  }
  if (set.type == SetType::ip) {
    return std::any_of(set.addresses.begin(), set.addresses.end(), [&](const AddressRange& range) {
      return range.low <= net::IpAddr::v4(value) && net::IpAddr::v4(value) <= range.high;
    });
  }
  return set.type == SetType::pair &&
         std::any_of(set.items.begin(), set.items.end(), [&](const SetItem& item) {
           return in_range(value >> 16U, item.dimension[0]) && in_range(value & 0xFFFFU, item.dimension[1]);
         });
}

bool has_ext(const ItemSet& set, net::ExtCommunity value) {
  return set.type == SetType::ext_community &&
         std::any_of(set.items.begin(), set.items.end(), [&](const SetItem& item) {
           // RFC 4360 §3: route targets and origins of types 1 and 2 have a 4-octet key; everything else is
           // taken as 2 octets of key and 4 of value, generic ones too.
           const std::uint32_t type = item.dimension[0].low;
           const std::uint32_t high = type >> 8U & 0xBFU;
           const std::uint32_t low = type & 0xFFU;
           const bool long_key = (high == 1 || high == 2) && (low == 2 || low == 3);
           const auto key = static_cast<std::uint32_t>(long_key ? value >> 16U : value >> 32U & 0xFFFFU);
           const auto rest = static_cast<std::uint32_t>(long_key ? value & 0xFFFFU : value & 0xFFFFFFFFU);
           return in_range(static_cast<std::uint32_t>(value >> 48U), item.dimension[0]) &&
                  in_range(key, item.dimension[1]) && in_range(rest, item.dimension[2]);
         });
}

bool has_large(const ItemSet& set, const net::LargeCommunity& value) {
  return set.type == SetType::large_community &&
         std::any_of(set.items.begin(), set.items.end(), [&](const SetItem& item) {
           return in_range(value.global, item.dimension[0]) && in_range(value.local1, item.dimension[1]) &&
                  in_range(value.local2, item.dimension[2]);
         });
}

bool is_empty(const ItemSet& set) {
  return set.items.empty() && set.addresses.empty();
}

/// One place of an AS path as masks see it: an AS of a sequence, or a whole set.
struct PathPosition {
  const std::uint32_t* asns;
  std::size_t count;
};

std::vector<PathPosition> positions_of(const net::AsPath& path) {
  std::vector<PathPosition> positions;
  for (const net::AsSegment& segment : path.segments) {
    if (segment.type == net::AsSegmentType::set || segment.type == net::AsSegmentType::confed_set) {
      positions.push_back({segment.asns.data(), segment.asns.size()});
      continue;
    }
    for (const std::uint32_t& asn : segment.asns) {
      positions.push_back({&asn, 1});
    }
  }
  return positions;
}

bool fits(const PathMaskItem& item, const PathPosition& position) {
  if (item.kind == PathMaskItem::Kind::any_one) {
    return true;
  }
  return std::any_of(position.asns, position.asns + position.count, [&](std::uint32_t asn) {
    return item.kind == PathMaskItem::Kind::set ? item.set != nullptr && has_number(*item.set, asn)
                                                : in_range(asn, item.asns);
  });
}

/// Runs the mask as a nondeterministic automaton: states[i] means "the first i places are eaten".
bool match_mask(const net::AsPath& path, const PathMask& mask) {
  const std::vector<PathPosition> positions = positions_of(path);
  std::vector<char> states(positions.size() + 1, 0);
  states[0] = 1;
  for (const PathMaskItem& item : mask.items) {
    if (item.kind == PathMaskItem::Kind::any_many) {
      for (std::size_t i = 1; i < states.size(); ++i) {
        states[i] = static_cast<char>(states[i] | states[i - 1]);
      }
      continue;
    }
    for (std::size_t i = states.size() - 1; i > 0; --i) {
      states[i] = states[i - 1] != 0 && fits(item, positions[i - 1]) ? 1 : 0;
    }
    states[0] = 0;
  }
  return states.back() != 0;
}

bool path_has_any(const net::AsPath& path, const ItemSet& set) {
  return std::any_of(path.segments.begin(), path.segments.end(), [&](const net::AsSegment& segment) {
    return std::any_of(segment.asns.begin(), segment.asns.end(),
                       [&](std::uint32_t asn) { return has_number(set, asn); });
  });
}

bool match_prefix_set(const net::Prefix& prefix, const PrefixSet& set) {
  return std::any_of(set.patterns.begin(), set.patterns.end(), [&](const intent::PrefixPattern& pattern) {
    if (pattern.prefix.family() != prefix.family() || prefix.length() < pattern.low ||
        prefix.length() > pattern.high) {
      return false;
    }
    return pattern.prefix.covers(prefix) || prefix.covers(pattern.prefix);
  });
}

std::optional<bool> match_set(const Value& item, const ItemSet& set) {
  if (const auto* number = std::get_if<std::uint32_t>(&item)) {
    return set.type == SetType::integer ? std::optional(has_number(set, *number)) : std::nullopt;
  }
  if (const auto* addr = std::get_if<net::IpAddr>(&item); addr != nullptr && set.type == SetType::ip) {
    return std::any_of(set.addresses.begin(), set.addresses.end(),
                       [&](const AddressRange& range) { return range.low <= *addr && *addr <= range.high; });
  }
  if (const auto* value = std::get_if<EnumValue>(&item)) {
    return set.type == SetType::enumeration && set.enum_type == value->type
               ? std::optional(has_number(set, value->value))
               : std::nullopt;
  }
  if (const auto* pair = std::get_if<Pair>(&item)) {
    return set.type == SetType::pair ? std::optional(has_community(set, pair->value)) : std::nullopt;
  }
  if (const auto* ext = std::get_if<ExtCommunityValue>(&item)) {
    return set.type == SetType::ext_community ? std::optional(has_ext(set, ext->value)) : std::nullopt;
  }
  if (const auto* large = std::get_if<net::LargeCommunity>(&item)) {
    return set.type == SetType::large_community ? std::optional(has_large(set, *large)) : std::nullopt;
  }
  const auto bits = as_community(item);
  return bits && (set.type == SetType::quad || set.type == SetType::ip)
             ? std::optional(has_community(set, *bits))
             : std::nullopt;
}

std::optional<bool> match_list(const Value& list, const ItemSet& set) {
  if (const auto* communities = std::get_if<CommunityList>(&list)) {
    return std::any_of(communities->items.begin(), communities->items.end(),
                       [&](net::Community item) { return has_community(set, item); });
  }
  if (const auto* ext = std::get_if<ExtCommunityList>(&list)) {
    return std::any_of(ext->items.begin(), ext->items.end(),
                       [&](net::ExtCommunity item) { return has_ext(set, item); });
  }
  if (const auto* large = std::get_if<LargeCommunityList>(&list)) {
    return std::any_of(large->items.begin(), large->items.end(),
                       [&](const net::LargeCommunity& item) { return has_large(set, item); });
  }
  return std::nullopt;
}

template <class T>
bool contains(const std::vector<T>& list, const T& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

/// Adds what is not there, at the end; or keeps or removes what `belongs` says.
template <class List, class Item, class Belongs>
Value changed_list(ListChange change, List list, const std::vector<Item>& additions, Belongs&& belongs) {
  if (change == ListChange::add) {
    for (const Item& item : additions) {
      if (!contains(list.items, item)) {
        list.items.push_back(item);
      }
    }
  } else {
    const bool keep = change == ListChange::keep;
    list.items.erase(std::remove_if(list.items.begin(), list.items.end(),
                                    [&](const Item& item) { return belongs(item) != keep; }),
                     list.items.end());
  }
  return list;
}

const ItemSet* set_of(const Value& value) {
  const auto* set = std::get_if<std::shared_ptr<const ItemSet>>(&value);
  return set == nullptr ? nullptr : set->get();
}

ListResult change_communities(ListChange change, const CommunityList& list, const Value& items) {
  if (const ItemSet* set = set_of(items)) {
    if (change == ListChange::add) {
      return {std::nullopt, "Can't add set"};
    }
    return {changed_list(change, list, std::vector<net::Community>(),
                         [&](net::Community item) { return has_community(*set, item); }),
            {}};
  }
  std::vector<net::Community> operand;
  if (const auto* other = std::get_if<CommunityList>(&items)) {
    operand = other->items;
  } else if (const auto bits = as_community(items); bits && change != ListChange::keep) {
    operand.push_back(*bits);
  } else {
    return {std::nullopt, change == ListChange::add      ? "Can't add non-pair"
                          : change == ListChange::remove ? "Can't delete non-pair"
                                                         : "Can't filter pair"};
  }
  return {changed_list(change, list, operand, [&](net::Community item) { return contains(operand, item); }),
          {}};
}

ListResult change_ext(ListChange change, const ExtCommunityList& list, const Value& items) {
  if (const ItemSet* set = set_of(items)) {
    if (change == ListChange::add) {
      return {std::nullopt, "Can't add set"};
    }
    return {changed_list(change, list, std::vector<net::ExtCommunity>(),
                         [&](net::ExtCommunity item) { return has_ext(*set, item); }),
            {}};
  }
  std::vector<net::ExtCommunity> operand;
  if (const auto* other = std::get_if<ExtCommunityList>(&items)) {
    operand = other->items;
  } else if (const auto* one = std::get_if<ExtCommunityValue>(&items);
             one != nullptr && change != ListChange::keep) {
    operand.push_back(one->value);
  } else {
    return {std::nullopt, change == ListChange::add      ? "Can't add non-ec"
                          : change == ListChange::remove ? "Can't delete non-ec"
                                                         : "Can't filter ec"};
  }
  return {
      changed_list(change, list, operand, [&](net::ExtCommunity item) { return contains(operand, item); }),
      {}};
}

ListResult change_large(ListChange change, const LargeCommunityList& list, const Value& items) {
  if (const ItemSet* set = set_of(items)) {
    if (change == ListChange::add) {
      return {std::nullopt, "Can't add set"};
    }
    return {changed_list(change, list, std::vector<net::LargeCommunity>(),
                         [&](const net::LargeCommunity& item) { return has_large(*set, item); }),
            {}};
  }
  std::vector<net::LargeCommunity> operand;
  if (const auto* other = std::get_if<LargeCommunityList>(&items)) {
    operand = other->items;
  } else if (const auto* one = std::get_if<net::LargeCommunity>(&items);
             one != nullptr && change != ListChange::keep) {
    operand.push_back(*one);
  } else {
    return {std::nullopt, change == ListChange::add      ? "Can't add non-lc"
                          : change == ListChange::remove ? "Can't delete non-lc"
                                                         : "Can't filter lc"};
  }
  return {changed_list(change, list, operand,
                       [&](const net::LargeCommunity& item) { return contains(operand, item); }),
          {}};
}

ListResult change_path(ListChange change, const net::AsPath& path, const Value& items) {
  const auto* number = std::get_if<std::uint32_t>(&items);
  const ItemSet* set = set_of(items);
  const bool usable = (number != nullptr && change == ListChange::remove) ||
                      (set != nullptr && (set->type == SetType::integer || is_empty(*set)));
  if (!usable || change == ListChange::add) {
    return {std::nullopt, change == ListChange::add      ? "Can't add to path"
                          : change == ListChange::remove ? "Can't delete non-integer (set)"
                                                         : "Can't filter integer"};
  }
  net::AsPath result;
  for (const net::AsSegment& segment : path.segments) {
    net::AsSegment rest{segment.type, {}};
    for (const std::uint32_t asn : segment.asns) {
      const bool belongs = number != nullptr ? asn == *number : has_number(*set, asn);
      if (belongs == (change == ListChange::keep)) {
        rest.asns.push_back(asn);
      }
    }
    if (!rest.asns.empty()) {
      result.segments.push_back(std::move(rest));
    }
  }
  return {Value(std::move(result)), {}};
}

}  // namespace

std::optional<int> compare_values(const Value& a, const Value& b) {
  if (a.index() != b.index()) {
    if (std::holds_alternative<std::monostate>(a)) {
      return -1;
    }
    if (std::holds_alternative<std::monostate>(b)) {
      return 1;
    }
    const bool quads = (std::holds_alternative<Quad>(a) && std::holds_alternative<net::IpAddr>(b)) ||
                       (std::holds_alternative<net::IpAddr>(a) && std::holds_alternative<Quad>(b));
    const auto left = as_community(a);
    const auto right = as_community(b);
    return quads && left && right ? std::optional(sign_of(*left, *right)) : std::nullopt;
  }
  return std::visit(
      [&](const auto& left) -> std::optional<int> {
        using T = std::decay_t<decltype(left)>;
        const T& right = std::get<T>(b);
        if constexpr (std::is_same_v<T, std::monostate>) {
          return 0;
        } else if constexpr (std::is_same_v<T, EnumValue>) {
          return left.type == right.type ? std::optional(sign_of(left.value, right.value)) : std::nullopt;
        } else if constexpr (std::is_same_v<T, std::shared_ptr<const PrefixSet>> ||
                             std::is_same_v<T, std::shared_ptr<const ItemSet>> ||
                             std::is_same_v<T, std::shared_ptr<const PathMask>> ||
                             std::is_same_v<T, CommunityList> || std::is_same_v<T, ExtCommunityList> ||
                             std::is_same_v<T, LargeCommunityList>) {
          return std::nullopt;
        } else {
          return sign_of(left, right);
        }
      },
      a);
}

bool equal_values(const Value& a, const Value& b) {
  const auto order = compare_values(a, b);
  return order ? *order == 0 : intent::same(a, b);
}

std::optional<bool> match_path(const net::AsPath& path, const Value& pattern) {
  if (const auto* mask = std::get_if<std::shared_ptr<const PathMask>>(&pattern)) {
    return *mask != nullptr && match_mask(path, **mask);
  }
  const ItemSet* set = set_of(pattern);
  if (set == nullptr) {
    return std::nullopt;
  }
  if (is_empty(*set)) {
    return false;
  }
  return set->type == SetType::integer ? std::optional(path_has_any(path, *set)) : std::nullopt;
}

std::optional<bool> match_communities(const std::vector<net::Community>& list, const Value& pattern) {
  const ItemSet* set = set_of(pattern);
  if (set == nullptr) {
    return std::nullopt;
  }
  return std::any_of(list.begin(), list.end(),
                     [&](net::Community item) { return has_community(*set, item); });
}

std::optional<bool> match_in_communities(const Value& item, const std::vector<net::Community>& list) {
  const auto bits = as_community(item);
  return bits ? std::optional(contains(list, *bits)) : std::nullopt;
}

std::optional<bool> match_in_large(const Value& item, const std::vector<net::LargeCommunity>& list) {
  const auto* one = std::get_if<net::LargeCommunity>(&item);
  return one == nullptr ? std::nullopt : std::optional(contains(list, *one));
}

std::optional<bool> match_values(const Value& a, const Value& b) {
  if (const auto* path = std::get_if<net::AsPath>(&a)) {
    return match_path(*path, b);
  }
  if (const auto* path = std::get_if<net::AsPath>(&b)) {
    const auto* asn = std::get_if<std::uint32_t>(&a);
    return asn == nullptr ? std::nullopt : std::optional(path->count(*asn) > 0);
  }
  if (const auto* list = std::get_if<CommunityList>(&b)) {
    return match_in_communities(a, list->items);
  }
  if (const auto* list = std::get_if<ExtCommunityList>(&b)) {
    const auto* one = std::get_if<ExtCommunityValue>(&a);
    return one == nullptr ? std::nullopt : std::optional(contains(list->items, one->value));
  }
  if (const auto* list = std::get_if<LargeCommunityList>(&b)) {
    return match_in_large(a, list->items);
  }
  if (const auto* pattern = std::get_if<std::string>(&b)) {
    const auto* text = std::get_if<std::string>(&a);
    return text == nullptr ? std::nullopt : std::optional(match_glob(*pattern, *text));
  }
  if (const auto* around = std::get_if<net::Prefix>(&b)) {
    if (const auto* addr = std::get_if<net::IpAddr>(&a)) {
      return around->contains(*addr);
    }
    const auto* prefix = std::get_if<net::Prefix>(&a);
    return prefix == nullptr ? std::nullopt : std::optional(around->covers(*prefix));
  }
  if (const auto* set = std::get_if<std::shared_ptr<const PrefixSet>>(&b)) {
    const auto* prefix = std::get_if<net::Prefix>(&a);
    return prefix == nullptr ? std::nullopt
                             : std::optional(*set != nullptr && match_prefix_set(*prefix, **set));
  }
  const ItemSet* set = set_of(b);
  if (set == nullptr) {
    return std::nullopt;
  }
  if (is_empty(*set)) {
    return false;
  }
  const auto of_list = match_list(a, *set);
  return of_list ? of_list : match_set(a, *set);
}

bool match_glob(std::string_view pattern, std::string_view text) {
  std::size_t at = 0;
  std::size_t in = 0;
  std::size_t star = std::string_view::npos;  // behind the last `*`, and where in the text it may stretch to
  std::size_t resume = 0;
  while (in < text.size()) {
    const bool literal = at + 1 < pattern.size() && pattern[at] == '\\';
    if (at < pattern.size() && pattern[at] == '*') {
      star = ++at;
      resume = in;
    } else if (at < pattern.size() &&
               (literal ? pattern[at + 1] == text[in] : pattern[at] == '?' || pattern[at] == text[in])) {
      at += literal ? 2 : 1;
      ++in;
    } else if (star != std::string_view::npos) {
      at = star;
      in = ++resume;
    } else {
      return false;
    }
  }
  while (at < pattern.size() && pattern[at] == '*') {
    ++at;
  }
  return at == pattern.size();
}

ListResult change_list(ListChange change, const Value& list, const Value& items) {
  if (const auto* path = std::get_if<net::AsPath>(&list)) {
    return change_path(change, *path, items);
  }
  if (const auto* communities = std::get_if<CommunityList>(&list)) {
    return change_communities(change, *communities, items);
  }
  if (const auto* ext = std::get_if<ExtCommunityList>(&list)) {
    return change_ext(change, *ext, items);
  }
  if (const auto* large = std::get_if<LargeCommunityList>(&list)) {
    return change_large(change, *large, items);
  }
  return {std::nullopt, change == ListChange::add      ? "Can't add to non-[e|l]clist"
                        : change == ListChange::remove ? "Can't delete in non-[e|l]clist"
                                                       : "Can't filter non-[e|l]clist"};
}

std::uint32_t roa_state(const std::vector<intent::RoaEntry>& table, const net::Prefix& prefix,
                        std::uint32_t asn) {
  bool covered = false;
  for (const intent::RoaEntry& roa : table) {
    if (!roa.prefix.covers(prefix)) {
      continue;
    }
    covered = true;
    // AS 0 says that nobody may announce the prefix (RFC 6483 §4): it covers and never validates.
    if (asn != 0 && roa.asn == asn && prefix.length() <= roa.length_max) {
      return 1;
    }
  }
  return covered ? 2 : 0;
}

ExtResult make_ext(std::uint32_t kind, std::uint32_t key, bool key_is_address, std::uint32_t value) {
  if (kind == kExtGeneric) {
    return {net::ExtCommunity{key} << 32U | value, {}};
  }
  if (!key_is_address && key <= 0xFFFFU) {
    return {net::ExtCommunity{kind} << 48U | net::ExtCommunity{key} << 32U | value, {}};
  }
  if (value > 0xFFFFU) {
    return {std::nullopt, "4-byte value " + std::to_string(value) + " can't be used with " +
                              (key_is_address ? "IP-address key" : "4-byte ASN") + " in extended community"};
  }
  const std::uint32_t type = kind | (key_is_address ? 0x0100U : 0x0200U);
  return {net::ExtCommunity{type} << 48U | net::ExtCommunity{key} << 16U | value, {}};
}

}  // namespace catflap::bgp::policy
