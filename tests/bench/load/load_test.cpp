#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "bgp/wire/codec.hpp"
#include "bgp/wire/framer.hpp"
#include "load/feed.hpp"
#include "load/prefix_set.hpp"

namespace catflap::bench {
namespace {

namespace wire = bgp::wire;

std::vector<wire::Update> updates_of(const Stream& stream) {
  wire::DecodeContext context;
  context.as4 = true;
  wire::Framer framer;
  framer.push(stream.octets);
  std::vector<wire::Update> out;
  while (true) {
    const auto message = framer.next();
    if (!message || !*message) {
      EXPECT_TRUE(message.has_value()) << message.error().what;
      EXPECT_EQ(framer.buffered(), 0U);
      return out;
    }
    auto decoded = wire::decode(**message, context);
    EXPECT_TRUE(decoded && std::holds_alternative<wire::Update>(*decoded));
    out.push_back(std::get<wire::Update>(std::move(*decoded)));
  }
}

TEST(Feed, SyntheticIsWhatTheMeasurementsSay) {
  const auto feed = synthetic_feed(8000, 1);
  ASSERT_TRUE(feed);
  EXPECT_EQ(feed->size(), 1000U);
  std::set<net::Prefix> prefixes;
  std::set<net::AsPath> paths;
  for (const RouteSet& set : *feed) {
    EXPECT_FALSE(set.prefixes.empty());
    EXPECT_GE(set.attributes.as_path->length(), 2U);
    EXPECT_LE(set.attributes.as_path->length(), 6U);
    paths.insert(*set.attributes.as_path);
    for (const wire::Nlri& nlri : set.prefixes) {
      EXPECT_GE(nlri.prefix.length(), 16);
      EXPECT_LE(nlri.prefix.length(), 24);
      prefixes.insert(nlri.prefix);
    }
  }
  EXPECT_EQ(prefixes.size(), 8000U);
  EXPECT_EQ(paths.size(), 1000U);
}

TEST(Feed, SameSeedSameFeed) {
  const Announcer announcer{.as = 65001, .next_hop = 0x0a400001, .internal = false, .sentinel = {}};
  const auto octets = [&](std::uint64_t seed) {
    return encode_feed(*synthetic_feed(500, seed), announcer).octets;
  };
  EXPECT_EQ(octets(1), octets(1));
  EXPECT_NE(octets(1), octets(2));
}

TEST(Feed, TooLargeIsRefused) {
  EXPECT_FALSE(synthetic_feed(2'000'001, 1));
}

TEST(Feed, StreamAnnouncesEveryPrefixAndTheSentinelLast) {
  const auto sentinel = net::Prefix::host(net::IpAddr::v4(0xC6120003));
  const Announcer announcer{.as = 65001, .next_hop = 0x0a400001, .internal = false, .sentinel = sentinel};
  const Stream stream = encode_feed(*synthetic_feed(1000, 1), announcer);
  const auto updates = updates_of(stream);
  EXPECT_EQ(updates.size(), stream.messages);
  EXPECT_EQ(stream.prefixes, 1001U);
  std::set<net::Prefix> prefixes;
  for (const wire::Update& update : updates) {
    EXPECT_EQ(update.attributes.as_path->first(), 65001U);
    EXPECT_EQ(update.attributes.next_hop, net::IpAddr::v4(0x0a400001));
    EXPECT_FALSE(update.attributes.local_pref);
    for (const wire::Nlri& nlri : update.announced) {
      prefixes.insert(nlri.prefix);
    }
  }
  EXPECT_EQ(prefixes.size(), 1001U);
  ASSERT_FALSE(updates.empty());
  ASSERT_EQ(updates.back().announced.size(), 1U);
  EXPECT_EQ(updates.back().announced.front().prefix, sentinel);
}

TEST(Feed, MissingFileIsNamed) {
  const auto feed = mrt_feed("/nonexistent/table.mrt");
  ASSERT_FALSE(feed);
  EXPECT_NE(feed.error().message.find("/nonexistent/table.mrt"), std::string::npos);
}

/// One RIB_IPV4_UNICAST record (RFC 6396 §4.3.2).
Bytes rib_record(std::uint8_t third_octet, std::uint32_t origin_as) {
  ByteSink attributes;
  attributes.bytes(
      *from_hex("40010100"
                "40020a02020000fde9"));
  attributes.u32(origin_as);
  attributes.bytes(*from_hex("4003040a000001"));
  ByteSink body;
  body.u32(0);
  body.bytes(*from_hex("18c633"));
  body.u8(third_octet);
  body.u16(1);  // entries
  body.u16(0);
  body.u32(0);
  body.u16(static_cast<std::uint16_t>(attributes.size()));
  body.bytes(attributes.view());
  ByteSink record;
  record.bytes(
      *from_hex("00000000"
                "000d"
                "0002"));
  record.u32(static_cast<std::uint32_t>(body.size()));
  record.bytes(body.view());
  return record.release();
}

class MrtFeed : public testing::Test {
 protected:
  Result<Feed> read(const std::vector<Bytes>& records, std::size_t cut) {
    Bytes all;
    for (const Bytes& record : records) {
      all.insert(all.end(), record.begin(), record.end());
    }
    all.resize(all.size() - cut);
    std::ofstream(path_, std::ios::binary) << as_text(all);
    auto feed = mrt_feed(path_);
    std::filesystem::remove(path_);
    return feed;
  }

  const std::string path_ = testing::TempDir() + "/catflap-load-test-" + std::to_string(::getpid()) + ".mrt";
};

TEST_F(MrtFeed, PrefixesWithEqualAttributesAreOneSet) {
  const auto feed = read({rib_record(1, 65001), rib_record(2, 65002), rib_record(3, 65001)}, 0);
  ASSERT_TRUE(feed) << feed.error().message;
  ASSERT_EQ(feed->size(), 2U);
  EXPECT_EQ(feed->at(0).prefixes.size(), 2U);
  EXPECT_EQ(feed->at(0).prefixes.at(1).prefix, *net::Prefix::parse("198.51.3.0/24"));
  EXPECT_EQ(feed->at(0).attributes.as_path->last(), 65001U);
  EXPECT_EQ(feed->at(1).attributes.as_path->last(), 65002U);
}

TEST_F(MrtFeed, AFileThatEndsWithinARecordIsRefused) {
  for (std::size_t cut = 1; cut < rib_record(1, 65001).size(); ++cut) {
    EXPECT_FALSE(read({rib_record(1, 65001), rib_record(2, 65001)}, cut)) << cut;
  }
}

TEST(PrefixSet, CountsEachPrefixOnce) {
  const auto feed = synthetic_feed(1000, 1);
  const PrefixIndex index(*feed);
  EXPECT_EQ(index.size(), 1000U);
  PrefixSet set;
  for (int round = 0; round < 2; ++round) {
    for (const RouteSet& routes : *feed) {
      for (const wire::Nlri& nlri : routes.prefixes) {
        set.insert(index, {nlri.prefix.addr().v4_value(), nlri.prefix.length()});
      }
    }
    EXPECT_EQ(set.size(), 1000U);
  }
  for (const RouteSet& routes : *feed) {
    for (const wire::Nlri& nlri : routes.prefixes) {
      set.erase(index, {nlri.prefix.addr().v4_value(), nlri.prefix.length()});
    }
  }
  EXPECT_EQ(set.size(), 0U);
}

TEST(PrefixSet, PrefixesOutsideTheFeedCountToo) {
  const PrefixIndex none;
  const PrefixIndex index(*synthetic_feed(100, 1));
  for (const PrefixIndex* each : {&none, &index}) {
    PrefixSet set;
    for (const Seen prefix : {Seen{0, 0}, Seen{0xC6120000, 32}, Seen{0xC6120000, 24}, Seen{0xC6120000, 32}}) {
      set.insert(*each, prefix);
    }
    EXPECT_EQ(set.size(), 3U);
    set.erase(*each, {0xC6120000, 32});
    set.erase(*each, {0xC6120000, 32});
    set.erase(*each, {0x01010100, 24});
    EXPECT_EQ(set.size(), 2U);
  }
}

}  // namespace
}  // namespace catflap::bench
