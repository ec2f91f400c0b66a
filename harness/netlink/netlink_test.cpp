#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "netlink/message.hpp"
#include "netlink/socket.hpp"
#include "sys/clock.hpp"
#include "sys/unix_socket.hpp"

namespace catflap::netlink {
namespace {

using ::testing::HasSubstr;

net::IpAddr ip(std::string_view text) {
  return *net::IpAddr::parse(text);
}
net::Prefix prefix(std::string_view text) {
  return *net::Prefix::parse(text);
}
net::InterfaceAddress address(std::string_view text) {
  return *net::InterfaceAddress::parse(text);
}

/// Two namespaces with a veth between them: a:e0 (192.168.1.1/24, fd00::1/64) - b:e0.
class Netlink : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "skipped: needs root";
    }
    auto made = executor.create_many(2);
    ASSERT_TRUE(made) << made.error().message;
    spaces = std::move(*made);
    for (std::size_t i = 0; i < 2; ++i) {
      sockets.push_back(*Socket::open(executor, spaces[i]));
    }
    Batch batch;
    batch.add_veth({.name = "e0", .mac = *parse_mac("02:00:00:00:00:01"), .mtu = 1400, .alias = {}},
                   {.name = "e0", .mac = *parse_mac("02:00:00:00:00:02"), .mtu = 1400, .alias = {}},
                   spaces[1]);
    batch.set_link("lo", {.up = true});
    batch.set_link("e0", {.up = true, .alias = "catflap:test", .no_ipv6_link_local = true});
    ASSERT_TRUE(ok(sockets[0].commit_all(batch)));
    ASSERT_TRUE(ok(sockets[1].set_link("e0", {.up = true, .no_ipv6_link_local = true})));
    e0 = sockets[0].link("e0")->index;
    ASSERT_TRUE(ok(sockets[0].add_address(e0, address("192.168.1.1/24"))));
    ASSERT_TRUE(ok(sockets[0].add_address(e0, address("fd00::1/64"))));
  }
  static ::testing::AssertionResult ok(const Status& status) {
    return status ? ::testing::AssertionSuccess() : ::testing::AssertionFailure() << status.error().message;
  }
  RouteInfo via(std::string_view destination, std::string_view gateway, std::uint32_t metric = 32) const {
    RouteInfo route;
    route.prefix = prefix(destination);
    route.next_hops = {{.via = ip(gateway), .interface = e0}};
    route.metric = metric;
    route.protocol = route_protocol::kBird;
    return route;
  }

  sys::netns::Executor executor;
  std::vector<sys::netns::Handle> spaces;
  std::vector<Socket> sockets;
  IfIndex e0 = 0;
};

TEST_F(Netlink, MakesBothEndsInPlace) {
  const auto here = sockets[0].link("e0");
  ASSERT_TRUE(here) << here.error().message;
  EXPECT_EQ(here->kind, "veth");
  EXPECT_EQ(here->mtu, 1400U);
  EXPECT_EQ(here->alias, "catflap:test");
  EXPECT_EQ(to_string(*here->mac), "02:00:00:00:00:01");
  EXPECT_TRUE(here->up);
  EXPECT_TRUE(here->carrier);
  const auto links = sockets[1].links();
  ASSERT_TRUE(links);
  ASSERT_EQ(links->size(), 2U);
  EXPECT_EQ(links->back().peer, here->index);
  EXPECT_EQ(sockets[0].link("e9").error().code, Errc::not_found);
}

TEST_F(Netlink, IndicesCanBeChosen) {
  ASSERT_TRUE(ok(sockets[0].add_veth({.name = "e7", .index = 70}, {.name = "e8", .index = 80}, spaces[1])));
  EXPECT_EQ(sockets[0].link("e7")->index, 70U);
  EXPECT_EQ(sockets[1].link("e8")->index, 80U);
  EXPECT_EQ(
      sockets[0].add_veth({.name = "e9", .index = 70}, {.name = "e9", .index = 81}, spaces[1]).error().code,
      Errc::exists);
  EXPECT_FALSE(sockets[0].add_veth({.name = "e9", .index = 71}, {.name = "e9", .index = 80}, spaces[1]));
  EXPECT_FALSE(sockets[0].link("e9")) << "half a pair is left";
}

TEST_F(Netlink, AddressesAreUsableAtOnceAndNoneIsMadeUp) {
  const auto addresses = sockets[0].addresses();
  ASSERT_TRUE(addresses);
  std::vector<std::string> texts;
  for (const AddressInfo& info : *addresses) {
    EXPECT_FALSE(info.tentative) << to_string(info.address);
    if (info.link == e0) {
      texts.push_back(to_string(info.address));
    }
  }
  EXPECT_THAT(texts, ::testing::UnorderedElementsAre("192.168.1.1/24", "fd00::1/64"));
  EXPECT_EQ(sockets[0].add_address(e0, address("192.168.1.1/24")).error().code, Errc::exists);
}

TEST_F(Netlink, RoutesSurviveTheWayThroughTheKernel) {
  std::vector<RouteInfo> wanted;
  wanted.push_back(via("10.2.0.0/24", "192.168.1.2"));
  wanted.push_back(via("0.0.0.0/0", "192.168.1.2"));
  wanted.push_back(via("fd01::/48", "fd00::2"));
  wanted.push_back(via("10.3.0.0/24", "192.168.1.2"));
  wanted.back().next_hops = {{.via = ip("192.168.1.2"), .interface = e0, .weight = 1},
                             {.via = ip("192.168.1.3"), .interface = e0, .weight = 7}};
  wanted.push_back(via("10.4.0.0/24", "172.16.0.1"));
  wanted.back().next_hops[0].onlink = true;
  wanted.push_back(via("10.5.0.0/24", "192.168.1.2"));
  wanted.back().table = 1000;
  wanted.back().prefsrc = ip("192.168.1.1");
  wanted.back().mtu = 1300;
  wanted.push_back(via("10.6.0.0/24", "fd00::2"));  // RFC 5549
  for (const auto type :
       {observe::RouteType::blackhole, observe::RouteType::unreachable, observe::RouteType::prohibit}) {
    for (const char* text : {"10.9.0.0/16", "fd09::/32"}) {
      RouteInfo route = via(text, "192.168.1.2", 100 + static_cast<std::uint32_t>(type));
      route.type = type;
      route.next_hops.clear();
      wanted.push_back(route);
    }
  }
  for (const RouteInfo& route : wanted) {
    ASSERT_TRUE(ok(sockets[0].replace_route(route)));
  }
  auto all = sockets[0].routes(std::nullopt);
  ASSERT_TRUE(all);
  for (RouteInfo route : wanted) {
    const auto found = std::find_if(all->begin(), all->end(), [&](RouteInfo there) {
      there.scope.reset();
      return there == route;
    });
    EXPECT_NE(found, all->end()) << to_string(route);
  }
  EXPECT_EQ(sockets[0].routes(1000)->size(), 1U);
  EXPECT_TRUE(sockets[0].routes(4711)->empty());
  for (const RouteInfo& route : wanted) {
    EXPECT_TRUE(ok(sockets[0].remove_route(route))) << to_string(route);
  }
  const auto left = sockets[0].routes(std::nullopt);
  for (const RouteInfo& route : *left) {
    EXPECT_NE(route.protocol, route_protocol::kBird) << to_string(route);
  }
}

TEST_F(Netlink, ReplacesTheRouteOfTheSameMetricOnly) {
  ASSERT_TRUE(ok(sockets[0].replace_route(via("10.2.0.0/24", "192.168.1.2"))));
  ASSERT_TRUE(ok(sockets[0].replace_route(via("10.2.0.0/24", "192.168.1.3"))));
  ASSERT_TRUE(ok(sockets[0].replace_route(via("10.2.0.0/24", "192.168.1.4", 50))));
  std::vector<std::string> seen;
  const auto there = sockets[0].routes();
  for (const RouteInfo& route : *there) {
    if (route.protocol == route_protocol::kBird) {
      seen.push_back(to_string(*route.next_hops[0].via) + " " + std::to_string(route.metric));
    }
  }
  EXPECT_THAT(seen, ::testing::UnorderedElementsAre("192.168.1.3 32", "192.168.1.4 50"));
  Batch batch;
  batch.add_route(via("10.2.0.0/24", "192.168.1.5"));
  EXPECT_EQ(sockets[0].commit_all(batch).error().code, Errc::exists);
}

TEST_F(Netlink, ErrorsOfABatchBelongToTheirRequests) {
  Batch batch;
  batch.route({via("10.2.0.0/24", "192.168.1.2")});
  const auto bad = batch.route({via("10.3.0.0/24", "172.31.0.1")});
  batch.set_link("e0", {.up = true, .no_ipv6_link_local = true});
  const auto missing = batch.set_link("e7", {.up = true});
  batch.route({via("10.4.0.0/24", "192.168.1.2")});
  const auto absent = batch.route({via("10.77.0.0/24", "192.168.1.2"), false});
  const auto failures = sockets[0].commit(batch);
  ASSERT_TRUE(failures) << failures.error().message;
  ASSERT_EQ(failures->size(), 3U);
  EXPECT_EQ((*failures)[0].request, bad);
  EXPECT_THAT((*failures)[0].error.message, HasSubstr("route 10.3.0.0/24 via 172.31.0.1"));
  EXPECT_THAT((*failures)[0].error.message, HasSubstr("Nexthop has invalid gateway"));
  EXPECT_EQ((*failures)[1].request, missing);
  EXPECT_EQ((*failures)[1].error.code, Errc::not_found);
  EXPECT_EQ((*failures)[2].request, absent);
  EXPECT_EQ((*failures)[2].error.sys_errno, ESRCH);
  EXPECT_TRUE(batch.empty());
  EXPECT_TRUE(sockets[0].commit(batch)->empty());
}

TEST_F(Netlink, AppliesManyRoutesWithOneResultEach) {
  std::vector<RouteChange> changes;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    RouteInfo route = via("10.2.0.0/24", i % 10 == 3 ? "172.31.0.1" : "192.168.1.2");
    route.prefix = net::Prefix(net::IpAddr::v4(0x0a100000U + (i << 8U)), 24);
    changes.push_back({route, true});
  }
  const auto results = sockets[0].apply(changes);
  ASSERT_TRUE(results) << results.error().message;
  ASSERT_EQ(results->size(), 1000U);
  for (std::size_t i = 0; i < 1000; ++i) {
    EXPECT_EQ((*results)[i], i % 10 == 3 ? ENETUNREACH : 0) << i;
  }
  EXPECT_EQ(sockets[0].routes()->size(), 900U + 2U);  // and those of the two addresses
  for (RouteChange& change : changes) {
    change.present = false;
  }
  const auto removed = sockets[0].apply(changes);
  ASSERT_TRUE(removed);
  EXPECT_EQ(std::count(removed->begin(), removed->end(), ESRCH), 100);
}

TEST_F(Netlink, TellsTheRouteToADestination) {
  ASSERT_TRUE(ok(sockets[0].replace_route(via("10.2.0.0/24", "192.168.1.2"))));
  RouteInfo hole = via("10.9.0.0/16", "192.168.1.2");
  hole.type = observe::RouteType::unreachable;
  hole.next_hops.clear();
  ASSERT_TRUE(ok(sockets[0].replace_route(hole)));
  const auto route = sockets[0].route_to(ip("10.2.0.7"));
  ASSERT_TRUE(route) << route.error().message;
  EXPECT_EQ(route->next_hops[0].via, ip("192.168.1.2"));
  EXPECT_EQ(route->prefsrc, ip("192.168.1.1"));
  EXPECT_EQ(sockets[0].route_to(ip("10.9.0.1")).error().sys_errno, EHOSTUNREACH);
  EXPECT_EQ(sockets[0].route_to(ip("8.8.8.8")).error().sys_errno, ENETUNREACH);
}

TEST_F(Netlink, MonitorTellsWhatChanges) {
  auto monitor = Monitor::open(executor, spaces[0]);
  ASSERT_TRUE(monitor) << monitor.error().message;
  EXPECT_TRUE(monitor->read()->empty());
  ASSERT_TRUE(ok(sockets[0].replace_route(via("10.2.0.0/24", "192.168.1.2"))));
  ASSERT_TRUE(ok(sockets[0].replace_route(via("10.2.0.0/24", "192.168.1.3"))));
  ASSERT_TRUE(ok(sockets[0].remove_route(via("10.2.0.0/24", "192.168.1.3"))));
  ASSERT_TRUE(ok(sockets[0].add_address(e0, address("192.168.7.1/24"))));
  ASSERT_TRUE(ok(sockets[0].set_link("e0", {.up = false})));
  ASSERT_TRUE(ok(sys::wait_fd(monitor->fd(), POLLIN, 5000)));
  std::vector<std::string> seen;
  const auto events = monitor->read();
  for (const Event& event : *events) {
    if (const auto* route = std::get_if<RouteEvent>(&event);
        route && route->route.protocol == route_protocol::kBird) {
      seen.push_back(std::string(route->added ? "+" : "-") + (route->replaced ? "r " : " ") +
                     to_string(route->route));
    } else if (const auto* added = std::get_if<AddressEvent>(&event); added && added->added) {
      seen.push_back("address " + to_string(added->address.address));
    } else if (const auto* link = std::get_if<LinkEvent>(&event); link && !link->link.up) {
      seen.push_back("down " + link->link.name);
    }
  }
  const std::string tail = " dev " + std::to_string(e0) + " proto bird metric 32";
  ASSERT_GE(seen.size(), 5U);
  seen.resize(5);
  EXPECT_THAT(seen, ::testing::ElementsAre(
                        "+ 10.2.0.0/24 via 192.168.1.2" + tail, "+r 10.2.0.0/24 via 192.168.1.3" + tail,
                        "- 10.2.0.0/24 via 192.168.1.3" + tail, "address 192.168.7.1/24", "down e0"));
}

TEST_F(Netlink, MonitorLeavesOutWhatASocketDoes) {
  auto monitor = Monitor::open(executor, spaces[0]);
  auto other = Socket::open(executor, spaces[0]);
  ASSERT_TRUE(monitor && other);
  monitor->ignore(sockets[0]);
  EXPECT_NE(sockets[0].port(), other->port());
  ASSERT_TRUE(ok(sockets[0].replace_route(via("10.2.0.0/24", "192.168.1.2"))));
  ASSERT_TRUE(ok(sockets[0].remove_route(via("10.2.0.0/24", "192.168.1.2"))));
  int octet = 0;
  EXPECT_LT(::recv(monitor->fd(), &octet, sizeof octet, MSG_DONTWAIT | MSG_PEEK), 0) << "not in the kernel";
  ASSERT_TRUE(ok(sockets[0].replace_route(via("10.2.0.0/24", "192.168.1.2"))));
  ASSERT_TRUE(ok(other->replace_route(via("10.2.0.0/24", "192.168.1.3"))));
  ASSERT_TRUE(ok(other->remove_route(via("10.2.0.0/24", "192.168.1.3"))));
  ASSERT_TRUE(ok(sockets[0].add_address(e0, address("192.168.7.1/24"))));
  std::vector<std::string> seen;
  const auto events = monitor->read();
  for (const Event& event : *events) {
    if (const auto* route = std::get_if<RouteEvent>(&event)) {
      seen.push_back((route->added ? "+" : "-") + to_string(route->route.prefix));
    } else if (std::holds_alternative<AddressEvent>(event)) {
      seen.emplace_back("address");
    }
  }
  // The last route is one that the kernel makes for the address, on our behalf.
  ASSERT_GE(seen.size(), 3U);
  EXPECT_EQ(seen[0], "+10.2.0.0/24");
  EXPECT_EQ(seen[1], "-10.2.0.0/24");
  EXPECT_THAT(seen, ::testing::Contains("address"));
}

TEST_F(Netlink, AppliesPiecesOfFailures) {
  // More refusals than one piece may bring, and one success at each end.
  constexpr std::size_t kCount = 10'000;
  std::vector<RouteChange> changes(kCount, {via("10.2.0.0/24", "172.31.0.1"), true});
  changes.front() = changes.back() = {via("10.2.0.0/24", "192.168.1.2"), true};
  const auto results = sockets[0].apply(changes);
  ASSERT_TRUE(results) << results.error().message;
  EXPECT_EQ(results->front(), 0);
  EXPECT_EQ(results->back(), 0);
  EXPECT_EQ(std::count(results->begin(), results->end(), ENETUNREACH), static_cast<long>(kCount - 2));
}

TEST_F(Netlink, MonitorOverrunIsTold) {
  auto monitor = Monitor::open(executor, spaces[0], {.receive_bytes = 2048});
  ASSERT_TRUE(monitor);
  std::vector<RouteChange> changes;
  for (std::uint32_t i = 0; i < 200; ++i) {
    changes.push_back({via("10.2.0.0/24", "192.168.1.2")});
    changes.back().route.prefix = net::Prefix(net::IpAddr::v4(0x0a100000U + (i << 8U)), 24);
  }
  ASSERT_TRUE(sockets[0].apply(changes));
  bool overrun = false;
  const auto events = monitor->read();
  for (const Event& event : *events) {
    overrun = overrun || std::holds_alternative<Overrun>(event);
  }
  EXPECT_TRUE(overrun);
}

TEST_F(Netlink, BridgesTakePorts) {
  ASSERT_TRUE(ok(sockets[0].add_bridge({.name = "br0"})));
  const auto bridge = sockets[0].link("br0");
  ASSERT_TRUE(bridge);
  EXPECT_EQ(bridge->kind, "bridge");
  ASSERT_TRUE(ok(sockets[0].set_link("e0", {.master = bridge->index})));
  EXPECT_EQ(sockets[0].link("e0")->master, bridge->index);
  ASSERT_TRUE(ok(sockets[0].delete_link(bridge->index)));
  EXPECT_FALSE(sockets[0].link("br0"));
}

TEST_F(Netlink, TakenNamesAreRefused) {
  EXPECT_EQ(sockets[0].add_veth({.name = "e0"}, {.name = "e5"}, spaces[1]).error().code, Errc::exists);
  EXPECT_EQ(sockets[0].add_veth({.name = "e5"}, {.name = "e0"}, spaces[1]).error().code, Errc::exists);
  EXPECT_FALSE(sockets[0].link("e5")) << "half a pair is left";
}

TEST(NetlinkCodec, BrokenMessagesAreRefusedWithoutReadingBeyondThem) {
  std::vector<char> bytes;
  RouteInfo route;
  route.prefix = prefix("10.2.0.0/24");
  route.next_hops = {{.via = ip("192.168.1.2"), .interface = 2}, {.via = ip("192.168.1.3"), .interface = 3}};
  encode_route(bytes, {route}, false);
  for (std::size_t length = sizeof(nlmsghdr); length <= bytes.size(); ++length) {
    std::vector<char> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
    const auto octets = static_cast<std::uint32_t>(length);
    std::memcpy(cut.data(), &octets, sizeof octets);
    nlmsghdr* const message = reinterpret_cast<nlmsghdr*>(cut.data());
    const auto decoded = decode_route(*message);
    EXPECT_EQ(decoded.has_value(), length >= NLMSG_LENGTH(sizeof(rtmsg))) << length;
    (void)decode_link(*message);
    (void)decode_address(*message);
    (void)decode_neighbour(*message);
  }
  const auto whole = decode_route(*reinterpret_cast<const nlmsghdr*>(bytes.data()));
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->next_hops, route.next_hops);
}

TEST(NetlinkCodec, RoutesOfAnySizeAreWritten) {
  for (const std::uint32_t count : {2U, 64U, 1000U}) {
    std::vector<char> bytes;
    RouteInfo route;
    route.prefix = prefix("10.2.0.0/24");
    for (std::uint32_t i = 0; i < count; ++i) {
      route.next_hops.push_back({.via = net::IpAddr::v4(0x0a000001U + i), .interface = 2 + i});
    }
    encode_route(bytes, {route}, false);
    const auto decoded = decode_route(*reinterpret_cast<const nlmsghdr*>(bytes.data()));
    ASSERT_TRUE(decoded) << count;
    EXPECT_EQ(decoded->next_hops, route.next_hops) << count;
  }
}

TEST(NetlinkTypes, NamesAndViews) {
  EXPECT_EQ(route_protocol_name(12), "bird");
  EXPECT_EQ(route_protocol_name(186), "bgp");
  EXPECT_EQ(route_protocol_name(77), "77");
  EXPECT_FALSE(parse_mac("02:00:00:00:00"));
  EXPECT_FALSE(parse_mac("02-00-00-00-00-01"));
  RouteInfo route;
  route.prefix = prefix("10.2.0.0/24");
  route.protocol = 12;
  route.metric = 32;
  route.next_hops = {{.via = ip("192.168.1.2"), .interface = 2}};
  const auto view = to_view(route, std::vector<LinkInfo>{{.index = 2, .name = "eth0"}});
  EXPECT_EQ(view.protocol, "bird");
  EXPECT_EQ(view.table, "254");
  EXPECT_EQ(view.next_hops, (std::vector<observe::NextHopView>{{ip("192.168.1.2"), "eth0", 1, false}}));
}

}  // namespace
}  // namespace catflap::netlink
