#include <gtest/gtest.h>

#include "sim/testing.hpp"

namespace catflap::bgp::testing {
namespace {

using observe::SessionState;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// The two routers of the lab book: r1 AS 64512, r2 AS 64513, a network each on lo.
intent::RouterIntent lab_router(int which) {
  intent::RouterIntent intent = router(which == 1 ? 0x01010101 : 0x02020202);
  const std::string own = which == 1 ? "10.1.0.0/24" : "10.2.0.0/24";
  intent::ProtocolIntent peer = which == 1 ? bgp("peer_r2", 64512, "192.168.1.2", 64513, "192.168.1.1")
                                           : bgp("peer_r1", 64513, "192.168.1.1", 64512, "192.168.1.2");
  peer.channels[0].export_filter = where_net(own);
  intent.protocols = {device(), direct({"lo"}), kernel(), peer};
  return intent;
}

VirtualNetwork two_routers() {
  VirtualNetwork net;
  net.add_node("r1", 1);
  net.add_node("r2", 2);
  net.add_link("r1", "veth-r1", {"192.168.1.1/24"}, "r2", "veth-r2", {"192.168.1.2/24"});
  net.add_address("r1", "lo", "10.1.0.1/24");
  net.add_address("r2", "lo", "10.2.0.1/24");
  net.configure("r1", lab_router(1));
  net.configure("r2", lab_router(2));
  return net;
}

TEST(TwoRouters, EstablishAtOnceAndInstallTheRoute) {
  VirtualNetwork net = two_routers();
  net.run_for(milliseconds(10));
  EXPECT_EQ(net.session("r1", "peer_r2"), SessionState::established);
  EXPECT_EQ(net.session("r2", "peer_r1"), SessionState::established);
  const auto& fib = net.fib("r1");
  ASSERT_EQ(fib.count(prefix("10.2.0.0/24")), 1U);
  const KernelRouteSpec& route = fib.at(prefix("10.2.0.0/24"));
  ASSERT_EQ(route.next_hops.size(), 1U);
  EXPECT_EQ(route.next_hops[0].via, addr("192.168.1.2"));
  EXPECT_EQ(route.next_hops[0].interface, net.index("r1", "veth-r1"));
  EXPECT_EQ(route.metric, 32U);
  EXPECT_EQ(route.protocol, 12);
  EXPECT_EQ(route.table, 254U);
  // As BIRD 2: device routes go to the kernel, too.
  ASSERT_EQ(fib.count(prefix("10.1.0.0/24")), 1U);
  EXPECT_EQ(fib.at(prefix("10.1.0.0/24")).scope, 253);
  EXPECT_EQ(fib.size(), 2U);

  const auto routes = net.routes("r1", "10.2.0.0/24");
  ASSERT_EQ(routes.size(), 1U);
  EXPECT_EQ(routes[0].protocol, "peer_r2");
  EXPECT_EQ(routes[0].source, "BGP");
  EXPECT_EQ(routes[0].preference, 100U);
  EXPECT_FALSE(routes[0].metric.has_value());
  EXPECT_TRUE(routes[0].best);
  ASSERT_TRUE(routes[0].bgp.has_value());
  EXPECT_EQ(to_string(routes[0].bgp->as_path), "64513");
  EXPECT_EQ(routes[0].bgp->origin, "IGP");
  EXPECT_EQ(routes[0].bgp->local_pref, 100U);
  EXPECT_EQ(routes[0].next_hops[0].interface, "veth-r1");

  const auto view = net.protocol("r1", "peer_r2");
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->state, observe::ProtocolState::up);
  ASSERT_EQ(view->channels.size(), 1U);
  EXPECT_EQ(view->channels[0].imported, 1U);
  EXPECT_EQ(view->channels[0].exported, 1U);
  EXPECT_EQ(view->channels[0].preferred, 1U);
  EXPECT_EQ(view->session->source_address, addr("192.168.1.1"));
  EXPECT_EQ(view->session->peer_id, 0x02020202U);
  EXPECT_EQ(view->session->last_error, "");
}

TEST(TwoRouters, ExportQueriesRunTheFilter) {
  VirtualNetwork net = two_routers();
  net.run_for(milliseconds(10));
  RouteQuery query;
  query.export_mode = RouteQuery::Export::exported;
  query.export_protocol = "peer_r2";
  auto routes = net.routes("r1", query);
  ASSERT_EQ(routes.size(), 1U);
  EXPECT_EQ(routes[0].prefix, prefix("10.1.0.0/24"));
  EXPECT_EQ(routes[0].source, "device");
  query.export_protocol = "nobody";
  EXPECT_FALSE(net.speaker("r1").routes(query, [](const auto&) { return true; }).has_value());
}

TEST(TwoRouters, LinkDownTakesSessionAndRoutes) {
  VirtualNetwork net = two_routers();
  net.run_for(seconds(1));
  net.set_link("r1", "veth-r1", false);
  net.run_for(milliseconds(10));
  EXPECT_EQ(net.session("r1", "peer_r2"), SessionState::idle);
  EXPECT_EQ(net.protocol("r1", "peer_r2")->session->last_error, "Error: Neighbor lost");
  EXPECT_EQ(net.fib("r1").count(prefix("10.2.0.0/24")), 0U);
  EXPECT_TRUE(net.routes("r1", "10.2.0.0/24").empty());
  net.set_link("r1", "veth-r1", true);
  net.run_for(seconds(2));
  EXPECT_EQ(net.session("r1", "peer_r2"), SessionState::established);
  EXPECT_EQ(net.fib("r1").count(prefix("10.2.0.0/24")), 1U);
}

TEST(TwoRouters, DisableCarriesTheText) {
  VirtualNetwork net = two_routers();
  net.run_for(seconds(1));
  net.admin("r1", ev::Admin::Verb::disable, "peer_r2", "maintenance window 7");
  net.run_for(milliseconds(10));
  EXPECT_EQ(net.protocol("r1", "peer_r2")->state, observe::ProtocolState::down);
  EXPECT_EQ(net.protocol("r1", "peer_r2")->session->message, "maintenance window 7");
  const auto other = net.protocol("r2", "peer_r1");
  EXPECT_EQ(other->state, observe::ProtocolState::start);
  EXPECT_EQ(other->session->last_error, "Received: Administrative shutdown");
  EXPECT_EQ(other->session->message, "maintenance window 7");
  EXPECT_EQ(net.fib("r1").count(prefix("10.2.0.0/24")), 0U);
  EXPECT_EQ(net.fib("r2").count(prefix("10.1.0.0/24")), 0U);
  net.admin("r1", ev::Admin::Verb::enable, "peer_r2");
  net.run_for(seconds(5));
  EXPECT_EQ(net.session("r1", "peer_r2"), SessionState::established);
  EXPECT_EQ(net.fib("r2").count(prefix("10.1.0.0/24")), 1U);
}

TEST(TwoRouters, SameConfigurationChangesNothing) {
  VirtualNetwork net = two_routers();
  net.run_for(seconds(1));
  (void)net.drain_log("r1");
  const std::uint64_t updates = net.updates_sent("r1");
  net.configure("r1", lab_router(1));
  net.run_for(milliseconds(100));
  EXPECT_TRUE(net.drain_log("r1").empty());
  EXPECT_EQ(net.updates_sent("r1"), updates);
  EXPECT_EQ(net.session("r2", "peer_r1"), SessionState::established);
}

TEST(TwoRouters, ChangedFilterIsAppliedWithoutAFlap) {
  VirtualNetwork net = two_routers();
  net.run_for(seconds(1));
  const auto since = net.protocol("r1", "peer_r2")->since;
  intent::RouterIntent changed = lab_router(1);
  changed.protocols[3].channels[0].export_filter = intent::FilterRef::none();
  net.configure("r1", changed);
  net.run_for(milliseconds(10));
  EXPECT_TRUE(net.routes("r2", "10.1.0.0/24").empty());
  changed.protocols[3].channels[0].export_filter = intent::FilterRef::all();
  changed.protocols[3].channels[0].import_filter = where_net("10.2.0.0/24", true);
  net.configure("r1", changed);
  net.run_for(milliseconds(10));
  EXPECT_EQ(net.routes("r2", "10.1.0.0/24").size(), 1U);
  EXPECT_TRUE(net.routes("r1", "10.2.0.0/24").empty()) << "the import filter refuses it now";
  EXPECT_EQ(net.fib("r1").count(prefix("10.2.0.0/24")), 0U);
  changed.protocols[3].channels[0].import_filter = intent::FilterRef::all();
  net.configure("r1", changed);
  net.run_for(milliseconds(10));
  EXPECT_EQ(net.routes("r1", "10.2.0.0/24").size(), 1U) << "the refused route was kept";
  EXPECT_EQ(net.protocol("r1", "peer_r2")->since, since);
}

TEST(TwoRouters, ChangedSessionRestartsWithItsCease) {
  VirtualNetwork net = two_routers();
  net.run_for(seconds(1));
  intent::RouterIntent changed = lab_router(1);
  std::get<intent::BgpIntent>(changed.protocols[3].body).hold_time = seconds(30);
  net.configure("r1", changed);
  net.run_for(milliseconds(1));
  const auto other = net.protocol("r2", "peer_r1");
  ASSERT_TRUE(other->session->last_notification.has_value());
  EXPECT_EQ(other->session->last_notification->code, 6);
  EXPECT_EQ(other->session->last_notification->subcode, 6);
  net.run_for(seconds(10));
  EXPECT_EQ(net.session("r1", "peer_r2"), SessionState::established);
  changed.protocols.pop_back();
  net.configure("r1", changed);
  net.run_for(milliseconds(1));
  EXPECT_EQ(net.protocol("r2", "peer_r1")->session->last_notification->subcode, 3);
  EXPECT_FALSE(net.protocol("r1", "peer_r2").has_value());
  EXPECT_EQ(net.fib("r1").count(prefix("10.2.0.0/24")), 0U);
}

TEST(TwoRouters, StrangersAreToldWhy) {
  VirtualNetwork net = two_routers();
  net.run_for(seconds(1));
  const ConnId conn = net.connect_raw("r1", {addr("192.168.1.77"), 33333, 0}, {addr("192.168.1.1"), 179, 0});
  net.run_for(milliseconds(10));
  const Bytes said = net.raw_received(conn);
  ASSERT_GE(said.size(), 21U);
  EXPECT_EQ(said[18], std::byte{3});
  EXPECT_EQ(said[19], std::byte{6});
  EXPECT_EQ(said[20], std::byte{5});
  EXPECT_TRUE(net.raw_closed(conn));
}

/// A message of a type with a body.
void append_message(Bytes& out, std::uint8_t type, std::initializer_list<int> body = {}) {
  out.insert(out.end(), 16, std::byte{0xFF});
  out.push_back(std::byte{0});
  out.push_back(static_cast<std::byte>(19 + body.size()));
  out.push_back(static_cast<std::byte>(type));
  for (const int octet : body) {
    out.push_back(static_cast<std::byte>(octet));
  }
}

TEST(TwoRouters, ASessionMayEndInTheReadThatEstablishesIt) {
  VirtualNetwork net;
  net.add_node("r1", 1);
  net.add_node("r2", 2);  // not configured: the test is the peer
  net.add_link("r1", "veth-r1", {"192.168.1.1/24"}, "r2", "veth-r2", {"192.168.1.2/24"});
  net.configure("r1", lab_router(1));
  net.run_for(milliseconds(10));
  const ConnId conn = net.connect_raw("r1", {addr("192.168.1.2"), 33333, 0}, {addr("192.168.1.1"), 179, 0});
  net.run_for(milliseconds(10));
  Bytes open;
  append_message(open, 1, {4, 64513 >> 8, 64513 & 255, 0, 90, 2, 2, 2, 2, 8, 2, 6, 1, 4, 0, 1, 0, 1});
  net.inject("r1", ev::TcpBytes{conn, open});
  net.run_for(milliseconds(10));
  ASSERT_EQ(net.session("r1", "peer_r2"), SessionState::open_confirm);
  Bytes rest;
  append_message(rest, 4);
  append_message(rest, 2, {0, 0, 0, 0});
  append_message(rest, 3, {6, 2});
  net.inject("r1", ev::TcpBytes{conn, rest});
  net.run_for(milliseconds(10));
  EXPECT_NE(net.session("r1", "peer_r2"), SessionState::established);
  EXPECT_EQ(net.protocol("r1", "peer_r2")->session->last_error, "Received: Administrative shutdown");
}

TEST(TwoRouters, ShutdownSaysGoodbyeAndCleansUp) {
  VirtualNetwork net = two_routers();
  net.run_for(seconds(1));
  net.inject("r1", ev::ShutDown{"power off", false});
  net.run_for(milliseconds(10));
  EXPECT_TRUE(net.fib("r1").empty());
  EXPECT_EQ(net.protocol("r2", "peer_r1")->session->message, "power off");
  const auto log = net.drain_log("r1");
  ASSERT_FALSE(log.empty());
  EXPECT_TRUE(std::holds_alternative<act::ShutDownDone>(log.back()));
}

TEST(TwoRouters, LeftoversAreRemovedAndWantedOnesStay) {
  VirtualNetwork net;
  net.add_node("r1", 1);
  net.add_node("r2", 2);
  net.run_for(milliseconds(1));
  KernelRouteSpec old;
  old.prefix = prefix("10.99.0.0/24");
  old.type = observe::RouteType::blackhole;
  old.metric = 32;
  KernelRouteSpec wanted = old;
  wanted.prefix = prefix("10.98.0.0/24");
  KernelRouteSpec alien = old;
  alien.prefix = prefix("10.97.0.0/24");
  alien.protocol = 4;
  for (const KernelRouteSpec& route : {old, wanted, alien}) {
    net.inject("r1", ev::KernelRoute{route, true});
  }
  intent::RouterIntent intent = router(1);
  intent.protocols = {device(), kernel(), blackholes("static1", {"10.98.0.0/24"})};
  net.configure("r1", intent);
  net.inject("r1", ev::KernelScanDone{});
  net.run_for(milliseconds(10));
  std::vector<std::string> asked;
  for (const Action& action : net.drain_log("r1")) {
    if (const auto* route = std::get_if<act::KernelRoute>(&action)) {
      asked.push_back((route->present ? "+" : "-") + to_string(route->prefix));
    }
  }
  EXPECT_EQ(asked, std::vector<std::string>{"-10.99.0.0/24"});

  net.inject("r1", ev::KernelRoute{wanted, false});  // somebody deletes it behind our back
  net.run_for(milliseconds(10));
  EXPECT_EQ(net.fib("r1").count(prefix("10.98.0.0/24")), 1U);

  net.inject("r1", ev::KernelRouteResult{254, prefix("10.98.0.0/24"), 22});
  net.run_for(milliseconds(10));
  EXPECT_TRUE(net.routes("r1", "10.98.0.0/24").at(0).kernel_refused);
}

TEST(TwoRouters, TheSameSeedsGiveTheSameActions) {
  const auto run = [](std::uint64_t seed) {
    VirtualNetwork net;
    net.add_node("r1", seed);
    net.add_node("r2", seed + 1);
    net.add_link("r1", "veth-r1", {"192.168.1.1/24"}, "r2", "veth-r2", {"192.168.1.2/24"});
    net.add_address("r1", "lo", "10.1.0.1/24");
    net.configure("r1", lab_router(1));
    net.configure("r2", lab_router(2));
    net.run_for(seconds(100));
    net.set_link("r1", "veth-r1", false);
    net.run_for(seconds(20));
    net.set_link("r1", "veth-r1", true);
    net.run_for(seconds(100));
    return net.hash();
  };
  EXPECT_EQ(run(7), run(7));
}

}  // namespace
}  // namespace catflap::bgp::testing
