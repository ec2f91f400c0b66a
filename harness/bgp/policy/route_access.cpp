#include <utility>
#include <variant>

#include "bgp/policy/interpreter.hpp"

namespace catflap::bgp::policy {
namespace {

using intent::EnumType;
using intent::EnumValue;
using intent::RouteAttribute;
using intent::Value;
using intent::ValueType;

/// BIRD's "no address", which prints as `::` in both families.
net::IpAddr no_address() {
  return net::IpAddr::any(net::Family::ipv6);
}

template <class T>
Value value_or_void(const std::optional<T>& value) {
  return value ? Value(*value) : Value();
}

const NextHop* first_hop(const Forwarding& forwarding) {
  return forwarding.destination == Destination::unicast && !forwarding.next_hops.empty()
             ? &forwarding.next_hops.front()
             : nullptr;
}

/// Makes `attrs` a route of its own to one next hop.
void set_single_hop(RouteAttrs& attrs, NextHop hop) {
  attrs.recursive.reset();
  attrs.forwarding.destination = Destination::unicast;
  attrs.forwarding.next_hops.assign(1, std::move(hop));
}

/// The type that a `krt_*` attribute must have; none if it takes any.
ValueType type_of_extra(RouteAttribute attribute) {
  switch (attribute) {
    case RouteAttribute::igp_metric:
    case RouteAttribute::krt_source:
    case RouteAttribute::krt_metric:
    case RouteAttribute::krt_realm:
    case RouteAttribute::krt_mtu:
      return ValueType::integer;
    case RouteAttribute::krt_prefsrc:
      return ValueType::ip;
    case RouteAttribute::krt_tunnel:
      return ValueType::string;
    default:
      return ValueType::none;
  }
}

bool can_be_kept(const Value& value) {
  const ValueType type = intent::type_of(value);
  return type != ValueType::none && type != ValueType::prefix_set && type != ValueType::item_set &&
         type != ValueType::path_mask;
}

bool set_list_attribute(wire::Attributes& bgp, RouteAttribute attribute, const Value& value) {
  if (attribute == RouteAttribute::bgp_ext_community) {
    const auto* list = std::get_if<intent::ExtCommunityList>(&value);
    if (list != nullptr) {
      bgp.ext_communities = list->items;
      bgp.emptied.ext_communities = list->items.empty();
    }
    return list != nullptr;
  }
  if (attribute == RouteAttribute::bgp_large_community) {
    const auto* list = std::get_if<intent::LargeCommunityList>(&value);
    if (list != nullptr) {
      bgp.large_communities = list->items;
      bgp.emptied.large_communities = list->items.empty();
    }
    return list != nullptr;
  }
  const auto* list = std::get_if<intent::CommunityList>(&value);
  if (list != nullptr && attribute == RouteAttribute::bgp_community) {
    bgp.communities = list->items;
    bgp.emptied.communities = list->items.empty();
  } else if (list != nullptr) {
    bgp.cluster_list = list->items;
  }
  return list != nullptr;
}

bool set_bgp_attribute(wire::Attributes& bgp, RouteAttribute attribute, const Value& value) {
  const auto* number = std::get_if<std::uint32_t>(&value);
  const auto* addr = std::get_if<net::IpAddr>(&value);
  switch (attribute) {
    case RouteAttribute::bgp_origin: {
      const auto* origin = std::get_if<EnumValue>(&value);
      if (origin == nullptr || origin->type != EnumType::origin || origin->value > 2) {
        return false;
      }
      bgp.origin = static_cast<wire::Origin>(origin->value);
      return true;
    }
    case RouteAttribute::bgp_path: {
      const auto* path = std::get_if<net::AsPath>(&value);
      if (path != nullptr) {
        bgp.as_path = *path;
      }
      return path != nullptr;
    }
    case RouteAttribute::bgp_next_hop:
      if (addr != nullptr) {
        bgp.next_hop = *addr;
        bgp.link_local_next_hop.reset();
      }
      return addr != nullptr;
    case RouteAttribute::bgp_med:
    case RouteAttribute::bgp_local_pref:
    case RouteAttribute::bgp_otc:
      if (number != nullptr) {
        (attribute == RouteAttribute::bgp_med          ? bgp.med
         : attribute == RouteAttribute::bgp_local_pref ? bgp.local_pref
                                                       : bgp.otc) = *number;
      }
      return number != nullptr;
    case RouteAttribute::bgp_originator_id: {
      const auto* quad = std::get_if<intent::Quad>(&value);
      if (quad == nullptr && (addr == nullptr || !addr->is_v4())) {
        return false;
      }
      bgp.originator_id = quad != nullptr ? quad->value : addr->v4_value();
      return true;
    }
    case RouteAttribute::bgp_atomic_aggr: {
      const bool* on = std::get_if<bool>(&value);
      if (on != nullptr) {
        bgp.atomic_aggregate = *on;
      }
      return on != nullptr;
    }
    default:
      return set_list_attribute(bgp, attribute, value);
  }
}

bool is_bgp(RouteAttribute attribute) {
  return attribute >= RouteAttribute::bgp_origin && attribute <= RouteAttribute::bgp_otc;
}

bool is_extra(RouteAttribute attribute) {
  return attribute == RouteAttribute::igp_metric || attribute == RouteAttribute::gw_mpls ||
         attribute == RouteAttribute::generic ||
         (attribute >= RouteAttribute::krt_source && attribute <= RouteAttribute::krt_tunnel);
}

Value read_bgp(const wire::Attributes& bgp, RouteAttribute attribute) {
  switch (attribute) {
    case RouteAttribute::bgp_origin:
      return bgp.origin ? Value(EnumValue{EnumType::origin, static_cast<std::uint32_t>(*bgp.origin)})
                        : Value();
    case RouteAttribute::bgp_path:
      return bgp.as_path ? Value(*bgp.as_path) : Value(net::AsPath());
    case RouteAttribute::bgp_next_hop:
      return value_or_void(bgp.next_hop);
    case RouteAttribute::bgp_med:
      return value_or_void(bgp.med);
    case RouteAttribute::bgp_local_pref:
      return value_or_void(bgp.local_pref);
    case RouteAttribute::bgp_otc:
      return value_or_void(bgp.otc);
    case RouteAttribute::bgp_atomic_aggr:
      return bgp.atomic_aggregate ? Value(true) : Value();
    case RouteAttribute::bgp_aggregator:
      return bgp.aggregator ? Value(net::router_id_to_string(bgp.aggregator->address) + " AS" +
                                    std::to_string(bgp.aggregator->asn))
                            : Value();
    case RouteAttribute::bgp_originator_id:
      return bgp.originator_id ? Value(intent::Quad{*bgp.originator_id}) : Value();
    case RouteAttribute::bgp_community:
      return intent::CommunityList{bgp.communities};
    case RouteAttribute::bgp_cluster_list:
      return intent::CommunityList{bgp.cluster_list};
    case RouteAttribute::bgp_ext_community:
      return intent::ExtCommunityList{bgp.ext_communities};
    case RouteAttribute::bgp_large_community:
      return intent::LargeCommunityList{bgp.large_communities};
    default:
      return {};
  }
}

}  // namespace

const Forwarding& Interpreter::forwarding() const {
  const RouteAttrs& now = attrs();
  if (!now.recursive) {
    return now.forwarding;
  }
  return route_->resolved != nullptr ? *route_->resolved : unreachable_;
}

bool Interpreter::read(const Expr& expr, Value& result) {
  if (route_ == nullptr) {
    return fail(expr.where, "No route to access");
  }
  if (old_) {
    read_old(expr, result);
  } else {
    read_from(attrs(), expr, result);
  }
  return true;
}

void Interpreter::read_from(const RouteAttrs& now, const Expr& expr, Value& result) const {
  const NextHop* hop = first_hop(forwarding());
  switch (expr.attribute) {
    case RouteAttribute::preference:
      result = now.preference;
      return;
    case RouteAttribute::from:
      result = now.from.value_or(no_address());
      return;
    case RouteAttribute::gw:
      result = hop != nullptr ? hop->via.value_or(no_address()) : no_address();
      return;
    case RouteAttribute::net:
      result = route_->net;
      return;
    case RouteAttribute::proto:
      result = std::string(route_->protocol);
      return;
    case RouteAttribute::source:
      result = EnumValue{EnumType::route_source, static_cast<std::uint32_t>(now.source)};
      return;
    case RouteAttribute::scope:
      result = EnumValue{EnumType::scope, static_cast<std::uint32_t>(now.scope)};
      return;
    case RouteAttribute::dest:
      result = EnumValue{EnumType::destination, static_cast<std::uint32_t>(forwarding().destination)};
      return;
    case RouteAttribute::ifname:
      result = hop != nullptr && environment_.interfaces != nullptr
                   ? std::string(environment_.interfaces->name_of(hop->interface))
                   : std::string();
      return;
    case RouteAttribute::ifindex:
      result = hop != nullptr ? hop->interface : 0U;
      return;
    case RouteAttribute::weight:
      result = hop != nullptr ? std::uint32_t{hop->weight} : 1U;
      return;
    case RouteAttribute::onlink:
      result = hop != nullptr && hop->onlink;
      return;
    default:
      break;
  }
  if (is_bgp(expr.attribute)) {
    result = read_bgp(now.bgp, expr.attribute);
    return;
  }
  constexpr std::uint32_t kImplicitNull = 3;  // the label of a route without one (RFC 3032 §2.1)
  const Value* extra = find_extra(now, expr.attribute, expr.name);
  const bool label = expr.attribute == RouteAttribute::gw_mpls;
  result = extra != nullptr ? *extra : label ? Value(kImplicitNull) : Value();
}

bool Interpreter::is_defined(const Expr& expr, bool& defined) {
  if (expr.op == intent::Op::attribute && route_ != nullptr && !old_) {
    const wire::Attributes& bgp = attrs().bgp;
    switch (expr.attribute) {
      case RouteAttribute::bgp_path:
        // BIRD takes a constant empty list for none; only BGP brings a path that is there and empty.
        defined =
            bgp.as_path && (attrs().source == intent::RouteSource::bgp || !bgp.as_path->segments.empty());
        return true;
      case RouteAttribute::bgp_community:
      case RouteAttribute::bgp_cluster_list:
      case RouteAttribute::bgp_ext_community:
      case RouteAttribute::bgp_large_community:
        defined = has_list(expr.attribute);
        return true;
      default:
        break;
    }
  }
  Value scratch;
  const Value* value = eval(expr, scratch);
  if (value == nullptr) {
    return false;
  }
  defined = !std::holds_alternative<std::monostate>(*value);
  return true;
}

bool Interpreter::assign(const Stmt& stmt, const Value& value) {
  if (route_ == nullptr || edit_ == nullptr) {
    return fail(stmt.where, "No route to access");
  }
  if (old_) {
    if (const auto done = assign_old(stmt, value)) {
      return *done;
    }
  }
  const auto* number = std::get_if<std::uint32_t>(&value);
  const auto* item = std::get_if<EnumValue>(&value);
  switch (stmt.attribute) {
    case RouteAttribute::preference:
      if (number == nullptr) {
        return fail_argument(stmt.where, 0, "RTA_SET", ValueType::integer, value);
      }
      edit().preference = *number & 0xFFFFU;  // as BIRD keeps it
      return true;
    case RouteAttribute::from: {
      const auto* addr = std::get_if<net::IpAddr>(&value);
      if (addr == nullptr) {
        return fail_argument(stmt.where, 0, "RTA_SET", ValueType::ip, value);
      }
      edit().from = *addr == no_address() ? std::nullopt : std::optional(*addr);
      return true;
    }
    case RouteAttribute::scope:
      if (item == nullptr || item->type != EnumType::scope || item->value > 4) {
        return fail_argument(stmt.where, 0, "RTA_SET", ValueType::enumeration, value);
      }
      edit().scope = static_cast<Scope>(item->value);
      return true;
    case RouteAttribute::gw:
    case RouteAttribute::dest:
    case RouteAttribute::ifname:
    case RouteAttribute::weight:
    case RouteAttribute::onlink:
      return assign_forwarding(stmt, value);
    case RouteAttribute::source:
    case RouteAttribute::proto:
    case RouteAttribute::net:
    case RouteAttribute::ifindex:
    case RouteAttribute::bgp_aggregator:
      return fail(stmt.where, "This static attribute is read-only.");
    default:
      break;
  }
  if (is_bgp(stmt.attribute)) {
    return assign_bgp(stmt, value);
  }
  const ValueType expected = type_of_extra(stmt.attribute);
  if (!can_be_kept(value) || (expected != ValueType::none && expected != intent::type_of(value))) {
    return fail_argument(stmt.where, 0, "EA_SET", expected, value);
  }
  set_extra(edit(), stmt.attribute, value, stmt.name);
  return true;
}

bool Interpreter::assign_forwarding(const Stmt& stmt, const Value& value) {
  switch (stmt.attribute) {
    case RouteAttribute::gw:
      return assign_gateway(stmt, value);
    case RouteAttribute::dest: {
      const auto* item = std::get_if<EnumValue>(&value);
      if (item == nullptr || item->type != EnumType::destination || item->value < 2 || item->value > 4) {
        return fail(stmt.where, "Destination can be changed only to blackhole, unreachable or prohibit");
      }
      RouteAttrs& out = edit();
      out.recursive.reset();
      out.forwarding.destination = static_cast<Destination>(item->value);
      out.forwarding.next_hops.clear();
      return true;
    }
    case RouteAttribute::ifname: {
      const auto* name = std::get_if<std::string>(&value);
      const auto index = name != nullptr && environment_.interfaces != nullptr
                             ? environment_.interfaces->index_of(*name)
                             : std::nullopt;
      if (!index) {
        return fail(stmt.where, "Invalid iface name");
      }
      set_single_hop(edit(), NextHop{std::nullopt, *index, 1, false});
      return true;
    }
    case RouteAttribute::onlink: {
      const bool* on = std::get_if<bool>(&value);
      const Forwarding now = forwarding();
      if (on == nullptr) {
        return fail_argument(stmt.where, 0, "RTA_SET", ValueType::boolean, value);
      }
      if (now.destination != Destination::unicast) {
        return true;  // no next hop that could tell
      }
      RouteAttrs& out = edit();
      out.recursive.reset();
      out.forwarding = now;
      for (NextHop& hop : out.forwarding.next_hops) {
        hop.onlink = *on;
      }
      return true;
    }
    default: {
      const auto* number = std::get_if<std::uint32_t>(&value);
      if (number == nullptr || *number < 1 || *number > 256) {
        return fail(stmt.where, "Setting weight value out of bounds");
      }
      const Forwarding now = forwarding();
      if (now.destination != Destination::unicast) {
        return fail(stmt.where, "Setting weight needs regular nexthop");
      }
      RouteAttrs& out = edit();
      out.recursive.reset();  // the weights belong to next hops of its own from now on
      out.forwarding = now;
      for (NextHop& hop : out.forwarding.next_hops) {
        hop.weight = static_cast<std::uint16_t>(*number);
      }
      return true;
    }
  }
}

bool Interpreter::assign_gateway(const Stmt& stmt, const Value& value) {
  const auto* addr = std::get_if<net::IpAddr>(&value);
  if (addr == nullptr) {
    return fail_argument(stmt.where, 0, "RTA_SET", ValueType::ip, value);
  }
  const NextHop* hop = first_hop(forwarding());
  const bool onlink = hop != nullptr && hop->onlink;
  std::optional<IfIndex> interface;
  if (onlink) {
    interface = hop->interface;
  } else if (environment_.interfaces != nullptr) {
    const bool on_same_link = addr->is_v6() && addr->is_link_local() && hop != nullptr;
    interface = environment_.interfaces->neighbour_interface(
        *addr, on_same_link ? std::optional(hop->interface) : std::nullopt);
  }
  if (!interface) {
    return fail(stmt.where, "Invalid gw address");
  }
  set_single_hop(edit(), NextHop{*addr, *interface, 1, onlink});
  return true;
}

bool Interpreter::has_list(RouteAttribute attribute) const {
  const wire::Attributes& bgp = attrs().bgp;
  const bool nothing = (null_lists_ >> static_cast<unsigned>(attribute) & 1U) != 0;
  switch (attribute) {
    case RouteAttribute::bgp_community:
      return !bgp.communities.empty() || (bgp.emptied.communities && !nothing);
    case RouteAttribute::bgp_ext_community:
      return !bgp.ext_communities.empty() || (bgp.emptied.ext_communities && !nothing);
    case RouteAttribute::bgp_large_community:
      return !bgp.large_communities.empty() || (bgp.emptied.large_communities && !nothing);
    default:
      return !bgp.cluster_list.empty();
  }
}

bool Interpreter::assign_bgp(const Stmt& stmt, const Value& value) {
  if (std::holds_alternative<std::monostate>(value)) {
    return fail(stmt.where, "Argument 1 of EA_SET has no value (void)");
  }
  const bool constant = stmt.expr != nullptr && stmt.expr->op == intent::Op::constant;
  const bool nothing = constant || !has_list(stmt.attribute);
  if (!set_bgp_attribute(edit().bgp, stmt.attribute, value)) {
    return fail(stmt.where, "Attempt to set the attribute to a value of type " +
                                std::string(to_string(intent::type_of(value))));
  }
  const std::uint64_t bit = std::uint64_t{1} << static_cast<unsigned>(stmt.attribute);
  null_lists_ = nothing ? null_lists_ | bit : null_lists_ & ~bit;
  edit_->set_assigned(stmt.attribute, true);
  return true;
}

bool Interpreter::unset(const Stmt& stmt) {
  if (route_ == nullptr || edit_ == nullptr) {
    return fail(stmt.where, "No route to access");
  }
  return (old_ && !unsets_now(stmt)) || unset_attribute(stmt);
}

bool Interpreter::unset_attribute(const Stmt& stmt) {
  if (is_extra(stmt.attribute)) {
    return find_extra(attrs(), stmt.attribute, stmt.name) == nullptr ||
           unset_extra(edit(), stmt.attribute, stmt.name);
  }
  wire::Attributes& bgp = edit().bgp;
  edit_->set_assigned(stmt.attribute, false);
  switch (stmt.attribute) {
    case RouteAttribute::bgp_origin:
      bgp.origin.reset();
      return true;
    case RouteAttribute::bgp_path:
      bgp.as_path.reset();
      return true;
    case RouteAttribute::bgp_next_hop:
      bgp.next_hop.reset();
      bgp.link_local_next_hop.reset();
      return true;
    case RouteAttribute::bgp_med:
      bgp.med.reset();
      return true;
    case RouteAttribute::bgp_local_pref:
      bgp.local_pref.reset();
      return true;
    case RouteAttribute::bgp_otc:
      bgp.otc.reset();
      return true;
    case RouteAttribute::bgp_atomic_aggr:
      bgp.atomic_aggregate = false;
      return true;
    case RouteAttribute::bgp_aggregator:
      bgp.aggregator.reset();
      return true;
    case RouteAttribute::bgp_originator_id:
      bgp.originator_id.reset();
      return true;
    case RouteAttribute::bgp_community:
      bgp.communities.clear();
      bgp.emptied.communities = false;
      return true;
    case RouteAttribute::bgp_cluster_list:
      bgp.cluster_list.clear();
      return true;
    case RouteAttribute::bgp_ext_community:
      bgp.ext_communities.clear();
      bgp.emptied.ext_communities = false;
      return true;
    case RouteAttribute::bgp_large_community:
      bgp.large_communities.clear();
      bgp.emptied.large_communities = false;
      return true;
    default:
      return fail(stmt.where, "This attribute cannot be unset");
  }
}

}  // namespace catflap::bgp::policy
