#include "bgp/policy/interpreter.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "intent/operators.hpp"

namespace catflap::bgp::policy {
namespace {

using intent::Value;

/// What `int x;` holds. DEVIATION: BIRD 2.0.12 stops such a filter with an error (1.6 and later versions do
/// not).
Value zero_of(intent::ValueType type) {
  switch (type) {
    case intent::ValueType::boolean:
      return false;
    case intent::ValueType::integer:
      return std::uint32_t{0};
    case intent::ValueType::pair:
      return intent::Pair{};
    case intent::ValueType::quad:
      return intent::Quad{};
    case intent::ValueType::ip:
      return net::IpAddr::any(net::Family::ipv6);
    case intent::ValueType::string:
      return std::string();
    case intent::ValueType::prefix_set:
      return std::make_shared<const intent::PrefixSet>();
    case intent::ValueType::item_set:
      return std::make_shared<const intent::ItemSet>();
    case intent::ValueType::as_path:
      return net::AsPath();
    case intent::ValueType::community_list:
      return intent::CommunityList();
    case intent::ValueType::ext_community_list:
      return intent::ExtCommunityList();
    case intent::ValueType::large_community_list:
      return intent::LargeCommunityList();
    case intent::ValueType::none:
    case intent::ValueType::prefix:
    case intent::ValueType::ext_community:
    case intent::ValueType::large_community:
    case intent::ValueType::enumeration:
    case intent::ValueType::path_mask:
      return std::monostate();
  }
  return std::monostate();
}

/// The elements that `for` walks over; nullopt if the value has none.
std::optional<std::vector<Value>> elements_of(const Value& value) {
  std::vector<Value> elements;
  if (const auto* path = std::get_if<net::AsPath>(&value)) {
    for (const net::AsSegment& segment : path->segments) {
      elements.insert(elements.end(), segment.asns.begin(), segment.asns.end());
    }
  } else if (const auto* communities = std::get_if<intent::CommunityList>(&value)) {
    for (const net::Community item : communities->items) {
      elements.emplace_back(intent::Pair{item});
    }
  } else if (const auto* ext = std::get_if<intent::ExtCommunityList>(&value)) {
    for (const net::ExtCommunity item : ext->items) {
      elements.emplace_back(intent::ExtCommunityValue{item});
    }
  } else if (const auto* large = std::get_if<intent::LargeCommunityList>(&value)) {
    elements.insert(elements.end(), large->items.begin(), large->items.end());
  } else {
    return std::nullopt;
  }
  return elements;
}

}  // namespace

bool Interpreter::fail(const SourcePos& where, std::string message) {
  if (!failed_) {
    failed_ = true;
    error_ = std::move(message);
    error_at_ = &where;
  }
  return false;
}

bool Interpreter::fail_argument(const SourcePos& where, std::size_t index, std::string_view what,
                                intent::ValueType expected, const Value& got) {
  std::string message = "Argument " + std::to_string(index + 1);
  if (!what.empty()) {
    message += " of " + std::string(what);
  }
  return fail(where, message + " must be of type " + std::string(to_string(expected)) + ", got type " +
                         std::string(to_string(intent::type_of(got))));
}

bool Interpreter::spend(const SourcePos& where) {
  if (failed_) {
    return false;
  }
  if (++steps_ > environment_.steps_max) {
    return fail(where, "the filter takes more than " + std::to_string(environment_.steps_max) + " steps");
  }
  if (depth_ > environment_.depth_max) {
    return fail(where, "the filter nests deeper than " + std::to_string(environment_.depth_max) + " levels");
  }
  return true;
}

std::vector<std::string> Interpreter::take_printed() {
  if (!line_.empty() && !old_) {
    printed_.push_back(std::exchange(line_, {}));
  }
  return std::move(printed_);
}

Flow Interpreter::run(const std::vector<intent::StmtPtr>& body, std::uint32_t slots) {
  constexpr std::uint32_t kSlotsMax = 1U << 16U;  // more is no program but a broken tree
  if (slots > kSlotsMax) {
    static const SourcePos kNowhere;
    fail(kNowhere, "the filter has too many variables");
    return Flow::failed;
  }
  frame_ = stack_.size();
  stack_.resize(frame_ + slots);
  const Flow flow = run_all(body);
  return flow == Flow::failed && verdict_ && !failed_ ? *verdict_ : flow;
}

Flow Interpreter::run_all(const std::vector<intent::StmtPtr>& body) {
  for (const intent::StmtPtr& stmt : body) {
    if (stmt == nullptr) {
      continue;
    }
    if (const Flow flow = run_one(*stmt); flow != Flow::next) {
      return flow;
    }
  }
  return Flow::next;
}

Flow Interpreter::run_one(const Stmt& stmt) {
  const Depth depth(*this);
  if (!spend(stmt.where)) {
    return Flow::failed;
  }
  if (environment_.hits != nullptr) {
    ++(*environment_.hits)[&stmt].reached;
  }
  const auto done = [](bool ok) { return ok ? Flow::next : Flow::failed; };
  if (old_) {
    bird1_->left = std::monostate();
  }
  Value scratch;
  switch (stmt.verb) {
    case intent::Verb::block:
      return run_all(stmt.body);
    case intent::Verb::declare: {
      if (stmt.expr == nullptr) {
        return done(set_variable(stmt.slot, old_ ? Value() : zero_of(stmt.type), stmt.where));
      }
      const Value* value = eval(stmt.expr, scratch);
      return done(value != nullptr && give_variable(stmt, *value, "VAR_INIT"));
    }
    case intent::Verb::assign_variable: {
      const Value* value = eval(stmt.expr, scratch);
      return done(value != nullptr && give_variable(stmt, *value, "VAR_SET"));
    }
    case intent::Verb::assign_attribute:
    case intent::Verb::method_assign: {
      const Value* value = eval(stmt.expr, scratch);
      return done(value != nullptr && assign(stmt, *value));
    }
    case intent::Verb::unset_attribute:
      return done(unset(stmt));
    case intent::Verb::if_:
      return run_if(stmt);
    case intent::Verb::case_:
      return run_case(stmt);
    case intent::Verb::for_:
      return run_for(stmt);
    case intent::Verb::accept:
      return run_verdict(stmt, Flow::accept);
    case intent::Verb::reject:
      return run_verdict(stmt, Flow::reject);
    case intent::Verb::return_: {
      const Value* value = eval(stmt.expr, scratch);
      if (value == nullptr) {
        return Flow::failed;
      }
      returned_ = *value;
      if (in_function_ || old_) {
        return Flow::returned;
      }
      const bool* accepts = std::get_if<bool>(value);
      if (accepts == nullptr) {
        return done(fail(stmt.where, "Can't return non-bool from non-function"));
      }
      decided_at_ = &stmt.where;
      return *accepts ? Flow::accept : Flow::reject;
    }
    case intent::Verb::print:
      return done(print(stmt.exprs, !stmt.no_newline));
    case intent::Verb::evaluate: {
      const Value* value = eval(stmt.expr, scratch);
      if (old_ && value != nullptr) {
        bird1_->left = *value;
      }
      return done(value != nullptr);
    }
  }
  return Flow::next;
}

void Interpreter::count_taken(const Stmt& stmt, bool taken) {
  if (environment_.hits != nullptr && taken) {
    ++(*environment_.hits)[&stmt].taken;
  }
}

Flow Interpreter::run_if(const Stmt& stmt) {
  Value scratch;
  const Value* value = eval(stmt.expr, scratch);
  if (value == nullptr) {
    return Flow::failed;
  }
  const bool* condition = std::get_if<bool>(value);
  if (condition == nullptr) {
    fail_argument(stmt.where, 0, "CONDITION", intent::ValueType::boolean, *value);
    return Flow::failed;
  }
  count_taken(stmt, *condition);
  const bool taken = *condition;  // apart: what it points to may change
  const Flow flow = run_all(taken ? stmt.body : stmt.otherwise);
  if (old_) {
    bird1_->left = stmt.otherwise.empty() != taken;  // of `else` BIRD 1.6 makes another `if`
  }
  return flow;
}

std::optional<bool> Interpreter::case_fits(const Stmt::Case& one, const Value& value) {
  Value scratch;
  for (const intent::ExprPtr& expr : one.values) {
    const Value* candidate = eval(expr, scratch);
    if (candidate == nullptr) {
      return std::nullopt;
    }
    if (equal_values(value, *candidate)) {
      return true;
    }
  }
  Value scratch_high;
  for (const auto& [low_expr, high_expr] : one.ranges) {
    const Value* low = eval(low_expr, scratch);
    const Value* high = low == nullptr ? nullptr : eval(high_expr, scratch_high);
    if (high == nullptr) {
      return std::nullopt;
    }
    const auto from = compare_values(*low, value);
    const auto to = compare_values(value, *high);
    // A missing value is below every other, but lies in no range.
    if (from && to && *from <= 0 && *to <= 0 && !std::holds_alternative<std::monostate>(value)) {
      return true;
    }
  }
  return false;
}

Flow Interpreter::run_case(const Stmt& stmt) {
  Value scratch;
  const Value* value = eval(stmt.expr, scratch);
  if (value == nullptr) {
    return Flow::failed;
  }
  const Value held = *value;  // the cases may run code that changes a variable
  const std::vector<intent::StmtPtr>* otherwise = nullptr;
  for (const Stmt::Case& one : stmt.cases) {
    if (one.otherwise) {
      otherwise = &one.body;
      continue;
    }
    const auto fits = case_fits(one, held);
    if (!fits) {
      return Flow::failed;
    }
    if (*fits) {
      count_taken(stmt, true);
      return run_all(one.body);
    }
  }
  return otherwise == nullptr ? Flow::next : run_all(*otherwise);
}

Flow Interpreter::run_for(const Stmt& stmt) {
  Value scratch;
  const Value* value = eval(stmt.expr, scratch);
  if (value == nullptr) {
    return Flow::failed;
  }
  const auto elements = elements_of(*value);
  if (!elements) {
    fail(stmt.where,
         "Type mismatch in for: cannot walk over " + std::string(to_string(intent::type_of(*value))));
    return Flow::failed;
  }
  for (const Value& element : *elements) {
    if (!spend(stmt.where) || !set_variable(stmt.slot, element, stmt.where)) {
      return Flow::failed;
    }
    if (const Flow flow = run_all(stmt.body); flow != Flow::next) {
      return flow;
    }
  }
  return Flow::next;
}

Flow Interpreter::run_verdict(const Stmt& stmt, Flow flow) {
  if (stmt.expr != nullptr && !print({stmt.expr}, true)) {
    return Flow::failed;
  }
  decided_at_ = &stmt.where;
  return flow;
}

bool Interpreter::give_variable(const Stmt& stmt, const Value& value, std::string_view what) {
  if (old_) {
    return give_old(frame_ + stmt.slot, stmt.type, value, stmt.where);
  }
  if (stmt.type != intent::ValueType::none && std::holds_alternative<std::monostate>(value)) {
    return fail_argument(stmt.where, 0, what, stmt.type, value);
  }
  return set_variable(stmt.slot, value, stmt.where);
}

bool Interpreter::set_variable(std::uint32_t slot, Value value, const SourcePos& where) {
  if (slot >= stack_.size() - frame_) {
    return fail(where, "a variable has no place");
  }
  stack_[frame_ + slot] = std::move(value);
  return true;
}

bool Interpreter::print(const std::vector<intent::ExprPtr>& exprs, bool newline) {
  if (old_) {
    return print_old(exprs, newline);
  }
  Value scratch;
  std::string text;  // apart: what is printed may call functions that print, and an error prints nothing
  for (const intent::ExprPtr& expr : exprs) {
    const Value* value = eval(expr, scratch);
    if (value == nullptr) {
      return false;
    }
    text += intent::to_string(*value);
    if (line_.size() + text.size() > kPrintedMax) {
      return fail(expr->where, "the filter prints too much");
    }
  }
  line_ += text;
  if (newline) {
    printed_.push_back(std::exchange(line_, {}));
  }
  return true;
}

}  // namespace catflap::bgp::policy
