#include <algorithm>

#include "bgp/speaker/bgp_rules.hpp"
#include "net/addr.hpp"
#include "net/community.hpp"

namespace catflap::bgp::internal {

namespace {

/// RFC 9234 §5: "" or why the route is a leak; marks routes that may only go to customers from here on.
std::string_view only_to_customer(const ImportRules& rules, std::optional<std::uint32_t>& otc) {
  if (!rules.role) {
    return "";
  }
  switch (*rules.role) {
    case Role::provider:
    case Role::rs_server:
      return otc ? "a route leak: ONLY_TO_CUSTOMER comes from a customer" : "";
    case Role::peer:
      if (otc && *otc != rules.remote_as) {
        return "a route leak: ONLY_TO_CUSTOMER of another AS comes from a peer";
      }
      break;
    case Role::customer:
    case Role::rs_client:
      break;
  }
  if (!otc) {
    otc = rules.remote_as;
  }
  return "";
}

}  // namespace

std::string import_by_rules(const ImportRules& rules, wire::Attributes& attrs) {
  if (attrs.as_path) {
    // RFC 4271 §9.1.2. Peers outside know us by the number of the confederation (RFC 5065 §4).
    for (const std::uint32_t asn : {rules.local_as, rules.public_as}) {
      const std::size_t own = attrs.as_path->count(asn);
      if (own > rules.allow_local_as) {
        return "AS path loop: our AS " + std::to_string(asn) + " is in it " + std::to_string(own) +
               " times, `allow local as` permits " + std::to_string(rules.allow_local_as);
      }
    }
  }
  if (rules.internal) {  // RFC 4456 §8
    if (attrs.originator_id == rules.local_id) {
      return "reflection loop: its ORIGINATOR_ID is ours";
    }
    if (std::find(attrs.cluster_list.begin(), attrs.cluster_list.end(), rules.cluster_id) !=
        attrs.cluster_list.end()) {
      return "reflection loop: our cluster " + net::router_id_to_string(rules.cluster_id) +
             " is in its CLUSTER_LIST";
    }
  }
  if (const std::string_view leak = only_to_customer(rules, attrs.otc); !leak.empty()) {
    return std::string(leak);
  }
  if (!attrs.local_pref) {
    attrs.local_pref = rules.default_local_pref;
  }
  const auto& communities = attrs.communities;
  if (rules.graceful_shutdown && !rules.internal &&
      std::find(communities.begin(), communities.end(), net::kGracefulShutdown) != communities.end()) {
    attrs.local_pref = 0;
  }
  return "";
}

}  // namespace catflap::bgp::internal
