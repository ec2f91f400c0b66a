#include <gtest/gtest.h>

#include "bgp/wire/notification.hpp"
#include "bgp/wire/testing/support.hpp"

namespace catflap::bgp::wire {
namespace {

using namespace test;

// Attributes of a good route of AS 65001 on a session with 4-octet AS numbers.
const std::string kOrigin = "40010100 ";
const std::string kAsPath = "400206 02010000fde9 ";
const std::string kNextHop = "400304 0a4f0101 ";
const std::string kLocalPref = "400504 00000064 ";
const std::string kGood = kOrigin + kAsPath + kNextHop;
const std::string kNlri = "18cb0071";  // 203.0.113.0/24
const std::string kIpv6 =
    "800e1c 000201 10 20010db8000000000000000000000001 00 3020010db80001";  // 2001:db8:1::/48

DecodeContext context(bool internal = false) {
  DecodeContext out;
  out.as4 = true;
  out.internal = internal;
  out.families = {kIpv4Unicast, kIpv6Unicast};
  out.local_as = 64512;
  out.peer_as = internal ? 64512 : 65001;
  return out;
}

enum class Peer : std::uint8_t { ebgp, ibgp, member };

/// What RFC 7606 wants for the attribute in question, put behind good ones.
struct ReactionCase {
  const char* name;
  Peer peer;
  std::string attributes;
  const char* reaction;  ///< "accept", "withdraw", "discard" or "code/subcode data"
  std::uint8_t subcode = 0;
};

class Reaction : public testing::TestWithParam<ReactionCase> {};

/// What decode_update() makes of a message must not depend on what its target said before.
void expect_same_when_reused(const Bytes& bytes, const DecodeContext& session) {
  const std::string before = kGood + kLocalPref +
                             "c00804 fde90001 c01008 0002fde900000001 c0200c 00000001 00000002 00000003 "
                             "e0630401020304 800404 00000005 c00708 0000fde9 0a4f0101 " +
                             kIpv6;
  Update reused;
  ASSERT_TRUE(decode_update(update("18cb0071", before, kNlri), context(true), reused));
  const auto fresh = decode(bytes, session);
  const auto again = decode_update(bytes, session, reused);
  ASSERT_EQ(fresh.has_value(), again.has_value());
  if (!fresh) {
    EXPECT_EQ(fresh.error().what, again.error().what);
    return;
  }
  const auto& expected = std::get<Update>(*fresh);
  EXPECT_EQ(reused.withdrawn, expected.withdrawn);
  EXPECT_EQ(reused.announced, expected.announced);
  EXPECT_EQ(reused.attributes, expected.attributes);
  EXPECT_EQ(reused.classic_next_hop, expected.classic_next_hop);
  EXPECT_EQ(reused.end_of_rib, expected.end_of_rib);
  EXPECT_EQ(reused.errors.size(), expected.errors.size());
}

TEST_P(Reaction, IsThatOfTheTable) {
  DecodeContext session = context(GetParam().peer == Peer::ibgp);
  session.confederation = GetParam().peer == Peer::member;
  const Bytes bytes = update("", GetParam().attributes, kNlri);
  expect_same_when_reused(bytes, session);
  const auto result = decode(bytes, session);
  const std::string reaction = GetParam().reaction;
  if (!result) {
    EXPECT_EQ(verdict(bytes, session), reaction) << result.error().what;
    return;
  }
  const Update& out = std::get<Update>(*result);
  const bool withdraw = reaction == "withdraw";
  EXPECT_EQ(text(out.announced), withdraw ? "" : "203.0.113.0/24");
  EXPECT_EQ(text(out.withdrawn), withdraw ? "203.0.113.0/24" : "");
  EXPECT_EQ(out.has_error(Severity::treat_as_withdraw), withdraw);
  EXPECT_EQ(out.has_error(Severity::attribute_discard), reaction == "discard");
  EXPECT_TRUE(withdraw || reaction == "discard" || reaction == "accept") << "expected " << reaction;
  if (!out.errors.empty()) {
    EXPECT_EQ(out.errors[0].subcode, GetParam().subcode) << out.errors[0].what;
    EXPECT_FALSE(out.errors[0].what.empty());
  }
}

std::string case_name(const testing::TestParamInfo<ReactionCase>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(
    WellKnown, Reaction,
    testing::Values(
        ReactionCase{"good", Peer::ebgp, kGood, "accept"},
        ReactionCase{"good_internal", Peer::ibgp, kGood + kLocalPref, "accept"},
        ReactionCase{"origin_length", Peer::ebgp, "4001020000" + kAsPath + kNextHop, "withdraw", 5},
        ReactionCase{"origin_empty", Peer::ebgp, "400100" + kAsPath + kNextHop, "withdraw", 5},
        ReactionCase{"origin_value", Peer::ebgp, "40010103" + kAsPath + kNextHop, "withdraw", 6},
        ReactionCase{"origin_optional", Peer::ebgp, "c0010100" + kAsPath + kNextHop, "withdraw", 4},
        ReactionCase{"origin_partial", Peer::ebgp, "60010100" + kAsPath + kNextHop, "accept"},
        ReactionCase{"origin_low_bits", Peer::ebgp, "4f010100" + kAsPath + kNextHop, "accept"},
        ReactionCase{"origin_missing", Peer::ebgp, kAsPath + kNextHop, "withdraw", 3},
        ReactionCase{"as_path_missing", Peer::ebgp, kOrigin + kNextHop, "withdraw", 3},
        ReactionCase{"next_hop_missing", Peer::ebgp, kOrigin + kAsPath, "withdraw", 3},
        ReactionCase{"local_pref_missing", Peer::ibgp, kGood, "withdraw", 3},
        ReactionCase{"nothing", Peer::ebgp, "", "withdraw", 3},
        ReactionCase{"as_path_empty", Peer::ebgp, kOrigin + "400200" + kNextHop, "accept"},
        ReactionCase{"as_path_type_0", Peer::ebgp, kOrigin + "400206 00010000fde9" + kNextHop, "withdraw",
                     11},
        ReactionCase{"as_path_type_5", Peer::ebgp, kOrigin + "400206 05010000fde9" + kNextHop, "withdraw",
                     11},
        ReactionCase{"as_path_overrun", Peer::ebgp, kOrigin + "400206 02020000fde9" + kNextHop, "withdraw",
                     11},
        ReactionCase{"as_path_octet_left", Peer::ebgp, kOrigin + "400207 02010000fde902" + kNextHop,
                     "withdraw", 11},
        ReactionCase{"as_path_empty_segment", Peer::ebgp, kOrigin + "400208 02010000fde90200" + kNextHop,
                     "withdraw", 11},
        ReactionCase{"as_path_as_0", Peer::ebgp, kOrigin + "40020a 02020000fde900000000" + kNextHop,
                     "withdraw", 11},
        ReactionCase{"as_path_confederation", Peer::ebgp, kOrigin + "400206 03010000fde9" + kNextHop,
                     "withdraw", 11},
        ReactionCase{"as_path_confederation_internal", Peer::ibgp,
                     kOrigin + "400206 03010000fde9" + kNextHop + kLocalPref, "accept"},
        ReactionCase{"as_path_of_a_member", Peer::member,
                     kOrigin + "40020c 03010000fde9 02010000fde8" + kNextHop + kLocalPref, "accept"},
        ReactionCase{"as_path_of_a_member_without_it", Peer::member,
                     kOrigin + "400206 02010000fde9" + kNextHop, "withdraw", 11},
        ReactionCase{"as_path_of_a_member_empty", Peer::member, kOrigin + "400200" + kNextHop, "withdraw",
                     11},
        ReactionCase{"as_path_set", Peer::ebgp, kOrigin + "400206 01010000fde9" + kNextHop, "accept"},
        ReactionCase{"as_path_flags", Peer::ebgp, kOrigin + "c00206 02010000fde9" + kNextHop, "withdraw", 4},
        ReactionCase{"next_hop_length", Peer::ebgp, kOrigin + kAsPath + "400303 0a4f01", "withdraw", 5},
        ReactionCase{"next_hop_length_5", Peer::ibgp, kOrigin + kAsPath + "400305 0a4f010101" + kLocalPref,
                     "withdraw", 5},
        ReactionCase{"local_pref_external", Peer::ebgp, kGood + kLocalPref, "discard", 9},
        ReactionCase{"local_pref_external_odd", Peer::ebgp, kGood + "400503 000000", "discard", 9},
        ReactionCase{"local_pref_length", Peer::ibgp, kGood + "400503 000000", "withdraw", 5},
        ReactionCase{"atomic_aggregate", Peer::ebgp, kGood + "400600", "accept"},
        ReactionCase{"atomic_aggregate_length", Peer::ebgp, kGood + "40060101", "discard", 5},
        ReactionCase{"atomic_aggregate_flags", Peer::ebgp, kGood + "c00600", "discard", 4},
        ReactionCase{"unknown_well_known", Peer::ebgp, kGood + "40c80101", "3/2 40c80101"}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    Optional, Reaction,
    testing::Values(
        ReactionCase{"med", Peer::ebgp, kGood + "800404 00000001", "accept"},
        ReactionCase{"med_length", Peer::ebgp, kGood + "800405 0000000100", "withdraw", 5},
        ReactionCase{"med_flags", Peer::ebgp, kGood + "c00404 00000001", "withdraw", 4},
        ReactionCase{"aggregator", Peer::ebgp, kGood + "c00708 0000fde9 0a000001", "accept"},
        ReactionCase{"aggregator_length_6", Peer::ebgp, kGood + "c00706 fde9 0a000001", "discard", 5},
        ReactionCase{"aggregator_as_0", Peer::ebgp, kGood + "c00708 00000000 0a000001", "discard", 9},
        ReactionCase{"aggregator_flags", Peer::ebgp, kGood + "400708 0000fde9 0a000001", "discard", 4},
        ReactionCase{"community", Peer::ebgp, kGood + "c00804 fde90001", "accept"},
        ReactionCase{"community_partial", Peer::ebgp, kGood + "e00804 fde90001", "accept"},
        ReactionCase{"community_empty", Peer::ebgp, kGood + "c00800", "withdraw", 5},
        ReactionCase{"community_length", Peer::ebgp, kGood + "c00803 fde900", "withdraw", 5},
        ReactionCase{"community_flags", Peer::ebgp, kGood + "400804 fde90001", "withdraw", 4},
        ReactionCase{"ext_community_empty", Peer::ebgp, kGood + "c01000", "withdraw", 5},
        ReactionCase{"ext_community_length", Peer::ebgp, kGood + "c01007 00020000000000", "withdraw", 5},
        ReactionCase{"large_community_length", Peer::ebgp, kGood + "c0200b 0000000100000002000000",
                     "withdraw", 5},
        ReactionCase{"ipv6_ext_community_length", Peer::ebgp, kGood + "c01901 00", "withdraw", 5},
        ReactionCase{"originator_external", Peer::ebgp, kGood + "800904 0a000001", "discard", 9},
        ReactionCase{"originator_external_odd", Peer::ebgp, kGood + "c00901 0a", "discard", 9},
        ReactionCase{"originator_length", Peer::ibgp, kGood + kLocalPref + "800903 0a0000", "withdraw", 5},
        ReactionCase{"cluster_list_external", Peer::ebgp, kGood + "800a04 0a000001", "discard", 9},
        ReactionCase{"cluster_list_empty", Peer::ibgp, kGood + kLocalPref + "800a00", "withdraw", 5},
        ReactionCase{"cluster_list_length", Peer::ibgp, kGood + kLocalPref + "800a05 0a00000100", "withdraw",
                     5},
        ReactionCase{"as4_path_on_as4", Peer::ebgp, kGood + "c01106 02010000fde9", "discard", 9},
        ReactionCase{"as4_aggregator_on_as4", Peer::ebgp, kGood + "c01208 0000fde90a000001", "discard", 9},
        ReactionCase{"otc", Peer::ebgp, kGood + "c02304 0000fde9", "accept"},
        ReactionCase{"otc_length", Peer::ebgp, kGood + "c02303 0000fd", "withdraw", 5},
        ReactionCase{"aigp", Peer::ebgp, kGood + "801a0b 01000b0000000000000000", "accept"},
        ReactionCase{"aigp_transitive", Peer::ebgp, kGood + "c01a0b 01000b0000000000000000", "discard", 4},
        ReactionCase{"unknown_transitive", Peer::ebgp, kGood + "c0c80101", "accept"},
        ReactionCase{"unknown_non_transitive", Peer::ebgp, kGood + "80c80101", "accept"},
        ReactionCase{"duplicate", Peer::ebgp, kGood + "40010102", "discard", 1},
        ReactionCase{"overruns", Peer::ebgp, kGood + "c008c8 00", "withdraw", 1},
        ReactionCase{"two_octets_left", Peer::ebgp, kGood + "c008", "withdraw", 1},
        ReactionCase{"one_octet_left", Peer::ebgp, kGood + "c0", "withdraw", 1},
        ReactionCase{"three_octets_left_of_four", Peer::ebgp, kGood + "d00800", "withdraw", 1},
        ReactionCase{"mp_reach_overruns", Peer::ebgp, kGood + "800ec8 000201", "3/1 "},
        ReactionCase{"mp_reach_twice", Peer::ebgp, kGood + kIpv6 + kIpv6, "3/1 "},
        ReactionCase{"mp_unreach_twice", Peer::ebgp, kGood + "800f03000201 800f03000201", "3/1 "},
        ReactionCase{"strongest_wins", Peer::ebgp, "40010103" + kAsPath + kNextHop + "40c80101",
                     "3/2 40c80101"}),
    case_name);

struct FramingCase {
  const char* name;
  const char* body;
  const char* verdict;
};
class Framing : public testing::TestWithParam<FramingCase> {};

TEST_P(Framing, IsJudged) {
  EXPECT_EQ(verdict(message(2, hex(GetParam().body)), context()), GetParam().verdict);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Framing,
    testing::Values(FramingCase{"withdrawn_beyond", "0005 0000", "3/1 "},
                    FramingCase{"withdrawn_to_end", "0002 0000", "3/1 "},
                    FramingCase{"attributes_beyond", "0000 0001", "3/1 "},
                    FramingCase{"withdrawn_33_bits", "0006 210a00000001 0000", "3/10 "},
                    FramingCase{"withdrawn_cut_off", "0002 180a 0000", "3/10 "},
                    FramingCase{"announced_33_bits", "0000 0000 210a00000001", "3/10 "},
                    FramingCase{"announced_cut_off", "0000 0000 18cb00", "3/10 "},
                    FramingCase{"nothing_to_withdraw", "0000 0004 40010103", "3/6 40010103"},
                    FramingCase{"nothing_to_withdraw_length", "0000 0003 400100", "3/5 400100"},
                    FramingCase{"only_withdrawals_and_an_error", "0004 18cb0071 0003 c00800", "3/5 c00800"},
                    FramingCase{"only_withdrawals_and_a_discard", "0004 18cb0071 0004 40060101", "accepted"}),
    [](const auto& each) { return std::string(each.param.name); });

struct MpCase {
  const char* name;
  std::string attributes;
  const char* announced;
  const char* withdrawn;
  const char* verdict;
};
class Multiprotocol : public testing::TestWithParam<MpCase> {};

TEST_P(Multiprotocol, IsReadOrRefused) {
  const Bytes bytes = update("", kOrigin + kAsPath + GetParam().attributes, "");
  std::string found = verdict(bytes, context());
  EXPECT_EQ(found.substr(0, std::string_view(GetParam().verdict).size()), GetParam().verdict);
  if (const auto result = decode(bytes, context())) {
    EXPECT_EQ(text(std::get<Update>(*result).announced), GetParam().announced);
    EXPECT_EQ(text(std::get<Update>(*result).withdrawn), GetParam().withdrawn);
  } else {
    EXPECT_NE(GetParam().verdict, std::string("accepted")) << result.error().what;
  }
}

const std::string kGlobal = "20010db8000000000000000000000001";
const std::string kLinkLocal = "fe800000000000000000000000000001";

INSTANTIATE_TEST_SUITE_P(
    Table, Multiprotocol,
    testing::Values(
        MpCase{"good", kIpv6, "2001:db8:1::/48", "", "accepted"},
        MpCase{"two_next_hops", "800e2c 000201 20" + kGlobal + kLinkLocal + "00 3020010db80001",
               "2001:db8:1::/48", "", "accepted"},
        MpCase{"reserved_octet", "800e1c 000201 10" + kGlobal + "01 3020010db80001", "2001:db8:1::/48", "",
               "accepted"},
        MpCase{"next_hop_15", "800e14 000201 0f 20010db80000000000000000000000 00", "", "", "3/9 800e14"},
        MpCase{"next_hop_4", "800e10 000201 04 0a000001 00 3020010db80001", "", "", "3/9 800e10"},
        MpCase{"next_hop_0", "800e05 000201 00 00", "", "", "3/9 800e05"},
        MpCase{"next_hop_overruns", "800e06 000201 10 2001", "", "", "3/9 800e06"},
        MpCase{"no_reserved_octet", "800e14 000201 10" + kGlobal, "", "", "3/9 800e14"},
        MpCase{"four_octets", "800e04 00020110", "", "", "3/9 800e04"},
        MpCase{"prefix_129", "800e26 000201 10" + kGlobal + "00 81" + kGlobal + "00", "", "", "3/9 800e26"},
        MpCase{"prefix_cut_off", "800e17 000201 10" + kGlobal + "00 3020", "", "", "3/9 800e17"},
        MpCase{"flags", "c00e1c 000201 10" + kGlobal + "00 3020010db80001", "", "2001:db8:1::/48",
               "accepted"},
        MpCase{"unknown_family", "800e09 400447 04 0a000001 00", "", "", "accepted"},
        MpCase{"ipv4", "800e0d 000101 04 0a000001 00 18cb0071", "203.0.113.0/24", "", "accepted"},
        MpCase{"ipv4_extended_not_negotiated", "800e19 000101 10" + kGlobal + "00 18cb0071", "", "",
               "3/9 800e19"},
        MpCase{"withdrawn", "800f0a 000201 3020010db80001", "", "2001:db8:1::/48", "accepted"},
        MpCase{"withdrawn_two_octets", "800f02 0002", "", "", "3/9 800f02"},
        MpCase{"withdrawn_129", "800f15 000201 81" + kGlobal + "00", "", "", "3/9 800f15"},
        MpCase{"withdrawn_unknown_family", "800f05 400447 ffff", "", "", "accepted"}),
    [](const auto& each) { return std::string(each.param.name); });

TEST(MultiprotocolError, NamesTheFamilyThatCouldBeDisabled) {
  const auto result = decode(update("", "800e06 000201 10 2001", ""), context());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().disable_family, kIpv6Unicast);
}

TEST(MultiprotocolFlags, AloneInMpUnreachDoNotResetTheSession) {
  const Update out = decode_as<Update>(update("", "400f0a 000201 3020010db80001", ""), context());
  EXPECT_EQ(text(out.withdrawn), "2001:db8:1::/48");
  EXPECT_TRUE(out.has_error(Severity::treat_as_withdraw));
}

TEST(NextHop, IsThatOfItsFamily) {
  const Update both = decode_as<Update>(update("", kGood + kIpv6, kNlri), context());
  EXPECT_EQ(text(both.announced), "203.0.113.0/24 2001:db8:1::/48");
  EXPECT_EQ(both.attributes.next_hop, addr("2001:db8::1"));
  EXPECT_EQ(both.classic_next_hop, addr("10.79.1.1"));

  // RFC 4760 §3: NEXT_HOP beside MP_REACH_NLRI alone means nothing.
  const Update six = decode_as<Update>(update("", kGood + kIpv6, ""), context());
  EXPECT_EQ(six.attributes.next_hop, addr("2001:db8::1"));
  EXPECT_FALSE(six.classic_next_hop);

  const Update skipped =
      decode_as<Update>(update("", kGood + "800e09 400447 04 0a000001 00", kNlri), context());
  EXPECT_EQ(skipped.attributes.next_hop, addr("10.79.1.1"));
}

TEST(NextHop, LinkLocalComesBesideTheGlobalOne) {
  const Update out = decode_as<Update>(
      update("", kOrigin + kAsPath + "800e2c 000201 20" + kGlobal + kLinkLocal + "00 3020010db80001", ""),
      context());
  EXPECT_EQ(out.attributes.next_hop, addr("2001:db8::1"));
  EXPECT_EQ(out.attributes.link_local_next_hop, addr("fe80::1"));
}

TEST(NextHop, Ipv6ForIpv4WhereNegotiated) {
  DecodeContext session = context();
  session.extended_next_hop = {kIpv4Unicast};
  const Update out = decode_as<Update>(
      update("", kOrigin + kAsPath + "800e19 000101 10" + kGlobal + "00 18cb0071", ""), session);
  EXPECT_EQ(text(out.announced), "203.0.113.0/24");
  EXPECT_EQ(out.attributes.next_hop, addr("2001:db8::1"));
}

TEST(NextHop, TwoForIpv4InOneMessageAreAmbiguous) {
  const Update out =
      decode_as<Update>(update("", kGood + "800e0d 000101 04 0a000001 00 18cb0072", kNlri), context());
  EXPECT_EQ(text(out.withdrawn), "203.0.113.0/24 203.0.114.0/24");
  EXPECT_TRUE(out.announced.empty());
}

TEST(Families, ThatWereNotNegotiatedAreSkipped) {
  DecodeContext session = context();
  session.families = {kIpv6Unicast};
  const Update out = decode_as<Update>(update(kNlri, kGood + kIpv6, kNlri), session);
  EXPECT_EQ(text(out.announced), "2001:db8:1::/48");
  EXPECT_TRUE(out.withdrawn.empty());
  EXPECT_EQ(verdict(update("", kGood, "210a00000001"), session), "3/10 ");

  session.families = {};
  const Update nothing = decode_as<Update>(update("", kGood + kIpv6, kNlri), session);
  EXPECT_TRUE(nothing.announced.empty());
  EXPECT_TRUE(nothing.errors.empty());
}

TEST(EndOfRib, OfEachFamily) {
  EXPECT_EQ(decode_as<Update>(update("", "", ""), context()).end_of_rib, kIpv4Unicast);
  EXPECT_EQ(decode_as<Update>(update("", "800f03 000201", ""), context()).end_of_rib, kIpv6Unicast);
  EXPECT_EQ(decode_as<Update>(update("", "900f0003 000201", ""), context()).end_of_rib, kIpv6Unicast);
  EXPECT_EQ(decode_as<Update>(update("", "800f03 000101", ""), context()).end_of_rib, kIpv4Unicast);
  EXPECT_FALSE(decode_as<Update>(update("", "800f03 400447", ""), context()).end_of_rib) << "not negotiated";
  EXPECT_FALSE(decode_as<Update>(update("", "800f03 000201 40010100", ""), context()).end_of_rib);
  EXPECT_FALSE(decode_as<Update>(update(kNlri, "800f03 000201", ""), context()).end_of_rib);
  for (const AfiSafi family : {kIpv4Unicast, kIpv6Unicast}) {
    ByteSink out;
    encode_end_of_rib(family, out);
    EXPECT_EQ(decode_as<Update>(out.view(), context()).end_of_rib, family);
  }
}

TEST(AddPath, IdsArePartOfThePrefix) {
  DecodeContext session = context();
  session.add_path = {kIpv4Unicast};
  const Update out =
      decode_as<Update>(update("00000007 18cb0071", kGood + kIpv6, "00000008 18cb0071 ffffffff 00"), session);
  EXPECT_EQ(text(out.withdrawn), "203.0.113.0/24#7");
  EXPECT_EQ(text(out.announced), "203.0.113.0/24#8 0.0.0.0/0#4294967295 2001:db8:1::/48");
  EXPECT_EQ(verdict(update("", kGood, "00000007"), session), "3/10 ");
  EXPECT_EQ(verdict(update("", kGood, "0000"), session), "3/10 ");
}

TEST(Nlri, HostBitsAreCleared) {
  const Update out = decode_as<Update>(update("", kGood, "19c00002ff 00 20ffffffff"), context());
  EXPECT_EQ(text(out.announced), "192.0.2.128/25 0.0.0.0/0 255.255.255.255/32");
}

TEST(Knobs, FirstAsAndSetsAndUnknownWellKnown) {
  DecodeContext session = context();
  session.enforce_first_as = true;
  EXPECT_FALSE(decode_as<Update>(update("", kGood, kNlri), session).has_error(Severity::treat_as_withdraw));
  session.peer_as = 65002;
  EXPECT_TRUE(decode_as<Update>(update("", kGood, kNlri), session).has_error(Severity::treat_as_withdraw));
  session.internal = true;
  EXPECT_FALSE(decode_as<Update>(update("", kGood + kLocalPref, kNlri), session)
                   .has_error(Severity::treat_as_withdraw));

  session = context();
  session.allow_as_sets = false;
  const std::string set = kOrigin + "400206 01010000fde9" + kNextHop;
  EXPECT_TRUE(decode_as<Update>(update("", set, kNlri), session).has_error(Severity::treat_as_withdraw));

  session.unknown_well_known_resets = false;
  EXPECT_TRUE(decode_as<Update>(update("", kGood + "40c80101", kNlri), session)
                  .has_error(Severity::treat_as_withdraw));
}

TEST(Errors, KeepTheOctetsOfTheAttribute) {
  const Update out = decode_as<Update>(update("", kGood + "40060101", kNlri), context());
  ASSERT_EQ(out.errors.size(), 1U);
  EXPECT_EQ(to_hex(out.errors[0].attribute), "40060101");
  EXPECT_EQ(out.errors[0].what, "ATOMIC_AGGREGATE has length 1, expected 0");
  EXPECT_EQ(out.errors[0].type, attr_type::kAtomicAggregate);
}

TEST(Errors, AreBoundedAndTheStrongestStillCounts) {
  std::string attributes = kGood;
  for (int i = 0; i < 300; ++i) {
    attributes += "40010100 ";
  }
  const Update out = decode_as<Update>(update("", attributes + "c00800", kNlri), context());
  EXPECT_EQ(out.errors.size(), 64U);
  EXPECT_TRUE(out.has_error(Severity::treat_as_withdraw));
  EXPECT_EQ(text(out.withdrawn), "203.0.113.0/24");
}

TEST(LargeCommunities, AreMadeUniqueInOrder) {
  const std::string b = "000000020000000200000002";
  const std::string a = "000000010000000100000001";
  const Update out = decode_as<Update>(update("", kGood + "c02024" + b + a + b, kNlri), context());
  EXPECT_EQ(out.attributes.large_communities, (std::vector<net::LargeCommunity>{{2, 2, 2}, {1, 1, 1}}));
}

TEST(UnknownAttributes, AreKeptWithPartialAndInOrder) {
  const Update out = decode_as<Update>(update("", kGood + "d0c8000102 c0280100 80c90100", kNlri), context());
  EXPECT_EQ(out.attributes.unknown, (std::vector<UnknownAttribute>{{0xE0, 40, {0}}, {0xE0, 200, {2}}}));
}

struct As4Case {
  const char* name;
  std::string attributes;  ///< of AS_PATH, AS4_PATH, AGGREGATOR, AS4_AGGREGATOR, for a 2-octet session
  const char* path;
  std::uint32_t aggregator;
};
class As4Merge : public testing::TestWithParam<As4Case> {};

TEST_P(As4Merge, FollowsRfc6793) {
  DecodeContext session = context(true);
  session.as4 = false;
  const Update out =
      decode_as<Update>(update("", kOrigin + kNextHop + kLocalPref + GetParam().attributes, kNlri), session);
  ASSERT_TRUE(out.attributes.as_path);
  EXPECT_EQ(net::to_string(*out.attributes.as_path), GetParam().path);
  EXPECT_EQ(out.attributes.aggregator.value_or(Aggregator{}).asn, GetParam().aggregator);
}

const std::string kTwo = "400208 0203 fde9 5ba0 5ba0";  // 65001 23456 23456

INSTANTIATE_TEST_SUITE_P(
    Table, As4Merge,
    testing::Values(
        As4Case{"alone", kTwo, "65001 23456 23456", 0},
        As4Case{"merged", kTwo + "c0110a 0202 00010001 00010002", "65001 65537 65538", 0},
        As4Case{"longer_is_ignored", kTwo + "c01112 0204 00010001 00010002 00010003 00010004",
                "65001 23456 23456", 0},
        As4Case{"malformed_is_ignored", kTwo + "c01109 0202 00010001 000100", "65001 23456 23456", 0},
        As4Case{"as_0_is_ignored", kTwo + "c01106 0201 00000000", "65001 23456 23456", 0},
        As4Case{"confederation_is_dropped", kTwo + "c01110 0301 0000fde8 0202 00010001 00010002",
                "65001 65537 65538", 0},
        As4Case{"leading_confederation_stays", "400208 0301 fde8 0201 5ba0 c01106 0201 00010001",
                "(65000) 65537", 0},
        As4Case{"set_counts_one", "40020a 0102 fde9 fdea 0201 5ba0 c01106 0201 00010001",
                "{65001 65002} 65537", 0},
        As4Case{"aggregator", kTwo + "c00706 5ba0 0a000001 c01208 00010002 0a000001", "65001 23456 23456",
                65538},
        As4Case{"old_aggregator_voids_both",
                kTwo + "c00706 fde9 0a000001 c01208 00010002 0a000001" + "c0110a 0202 00010001 00010002",
                "65001 23456 23456", 65001},
        As4Case{"as4_aggregator_alone", kTwo + "c01208 00010002 0a000001", "65001 23456 23456", 0}),
    [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace catflap::bgp::wire
