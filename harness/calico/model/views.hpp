#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/instant.hpp"
#include "base/result.hpp"
#include "calico/model/resource.hpp"
#include "calico/model/selector.hpp"
#include "calico/model/types.hpp"
#include "net/addr.hpp"

/// Resources with real types, for those who work with them. Read from valid resources; what is not given has
/// the value that Calico gives it, by the table of the kind. Errc::invalid, with the field, for a resource
/// that is not valid.
namespace catflap::calico {

/// The value at a JSON pointer of `resource`, or what absent means there by the table of its kind; null if
/// that says nothing.
nlohmann::json value_or_default(const Resource& resource, std::string_view pointer);

struct BgpConfigurationView {
  std::string name;
  bool node_to_node_mesh = true;
  std::uint32_t as_number = 64512;
  std::uint16_t listen_port = 179;
  Duration node_mesh_max_restart_time{};
  bool bind_to_node_ip = false;
  std::string program_cluster_routes;
  std::vector<net::Prefix> service_cluster_ips, service_external_ips, service_load_balancer_ips;
  std::vector<std::string> ignored_interfaces;
};

struct BgpPeerView {
  enum class NextHop : std::uint8_t { automatic, self, keep };

  std::string name;
  std::string node;                       ///< "": see node_selector
  std::optional<Selector> node_selector;  ///< neither: every node
  std::optional<PeerAddress> peer;
  std::optional<Selector> peer_selector;
  std::optional<Selector> local_workload_selector;
  std::uint32_t as_number = 0;  ///< 0: not given
  std::optional<std::uint32_t> local_as_number;
  NextHop next_hop = NextHop::automatic;  ///< keepOriginalNextHop is keep
  bool use_node_ip = true;                ///< sourceAddress
  std::optional<Duration> max_restart_time, keepalive_time;
  std::optional<std::int32_t> allowed_local_as_numbers;
  std::optional<std::uint8_t> ttl_security;
  std::optional<net::IpAddr> reachable_by;
  std::vector<std::string> filters;
  bool reverse_peering = true;  ///< Auto
};

struct NodeView {
  std::string name;
  Labels labels;
  bool bgp = false;  ///< has a BGP block
  std::optional<std::uint32_t> as_number;
  std::optional<Cidr> ipv4, ipv6;  ///< address and length of the network
  std::optional<net::IpAddr> ipip_tunnel, vxlan_tunnel, vxlan_tunnel_v6, wireguard, wireguard_v6;
  std::optional<net::IpAddr> route_reflector_cluster_id;
};

struct IpPoolView {
  enum class Tunnel : std::uint8_t { never, always, cross_subnet };

  std::string name;
  net::Prefix cidr;
  Tunnel ipip = Tunnel::never;
  Tunnel vxlan = Tunnel::never;
  bool nat_outgoing = false;
  bool disabled = false;
  bool disable_bgp_export = false;
  std::uint8_t block_size = 26;
  Selector node_selector;
  std::optional<Selector> namespace_selector;
  bool for_workloads = true, for_tunnels = true, for_load_balancers = false;  ///< allowedUses
  bool automatic = true;                                                      ///< assignmentMode
};

Result<BgpConfigurationView> bgp_configuration_view(const Resource& resource);
Result<BgpPeerView> bgp_peer_view(const Resource& resource);
Result<NodeView> node_view(const Resource& resource);
Result<IpPoolView> ip_pool_view(const Resource& resource);

}  // namespace catflap::calico
