#include <algorithm>
#include <array>

#include "birdlang/parser.hpp"

namespace catflap::birdlang {
namespace {

using intent::EnumType;
using intent::RouteAttribute;
using intent::ValueType;

constexpr std::array kAttributes{
    AttributeInfo{"preference", RouteAttribute::preference, ValueType::integer, false, EnumType::route_source,
                  true},
    AttributeInfo{"gw", RouteAttribute::gw, ValueType::ip, false, EnumType::route_source, true},
    AttributeInfo{"scope", RouteAttribute::scope, ValueType::enumeration, false, EnumType::scope, true},
    AttributeInfo{"dest", RouteAttribute::dest, ValueType::enumeration, false, EnumType::destination, true},
    AttributeInfo{"igp_metric", RouteAttribute::igp_metric, ValueType::integer},
    AttributeInfo{"ifname", RouteAttribute::ifname, ValueType::string, false, EnumType::route_source, true},
    AttributeInfo{"weight", RouteAttribute::weight, ValueType::integer, false, EnumType::route_source, true},
    AttributeInfo{"gw_mpls", RouteAttribute::gw_mpls, ValueType::integer, false, EnumType::route_source,
                  true},
    AttributeInfo{"onlink", RouteAttribute::onlink, ValueType::boolean, false, EnumType::route_source, true},
    AttributeInfo{"bgp_origin", RouteAttribute::bgp_origin, ValueType::enumeration, false, EnumType::origin},
    AttributeInfo{"bgp_path", RouteAttribute::bgp_path, ValueType::as_path},
    AttributeInfo{"bgp_next_hop", RouteAttribute::bgp_next_hop, ValueType::ip},
    AttributeInfo{"bgp_med", RouteAttribute::bgp_med, ValueType::integer},
    AttributeInfo{"bgp_local_pref", RouteAttribute::bgp_local_pref, ValueType::integer},
    AttributeInfo{"bgp_atomic_aggr", RouteAttribute::bgp_atomic_aggr, ValueType::none, true},
    AttributeInfo{"bgp_aggregator", RouteAttribute::bgp_aggregator, ValueType::none, true},
    AttributeInfo{"bgp_community", RouteAttribute::bgp_community, ValueType::community_list},
    AttributeInfo{"bgp_originator_id", RouteAttribute::bgp_originator_id, ValueType::quad},
    AttributeInfo{"bgp_cluster_list", RouteAttribute::bgp_cluster_list, ValueType::community_list},
    AttributeInfo{"bgp_ext_community", RouteAttribute::bgp_ext_community, ValueType::ext_community_list},
    AttributeInfo{"bgp_large_community", RouteAttribute::bgp_large_community,
                  ValueType::large_community_list},
    AttributeInfo{"bgp_otc", RouteAttribute::bgp_otc, ValueType::integer},
    AttributeInfo{"krt_source", RouteAttribute::krt_source, ValueType::integer},
    AttributeInfo{"krt_metric", RouteAttribute::krt_metric, ValueType::integer},
    AttributeInfo{"krt_prefsrc", RouteAttribute::krt_prefsrc, ValueType::ip},
    AttributeInfo{"krt_realm", RouteAttribute::krt_realm, ValueType::integer},
    AttributeInfo{"krt_scope", RouteAttribute::krt_scope, ValueType::integer},
    AttributeInfo{"krt_mtu", RouteAttribute::krt_mtu, ValueType::integer},
    AttributeInfo{"krt_tunnel", RouteAttribute::krt_tunnel, ValueType::string},
    AttributeInfo{"from", RouteAttribute::from, ValueType::ip, false, EnumType::route_source, true},
    AttributeInfo{"source", RouteAttribute::source, ValueType::enumeration, true, EnumType::route_source,
                  true},
    AttributeInfo{"proto", RouteAttribute::proto, ValueType::string, true, EnumType::route_source, true},
    AttributeInfo{"net", RouteAttribute::net, ValueType::prefix, true, EnumType::route_source, true},
    AttributeInfo{"ifindex", RouteAttribute::ifindex, ValueType::integer, true, EnumType::route_source, true},
    AttributeInfo{"krt_window", RouteAttribute::generic, ValueType::integer},
    AttributeInfo{"krt_rtt", RouteAttribute::generic, ValueType::integer},
    AttributeInfo{"krt_rttvar", RouteAttribute::generic, ValueType::integer},
    AttributeInfo{"krt_sstresh", RouteAttribute::generic, ValueType::integer},
    AttributeInfo{"krt_cwnd", RouteAttribute::generic, ValueType::integer},
    AttributeInfo{"krt_advmss", RouteAttribute::generic, ValueType::integer},
    AttributeInfo{"krt_reordering", RouteAttribute::generic, ValueType::integer},
    AttributeInfo{"krt_hoplimit", RouteAttribute::generic, ValueType::integer},
    AttributeInfo{"krt_initcwnd", RouteAttribute::generic, ValueType::integer},
    AttributeInfo{"krt_rto_min", RouteAttribute::generic, ValueType::integer},
    AttributeInfo{"krt_initrwnd", RouteAttribute::generic, ValueType::integer},
    AttributeInfo{"krt_quickack", RouteAttribute::generic, ValueType::integer},
    AttributeInfo{"krt_lock_mtu", RouteAttribute::generic, ValueType::boolean},
    AttributeInfo{"krt_lock_window", RouteAttribute::generic, ValueType::boolean},
    AttributeInfo{"krt_lock_rtt", RouteAttribute::generic, ValueType::boolean},
    AttributeInfo{"krt_lock_rttvar", RouteAttribute::generic, ValueType::boolean},
    AttributeInfo{"krt_lock_sstresh", RouteAttribute::generic, ValueType::boolean},
    AttributeInfo{"krt_lock_cwnd", RouteAttribute::generic, ValueType::boolean},
    AttributeInfo{"krt_lock_advmss", RouteAttribute::generic, ValueType::boolean},
    AttributeInfo{"krt_lock_reordering", RouteAttribute::generic, ValueType::boolean},
    AttributeInfo{"krt_lock_hoplimit", RouteAttribute::generic, ValueType::boolean},
    AttributeInfo{"krt_lock_rto_min", RouteAttribute::generic, ValueType::boolean},
    AttributeInfo{"krt_feature_ecn", RouteAttribute::generic, ValueType::boolean},
    AttributeInfo{"krt_feature_allfrag", RouteAttribute::generic, ValueType::boolean},
};

constexpr std::array<std::string_view, 48> kReserved{
    "if",     "then",   "else",   "case",   "for",     "in",        "do",      "accept",  "reject",  "error",
    "return", "print",  "printn", "unset",  "defined", "true",      "false",   "empty",   "prepend", "add",
    "delete", "filter", "format", "rt",     "ro",      "generic",   "bool",    "int",     "pair",    "quad",
    "ip",     "prefix", "string", "ec",     "lc",      "enum",      "set",     "bgpmask", "bgppath", "clist",
    "eclist", "lclist", "where",  "define", "include", "roa_check", "unknown", "from"};

}  // namespace

const AttributeInfo* find_attribute(std::string_view name) {
  const auto* found = std::find_if(kAttributes.begin(), kAttributes.end(),
                                   [&](const AttributeInfo& info) { return info.name == name; });
  return found == kAttributes.end() ? nullptr : found;
}

std::string_view attribute_name(RouteAttribute attribute, const std::string& name) {
  if (attribute == RouteAttribute::generic) {
    return name;
  }
  const auto* found = std::find_if(kAttributes.begin(), kAttributes.end(),
                                   [&](const AttributeInfo& info) { return info.attribute == attribute; });
  return found == kAttributes.end() ? std::string_view(name) : found->name;
}

void append_attribute_names(std::vector<std::string_view>& names) {
  for (const AttributeInfo& info : kAttributes) {
    names.push_back(info.name);
  }
}

bool is_reserved(std::string_view word, Dialect dialect) {
  if (dialect == Dialect::bird1) {  // all that it has are keywords, and what only BIRD 2 has can be a name
    return intent::enum_from_name(word, dialect).has_value();
  }
  return std::find(kReserved.begin(), kReserved.end(), word) != kReserved.end() ||
         find_attribute(word) != nullptr || intent::enum_from_name(word).has_value();
}

}  // namespace catflap::birdlang
