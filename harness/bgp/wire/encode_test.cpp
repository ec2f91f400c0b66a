#include <gtest/gtest.h>

#include "bgp/wire/framer.hpp"
#include "bgp/wire/testing/support.hpp"

namespace catflap::bgp::wire {
namespace {

using namespace test;

struct Sides {
  EncodeContext encode;
  DecodeContext decode;
};

Sides sides(bool as4 = true, bool internal = true) {
  Sides out;
  out.encode.as4 = out.decode.as4 = as4;
  out.encode.internal = out.decode.internal = internal;
  out.decode.families = {kIpv4Unicast, kIpv6Unicast};
  return out;
}

Attributes simple() {
  Attributes out;
  out.origin = Origin::igp;
  out.as_path = net::AsPath{{{net::AsSegmentType::sequence, {65001}}}};
  out.next_hop = addr("10.79.1.1");
  out.local_pref = 100;
  return out;
}

Attributes everything() {
  Attributes out = simple();
  out.med = 4000000000U;
  out.atomic_aggregate = true;
  out.aggregator = Aggregator{65001, 0x0A000001};
  out.communities = {0xFDE90001, net::kNoExport};
  out.ext_communities = {0x0002FDE800000005U};
  out.large_communities = {{64512, 1, 2}};
  out.originator_id = 0x0A000002;
  out.cluster_list = {7, 8};
  out.otc = 65001;
  out.unknown = {{0xE0, 25, std::vector<std::uint8_t>(20, 1)}, {0xE0, 200, {}}, {0xE0, 255, {1, 2, 3}}};
  return out;
}

std::vector<Nlri> many(std::size_t count, net::Family family) {
  std::vector<Nlri> out;
  for (std::uint32_t i = 0; i < count; ++i) {
    const net::IpAddr address = family == net::Family::ipv4
                                    ? net::IpAddr::v4(0x0A000000U + (i << 8U))
                                    : net::IpAddr::v6(0x2001'0DB8'0000'0000U + (std::uint64_t{i} << 16U), 0);
    out.push_back({net::Prefix(address, family == net::Family::ipv4 ? 24 : 48), i + 1});
  }
  return out;
}

void forget_ids(std::vector<Nlri>& nlri) {
  for (Nlri& each : nlri) {
    each.path_id = 0;
  }
}

TEST(EncodeAnnounce, WritesTheseOctets) {
  const std::vector<Nlri> nlri{{prefix("203.0.113.0/24"), 0}};
  ByteSink out;
  EXPECT_EQ(encode_announce(simple(), kIpv4Unicast, nlri, sides().encode, out), 1U);
  EXPECT_EQ(to_hex(out.view()),
            to_hex(update("", "40010100 400206 02010000fde9 400304 0a4f0101 400504 00000064", "18cb0071")));
}

TEST(EncodeAnnounce, PutsMpReachFirst) {
  Attributes attributes = simple();
  attributes.next_hop = addr("2001:db8::1");
  attributes.link_local_next_hop = addr("fe80::1");
  const std::vector<Nlri> nlri{{prefix("2001:db8:1::/48"), 9}};
  Sides both = sides();
  both.encode.add_path = {kIpv6Unicast};
  ByteSink out;
  EXPECT_EQ(encode_announce(attributes, kIpv6Unicast, nlri, both.encode, out), 1U);
  EXPECT_EQ(
      to_hex(out.view()),
      to_hex(update("",
                    "900e0030 000201 20 20010db8000000000000000000000001 fe800000000000000000000000000001 00"
                    "00000009 3020010db80001 40010100 400206 02010000fde9 400504 00000064",
                    "")));
}

TEST(EncodeWithdraw, WritesTheseOctets) {
  ByteSink out;
  EXPECT_EQ(encode_withdraw(kIpv4Unicast, std::vector<Nlri>{{prefix("203.0.113.0/24"), 0}}, {}, out), 1U);
  EXPECT_EQ(encode_withdraw(kIpv6Unicast, std::vector<Nlri>{{prefix("2001:db8:1::/48"), 0}}, {}, out), 1U);
  EXPECT_EQ(to_hex(out.view()),
            to_hex(update("18cb0071", "", "")) + to_hex(update("", "900f000a 000201 3020010db80001", "")));
}

TEST(EncodeEndOfRib, WritesWhatBirdWrites) {
  ByteSink out;
  encode_end_of_rib(kIpv4Unicast, out);
  encode_end_of_rib(kIpv6Unicast, out);
  EXPECT_EQ(to_hex(out.view()), to_hex(update("", "", "")) + to_hex(update("", "800f03 000201", "")));
}

struct RoundTripCase {
  const char* name;
  bool as4;
  net::Family family;
  const char* next_hop;
};
class RoundTrip : public testing::TestWithParam<RoundTripCase> {};

TEST_P(RoundTrip, OfEveryAttribute) {
  const RoundTripCase& each = GetParam();
  Sides both = sides(each.as4);
  both.encode.extended_next_hop = both.decode.extended_next_hop = {kIpv4Unicast};
  Update update;
  update.attributes = everything();
  update.attributes.next_hop = addr(each.next_hop);
  update.attributes.as_path = net::AsPath{{{net::AsSegmentType::sequence, {65001, 4200000000U}},
                                           {net::AsSegmentType::set, {1, 70000}},
                                           {net::AsSegmentType::sequence, {3}}}};
  update.attributes.aggregator = Aggregator{70000, 1};
  update.announced = many(3, each.family);
  forget_ids(update.announced);
  ByteSink out;
  ASSERT_TRUE(encode(update, both.encode, out));
  const Update again = decode_as<Update>(out.view(), both.decode);
  EXPECT_TRUE(again.errors.empty()) << again.errors.front().what;
  EXPECT_EQ(again.announced, update.announced);
  EXPECT_TRUE(again.attributes == update.attributes);
}

INSTANTIATE_TEST_SUITE_P(Table, RoundTrip,
                         testing::Values(RoundTripCase{"ipv4", true, net::Family::ipv4, "10.0.0.1"},
                                         RoundTripCase{"ipv4_as2", false, net::Family::ipv4, "10.0.0.1"},
                                         RoundTripCase{"ipv6", true, net::Family::ipv6, "2001:db8::1"},
                                         RoundTripCase{"ipv6_as2", false, net::Family::ipv6, "2001:db8::1"},
                                         RoundTripCase{"ipv4_over_ipv6", true, net::Family::ipv4,
                                                       "2001:db8::1"}),
                         [](const auto& each) { return std::string(each.param.name); });

TEST(As2Peer, GetsAsTransAndTheNewAttributesOnlyWhereNeeded) {
  const std::vector<Nlri> nlri{{prefix("203.0.113.0/24"), 0}};
  Attributes attributes = simple();
  attributes.aggregator = Aggregator{65001, 1};
  ByteSink plain;
  EXPECT_EQ(encode_announce(attributes, kIpv4Unicast, nlri, sides(false).encode, plain), 1U);
  EXPECT_EQ(to_hex(plain.view()), to_hex(update("",
                                                "40010100 400204 0201fde9 400304 0a4f0101 400504 00000064"
                                                "c00706 fde9 00000001",
                                                "18cb0071")));
  attributes.as_path =
      net::AsPath{{{net::AsSegmentType::confed_sequence, {65000}}, {net::AsSegmentType::sequence, {70000}}}};
  attributes.aggregator = Aggregator{70000, 1};
  ByteSink large;
  EXPECT_EQ(encode_announce(attributes, kIpv4Unicast, nlri, sides(false).encode, large), 1U);
  EXPECT_EQ(
      to_hex(large.view()),
      to_hex(update("",
                    "40010100 400208 0301fde8 02015ba0 400304 0a4f0101 400504 00000064 c00706 5ba0 00000001"
                    "c01106 0201 00011170 c01208 00011170 00000001",
                    "18cb0071")));
}

TEST(ExternalPeer, GetsNoInternalAttributes) {
  const std::vector<Nlri> nlri{{prefix("203.0.113.0/24"), 0}};
  const Sides both = sides(true, false);
  ByteSink out;
  EXPECT_EQ(encode_announce(everything(), kIpv4Unicast, nlri, both.encode, out), 1U);
  const Update again = decode_as<Update>(out.view(), both.decode);
  EXPECT_TRUE(again.errors.empty()) << "they would have been discarded with an error";
  EXPECT_EQ(again.attributes.med, 4000000000U);
}

TEST(Segments, LongerThan255AreSplit) {
  Attributes attributes = simple();
  attributes.as_path = net::AsPath{{{net::AsSegmentType::sequence, std::vector<std::uint32_t>(600, 65001)}}};
  ByteSink out;
  EXPECT_EQ(encode_announce(attributes, kIpv4Unicast, many(1, net::Family::ipv4), sides().encode, out), 1U);
  const Update again = decode_as<Update>(out.view(), sides().decode);
  ASSERT_TRUE(again.attributes.as_path);
  EXPECT_EQ(again.attributes.as_path->segments.size(), 3U);
  EXPECT_EQ(again.attributes.as_path->length(), 600U);
}

struct PackingCase {
  const char* name;
  net::Family family;
  bool extended;
  bool add_path;
  bool withdraw;
};
class Packing : public testing::TestWithParam<PackingCase> {};

/// Every message is as full as it can be, none is too long, and all of it arrives in order.
TEST_P(Packing, FillsMessages) {
  const PackingCase& each = GetParam();
  Sides both = sides();
  both.encode.extended_message = both.decode.extended_message = each.extended;
  if (each.add_path) {
    both.encode.add_path = both.decode.add_path = {unicast(each.family)};
  }
  Attributes attributes = simple();
  attributes.next_hop = each.family == net::Family::ipv4 ? addr("10.0.0.1") : addr("2001:db8::1");
  std::vector<Nlri> nlri = many(20000, each.family);
  if (!each.add_path) {
    forget_ids(nlri);
  }
  const std::size_t limit = each.extended ? kExtendedMessageOctetsMax : kMessageOctetsMax;
  const std::size_t one = (each.family == net::Family::ipv4 ? 4U : 7U) + (each.add_path ? 4U : 0U);
  std::vector<Nlri> arrived;
  for (std::span<const Nlri> left = nlri; !left.empty();) {
    ByteSink out;
    const std::size_t count = each.withdraw
                                  ? encode_withdraw(unicast(each.family), left, both.encode, out)
                                  : encode_announce(attributes, unicast(each.family), left, both.encode, out);
    ASSERT_GT(count, 0U);
    EXPECT_LE(out.size(), limit);
    EXPECT_TRUE(count == left.size() || out.size() + one > limit) << "room was left: " << out.size();
    const Update part = decode_as<Update>(out.view(), both.decode);
    EXPECT_TRUE(part.errors.empty());
    const auto& list = each.withdraw ? part.withdrawn : part.announced;
    arrived.insert(arrived.end(), list.begin(), list.end());
    left = left.subspan(count);
  }
  EXPECT_TRUE(arrived == nlri);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Packing,
    testing::Values(PackingCase{"ipv4", net::Family::ipv4, false, false, false},
                    PackingCase{"ipv4_extended", net::Family::ipv4, true, false, false},
                    PackingCase{"ipv4_add_path", net::Family::ipv4, false, true, false},
                    PackingCase{"ipv6", net::Family::ipv6, false, false, false},
                    PackingCase{"ipv6_extended_add_path", net::Family::ipv6, true, true, false},
                    PackingCase{"ipv4_withdraw", net::Family::ipv4, false, false, true},
                    PackingCase{"ipv6_withdraw", net::Family::ipv6, false, false, true},
                    PackingCase{"ipv6_withdraw_extended_add_path", net::Family::ipv6, true, true, true}),
    [](const auto& each) { return std::string(each.param.name); });

TEST(EncodeAnnounce, SaysWhatCannotBeSaid) {
  const std::vector<Nlri> four = many(1, net::Family::ipv4);
  const std::vector<Nlri> six = many(1, net::Family::ipv6);
  ByteSink out;
  EXPECT_EQ(encode_announce(simple(), kIpv4Unicast, {}, {}, out), 0U) << "no prefix";
  Attributes attributes = simple();
  attributes.next_hop.reset();
  EXPECT_EQ(encode_announce(attributes, kIpv4Unicast, four, {}, out), 0U) << "no next hop";
  attributes.next_hop = addr("2001:db8::1");
  EXPECT_EQ(encode_announce(attributes, kIpv4Unicast, four, {}, out), 0U) << "IPv6 next hop not negotiated";
  EXPECT_EQ(encode_announce(attributes, {25, 70}, six, {}, out), 0U) << "no unicast";
  EXPECT_EQ(encode_withdraw({25, 70}, six, {}, out), 0U) << "no unicast";
  EXPECT_EQ(encode_withdraw(kIpv4Unicast, {}, {}, out), 0U) << "no prefix";
  attributes.communities.assign(20000, 1);
  EXPECT_EQ(encode_announce(attributes, kIpv6Unicast, six, {}, out), 0U)
      << "no room even in the length field";
  EXPECT_EQ(out.size(), 0U);
  Update update;
  update.attributes = attributes;
  update.announced = six;
  update.withdrawn = four;
  EXPECT_FALSE(encode(update, {}, out));
  EXPECT_EQ(decode_as<Update>(out.view(), sides().decode).withdrawn.size(), 1U) << "the rest goes out";
}

TEST(EncodeAnnounce, KeepsRoomForTheLongestPrefix) {
  // 23 octets of frame, 4 + 9 + 7 + 7 of attributes, 4 of an unknown one's header, and a path id with an IPv6
  // host.
  constexpr std::size_t kLongestNlri = 4 + 1 + 16;
  for (const std::size_t extra : {std::size_t{0}, std::size_t{1}}) {
    Attributes attributes = simple();
    attributes.unknown = {
        {0xE0, 200, std::vector<std::uint8_t>(kMessageOctetsMax - 23 - 27 - 4 - kLongestNlri + extra)}};
    ByteSink out;
    EXPECT_EQ(encode_announce(attributes, kIpv4Unicast, many(1, net::Family::ipv4), sides().encode, out),
              1 - extra);
    EXPECT_EQ(out.size(), extra == 0 ? kMessageOctetsMax - kLongestNlri + 4 : 0);
  }
}

TEST(EncodeAnnounce, MapsIpv4NextHopsOfIpv6Prefixes) {
  ByteSink out;
  EXPECT_EQ(encode_announce(simple(), kIpv6Unicast, many(1, net::Family::ipv6), sides().encode, out), 1U);
  EXPECT_EQ(decode_as<Update>(out.view(), sides().decode).attributes.next_hop, addr("::ffff:10.79.1.1"));
}

TEST(EncodeUpdate, SplitsByFamilyWithTheRightNextHops) {
  Update update;
  update.attributes = simple();
  update.attributes.next_hop = addr("2001:db8::1");
  update.classic_next_hop = addr("10.79.1.1");
  update.withdrawn = {{prefix("2001:db8:9::/48"), 0}, {prefix("10.9.0.0/16"), 0}};
  update.announced = {{prefix("2001:db8:1::/48"), 0}, {prefix("10.1.0.0/16"), 0}};
  ByteSink out;
  ASSERT_TRUE(encode(update, sides().encode, out));
  Framer framer;
  framer.push(out.view());
  std::string story;
  while (true) {
    const auto next = framer.next();
    ASSERT_TRUE(next);
    if (!*next) {
      break;
    }
    const Update part = decode_as<Update>(**next, sides().decode);
    story += "-" + text(part.withdrawn) + " +" + text(part.announced) + " via " +
             (part.attributes.next_hop ? net::to_string(*part.attributes.next_hop) : "none") + "\n";
  }
  EXPECT_EQ(story,
            "-10.9.0.0/16 + via none\n"
            "-2001:db8:9::/48 + via none\n"
            "- +10.1.0.0/16 via 10.79.1.1\n"
            "- +2001:db8:1::/48 via 2001:db8::1\n");
}

}  // namespace
}  // namespace catflap::bgp::wire
