#include "bgp/rib/table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/rng.hpp"

namespace catflap::bgp::rib {
namespace {

net::Prefix prefix(std::string_view text) {
  return net::Prefix::parse(text).value();
}
net::IpAddr addr(std::string_view text) {
  return net::IpAddr::parse(text).value();
}

class TableTest : public testing::Test {
 protected:
  TableTest() {
    for (ProtocolId id = 1; id <= 5; ++id) {
      DecisionOptions options;
      options.bgp = true;
      options.remote_id = id;
      protocols.set(id, options);
    }
  }
  Path path(ProtocolId protocol, std::uint32_t local_pref = 100, PathId path_id = 0) {
    policy::RouteAttrs attrs;
    attrs.source = intent::RouteSource::bgp;
    attrs.preference = 100;
    attrs.forwarding.destination = policy::Destination::unicast;
    attrs.forwarding.next_hops = {{net::IpAddr::v4(0x0A000000U + protocol), 1, 1, false}};
    attrs.bgp.local_pref = local_pref;
    Path made;
    made.attrs = pool.intern(std::move(attrs));
    made.protocol = protocol;
    made.path_id = path_id;
    return made;
  }
  /// "10.0.0.0/8:2" for each prefix whose best path changed, with the protocol that has it now, "-" for none.
  std::vector<std::string> decide() {
    std::vector<std::string> changes;
    table.decide([&](const Change& change) {
      ++decided;
      if (change.best_changed) {
        changes.push_back(to_string(change.prefix) + ":" +
                          (change.best == nullptr ? "-" : std::to_string(change.best->protocol)));
      }
    });
    return changes;
  }
  using Changes = std::vector<std::string>;

  AttrPool pool;
  Protocols protocols;
  Table table{"master4", net::Family::ipv4, protocols};
  int decided = 0;
};

TEST_F(TableTest, ReportsTheBestAsItComesAndGoes) {
  EXPECT_TRUE(table.update(prefix("10.0.0.0/8"), path(2)));
  EXPECT_TRUE(table.dirty());
  EXPECT_EQ(table.find(prefix("10.0.0.0/8"))->best(), nullptr) << "not decided yet";
  EXPECT_EQ(decide(), Changes{"10.0.0.0/8:2"});
  EXPECT_FALSE(table.dirty());
  EXPECT_TRUE(table.update(prefix("10.0.0.0/8"), path(1)));
  EXPECT_EQ(table.find(prefix("10.0.0.0/8"))->best()->protocol, 2U) << "the old one until the decision";
  EXPECT_EQ(decide(), Changes{"10.0.0.0/8:1"});
  EXPECT_TRUE(table.update(prefix("10.0.0.0/8"), path(3)));
  EXPECT_EQ(decide(), Changes{}) << "a worse path changes nothing for the best";
  EXPECT_TRUE(table.withdraw(1, prefix("10.0.0.0/8")));
  EXPECT_EQ(decide(), Changes{"10.0.0.0/8:2"});
  EXPECT_TRUE(table.withdraw(2, prefix("10.0.0.0/8")));
  EXPECT_TRUE(table.withdraw(3, prefix("10.0.0.0/8")));
  EXPECT_EQ(decide(), Changes{"10.0.0.0/8:-"});
  EXPECT_EQ(table.find(prefix("10.0.0.0/8")), nullptr);
  EXPECT_EQ(table.prefixes(), 0U);
  EXPECT_EQ(table.paths(), 0U);
  EXPECT_EQ(pool.live(), 0U);
}

TEST_F(TableTest, SaysWhetherAnythingChanged) {
  EXPECT_TRUE(table.update(prefix("10.0.0.0/8"), path(1)));
  EXPECT_FALSE(table.update(prefix("10.0.0.0/8"), path(1)));
  EXPECT_TRUE(table.update(prefix("10.0.0.0/8"), path(1, 200)));
  EXPECT_FALSE(table.withdraw(2, prefix("10.0.0.0/8")));
  EXPECT_FALSE(table.withdraw(1, prefix("10.0.0.0/8"), 1));
  EXPECT_FALSE(table.withdraw(1, prefix("10.0.0.0/9")));
  decide();
  EXPECT_FALSE(table.update(prefix("10.0.0.0/8"), path(1, 200)));
  EXPECT_FALSE(table.dirty());
}

TEST_F(TableTest, ReportsABestThatSaysSomethingElse) {
  table.update(prefix("10.0.0.0/8"), path(1));
  decide();
  table.update(prefix("10.0.0.0/8"), path(1, 200));
  EXPECT_EQ(decide(), Changes{"10.0.0.0/8:1"});
  table.withdraw(1, prefix("10.0.0.0/8"));
  table.update(prefix("10.0.0.0/8"), path(1, 200));
  EXPECT_EQ(decide(), Changes{"10.0.0.0/8:1"}) << "it was gone for a moment: tell rather too much";
  table.withdraw(1, prefix("10.0.0.0/8"));
  table.update(prefix("10.0.0.0/8"), path(2));
  bool had_best = false;
  table.decide([&](const Change& change) { had_best = change.had_best; });
  EXPECT_TRUE(had_best);
}

TEST_F(TableTest, DecidesInTheOrderOfArrivalAndInSteps) {
  for (const char* text : {"10.2.0.0/16", "10.0.0.0/8", "10.1.0.0/16", "9.0.0.0/8"}) {
    table.update(prefix(text), path(1));
  }
  std::vector<std::string> order;
  const auto note = [&](const Change& change) { order.push_back(to_string(change.prefix)); };
  table.decide(note, 2);
  EXPECT_EQ(order, (std::vector<std::string>{"10.2.0.0/16", "10.0.0.0/8"}));
  table.update(prefix("1.0.0.0/8"), path(1));
  table.update(prefix("9.0.0.0/8"), path(2));
  table.decide(note);
  EXPECT_EQ(order,
            (std::vector<std::string>{"10.2.0.0/16", "10.0.0.0/8", "10.1.0.0/16", "9.0.0.0/8", "1.0.0.0/8"}));
  std::vector<std::string> walked;
  table.for_each([&](const net::Prefix& at, const Entry&) { walked.push_back(to_string(at)); });
  EXPECT_EQ(walked,
            (std::vector<std::string>{"1.0.0.0/8", "9.0.0.0/8", "10.0.0.0/8", "10.1.0.0/16", "10.2.0.0/16"}));
  std::vector<std::string> stepped;
  for (auto at = table.first(); at; at = table.next(*at)) {
    stepped.push_back(to_string(*at));
  }
  EXPECT_EQ(stepped, walked);
  EXPECT_EQ(table.next(prefix("10.0.0.0/8")), prefix("10.1.0.0/16"));
  table.update(prefix("10.0.0.0/9"), path(1));
  EXPECT_EQ(table.next(prefix("10.0.0.0/8")), prefix("10.0.0.0/9")) << "what came meanwhile is there";
}

TEST_F(TableTest, KeepsPathsOfOnePeerApartByTheirIds) {
  table.update(prefix("10.0.0.0/8"), path(1, 100, 7));
  table.update(prefix("10.0.0.0/8"), path(1, 200, 5));
  table.update(prefix("10.0.0.0/8"), path(1, 300, 9));
  EXPECT_EQ(decide(), Changes{"10.0.0.0/8:1"});
  const Entry& entry = *table.find(prefix("10.0.0.0/8"));
  ASSERT_EQ(entry.paths().size(), 3U);
  EXPECT_EQ(entry.paths()[0].path_id, 5U);
  EXPECT_EQ(entry.best()->path_id, 9U);
  EXPECT_EQ(entry.find(1, 7)->attrs->bgp.local_pref, 100U);
  EXPECT_EQ(entry.find(1, 8), nullptr);
  table.withdraw(1, prefix("10.0.0.0/8"), 5);
  EXPECT_EQ(entry.best()->path_id, 9U);
  EXPECT_EQ(decide(), Changes{});
}

TEST_F(TableTest, CountsByProtocol) {
  table.update(prefix("10.0.0.0/8"), path(1));
  table.update(prefix("10.0.0.0/8"), path(2));
  table.update(prefix("11.0.0.0/8"), path(2));
  Path filtered = path(2);
  filtered.flags.filtered = true;
  table.update(prefix("12.0.0.0/8"), filtered);
  decide();
  const auto counters = [&](ProtocolId id) {
    const ProtocolCounters c = table.counters(id);
    return std::vector<std::size_t>{c.imported, c.filtered, c.preferred};
  };
  EXPECT_EQ(counters(1), (std::vector<std::size_t>{1, 0, 1}));
  EXPECT_EQ(counters(2), (std::vector<std::size_t>{2, 1, 1}));
  table.update(prefix("12.0.0.0/8"), path(2));
  table.withdraw(1, prefix("10.0.0.0/8"));
  decide();
  EXPECT_EQ(counters(1), (std::vector<std::size_t>{0, 0, 0}));
  EXPECT_EQ(counters(2), (std::vector<std::size_t>{3, 0, 3}));
  EXPECT_EQ(table.withdraw_all(2), 3U);
  decide();
  EXPECT_EQ(counters(2), (std::vector<std::size_t>{0, 0, 0}));
  EXPECT_EQ(counters(9), (std::vector<std::size_t>{0, 0, 0}));
}

TEST_F(TableTest, SweepsWhatWasNotToldAgain) {
  table.update(prefix("10.0.0.0/8"), path(1));
  table.update(prefix("11.0.0.0/8"), path(1));
  table.update(prefix("11.0.0.0/8"), path(2));
  decide();
  table.mark_stale(1);
  EXPECT_FALSE(table.dirty()) << "stale paths stay as good as they were (RFC 4724 §4.2)";
  EXPECT_TRUE(table.find(prefix("10.0.0.0/8"))->best()->flags.stale);
  EXPECT_FALSE(table.find(prefix("11.0.0.0/8"))->find(2, 0)->flags.stale);
  EXPECT_FALSE(table.update(prefix("10.0.0.0/8"), path(1))) << "the same again";
  EXPECT_FALSE(table.find(prefix("10.0.0.0/8"))->best()->flags.stale);
  EXPECT_EQ(table.sweep_stale(1), 1U);
  EXPECT_EQ(decide(), Changes{"11.0.0.0/8:2"});
  EXPECT_EQ(table.sweep_stale(1), 0U);
}

TEST_F(TableTest, LongLivedStalePathsLose) {
  table.update(prefix("10.0.0.0/8"), path(1, 200));
  table.update(prefix("10.0.0.0/8"), path(2, 100));
  EXPECT_EQ(decide(), Changes{"10.0.0.0/8:1"});
  table.mark_stale(1);
  table.mark_llgr_stale(1);
  EXPECT_EQ(decide(), Changes{"10.0.0.0/8:2"});
  EXPECT_TRUE(table.update(prefix("10.0.0.0/8"), path(1, 200)));
  EXPECT_EQ(decide(), Changes{"10.0.0.0/8:1"});
}

TEST_F(TableTest, DecidesAgainWhenAProtocolChanged) {
  table.update(prefix("10.0.0.0/8"), path(1));
  table.update(prefix("10.0.0.0/8"), path(2));
  table.update(prefix("11.0.0.0/8"), path(3));
  EXPECT_EQ(decide(), (Changes{"10.0.0.0/8:1", "11.0.0.0/8:3"}));
  DecisionOptions options = protocols.get(1);
  options.remote_id = 99;
  protocols.set(1, options);
  table.protocol_changed(1);
  decided = 0;
  EXPECT_EQ(decide(), Changes{"10.0.0.0/8:2"});
  EXPECT_EQ(decided, 1);
}

TEST_F(TableTest, FindsTheLongestUsableMatch) {
  table.update(prefix("10.0.0.0/8"), path(1));
  Path filtered = path(1);
  filtered.flags.filtered = true;
  table.update(prefix("10.1.0.0/16"), filtered);
  table.update(prefix("10.1.1.0/24"), filtered);
  decide();
  net::Prefix matched;
  ASSERT_NE(table.longest_match(addr("10.1.1.1"), &matched), nullptr);
  EXPECT_EQ(matched, prefix("10.0.0.0/8"));
  EXPECT_EQ(table.longest_match(addr("11.0.0.1")), nullptr);
  table.update(prefix("0.0.0.0/0"), filtered);
  decide();
  EXPECT_EQ(table.longest_match(addr("11.0.0.1")), nullptr);
}

TEST_F(TableTest, MarksWhatTheKernelRefused) {
  table.update(prefix("10.0.0.0/8"), path(1));
  decide();
  table.set_kernel_refused(prefix("10.0.0.0/8"), true);
  table.set_kernel_refused(prefix("11.0.0.0/8"), true);
  EXPECT_TRUE(table.find(prefix("10.0.0.0/8"))->best()->flags.kernel_refused);
  EXPECT_FALSE(table.update(prefix("10.0.0.0/8"), path(1))) << "the mark is no change of the route";
  EXPECT_TRUE(table.find(prefix("10.0.0.0/8"))->best()->flags.kernel_refused);
}

TEST_F(TableTest, ExplainsAndMerges) {
  table.update(prefix("10.0.0.0/8"), path(1));
  table.update(prefix("10.0.0.0/8"), path(2));
  table.update(prefix("10.0.0.0/8"), path(3, 50));
  decide();
  const auto explained = table.explain(prefix("10.0.0.0/8"));
  ASSERT_EQ(explained.size(), 3U);
  EXPECT_EQ(explained[1].lost_at, DecisionStep::router_id);
  EXPECT_EQ(explained[2].text, "local preference 50 against 100");
  EXPECT_EQ(table.multipath(*table.find(prefix("10.0.0.0/8")), 16).size(), 2U);
  EXPECT_TRUE(table.explain(prefix("11.0.0.0/8")).empty());
}

/// Whatever the order of updates and withdrawals, table and counters agree with a plain model.
TEST_F(TableTest, AgreesWithAModel) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Rng rng(seed);
    Table random("random", net::Family::ipv4, protocols);
    std::map<std::pair<net::Prefix, ProtocolId>, std::uint32_t> model;
    for (int i = 0; i < 2000; ++i) {
      const net::Prefix at(net::IpAddr::v4(static_cast<std::uint32_t>(rng.below(8)) << 29U), 3);
      const auto protocol = static_cast<ProtocolId>(1 + rng.below(5));
      const auto pref = static_cast<std::uint32_t>(rng.below(3));
      if (rng.below(3) == 0) {
        ASSERT_EQ(random.withdraw(protocol, at), model.erase({at, protocol}) == 1) << "seed " << seed;
      } else {
        const auto known = model.find({at, protocol});
        const bool changes = known == model.end() || known->second != pref;
        ASSERT_EQ(random.update(at, path(protocol, pref)), changes) << "seed " << seed;
        model[{at, protocol}] = pref;
      }
      if (rng.below(10) == 0) {
        random.decide([](const Change&) {}, 1 + rng.below(4));
      }
    }
    random.decide([](const Change&) {});
    ASSERT_EQ(random.paths(), model.size()) << "seed " << seed;
    std::map<ProtocolId, std::size_t> preferred;
    random.for_each([&](const net::Prefix& at, const Entry& entry) {
      ++preferred[entry.best()->protocol];
      for (const Path& one : entry.paths()) {
        EXPECT_EQ(model.at({at, one.protocol}), one.attrs->bgp.local_pref) << "seed " << seed;
      }
      EXPECT_EQ(entry.best() - entry.paths().data(),
                static_cast<std::ptrdiff_t>(best_of(entry.paths(), protocols)));
    });
    for (ProtocolId id = 1; id <= 5; ++id) {
      EXPECT_EQ(random.counters(id).preferred, preferred[id]) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace catflap::bgp::rib
