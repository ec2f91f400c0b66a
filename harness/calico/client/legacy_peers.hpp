#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "calico/client/client.hpp"
#include "net/addr.hpp"

/// The commands of calicoctl 0.x over a v3 store: `bgp peer`, `node bgp peer`, `bgp node-mesh`, `bgp
/// default-node-as`, `pool`. Messages are those of 0.16; success of adding prints nothing.
namespace catflap::calico {

struct LegacyPeer {
  net::IpAddr address;
  std::uint32_t as_number = 0;
};

/// `bgp peer add IP as ASN`, or `node bgp peer add` where `node` is not empty. An existing peer gets the new
/// number. Errc::invalid: "Invalid IP address specified.", "Invalid AS Number specified.".
Status add_legacy_peer(Client& client, std::string_view address, std::string_view as_number,
                       const std::string& node = "");
/// The text that is printed: "BGP peer removed from global configuration". Errc::not_found: "X is not a
/// globally configured peer."
Result<std::string> remove_legacy_peer(Client& client, std::string_view address,
                                       const std::string& node = "");
/// Those with such a name and an address, by address. Peers by selector did not exist in 0.x.
Result<std::vector<LegacyPeer>> legacy_peers(Client& client, net::Family family,
                                             const std::string& node = "");
/// `bgp peer show`: a table, or "No global IPv4 BGP Peers defined.", with newlines, for each family asked
/// for.
Result<std::string> show_legacy_peers(Client& client, std::optional<net::Family> family,
                                      const std::string& node = "");

/// `bgp default-node-as [ASN]`: "" shows it. The text to print.
Result<std::string> default_node_as(Client& client, std::string_view as_number);
/// `bgp node-mesh [on|off]`: "" shows it.
Result<std::string> node_mesh(Client& client, std::string_view on_or_off);

struct LegacyPool {
  bool ipip = false;
  bool nat_outgoing = false;
};
/// `pool add CIDR...`: Errc::invalid "Invalid CIDR specified.".
Status add_legacy_pools(Client& client, const std::vector<std::string>& cidrs, const LegacyPool& options);
/// `pool range add FIRST LAST`: the pools that cover exactly the range. Errc::invalid.
Status add_legacy_range(Client& client, std::string_view first, std::string_view last,
                        const LegacyPool& options);
/// Errc::not_found: "CIDR is not a configured pool."
Status remove_legacy_pools(Client& client, const std::vector<std::string>& cidrs);
/// A table "IPv4 CIDR", "Options" for each family asked for, or "None.".
Result<std::string> show_legacy_pools(Client& client, std::optional<net::Family> family);

}  // namespace catflap::calico
