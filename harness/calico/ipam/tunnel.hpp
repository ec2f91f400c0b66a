#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "calico/ipam/ipam.hpp"
#include "calico/store/datastore.hpp"
#include "net/addr.hpp"

/// The addresses of a node's tunnel interfaces, as calico-node's allocate-tunnel-addrs keeps them.
namespace catflap::calico::ipam {

enum class Tunnel : std::uint8_t { wireguard, wireguard_v6, ipip, vxlan, vxlan_v6 };

/// In the order in which Calico goes through them.
inline constexpr std::array<Tunnel, 5> kTunnels = {Tunnel::wireguard, Tunnel::wireguard_v6, Tunnel::ipip,
                                                   Tunnel::vxlan, Tunnel::vxlan_v6};

/// "ipip-tunnel-addr-<node>", ...
std::string tunnel_handle(Tunnel tunnel, std::string_view node);
/// The attribute "type": "ipipTunnelAddress", ...
std::string_view tunnel_type(Tunnel tunnel);

struct TunnelAddress {
  std::optional<net::IpAddr> address{};  ///< nothing: the node needs none
  bool changed = false;                  ///< the Node was written
};

/// Makes the node have an address for `tunnel` if an enabled pool has that encapsulation (WireGuard: any,
/// where the Node has a public key), allows Tunnel and selects the node; and none otherwise. An address whose
/// pool has gone is given back. Repeating it changes nothing. Errc::not_found: no such Node; errors of
/// auto_assign.
Result<TunnelAddress> ensure_tunnel_address(Datastore& store, Ipam& ipam, const std::string& node,
                                            Tunnel tunnel);

}  // namespace catflap::calico::ipam
