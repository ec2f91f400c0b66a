#include "intent/operators.hpp"

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/glob.hpp"

namespace catflap::intent {
namespace {

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

bool in_range(std::uint32_t value, const Range32& range) {
  return range.low <= value && value <= range.high;
}

bool has_number(const ItemSet& set, std::uint32_t value) {
  return set.contains(set_key(value));
}

bool has_community(const ItemSet& set, net::Community value) {
  return (set.type == SetType::pair || set.type == SetType::quad) ? set.contains(set_key(value))
         : set.type == SetType::ip ? set.contains(set_key(net::IpAddr::v4(value)))
                                   : false;
}

bool has_ext(const ItemSet& set, net::ExtCommunity value) {
  return set.type == SetType::ext_community && set.contains(set_key_ext(value));
}

bool has_large(const ItemSet& set, const net::LargeCommunity& value) {
  return set.type == SetType::large_community && set.contains(set_key(value));
}

/// One place of an AS path as masks see it: an AS of a sequence, or a whole set.
struct PathPosition {
  const std::uint32_t* asns;
  std::size_t count;
};

/// Space for so many items without the heap, as nearly all paths are short.
template <class T>
class Scratch {
 public:
  explicit Scratch(std::size_t size) : large_(size > small_.size() ? size : 0) {}
  T& operator[](std::size_t index) { return large_.empty() ? small_[index] : large_[index]; }

 private:
  std::array<T, 64> small_{};
  std::vector<T> large_;
};

/// How many positions(), which fills them in.
std::size_t count_positions(const net::AsPath& path) {
  std::size_t count = 0;
  for (const net::AsSegment& segment : path.segments) {
    const bool set =
        segment.type == net::AsSegmentType::set || segment.type == net::AsSegmentType::confed_set;
    count += set ? 1 : segment.asns.size();
  }
  return count;
}
void fill_positions(const net::AsPath& path, Scratch<PathPosition>& positions) {
  std::size_t at = 0;
  for (const net::AsSegment& segment : path.segments) {
    if (segment.type == net::AsSegmentType::set || segment.type == net::AsSegmentType::confed_set) {
      positions[at++] = {segment.asns.data(), segment.asns.size()};
      continue;
    }
    for (const std::uint32_t& asn : segment.asns) {
      positions[at++] = {&asn, 1};
    }
  }
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

/// Runs the mask as a nondeterministic automaton: states[i] means "the first i places are eaten". Time is
/// linear in the path for each item of the mask.
bool match_mask(const net::AsPath& path, const PathMask& mask) {
  const std::size_t count = count_positions(path);
  Scratch<PathPosition> positions(count);
  fill_positions(path, positions);
  Scratch<char> states(count + 1);
  states[0] = 1;
  for (const PathMaskItem& item : mask.items) {
    if (item.kind == PathMaskItem::Kind::any_many) {
      for (std::size_t i = 1; i <= count; ++i) {
        states[i] = static_cast<char>(states[i] | states[i - 1]);
      }
      continue;
    }
    if (item.repeated) {
      char before = std::exchange(states[0], char{0});
      for (std::size_t i = 1; i <= count; ++i) {
        const bool reached = before != 0 || states[i - 1] != 0;
        before = states[i];
        states[i] = reached && fits(item, positions[i - 1]) ? 1 : 0;
      }
      continue;
    }
    for (std::size_t i = count; i > 0; --i) {
      states[i] = states[i - 1] != 0 && fits(item, positions[i - 1]) ? 1 : 0;
    }
    states[0] = 0;
  }
  return states[count] != 0;
}

bool path_has_any(const net::AsPath& path, const ItemSet& set) {
  return std::any_of(path.segments.begin(), path.segments.end(), [&](const net::AsSegment& segment) {
    return std::any_of(segment.asns.begin(), segment.asns.end(),
                       [&](std::uint32_t asn) { return has_number(set, asn); });
  });
}

std::optional<bool> match_set(const Value& item, const ItemSet& set) {
  if (const auto* number = std::get_if<std::uint32_t>(&item)) {
    return set.type == SetType::integer ? std::optional(has_number(set, *number)) : std::nullopt;
  }
  if (const auto* addr = std::get_if<net::IpAddr>(&item); addr != nullptr && set.type == SetType::ip) {
    return set.contains(set_key(*addr));
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
  const ItemSet* set = set_of(items);
  if (set != nullptr && (set->empty() || set->type == SetType::pair || set->type == SetType::quad ||
                         set->type == SetType::ip)) {
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
  const ItemSet* set = set_of(items);
  if (set != nullptr && (set->empty() || set->type == SetType::ext_community)) {
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
  const ItemSet* set = set_of(items);
  if (set != nullptr && (set->empty() || set->type == SetType::large_community)) {
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
                      (set != nullptr && (set->type == SetType::integer || set->empty()));
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

/// The last AS of the sequences before the first set.
std::uint32_t last_nonaggregated(const net::AsPath& path) {
  std::uint32_t last = 0;
  for (const net::AsSegment& segment : path.segments) {
    if (segment.type == net::AsSegmentType::set || segment.type == net::AsSegmentType::confed_set) {
      break;
    }
    if (!segment.asns.empty()) {
      last = segment.asns.back();
    }
  }
  return last;
}

template <class Item, class Wrap>
std::optional<Value> extreme_of(const std::vector<Item>& items, bool lowest, Wrap&& wrap) {
  if (items.empty()) {
    return Value(wrap(Item()));  // as BIRD
  }
  return Value(wrap(lowest ? *std::min_element(items.begin(), items.end())
                           : *std::max_element(items.begin(), items.end())));
}

template <class List, class Wrap>
std::optional<Value> list_method(const List& list, std::string_view name, Wrap&& wrap) {
  if (name == "len") {
    return static_cast<std::uint32_t>(list.items.size());
  }
  if (name == "empty") {
    return List();
  }
  if (name == "min" || name == "max") {
    return extreme_of(list.items, name == "min", wrap);
  }
  return std::nullopt;
}

std::optional<Value> scalar_method(const Value& object, std::string_view name) {
  if (const auto* prefix = std::get_if<net::Prefix>(&object)) {
    if (name == "len") {
      return std::uint32_t{prefix->length()};
    }
    if (name == "ip") {
      return prefix->addr();
    }
    if (name == "type") {
      return EnumValue{EnumType::net_type, prefix->family() == net::Family::ipv4 ? 1U : 2U};
    }
  }
  if (const auto* pair = std::get_if<Pair>(&object)) {
    if (name == "asn") {
      return pair->value >> 16U;
    }
    if (name == "data") {
      return pair->value & 0xFFFFU;
    }
  }
  if (const auto* large = std::get_if<net::LargeCommunity>(&object)) {
    if (name == "asn") {
      return large->global;
    }
    if (name == "data1" || name == "data2") {
      return name == "data1" ? large->local1 : large->local2;
    }
  }
  if (const auto* addr = std::get_if<net::IpAddr>(&object)) {
    // BIRD's address that is not set is `::`, which counts as IPv6.
    if (name == "is_v4") {
      return addr->is_v4();
    }
  }
  return std::nullopt;
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
                             std::is_same_v<T, net::AsPath> || std::is_same_v<T, CommunityList> ||
                             std::is_same_v<T, ExtCommunityList> || std::is_same_v<T, LargeCommunityList>) {
          return std::nullopt;
        } else if constexpr (std::is_same_v<T, net::IpAddr>) {
          return sign_of(set_key(left), set_key(right));
        } else {
          return sign_of(left, right);
        }
      },
      a);
}

bool equal_values(const Value& a, const Value& b) {
  const auto order = compare_values(a, b);
  return order ? *order == 0 : same(a, b);
}

std::optional<bool> match_path(const net::AsPath& path, const Value& pattern) {
  if (const auto* mask = std::get_if<std::shared_ptr<const PathMask>>(&pattern)) {
    return *mask != nullptr && match_mask(path, **mask);
  }
  const ItemSet* set = set_of(pattern);
  if (set == nullptr) {
    return std::nullopt;
  }
  if (set->empty()) {
    return false;
  }
  return set->type == SetType::integer ? std::optional(path_has_any(path, *set)) : std::nullopt;
}

std::optional<bool> match_communities(const std::vector<net::Community>& list, const Value& pattern) {
  const ItemSet* set = set_of(pattern);
  const bool fits = set != nullptr && (set->empty() || set->type == SetType::pair ||
                                       set->type == SetType::quad || set->type == SetType::ip);
  if (!fits) {
    return std::nullopt;
  }
  return std::any_of(list.begin(), list.end(),
                     [&](net::Community item) { return has_community(*set, item); });
}

std::optional<bool> match_ext(const std::vector<net::ExtCommunity>& list, const Value& pattern) {
  const ItemSet* set = set_of(pattern);
  if (set == nullptr || !(set->empty() || set->type == SetType::ext_community)) {
    return std::nullopt;
  }
  return std::any_of(list.begin(), list.end(), [&](net::ExtCommunity item) { return has_ext(*set, item); });
}

std::optional<bool> match_large(const std::vector<net::LargeCommunity>& list, const Value& pattern) {
  const ItemSet* set = set_of(pattern);
  if (set == nullptr || !(set->empty() || set->type == SetType::large_community)) {
    return std::nullopt;
  }
  return std::any_of(list.begin(), list.end(),
                     [&](const net::LargeCommunity& item) { return has_large(*set, item); });
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
    return text == nullptr ? std::nullopt : std::optional(glob_match(*pattern, *text));
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
    return prefix == nullptr ? std::nullopt : std::optional(*set != nullptr && (*set)->contains(*prefix));
  }
  const ItemSet* set = set_of(b);
  if (set == nullptr) {
    return std::nullopt;
  }
  if (set->empty()) {
    return false;
  }
  if (const auto* communities = std::get_if<CommunityList>(&a)) {
    return match_communities(communities->items, b);
  }
  if (const auto* ext = std::get_if<ExtCommunityList>(&a)) {
    return match_ext(ext->items, b);
  }
  if (const auto* large = std::get_if<LargeCommunityList>(&a)) {
    return match_large(large->items, b);
  }
  return match_set(a, *set);
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

std::optional<Value> path_method(const net::AsPath& path, std::string_view name) {
  if (name == "len") {
    return static_cast<std::uint32_t>(path.length());
  }
  if (name == "first") {
    // As BIRD: none where the path begins within the confederation.
    const bool begins = !path.segments.empty() && path.segments.front().type == net::AsSegmentType::sequence;
    return begins ? path.first().value_or(0) : 0;
  }
  if (name == "last") {
    return path.last().value_or(0);
  }
  if (name == "last_nonaggregated") {
    return last_nonaggregated(path);
  }
  if (name == "empty") {
    return net::AsPath();
  }
  return std::nullopt;
}

std::optional<Value> plain_method(const Value& object, std::string_view name) {
  if (const auto* path = std::get_if<net::AsPath>(&object)) {
    return path_method(*path, name);
  }
  if (const auto* list = std::get_if<CommunityList>(&object)) {
    return list_method(*list, name, [](net::Community item) { return Pair{item}; });
  }
  if (const auto* list = std::get_if<ExtCommunityList>(&object)) {
    return list_method(*list, name, [](net::ExtCommunity item) { return ExtCommunityValue{item}; });
  }
  if (const auto* list = std::get_if<LargeCommunityList>(&object)) {
    return list_method(*list, name, [](const net::LargeCommunity& item) { return item; });
  }
  return scalar_method(object, name);
}

}  // namespace catflap::intent
