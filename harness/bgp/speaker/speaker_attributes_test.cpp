#include <gtest/gtest.h>

#include "sim/testing.hpp"

/// What attributes look like on the other side.
namespace catflap::bgp::testing {
namespace {

using observe::SessionState;
using std::chrono::milliseconds;

intent::ProtocolIntent alien_kernel() {
  auto protocol = kernel(net::Family::ipv4, true);
  protocol.channels[0].export_filter = intent::FilterRef::none();
  return protocol;
}

VirtualNetwork linked() {
  VirtualNetwork net;
  net.add_node("r1", 1);
  net.add_node("r2", 2);
  net.add_link("r1", "eth0", {"192.168.1.1/24", "fd00:1::1/64", "fe80::1/64"}, "r2", "eth0",
               {"192.168.1.2/24", "fd00:1::2/64", "fe80::2/64"});
  return net;
}

TEST(Ipv6, NextHopsCarryTheLinkLocalAddress) {
  VirtualNetwork net = linked();
  intent::RouterIntent one = router(1);
  auto fixed = blackholes("own6", {});
  fixed.channels[0].family = net::Family::ipv6;
  fixed.channels[0].table = "master6";
  intent::StaticRoute route;
  route.prefix = prefix("fd99::/64");
  std::get<intent::StaticIntent>(fixed.body).routes = {route};
  one.protocols = {device(), fixed, bgp("p", 64512, "fd00:1::2", 64513)};
  intent::RouterIntent two = router(2);
  two.protocols = {device(), kernel(net::Family::ipv6), bgp("p", 64513, "fd00:1::1", 64512)};
  net.configure("r1", one);
  net.configure("r2", two);
  net.run_for(milliseconds(10));
  ASSERT_EQ(net.session("r2", "p"), SessionState::established);
  const auto routes = net.routes("r2", "fd99::/64");
  ASSERT_EQ(routes.size(), 1U);
  EXPECT_EQ(routes[0].bgp->next_hop, (std::vector<net::IpAddr>{addr("fd00:1::1"), addr("fe80::1")}));
  ASSERT_EQ(net.fib("r2").count(prefix("fd99::/64")), 1U);
  EXPECT_EQ(net.fib("r2").at(prefix("fd99::/64")).next_hops.at(0).via, addr("fd00:1::1"));
}

TEST(Ebgp, TheGatewayOfARouteOnTheSameLinkIsTold) {
  VirtualNetwork net = linked();
  intent::RouterIntent one = router(1);
  auto peer = bgp("p", 64512, "192.168.1.2", 64513);
  one.protocols = {device(), alien_kernel(), peer};
  intent::RouterIntent two = router(2);
  two.protocols = {device(), bgp("p", 64513, "192.168.1.1", 64512)};
  net.configure("r1", one);
  net.configure("r2", two);
  KernelRouteSpec alien;
  alien.prefix = prefix("10.50.0.0/24");
  alien.protocol = 3;
  alien.next_hops = {{addr("192.168.1.9"), net.index("r1", "eth0"), 1, false}};
  net.inject("r1", ev::KernelRoute{alien, true});
  net.run_for(milliseconds(20));
  auto routes = net.routes("r2", "10.50.0.0/24");
  ASSERT_EQ(routes.size(), 1U);
  EXPECT_EQ(routes[0].next_hops.at(0).via, addr("192.168.1.9"));

  std::get<intent::BgpIntent>(one.protocols[2].body).password = "secret";  // restarts the session
  one.protocols[2].channels[0].bgp.next_hop_self = intent::NextHopSelf::on;
  net.configure("r1", one);
  net.run_for(std::chrono::seconds(10));
  routes = net.routes("r2", "10.50.0.0/24");
  ASSERT_EQ(routes.size(), 1U);
  EXPECT_EQ(routes[0].next_hops.at(0).via, addr("192.168.1.1"));
}

TEST(Static, RoutesWithAConditionComeAndGoWithIt) {
  VirtualNetwork net = linked();
  intent::RouterIntent one = router(1);
  one.protocols = {device(), blackholes("own", {"10.1.0.0/24"}),
                   bgp("p", 64512, "192.168.1.2", 64513, "192.168.1.1")};
  // The condition of the second is a route of the same protocol, which does not count.
  auto fixed = blackholes("fixed", {"0.0.0.0/0", "10.9.0.0/16", "10.8.0.0/16"});
  auto& routes = std::get<intent::StaticIntent>(fixed.body).routes;
  routes[0].when = prefix("10.1.0.0/24");
  routes[1].when = prefix("10.8.0.0/16");
  intent::RouterIntent two = router(2);
  two.protocols = {device(), bgp("p", 64513, "192.168.1.1", 64512, "192.168.1.2"), fixed};
  net.configure("r2", two);
  net.run_for(milliseconds(20));
  EXPECT_TRUE(net.routes("r2", "0.0.0.0/0").empty());
  EXPECT_TRUE(net.routes("r2", "10.9.0.0/16").empty());

  net.configure("r1", one);
  net.run_for(std::chrono::seconds(10));
  EXPECT_EQ(net.routes("r1", "0.0.0.0/0").size(), 1U);

  std::get<intent::StaticIntent>(one.protocols[1].body).routes.clear();
  net.configure("r1", one);
  net.run_for(milliseconds(20));
  EXPECT_TRUE(net.routes("r1", "0.0.0.0/0").empty());

  std::get<intent::StaticIntent>(two.protocols[2].body).routes[0].when.reset();
  net.configure("r2", two);
  net.run_for(milliseconds(20));
  EXPECT_EQ(net.routes("r1", "0.0.0.0/0").size(), 1U);
}

TEST(Listeners, OneSocketAFamilyWithTheKeysOfThePeers) {
  VirtualNetwork net = linked();
  intent::RouterIntent one = router(1);
  auto four = bgp("four", 64512, "192.168.1.2", 64513);
  std::get<intent::BgpIntent>(four.body).password = "secret";
  one.protocols = {device(), four, bgp("six", 64512, "fd00:1::2", 64513)};
  net.configure("r1", one);
  net.run_for(milliseconds(10));
  std::vector<act::Listen> seen;
  for (const Action& action : net.drain_log("r1")) {
    if (const auto* listen = std::get_if<act::Listen>(&action)) {
      seen.push_back(*listen);
    }
  }
  ASSERT_EQ(seen.size(), 1U);
  ASSERT_EQ(seen[0].sockets.size(), 2U);
  EXPECT_EQ(seen[0].sockets[0].local.addr, addr("0.0.0.0"));
  ASSERT_EQ(seen[0].sockets[0].md5_keys.size(), 1U);
  EXPECT_EQ(seen[0].sockets[0].md5_keys[0].peer, prefix("192.168.1.2/32"));
  EXPECT_TRUE(seen[0].sockets[1].md5_keys.empty());
}

}  // namespace
}  // namespace catflap::bgp::testing
