#include <gtest/gtest.h>

#include "bgp/fsm/test_support.hpp"

/// RFC 4271 §6.8, RFC 6286: connection 2 is ours, connection 1 the peer's.
namespace catflap::bgp::fsm {
namespace {

using namespace test;

struct Sides {
  const char* name;
  std::uint32_t remote_id, remote_as;
  bool outgoing_stays;
};

void PrintTo(const Sides& each, std::ostream* stream) {
  *stream << each.name;
}

constexpr Sides kSides[] = {
    {"our_id_is_higher", 0x09000002, 64513, true},      {"peer_id_is_higher", 0x0A000002, 64513, false},
    {"same_id_our_as_higher", 0x0A000001, 64000, true}, {"same_id_peer_as_higher", 0x0A000001, 70000, false},
    {"id_decides_before_as", 0x09000002, 70000, true},  {"unsigned_id", 0xF0000000, 64000, false},
};

class Collision : public testing::TestWithParam<Sides> {
 protected:
  PeerConfig config() const {
    PeerConfig config = basic_config();
    config.peer_as = GetParam().remote_as;
    return config;
  }
  wire::Open open() const {
    wire::Open open = basic_open();
    open.router_id = GetParam().remote_id;
    open.capabilities.as4 = GetParam().remote_as;
    open.as2 = GetParam().remote_as > 0xFFFF ? 23456 : static_cast<std::uint16_t>(GetParam().remote_as);
    return open;
  }
  ConnId stays() const { return GetParam().outgoing_stays ? 2 : 1; }
  ConnId goes() const { return 3 - stays(); }
  std::string ends(ConnId conn) const {
    return "6/7" + side(conn) + " close" + side(conn) + " fail:collision";
  }
  void expect_session(const Bench& bench, ConnId conn) const {
    EXPECT_EQ(bench.peer.established_conn(), conn);
    EXPECT_EQ(bench.peer.state(), State::established);
    EXPECT_EQ(bench.peer.last_error().kind, DownReason::Kind::none) << "a collision is no error";
    EXPECT_EQ(bench.peer.error_wait_timer(bench.now).total, Duration{0});
  }
};

/// Every order in which the two connections can open and get their OPENs and KEEPALIVEs, as long as the
/// preferred one is open before the other one has its KEEPALIVE: the preferred one must stay.
TEST_P(Collision, PreferredOneStaysInEveryOrder) {
  // The three steps of each connection stay in order: a choice of 3 places out of 6, as bits.
  int orders = 0;
  for (unsigned order = 0; order < 64; ++order) {
    if (__builtin_popcount(order) != 3) {
      continue;
    }
    ++orders;
    SCOPED_TRACE(order);
    Bench bench(config());
    bench.start();
    int done[3] = {0, 0, 0};
    bool too_late = false;
    for (unsigned step = 0; step < 6 && bench.peer.established_conn() == 0; ++step) {
      const ConnId conn = (order >> step & 1U) != 0 ? stays() : goes();
      switch (done[conn]++) {
        case 0:
          EXPECT_EQ(bench.opened(conn).last(), "OPEN" + side(conn));
          break;
        case 1:
          EXPECT_EQ(bench.message(conn, open()).last(), "KEEPALIVE" + side(conn)) << "nothing is closed yet";
          break;
        default:
          too_late = too_late || (conn == goes() && done[stays()] == 0);
          bench.message(conn, wire::Keepalive{});
      }
    }
    const ConnId expected = too_late ? goes() : stays();
    expect_session(bench, expected);
    // An open loser gets Cease/7, a dial that was not answered yet is just given up.
    const ConnId other = 3 - expected;
    if (done[other] > 0) {
      EXPECT_EQ(bench.last(), ends(other) + " UP" + side(expected));
    } else if (other == 2) {
      EXPECT_EQ(bench.last(), "aborto UP" + side(expected));
    } else {
      EXPECT_EQ(bench.last(), "UP" + side(expected));
    }
  }
  EXPECT_EQ(orders, 20);
}

TEST_P(Collision, LoserIsHeldInOpenConfirm) {
  Bench bench(config());
  bench.start().opened(2).opened(1).message(goes(), open());
  EXPECT_EQ(bench.message(goes(), wire::Keepalive{}).last(), "");
  EXPECT_EQ(bench.peer.state(), State::open_confirm);
}

TEST_P(Collision, LoserIsTakenWhenThePreferredOneFails) {
  for (const bool by_notification : {false, true}) {
    Bench bench(config());
    bench.start().opened(2).opened(1).message(goes(), open()).message(goes(), wire::Keepalive{});
    if (by_notification) {
      bench.message(stays(), wire::Notification{6, 7, {}});
      EXPECT_EQ(bench.last(), "close" + side(stays()) + " fail:collision UP" + side(goes()));
    } else {
      EXPECT_EQ(bench.closed(stays()).last(), "fail:socket UP" + side(goes()));
    }
    EXPECT_EQ(bench.peer.established_conn(), goes());
  }
}

TEST_P(Collision, UpdateOnTheLoserShowsThePeersChoice) {
  Bench bench(config());
  bench.start().opened(2).opened(1).message(goes(), open()).message(stays(), open());
  EXPECT_EQ(bench.message(goes(), end_of_rib()).last(), ends(stays()) + " UP" + side(goes()) + " update");
  expect_session(bench, goes());
}

TEST_P(Collision, LoserIsClosedAfterASecondWithoutKeepalives) {
  Bench bench(config());
  bench.start().opened(2).opened(1).message(goes(), open()).message(stays(), open());
  EXPECT_EQ(bench.after(milliseconds(999)).last(), "");
  EXPECT_EQ(bench.after(milliseconds(1)).last(), ends(goes()));
  bench.message(stays(), wire::Keepalive{});
  expect_session(bench, stays());
}

TEST_P(Collision, SilentPreferredOneIsGivenUpAfterASecond) {
  Bench bench(config());
  bench.start().opened(2).opened(1).message(goes(), open()).message(goes(), wire::Keepalive{});
  EXPECT_EQ(bench.after(milliseconds(999)).last(), "");
  EXPECT_EQ(bench.after(milliseconds(1)).last(), ends(stays()) + " UP" + side(goes()));
  expect_session(bench, goes());
}

TEST_P(Collision, KeepaliveAfterTheSecondDecidesAtOnce) {
  Bench bench(config());
  bench.start().opened(2).opened(1).message(goes(), open()).after(seconds(1));
  EXPECT_EQ(bench.last(), "");
  EXPECT_EQ(bench.message(goes(), wire::Keepalive{}).last(), ends(stays()) + " UP" + side(goes()));
}

TEST_P(Collision, OpenAfterTheSecondDecidesAtOnce) {
  Bench bench(config());
  bench.start().opened(2).opened(1).message(goes(), open()).after(seconds(1));
  EXPECT_EQ(bench.message(stays(), open()).last(), "KEEPALIVE" + side(stays()) + " " + ends(goes()));
}

INSTANTIATE_TEST_SUITE_P(Sides, Collision, testing::ValuesIn(kSides),
                         [](const auto& each) { return std::string(each.param.name); });

/// An Established session and a new incoming connection.
struct Second {
  const char* name;
  bool ours, theirs;  ///< who offers graceful restart
  bool restarting;    ///< R bit in the new OPEN
  Duration age;       ///< of the session
  bool replaces;
};

TEST(Collision, EstablishedBeatsANewOneUnlessThePeerRestarted) {
  constexpr Second kCases[] = {
      {"no GR", false, false, false, seconds(30), false},
      {"GR is ours alone", true, false, false, seconds(30), false},
      {"GR is theirs alone", false, true, true, seconds(30), false},
      {"GR", true, true, false, seconds(30), true},
      {"GR, R bit", true, true, true, seconds(30), true},
      {"GR, session too young to be sure", true, true, false, milliseconds(999), false},
      {"GR, just old enough", true, true, false, seconds(1), true},
      {"GR, young, R bit", true, true, true, milliseconds(1), true},
  };
  for (const ConnId session : {ConnId{2}, ConnId{1}}) {
    for (const Second& each : kCases) {
      SCOPED_TRACE(each.name + side(session));
      PeerConfig config = basic_config();
      wire::Open open = basic_open();
      if (each.ours) {
        config.capabilities.graceful_restart = graceful_restart();
      }
      if (each.theirs) {
        open.capabilities.graceful_restart = graceful_restart();
      }
      Bench bench(config);
      bench.start().establish(session, open).after(each.age);
      EXPECT_TRUE(bench.peer.accepts());
      EXPECT_EQ(bench.opened(3).last(), "OPENi");
      EXPECT_EQ(bench.peer.established_conn(), session) << "its OPEN decides";
      if (each.theirs) {
        open.capabilities.graceful_restart->restarting = each.restarting;
      }
      bench.message(3, open);
      if (each.replaces) {
        EXPECT_EQ(bench.last(), "abort" + side(session) + " down:restarted KEEPALIVEi");
        EXPECT_EQ(bench.peer.state(), State::open_confirm);
        EXPECT_EQ(bench.message(3, wire::Keepalive{}).last(), "UPi");
        EXPECT_EQ(bench.peer.established_conn(), 3U);
      } else {
        EXPECT_EQ(bench.last(), "6/7i closei fail:collision");
        EXPECT_EQ(bench.peer.established_conn(), session);
      }
    }
  }
}

TEST(Collision, NewConnectionTakesOverWhenTheSessionFails) {
  Bench bench;
  bench.start().establish(2).opened(1);
  EXPECT_EQ(bench.closed(2).last(), "down:socket");
  EXPECT_EQ(bench.peer.state(), State::open_sent);
  bench.message(1, basic_open());
  EXPECT_EQ(bench.message(1, wire::Keepalive{}).last(), "UPi");
}

TEST(Collision, WrongOpenOnTheSecondLeavesTheSession) {
  PeerConfig config = basic_config();
  config.capabilities.graceful_restart = graceful_restart();
  wire::Open open = basic_open();
  open.capabilities.graceful_restart = graceful_restart();
  Bench bench(config);
  bench.start().establish(2, open).after(seconds(30)).opened(1);
  open.capabilities.as4 = 5;
  EXPECT_EQ(bench.message(1, open).last(), "2/2i closei fail:sent");
  EXPECT_EQ(bench.peer.established_conn(), 2U);
}

TEST(Collision, SecondIncomingReplacesTheFirst) {
  Bench bench;
  bench.start().closed(2).opened(1).message(1, basic_open());
  EXPECT_EQ(bench.opened(3).last(), "6/7i closei fail:collision OPENi");
  EXPECT_EQ(bench.closed(1).last(), "") << "it is forgotten";
  bench.message(3, basic_open());
  EXPECT_EQ(bench.message(3, wire::Keepalive{}).last(), "UPi");
  EXPECT_EQ(bench.peer.established_conn(), 3U);
}

TEST(Collision, ErrorOnOneLeavesTheOtherWithoutPenalty) {
  Bench bench;
  bench.start().opened(2).opened(1);
  EXPECT_EQ(bench.bytes(2, Bytes(19)).last(), "1/1o closeo fail:sent");
  EXPECT_EQ(bench.peer.state(), State::open_sent);
  EXPECT_EQ(bench.peer.error_wait_timer(bench.now).total, Duration{0});
  bench.message(1, basic_open());
  EXPECT_EQ(bench.message(1, wire::Keepalive{}).last(), "UPi");
}

}  // namespace
}  // namespace catflap::bgp::fsm
