#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/fabric.hpp"

/// For tests of the speaker: the fabric under a short name, and routers written by hand.
namespace catflap::bgp::testing {

using VirtualNetwork = sim::Fabric;

/// Helpers to write a RouterIntent by hand.
net::IpAddr addr(const std::string& text);
net::Prefix prefix(const std::string& text);
intent::RouterIntent router(std::uint32_t router_id);
intent::ProtocolIntent device();
intent::ProtocolIntent direct(const std::vector<std::string>& globs,
                              std::vector<net::Family> families = {net::Family::ipv4});
intent::ProtocolIntent kernel(net::Family family = net::Family::ipv4, bool learn = false);
intent::ProtocolIntent bgp(const std::string& name, std::uint32_t local_as, const std::string& neighbor,
                           std::uint32_t remote_as, const std::string& local = "");
intent::ProtocolIntent blackholes(const std::string& name, const std::vector<std::string>& prefixes);
/// `where net ~ [prefix]`, or `where net != prefix` if negated.
intent::FilterRef where_net(const std::string& prefix, bool negated = false);

}  // namespace catflap::bgp::testing
