#include <algorithm>
#include <array>
#include <utility>

#include "birdlang/parser.hpp"

namespace catflap::birdlang {

using intent::ExprPtr;
using intent::ItemSet;
using intent::PathMaskItem;
using intent::Range32;
using intent::SetItem;
using intent::SetType;

namespace {

constexpr std::uint32_t kTop16 = 0xFFFF;
constexpr std::uint32_t kTop32 = 0xFFFFFFFF;

bool less_item(const SetItem& a, const SetItem& b) {
  return std::lexicographical_compare(std::begin(a.dimension), std::end(a.dimension), std::begin(b.dimension),
                                      std::end(b.dimension));
}

SetItem box(Range32 a, Range32 b = {0, 0}, Range32 c = {0, 0}) {
  SetItem item;
  item.dimension[0] = a;
  item.dimension[1] = b;
  item.dimension[2] = c;
  return item;
}

}  // namespace

/// `[ ... ]`: a set of prefixes if the first item is one, else of something else. Sorted, without duplicates.
ExprPtr Parser::set_literal() {
  const Token at = peek();
  expect("[");
  const auto is_prefix = [&] {
    if (peek().kind == TokenKind::address) {
      return is("/", 1);
    }
    if (peek().kind == TokenKind::symbol || peek().kind == TokenKind::quoted_symbol) {
      const auto found = router_.constants.find(std::string(peek().text));
      return found != router_.constants.end() && std::holds_alternative<net::Prefix>(found->second);
    }
    return false;
  };
  if (is_prefix()) {
    intent::PrefixSet set;
    do {
      prefix_item(set);
    } while (accept(","));
    expect("]");
    std::sort(set.patterns.begin(), set.patterns.end());
    set.patterns.erase(std::unique(set.patterns.begin(), set.patterns.end()), set.patterns.end());
    return make_constant(std::make_shared<const intent::PrefixSet>(std::move(set)), at);
  }
  ItemSet set;
  bool typed = false;
  if (!is("]")) {
    do {
      if (is_prefix()) {
        fail_here("a prefix cannot stand in a set of something else");
      }
      set_item(set, typed);
    } while (accept(","));
  }
  expect("]");
  std::sort(set.items.begin(), set.items.end(), less_item);
  set.items.erase(std::unique(set.items.begin(), set.items.end()), set.items.end());
  std::sort(set.addresses.begin(), set.addresses.end());
  set.addresses.erase(std::unique(set.addresses.begin(), set.addresses.end()), set.addresses.end());
  return make_constant(std::make_shared<const ItemSet>(std::move(set)), at);
}

/// `10.0.0.0/8`, with `+`, `-` or `{16,24}` behind.
void Parser::prefix_item(intent::PrefixSet& set) {
  const Token at = peek();
  intent::PrefixPattern pattern;
  pattern.prefix = prefix();
  const std::uint8_t bits = net::address_bits(pattern.prefix.family());
  if (!set.patterns.empty() && set.patterns.front().prefix.family() != pattern.prefix.family()) {
    fail_token(at, "mixed IPv4/IPv6 prefixes in prefix set");
  }
  pattern.low = pattern.high = pattern.prefix.length();
  if (accept("+")) {
    pattern.high = bits;
  } else if (accept("-")) {
    pattern.low = 0;
  } else if (accept("{")) {
    const Token low_at = peek();
    const std::uint32_t low = number();
    expect(",");
    const std::uint32_t high = number();
    expect("}");
    if (low > high || high > bits) {
      fail_token(low_at, "invalid prefix pattern {" + std::to_string(low) + "," + std::to_string(high) +
                             "}: lengths go up and to " + std::to_string(bits) + " at most");
    }
    pattern.low = static_cast<std::uint8_t>(low);
    pattern.high = static_cast<std::uint8_t>(high);
  }
  set.patterns.push_back(pattern);
}

void Parser::set_type(ItemSet& set, bool& typed, SetType type, const Token& at) {
  if (typed && set.type != type) {
    fail_token(at, "incompatible items in one set");
  }
  set.type = type;
  typed = true;
}

/// A number of a set: a literal, a constant or an expression in parentheses.
std::uint32_t Parser::set_number() {
  return number();
}

/// `5`, `5..7` or `*`.
Range32 Parser::range(std::uint32_t top, bool& wild) {
  wild = accept("*");
  if (wild) {
    return {0, top};
  }
  const Token at = peek();
  Range32 result;
  result.low = result.high = set_number();
  if (accept("..")) {
    result.high = set_number();
  }
  if (result.low > result.high || result.high > top) {
    fail_token(at, "invalid range " + std::to_string(result.low) + ".." + std::to_string(result.high) +
                       " in a set: ends go up and to " + std::to_string(top) + " at most");
  }
  return result;
}

void Parser::set_item(ItemSet& set, bool& typed) {
  const Token at = peek();
  if (at.kind == TokenKind::address) {
    set_type(set, typed, SetType::ip, at);
    intent::AddressRange addresses{take().address, at.address};
    if (accept("..")) {
      addresses.high = address();
    }
    if (addresses.low.family() != addresses.high.family() || addresses.high < addresses.low) {
      fail_token(at, "invalid range of addresses in a set");
    }
    set.addresses.push_back(addresses);
    return;
  }
  if (is("(")) {
    return tuple_item(set, typed);
  }
  if (at.kind == TokenKind::symbol || at.kind == TokenKind::quoted_symbol) {
    const auto item = at.kind == TokenKind::symbol ? intent::enum_from_name(at.text) : std::nullopt;
    if (item) {
      take();
      if (typed && set.enum_type != item->type) {
        fail_token(at, "incompatible items in one set");
      }
      set_type(set, typed, SetType::enumeration, at);
      set.enum_type = item->type;
      Range32 values{item->value, item->value};
      if (accept("..")) {
        const auto high = intent::enum_from_name(peek().text);
        if (!high || high->type != item->type || high->value < item->value) {
          unexpected("the upper end of the range");
        }
        take();
        values.high = high->value;
      }
      set.items.push_back(box(values));
      return;
    }
    if (constant_item(set, typed)) {
      return;
    }
  }
  set_type(set, typed, SetType::integer, at);
  bool wild = false;
  if (is("*")) {
    unexpected("an item of a set");
  }
  set.items.push_back(box(range(kTop32, wild)));
}

/// A constant by its name, of any type that a set can hold but int. False if it is none.
bool Parser::constant_item(ItemSet& set, bool& typed) {
  const Token at = peek();
  const auto found = router_.constants.find(std::string(at.text));
  if (found == router_.constants.end() || std::holds_alternative<std::uint32_t>(found->second)) {
    return false;
  }
  take();
  const intent::Value& value = found->second;
  const auto point = [](std::uint32_t number) { return Range32{number, number}; };
  if (const auto* pair = std::get_if<intent::Pair>(&value)) {
    set_type(set, typed, SetType::pair, at);
    set.items.push_back(box(point(pair->value >> 16U), point(pair->value & kTop16)));
  } else if (const auto* quad = std::get_if<intent::Quad>(&value)) {
    set_type(set, typed, SetType::quad, at);
    set.items.push_back(box(point(quad->value)));
  } else if (const auto* addr = std::get_if<net::IpAddr>(&value)) {
    set_type(set, typed, SetType::ip, at);
    intent::AddressRange addresses{*addr, *addr};
    if (accept("..")) {
      addresses.high = address();
    }
    if (addresses.low.family() != addresses.high.family() || addresses.high < addresses.low) {
      fail_token(at, "invalid range of addresses in a set");
    }
    set.addresses.push_back(addresses);
  } else if (const auto* large = std::get_if<net::LargeCommunity>(&value)) {
    set_type(set, typed, SetType::large_community, at);
    set.items.push_back(box(point(large->global), point(large->local1), point(large->local2)));
  } else if (const auto* ext = std::get_if<intent::ExtCommunityValue>(&value)) {
    set_type(set, typed, SetType::ext_community, at);
    set.items.push_back(ext_box(ext->value));
  } else if (const auto* item = std::get_if<intent::EnumValue>(&value)) {
    if (typed && set.enum_type != item->type) {
      fail_token(at, "incompatible items in one set");
    }
    set_type(set, typed, SetType::enumeration, at);
    set.enum_type = item->type;
    set.items.push_back(box(point(item->value)));
  } else {
    fail_token(at, "a " + std::string(intent::to_string(intent::type_of(value))) + " cannot stand in a set");
  }
  return true;
}

/// `(a, b)`, `(a, b..c, *)`, `(rt, a, *)`, or a number in parentheses; also `(1,2)..(1,5)`.
void Parser::tuple_item(ItemSet& set, bool& typed) {
  const Token at = peek();
  const bool ext = is_word("rt", 1) || is_word("ro", 1) || is_word("generic", 1);
  if (ext) {
    take();
    return ext_item(set, typed, at);
  }
  const std::size_t start = at_;
  take();
  if (!is("*") && peek().kind != TokenKind::number && peek().kind != TokenKind::symbol) {
    at_ = start;
    set_type(set, typed, SetType::integer, at);
    bool unused = false;
    set.items.push_back(box(range(kTop32, unused)));
    return;
  }
  std::array<bool, 3> wild{};
  std::array<Range32, 3> parts{};
  std::size_t count = 0;
  do {
    parts[count] = range(kTop32, wild[count]);
    ++count;
  } while (count < 3 && accept(","));
  if (count == 1) {  // A number in parentheses.
    at_ = start;
    set_type(set, typed, SetType::integer, at);
    set.items.push_back(box(range(kTop32, wild[0])));
    return;
  }
  expect(")");
  if (count == 3) {
    const bool narrow = parts[0].low == parts[0].high;
    if ((!narrow && !(wild[1] && wild[2])) || (parts[1].low != parts[1].high && !wild[2])) {
      fail_token(at, "behind a range or '*' in a large community only '*' can stand");
    }
    set_type(set, typed, SetType::large_community, at);
    set.items.push_back(box(parts[0], parts[1], parts[2]));
    return;
  }
  for (std::size_t i = 0; i < 2; ++i) {
    parts[i].high = wild[i] ? kTop16 : parts[i].high;
    if (parts[i].high > kTop16) {
      fail_token(at, "a pair has numbers up to 65535");
    }
  }
  set_type(set, typed, SetType::pair, at);
  if (accept("..")) {
    pair_range(set, parts[0].low << 16U | parts[1].low, at);
    return;
  }
  set.items.push_back(box(parts[0], parts[1]));
}

/// `(1,2)..(3,4)`: split into boxes of whole rows and of the ragged ends.
void Parser::pair_range(ItemSet& set, std::uint32_t low, const Token& at) {
  expect("(");
  const std::uint32_t high_a = number_in(0, kTop16, "a part of a pair");
  expect(",");
  const std::uint32_t high_b = number_in(0, kTop16, "a part of a pair");
  expect(")");
  std::uint32_t low_a = low >> 16U;
  const std::uint32_t low_b = low & kTop16;
  if (low > (high_a << 16U | high_b)) {
    fail_token(at, "invalid range of pairs in a set: ends go up");
  }
  if (low_a == high_a) {
    set.items.push_back(box({low_a, low_a}, {low_b, high_b}));
    return;
  }
  if (low_b != 0) {
    set.items.push_back(box({low_a, low_a}, {low_b, kTop16}));
    ++low_a;
  }
  if (high_b == kTop16) {
    set.items.push_back(box({low_a, high_a}, {0, kTop16}));
    return;
  }
  if (low_a < high_a) {
    set.items.push_back(box({low_a, high_a - 1}, {0, kTop16}));
  }
  set.items.push_back(box({high_a, high_a}, {0, high_b}));
}

/// An extended community as a box: types 1 and 2 of rt and ro have 4 octets of key and 2 of value, others 2
/// and 4.
SetItem Parser::ext_box(net::ExtCommunity value) {
  const auto type = static_cast<std::uint32_t>(value >> 48U);
  const std::uint32_t high = type >> 8U & 0xBFU;
  const std::uint32_t low = type & 0xFFU;
  const bool long_key = (high == 1 || high == 2) && (low == 2 || low == 3);
  const auto key = static_cast<std::uint32_t>(long_key ? value >> 16U & kTop32 : value >> 32U & kTop16);
  const auto rest = static_cast<std::uint32_t>(long_key ? value & kTop16 : value & kTop32);
  return box({type, type}, {key, key}, {rest, rest});
}

/// Behind the parenthesis of `(rt, key, 1..5)`.
void Parser::ext_item(ItemSet& set, bool& typed, const Token& at) {
  const std::string kind(take().text);
  expect(",");
  const bool by_address = peek().kind == TokenKind::address;
  const std::uint32_t key = by_address ? router_id() : set_number();
  expect(",");
  bool wild = false;
  Range32 value = range(kTop32, wild);
  expect(")");
  set_type(set, typed, SetType::ext_community, at);
  std::uint32_t type = kind == "rt" ? 2U : 3U;
  type |= by_address ? 0x100U : key > kTop16 ? 0x200U : 0U;
  if (kind == "generic") {
    SetItem item = ext_box(static_cast<net::ExtCommunity>(key) << 32U | value.low);
    const SetItem last = ext_box(static_cast<net::ExtCommunity>(key) << 32U | value.high);
    if (item.dimension[1] != last.dimension[1]) {
      fail_token(at,
                 "this range of a generic extended community is not supported; use (rt, ...) or (ro, ...)",
                 Errc::unsupported);
    }
    item.dimension[2].high = last.dimension[2].high;
    set.items.push_back(item);
    return;
  }
  if (type > kTop16 || type >= 0x100U) {
    value.high = wild ? kTop16 : value.high;
    if (value.high > kTop16) {
      fail_token(at, "a value above 65535 cannot be used with a 4-octet key in an extended community");
    }
  }
  set.items.push_back(box({type, type}, {key, key}, value));
}

/// `[= 1 2 * ? [5..7] 5..7 (expr) =]`.
ExprPtr Parser::path_mask() {
  const Token at = peek();
  const Nesting nesting(*this);
  expect("[=");
  intent::PathMask mask;
  std::vector<ExprPtr> operands;
  while (!accept("=]")) {
    PathMaskItem item;
    if (accept("*")) {
      item.kind = PathMaskItem::Kind::any_many;
    } else if (accept("?")) {
      item.kind = PathMaskItem::Kind::any_one;
    } else if (is("[")) {
      mask_set(item, set_literal());
    } else if (is("(")) {
      mask_expression(item, parenthesised(), operands);
    } else if (peek().kind == TokenKind::symbol || peek().kind == TokenKind::quoted_symbol) {
      mask_expression(item, symbol_term(), operands);
    } else if (peek().kind == TokenKind::number) {
      bool unused = false;
      item.asns = range(kTop32, unused);
      item.kind = item.asns.low == item.asns.high ? PathMaskItem::Kind::asn : PathMaskItem::Kind::range;
    } else {
      unexpected("an AS number, '*', '?', a range, a set or '=]'");
    }
    mask.items.push_back(std::move(item));
  }
  auto value = std::make_shared<const intent::PathMask>(std::move(mask));
  if (operands.empty()) {
    return make_constant(std::move(value), at);
  }
  intent::Expr result;
  result.op = intent::Op::make_path_mask;
  result.type = intent::ValueType::path_mask;
  result.value = std::move(value);
  result.operands = std::move(operands);
  result.where = source_.where(at);
  return std::make_shared<const intent::Expr>(std::move(result));
}

void Parser::mask_set(PathMaskItem& item, const ExprPtr& set) {
  const auto* numbers = std::get_if<std::shared_ptr<const ItemSet>>(&set->value);
  if (numbers == nullptr || !*numbers || (*numbers)->type != SetType::integer) {
    check(set, intent::ValueType::item_set, "a set in a path mask");
    throw SyntaxError{Error{Errc::invalid, "a set in a path mask must hold AS numbers", 0, set->where}};
  }
  item.kind = PathMaskItem::Kind::set;
  item.set = *numbers;
}

void Parser::mask_expression(PathMaskItem& item, const ExprPtr& value, std::vector<ExprPtr>& operands) {
  if (value->op == intent::Op::constant && value->type == intent::ValueType::item_set) {
    return mask_set(item, value);
  }
  check(value, intent::ValueType::integer, "an expression in a path mask");
  if (value->op == intent::Op::constant) {
    item.asns.low = item.asns.high = std::get<std::uint32_t>(value->value);
    item.kind = PathMaskItem::Kind::asn;
    if (accept("..")) {
      const Token at = peek();
      item.asns.high = set_number();
      if (item.asns.high < item.asns.low) {
        fail_token(at, "invalid range in a path mask: ends go up");
      }
      item.kind = item.asns.low == item.asns.high ? PathMaskItem::Kind::asn : PathMaskItem::Kind::range;
    }
    return;
  }
  item.kind = PathMaskItem::Kind::expression;
  item.expression = static_cast<std::uint32_t>(operands.size());
  item.asns = {};
  operands.push_back(value);
}

}  // namespace catflap::birdlang
