#include "birdlang/birdlang.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "intent/router.hpp"

namespace catflap::birdlang {
namespace {

using intent::RouterIntent;

constexpr std::string_view kStart = "router id 1.1.1.1;\nprotocol device {}\n";

Result<RouterIntent> read(const std::string& text, Dialect dialect = Dialect::bird2) {
  ParseOptions options;
  options.dialect = dialect;
  options.hostname = "r1";
  return parse(text, "bird.conf", options);
}

RouterIntent good(const std::string& text, Dialect dialect = Dialect::bird2) {
  auto router = read(text, dialect);
  EXPECT_TRUE(router) << text << "\n" << to_string(router.error());
  return router ? *router : RouterIntent();
}

std::string error_of(const std::string& text, Dialect dialect = Dialect::bird2) {
  const auto router = read(text, dialect);
  return router ? "no error" : to_string(router.error());
}

/// What is printed reads back as the same, and prints the same.
void expect_round_trip(const std::string& text, Dialect dialect) {
  const auto router = read(text, dialect);
  ASSERT_TRUE(router) << text << "\n" << to_string(router.error());
  const std::string printed = print(*router, dialect);
  const auto again = read(printed, dialect);
  ASSERT_TRUE(again) << printed << "\n" << to_string(again.error());
  EXPECT_TRUE(intent::same(*router, *again)) << printed;
  EXPECT_EQ(print(*again, dialect), printed);
}

const intent::BgpIntent& bgp_of(const RouterIntent& router, std::size_t index) {
  return std::get<intent::BgpIntent>(router.protocols.at(index).body);
}

std::string bgp(const std::string& items, const std::string& channel = "import all; export all;") {
  return std::string(kStart) + "protocol bgp b { local 10.0.0.1 as 1; neighbor 10.0.0.2 as 2;\n" + items +
         "\nipv4 { " + channel + " }; }";
}

std::string filter(const std::string& body) {
  return std::string(kStart) + "roa4 table r;\nfilter f {\n" + body + "\naccept; }\n" +
         "protocol static { ipv4 { import filter f; }; }";
}

TEST(Birdlang, ReadsTheSettings) {
  const RouterIntent router = good(
      "log stderr all; log syslog name \"x\" { info, remote }; log \"/tmp/l\" 1000 \"/tmp/o\" { trace };\n"
      "router id 1.2.3.4; hostname \"edge\"; graceful restart wait 20; timeformat route iso long ms;\n"
      "watchdog warning 5 s; debug protocols { states, routes }; mrtdump \"/tmp/m\"; mrtdump protocols all;\n"
      "ipv4 table t4; ipv6 table t6; roa4 table r; define A = 5; define B = (A + 1, 7);\n"
      "protocol device { scan time 2; }");
  EXPECT_EQ(router.router_id, 0x01020304U);
  EXPECT_EQ(router.hostname, "edge");
  ASSERT_EQ(router.logs.size(), 3U);
  EXPECT_EQ(router.logs[2].backup_path, "/tmp/o");
  EXPECT_EQ(router.graceful_restart_wait, std::chrono::seconds(20));
  ASSERT_EQ(router.tables.size(), 4U);
  EXPECT_EQ(router.tables[0].name, "master4");
  EXPECT_EQ(router.tables[3].name, "t6");
  EXPECT_EQ(router.roa_families.count("r"), 1U);
  EXPECT_EQ(intent::to_string(router.constants.at("B")), "(6,7)");
  EXPECT_EQ(router.protocols[0].debug, (std::vector<std::string>{"states", "routes"}));
  EXPECT_EQ(std::get<intent::DeviceIntent>(router.protocols[0].body).scan_time, std::chrono::seconds(2));
}

TEST(Birdlang, NamesProtocolsAsBirdDoes) {
  const RouterIntent router = good(
      "protocol device {} protocol static bgp1 { ipv4; } protocol kernel { ipv4; } protocol kernel { ipv6; "
      "}\n"
      "protocol bgp { local as 1; neighbor 1.1.1.1 as 1; ipv4; } protocol static { ipv4; } protocol direct "
      "{}");
  std::string names;
  for (const auto& protocol : router.protocols) {
    names += protocol.name + " ";
  }
  EXPECT_EQ(names, "device1 bgp1 kernel1 kernel2 bgp2 static1 direct1 ");
}

TEST(Birdlang, TemplatesPassOnEverythingAndChannelsAreRefined) {
  const RouterIntent router = good(std::string(kStart) + R"(
template bgp first_ { local as 64512; rr client; connect delay time 1; ipv4 { import all; add paths on; }; }
template bgp deeper from first_ { hold time 30; }
protocol bgp a from deeper { neighbor 10.0.0.2 as 64512; ipv4 { next hop self; export all; }; }
protocol bgp b from deeper { neighbor 10.0.0.3 as 64512; description "b"; })");
  ASSERT_EQ(router.protocols.size(), 3U);
  const auto& a = router.protocols[1];
  EXPECT_TRUE(bgp_of(router, 1).rr_client);
  EXPECT_EQ(bgp_of(router, 1).hold_time, std::chrono::seconds(30));
  EXPECT_EQ(bgp_of(router, 1).connect_delay_time, std::chrono::seconds(1));
  ASSERT_EQ(a.channels.size(), 1U);
  EXPECT_TRUE(a.channels[0].bgp.add_paths_send);
  EXPECT_EQ(a.channels[0].bgp.next_hop_self, intent::NextHopSelf::on);
  EXPECT_EQ(a.channels[0].export_filter.kind, intent::FilterRef::Kind::all);
  EXPECT_EQ(bgp_of(router, 2).neighbor, net::IpAddr::v4(0x0A000003));
  EXPECT_EQ(router.protocols[2].channels[0].bgp.next_hop_self, intent::NextHopSelf::off);
}

TEST(Birdlang, FlatDialectHasOneChannel) {
  const RouterIntent router = good(
      "router id 1.1.1.1; listen bgp address 10.0.0.1 port 1790;\n"
      "protocol kernel { learn; persist; scan time 2; import all; export all; merge paths on; }\n"
      "protocol bgp x { local as 1; neighbor 10.0.0.2 as 2; next hop self; add paths on; gateway recursive;\n"
      "  source address 10.0.0.1; export where source != RTS_BGP; multihop; }",
      Dialect::bird1);
  EXPECT_EQ(router.listen_port, 1790);
  EXPECT_EQ(router.tables.at(0).name, "master");
  EXPECT_EQ(std::get<intent::KernelIntent>(router.protocols[0].body).metric, 0U);
  const auto& channel = router.protocols[1].channels.at(0);
  EXPECT_EQ(channel.table, "master");
  EXPECT_TRUE(channel.bgp.add_paths_receive);
  EXPECT_EQ(channel.bgp.gateway, intent::GatewayMode::recursive);
  EXPECT_EQ(channel.import_filter.kind, intent::FilterRef::Kind::all);
  EXPECT_EQ(channel.export_filter.kind, intent::FilterRef::Kind::filter);
  EXPECT_EQ(bgp_of(router, 1).multihop, true);
}

TEST(Birdlang, StaticProtocolsFillRoaTables) {
  const RouterIntent router = good(std::string(kStart) +
                                   "roa4 table r; protocol static roas { roa4 { table r; }; "
                                   "route 10.80.0.0/16 max 24 as 65001; }");
  ASSERT_EQ(router.roa_tables.at("r").entries().size(), 1U);
  EXPECT_EQ(router.roa_tables.at("r").entries()[0].length_max, 24);
  EXPECT_TRUE(router.protocols[1].channels.empty());
}

TEST(Birdlang, AndOrBindAlikeToTheLeft) {
  const RouterIntent empty;
  const std::map<std::string, std::string> cases{
      {"true || true && false", "FALSE"},
      {"!true = false", "TRUE"},
      {"1 + 2 * 3", "7"},
      {"1 - 2", "4294967295"},
      {"0x10", "16"},
      {"(rt, 1.2.3.4, 5)", "(rt, 1.2.3.4, 5)"},
      {"10.0.0.0/8.len", "8"},
      {"1.2.3.4.mask(8)", "1.0.0.0"},
      {"add(-empty-, (1,2))", "(clist (1,2))"},
      {"[3, 1..2]", "[1..2, 3]"},
      {"[= 1 (1+1) * =]", "[= 1 2 * =]"},
  };
  for (const auto& [text, value] : cases) {
    const auto expression = parse_expression(text, empty);
    ASSERT_TRUE(expression) << text << ": " << to_string(expression.error());
    EXPECT_EQ((*expression)->op, intent::Op::constant) << text;
    EXPECT_EQ(intent::to_string((*expression)->value), value) << text;
  }
}

TEST(Birdlang, ErrorsSayWhereAndWhat) {
  const struct {
    std::string text;
    std::string_view part;
  } cases[] = {
      {"", "no protocol is specified"},
      {"protocol bpg x {}",
       "bird.conf:1:10: syntax error, unexpected 'bpg' in the kinds of protocols; did you mean 'bgp'?"},
      {"protocol ospf {}", "protocol ospf is not supported"},
      {bgp("next hop self;"), "4:1: syntax error, unexpected 'next'"},
      {bgp("import all;"), "belongs into a channel"},
      {bgp("conect delay time 3;"), "did you mean 'connect delay time'"},
      {bgp("hold time 2;"), "hold time must be 0 or at least 3"},
      {bgp("rr client;"), "only an internal neighbor"},
      {bgp("", "import all;"), "requires an explicit export policy"},
      {bgp("disable after cease { nope };"), "the causes of RFC 4486"},
      {bgp("ipv4 { import all; };"), "multiple ipv4 channels"},
      {std::string(kStart) + "protocol static { ipv4; route 10.0.0.1/8 blackhole; }",
       "3:31: invalid IPv4 prefix 10.0.0.1/8, maybe you wanted 10.0.0.0/8"},
      {std::string(kStart) + "protocol static { ipv4; route 10.0.0.0/8 blackhole when fd00::/8; }",
       "3:57: a route of the other family cannot be the condition"},
      {std::string(kStart) + "protocol static { ipv4; route fd00::/8 blackhole; }",
       "does not fit the channel ipv4"},
      {std::string(kStart) + "protocol bgp x from nope { }", "template or protocol 'nope' is not defined"},
      {std::string(kStart) + "ipv4 table t; ipv6 table t;", "symbol already defined: 't' is a table"},
      {std::string(kStart) + "listen bgp port 5;", "belongs to BIRD 1.6"},
      {std::string(kStart) + "include \"x\";", "include \"x\" is not possible here"},
      {std::string(kStart) + "/* x", "this comment never ends"},
      {std::string(kStart) + "hostname \"x\n\";", "this text never ends"},
      {std::string(kStart) + "router id 99999999999;", "out of range"},
      {filter("if net then reject;"), "5:4: the condition of 'if' must be of type bool, got type prefix"},
      {filter("bgp_med = \"x\";"), "must be of type int, got type string"},
      {filter("net = 10.0.0.0/8;"), "attribute 'net' is read-only"},
      {filter("if net ~ [10.0.0.0/8, fd00::/8] then reject;"), "mixed IPv4/IPv6 prefixes"},
      {filter("bgp_local_perf = 5;"),
       "symbol 'bgp_local_perf' is not defined; did you mean 'bgp_local_pref'?"},
      {filter("int x = 5 / 0;"), "division by zero"},
      {filter("pair p = (70000,1);"), "out of bounds in pair constructor"},
      {filter("f();"), "'f' is a filter, not a value"},
      {filter("if 1 = 1 = 1 then reject;"), "comparisons do not chain"},
      {std::string(kStart) + "filter last { accept; }", "'last' is a word of the language"},
      {bgp("neighbor 10.0.0.3;"), "only one neighbor"},
      {std::string(kStart) + "protocol device { }", "already defined"},
      {filter("if 1 < \"a\" then accept;"), "must be of the same type"},
      {filter("case 1 { g: accept; }"), "put a name into parentheses"},
      {filter("print rip_metric;"), "belongs to a protocol that is not supported"},
      {std::string(kStart) + "function g(int a) { } filter f { g(); }", "expects 1 argument, got 0"},
  };
  for (const auto& item : cases) {
    EXPECT_NE(error_of(item.text).find(item.part), std::string::npos) << item.text << "\n"
                                                                      << error_of(item.text);
  }
}

TEST(Birdlang, DepthAndLengthAreBounded) {
  const auto nested = [](std::size_t depth) {
    return filter("bool b = " + std::string(depth, '(') + "true" + std::string(depth, ')') + ";");
  };
  EXPECT_EQ(error_of(nested(kNestingMax - 10)), "no error");
  EXPECT_NE(error_of(nested(100'000)).find("nested too deeply"), std::string::npos);
  EXPECT_NE(error_of(filter(std::string(100'000, '{'))).find("nested too deeply"), std::string::npos);
  EXPECT_NE(error_of(filter("bool b = " + std::string(100'000, '!') + "true;")).find("nested too deeply"),
            std::string::npos);
  const auto chain = [](std::size_t length) {
    std::string text = "int x = bgp_med";
    for (std::size_t i = 0; i < length; ++i) {
      text += " + bgp_med";
    }
    return filter(text + ";");
  };
  expect_round_trip(chain(kChainMax), Dialect::bird2);
  EXPECT_NE(error_of(chain(kChainMax + 1)).find("expression is too long"), std::string::npos);
}

TEST(Birdlang, IncludesAreRelativeToTheirFile) {
  ParseOptions options;
  const std::map<std::string, std::string> files{{"/etc/bird/a.conf", "include \"sub/b.conf\";"},
                                                 {"/etc/bird/sub/b.conf", "define B = ;"},
                                                 {"/loop.conf", "include \"loop.conf\";"}};
  options.include = [&](const std::string& glob, const std::string&) -> Result<std::vector<IncludeFile>> {
    const auto found = files.find(glob);
    return found == files.end() ? std::vector<IncludeFile>()
                                : std::vector<IncludeFile>{{glob, found->second}};
  };
  const auto text_of = [&](const std::string& text, const std::string& file) {
    const auto router = parse(text, file, options);
    return router ? "no error" : to_string(router.error());
  };
  EXPECT_EQ(text_of("\ninclude \"a.conf\";\n", "/etc/bird/bird.conf").rfind("/etc/bird/sub/b.conf:1:12:", 0),
            0U);
  EXPECT_NE(text_of("include \"none.conf\";", "/x.conf").find("no such file /none.conf"), std::string::npos);
  EXPECT_NE(text_of("include \"loop.conf\";", "/x.conf").find("nested too deeply"), std::string::npos);
  EXPECT_EQ(text_of("include \"*.none\"; protocol device {}", "/x.conf"), "no error");
}

TEST(Birdlang, PromptFiltersUseTheRoutersNames) {
  const RouterIntent router = good(std::string(kStart) +
                                   "define N = [10.0.0.0/8+]; function g(int a) { return a > 5; }\n"
                                   "filter f { if g(bgp_med) then accept; reject; }");
  const auto where = parse_filter_expression("net ~ N && g(bgp_local_pref)", router);
  ASSERT_TRUE(where) << to_string(where.error());
  EXPECT_EQ((*where)->functions.count("g"), 1U);
  EXPECT_TRUE(intent::same(**parse_filter_expression("filter f", router), *router.filters.at("f")));
  EXPECT_TRUE(parse_filter_expression("filter { reject; }", router));
  EXPECT_FALSE(parse_filter_expression("net ~ M", router));
  EXPECT_FALSE(parse_filter_expression("net ~ N )", router));
}

TEST(Birdlang, SpellingDoesNotMakeFiltersDiffer) {
  const auto a = good(filter("int x = 5; if (net ~ [11.0.0.0/8, 10.0.0.0/8{16,24}]) then bgp_med = x;"));
  const auto b = good(
      filter("/* c */ int y = (2 + 3);\nif net ~ [10.0.0.0/8{16,24}, 11.0.0.0/8] then { bgp_med = y; }"));
  const auto c = good(filter("int y = 6; if net ~ [10.0.0.0/8{16,24}, 11.0.0.0/8] then bgp_med = y;"));
  EXPECT_TRUE(intent::same(*a.filters.at("f"), *b.filters.at("f")));
  EXPECT_FALSE(intent::same(*a.filters.at("f"), *c.filters.at("f")));
}

TEST(BirdlangRoundTrip, Protocols) {
  const std::string start(kStart);
  const std::string cases[] = {
      bgp("multihop 3; ttl security on; password \"x\"; passive; bfd graceful; local role customer; allow "
          "local as;"),
      bgp("graceful restart off; long lived graceful restart on; long lived stale time 4; hold time 30; "
          "connect delay time 2; disable after cease { prefix limit hit, out of resources }; error wait time "
          "1,2; debug { states }; router id 9; vrf \"v\"; "
          "disabled;"),
      bgp("bfd { min rx interval 20 ms; multiplier 3; }; interpret communities off; default bgp_med 3;",
          "import where net ~ 10.0.0.0/8; export filter { reject; }; import limit 10; receive limit 3 action "
          "block; "
          "import keep filtered; next hop self ebgp; next hop address 1.1.1.1; cost 5; aigp originate; "
          "igp table master6; import table; rpki reload off; preference 5; debug all;"),
      start + "protocol bgp x { local fe80::2 as 1; neighbor fe80::1%'eth0.5' as 1; direct; ipv6; }",
      start +
          "protocol bgp x { local as 1; neighbor range 10.0.0.0/8 internal; dynamic name \"d\"; dynamic name "
          "digits 3; ipv4; }",
      start +
          "protocol kernel { ipv4; learn; persist; merge paths limit 4; kernel table 5; metric 3; graceful "
          "restart; }",
      start +
          "protocol static { ipv4; check link; route 10.0.0.0/8 via 1.1.1.1%e onlink weight 3 bfd via \"f\"; "
          "route 11.0.0.0/8 recursive 1.1.1.1; route 12.0.0.0/8 prohibit { bgp_med = 5; preference = 3; }; }",
      start +
          "ipv4 table t1 sorted; ipv6 table t2 { trie on; gc period 5 s; gc threshold 9; }; debug channels "
          "all;\n"
          "function h(int a) { if a = 0 then return 1; return a * h(a - 1); }\n"
          "protocol static { ipv4; route 10.0.0.0/8 blackhole { int z_; z_ = h(3); bgp_med = z_; }; }",
      start + "protocol direct { ipv4; interface \"a*\", -\"b\", 10.0.0.0/8; }",
      start + "ipv4 table t; protocol pipe { table t; peer table master4; export none; }",
      start +
          "protocol bfd { interface \"a\" { interval 5 s; passive; authentication simple; password \"p\"; "
          "}; "
          "multihop { multiplier 3; }; neighbor 1.1.1.1 dev \"e\"; neighbor 1.1.1.2 local 1.1.1.3 multihop "
          "on; "
          "accept ipv4 direct; }",
      start +
          "function g(int a; ip b) int c; { c = a; return c; } function a() { g(1, 1.1.1.1); } attribute int "
          "z;",
  };
  for (const std::string& text : cases) {
    expect_round_trip(text, Dialect::bird2);
    EXPECT_TRUE(fits_bird(*read(text, Dialect::bird2))) << text;
  }
  expect_round_trip(
      "router id 1.1.1.1; table t; roa table r { roa 10.0.0.0/8 max 24 as 5; }\n"
      "protocol static { table t; route 10.0.0.0/8 multipath via 1.1.1.1 via 1.1.1.2 weight 3; import all; "
      "}\n"
      "protocol pipe { table t; peer table master; } protocol device { primary \"eth0\" 10.0.0.1; }\n"
      "protocol kernel { device routes; metric 5; export filter { if roa_check(r) = ROA_VALID then "
      "krt_tunnel = \"t\"; "
      "accept; }; }",
      Dialect::bird1);
}

TEST(BirdlangRoundTrip, OptionsThatBirdDoesNotHave) {
  const char* of_bgp[] = {"send hold time 30",
                          "min hold time 9",
                          "delay open time 500 ms",
                          "limit restart time 60",
                          "graceful restart stale time 100",
                          "graceful restart notification off",
                          "graceful shutdown on",
                          "unknown well known reset off",
                          "as override on",
                          "remove private as",
                          "remove private as all replace",
                          "remove private as leading",
                          "require policy off",
                          "require route refresh on",
                          "require enhanced route refresh on",
                          "require as4 on",
                          "require extended messages on",
                          "require hostname on",
                          "require graceful restart on",
                          "require long lived graceful restart on"};
  for (const std::string option : of_bgp) {
    const std::string text = bgp(option + ";");
    expect_round_trip(text, Dialect::bird2);
    const auto fits = fits_bird(*read(text, Dialect::bird2));
    ASSERT_FALSE(fits) << option;
    EXPECT_EQ(fits.error().code, Errc::unsupported);
    EXPECT_NE(fits.error().message.find("'" + option.substr(0, 10)), std::string::npos)
        << fits.error().message;
  }
  for (const std::string option : {"max paths external 4", "max paths internal 2", "as path relax off"}) {
    const std::string text =
        std::string(kStart) + "protocol kernel { ipv4; merge paths on; " + option + "; }";
    expect_round_trip(text, Dialect::bird2);
    EXPECT_FALSE(fits_bird(*read(text, Dialect::bird2))) << option;
  }
  const std::string conditional = std::string(kStart) +
                                  "protocol static { ipv4; route 0.0.0.0/0 unreachable when 10.0.0.0/8 { "
                                  "bgp_med = 5; }; }";
  expect_round_trip(conditional, Dialect::bird2);
  EXPECT_FALSE(fits_bird(*read(conditional, Dialect::bird2)));
  const auto off = read(bgp("remove private as off;"), Dialect::bird2);
  EXPECT_EQ(std::get<intent::BgpIntent>(off->protocols.back().body).remove_private_as,
            intent::RemovePrivateAs::off);
}

TEST(BirdlangBird1, FiltersKnowTheirDialect) {
  const std::string text =
      std::string(kStart) +
      "filter f { if defined(bgp_community) then accept; reject; } protocol static { import filter f; "
      "export where net.len = 5; route 10.0.0.0/8 blackhole { bgp_med = 5; }; }";
  const RouterIntent old = good(text, Dialect::bird1);
  EXPECT_EQ(old.dialect, Dialect::bird1);
  EXPECT_EQ(old.filters.at("f")->dialect, Dialect::bird1);
  EXPECT_NE(print(*old.filters.at("f")).find("if defined(bgp_community) then"), std::string::npos);
  const intent::ProtocolIntent& protocol = old.protocols.back();
  EXPECT_EQ(protocol.channels.at(0).export_filter.filter->dialect, Dialect::bird1);
  EXPECT_EQ(std::get<intent::StaticIntent>(protocol.body).routes.at(0).body->dialect, Dialect::bird1);
  EXPECT_EQ((*parse_filter_expression("net.len > 5", old))->dialect, Dialect::bird1);
  const RouterIntent modern = good(
      std::string(kStart) + "filter f { if defined(bgp_community) then accept; reject; }", Dialect::bird2);
  EXPECT_EQ(modern.filters.at("f")->dialect, Dialect::bird2);
  EXPECT_FALSE(intent::same(*modern.filters.at("f"), *old.filters.at("f")));
}

TEST(BirdlangBird1, WordsOfBird2AreNames) {
  for (const std::string word : {"bgp_otc", "do", "format", "gw_mpls", "onlink"}) {
    for (const std::string& text :
         {"filter " + word + " { accept; }",
          "filter f int " + word + "; { " + word + " = 5; print " + word + "; }",
          "function " + word + "(int x) { return x; } filter f { print " + word + "(5); }"}) {
      EXPECT_EQ(error_of(std::string(kStart) + text, Dialect::bird1), "no error") << text;
      EXPECT_NE(error_of(std::string(kStart) + text, Dialect::bird2), "no error") << text;
    }
  }
  EXPECT_EQ(
      error_of(std::string(kStart) + std::string("filter f int master; { master = 5; }"), Dialect::bird1),
      "no error");
  EXPECT_NE(error_of(std::string(kStart) + std::string("filter master { accept; }"), Dialect::bird1),
            "no error");
  EXPECT_NE(error_of(std::string(kStart) + std::string("filter f int bgp_med; { accept; }"), Dialect::bird1),
            "no error");
  expect_round_trip("filter f int onlink; { onlink = 5; print onlink; } protocol static { import filter f; }",
                    Dialect::bird1);
}

TEST(BirdlangBird1, DestinationsHaveTheirNames) {
  expect_round_trip(
      "filter f { if dest ~ [RTD_ROUTER, RTD_DEVICE, RTD_MULTIPATH, RTD_BLACKHOLE] then accept; reject; } "
      "protocol static { import filter f; }",
      Dialect::bird1);
  EXPECT_NE(error_of(std::string(kStart) + std::string("filter f { if dest = RTD_DEVICE then accept; }"),
                     Dialect::bird2),
            "no error");
}

TEST(BirdlangBgp, ExternalSessionsMayGoWithoutPolicyWhereThatIsSaid) {
  EXPECT_NE(error_of(bgp("", "import all;")).find("RFC 8212"), std::string::npos);
  EXPECT_EQ(error_of(bgp("require policy off;", "import all;")), "no error");
}

/// As BIRD 1.6 and 2: our own number may be any, the peer is told AS_TRANS.
TEST(BirdlangBgp, ALongNeighborAsNeedsAs4) {
  const auto session = [](const char* local, const char* remote, const char* option) {
    return std::string(kStart) + "protocol bgp a {\n  local as " + local + ";\n  neighbor 10.0.0.1 " +
           remote + ";\n  " + option + "\n  ipv4 { import all; export all; };\n}\n";
  };
  EXPECT_NE(error_of(session("65001", "as 65536", "enable as4 off;"))
                .find("protocol a: neighbor AS 65536 does not fit 16 bits, and AS4 is not available: 'enable "
                      "as4 off'"),
            std::string::npos);
  EXPECT_NE(error_of(session("65001", "as 65536", "capabilities off;")).find("'capabilities off'"),
            std::string::npos);
  EXPECT_NE(error_of(session("65536", "internal", "enable as4 off;")).find("neighbor AS 65536"),
            std::string::npos);
  EXPECT_EQ(error_of(session("65536", "as 65535", "enable as4 off;")), "no error");
  EXPECT_EQ(error_of(session("65001", "as 65536", "enable as4 on;")), "no error");
}

TEST(BirdlangBgp, WhatARouteServerKeepsIsPrintedAsItWasSaid) {
  for (const char* option : {"next hop keep off;", "next hop keep on;", "next hop keep ebgp;"}) {
    const auto router = good(bgp("rs client;", std::string("import all; export all; ") + option));
    EXPECT_NE(print(router, Dialect::bird2).find(option), std::string::npos) << option;
  }
  const auto plain = good(bgp("rs client;", "import all; export all;"));
  EXPECT_EQ(print(plain, Dialect::bird2).find("next hop keep"), std::string::npos);
}

TEST(BirdlangRoundTrip, Filters) {
  const std::string cases[] = {
      "int x; x = 5; { int y = x; bgp_med = y; } if defined(bgp_med) && !(bgp_med > 3) || true then reject;",
      "case net.len { 1: accept; 2, 3..5: print \"x\", net; reject; else: printn 5; }",
      "case source { RTS_BGP: bgp_med = 1; RTS_STATIC, RTS_DEVICE: reject \"no\"; }",
      "for int a in bgp_path do { if a = 5 then reject \"five\", a; } int b; for b in bgp_path do print b;",
      "if bgp_path ~ [= 1 2 * ? [3, 5..7] 8..9 (bgp_med) =] then reject;",
      "bgp_path.prepend(1); bgp_path.delete([1, 2]); bgp_path.empty; bgp_community.add((1,2));",
      "bgp_community = filter(add(bgp_community, (1,2)), [(1,*), (2..3,4..5), (1,2)..(3,4)]);",
      "bgp_ext_community.delete([(rt,1,*), (ro,70000,1..5), (generic,0x43000000,*)]);",
      "if bgp_large_community ~ [(1,2,3), (1,*,*), (1,2..3,*)] then reject;",
      "if net ~ [10.0.0.0/8+, 11.0.0.0/8-, 12.0.0.0/8{4,20}] then reject; if from ~ [1.1.1.1..1.1.1.9] then "
      "reject;",
      "quad q = 1.2.3.4; bgp_originator_id = 5.6.7.8; unset(bgp_med); bgp_cluster_list = -empty-; lc l = "
      "(1,2,3);",
      "bgppath p = prepend(prepend(+empty+, 5), 6); ec e = (unknown 0x4300, 1, 2); prefix set q = [];",
      "if bgp_med - (1 - bgp_local_pref) = bgp_med * (2 + 3) / bgp_med then reject;",
      "if roa_check(r, net, bgp_path.last) = ROA_INVALID || roa_check(r) = ROA_VALID then reject;",
      "if true then { } else if false then accept; else { reject; } string q = format(net); krt_lock_mtu = "
      "true;",
      "bool b = (bgp_med = 5) = true; return bgp_med > 3;",
      "if bgp_path ~ [= 1 + [2, 3] + (bgp_med) + ? * =] then reject; onlink = true;",
      "case (1,2) { (1,*), (2..3,5), (7,1)..(8,2): accept; } case (rt,1,2) { (rt,1,2..5): reject; else: "
      "accept; }",
      "case gw { 10.0.0.1: accept; 10.0.0.2..10.0.0.9, 192.0.2.1: reject; }",
      "bgp_large_community.delete([(1,2,3)..(4,5,6), (7..9,*,*)]); if 5 ~ [(2 + 3)..9, 20] then reject;",
  };
  for (const std::string& body : cases) {
    expect_round_trip(filter(body), Dialect::bird2);
    expect_round_trip("roa table r; filter f {" + body + "} protocol static { import filter f; }",
                      Dialect::bird1);
  }
}

TEST(BirdlangPrint, TranslatesTheTablesOfTheOtherDialect) {
  const RouterIntent flat = good(
      "router id 1.1.1.1; protocol static { route 10.0.0.0/8 blackhole; }\n"
      "protocol bgp b { local as 1; neighbor 10.0.0.2 as 2; import all; export none; next hop self; }",
      Dialect::bird1);
  const RouterIntent modern = good(print(flat, Dialect::bird2));
  EXPECT_EQ(modern.protocols.at(1).channels.at(0).table, "master4");
  EXPECT_EQ(modern.protocols.at(1).channels.at(0).bgp.next_hop_self, intent::NextHopSelf::on);
}

}  // namespace
}  // namespace catflap::birdlang
