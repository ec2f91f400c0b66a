#include "bgp/rib/next_hop.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "bgp/rib/table.hpp"

namespace catflap::bgp::rib {
namespace {

using policy::Destination;

net::Prefix prefix(std::string_view text) {
  return net::Prefix::parse(text).value();
}
net::IpAddr addr(std::string_view text) {
  return net::IpAddr::parse(text).value();
}

InterfaceState interface(IfIndex index, const char* name, std::vector<const char*> addresses,
                         bool up = true) {
  InterfaceState state{index, name, up, false, {}};
  for (const char* text : addresses) {
    state.addresses.push_back(net::InterfaceAddress::parse(text).value());
  }
  return state;
}

class Links : public testing::Test {
 protected:
  Links() {
    interfaces.update(interface(1, "lo", {"127.0.0.1/8", "10.255.0.1/32"}));
    interfaces.update(interface(2, "eth0", {"192.168.1.1/24", "fe80::1/64", "2001:db8::1/64"}));
    interfaces.update(interface(3, "eth1", {"192.168.1.129/25", "10.0.0.0/31"}));
    interfaces.update(interface(4, "eth2", {"172.16.0.1/24"}, false));
  }
  Interfaces interfaces;
};

struct NeighbourCase {
  const char* address;
  std::optional<IfIndex> only;
  std::optional<IfIndex> found;
};

TEST_F(Links, KnowWhoIsANeighbour) {
  const NeighbourCase cases[] = {
      {"192.168.1.2", {}, 2},  {"192.168.1.200", {}, 3},  {"192.168.1.200", 2, 2}, {"192.168.1.1", {}, {}},
      {"192.168.1.129", 2, 2}, {"192.168.1.129", {}, {}}, {"192.168.1.0", {}, {}}, {"192.168.1.255", {}, {}},
      {"10.0.0.1", {}, 3},     {"10.0.0.0", {}, {}},      {"172.16.0.2", {}, {}},  {"8.8.8.8", {}, {}},
      {"2001:db8::2", {}, 2},  {"2001:db8::", {}, 2},     {"fe80::2", {}, {}},     {"fe80::2", 2, 2},
      {"fe80::2", 3, {}},      {"10.255.0.1", {}, {}},
  };
  for (const NeighbourCase& one : cases) {
    EXPECT_EQ(interfaces.neighbour_interface(addr(one.address), one.only), one.found) << one.address;
  }
}

TEST_F(Links, OnlyThePeerIsOnAPointToPointLink) {
  InterfaceState tunnel = interface(5, "tun0", {"10.77.0.1/32"});
  tunnel.point_to_point = true;
  tunnel.addresses[0].peer = addr("10.99.0.2");
  interfaces.update(tunnel);
  EXPECT_EQ(interfaces.neighbour_interface(addr("10.99.0.2"), {}), 5U);
  EXPECT_EQ(interfaces.neighbour_interface(addr("10.77.0.2"), {}), std::nullopt);
  EXPECT_EQ(interfaces.neighbour_interface(addr("10.77.0.1"), {}), std::nullopt) << "our own";
  EXPECT_EQ(tunnel.addresses[0].network(), prefix("10.99.0.2/32"));
}

TEST_F(Links, KnowOurOwnAddressesAndNames) {
  EXPECT_TRUE(interfaces.is_local(addr("192.168.1.1")));
  EXPECT_FALSE(interfaces.is_local(addr("172.16.0.1"))) << "down";
  EXPECT_TRUE(interfaces.is_local_on(addr("172.16.0.1"), 4));
  EXPECT_FALSE(interfaces.is_local_on(addr("172.16.0.1"), 9));
  EXPECT_EQ(interfaces.name_of(3), "eth1");
  EXPECT_EQ(interfaces.name_of(9), "");
  EXPECT_EQ(interfaces.index_of("eth2"), 4U);
  EXPECT_EQ(interfaces.index_of("eth9"), std::nullopt);
  EXPECT_FALSE(interfaces.update(*interfaces.find(2))) << "nothing new";
  EXPECT_TRUE(interfaces.remove(2));
  EXPECT_FALSE(interfaces.remove(2));
}

class Resolver : public Links {
 protected:
  void add(const char* text, policy::RouteAttrs attrs, ProtocolId protocol = 1) {
    Path path;
    path.attrs = pool.intern(std::move(attrs));
    path.protocol = protocol;
    table.update(prefix(text), path);
    settle();
  }
  void remove(const char* text, ProtocolId protocol = 1) {
    table.withdraw(protocol, prefix(text));
    settle();
  }
  void settle() {
    table.decide([&](const Change& change) { resolver.table_changed(change.prefix); });
    changed = resolver.resolve();
  }
  static policy::RouteAttrs via(const char* gateway, IfIndex index) {
    policy::RouteAttrs attrs;
    attrs.source = intent::RouteSource::static_;
    attrs.forwarding.destination = Destination::unicast;
    attrs.forwarding.next_hops = {{addr(gateway), index, 1, false}};
    return attrs;
  }
  static policy::RouteAttrs device(IfIndex index) {
    policy::RouteAttrs attrs;
    attrs.source = intent::RouteSource::device;
    attrs.forwarding.destination = Destination::unicast;
    attrs.forwarding.next_hops = {{std::nullopt, index, 1, false}};
    return attrs;
  }
  /// "unicast 10.0.0.1@2 metric 0"
  static std::string text(const NextHopRef& ref) {
    std::string made = ref->forwarding.destination == Destination::unicast     ? "unicast"
                       : ref->forwarding.destination == Destination::blackhole ? "blackhole"
                                                                               : "unreachable";
    for (const policy::NextHop& hop : ref->forwarding.next_hops) {
      made += " " + to_string(*hop.via) + "@" + std::to_string(hop.interface);
    }
    const std::uint32_t metric = ref->forwarding.igp_metric;
    return made + " metric " + (metric == policy::kMetricUnknown ? "?" : std::to_string(metric));
  }

  AttrPool pool;
  Protocols protocols;
  Table table{"master4", net::Family::ipv4, protocols};
  NextHopResolver resolver{table, interfaces};
  bool changed = false;
};

TEST_F(Resolver, AnswersByTheLongestMatch) {
  add("192.168.1.0/24", device(2));
  add("10.0.0.0/8", via("192.168.1.2", 2));
  const NextHopRef on_link = resolver.acquire(addr("192.168.1.9"));
  const NextHopRef behind = resolver.acquire(addr("10.9.9.9"));
  const NextHopRef nowhere = resolver.acquire(addr("11.0.0.1"));
  EXPECT_EQ(text(on_link), "unicast 192.168.1.9@2 metric 0");
  EXPECT_EQ(text(behind), "unicast 192.168.1.2@2 metric ?");
  EXPECT_EQ(text(nowhere), "unreachable metric 0");
  EXPECT_EQ(nowhere->problem, "no route to 11.0.0.1");
  EXPECT_EQ(behind->through, prefix("10.0.0.0/8"));
}

TEST_F(Resolver, FollowsChangesOfTheTable) {
  add("192.168.1.0/24", device(2));
  const NextHopRef ref = resolver.acquire(addr("10.9.9.9"));
  const NextHopRef other = resolver.acquire(addr("192.168.1.9"));
  EXPECT_EQ(text(ref), "unreachable metric 0");
  add("10.0.0.0/8", via("192.168.1.2", 2));
  EXPECT_TRUE(changed);
  EXPECT_TRUE(ref->changed);
  EXPECT_FALSE(other->changed);
  resolver.changes_done();
  EXPECT_FALSE(ref->changed);
  add("10.9.0.0/16", via("192.168.1.3", 2));
  EXPECT_EQ(text(ref), "unicast 192.168.1.3@2 metric ?");
  add("10.8.0.0/16", via("192.168.1.4", 2));
  EXPECT_FALSE(changed) << "does not concern the address";
  remove("10.9.0.0/16");
  EXPECT_EQ(text(ref), "unicast 192.168.1.2@2 metric ?");
  remove("10.0.0.0/8");
  EXPECT_EQ(text(ref), "unreachable metric 0");
}

TEST_F(Resolver, TakesOverBlackholesAndSetMetrics) {
  policy::RouteAttrs hole;
  hole.forwarding.destination = Destination::blackhole;
  add("10.0.0.0/8", hole);
  policy::RouteAttrs metric = via("192.168.1.2", 2);
  policy::set_extra(metric, intent::RouteAttribute::igp_metric, std::uint32_t{33});
  add("11.0.0.0/8", metric);
  EXPECT_EQ(text(resolver.acquire(addr("10.9.9.9"))), "blackhole metric ?");
  EXPECT_EQ(text(resolver.acquire(addr("11.0.0.1"))), "unicast 192.168.1.2@2 metric 33");
  policy::RouteAttrs bgp = via("192.168.1.2", 2);
  bgp.source = intent::RouteSource::bgp;
  add("12.0.0.0/8", bgp);
  EXPECT_EQ(text(resolver.acquire(addr("12.0.0.1"))), "unicast 192.168.1.2@2 metric ?");
}

TEST_F(Resolver, NeverResolvesThroughARecursiveRoute) {
  add("192.168.1.0/24", device(2));
  policy::RouteAttrs recursive = via("192.168.1.2", 2);
  recursive.recursive = policy::RecursiveNextHop{addr("192.168.1.2"), std::nullopt, "master4"};
  add("10.0.0.0/8", recursive);
  const NextHopRef ref = resolver.acquire(addr("10.9.9.9"));
  EXPECT_EQ(text(ref), "unreachable metric 0");
  EXPECT_EQ(ref->problem, "10.9.9.9 is only reached through 10.0.0.0/8, whose own next hop is recursive");
}

TEST_F(Resolver, NorThroughAPrefixWithARecursiveRouteOfTheSamePreference) {
  add("10.0.0.0/8", via("192.168.1.2", 2), 1);
  const NextHopRef ref = resolver.acquire(addr("10.9.9.9"));
  EXPECT_EQ(text(ref), "unicast 192.168.1.2@2 metric ?");

  policy::RouteAttrs recursive = via("192.168.1.3", 2);
  recursive.recursive = policy::RecursiveNextHop{addr("192.168.1.3"), std::nullopt, "master4"};
  add("10.0.0.0/8", recursive, 2);
  EXPECT_TRUE(changed) << "although the best route is the same";
  EXPECT_EQ(text(ref), "unreachable metric 0");
  EXPECT_EQ(
      ref->problem,
      "10.9.9.9 is only reached through 10.0.0.0/8, which has another route of the same preference whose "
      "own next hop is recursive");

  policy::RouteAttrs preferred = via("192.168.1.2", 2);
  preferred.preference = 200;
  add("10.0.0.0/8", preferred, 1);
  EXPECT_EQ(text(ref), "unicast 192.168.1.2@2 metric ?") << "it is not as good any more";

  preferred.recursive = recursive.recursive;
  Path kept;
  kept.attrs = pool.intern(preferred);
  kept.protocol = 2;
  kept.flags.filtered = true;
  table.update(prefix("10.0.0.0/8"), kept);
  settle();
  EXPECT_EQ(text(ref), "unreachable metric 0") << "filtered routes count, too";
  remove("10.0.0.0/8", 2);
  EXPECT_EQ(text(ref), "unicast 192.168.1.2@2 metric ?");
}

TEST_F(Resolver, NobodyNeedsAnAddressOnAPointToPointLink) {
  InterfaceState tunnel = *interfaces.find(2);
  tunnel.point_to_point = true;
  interfaces.update(tunnel);
  add("192.168.1.0/24", device(2));
  add("10.0.0.0/8", via("192.168.1.2", 2));
  const NextHopRef on_link = resolver.acquire(addr("192.168.1.9"));
  ASSERT_EQ(on_link->forwarding.next_hops.size(), 1U);
  EXPECT_EQ(on_link->forwarding.next_hops[0].via, std::nullopt) << "BIRD's `dev tun0`";
  EXPECT_EQ(text(resolver.acquire(addr("10.9.9.9"))), "unicast 192.168.1.2@2 metric ?")
      << "that was asked for";
}

TEST_F(Resolver, NobodyIsBehindTheLoopbackInterface) {
  InterfaceState loopback = *interfaces.find(1);
  loopback.loopback = true;
  interfaces.update(loopback);
  add("10.0.0.0/8", device(1));
  const NextHopRef ref = resolver.acquire(addr("10.9.9.9"));
  ASSERT_EQ(ref->forwarding.next_hops.size(), 1U);
  EXPECT_EQ(ref->forwarding.next_hops[0].via, std::nullopt) << "no gateway: BIRD's `dev lo`";
}

TEST_F(Resolver, RefusesOurOwnAddress) {
  add("192.168.1.0/24", device(2));
  const NextHopRef ref = resolver.acquire(addr("192.168.1.1"));
  EXPECT_EQ(text(ref), "unreachable metric 0");
  EXPECT_EQ(ref->problem, "192.168.1.1 is an address of our interface eth0");
  InterfaceState without = *interfaces.find(2);
  without.addresses.clear();
  interfaces.update(without);
  resolver.interfaces_changed();
  EXPECT_TRUE(resolver.resolve());
  EXPECT_EQ(text(ref), "unicast 192.168.1.1@2 metric 0");
}

TEST_F(Resolver, UsesTheLinkLocalAddressOnLink) {
  Table table6("master6", net::Family::ipv6, protocols);
  Path path;
  path.attrs = pool.intern(device(2));
  path.protocol = 1;
  table6.update(prefix("2001:db8::/64"), path);
  table6.decide([](const Change&) {});
  NextHopResolver resolver6(table6, interfaces);
  EXPECT_EQ(text(resolver6.acquire(addr("2001:db8::2"), addr("fe80::2"))), "unicast fe80::2@2 metric 0");
  EXPECT_EQ(text(resolver6.acquire(addr("2001:db8::2"))), "unicast 2001:db8::2@2 metric 0");
}

TEST_F(Resolver, SharesOneEntryAndForgetsIt) {
  {
    const NextHopRef a = resolver.acquire(addr("10.0.0.1"));
    const NextHopRef b = resolver.acquire(addr("10.0.0.1"));
    EXPECT_EQ(a, b);
    EXPECT_EQ(a->users, 2U);
    EXPECT_EQ(resolver.size(), 1U);
    resolver.table_changed(prefix("10.0.0.0/8"));
  }
  EXPECT_EQ(resolver.size(), 0U);
  EXPECT_FALSE(resolver.resolve()) << "what was marked is gone";
}

TEST_F(Resolver, ChangesDecideTheRoutesThatUseThem) {
  DecisionOptions bgp;
  bgp.bgp = true;
  protocols.set(7, bgp);
  bgp.remote_id = 9;
  protocols.set(8, bgp);
  add("10.0.0.0/8", via("192.168.1.2", 2));
  Table routes("bgp", net::Family::ipv4, protocols);
  for (const ProtocolId id : {7U, 8U}) {
    policy::RouteAttrs attrs;
    attrs.source = intent::RouteSource::bgp;
    const net::IpAddr address = id == 7 ? addr("10.0.0.7") : addr("11.0.0.8");
    attrs.recursive = policy::RecursiveNextHop{address, std::nullopt, "master4"};
    Path path;
    path.attrs = pool.intern(std::move(attrs));
    path.attrs.bind_next_hop(resolver.acquire(address));
    path.protocol = id;
    routes.update(prefix("20.0.0.0/8"), path);
  }
  std::vector<ProtocolId> best;
  const auto note = [&](const Change& change) {
    if (change.best_changed) {
      best.push_back(change.best->protocol);
    }
  };
  routes.decide(note);
  add("11.0.0.0/8", via("192.168.1.3", 2));
  remove("10.0.0.0/8");
  std::vector<const NextHopEntry*> moved;
  resolver.add_changed(moved);
  EXPECT_EQ(moved.size(), 2U);
  routes.next_hops_changed(moved);
  routes.decide(note);
  EXPECT_EQ(best, (std::vector<ProtocolId>{7, 8}));
  resolver.changes_done();
  moved.clear();
  resolver.add_changed(moved);
  routes.next_hops_changed(moved);
  EXPECT_FALSE(routes.dirty());
}

}  // namespace
}  // namespace catflap::bgp::rib
