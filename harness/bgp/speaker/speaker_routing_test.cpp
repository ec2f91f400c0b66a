#include <functional>

#include <gtest/gtest.h>

#include "sim/testing.hpp"

/// Several routers: decisions, reflection, refresh, limits, ADD-PATH, graceful restart.
namespace catflap::bgp::testing {
namespace {

using observe::SessionState;
using std::chrono::milliseconds;
using std::chrono::seconds;

intent::BgpIntent& body(intent::ProtocolIntent& protocol) {
  return std::get<intent::BgpIntent>(protocol.body);
}

/// Three routers in a ring, each with its own AS (or one for all) and a network of its own: rN
/// has 10.N.0.0/24.
struct Ring {
  VirtualNetwork net;
  intent::RouterIntent intents[4];

  explicit Ring(bool one_as, const std::function<void(int, intent::RouterIntent&)>& tune = nullptr) {
    const char* names[] = {"", "r1", "r2", "r3"};
    for (int i = 1; i <= 3; ++i) {
      net.add_node(names[i], static_cast<std::uint64_t>(i));
    }
    link(1, 2);
    link(2, 3);
    link(1, 3);
    for (int i = 1; i <= 3; ++i) {
      const std::uint32_t own = one_as ? 64512U : 64511U + static_cast<std::uint32_t>(i);
      intents[i] = router(0x0A000000U + static_cast<std::uint32_t>(i));
      intents[i].protocols = {device(), kernel(), direct({"eth*"}),
                              blackholes("own", {"10." + std::to_string(i) + ".0.0/24"})};
      for (int j = 1; j <= 3; ++j) {
        if (j == i) {
          continue;
        }
        const int low = std::min(i, j);
        const int high = std::max(i, j);
        const std::string base = "192.168." + std::to_string(low * 10 + high) + ".";
        auto peer = bgp("to_r" + std::to_string(j), own, base + std::to_string(j),
                        one_as ? 64512U : 64511U + static_cast<std::uint32_t>(j), base + std::to_string(i));
        peer.channels[0].export_filter = where_net("192.168.99.0/24", true);
        intents[i].protocols.push_back(peer);
      }
      if (tune != nullptr) {
        tune(i, intents[i]);
      }
      net.configure(names[i], intents[i]);
    }
  }
  void link(int a, int b) {
    const std::string base = "192.168." + std::to_string(a * 10 + b) + ".";
    net.add_link("r" + std::to_string(a), "eth" + std::to_string(b), {base + std::to_string(a) + "/24"},
                 "r" + std::to_string(b), "eth" + std::to_string(a), {base + std::to_string(b) + "/24"});
  }
};

TEST(Triangle, TakesTheOtherWayWhenALinkGoesDown) {
  Ring ring(false);
  ring.net.run_for(seconds(1));
  ASSERT_EQ(ring.net.fib("r1").count(prefix("10.2.0.0/24")), 1U);
  EXPECT_EQ(ring.net.fib("r1").at(prefix("10.2.0.0/24")).next_hops[0].via, addr("192.168.12.2"));
  ring.net.set_link("r1", "eth2", false);
  ring.net.run_for(milliseconds(20));
  ASSERT_EQ(ring.net.fib("r1").count(prefix("10.2.0.0/24")), 1U);
  EXPECT_EQ(ring.net.fib("r1").at(prefix("10.2.0.0/24")).next_hops[0].via, addr("192.168.13.3"));
  const auto routes = ring.net.routes("r1", "10.2.0.0/24");
  ASSERT_EQ(routes.size(), 1U);
  EXPECT_EQ(to_string(routes[0].bgp->as_path), "64514 64513");
  ring.net.set_link("r1", "eth2", true);
  ring.net.run_for(seconds(5));
  EXPECT_EQ(ring.net.fib("r1").at(prefix("10.2.0.0/24")).next_hops[0].via, addr("192.168.12.2"));
}

TEST(Triangle, OwnAsInThePathIsALoop) {
  Ring ring(false);
  ring.net.run_for(seconds(1));
  // r2 sends r1's own route back: counted, and not taken.
  for (const auto& route : ring.net.routes("r1", "10.1.0.0/24")) {
    EXPECT_EQ(route.protocol, "own");
  }
}

void no_session_2_3(int which, intent::RouterIntent& intent) {
  if (which != 1) {
    intent.protocols.erase(intent.protocols.begin() + 5);
  }
}

void make_reflector(int which, intent::RouterIntent& intent) {
  no_session_2_3(which, intent);
  if (which == 1) {
    body(intent.protocols[4]).rr_client = true;
    body(intent.protocols[5]).rr_client = true;
  }
}

TEST(InternalPeers, DoNotPassOnWhatTheyHeard) {
  Ring ring(true, no_session_2_3);
  ring.net.run_for(seconds(1));
  EXPECT_EQ(ring.net.routes("r1", "10.2.0.0/24").size(), 1U);
  EXPECT_TRUE(ring.net.routes("r3", "10.2.0.0/24").empty());
}

TEST(InternalPeers, AReflectorDoes) {
  Ring ring(true, make_reflector);
  ring.net.run_for(seconds(1));
  const auto routes = ring.net.routes("r3", "10.2.0.0/24");
  ASSERT_EQ(routes.size(), 1U);
  ASSERT_TRUE(routes[0].bgp.has_value());
  EXPECT_EQ(routes[0].bgp->originator_id, 0x0A000002U);
  EXPECT_EQ(routes[0].bgp->cluster_list, std::vector<std::uint32_t>{0x0A000001U});
  EXPECT_EQ(to_string(routes[0].bgp->as_path), "");
  EXPECT_EQ(routes[0].bgp->next_hop, std::vector<net::IpAddr>{addr("192.168.12.2")});
  EXPECT_EQ(routes[0].bgp->local_pref, 100U);
}

TEST(RouteServer, LeavesPathAndNextHopAlone) {
  Ring ring(false, [](int which, intent::RouterIntent& intent) {
    for (auto& protocol : intent.protocols) {
      if (which == 1 && protocol.name == "to_r3") {
        body(protocol).rs_client = true;
      }
    }
  });
  ring.net.run_for(seconds(1));
  RouteQuery query;
  query.adjacent = RouteQuery::Adjacent::advertised;
  query.adjacent_protocol = "to_r3";
  query.as_sent = true;
  query.exact = prefix("10.2.0.0/24");
  const auto routes = ring.net.routes("r1", query);
  ASSERT_EQ(routes.size(), 1U);
  EXPECT_EQ(routes[0].bgp->as_path.length(), 1U) << to_string(routes[0].bgp->as_path);
  EXPECT_EQ(routes[0].bgp->next_hop, std::vector<net::IpAddr>{addr("192.168.12.2")});
}

struct KeepCase {
  std::optional<intent::NextHopSelf> keep;
  const char* next_hop;
};

/// The clients are on other links than the routes come from.
TEST(RouteServer, KeepsNextHopsUnlessToldOtherwise) {
  using intent::NextHopSelf;
  const KeepCase cases[] = {
      {std::nullopt, "192.168.12.2"},      {NextHopSelf::on, "192.168.12.2"},
      {NextHopSelf::off, "192.168.13.1"},  {NextHopSelf::ebgp, "192.168.12.2"},
      {NextHopSelf::ibgp, "192.168.13.1"},
  };
  for (const KeepCase& one : cases) {
    Ring ring(false, [&](int which, intent::RouterIntent& intent) {
      for (auto& protocol : intent.protocols) {
        if (which == 1 && protocol.name == "to_r3") {
          body(protocol).rs_client = true;
          protocol.channels[0].bgp.next_hop_keep = one.keep;
        }
      }
    });
    ring.net.run_for(seconds(1));
    RouteQuery query;
    query.adjacent = RouteQuery::Adjacent::advertised;
    query.adjacent_protocol = "to_r3";
    query.as_sent = true;
    query.exact = prefix("10.2.0.0/24");
    const auto routes = ring.net.routes("r1", query);
    ASSERT_EQ(routes.size(), 1U);
    EXPECT_EQ(routes[0].bgp->next_hop, std::vector<net::IpAddr>{addr(one.next_hop)});
    EXPECT_EQ(routes[0].bgp->as_path.length(), 1U) << "still transparent";
  }
}

TEST(Reload, AskedForSendsAllAgain) {
  Ring ring(false);
  ring.net.run_for(seconds(1));
  const auto before = ring.net.updates_sent("r1");
  ring.net.admin("r1", ev::Admin::Verb::reload_out, "to_r2");
  ring.net.run_for(milliseconds(10));
  EXPECT_GT(ring.net.updates_sent("r1"), before);
  const auto received = ring.net.protocol("r2", "to_r1")->channels[0].import_updates;
  EXPECT_GT(received.received, received.accepted) << "what was there already is ignored";
}

TEST(Reload, AskedForAsksThePeerAgain) {
  for (const bool import_table : {false, true}) {
    Ring ring(false, [&](int which, intent::RouterIntent& intent) {
      if (which == 1) {
        intent.protocols[4].channels[0].bgp.import_table = import_table;
      }
    });
    ring.net.run_for(seconds(1));
    const auto before = ring.net.updates_sent("r2");
    const auto received = ring.net.protocol("r1", "to_r2")->channels[0].imported;
    ring.net.admin("r1", ev::Admin::Verb::reload_in, "to_r2");
    ring.net.run_for(milliseconds(10));
    EXPECT_EQ(ring.net.updates_sent("r2") > before, !import_table) << "with an import table nothing is asked";
    EXPECT_EQ(ring.net.protocol("r1", "to_r2")->channels[0].imported, received);
  }
}

TEST(Limits, AnImportLimitBlocks) {
  Ring ring(false, [](int which, intent::RouterIntent& intent) {
    if (which == 1) {
      intent.protocols[4].channels[0].import_limit = intent::Limit{1, intent::LimitAction::block};
    }
  });
  ring.net.run_for(seconds(1));
  const auto view = ring.net.protocol("r1", "to_r2");
  EXPECT_EQ(view->channels[0].imported, 1U);
  ASSERT_EQ(view->channels[0].limits.size(), 1U);
  EXPECT_TRUE(view->channels[0].limits[0].hit);
  EXPECT_EQ(view->session->state, SessionState::established);
}

TEST(Limits, WhatAnImportLimitBlocksIsKeptLikeWhatAFilterRejects) {
  for (const bool keep : {false, true}) {
    Ring ring(false, [&](int which, intent::RouterIntent& intent) {
      if (which == 1) {
        intent.protocols[4].channels[0].import_limit = intent::Limit{0, intent::LimitAction::block};
        intent.protocols[4].channels[0].import_keep_filtered = keep;
      }
    });
    ring.net.run_for(seconds(1));
    const auto view = ring.net.protocol("r1", "to_r2");
    EXPECT_EQ(view->channels[0].imported, 0U);
    EXPECT_EQ(view->channels[0].filtered > 0, keep);
    RouteQuery query;
    query.filtered = true;
    query.protocol = "to_r2";
    EXPECT_EQ(ring.net.routes("r1", query).empty(), !keep);
  }
}

TEST(Limits, AnImportLimitDisables) {
  Ring ring(false, [](int which, intent::RouterIntent& intent) {
    if (which == 1) {
      intent.protocols[4].channels[0].import_limit = intent::Limit{1, intent::LimitAction::disable};
    }
  });
  ring.net.run_for(milliseconds(500));
  const auto view = ring.net.protocol("r1", "to_r2");
  EXPECT_EQ(view->state, observe::ProtocolState::down);
  EXPECT_EQ(view->session->last_error, "Automatic shutdown: Route limit exceeded");
  const auto other = ring.net.protocol("r2", "to_r1");
  ASSERT_TRUE(other->session->last_notification.has_value());
  EXPECT_EQ(other->session->last_notification->subcode, 1);
}

TEST(Filtered, RoutesAreKeptToBeShown) {
  Ring ring(false, [](int which, intent::RouterIntent& intent) {
    if (which == 1) {
      intent.protocols[4].channels[0].import_filter = where_net("10.2.0.0/24", true);
      intent.protocols[4].channels[0].import_keep_filtered = true;
    }
  });
  ring.net.run_for(seconds(1));
  RouteQuery query;
  query.filtered = true;
  const auto routes = ring.net.routes("r1", query);
  ASSERT_EQ(routes.size(), 1U);
  EXPECT_EQ(routes[0].prefix, prefix("10.2.0.0/24"));
  EXPECT_EQ(ring.net.protocol("r1", "to_r2")->channels[0].filtered, 1U);
}

/// bgp_med = 77; reject;
intent::FilterRef edits_and_rejects() {
  auto value = std::make_shared<intent::Expr>();
  value->op = intent::Op::constant;
  value->type = intent::ValueType::integer;
  value->value = std::uint32_t{77};
  auto assign = std::make_shared<intent::Stmt>();
  assign->verb = intent::Verb::assign_attribute;
  assign->attribute = intent::RouteAttribute::bgp_med;
  assign->expr = value;
  auto reject = std::make_shared<intent::Stmt>();
  reject->verb = intent::Verb::reject;
  auto filter = std::make_shared<intent::Filter>();
  filter->body = {assign, reject};
  return {intent::FilterRef::Kind::filter, filter};
}

TEST(Filtered, ShowsWhatTheFilterDidBeforeItRejected) {
  Ring ring(false, [](int which, intent::RouterIntent& intent) {
    if (which == 1) {
      intent.protocols[4].channels[0].import_filter = edits_and_rejects();
      intent.protocols[4].channels[0].import_keep_filtered = true;
    }
  });
  ring.net.run_for(seconds(1));
  RouteQuery query;
  query.filtered = true;
  const auto routes = ring.net.routes("r1", query);
  ASSERT_GE(routes.size(), 1U);
  EXPECT_EQ(routes[0].bgp->med, 77U) << "as in BIRD";
  RouteQuery received;
  received.adjacent = RouteQuery::Adjacent::received;
  received.adjacent_protocol = "to_r2";
  const auto came = ring.net.routes("r1", received);
  ASSERT_GE(came.size(), 1U);
  EXPECT_EQ(came[0].bgp->med, std::nullopt) << "as it came";
}

TEST(Limits, CountARouteThatTheImportFilterChangedOnce) {
  Ring ring(false, [](int which, intent::RouterIntent& intent) {
    if (which == 1) {
      auto filter = std::make_shared<intent::Filter>(*edits_and_rejects().filter);
      auto accept = std::make_shared<intent::Stmt>();
      accept->verb = intent::Verb::accept;
      filter->body[1] = accept;
      intent.protocols[4].channels[0].import_filter = {intent::FilterRef::Kind::filter, filter};
      intent.protocols[4].channels[0].receive_limit = intent::Limit{2, intent::LimitAction::block};
    }
  });
  ring.net.run_for(seconds(1));
  const auto view = ring.net.protocol("r1", "to_r2");
  EXPECT_EQ(view->channels[0].imported, 2U) << "10.2.0.0/24 and 10.3.0.0/24";
}

TEST(AddPath, AllPathsAreTold) {
  Ring ring(false, [](int, intent::RouterIntent& intent) {
    for (auto& protocol : intent.protocols) {
      if (std::holds_alternative<intent::BgpIntent>(protocol.body)) {
        protocol.channels[0].bgp.add_paths_receive = true;
        protocol.channels[0].bgp.add_paths_send = true;
      }
    }
  });
  ring.net.run_for(seconds(1));
  // r1 has 10.2.0.0/24 from r2, and from r3; r3's network likewise. r1 tells both to each.
  EXPECT_GE(ring.net.routes("r1", "10.2.0.0/24").size(), 2U);
  EXPECT_EQ(ring.net.session("r1", "to_r2"), SessionState::established);
}

void graceful(int, intent::RouterIntent& intent) {
  for (auto& protocol : intent.protocols) {
    if (std::holds_alternative<intent::BgpIntent>(protocol.body)) {
      body(protocol).graceful_restart = true;
    }
    if (auto* kernel_body = std::get_if<intent::KernelIntent>(&protocol.body)) {
      kernel_body->graceful_restart = true;
      kernel_body->persist = true;
    }
  }
}

TEST(GracefulRestart, RoutesStayWhileThePeerIsAway) {
  Ring ring(false, graceful);
  ring.net.run_for(seconds(1));
  ring.net.kill("r2");
  ring.net.run_for(seconds(1));
  const auto helping = ring.net.protocol("r1", "to_r2");
  EXPECT_TRUE(helping->session->graceful_restart_active);
  EXPECT_EQ(helping->channels[0].state, "START");
  EXPECT_EQ(helping->channels[0].neighbor_gr, "Regular");
  const auto kept = ring.net.routes("r1", "10.2.0.0/24");
  ASSERT_FALSE(kept.empty());
  EXPECT_EQ(ring.net.fib("r1").count(prefix("10.2.0.0/24")), 1U);
  ring.net.run_for(seconds(130));
  EXPECT_FALSE(ring.net.protocol("r1", "to_r2")->session->graceful_restart_active);
  EXPECT_TRUE(ring.net.routes("r1", "10.2.0.0/24").empty()) << "the restart timer bounds it";
  EXPECT_EQ(ring.net.fib("r1").count(prefix("10.2.0.0/24")), 0U);
}

TEST(GracefulRestart, TheKernelStaysSilentOnBothSides) {
  Ring ring(false, graceful);
  ring.net.run_for(seconds(1));
  ring.net.kill("r2");
  ring.net.run_for(seconds(1));
  (void)ring.net.drain_log("r1");
  (void)ring.net.drain_log("r2");
  ring.net.revive("r2", 99, ring.intents[2]);
  ring.net.run_for(seconds(30));
  EXPECT_EQ(ring.net.session("r1", "to_r2"), SessionState::established);
  ASSERT_FALSE(ring.net.routes("r1", "10.2.0.0/24").empty());
  EXPECT_FALSE(ring.net.routes("r1", "10.2.0.0/24").front().stale);
  EXPECT_EQ(ring.net.routes("r2", "10.1.0.0/24").size(), 2U);
  for (const char* node : {"r1", "r2"}) {
    for (const Action& action : ring.net.drain_log(node)) {
      const auto* route = std::get_if<act::KernelRoute>(&action);
      EXPECT_EQ(route, nullptr) << node << ": " << (route == nullptr ? "" : to_string(route->prefix))
                                << (route != nullptr && route->present ? " added" : " removed");
    }
  }
}

TEST(GracefulRestart, KernelsLoseNothingWhenAllRestartAtOnce) {
  // Nobody waits for the routes of a peer that restarts too before it announces its own, but the kernel does.
  Ring ring(false, graceful);
  ring.net.run_for(seconds(1));
  for (const char* node : {"r1", "r2", "r3"}) {
    ring.net.kill(node);
  }
  ring.net.run_for(seconds(1));
  for (const char* node : {"r1", "r2", "r3"}) {
    (void)ring.net.drain_log(node);
  }
  for (int i = 1; i <= 3; ++i) {
    ring.net.revive("r" + std::to_string(i), static_cast<std::uint64_t>(90 + i), ring.intents[i]);
  }
  ring.net.run_for(seconds(30));
  EXPECT_EQ(ring.net.session("r1", "to_r2"), SessionState::established);
  EXPECT_EQ(ring.net.routes("r2", "10.1.0.0/24").size(), 2U);
  for (const char* node : {"r1", "r2", "r3"}) {
    for (const Action& action : ring.net.drain_log(node)) {
      const auto* route = std::get_if<act::KernelRoute>(&action);
      EXPECT_TRUE(route == nullptr || route->present) << node << ": " << to_string(route->prefix);
    }
  }
}

TEST(BackPressure, ASlowPeerGetsAllInTheEnd) {
  VirtualNetwork net;
  net.add_node("r1", 1);
  net.add_node("r2", 2);
  net.add_link("r1", "eth0", {"192.168.1.1/24"}, "r2", "eth0", {"192.168.1.2/24"});
  intent::RouterIntent one = router(1);
  std::vector<std::string> many;
  for (int i = 0; i < 3000; ++i) {
    many.push_back("10." + std::to_string(i / 256) + "." + std::to_string(i % 256) + ".0/24");
  }
  one.protocols = {device(), blackholes("many", many), bgp("p", 64512, "192.168.1.2", 64513)};
  intent::RouterIntent two = router(2);
  two.protocols = {device(), bgp("p", 64513, "192.168.1.1", 64512)};
  net.throttle("r1", 100, milliseconds(50));
  net.configure("r1", one);
  net.configure("r2", two);
  net.run_for(milliseconds(40));
  EXPECT_LT(net.protocol("r2", "p")->channels[0].imported, 3000U);
  net.run_for(seconds(5));
  EXPECT_EQ(net.protocol("r2", "p")->channels[0].imported, 3000U);
  EXPECT_LE(net.updates_sent("r1"), 8U) << "one set of attributes, so full messages";
}

TEST(DynamicNeighbors, AreMadeOnDemandAndGoAway) {
  VirtualNetwork net;
  net.add_node("r1", 1);
  net.add_node("r2", 2);
  net.add_link("r1", "eth0", {"192.168.1.1/24"}, "r2", "eth0", {"192.168.1.2/24"});
  intent::RouterIntent one = router(1);
  auto range = bgp("range", 64512, "192.168.1.2", 64513);
  body(range).neighbor.reset();
  body(range).neighbor_range = prefix("192.168.1.0/24");
  one.protocols = {device(), range};
  intent::RouterIntent two = router(2);
  two.protocols = {device(), blackholes("own", {"10.2.0.0/24"}), bgp("p", 64513, "192.168.1.1", 64512)};
  net.configure("r1", one);
  net.configure("r2", two);
  net.run_for(seconds(1));
  EXPECT_EQ(net.session("r1", "dynbgp1"), SessionState::established);
  EXPECT_EQ(net.routes("r1", "10.2.0.0/24").size(), 1U);
  net.admin("r2", ev::Admin::Verb::disable, "p");
  net.run_for(seconds(1));
  EXPECT_FALSE(net.protocol("r1", "dynbgp1").has_value());
  EXPECT_TRUE(net.routes("r1", "10.2.0.0/24").empty());
}

TEST(Static, FollowsItsGatewayAndRecursion) {
  VirtualNetwork net;
  net.add_node("r1", 1);
  net.add_node("r2", 2);
  net.add_link("r1", "eth0", {"192.168.1.1/24"}, "r2", "eth0", {"192.168.1.2/24"});
  intent::RouterIntent one = router(1);
  auto fixed = blackholes("s", {"10.9.0.0/24", "10.8.0.0/24"});
  auto& routes = std::get<intent::StaticIntent>(fixed.body).routes;
  routes[0].target = intent::RouteTarget::via;
  routes[0].next_hops.resize(1);
  routes[0].next_hops[0].via = addr("192.168.1.2");
  routes[1].target = intent::RouteTarget::recursive;
  routes[1].recursive_via = addr("10.9.0.7");
  one.protocols = {device(), kernel(), fixed};
  net.configure("r1", one);
  net.run_for(milliseconds(10));
  ASSERT_EQ(net.fib("r1").count(prefix("10.8.0.0/24")), 1U);
  EXPECT_EQ(net.fib("r1").at(prefix("10.8.0.0/24")).next_hops.at(0).via, addr("192.168.1.2"));
  net.set_link("r1", "eth0", false);
  net.run_for(milliseconds(10));
  EXPECT_EQ(net.fib("r1").count(prefix("10.9.0.0/24")), 0U);
  EXPECT_EQ(net.routes("r1", "10.8.0.0/24").at(0).type, observe::RouteType::unreachable);
}

TEST(Pipe, CarriesRoutesAndTheirOrigin) {
  VirtualNetwork net;
  net.add_node("r1", 1);
  intent::RouterIntent one = router(1);
  one.tables.push_back({"other", net::Family::ipv4});
  intent::ProtocolIntent pipe;
  pipe.name = "pipe1";
  pipe.body = intent::PipeIntent{"other"};
  intent::ChannelIntent channel;
  channel.table = "master4";
  channel.import_filter = intent::FilterRef::none();
  channel.export_filter = intent::FilterRef::all();
  pipe.channels = {channel};
  one.protocols = {blackholes("s", {"10.9.0.0/24"}), pipe};
  net.configure("r1", one);
  net.run_for(milliseconds(10));
  RouteQuery query;
  query.tables = {"other"};
  auto routes = net.routes("r1", query);
  ASSERT_EQ(routes.size(), 1U);
  EXPECT_EQ(routes[0].protocol, "s");
  EXPECT_EQ(routes[0].preference, 200U);
  const observe::ChannelView shown = net.protocol("r1", "pipe1")->channels.at(0);
  EXPECT_EQ(shown.peer_table, "other");
  EXPECT_EQ(shown.exported, 1U);
  EXPECT_EQ(shown.export_updates.accepted, 1U);
  EXPECT_EQ(shown.imported, 0U);
  std::get<intent::StaticIntent>(one.protocols[0].body).routes.clear();
  net.configure("r1", one);
  net.run_for(milliseconds(10));
  EXPECT_TRUE(net.routes("r1", query).empty());
}

TEST(Kernel, LearnsAlienRoutes) {
  VirtualNetwork net;
  net.add_node("r1", 1);
  intent::RouterIntent one = router(1);
  one.protocols = {kernel(net::Family::ipv4, true)};
  net.configure("r1", one);
  net.run_for(milliseconds(10));
  KernelRouteSpec alien;
  alien.prefix = prefix("10.50.0.0/24");
  alien.protocol = 3;
  alien.next_hops = {{addr("192.168.1.9"), 2, 1, false}};
  net.inject("r1", ev::KernelRoute{alien, true});
  net.run_for(milliseconds(10));
  const auto routes = net.routes("r1", "10.50.0.0/24");
  ASSERT_EQ(routes.size(), 1U);
  EXPECT_EQ(routes[0].source, "inherit");
  EXPECT_EQ(routes[0].preference, 10U);
  EXPECT_TRUE(net.fib("r1").empty()) << "what was learned is not written back";
  net.inject("r1", ev::KernelRoute{alien, false});
  net.run_for(milliseconds(10));
  EXPECT_TRUE(net.routes("r1", "10.50.0.0/24").empty());
}

}  // namespace
}  // namespace catflap::bgp::testing
