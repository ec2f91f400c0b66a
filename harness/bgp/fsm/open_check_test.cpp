#include "bgp/fsm/open_check.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "bgp/fsm/negotiate.hpp"
#include "bgp/fsm/test_support.hpp"

namespace catflap::bgp::fsm {
namespace {

using namespace test;

struct OpenCase {
  const char* name;
  std::function<void(PeerConfig&, wire::Open&)> change;
  std::optional<std::uint8_t> subcode;  ///< nullopt: the OPEN fits
  const char* data = "";                ///< hex
};

void PrintTo(const OpenCase& each, std::ostream* stream) {
  *stream << each.name;
}

class OpenCheck : public testing::TestWithParam<OpenCase> {};

TEST_P(OpenCheck, JudgesAsTheRfcsDo) {
  PeerConfig config = basic_config();
  wire::Open remote = basic_open();
  GetParam().change(config, remote);
  const auto refusal = check_open(config, make_open(config).open, remote);
  ASSERT_EQ(refusal.has_value(), GetParam().subcode.has_value()) << (refusal ? refusal->what : "accepted");
  if (refusal) {
    EXPECT_EQ(refusal->notification.code, 2);
    EXPECT_EQ(refusal->notification.subcode, *GetParam().subcode) << refusal->what;
    EXPECT_EQ(to_hex(refusal->notification.data), GetParam().data);
    EXPECT_FALSE(refusal->what.empty());
  }
}

void as(wire::Open& open, std::uint32_t asn) {
  open.as2 = asn > 0xFFFF ? 23456 : static_cast<std::uint16_t>(asn);
  open.capabilities.as4 = asn;
}

const OpenCase kCases[] = {
    {"fits", [](auto&, auto&) {}, std::nullopt},
    {"as_0", [](auto&, auto& open) { as(open, 0); }, 2, "00000000"},
    {"as_0_although_any",
     [](auto& config, auto& open) {
       config.peer_as = 0;
       as(open, 0);
     },
     2, "00000000"},
    {"as_other", [](auto&, auto& open) { as(open, 70000); }, 2, "00011170"},
    {"as_4_octets",
     [](auto& config, auto& open) {
       config.peer_as = 70000;
       as(open, 70000);
     },
     std::nullopt},
    {"as_4_octets_without_capability",
     [](auto& config, auto& open) {
       config.peer_as = 70000;
       open.as2 = 23456;
       open.capabilities.as4.reset();
     },
     2, "00005ba0"},
    {"as_2_octets_without_capability", [](auto&, auto& open) { open.capabilities.as4.reset(); },
     std::nullopt},
    {"any_as",
     [](auto& config, auto& open) {
       config.peer_as = 0;
       as(open, 99);
     },
     std::nullopt},
    {"any_internal_fits",
     [](auto& config, auto& open) {
       config.peer_as = 0;
       config.any_internal = true;
       as(open, config.local_as);
     },
     std::nullopt},
    {"any_internal_but_external",
     [](auto& config, auto&) {
       config.peer_as = 0;
       config.any_internal = true;
     },
     2, "0000fc01"},
    {"any_external_fits",
     [](auto& config, auto&) {
       config.peer_as = 0;
       config.any_external = true;
     },
     std::nullopt},
    {"any_external_but_internal",
     [](auto& config, auto& open) {
       config.peer_as = 0;
       config.any_external = true;
       as(open, config.local_as);
     },
     2, "0000fc00"},
    {"any_internal_and_external",
     [](auto& config, auto&) {
       config.peer_as = 0;
       config.any_internal = config.any_external = true;
     },
     std::nullopt},
    {"hold_0", [](auto&, auto& open) { open.hold_time_s = 0; }, std::nullopt},
    {"hold_1", [](auto&, auto& open) { open.hold_time_s = 1; }, 6, "0001"},
    {"hold_2", [](auto&, auto& open) { open.hold_time_s = 2; }, 6, "0002"},
    {"hold_3", [](auto&, auto& open) { open.hold_time_s = 3; }, std::nullopt},
    {"id_0", [](auto&, auto& open) { open.router_id = 0; }, 3, "00000000"},
    {"id_multicast", [](auto&, auto& open) { open.router_id = 0xE0000001; }, std::nullopt},
    {"own_id_external", [](auto& config, auto& open) { open.router_id = config.local_id; }, std::nullopt},
    {"own_id_internal",
     [](auto& config, auto& open) {
       config.peer_as = config.local_as;
       as(open, config.local_as);
       open.router_id = config.local_id;
     },
     3, "0a000001"},
    {"required_family_there", [](auto& config, auto&) { config.required_families = {wire::kIpv6Unicast}; },
     std::nullopt},
    {"required_family_missing",
     [](auto& config, auto& open) {
       config.required_families = {wire::kIpv4Unicast, wire::kIpv6Unicast};
       open.capabilities.multiprotocol = {wire::kIpv4Unicast};
     },
     7, "010400020001"},
    {"required_ipv4_is_implied",
     [](auto& config, auto& open) {
       config.required_families = {wire::kIpv4Unicast};
       open.capabilities.multiprotocol.clear();
     },
     std::nullopt},
    {"no_common_family",
     [](auto&, auto& open) {
       open.capabilities.multiprotocol = {{25, 65}};
     },
     7, "010400010001010400020001"},
    {"role_missing_and_not_required", [](auto& config, auto&) { config.role = 0; }, std::nullopt},
    {"role_missing_but_required",
     [](auto& config, auto&) {
       config.role = 0;
       config.require_role = true;
     },
     11},
    {"role_unasked", [](auto&, auto& open) { open.capabilities.role = 3; }, std::nullopt},
    {"role_ignored_on_internal",
     [](auto& config, auto& open) {
       config.peer_as = config.local_as;
       as(open, config.local_as);
       config.role = 0;
       open.capabilities.role = 0;
     },
     std::nullopt},
    {"as_before_hold",
     [](auto&, auto& open) {
       as(open, 5);
       open.hold_time_s = 1;
     },
     2, "00000005"},
    {"hold_before_id",
     [](auto&, auto& open) {
       open.hold_time_s = 1;
       open.router_id = 0;
     },
     6, "0001"},
    {"id_before_capabilities",
     [](auto&, auto& open) {
       open.router_id = 0;
       open.capabilities.multiprotocol = {{25, 65}};
     },
     3, "00000000"},
    {"capabilities_before_role",
     [](auto& config, auto& open) {
       config.role = 4;
       open.capabilities.role = 0;
       open.capabilities.multiprotocol = {{25, 65}};
     },
     7, "010400010001010400020001"},
};

INSTANTIATE_TEST_SUITE_P(Cases, OpenCheck, testing::ValuesIn(kCases),
                         [](const auto& each) { return std::string(each.param.name); });

TEST(OpenCheckRole, AllPairs) {
  for (std::uint8_t local = 0; local < 6; ++local) {
    for (std::uint8_t remote = 0; remote < 6; ++remote) {
      PeerConfig config = basic_config();
      config.role = local;
      wire::Open open = basic_open();
      open.capabilities.role = remote;
      const bool fits = (local == 4 && remote == 4) || (local + remote == 3 && local < 4);
      EXPECT_EQ(!check_open(config, make_open(config).open, open), fits) << int{local} << " " << int{remote};
    }
  }
}

TEST(KeepsOutgoing, HigherIdThenHigherAs) {
  struct {
    std::uint32_t local_id, local_as, remote_id, remote_as;
    bool outgoing;
  } const cases[] = {
      {2, 1, 1, 9, true},          {1, 9, 2, 1, false},         {1, 2, 1, 1, true},
      {1, 1, 1, 2, false},         {0x80000000, 1, 1, 2, true},  // unsigned
      {1, 70000, 1, 23457, true},                                // the AS, not AS_TRANS
      {1, 23457, 1, 70000, false},
  };
  for (const auto& each : cases) {
    wire::Open local, remote;
    local.router_id = each.local_id;
    remote.router_id = each.remote_id;
    as(local, each.local_as);
    as(remote, each.remote_as);
    EXPECT_EQ(keeps_outgoing(local, remote), each.outgoing) << each.local_id << " " << each.local_as;
    EXPECT_NE(keeps_outgoing(remote, local), each.outgoing) << "both sides must agree";
  }
}

using Families = std::vector<wire::AfiSafi>;

TEST(Negotiate, FamiliesIntersectInOurOrder) {
  wire::Open local = basic_open(), remote = basic_open();
  local.capabilities.multiprotocol = {wire::kIpv6Unicast, {1, 2}, wire::kIpv4Unicast, wire::kIpv6Unicast};
  EXPECT_EQ(common_families(local, remote), (Families{wire::kIpv6Unicast, wire::kIpv4Unicast}));
  remote.capabilities.multiprotocol.clear();
  EXPECT_EQ(common_families(local, remote), Families{wire::kIpv4Unicast});
  remote.capabilities.multiprotocol = {{1, 128}};
  EXPECT_EQ(common_families(local, remote), Families{});
}

TEST(Negotiate, EachCapabilityNeedsBoth) {
  using Flag = bool Negotiated::*;
  struct {
    const char* name;
    std::function<void(wire::Capabilities&)> offer;
    Flag flag;
  } const cases[] = {
      {"as4", [](auto& each) { each.as4 = 7; }, &Negotiated::as4},
      {"refresh", [](auto& each) { each.route_refresh = true; }, &Negotiated::route_refresh},
      {"enhanced", [](auto& each) { each.enhanced_refresh = true; }, &Negotiated::enhanced_refresh},
      {"extended", [](auto& each) { each.extended_message = true; }, &Negotiated::extended_message},
      {"gr", [](auto& each) { each.graceful_restart = graceful_restart(); }, &Negotiated::graceful_restart},
      {"n_bit", [](auto& each) { each.graceful_restart = graceful_restart(true); },
       &Negotiated::notification_gr},
  };
  for (const auto& each : cases) {
    for (int offers = 0; offers < 4; ++offers) {
      wire::Open local, remote;
      if ((offers & 1) != 0) {
        each.offer(local.capabilities);
      }
      if ((offers & 2) != 0) {
        each.offer(remote.capabilities);
      }
      EXPECT_EQ(negotiate(basic_config(), local, remote).*each.flag, offers == 3) << each.name << offers;
    }
  }
  wire::Open with, without;
  with.capabilities.graceful_restart = graceful_restart(true);
  without.capabilities.graceful_restart = graceful_restart();
  EXPECT_FALSE(negotiate(basic_config(), with, without).notification_gr);
  EXPECT_TRUE(negotiate(basic_config(), with, without).graceful_restart);
}

TEST(Negotiate, AddPathIsPerFamilyAndDirection) {
  wire::Open local = basic_open(), remote = basic_open();
  local.capabilities.add_path = {{wire::kIpv4Unicast, true, false}, {wire::kIpv6Unicast, true, true}};
  remote.capabilities.add_path = {{wire::kIpv4Unicast, true, true}, {wire::kIpv6Unicast, true, false}};
  const Negotiated result = negotiate(basic_config(), local, remote);
  EXPECT_EQ(result.add_path_receive, Families{wire::kIpv4Unicast});
  EXPECT_EQ(result.add_path_send, Families{wire::kIpv6Unicast});
  EXPECT_EQ(decode_context(basic_config(), result).add_path, Families{wire::kIpv4Unicast});
}

TEST(Negotiate, AddPathNeedsTheFamily) {
  wire::Open local = basic_open(), remote = basic_open();
  local.capabilities.add_path = remote.capabilities.add_path = {{wire::kIpv6Unicast, true, true}};
  remote.capabilities.multiprotocol = {wire::kIpv4Unicast};
  EXPECT_TRUE(negotiate(basic_config(), local, remote).add_path_receive.empty());
}

TEST(Negotiate, ExtendedNextHop) {
  wire::Open local = basic_open(), remote = basic_open();
  local.capabilities.extended_next_hop = {{wire::kIpv4Unicast, 2}};
  EXPECT_TRUE(negotiate(basic_config(), local, remote).extended_next_hop.empty());
  remote.capabilities.extended_next_hop = {{wire::kIpv4Unicast, 2}, {{1, 128}, 2}};
  EXPECT_EQ(negotiate(basic_config(), local, remote).extended_next_hop, Families{wire::kIpv4Unicast});
}

TEST(Negotiate, HoldTimeIsTheSmaller) {
  struct {
    Duration ours;
    std::uint16_t theirs;
    Duration hold, keepalive;
  } const cases[] = {
      {seconds(90), 180, seconds(90), seconds(30)}, {seconds(90), 9, seconds(9), seconds(3)},
      {seconds(90), 0, Duration{0}, Duration{0}},   {Duration{0}, 90, Duration{0}, Duration{0}},
      {seconds(3), 240, seconds(3), seconds(1)},    {seconds(90), 4, seconds(4), Duration{seconds(4)} / 3},
  };
  for (const auto& each : cases) {
    PeerConfig config = basic_config();
    config.hold_time = each.ours;
    wire::Open remote = basic_open();
    remote.hold_time_s = each.theirs;
    const Negotiated result = negotiate(config, make_open(config).open, remote);
    EXPECT_EQ(result.hold_time, each.hold);
    EXPECT_EQ(result.keepalive_time, each.keepalive);
  }
}

TEST(Negotiate, InternalByAs) {
  PeerConfig config = basic_config();
  EXPECT_FALSE(negotiate(config, make_open(config).open, basic_open()).internal);
  config.local_as = 64513;
  EXPECT_TRUE(negotiate(config, make_open(config).open, basic_open()).internal);
}

TEST(DecodeContextOf, FollowsWhatWasAgreed) {
  PeerConfig config = basic_config();
  config.enforce_first_as = true;
  config.allow_as_sets = false;
  config.capabilities.extended_message = true;
  wire::Open remote = basic_open();
  remote.capabilities.as4.reset();
  const wire::DecodeContext context =
      decode_context(config, negotiate(config, make_open(config).open, remote));
  EXPECT_FALSE(context.as4);
  EXPECT_TRUE(context.extended_message) << "announced by us, so to be taken (RFC 8654)";
  EXPECT_FALSE(context.internal);
  EXPECT_EQ(context.local_as, 64512U);
  EXPECT_EQ(context.peer_as, 64513U);
  EXPECT_TRUE(context.enforce_first_as);
  EXPECT_FALSE(context.allow_as_sets);
  EXPECT_EQ(context.families, (Families{wire::kIpv4Unicast, wire::kIpv6Unicast}));
}

TEST(MakeOpen, FourOctetAs) {
  PeerConfig config = basic_config();
  config.local_as = 4200000000;
  const EncodedOpen result = make_open(config);
  EXPECT_EQ(result.open.as2, 23456);
  EXPECT_EQ(result.open.asn(), 4200000000U);
  const auto decoded = wire::decode(result.bytes, {});
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(std::get<wire::Open>(*decoded).asn(), 4200000000U);
}

TEST(MakeOpen, WithoutCapabilities) {
  PeerConfig config = basic_config();
  config.send_capabilities = false;
  config.role = 3;
  EXPECT_EQ(make_open(config).open.capabilities, wire::Capabilities{});
  EXPECT_EQ(make_open(config).bytes.size(), 29U);
}

TEST(MakeOpen, HoldTimeIsInWholeSecondsAndLegal) {
  struct {
    Duration configured;
    std::uint16_t sent;
  } const cases[] = {{Duration{0}, 0},
                     {milliseconds(1), 3},
                     {milliseconds(3001), 4},
                     {std::chrono::hours(24), 65535},
                     {seconds(-1), 0}};
  for (const auto& each : cases) {
    PeerConfig config = basic_config();
    config.hold_time = each.configured;
    EXPECT_EQ(make_open(config).open.hold_time_s, each.sent);
  }
}

TEST(MakeOpen, WhatDoesNotFitIsLeftOut) {
  PeerConfig config = basic_config();
  for (int i = 0; i < 30; ++i) {
    config.capabilities.unknown.push_back({200, std::vector<std::uint8_t>(250)});
  }
  const EncodedOpen people = make_open(config);
  EXPECT_TRUE(people.open.capabilities.unknown.empty());
  EXPECT_EQ(people.open.capabilities.multiprotocol.size(), 2U);
  EXPECT_TRUE(wire::decode(people.bytes, {}).has_value());
  for (std::uint16_t afi = 0; afi < 2000; ++afi) {
    config.capabilities.multiprotocol.push_back({afi, 1});
  }
  const EncodedOpen bare = make_open(config);
  EXPECT_TRUE(bare.open.capabilities.multiprotocol.empty());
  EXPECT_EQ(bare.open.capabilities.as4, 64512U);
  EXPECT_TRUE(wire::decode(bare.bytes, {}).has_value());
}

}  // namespace
}  // namespace catflap::bgp::fsm
