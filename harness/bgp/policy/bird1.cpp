#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "bgp/policy/interpreter.hpp"

/// What filters of dialect 1.6 do otherwise than those of BIRD 2, as BIRD 1.6.8 does it (filter/filter.c):
/// * An attribute or a variable without a value is void, but for lists of communities, which are empty. A
/// variable
///   may lose its value again.
/// * `bgp_origin` is an int, equal to no ORIGIN_*; `dest` has numbers of its own.
/// * What an import filter unsets stays: BIRD notes it apart from the route, where only attributes of the
/// kernel
///   protocol are looked for. An export filter unsets, and itself sees again what the route had before.
/// * `krt_metric` and `krt_source` are forgotten after the import filter of any other protocol.
/// * The variables of a function stand at one place, whoever calls it: `f(1, f(2, 3))` runs with 2.
/// * A function without `return` returns what its last statement left.
/// * A line is printed as it grows: a function that prints within a `print` ends the line.
namespace catflap::bgp::policy {
namespace {

using intent::EnumType;
using intent::EnumValue;
using intent::RouteAttribute;
using intent::Value;
using intent::ValueType;

/// RTD_ROUTER, RTD_DEVICE, ... (the names are those of EnumType::old_destination).
std::uint32_t old_destination(const Forwarding& forwarding) {
  constexpr std::uint32_t kMultipath = 5;
  constexpr std::uint32_t kNone = 6;
  switch (forwarding.destination) {
    case Destination::none:
      return kNone;
    case Destination::unicast:
      if (forwarding.next_hops.size() > 1) {
        return kMultipath;
      }
      return !forwarding.next_hops.empty() && forwarding.next_hops.front().via ? 0 : 1;
    default:
      return static_cast<std::uint32_t>(forwarding.destination);
  }
}

/// True if the route has the attribute, be it an empty list.
bool has(const RouteAttrs& attrs, RouteAttribute attribute, const std::string& name) {
  const wire::Attributes& bgp = attrs.bgp;
  switch (attribute) {
    case RouteAttribute::bgp_origin:
      return bgp.origin.has_value();
    case RouteAttribute::bgp_path:
      return bgp.as_path.has_value();
    case RouteAttribute::bgp_next_hop:
      return bgp.next_hop.has_value();
    case RouteAttribute::bgp_med:
      return bgp.med.has_value();
    case RouteAttribute::bgp_local_pref:
      return bgp.local_pref.has_value();
    case RouteAttribute::bgp_otc:
      return bgp.otc.has_value();
    case RouteAttribute::bgp_atomic_aggr:
      return bgp.atomic_aggregate;
    case RouteAttribute::bgp_aggregator:
      return bgp.aggregator.has_value();
    case RouteAttribute::bgp_originator_id:
      return bgp.originator_id.has_value();
    case RouteAttribute::bgp_community:
      return !bgp.communities.empty() || bgp.emptied.communities;
    case RouteAttribute::bgp_cluster_list:
      return !bgp.cluster_list.empty();
    case RouteAttribute::bgp_ext_community:
      return !bgp.ext_communities.empty() || bgp.emptied.ext_communities;
    case RouteAttribute::bgp_large_community:
      return !bgp.large_communities.empty() || bgp.emptied.large_communities;
    default:
      return find_extra(attrs, attribute, name) != nullptr;
  }
}

constexpr std::array kOfTheKernel{RouteAttribute::krt_source, RouteAttribute::krt_metric};

bool is_of_the_kernel(RouteAttribute attribute) {
  return std::find(kOfTheKernel.begin(), kOfTheKernel.end(), attribute) != kOfTheKernel.end();
}

}  // namespace

void Interpreter::read_old(const Expr& expr, Value& result) const {
  const bool before = bird1_->stage == Stage::exporting && !has(attrs(), expr.attribute, expr.name);
  const RouteAttrs& now = before ? route_->attrs : attrs();
  switch (expr.attribute) {
    case RouteAttribute::from:
    case RouteAttribute::gw: {
      read_from(attrs(), expr, result);
      const auto* addr = std::get_if<net::IpAddr>(&result);
      if (addr != nullptr && addr->is_unspecified()) {
        result = net::IpAddr::any(route_->net.family());
      }
      return;
    }
    case RouteAttribute::dest:
      result = EnumValue{EnumType::old_destination, old_destination(forwarding())};
      return;
    case RouteAttribute::bgp_origin:
      result = now.bgp.origin ? Value(static_cast<std::uint32_t>(*now.bgp.origin)) : Value();
      return;
    case RouteAttribute::bgp_path:
      result = now.bgp.as_path ? Value(*now.bgp.as_path) : Value();
      return;
    default:
      read_from(now, expr, result);
      return;
  }
}

std::optional<bool> Interpreter::assign_old(const Stmt& stmt, const Value& value) {
  const auto* item = std::get_if<EnumValue>(&value);
  const auto* addr = std::get_if<net::IpAddr>(&value);
  const Value plain =
      item != nullptr ? Value(item->value) : value;  // an attribute of type int takes constants
  const auto* number = std::get_if<std::uint32_t>(&plain);
  if (is_hidden(stmt.attribute)) {
    return true;
  }
  switch (stmt.attribute) {
    case RouteAttribute::preference:
      if (item == nullptr && number != nullptr && *number > 0xFFFFU) {
        return fail(stmt.where, "Setting preference value out of bounds");
      }
      return std::nullopt;
    case RouteAttribute::from:
      if (addr != nullptr && addr->is_unspecified()) {
        edit().from.reset();
        return true;
      }
      return std::nullopt;
    case RouteAttribute::dest:
      // Those that can be set have the same numbers.
      return item == nullptr || item->type != EnumType::old_destination
                 ? fail(stmt.where, "Attempt to set static attribute to incompatible type")
                 : assign_forwarding(stmt,
                                     EnumValue{EnumType::destination, item->value < 2 ? 0 : item->value});
    case RouteAttribute::bgp_origin:
      return assign_bgp(stmt, number != nullptr ? Value(EnumValue{EnumType::origin, *number}) : value);
    case RouteAttribute::bgp_originator_id:
      return assign_bgp(stmt, item == nullptr && number != nullptr ? Value(intent::Quad{*number}) : value);
    case RouteAttribute::bgp_med:
    case RouteAttribute::bgp_local_pref:
      return assign_bgp(stmt, plain);
    case RouteAttribute::bgp_atomic_aggr:
    case RouteAttribute::bgp_aggregator:
      return fail(stmt.where, "Setting opaque attribute is not allowed");
    case RouteAttribute::krt_source:
    case RouteAttribute::krt_metric:
    case RouteAttribute::krt_realm:
    case RouteAttribute::krt_mtu:
    case RouteAttribute::igp_metric:
      if (item != nullptr) {
        set_extra(edit(), stmt.attribute, plain);
        return true;
      }
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

/// An import filter does not reach what the body of a static route set for the kernel.
bool Interpreter::is_hidden(RouteAttribute attribute) const {
  return bird1_->stage == Stage::import && is_of_the_kernel(attribute) &&
         route_->attrs.source != intent::RouteSource::inherit &&
         find_extra(route_->attrs, attribute) != nullptr;
}

bool Interpreter::unsets_now(const Stmt& stmt) {
  if (bird1_->stage == Stage::exporting || is_of_the_kernel(stmt.attribute)) {
    return !is_hidden(stmt.attribute);
  }
  if (bird1_->stage == Stage::body) {
    bird1_->unsets.push_back(&stmt);
  }
  return false;
}

void Interpreter::settle() {
  if (!old_) {
    return;
  }
  for (const Stmt* stmt : bird1_->unsets) {
    unset_attribute(*stmt);
  }
  const bool kept = bird1_->stage != Stage::import || route_->attrs.source == intent::RouteSource::inherit;
  for (const RouteAttribute attribute : kOfTheKernel) {
    if (!kept && find_extra(attrs(), attribute) != nullptr && !is_hidden(attribute)) {
      unset_extra(edit(), attribute);
    }
  }
}

bool Interpreter::print_old(const std::vector<intent::ExprPtr>& exprs, bool newline) {
  Value scratch;
  for (const intent::ExprPtr& expr : exprs) {
    const Value* value = eval(expr, scratch);
    if (value == nullptr) {
      return false;
    }
    line_ += intent::to_string(*value);
    if (line_.size() > kPrintedMax) {
      return fail(expr->where, "the filter prints too much");
    }
  }
  if (newline) {
    printed_.push_back(std::exchange(line_, {}));
  }
  return true;
}

bool Interpreter::empty_old(ValueType type, Value& result) {
  switch (type) {
    case ValueType::as_path:
      result = net::AsPath();
      return true;
    case ValueType::community_list:
      result = intent::CommunityList();
      return true;
    case ValueType::ext_community_list:
      result = intent::ExtCommunityList();
      return true;
    case ValueType::large_community_list:
      result = intent::LargeCommunityList();
      return true;
    default:
      return false;
  }
}

bool Interpreter::give_old(std::size_t place, ValueType type, const Value& value, const SourcePos& where) {
  if (place >= stack_.size()) {
    return fail(where, "a variable has no place");
  }
  const auto* addr = std::get_if<net::IpAddr>(&value);
  if (type == ValueType::quad && addr != nullptr && addr->is_v4()) {
    stack_[place] = intent::Quad{addr->v4_value()};
    return true;
  }
  if (type != ValueType::none && type != intent::type_of(value) &&
      !std::holds_alternative<std::monostate>(value)) {
    return fail(where, "Assigning to variable of incompatible type");
  }
  stack_[place] = value;
  return true;
}

bool Interpreter::call_old(const Expr& expr, const intent::Function& function, Value& result) {
  const auto slots = std::max<std::size_t>(function.slots, function.arguments.size());
  const auto [found, fresh] = bird1_->statics.try_emplace(&function, stack_.size());
  const std::size_t place = found->second;
  if (fresh) {
    stack_.resize(place + slots);
  }
  for (std::size_t i = 0; i < std::min(expr.operands.size(), function.arguments.size()); ++i) {
    Value scratch;
    const Value* value = eval(expr.operands[i], scratch);
    if (value == nullptr || !give_old(place + i, function.arguments[i].first, *value, expr.where)) {
      return false;
    }
  }
  result = std::monostate();
  if (bird1_->running == &function) {
    return true;  // within itself a function is not there yet
  }
  const auto* outer = std::exchange(bird1_->running, &function);
  const std::size_t outer_frame = std::exchange(frame_, place);
  const bool outer_in_function = std::exchange(in_function_, true);
  bird1_->left = std::monostate();
  const Flow flow = run_all(function.body);
  bird1_->running = outer;
  frame_ = outer_frame;
  in_function_ = outer_in_function;
  if (flow == Flow::accept || flow == Flow::reject) {
    verdict_ = flow;
    return false;
  }
  result = flow == Flow::returned ? std::exchange(returned_, std::monostate()) : bird1_->left;
  return flow != Flow::failed;
}

}  // namespace catflap::bgp::policy
