#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bgp/wire/codec.hpp"
#include "bgp/wire/path_attributes.hpp"
#include "trace/bmp.hpp"
#include "trace/mrt.hpp"
#include "trace/mrt_routes.hpp"
#include "trace/mrt_text.hpp"

namespace catflap::trace {
namespace {

using testing::HasSubstr;

net::IpAddr addr(const char* text) {
  return *net::IpAddr::parse(text);
}

Bytes attribute_list(net::Family family, bool confederation = true) {
  bgp::wire::Attributes attributes;
  attributes.origin = bgp::wire::Origin::egp;
  attributes.as_path = net::AsPath{{{net::AsSegmentType::sequence, {65001, 4200000000}},
                                    {net::AsSegmentType::set, {1, 2}},
                                    {net::AsSegmentType::confed_sequence, {7, 8}},
                                    {net::AsSegmentType::confed_set, {9, 10}}}};
  if (!confederation) {  // which does not leave it
    attributes.as_path->segments.resize(2);
  }
  attributes.next_hop = family == net::Family::ipv4 ? addr("192.0.2.1") : addr("2001:db8::1");
  attributes.med = 5;
  attributes.local_pref = 100;
  attributes.atomic_aggregate = true;
  attributes.aggregator = bgp::wire::Aggregator{65009, 0x0A000001};
  attributes.communities = {0xFFFFFF01, 0xFFFFFF02, 0xFFFFFF03, 65001U << 16U | 7U};
  ByteSink out;
  EXPECT_TRUE(bgp::wire::encode_attribute_list(attributes, family, out));
  return out.release();
}

std::string text_of(BytesView file) {
  mrt::Reader reader;
  mrt::TextWriter writer;
  std::string text;
  for (const std::byte octet : file) {  // byte by byte: nothing depends on the pieces
    reader.push(BytesView(&octet, 1));
    const auto record = reader.next();
    EXPECT_TRUE(record) << record.error().message;
    if (record && *record) {
      writer.append(**record, text);
    }
  }
  EXPECT_TRUE(reader.finish());
  return text;
}

TEST(Mrt, TablesComeBack) {
  const Bytes four = attribute_list(net::Family::ipv4), six = attribute_list(net::Family::ipv6);
  ByteSink file;
  const mrt::Time time{1000000000, std::nullopt};
  ASSERT_TRUE(
      mrt::write(time,
                 mrt::PeerIndexTable{
                     1, "master4", {{}, {2, addr("192.0.2.9"), 65001}, {3, addr("fd00::9"), 4200000001}}},
                 file));
  ASSERT_TRUE(
      mrt::write(time, mrt::Rib{0, *net::Prefix::parse("10.0.0.0/9"), false, {{1, 5, 0, four}}}, file));
  ASSERT_TRUE(
      mrt::write(time, mrt::Rib{1, *net::Prefix::parse("2001:db8::/32"), false, {{2, 5, 0, six}}}, file));
  ASSERT_TRUE(mrt::write(
      time, mrt::Rib{2, *net::Prefix::parse("0.0.0.0/0"), true, {{1, 5, 7, four}, {1, 6, 8, four}}}, file));
  constexpr const char* kTail =
      "|65001 4200000000 {1,2} (7 8) [9,10]|EGP|NEXT|100|5|no-export no-advertise local-AS 65001:7|AG|65009 "
      "10.0.0.1|\n";
  const auto line = [&](const std::string& head, const std::string& next_hop) {
    std::string tail = kTail;
    return head + tail.replace(tail.find("NEXT"), 4, next_hop);
  };
  EXPECT_EQ(text_of(file.view()),
            line("TABLE_DUMP2|1000000000|B|192.0.2.9|65001|10.0.0.0/9", "192.0.2.1") +
                line("TABLE_DUMP2|1000000000|B|fd00::9|4200000001|2001:db8::/32", "2001:db8::1") +
                line("TABLE_DUMP2_AP|1000000000|B|192.0.2.9|65001|0.0.0.0/0|7", "192.0.2.1") +
                line("TABLE_DUMP2_AP|1000000000|B|192.0.2.9|65001|0.0.0.0/0|8", "192.0.2.1"));
}

TEST(Mrt, SessionsComeBack) {
  const mrt::Session session{4200000001, 65000, 3, addr("fd00::1"), addr("fd00::2")};
  bgp::wire::Update update;
  update.attributes.origin = bgp::wire::Origin::igp;
  update.attributes.as_path = net::AsPath{{{net::AsSegmentType::sequence, {65001}}}};
  update.attributes.next_hop = addr("192.0.2.1");
  update.announced = {{*net::Prefix::parse("10.0.0.0/8"), 4}};
  update.withdrawn = {{*net::Prefix::parse("10.1.0.0/16"), 5}};
  for (const bool as4 : {false, true}) {
    for (const bool sent : {false, true}) {
      for (const bool add_path : {false, true}) {
        bgp::wire::EncodeContext context;
        context.as4 = as4;
        context.add_path =
            add_path ? std::vector{bgp::wire::kIpv4Unicast} : std::vector<bgp::wire::AfiSafi>{};
        ByteSink octets;
        ASSERT_TRUE(bgp::wire::encode(update, context, octets));
        std::string text;
        for (BytesView left = octets.view(); !left.empty();) {
          const std::size_t length = *bgp::wire::check_header(left.first(19), false);
          ByteSink file;
          ASSERT_TRUE(
              mrt::write({7, 5}, mrt::Message{session, as4, sent, add_path, left.first(length)}, file));
          mrt::Reader reader;
          reader.push(file.view());
          const auto record = reader.next();
          ASSERT_TRUE(record && *record);
          const auto& message = std::get<mrt::Message>((*record)->body);
          EXPECT_EQ(message.session.peer_as, as4 ? 4200000001 : 23456);
          EXPECT_EQ(message.session.interface, 3);
          EXPECT_EQ(std::tuple(message.as4, message.sent, message.add_path), std::tuple(as4, sent, add_path));
          text += text_of(file.view());
          left = left.subspan(length);
        }
        const std::string peer = std::string("|fd00::1|") + (as4 ? "4200000001" : "23456");
        EXPECT_EQ(text, "BGP4MP_ET|7.000005|W" + peer + "|10.1.0.0/16" + (add_path ? "|5\n" : "\n") +
                            "BGP4MP_ET|7.000005|A" + peer + "|10.0.0.0/8" + (add_path ? "|4" : "") +
                            "|65001|IGP|192.0.2.1|0|0||NAG||\n");
      }
    }
  }
  ByteSink file;
  ASSERT_TRUE(mrt::write({7, std::nullopt}, mrt::StateChange{session, true, 5, 6}, file));
  EXPECT_EQ(text_of(file.view()), "BGP4MP|7|STATE|fd00::1|4200000001|5|6\n");
}

TEST(Mrt, CutOffRecordsAreErrorsAndNotMore) {
  const Bytes four = attribute_list(net::Family::ipv4);
  ByteSink file;
  ASSERT_TRUE(mrt::write({1, std::nullopt},
                         mrt::Rib{0, *net::Prefix::parse("10.0.0.0/9"), false, {{1, 5, 0, four}}}, file));
  for (std::size_t size = 0; size + 12 < file.size(); ++size) {
    // The header says `size` octets; what follows is another record.
    Bytes octets(file.view().begin(), file.view().begin() + 12 + static_cast<std::ptrdiff_t>(size));
    octets[11] = static_cast<std::byte>(size);
    const Bytes good(file.view().begin(), file.view().end());
    octets.insert(octets.end(), good.begin(), good.end());
    mrt::Reader reader;
    reader.push(octets);
    const auto bad = reader.next();
    EXPECT_FALSE(bad) << size;
    EXPECT_FALSE(reader.lost());
    const auto next = reader.next();
    ASSERT_TRUE(next && *next) << size;
    EXPECT_TRUE(std::holds_alternative<mrt::Rib>((*next)->body));
  }
}

TEST(Mrt, WhatCannotBeSaidIsNotWritten) {
  ByteSink file;
  EXPECT_FALSE(
      mrt::write({}, mrt::PeerIndexTable{1, "", std::vector<mrt::PeerIndexTable::Peer>(65536)}, file));
  const Bytes large(65536);
  EXPECT_FALSE(mrt::write({}, mrt::Rib{0, {}, false, {{0, 0, 0, large}}}, file));
  EXPECT_FALSE(
      mrt::write({}, mrt::StateChange{{1, 2, 0, addr("10.0.0.1"), addr("fd00::1")}, true, 1, 2}, file));
  EXPECT_EQ(file.size(), 0U);
}

TEST(Mrt, RoutesOfATableBecomeUpdates) {
  const Bytes four = attribute_list(net::Family::ipv4, false);
  const Bytes six = attribute_list(net::Family::ipv6, false);
  mrt::RouteSource source({1, 0, 65009, addr("198.51.100.1"), std::nullopt});
  ByteSink out;
  for (unsigned n = 0; n < 2000; ++n) {
    const net::Prefix prefix(net::IpAddr::v4(0x0A000000 + (n << 8U)), 24);
    source.take({{}, mrt::Rib{n, prefix, false, {{0, 0, 0, four}, {1, 0, 0, four}}}}, out);
  }
  source.take({{}, mrt::Rib{0, *net::Prefix::parse("2001:db8::/32"), false, {{1, 0, 0, six}}}}, out);
  source.flush(out);
  EXPECT_EQ(source.announced(), 2001U);
  EXPECT_EQ(source.skipped(), 0U);
  bgp::wire::DecodeContext context;
  context.as4 = true;
  context.families = {bgp::wire::kIpv4Unicast, bgp::wire::kIpv6Unicast};
  std::size_t messages = 0, routes = 0;
  for (BytesView left = out.view(); !left.empty(); ++messages) {
    const std::size_t length = *bgp::wire::check_header(left.first(19), false);
    const auto message = bgp::wire::decode(left.first(length), context);
    ASSERT_TRUE(message) << message.error().what;
    const auto& update = std::get<bgp::wire::Update>(*message);
    EXPECT_TRUE(update.errors.empty());
    EXPECT_EQ(update.attributes.as_path->first(), 65009U);
    EXPECT_EQ(*update.attributes.next_hop, update.announced[0].prefix.family() == net::Family::ipv4
                                               ? addr("198.51.100.1")
                                               : addr("2001:db8::1"));
    routes += update.announced.size();
    left = left.subspan(length);
  }
  EXPECT_EQ(routes, 2001U);
  EXPECT_LT(messages, 5U);
}

std::vector<bmp::Message> bmp_messages() {
  const bmp::Peer four{false, false, false, addr("192.0.2.1"), 65001, 7, 1, 2};
  const bmp::Peer six{false, true, true, addr("fd00::1"), 4200000000, 8, 0, 0};
  const bmp::Peer loc{true, false, false, {}, 65000, 9, 3, 4};
  ByteSink keepalive;
  bgp::wire::encode(bgp::wire::Keepalive{}, {}, keepalive);
  const Bytes open(keepalive.view().begin(), keepalive.view().end());  // any BGP message will do
  return {bmp::Initiation{"r1", "catflap"},
          bmp::PeerUp{four, addr("192.0.2.2"), 179, 40000, open, open},
          bmp::PeerUp{six, addr("fd00::2"), 179, 40001, open, open},
          bmp::RouteMonitoring{four, open},
          bmp::RouteMonitoring{loc, open},
          bmp::Statistics{six, {{0, 5}, {7, 1ULL << 40U}, {8, 3}}},
          bmp::PeerDown{six, 2, {std::byte{0}, std::byte{18}}},
          bmp::Termination{1}};
}

TEST(Bmp, MessagesComeBackFromAnyPieces) {
  ByteSink stream;
  for (const bmp::Message& message : bmp_messages()) {
    bmp::encode(message, stream);
  }
  bmp::Reader reader;
  std::vector<bmp::Message> got;
  for (const std::byte octet : stream.view()) {
    reader.push(BytesView(&octet, 1));
    auto message = reader.next();
    ASSERT_TRUE(message) << message.error().message;
    if (*message) {
      got.push_back(std::move(**message));
    }
  }
  EXPECT_EQ(got, bmp_messages());
}

TEST(Bmp, PerPeerHeaderIsThatOfTheRfc) {
  ByteSink out;
  bmp::encode(bmp::RouteMonitoring{{false, true, false, addr("192.0.2.1"), 65001, 0x0A000001, 1, 2}, {}},
              out);
  EXPECT_EQ(to_hex(out.view()),
            "0300000030"
            "00"
            "0040"
            "0000000000000000"
            "000000000000000000000000c0000201"
            "0000fde9"
            "0a000001"
            "00000001"
            "00000002");
}

TEST(Bmp, DamageIsAnError) {
  for (const char* text : {"04", "0300000005", "03ffffffff", "030000000700ff", "0300000008030000"}) {
    bmp::Reader reader;
    reader.push(*from_hex(text));
    EXPECT_FALSE(reader.next()) << text;
    EXPECT_FALSE(reader.next()) << text;
  }
}

}  // namespace
}  // namespace catflap::trace
