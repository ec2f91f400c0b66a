#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "bgp/policy/filter.hpp"
#include "birdlang/birdlang.hpp"

/// Filters as text, run over the static route 10.1.1.0/24 blackhole. What is expected here is what
/// BIRD 2.0.12 printed and decided for the same filter and route.
namespace catflap::bgp::policy {
namespace {

struct Case {
  const char* body;
  std::vector<std::string> printed;
  const char* error = nullptr;  ///< nullptr: the route is accepted
};

class FilterText : public testing::TestWithParam<Case> {};

TEST_P(FilterText, DoesWhatBirdDoes) {
  const std::string text =
      std::string(
          "router id 1.2.3.4;\nprotocol device {}\n"
          "function twice(int n) { if n = 0 then return 1; return n * 2; }\n"
          "roa4 table r4;\n"
          "protocol static sroa { roa4 { table r4; }; route 10.0.0.0/8 max 16 as 65001; }\n"
          "filter t { ") +
      GetParam().body + " }\n";
  const auto router = birdlang::parse(text, "bird.conf", {});
  ASSERT_TRUE(router) << to_string(router.error());
  RouteAttrs attrs;
  attrs.source = intent::RouteSource::static_;
  attrs.preference = 200;
  attrs.forwarding.destination = Destination::blackhole;
  FilterEnvironment environment;
  environment.roa_tables = &router->roa_tables;
  RouteEdit edit;
  const Verdict verdict =
      apply(*router->filters.at("t"),
            RouteRef{net::Prefix::parse("10.1.1.0/24").value(), attrs, nullptr, "s1"}, edit, environment);
  EXPECT_EQ(verdict.printed, GetParam().printed);
  EXPECT_EQ(verdict.accepted, GetParam().error == nullptr) << verdict.message;
  if (GetParam().error != nullptr) {
    EXPECT_EQ(verdict.message, GetParam().error);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Bird2, FilterText,
    testing::Values(
        Case{"print bgp_med, \" \", bgp_path, bgp_community, from, gw, dest, source, scope, ifname, proto, "
             "weight; accept;",
             {"(void) (path )(clist )::::(enum 34)2(enum 30)1(enum 32)4s11"}},
        Case{
            "print defined(bgp_path), defined(bgp_med), defined(bgp_community), defined(krt_metric); accept;",
            {"FALSEFALSEFALSEFALSE"}},
        Case{"int x = bgp_med; print \"reached\"; accept;",
             {},
             "filters, line 6: Argument 1 of VAR_INIT must be of type int, got type void"},
        // A list that never was there stays undefined, whatever is deleted from it.
        Case{"bgp_large_community.delete((1,1,1)); printn defined(bgp_large_community); "
             "bgp_large_community.add((1,1,1)); bgp_large_community.delete((1,1,1)); "
             "printn defined(bgp_large_community); bgp_large_community = ---empty---; "
             "print defined(bgp_large_community); accept;",
             {"FALSETRUEFALSE"}},
        // A list that a filter emptied is there; only `unset` takes it away.
        Case{"bgp_community.add((1,2)); bgp_community.delete([(1,*)]); print defined(bgp_community), "
             "bgp_community; "
             "unset(bgp_community); print defined(bgp_community); accept;",
             {"TRUE(clist )", "FALSE"}},
        Case{"if bgp_med = 5 then print \"eq\"; else print \"ne\"; if bgp_med < 5 then print \"lt\"; accept;",
             {"ne", "lt"}},
        Case{"if bgp_med > 5 then print \"gt\"; if bgp_med >= 5 then print \"ge\"; if bgp_med <= 5 then "
             "print \"le\"; accept;",
             {"le"}},
        Case{"bgp_med = bgp_med + 1; accept;",
             {},
             "filters, line 6: Argument 1 of ADD must be of type int, got type void"},
        Case{"int x = 5; print x / (x - 5); accept;",
             {},
             "filters, line 6: Mother told me not to divide by 0"},
        Case{"print \"x\";", {"x"}, "Filter t did not return accept nor reject. Make up your mind"},
        Case{"bgp_path.prepend(65001); bgp_path.prepend(65002); print bgp_path, bgp_path.len, \" \", "
             "bgp_path.first, \" \", bgp_path.last; "
             "print bgp_path ~ [= 65002 * =], bgp_path ~ [= * 65001 =], bgp_path ~ [= ? 65001 =], bgp_path ~ "
             "[= ? =], "
             "bgp_path ~ [1..65001], 65001 ~ bgp_path; accept;",
             {"(path 65002 65001)2 65002 65001", "TRUETRUETRUEFALSETRUETRUE"}},
        Case{"bgp_path.prepend(5); bgp_path.prepend(6); bgp_path.delete([5]); print bgp_path; "
             "bgp_path.prepend(7); "
             "bgp_path.filter([7, 9]); print bgp_path; accept;",
             {"(path 6)", "(path 7)"}},
        Case{"bgp_community.add((1,2)); bgp_community.add((1,2)); bgp_community.add((1,3)); "
             "bgp_community.delete([(1,2)]); "
             "print bgp_community, (1,3) ~ bgp_community, bgp_community ~ [(1,*)], bgp_community ~ [(2,*)], "
             "bgp_community.len; accept;",
             {"(clist (1,3))TRUETRUEFALSE1"}},
        Case{"bgp_ext_community.add((rt, 10, 20)); bgp_ext_community.add((ro, 1.2.3.4, 20)); "
             "bgp_ext_community.add((generic, 0x43000000, 1)); bgp_ext_community.add((rt, 100000, 5)); "
             "print bgp_ext_community, bgp_ext_community ~ [(rt, 10, *)]; accept;",
             {"(eclist (rt, 10, 20) (ro, 1.2.3.4, 20) (generic, 0x43000000, 0x1) (rt, 100000, 5))TRUE"}},
        Case{"bgp_ext_community.add((rt, 10, 20)); print bgp_ext_community ~ [(rt, 10, 5..30)], (ro,10,20) ~ "
             "bgp_ext_community; "
             "bgp_ext_community.delete([(rt,10,*)]); print bgp_ext_community; accept;",
             {"TRUEFALSE", "(eclist )"}},
        Case{"bgp_large_community.add((10,20,30)); bgp_large_community.add((10,20,31)); print "
             "bgp_large_community ~ [(10,*,*)], "
             "(10,20,30) ~ bgp_large_community; bgp_large_community.delete([(10, 20, 31..40)]); print "
             "bgp_large_community; accept;",
             {"TRUETRUE", "(lclist (10, 20, 30))"}},
        Case{"print roa_check(r4, 10.1.0.0/16, 65001), roa_check(r4, 10.1.1.0/24, 65001), roa_check(r4, "
             "11.0.0.0/8, 1); accept;",
             {"(enum 35)1(enum 35)2(enum 35)0"}},
        Case{"gw = 9.9.9.9; accept;", {}, "filters, line 6: Invalid gw address"},
        Case{"dest = RTD_UNREACHABLE; preference = 5; print dest, preference, gw; accept;",
             {"(enum 34)35::"}},
        Case{"dest = RTD_UNICAST; accept;",
             {},
             "filters, line 6: Destination can be changed only to blackhole, unreachable or prohibit"},
        Case{"if net ~ [10.0.0.0/8{24,32}] then print net.len, \" \", net.ip, \" \", net.ip.mask(8), "
             "net.type; "
             "case net.len { 1..8: print \"small\"; 24: print \"is 24\"; else: print \"other\"; } accept;",
             {"24 10.1.1.0 10.0.0.0(enum 36)1", "is 24"}},
        Case{"print twice(5), twice(0); krt_metric = 7; krt_prefsrc = 1.1.1.1; print krt_metric, "
             "krt_prefsrc; accept;",
             {"101", "71.1.1.1"}},
        Case{"if from = 0.0.0.0 then print \"v4\"; if from = :: then print \"v6\"; accept;", {"v6"}},
        Case{"print bgp_path.first, bgp_path.last, bgp_path.len, bgp_path ~ [= * =], bgp_path ~ [= =]; "
             "accept;",
             {"000TRUETRUE"}},
        Case{"print 10.0.0.0/8 ~ [10.1.0.0/16-], 0.0.0.0/0 ~ [10.1.0.0/16-], 10.1.0.0/16 ~ [10.0.0.0/8+], "
             "10.1.0.0/16 ~ [10.1.0.0/16{8,12}], 10.0.0.0/10 ~ [10.1.0.0/16{8,12}]; accept;",
             {"TRUETRUETRUEFALSETRUE"}},
        Case{"preference = 70000; print preference; accept;", {"4464"}},
        Case{"bgp_local_pref = 300; krt_metric = 1000 - bgp_local_pref; print krt_metric, \" \", 3 - 5; "
             "accept;",
             {"700 4294967294"}},
        Case{"case bgp_med { 1: print \"one\"; else: print \"else\"; } case source { RTS_STATIC: print "
             "\"static\"; } accept;",
             {"else", "static"}},
        Case{"bgp_cluster_list.add(1.2.3.4); print bgp_cluster_list, 1.2.3.4 ~ bgp_cluster_list; accept;",
             {"(clist (258,772))TRUE"}},
        Case{"print bgp_med ~ [1..5]; accept;", {}, "filters, line 6: ~ applied on unknown type pair"},
        Case{"int a = 65001; bgp_path.prepend(a); print bgp_path ~ [= (a) =]; accept;", {"TRUE"}},
        Case{"bool b = true; if b && (1 = 1) || false then print \"Q\", b; accept \"yes\";",
             {"QTRUE", "yes"}},
        Case{"bgp_med = 5; unset(bgp_med); print bgp_med; bgp_origin = ORIGIN_EGP; print bgp_origin, "
             "defined(bgp_origin); accept;",
             {"(void)", "(enum 31)1TRUE"}}));

}  // namespace
}  // namespace catflap::bgp::policy
