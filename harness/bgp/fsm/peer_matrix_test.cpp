#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "bgp/fsm/peer_matrix_table.hpp"
#include "bgp/fsm/test_support.hpp"

/// Every state of a peer and its connections with every event of RFC 4271 §8.1 that exists here. A cell says
/// what comes out and the state afterwards; a cell that is missing, or too many, fails.
///
/// Optional events of §8.1 that do not exist: 3 to 8 (start and stop by the machine itself; IdleHold takes
/// their place), 14 and 15 (a connection that is only half there is the kernel's). 23,
/// the collision dump, is an effect of other events here; 20, an OPEN while DelayOpen runs, is 19 in the
/// states "delayed".
namespace catflap::bgp::fsm {
namespace {

using namespace test;

struct NamedState {
  std::string name;
  ConnId subject;  ///< the connection that events are about
  std::function<void(Bench&)> reach;
  Duration delay_open{0};
};

PeerConfig matrix_config(const NamedState& state) {
  PeerConfig config = basic_config();
  config.delay_open_time = state.delay_open;
  config.connect_delay = milliseconds(100);
  config.error_wait_min = seconds(20);
  config.send_hold_time = seconds(50);
  return config;
}

Bench& dialled(Bench& bench) {
  return bench.start().fire();
}

const std::vector<NamedState>& states() {
  static const std::vector<NamedState> kStates = {
      {"Idle", 2, [](Bench&) {}},
      {"Idle/restarting", 2, [](Bench& b) { b.peer.restart(b.now, 4, "", seconds(7), b.out); }},
      {"Idle/error-wait", 2, [](Bench& b) { dialled(b).opened(2).message(2, basic_open()).closed(2); }},
      {"Active", 2, [](Bench& b) { b.start(); }},
      {"Connect", 2, [](Bench& b) { dialled(b); }},
      {"Connect/delayed", 2, [](Bench& b) { dialled(b).opened(2); }, seconds(3)},
      {"Active/delayed", 1, [](Bench& b) { b.start().opened(1); }, seconds(3)},
      {"OpenSent/out", 2, [](Bench& b) { dialled(b).opened(2); }},
      {"OpenSent/in", 1, [](Bench& b) { b.start().opened(1); }},
      {"OpenConfirm/out", 2, [](Bench& b) { dialled(b).opened(2).message(2, basic_open()); }},
      {"OpenConfirm/in", 1, [](Bench& b) { b.start().opened(1).message(1, basic_open()); }},
      {"Established/out", 2, [](Bench& b) { dialled(b).establish(2); }},
      {"Established/in", 1, [](Bench& b) { b.start().establish(1); }},
      {"Connect+OpenSent", 2, [](Bench& b) { dialled(b).opened(1); }},
      {"Connect+OpenConfirm", 2, [](Bench& b) { dialled(b).opened(1).message(1, basic_open()); }},
      {"OpenSent+OpenSent", 2, [](Bench& b) { dialled(b).opened(2).opened(1); }},
      {"OpenSent+OpenConfirm", 2, [](Bench& b) { dialled(b).opened(2).opened(1).message(1, basic_open()); }},
      {"OpenConfirm+OpenSent", 2, [](Bench& b) { dialled(b).opened(2).opened(1).message(2, basic_open()); }},
      {"OpenConfirm+OpenConfirm", 2,
       [](Bench& b) { dialled(b).opened(2).opened(1).message(2, basic_open()).message(1, basic_open()); }},
      {"confirmed+OpenSent", 2,
       [](Bench& b) {
         dialled(b).opened(2).opened(1).message(2, basic_open()).message(2, wire::Keepalive{});
       }},
      {"Established+OpenSent", 2, [](Bench& b) { dialled(b).establish(2).opened(1); }},
      {"OpenSent beside Established", 1, [](Bench& b) { dialled(b).establish(2).opened(1); }},
  };
  return kStates;
}

struct NamedEvent {
  std::string name;
  std::function<void(Bench&, ConnId)> happen;
};

Bytes malformed_update() {
  Bytes octets = encoded(end_of_rib());
  octets[19] = std::byte{0x7F};  // withdrawn routes beyond the message
  return octets;
}

/// Lets one timer, and only that one, be due.
void fire_when(Bench& bench, Duration left) {
  bench.out.clear();
  if (left > Duration{0}) {
    bench.now = bench.now + left;
    bench.peer.run(bench.now, bench.out);
  }
}

/// The same, where the timer is set at all.
void fire_when(Bench& bench, Duration left, Duration total) {
  fire_when(bench, total > Duration{0} ? left : Duration{0});
}

const std::vector<NamedEvent>& events() {
  static const std::vector<NamedEvent> kEvents = {
      {"1 ManualStart", [](Bench& b, ConnId) { b.start(); }},
      {"2 ManualStop", [](Bench& b, ConnId) { b.stop(2, "bye"); }},
      {"2 de-configured", [](Bench& b, ConnId) { b.stop(3); }},
      {"2 silently", [](Bench& b, ConnId) { b.peer.stop_silently(b.now, b.out); }},
      {"restart", [](Bench& b, ConnId) { b.peer.restart(b.now, 4, "", Duration{0}, b.out); }},
      {"reset 6/1",
       [](Bench& b, ConnId) {
         b.peer.reset(b.now, {6, 1, {}}, "too many", b.out);
       }},
      {"BFD down", [](Bench& b, ConnId) { b.peer.lose(b.now, "BFD", b.out); }},
      {"12 DelayOpen", [](Bench& b, ConnId) { fire_when(b, seconds(3), b.peer.config().delay_open_time); }},
      {"9 ConnectRetry", [](Bench& b, ConnId) { fire_when(b, b.peer.connect_timer(b.now).left); }},
      {"10 Hold", [](Bench& b, ConnId) { fire_when(b, b.peer.hold_timer(b.now).left); }},
      {"11 Keepalive", [](Bench& b, ConnId) { fire_when(b, b.peer.keepalive_timer(b.now).left); }},
      {"13 IdleHold", [](Bench& b, ConnId) { fire_when(b, b.peer.error_wait_timer(b.now).left); }},
      {"SendHold",
       [](Bench& b, ConnId c) {
         b.peer.set_send_blocked(b.now, true);
         for (int i = 0; i < 2; ++i) {  // the hold timer is kept away
           b.now = b.now + seconds(25);
           b.out.clear();
           b.message(b.peer.established_conn() == 0 ? ConnId{99} : c, wire::Keepalive{});
         }
         b.out.clear();
         if (b.peer.established_conn() != 0) {
           b.peer.run(b.now, b.out);
         }
       }},
      {"16 dial succeeds", [](Bench& b, ConnId) { b.opened(2); }},
      {"17 accepted", [](Bench& b, ConnId) { b.opened(3); }},
      {"18 TCP fails", [](Bench& b, ConnId c) { b.closed(c); }},
      {"19 OPEN", [](Bench& b, ConnId c) { b.message(c, basic_open()); }},
      {"21 header error", [](Bench& b, ConnId c) { b.bytes(c, Bytes(19)); }},
      {"22 OPEN error",
       [](Bench& b, ConnId c) {
         wire::Open open = basic_open();
         open.hold_time_s = 2;
         b.message(c, open);
       }},
      {"24 version error",
       [](Bench& b, ConnId c) {
         b.message(c, wire::Notification{2, 1, Bytes(2)});
       }},
      {"25 NOTIFICATION",
       [](Bench& b, ConnId c) {
         b.message(c, wire::Notification{6, 2, {}});
       }},
      {"25 Cease/7",
       [](Bench& b, ConnId c) {
         b.message(c, wire::Notification{6, 7, {}});
       }},
      {"26 KEEPALIVE", [](Bench& b, ConnId c) { b.message(c, wire::Keepalive{}); }},
      {"27 UPDATE", [](Bench& b, ConnId c) { b.message(c, end_of_rib()); }},
      {"28 UPDATE error", [](Bench& b, ConnId c) { b.bytes(c, malformed_update()); }},
      {"REFRESH",
       [](Bench& b, ConnId c) {
         b.message(c, wire::RouteRefresh{wire::kIpv4Unicast, 0});
       }},
      {"half a message",
       [](Bench& b, ConnId c) { b.bytes(c, BytesView(encoded(wire::Keepalive{})).first(10)); }},
  };
  return kEvents;
}

std::string cell(const NamedState& state, const NamedEvent& event) {
  Bench bench(matrix_config(state));
  state.reach(bench);
  const State before = bench.peer.state();
  bench.out.clear();
  event.happen(bench, state.subject);
  State told = before;
  for (const auto& change : all<out::StateChanged>(bench.out)) {
    EXPECT_EQ(change.from, told) << "state changes must follow each other";
    EXPECT_NE(change.from, change.to);
    told = change.to;
  }
  EXPECT_EQ(told, bench.peer.state()) << state.name << ", " << event.name << ": a state change was not told";
  const std::string text = bench.last();
  return text + (text.empty() ? "" : " ") + "> " + std::string(to_string(bench.peer.state()));
}

TEST(Matrix, EveryStateWithEveryEvent) {
  std::map<std::string, std::map<std::string, std::string>> expected;
  for (const Row& row : matrix()) {
    for (const Cells& cells : row.cells) {
      for (const std::string_view event : cells.events) {
        EXPECT_TRUE(expected[std::string(row.state)].emplace(event, cells.result).second)
            << row.state << ", " << event << " is there twice";
      }
    }
  }
  for (const NamedState& state : states()) {
    for (const NamedEvent& event : events()) {
      const auto column = expected[state.name].find(event.name);
      ASSERT_NE(column, expected[state.name].end()) << state.name << ", " << event.name << " is missing";
      EXPECT_EQ(cell(state, event), column->second) << state.name << ", " << event.name;
    }
    EXPECT_EQ(expected[state.name].size(), events().size()) << state.name << " has cells of no event";
  }
  EXPECT_EQ(expected.size(), states().size()) << "rows of no state";
}

/// After any event a running peer that may dial has something that leads to a session.
TEST(Matrix, NoCellIsADeadEnd) {
  for (const NamedState& state : states()) {
    for (const NamedEvent& event : events()) {
      Bench bench(matrix_config(state));
      state.reach(bench);
      event.happen(bench, state.subject);
      if (bench.peer.running()) {
        EXPECT_FALSE(bench.peer.deadline().is_never()) << state.name << ", " << event.name;
      }
    }
  }
}

}  // namespace
}  // namespace catflap::bgp::fsm
