#include <algorithm>
#include <array>
#include <utility>

#include "base/suggest.hpp"
#include "birdlang/parser.hpp"

namespace catflap::birdlang {

using intent::Expr;
using intent::ExprPtr;
using intent::Op;
using intent::ValueType;

ExprPtr Parser::primary() {
  const Token at = peek();
  switch (at.kind) {
    case TokenKind::number:
      take();
      return make_constant(at.number, at);
    case TokenKind::text:
      take();
      return make_constant(std::string(at.text), at);
    case TokenKind::address:
      return address_term();
    case TokenKind::quoted_symbol:
      return symbol_term();
    case TokenKind::symbol:
      return word_term();
    case TokenKind::end:
      unexpected("an expression");
    case TokenKind::punctuation:
      break;
  }
  if (is("(")) {
    return parenthesised();
  }
  if (is("[=")) {
    return path_mask();
  }
  if (is("[")) {
    return set_literal();
  }
  if (is("+") || is("-")) {
    return empty_list();
  }
  unexpected("an expression");
}

ExprPtr Parser::address_term() {
  const Token at = peek();
  if (is("/", 1) && peek(2).kind == TokenKind::number) {
    return make_constant(prefix(), at);
  }
  take();
  return make_constant(at.address, at);
}

/// `+empty+`, `-empty-`, `--empty--`, `---empty---`.
ExprPtr Parser::empty_list() {
  const Token at = peek();
  const std::string sign(at.text);
  std::size_t signs = 0;
  while (accept(sign)) {
    ++signs;
  }
  if (!is_word("empty") || signs > (sign == "+" ? 1U : 3U)) {
    fail_token(at, "syntax error, unexpected '" + sign + "', expected an expression");
  }
  take();
  for (std::size_t i = 0; i < signs; ++i) {
    expect(sign);
  }
  if (sign == "+") {
    return make_constant(net::AsPath(), at);
  }
  if (signs == 1) {
    return make_constant(intent::CommunityList(), at);
  }
  return signs == 2 ? make_constant(intent::ExtCommunityList(), at)
                    : make_constant(intent::LargeCommunityList(), at);
}

/// `(x)`, `(a, b)`, `(a, b, c)`, `(rt, a, b)`.
ExprPtr Parser::parenthesised() {
  const Token at = peek();
  expect("(");
  const bool unknown = is_word("unknown") && peek(1).kind == TokenKind::number;
  const bool ext = (is_word("rt") || is_word("ro") || is_word("generic")) && is(",", 1);
  if (ext || unknown) {
    Expr result;
    result.op = Op::make_ext_community;
    result.type = ValueType::ext_community;
    result.where = source_.where(at);
    const std::string kind(take().text);
    const bool literal = is(",", 2) && is(")", 4);
    result.value = kind == "rt" ? kKindTarget : kind == "ro" ? kKindOrigin : kKindGeneric;
    if (unknown) {
      result.value = take().number;
    }
    expect(",");
    result.operands.push_back(expression());
    expect(",");
    result.operands.push_back(expression());
    expect(")");
    return tuple(folded(std::move(result), at), literal, at);
  }
  const bool literal = is(",", 1) && (is(")", 3) || (is(",", 3) && is(")", 5)));
  std::vector<ExprPtr> parts{expression()};
  while (parts.size() < 3 && accept(",")) {
    parts.push_back(expression());
  }
  expect(")");
  if (parts.size() == 1) {
    return parts.front();
  }
  for (const ExprPtr& part : parts) {
    check(part, ValueType::integer, parts.size() == 2 ? "a part of a pair" : "a part of a large community");
  }
  const Op op = parts.size() == 2 ? Op::make_pair : Op::make_large_community;
  return tuple(make(op, std::move(parts), at), literal, at);
}

/// BIRD 1.6 counts while it reads in tuples of literals alone.
ExprPtr Parser::tuple(ExprPtr made, bool literal, const Token& at) const {
  if (old_ && literal && made->op != Op::constant) {
    if (const auto value = fold(*made); !value) {
      fail_token(at, value.error().message);
    }
  }
  return made;
}

/// A name that the file gives and that is no attribute. Dialect 1.6: nor one that only BIRD 2 has.
bool Parser::is_own_name(std::string_view word) const {
  return find_variable(word).has_value() ||
         (old_ && symbols_.find(word) != symbols_.end() && router_.attributes.count(std::string(word)) == 0);
}

bool Parser::is_attribute(std::string_view word) const {
  return find_attribute(word) != nullptr || router_.attributes.count(std::string(word)) != 0;
}

ExprPtr Parser::attribute_term() {
  const Token at = take();
  Expr result;
  result.op = Op::attribute;
  result.where = source_.where(at);
  if (const AttributeInfo* info = find_attribute(at.text)) {
    result.attribute = info->attribute;
    result.type = info->type;
  } else {
    result.attribute = intent::RouteAttribute::generic;
    result.type = router_.attributes.at(std::string(at.text));
  }
  if (result.attribute == intent::RouteAttribute::generic) {
    result.name = std::string(at.text);
  }
  return std::make_shared<const Expr>(std::move(result));
}

ExprPtr Parser::word_term() {
  const Token at = peek();
  const std::string_view word = at.text;
  if (word == "true" || word == "false") {
    take();
    return make_constant(word == "true", at);
  }
  if (word == "defined") {
    take();
    expect("(");
    const Token attribute_at = peek();
    if (attribute_at.kind == TokenKind::symbol && is(")", 1) && is_attribute(attribute_at.text) &&
        !is_own_name(attribute_at.text)) {
      ExprPtr operand = attribute_term();
      expect(")");
      return make(Op::defined, {operand}, at);
    }
    ExprPtr operand = expression();
    expect(")");
    return make(Op::defined, {operand}, at);
  }
  static constexpr std::array<std::string_view, 5> kOldStyle{"add", "delete", "filter", "prepend", "format"};
  for (const std::string_view style : kOldStyle) {
    if (word == style && is("(", 1) && !is_own_name(word)) {
      take();
      return function_style_term(at, std::string(style));
    }
  }
  if (word == "roa_check") {
    take();
    return roa_check_term(at);
  }
  if (const auto item = intent::enum_from_name(word, options_.dialect)) {
    take();
    return make_constant(*item, at);
  }
  if (is_own_name(word)) {
    return symbol_term();
  }
  if (is_attribute(word)) {
    return attribute_term();
  }
  return symbol_term();
}

/// A name that the file defines: a variable, a constant or a function.
ExprPtr Parser::symbol_term() {
  const Token at = peek();
  const std::string symbol = name("an expression");
  if (const auto variable = find_variable(symbol)) {
    Expr result;
    result.op = Op::variable;
    result.type = variable->type;
    result.slot = variable->slot;
    result.name = symbol;
    result.where = source_.where(at);
    return std::make_shared<const Expr>(std::move(result));
  }
  if (const auto constant = router_.constants.find(symbol); constant != router_.constants.end()) {
    return make_constant(constant->second, at);
  }
  if (prototypes_.count(symbol) != 0) {
    return call_term(at, symbol);
  }
  if (const auto found = symbols_.find(symbol); found != symbols_.end()) {
    fail_token(at, "'" + symbol + "' is " + std::string(to_string(found->second)) + ", not a value");
  }
  for (const std::string_view other : {"rip_", "ospf_", "babel_", "ra_", "radv_"}) {
    if (is_keyword(symbol, options_.dialect) && symbol.rfind(other, 0) == 0) {
      fail_token(at, "attribute '" + symbol + "' belongs to a protocol that is not supported",
                 Errc::unsupported);
    }
  }
  if (is_reserved(symbol, options_.dialect) || is_keyword(symbol, options_.dialect)) {
    fail_token(at, "syntax error, unexpected '" + symbol + "', expected an expression");
  }
  std::vector<std::string_view> candidates = intent::enum_names();
  for (const auto& [known, value] : router_.constants) {
    candidates.push_back(known);
  }
  for (const auto& [known, value] : router_.functions) {
    candidates.push_back(known);
  }
  for (const auto& scope : frame_.scopes) {
    for (const auto& [known, value] : scope) {
      candidates.push_back(known);
    }
  }
  append_attribute_names(candidates);
  fail_token(at, "symbol '" + symbol + "' is not defined" + did_you_mean(symbol, candidates));
}

ExprPtr Parser::call_term(const Token& at, const std::string& function_name) {
  const Prototype& function = prototypes_.at(function_name);
  Expr result;
  result.op = Op::call;  // what it returns is known when it runs
  result.name = function_name;
  result.where = source_.where(at);
  expect("(");
  while (!is(")")) {
    result.operands.push_back(expression());
    if (!accept(",")) {
      break;
    }
  }
  expect(")");
  const std::size_t wanted = function.arguments.size();
  if (result.operands.size() != wanted) {
    fail_token(at, "function '" + function_name + "' expects " + std::to_string(wanted) + " argument" +
                       (wanted == 1 ? "" : "s") + ", got " + std::to_string(result.operands.size()));
  }
  if (old_ && wanted != 0 && calls_.find(function_name) == calls_.end()) {
    fail_token(at, "function '" + function_name + "' cannot call itself with arguments in BIRD 1.6");
  }
  for (std::size_t i = 0; i < wanted; ++i) {
    result.operands[i] = convert(result.operands[i], function.arguments[i],
                                 "argument " + std::to_string(i + 1) + " of '" + function_name + "'");
  }
  frame_.calls.insert(function_name);
  return std::make_shared<const Expr>(std::move(result));
}

/// `roa_check(table)` or `roa_check(table, prefix, asn)`.
ExprPtr Parser::roa_check_term(const Token& at) {
  Expr result;
  result.op = Op::roa_check;
  result.type = ValueType::enumeration;
  result.where = source_.where(at);
  expect("(");
  const Token table_at = peek();
  result.name = name("the name of a ROA table");
  if (router_.roa_families.count(result.name) == 0) {
    fail_token(table_at, "'" + result.name + "' is not a ROA table");
  }
  if (accept(",")) {
    result.operands.push_back(expression());
    check(result.operands[0], ValueType::prefix, "the second argument of 'roa_check'");
    expect(",");
    result.operands.push_back(expression());
    check(result.operands[1], ValueType::integer, "the third argument of 'roa_check'");
  }
  expect(")");
  return std::make_shared<const Expr>(std::move(result));
}

}  // namespace catflap::birdlang
