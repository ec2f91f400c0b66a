#include <gtest/gtest.h>

#include "sim/raw_peer.hpp"

/// Peers on link-local addresses, and IPv4 routes by IPv6 next hops: RFC 8950.
namespace catflap::bgp::testing {
namespace {

using observe::SessionState;
using std::chrono::milliseconds;
using std::chrono::seconds;

intent::BgpIntent& body(intent::ProtocolIntent& protocol) {
  return std::get<intent::BgpIntent>(protocol.body);
}

intent::ProtocolIntent unnumbered(const std::string& name, std::uint32_t own, const std::string& neighbor,
                                  std::uint32_t other) {
  intent::ProtocolIntent peer = bgp(name, own, neighbor, other);
  body(peer).interface = "eth0";
  body(peer).multihop = false;
  intent::ChannelIntent four = peer.channels.front();
  four.family = net::Family::ipv4;
  four.table = "master4";
  four.bgp.extended_next_hop = true;
  peer.channels.insert(peer.channels.begin(), four);
  return peer;
}

struct Lab {
  VirtualNetwork net;
  intent::RouterIntent one = router(1), two = router(2);

  explicit Lab(bool range) {
    net.add_node("r1", 1);
    net.add_node("r2", 2);
    net.add_link("r1", "eth0", {"fe80::1/64"}, "r2", "eth0", {"fe80::2/64"});
    auto to_r2 = unnumbered("peer", 64512, "fe80::2", 64513);
    if (range) {
      body(to_r2).neighbor.reset();
      body(to_r2).neighbor_range = prefix("fe80::/64");
      body(to_r2).dynamic_name = "auto";
    }
    one.protocols = {device(), kernel(), to_r2, blackholes("own", {"10.1.0.0/24"})};
    two.protocols = {device(), kernel(), unnumbered("peer", 64513, "fe80::1", 64512),
                     blackholes("own", {"10.2.0.0/24"})};
    net.configure("r1", one);
    net.configure("r2", two);
    net.run_for(seconds(2));
  }
};

TEST(Unnumbered, Ipv4RoutesLeadToTheLinkLocalAddress) {
  Lab lab(false);
  ASSERT_EQ(lab.net.session("r1", "peer"), SessionState::established);
  const auto routes = lab.net.routes("r1", "10.2.0.0/24");
  ASSERT_EQ(routes.size(), 1U);
  ASSERT_EQ(routes[0].next_hops.size(), 1U);
  EXPECT_EQ(routes[0].next_hops[0].via, addr("fe80::2"));
  EXPECT_EQ(routes[0].next_hops[0].interface, "eth0");
  const auto& fib = lab.net.fib("r1");
  ASSERT_EQ(fib.count(prefix("10.2.0.0/24")), 1U);
  EXPECT_EQ(fib.at(prefix("10.2.0.0/24")).next_hops[0].via, addr("fe80::2"));
  EXPECT_EQ(fib.at(prefix("10.2.0.0/24")).next_hops[0].interface, lab.net.index("r1", "eth0"));
}

TEST(Unnumbered, ARangeOfLinkLocalAddressesWaitsForNeighbours) {
  Lab lab(true);
  const auto spawned = lab.net.protocol("r1", "auto1");
  ASSERT_TRUE(spawned.has_value());
  EXPECT_EQ(spawned->session->state, SessionState::established);
  EXPECT_EQ(spawned->session->peer, addr("fe80::2"));
  EXPECT_EQ(spawned->session->peer_interface, "eth0");
  EXPECT_FALSE(lab.net.routes("r1", "10.2.0.0/24").empty());
  EXPECT_FALSE(lab.net.routes("r2", "10.1.0.0/24").empty());
}

/// RFC 8950 §4: without the capability no IPv4 route can be told over such a session.
TEST(Unnumbered, WithoutTheCapabilityThereAreNoIpv4Routes) {
  Lab lab(false);
  lab.two.protocols[2].channels[0].bgp.extended_next_hop = false;
  lab.net.configure("r2", lab.two);
  lab.net.run_for(seconds(5));
  ASSERT_EQ(lab.net.session("r1", "peer"), SessionState::established);
  EXPECT_TRUE(lab.net.routes("r1", "10.2.0.0/24").empty());
  EXPECT_TRUE(lab.net.routes("r2", "10.1.0.0/24").empty());
}

/// A global address on the link: 32 octets on the wire, and the gateway is the global one, as in BIRD.
TEST(ExtendedNextHop, GoesOutWithBothAddresses) {
  VirtualNetwork net;
  net.add_node("r1", 1);
  net.add_node("other", 2);
  net.add_link("r1", "eth0", {"fd01::1/64", "fe80::1/64"}, "other", "eth0", {"fd01::9/64"});
  auto peer = unnumbered("peer", 64512, "fd01::2", 64513);
  body(peer).interface.clear();
  body(peer).passive = true;
  intent::RouterIntent intent = router(1);
  intent.protocols = {device(), peer, blackholes("own", {"10.1.0.0/24"})};
  net.configure("r1", intent);
  net.run_for(milliseconds(10));
  RawPeer by_hand(net, "r1", "fd01::2", "fd01::1");
  wire::Open open = RawPeer::open(64513, 2);
  open.capabilities.extended_next_hop = {{wire::kIpv4Unicast, 2}};
  by_hand.establish(open);
  const auto told = by_hand.route("10.1.0.0/24");
  ASSERT_TRUE(told.has_value());
  EXPECT_EQ(told->next_hop, addr("fd01::1"));
  EXPECT_EQ(told->link_local_next_hop, addr("fe80::1"));
  wire::EncodeContext context;
  context.extended_next_hop = {wire::kIpv4Unicast};
  by_hand.send(announcement("10.2.0.0/24", "fd01::2", {64513}), context);
  ASSERT_EQ(net.routes("r1", "10.2.0.0/24").size(), 1U);
  EXPECT_EQ(net.routes("r1", "10.2.0.0/24")[0].next_hops[0].via, addr("fd01::2"));
}

}  // namespace
}  // namespace catflap::bgp::testing
