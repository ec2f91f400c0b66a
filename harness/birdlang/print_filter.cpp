#include <algorithm>
#include <utility>

#include "birdlang/parser.hpp"
#include "birdlang/printer.hpp"

namespace catflap::birdlang {

using intent::Expr;
using intent::ExprPtr;
using intent::Op;
using intent::Stmt;
using intent::StmtPtr;
using intent::ValueType;
using intent::Verb;

namespace {

/// How tightly the parser binds: && and || alike, comparisons, + and -, * and /, !, everything else.
constexpr int kLogic = 0;
constexpr int kCompare = 1;
constexpr int kAdd = 2;
constexpr int kMultiply = 3;
constexpr int kNot = 4;
constexpr int kTerm = 5;

struct Sign {
  std::string_view text;
  int level;
};

Sign sign_of(Op op) {
  switch (op) {
    case Op::and_:
      return {"&&", kLogic};
    case Op::or_:
      return {"||", kLogic};
    case Op::equal:
      return {"=", kCompare};
    case Op::not_equal:
      return {"!=", kCompare};
    case Op::less:
      return {"<", kCompare};
    case Op::less_equal:
      return {"<=", kCompare};
    case Op::greater:
      return {">", kCompare};
    case Op::greater_equal:
      return {">=", kCompare};
    case Op::match:
      return {"~", kCompare};
    case Op::not_match:
      return {"!~", kCompare};
    case Op::add:
      return {"+", kAdd};
    case Op::subtract:
      return {"-", kAdd};
    case Op::multiply:
      return {"*", kMultiply};
    case Op::divide:
      return {"/", kMultiply};
    default:
      return {"", kTerm};
  }
}

std::string text_of(const Expr& expression, int level);

std::string list_of(const std::vector<ExprPtr>& operands, std::size_t from = 0) {
  std::string text;
  for (std::size_t i = from; i < operands.size(); ++i) {
    text += (i == from ? "" : ", ") + text_of(*operands[i], kLogic);
  }
  return text;
}

std::string mask_of(const Expr& expression) {
  const auto* mask = std::get_if<std::shared_ptr<const intent::PathMask>>(&expression.value);
  std::string text = "[= ";
  if (mask != nullptr && *mask) {
    for (const intent::PathMaskItem& item : (*mask)->items) {
      if (item.kind == intent::PathMaskItem::Kind::expression &&
          item.expression < expression.operands.size()) {
        text +=
            "(" + text_of(*expression.operands[item.expression], kLogic) + (item.repeated ? ") + " : ") ");
        continue;
      }
      const std::string one =
          intent::to_source(std::make_shared<const intent::PathMask>(intent::PathMask{{item}}));
      text += one.substr(3, one.size() - 5);
    }
  }
  return text + "=]";
}

std::string ext_of(const Expr& expression) {
  const auto* kind = std::get_if<std::uint32_t>(&expression.value);
  std::string name = "generic";
  if (kind != nullptr && *kind == kKindTarget) {
    name = "rt";
  } else if (kind != nullptr && *kind == kKindOrigin) {
    name = "ro";
  } else if (kind != nullptr && *kind != kKindGeneric) {
    name = "unknown " + std::to_string(*kind);
  }
  return "(" + name + ", " + list_of(expression.operands) + ")";
}

std::string method_of(const Expr& expression) {
  const Expr& object = *expression.operands.front();
  const bool plain = object.op == Op::attribute || object.op == Op::variable || object.op == Op::method;
  std::string text = plain ? text_of(object, kTerm) : "(" + text_of(object, kLogic) + ")";
  text += "." + expression.name;
  return expression.operands.size() > 1 ? text + "(" + list_of(expression.operands, 1) + ")" : text;
}

std::string variable_text(const std::string& name, std::uint32_t slot) {
  return name.empty() ? "v" + std::to_string(slot) : symbol_text(name);
}

std::string term_of(const Expr& expression) {
  switch (expression.op) {
    case Op::constant:
      return intent::to_source(expression.value);
    case Op::variable:
      return variable_text(expression.name, expression.slot);
    case Op::attribute:
      return symbol_text(attribute_name(expression.attribute, expression.name));
    case Op::defined:
      return "defined(" + list_of(expression.operands) + ")";
    case Op::make_ext_community:
      return ext_of(expression);
    case Op::make_path_mask:
      return mask_of(expression);
    case Op::make_prefix_set:
    case Op::make_item_set:
      return "[" + list_of(expression.operands) + "]";
    case Op::call:
    case Op::function_style:
      return (expression.op == Op::call ? symbol_text(expression.name) : expression.name) + "(" +
             list_of(expression.operands) + ")";
    case Op::roa_check:
      return "roa_check(" + symbol_text(expression.name) + (expression.operands.empty() ? "" : ", ") +
             list_of(expression.operands) + ")";
    case Op::method:
      return method_of(expression);
    default:  // make_pair, make_quad, make_large_community
      return "(" + list_of(expression.operands) + ")";
  }
}

std::string text_of(const Expr& expression, int level) {
  std::string text;
  int own = kTerm;
  if (expression.op == Op::not_) {
    own = kNot;
    text = "!" + text_of(*expression.operands[0], kNot);
  } else if (const Sign sign = sign_of(expression.op);
             !sign.text.empty() && expression.operands.size() == 2) {
    own = sign.level;
    const int left = own == kCompare ? own + 1 : own;
    text = text_of(*expression.operands[0], left) + " " + std::string(sign.text) + " " +
           text_of(*expression.operands[1], own + 1);
  } else {
    text = term_of(expression);
  }
  return own < level ? "(" + text + ")" : text;
}

std::string type_text(ValueType type) {
  switch (type) {
    case ValueType::item_set:
      return "int set";
    case ValueType::prefix_set:
      return "prefix set";
    default:
      return std::string(intent::to_string(type));
  }
}

bool is_only(const std::vector<StmtPtr>& body, Verb verb) {
  return body.size() == 1 && body[0]->verb == verb && !body[0]->expr;
}

void print_stmt(TextWriter& out, const Stmt& stmt);

void print_if(TextWriter& out, const Stmt& stmt) {
  out.open("if " + expression_text(stmt.expr) + " then");
  print_body(out, stmt.body);
  const Stmt* rest = &stmt;
  // `else if` chains stay flat, so that long ones are not deep when they are read again.
  while (rest->otherwise.size() == 1 && rest->otherwise[0]->verb == Verb::if_) {
    rest = rest->otherwise[0].get();
    out.close();
    out.open("else if " + expression_text(rest->expr) + " then");
    print_body(out, rest->body);
  }
  if (!rest->otherwise.empty()) {
    out.close();
    out.open("else");
    print_body(out, rest->otherwise);
  }
  out.close();
}

/// A label of `case`, in the form that items of sets have.
std::string label_text(const Expr& low, const Expr& high) {
  const auto from = placed(low.value);
  const auto to = placed(high.value);
  if (!from || !to) {
    return text_of(low, kTerm);
  }
  intent::ItemSet set;
  set.type = from->type;
  if (const auto* item = std::get_if<intent::EnumValue>(&low.value)) {
    set.enum_type = item->type;
  }
  set.ranges.push_back({from->key, to->key});
  const std::string text = intent::to_source(set);
  return text.substr(1, text.size() - 2);
}

void print_case(TextWriter& out, const Stmt& stmt) {
  out.open("case " + expression_text(stmt.expr));
  for (const Stmt::Case& branch : stmt.cases) {
    std::string label;
    for (const ExprPtr& value : branch.values) {
      label += (label.empty() ? "" : ", ") + label_text(*value, *value);
    }
    for (const auto& [low, high] : branch.ranges) {
      label += (label.empty() ? "" : ", ") + label_text(*low, *high);
    }
    out.line((branch.otherwise ? "else" : label) + ":");
    print_body(out, branch.body);
  }
  out.close();
}

std::string name_of_attribute(const Stmt& stmt) {
  return symbol_text(attribute_name(stmt.attribute, stmt.name));
}

std::string with_value(std::string_view word, const ExprPtr& value) {
  return std::string(word) + (value ? " " + expression_text(value) : "") + ";";
}

void print_simple(TextWriter& out, const Stmt& stmt) {
  switch (stmt.verb) {
    case Verb::declare:
      out.line(type_text(stmt.type) + " " + variable_text(stmt.name, stmt.slot) +
               (stmt.expr ? " = " + expression_text(stmt.expr) : "") + ";");
      return;
    case Verb::assign_variable:
      out.line(variable_text(stmt.name, stmt.slot) + " = " + expression_text(stmt.expr) + ";");
      return;
    case Verb::assign_attribute:
      out.line(name_of_attribute(stmt) + " = " + expression_text(stmt.expr) + ";");
      return;
    case Verb::unset_attribute:
      out.line("unset(" + name_of_attribute(stmt) + ");");
      return;
    case Verb::accept:
      out.line(with_value("accept", stmt.expr));
      return;
    case Verb::reject:
      out.line(with_value("reject", stmt.expr));
      return;
    case Verb::return_:
      out.line(with_value("return", stmt.expr));
      return;
    case Verb::print:
      out.line((stmt.no_newline ? "printn" : "print") + std::string(stmt.exprs.empty() ? "" : " ") +
               list_of(stmt.exprs) + ";");
      return;
    default:  // method_assign and evaluate are their expression
      out.line(expression_text(stmt.expr) + ";");
      return;
  }
}

void print_stmt(TextWriter& out, const Stmt& stmt) {
  switch (stmt.verb) {
    case Verb::block:
      out.open("");
      print_body(out, stmt.body);
      out.close();
      return;
    case Verb::if_:
      return print_if(out, stmt);
    case Verb::case_:
      return print_case(out, stmt);
    case Verb::for_:
      out.open("for " + (stmt.type == ValueType::none ? "" : type_text(stmt.type) + " ") +
               variable_text(stmt.name, stmt.slot) + " in " + expression_text(stmt.expr) + " do");
      print_body(out, stmt.body);
      out.close();
      return;
    default:
      return print_simple(out, stmt);
  }
}

void collect_calls(const ExprPtr& expression, std::set<std::string>& calls) {
  if (!expression) {
    return;
  }
  if (expression->op == Op::call) {
    calls.insert(expression->name);
  }
  for (const ExprPtr& operand : expression->operands) {
    collect_calls(operand, calls);
  }
}

void collect_calls(const std::vector<StmtPtr>& body, std::set<std::string>& calls) {
  for (const StmtPtr& stmt : body) {
    collect_calls(stmt->expr, calls);
    for (const ExprPtr& expression : stmt->exprs) {
      collect_calls(expression, calls);
    }
    collect_calls(stmt->body, calls);
    collect_calls(stmt->otherwise, calls);
    for (const Stmt::Case& branch : stmt->cases) {
      for (const ExprPtr& value : branch.values) {
        collect_calls(value, calls);
      }
      for (const auto& [low, high] : branch.ranges) {
        collect_calls(low, calls);
        collect_calls(high, calls);
      }
      collect_calls(branch.body, calls);
    }
  }
}

void visit(const Functions& functions, const std::string& name, std::set<std::string>& done,
           std::vector<std::shared_ptr<const intent::Function>>& order) {
  const auto found = functions.find(name);
  if (found == functions.end() || !found->second || !done.insert(name).second) {
    return;
  }
  std::set<std::string> calls;
  collect_calls(found->second->body, calls);
  for (const std::string& callee : calls) {
    visit(functions, callee, done, order);
  }
  order.push_back(found->second);
}

}  // namespace

std::vector<std::shared_ptr<const intent::Function>> in_order(const Functions& functions) {
  std::vector<std::shared_ptr<const intent::Function>> order;
  std::set<std::string> done;
  for (const auto& [name, function] : functions) {
    visit(functions, name, done, order);
  }
  return order;
}

std::string expression_text(const ExprPtr& expression) {
  return expression ? text_of(*expression, kLogic) : "";
}

void print_body(TextWriter& out, const std::vector<StmtPtr>& body) {
  for (const StmtPtr& stmt : body) {
    print_stmt(out, *stmt);
  }
}

void print_function(TextWriter& out, const intent::Function& function) {
  std::string head = "function " + symbol_text(function.name) + "(";
  std::uint32_t slot = 0;
  for (const auto& [type, argument] : function.arguments) {
    head += (slot == 0 ? "" : "; ") + type_text(type) + " " + variable_text(argument, slot);
    ++slot;
  }
  out.open(head + ")");
  print_body(out, function.body);
  out.close();
}

void print_filter_ref(TextWriter& out, std::string_view head, const intent::FilterRef& ref) {
  const std::string start = head.empty() ? std::string() : std::string(head) + " ";
  if (ref.kind != intent::FilterRef::Kind::filter || !ref.filter) {
    out.line(start + (ref.kind == intent::FilterRef::Kind::all ? "all;" : "none;"));
    return;
  }
  const intent::Filter& filter = *ref.filter;
  if (!filter.name.empty()) {
    out.line(start + "filter " + symbol_text(filter.name) + ";");
    return;
  }
  const bool where = filter.body.size() == 1 && filter.body[0]->verb == Verb::if_ &&
                     is_only(filter.body[0]->body, Verb::accept) &&
                     is_only(filter.body[0]->otherwise, Verb::reject);
  if (where) {
    out.line(start + "where " + expression_text(filter.body[0]->expr) + ";");
    return;
  }
  out.open(start + "filter");
  print_body(out, filter.body);
  out.close(";");
}

std::string print(const intent::Filter& filter) {
  TextWriter out;
  out.open(filter.name.empty() ? "filter" : "filter " + symbol_text(filter.name));
  print_body(out, filter.body);
  out.close();
  return out.release();
}

std::string print(const intent::Function& function) {
  TextWriter out;
  print_function(out, function);
  return out.release();
}

std::string print_head(const Stmt& statement) {
  TextWriter out;
  print_stmt(out, statement);
  std::string text = out.release();
  text.resize(std::min(text.size(), text.find('\n')));
  if (text.size() >= 2 && text.ends_with(" {")) {
    text.resize(text.size() - 2);
  }
  return text;
}

std::string print(const ExprPtr& expression) {
  return expression_text(expression);
}

}  // namespace catflap::birdlang
