#include "bgp/policy/filter.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "intent/operators.hpp"

namespace catflap::bgp::policy {
namespace {

using intent::Expr;
using intent::ExprPtr;
using intent::kExtGeneric;
using intent::make_ext;
using intent::match_path;
using intent::Op;
using intent::RouteAttribute;
using intent::Stmt;
using intent::StmtPtr;
using intent::Value;
using intent::Verb;

ExprPtr node(Op op, std::vector<ExprPtr> operands, std::string name = {}) {
  auto expr = std::make_shared<Expr>();
  expr->op = op;
  expr->operands = std::move(operands);
  expr->name = std::move(name);
  expr->where = {"filters", 7, 1};
  return expr;
}
ExprPtr value(Value held) {
  auto expr = std::make_shared<Expr>();
  expr->value = std::move(held);
  return expr;
}
ExprPtr number(std::uint32_t held) {
  return value(held);
}
ExprPtr attribute(RouteAttribute which, std::string name = {}) {
  auto expr = std::make_shared<Expr>();
  expr->op = Op::attribute;
  expr->attribute = which;
  expr->name = std::move(name);
  return expr;
}
ExprPtr variable(std::uint32_t slot) {
  auto expr = std::make_shared<Expr>();
  expr->op = Op::variable;
  expr->slot = slot;
  return expr;
}
StmtPtr statement(Verb verb, ExprPtr expr = nullptr, std::vector<StmtPtr> body = {},
                  std::vector<StmtPtr> other = {}) {
  auto stmt = std::make_shared<Stmt>();
  stmt->verb = verb;
  stmt->expr = std::move(expr);
  stmt->body = std::move(body);
  stmt->otherwise = std::move(other);
  stmt->where = {"filters", 9, 3};
  return stmt;
}
StmtPtr assign(RouteAttribute which, ExprPtr expr, std::string name = {}) {
  auto stmt = std::make_shared<Stmt>();
  stmt->verb = Verb::assign_attribute;
  stmt->attribute = which;
  stmt->expr = std::move(expr);
  stmt->name = std::move(name);
  stmt->where = {"filters", 5, 3};
  return stmt;
}
StmtPtr set_slot(std::uint32_t slot, ExprPtr expr, Verb verb = Verb::assign_variable) {
  auto stmt = std::make_shared<Stmt>();
  stmt->verb = verb;
  stmt->slot = slot;
  stmt->expr = std::move(expr);
  return stmt;
}
StmtPtr print(std::vector<ExprPtr> exprs, bool no_newline = false) {
  auto stmt = std::make_shared<Stmt>();
  stmt->verb = Verb::print;
  stmt->exprs = std::move(exprs);
  stmt->no_newline = no_newline;
  return stmt;
}
const StmtPtr kAccept = statement(Verb::accept);
const StmtPtr kReject = statement(Verb::reject);

class OneLink final : public InterfaceLookup {
 public:
  std::string_view name_of(IfIndex index) const override { return index == 2 ? "eth0" : ""; }
  std::optional<IfIndex> index_of(std::string_view name) const override {
    return name == "eth0" ? std::optional<IfIndex>(2) : std::nullopt;
  }
  std::optional<IfIndex> neighbour_interface(const net::IpAddr& address,
                                             std::optional<IfIndex>) const override {
    return net::Prefix::parse("192.168.1.0/24").value().contains(address) ? std::optional<IfIndex>(2)
                                                                          : std::nullopt;
  }
};

class FilterTest : public testing::Test {
 protected:
  FilterTest() {
    environment.interfaces = &links;
    environment.roa_tables = &roas;
    attrs.source = intent::RouteSource::static_;
    attrs.preference = 200;
    attrs.forwarding.destination = Destination::blackhole;
  }
  Verdict run(std::vector<StmtPtr> body) {
    filter.body = std::move(body);
    edit.clear();
    return apply(filter, RouteRef{net::Prefix::parse("10.1.2.0/24").value(), attrs, resolved, "static1"},
                 edit, environment);
  }
  const RouteAttrs& out() const { return edit.attrs(attrs); }

  OneLink links;
  std::map<std::string, intent::RoaTable> roas;
  FilterEnvironment environment;
  RouteAttrs attrs;
  const Forwarding* resolved = nullptr;
  intent::Filter filter;
  RouteEdit edit;
};

TEST_F(FilterTest, SaysWhichStatementDecided) {
  const Verdict accepted = run({kAccept});
  EXPECT_TRUE(accepted.accepted);
  EXPECT_FALSE(accepted.failed);
  EXPECT_EQ(accepted.where.line, 9U);
  EXPECT_FALSE(edit.changed());
  const Verdict rejected = run({kReject, kAccept});
  EXPECT_FALSE(rejected.accepted);
  EXPECT_FALSE(rejected.failed);
}

TEST_F(FilterTest, MustMakeUpItsMind) {
  filter.name = "lazy";
  const Verdict verdict = run({});
  EXPECT_FALSE(verdict.accepted);
  EXPECT_TRUE(verdict.failed);
  EXPECT_EQ(verdict.message, "Filter lazy did not return accept nor reject. Make up your mind");
}

TEST_F(FilterTest, CopiesAttributesOnlyWhenItChangesThem) {
  run({statement(Verb::if_, node(Op::equal, {attribute(RouteAttribute::preference), number(200)}),
                 {kAccept})});
  EXPECT_FALSE(edit.changed());
  run({assign(RouteAttribute::bgp_med, number(5)), assign(RouteAttribute::krt_metric, number(9)),
       assign(RouteAttribute::generic, number(1), "custom"), kAccept});
  EXPECT_TRUE(edit.changed());
  EXPECT_EQ(out().bgp.med, 5U);
  EXPECT_EQ(attrs.bgp.med, std::nullopt);
  EXPECT_NE(find_extra(out(), RouteAttribute::krt_metric), nullptr);
  EXPECT_NE(find_extra(out(), RouteAttribute::generic, "custom"), nullptr);
}

struct ErrorCase {
  const char* name;
  std::function<std::vector<StmtPtr>()> body;
  const char* message;
};
class Fails : public FilterTest, public testing::WithParamInterface<ErrorCase> {};

TEST_P(Fails, RejectsTheRouteAndSaysWhy) {
  const Verdict verdict = run(GetParam().body());
  EXPECT_FALSE(verdict.accepted);
  EXPECT_TRUE(verdict.failed);
  EXPECT_EQ(verdict.message, GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Fails,
    testing::Values(
        ErrorCase{"void_in_sum",
                  [] {
                    return std::vector<StmtPtr>{
                        assign(RouteAttribute::bgp_med,
                               node(Op::add, {attribute(RouteAttribute::bgp_med), number(1)}))};
                  },
                  "filters, line 7: Argument 1 of ADD must be of type int, got type void"},
        ErrorCase{"division",
                  [] {
                    return std::vector<StmtPtr>{print({node(Op::divide, {number(5), number(0)})})};
                  },
                  "filters, line 7: Mother told me not to divide by 0"},
        ErrorCase{"condition",
                  [] { return std::vector<StmtPtr>{statement(Verb::if_, number(1), {kAccept})}; },
                  "filters, line 9: Argument 1 of CONDITION must be of type bool, got type int"},
        ErrorCase{"match",
                  [] {
                    return std::vector<StmtPtr>{print({node(Op::match, {number(1), number(2)})})};
                  },
                  "filters, line 7: ~ applied on unknown type pair"},
        ErrorCase{"gateway",
                  [] {
                    return std::vector<StmtPtr>{
                        assign(RouteAttribute::gw, value(net::IpAddr::v4(0x09090909U)))};
                  },
                  "filters, line 5: Invalid gw address"},
        ErrorCase{
            "interface",
            [] { return std::vector<StmtPtr>{assign(RouteAttribute::ifname, value(std::string("nosuch")))}; },
            "filters, line 5: Invalid iface name"},
        ErrorCase{"weight", [] { return std::vector<StmtPtr>{assign(RouteAttribute::weight, number(3))}; },
                  "filters, line 5: Setting weight needs regular nexthop"},
        ErrorCase{"destination",
                  [] {
                    return std::vector<StmtPtr>{assign(
                        RouteAttribute::dest, value(intent::EnumValue{intent::EnumType::destination, 1}))};
                  },
                  "filters, line 5: Destination can be changed only to blackhole, unreachable or prohibit"},
        ErrorCase{"return_outside", [] { return std::vector<StmtPtr>{statement(Verb::return_, number(1))}; },
                  "filters, line 9: Can't return non-bool from non-function"},
        ErrorCase{"slot", [] { return std::vector<StmtPtr>{print({variable(3)})}; },
                  "filters: a variable has no place"},
        ErrorCase{"no_such_function", [] { return std::vector<StmtPtr>{print({node(Op::call, {}, "f")})}; },
                  "filters, line 7: there is no function f"}),
    [](const auto& param) { return std::string(param.param.name); });

TEST_F(FilterTest, StopsARunThatDoesNotEnd) {
  auto forever = std::make_shared<intent::Function>();
  forever->body = {statement(Verb::return_, node(Op::call, {}, "forever"))};
  filter.functions["forever"] = forever;
  const Verdict deep = run({print({node(Op::call, {}, "forever")}), kAccept});
  EXPECT_TRUE(deep.failed);
  EXPECT_NE(deep.message.find("nests deeper"), std::string::npos) << deep.message;
  environment.steps_max = 3;
  const Verdict busy =
      run({print({attribute(RouteAttribute::net)}), print({attribute(RouteAttribute::net)}), kAccept});
  EXPECT_NE(busy.message.find("more than 3 steps"), std::string::npos) << busy.message;
}

TEST_F(FilterTest, FunctionsHaveTheirOwnVariablesAndMayDecide) {
  auto twice = std::make_shared<intent::Function>();
  twice->slots = 1;
  twice->body = {set_slot(0, node(Op::add, {variable(0), variable(0)})),
                 statement(Verb::return_, variable(0))};
  filter.functions["twice"] = twice;
  auto decide = std::make_shared<intent::Function>();
  decide->body = {kReject};
  filter.functions["decide"] = decide;
  filter.slots = 1;
  const Verdict verdict =
      run({set_slot(0, number(4)),
           print({node(Op::call, {node(Op::call, {variable(0)}, "twice")}, "twice"), variable(0)}),
           statement(Verb::evaluate, node(Op::call, {}, "decide")), kAccept});
  EXPECT_FALSE(verdict.accepted);
  EXPECT_FALSE(verdict.failed) << verdict.message;
  EXPECT_EQ(verdict.where.line, 9U);
  EXPECT_EQ(verdict.printed, std::vector<std::string>{"164"});
}

TEST_F(FilterTest, JoinsWhatPrintnLeavesOpen) {
  const Verdict verdict =
      run({print({number(1)}, true), print({number(2)}), print({number(3)}, true), kAccept});
  EXPECT_EQ(verdict.printed, (std::vector<std::string>{"12", "3"}));
}

TEST_F(FilterTest, SetsTheGatewayOfANeighbour) {
  attrs.recursive = RecursiveNextHop{net::IpAddr::v4(1), std::nullopt, "master4"};
  const Forwarding there{Destination::unicast, {{net::IpAddr::v4(0xC0A80102U), 2, 1, false}}, 5};
  resolved = &there;
  const Verdict before =
      run({print({attribute(RouteAttribute::gw), value(std::string(" ")), attribute(RouteAttribute::ifname)}),
           kAccept});
  EXPECT_EQ(before.printed, std::vector<std::string>{"192.168.1.2 eth0"});
  run({assign(RouteAttribute::gw, value(net::IpAddr::v4(0xC0A80109U))), kAccept});
  EXPECT_FALSE(out().recursive);
  ASSERT_EQ(out().forwarding.next_hops.size(), 1U);
  EXPECT_EQ(out().forwarding.next_hops[0], (NextHop{net::IpAddr::v4(0xC0A80109U), 2, 1, false}));
}

TEST_F(FilterTest, ChecksOriginsAgainstStaticTables) {
  roas["r"] = intent::RoaTable({{net::Prefix::parse("10.0.0.0/8").value(), 16, 65001}});
  const auto state = [&](const char* prefix, std::uint32_t asn) {
    const auto check = node(Op::roa_check, {value(net::Prefix::parse(prefix).value()), number(asn)}, "r");
    return evaluate(*check, {}, environment).value();
  };
  EXPECT_EQ(state("10.1.0.0/16", 65001), Value(intent::EnumValue{intent::EnumType::roa, 1}));
  EXPECT_EQ(state("10.1.1.0/24", 65001), Value(intent::EnumValue{intent::EnumType::roa, 2}));
  EXPECT_EQ(state("11.0.0.0/8", 65001), Value(intent::EnumValue{intent::EnumType::roa, 0}));
}

TEST_F(FilterTest, EvaluatesWithoutARoute) {
  const auto sum = evaluate(*node(Op::add, {number(2), number(3)}), {}, environment);
  ASSERT_TRUE(sum);
  EXPECT_EQ(*sum, Value(std::uint32_t{5}));
  const auto needs_route = evaluate(*attribute(RouteAttribute::net), {}, environment);
  ASSERT_FALSE(needs_route);
  EXPECT_EQ(needs_route.error().message, "No route to access");
}

TEST_F(FilterTest, RunsTheBodyOfAStaticRoute) {
  const RouteRef route{net::Prefix::parse("10.0.0.0/8").value(), attrs, nullptr, "static1"};
  intent::Filter body;
  body.body = {assign(RouteAttribute::bgp_med, number(5)), kReject};
  EXPECT_TRUE(run_body(body, route, edit, environment)) << "what it decides does not count";
  EXPECT_EQ(out().bgp.med, 5U);
  body.body = {assign(RouteAttribute::bgp_med, node(Op::divide, {number(5), number(0)}))};
  EXPECT_FALSE(run_body(body, route, edit, environment));
}

TEST(Describe, NamesWhatAChannelDoes) {
  EXPECT_EQ(describe(intent::FilterRef::all()), "ACCEPT");
  EXPECT_EQ(describe(intent::FilterRef::none()), "REJECT");
  auto filter = std::make_shared<intent::Filter>();
  EXPECT_EQ(describe({intent::FilterRef::Kind::filter, filter}), "(unnamed)");
  filter->name = "calico";
  EXPECT_EQ(describe({intent::FilterRef::Kind::filter, filter}), "calico");
}

TEST(Mask, WalksSetsAndWildcards) {
  using Kind = intent::PathMaskItem::Kind;
  const auto item = [](Kind kind, std::uint32_t low = 0, std::uint32_t high = 0) {
    intent::PathMaskItem made;
    made.kind = kind;
    made.asns = {low, high};
    return made;
  };
  const net::AsPath path{{{net::AsSegmentType::sequence, {1, 2}}, {net::AsSegmentType::set, {7, 8}}}};
  const auto matches = [&](std::vector<intent::PathMaskItem> items) {
    return *match_path(path, std::make_shared<const intent::PathMask>(intent::PathMask{std::move(items)}));
  };
  EXPECT_TRUE(matches({item(Kind::asn, 1, 1), item(Kind::any_one), item(Kind::asn, 8, 8)}));
  EXPECT_TRUE(matches({item(Kind::any_many), item(Kind::range, 5, 7)}));
  EXPECT_TRUE(matches({item(Kind::any_many), item(Kind::any_many)}));
  EXPECT_FALSE(matches({item(Kind::asn, 1, 1), item(Kind::any_one)}));
  EXPECT_FALSE(matches({item(Kind::any_many), item(Kind::asn, 2, 2)}));
  EXPECT_FALSE(matches({}));
}

TEST(Ext, IsMadeByTheKindOfItsKey) {
  EXPECT_EQ(make_ext(2, 10, false, 20).value, 0x0002'000A'0000'0014ULL);
  EXPECT_EQ(make_ext(2, 100000, false, 5).value, 0x0202'0001'86A0'0005ULL);
  EXPECT_EQ(make_ext(3, 0x01020304, true, 20).value, 0x0103'0102'0304'0014ULL);
  EXPECT_EQ(make_ext(kExtGeneric, 0x43000000, false, 1).value, 0x4300'0000'0000'0001ULL);
  EXPECT_FALSE(make_ext(2, 100000, false, 70000).value);
  EXPECT_FALSE(make_ext(2, 1, true, 70000).value);
}

}  // namespace
}  // namespace catflap::bgp::policy
