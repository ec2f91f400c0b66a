#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <variant>

#include "bgp/policy/interpreter.hpp"
#include "bgp/policy/operators.hpp"

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

/// The last AS of the sequences before the first set.
std::uint32_t last_nonaggregated(const net::AsPath& path) {
  std::uint32_t last = 0;
  for (const net::AsSegment& segment : path.segments) {
    if (segment.type == net::AsSegmentType::set || segment.type == net::AsSegmentType::confed_set) {
      break;
    }
    if (!segment.asns.empty()) {
      last = segment.asns.back();
    }
  }
  return last;
}

/// Methods without arguments on an AS path; nullopt if there is no such method.
std::optional<Value> path_method(const net::AsPath& path, std::string_view name) {
  if (name == "len") {
    return static_cast<std::uint32_t>(path.length());
  }
  if (name == "first") {
    return path.first().value_or(0);
  }
  if (name == "last") {
    return path.last().value_or(0);
  }
  if (name == "last_nonaggregated") {
    return last_nonaggregated(path);
  }
  if (name == "empty") {
    return net::AsPath();
  }
  return std::nullopt;
}

template <class Item, class Wrap>
std::optional<Value> extreme_of(const std::vector<Item>& items, bool lowest, Wrap&& wrap) {
  if (items.empty()) {
    return Value();
  }
  return Value(wrap(lowest ? *std::min_element(items.begin(), items.end())
                           : *std::max_element(items.begin(), items.end())));
}

template <class List, class Wrap>
std::optional<Value> list_method(const List& list, std::string_view name, Wrap&& wrap) {
  if (name == "len") {
    return static_cast<std::uint32_t>(list.items.size());
  }
  if (name == "empty") {
    return List();
  }
  if (name == "min" || name == "max") {
    return extreme_of(list.items, name == "min", wrap);
  }
  return std::nullopt;
}

std::optional<Value> scalar_method(const Value& object, std::string_view name) {
  if (const auto* prefix = std::get_if<net::Prefix>(&object)) {
    if (name == "len") {
      return std::uint32_t{prefix->length()};
    }
    if (name == "ip") {
      return prefix->addr();
    }
    if (name == "type") {
      return EnumValue{EnumType::net_type, prefix->family() == net::Family::ipv4 ? 1U : 2U};
    }
  }
  if (const auto* pair = std::get_if<intent::Pair>(&object)) {
    if (name == "asn") {
      return pair->value >> 16U;
    }
    if (name == "data") {
      return pair->value & 0xFFFFU;
    }
  }
  if (const auto* large = std::get_if<net::LargeCommunity>(&object)) {
    if (name == "asn") {
      return large->global;
    }
    if (name == "data1" || name == "data2") {
      return name == "data1" ? large->local1 : large->local2;
    }
  }
  if (const auto* addr = std::get_if<net::IpAddr>(&object)) {
    // BIRD's address that is not set is `::`, which counts as IPv6.
    if (name == "is_v4") {
      return addr->is_v4();
    }
  }
  return std::nullopt;
}

std::optional<Value> plain_method(const Value& object, std::string_view name) {
  if (const auto* path = std::get_if<net::AsPath>(&object)) {
    return path_method(*path, name);
  }
  if (const auto* list = std::get_if<intent::CommunityList>(&object)) {
    return list_method(*list, name, [](net::Community item) { return intent::Pair{item}; });
  }
  if (const auto* list = std::get_if<intent::ExtCommunityList>(&object)) {
    return list_method(*list, name, [](net::ExtCommunity item) { return intent::ExtCommunityValue{item}; });
  }
  if (const auto* list = std::get_if<intent::LargeCommunityList>(&object)) {
    return list_method(*list, name, [](const net::LargeCommunity& item) { return item; });
  }
  return scalar_method(object, name);
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
  const Value* left = eval(expr.operands[0], left_scratch);
  const Value* right = left == nullptr ? nullptr : eval(expr.operands[1], right_scratch);
  if (right == nullptr) {
    return false;
  }
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
  const bool at_left =
      left.op == Op::attribute && route_ != nullptr &&
      (left.attribute == RouteAttribute::bgp_path || left.attribute == RouteAttribute::bgp_community);
  const bool at_right = right.op == Op::attribute && route_ != nullptr &&
                        (right.attribute == RouteAttribute::bgp_community ||
                         right.attribute == RouteAttribute::bgp_large_community);
  if (at_left == at_right) {
    return std::nullopt;
  }
  const Value* other = eval(at_left ? right : left, scratch);
  done = true;
  if (other == nullptr) {
    return std::nullopt;
  }
  const wire::Attributes& bgp = attrs().bgp;
  if (at_left && left.attribute == RouteAttribute::bgp_path) {
    return match_path(bgp.as_path.value_or(net::AsPath()), *other);
  }
  if (at_left) {
    return match_communities(bgp.communities, *other);
  }
  return right.attribute == RouteAttribute::bgp_community ? match_in_communities(*other, bgp.communities)
                                                          : match_in_large(*other, bgp.large_communities);
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
  ExtResult made = make_ext(*kind, bits, is_address, *value);
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
    prefix = route_->net;
    asn = attrs().bgp.as_path ? attrs().bgp.as_path->last().value_or(0) : 0;
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
  result = EnumValue{EnumType::roa, roa_state(table->second, prefix, asn)};
  return true;
}

bool Interpreter::method(const Expr& expr, Value& result) {
  if (expr.operands.empty() || expr.operands[0] == nullptr) {
    return fail(expr.where, "an operand is missing");
  }
  const Expr& source = *expr.operands[0];
  if (source.op == Op::attribute && source.attribute == RouteAttribute::bgp_path && route_ != nullptr &&
      expr.operands.size() == 1 && attrs().bgp.as_path) {
    if (auto value = path_method(*attrs().bgp.as_path, expr.name)) {
      result = std::move(*value);
      return true;
    }
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
  auto value = plain_method(*object, expr.name);
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
    const ListChange change =
        name == "add" ? ListChange::add : (name == "delete" ? ListChange::remove : ListChange::keep);
    ListResult changed = change_list(change, object, *items);
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
