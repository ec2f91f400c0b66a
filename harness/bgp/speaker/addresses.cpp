#include "bgp/speaker/addresses.hpp"

#include "base/glob.hpp"

namespace catflap::bgp::internal {

std::optional<net::IpAddr> address_of(const rib::Interfaces& interfaces, IfIndex index, net::Family family,
                                      bool link_local) {
  const rib::InterfaceState* interface = interfaces.find(index);
  if (interface != nullptr) {
    for (const net::InterfaceAddress& own : interface->addresses) {
      const bool is_link_local = own.addr.is_v6() && own.addr.is_link_local();
      if (own.addr.family() == family && is_link_local == link_local) {
        return own.addr;
      }
    }
  }
  return std::nullopt;
}

std::optional<net::IpAddr> source_for(const rib::Interfaces& interfaces, IfIndex index,
                                      const net::IpAddr& remote) {
  const rib::InterfaceState* interface = interfaces.find(index);
  if (interface == nullptr) {
    return std::nullopt;
  }
  const net::InterfaceAddress* best = nullptr;
  for (const net::InterfaceAddress& own : interface->addresses) {
    if (own.addr.family() == remote.family() && own.network().contains(remote) &&
        (best == nullptr || own.length > best->length)) {
      best = &own;
    }
  }
  if (best != nullptr) {
    return best->addr;
  }
  return address_of(interfaces, index, remote.family(), remote.is_v6() && remote.is_link_local());
}

std::uint32_t choose_router_id(const rib::Interfaces& interfaces) {
  std::uint32_t lowest = 0;
  for (const auto& [index, interface] : interfaces.all()) {
    for (const net::InterfaceAddress& own : interface.addresses) {
      if (interface.up && own.addr.is_v4() && !own.addr.is_loopback() && !own.addr.is_link_local() &&
          (lowest == 0 || own.addr.v4_value() < lowest)) {
        lowest = own.addr.v4_value();
      }
    }
  }
  return lowest;
}

bool matches(const std::vector<intent::InterfacePattern>& patterns, std::string_view name,
             const net::InterfaceAddress& address) {
  if (patterns.empty()) {
    return true;
  }
  for (const intent::InterfacePattern& pattern : patterns) {
    if (pattern.glob && !glob_match(*pattern.glob, name)) {
      continue;
    }
    if (pattern.prefix &&
        (pattern.prefix->family() != address.addr.family() || !pattern.prefix->contains(address.addr))) {
      continue;
    }
    return !pattern.negated;
  }
  return false;
}

}  // namespace catflap::bgp::internal
