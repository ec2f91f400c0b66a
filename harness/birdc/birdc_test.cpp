#include <gtest/gtest.h>

#include "base/rng.hpp"
#include "birdc/command.hpp"
#include "birdc/parse.hpp"
#include "birdc/reply.hpp"

namespace catflap::birdc {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kNoonUtcNs = 1'795'176'000'000'000'000;  // 2026-11-20 12:00:00
constexpr Clock kClock{Instant(100h), kNoonUtcNs, 0};

net::IpAddr addr(std::string_view text) {
  return *net::IpAddr::parse(text);
}
net::Prefix prefix(std::string_view text) {
  return *net::Prefix::parse(text);
}

TEST(Time, IsShortForTwentyHours) {
  EXPECT_EQ(format_short_time(Format::bird2, kClock, Instant(99h + 30min + 7829ms)), "11:30:07.829");
  EXPECT_EQ(format_short_time(Format::bird1, kClock, Instant(99h + 30min + 7829ms)), "11:30:07");
  EXPECT_EQ(format_short_time(Format::bird2, kClock, Instant(80h + 1ms)), "16:00:00.001");
  EXPECT_EQ(format_short_time(Format::bird2, kClock, Instant(80h)), "2026-11-19");
  EXPECT_EQ(format_long_time(Format::bird2, kClock, Instant(100h)), "2026-11-20 12:00:00.000");
  Clock east = kClock;
  east.utc_offset_s = 13 * 3600;
  EXPECT_EQ(format_long_time(Format::bird1, east, Instant(100h)), "2026-11-21 01:00:00");
  EXPECT_EQ(format_short_time(Format::bird2, kClock, Instant::never()).size(), 12U)
      << "total, whatever it prints";
}

TEST(Time, ParsesWhatItPrints) {
  for (const Instant at : {Instant(100h), Instant(99h + 1ms), Instant(80h + 1s), Instant(89h)}) {
    for (const std::int32_t offset : {0, 3600, -8 * 3600, 13 * 3600}) {
      Clock clock = kClock;
      clock.utc_offset_s = offset;
      EXPECT_EQ(parse_time(clock, format_short_time(Format::bird2, clock, at)), at);
      EXPECT_EQ(parse_time(clock, format_long_time(Format::bird2, clock, at)), at);
    }
  }
  EXPECT_EQ(parse_time(kClock, "2024-02-29"), kClock.instant_of(1'709'164'800'000'000'000));
  for (const char* text : {"", "12", "12:00", "24:00:00", "12:00:00.", "12:00:00x", "2026-13-01", "2026-1-1",
                           "9999-01-01", "2026-11-20 ", "a2:00:00"}) {
    EXPECT_EQ(parse_time(kClock, text), std::nullopt) << text;
  }
}

template <class T>
T parsed(std::string_view line) {
  const auto command = parse_command(line);
  EXPECT_TRUE(command) << line << ": " << command.error().message;
  if (!command || !std::holds_alternative<T>(*command)) {
    ADD_FAILURE() << line << " is another command";
    return T{};
  }
  return std::get<T>(*command);
}

TEST(Commands, AreUnderstood) {
  EXPECT_TRUE(parsed<ShowProtocols>("show protocols all \"c*\"").all);
  EXPECT_EQ(parsed<ShowProtocols>("show protocols \"c*\"").which.kind, ProtocolSelector::Kind::pattern);
  EXPECT_TRUE(parsed<ShowInterfaces>("  show   interfaces summary\r").summary);
  EXPECT_EQ(parsed<ShowSymbols>("show symbols table").what, "table");
  EXPECT_EQ(parsed<ShowStatic>("show static s4").protocol, "s4");
  EXPECT_EQ(parsed<Configure>("configure soft \"/a b.conf\" timeout 5"),
            (Configure{Configure::Mode::soft, "/a b.conf", 5}));
  EXPECT_EQ(parsed<Configure>("configure timeout").timeout_s, 300U);
  EXPECT_EQ(parsed<Act>("disable all \"bye\""), (Act{Act::Verb::disable, {}, "bye"}));
  EXPECT_EQ(parsed<Act>("reload out 'my-peer'"),
            (Act{Act::Verb::reload_out, {ProtocolSelector::Kind::name, "my-peer"}, ""}));
  EXPECT_EQ(parsed<Eval>("eval  1 + 2 ").expression, "1 + 2");
  EXPECT_EQ(parsed<Echo>("echo { debug, trace } 4096"), (Echo{false, {"debug", "trace"}, 4096}));
  EXPECT_EQ(parsed<Debug>("debug all { states, routes }").flags,
            (std::vector<std::string>{"states", "routes"}));
  EXPECT_TRUE(parsed<MrtDumpFlags>("mrtdump c1 all").all);
  EXPECT_EQ(parsed<MrtDumpTable>("mrt dump table master4 to \"/x\" where net ~ [ 10.0.0.0/8+ ]"),
            (MrtDumpTable{"master4", "/x", {FilterText::Kind::where, "net ~ [ 10.0.0.0/8+ ]"}}));
  EXPECT_EQ(parsed<Dump>("dump filter all").what, "filter all");
  parsed<Help>("help show route");
  parsed<Quit>("exit");
  parsed<Down>("down");
  parsed<GracefulRestart>("graceful restart");
}

TEST(Commands, ShowRouteTakesItsArgumentsInAnyOrder) {
  const auto full = parsed<ShowRoute>(
      "show route for 10.0.0.1 table master4 table t2 protocol c1 primary where (bgp_med = 1) && net ~ [ all "
      "] all");
  EXPECT_EQ(full.target, ShowRoute::Target::longest);
  EXPECT_EQ(full.prefix, prefix("10.0.0.1/32"));
  EXPECT_EQ(full.tables, (std::vector<std::string>{"master4", "t2"}));
  EXPECT_EQ(full.protocol, "c1");
  EXPECT_EQ(full.filter, (FilterText{FilterText::Kind::where, "(bgp_med = 1) && net ~ [ all ]"}));
  EXPECT_TRUE(full.primary && full.all && !full.count);
  EXPECT_EQ(
      parsed<ShowRoute>("show route filter { if source = RTS_BGP then accept; reject; } count").filter.text,
      "{ if source = RTS_BGP then accept; reject; }");
  EXPECT_EQ(parsed<ShowRoute>("show route in fd00::/8").target, ShowRoute::Target::inside);
  EXPECT_EQ(parsed<ShowRoute>("show route noexport c1").export_mode, ShowRoute::Export::noexport);
  const auto channel = parsed<ShowRoute>("show route export table c1.ipv4");
  EXPECT_EQ(channel.channel_table, ShowRoute::ChannelTable::export_table);
  EXPECT_EQ(channel.channel_protocol + " " + channel.channel, "c1 ipv4");
  EXPECT_TRUE(parsed<ShowRoute>("show route table all").all_tables);
}

TEST(Commands, AreRefusedInBirdsWords) {
  const SymbolLookup symbols = [](std::string_view name) {
    return name == "c1"        ? SymbolKind::protocol
           : name == "master4" ? SymbolKind::table
                               : SymbolKind::undefined;
  };
  const std::vector<std::tuple<Format, const char*, const char*>> cases{
      {Format::bird2, "bogus", "9001 syntax error, unexpected CF_SYM_UNDEFINED"},
      {Format::bird2, "show route for",
       "9001 syntax error, unexpected END, expecting IP4 or IP6 or VPN_RD or CF_SYM_KNOWN"},
      {Format::bird2, "show protocols c1 c1", "9001 syntax error, unexpected CF_SYM_KNOWN, expecting END"},
      {Format::bird2, "show route table c1", "9001 c1 is not a table"},
      {Format::bird2, "debug c1 states",
       "9001 syntax error, unexpected STATES, expecting '.' or OFF or '{' or ALL"},
      {Format::bird2, "show route 10.0.0.1/8", "9001 Invalid IP prefix 10.0.0.1/8"},
      {Format::bird1, "show protocols x", "9002 x is not a protocol"},
      {Format::bird1, "show route table x", "9001 x is not a table"},
      {Format::bird1, "", "9001 syntax error"},
  };
  for (const auto& [format, line, message] : cases) {
    const auto command = parse_command(line, format, symbols);
    ASSERT_FALSE(command) << line;
    EXPECT_EQ(command.error().message, message) << line;
  }
  EXPECT_EQ(parse_command(std::string(4097, 'x')).error().message, "9000 Command too long");
}

TEST(Commands, RestrictTakesAwayWhatChangesTheDaemon) {
  for (const auto& [line, changes] : std::vector<std::pair<const char*, bool>>{{"configure", true},
                                                                               {"configure check", false},
                                                                               {"disable all", true},
                                                                               {"down", true},
                                                                               {"show status", false},
                                                                               {"eval 1", false}}) {
    EXPECT_EQ(changes_daemon(*parse_command(line)), changes) << line;
  }
}

TEST(Framing, RepeatsNoCode) {
  std::string text;
  ReplyWriter writer(text);
  write_welcome(writer, "2.0.12");
  writer.line(1002, "a");
  writer.line(1002, "b\nc");
  writer.line(1006, "");
  writer.async("log");
  writer.end();
  writer.line(1002, "d");
  writer.end_with("9001 no");
  EXPECT_EQ(text, "0001 BIRD 2.0.12 ready.\n1002-a\n b c\n1006-\n+log\n0000 \n1002-d\n9001 no\n");
}

TEST(Framing, IsReadHoweverItArrives) {
  const std::string text = "0001 BIRD 2.0.12 ready.\n1002-a\n b\n+log\n \n0000 \n";
  for (std::size_t step = 1; step < text.size(); ++step) {
    ReplyReader reader;
    std::string seen;
    for (std::size_t at = 0; at < text.size(); at += step) {
      ASSERT_TRUE(reader.feed(std::string_view(text).substr(at, step)));
      for (auto line = reader.next(); line && *line; line = reader.next()) {
        seen += std::to_string((*line)->code) + ((*line)->kind == ReplyLine::Kind::last ? "." : ",");
      }
    }
    EXPECT_EQ(seen, "1.1002,1002,0,1002,0.") << step;
  }
  for (const char* bad : {" first\n", "12-x\n", "abcd x\n", "\n", "1002x\n", "0000 \n after the end\n"}) {
    EXPECT_FALSE(parse_replies(bad)) << bad;
  }
}

TEST(Framing, KnowsVersions) {
  EXPECT_EQ(parse_welcome("BIRD 2.0.12 ready."), "2.0.12");
  EXPECT_EQ(parse_welcome("BIRD v0.3.3+birdv1.6.8 ready."), "1.6.8");
  EXPECT_EQ(parse_welcome("hello"), std::nullopt);
  EXPECT_EQ(format_of_version("1.6.8"), Format::bird1);
  EXPECT_EQ(format_of_version("2.0.12"), Format::bird2);
}

/// Random models that the format can express in full.
class Models {
 public:
  explicit Models(std::uint64_t seed) : rng_(seed) {}

  observe::RouteView route() {
    observe::RouteView route;
    route.prefix = coin() ? net::Prefix(net::IpAddr::v4(u32()), static_cast<std::uint8_t>(rng_.below(33)))
                          : net::Prefix(net::IpAddr::v6(rng_.next(), rng_.next()),
                                        static_cast<std::uint8_t>(rng_.below(129)));
    route.table = "master";
    route.type = static_cast<observe::RouteType>(rng_.below(4));
    route.protocol = "p" + std::to_string(rng_.below(9));
    route.since = Instant(90h + std::chrono::milliseconds(rng_.below(30'000'000)));
    route.preference = static_cast<std::uint32_t>(rng_.below(1000));
    route.best = coin();
    route.kernel_refused = route.best && coin();
    route.source = "static";
    route.source_detail = "univ";
    if (route.type == observe::RouteType::unicast) {
      const bool several = coin();
      for (std::uint64_t i = 0; i <= (several ? 1 + rng_.below(3) : 0); ++i) {
        route.next_hops.push_back({net::IpAddr::v4(u32()), "eth" + std::to_string(i),
                                   several ? static_cast<std::uint32_t>(1 + rng_.below(255)) : 1, coin()});
      }
    }
    if (coin()) {
      route.source = "BGP";
      route.bgp = bgp();
      route.stale = coin();
      route.suppressed = coin();
      route.from =
          route.next_hops.empty() || coin() ? std::optional(net::IpAddr::v4(u32())) : route.next_hops[0].via;
      if (coin()) {
        route.metric = 1 + static_cast<std::uint32_t>(rng_.below(1000));
      }
    }
    return route;
  }

  observe::BgpAttributesView bgp() {
    static constexpr const char* kOrigins[] = {"IGP", "EGP", "Incomplete"};
    observe::BgpAttributesView bgp;
    bgp.origin = kOrigins[rng_.below(3)];
    auto type = net::AsSegmentType::sequence;
    for (std::uint64_t i = 0; i < rng_.below(4); ++i) {
      net::AsSegment segment{type, {}};
      for (std::uint64_t j = 0; j <= rng_.below(4); ++j) {
        segment.asns.push_back(u32());
      }
      bgp.as_path.segments.push_back(std::move(segment));
      type = type == net::AsSegmentType::sequence ? static_cast<net::AsSegmentType>(1 + 2 * rng_.below(2))
                                                  : net::AsSegmentType::sequence;
    }
    bgp.next_hop = {net::IpAddr::v4(u32())};
    if (coin()) {
      bgp.med = u32();
      bgp.atomic_aggregate = true;
      bgp.aggregator = "10.0.0.1 AS65000";
    }
    for (std::uint64_t i = 0; i < rng_.below(100); ++i) {
      bgp.communities.push_back(u32());
      bgp.large_communities.push_back({u32(), u32(), u32()});
      bgp.ext_communities.push_back((rng_.below(2) << 56U | 2ULL << 48U | rng_.below(65536)) << 0U);
    }
    if (coin()) {
      bgp.originator_id = u32();
      bgp.cluster_list = {u32(), u32()};
      bgp.otc = u32();
      bgp.other = {{"BGP.63 [t]", "01 02"}};
    }
    return bgp;
  }

 private:
  bool coin() { return rng_.below(2) == 0; }
  std::uint32_t u32() { return static_cast<std::uint32_t>(rng_.next()); }
  Rng rng_;
};

TEST(Routes, RoundTripInBothFormats) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const Format format = seed % 2 == 0 ? Format::bird2 : Format::bird1;
    observe::RouteView route = Models(seed).route();
    if (format == Format::bird1) {
      route.since = Instant(route.since.since_origin() / 1s * 1s);
      for (auto& hop : route.next_hops) {
        hop.onlink = false;
      }
    }
    std::string text;
    ReplyWriter writer(text);
    RouteWriter routes(format, kClock, true);
    routes.table("master");
    routes.route(writer, route);
    routes.end(writer);
    const auto replies = parse_replies(text);
    ASSERT_TRUE(replies && replies->size() == 1) << text;
    const auto back = parse_routes(kClock, replies->front(), "master");
    ASSERT_TRUE(back) << to_string(back.error()) << text;
    ASSERT_EQ(back->size(), 1U);
    EXPECT_EQ(back->front(), route) << "seed " << seed << "\n" << text;
  }
}

TEST(Routes, LongListsGoOnInTheNextLine) {
  observe::RouteView route;
  route.bgp.emplace().communities.assign(100, 64512U << 16U | 1U);
  std::string text;
  ReplyWriter writer(text);
  write_route_details(writer, Format::bird2, route);
  EXPECT_NE(text.find("(64512,1)\n \t\t(64512,1) "), std::string::npos) << text;
}

TEST(Routes, NotFoundAndCounts) {
  std::string text;
  ReplyWriter writer(text);
  RouteWriter(Format::bird2, kClock, false).end(writer, true);
  RouteWriter(Format::bird1, kClock, false).end(writer, true);
  RouteWriter one(Format::bird2, kClock, false);
  one.table("master4");
  one.count(writer, {1, 2, 3});
  one.end(writer, false, true);
  RouteWriter two(Format::bird2, kClock, false);
  for (const char* table : {"master4", "master6"}) {
    two.table(table);
    two.count(writer, {1, 2, 3});
  }
  two.end(writer, false, true);
  RouteWriter old(Format::bird1, kClock, false);
  old.table("master");
  old.count(writer, {1, 2, 3});
  old.end(writer, false, true);
  EXPECT_EQ(
      text,
      "8001 Network not found\n8001 Network not in table\n"
      "1007-1 of 2 routes for 3 networks in table master4\n0000 \n"
      "1007-1 of 2 routes for 3 networks in table master4\n 1 of 2 routes for 3 networks in table master6\n"
      "0014 Total: 2 of 4 routes for 6 networks in 2 tables\n"
      "0014 1 of 2 routes for 3 networks\n");
}

TEST(Protocols, RoundTripWithEverything) {
  observe::ProtocolView protocol;
  protocol.name = "a_very_long_protocol_name";
  protocol.kind = observe::ProtocolKind::bgp;
  protocol.table = "---";
  protocol.state = observe::ProtocolState::up;
  protocol.since = Instant(99h + 5ms);
  protocol.description = "to: the edge";
  auto& session = protocol.session.emplace();
  session.state = observe::SessionState::established;
  session.peer = addr("fe80::1");
  session.peer_interface = "eth0";
  session.peer_as = 65002;
  session.local_as = 65001;
  session.peer_id = 0x0A000002;
  session.message = "text";
  session.source_address = addr("fe80::2");
  session.session_flags = {"external", "AS4"};
  session.hold_timer = observe::TimerView{1500ms, 9s};
  session.keepalive_timer = observe::TimerView{20ms, 3s};
  auto& caps = session.local_capabilities.emplace();
  caps.families = {"ipv4", "ipv6"};
  caps.route_refresh = caps.enhanced_refresh = caps.as4 = caps.extended_message = caps.llgr =
      caps.restarting = true;
  caps.restart_time_s = 120;
  caps.gr_families = {"ipv4"};
  caps.gr_preserved = {"ipv4"};
  caps.add_path_tx = {"ipv4"};
  caps.extended_next_hop = {"ipv4"};
  caps.llgr_stale_time_s = 3600;
  caps.llgr_families = {"ipv6"};
  caps.role = "peer";
  caps.host_name = "host";
  session.peer_capabilities.emplace().restart_time_s = 0;
  auto& channel = protocol.channels.emplace_back();
  channel.name = "ipv6";
  channel.family = net::Family::ipv6;
  channel.table = "master6";
  channel.up = true;
  channel.preference = 100;
  channel.import_filter = "ACCEPT";
  channel.export_filter = "(unnamed)";
  channel.imported = 3;
  channel.filtered = 2;
  channel.keeps_filtered = true;
  channel.import_updates = {1, 2, 3, 4, 5};
  channel.import_withdraws = {1, 2, 0, 4, 5};
  channel.export_updates = {1, 2, 3, 0, 5};
  channel.export_withdraws = {12345678901ULL, 0, 0, 0, 5};
  channel.limits = {{"Receive", 10, "block", true}, {"Import", 1000, "restart", false}};
  channel.bgp_next_hop = addr("fd00::1");
  channel.bgp_next_hop_link_local = addr("fe80::2");
  channel.igp_table = "master6";
  channel.gr_recovery = "pending";
  channel.neighbor_gr = "Regular";
  std::string text;
  ReplyWriter writer(text);
  write_protocols(writer, Format::bird2, kClock, {protocol}, true);
  const auto back = parse_protocols(kClock, parse_replies(text)->front());
  ASSERT_TRUE(back) << to_string(back.error()) << text;
  EXPECT_EQ(back->front(), protocol) << text;
}

TEST(Protocols, APipeIsToldInItsOwnWords) {
  observe::ProtocolView pipe;
  pipe.name = "p4";
  pipe.kind = observe::ProtocolKind::pipe;
  pipe.state = observe::ProtocolState::up;
  pipe.since = Instant(99h);
  pipe.info = "master4 <=> t4";
  pipe.table = "---";
  observe::ChannelView& channel = pipe.channels.emplace_back();
  channel.name = "main";
  channel.table = "master4";
  channel.peer_table = "t4";
  channel.up = true;
  channel.import_filter = "REJECT";
  channel.export_filter = "(unnamed)";
  channel.exported = 4;
  channel.export_updates = {6, 0, 2, 0, 4};
  std::string text;
  ReplyWriter writer(text);
  write_protocols(writer, Format::bird2, kClock, {pipe}, true);
  EXPECT_NE(text.find("  Channel main\n"
                      "     Table:          master4\n     Peer table:     t4\n"
                      "     Import state:   up\n     Export state:   up\n"
                      "     Import filter:  REJECT\n     Export filter:  (unnamed)\n"
                      "     Routes:         0 imported, 4 exported\n"),
            std::string::npos)
      << text;
  const auto back = parse_protocols(kClock, parse_replies(text)->front());
  ASSERT_TRUE(back) << to_string(back.error()) << text;
  EXPECT_EQ(back->front(), pipe) << text;
  text.clear();
  channel.preference = 70;
  write_protocols(writer, Format::bird1, kClock, {pipe}, true);
  EXPECT_NE(text.find("1002-p4       Pipe     master4  up     "), std::string::npos) << text;
  EXPECT_NE(text.find("  => t4\n"), std::string::npos) << text;
}

TEST(Protocols, GarbageIsRefusedWithTheLine) {
  for (const char* line : {"c1 BGP --- sideways 12:00:00", "c1 BGP --- up never", ""}) {
    ProtocolParser parser(kClock);
    const auto status = parser.line(1002, line);
    ASSERT_FALSE(status) << line;
    EXPECT_EQ(status.error().code, Errc::protocol);
  }
  ProtocolParser early(kClock);
  EXPECT_FALSE(early.line(1006, "  BGP state: Idle")) << "details before any protocol";
}

TEST(Small, MemoryActsBfdAndStatic) {
  std::string text;
  ReplyWriter writer(text);
  write_memory(writer, Format::bird2, {{"Routing tables", 62'464, 23'142}, {"Route attributes", 4444, 0}});
  write_act(writer, "c1", ActOutcome::already_disabled);
  write_act(writer, "c2", ActOutcome::reload_failed);
  writer.end();
  write_bfd_sessions(writer, Format::bird2, kClock, "bfd1",
                     {{addr("10.70.1.2"), "", "Up", Instant(99h + 557ms), 100ms, 500ms}});
  write_static_routes(
      writer, Format::bird2,
      {{prefix("10.72.0.0/16"), observe::RouteType::blackhole, {}, {}, true},
       {prefix("10.73.0.0/24"), observe::RouteType::unicast, {{addr("10.70.1.2"), "", 1, false}}, {}, true},
       {prefix("10.77.0.0/24"), observe::RouteType::unicast, {}, addr("10.71.1.1"), true}});
  writer.end();
  EXPECT_EQ(text,
            "1018-BIRD memory usage\n                   Effective    Overhead\n"
            " Routing tables:     61.0 kB     22.6 kB\n Route attributes: 4444.0  B      0.0  B\n"
            " Total:              65.3 kB     22.6 kB\n0000 \n"
            "0008-c1: already disabled\n8006-c2: reload failed\n0000 \n"
            "1020-bfd1:\n IP address                Interface  State      Since         Interval  Timeout\n"
            " 10.70.1.2                 ---        Up         11:00:00.557    0.100    0.500\n0000 \n"
            "1009-10.72.0.0/16\tblackhole\n 10.73.0.0/24\n \tvia 10.70.1.2\n 10.77.0.0/24\trecursive "
            "10.71.1.1\n0000 \n");
}

}  // namespace
}  // namespace catflap::birdc
