#include <algorithm>
#include <array>
#include <utility>

#include "birdlang/parser.hpp"

namespace catflap::birdlang {

using intent::ExprPtr;
using intent::ItemSet;
using intent::PathMaskItem;
using intent::SetKey;
using intent::SetType;
using intent::Value;

namespace {

constexpr std::uint32_t kTop16 = 0xFFFF;
constexpr std::uint32_t kTop32 = 0xFFFFFFFF;

/// The reverse of placed().
Value value_at(const ItemSet& set, const SetKey& key) {
  switch (set.type) {
    case SetType::integer:
      return key[0];
    case SetType::pair:
      return intent::Pair{key[0]};
    case SetType::quad:
      return intent::Quad{key[0]};
    case SetType::ip:
      return intent::address_of(key);
    case SetType::enumeration:
      return intent::EnumValue{set.enum_type, key[0]};
    case SetType::ext_community:
      return intent::ExtCommunityValue{net::ExtCommunity{key[0]} << 32U | key[1]};
    case SetType::large_community:
      return net::LargeCommunity{key[0], key[1], key[2]};
  }
  return {};
}

}  // namespace

std::optional<PlacedValue> placed(const Value& value) {
  if (const auto* number = std::get_if<std::uint32_t>(&value)) {
    return PlacedValue{SetType::integer, intent::set_key(*number)};
  }
  if (const auto* pair = std::get_if<intent::Pair>(&value)) {
    return PlacedValue{SetType::pair, intent::set_key(pair->value)};
  }
  if (const auto* quad = std::get_if<intent::Quad>(&value)) {
    return PlacedValue{SetType::quad, intent::set_key(quad->value)};
  }
  if (const auto* addr = std::get_if<net::IpAddr>(&value)) {
    return PlacedValue{SetType::ip, intent::set_key(*addr)};
  }
  if (const auto* item = std::get_if<intent::EnumValue>(&value)) {
    return PlacedValue{SetType::enumeration, intent::set_key(item->value)};
  }
  if (const auto* ext = std::get_if<intent::ExtCommunityValue>(&value)) {
    return PlacedValue{SetType::ext_community, intent::set_key_ext(ext->value)};
  }
  if (const auto* large = std::get_if<net::LargeCommunity>(&value)) {
    return PlacedValue{SetType::large_community, intent::set_key(*large)};
  }
  return std::nullopt;
}

/// `[ ... ]`: a set of prefixes if the first item is one, else of something else. Sorted, without duplicates.
ExprPtr Parser::set_literal() {
  const Token at = peek();
  expect("[");
  const auto is_prefix = [&] { return peek().kind == TokenKind::address && is("/", 1); };
  if (is_prefix()) {
    std::vector<intent::PrefixPattern> patterns;
    do {
      prefix_item(patterns);
    } while (accept(","));
    expect("]");
    return make_constant(std::make_shared<const intent::PrefixSet>(std::move(patterns)), at);
  }
  SetDraft draft;
  if (!is("]")) {
    do {
      if (is_prefix()) {
        fail_here("a prefix cannot stand in a set of something else");
      }
      set_item(draft);
    } while (accept(","));
  }
  expect("]");
  draft.set.normalise();
  return make_constant(std::make_shared<const ItemSet>(std::move(draft.set)), at);
}

/// `10.0.0.0/8`, with `+`, `-` or `{16,24}` behind.
void Parser::prefix_item(std::vector<intent::PrefixPattern>& patterns) {
  const Token at = peek();
  if (at.kind != TokenKind::address) {
    unexpected("a prefix");
  }
  intent::PrefixPattern pattern;
  pattern.prefix = prefix();
  const std::uint8_t bits = net::address_bits(pattern.prefix.family());
  if (!patterns.empty() && patterns.front().prefix.family() != pattern.prefix.family()) {
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
  patterns.push_back(pattern);
}

void Parser::add_range(SetDraft& draft, const Value& low, const Value& high, const Token& at) const {
  const auto from = placed(low);
  const auto to = placed(high);
  if (!from || !to) {
    const Value& wrong = from ? high : low;
    fail_token(at, "a " + std::string(intent::to_string(intent::type_of(wrong))) + " cannot stand in a set");
  }
  const auto* enum_low = std::get_if<intent::EnumValue>(&low);
  const auto* enum_high = std::get_if<intent::EnumValue>(&high);
  const bool same_enum = enum_low == nullptr || enum_high == nullptr || enum_low->type == enum_high->type;
  ItemSet& set = draft.set;
  if (from->type != to->type || !same_enum || (draft.typed && set.type != from->type) ||
      (draft.typed && enum_low != nullptr && set.enum_type != enum_low->type)) {
    fail_token(at, "incompatible items in one set");
  }
  set.type = from->type;
  set.enum_type = enum_low != nullptr ? enum_low->type : set.enum_type;
  draft.typed = true;
  set.ranges.push_back({from->key, to->key});
}

/// A number of a tuple: any expression that is known now.
std::uint32_t Parser::set_number() {
  const ExprPtr value = expression();
  const auto* number = std::get_if<std::uint32_t>(&value->value);
  if (value->op != intent::Op::constant || number == nullptr) {
    throw SyntaxError{Error{Errc::invalid, "a number that is known when the configuration is read is needed",
                            0, value->where}};
  }
  return *number;
}

Dimension Parser::dimension() {
  Dimension result;
  result.wild = accept("*");
  if (result.wild) {
    return result;
  }
  result.values.low = result.values.high = set_number();
  result.single = !accept("..");
  if (!result.single) {
    result.values.high = set_number();
  }
  return result;
}

void Parser::set_item(SetDraft& draft) {
  const Token at = peek();
  Value low;
  if (is("(")) {
    if (tuple_item(draft, low)) {
      return;
    }
  } else {
    low = set_atom();
  }
  Value high = low;
  if (accept("..")) {
    if (!is("(")) {
      high = set_atom();
    } else {
      SetDraft upper;
      if (tuple_item(upper, high)) {
        fail_token(at, "invalid range in a set");
      }
    }
  }
  add_range(draft, low, high, at);
}

/// A number, an address, a constant of BIRD or one of the file.
Value Parser::set_atom() {
  const Token at = peek();
  if (at.kind == TokenKind::number) {
    return take().number;
  }
  if (at.kind == TokenKind::address) {
    return take().address;
  }
  if (at.kind == TokenKind::symbol) {
    if (const auto item = intent::enum_from_name(at.text, options_.dialect)) {
      take();
      return *item;
    }
  }
  if (at.kind == TokenKind::symbol || at.kind == TokenKind::quoted_symbol) {
    const auto found = router_.constants.find(std::string(at.text));
    if (found == router_.constants.end()) {
      fail_here("'" + std::string(at.text) + "' is no constant; a set holds constants only");
    }
    take();
    return found->second;
  }
  unexpected("an item of a set");
}

/// `(a, b)`, `(a, b..c, *)`, `(rt, a, *)`, `(1,2)..(1,5)`. False for an expression in parentheses, whose
/// value goes to `atom`.
bool Parser::tuple_item(SetDraft& draft, Value& atom) {
  const Token at = take();
  if (is_word("rt") || is_word("ro") || is_word("generic") ||
      (is_word("unknown") && peek(1).kind == TokenKind::number)) {
    ext_item(draft, at);
    return true;
  }
  std::vector<Dimension> parts(1);
  if (accept("*")) {
    parts[0].wild = true;
  } else {
    const ExprPtr first = expression();
    if (first->op != intent::Op::constant) {
      throw SyntaxError{
          Error{Errc::invalid, "a set holds what is known when the configuration is read", 0, first->where}};
    }
    if (accept(")")) {
      atom = first->value;
      return false;
    }
    const auto* number = std::get_if<std::uint32_t>(&first->value);
    if (number == nullptr) {
      fail_token(at, "a part of a tuple in a set must be a number");
    }
    parts[0].values = {*number, *number};
    parts[0].single = !accept("..");
    if (!parts[0].single) {
      parts[0].values.high = set_number();
    }
  }
  while (parts.size() < 3 && accept(",")) {
    parts.push_back(dimension());
  }
  expect(")");
  if (parts.size() == 3) {
    large_item(draft, at, parts);
  } else if (parts.size() == 2) {
    pair_item(draft, at, parts);
  } else {
    unexpected("an item of a set");
  }
  return true;
}

void Parser::pair_item(SetDraft& draft, const Token& at, const std::vector<Dimension>& parts) {
  std::array<intent::Range32, 2> box{};
  for (std::size_t i = 0; i < 2; ++i) {
    box[i] = parts[i].wild ? intent::Range32{0, kTop16} : parts[i].values;
    if (box[i].low > kTop16 || box[i].high > kTop16) {
      fail_token(at, "a pair has numbers up to 65535");
    }
    if (box[i].low > box[i].high) {
      fail_token(at, "from value cannot be higher than to value in pair sets");
    }
  }
  if (parts[0].single && parts[1].single && is("..") && is("(", 1)) {
    take();
    take();
    const Dimension first = dimension();
    expect(",");
    const Dimension second = dimension();
    expect(")");
    if (!first.single || !second.single || first.values.low > kTop16 || second.values.low > kTop16 ||
        first.values.low < box[0].low || second.values.low < box[1].low) {
      fail_token(at, "from value cannot be higher than to value in pair sets");
    }
    return add_range(draft, intent::Pair{box[0].low << 16U | box[1].low},
                     intent::Pair{first.values.low << 16U | second.values.low}, at);
  }
  if (parts[1].wild) {
    return add_range(draft, intent::Pair{box[0].low << 16U}, intent::Pair{box[0].high << 16U | kTop16}, at);
  }
  for (std::uint32_t row = box[0].low; row <= box[0].high; ++row) {
    add_range(draft, intent::Pair{row << 16U | box[1].low}, intent::Pair{row << 16U | box[1].high}, at);
  }
}

void Parser::large_item(SetDraft& draft, const Token& at, const std::vector<Dimension>& parts) {
  // Behind a range or `*` everything is free, as the order of large communities is one of their numbers.
  const bool tail_free = parts[1].wild && parts[2].wild;
  if (!((parts[0].single && parts[1].single) || (parts[0].single && parts[2].wild) || tail_free)) {
    fail_token(at, "behind a range or '*' in a large community only '*' can stand");
  }
  std::array<intent::Range32, 3> box{};
  for (std::size_t i = 0; i < 3; ++i) {
    box[i] = parts[i].wild ? intent::Range32{0, kTop32} : parts[i].values;
  }
  if (parts[0].single && parts[1].single && parts[2].single && is("..") && is("(", 1)) {
    take();
    take();
    for (std::size_t i = 0; i < 3; ++i) {
      const Dimension part = dimension();
      if (!part.single) {
        fail_token(at, "a range of large communities ends in one");
      }
      box[i].high = part.values.low;
      expect(i < 2 ? "," : ")");
    }
  }
  add_range(draft, net::LargeCommunity{box[0].low, box[1].low, box[2].low},
            net::LargeCommunity{box[0].high, box[1].high, box[2].high}, at);
}

/// Behind the parenthesis of `(rt, key, 1..5)`.
void Parser::ext_item(SetDraft& draft, const Token& at) {
  const std::string word(take().text);
  const std::uint32_t kind = word == "rt"        ? kKindTarget
                             : word == "ro"      ? kKindOrigin
                             : word == "unknown" ? take().number
                                                 : kKindGeneric;
  expect(",");
  const std::uint32_t key = set_number();
  expect(",");
  const Dimension value = dimension();
  expect(")");
  const bool wide = kind != kKindGeneric && key > kTop16;
  const std::uint32_t low = value.wild ? 0 : value.values.low;
  const std::uint32_t high = value.wild ? (wide ? kTop16 : kTop32) : value.values.high;
  if (wide && (low > kTop16 || high > kTop16)) {
    fail_token(at, "a value above 65535 cannot be used with a 4-octet key in an extended community");
  }
  const auto community = [&](std::uint32_t last) {
    if (kind == kKindGeneric) {
      return intent::ExtCommunityValue{net::ExtCommunity{key} << 32U | last};
    }
    const net::ExtCommunity type = (kind | (wide ? 0x200U : 0U)) & kTop16;
    return intent::ExtCommunityValue{type << 48U | net::ExtCommunity{key} << (wide ? 16U : 32U) | last};
  };
  add_range(draft, community(low), community(high), at);
}

/// The labels of a branch of `case`: what stands in sets, but no names.
void Parser::case_labels(intent::Stmt::Case& branch) {
  constexpr std::size_t kLabelsMax = 4096;  // `(*,5)` counts for each first half
  SetDraft draft;
  do {
    if (peek().kind == TokenKind::quoted_symbol ||
        (peek().kind == TokenKind::symbol && !intent::enum_from_name(peek().text, options_.dialect))) {
      fail_here(
          "a label of 'case' is a number, an address, a pair and the like; put a name into parentheses");
    }
    set_item(draft);
  } while (accept(","));
  if (draft.set.ranges.size() > kLabelsMax) {
    fail_here("too many labels in one branch of 'case' (more than " + std::to_string(kLabelsMax) + ")");
  }
  for (const intent::SetRange& range : draft.set.ranges) {
    ExprPtr low = make_constant(value_at(draft.set, range.low), peek());
    if (range.low == range.high) {
      branch.values.push_back(std::move(low));
    } else {
      branch.ranges.emplace_back(std::move(low), make_constant(value_at(draft.set, range.high), peek()));
    }
  }
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
      item.asns.low = item.asns.high = take().number;
      if (accept("..")) {
        if (peek().kind != TokenKind::number) {
          unexpected("the last AS number of the range");
        }
        item.asns.high = take().number;
      }
      item.kind = item.asns.low == item.asns.high ? PathMaskItem::Kind::asn : PathMaskItem::Kind::range;
    } else {
      unexpected("an AS number, '*', '?', a range, a set, '+' behind one of these, or '=]'");
    }
    mask.items.push_back(std::move(item));
    while (accept("+")) {
      mask.items.back().repeated = mask.items.back().kind != PathMaskItem::Kind::any_many;
    }
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
  if (numbers == nullptr || !*numbers || ((*numbers)->type != SetType::integer && !(*numbers)->empty())) {
    require(set, intent::ValueType::item_set, "a set in a path mask");
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
  if (value->op == intent::Op::constant && value->type == intent::ValueType::integer) {
    item.asns.low = item.asns.high = std::get<std::uint32_t>(value->value);
    item.kind = PathMaskItem::Kind::asn;
    return;
  }
  item.kind = PathMaskItem::Kind::expression;
  item.expression = static_cast<std::uint32_t>(operands.size());
  item.asns = {};
  operands.push_back(value);
}

}  // namespace catflap::birdlang
