#include <algorithm>
#include <array>
#include <utility>

#include "birdlang/parser.hpp"

namespace catflap::birdlang {

using intent::ExprPtr;
using intent::Stmt;
using intent::StmtPtr;
using intent::ValueType;
using intent::Verb;

void Parser::filter() {
  const std::string filter_name = new_name(SymbolKind::filter, "a filter");
  frame_ = Frame();
  frame_.scopes.emplace_back();
  auto statements = body();
  router_.filters[filter_name] = make_filter(filter_name, std::move(statements));
}

/// `function name(type arg, ...) { ... }`; arguments may also be declared with ';' between, as BIRD 1.6 does.
void Parser::function() {
  intent::Function result;
  result.name = new_name(SymbolKind::function, "a function");
  frame_ = Frame();
  frame_.scopes.emplace_back();
  expect("(");
  if (!is(")")) {
    do {
      const auto type = value_type();
      if (!type) {
        unexpected("the type of an argument");
      }
      const Token name_at = peek();
      const std::string argument = name("the name of an argument");
      declare(name_at, argument, *type);
      result.arguments.emplace_back(*type, argument);
    } while (accept(";") || accept(","));  // the comma is newer than 2.0.12
  }
  expect(")");
  Prototype& prototype = prototypes_[result.name];
  for (const auto& [type, argument] : result.arguments) {
    prototype.arguments.push_back(type);
  }
  result.body = body();
  result.slots = frame_.slots;
  calls_[result.name] = frame_.calls;
  std::string function_name = result.name;
  router_.functions[std::move(function_name)] = std::make_shared<const intent::Function>(std::move(result));
}

void Parser::custom_attribute() {
  const auto type = value_type();
  if (!type) {
    unexpected("the type of the attribute");
  }
  switch (*type) {
    case ValueType::integer:
    case ValueType::ip:
    case ValueType::quad:
    case ValueType::as_path:
    case ValueType::community_list:
    case ValueType::ext_community_list:
    case ValueType::large_community_list:
      break;
    default:
      fail_here(
          "custom route attribute of unsupported type; use int, ip, quad, bgppath, clist, eclist or lclist");
  }
  const std::string attribute = new_name(SymbolKind::attribute, "an attribute");
  router_.attributes[attribute] = *type;
  end_statement();
}

/// A type, if one is next; nothing is taken otherwise.
std::optional<ValueType> Parser::value_type() {
  static constexpr std::array<std::pair<std::string_view, ValueType>, 8> kSets{{
      {"int set", ValueType::item_set},
      {"pair set", ValueType::item_set},
      {"quad set", ValueType::item_set},
      {"ip set", ValueType::item_set},
      {"ec set", ValueType::item_set},
      {"lc set", ValueType::item_set},
      {"enum set", ValueType::item_set},
      {"prefix set", ValueType::prefix_set},
  }};
  static constexpr std::array<std::pair<std::string_view, ValueType>, 14> kTypes{{
      {"bool", ValueType::boolean},
      {"int", ValueType::integer},
      {"pair", ValueType::pair},
      {"quad", ValueType::quad},
      {"ip", ValueType::ip},
      {"prefix", ValueType::prefix},
      {"string", ValueType::string},
      {"bgpmask", ValueType::path_mask},
      {"bgppath", ValueType::as_path},
      {"clist", ValueType::community_list},
      {"eclist", ValueType::ext_community_list},
      {"lclist", ValueType::large_community_list},
      {"ec", ValueType::ext_community},
      {"lc", ValueType::large_community},
  }};
  for (const auto& [word, type] : kSets) {
    if (words(word)) {
      return type;
    }
  }
  for (const auto& [word, type] : kTypes) {
    if (words(word)) {
      return type;
    }
  }
  return std::nullopt;
}

std::vector<StmtPtr> Parser::body() {
  std::vector<StmtPtr> result;
  while (!is("{")) {
    const auto type = value_type();
    if (!type) {
      unexpected("'{'");
    }
    Stmt stmt;
    stmt.verb = Verb::declare;
    stmt.where = here();
    stmt.type = *type;
    const Token at = peek();
    stmt.name = name("the name of a variable");
    stmt.slot = declare(at, stmt.name, *type).slot;
    end_statement();
    result.push_back(std::make_shared<const Stmt>(std::move(stmt)));
  }
  // Arguments and the outermost variables share a scope, as in BIRD.
  const Nesting nesting(*this);
  expect("{");
  while (!accept("}")) {
    statement_into(result);
  }
  return result;
}

std::shared_ptr<const intent::Filter> Parser::make_filter(std::string filter_name,
                                                          std::vector<StmtPtr> statements) {
  auto result = std::make_shared<intent::Filter>();
  result->name = std::move(filter_name);
  result->dialect = options_.dialect;
  result->slots = frame_.slots;
  result->body = std::move(statements);
  for (const std::string& callee : reachable(frame_.calls)) {
    result->functions[callee] = router_.functions.at(callee);
  }
  return result;
}

/// The functions called, and all that these call in turn.
std::set<std::string> Parser::reachable(const std::set<std::string>& calls) const {
  std::set<std::string> found;
  std::vector<std::string> to_do(calls.begin(), calls.end());
  while (!to_do.empty()) {
    const std::string next = std::move(to_do.back());
    to_do.pop_back();
    if (!found.insert(next).second) {
      continue;
    }
    if (const auto further = calls_.find(next); further != calls_.end()) {
      to_do.insert(to_do.end(), further->second.begin(), further->second.end());
    }
  }
  return found;
}

/// `where X` is `filter { if X then accept; else reject; }`.
std::shared_ptr<const intent::Filter> Parser::where_filter(const ExprPtr& condition) {
  check(condition, ValueType::boolean, "the condition of 'where'");
  Stmt accepts;
  accepts.verb = Verb::accept;
  accepts.where = condition->where;
  Stmt rejects = accepts;
  rejects.verb = Verb::reject;
  Stmt stmt;
  stmt.verb = Verb::if_;
  stmt.where = condition->where;
  stmt.expr = condition;
  stmt.body.push_back(std::make_shared<const Stmt>(std::move(accepts)));
  stmt.otherwise.push_back(std::make_shared<const Stmt>(std::move(rejects)));
  return make_filter("", {std::make_shared<const Stmt>(std::move(stmt))});
}

void Parser::use(const intent::RouterIntent& context) {
  router_.tables = context.tables;
  router_.filters = context.filters;
  router_.functions = context.functions;
  router_.constants = context.constants;
  router_.attributes = context.attributes;
  router_.roa_families = context.roa_families;
  for (const auto& [constant, value] : context.constants) {
    symbols_.emplace(constant, SymbolKind::constant);
  }
  std::set<std::string> all;
  for (const auto& [function_name, function] : context.functions) {
    symbols_.emplace(function_name, SymbolKind::function);
    all.insert(function_name);
    Prototype& prototype = prototypes_[function_name];
    for (const auto& [type, argument] : function->arguments) {
      prototype.arguments.push_back(type);
    }
  }
  for (const std::string& function_name : all) {
    calls_[function_name] = all;
  }
}

std::shared_ptr<const intent::Filter> Parser::parse_prompt_filter() {
  std::shared_ptr<const intent::Filter> result;
  if (is_word("filter") &&
      (is("{", 1) || peek(1).kind == TokenKind::symbol || peek(1).kind == TokenKind::quoted_symbol)) {
    take();
  }
  const Token at = peek();
  const bool named = (at.kind == TokenKind::symbol || at.kind == TokenKind::quoted_symbol) &&
                     peek(1).kind == TokenKind::end && router_.filters.count(std::string(at.text)) != 0;
  if (named) {
    take();
    result = router_.filters[std::string(at.text)];
  } else if (is("{")) {
    result = make_filter("", body());
  } else {
    result = where_filter(expression());
  }
  if (peek().kind != TokenKind::end) {
    unexpected("the end of the filter");
  }
  return result;
}

ExprPtr Parser::parse_prompt_expression() {
  ExprPtr result = expression();
  if (peek().kind != TokenKind::end) {
    unexpected("the end of the expression");
  }
  return result;
}

}  // namespace catflap::birdlang
