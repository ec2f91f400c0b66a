#include "bgp/rib/decision.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "base/rng.hpp"

namespace catflap::bgp::rib {
namespace {

using policy::Destination;
using policy::RouteAttrs;

net::AsPath path_of(std::vector<std::uint32_t> asns) {
  return net::AsPath{{net::AsSegment{net::AsSegmentType::sequence, std::move(asns)}}};
}

/// A BGP route that is average in everything, so that a case changes one thing only.
RouteAttrs average(std::uint32_t next_hop = 1) {
  RouteAttrs attrs;
  attrs.source = intent::RouteSource::bgp;
  attrs.preference = 100;
  attrs.forwarding.destination = Destination::unicast;
  attrs.forwarding.next_hops = {{net::IpAddr::v4(0x0A000000U + next_hop), 1, 1, false}};
  attrs.forwarding.igp_metric = 10;
  attrs.bgp.origin = wire::Origin::egp;
  attrs.bgp.as_path = path_of({65001, 65010});
  attrs.bgp.local_pref = 100;
  attrs.bgp.med = 50;
  return attrs;
}

/// Two external peers in one neighbouring AS; options of a case may change them. The second one wins by its
/// id.
class World {
 public:
  World() {
    for (ProtocolId id = 1; id <= 8; ++id) {
      DecisionOptions options;
      options.bgp = true;
      options.local_as = 65000;
      options.remote_id = 100 - id;
      options.peer = net::IpAddr::v4(0x0A000000U + id);
      protocols.set(id, options);
    }
  }
  Path path(RouteAttrs attrs, ProtocolId protocol, PathId path_id = 0) {
    Path made;
    made.attrs = pool.intern(std::move(attrs));
    made.protocol = protocol;
    made.path_id = path_id;
    return made;
  }
  void change(ProtocolId id, const std::function<void(DecisionOptions&)>& edit) {
    DecisionOptions options = protocols.get(id);
    edit(options);
    protocols.set(id, options);
  }

  AttrPool pool;
  Protocols protocols;
};

struct StepCase {
  const char* name;
  DecisionStep step;
  std::function<void(World&, RouteAttrs& winner, RouteAttrs& loser)> arrange;
  std::function<void(Path& winner, Path& loser)> finish = [](Path&, Path&) {};
};

class Step : public testing::TestWithParam<StepCase> {};

/// The winner is protocol 1, which would lose by its router id: only the step in question can save it.
TEST_P(Step, Decides) {
  World world;
  RouteAttrs winner = average(1);
  RouteAttrs loser = average(2);
  GetParam().arrange(world, winner, loser);
  std::vector<Path> paths{world.path(winner, 1), world.path(loser, 2)};
  GetParam().finish(paths[0], paths[1]);
  const Comparison forward = compare(paths[0], paths[1], world.protocols);
  EXPECT_TRUE(forward.first_wins);
  EXPECT_EQ(to_string(forward.step), to_string(GetParam().step));
  const Comparison backward = compare(paths[1], paths[0], world.protocols);
  EXPECT_FALSE(backward.first_wins);
  EXPECT_EQ(backward.step, GetParam().step);
  EXPECT_EQ(best_of(paths, world.protocols), 0U);
  const auto explained = explain(paths, world.protocols);
  ASSERT_EQ(explained.size(), 2U);
  EXPECT_EQ(explained[0].path, &paths[0]);
  EXPECT_EQ(to_string(explained[1].lost_at), to_string(GetParam().step));
  EXPECT_FALSE(explained[1].text.empty());
}

using W = World;
using A = RouteAttrs;
INSTANTIATE_TEST_SUITE_P(
    Table, Step,
    testing::Values(
        StepCase{"filtered", DecisionStep::usable, [](W&, A&, A&) {}, [](Path&, Path& b) { b.flags.filtered = true; }},
        StepCase{"loop", DecisionStep::usable, [](W&, A&, A&) {}, [](Path&, Path& b) { b.flags.unusable = true; }},
        StepCase{"preference", DecisionStep::preference,
                 [](W&, A& a, A& b) {
                   a.preference = 101;
                   b.bgp.local_pref = 999;
                 }},
        StepCase{"resolvable", DecisionStep::resolvable,
                 [](W&, A&, A& b) {
                   b.forwarding = {};
                   b.bgp.local_pref = 999;
                 }},
        StepCase{"stale_community", DecisionStep::stale,
                 [](W&, A&, A& b) {
                   b.bgp.communities = {net::kLlgrStale};
                   b.bgp.local_pref = 999;
                 }},
        StepCase{"stale_flag", DecisionStep::stale, [](W&, A&, A& b) { b.bgp.local_pref = 999; },
                 [](Path&, Path& b) { b.flags.llgr_stale = true; }},
        StepCase{"local_pref", DecisionStep::local_pref,
                 [](W&, A& a, A& b) {
                   a.bgp.local_pref = 101;
                   b.bgp.as_path = path_of({65001});
                 }},
        StepCase{"default_local_pref", DecisionStep::local_pref,
                 [](W& w, A& a, A&) {
                   a.bgp.local_pref.reset();
                   w.change(1, [](DecisionOptions& o) { o.default_local_pref = 150; });
                 }},
        StepCase{"path_length", DecisionStep::path_length,
                 [](W&, A& a, A& b) {
                   a.bgp.as_path = path_of({65001});
                   b.bgp.origin = wire::Origin::igp;
                 }},
        StepCase{"a_set_counts_one", DecisionStep::path_length,
                 [](W&, A& a, A& b) {
                   a.bgp.as_path->segments = {{net::AsSegmentType::sequence, {65001}},
                                              {net::AsSegmentType::set, {1, 2, 3, 4}}};
                   b.bgp.as_path = path_of({65001, 2, 3});
                 }},
        StepCase{"origin", DecisionStep::origin,
                 [](W&, A& a, A& b) {
                   a.bgp.origin = wire::Origin::igp;
                   b.bgp.med = 1;
                 }},
        StepCase{"path_metric_off", DecisionStep::origin,
                 [](W& w, A& a, A& b) {
                   for (ProtocolId id : {1U, 2U}) {
                     w.change(id, [](DecisionOptions& o) { o.path_metric = false; });
                   }
                   a.bgp.origin = wire::Origin::igp;
                   b.bgp.as_path = path_of({65001});
                 }},
        StepCase{"med", DecisionStep::med,
                 [](W& w, A& a, A&) {
                   a.bgp.med = 49;
                   w.change(1, [](DecisionOptions& o) { o.internal = true; });
                 }},
        StepCase{"default_med", DecisionStep::med, [](W&, A& a, A&) { a.bgp.med.reset(); }},
        StepCase{"med_metric", DecisionStep::med,
                 [](W& w, A& a, A& b) {
                   a.bgp.med = 49;
                   b.bgp.as_path = path_of({65002, 65010});
                   w.change(1, [](DecisionOptions& o) { o.med_metric = true; });
                 }},
        StepCase{"external", DecisionStep::external,
                 [](W& w, A&, A& b) {
                   w.change(2, [](DecisionOptions& o) { o.internal = true; });
                   b.forwarding.igp_metric = 1;
                 }},
        StepCase{"med_of_another_as_does_not_count", DecisionStep::external,
                 [](W& w, A&, A& b) {
                   b.bgp.med = 1;
                   b.bgp.as_path = path_of({65002, 65010});
                   w.change(2, [](DecisionOptions& o) { o.internal = true; });
                 }},
        StepCase{"igp_metric", DecisionStep::igp_metric, [](W&, A& a, A&) { a.forwarding.igp_metric = 9; }},
        StepCase{"older", DecisionStep::older,
                 [](W& w, A&, A&) { w.change(1, [](DecisionOptions& o) { o.prefer_older = true; }); },
                 [](Path& a, Path& b) {
                   a.last_change = Instant(std::chrono::microseconds(1));
                   b.last_change = Instant(std::chrono::microseconds(2));
                 }},
        StepCase{"originator_id_takes_the_place_of_the_router_id", DecisionStep::router_id,
                 [](W&, A& a, A&) { a.bgp.originator_id = 1; }},
        StepCase{"igp_metric_off", DecisionStep::router_id,
                 [](W& w, A& a, A& b) {
                   for (ProtocolId id : {1U, 2U}) {
                     w.change(id, [](DecisionOptions& o) { o.igp_metric = false; });
                   }
                   a.bgp.originator_id = 1;
                   b.forwarding.igp_metric = 1;
                 }},
        StepCase{"cluster_list", DecisionStep::cluster_list,
                 [](W& w, A&, A& b) {
                   w.change(1, [](DecisionOptions& o) { o.remote_id = 98; });
                   b.bgp.cluster_list = {7};
                 }},
        StepCase{"peer_address", DecisionStep::peer_address,
                 [](W& w, A&, A&) { w.change(1, [](DecisionOptions& o) { o.remote_id = 98; }); }},
        StepCase{"protocol", DecisionStep::protocol,
                 [](W& w, A&, A&) {
                   w.change(1, [](DecisionOptions& o) {
                     o.remote_id = 98;
                     o.peer = net::IpAddr::v4(0x0A000002U);
                   });
                 }},
        StepCase{"path_id", DecisionStep::path_id, [](W&, A&, A&) {},
                 [](Path& a, Path& b) {
                   a.protocol = b.protocol;
                   a.path_id = 3;
                   b.path_id = 4;
                 }},
        StepCase{"other_protocols_before_bgp", DecisionStep::protocol_kind,
                 [](W& w, A& a, A& b) {
                   w.protocols.remove(1);
                   a.source = intent::RouteSource::static_;
                   b.bgp.local_pref = 999;
                 }},
        StepCase{"metric_of_static_routes", DecisionStep::igp_metric,
                 [](W& w, A& a, A& b) {
                   w.protocols.remove(1);
                   w.protocols.remove(2);
                   a.source = b.source = intent::RouteSource::static_;
                   policy::set_extra(a, intent::RouteAttribute::igp_metric, std::uint32_t{5});
                 }},
        StepCase{"metric_of_kernel_routes", DecisionStep::igp_metric,
                 [](W& w, A& a, A& b) {
                   w.protocols.remove(1);
                   w.protocols.remove(2);
                   a.source = b.source = intent::RouteSource::inherit;
                   policy::set_extra(a, intent::RouteAttribute::krt_metric, std::uint32_t{5});
                   policy::set_extra(b, intent::RouteAttribute::krt_metric, std::uint32_t{6});
                 }}),
    [](const auto& param) { return std::string(param.param.name); });

TEST(Best, IsNoneWhereNothingIsUsable) {
  World world;
  EXPECT_EQ(best_of({}, world.protocols), kNoBest);
  std::vector<Path> paths{world.path(average(), 1)};
  paths[0].flags.filtered = true;
  EXPECT_EQ(best_of(paths, world.protocols), kNoBest);
  paths.push_back(world.path(average(), 2));
  paths[1].flags.unusable = true;
  EXPECT_EQ(best_of(paths, world.protocols), kNoBest);
  const auto explained = explain(paths, world.protocols);
  ASSERT_EQ(explained.size(), 2U);
  EXPECT_EQ(explained[0].text, "rejected by the import filter");
}

/// RFC 4451 §2.2: A beats B by MED, B beats C and C beats A by the metric. The groups decide A against C: C.
TEST(Best, ComparesMedWithinItsGroupFirst) {
  World world;
  RouteAttrs a = average(1);
  RouteAttrs b = average(2);
  RouteAttrs c = average(3);
  a.bgp.med = 10;
  a.forwarding.igp_metric = 30;
  b.bgp.med = 20;
  b.forwarding.igp_metric = 10;
  c.bgp.as_path = path_of({65002, 65010});
  c.forwarding.igp_metric = 20;
  std::vector<Path> paths{world.path(a, 1), world.path(b, 2), world.path(c, 3)};
  ASSERT_TRUE(compare(paths[0], paths[1], world.protocols).first_wins);
  ASSERT_TRUE(compare(paths[1], paths[2], world.protocols).first_wins);
  ASSERT_TRUE(compare(paths[2], paths[0], world.protocols).first_wins);
  EXPECT_EQ(paths[best_of(paths, world.protocols)].protocol, 3U);
  const auto explained = explain(paths, world.protocols);
  ASSERT_EQ(explained.size(), 3U);
  EXPECT_EQ(explained[1].lost_at, DecisionStep::igp_metric);
  EXPECT_EQ(explained[2].lost_at, DecisionStep::med) << "B beats C directly; it is out because of A";
  EXPECT_EQ(explained[2].text, "MED 20 against 10 from AS 65001");
}

RouteAttrs random_route(Rng& rng) {
  RouteAttrs attrs = average(static_cast<std::uint32_t>(rng.below(4)));
  attrs.bgp.local_pref = 100 + static_cast<std::uint32_t>(rng.below(2));
  attrs.bgp.as_path = path_of({65001 + static_cast<std::uint32_t>(rng.below(3)), 65010});
  attrs.bgp.med = static_cast<std::uint32_t>(rng.below(3));
  attrs.forwarding.igp_metric = static_cast<std::uint32_t>(rng.below(3));
  if (rng.below(4) == 0) {
    attrs.bgp.originator_id = static_cast<std::uint32_t>(rng.below(3));
  }
  return attrs;
}

TEST(Best, DoesNotDependOnTheOrderOfThePaths) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Rng rng(seed);
    World world;
    std::vector<Path> paths;
    for (ProtocolId id = 1; id <= 7; ++id) {
      paths.push_back(world.path(random_route(rng), id));
      paths.back().flags.filtered = rng.below(8) == 0;
      world.change(id, [&](DecisionOptions& o) { o.internal = rng.below(2) == 0; });
    }
    const std::size_t first = best_of(paths, world.protocols);
    const ProtocolId expected = first == kNoBest ? 0 : paths[first].protocol;
    for (int round = 0; round < 20; ++round) {
      for (std::size_t i = paths.size() - 1; i > 0; --i) {
        std::swap(paths[i], paths[rng.below(i + 1)]);
      }
      const std::size_t best = best_of(paths, world.protocols);
      ASSERT_EQ(best == kNoBest ? 0 : paths[best].protocol, expected) << "seed " << seed;
    }
  }
}

/// Within one neighbouring AS the comparison is a total order: antisymmetric and transitive.
TEST(Best, WhatLeadsToABlackholeIsResolvable) {
  World world;
  RouteAttrs hole = average();
  hole.forwarding = {Destination::blackhole, {}, 10};
  RouteAttrs nowhere = average();
  nowhere.forwarding = {Destination::unreachable, {}, 10};
  nowhere.bgp.local_pref = 200;
  const std::vector<Path> paths = {world.path(nowhere, 1), world.path(hole, 2)};
  EXPECT_EQ(best_of(paths, world.protocols), 1U) << "as in BIRD";
  EXPECT_FALSE(mergeable(paths[1], world.path(hole, 3), world.protocols)) << "nothing to share";
}

TEST(Best, MarksWhatLosesWithinItsNeighbouringAs) {
  World world;
  RouteAttrs longer = average();
  longer.bgp.as_path = path_of({65001, 65010, 65010});
  RouteAttrs elsewhere = average();
  elsewhere.bgp.as_path = path_of({65020, 65010, 65010});
  std::vector<Path> paths = {world.path(longer, 1), world.path(average(), 2), world.path(average(), 3),
                             world.path(elsewhere, 4)};
  EXPECT_FALSE(suppressed(paths, paths[0], world.protocols)) << "without deterministic med nothing is";
  for (ProtocolId id = 1; id <= 4; ++id) {
    DecisionOptions options = world.protocols.get(id);
    options.deterministic_med = true;
    world.protocols.set(id, options);
  }
  EXPECT_TRUE(suppressed(paths, paths[0], world.protocols)) << "a longer path";
  EXPECT_FALSE(suppressed(paths, paths[1], world.protocols));
  EXPECT_FALSE(suppressed(paths, paths[2], world.protocols)) << "only the router id is worse";
  EXPECT_FALSE(suppressed(paths, paths[3], world.protocols)) << "longer, but the best of its AS";
  paths[1].flags.unusable = paths[2].flags.filtered = true;
  EXPECT_FALSE(suppressed(paths, paths[0], world.protocols)) << "nothing usable is better";
}

TEST(Best, ComparesWhatAPipeBringsAsWhatItCameFrom) {
  World world;
  constexpr ProtocolId kPipe = 20;
  RouteAttrs longer = average();
  longer.bgp.as_path->prepend(65010);
  const std::vector<Path> paths = {world.path(longer, kPipe, 1), world.path(average(), kPipe, 3)};
  world.protocols.set_origin(kPipe, 1, 1, 0);
  world.protocols.set_origin(kPipe, 3, 2, 0);
  EXPECT_EQ(best_of(paths, world.protocols), 1U) << "the shorter AS path";
  // Behind a second pipe, too.
  world.protocols.set_origin(kPipe + 1, 1, kPipe, 1);
  EXPECT_EQ(world.protocols.of(kPipe + 1, 1), world.protocols.get(1));
  world.protocols.forget_origins(kPipe);
  EXPECT_EQ(best_of(paths, world.protocols), 0U) << "nothing tells them apart but their numbers";
}

TEST(Compare, IsATotalOrderWithinAGroup) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Rng rng(seed);
    World world;
    std::vector<Path> paths;
    for (ProtocolId id = 1; id <= 6; ++id) {
      RouteAttrs attrs = random_route(rng);
      attrs.bgp.as_path = path_of({65001, 65010});
      paths.push_back(world.path(attrs, id));
    }
    const auto wins = [&](std::size_t a, std::size_t b) {
      return compare(paths[a], paths[b], world.protocols).first_wins;
    };
    for (std::size_t a = 0; a < paths.size(); ++a) {
      for (std::size_t b = 0; b < paths.size(); ++b) {
        ASSERT_TRUE(a == b || wins(a, b) != wins(b, a)) << "seed " << seed;
        for (std::size_t c = 0; c < paths.size(); ++c) {
          ASSERT_TRUE(a == b || b == c || a == c || !wins(a, b) || !wins(b, c) || wins(a, c))
              << "seed " << seed;
        }
      }
    }
  }
}

TEST(Multipath, TakesWhatIsEqualThroughTheIgpMetric) {
  World world;
  RouteAttrs longer = average(4);
  longer.bgp.as_path = path_of({65001, 65010, 65010});
  RouteAttrs farther = average(5);
  farther.forwarding.igp_metric = 11;
  RouteAttrs other_as = average(6);
  other_as.bgp.as_path = path_of({65002, 65010});
  other_as.bgp.med = 1;
  std::vector<Path> paths{world.path(average(1), 1), world.path(average(1), 2), world.path(average(3), 3),
                          world.path(longer, 4),     world.path(farther, 5),    world.path(other_as, 6)};
  const std::size_t best = best_of(paths, world.protocols);
  ASSERT_EQ(paths[best].protocol, 6U) << "the lowest router id";
  std::vector<ProtocolId> chosen;
  for (const Path* path : multipath(paths, best, world.protocols, 16)) {
    chosen.push_back(path->protocol);
  }
  EXPECT_EQ(chosen, (std::vector<ProtocolId>{6, 1, 3})) << "2 has the next hop of 1, 4 and 5 are worse";
  EXPECT_EQ(multipath(paths, best, world.protocols, 2).size(), 2U);
  EXPECT_TRUE(multipath(paths, best, world.protocols, 0).empty());
  EXPECT_TRUE(multipath(paths, kNoBest, world.protocols, 16).empty());
}

TEST(Multipath, IsTheBestAloneWhereItLeadsNowhere) {
  World world;
  RouteAttrs nowhere = average(1);
  nowhere.forwarding = {Destination::blackhole, {}, 10};
  std::vector<Path> paths{world.path(nowhere, 1), world.path(nowhere, 2)};
  EXPECT_EQ(multipath(paths, 0, world.protocols, 16).size(), 1U);
}

}  // namespace
}  // namespace catflap::bgp::rib
