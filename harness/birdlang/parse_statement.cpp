#include <algorithm>
#include <array>
#include <utility>

#include "base/suggest.hpp"
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
  const Token at = peek();
  intent::Function result;
  result.name = new_name(SymbolKind::function, "a function");
  frame_ = Frame();
  frame_.scopes.emplace_back();
  frame_.in_function = true;
  expect("(");
  while (!accept(")")) {
    const auto type = value_type();
    if (!type) {
      unexpected("the type of an argument");
    }
    const Token name_at = peek();
    const std::string argument = name("the name of an argument");
    declare(name_at, argument, *type);
    result.arguments.emplace_back(*type, argument);
    if (!accept(",") && !accept(";") && !is(")")) {
      unexpected("',' or ')'");
    }
  }
  result.body = body();
  result.slots = frame_.slots;
  if (!frame_.returns.empty()) {
    const bool same = std::all_of(frame_.returns.begin(), frame_.returns.end(),
                                  [&](ValueType type) { return type == frame_.returns.front(); });
    result.returns = same ? frame_.returns.front() : ValueType::none;
  }
  if (frame_.call_depth + 1 > kNestingMax) {
    fail_token(at,
               "functions call each other too deeply (more than " + std::to_string(kNestingMax) + " levels)");
  }
  calls_[result.name] = frame_.calls;
  call_depths_[result.name] = frame_.call_depth + 1;
  std::string function_name = result.name;
  router_.functions[std::move(function_name)] = std::make_shared<const intent::Function>(std::move(result));
}

void Parser::custom_attribute() {
  const auto type = value_type();
  if (!type) {
    unexpected("the type of the attribute");
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

std::vector<StmtPtr> Parser::block() {
  const Nesting nesting(*this);
  expect("{");
  frame_.scopes.emplace_back();
  std::vector<StmtPtr> result;
  while (!accept("}")) {
    statement_into(result);
  }
  frame_.scopes.pop_back();
  return result;
}

std::vector<StmtPtr> Parser::block_or_statement() {
  if (is("{")) {
    return block();
  }
  const Nesting nesting(*this);
  frame_.scopes.emplace_back();
  std::vector<StmtPtr> result;
  statement_into(result);
  frame_.scopes.pop_back();
  return result;
}

void Parser::statement_into(std::vector<StmtPtr>& body) {
  if (accept(";")) {
    return;
  }
  if (peek().kind == TokenKind::end) {
    unexpected("'}'");
  }
  operators_ = 0;
  if (is("{")) {
    Stmt stmt;
    stmt.where = here();
    stmt.verb = Verb::block;
    stmt.body = block();
    body.push_back(std::make_shared<const Stmt>(std::move(stmt)));
    return;
  }
  body.push_back(word_statement());
}

StmtPtr Parser::word_statement() {
  const SourcePos where = here();
  const auto simple = [&](Verb verb) {
    Stmt stmt;
    stmt.verb = verb;
    stmt.where = where;
    return stmt;
  };
  if (is_word("if")) {
    return if_statement();
  }
  if (is_word("case")) {
    return case_statement();
  }
  if (is_word("for")) {
    return for_statement();
  }
  if (is_word("print") || is_word("printn")) {
    return print_statement();
  }
  if (const bool accepts = words("accept"); accepts || words("reject") || words("error")) {
    Stmt stmt = simple(accepts ? Verb::accept : Verb::reject);
    if (!is(";")) {
      stmt.expr = expression();
    }
    if (is(",")) {
      return print_and_decide(std::move(stmt));
    }
    end_statement();
    return std::make_shared<const Stmt>(std::move(stmt));
  }
  if (words("return")) {
    if (!frame_.in_function) {
      fail_here("'return' is for functions; a filter ends with 'accept' or 'reject'");
    }
    Stmt stmt = simple(Verb::return_);
    if (!is(";")) {
      stmt.expr = expression();
    }
    frame_.returns.push_back(stmt.expr ? stmt.expr->type : ValueType::none);
    end_statement();
    return std::make_shared<const Stmt>(std::move(stmt));
  }
  if (words("unset")) {
    expect("(");
    Stmt stmt = simple(Verb::unset_attribute);
    const Token at = peek();
    const ExprPtr attribute = is_attribute(peek().text) ? attribute_term() : nullptr;
    if (!attribute) {
      fail_token(at, "unset() needs the name of a route attribute");
    }
    stmt.attribute = attribute->attribute;
    stmt.name = attribute->name;
    expect(")");
    end_statement();
    return std::make_shared<const Stmt>(std::move(stmt));
  }
  if (auto declared = declaration()) {
    return declared;
  }
  return assignment_or_call();
}

/// `reject "a", b;` is `{ print "a", b; reject; }`.
StmtPtr Parser::print_and_decide(Stmt decision) {
  Stmt print;
  print.verb = Verb::print;
  print.where = decision.where;
  print.exprs.push_back(std::move(decision.expr));
  decision.expr.reset();
  while (accept(",")) {
    print.exprs.push_back(expression());
  }
  end_statement();
  Stmt block;
  block.where = decision.where;
  block.body.push_back(std::make_shared<const Stmt>(std::move(print)));
  block.body.push_back(std::make_shared<const Stmt>(std::move(decision)));
  return std::make_shared<const Stmt>(std::move(block));
}

StmtPtr Parser::declaration() {
  Stmt stmt;
  stmt.where = here();
  const auto type = value_type();
  if (!type) {
    return nullptr;
  }
  stmt.verb = Verb::declare;
  stmt.type = *type;
  const Token at = peek();
  stmt.name = name("the name of a variable");
  if (accept("=")) {
    stmt.expr = expression();
    stmt.expr = convert(stmt.expr, *type, "variable '" + stmt.name + "'");
  }
  stmt.slot = declare(at, stmt.name, *type).slot;
  end_statement();
  return std::make_shared<const Stmt>(std::move(stmt));
}

/// A chain of `else if` is read in a loop: it is long in practice, and need not be deep here.
StmtPtr Parser::if_statement() {
  const Nesting nesting(*this);
  std::vector<Stmt> chain;
  std::vector<StmtPtr> otherwise;
  do {
    Stmt stmt;
    const Token at = take();
    stmt.where = source_.where(at);
    stmt.verb = Verb::if_;
    stmt.expr = expression();
    check(stmt.expr, ValueType::boolean, "the condition of 'if'");
    if (!words("then")) {
      unexpected("'then'");
    }
    stmt.body = block_or_statement();
    chain.push_back(std::move(stmt));
    if (chain.size() > kChainMax) {
      fail_token(at, "too many 'else if' (more than " + std::to_string(kChainMax) + ")");
    }
    if (!words("else")) {
      break;
    }
    if (!is_word("if")) {
      otherwise = block_or_statement();
      break;
    }
  } while (true);
  StmtPtr result;
  while (!chain.empty()) {
    chain.back().otherwise = std::move(otherwise);
    result = std::make_shared<const Stmt>(std::move(chain.back()));
    otherwise = {result};
    chain.pop_back();
  }
  return result;
}

StmtPtr Parser::case_statement() {
  Stmt stmt;
  stmt.where = here();
  take();
  stmt.verb = Verb::case_;
  stmt.expr = expression();
  expect("{");
  const Nesting nesting(*this);
  while (!accept("}")) {
    Stmt::Case branch;
    if (is_word("else")) {
      take();
      branch.otherwise = true;
    } else {
      do {
        ExprPtr low = postfix();
        if (accept("..")) {
          ExprPtr high = postfix();
          branch.ranges.emplace_back(std::move(low), std::move(high));
        } else {
          branch.values.push_back(std::move(low));
        }
      } while (accept(","));
    }
    expect(":");
    frame_.scopes.emplace_back();
    // A branch ends where the next label starts; only labels can start with what no statement starts with.
    while (!is("}") && !is_word("else") && (is("{") || is(";") || starts_statement())) {
      statement_into(branch.body);
    }
    frame_.scopes.pop_back();
    stmt.cases.push_back(std::move(branch));
  }
  return std::make_shared<const Stmt>(std::move(stmt));
}

/// True if what comes is a statement and not a label of `case`, in which no statement word can stand.
bool Parser::starts_statement() const {
  const Token& token = peek();
  if (token.kind != TokenKind::symbol && token.kind != TokenKind::quoted_symbol) {
    return false;
  }
  if (token.kind == TokenKind::symbol && intent::enum_from_name(token.text)) {
    return false;
  }
  const bool label = is(":", 1) || is("..", 1) || is(",", 1);
  return !label;
}

StmtPtr Parser::for_statement() {
  Stmt stmt;
  stmt.where = here();
  take();
  stmt.verb = Verb::for_;
  frame_.scopes.emplace_back();
  const auto type = value_type();
  const Token at = peek();
  stmt.name = name("the name of a variable");
  Variable variable;
  if (type) {
    variable = declare(at, stmt.name, *type);
  } else if (const auto found = find_variable(stmt.name)) {
    variable = *found;
  } else {
    fail_token(at,
               "variable '" + stmt.name + "' is not defined; write its type, 'for int " + stmt.name + " in'");
  }
  stmt.slot = variable.slot;
  stmt.type = type.value_or(ValueType::none);
  expect_words("in");
  stmt.expr = expression();
  ValueType item = ValueType::none;
  switch (stmt.expr->type) {
    case ValueType::as_path:
      item = ValueType::integer;
      break;
    case ValueType::community_list:
      item = variable.type == ValueType::quad ? ValueType::quad : ValueType::pair;
      break;
    case ValueType::ext_community_list:
      item = ValueType::ext_community;
      break;
    case ValueType::large_community_list:
      item = ValueType::large_community;
      break;
    case ValueType::none:
      item = variable.type;
      break;
    default:
      fail_token(at, "'for' goes through bgppath, clist, eclist or lclist, not through " +
                         std::string(intent::to_string(stmt.expr->type)));
  }
  if (item != variable.type) {
    fail_token(at,
               "loop variable '" + stmt.name + "' must be of type " + std::string(intent::to_string(item)));
  }
  expect_words("do");
  stmt.body = block_or_statement();
  frame_.scopes.pop_back();
  return std::make_shared<const Stmt>(std::move(stmt));
}

StmtPtr Parser::print_statement() {
  Stmt stmt;
  stmt.where = here();
  stmt.verb = Verb::print;
  stmt.no_newline = take().text == "printn";
  if (!is(";")) {
    do {
      stmt.exprs.push_back(expression());
    } while (accept(","));
  }
  end_statement();
  return std::make_shared<const Stmt>(std::move(stmt));
}

/// What is left: `x = expr;`, `attribute = expr;`, `attribute.add(expr);`, `f(expr);`.
StmtPtr Parser::assignment_or_call() {
  const Token at = peek();
  if (at.kind != TokenKind::symbol && at.kind != TokenKind::quoted_symbol) {
    unexpected("a statement of the filter");
  }
  Stmt stmt;
  stmt.where = source_.where(at);
  const std::string word(at.text);
  if (const auto variable = find_variable(word)) {
    take();
    if (!is("=")) {
      unexpected("'=' after variable '" + word + "'");
    }
    take();
    stmt.verb = Verb::assign_variable;
    stmt.name = word;
    stmt.slot = variable->slot;
    stmt.expr = convert(expression(), variable->type, "variable '" + word + "'");
  } else if (is_attribute(word)) {
    return attribute_statement(at);
  } else {
    stmt.verb = Verb::evaluate;
    stmt.expr = expression();
    if (stmt.expr->op != intent::Op::call) {
      fail_token(at, "syntax error, '" + word +
                         "' starts an expression that has no effect; a statement is expected");
    }
  }
  end_statement();
  return std::make_shared<const Stmt>(std::move(stmt));
}

StmtPtr Parser::attribute_statement(const Token& at) {
  const std::string word(at.text);
  const ExprPtr attribute = attribute_term();
  const AttributeInfo* info = find_attribute(word);
  Stmt stmt;
  stmt.where = source_.where(at);
  stmt.attribute = attribute->attribute;
  stmt.name = attribute->name;
  if (info != nullptr && info->read_only) {
    fail_token(at, "attribute '" + word + "' is read-only");
  }
  if (accept("=")) {
    stmt.verb = Verb::assign_attribute;
    stmt.expr = convert(expression(), attribute->type, "attribute '" + word + "'");
  } else if (is(".")) {
    stmt.verb = Verb::method_assign;
    stmt.expr = method(attribute);
    if (stmt.expr->type != attribute->type || stmt.expr->op != intent::Op::method) {
      fail_token(at, "'" + word + "." + stmt.expr->name +
                         "' does not change anything here; use add, delete, filter, " + "prepend or empty");
    }
  } else {
    unexpected("'=' or '.' after attribute '" + word + "'");
  }
  end_statement();
  return std::make_shared<const Stmt>(std::move(stmt));
}

Variable Parser::declare(const Token& at, const std::string& variable, ValueType type) {
  if (frame_.in_route) {
    fail_token(at, "variables in the block of a route are not supported", Errc::unsupported);
  }
  if (is_reserved(variable) || is_attribute(variable)) {
    fail_token(at, "'" + variable + "' is a word of the language and cannot be the name of a variable");
  }
  const Variable result{frame_.slots, type};
  if (!frame_.scopes.back().emplace(variable, result).second) {
    fail_token(at, "symbol already defined: '" + variable + "' is a variable");
  }
  ++frame_.slots;
  return result;
}

std::optional<Variable> Parser::find_variable(std::string_view variable) const {
  for (auto scope = frame_.scopes.rbegin(); scope != frame_.scopes.rend(); ++scope) {
    if (const auto found = scope->find(variable); found != scope->end()) {
      return found->second;
    }
  }
  return std::nullopt;
}

std::shared_ptr<const intent::Filter> Parser::make_filter(std::string filter_name,
                                                          std::vector<StmtPtr> statements) {
  auto result = std::make_shared<intent::Filter>();
  result->name = std::move(filter_name);
  result->slots = frame_.slots;
  result->body = std::move(statements);
  for (const std::string& callee : frame_.calls) {
    result->functions[callee] = router_.functions.at(callee);
  }
  return result;
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
  std::set<std::string> all;
  for (const auto& [function_name, function] : context.functions) {
    all.insert(function_name);
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
