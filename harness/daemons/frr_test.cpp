#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemons/adapter.hpp"
#include "daemons/find.hpp"
#include "daemons/frr.hpp"
#include "daemons/frr_link.hpp"

namespace catflap::daemons {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

intent::ProtocolIntent session(const std::string& name, const std::string& peer) {
  intent::BgpIntent bgp;
  bgp.local_as = 65001;
  bgp.remote_as = 65002;
  bgp.neighbor = net::IpAddr::parse(peer).value();
  bgp.hold_time = std::chrono::seconds(3);
  intent::ChannelIntent channel;
  channel.family = bgp.neighbor->family();
  channel.export_filter = intent::FilterRef::all();
  intent::ProtocolIntent out;
  out.name = name;
  out.channels = {channel};
  out.body = bgp;
  return out;
}

TEST(FrrConfig, SaysSessionsAndNetworks) {
  intent::RouterIntent router;
  router.hostname = "r1";
  router.router_id = 0x0AFF0001;
  intent::StaticIntent routes;
  routes.routes.resize(1);
  routes.routes[0].prefix = net::Prefix::parse("203.0.113.0/24").value();
  intent::ProtocolIntent own;
  own.body = routes;
  router.protocols = {own, session("peer_r2", "10.0.0.1"), session("peer_r2_v6", "fd00::1")};
  const auto text = frr_config(router);
  ASSERT_TRUE(text) << to_string(text.error());
  EXPECT_THAT(*text, HasSubstr("router bgp 65001\n bgp router-id 10.255.0.1\n"));
  EXPECT_THAT(*text, HasSubstr(" neighbor 10.0.0.1 remote-as 65002\n"));
  EXPECT_THAT(*text, HasSubstr(" neighbor 10.0.0.1 timers 1 3\n"));
  EXPECT_THAT(*text,
              HasSubstr("ipv4 unicast\n  network 203.0.113.0/24\n  neighbor 10.0.0.1 activate\n exit"));
  EXPECT_THAT(*text, HasSubstr("ipv6 unicast\n  neighbor fd00::1 activate\n exit"));
}

TEST(FrrConfig, RefusesByNameWhatItCannotSay) {
  intent::RouterIntent router;
  router.protocols = {session("peer_r2", "10.0.0.1")};
  router.protocols[0].channels[0].export_filter = intent::FilterRef::none();
  const auto text = frr_config(router);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, Errc::unsupported);
  EXPECT_THAT(text.error().message, HasSubstr("peer_r2: a filter"));
  const auto adapter = make_adapter("frr").value();
  EXPECT_EQ(adapter->render("router id 1.2.3.4;", paths_in("/tmp")).error().code, Errc::unsupported);
}

TEST(Bird1, HasNoIpv6InLabs) {
  intent::RouterIntent router;
  router.router_id = 1;
  router.protocols = {session("peer_r2", "fd00::1")};
  const auto files = make_adapter("bird1").value()->render(router, paths_in("/tmp"));
  ASSERT_FALSE(files);
  EXPECT_EQ(files.error().code, Errc::unsupported);
  EXPECT_THAT(files.error().message, HasSubstr("peer_r2: BIRD 1.6"));
  router.protocols = {session("peer_r2", "10.0.0.1")};
  EXPECT_TRUE(make_adapter("bird1").value()->render(router, paths_in("/tmp")));
}

constexpr const char* kNeighbors = R"({
  "10.9.0.1": {"remoteAs": 65001, "localAs": 65002, "nbrDesc": "peer_r1", "remoteRouterId": "10.255.0.1",
    "bgpState": "Established", "bgpTimerUpMsec": 5000, "messageStats": {"updatesRecv": 3, "totalRecv": 5},
    "addressFamilyInfo": {"ipv4Unicast": {"acceptedPrefixCounter": 2, "sentPrefixCounter": 1}}},
  "10.9.0.3": {"bgpState": "Idle", "lastResetDueTo": "BGP Notification received",
    "lastNotificationReason": "Cease/Administrative Shutdown"}})";

TEST(FrrJson, Sessions) {
  const auto sessions = frr_sessions(kNeighbors, Instant{} + std::chrono::seconds(60));
  ASSERT_TRUE(sessions);
  ASSERT_EQ(sessions->size(), 2U);
  EXPECT_EQ((*sessions)[0].name, "peer_r1");
  EXPECT_EQ((*sessions)[0].session->state, observe::SessionState::established);
  EXPECT_EQ((*sessions)[0].since, Instant{} + std::chrono::seconds(55));
  EXPECT_EQ((*sessions)[0].channels.at(0).imported, 2U);
  EXPECT_EQ((*sessions)[1].session->last_error, "Received: Cease/Administrative Shutdown");
  EXPECT_EQ(frr_sessions("no", Instant{}).error().code, Errc::protocol);
}

TEST(FrrJson, Routes) {
  const auto sessions = frr_sessions(kNeighbors, Instant{}).value();
  const auto routes = frr_routes(R"({"routes": {"10.1.0.0/24": [{"prefix": "10.1.0.0/24", "version": 2},
    {"aspath": {"segments": [{"type": "as-sequence", "list": [65001, 65003]}]}, "origin": "IGP", "metric": 50,
     "bestpath": {"overall": true}, "community": {"list": ["65001:100", "no-export"]},
     "nexthops": [{"ip": "10.9.0.1", "used": true}], "peer": {"peerId": "10.9.0.1"}}],
    "10.2.0.0/24": [{"origin": "IGP", "peer": {"peerId": "0.0.0.0"}}], "bad": [{}], "10.3.0.0/24": 7}})",
                                 "master4", sessions);
  ASSERT_TRUE(routes);
  ASSERT_EQ(routes->size(), 2U);
  const auto& learnt = routes->front();
  EXPECT_EQ(learnt.protocol, "peer_r1");
  EXPECT_EQ(learnt.table, "master4");
  EXPECT_TRUE(learnt.best);
  EXPECT_EQ(to_string(learnt.bgp->as_path), "65001 65003");
  EXPECT_EQ(learnt.bgp->med, 50U);
  EXPECT_THAT(learnt.bgp->communities, ElementsAre(net::Community{(65001U << 16U) | 100U}));
  EXPECT_EQ(learnt.next_hops.at(0).via, net::IpAddr::parse("10.9.0.1").value());
  EXPECT_EQ(routes->back().source, "static");
  EXPECT_FALSE(frr_routes("[]", "master4", sessions));
  EXPECT_TRUE(frr_routes("{}", "master4", sessions)->empty());
}

TEST(Find, NamesThePackageOfWhatIsMissing) {
  for (const std::string_view name : daemon_names()) {
    const auto found = find_daemon(name, "/nonexistent/program");
    ASSERT_FALSE(found) << name;
    EXPECT_EQ(found.error().code, Errc::not_found);
    EXPECT_THAT(found.error().message, HasSubstr(std::string(name) + ": "));
  }
  EXPECT_EQ(find_daemon("quagga").error().code, Errc::invalid);
}

}  // namespace
}  // namespace catflap::daemons
