#include <algorithm>
#include <array>
#include <utility>

#include "birdlang/parser.hpp"
#include "intent/operators.hpp"

namespace catflap::birdlang {
namespace {

using intent::Expr;
using intent::Op;
using intent::Value;
using intent::ValueType;

using Folded = Result<std::optional<Value>>;

Folded unknown() {
  return std::optional<Value>();
}
Folded wrong(std::string message) {
  return fail(Errc::invalid, std::move(message));
}

/// Constant lists are written as calls within calls, so what can be read must be bounded by the nesting.
constexpr std::size_t kConstantListMax = kNestingMax / 2;

template <class T>
Folded known(T value) {
  return std::optional<Value>(Value(std::move(value)));
}

const Value& operand(const Expr& expression, std::size_t index) {
  return expression.operands[index]->value;
}

std::string type_name(const Value& value) {
  return std::string(intent::to_string(intent::type_of(value)));
}

/// The operands as numbers; nullopt if one is none.
template <std::size_t N>
std::optional<std::array<std::uint32_t, N>> numbers_of(const Expr& expression) {
  std::array<std::uint32_t, N> numbers{};
  for (std::size_t i = 0; i < N; ++i) {
    const auto* number = std::get_if<std::uint32_t>(&operand(expression, i));
    if (number == nullptr) {
      return std::nullopt;
    }
    numbers[i] = *number;
  }
  return numbers;
}

Folded fold_arithmetic(const Expr& expression) {
  const auto numbers = numbers_of<2>(expression);
  if (!numbers) {
    return wrong("numbers are needed here");
  }
  const auto [a, b] = *numbers;
  switch (expression.op) {
    case Op::add:
      return known(a + b);
    case Op::subtract:
      return known(a - b);
    case Op::multiply:
      return known(a * b);
    case Op::divide:
      return b == 0 ? wrong("division by zero") : known(a / b);
    default:
      if (a > 0xFFFF || b > 0xFFFF) {
        return wrong("can't operate with value out of bounds in pair constructor (0-65535)");
      }
      return known(intent::Pair{a << 16U | b});
  }
}

Folded fold_relation(const Expr& expression) {
  const Value& a = operand(expression, 0);
  const Value& b = operand(expression, 1);
  if (expression.op == Op::match || expression.op == Op::not_match) {
    const auto matched = intent::match_values(a, b);
    return matched ? known(*matched == (expression.op == Op::match))
                   : wrong("~ applied on unknown type pair: " + type_name(a) + " and " + type_name(b));
  }
  if (expression.op == Op::equal || expression.op == Op::not_equal) {
    return known(intent::equal_values(a, b) == (expression.op == Op::equal));
  }
  const auto order = intent::compare_values(a, b);
  if (!order) {
    return wrong("can't compare values of incompatible types: " + type_name(a) + " and " + type_name(b));
  }
  switch (expression.op) {
    case Op::less:
      return known(*order < 0);
    case Op::less_equal:
      return known(*order <= 0);
    case Op::greater:
      return known(*order > 0);
    default:
      return known(*order >= 0);
  }
}

Folded fold_logic(const Expr& expression) {
  const auto* a = std::get_if<bool>(&operand(expression, 0));
  if (a == nullptr) {
    return unknown();
  }
  if (expression.op == Op::not_) {
    return known(!*a);
  }
  const auto* b = std::get_if<bool>(&operand(expression, 1));
  if (b == nullptr) {
    return unknown();
  }
  return known(expression.op == Op::and_ ? *a && *b : *a || *b);
}

/// RFC 4360 §3: the type octets say whether the key has 2 or 4 octets.
Folded fold_ext(const Expr& expression) {
  const Value& key = operand(expression, 0);
  const auto* number = std::get_if<std::uint32_t>(&key);
  const auto* quad = std::get_if<intent::Quad>(&key);
  const auto* addr = std::get_if<net::IpAddr>(&key);
  const auto* value = std::get_if<std::uint32_t>(&operand(expression, 1));
  if (value == nullptr || (number == nullptr && quad == nullptr && (addr == nullptr || !addr->is_v4()))) {
    return wrong("the key of an extended community is a number or an IPv4 address, its value a number");
  }
  const std::uint32_t bits = number != nullptr ? *number : quad != nullptr ? quad->value : addr->v4_value();
  auto made = intent::make_ext(std::get<std::uint32_t>(expression.value), bits, number == nullptr, *value);
  return made.value ? known(intent::ExtCommunityValue{*made.value}) : wrong(std::move(made.error));
}

std::size_t length_of(const Value& list) {
  const auto length = intent::plain_method(list, "len");
  const auto* number = length ? std::get_if<std::uint32_t>(&*length) : nullptr;
  return number == nullptr ? 0 : *number;
}

/// `prepend`, `add` and the like on constants, so that a list can be a constant at all.
Folded fold_list(const Expr& expression) {
  const Value& list = operand(expression, 0);
  const Value& item = operand(expression, 1);
  if (length_of(list) >= kConstantListMax) {
    return wrong("a constant list is too long (more than " + std::to_string(kConstantListMax) + " items)");
  }
  if (expression.name == "prepend") {
    const auto* path = std::get_if<net::AsPath>(&list);
    const auto* asn = std::get_if<std::uint32_t>(&item);
    if (path == nullptr || asn == nullptr) {
      return wrong("prepend takes a bgppath and an int");
    }
    net::AsPath result = *path;
    result.prepend(*asn);
    return known(std::move(result));
  }
  auto changed = intent::change_list(expression.name == "add"      ? intent::ListChange::add
                                     : expression.name == "delete" ? intent::ListChange::remove
                                                                   : intent::ListChange::keep,
                                     list, item);
  return changed.value ? Folded(std::move(changed.value)) : wrong(std::move(changed.error));
}

Folded fold_method(const Expr& expression) {
  const std::string& name = expression.name;
  if (name == "format") {
    return known(intent::to_string(operand(expression, 0)));
  }
  if (name == "prepend" || name == "add" || name == "delete" || name == "filter") {
    return expression.operands.size() == 2 ? fold_list(expression) : unknown();
  }
  if (name == "mask") {
    const auto* addr = std::get_if<net::IpAddr>(&operand(expression, 0));
    const auto* length = std::get_if<std::uint32_t>(&operand(expression, 1));
    if (addr == nullptr || length == nullptr) {
      return wrong("mask takes an ip and an int");
    }
    const std::uint32_t bits = std::min<std::uint32_t>(*length, net::address_bits(addr->family()));
    return known(addr->masked(static_cast<std::uint8_t>(bits)));
  }
  auto value = intent::plain_method(operand(expression, 0), name);
  return value ? Folded(std::move(value))
               : wrong("a " + type_name(operand(expression, 0)) + " has no ." + name);
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
    case Op::make_pair:
      return fold_arithmetic(expression);
    case Op::equal:
    case Op::not_equal:
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
    case Op::match:
    case Op::not_match:
      return fold_relation(expression);
    case Op::defined:
      return known(!std::holds_alternative<std::monostate>(operand(expression, 0)));
    case Op::make_large_community: {
      const auto parts = numbers_of<3>(expression);
      return parts ? known(net::LargeCommunity{(*parts)[0], (*parts)[1], (*parts)[2]})
                   : wrong("numbers are needed here");
    }
    case Op::make_ext_community:
      return fold_ext(expression);
    case Op::function_style:
    case Op::method:
      return fold_method(expression);
    default:
      return unknown();
  }
}

}  // namespace catflap::birdlang
