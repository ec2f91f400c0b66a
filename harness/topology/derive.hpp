#pragma once

#include <optional>

#include "topology/topology.hpp"

/// What several parts of the derivation share.
namespace catflap::topology {

/// The first host of a network: the second address, or the first of a /31, /32, /127, /128. nullopt for a
/// default route.
std::optional<net::IpAddr> first_host(const net::Prefix& prefix);

/// True if a node announces, or has on lo, anything of IPv6: then links without addresses get both families.
bool uses_ipv6(const Topology& topology);

}  // namespace catflap::topology
