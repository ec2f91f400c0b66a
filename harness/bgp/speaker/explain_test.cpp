#include "observe/explain.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "sim/testing.hpp"

/// Speaker::explain, Adj-RIB-In and Adj-RIB-Out, and walks in steps that find nothing.
namespace catflap::bgp::testing {
namespace {

using std::chrono::seconds;

/// r1 (AS 64512) between r2 (64513) and r3 (64514), which is connected to r2 as well. r1 does not take
/// 10.2.9.0/24 and does not tell r2 of 10.1.9.0/24, so that it comes back.
class Explain : public ::testing::Test {
 protected:
  Explain() {
    for (int i = 1; i <= 3; ++i) {
      net.add_node("r" + std::to_string(i), static_cast<std::uint64_t>(i));
    }
    link(1, 2);
    link(1, 3);
    link(2, 3);
    for (int i = 1; i <= 3; ++i) {
      intent::RouterIntent intent = router(0x0A000000U + static_cast<std::uint32_t>(i));
      const std::string own = "10." + std::to_string(i) + ".";
      intent.protocols = {device(), kernel(), blackholes("own", {own + "0.0/24", own + "9.0/24"})};
      for (int j = 1; j <= 3; ++j) {
        if (j != i) {
          const std::string base = base_of(i, j);
          auto peer =
              bgp("to_r" + std::to_string(j), 64511U + static_cast<std::uint32_t>(i),
                  base + std::to_string(j), 64511U + static_cast<std::uint32_t>(j), base + std::to_string(i));
          peer.channels[0].export_filter =
              i == 1 && j == 2 ? where_net("10.1.9.0/24", true) : intent::FilterRef::all();
          if (i == 1) {
            peer.channels[0].import_filter = where_net("10.2.9.0/24", true);
          }
          intent.protocols.push_back(peer);
        }
      }
      net.configure("r" + std::to_string(i), intent);
    }
    net.run_for(seconds(10));
  }
  static std::string base_of(int a, int b) {
    return "192.168." + std::to_string(std::min(a, b) * 10 + std::max(a, b)) + ".";
  }
  void link(int a, int b) {
    const std::string base = base_of(a, b);
    net.add_link("r" + std::to_string(a), "eth" + std::to_string(b), {base + std::to_string(a) + "/24"},
                 "r" + std::to_string(b), "eth" + std::to_string(a), {base + std::to_string(b) + "/24"});
  }
  observe::ExplainView explain(const std::string& asked, bool exact = false) {
    auto views = net.speaker("r1").explain({prefix(asked), exact, "master4"});
    EXPECT_TRUE(views);
    EXPECT_EQ(views->size(), 1U);
    return views->front();
  }
  static const observe::ExportView* to(const observe::ExplainView& view, const std::string& protocol) {
    for (const observe::ExportView& one : view.exports) {
      if (one.protocol == protocol) {
        return &one;
      }
    }
    return nullptr;
  }
  VirtualNetwork net;
};

TEST_F(Explain, NamesTheStepAtWhichEachLost) {
  const observe::ExplainView view = explain("10.2.0.0/24");
  EXPECT_EQ(view.prefix, prefix("10.2.0.0/24"));
  ASSERT_EQ(view.candidates.size(), 2U);
  EXPECT_EQ(view.candidates[0].route.protocol, "to_r2");
  EXPECT_EQ(view.candidates[0].lost_at, "");
  EXPECT_TRUE(view.candidates[0].import->accepted);
  EXPECT_EQ(view.candidates[1].route.protocol, "to_r3");
  EXPECT_NE(view.candidates[1].why.find("AS path"), std::string::npos) << view.candidates[1].why;
}

TEST_F(Explain, FindsTheCoveringPrefixUnlessAskedForTheVeryOne) {
  EXPECT_EQ(explain("10.2.0.77/32").prefix, prefix("10.2.0.0/24"));
  EXPECT_EQ(explain("10.2.0.77/32", true).prefix, std::nullopt);
}

TEST_F(Explain, CountsWhatTheLinesOfAFilterDecide) {
  FilterCountWalk walk;
  walk.protocol = "to_r2";
  int pieces = 0;
  while (!walk.done) {
    ASSERT_TRUE(net.speaker("r1").count_filters(walk, 1));
    ++pieces;
  }
  EXPECT_GT(pieces, 4);
  ASSERT_EQ(walk.counts.size(), 2U);
  const FilterCount& import = walk.counts.front();
  EXPECT_FALSE(import.exports);
  EXPECT_EQ(import.protocols, std::vector<std::string>{"to_r2"});
  // 10.2.0.0, 10.2.9.0, 10.3.0.0 and 10.3.9.0; what r2 has of r1 itself is a loop, which no filter sees.
  EXPECT_EQ(import.accepted, 3U);
  EXPECT_EQ(import.rejected, 1U);
  ASSERT_EQ(import.hits.size(), 3U);  // if, accept, reject
  const intent::Stmt* choose = import.filter.filter->body.front().get();
  EXPECT_EQ(import.hits.at(choose).reached, 4U);
  EXPECT_EQ(import.hits.at(choose).taken, 3U);
  EXPECT_EQ(import.hits.at(choose->otherwise.front().get()).reached, 1U);
  EXPECT_TRUE(walk.counts.back().exports);

  FilterCountWalk all;  // the filters of both peers are objects of their own here
  ASSERT_TRUE(net.speaker("r1").count_filters(all, 1000));
  EXPECT_TRUE(all.done);
  EXPECT_EQ(all.counts.size(), 3U);

  FilterCountWalk nobody;
  nobody.protocol = "nobody";
  EXPECT_EQ(net.speaker("r1").count_filters(nobody, 1).error().code, Errc::not_found);
}

TEST_F(Explain, ShowsWhatTheImportFilterRefused) {
  const observe::ExplainView view = explain("10.2.9.0/24");
  ASSERT_EQ(view.candidates.size(), 2U);
  for (const observe::CandidateView& candidate : view.candidates) {
    EXPECT_FALSE(candidate.in_table);
    EXPECT_EQ(candidate.why, "rejected by the import filter");
    EXPECT_FALSE(candidate.import->accepted);
  }
  EXPECT_TRUE(view.exports.empty());
}

TEST_F(Explain, TellsWhoIsToldAndWhoIsNot) {
  const observe::ExplainView view = explain("10.2.0.0/24");
  ASSERT_NE(to(view, "to_r2"), nullptr);
  EXPECT_EQ(to(view, "to_r2")->verdict, "refused");
  EXPECT_EQ(to(view, "to_r2")->why, "split horizon: this peer brought it");
  EXPECT_EQ(to(view, "to_r3")->verdict, "told");
  ASSERT_TRUE(to(view, "to_r3")->sent);
  EXPECT_EQ(to_string(to(view, "to_r3")->sent->bgp->as_path), "64512 64513");
  EXPECT_EQ(to(view, "kernel1")->verdict, "told");
  const observe::ExplainView filtered = explain("10.1.9.0/24");
  EXPECT_EQ(to(filtered, "to_r2")->verdict, "filtered");
  EXPECT_FALSE(to(filtered, "to_r2")->filter->accepted);
}

TEST_F(Explain, ShowsLoops) {
  const observe::ExplainView view = explain("10.1.9.0/24");
  ASSERT_EQ(view.candidates.size(), 1U);  // our own; r2 has it by way of r3 and tells it back
  ASSERT_FALSE(view.refused.empty());
  EXPECT_NE(view.refused[0].why.find("AS path loop: our AS 64512"), std::string::npos) << view.refused[0].why;
  // Another import filter does not make it usable, and it goes with its withdrawal.
  net.admin("r1", ev::Admin::Verb::reload_in, "to_r2");
  net.run_for(std::chrono::milliseconds(100));
  EXPECT_EQ(explain("10.1.9.0/24").refused.size(), view.refused.size());
  EXPECT_EQ(explain("10.1.9.0/24").candidates.size(), 1U);
  net.admin("r3", ev::Admin::Verb::disable, "to_r1");
  net.run_for(std::chrono::milliseconds(100));
  EXPECT_TRUE(explain("10.1.9.0/24").refused.empty());
}

TEST_F(Explain, AnUnknownTableIsAnError) {
  const auto views = net.speaker("r1").explain({prefix("10.1.0.0/24"), false, "nonesuch"});
  ASSERT_FALSE(views);
  EXPECT_EQ(views.error().message, "nonesuch is not a table");
  EXPECT_FALSE(net.speaker("r1").explain({prefix("10.1.0.0/24"), false, "master6"}));
}

TEST_F(Explain, SurvivesJson) {
  for (const char* asked : {"10.1.0.0/24", "10.2.0.0/24", "10.2.9.0/24", "172.16.0.0/12"}) {
    const observe::ExplainView view = explain(asked);
    const auto back = observe::explain_from_json(observe::to_json_value(view));
    ASSERT_TRUE(back) << asked;
    EXPECT_EQ(*back, view) << asked;
  }
  EXPECT_FALSE(observe::explain_from_json(nlohmann::json::array()));
  EXPECT_FALSE(observe::explain_from_json({{"candidates", 3}}));
  EXPECT_FALSE(observe::explain_from_json({{"refused", {{{"at_ns", "x"}}}}}));
}

std::vector<std::string> prefixes_of(VirtualNetwork& net, const RouteQuery& query, std::size_t step = 1000) {
  std::vector<std::string> found;
  RouteWalk walk;
  for (int rounds = 0; !walk.done && rounds < 100; ++rounds) {
    EXPECT_TRUE(net.speaker("r1").routes(query, walk, step, [&](const observe::RouteView& route) {
      found.push_back(net::to_string(route.prefix));
      return true;
    }));
  }
  EXPECT_TRUE(walk.done);
  return found;
}

TEST_F(Explain, AdjRibInHasWhatTheFilterRefused) {
  RouteQuery query;
  query.adjacent = RouteQuery::Adjacent::received;
  query.adjacent_protocol = "to_r2";
  const std::vector<std::string> all{"10.1.9.0/24", "10.2.0.0/24", "10.2.9.0/24", "10.3.0.0/24",
                                     "10.3.9.0/24"};
  for (const std::size_t step : {1U, 2U, 1000U}) {
    EXPECT_EQ(prefixes_of(net, query, step), all);
  }
  query.exact = prefix("10.2.9.0/24");
  EXPECT_EQ(prefixes_of(net, query), (std::vector<std::string>{"10.2.9.0/24"}));
  query.exact = prefix("10.1.9.0/24");
  const auto loop = net.routes("r1", query);
  ASSERT_EQ(loop.size(), 1U);
  EXPECT_TRUE(loop[0].filtered);
  EXPECT_EQ(to_string(loop[0].bgp->as_path), "64513 64514 64512") << "as it came";
}

TEST_F(Explain, AdjRibOutHasTheAttributesOfTheUpdate) {
  RouteQuery query;
  query.adjacent = RouteQuery::Adjacent::advertised;
  query.adjacent_protocol = "to_r3";
  query.as_sent = true;
  EXPECT_EQ(prefixes_of(net, query), (std::vector<std::string>{"10.1.0.0/24", "10.1.9.0/24", "10.2.0.0/24"}));
}

TEST_F(Explain, WalksInStepsCountWhatTheyLookAtAndStopThoughNothingMatches) {
  RouteQuery query;
  query.tables = {"master4"};
  query.filter = where_net("203.0.113.0/24").filter;
  RouteWalk walk;
  int steps = 0;
  for (; !walk.done && steps < 100; ++steps) {
    ASSERT_TRUE(net.speaker("r1").routes(query, walk, 2, [](const observe::RouteView&) { return true; }));
  }
  EXPECT_EQ(steps, 3);  // 5 networks
  EXPECT_EQ(walk.networks, 5U);
  EXPECT_EQ(walk.routes, 8U);
}

}  // namespace
}  // namespace catflap::bgp::testing
