#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "daemons/adapter.hpp"
#include "daemons/gobgp.hpp"
#include "daemons/openbgpd.hpp"

/// The daemons that are asked by their own client: what they are told, and how their answers are read.
namespace catflap::daemons {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::int64_t kWall = 1795194100;
const Instant kNow(std::chrono::seconds(1000));

intent::RouterIntent router() {
  intent::BgpIntent bgp;
  bgp.local_as = 65001;
  bgp.remote_as = 65002;
  bgp.neighbor = net::IpAddr::parse("10.0.0.2").value();
  bgp.local_address = net::IpAddr::parse("10.0.0.1").value();
  bgp.hold_time = std::chrono::seconds(9);
  bgp.password = "secret";
  intent::ChannelIntent channel;
  channel.family = net::Family::ipv4;
  channel.export_filter = intent::FilterRef::all();
  intent::ProtocolIntent session;
  session.name = "peer_r2";
  session.channels = {channel};
  session.body = bgp;
  intent::StaticIntent routes;
  routes.routes.resize(1);
  routes.routes[0].prefix = net::Prefix::parse("203.0.113.0/24").value();
  intent::ProtocolIntent own;
  own.body = routes;
  intent::RouterIntent out;
  out.hostname = "r1";
  out.router_id = 0x0AFF0001;
  out.protocols = {own, session};
  return out;
}

TEST(GoBgp, IsToldSessionsAndNetworks) {
  const auto files = make_adapter("gobgp").value()->render(router(), paths_in("/lab/r1"));
  ASSERT_TRUE(files) << to_string(files.error());
  const auto config = nlohmann::json::parse((*files)[0].text);
  EXPECT_EQ(config["global"]["config"]["as"], 65001);
  EXPECT_EQ(config["global"]["config"]["router-id"], "10.255.0.1");
  const auto& neighbor = config["neighbors"][0];
  EXPECT_EQ(neighbor["config"]["neighbor-address"], "10.0.0.2");
  EXPECT_EQ(neighbor["config"]["auth-password"], "secret");
  EXPECT_EQ(neighbor["timers"]["config"]["hold-time"], 9);
  EXPECT_EQ(neighbor["afi-safis"].size(), 1U);
  EXPECT_THAT((*files)[1].text, HasSubstr("global rib add -a ipv4 203.0.113.0/24"));
  EXPECT_THAT((*files)[1].text, HasSubstr("-t json"));
}

TEST(GoBgp, TakesItsOwnLanguageInEachForm) {
  const auto adapter = make_adapter("gobgp").value();
  const std::pair<const char*, const char*> forms[] = {{"[global.config]\nas = 1\n", "-t toml"},
                                                       {"\n {\"global\": {}}", "-t json"},
                                                       {"global:\n  config: {}\n", "-t yaml"}};
  for (const auto& [text, option] : forms) {
    const auto files = adapter->render(text, paths_in("/lab/r1"));
    ASSERT_TRUE(files);
    EXPECT_EQ((*files)[0].text, text);
    EXPECT_THAT((*files)[1].text, HasSubstr(option));
  }
}

TEST(GoBgp, TellsSessionsAndRoutes) {
  const auto view = read_gobgp(
      R"([{"conf":{"description":"peer_r2","local_asn":65001,"neighbor_address":"10.0.0.2","peer_asn":65002},
           "state":{"messages":{"received":{"update":3,"total":5},"sent":{"total":4}},"session_state":6,
                    "router_id":"10.255.0.2"},
           "timers":{"state":{"uptime":{"seconds":1795194094}}},
           "afi_safis":[{"state":{"family":{"afi":1,"safi":1},"received":2,"accepted":2}}]}])",
      R"({"10.1.1.0/24":[{"age":1795194094,"best":true,"attrs":[{"type":1,"value":2},
           {"type":2,"as_paths":[{"segment_type":2,"num":2,"asns":[65002,65002]}]},{"type":3,"nexthop":"10.0.0.2"},
           {"type":4,"metric":50},{"type":8,"communities":[4259971172]}],"stale":false,"neighbor-ip":"10.0.0.2"}],
          "203.0.113.0/24":[{"best":true,"attrs":[{"type":3,"nexthop":"0.0.0.0"}]}]})",
      "{}", kNow, kWall);
  ASSERT_TRUE(view) << to_string(view.error());
  ASSERT_EQ(view->protocols.size(), 1U);
  const auto& protocol = view->protocols[0];
  EXPECT_EQ(protocol.name, "peer_r2");
  EXPECT_EQ(protocol.session->state, observe::SessionState::established);
  EXPECT_EQ(protocol.session->peer_id, 0x0AFF0002U);
  EXPECT_EQ(protocol.since, kNow - std::chrono::seconds(6));
  EXPECT_EQ(protocol.channels[0].imported, 2U);
  ASSERT_EQ(view->routes.size(), 2U);
  const auto& route = view->routes[0];
  EXPECT_EQ(route.protocol, "peer_r2");
  EXPECT_TRUE(route.best);
  EXPECT_EQ(to_string(route.bgp->as_path), "65002 65002");
  EXPECT_EQ(route.bgp->med, 50U);
  EXPECT_EQ(route.bgp->origin, "Incomplete");
  EXPECT_THAT(route.bgp->communities, ElementsAre(net::Community{65002U << 16U | 100U}));
  EXPECT_EQ(view->routes[1].protocol, "own");
  EXPECT_EQ(view->routes[1].table, "master4");
}

TEST(OpenBgpd, IsToldSessionsAndNetworks) {
  const auto files = make_adapter("openbgpd").value()->render(router(), paths_in("/lab/r1"));
  ASSERT_TRUE(files) << to_string(files.error());
  const std::string& text = (*files)[0].text;
  EXPECT_THAT(text, HasSubstr("socket \"/lab/r1/bgpd.sock\"\nAS 65001\nrouter-id 10.255.0.1\n"));
  EXPECT_THAT(text, HasSubstr("network 203.0.113.0/24\n"));
  EXPECT_THAT(text, HasSubstr("neighbor 10.0.0.2 {\n  remote-as 65002\n  descr \"peer_r2\"\n  holdtime 9\n"));
  EXPECT_THAT(text,
              HasSubstr("  announce IPv4 unicast\n  announce IPv6 none\n  tcp md5sig password \"secret\"\n"));
}

TEST(OpenBgpd, TellsSessionsAndRoutes) {
  const auto view = read_openbgpd(
      R"({"neighbors":[{"remote_as":"65002","description":"peer_r2","remote_addr":"10.0.0.2","bgpid":"10.255.0.2",
           "state":"Established","last_updown_sec":6,"stats":{"prefixes":{"sent":1,"received":2},
           "message":{"sent":{"updates":1,"total":4},"received":{"updates":3,"total":5}}}}]})",
      R"({"rib":[{"prefix":"10.1.1.0/24","aspath":"65002 65002","exit_nexthop":"10.0.0.2",
           "neighbor":{"remote_addr":"10.0.0.2"},"best":true,"origin":"incomplete","metric":50,"localpref":100,
           "last_update_sec":2,"communities":["65002:100"]},
          {"prefix":"203.0.113.0/24","aspath":"","exit_nexthop":"0.0.0.0","neighbor":{"remote_addr":"???"},"best":true}]})",
      kNow);
  ASSERT_TRUE(view) << to_string(view.error());
  const auto& protocol = view->protocols.at(0);
  EXPECT_EQ(protocol.session->state, observe::SessionState::established);
  EXPECT_EQ(protocol.session->peer_as, 65002U);
  EXPECT_EQ(protocol.session->updates_in, 3U);
  EXPECT_EQ(protocol.channels[0].imported, 2U);
  ASSERT_EQ(view->routes.size(), 2U);
  EXPECT_EQ(to_string(view->routes[0].bgp->as_path), "65002 65002");
  EXPECT_THAT(view->routes[0].bgp->communities, ElementsAre(net::Community{65002U << 16U | 100U}));
  EXPECT_EQ(view->routes[1].protocol, "own");
}

TEST(CliDaemons, SayWhenTheyAreNotUnderstood) {
  for (const char* text : {"", "[", "3", "\"x\"", "connection refused"}) {
    EXPECT_FALSE(read_gobgp(text, "{}", "{}", kNow, kWall)) << text;
    EXPECT_FALSE(read_gobgp("[]", text, "{}", kNow, kWall)) << text;
    EXPECT_FALSE(read_openbgpd(text, "{}", kNow)) << text;
    EXPECT_FALSE(read_openbgpd("{}", text, kNow)) << text;
  }
  // Other types than expected are nothing, not a crash.
  EXPECT_TRUE(read_gobgp(R"([1, {"conf": 3}, {"conf": {"neighbor_address": "10.0.0.2"}, "afi_safis": 7}])",
                         R"({"10.0.0.0/8": 3, "x": [], "10.1.0.0/16": [3, {"attrs": {"a": 1}}]})", "{}", kNow,
                         kWall));
  EXPECT_TRUE(read_openbgpd(R"({"neighbors": {"x": 1}})",
                            R"({"rib": [3, {"prefix": "10.0.0.0/8", "communities": 1}]})", kNow));
}

TEST(CliDaemons, RefuseByNameWhatTheyCannotBeTold) {
  intent::RouterIntent filtered = router();
  filtered.protocols[1].channels[0].export_filter = intent::FilterRef::none();
  for (const char* name : {"gobgp", "openbgpd"}) {
    const auto files = make_adapter(name).value()->render(filtered, paths_in("/tmp"));
    ASSERT_FALSE(files);
    EXPECT_EQ(files.error().code, Errc::unsupported);
    EXPECT_THAT(files.error().message, HasSubstr(std::string(name) + ": peer_r2: a filter"));
  }
}

}  // namespace
}  // namespace catflap::daemons
