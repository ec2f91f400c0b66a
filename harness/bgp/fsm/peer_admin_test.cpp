#include <gtest/gtest.h>

#include "bgp/fsm/test_support.hpp"

namespace catflap::bgp::fsm {
namespace {

using namespace test;

TEST(Restart, WaitsForTheDelay) {
  Bench bench;
  bench.start().establish(2);
  bench.out.clear();
  bench.peer.restart(bench.now, 4, "back soon", seconds(7), bench.out);
  EXPECT_EQ(bench.last(), "6/4o closeo down:admin");
  EXPECT_TRUE(bench.peer.running());
  EXPECT_FALSE(bench.peer.accepts());
  EXPECT_EQ(bench.opened(1).last(), "6/5i closei");
  EXPECT_EQ(bench.after(milliseconds(6999)).last(), "");
  EXPECT_EQ(bench.after(milliseconds(1)).last(), "dial");
}

TEST(Stop, TellsWhy) {
  Bench bench;
  bench.start().establish(2).stop(2, "maintenance");
  const auto sent = all<out::Send>(bench.out);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(to_hex(BytesView(*sent[0].bytes).subspan(19)), "06020b" + to_hex(as_bytes("maintenance")));
  const auto down = all<out::Down>(bench.out);
  ASSERT_EQ(down.size(), 1U);
  EXPECT_NE(down[0].reason.text.find("maintenance"), std::string::npos) << down[0].reason.text;
  EXPECT_EQ(down[0].reason.subcode, 2);
}

/// RFC 8538: with the N bit on both sides, a Cease that ends the peering is a hard reset.
TEST(Stop, IsAHardResetWhereNotificationsKeepRoutes) {
  for (const bool both : {false, true}) {
    for (const int subcode : {1, 2, 3, 4, 6}) {
      PeerConfig config = basic_config();
      config.capabilities.graceful_restart = graceful_restart(true);
      wire::Open open = basic_open();
      open.capabilities.graceful_restart = graceful_restart(both);
      Bench bench(config);
      bench.start().establish(2, open).stop(static_cast<std::uint8_t>(subcode));
      const auto sent = all<out::Send>(bench.out);
      ASSERT_EQ(sent.size(), 1U);
      const bool hard = both;
      EXPECT_EQ(message_name(*sent[0].bytes), hard ? "6/9" : "6/" + std::to_string(subcode));
      if (hard) {
        EXPECT_EQ(to_hex(BytesView(*sent[0].bytes).subspan(21, 2)), "060" + std::to_string(subcode));
      }
      EXPECT_EQ(all<out::Down>(bench.out).at(0).reason.subcode, subcode);
    }
  }
}

TEST(Capabilities, NewOnesGoIntoTheNextOpen) {
  Bench bench;
  bench.start().opened(2);
  wire::Capabilities changed = bench.peer.config().capabilities;
  changed.route_refresh = false;
  bench.peer.set_capabilities(changed);
  bench.message(2, basic_open());
  EXPECT_TRUE(bench.peer.negotiated()->route_refresh) << "this connection said so in its OPEN";
  bench.closed(2).fire();
  bench.opened(4).message(4, basic_open());
  EXPECT_FALSE(bench.peer.negotiated()->route_refresh);
}

TEST(Refresh, IsToldOnlyAsNegotiated) {
  struct {
    bool refresh, enhanced;
    wire::RouteRefresh message;
    bool told;
  } const cases[] = {
      {true, false, {wire::kIpv4Unicast, 0}, true},    {false, true, {wire::kIpv4Unicast, 0}, false},
      {true, false, {wire::kIpv4Unicast, 1}, false},   {true, true, {wire::kIpv4Unicast, 1}, true},
      {true, true, {wire::kIpv6Unicast, 2}, true},     {true, true, {wire::kIpv4Unicast, 3}, false},
      {true, true, {wire::AfiSafi{1, 128}, 0}, false},
  };
  for (const auto& each : cases) {
    wire::Open open = basic_open();
    open.capabilities.route_refresh = each.refresh;
    open.capabilities.enhanced_refresh = each.enhanced;
    Bench bench;
    bench.start().establish(2, open).message(2, each.message);
    EXPECT_EQ(bench.last(), each.told ? "refresh" : "") << int{each.message.subtype};
    EXPECT_EQ(bench.peer.state(), State::established);
  }
}

TEST(Stop, SilentlyLeavesNothingBehind) {
  Bench bench;
  bench.start().establish(2).opened(1);
  bench.out.clear();
  bench.peer.stop_silently(bench.now, bench.out);
  EXPECT_TRUE(all<out::Send>(bench.out).empty());
  EXPECT_EQ(all<out::Close>(bench.out).size(), 2U);
  EXPECT_FALSE(bench.peer.running());
  EXPECT_TRUE(bench.peer.deadline().is_never());
}

TEST(Reset, WithoutASessionDoesNothing) {
  Bench bench;
  bench.start().opened(2).message(2, basic_open());
  bench.out.clear();
  bench.peer.reset(bench.now, {6, 1, {}}, "", bench.out);
  EXPECT_TRUE(bench.out.empty());
}

TEST(Reset, SaysWhyAndWaits) {
  Bench bench;
  bench.start().establish(2);
  bench.out.clear();
  bench.peer.reset(bench.now, {6, 1, {}}, "Route limit exceeded", bench.out);
  EXPECT_EQ(bench.last(), "6/1o closeo down:limit");
  EXPECT_EQ(bench.peer.last_error().text, "Route limit exceeded");
  EXPECT_GT(bench.peer.error_wait_timer(bench.now).left, Duration{0});
}

TEST(Notification, IsReadButNeverAnswered) {
  struct {
    const char* name;
    Bytes octets;
    std::uint8_t code;
  } const cases[] = {
      {"with a text", encoded(wire::Notification{6, 2, *from_hex("03627965")}), 6},
      {"too short", *from_hex("ffffffffffffffffffffffffffffffff001403"), 1},
  };
  for (const auto& each : cases) {
    for (const bool established : {false, true}) {
      Bench bench;
      bench.start().opened(2);
      if (established) {
        bench.message(2, basic_open()).message(2, wire::Keepalive{});
      }
      bench.bytes(2, each.octets);
      EXPECT_TRUE(all<out::Send>(bench.out).empty()) << each.name;
      EXPECT_EQ(bench.peer.last_error().kind, DownReason::Kind::notification_received) << each.name;
      EXPECT_EQ(bench.peer.last_error().code, each.code) << each.name;
    }
  }
}

TEST(Counters, CountWhatTheMachineDid) {
  Bench bench;
  bench.start().establish(2);
  EXPECT_EQ(bench.peer.messages_in(), 2U);
  EXPECT_EQ(bench.peer.messages_out(), 2U);
  bench.message(2, end_of_rib()).stop();
  EXPECT_EQ(bench.peer.messages_in(), 3U);
  EXPECT_EQ(bench.peer.messages_out(), 3U);
}

}  // namespace
}  // namespace catflap::bgp::fsm
