#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "bgp/policy/filter.hpp"
#include "birdlang/birdlang.hpp"

/// What BIRD 1.6.8 printed for each of these filters over the same route.
namespace catflap::bgp::policy {
namespace {

using Lines = std::vector<std::string>;

intent::RouterIntent parsed(const std::string& text) {
  birdlang::ParseOptions options;
  options.dialect = birdlang::Dialect::bird1;
  auto result = birdlang::parse(text + "\nprotocol device {}\n", "test", options);
  EXPECT_TRUE(result) << (result ? "" : to_string(result.error()));
  return result ? std::move(*result) : intent::RouterIntent();
}

/// A static route that has nothing but a MED and a community.
RouteAttrs bare() {
  RouteAttrs attrs;
  attrs.source = intent::RouteSource::static_;
  attrs.forwarding.destination = Destination::blackhole;
  attrs.bgp.med = 10;
  attrs.bgp.communities = {1U << 16U | 2U};
  return attrs;
}

struct Ran {
  Verdict verdict;
  RouteAttrs attrs;
};

Ran run(const std::string& text, const RouteAttrs& attrs = bare(), bool exporting = false) {
  const intent::RouterIntent router = parsed(text);
  const auto filter = router.filters.find("f");
  if (filter == router.filters.end()) {
    return {{}, attrs};
  }
  FilterEnvironment environment;
  environment.exporting = exporting;
  RouteEdit edit;
  Verdict verdict =
      apply(*filter->second, {*net::Prefix::parse("10.0.0.0/8"), attrs, nullptr, "p"}, edit, environment);
  return {std::move(verdict), edit.attrs(attrs)};
}

struct Case {
  std::string text;  ///< functions, and the filter f
  Lines printed;
  bool accepted = true;
};

class Bird1Filter : public testing::TestWithParam<Case> {};

TEST_P(Bird1Filter, DoesAsBird1) {
  const Ran ran = run(GetParam().text);
  EXPECT_EQ(ran.verdict.printed, GetParam().printed) << GetParam().text << ran.verdict.message;
  EXPECT_EQ(ran.verdict.accepted, GetParam().accepted) << GetParam().text << ran.verdict.message;
}

const Case kCases[] = {
    {"filter f { print bgp_path, bgp_med, bgp_ext_community, bgp_cluster_list, bgp_next_hop; accept; }",
     {"(void)10(eclist )(clist )(void)"}},
    {"filter f { print defined(bgp_path), defined(bgp_med), defined(bgp_community), "
     "defined(bgp_ext_community); "
     "accept; }",
     {"FALSETRUETRUETRUE"}},
    {"filter f { print bgp_path.len; accept; }", {}, false},
    {"filter f { print bgp_path ~ [= * =]; accept; }", {}, false},
    {"filter f { bgp_path.prepend(1); accept; }", {}, false},
    {"filter f { bgp_path.empty; print bgp_path.len; accept; }", {"0"}},
    {"filter f int a; bgppath p; clist c; { print a, p, c, defined(a); a = bgp_med; print a; a = "
     "bgp_local_pref; "
     "print a, defined(a); accept; }",
     {"(void)(void)(void)FALSE", "10", "(void)FALSE"}},
    {"filter f int a; { a = \"x\"; print \"not here\"; accept; }", {}, false},
    {"filter f quad q; { q = 1.2.3.4; print q, q = 1.2.3.4; accept; }", {"1.2.3.4TRUE"}},
    {"filter f { print from, gw, dest, dest = RTD_BLACKHOLE, RTD_ROUTER, RTD_DEVICE; accept; }",
     {"0.0.0.00.0.0.0(enum 34)2TRUE(enum 34)0(enum 34)1"}},
    {"filter f { bgp_origin = ORIGIN_EGP; print bgp_origin, bgp_origin = ORIGIN_EGP, bgp_origin = 1; accept; "
     "}",
     {"1FALSETRUE"}},
    {"filter f { bgp_origin = ORIGIN_EGP; if bgp_origin ~ [ORIGIN_EGP] then accept; print 1; }", {}, false},
    {"filter f { unset(bgp_med); unset(bgp_community); print bgp_med, bgp_community; bgp_med = 5; "
     "unset(bgp_med); "
     "print bgp_med; accept; }",
     {"10(clist (1,2))", "5"}},
    {"filter f { krt_metric = 5; print krt_metric; unset(krt_metric); print krt_metric; accept; }",
     {"5", "(void)"}},
    {"filter f { preference = 65535; preference = 65536; print 1; accept; }", {}, false},
    {"filter f { bgp_originator_id = 5; print bgp_originator_id; bgp_med = RTS_BGP; print bgp_med; accept; }",
     {"0.0.0.5", "11"}},
    {"function g(int x; int y) int l; { print x, y, l; l = x; return x + y; }\n"
     "filter f { print \"n\", g(1, g(2, 3)); accept; }",
     {"n23(void)", "25(void)", "7"}},
    {"function g() { print \"g\"; return g(); } filter f { print g(); accept; }", {"g", "(void)"}},
    {"function g(int x) { if x = 1 then return 1; } filter f { print g(1), g(2); accept; }", {"1TRUE"}},
    {"function g(int x) { if x = 1 then { bgp_med = 1; } else { bgp_med = 2; } }\n"
     "filter f { print g(1), g(2); accept; }",
     {"TRUEFALSE"}},
    {"function g(int x) { case x { 1: bgp_med = 1; 2: if x = 2 then { bgp_med = 3; } } }\n"
     "filter f { print g(0), g(1), g(2); accept; }",
     {"(void)(void)FALSE"}},
    {"function g(int x) { if x = 1 then { bgp_med = 2; } } function h() { g(1); }\n"
     "filter f { print h(); accept; }",
     {"FALSE"}},
    {"function g(int x) { print \"g\", x; return x; }\n"
     "filter f { print g(1) > g(2); print g(1) < g(2); print g(1) >= g(2); accept; }",
     {"g2", "g1", "FALSE", "g1", "g2", "TRUE", "g2", "g1", "FALSE"}},
    {"filter f { printn \"a\"; print \"b\"; printn \"lost\"; accept; }", {"ab"}},
    {"filter f { print \"x\"; return true; }", {"x"}, false},
    {"function g(int x) { x = \"x\"; } filter f { print g(1); accept; }", {}, false},
    {"function g(int x) { return x; } filter f { print g(\"x\"); accept; }", {}, false},
    {"function g(bgppath p) { return p; } filter f { print g(bgp_path), defined(bgp_path.len); accept; }",
     {},
     false},
    {"function g(int x) { if x = 1 then accept \"here\", x; return 5; } filter f { print g(2), g(1); }",
     {"5here1"}},
};
INSTANTIATE_TEST_SUITE_P(All, Bird1Filter, testing::ValuesIn(kCases));

TEST(Bird1Unset, AnExportFilterSeesTheRouteAgain) {
  const std::string text =
      "filter f { bgp_med = 9; print bgp_med; unset(bgp_med); unset(bgp_community); print bgp_med, "
      "bgp_community; "
      "bgp_path = +empty+; unset(bgp_path); print bgp_path; accept; }";
  const Ran ran = run(text, bare(), true);
  EXPECT_EQ(ran.verdict.printed, (Lines{"9", "10(clist (1,2))", "(void)"}));
  EXPECT_FALSE(ran.attrs.bgp.med);
  EXPECT_TRUE(ran.attrs.bgp.communities.empty());
  const Ran imported = run(text);
  EXPECT_EQ(imported.verdict.printed, (Lines{"9", "9(clist (1,2))", "(path )"}));
  EXPECT_EQ(imported.attrs.bgp.med, 9U);
}

TEST(Bird1Unset, TheKernelsMetricDoesNotOutliveAnImportFilter) {
  const std::string text = "filter f { krt_metric = 5; krt_realm = 6; print krt_metric; accept; }";
  const auto metric = [](const RouteAttrs& attrs) {
    const intent::Value* value = find_extra(attrs, intent::RouteAttribute::krt_metric);
    return value == nullptr ? intent::Value() : *value;
  };
  const Ran imported = run(text);
  EXPECT_EQ(metric(imported.attrs), intent::Value());
  EXPECT_NE(find_extra(imported.attrs, intent::RouteAttribute::krt_realm), nullptr);
  EXPECT_EQ(metric(run(text, bare(), true).attrs), intent::Value(5U));
  RouteAttrs kernel = bare();
  kernel.source = intent::RouteSource::inherit;
  EXPECT_EQ(metric(run(text, kernel).attrs), intent::Value(5U));
  RouteAttrs body = bare();
  set_extra(body, intent::RouteAttribute::krt_metric, 7U);
  const Ran hidden = run(text, body);
  EXPECT_EQ(hidden.verdict.printed, Lines{"7"});
  EXPECT_EQ(metric(hidden.attrs), intent::Value(7U));
}

TEST(Bird1Unset, TheBodyOfAStaticRouteUnsetsAtItsEnd) {
  const intent::RouterIntent router = parsed(
      "protocol static { route 10.0.0.0/8 blackhole { bgp_med = 5; unset(bgp_med); bgp_med = 6; print "
      "bgp_med; "
      "krt_metric = 7; unset(krt_metric); print krt_metric; krt_metric = 8; }; }");
  const auto& routes = std::get<intent::StaticIntent>(router.protocols.at(0).body).routes;
  ASSERT_EQ(routes.size(), 1U);
  const RouteAttrs attrs = bare();
  RouteEdit edit;
  Lines printed;
  ASSERT_TRUE(run_body(*routes[0].body, {routes[0].prefix, attrs, nullptr, "p"}, edit, {}, &printed));
  EXPECT_EQ(printed, (Lines{"6", "(void)"}));
  EXPECT_FALSE(edit.attrs(attrs).bgp.med);
  const intent::Value* metric = find_extra(edit.attrs(attrs), intent::RouteAttribute::krt_metric);
  ASSERT_NE(metric, nullptr);
  EXPECT_EQ(*metric, intent::Value(8U));
}

}  // namespace
}  // namespace catflap::bgp::policy
