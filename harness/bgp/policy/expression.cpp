#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <variant>

#include "bgp/policy/interpreter.hpp"
#include "intent/operators.hpp"

namespace catflap::bgp::policy {
namespace {

using intent::EnumType;
using intent::EnumValue;
using intent::Op;
using intent::RouteAttribute;
using intent::Value;
using intent::ValueType;

std::string_view name_of(Op op) {
  switch (op) {
    case Op::not_:
      return "NOT";
    case Op::and_:
      return "AND";
    case Op::or_:
      return "OR";
    case Op::negate:
      return "MINUS";
    case Op::add:
      return "ADD";
    case Op::subtract:
      return "SUBTRACT";
    case Op::multiply:
      return "MULTIPLY";
    case Op::divide:
      return "DIVIDE";
    default:
      return {};
  }
}

}  // namespace

std::optional<Value> Interpreter::evaluate(const Expr& expr) {
  Value scratch;
  const Value* value = eval(expr, scratch);
  return value == nullptr ? std::nullopt : std::optional(*value);
}

const Value* Interpreter::eval(const intent::ExprPtr& expr, Value& scratch) {
  if (expr == nullptr) {
    scratch = std::monostate();
    return &scratch;
  }
  return eval(*expr, scratch);
}

const Value* Interpreter::eval(const Expr& expr, Value& scratch) {
  if (expr.op == Op::constant) {
    return &expr.value;
  }
  const Depth depth(*this);
  if (!spend(expr.where)) {
    return nullptr;
  }
  if (expr.op == Op::variable) {
    if (expr.slot >= stack_.size() - frame_) {
      fail(expr.where, "a variable has no place");
      return nullptr;
    }
    scratch = stack_[frame_ + expr.slot];  // a copy: a call further on may move the stack
    return &scratch;
  }
  return compute(expr, scratch) ? &scratch : nullptr;
}

bool Interpreter::compute(const Expr& expr, Value& result) {
  switch (expr.op) {
    case Op::constant:
    case Op::variable:
      return true;  // eval() has done it
    case Op::attribute:
      return read(expr, result);
    case Op::not_:
    case Op::and_:
    case Op::or_:
      return logic(expr, result);
    case Op::negate:
    case Op::add:
    case Op::subtract:
    case Op::multiply:
    case Op::divide:
      return arithmetic(expr, result);
    case Op::equal:
    case Op::not_equal:
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
      return relation(expr, result);
    case Op::match:
    case Op::not_match: {
      const auto matched = match(expr);
      result = matched.value_or(false) == (expr.op == Op::match);
      return matched.has_value();
    }
    case Op::defined: {
      bool defined = false;
      if (expr.operands.empty() || !is_defined(*expr.operands[0], defined)) {
        return fail(expr.where, "defined() needs an attribute");
      }
      result = defined;
      return true;
    }
    case Op::make_pair:
    case Op::make_quad:
    case Op::make_ext_community:
    case Op::make_large_community:
    case Op::make_path_mask:
      return construct(expr, result);
    case Op::make_prefix_set:
    case Op::make_item_set:
      result = expr.value;  // BIRD takes only constants here, so the parser has folded them
      return true;
    case Op::call:
      return call(expr, result);
    case Op::roa_check:
      return roa_check(expr, result);
    case Op::method:
    case Op::function_style:
      return method(expr, result);
  }
  return fail(expr.where, "unknown operation");
}

bool Interpreter::logic(const Expr& expr, Value& result) {
  for (std::size_t i = 0; i < expr.operands.size(); ++i) {
    Value scratch;
    const Value* value = eval(expr.operands[i], scratch);
    if (value == nullptr) {
      return false;
    }
    const bool* truth = std::get_if<bool>(value);
    if (truth == nullptr) {
      return fail_argument(expr.where, i, name_of(expr.op), ValueType::boolean, *value);
    }
    result = expr.op == Op::not_ ? !*truth : *truth;
    if (*truth == (expr.op == Op::or_)) {
      break;  // `a && b` and `a || b` look at b only if they must
    }
  }
  return !expr.operands.empty() || fail(expr.where, "an operand is missing");
}

bool Interpreter::arithmetic(const Expr& expr, Value& result) {
  std::uint32_t numbers[2] = {0, 0};
  const std::size_t count = expr.op == Op::negate ? 1 : 2;
  if (expr.operands.size() < count) {
    return fail(expr.where, "an operand is missing");
  }
  for (std::size_t i = 0; i < count; ++i) {
    Value scratch;
    const Value* value = eval(expr.operands[i], scratch);
    if (value == nullptr) {
      return false;
    }
    const auto* number = std::get_if<std::uint32_t>(value);
    if (number == nullptr) {
      return fail_argument(expr.where, i, name_of(expr.op), ValueType::integer, *value);
    }
    numbers[i] = *number;
  }
  const auto [a, b] = numbers;
  switch (expr.op) {
    case Op::negate:
      result = 0U - a;
      return true;
    case Op::add:
      result = a + b;
      return true;
    case Op::subtract:
      result = a - b;
      return true;
    case Op::multiply:
      result = a * b;
      return true;
    default:
      if (b == 0) {
        return fail(expr.where, "Mother told me not to divide by 0");
      }
      result = a / b;
      return true;
  }
}

bool Interpreter::relation(const Expr& expr, Value& result) {
  if (expr.operands.size() < 2) {
    return fail(expr.where, "an operand is missing");
  }
  Value left_scratch;
  Value right_scratch;
  const bool turned = expr.op == Op::greater || expr.op == Op::greater_equal;  // `a > b` is `b < a`
  const Value* first = eval(expr.operands[turned ? 1 : 0], left_scratch);
  const Value* second = first == nullptr ? nullptr : eval(expr.operands[turned ? 0 : 1], right_scratch);
  if (second == nullptr) {
    return false;
  }
  const Value* left = turned ? second : first;
  const Value* right = turned ? first : second;
  if (expr.op == Op::equal || expr.op == Op::not_equal) {
    result = equal_values(*left, *right) == (expr.op == Op::equal);
    return true;
  }
  const auto order = compare_values(*left, *right);
  if (!order) {
    return fail(expr.where, "Can't compare values of incompatible types");
  }
  result = expr.op == Op::less         ? *order < 0
           : expr.op == Op::less_equal ? *order <= 0
           : expr.op == Op::greater    ? *order > 0
                                       : *order >= 0;
  return true;
}

std::optional<bool> Interpreter::match_in_route(const Expr& left, const Expr& right, bool& done) {
  // The lists of a route are long enough that copying them for a look would be felt.
  done = false;
  Value scratch;
  const auto is_list = [&](const Expr& expr) {
    return expr.op == Op::attribute && route_ != nullptr &&
           (expr.attribute == RouteAttribute::bgp_path || expr.attribute == RouteAttribute::bgp_community ||
            expr.attribute == RouteAttribute::bgp_ext_community ||
            expr.attribute == RouteAttribute::bgp_large_community);
  };
  const bool at_left = is_list(left);
  if (old_ && bird1_->stage == Stage::exporting) {
    return std::nullopt;
  }
  if (at_left == is_list(right) || (!at_left && right.attribute != RouteAttribute::bgp_community &&
                                    right.attribute != RouteAttribute::bgp_large_community)) {
    return std::nullopt;
  }
  const Value* other = eval(at_left ? right : left, scratch);
  done = true;
  if (other == nullptr) {
    return std::nullopt;
  }
  const wire::Attributes& bgp = attrs().bgp;
  if (old_ && at_left && left.attribute == RouteAttribute::bgp_path && !bgp.as_path) {
    return std::nullopt;  // not even an empty path
  }
  if (!at_left) {
    return right.attribute == RouteAttribute::bgp_community
               ? intent::match_in_communities(*other, bgp.communities)
               : intent::match_in_large(*other, bgp.large_communities);
  }
  static const net::AsPath kEmpty;
  switch (left.attribute) {
    case RouteAttribute::bgp_path:
      return intent::match_path(bgp.as_path ? *bgp.as_path : kEmpty, *other);
    case RouteAttribute::bgp_community:
      return intent::match_communities(bgp.communities, *other);
    case RouteAttribute::bgp_ext_community:
      return intent::match_ext(bgp.ext_communities, *other);
    default:
      return intent::match_large(bgp.large_communities, *other);
  }
}

std::optional<bool> Interpreter::match(const Expr& expr) {
  if (expr.operands.size() < 2 || expr.operands[0] == nullptr || expr.operands[1] == nullptr) {
    fail(expr.where, "an operand is missing");
    return std::nullopt;
  }
  bool done = false;
  std::optional<bool> matched = match_in_route(*expr.operands[0], *expr.operands[1], done);
  if (!done) {
    Value left_scratch;
    Value right_scratch;
    const Value* left = eval(expr.operands[0], left_scratch);
    const Value* right = left == nullptr ? nullptr : eval(expr.operands[1], right_scratch);
    if (right == nullptr) {
      return std::nullopt;
    }
    matched = match_values(*left, *right);
  }
  if (!matched) {
    fail(expr.where, "~ applied on unknown type pair");
  }
  return matched;
}

bool Interpreter::construct(const Expr& expr, Value& result) {
  if (expr.op == Op::make_path_mask) {
    return construct_mask(expr, result);
  }
  if (expr.op == Op::make_ext_community) {
    return construct_ext(expr, result);
  }
  std::uint32_t parts[4] = {};
  const std::size_t count = expr.op == Op::make_pair ? 2 : (expr.op == Op::make_quad ? 4 : 3);
  for (std::size_t i = 0; i < count; ++i) {
    Value scratch;
    const auto* number = operand<std::uint32_t>(expr, i, scratch);
    if (number == nullptr) {
      return false;
    }
    parts[i] = *number;
  }
  if (expr.op == Op::make_large_community) {
    result = net::LargeCommunity{parts[0], parts[1], parts[2]};
    return true;
  }
  const std::uint32_t top = expr.op == Op::make_pair ? 0xFFFFU : 0xFFU;
  if (std::any_of(parts, parts + count, [&](std::uint32_t part) { return part > top; })) {
    return fail(expr.where, "Can't operate with value out of bounds in pair constructor");
  }
  if (expr.op == Op::make_pair) {
    result = intent::Pair{parts[0] << 16U | parts[1]};
  } else {
    result = intent::Quad{parts[0] << 24U | parts[1] << 16U | parts[2] << 8U | parts[3]};
  }
  return true;
}

bool Interpreter::construct_ext(const Expr& expr, Value& result) {
  const auto* kind = std::get_if<std::uint32_t>(&expr.value);
  if (kind == nullptr || expr.operands.size() < 2) {
    return fail(expr.where, "an extended community needs a kind, a key and a value");
  }
  Value key_scratch;
  Value value_scratch;
  const Value* key = eval(expr.operands[0], key_scratch);
  const auto* value = key == nullptr ? nullptr : operand<std::uint32_t>(expr, 1, value_scratch);
  if (value == nullptr) {
    return false;
  }
  std::uint32_t bits = 0;
  bool is_address = true;
  if (const auto* number = std::get_if<std::uint32_t>(key)) {
    bits = *number;
    is_address = false;
  } else if (const auto* quad = std::get_if<intent::Quad>(key)) {
    bits = quad->value;
  } else if (const auto* addr = std::get_if<net::IpAddr>(key); addr != nullptr && addr->is_v4()) {
    bits = addr->v4_value();
  } else {
    return fail(expr.where, "Can't operate with key of non-integer/IPv4 type in EC constructor");
  }
  intent::ExtResult made = intent::make_ext(*kind, bits, is_address, *value);
  if (!made.value) {
    return fail(expr.where, std::move(made.error));
  }
  result = intent::ExtCommunityValue{*made.value};
  return true;
}

bool Interpreter::construct_mask(const Expr& expr, Value& result) {
  const auto* mask = std::get_if<std::shared_ptr<const intent::PathMask>>(&expr.value);
  if (mask == nullptr || *mask == nullptr) {
    return fail(expr.where, "a path mask is missing");
  }
  intent::PathMask filled = **mask;
  for (intent::PathMaskItem& item : filled.items) {
    if (item.kind != intent::PathMaskItem::Kind::expression) {
      continue;
    }
    Value scratch;
    if (item.expression >= expr.operands.size()) {
      return fail(expr.where, "an operand is missing");
    }
    const Value* value = eval(expr.operands[item.expression], scratch);
    if (value == nullptr) {
      return false;
    }
    if (const auto* asn = std::get_if<std::uint32_t>(value)) {
      item.kind = intent::PathMaskItem::Kind::asn;
      item.asns = {*asn, *asn};
    } else if (const auto* set = std::get_if<std::shared_ptr<const intent::ItemSet>>(value)) {
      item.kind = intent::PathMaskItem::Kind::set;
      item.set = *set;
    } else {
      return fail(expr.where, "Error resolving path mask template: value not an integer");
    }
  }
  result = std::make_shared<const intent::PathMask>(std::move(filled));
  return true;
}

bool Interpreter::call(const Expr& expr, Value& result) {
  const auto found = functions_.find(expr.name);
  if (found == functions_.end() || found->second == nullptr) {
    return fail(expr.where, "there is no function " + expr.name);
  }
  const intent::Function& function = *found->second;
  if (old_) {
    return call_old(expr, function, result);
  }
  std::vector<Value> arguments;
  arguments.reserve(expr.operands.size());
  for (const intent::ExprPtr& expression : expr.operands) {
    Value scratch;
    const Value* value = eval(expression, scratch);
    if (value == nullptr) {
      return false;
    }
    arguments.push_back(*value);
  }
  const std::size_t outer_frame = frame_;
  const std::size_t outer_size = stack_.size();
  const bool outer_in_function = std::exchange(in_function_, true);
  const auto slots = std::max<std::size_t>(function.slots, arguments.size());
  stack_.insert(stack_.end(), std::make_move_iterator(arguments.begin()),
                std::make_move_iterator(arguments.end()));
  stack_.resize(outer_size + slots);
  frame_ = outer_size;
  returned_ = std::monostate();
  const Flow flow = run_all(function.body);
  frame_ = outer_frame;
  stack_.resize(outer_size);
  in_function_ = outer_in_function;
  result = std::exchange(returned_, std::monostate());
  if (flow == Flow::accept || flow == Flow::reject) {
    // An accept inside a function ends the whole filter.
    verdict_ = flow;
    return false;
  }
  return flow != Flow::failed;
}

bool Interpreter::roa_check(const Expr& expr, Value& result) {
  if (environment_.roa_tables == nullptr) {
    return fail(expr.where, "there are no ROA tables");
  }
  const auto table = environment_.roa_tables->find(expr.name);
  if (table == environment_.roa_tables->end()) {
    return fail(expr.where, "there is no ROA table " + expr.name);
  }
  net::Prefix prefix;
  std::uint32_t asn = 0;
  if (expr.operands.empty()) {
    if (route_ == nullptr) {
      return fail(expr.where, "roa_check() needs a route");
    }
    if (!attrs().bgp.as_path) {
      return fail(expr.where, "Missing AS_PATH attribute");
    }
    prefix = route_->net;
    asn = attrs().bgp.as_path->last().value_or(0);
  } else {
    Value scratch;
    const auto* given = operand<net::Prefix>(expr, 0, scratch);
    if (given == nullptr) {
      return false;
    }
    prefix = *given;
    const auto* number = operand<std::uint32_t>(expr, 1, scratch);
    if (number == nullptr) {
      return false;
    }
    asn = *number;
  }
  result = EnumValue{EnumType::roa, table->second.state(prefix, asn)};
  return true;
}

bool Interpreter::method(const Expr& expr, Value& result) {
  if (expr.operands.empty() || expr.operands[0] == nullptr) {
    return fail(expr.where, "an operand is missing");
  }
  const Expr& source = *expr.operands[0];
  if (source.op == Op::attribute && source.attribute == RouteAttribute::bgp_path && route_ != nullptr &&
      expr.operands.size() == 1 && attrs().bgp.as_path) {
    if (auto value = intent::path_method(*attrs().bgp.as_path, expr.name)) {
      result = std::move(*value);
      return true;
    }
  }
  if (old_ && expr.name == "empty" && empty_old(expr.type, result)) {
    return true;
  }
  Value scratch;
  const Value* object = eval(expr.operands[0], scratch);
  if (object == nullptr) {
    return false;
  }
  if (expr.operands.size() > 1) {
    return method_with_argument(expr, *object, result);
  }
  if (expr.name == "format") {
    result = intent::to_string(*object);
    return true;
  }
  auto value = intent::plain_method(*object, expr.name);
  if (!value) {
    return fail(expr.where, std::string(to_string(intent::type_of(*object))) + " has no ." + expr.name);
  }
  result = std::move(*value);
  return true;
}

bool Interpreter::method_with_argument(const Expr& expr, const Value& object, Value& result) {
  Value scratch;
  const std::string& name = expr.name;
  if (name == "add" || name == "delete" || name == "filter") {
    const Value* items = eval(expr.operands[1], scratch);
    if (items == nullptr) {
      return false;
    }
    const auto change = name == "add"      ? intent::ListChange::add
                        : name == "delete" ? intent::ListChange::remove
                                           : intent::ListChange::keep;
    intent::ListResult changed = intent::change_list(change, object, *items);
    if (!changed.value) {
      return fail(expr.where, std::move(changed.error));
    }
    result = std::move(*changed.value);
    return true;
  }
  if (name != "prepend" && name != "mask") {
    return fail(expr.where, "there is no method " + name);
  }
  const auto* number = operand<std::uint32_t>(expr, 1, scratch);
  if (number == nullptr) {
    return false;
  }
  if (name == "prepend") {
    const auto* path = std::get_if<net::AsPath>(&object);
    if (path == nullptr) {
      return fail_argument(expr.where, 0, "PATH_PREPEND", ValueType::as_path, object);
    }
    net::AsPath longer = *path;
    longer.prepend(*number);
    result = std::move(longer);
    return true;
  }
  const auto* addr = std::get_if<net::IpAddr>(&object);
  if (addr == nullptr) {
    return fail_argument(expr.where, 0, "IP_MASK", ValueType::ip, object);
  }
  const auto length = std::min<std::uint32_t>(*number, net::address_bits(addr->family()));
  result = addr->masked(static_cast<std::uint8_t>(length));
  return true;
}

}  // namespace catflap::bgp::policy
