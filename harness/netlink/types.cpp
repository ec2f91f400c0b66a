#include "netlink/types.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <map>
#include <utility>

namespace catflap::netlink {
namespace {

constexpr std::array<std::pair<std::uint8_t, std::string_view>, 19> kProtocols{{
    {0, "unspec"},    {1, "redirect"}, {2, "kernel"}, {3, "boot"},   {4, "static"},
    {8, "gated"},     {9, "ra"},       {10, "mrt"},   {11, "zebra"}, {12, "bird"},
    {13, "dnrouted"}, {14, "xorp"},    {15, "ntk"},   {16, "dhcp"},  {42, "babel"},
    {186, "bgp"},     {187, "isis"},   {188, "ospf"}, {189, "rip"},
}};

std::string_view type_word(observe::RouteType type) {
  switch (type) {
    case observe::RouteType::unicast:
      return "";
    case observe::RouteType::blackhole:
      return "blackhole ";
    case observe::RouteType::unreachable:
      return "unreachable ";
    case observe::RouteType::prohibit:
      return "prohibit ";
  }
  return "";
}

}  // namespace

std::string to_string(const MacAddress& mac) {
  return fmt::format("{:02x}", fmt::join(mac, ":"));
}

Result<MacAddress> parse_mac(std::string_view text) {
  MacAddress mac{};
  const auto bad = [&] {
    return fail(Errc::invalid, fmt::format("'{}' is no MAC address; use 02:00:00:00:00:01", text));
  };
  if (text.size() != 17) {
    return bad();
  }
  for (std::size_t i = 0; i < mac.size(); ++i) {
    const char* const at = text.data() + 3 * i;
    const auto parsed = std::from_chars(at, at + 2, mac[i], 16);
    if (parsed.ec != std::errc() || parsed.ptr != at + 2 || (i < 5 && at[2] != ':')) {
      return bad();
    }
  }
  return mac;
}

std::string route_protocol_name(std::uint8_t protocol) {
  for (const auto& [number, name] : kProtocols) {
    if (number == protocol) {
      return std::string(name);
    }
  }
  return std::to_string(protocol);
}

std::string to_string(const RouteInfo& route) {
  std::string out = fmt::format("{}{}", type_word(route.type), net::to_string(route.prefix));
  for (const RouteNextHop& hop : route.next_hops) {
    out += route.next_hops.size() > 1 ? " nexthop" : "";
    out += hop.via ? " via " + net::to_string(*hop.via) : "";
    out += hop.interface != 0 ? fmt::format(" dev {}", hop.interface) : "";
    out += hop.onlink ? " onlink" : "";
    out += route.next_hops.size() > 1 ? fmt::format(" weight {}", hop.weight) : "";
  }
  out += route.table != kMainTable ? fmt::format(" table {}", route.table) : "";
  out += fmt::format(" proto {}", route_protocol_name(route.protocol));
  out += route.prefsrc ? " src " + net::to_string(*route.prefsrc) : "";
  out += route.metric != 0 ? fmt::format(" metric {}", route.metric) : "";
  return out;
}

observe::RouteView to_view(const RouteInfo& route, const std::function<std::string(IfIndex)>& link_name) {
  observe::RouteView view;
  view.prefix = route.prefix;
  view.table = std::to_string(route.table);
  view.type = route.type;
  view.protocol = route_protocol_name(route.protocol);
  view.source = "kernel";
  view.metric = route.metric;
  view.best = true;
  for (const RouteNextHop& hop : route.next_hops) {
    view.next_hops.push_back({hop.via, link_name(hop.interface), hop.weight, hop.onlink});
  }
  if (route.prefsrc) {
    view.kernel.emplace_back("prefsrc", net::to_string(*route.prefsrc));
  }
  if (route.mtu) {
    view.kernel.emplace_back("mtu", std::to_string(*route.mtu));
  }
  return view;
}

observe::RouteView to_view(const RouteInfo& route, const std::vector<LinkInfo>& links) {
  return to_view(route, [&](IfIndex index) {
    for (const LinkInfo& link : links) {
      if (link.index == index) {
        return link.name;
      }
    }
    return std::string();
  });
}

std::vector<observe::LinkView> to_views(const std::vector<LinkInfo>& links,
                                        const std::vector<AddressInfo>& addresses) {
  std::vector<observe::LinkView> views;
  std::map<IfIndex, std::size_t> at;
  for (const LinkInfo& link : links) {
    at[link.index] = views.size();
    views.push_back({link.name, link.index, link.up, link.carrier, {}});
  }
  for (const AddressInfo& address : addresses) {
    if (const auto found = at.find(address.link); found != at.end()) {
      views[found->second].addresses.push_back(address.address);
    }
  }
  return views;
}

}  // namespace catflap::netlink
