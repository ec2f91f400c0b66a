#include <gtest/gtest.h>

#include "bgp/wire/notification.hpp"
#include "bgp/wire/testing/support.hpp"

namespace catflap::bgp::wire {
namespace {

using namespace test;

/// An OPEN of AS 65001, hold time 90, id 10.79.1.9, with the octets that follow the id.
Bytes open_message(std::string_view tail, std::string_view version = "04") {
  return message(message_type::kOpen, hex(std::string(version) + "fde9005a0a4f0109" + std::string(tail)));
}

struct OpenCase {
  const char* name;
  const char* tail;
  const char* verdict;
  std::size_t warnings = 0;
};
class OpenParameters : public testing::TestWithParam<OpenCase> {};

TEST_P(OpenParameters, AreJudged) {
  const Bytes bytes = open_message(GetParam().tail);
  EXPECT_EQ(verdict(bytes, {}), GetParam().verdict);
  if (const auto result = decode(bytes, {})) {
    EXPECT_EQ(std::get<Open>(*result).warnings.size(), GetParam().warnings);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, OpenParameters,
    testing::Values(OpenCase{"none", "00", "accepted"}, OpenCase{"one", "08 0206 010400010001", "accepted"},
                    OpenCase{"length_too_small", "07 0206 010400010001", "2/0 "},
                    OpenCase{"length_too_large", "09 0206 010400010001", "2/0 "},
                    OpenCase{"parameter_overruns", "08 0207 010400010001", "2/0 "},
                    OpenCase{"parameter_without_length", "01 02", "2/0 "},
                    OpenCase{"empty_parameter", "02 0200", "accepted"},
                    OpenCase{"authentication", "04 0102 0000", "2/4 "},
                    OpenCase{"unknown_parameter", "02 0900", "2/4 "},
                    OpenCase{"capability_overruns", "08 0206 010500010001", "2/0 "},
                    OpenCase{"capability_of_one_octet", "03 0201 41", "2/0 "},
                    OpenCase{"extended", "ff ff 0009 02 0006 010400010001", "accepted"},
                    OpenCase{"extended_any_length", "07 ff 0009 02 0006 010400010001", "accepted"},
                    OpenCase{"extended_cut_off", "ff ff 00", "2/0 "},
                    OpenCase{"extended_too_small", "ff ff 0008 02 0006 010400010001", "2/0 "},
                    OpenCase{"extended_overruns", "ff ff 0009 02 0007 010400010001", "2/0 "},
                    OpenCase{"extended_unknown_parameter", "ff ff 0003 07 0000", "2/4 "},
                    OpenCase{"extended_zero", "00 ff 0003 02 0000", "2/0 "},
                    OpenCase{"bad_multiprotocol", "07 0205 0103000100", "accepted", 1},
                    OpenCase{"bad_refresh", "05 0203 020100", "accepted", 1},
                    OpenCase{"bad_extended_next_hop", "09 0207 05050001000100", "accepted", 1},
                    OpenCase{"bad_role", "06 0204 09020303", "accepted", 1},
                    OpenCase{"roles_differ", "08 0206 090103 090104", "2/11 "},
                    OpenCase{"roles_agree", "08 0206 090103 090103", "accepted"},
                    OpenCase{"bad_graceful_restart", "05 0203 400100", "accepted", 1},
                    OpenCase{"bad_graceful_restart_entry", "07 0205 4003007800", "accepted", 1},
                    OpenCase{"graceful_restart_alone", "06 0204 40028000", "accepted"},
                    OpenCase{"bad_as4", "07 0205 4103000001", "accepted", 1},
                    OpenCase{"bad_add_path", "07 0205 4503000101", "accepted", 1},
                    OpenCase{"bad_add_path_mode", "08 0206 450400010104", "accepted", 1},
                    OpenCase{"bad_llgr", "05 0203 470100", "accepted", 1},
                    OpenCase{"bad_host_name", "09 0207 49052061626300", "accepted", 1},
                    OpenCase{"bad_software_version", "06 0204 4b020561", "accepted", 1}),
    [](const auto& each) { return std::string(each.param.name); });

TEST(OpenVersion, AnswersWithTheHighestInTwoOctets) {
  for (const char* version : {"00", "03", "05", "ff"}) {
    EXPECT_EQ(verdict(open_message("00", version), {}), "2/1 0004") << version;
  }
}

TEST(OpenFields, AreGivenAsTheyCame) {
  const Open open = decode_as<Open>(open_message("08 0206 4104 00010000"), {});
  EXPECT_EQ(open.version, 4);
  EXPECT_EQ(open.as2, 65001);
  EXPECT_EQ(open.asn(), 65536U);
  EXPECT_EQ(open.hold_time_s, 90);
  EXPECT_EQ(open.router_id, 0x0A4F0109U);
}

TEST(OpenCapabilities, MayComeInAnyPacking) {
  const char* together = "10 020e 010400010001 0200 41040000fde9";
  const char* apart = "14 0206 010400010001 0202 0200 0206 41040000fde9";
  EXPECT_EQ(decode_as<Open>(open_message(together), {}), decode_as<Open>(open_message(apart), {}));
}

TEST(OpenCapabilities, OfSeveralGracefulRestartsTheLastCounts) {
  const Open open = decode_as<Open>(open_message("0e 020c 4006 0078 00010180 4002 c00a"), {});
  ASSERT_TRUE(open.capabilities.graceful_restart);
  EXPECT_EQ(*open.capabilities.graceful_restart, (Capabilities::GracefulRestart{true, true, 10, {}}));
}

Capabilities all_capabilities() {
  Capabilities all;
  all.multiprotocol = {kIpv4Unicast, kIpv6Unicast, {25, 70}};
  all.route_refresh = true;
  all.extended_next_hop = {{kIpv4Unicast, 2}};
  all.extended_message = true;
  all.role = 3;
  all.graceful_restart =
      Capabilities::GracefulRestart{true, false, 4095, {{kIpv4Unicast, true}, {kIpv6Unicast, false}}};
  all.as4 = 4200000000U;
  all.add_path = {{kIpv4Unicast, true, true}, {kIpv6Unicast, false, true}};
  all.enhanced_refresh = true;
  all.llgr_aware = true;
  all.llgr = {{kIpv4Unicast, true, 0xFFFFFF}};
  all.host_name = "n1.example.net";
  all.software_version = "catflap/0.1";
  all.paths_limit = {{kIpv4Unicast, 8}};
  all.old_route_refresh = true;
  all.unknown = {{200, {1, 2, 3}}, {129, {}}};
  return all;
}

TEST(OpenRoundTrip, OfEverything) {
  const Open open{4, static_cast<std::uint16_t>(kAsTrans), 90, 0x0A000001, all_capabilities(), {}};
  ByteSink out;
  ASSERT_TRUE(encode(open, {}, out));
  EXPECT_EQ(decode_as<Open>(out.view(), {}), open);
}

TEST(OpenRoundTrip, HostNamesWithDotsAnywhere) {
  for (const char* name : {"n1", "n1.", ".", ".net", "n1..net", "n1.net."}) {
    Open open{4, 65001, 90, 0x0A000001, {}, {}};
    open.capabilities.host_name = name;
    ByteSink out;
    ASSERT_TRUE(encode(open, {}, out));
    EXPECT_EQ(decode_as<Open>(out.view(), {}).capabilities.host_name, name);
  }
}

TEST(OpenRoundTrip, WithoutCapabilitiesThereIsNoParameter) {
  const Open open{4, 65001, 90, 0x0A4F0109, {}, {}};
  ByteSink out;
  ASSERT_TRUE(encode(open, {}, out));
  EXPECT_EQ(to_hex(out.view()), to_hex(open_message("00")));
}

struct SizeCase {
  std::size_t capabilities_octets;
  bool extended;
};
class OpenSize : public testing::TestWithParam<SizeCase> {};

/// RFC 9072 §2: the longer form begins where one octet of length no longer does.
TEST_P(OpenSize, ChoosesTheForm) {
  Open open{4, 65001, 90, 1, {}, {}};
  std::size_t left = GetParam().capabilities_octets;
  for (std::uint8_t code = 200; left > 0; ++code) {
    const std::size_t size = std::min<std::size_t>(left, 200);
    open.capabilities.unknown.push_back({code, std::vector<std::uint8_t>(size - 2, 7)});
    left -= size;
  }
  ByteSink out;
  ASSERT_TRUE(encode(open, {}, out));
  EXPECT_EQ(std::to_integer<int>(out.view()[29]) == 255, GetParam().extended);
  EXPECT_EQ(out.size(), 29 + (GetParam().extended ? 6 : 2) + GetParam().capabilities_octets);
  EXPECT_EQ(decode_as<Open>(out.view(), {}), open);
}

INSTANTIATE_TEST_SUITE_P(Table, OpenSize,
                         testing::Values(SizeCase{2, false}, SizeCase{252, false}, SizeCase{253, false},
                                         SizeCase{254, true}, SizeCase{255, true}, SizeCase{4000, true}));

TEST(OpenSize, BeyondOneMessageNothingIsWritten) {
  Open open{4, 65001, 90, 1, {}, {}};
  // 29 octets of header and fields and 6 of the longer form leave 4061: 15 times 257 and 206.
  for (std::uint8_t i = 0; i < 15; ++i) {
    open.capabilities.unknown.push_back(
        {static_cast<std::uint8_t>(100 + i), std::vector<std::uint8_t>(255, i)});
  }
  open.capabilities.unknown.push_back({120, std::vector<std::uint8_t>(204, 1)});
  ByteSink out;
  EXPECT_TRUE(encode(open, {}, out));
  EXPECT_EQ(out.size(), kMessageOctetsMax);
  EXPECT_EQ(decode_as<Open>(out.view(), {}), open);
  open.capabilities.unknown.back().value.push_back(1);
  EXPECT_FALSE(encode(open, {}, out));
  EXPECT_EQ(out.size(), kMessageOctetsMax);
}

TEST(OpenLists, LongerThanOneCapabilityAreSplit) {
  Open open{4, 65001, 90, 1, {}, {}};
  for (std::uint16_t afi = 1; afi <= 100; ++afi) {
    open.capabilities.add_path.push_back({{afi, 1}, true, false});
    open.capabilities.extended_next_hop.push_back({{afi, 1}, 2});
  }
  ByteSink out;
  ASSERT_TRUE(encode(open, {}, out));
  EXPECT_EQ(decode_as<Open>(out.view(), {}), open);
}

TEST(OpenHostName, IsMadePrintable) {
  const Open open = decode_as<Open>(open_message("0b 0209 4907 03611b62 02ffc0"), {});
  EXPECT_EQ(open.capabilities.host_name, "a?b.??");
}

}  // namespace
}  // namespace catflap::bgp::wire
