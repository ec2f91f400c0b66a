#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "net/addr.hpp"
#include "observe/snapshot.hpp"

/// What the kernel knows of links, addresses, routes and neighbours, as values.
namespace catflap::netlink {

using IfIndex = std::uint32_t;
using MacAddress = std::array<std::uint8_t, 6>;
/// "02:00:00:00:00:01".
std::string to_string(const MacAddress& mac);
Result<MacAddress> parse_mac(std::string_view text);

struct LinkInfo {
  IfIndex index = 0;
  std::string name{};
  std::string kind{};   ///< "veth", "bridge", ...; "" for lo and hardware
  std::string alias{};  ///< our mark
  std::optional<MacAddress> mac{};
  std::uint32_t mtu = 0;
  bool up = false;       ///< administratively
  bool carrier = false;  ///< and the other end too (IFF_LOWER_UP)
  bool loopback = false;
  bool point_to_point = false;
  bool broadcast = false;
  bool multicast = false;
  IfIndex master = 0;  ///< the bridge it is a port of
  IfIndex peer = 0;    ///< of a veth: the index of the other end, in its namespace
  bool operator==(const LinkInfo&) const = default;
};

struct AddressInfo {
  IfIndex link = 0;
  net::InterfaceAddress address{};
  std::optional<net::IpAddr> peer{};  ///< of a point-to-point address
  std::uint8_t scope = 0;             ///< rtm_scope: 0 global, 253 link, 254 host
  bool tentative = false;             ///< IPv6 duplicate address detection is not done: cannot be used yet
  bool dad_failed = false;
  bool operator==(const AddressInfo&) const = default;
};

/// rtm_protocol of the daemons.
namespace route_protocol {
inline constexpr std::uint8_t kRedirect = 1, kKernel = 2, kBoot = 3, kStatic = 4, kRa = 9, kZebra = 11,
                              kBird = 12, kDhcp = 16, kBgp = 186, kIsis = 187, kOspf = 188, kRip = 189;
}
/// "bird", "kernel", "static", ...; the number for others.
std::string route_protocol_name(std::uint8_t protocol);

inline constexpr std::uint32_t kMainTable = 254, kLocalTable = 255;

struct RouteNextHop {
  std::optional<net::IpAddr> via{};  ///< nullopt: on link. May be of the other family (RFC 5549).
  IfIndex interface = 0;             ///< 0: the kernel finds it
  std::uint32_t weight = 1;          ///< 1..256
  bool onlink = false;
  bool dead = false;  ///< read only: RTNH_F_DEAD or RTNH_F_LINKDOWN
  bool operator==(const RouteNextHop&) const = default;
};

/// A route, as read or as asked for.
struct RouteInfo {
  net::Prefix prefix{};
  std::uint32_t table = kMainTable;
  observe::RouteType type = observe::RouteType::unicast;
  std::vector<RouteNextHop> next_hops{};  ///< of unicast routes: at least one
  std::uint32_t metric = 0;               ///< 0 with IPv6: the kernel makes it 1024
  std::uint8_t protocol = route_protocol::kStatic;
  std::optional<std::uint8_t> scope{};  ///< nullopt in a request: link without a gateway, else universe
  std::optional<net::IpAddr> prefsrc{};
  std::optional<std::uint32_t> mtu{};
  std::optional<std::uint32_t> realm{};
  bool cloned = false;  ///< read only: a cache entry (RTM_F_CLONED)
  bool operator==(const RouteInfo&) const = default;
};
/// "10.2.0.0/24 via 192.168.1.2 dev 3 proto bird metric 32".
std::string to_string(const RouteInfo& route);

/// The common view; `link_name` gives the name of an interface ("" if unknown).
observe::RouteView to_view(const RouteInfo& route, const std::function<std::string(IfIndex)>& link_name);
/// The same with the names of `links`, which a dump returned.
observe::RouteView to_view(const RouteInfo& route, const std::vector<LinkInfo>& links);
std::vector<observe::LinkView> to_views(const std::vector<LinkInfo>& links,
                                        const std::vector<AddressInfo>& addresses);

struct NeighbourInfo {
  IfIndex link = 0;
  net::IpAddr address{};
  std::optional<MacAddress> mac{};
  std::uint16_t state = 0;  ///< NUD_REACHABLE, NUD_STALE, NUD_FAILED, ...
  bool operator==(const NeighbourInfo&) const = default;
};

struct LinkEvent {
  LinkInfo link;
  bool gone = false;
};
struct AddressEvent {
  AddressInfo address;
  bool added = true;
};
/// IPv4 routes disappear without an event when their interface goes down or their preferred source is
/// removed: after a LinkEvent that is down and an AddressEvent that is removed, dump again what must be
/// known.
struct RouteEvent {
  RouteInfo route;
  bool added = true;
  bool replaced = false;  ///< another route of the same prefix, table and metric is gone
};
struct NeighbourEvent {
  NeighbourInfo neighbour;
  bool added = true;
};
/// Events were lost: dump again.
struct Overrun {};
using Event = std::variant<LinkEvent, AddressEvent, RouteEvent, NeighbourEvent, Overrun>;

}  // namespace catflap::netlink
