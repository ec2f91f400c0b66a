#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "bgp/rib/next_hop.hpp"
#include "intent/router.hpp"
#include "net/addr.hpp"

/// Questions about the addresses of a router that the next-hop resolver does not ask.
namespace catflap::bgp::internal {

/// The first address of a family on an interface: link-local ones only, or all but these.
std::optional<net::IpAddr> address_of(const rib::Interfaces& interfaces, IfIndex index, net::Family family,
                                      bool link_local);
/// The address of ours from which `remote` is reached over `index`.
std::optional<net::IpAddr> source_for(const rib::Interfaces& interfaces, IfIndex index,
                                      const net::IpAddr& remote);
/// The lowest IPv4 address that is neither of 127/8 nor link-local, as BIRD chooses its router id; 0 if none.
std::uint32_t choose_router_id(const rib::Interfaces& interfaces);
/// True if the first pattern that matches is not negated; an empty list takes everything.
bool matches(const std::vector<intent::InterfacePattern>& patterns, std::string_view name,
             const net::InterfaceAddress& address);

}  // namespace catflap::bgp::internal
