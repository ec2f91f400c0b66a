#include <gtest/gtest.h>

#include "intent/filter.hpp"
#include "intent/operators.hpp"
#include "intent/router.hpp"
#include "intent/value.hpp"

namespace catflap::intent {
namespace {

SetRange pairs_between(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return {set_key(a << 16U | b), set_key(c << 16U | d)};
}
std::shared_ptr<const ItemSet> pairs(std::vector<SetRange> ranges) {
  ItemSet set;
  set.type = SetType::pair;
  set.ranges = std::move(ranges);
  set.normalise();
  return std::make_shared<const ItemSet>(std::move(set));
}

TEST(ValueText, IsWhatBirdPrints) {
  const PrefixPattern pattern{*net::Prefix::parse("10.0.0.0/8"), 16, 24};
  net::AsPath path;
  path.prepend(65002);
  path.prepend(65001);
  const struct {
    Value value;
    std::string_view text;
  } cases[] = {
      {std::monostate(), "(void)"},
      {true, "TRUE"},
      {std::uint32_t{5}, "5"},
      {Pair{(64512U << 16U) | 100U}, "(64512,100)"},
      {Quad{0x01020304}, "1.2.3.4"},
      {net::IpAddr::v4(0x0A000001), "10.0.0.1"},
      {*net::Prefix::parse("fd00::/8"), "fd00::/8"},
      {std::string("eth0"), "eth0"},
      {EnumValue{EnumType::route_source, 11}, "(enum 30)11"},
      {EnumValue{EnumType::net_type, 1}, "(enum 36)1"},
      {std::make_shared<const PrefixSet>(std::vector<PrefixPattern>{pattern}), "[10.0.0.0/8{16,24}]"},
      {pairs({pairs_between(1, 3, 1, 4), pairs_between(2, 0, 3, 0xFFFF)}),
       "[(1,3)..(1,4), (2,0)..(3,65535)]"},
      {path, "(path 65001 65002)"},
      {net::AsPath(), "(path )"},
      {CommunityList{{0x00010002}}, "(clist (1,2))"},
      {CommunityList(), "(clist )"},
  };
  for (const auto& item : cases) {
    EXPECT_EQ(to_string(item.value), item.text);
  }
}

TEST(ValueText, SourceIsWhatAFileSays) {
  net::AsPath path;
  path.prepend(5);
  EXPECT_EQ(to_source(Value(EnumValue{EnumType::route_source, 11})), "RTS_BGP");
  EXPECT_EQ(to_source(Value(std::string("a"))), "\"a\"");
  EXPECT_EQ(to_source(Value(path)), "prepend(+empty+, 5)");
  EXPECT_EQ(to_source(Value(CommunityList{{0x00010002}})), "add(-empty-, (1,2))");
  std::vector<SetRange> rows;
  for (std::uint32_t row = 0; row <= 0xFFFFU; ++row) {
    rows.push_back(pairs_between(row, 3, row, 4));
  }
  EXPECT_EQ(to_source(Value(pairs(rows))), "[(*,3..4)]");
  EXPECT_EQ(to_source(Value(pairs({pairs_between(1, 5, 3, 2)}))), "[(1,5)..(3,2)]");
  EXPECT_EQ(to_source(Value(true)), "true");
}

TEST(EnumNames, GoBothWays) {
  for (const std::string_view name : enum_names()) {
    const auto value = enum_from_name(name);
    ASSERT_TRUE(value) << name;
    EXPECT_EQ(enum_name(*value), name);
  }
  EXPECT_FALSE(enum_from_name("RTS_NOTHING"));
}

/// As BIRD: what a filter takes for the first AS is no member AS of the confederation, the last one may be.
TEST(PathMethods, InsideAConfederation) {
  using net::AsSegmentType;
  const net::AsPath path{
      {{AsSegmentType::confed_sequence, {65001, 65002}}, {AsSegmentType::sequence, {1, 2}}}};
  const net::AsPath inside{{{AsSegmentType::confed_sequence, {65001, 65002}}}};
  const net::AsPath outside{{{AsSegmentType::sequence, {1, 2}}}};
  const struct {
    const net::AsPath& path;
    std::uint32_t len, first, last;
  } cases[] = {{path, 2, 0, 2}, {inside, 0, 0, 65002}, {outside, 2, 1, 2}};
  for (const auto& one : cases) {
    EXPECT_EQ(plain_method(one.path, "len"), Value(one.len)) << to_string(one.path);
    EXPECT_EQ(plain_method(one.path, "first"), Value(one.first)) << to_string(one.path);
    EXPECT_EQ(plain_method(one.path, "last"), Value(one.last)) << to_string(one.path);
    EXPECT_EQ(plain_method(one.path, "last_nonaggregated"), Value(one.last)) << to_string(one.path);
  }
}

TEST(Same, ComparesSetsByContent) {
  const Value a = pairs({pairs_between(1, 2, 1, 2)});
  const Value b = pairs({pairs_between(1, 2, 1, 2)});
  const Value c = pairs({pairs_between(1, 2, 1, 3)});
  EXPECT_TRUE(same(a, b));
  EXPECT_FALSE(same(a, c));
  EXPECT_FALSE(same(a, Value(true)));
}

StmtPtr declare(std::string name, std::uint32_t line) {
  Stmt stmt;
  stmt.verb = Verb::declare;
  stmt.type = ValueType::integer;
  stmt.name = std::move(name);
  stmt.where.line = line;
  return std::make_shared<const Stmt>(std::move(stmt));
}

TEST(Same, FiltersIgnorePlacesAndNamesOfVariables) {
  Filter a;
  a.body = {declare("x", 1)};
  Filter b;
  b.body = {declare("y", 2)};
  EXPECT_TRUE(same(a, b));
  b.body.push_back(declare("z", 3));
  EXPECT_FALSE(same(a, b));
  b = a;
  b.name = "other";
  EXPECT_FALSE(same(a, b));
}

TEST(Same, RoutersDifferByAnyProtocol) {
  RouterIntent a;
  ProtocolIntent bgp;
  bgp.name = "r2";
  bgp.body = BgpIntent();
  a.protocols.push_back(bgp);
  RouterIntent b = a;
  EXPECT_TRUE(same(a, b));
  std::get<BgpIntent>(b.protocols[0].body).passive = true;
  EXPECT_FALSE(same(a, b));
  b = a;
  b.protocols[0].body = StaticIntent();
  EXPECT_FALSE(same(a, b));
  b = a;
  b.protocols[0].where.line = 7;
  EXPECT_TRUE(same(a, b));
}

TEST(ItemSet, OverlappingRangesAreOneAndBackwardOnesHoldNothing) {
  ItemSet set;
  for (const auto& [low, high] : {std::pair{5U, 9U}, {20U, 30U}, {8U, 12U}, {3U, 1U}, {12U, 12U}}) {
    set.ranges.push_back({set_key(low), set_key(high)});
  }
  set.normalise();
  EXPECT_EQ(to_source(set), "[5..12, 20..30]");
  for (const std::uint32_t inside : {5U, 12U, 20U, 30U}) {
    EXPECT_TRUE(set.contains(set_key(inside))) << inside;
  }
  for (const std::uint32_t outside : {0U, 2U, 4U, 13U, 19U, 31U}) {
    EXPECT_FALSE(set.contains(set_key(outside))) << outside;
  }
}

net::Prefix prefix(const char* text) {
  return net::Prefix::parse(text).value();
}

TEST(PrefixSet, LengthsInsideAndAround) {
  const PrefixSet set({{prefix("10.0.0.0/8"), 8, 24},
                       {prefix("10.1.0.0/16"), 30, 32},
                       {prefix("192.0.2.0/24"), 0, 24},
                       {prefix("172.16.0.0/12"), 10, 14},
                       {prefix("2001:db8::/32"), 48, 128}});
  for (const char* inside :
       {"10.0.0.0/8", "10.255.1.0/24", "10.1.2.0/24", "10.1.2.3/32", "0.0.0.0/0", "192.0.0.0/12",
        "192.0.2.0/24", "172.0.0.0/10", "172.16.0.0/12", "172.20.0.0/14", "2001:db8:1::/48"}) {
    EXPECT_TRUE(set.contains(prefix(inside))) << inside;
  }
  for (const char* outside : {"10.0.0.0/7", "10.2.0.0/25", "10.1.0.0/29", "192.0.2.0/25", "172.16.0.0/15",
                              "172.0.0.0/9", "2001:db8::/32", "11.0.0.0/8", "::/0"}) {
    EXPECT_FALSE(set.contains(prefix(outside))) << outside;
  }
  EXPECT_FALSE(PrefixSet().contains(prefix("10.0.0.0/8")));
}

TEST(RoaTable, Rfc6811) {
  const RoaTable table({{prefix("10.0.0.0/8"), 16, 65001},
                        {prefix("10.0.0.0/8"), 24, 65002},
                        {prefix("10.1.0.0/16"), 16, 0},
                        {prefix("10.1.0.0/16"), 24, 65003}});
  const auto state = [&](const char* of, std::uint32_t asn) { return table.state(prefix(of), asn); };
  EXPECT_EQ(state("11.0.0.0/8", 65001), 0U);
  EXPECT_EQ(state("10.0.0.0/7", 65001), 0U);
  EXPECT_EQ(state("10.0.0.0/8", 65001), 1U);
  EXPECT_EQ(state("10.2.3.0/24", 65001), 2U);
  EXPECT_EQ(state("10.2.3.0/24", 65002), 1U);
  EXPECT_EQ(state("10.1.3.0/24", 65003), 1U);
  EXPECT_EQ(state("10.1.0.0/16", 65001), 1U) << "a shorter ROA still counts";
  EXPECT_EQ(state("10.1.0.0/16", 0), 2U) << "AS 0 validates nothing";
  EXPECT_EQ(RoaTable().state(prefix("10.0.0.0/8"), 1), 0U);
}

}  // namespace
}  // namespace catflap::intent
