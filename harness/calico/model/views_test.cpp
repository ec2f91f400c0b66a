#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "calico/model/decode.hpp"
#include "calico/model/kind.hpp"
#include "calico/model/views.hpp"

namespace catflap::calico {
namespace {

Resource make(const char* kind, const char* spec) {
  return decode_as(*find_kind(kind), {{"metadata", {{"name", "x"}}}, {"spec", Json::parse(spec)}}, true)
      .value();
}

TEST(Views, OfNothingGivenHaveCalicosDefaults) {
  const auto configuration = bgp_configuration_view(make("bgpconfig", "{}"));
  ASSERT_TRUE(configuration.has_value());
  EXPECT_TRUE(configuration->node_to_node_mesh);
  EXPECT_EQ(configuration->as_number, 64512U);
  EXPECT_EQ(configuration->listen_port, 179);
  EXPECT_EQ(configuration->node_mesh_max_restart_time, std::chrono::seconds(120));
  EXPECT_EQ(configuration->program_cluster_routes, "EnabledNoEncapOnly");
  const auto peer = bgp_peer_view(make("bgppeer", "{}"));
  ASSERT_TRUE(peer.has_value());
  EXPECT_EQ(peer->next_hop, BgpPeerView::NextHop::automatic);
  EXPECT_TRUE(peer->use_node_ip);
  EXPECT_FALSE(peer->node_selector.has_value());
  const auto pool = ip_pool_view(make("ippool", R"({"cidr": "fd00::/48"})"));
  ASSERT_TRUE(pool.has_value());
  EXPECT_EQ(pool->block_size, 122);
  EXPECT_TRUE(pool->for_workloads && pool->for_tunnels && pool->automatic);
  EXPECT_FALSE(pool->for_load_balancers);
  EXPECT_EQ(pool->node_selector.text(), "all()");
  const auto node = node_view(make("node", "{}"));
  ASSERT_TRUE(node.has_value());
  EXPECT_FALSE(node->bgp);
}

TEST(Views, HaveWhatIsGiven) {
  const auto peer =
      bgp_peer_view(make("bgppeer", R"j({"nodeSelector": "has(rack)", "peerIP": "[fd00::1]:1790",
      "asNumber": "1.10", "keepOriginalNextHop": true, "maxRestartTime": "90s", "ttlSecurity": 2,
      "filters": ["a", "b"], "sourceAddress": "None", "reversePeering": "Manual"})j"));
  ASSERT_TRUE(peer.has_value());
  EXPECT_EQ(peer->peer->port, 1790);
  EXPECT_EQ(to_string(peer->peer->address), "fd00::1");
  EXPECT_EQ(peer->as_number, 65546U);
  EXPECT_EQ(peer->next_hop, BgpPeerView::NextHop::keep);
  EXPECT_EQ(*peer->max_restart_time, std::chrono::seconds(90));
  EXPECT_EQ(*peer->ttl_security, 2);
  EXPECT_EQ(peer->filters.size(), 2U);
  EXPECT_FALSE(peer->use_node_ip || peer->reverse_peering);
  EXPECT_TRUE(peer->node_selector->matches(Labels{{"rack", "1"}}));
  const auto node = node_view(make("node", R"({"bgp": {"ipv4Address": "10.0.0.1/24", "asNumber": 65001,
      "routeReflectorClusterID": "244.0.0.1"}, "ipv4VXLANTunnelAddr": "10.1.0.0"})"));
  ASSERT_TRUE(node.has_value());
  EXPECT_EQ(to_string(node->ipv4->network()), "10.0.0.0/24");
  EXPECT_EQ(*node->as_number, 65001U);
  EXPECT_EQ(to_string(*node->route_reflector_cluster_id), "244.0.0.1");
  EXPECT_EQ(to_string(*node->vxlan_tunnel), "10.1.0.0");
  const auto pool =
      ip_pool_view(make("ippool", R"({"cidr": "10.0.0.0/16", "ipipMode": "CrossSubnet", "blockSize": 28,
      "allowedUses": ["LoadBalancer"], "assignmentMode": "Manual"})"));
  ASSERT_TRUE(pool.has_value());
  EXPECT_EQ(pool->ipip, IpPoolView::Tunnel::cross_subnet);
  EXPECT_EQ(pool->block_size, 28);
  EXPECT_TRUE(pool->for_load_balancers && !pool->for_workloads && !pool->automatic);
  const auto configuration = bgp_configuration_view(make(
      "bgpconfig", R"({"nodeToNodeMeshEnabled": false, "serviceClusterIPs": [{"cidr": "10.96.0.0/12"}]})"));
  ASSERT_TRUE(configuration.has_value());
  EXPECT_FALSE(configuration->node_to_node_mesh);
  EXPECT_EQ(to_string(configuration->service_cluster_ips.at(0)), "10.96.0.0/12");
}

TEST(Views, OfWhatIsNotValidNameTheField) {
  const auto peer = bgp_peer_view(make("bgppeer", R"({"peerIP": "nowhere"})"));
  ASSERT_FALSE(peer.has_value());
  EXPECT_EQ(peer.error().message, "BGPPeer x: /spec/peerIP is not valid");
  EXPECT_EQ(ip_pool_view(make("ippool", "{}")).error().message, "IPPool x: /spec/cidr is not valid");
}

}  // namespace
}  // namespace catflap::calico
