#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "expect/evaluate.hpp"
#include "expect/pattern.hpp"

namespace catflap::expect {
namespace {

using std::chrono::seconds;
const Instant kStart{seconds(100)};

net::IpAddr ip(const char* text) {
  return *net::IpAddr::parse(text);
}
net::Prefix pfx(const char* text) {
  return *net::Prefix::parse(text);
}

/// r1 (AS 65001) 192.168.1.1 -- 192.168.1.2 r2 (AS 65002, announces 10.2.0.0/24).
Wiring two_routers() {
  Wiring wiring;
  wiring.lab = "two";
  for (const std::uint32_t i : {1U, 2U}) {
    WiredNode node;
    node.name = "r" + std::to_string(i);
    node.as = 65000 + i;
    node.where = Place(SourcePos{"two.yaml", 2 + i, 3});
    node.as_where = Place(SourcePos{"two.yaml", 2 + i, 14});
    wiring.nodes.push_back(node);
  }
  wiring.nodes[1].lo = {*net::InterfaceAddress::parse("10.2.0.1/32")};
  wiring.nodes[1].announce = {pfx("10.2.0.0/24")};
  WiredLink link;
  link.name = "r1:eth0 -- r2:eth0";
  link.ends[0].node = "r1";
  link.ends[1].node = "r2";
  link.ends[0].name = link.ends[1].name = "eth0";
  link.ends[0].addresses = {*net::InterfaceAddress::parse("192.168.1.1/24")};
  link.ends[1].addresses = {*net::InterfaceAddress::parse("192.168.1.2/24")};
  wiring.links.push_back(link);
  WiredSession session;
  session.ends[0] = {"r1", "peer_r2", "eth0", ip("192.168.1.1"), 65001, 65002, wiring.nodes[0].as_where, {}};
  session.ends[1] = {"r2", "peer_r1", "eth0", ip("192.168.1.2"), 65002, 65001, wiring.nodes[1].as_where, {}};
  wiring.sessions.push_back(session);
  return wiring;
}

observe::ProtocolView bgp(const char* name, const char* peer, std::uint32_t local, std::uint32_t remote,
                          observe::SessionState state, const char* error = "") {
  observe::ProtocolView view;
  view.name = name;
  view.kind = observe::ProtocolKind::bgp;
  view.session.emplace();
  view.session->peer = ip(peer);
  view.session->local_as = local;
  view.session->peer_as = remote;
  view.session->state = state;
  view.session->last_error = error;
  return view;
}

observe::RouteView route(const char* prefix, const char* via, const char* dev) {
  observe::RouteView view;
  view.prefix = pfx(prefix);
  view.table = "254";
  view.protocol = "bird";
  view.metric = 32;
  view.best = true;
  view.next_hops.push_back({via[0] == 0 ? std::optional<net::IpAddr>() : ip(via), dev, 1, false});
  return view;
}

void run(World& world, observe::SessionState state) {
  for (const char* node : {"r1", "r2"}) {
    world.set_process(kStart, node, {true, 1, {}, {}, ""});
    world.set_link(kStart, node, {"eth0", 2, true, true, world.wiring().interface(node, "eth0")->addresses});
    world.set_fib(kStart, node, {route("192.168.1.0/24", "", "eth0")});
    world.set_rib(kStart, node, {});
  }
  world.set_protocol(kStart, "r1", bgp("peer_r2", "192.168.1.2", 65001, 65002, state));
  world.set_protocol(kStart, "r2", bgp("peer_r1", "192.168.1.1", 65002, 65001, state));
}

Check established() {
  Check check;
  check.what = SessionCheck{{{"r1", "r2"}}, observe::SessionState::established, false, "", {}};
  return check;
}
Check has_route() {
  RouteCheck what;
  what.at = {"r1"};
  what.to = pfx("10.2.0.0/24");
  what.via = {make_target("192.168.1.2")};
  what.dev = {"eth0"};
  what.proto = "bird";
  what.metric = 32;
  Check check;
  check.what = what;
  return check;
}

TEST(Pattern, ExpandsBracesAndMatchesGlobs) {
  EXPECT_EQ(*expand_braces("n{1-3}"), (std::vector<std::string>{"n1", "n2", "n3"}));
  EXPECT_EQ(*expand_braces("n{08-10}"), (std::vector<std::string>{"n08", "n09", "n10"}));
  EXPECT_EQ(*expand_braces("{a,b}{1,2}"), (std::vector<std::string>{"a1", "a2", "b1", "b2"}));
  EXPECT_EQ(*expand_braces("plain"), (std::vector<std::string>{"plain"}));
  for (const char* bad : {"n{", "n}", "n{}", "n{a,}", "n{{1}}", "n{4-1}", "n{1-99999}", "{1-4096}{1-2}"}) {
    EXPECT_FALSE(expand_braces(bad)) << bad;
  }
  EXPECT_TRUE(pattern_match("spine*", "spine12"));
  EXPECT_TRUE(pattern_match("*a*b*", "xaxbx"));
  EXPECT_TRUE(pattern_match("r{1-3}", "r2"));
  EXPECT_FALSE(pattern_match("r?", "r12"));
  EXPECT_FALSE(pattern_match("r{1-3}", "r4"));
}

TEST(Session, HoldsWhenBothEndsAreEstablished) {
  World world(two_routers());
  run(world, observe::SessionState::established);
  EXPECT_EQ(evaluate(established(), world).verdict, Verdict::holds);
  Check all = established();
  std::get<SessionCheck>(all.what).pairs.clear();
  EXPECT_EQ(evaluate(all, world).verdict, Verdict::holds);
  Check down = established();
  std::get<SessionCheck>(down.what).negated = true;
  EXPECT_EQ(evaluate(down, world).verdict, Verdict::not_yet);
  world.set_protocol(kStart, "r2",
                     bgp("peer_r1", "192.168.1.1", 65002, 65001, observe::SessionState::open_confirm));
  EXPECT_EQ(evaluate(established(), world).verdict, Verdict::not_yet);
}

TEST(Session, NothingKnownIsNotYet) {
  const World world(two_routers());
  const Explanation why = evaluate(established(), world);
  EXPECT_EQ(why.verdict, Verdict::not_yet);
  EXPECT_NE(why.why.find("has not reported yet"), std::string::npos) << why.why;
}

struct Cause {
  const char* name;
  void (*change)(World&);
  const char* why;
};
class SessionCause : public testing::TestWithParam<Cause> {};
TEST_P(SessionCause, IsNamed) {
  World world(two_routers());
  run(world, observe::SessionState::active);
  GetParam().change(world);
  const Explanation why = evaluate(established(), world);
  EXPECT_NE(why.verdict, Verdict::holds);
  EXPECT_EQ(why.why, GetParam().why) << to_text(why);
}
const Cause kCauses[] = {
    {"process",
     [](World& w) {
       w.set_process(kStart, "r2", {false, 0, 1, {}, "bird: no such file"});
       w.forget_daemon(kStart, "r2");
     },
     "r2's speaker (self) exited with code 1"},
    {"signal",
     [](World& w) {
       w.set_process(kStart, "r2", {false, 0, {}, 9, ""});
     },
     "r2's speaker (self) was ended by signal 9"},
    {"link_down",
     [](World& w) {
       w.set_link(kStart, "r1", {"eth0", 2, false, false, {}});
     },
     "r1:eth0 is down"},
    {"no_carrier",
     [](World& w) {
       w.set_link(kStart, "r2", {"eth0", 2, true, false, {}});
     },
     "r2:eth0 has no carrier"},
    {"no_address",
     [](World& w) {
       w.set_link(kStart, "r2", {"eth0", 2, true, true, {}});
     },
     "r2:eth0 lacks its address 192.168.1.2/24"},
    {"not_configured", [](World& w) { w.remove_protocol(kStart, "r2", "peer_r1"); },
     "r2 has no BGP session with r1 configured"},
    {"as_mismatch",
     [](World& w) {
       w.set_protocol(kStart, "r2", bgp("peer_r1", "192.168.1.1", 65002, 65010, observe::SessionState::idle));
     },
     "r2 refuses the OPEN of r1: bad peer AS"},
    {"hold_timer",
     [](World& w) {
       w.set_protocol(kStart, "r1",
                      bgp("peer_r2", "192.168.1.2", 65001, 65002, observe::SessionState::idle,
                          "BGP Error: Hold timer expired"));
     },
     "r1: BGP Error: Hold timer expired"},
    {"disabled",
     [](World& w) {
       w.set_protocol(kStart, "r1", bgp("peer_r2", "192.168.1.2", 65001, 65002, observe::SessionState::down));
     },
     "r1's peer_r2 is disabled"},
    {"just_active", [](World&) {}, "r1 is in state Active with 192.168.1.2"},
};
INSTANTIATE_TEST_SUITE_P(Table, SessionCause, testing::ValuesIn(kCauses),
                         [](const auto& tested) { return tested.param.name; });

TEST(Session, APausedSpeakerDoesNotKnowThatItsSessionIsGone) {
  World world(two_routers());
  run(world, observe::SessionState::established);
  Check gone = established();
  std::get<SessionCheck>(gone.what).negated = true;
  world.set_paused(kStart, "r1", true);
  EXPECT_EQ(evaluate(gone, world).verdict, Verdict::not_yet);
  world.set_protocol(kStart, "r2",
                     bgp("peer_r1", "192.168.1.1", 65002, 65001, observe::SessionState::active));
  EXPECT_EQ(evaluate(gone, world).verdict, Verdict::holds);
  world.set_paused(kStart, "r1", false);
  EXPECT_EQ(evaluate(gone, world).verdict, Verdict::not_yet);
  world.set_paused(kStart, "r1", true);
  world.set_process(kStart, "r1", {true, 2, {}, {}, ""});
  EXPECT_FALSE(world.node("r1")->paused);
}

TEST(Session, MismatchQuotesBothDeclarations) {
  Wiring wiring = two_routers();
  wiring.sessions[0].ends[1].expects_as = 65010;
  wiring.sessions[0].ends[1].expects_where = Place(SourcePos{"two.yaml", 4, 40});
  World world(std::move(wiring));
  run(world, observe::SessionState::idle);
  world.set_protocol(kStart, "r2", bgp("peer_r1", "192.168.1.1", 65002, 65010, observe::SessionState::idle));
  const Explanation why = evaluate(established(), world);
  EXPECT_EQ(why.cause, "r2 expects AS 65010 of r1 (192.168.1.1), r1 is AS 65001");
  ASSERT_EQ(why.quotes.size(), 2U);
  EXPECT_EQ(to_string(why.quotes[0].where), "two.yaml:4:40");
  EXPECT_EQ(to_string(why.quotes[1].where), "two.yaml:3:14");
  EXPECT_NE(to_text(why).find("two.yaml:4:40"), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(to_json(why))["quotes"].size(), 2U);
}

TEST(Route, HoldsExactlyWhenEverythingFits) {
  World world(two_routers());
  run(world, observe::SessionState::established);
  EXPECT_EQ(evaluate(has_route(), world).verdict, Verdict::not_yet);
  world.set_fib_route(kStart, "r1", route("10.2.0.0/24", "192.168.1.2", "eth0"));
  EXPECT_EQ(evaluate(has_route(), world).verdict, Verdict::holds);
  Check by_node = has_route();
  std::get<RouteCheck>(by_node.what).via = {make_target("r2")};
  EXPECT_EQ(evaluate(by_node, world).verdict, Verdict::holds);
  Check absent = has_route();
  std::get<RouteCheck>(absent.what).absent = true;
  EXPECT_EQ(evaluate(absent, world).verdict, Verdict::not_yet);
  Check other = has_route();
  std::get<RouteCheck>(other.what).metric = 20;
  EXPECT_EQ(evaluate(other, world).why, "metric is 32, expected 20");
  world.remove_fib_route(kStart, "r1", route("10.2.0.0/24", "192.168.1.2", "eth0"));
  EXPECT_EQ(evaluate(absent, world).verdict, Verdict::holds);
}

TEST(Route, TellsWhichNeighbourSentIt) {
  World world(two_routers());
  run(world, observe::SessionState::established);
  observe::RouteView learned = route("10.2.0.0/24", "192.168.1.2", "eth0");
  learned.from = ip("192.168.1.2");
  world.set_rib(kStart, "r1", {learned});
  RouteCheck what;
  what.at = {"r1"};
  what.to = pfx("10.2.0.0/24");
  what.in = RouteTable::rib;
  Check check;
  for (const char* peer : {"r2", "192.168.1.2"}) {
    what.from_peer = make_target(peer);
    check.what = what;
    EXPECT_EQ(evaluate(check, world).verdict, Verdict::holds) << peer;
  }
  what.from_peer = make_target("r1");
  check.what = what;
  EXPECT_EQ(evaluate(check, world).why, "it comes from 192.168.1.2 (r2), expected r1");
  EXPECT_NE(describe(check).find("from peer r1"), std::string::npos);
}

TEST(Route, NamesWhyItIsMissing) {
  World world(two_routers());
  run(world, observe::SessionState::established);
  world.set_fib_route(kStart, "r1", route("10.0.0.0/8", "192.168.1.2", "eth0"));
  world.set_rib(kStart, "r2", {route("10.2.0.0/24", "", "lo")});
  Explanation why = evaluate(has_route(), world);
  EXPECT_NE(why.why.find("but r1 did not get it"), std::string::npos) << why.why;
  ASSERT_EQ(why.nearest.size(), 1U);
  EXPECT_NE(why.nearest[0].find("10.0.0.0/8 via 192.168.1.2"), std::string::npos);
  world.set_rib_prefix(kStart, "r1", pfx("10.2.0.0/24"), {route("10.2.0.0/24", "192.168.1.2", "eth0")});
  EXPECT_NE(evaluate(has_route(), world).why.find("but not its kernel"), std::string::npos);
  world.set_rib_prefix(kStart, "r1", pfx("10.2.0.0/24"), {});
  world.set_protocol(kStart, "r1", bgp("peer_r2", "192.168.1.2", 65001, 65002, observe::SessionState::idle));
  EXPECT_EQ(evaluate(has_route(), world).why.rfind("session r1 ~ r2 is not Established", 0), 0U);
}

TEST(Ping, SaysWhichWayLacksARoute) {
  World world(two_routers());
  run(world, observe::SessionState::established);
  Check check;
  check.what = PingCheck{{"r1"}, make_target("r2"), {}, 1, 0, false};
  const auto probes = probes_of(check, world.wiring());
  ASSERT_EQ(probes.size(), 1U);
  EXPECT_EQ(probes[0].to, ip("10.2.0.1"));
  world.set_probe(kStart, probes[0],
                  {1, 0, ProbeVerdict::unreachable, {}, {}, "network is unreachable", kStart});
  EXPECT_EQ(evaluate(check, world).why, "r1 has no route to 10.2.0.1");
  world.set_fib_route(kStart, "r1", route("10.2.0.0/24", "192.168.1.2", "eth0"));
  world.set_fib(kStart, "r2", {});
  EXPECT_NE(evaluate(check, world).why.find("not the way back: r2 has no route to 192.168.1.1"),
            std::string::npos);
  world.set_probe(kStart, probes[0], {1, 1, ProbeVerdict::reached, seconds(0), {}, "", kStart});
  EXPECT_EQ(evaluate(check, world).verdict, Verdict::holds);
}

TEST(Evaluator, EventuallyPassesAtTheFirstMomentAndFailsAtTheEnd) {
  World world(two_routers());
  run(world, observe::SessionState::established);
  Evaluator passes(has_route(), kStart, {seconds(5), false});
  EXPECT_EQ(passes.update(kStart, world).status, Status::pending);
  EXPECT_EQ(passes.deadline(), kStart + seconds(5));
  EXPECT_EQ(passes.update(kStart + seconds(1), world).samples, 1U) << "nothing has changed";
  world.set_fib_route(kStart + seconds(2), "r1", route("10.2.0.0/24", "192.168.1.2", "eth0"));
  const Outcome& outcome = passes.update(kStart + seconds(2), world);
  EXPECT_EQ(outcome.status, Status::passed);
  EXPECT_EQ(*outcome.first_true, kStart + seconds(2));
  EXPECT_TRUE(passes.deadline().is_never());
  Evaluator fails(established(), kStart, {seconds(5), false});
  World empty(two_routers());
  EXPECT_EQ(fails.update(kStart, empty).status, Status::pending);
  EXPECT_EQ(fails.update(kStart + seconds(5), empty).status, Status::failed);
}

TEST(Evaluator, HoldsAndNeverWatchTheWholeTime) {
  for (const Mode mode : {Mode::holds, Mode::never}) {
    for (const bool breaks : {false, true}) {
      World world(two_routers());
      run(world, mode == Mode::holds ? observe::SessionState::established : observe::SessionState::active);
      Check check = established();
      check.mode = mode;
      check.time = seconds(2);
      Evaluator evaluator(check, kStart, {});
      EXPECT_EQ(evaluator.update(kStart, world).status, Status::pending);
      if (breaks) {
        run(world, mode == Mode::holds ? observe::SessionState::idle : observe::SessionState::established);
        EXPECT_EQ(evaluator.update(kStart + seconds(1), world).status, Status::failed);
      } else {
        EXPECT_EQ(evaluator.update(kStart + seconds(2), world).status, Status::passed);
      }
    }
  }
}

TEST(Evaluator, SaysThatASourceIsPolled) {
  World world(two_routers());
  run(world, observe::SessionState::active);
  world.set_polled("r2", true);
  Check check = established();
  check.mode = Mode::never;
  check.time = seconds(2);
  Evaluator evaluator(check, kStart, {});
  (void)evaluator.update(kStart, world);  // its outcome is read below
  const Outcome& outcome = evaluator.update(kStart + seconds(2), world);
  EXPECT_NE(to_text(outcome, check, world).find("polled"), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(to_json(outcome, check, world))["status"], "passed");
}

}  // namespace
}  // namespace catflap::expect
