#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/veth.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "netlink/message.hpp"
#include "netlink/socket.hpp"
#include "sys/socket_address.hpp"

namespace catflap::netlink {
namespace {

constexpr std::uint16_t kCreateExclusive = NLM_F_CREATE | NLM_F_EXCL;

ifinfomsg header_of(const LinkSpec& link) {
  ifinfomsg header{};
  header.ifi_index = static_cast<int>(link.index);
  return header;
}

void put_link_attributes(MessageWriter& writer, const LinkSpec& link) {
  writer.text(IFLA_IFNAME, link.name);
  if (link.mtu != 0) {
    writer.u32(IFLA_MTU, link.mtu);
  }
  if (link.mac) {
    writer.attribute(IFLA_ADDRESS, link.mac->data(), link.mac->size());
  }
}

std::uint8_t family_of(const net::IpAddr& addr) {
  return static_cast<std::uint8_t>(sys::address_family(addr.family()));
}

void put_gateway(MessageWriter& writer, const net::IpAddr& via, net::Family family) {
  if (via.family() == family) {
    writer.address(RTA_GATEWAY, via);
    return;
  }
  std::array<char, 18> octets{};  // struct rtvia: family, then the address
  const std::uint16_t number = family_of(via);
  const Bytes address = via.octets();
  std::memcpy(octets.data(), &number, sizeof number);
  std::memcpy(octets.data() + sizeof number, address.data(), address.size());
  writer.attribute(RTA_VIA, octets.data(), sizeof number + address.size());
}

void put_next_hops(MessageWriter& writer, const RouteInfo& route) {
  if (route.next_hops.size() == 1) {
    const RouteNextHop& hop = route.next_hops.front();
    if (hop.via) {
      put_gateway(writer, *hop.via, route.prefix.family());
    }
    if (hop.interface != 0) {
      writer.u32(RTA_OIF, hop.interface);
    }
    return;
  }
  const std::size_t multipath = writer.open(RTA_MULTIPATH);
  for (const RouteNextHop& hop : route.next_hops) {
    rtnexthop header{};
    header.rtnh_hops = static_cast<std::uint8_t>(std::clamp(hop.weight, 1U, 256U) - 1U);
    header.rtnh_ifindex = static_cast<int>(hop.interface);
    header.rtnh_flags = hop.onlink ? RTNH_F_ONLINK : 0;
    const std::size_t start = writer.part(header);
    if (hop.via) {
      put_gateway(writer, *hop.via, route.prefix.family());
    }
    writer.patch_length(start);
  }
  writer.close(multipath);
}

std::uint8_t kernel_type(observe::RouteType type) {
  switch (type) {
    case observe::RouteType::unicast:
      return RTN_UNICAST;
    case observe::RouteType::blackhole:
      return RTN_BLACKHOLE;
    case observe::RouteType::unreachable:
      return RTN_UNREACHABLE;
    case observe::RouteType::prohibit:
      return RTN_PROHIBIT;
  }
  return RTN_UNICAST;
}

/// The kernel refuses a gateway behind a route of link scope, and a universe route without one is unusual.
std::uint8_t scope_for(const RouteInfo& route) {
  if (route.scope) {
    return *route.scope;
  }
  const bool on_link = route.type == observe::RouteType::unicast &&
                       route.prefix.family() == net::Family::ipv4 &&
                       std::none_of(route.next_hops.begin(), route.next_hops.end(),
                                    [](const RouteNextHop& hop) { return hop.via.has_value(); });
  return on_link ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

}  // namespace

void encode_route(std::vector<char>& out, const RouteChange& change, bool exclusive) {
  const RouteInfo& route = change.route;
  const std::uint16_t add_flags = exclusive ? kCreateExclusive : std::uint16_t{NLM_F_CREATE | NLM_F_REPLACE};
  MessageWriter writer(out, change.present ? RTM_NEWROUTE : RTM_DELROUTE,
                       change.present ? add_flags : std::uint16_t{0});
  rtmsg header{};
  header.rtm_family = family_of(route.prefix.addr());
  header.rtm_dst_len = route.prefix.length();
  header.rtm_table =
      static_cast<std::uint8_t>(route.table < 256 ? route.table : std::uint32_t{RT_TABLE_UNSPEC});
  header.rtm_protocol = route.protocol;
  // When removing, "nowhere" matches any scope and type 0 any type.
  header.rtm_scope = change.present ? scope_for(route) : static_cast<std::uint8_t>(RT_SCOPE_NOWHERE);
  header.rtm_type = change.present ? kernel_type(route.type) : std::uint8_t{RTN_UNSPEC};
  if (change.present && route.next_hops.size() == 1 && route.next_hops.front().onlink) {
    header.rtm_flags = RTNH_F_ONLINK;
  }
  writer.header(header);
  if (route.prefix.length() > 0) {
    writer.address(RTA_DST, route.prefix.addr());
  }
  writer.u32(RTA_TABLE, route.table);
  if (route.metric != 0) {
    writer.u32(RTA_PRIORITY, route.metric);
  }
  if (change.present) {
    if (route.prefsrc) {
      writer.address(RTA_PREFSRC, *route.prefsrc);
    }
    if (route.realm) {
      writer.u32(RTA_FLOW, *route.realm);
    }
    if (route.mtu) {
      const std::size_t metrics = writer.open(RTA_METRICS);
      writer.u32(RTAX_MTU, *route.mtu);
      writer.close(metrics);
    }
    if (route.type == observe::RouteType::unicast && !route.next_hops.empty()) {
      put_next_hops(writer, route);
    }
  }
  writer.finish();
}

std::size_t Batch::begin(std::function<std::string()> context) {
  context_.push_back(std::move(context));
  return context_.size() - 1;
}

void Batch::clear() {
  bytes_.clear();
  messages_.clear();
  context_.clear();
}

std::size_t Batch::veth(const LinkSpec& here, const LinkSpec& there, const sys::netns::Handle* there_ns) {
  const std::size_t request = begin([a = here.name, b = there.name] { return "veth pair " + a + " - " + b; });
  mark(request);
  MessageWriter writer(bytes_, RTM_NEWLINK, kCreateExclusive);
  writer.header(header_of(here));
  put_link_attributes(writer, here);
  const std::size_t info = writer.open(IFLA_LINKINFO);
  writer.text(IFLA_INFO_KIND, "veth");
  const std::size_t data = writer.open(IFLA_INFO_DATA);
  const std::size_t peer = writer.open(VETH_INFO_PEER);
  (void)writer.part(header_of(there));
  put_link_attributes(writer, there);
  if (there_ns != nullptr) {
    writer.u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(there_ns->fd()));
  }
  writer.close(peer);
  writer.close(data);
  writer.close(info);
  writer.finish();
  return request;
}

std::size_t Batch::add_veth(const LinkSpec& here, const LinkSpec& there, const sys::netns::Handle& there_ns) {
  return veth(here, there, &there_ns);
}
std::size_t Batch::add_veth(const LinkSpec& here, const LinkSpec& there) {
  return veth(here, there, nullptr);
}

std::size_t Batch::add_bridge(const LinkSpec& bridge) {
  const std::size_t request = begin([name = bridge.name] { return "bridge " + name; });
  mark(request);
  MessageWriter writer(bytes_, RTM_NEWLINK, kCreateExclusive);
  writer.header(header_of(bridge));
  put_link_attributes(writer, bridge);
  const std::size_t info = writer.open(IFLA_LINKINFO);
  writer.text(IFLA_INFO_KIND, "bridge");
  writer.close(info);
  writer.finish();
  return request;
}

std::size_t Batch::change_link(IfIndex link, std::string_view name, const LinkChange& change) {
  const std::size_t request = begin([link, name = std::string(name)] {
    return "link " + (name.empty() ? "#" + std::to_string(link) : name);
  });
  const auto start = [&](bool flags) {
    mark(request);
    MessageWriter writer(bytes_, RTM_SETLINK, 0);
    ifinfomsg header{};
    header.ifi_index = static_cast<int>(link);
    if (flags && change.up) {
      header.ifi_change = IFF_UP;
      header.ifi_flags = *change.up ? IFF_UP : 0;
    }
    writer.header(header);
    if (link == 0) {
      writer.text(IFLA_IFNAME, std::string(name));
    }
    return writer;
  };
  if (change.no_ipv6_link_local) {
    // A message of its own: in one with `up` the kernel would bring the link up first.
    MessageWriter writer = start(false);
    const std::size_t families = writer.open(IFLA_AF_SPEC);
    const std::size_t ipv6 = writer.open(AF_INET6);
    writer.u8(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
    writer.close(ipv6);
    writer.close(families);
    writer.finish();
  }
  MessageWriter writer = start(true);
  if (change.alias) {
    writer.text(IFLA_IFALIAS, *change.alias);
  }
  if (change.mtu) {
    writer.u32(IFLA_MTU, *change.mtu);
  }
  if (change.master) {
    writer.u32(IFLA_MASTER, *change.master);
  }
  writer.finish();
  return request;
}

std::size_t Batch::set_link(std::string_view name, const LinkChange& change) {
  return change_link(0, name, change);
}
std::size_t Batch::set_link(IfIndex link, const LinkChange& change) {
  return change_link(link, {}, change);
}

std::size_t Batch::delete_link(IfIndex link) {
  const std::size_t request = begin([link] { return "link #" + std::to_string(link); });
  mark(request);
  MessageWriter writer(bytes_, RTM_DELLINK, 0);
  ifinfomsg header{};
  header.ifi_index = static_cast<int>(link);
  writer.header(header);
  writer.finish();
  return request;
}

std::size_t Batch::address(IfIndex link, const net::InterfaceAddress& address, bool present) {
  const std::size_t request = begin(
      [link, address] { return "address " + to_string(address) + " on link #" + std::to_string(link); });
  mark(request);
  MessageWriter writer(bytes_, present ? RTM_NEWADDR : RTM_DELADDR,
                       present ? kCreateExclusive : std::uint16_t{0});
  ifaddrmsg header{};
  header.ifa_family = family_of(address.addr);
  header.ifa_prefixlen = address.length;
  header.ifa_flags = address.addr.is_v6() ? IFA_F_NODAD : 0;
  header.ifa_scope = address.addr.is_loopback()     ? std::uint8_t{RT_SCOPE_HOST}
                     : address.addr.is_link_local() ? std::uint8_t{RT_SCOPE_LINK}
                                                    : std::uint8_t{RT_SCOPE_UNIVERSE};
  header.ifa_index = link;
  writer.header(header);
  writer.address(IFA_LOCAL, address.addr);
  writer.address(IFA_ADDRESS, address.addr);
  writer.finish();
  return request;
}

std::size_t Batch::add_address(IfIndex link, const net::InterfaceAddress& value) {
  return address(link, value, true);
}
std::size_t Batch::remove_address(IfIndex link, const net::InterfaceAddress& value) {
  return address(link, value, false);
}

std::size_t Batch::route(const RouteChange& change) {
  const std::size_t request = begin([route = change.route] { return "route " + to_string(route); });
  mark(request);
  encode_route(bytes_, change, false);
  return request;
}

std::size_t Batch::add_route(const RouteInfo& route) {
  const std::size_t request = begin([route] { return "route " + to_string(route); });
  mark(request);
  encode_route(bytes_, RouteChange{route, true}, true);
  return request;
}

std::size_t Batch::add_neighbour(const NeighbourInfo& neighbour) {
  const std::size_t request = begin([neighbour] { return "neighbour " + to_string(neighbour.address); });
  mark(request);
  MessageWriter writer(bytes_, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE);
  ndmsg header{};
  header.ndm_family = family_of(neighbour.address);
  header.ndm_ifindex = static_cast<int>(neighbour.link);
  header.ndm_state = NUD_PERMANENT;
  writer.header(header);
  writer.address(NDA_DST, neighbour.address);
  if (neighbour.mac) {
    writer.attribute(NDA_LLADDR, neighbour.mac->data(), neighbour.mac->size());
  }
  writer.finish();
  return request;
}

}  // namespace catflap::netlink
