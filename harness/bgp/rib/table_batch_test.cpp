#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/rng.hpp"
#include "bgp/rib/table.hpp"

/// Changes of many prefixes at once, and walks.
namespace catflap::bgp::rib {
namespace {

constexpr std::uint64_t kSpread = 60;  ///< prefixes

class TableBatchTest : public testing::TestWithParam<net::Family> {
 protected:
  TableBatchTest() {
    for (ProtocolId id = 1; id <= 3; ++id) {
      DecisionOptions options;
      options.bgp = true;
      options.remote_id = id;
      protocols.set(id, options);
    }
  }
  net::Prefix some_prefix(Rng& rng) const {
    const std::uint64_t number = rng.below(kSpread);
    return GetParam() == net::Family::ipv4
               ? net::Prefix(net::IpAddr::v4(static_cast<std::uint32_t>(number) << 13U),
                             static_cast<std::uint8_t>(16 + number % 4))
               : net::Prefix(net::IpAddr::v6(0x20010db800000000ULL + (number << 46U), 0),
                             static_cast<std::uint8_t>(32 + number % 4));
  }
  Path path(ProtocolId protocol, std::uint32_t local_pref) {
    policy::RouteAttrs attrs;
    attrs.source = intent::RouteSource::bgp;
    attrs.preference = 100;
    attrs.forwarding.destination = policy::Destination::unicast;
    attrs.bgp.local_pref = local_pref;
    Path made;
    made.attrs = pool.intern(std::move(attrs));
    made.protocol = protocol;
    return made;
  }
  static std::vector<std::string> decide(Table& table) {
    std::vector<std::string> changes;
    table.decide([&](const Change& change) {
      changes.push_back(to_string(change.prefix) + ":" +
                        (change.best == nullptr ? "-" : std::to_string(change.best->protocol)));
    });
    return changes;
  }

  AttrPool pool;
  Protocols protocols;
};

TEST_P(TableBatchTest, SaysTheSameAsOneByOne) {
  Table many("many", GetParam(), protocols);
  Table one("one", GetParam(), protocols);
  Rng rng(11);
  for (int round = 0; round < 200; ++round) {
    std::vector<wire::Nlri> nlri;
    for (std::uint64_t left = 1 + rng.below(40); left > 0; --left) {
      nlri.push_back({some_prefix(rng), static_cast<std::uint32_t>(rng.below(2))});
    }
    const auto protocol = static_cast<ProtocolId>(1 + rng.below(3));
    std::size_t expected = 0;
    if (rng.below(2) == 0) {
      Path all = path(protocol, static_cast<std::uint32_t>(rng.below(3)));
      for (const wire::Nlri& each : nlri) {
        all.path_id = each.path_id;
        expected += one.update(each.prefix, all) ? 1U : 0U;
      }
      ASSERT_EQ(many.update(nlri, all), expected);
    } else {
      for (const wire::Nlri& each : nlri) {
        expected += one.withdraw(protocol, each.prefix, each.path_id) ? 1U : 0U;
      }
      ASSERT_EQ(many.withdraw(protocol, nlri), expected);
    }
    if (rng.below(3) == 0) {
      ASSERT_EQ(decide(many), decide(one)) << round;
    }
    ASSERT_EQ(many.paths(), one.paths());
    ASSERT_EQ(many.prefixes(), one.prefixes());
  }
}

TEST_P(TableBatchTest, WalksInPrefixOrderWhileItChanges) {
  Table table("walked", GetParam(), protocols);
  EXPECT_EQ(table.first(), std::nullopt);
  Rng rng(12);
  for (int round = 0; round < 50; ++round) {
    for (std::uint64_t left = rng.below(20); left > 0; --left) {
      table.update(some_prefix(rng), path(1, 100));
      table.withdraw(1, some_prefix(rng));
    }
    std::vector<net::Prefix> expected, walked;
    table.for_each([&](const net::Prefix& prefix, const Entry&) { expected.push_back(prefix); });
    for (auto at = table.first(); at; at = table.next(*at)) {
      walked.push_back(*at);
    }
    ASSERT_EQ(walked, expected) << round;
    // Prefixes that come and go meanwhile: what stands all the time is seen once, in its place.
    walked.clear();
    for (auto at = table.first(); at; at = table.next(*at)) {
      walked.push_back(*at);
      table.withdraw(1, *at);
      table.decide([](const Change&) {});
      if (rng.below(4) == 0) {
        table.update(*at, path(1, 200));
      }
    }
    ASSERT_EQ(walked, expected) << round;
    table.decide([](const Change&) {});
  }
}

TEST_P(TableBatchTest, WalksThroughManyPrefixes) {
  Table table("walked", GetParam(), protocols);
  const Path one = path(1, 100);
  for (std::uint64_t i = 0; i < 3000; ++i) {
    const std::uint64_t number = i * 1009 % 3000;
    table.update(GetParam() == net::Family::ipv4
                     ? net::Prefix(net::IpAddr::v4(static_cast<std::uint32_t>(number) << 15U), 17)
                     : net::Prefix(net::IpAddr::v6(0x2000'0000'0000'0000ULL + (number << 45U), number), 128),
                 one);
  }
  std::vector<net::Prefix> expected, walked;
  table.for_each([&](const net::Prefix& prefix, const Entry&) { expected.push_back(prefix); });
  for (auto at = table.first(); at; at = table.next(*at)) {
    walked.push_back(*at);
  }
  EXPECT_EQ(walked, expected);
  EXPECT_EQ(table.next(expected[1234]), expected[1235]);
  EXPECT_EQ(table.next(expected.back()), std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(Families, TableBatchTest, testing::Values(net::Family::ipv4, net::Family::ipv6));

}  // namespace
}  // namespace catflap::bgp::rib
