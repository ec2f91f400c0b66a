#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bgp/wire/attributes.hpp"
#include "intent/router.hpp"

/// What a session does to the attributes of routes in either direction, apart from filters and next hops:
/// pure functions over attributes. Confederations (RFC 5065): a peer is *internal* if it is of our (member)
/// AS, and *interior* if it is of our confederation at least.
namespace catflap::bgp::internal {

/// Roles of RFC 9234 §4.1 as they stand in the capability.
enum class Role : std::uint8_t { provider = 0, rs_server = 1, rs_client = 2, customer = 3, peer = 4 };

struct ImportRules {
  bool internal = false;
  bool interior = false;
  std::uint32_t local_as = 0;   ///< of the member AS
  std::uint32_t public_as = 0;  ///< what the peer sees: outside of the confederation its number
  std::uint32_t remote_as = 0;
  std::uint32_t allow_local_as = 0;  ///< how often our own AS may stand in AS_PATH
  std::uint32_t local_id = 0;
  std::uint32_t cluster_id = 0;
  std::uint32_t default_local_pref = 100;
  std::optional<Role> role;        ///< ours; sessions that are not internal only
  bool graceful_shutdown = false;  ///< RFC 8326 §4.2

  auto operator<=>(const ImportRules&) const = default;
};

/// Changes `attrs` as a route of this session has to be, before the import filter. Returns why it must not be
/// used at all (a loop, a leak), or "".
std::string import_by_rules(const ImportRules& rules, wire::Attributes& attrs);

/// Sessions with equal rules (and equal filters, next hops and encoding) announce the same.
struct ExportRules {
  bool internal = false;
  bool interior = false;
  bool rs_client = false;
  std::uint32_t local_as = 0;   ///< of the member AS
  std::uint32_t public_as = 0;  ///< as above
  std::uint32_t remote_as = 0;
  std::optional<Role> role;
  bool interpret_communities = true;
  bool llgr_aware = false;  ///< the peer announced the capability of RFC 9494
  bool allow_med = false;
  bool allow_local_pref = false;
  bool as_override = false;
  intent::RemovePrivateAs remove_private_as = intent::RemovePrivateAs::off;
  bool replace_private_as = false;
  std::uint32_t default_local_pref = 100;

  auto operator<=>(const ExportRules&) const = default;
};

/// Why well-known communities (RFC 1997, RFC 9494 §4.3) or the role (RFC 9234 §5) keep a route away from the
/// peer before the export filter, for explanations; "" if they do not.
std::string_view export_refused(const ExportRules& rules, const wire::Attributes& attrs);
/// Makes of a route's attributes what the peer is told, except next hop, ORIGINATOR_ID and CLUSTER_LIST.
/// `med_set_by_filter`: the export filter set MED, so that it goes out to an external peer, too.
void export_by_rules(const ExportRules& rules, bool med_set_by_filter, wire::Attributes& attrs);

/// RFC 6996.
constexpr bool is_private_as(std::uint32_t asn) {
  return (asn >= 64512 && asn <= 65534) || (asn >= 4200000000U && asn <= 4294967294U);
}

}  // namespace catflap::bgp::internal
