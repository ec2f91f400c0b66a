#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

#include "bgp/fsm/test_support.hpp"

namespace catflap::bgp::fsm {
namespace {

using namespace test;

/// Within x0.75 and x1.0.
void expect_jittered(Duration actual, Duration nominal) {
  EXPECT_GE(actual, nominal - nominal / 4);
  EXPECT_LE(actual, nominal);
}

TEST(Dial, FirstOneIsAtOnceWithoutDelay) {
  Bench bench;
  EXPECT_EQ(bench.start().last(), "dial");
  EXPECT_EQ(bench.peer.state(), State::connect);
}

TEST(Dial, FirstOneComesAfterExactlyTheDelay) {
  PeerConfig config = basic_config();
  config.connect_delay = milliseconds(100);
  Bench bench(config);
  EXPECT_EQ(bench.start().last(), "");
  EXPECT_EQ(bench.peer.state(), State::active);
  EXPECT_EQ(bench.peer.deadline(), bench.now + milliseconds(100));
  EXPECT_EQ(bench.peer.connect_timer(bench.now).total, milliseconds(100));
  EXPECT_EQ(bench.after(milliseconds(99)).last(), "");
  EXPECT_EQ(bench.peer.connect_timer(bench.now).left, milliseconds(1));
  EXPECT_EQ(bench.after(milliseconds(1)).last(), "dial");
}

TEST(Dial, RefusedOneIsRetriedAfterJitteredRetryTime) {
  Bench bench;
  bench.start().after(milliseconds(500));
  for (ConnId conn = 2; conn < 40; conn += 2) {
    EXPECT_EQ(bench.closed(conn, 111).last(), "fail:socket");
    EXPECT_EQ(bench.peer.last_error().sys_errno, 111);
    EXPECT_EQ(bench.peer.state(), State::active);
    expect_jittered(bench.peer.deadline() - bench.now, seconds(5));
    EXPECT_EQ(bench.fire().last(), "dial");
  }
}

TEST(Dial, RefusedOneIsTriedAgainSoonThenLessOften) {
  PeerConfig config = basic_config();
  config.refused_retry_time = milliseconds(20);
  config.connect_retry_time = milliseconds(100);
  Bench bench(config);
  bench.start();
  ConnId conn = 2;
  for (const int expected : {20, 40, 80, 100, 100}) {
    bench.closed(conn, ECONNREFUSED);
    expect_jittered(bench.peer.deadline() - bench.now, milliseconds(expected));
    EXPECT_EQ(bench.fire().last(), "dial");
    conn += 2;
  }
  // Another kind of failure is no sign that the peer is about to start, and starts the series anew.
  bench.closed(conn, EHOSTUNREACH);
  expect_jittered(bench.peer.deadline() - bench.now, milliseconds(100));
  bench.fire().closed(conn + 2, ECONNREFUSED);
  expect_jittered(bench.peer.deadline() - bench.now, milliseconds(20));
}

TEST(Dial, UnansweredOneIsGivenUpAndTriedAgain) {
  Bench bench;
  bench.start();
  expect_jittered(bench.peer.deadline() - bench.now, seconds(5));
  EXPECT_EQ(bench.fire().last(), "aborto fail:socket dial");
  EXPECT_EQ(bench.peer.last_error().text, "Connection timed out");
}

TEST(Dial, RefusedOneThenAcceptedConnectionComesUpAtOnce) {
  Bench bench;
  bench.start().closed(2, 111);
  EXPECT_EQ(bench.opened(1).last(), "OPENi");
  EXPECT_EQ(bench.message(1, basic_open()).last(), "KEEPALIVEi");
  EXPECT_EQ(bench.message(1, wire::Keepalive{}).last(), "UPi");
  EXPECT_EQ(bench.peer.established_conn(), 1U);
  EXPECT_EQ(bench.peer.connect_timer(bench.now).total, Duration{0});
}

TEST(Dial, FailingOneDoesNotDisturbAnAcceptedConnection) {
  Bench bench;
  bench.start().opened(1);
  EXPECT_EQ(bench.closed(2, 111).last(), "fail:socket");
  EXPECT_EQ(bench.peer.state(), State::open_sent);
  bench.message(1, basic_open());
  EXPECT_EQ(bench.message(1, wire::Keepalive{}).last(), "UPi");
}

TEST(Dial, PassivePeerNeverDials) {
  PeerConfig config = basic_config();
  config.passive = true;
  Bench bench(config);
  bench.start();
  EXPECT_EQ(bench.peer.state(), State::active);
  EXPECT_TRUE(bench.peer.deadline().is_never());
  bench.opened(1).closed(1);
  EXPECT_TRUE(bench.peer.deadline().is_never());
  bench.establish(1).closed(1);
  EXPECT_EQ(bench.peer.state(), State::idle);
  EXPECT_EQ(bench.after(seconds(100)).last(), "");
  EXPECT_EQ(bench.peer.state(), State::active);
}

TEST(Dial, ConfirmedAcceptedConnectionHoldsTheDialBack) {
  Bench bench;
  bench.start().closed(2).opened(1).message(1, basic_open());
  EXPECT_EQ(bench.after(seconds(20)).last(), "");
}

TEST(Dial, ZeroRetryTimeDoesNotSpin) {
  PeerConfig config = basic_config();
  config.connect_retry_time = Duration{0};
  Bench bench(config);
  bench.start().closed(2);
  EXPECT_GT(bench.peer.deadline(), bench.now);
}

TEST(Dial, IdsComeFromTheSharedCounter) {
  ConnId next = 0;
  Outputs out;
  Peer one(basic_config(), 1, &next);
  Peer two(basic_config(), 2, &next);
  one.start(at(seconds(1)), out);
  two.start(at(seconds(1)), out);
  const auto dials = all<out::Dial>(out);
  ASSERT_EQ(dials.size(), 2U);
  EXPECT_EQ(dials[0].conn, 2U);
  EXPECT_EQ(dials[1].conn, 4U);
}

TEST(Hold, StartupTimeGuardsOpenSent) {
  PeerConfig config = basic_config();
  config.startup_hold_time = seconds(10);
  Bench bench(config);
  bench.start().opened(2);
  EXPECT_EQ(bench.peer.hold_timer(bench.now).total, seconds(10));
  EXPECT_EQ(bench.after(milliseconds(9999)).last(), "");
  EXPECT_EQ(bench.after(milliseconds(1)).last(), "4/0o closeo fail:hold");
}

TEST(Hold, ExpiresToTheMillisecond) {
  Bench bench;
  wire::Open open = basic_open();
  open.hold_time_s = 3;
  bench.start().establish(2, open);
  bench.after(milliseconds(1000)).message(2, wire::Keepalive{});
  EXPECT_EQ(bench.peer.hold_timer(bench.now).total, seconds(3));
  bench.after(milliseconds(2999));
  EXPECT_EQ(bench.peer.state(), State::established);
  EXPECT_EQ(bench.after(milliseconds(1)).last(), "4/0o closeo down:hold");
  EXPECT_EQ(bench.peer.last_error().text, "Hold timer expired");
  EXPECT_EQ(bench.peer.last_error().code, 4);
}

TEST(Hold, OctetsAtTheSameInstantCount) {
  Bench bench;
  bench.start().establish(2);
  const Instant expiry = bench.now + seconds(90);
  bench.until(expiry - milliseconds(1));
  bench.now = expiry;
  bench.message(2, wire::Keepalive{});
  Outputs out;
  bench.peer.run(expiry, out);
  EXPECT_EQ(words(out).find("4/0"), std::string::npos);
  EXPECT_EQ(bench.peer.state(), State::established);
}

TEST(Hold, PartOfAMessageDoesNotCount) {
  Bench bench;
  bench.start().establish(2);
  bench.after(seconds(89));
  bench.bytes(2, BytesView(encoded(wire::Keepalive{})).first(18));
  EXPECT_NE(bench.after(seconds(1)).last().find("4/0o closeo down:hold"), std::string::npos);
}

TEST(Hold, UpdateAndRefreshCount) {
  for (const wire::Message& message :
       {wire::Message(end_of_rib()), wire::Message(wire::RouteRefresh{wire::kIpv4Unicast, 0})}) {
    Bench bench;
    bench.start().establish(2);
    bench.after(seconds(60)).message(2, message);
    EXPECT_EQ(bench.peer.hold_timer(bench.now).left, seconds(90));
  }
}

TEST(Hold, ZeroMeansNoTimers) {
  Bench bench;
  wire::Open open = basic_open();
  open.hold_time_s = 0;
  bench.start().establish(2, open);
  EXPECT_EQ(bench.peer.state(), State::established);
  EXPECT_TRUE(bench.peer.deadline().is_never());
  EXPECT_EQ(bench.peer.hold_timer(bench.now).total, Duration{0});
  bench.peer.set_send_blocked(bench.now, true);
  EXPECT_TRUE(bench.peer.deadline().is_never());
}

TEST(Keepalive, SpacingIsAJitteredThird) {
  Bench bench;
  wire::Open open = basic_open();
  open.hold_time_s = 4;
  bench.start().establish(2, open);
  Duration shortest = seconds(9);
  Duration longest{0};
  for (int i = 0; i < 200; ++i) {
    const Instant before = bench.now;
    bench.message(2, wire::Keepalive{});
    EXPECT_EQ(bench.fire().last(), "KEEPALIVEo");
    const Duration gap = bench.now - before;
    expect_jittered(gap, std::chrono::nanoseconds(seconds(4)) / 3);
    shortest = std::min(shortest, gap);
    longest = std::max(longest, gap);
  }
  EXPECT_LT(shortest, milliseconds(1020)) << "no jitter to speak of";
  EXPECT_GT(longest, milliseconds(1310)) << "no jitter to speak of";
}

TEST(Keepalive, ConfiguredTimeIsTakenUpToAThird) {
  PeerConfig config = basic_config();
  config.keepalive_time = seconds(10);
  Bench bench(config);
  bench.start().establish(2);
  EXPECT_EQ(bench.peer.negotiated()->keepalive_time, seconds(10));
  config.keepalive_time = seconds(60);
  Bench other(config);
  other.start().establish(2);
  EXPECT_EQ(other.peer.negotiated()->keepalive_time, seconds(30));
}

TEST(Keepalive, SentUpdatesPutItOff) {
  Bench bench;
  bench.start().establish(2);
  bench.now = bench.now + seconds(20);
  bench.peer.sent(bench.now);
  expect_jittered(bench.peer.deadline() - bench.now, seconds(30));
}

TEST(SendHold, StuckSocketEndsTheSession) {
  PeerConfig config = basic_config();
  config.hold_time = seconds(3);
  Bench bench(config);
  bench.start().establish(2);
  bench.peer.set_send_blocked(bench.now, true);
  const Instant due = bench.now + seconds(10);  // max(2 x 3 s, 10 s)
  while (bench.now + seconds(1) < due) {
    bench.after(seconds(1)).message(2, wire::Keepalive{});
    bench.peer.set_send_blocked(bench.now, true);  // does not prolong it
    ASSERT_EQ(bench.peer.state(), State::established);
  }
  EXPECT_NE(bench.until(due).last().find("8/0o closeo down:sent"), std::string::npos) << bench.last();
}

TEST(SendHold, ProgressStopsIt) {
  PeerConfig config = basic_config();
  config.send_hold_time = seconds(5);
  Bench bench(config);
  bench.start().establish(2);
  bench.peer.set_send_blocked(bench.now, true);
  bench.after(seconds(4));
  bench.peer.set_send_blocked(bench.now, false);
  bench.after(seconds(20));
  EXPECT_EQ(bench.peer.state(), State::established);
  bench.peer.set_send_blocked(bench.now, true);
  EXPECT_NE(bench.after(seconds(5)).last().find("8/0o"), std::string::npos);
}

/// Fails one dialled connection in OpenConfirm, and returns how long the peer waits then.
Duration fail_once(Bench& bench) {
  const ConnId conn = bench.next_dial - 2;
  bench.opened(conn).message(conn, basic_open()).bytes(conn, Bytes(19, std::byte{0}));
  EXPECT_EQ(bench.peer.state(), State::idle);
  const Duration wait = bench.peer.deadline() - bench.now;
  EXPECT_EQ(bench.peer.error_wait_timer(bench.now).left, wait);
  EXPECT_EQ(bench.fire().last(), "dial");
  return wait;
}

TEST(IdleHold, DoublesUpToTheMaximum) {
  Bench bench;
  bench.start();
  for (const int nominal : {1, 2, 4, 8, 16, 30, 30, 30}) {
    expect_jittered(fail_once(bench), seconds(nominal));
  }
}

TEST(IdleHold, IsForgottenAfterALongSession) {
  for (const auto& [lived, nominal] : {std::pair(seconds(59), 8), std::pair(seconds(60), 1)}) {
    Bench bench;
    bench.start();
    for (int i = 0; i < 3; ++i) {
      fail_once(bench);
    }
    bench.establish(bench.next_dial - 2).after(lived).closed(bench.next_dial - 2);
    expect_jittered(bench.peer.deadline() - bench.now, seconds(nominal));
  }
}

TEST(IdleHold, AcceptsMeanwhile) {
  Bench bench;
  bench.start();
  bench.establish(2).closed(2);
  ASSERT_EQ(bench.peer.state(), State::idle);
  EXPECT_TRUE(bench.peer.accepts());
  EXPECT_EQ(bench.establish(1).last(), "UPi");
  EXPECT_EQ(bench.peer.error_wait_timer(bench.now).total, Duration{0});
  bench.after(seconds(25));
  EXPECT_EQ(bench.peer.state(), State::established);
}

TEST(IdleHold, NeverForAdministrativeActions) {
  Bench bench;
  bench.start().establish(2).stop();
  EXPECT_TRUE(bench.peer.deadline().is_never());
  EXPECT_EQ(bench.start().last(), "dial");
  bench.establish(4);
  bench.out.clear();
  bench.peer.restart(bench.now, 4, "", Duration{0}, bench.out);
  EXPECT_EQ(bench.last(), "6/4o closeo down:admin dial");
}

TEST(IdleHold, MinimalForAdministrativeActionsOfThePeer) {
  Bench bench;
  bench.start();
  for (int i = 0; i < 4; ++i) {
    const ConnId conn = bench.next_dial - 2;
    bench.establish(conn).message(conn, wire::Notification{6, 4, {}});
    expect_jittered(bench.peer.deadline() - bench.now, seconds(1));
    bench.fire();
  }
}

TEST(IdleHold, DisableAfterErrorStopsThePeer) {
  PeerConfig config = basic_config();
  config.disable_after_error = true;
  Bench bench(config);
  bench.start().establish(2).message(2, wire::Notification{3, 1, {}});
  EXPECT_FALSE(bench.peer.running());
  EXPECT_EQ(bench.peer.state(), State::idle);
  EXPECT_TRUE(bench.peer.deadline().is_never());
  EXPECT_EQ(bench.peer.last_error().kind, DownReason::Kind::notification_received);
}

TEST(IdleHold, DisableAfterCeaseKnowsTheCauses) {
  for (const int cause : {0, 1, 2, 4, 7}) {
    const auto subcode = static_cast<std::uint8_t>(cause);
    PeerConfig config = basic_config();
    config.disable_after_cease = std::uint32_t{1} << 2U | std::uint32_t{1} << 4U;
    Bench bench(config);
    bench.start().establish(2).message(2, wire::Notification{6, subcode, {}});
    EXPECT_EQ(bench.peer.running(), subcode != 2 && subcode != 4) << cause;
  }
  PeerConfig config = basic_config();
  config.disable_after_cease = 0xFFFFFFFFU;
  Bench bench(config);
  bench.start().establish(2).message(2, wire::Notification{3, 1, {}});
  EXPECT_TRUE(bench.peer.running()) << "no Cease";
}

/// All outputs of a run that uses every jittered timer, as text.
std::string history(std::uint64_t seed) {
  Bench bench(basic_config(), seed);
  std::string text;
  bench.start();
  for (int i = 0; i < 20; ++i) {
    fail_once(bench);
    text += std::to_string((bench.now - Instant()).count()) + " ";
    bench.closed(bench.next_dial - 2, 111).fire();
    text += std::to_string((bench.now - Instant()).count()) + " ";
  }
  return text;
}

TEST(Jitter, DependsOnTheSeedAlone) {
  EXPECT_EQ(history(7), history(7));
  EXPECT_NE(history(7), history(8));
}

}  // namespace
}  // namespace catflap::bgp::fsm
