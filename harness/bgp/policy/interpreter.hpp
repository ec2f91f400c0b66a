#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bgp/policy/filter.hpp"
#include "intent/filter.hpp"
#include "intent/value.hpp"

/// Walks the tree of a filter. Internal to bgp/policy.
namespace catflap::bgp::policy {

using Functions = std::map<std::string, std::shared_ptr<const intent::Function>>;

/// How a list of statements ended.
enum class Flow : std::uint8_t { next, accept, reject, returned, failed };

/// Where a filter of BIRD 1.6 runs: on the way into a table, as the body of a static route, or on the way out
/// (and in `show route filter`). It decides what `unset` does; BIRD 2 knows no difference.
enum class Stage : std::uint8_t { import, body, exporting };

/// One run over one route, or over none (`birdc eval`). Holds references to the caller's things; for one call
/// only. Invariant: once an error is set, everything unwinds without looking at the route again.
class Interpreter {
 public:
  Interpreter(const FilterEnvironment& environment, const Functions& functions, const RouteRef* route,
              RouteEdit* edit, intent::Dialect dialect, Stage stage)
      : environment_(environment),
        functions_(functions),
        route_(route),
        edit_(edit),
        old_(dialect == intent::Dialect::bird1) {
    if (old_) {
      bird1_ = std::make_unique<Bird1>();
      bird1_->stage = stage;
    }
  }

  /// Runs statements with `slots` fresh variables.
  Flow run(const std::vector<intent::StmtPtr>& body, std::uint32_t slots);
  std::optional<intent::Value> evaluate(const intent::Expr& expr);
  /// Dialect 1.6: brings the route into the state that BIRD keeps after a run.
  void settle();
  /// What `return` gave; void if nothing.
  const intent::Value& returned() const { return returned_; }

  /// Places in the tree; nullptr if there is none.
  const SourcePos* decided_at() const { return decided_at_; }
  const std::string& error() const { return error_; }
  const SourcePos* error_at() const { return error_at_; }
  /// The lines printed, an unfinished one included.
  std::vector<std::string> take_printed();

 private:
  using Value = intent::Value;
  using Expr = intent::Expr;
  using Stmt = intent::Stmt;
  class Depth;
  /// What only filters of dialect 1.6 need: nullptr in BIRD 2's.
  struct Bird1 {
    Stage stage = Stage::import;
    Value left;  ///< by the last statement: a function returns it
    std::map<const intent::Function*, std::size_t>
        statics;  ///< where in stack_ the variables of each one stand
    const intent::Function* running = nullptr;
    std::vector<const Stmt*> unsets;  ///< of the body of a static route
  };
  static constexpr std::size_t kPrintedMax =
      1U << 20U;  ///< octets of one line; a filter in a loop must not eat the memory

  // Statements (interpreter.cpp).
  Flow run_all(const std::vector<intent::StmtPtr>& body);
  Flow run_one(const Stmt& stmt);
  Flow run_if(const Stmt& stmt);
  Flow run_case(const Stmt& stmt);
  void count_taken(const Stmt& stmt, bool taken);
  Flow run_for(const Stmt& stmt);
  Flow run_verdict(const Stmt& stmt, Flow flow);
  std::optional<bool> case_fits(const Stmt::Case& one, const Value& value);
  /// A variable with a type takes no value that is missing, but in BIRD 1.6; `what`: as BIRD calls the
  /// operation.
  bool give_variable(const Stmt& stmt, const Value& value, std::string_view what);
  bool set_variable(std::uint32_t slot, Value value, const SourcePos& where);
  bool print(const std::vector<intent::ExprPtr>& exprs, bool newline);

  // Expressions (expression.cpp). A pointer into the tree, a variable or `scratch`; nullptr after an error.
  const Value* eval(const intent::ExprPtr& expr, Value& scratch);
  const Value* eval(const Expr& expr, Value& scratch);
  bool compute(const Expr& expr, Value& result);
  bool logic(const Expr& expr, Value& result);
  bool arithmetic(const Expr& expr, Value& result);
  bool relation(const Expr& expr, Value& result);
  std::optional<bool> match(const Expr& expr);
  std::optional<bool> match_in_route(const Expr& left, const Expr& right, bool& done);
  bool construct(const Expr& expr, Value& result);
  bool construct_mask(const Expr& expr, Value& result);
  bool construct_ext(const Expr& expr, Value& result);
  bool call(const Expr& expr, Value& result);
  bool roa_check(const Expr& expr, Value& result);
  bool method(const Expr& expr, Value& result);
  bool method_with_argument(const Expr& expr, const Value& object, Value& result);
  template <class T>
  const T* operand(const Expr& expr, std::size_t index, Value& scratch);

  // The route (route_access.cpp).
  const RouteAttrs& attrs() const { return edit_->attrs(route_->attrs); }
  RouteAttrs& edit() { return edit_->edit(route_->attrs); }
  const Forwarding& forwarding() const;
  bool read(const Expr& expr, Value& result);
  /// `now`: the attributes of the route as the filter sees them.
  void read_from(const RouteAttrs& now, const Expr& expr, Value& result) const;
  bool is_defined(const Expr& expr, bool& defined);
  bool assign(const Stmt& stmt, const Value& value);
  bool assign_forwarding(const Stmt& stmt, const Value& value);
  bool assign_gateway(const Stmt& stmt, const Value& value);
  bool assign_bgp(const Stmt& stmt, const Value& value);
  bool unset(const Stmt& stmt);
  bool unset_attribute(const Stmt& stmt);
  /// What `defined` says of a list of communities.
  bool has_list(intent::RouteAttribute attribute) const;

  // What BIRD 1.6 does otherwise (bird1.cpp).
  void read_old(const Expr& expr, Value& result) const;
  bool print_old(const std::vector<intent::ExprPtr>& exprs, bool newline);
  bool call_old(const Expr& expr, const intent::Function& function, Value& result);
  /// `bgp_path.empty` does not look at what is there; false: not a list.
  static bool empty_old(intent::ValueType type, Value& result);
  bool give_old(std::size_t place, intent::ValueType type, const Value& value, const SourcePos& where);
  /// nullopt: as BIRD 2.
  std::optional<bool> assign_old(const Stmt& stmt, const Value& value);
  /// False if `unset` has no effect, or only at the end.
  bool unsets_now(const Stmt& stmt);
  bool is_hidden(intent::RouteAttribute attribute) const;

  bool fail(const SourcePos& where, std::string message);
  bool fail_argument(const SourcePos& where, std::size_t index, std::string_view what,
                     intent::ValueType expected, const Value& got);
  bool spend(const SourcePos& where);

  const FilterEnvironment& environment_;
  const Functions& functions_;
  const RouteRef* route_;
  RouteEdit* edit_;
  const bool old_;            ///< dialect 1.6
  std::vector<Value> stack_;  ///< the variables of all calls that run
  std::size_t frame_ = 0;     ///< where those of the innermost begin
  /// Lists that this run left as the empty list that stands for none, a bit for each intent::RouteAttribute:
  /// BIRD does not take them for defined until the next filter. One whose last item was deleted is another
  /// thing.
  std::uint64_t null_lists_ = 0;
  std::uint32_t steps_ = 0;
  std::uint32_t depth_ = 0;
  Value returned_;
  bool in_function_ = false;
  std::optional<Flow> verdict_;  ///< an accept or reject inside a function, which ends the whole filter
  const Forwarding unreachable_{};
  std::unique_ptr<Bird1> bird1_;  ///< if old_
  std::vector<std::string> printed_;
  std::string line_;
  const SourcePos* decided_at_ = nullptr;
  std::string error_;
  const SourcePos* error_at_ = nullptr;
  bool failed_ = false;
};

/// Counts nesting while it lives.
class Interpreter::Depth {
 public:
  explicit Depth(Interpreter& interpreter) : interpreter_(interpreter) { ++interpreter_.depth_; }
  ~Depth() { --interpreter_.depth_; }
  Depth(const Depth&) = delete;
  Depth& operator=(const Depth&) = delete;

 private:
  Interpreter& interpreter_;
};

/// The operand as T, or nullptr with an error in BIRD's words.
template <class T>
const T* Interpreter::operand(const Expr& expr, std::size_t index, Value& scratch) {
  if (index >= expr.operands.size()) {
    fail(expr.where, "an operand is missing");
    return nullptr;
  }
  const Value* value = eval(expr.operands[index], scratch);
  if (value == nullptr) {
    return nullptr;
  }
  const T* typed = std::get_if<T>(value);
  if (typed == nullptr) {
    fail_argument(expr.where, index, {}, intent::type_of(Value(T())), *value);
  }
  return typed;
}

}  // namespace catflap::bgp::policy
