#include <algorithm>
#include <utility>

#include "birdlang/parser.hpp"

namespace catflap::birdlang {
namespace {

using intent::Expr;
using intent::Op;
using intent::Value;

using Folded = Result<std::optional<Value>>;

Folded unknown() {
  return std::optional<Value>();
}

/// Constant lists are written as calls within calls, so what can be read must be bounded by the nesting.
constexpr std::size_t kConstantListMax = kNestingMax / 2;

Folded too_long() {
  return fail(Errc::invalid,
              "a constant list is too long (more than " + std::to_string(kConstantListMax) + " items)");
}

template <class T>
Folded known(T value) {
  return std::optional<Value>(Value(std::move(value)));
}

template <class T>
const T* operand(const Expr& expression, std::size_t index) {
  return std::get_if<T>(&expression.operands[index]->value);
}

Folded fold_numbers(const Expr& expression) {
  const auto* a = operand<std::uint32_t>(expression, 0);
  const auto* b = operand<std::uint32_t>(expression, 1);
  if (a == nullptr || b == nullptr) {
    const auto* x = operand<bool>(expression, 0);
    const auto* y = operand<bool>(expression, 1);
    const bool compares = expression.op == Op::equal || expression.op == Op::not_equal;
    return x != nullptr && y != nullptr && compares ? known((*x == *y) == (expression.op == Op::equal))
                                                    : unknown();
  }
  switch (expression.op) {
    case Op::add:
      return known(*a + *b);
    case Op::subtract:
      return known(*a - *b);
    case Op::multiply:
      return known(*a * *b);
    case Op::divide:
      if (*b == 0) {
        return fail(Errc::invalid, "division by zero");
      }
      return known(*a / *b);
    case Op::equal:
      return known(*a == *b);
    case Op::not_equal:
      return known(*a != *b);
    case Op::less:
      return known(*a < *b);
    case Op::less_equal:
      return known(*a <= *b);
    case Op::greater:
      return known(*a > *b);
    case Op::greater_equal:
      return known(*a >= *b);
    case Op::make_pair:
      if (*a > 0xFFFF || *b > 0xFFFF) {
        return fail(Errc::invalid, "can't operate with value out of bounds in pair constructor (0-65535)");
      }
      return known(intent::Pair{*a << 16U | *b});
    default:
      return unknown();
  }
}

Folded fold_logic(const Expr& expression) {
  const auto* a = operand<bool>(expression, 0);
  if (a == nullptr) {
    return unknown();
  }
  if (expression.op == Op::not_) {
    return known(!*a);
  }
  const auto* b = operand<bool>(expression, 1);
  if (b == nullptr) {
    return unknown();
  }
  return known(expression.op == Op::and_ ? *a && *b : *a || *b);
}

Folded fold_large(const Expr& expression) {
  const auto* a = operand<std::uint32_t>(expression, 0);
  const auto* b = operand<std::uint32_t>(expression, 1);
  const auto* c = operand<std::uint32_t>(expression, 2);
  if (a == nullptr || b == nullptr || c == nullptr) {
    return unknown();
  }
  net::LargeCommunity community;
  community.global = *a;
  community.local1 = *b;
  community.local2 = *c;
  return known(community);
}

/// RFC 4360 §3: the type octets say whether the key has 2 or 4 octets.
Folded fold_ext(const Expr& expression) {
  const std::uint32_t kind = std::get<std::uint32_t>(expression.value);
  const auto* number = operand<std::uint32_t>(expression, 0);
  const auto* addr = operand<net::IpAddr>(expression, 0);
  const auto* value = operand<std::uint32_t>(expression, 1);
  if (value == nullptr || (number == nullptr && addr == nullptr)) {
    return unknown();
  }
  if (addr != nullptr && !addr->is_v4()) {
    return fail(Errc::invalid, "the key of an extended community cannot be an IPv6 address");
  }
  const std::uint64_t key = addr != nullptr ? addr->v4_value() : *number;
  const auto type = static_cast<std::uint64_t>(kind & 0xFFFFU);
  if (kind == kKindGeneric) {
    return known(intent::ExtCommunityValue{key << 32U | *value});
  }
  if (kind != kKindTarget && kind != kKindOrigin) {  // `(unknown 0x4300, key, value)`: two octets of key.
    return known(intent::ExtCommunityValue{type << 48U | (key & 0xFFFFU) << 32U | *value});
  }
  const bool wide = addr != nullptr || key > 0xFFFF;
  if (wide && *value > 0xFFFF) {
    return fail(Errc::invalid, "value " + std::to_string(*value) + " can't be used with " +
                                   (addr != nullptr ? "an IP-address key" : "a 4-byte ASN") +
                                   " in an extended community (0-65535)");
  }
  if (!wide) {
    return known(intent::ExtCommunityValue{type << 48U | key << 32U | *value});
  }
  const std::uint64_t form = addr != nullptr ? 0x0100U : 0x0200U;
  return known(intent::ExtCommunityValue{(type | form) << 48U | key << 16U | *value});
}

template <class List, class Item>
Folded add_to(const List& list, const Item& item) {
  List result = list;
  if (result.items.size() >= kConstantListMax) {
    return too_long();
  }
  if (std::find(result.items.begin(), result.items.end(), item) == result.items.end()) {
    result.items.push_back(item);
  }
  return known(std::move(result));
}

/// `prepend` and `add` on constants, so that a list can be a constant at all.
Folded fold_list(const Expr& expression) {
  if (expression.operands.size() != 2) {
    return unknown();
  }
  const Value& item = expression.operands[1]->value;
  if (expression.name == "prepend") {
    const auto* path = operand<net::AsPath>(expression, 0);
    const auto* asn = std::get_if<std::uint32_t>(&item);
    if (path == nullptr || asn == nullptr) {
      return unknown();
    }
    if (path->length() >= kConstantListMax) {
      return too_long();
    }
    net::AsPath result = *path;
    result.prepend(*asn);
    return known(std::move(result));
  }
  if (expression.name != "add") {
    return unknown();
  }
  if (const auto* list = operand<intent::CommunityList>(expression, 0)) {
    const auto* pair = std::get_if<intent::Pair>(&item);
    return pair == nullptr ? unknown() : add_to(*list, pair->value);
  }
  if (const auto* list = operand<intent::ExtCommunityList>(expression, 0)) {
    const auto* ext = std::get_if<intent::ExtCommunityValue>(&item);
    return ext == nullptr ? unknown() : add_to(*list, ext->value);
  }
  if (const auto* list = operand<intent::LargeCommunityList>(expression, 0)) {
    const auto* large = std::get_if<net::LargeCommunity>(&item);
    return large == nullptr ? unknown() : add_to(*list, *large);
  }
  return unknown();
}

Folded fold_prefix_method(const Expr& expression, const net::Prefix& prefix) {
  if (expression.name == "len") {
    return known(std::uint32_t{prefix.length()});
  }
  if (expression.name == "ip") {
    return known(prefix.addr());
  }
  if (expression.name == "type") {
    return known(
        intent::EnumValue{intent::EnumType::net_type, prefix.family() == net::Family::ipv4 ? 1U : 2U});
  }
  return unknown();
}

Folded fold_method(const Expr& expression) {
  const std::string& name = expression.name;
  if (const auto* prefix = operand<net::Prefix>(expression, 0)) {
    return fold_prefix_method(expression, *prefix);
  }
  if (const auto* addr = operand<net::IpAddr>(expression, 0)) {
    if (name == "is_v4") {
      return known(addr->is_v4());
    }
    const auto* length = expression.operands.size() == 2 ? operand<std::uint32_t>(expression, 1) : nullptr;
    if (name == "mask" && length != nullptr) {
      const std::uint32_t bits = std::min<std::uint32_t>(*length, net::address_bits(addr->family()));
      return known(addr->masked(static_cast<std::uint8_t>(bits)));
    }
  }
  if (const auto* pair = operand<intent::Pair>(expression, 0)) {
    return name == "asn" ? known(pair->value >> 16U) : known(pair->value & 0xFFFFU);
  }
  if (const auto* large = operand<net::LargeCommunity>(expression, 0)) {
    return known(name == "asn" ? large->global : name == "data1" ? large->local1 : large->local2);
  }
  return name == "prepend" || name == "add" ? fold_list(expression) : unknown();
}

}  // namespace

Result<std::optional<Value>> fold(const Expr& expression) {
  const bool constants = std::all_of(expression.operands.begin(), expression.operands.end(),
                                     [](const intent::ExprPtr& item) { return item->op == Op::constant; });
  if (!constants || expression.operands.empty()) {
    return unknown();
  }
  switch (expression.op) {
    case Op::not_:
    case Op::and_:
    case Op::or_:
      return fold_logic(expression);
    case Op::add:
    case Op::subtract:
    case Op::multiply:
    case Op::divide:
    case Op::equal:
    case Op::not_equal:
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
    case Op::make_pair:
      return fold_numbers(expression);
    case Op::make_large_community:
      return fold_large(expression);
    case Op::make_ext_community:
      return fold_ext(expression);
    case Op::function_style:
      return fold_list(expression);
    case Op::method:
      return fold_method(expression);
    default:
      return unknown();
  }
}

}  // namespace catflap::birdlang
