#include <utility>

#include "birdlang/parser.hpp"

namespace catflap::birdlang {

using intent::ExprPtr;
using intent::Stmt;
using intent::StmtPtr;
using intent::ValueType;
using intent::Verb;

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
  const Token at = peek();
  frame_.scopes.emplace_back();
  std::vector<StmtPtr> result;
  statement_into(result);
  frame_.scopes.pop_back();
  if (!result.empty() && result.back()->verb == Verb::declare) {
    fail_token(at, "a variable is declared in a block; put { } around");
  }
  return result;
}

void Parser::statement_into(std::vector<StmtPtr>& body) {
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
    // In a filter `return true` accepts and `return false` rejects.
    Stmt stmt = simple(Verb::return_);
    stmt.expr = expression();
    end_statement();
    return std::make_shared<const Stmt>(std::move(stmt));
  }
  if (words("unset")) {
    expect("(");
    Stmt stmt = simple(Verb::unset_attribute);
    const Token at = peek();
    const ExprPtr attribute = is_attribute(peek().text) ? attribute_term() : nullptr;
    const AttributeInfo* info = find_attribute(at.text);
    if (!attribute || (info != nullptr && info->built_in)) {
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
    if (!is(";")) {
      print.exprs.push_back(expression());
    }
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
    if (is(":", 1) || !words("else")) {  // `else:` belongs to a `case` around
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
      case_labels(branch);
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
  if (token.kind == TokenKind::symbol && intent::enum_from_name(token.text, options_.dialect)) {
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
      item = ValueType::pair;
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
      if (old_) {
        break;
      }
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
  while (!is(";")) {
    stmt.exprs.push_back(expression());
    if (!accept(",")) {
      break;
    }
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
    stmt.type = variable->type;
    stmt.expr = convert(expression(), variable->type, "variable '" + word + "'");
  } else if (is_attribute(word) && !is_own_name(word)) {
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
  const bool never = info != nullptr && info->read_only && (!old_ || info->built_in);
  if (never) {
    fail_token(at, "attribute '" + word + "' is read-only");
  }
  if (accept("=")) {
    stmt.verb = Verb::assign_attribute;
    stmt.expr = convert(expression(), attribute->type, "attribute '" + word + "'");
    const auto* item = std::get_if<intent::EnumValue>(&stmt.expr->value);
    if (!old_ && info != nullptr && item != nullptr && item->type != info->enum_type) {
      fail_token(at, "the value of attribute '" + word + "' is a constant of another kind");
    }
  } else if (is(".")) {
    stmt.verb = Verb::method_assign;
    stmt.expr = method(attribute);
    const bool list = attribute->type == ValueType::as_path || attribute->type == ValueType::community_list ||
                      attribute->type == ValueType::ext_community_list ||
                      attribute->type == ValueType::large_community_list;
    if (!list || stmt.expr->name == "len") {
      fail_token(at, "'" + word + "." + stmt.expr->name + "' does not change anything here");
    }
    if (stmt.expr->op != intent::Op::method || (!old_ && stmt.expr->type != attribute->type)) {
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
  const bool is_word = is_keyword(variable, options_.dialect) || is_reserved(variable, options_.dialect);
  if (is_word || (old_ ? router_.attributes.count(variable) != 0 : is_attribute(variable))) {
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

}  // namespace catflap::birdlang
