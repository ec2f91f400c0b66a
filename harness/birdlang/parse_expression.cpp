#include <algorithm>
#include <array>
#include <utility>

#include "birdlang/parser.hpp"

namespace catflap::birdlang {

using intent::Expr;
using intent::ExprPtr;
using intent::Op;
using intent::ValueType;

ExprPtr Parser::make_constant(intent::Value value, const Token& at) const {
  Expr result;
  result.type = intent::type_of(value);
  result.value = std::move(value);
  result.where = source_.where(at);
  return std::make_shared<const Expr>(std::move(result));
}

namespace {

ValueType result_type(const Expr& expression) {
  switch (expression.op) {
    case Op::not_:
    case Op::and_:
    case Op::or_:
    case Op::equal:
    case Op::not_equal:
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
    case Op::match:
    case Op::not_match:
    case Op::defined:
      return ValueType::boolean;
    case Op::negate:
    case Op::add:
    case Op::subtract:
    case Op::multiply:
    case Op::divide:
      return ValueType::integer;
    case Op::make_pair:
      return ValueType::pair;
    case Op::make_quad:
      return ValueType::quad;
    case Op::make_ext_community:
      return ValueType::ext_community;
    case Op::make_large_community:
      return ValueType::large_community;
    case Op::make_prefix_set:
      return ValueType::prefix_set;
    case Op::make_item_set:
      return ValueType::item_set;
    case Op::make_path_mask:
      return ValueType::path_mask;
    case Op::roa_check:
      return ValueType::enumeration;
    case Op::constant:
    case Op::variable:
    case Op::attribute:
    case Op::call:
    case Op::method:
    case Op::function_style:
      break;
  }
  return ValueType::none;
}

}  // namespace

/// Builds an operator over operands, folded if all of them are constants.
ExprPtr Parser::make(Op op, std::vector<ExprPtr> operands, const Token& at) {
  Expr result;
  result.op = op;
  result.type = result_type(result);
  result.operands = std::move(operands);
  result.where = source_.where(at);
  return folded(std::move(result), at);
}

ExprPtr Parser::folded(Expr expression, const Token& at) const {
  auto value = fold(expression);
  if (!value && !old_) {
    fail_token(at, value.error().message);
  }
  if (value && *value) {
    return make_constant(std::move(**value), at);
  }
  return std::make_shared<const Expr>(std::move(expression));
}

/// BIRD 1.6 looks at types only when a filter runs, and so files for it may hold what never works.
void Parser::check(const ExprPtr& expression, ValueType type, std::string_view what) const {
  if (!old_) {
    require(expression, type, what);
  }
}

void Parser::require(const ExprPtr& expression, ValueType type, std::string_view what) const {
  if (expression->type != ValueType::none && expression->type != type) {
    throw SyntaxError{Error{Errc::invalid,
                            std::string(what) + " must be of type " + std::string(intent::to_string(type)) +
                                ", got type " + std::string(intent::to_string(expression->type)),
                            0, expression->where}};
  }
}

ExprPtr Parser::convert(ExprPtr expression, ValueType type, const std::string& what) const {
  if (type == ValueType::none || expression->type == ValueType::none || expression->type == type) {
    return expression;
  }
  if (type == ValueType::quad && expression->type == ValueType::ip) {
    if (const auto* addr = std::get_if<net::IpAddr>(&expression->value); addr != nullptr && addr->is_v4()) {
      Expr quad = *expression;
      quad.type = ValueType::quad;
      quad.value = intent::Quad{addr->v4_value()};
      return std::make_shared<const Expr>(std::move(quad));
    }
    return expression;
  }
  const auto* set = std::get_if<std::shared_ptr<const intent::ItemSet>>(&expression->value);
  if (type == ValueType::prefix_set && set != nullptr && *set && (*set)->empty()) {
    Expr empty = *expression;
    empty.type = ValueType::prefix_set;
    empty.value = std::make_shared<const intent::PrefixSet>();
    return std::make_shared<const Expr>(std::move(empty));
  }
  check(expression, type, "the value of " + what);
  return expression;
}

/// Bounds the depth of trees that grow to the left without recursion of the parser.
void Parser::count_operator(const Token& at) {
  if (++operators_ > kChainMax) {
    fail_token(at, "expression is too long (more than " + std::to_string(kChainMax) + " operators)");
  }
}

/// `&&` and `||` bind alike and to the left, as in BIRD.
ExprPtr Parser::expression() {
  const Nesting nesting(*this);
  ExprPtr left = comparison();
  while (is("&&") || is("||")) {
    const Token at = take();
    count_operator(at);
    ExprPtr right = comparison();
    check(left, ValueType::boolean, "the left side of '" + std::string(at.text) + "'");
    check(right, ValueType::boolean, "the right side of '" + std::string(at.text) + "'");
    left = make(at.text == "&&" ? Op::and_ : Op::or_, {left, right}, at);
  }
  return left;
}

/// `<` and the like need values of one type; an IPv4 address may stand for a quad.
void Parser::check_order(Op op, const ExprPtr& left, const ExprPtr& right, const Token& at) const {
  const bool ordered = op == Op::less || op == Op::less_equal || op == Op::greater || op == Op::greater_equal;
  const bool known = left->type != ValueType::none && right->type != ValueType::none;
  const auto quad_and_ip = [](const ExprPtr& a, const ExprPtr& b) {
    return a->type == ValueType::quad && b->type == ValueType::ip && b->op == Op::constant;
  };
  if (!old_ && ordered && known && left->type != right->type && !quad_and_ip(left, right) &&
      !quad_and_ip(right, left)) {
    fail_token(at, "both sides of '" + std::string(at.text) + "' must be of the same type, not " +
                       std::string(intent::to_string(left->type)) + " and " +
                       std::string(intent::to_string(right->type)));
  }
}

ExprPtr Parser::comparison() {
  static constexpr std::array<std::pair<std::string_view, Op>, 8> kOperators{{
      {"=", Op::equal},
      {"!=", Op::not_equal},
      {"<", Op::less},
      {"<=", Op::less_equal},
      {">", Op::greater},
      {">=", Op::greater_equal},
      {"~", Op::match},
      {"!~", Op::not_match},
  }};
  ExprPtr left = additive();
  for (const auto& [sign, op] : kOperators) {
    if (is(sign)) {
      const Token at = take();
      count_operator(at);
      ExprPtr right = additive();
      check_order(op, left, right, at);
      left = make(op, {left, std::move(right)}, at);
      for (const auto& [second, unused] : kOperators) {
        if (is(second)) {
          fail_here("syntax error, unexpected '" + std::string(second) +
                    "': comparisons do not chain, put parentheses around one");
        }
      }
      break;
    }
  }
  return left;
}

ExprPtr Parser::additive() {
  ExprPtr left = multiplicative();
  while (is("+") || is("-")) {
    const Token at = take();
    count_operator(at);
    ExprPtr right = multiplicative();
    check(left, ValueType::integer, "the left side of '" + std::string(at.text) + "'");
    check(right, ValueType::integer, "the right side of '" + std::string(at.text) + "'");
    left = make(at.text == "+" ? Op::add : Op::subtract, {left, right}, at);
  }
  return left;
}

ExprPtr Parser::multiplicative() {
  ExprPtr left = unary();
  while (is("*") || is("/")) {
    const Token at = take();
    count_operator(at);
    ExprPtr right = unary();
    check(left, ValueType::integer, "the left side of '" + std::string(at.text) + "'");
    check(right, ValueType::integer, "the right side of '" + std::string(at.text) + "'");
    left = make(at.text == "*" ? Op::multiply : Op::divide, {left, right}, at);
  }
  return left;
}

ExprPtr Parser::unary() {
  if (!is("!")) {
    return postfix();
  }
  const Nesting nesting(*this);
  const Token at = take();
  ExprPtr operand = unary();
  check(operand, ValueType::boolean, "what follows '!'");
  return make(Op::not_, {operand}, at);
}

ExprPtr Parser::postfix() {
  ExprPtr object = primary();
  while (is(".")) {
    count_operator(peek());
    object = method(object);
  }
  return object;
}

namespace {

struct MethodInfo {
  std::string_view name;
  ValueType object;
  ValueType result;                      ///< none: that of the object
  ValueType argument = ValueType::none;  ///< none: no argument
  bool any_argument = false;             ///< an item or a set
};

constexpr std::array kMethods{
    MethodInfo{"len", ValueType::prefix, ValueType::integer},
    MethodInfo{"ip", ValueType::prefix, ValueType::ip},
    MethodInfo{"type", ValueType::prefix, ValueType::enumeration},
    MethodInfo{"maxlen", ValueType::prefix, ValueType::integer},
    MethodInfo{"asn", ValueType::prefix, ValueType::integer},
    MethodInfo{"src", ValueType::prefix, ValueType::prefix},
    MethodInfo{"dst", ValueType::prefix, ValueType::prefix},
    MethodInfo{"rd", ValueType::prefix, ValueType::none},
    MethodInfo{"is_v4", ValueType::ip, ValueType::boolean},
    MethodInfo{"mask", ValueType::ip, ValueType::ip, ValueType::integer},
    MethodInfo{"asn", ValueType::pair, ValueType::integer},
    MethodInfo{"data", ValueType::pair, ValueType::integer},
    MethodInfo{"asn", ValueType::large_community, ValueType::integer},
    MethodInfo{"data1", ValueType::large_community, ValueType::integer},
    MethodInfo{"data2", ValueType::large_community, ValueType::integer},
    MethodInfo{"len", ValueType::as_path, ValueType::integer},
    MethodInfo{"first", ValueType::as_path, ValueType::integer},
    MethodInfo{"last", ValueType::as_path, ValueType::integer},
    MethodInfo{"last_nonaggregated", ValueType::as_path, ValueType::integer},
    MethodInfo{"prepend", ValueType::as_path, ValueType::none, ValueType::integer},
    MethodInfo{"delete", ValueType::as_path, ValueType::none, ValueType::none, true},
    MethodInfo{"filter", ValueType::as_path, ValueType::none, ValueType::none, true},
    MethodInfo{"empty", ValueType::as_path, ValueType::none},
    MethodInfo{"len", ValueType::community_list, ValueType::integer},
    MethodInfo{"min", ValueType::community_list, ValueType::pair},
    MethodInfo{"max", ValueType::community_list, ValueType::pair},
    MethodInfo{"add", ValueType::community_list, ValueType::none, ValueType::none, true},
    MethodInfo{"delete", ValueType::community_list, ValueType::none, ValueType::none, true},
    MethodInfo{"filter", ValueType::community_list, ValueType::none, ValueType::none, true},
    MethodInfo{"empty", ValueType::community_list, ValueType::none},
    MethodInfo{"len", ValueType::ext_community_list, ValueType::integer},
    MethodInfo{"min", ValueType::ext_community_list, ValueType::ext_community},
    MethodInfo{"max", ValueType::ext_community_list, ValueType::ext_community},
    MethodInfo{"add", ValueType::ext_community_list, ValueType::none, ValueType::none, true},
    MethodInfo{"delete", ValueType::ext_community_list, ValueType::none, ValueType::none, true},
    MethodInfo{"filter", ValueType::ext_community_list, ValueType::none, ValueType::none, true},
    MethodInfo{"empty", ValueType::ext_community_list, ValueType::none},
    MethodInfo{"len", ValueType::large_community_list, ValueType::integer},
    MethodInfo{"min", ValueType::large_community_list, ValueType::large_community},
    MethodInfo{"max", ValueType::large_community_list, ValueType::large_community},
    MethodInfo{"add", ValueType::large_community_list, ValueType::none, ValueType::none, true},
    MethodInfo{"delete", ValueType::large_community_list, ValueType::none, ValueType::none, true},
    MethodInfo{"filter", ValueType::large_community_list, ValueType::none, ValueType::none, true},
    MethodInfo{"empty", ValueType::large_community_list, ValueType::none},
};

/// Methods that BIRD looks up when the filter runs, whatever the object is known to be.
constexpr std::array kLateMethods{MethodInfo{"len", ValueType::none, ValueType::integer},
                                  MethodInfo{"asn", ValueType::none, ValueType::integer},
                                  MethodInfo{"type", ValueType::none, ValueType::enumeration},
                                  MethodInfo{"min", ValueType::none, ValueType::none},
                                  MethodInfo{"max", ValueType::none, ValueType::none}};

bool is_list_change(std::string_view name) {
  return name == "add" || name == "delete" || name == "filter";
}

}  // namespace

/// `.name` or `.name(argument)` behind an object.
ExprPtr Parser::method(ExprPtr object) {
  expect(".");
  const Token at = peek();
  const std::string method_name = name("the name of a method");
  const auto fits = [&](const MethodInfo& info) {
    return info.name == method_name && (object->type == info.object || object->type == ValueType::none);
  };
  const MethodInfo* found = nullptr;
  for (const MethodInfo& info : kMethods) {
    found = found == nullptr && fits(info) ? &info : found;
  }
  for (const MethodInfo& info : kLateMethods) {
    found = found == nullptr && info.name == method_name ? &info : found;
  }
  for (const MethodInfo& info : kMethods) {  // 1.6 finds out when the filter runs
    found = found == nullptr && old_ && info.name == method_name ? &info : found;
  }
  if (found == nullptr) {
    std::string known;
    for (const MethodInfo& info : kMethods) {
      if (info.object == object->type) {
        known += (known.empty() ? "" : ", ") + std::string(info.name);
      }
    }
    fail_token(at, "type " + std::string(intent::to_string(object->type)) + " has no '." + method_name + "'" +
                       (known.empty() ? "" : "; it has " + known));
  }
  const bool changes = is_list_change(method_name) || method_name == "prepend" || method_name == "empty";
  Expr result;
  result.op = Op::method;
  result.name = method_name;
  result.where = source_.where(at);
  result.type = changes || object->type != ValueType::none ? found->result : ValueType::none;
  if (changes) {
    result.type = object->type;
  }
  result.operands.push_back(std::move(object));
  if (found->argument != ValueType::none || found->any_argument) {
    expect("(");
    ExprPtr argument = expression();
    if (found->argument != ValueType::none) {
      check(argument, found->argument, "the argument of '." + method_name + "'");
    }
    result.operands.push_back(std::move(argument));
    expect(")");
  }
  return folded(std::move(result), at);
}

/// `add(list, item)`, `delete`, `filter`, `prepend(path, asn)`, `format(x)`.
ExprPtr Parser::function_style_term(const Token& at, const std::string& function) {
  Expr result;
  result.op = Op::function_style;
  result.name = function;
  result.where = source_.where(at);
  expect("(");
  result.operands.push_back(expression());
  const ValueType list = result.operands[0]->type;
  if (function == "format") {
    result.type = ValueType::string;
  } else {
    expect(",");
    result.operands.push_back(expression());
    result.type = list;
    if (function == "prepend") {
      check(result.operands[0], ValueType::as_path, "the first argument of 'prepend'");
      check(result.operands[1], ValueType::integer, "the second argument of 'prepend'");
    }
  }
  expect(")");
  return folded(std::move(result), at);
}

}  // namespace catflap::birdlang
