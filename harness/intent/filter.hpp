#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "intent/value.hpp"

/// BIRD's filter language as a resolved, type-checked tree (BIRD manual, "Filters"): names are bound to
/// slots, functions and attributes; constants are folded. birdlang builds it, bgp/policy runs it, birdlang
/// prints it.
namespace catflap::intent {

/// Attributes of a route that a filter can read; those above `from` it can also set.
enum class RouteAttribute : std::uint8_t {
  preference,
  gw,
  scope,
  dest,
  igp_metric,
  ifname,
  weight,
  gw_mpls,
  bgp_origin,
  bgp_path,
  bgp_next_hop,
  bgp_med,
  bgp_local_pref,
  bgp_atomic_aggr,
  bgp_aggregator,
  bgp_community,
  bgp_originator_id,
  bgp_cluster_list,
  bgp_ext_community,
  bgp_large_community,
  bgp_otc,
  krt_source,
  krt_metric,
  krt_prefsrc,
  krt_realm,
  krt_scope,
  krt_mtu,
  krt_tunnel,
  from,
  source,
  proto,
  net,
  ifindex,
  onlink,
  generic,  ///< another `krt_*` attribute, or a `custom` one: see Expr::name
};

enum class Op : std::uint8_t {
  constant,   ///< value
  variable,   ///< slot
  attribute,  ///< attribute (and name, if generic)
  not_,
  and_,
  or_,
  negate,
  add,
  subtract,
  multiply,
  divide,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  match,
  not_match,  ///< `~`, `!~`
  defined,    ///< operand 0 is an attribute
  make_pair,
  make_quad,
  make_ext_community,
  make_large_community,  ///< from operands; ext: value holds the kind
  make_prefix_set,
  make_item_set,
  make_path_mask,  ///< value with expressions in it; rare
  call,            ///< name = function, operands = arguments
  roa_check,       ///< name = table; operands () or (prefix, asn)
  method,          ///< name = "len", "first", "add", "prepend", ...; operands[0] is the object
  function_style,  ///< name = "add", "delete", "filter", "prepend", "format", ...: old `add(list, item)`
};

struct Expr;
using ExprPtr = std::shared_ptr<const Expr>;
struct Expr {
  Op op = Op::constant;
  ValueType type = ValueType::none;  ///< static type; none if only known when run
  Value value;
  std::uint32_t slot = 0;
  RouteAttribute attribute = RouteAttribute::preference;
  std::string name;
  std::vector<ExprPtr> operands;
  SourcePos where;
};

enum class Verb : std::uint8_t {
  block,             ///< body
  declare,           ///< slot = expr, or the zero value of `type`
  assign_variable,   ///< slot = expr
  assign_attribute,  ///< attribute = expr
  unset_attribute,   ///< `unset(attr)`
  method_assign,     ///< `bgp_path.prepend(x)`, `bgp_community.add(x)`: attribute = result of expr
  if_,               ///< expr ? body : otherwise
  case_,             ///< expr against cases
  for_,              ///< for slot in expr: body
  accept,
  reject,  ///< expr, if there, is printed first
  return_,
  print,     ///< operands in exprs; newline unless flag
  evaluate,  ///< expr for its effects
};

struct Stmt;
using StmtPtr = std::shared_ptr<const Stmt>;
struct Stmt {
  struct Case {
    std::vector<ExprPtr> values;                      ///< any of these equals
    std::vector<std::pair<ExprPtr, ExprPtr>> ranges;  ///< or lies in any of these
    bool otherwise = false;                           ///< `else:`
    std::vector<StmtPtr> body;
  };
  Verb verb = Verb::block;
  ValueType type = ValueType::none;
  std::uint32_t slot = 0;
  RouteAttribute attribute = RouteAttribute::preference;
  std::string
      name;  ///< of a generic attribute; of the variable in declare, for_ and assign_variable, to print it
  bool no_newline = false;  ///< printn
  ExprPtr expr;
  std::vector<ExprPtr> exprs;
  std::vector<StmtPtr> body;
  std::vector<StmtPtr> otherwise;
  std::vector<Case> cases;
  SourcePos where;
};

/// `function name(type arg, ...)`. Arguments take the slots 0..n-1.
struct Function {
  std::string name;
  std::vector<std::pair<ValueType, std::string>> arguments;
  ValueType returns = ValueType::none;
  std::uint32_t slots = 0;
  std::vector<StmtPtr> body;
};

/// A filter with every function that it can reach.
struct Filter {
  std::string name;  ///< "" for one written in place, which BIRD shows as (unnamed)
  Dialect dialect = Dialect::bird2;
  std::uint32_t slots = 0;  ///< variables that it needs
  std::vector<StmtPtr> body;
  std::map<std::string, std::shared_ptr<const Function>> functions;
};

/// What a channel does with routes: `all`, `none`, or a filter (`where X` is a filter that accepts if X).
struct FilterRef {
  enum class Kind : std::uint8_t { all, none, filter } kind = Kind::none;
  std::shared_ptr<const Filter> filter;
  static FilterRef all() { return {Kind::all, nullptr}; }
  static FilterRef none() { return {Kind::none, nullptr}; }
};

/// True if both do the same by their text: positions and the names of variables do not count.
/// `configure` keeps a channel running when its filters are the same (BIRD's filter_same).
bool same(const Filter& a, const Filter& b);
bool same(const FilterRef& a, const FilterRef& b);
bool same(const Function& a, const Function& b);
bool same(const ExprPtr& a, const ExprPtr& b);
bool same(const std::vector<StmtPtr>& a, const std::vector<StmtPtr>& b);

}  // namespace catflap::intent
