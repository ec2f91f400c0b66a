#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bgp/wire/attributes.hpp"
#include "intent/filter.hpp"
#include "intent/value.hpp"
#include "net/addr.hpp"

/// What a route says, apart from its prefix and from where it stands in a table.
namespace catflap::bgp {

/// Index of an interface, as the kernel numbers them; 0 means none. The same alias as in
/// bgp/speaker/event.hpp.
using IfIndex = std::uint32_t;

namespace policy {

/// What happens to packets. The numbers are those of RTD_* in filters.
enum class Destination : std::uint8_t { none = 0, unicast = 1, blackhole = 2, unreachable = 3, prohibit = 4 };

/// SCOPE_* of filters.
enum class Scope : std::uint8_t { host = 0, link = 1, site = 2, organization = 3, universe = 4 };

/// "The metric is not known": BIRD's IGP_METRIC_UNKNOWN, shown as "?".
inline constexpr std::uint32_t kMetricUnknown = 0xFFFFFFFFU;

struct NextHop {
  std::optional<net::IpAddr> via;  ///< nullopt: on link
  IfIndex interface = 0;
  std::uint16_t weight = 1;  ///< 1..256
  bool onlink = false;

  auto operator<=>(const NextHop&) const = default;
};

/// Where packets go and how far that is. For a recursive route this is the answer of the resolver.
struct Forwarding {
  Destination destination = Destination::unreachable;
  std::vector<NextHop> next_hops;  ///< for unicast; ascending, no duplicates
  std::uint32_t igp_metric = 0;    ///< kMetricUnknown if the route below tells none

  auto operator<=>(const Forwarding&) const = default;
};

/// A next hop that a table has to resolve.
struct RecursiveNextHop {
  net::IpAddr address;
  std::optional<net::IpAddr> link_local;  ///< the gateway to use where `address` is on link (RFC 2545)
  std::string table;                      ///< the table that resolves it, "master4"

  auto operator<=>(const RecursiveNextHop&) const = default;
};

/// An attribute that few routes have: `krt_*`, `igp_metric` when a filter or a static route sets it, custom
/// ones.
struct ExtraAttribute {
  intent::RouteAttribute attribute = intent::RouteAttribute::generic;
  std::string name;     ///< for generic
  intent::Value value;  ///< int, quad, ip, string, bool, enum, bgppath or a list; never a set or a mask

  bool operator==(const ExtraAttribute&) const = default;
};

/// The attributes of a route. Interned by rib::AttrPool: 10^6 routes share some 10^5 of these.
struct RouteAttrs {
  intent::RouteSource source = intent::RouteSource::dummy;
  Scope scope = Scope::universe;
  std::uint32_t preference = 0;
  std::optional<net::IpAddr> from;            ///< the neighbour that sent it
  Forwarding forwarding;                      ///< ignored while `recursive` is set
  std::optional<RecursiveNextHop> recursive;  ///< BIRD's hostentry
  wire::Attributes bgp;                       ///< all empty for a route without BGP attributes
  std::vector<ExtraAttribute> extra;          ///< ascending by (attribute, name), no duplicates

  bool operator==(const RouteAttrs&) const = default;
};

/// The same for equal attributes; not the same between versions of the program.
std::size_t hash_of(const RouteAttrs& attrs) noexcept;

/// The extra attribute, or nullptr. `name` is for RouteAttribute::generic only.
const intent::Value* find_extra(const RouteAttrs& attrs, intent::RouteAttribute attribute,
                                std::string_view name = {});
/// Adds or replaces it.
void set_extra(RouteAttrs& attrs, intent::RouteAttribute attribute, intent::Value value,
               std::string_view name = {});
/// False if it was not there.
bool unset_extra(RouteAttrs& attrs, intent::RouteAttribute attribute, std::string_view name = {});

/// The metric that this route lends to routes that resolve through it: `igp_metric` if set, 0 for a device
/// route, else kMetricUnknown (BIRD's rt_get_igp_metric).
std::uint32_t igp_metric_of(const RouteAttrs& attrs);

/// Sorts and removes duplicates, as BIRD orders next hops: by weight, gateway and interface.
void normalise(std::vector<NextHop>& next_hops);

}  // namespace policy
}  // namespace catflap::bgp
