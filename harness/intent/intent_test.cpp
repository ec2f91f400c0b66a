#include <gtest/gtest.h>

#include "intent/filter.hpp"
#include "intent/router.hpp"
#include "intent/value.hpp"

namespace catflap::intent {
namespace {

std::shared_ptr<const ItemSet> pairs(std::vector<SetItem> items) {
  ItemSet set;
  set.type = SetType::pair;
  set.items = std::move(items);
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
      {std::make_shared<const PrefixSet>(PrefixSet{{pattern}}), "[10.0.0.0/8{16,24}]"},
      {pairs({SetItem{{{1, 1}, {3, 4}, {0, 0}}}, SetItem{{{2, 3}, {0, 0xFFFF}, {0, 0}}}}),
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
  EXPECT_EQ(to_source(Value(pairs({SetItem{{{0, 0xFFFF}, {3, 4}, {0, 0}}}}))), "[(*,3..4)]");
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

TEST(Same, ComparesSetsByContent) {
  const Value a = pairs({SetItem{{{1, 1}, {2, 2}, {0, 0}}}});
  const Value b = pairs({SetItem{{{1, 1}, {2, 2}, {0, 0}}}});
  const Value c = pairs({SetItem{{{1, 1}, {2, 3}, {0, 0}}}});
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

}  // namespace
}  // namespace catflap::intent
