#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "observe/json.hpp"
#include "observe/snapshot.hpp"
#include "observe/store.hpp"
#include "observe/stream.hpp"

namespace catflap::observe {
namespace {

using namespace std::chrono_literals;

net::Prefix prefix(std::string_view text) {
  return *net::Prefix::parse(text);
}
net::IpAddr addr(std::string_view text) {
  return *net::IpAddr::parse(text);
}

CapabilitiesView full_capabilities() {
  CapabilitiesView caps;
  caps.families = {"ipv4", "ipv6"};
  caps.route_refresh = caps.as4 = caps.llgr = true;
  caps.restart_time_s = 120;
  caps.gr_families = {"ipv4"};
  caps.add_path_rx = {"ipv4"};
  caps.role = "peer";
  caps.llgr_stale_time_s = 3600;
  return caps;
}

ProtocolView full_protocol() {
  ProtocolView protocol;
  protocol.name = "c1";
  protocol.kind = ProtocolKind::bgp;
  protocol.table = "---";
  protocol.state = ProtocolState::up;
  protocol.since = Instant(5s);
  protocol.description = "client \"one\"";
  ChannelView channel;
  channel.family = net::Family::ipv6;
  channel.name = "ipv6";
  channel.up = true;
  channel.imported = 3;
  channel.import_updates = {1, 2, 3, 4, 5};
  channel.limits.push_back({"Import", 1000, "restart", true});
  channel.bgp_next_hop = addr("fd70:1::1");
  protocol.channels.push_back(channel);
  SessionView session;
  session.state = SessionState::established;
  session.peer = addr("10.70.1.2");
  session.peer_as = 4200000000U;
  session.peer_id = 0x0A460102;
  session.local_capabilities = full_capabilities();
  session.session_flags = {"internal", "AS4"};
  session.hold_timer = TimerView{164011ms, 240s};
  session.last_notification =
      SessionView::NotificationView{true, 6, 2, "Administrative shutdown", Instant(3s)};
  session.flaps = 7;
  session.malformed = {{2, "AS_PATH", MalformedAction::treat_as_withdraw, 3}};
  protocol.session = session;
  BfdSessionView bfd;
  bfd.peer = addr("10.70.1.2");
  bfd.local = addr("10.70.1.1");
  bfd.state = "Up";
  bfd.interval = 100ms;
  bfd.timeout = 500ms;
  bfd.local_discriminator = 4000000000U;
  bfd.requested_by = {"c1"};
  protocol.bfd_sessions.push_back(bfd);
  return protocol;
}

RouteView full_route() {
  RouteView route;
  route.prefix = prefix("192.168.9.0/24");
  route.table = "master4";
  route.protocol = "c1";
  route.source = "BGP";
  route.from = addr("10.70.1.2");
  route.preference = 100;
  route.metric = 0;
  route.next_hops = {{addr("10.70.1.2"), "r-c1", 3, true}, {std::nullopt, "r-c2", 1, false}};
  route.best = true;
  BgpAttributesView bgp;
  bgp.origin = "IGP";
  bgp.as_path.segments = {{net::AsSegmentType::sequence, {65001, 65002}}, {net::AsSegmentType::set, {1, 2}}};
  bgp.next_hop = {addr("10.70.1.2")};
  bgp.med = 0;
  bgp.communities = {65001U << 16U | 100U, net::kNoExport};
  bgp.ext_communities = {0x0002FC0000000005ULL};
  bgp.large_communities = {{64512, 1, 2}};
  bgp.originator_id = 0x0A460102;
  bgp.cluster_list = {0x0A460009, 0};
  bgp.other = {{"BGP.63 [t]", "01 02"}, {"BGP.63 [t]", "03"}};
  route.bgp = bgp;
  route.kernel = {{"Kernel.metric", "32"}};
  return route;
}

TEST(Words, GoBothWays) {
  for (int i = 0; i <= static_cast<int>(SessionState::close); ++i) {
    const auto state = static_cast<SessionState>(i);
    EXPECT_EQ(parse_session_state(to_string(state)), state);
  }
  EXPECT_EQ(to_string(SessionState::open_confirm), "OpenConfirm");
  EXPECT_EQ(parse_session_state("established"), std::nullopt);
  EXPECT_EQ(to_string(ProtocolKind::static_), "Static");
  EXPECT_EQ(parse_protocol_kind("OSPF"), ProtocolKind::other);
  EXPECT_EQ(parse_protocol_kind("BFD"), ProtocolKind::bfd);
  EXPECT_EQ(parse_protocol_state("flush"), ProtocolState::flush);
  EXPECT_EQ(to_string(RouteType::prohibit), "prohibited");
  EXPECT_EQ(parse_route_type("prohibited"), RouteType::prohibit);
}

TEST(Json, RoundTrips) {
  const ProtocolView protocol = full_protocol();
  const auto text = to_json_value(protocol).dump();
  const auto back = protocol_from_json(nlohmann::json::parse(text));
  ASSERT_TRUE(back) << to_string(back.error());
  EXPECT_EQ(*back, protocol) << text;

  Snapshot snapshot;
  snapshot.router_id = "10.0.0.1";
  snapshot.protocols = {protocol, {}};
  snapshot.routes = {full_route(), {}};
  snapshot.from = {"self", Instant(9s)};
  const auto snapshot_back = snapshot_from_json(to_json_value(snapshot));
  ASSERT_TRUE(snapshot_back) << to_string(snapshot_back.error());
  EXPECT_EQ(*snapshot_back, snapshot);

  const LinkView link{"eth0", 2, true, true, {*net::InterfaceAddress::parse("10.0.0.1/24")}};
  EXPECT_EQ(*link_from_json(to_json_value(link)), link);
  MalformedView malformed;
  malformed.protocol = "c1";
  malformed.peer = addr("10.70.1.2");
  malformed.total = 1;
  malformed.counts = {{1, "ORIGIN", MalformedAction::treat_as_withdraw, 1}};
  malformed.messages = {
      {Instant(3s),
       1,
       {{1, "ORIGIN", MalformedAction::treat_as_withdraw, 3, 5, "ORIGIN has length 2", "4001020000"}},
       "ffff"}};
  EXPECT_EQ(*malformed_from_json(to_json_value(malformed)), malformed);
  const ProcessView process{true, 12, 1, std::nullopt, "log"};
  EXPECT_EQ(*process_from_json(to_json_value(process)), process);
  EXPECT_EQ(*session_from_json(to_json_value(*protocol.session)), *protocol.session);
}

TEST(Json, ShowsWhatPeopleExpect) {
  const auto json = to_json_value(full_route());
  EXPECT_EQ(json["prefix"], "192.168.9.0/24");
  EXPECT_EQ(json["bgp"]["communities"][0], "65001:100");
  EXPECT_EQ(json["bgp"]["originator_id"], "10.70.1.2");
  EXPECT_EQ(json["bgp"]["ext_communities"][0], "0002fc0000000005");
  EXPECT_EQ(json["metric"], 0) << "a metric of 0 is not the same as none";
  EXPECT_FALSE(json.contains("stale"));
}

TEST(Json, NamesTheFieldThatIsWrong) {
  const std::vector<std::pair<const char*, const char*>> cases{
      {R"({"prefix": "10.0.0.1/8"})", "route: 'prefix' is wrong"},
      {R"({"preference": -1})", "route: 'preference' is wrong"},
      {R"({"preference": 4294967296})", "route: 'preference' is wrong"},
      {R"({"bgp": {"communities": ["65001:65536"]}})", "route: 'bgp' is wrong"},
      {R"({"bgp": {"as_path": [{"list": [1]}]}})", "route: 'bgp' is wrong"},
      {R"({"next_hops": {}})", "route: 'next_hops' is wrong"},
      {R"([])", "route: 'not an object' is wrong"},
  };
  for (const auto& [text, message] : cases) {
    const auto route = route_from_json(nlohmann::json::parse(text));
    ASSERT_FALSE(route) << text;
    EXPECT_EQ(route.error().message, message);
    EXPECT_EQ(route.error().code, Errc::protocol);
  }
}

TEST(Stream, RoundTripsEveryMessage) {
  const RouteView route = full_route();
  const std::vector<StreamMessage> messages{Hello{"catflap-bgpd 0.1.0", 42, "10.0.0.1"},
                                            ProtocolChanged{full_protocol()},
                                            ProtocolGone{"c1"},
                                            RoutesChanged{"master4", route.prefix, {route, route}},
                                            RoutesChanged{"t", route.prefix, {}},
                                            Synced{},
                                            Note{"warning", "a \"quoted\"\nline"},
                                            Bye{"shutdown"}};
  for (const StreamMessage& message : messages) {
    const std::string line = encode_stream_line(message);
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    const auto back = decode_stream_line(line);
    ASSERT_TRUE(back) << line << to_string(back.error());
    EXPECT_EQ(*back, message) << line;
  }
}

TEST(Stream, RouteLinesSayTheSameAsOneByOne) {
  RouteLines lines;
  RouteView route = full_route();
  RouteView other = route;
  other.preference = 7;
  const net::Prefix first = route.prefix, second = net::Prefix::parse("203.0.113.0/24").value();
  std::vector<RoutesChanged> changes{{"master4", first, {}},
                                     {"master4", first, {route, other}},
                                     {"master4", second, {route, other}},
                                     {"t\"2", second, {route, other}},
                                     {"t\"2", second, {route}},
                                     {"t\"2", first, {other}},
                                     {"t\"2", first, {}},
                                     {"t\"2", first, {other}}};
  for (RoutesChanged& change : changes) {
    for (RouteView& each : change.routes) {
      each.prefix = change.prefix;
      each.table = change.table;
    }
    EXPECT_EQ(lines.line(change), encode_stream_line(change));
  }
}

TEST(Stream, RefusesWhatIsNoMessage) {
  for (const char* line :
       {"", "{", "[]", "{}", R"({"type": 1})", R"({"type": "hullo"})", R"({"type": "protocol"})",
        R"({"type": "hello", "pid": "x"})", R"({"type": "hello", "version": 2})",
        R"({"type": "route", "table": "t", "prefix": "x"})", R"({"type": "bye", "reason": []})",
        R"({"type": "route", "table": "t", "prefix": "10.0.0.0/8", "routes": [1]})"}) {
    const auto message = decode_stream_line(line);
    ASSERT_FALSE(message) << line;
    EXPECT_EQ(message.error().code, Errc::protocol) << line;
  }
}

TEST(Stream, SurvivesOctetsThatAreNotUtf8) {
  const auto back = decode_stream_line(encode_stream_line(Note{"info", "bad \xff octet"}));
  ASSERT_TRUE(back);
  EXPECT_EQ(std::get<Note>(*back).text, "bad \xEF\xBF\xBD octet");
}

TEST(LineBuffer, CutsLinesHoweverTheyArrive) {
  const std::string text = "one\ntwo\r\n\nlast";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    LineBuffer buffer;
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size(); at += step) {
      ASSERT_TRUE(buffer.feed(std::string_view(text).substr(at, step)));
      while (const auto line = buffer.next()) {
        lines.emplace_back(*line);
      }
    }
    EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", ""})) << step;
    EXPECT_EQ(buffer.pending(), 4U);
  }
}

TEST(LineBuffer, BoundsALine) {
  LineBuffer buffer(4);
  EXPECT_TRUE(buffer.feed("1234\n1234"));
  EXPECT_EQ(buffer.feed("5").error().code, Errc::protocol);
}

TEST(Store, CountsOnlyRealChanges) {
  Store store;
  EXPECT_TRUE(store.apply(Hello{"1", 1, "10.0.0.1"}));
  EXPECT_TRUE(store.apply(ProtocolChanged{full_protocol()}));
  EXPECT_FALSE(store.apply(ProtocolChanged{full_protocol()}));
  const RouteView route = full_route();
  EXPECT_TRUE(store.apply(RoutesChanged{"master4", route.prefix, {route}}));
  EXPECT_FALSE(store.apply(RoutesChanged{"master4", route.prefix, {route}}));
  EXPECT_TRUE(store.apply(RoutesChanged{"other", route.prefix, {route, route}}));
  EXPECT_EQ(store.routes("", route.prefix).size(), 3U);
  EXPECT_EQ(store.routes("other", route.prefix).size(), 2U);
  EXPECT_EQ(store.snapshot(Instant(1s)).routes.size(), 3U);
  EXPECT_EQ(store.snapshot(Instant(2s)).from.at, Instant(2s));
  EXPECT_TRUE(store.apply(RoutesChanged{"other", route.prefix, {}}));
  EXPECT_FALSE(store.apply(RoutesChanged{"other", route.prefix, {}}));
  EXPECT_EQ(store.snapshot(Instant(3s)).routes, std::vector<RouteView>{route});
  EXPECT_TRUE(store.apply(ProtocolGone{"c1"}));
  EXPECT_FALSE(store.apply(ProtocolGone{"c1"}));
  EXPECT_EQ(store.protocol("c1"), nullptr);
}

TEST(Store, TimersThatRunDownAreNoChange) {
  Store store;
  ProtocolView protocol = full_protocol();
  EXPECT_TRUE(store.set_protocols({protocol}));
  protocol.session->hold_timer->left -= 1s;
  EXPECT_FALSE(store.set_protocols({protocol}));
  EXPECT_EQ(store.snapshot(Instant()).protocols[0].session->hold_timer->left, 163011ms)
      << "but they are kept";
  protocol.session->state = SessionState::idle;
  EXPECT_TRUE(store.set_protocols({protocol}));
  EXPECT_TRUE(store.set_routes({full_route()}));
  EXPECT_FALSE(store.set_routes({full_route()}));
  EXPECT_TRUE(store.set_routes({}));
}

}  // namespace
}  // namespace catflap::observe
