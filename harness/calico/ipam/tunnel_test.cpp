#include "calico/ipam/tunnel.hpp"

#include <gtest/gtest.h>

#include "calico/ipam/ipam_fixture.hpp"

namespace catflap::calico::ipam {
namespace {

class TunnelTest : public IpamTest {
 protected:
  void SetUp() override { add_node("a"); }
  std::string node() { return value(to_key(ResourceKey{"nodes", "", "a"})); }
  TunnelAddress ensure(Tunnel tunnel) {
    Ipam ipam(store_, options());
    const auto done = ensure_tunnel_address(store_, ipam, "a", tunnel);
    EXPECT_TRUE(done) << to_string(done.error());
    return done.value_or(TunnelAddress{});
  }
};

TEST_F(TunnelTest, NoneWithoutAPoolThatEncapsulates) {
  add_pool("p", "10.0.0.0/24");
  add_pool("six", "fd00::/120");
  const std::string before = node();
  for (const Tunnel tunnel : kTunnels) {
    EXPECT_EQ(ensure(tunnel).address, std::nullopt);
  }
  EXPECT_EQ(node(), before);
  Ipam ipam(store_, options());
  EXPECT_EQ(ensure_tunnel_address(store_, ipam, "b", Tunnel::ipip).error().code, Errc::not_found);
}

TEST_F(TunnelTest, OneOfEachKind) {
  add_pool("ipip", "10.1.0.0/24", R"("ipipMode":"Always")");
  add_pool("vxlan", "10.2.0.0/24", R"("vxlanMode":"CrossSubnet")");
  add_pool("vxlan6", "fd00::/120", R"("vxlanMode":"Always")");
  put_resource(
      "nodes", "a",
      R"(,"spec":{"bgp":{"asNumber":64512}},"status":{"wireguardPublicKey":"k","wireguardPublicKeyV6":"k"})");
  for (const Tunnel tunnel : kTunnels) {
    const TunnelAddress made = ensure(tunnel);
    ASSERT_TRUE(made.address);
    EXPECT_TRUE(made.changed);
    EXPECT_EQ(ensure(tunnel).address, made.address);
    EXPECT_FALSE(ensure(tunnel).changed);
    EXPECT_NE(node().find('"' + net::to_string(*made.address) + '"'), std::string::npos) << node();
    const auto assignment = ipam().assignment(*made.address);
    ASSERT_TRUE(assignment);
    EXPECT_EQ(assignment->handle, tunnel_handle(tunnel, "a"));
    EXPECT_EQ(assignment->secondary, (Attributes{{"node", "a"}, {"type", std::string(tunnel_type(tunnel))}}));
  }
  EXPECT_EQ(tunnel_handle(Tunnel::vxlan_v6, "a"), "vxlan-v6-tunnel-addr-a");
  EXPECT_NE(node().find(R"("bgp":{"asNumber":64512,"ipv4IPIPTunnelAddr":"10.1.0.)"), std::string::npos)
      << node();
}

TEST_F(TunnelTest, FollowsItsPool) {
  add_pool("p1", "10.1.0.0/24", R"("ipipMode":"Always")");
  const auto first = ensure(Tunnel::ipip).address;
  ASSERT_TRUE(first);
  add_pool("p1", "10.1.0.0/24", R"("ipipMode":"Always","disabled":true)");
  add_pool("p2", "10.2.0.0/24", R"("ipipMode":"Always")");
  const auto second = ensure(Tunnel::ipip).address;
  ASSERT_TRUE(second);
  EXPECT_TRUE(prefix("10.2.0.0/24").contains(*second));
  EXPECT_FALSE(ipam().assignment(*first));
  add_pool("p2", "10.2.0.0/24", R"("allowedUses":["Workload"],"ipipMode":"Always")");
  EXPECT_EQ(ensure(Tunnel::ipip).address, std::nullopt);
  EXPECT_EQ(node().find("bgp"), std::string::npos) << node();
  EXPECT_EQ(count(kHandlePrefix), 0U);
}

TEST_F(TunnelTest, TakesUpWhatWasBrokenOff) {
  add_pool("p1", "10.1.0.0/24", R"("vxlanMode":"Always")");
  const auto address = ensure(Tunnel::vxlan).address;
  add_node("a");  // the assignment happened, but not the write of the Node
  EXPECT_EQ(ensure(Tunnel::vxlan).address, address);
  EXPECT_EQ(ipam().ips_by_handle(tunnel_handle(Tunnel::vxlan, "a"))->size(), 1U);
  // The Node claims an address that is another's.
  put_resource("nodes", "a", R"(,"spec":{"ipv4VXLANTunnelAddr":"10.1.0.77"})");
  EXPECT_EQ(ensure(Tunnel::vxlan).address, address);
}

}  // namespace
}  // namespace catflap::calico::ipam
