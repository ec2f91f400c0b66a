#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <sys/socket.h>

#include <algorithm>

#include "netlink/message.hpp"

namespace catflap::netlink {
namespace {

std::optional<MacAddress> mac_of(std::string_view octets) {
  MacAddress mac;
  if (octets.size() != mac.size()) {
    return std::nullopt;
  }
  std::memcpy(mac.data(), octets.data(), mac.size());
  return mac;
}

bool is_ip(std::uint8_t family) {
  return family == AF_INET || family == AF_INET6;
}

/// RTA_GATEWAY, or RTA_VIA with its own family.
std::optional<net::IpAddr> gateway_of(const Attributes& attributes) {
  if (attributes.has(RTA_GATEWAY)) {
    return attributes.address(RTA_GATEWAY);
  }
  const std::string_view via = attributes.data(RTA_VIA);  // struct rtvia: family (2), address
  if (via.size() <= 2) {
    return std::nullopt;
  }
  const auto parsed = net::IpAddr::from_octets(as_bytes(via.substr(2)));
  return parsed ? std::optional(*parsed) : std::nullopt;
}

RouteNextHop next_hop_of(const Attributes& attributes, std::uint32_t interface, unsigned flags) {
  RouteNextHop hop;
  hop.via = gateway_of(attributes);
  hop.interface = interface;
  hop.onlink = (flags & RTNH_F_ONLINK) != 0;
  hop.dead = (flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN)) != 0;
  return hop;
}

/// libnl has no iterator for next hops: they are structs with attributes behind them.
std::vector<RouteNextHop> next_hops_of(std::string_view octets) {
  std::vector<RouteNextHop> hops;
  while (octets.size() >= sizeof(rtnexthop)) {
    rtnexthop header{};
    std::memcpy(&header, octets.data(), sizeof header);
    if (header.rtnh_len < sizeof header || header.rtnh_len > octets.size()) {
      break;
    }
    const Attributes attributes(octets.data() + sizeof header, header.rtnh_len - sizeof header);
    hops.push_back(
        next_hop_of(attributes, static_cast<std::uint32_t>(header.rtnh_ifindex), header.rtnh_flags));
    hops.back().weight = header.rtnh_hops + 1U;
    octets.remove_prefix(std::min<std::size_t>(octets.size(), RTNH_ALIGN(header.rtnh_len)));
  }
  return hops;
}

std::optional<observe::RouteType> type_of(std::uint8_t type, bool any_type) {
  switch (type) {
    case RTN_UNICAST:
      return observe::RouteType::unicast;
    case RTN_BLACKHOLE:
      return observe::RouteType::blackhole;
    case RTN_UNREACHABLE:
      return observe::RouteType::unreachable;
    case RTN_PROHIBIT:
      return observe::RouteType::prohibit;
    default:
      return any_type ? std::optional(observe::RouteType::unicast) : std::nullopt;
  }
}

}  // namespace

std::optional<LinkInfo> decode_link(const nlmsghdr& message) {
  const auto header = fixed_header<ifinfomsg>(message);
  // Bridges tell of their ports with another family: that is not the link itself.
  if (!header || header->ifi_family != AF_UNSPEC) {
    return std::nullopt;
  }
  const Attributes attributes(message, sizeof(ifinfomsg));
  LinkInfo link;
  link.index = static_cast<IfIndex>(header->ifi_index);
  link.name = attributes.text(IFLA_IFNAME);
  link.alias = attributes.text(IFLA_IFALIAS);
  link.kind = Attributes(attributes.find(IFLA_LINKINFO)).text(IFLA_INFO_KIND);
  link.mac = mac_of(attributes.data(IFLA_ADDRESS));
  link.mtu = attributes.u32(IFLA_MTU).value_or(0);
  link.up = (header->ifi_flags & IFF_UP) != 0;
  link.carrier = (header->ifi_flags & IFF_LOWER_UP) != 0;
  link.loopback = (header->ifi_flags & IFF_LOOPBACK) != 0;
  link.point_to_point = (header->ifi_flags & IFF_POINTOPOINT) != 0;
  link.broadcast = (header->ifi_flags & IFF_BROADCAST) != 0;
  link.multicast = (header->ifi_flags & IFF_MULTICAST) != 0;
  link.master = attributes.u32(IFLA_MASTER).value_or(0);
  link.peer = attributes.u32(IFLA_LINK).value_or(0);
  return link;
}

std::optional<AddressInfo> decode_address(const nlmsghdr& message) {
  const auto header = fixed_header<ifaddrmsg>(message);
  if (!header || !is_ip(header->ifa_family)) {
    return std::nullopt;
  }
  const Attributes attributes(message, sizeof(ifaddrmsg));
  const auto address = attributes.address(IFA_ADDRESS);
  const auto local = attributes.has(IFA_LOCAL) ? attributes.address(IFA_LOCAL) : address;
  if (!local) {
    return std::nullopt;
  }
  const std::uint32_t flags = attributes.u32(IFA_FLAGS).value_or(header->ifa_flags);
  AddressInfo out;
  out.link = header->ifa_index;
  out.address = {*local, std::min(header->ifa_prefixlen, net::address_bits(local->family()))};
  if (address && *address != *local) {
    out.peer = address;
    if (out.address.length == net::address_bits(local->family())) {
      out.address.peer = address;
    }
  }
  out.scope = header->ifa_scope;
  out.tentative = (flags & IFA_F_TENTATIVE) != 0;
  out.dad_failed = (flags & IFA_F_DADFAILED) != 0;
  return out;
}

std::optional<RouteInfo> decode_route(const nlmsghdr& message, bool any_type) {
  const auto header = fixed_header<rtmsg>(message);
  const auto type = header ? type_of(header->rtm_type, any_type) : std::nullopt;
  if (!header || !is_ip(header->rtm_family) || !type) {
    return std::nullopt;
  }
  const auto family = header->rtm_family == AF_INET ? net::Family::ipv4 : net::Family::ipv6;
  const Attributes attributes(message, sizeof(rtmsg));
  const auto destination = attributes.address(RTA_DST);
  if (destination && destination->family() != family) {
    return std::nullopt;
  }
  RouteInfo route;
  route.prefix = net::Prefix(destination.value_or(net::IpAddr::any(family)), header->rtm_dst_len);
  route.table = attributes.u32(RTA_TABLE).value_or(header->rtm_table);
  route.type = *type;
  route.metric = attributes.u32(RTA_PRIORITY).value_or(0);
  route.protocol = header->rtm_protocol;
  route.scope = header->rtm_scope;
  route.prefsrc = attributes.address(RTA_PREFSRC);
  route.mtu = Attributes(attributes.find(RTA_METRICS)).u32(RTAX_MTU);
  route.realm = attributes.u32(RTA_FLOW);
  route.cloned = (header->rtm_flags & RTM_F_CLONED) != 0;
  if (route.type != observe::RouteType::unicast) {
    return route;  // IPv6 names `lo` here, which means nothing
  }
  if (attributes.has(RTA_MULTIPATH)) {
    route.next_hops = next_hops_of(attributes.data(RTA_MULTIPATH));
  } else {
    route.next_hops.push_back(
        next_hop_of(attributes, attributes.u32(RTA_OIF).value_or(0), header->rtm_flags));
  }
  return route;
}

std::optional<NeighbourInfo> decode_neighbour(const nlmsghdr& message) {
  const auto header = fixed_header<ndmsg>(message);
  if (!header || !is_ip(header->ndm_family)) {
    return std::nullopt;
  }
  const Attributes attributes(message, sizeof(ndmsg));
  const auto address = attributes.address(NDA_DST);
  if (!address) {
    return std::nullopt;
  }
  return NeighbourInfo{static_cast<IfIndex>(header->ndm_ifindex), *address,
                       mac_of(attributes.data(NDA_LLADDR)), header->ndm_state};
}

}  // namespace catflap::netlink
