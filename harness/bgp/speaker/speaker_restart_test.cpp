#include <gtest/gtest.h>

#include "sim/raw_peer.hpp"

/// Graceful restart, helper and restarting side: RFC 4724, RFC 8538, RFC 9494, and BFD with BGP (RFC 5882).
namespace catflap::bgp::testing {
namespace {

using observe::SessionState;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kPeer = "192.168.1.2";
constexpr const char* kRoute = "10.2.0.0/24";

intent::BgpIntent& body(intent::ProtocolIntent& protocol) {
  return std::get<intent::BgpIntent>(protocol.body);
}

/// r1 waits for a peer by hand at 192.168.1.2 (AS 64513) and passes on to an observer at 192.168.1.3.
struct Helper {
  VirtualNetwork net;
  intent::RouterIntent intent = router(0x01010101);

  explicit Helper(void (*tune)(intent::BgpIntent&) = nullptr) {
    net.add_node("r1", 1);
    net.add_node("other", 2);
    net.add_link("r1", "eth0", {"192.168.1.1/24"}, "other", "eth0", {"192.168.1.250/24"});
    auto peer = bgp("peer", 64512, kPeer, 64513);
    auto observer = bgp("observer", 64512, "192.168.1.3", 64514);
    for (auto* protocol : {&peer, &observer}) {
      body(*protocol).passive = true;
      body(*protocol).graceful_restart = true;
    }
    body(observer).graceful_restart = false;
    if (tune != nullptr) {
      tune(body(peer));
    }
    intent.protocols = {device(), kernel(), peer, observer};
    net.configure("r1", intent);
    net.run_for(milliseconds(10));
  }
  static wire::Open open(bool restarting, bool forwarding = true) {
    wire::Open open = RawPeer::open(64513, 0x02020202);
    wire::Capabilities::GracefulRestart gr;
    gr.restarting = restarting;
    gr.restart_time_s = 100;
    gr.families = {{wire::kIpv4Unicast, forwarding}};
    open.capabilities.graceful_restart = gr;
    return open;
  }
  bool has_route(const std::string& text = kRoute) { return !net.routes("r1", text).empty(); }
  observe::ProtocolView peer() { return *net.protocol("r1", "peer"); }
};

void send_end_of_rib(RawPeer& peer) {
  ByteSink sink;
  wire::encode_end_of_rib(wire::kIpv4Unicast, sink);
  peer.send(sink.view());
}

TEST(Helper, DeletesWhatIsNotToldAgainAtEndOfRib) {
  Helper lab;
  RawPeer first(lab.net, "r1", kPeer, "192.168.1.1");
  first.establish(Helper::open(false));
  first.send(announcement(kRoute, kPeer, {64513}));
  first.send(announcement("10.3.0.0/24", kPeer, {64513}));
  first.close();
  EXPECT_TRUE(lab.has_route());
  EXPECT_EQ(lab.peer().session->restart_timer->total, seconds(100));
  RawPeer second(lab.net, "r1", kPeer, "192.168.1.1");
  second.establish(Helper::open(true));
  ASSERT_EQ(lab.net.session("r1", "peer"), SessionState::established);
  second.send(announcement(kRoute, kPeer, {64513}));
  EXPECT_TRUE(lab.has_route("10.3.0.0/24"));
  EXPECT_TRUE(lab.net.routes("r1", "10.3.0.0/24").front().stale);
  send_end_of_rib(second);
  EXPECT_TRUE(lab.has_route());
  EXPECT_FALSE(lab.has_route("10.3.0.0/24"));
  EXPECT_FALSE(lab.peer().session->restart_timer.has_value());
}

TEST(Helper, TheStalePathTimerBoundsTheWaitForEndOfRib) {
  Helper lab([](intent::BgpIntent& peer) { peer.stale_path_time = seconds(50); });
  RawPeer first(lab.net, "r1", kPeer, "192.168.1.1");
  first.establish(Helper::open(false));
  first.send(announcement(kRoute, kPeer, {64513}));
  first.close();
  RawPeer second(lab.net, "r1", kPeer, "192.168.1.1");
  second.establish(Helper::open(true));
  lab.net.run_for(seconds(49));
  EXPECT_TRUE(lab.has_route());
  lab.net.run_for(seconds(2));
  EXPECT_FALSE(lab.has_route());
  EXPECT_EQ(lab.net.session("r1", "peer"), SessionState::established);
}

TEST(Helper, FlushesAtOnceWhereForwardingWasNotKept) {
  Helper lab;
  RawPeer first(lab.net, "r1", kPeer, "192.168.1.1");
  first.establish(Helper::open(false));
  first.send(announcement(kRoute, kPeer, {64513}));
  first.close();
  RawPeer second(lab.net, "r1", kPeer, "192.168.1.1");
  second.establish(Helper::open(true, false));
  EXPECT_FALSE(lab.has_route());
}

/// RFC 4724 §4.2: what was stale already goes, the rest becomes stale.
TEST(Helper, ASecondLossBeforeEndOfRibEndsTheOldRoutes) {
  Helper lab;
  RawPeer first(lab.net, "r1", kPeer, "192.168.1.1");
  first.establish(Helper::open(false));
  first.send(announcement(kRoute, kPeer, {64513}));
  first.send(announcement("10.3.0.0/24", kPeer, {64513}));
  first.close();
  RawPeer second(lab.net, "r1", kPeer, "192.168.1.1");
  second.establish(Helper::open(true));
  second.send(announcement("10.3.0.0/24", kPeer, {64513}));
  second.close();
  EXPECT_FALSE(lab.has_route());
  EXPECT_TRUE(lab.has_route("10.3.0.0/24"));
}

/// RFC 4724 §4.2: a new connection of a peer that we believe Established says that it restarted.
TEST(Helper, ANewConnectionMeansARestart) {
  Helper lab;
  RawPeer first(lab.net, "r1", kPeer, "192.168.1.1");
  first.establish(Helper::open(false));
  first.send(announcement(kRoute, kPeer, {64513}));
  lab.net.run_for(seconds(5));
  RawPeer second(lab.net, "r1", kPeer, "192.168.1.1");
  second.establish(Helper::open(true));
  EXPECT_TRUE(first.closed());
  EXPECT_FALSE(first.notification().has_value());
  EXPECT_TRUE(lab.has_route());
  EXPECT_EQ(lab.net.session("r1", "peer"), SessionState::established);
}

wire::Open with_n_bit(wire::Open open) {
  open.capabilities.graceful_restart->notification = true;
  return open;
}

TEST(NotificationRestart, KeepsRoutesWhereBothHaveTheBit) {
  for (const bool bit : {false, true}) {
    Helper lab;
    RawPeer peer(lab.net, "r1", kPeer, "192.168.1.1");
    peer.establish(bit ? with_n_bit(Helper::open(false)) : Helper::open(false));
    EXPECT_TRUE(peer.all<wire::Open>().front().capabilities.graceful_restart->notification);
    peer.send(announcement(kRoute, kPeer, {64513}));
    peer.send(wire::Notification{3, 1, {}});
    EXPECT_EQ(lab.has_route(), bit);
  }
}

TEST(NotificationRestart, KeepsRoutesWhenTheHoldTimerExpires) {
  Helper lab;
  RawPeer peer(lab.net, "r1", kPeer, "192.168.1.1");
  peer.establish(with_n_bit(Helper::open(false)));
  peer.send(announcement(kRoute, kPeer, {64513}));
  lab.net.run_for(seconds(95));
  EXPECT_EQ(peer.notification()->code, 4);
  EXPECT_TRUE(lab.has_route());
  lab.net.run_for(seconds(101));
  EXPECT_FALSE(lab.has_route());
}

TEST(NotificationRestart, AHardResetEndsEverything) {
  Helper lab;
  RawPeer peer(lab.net, "r1", kPeer, "192.168.1.1");
  peer.establish(with_n_bit(Helper::open(false)));
  peer.send(announcement(kRoute, kPeer, {64513}));
  peer.send(wire::Notification{6, 9, Bytes{std::byte{6}, std::byte{2}}});
  EXPECT_FALSE(lab.has_route());
}

/// RFC 8538 §4: who means it says so.
TEST(NotificationRestart, AdministratorsSendAHardReset) {
  for (const auto& [verb, subcode] :
       {std::pair{ev::Admin::Verb::disable, 2}, {ev::Admin::Verb::restart, 4}}) {
    Helper lab;
    RawPeer peer(lab.net, "r1", kPeer, "192.168.1.1");
    peer.establish(with_n_bit(Helper::open(false)));
    lab.net.admin("r1", verb, "peer", "bye");
    lab.net.run_for(milliseconds(5));
    const auto said = peer.notification();
    ASSERT_TRUE(said.has_value());
    EXPECT_EQ(said->code, 6);
    EXPECT_EQ(said->subcode, 9);
    ASSERT_GE(said->data.size(), 2U);
    EXPECT_EQ(said->data[1], static_cast<std::byte>(subcode));
  }
}

TEST(NotificationRestart, CanBeSwitchedOff) {
  Helper lab([](intent::BgpIntent& peer) { peer.restart_notification = false; });
  RawPeer peer(lab.net, "r1", kPeer, "192.168.1.1");
  peer.establish(with_n_bit(Helper::open(false)));
  EXPECT_FALSE(peer.all<wire::Open>().front().capabilities.graceful_restart->notification);
  peer.send(announcement(kRoute, kPeer, {64513}));
  peer.send(wire::Notification{3, 1, {}});
  EXPECT_FALSE(lab.has_route());
}

wire::Open with_llgr(wire::Open open, std::uint32_t stale_time_s = 500, bool forwarding = true) {
  open.capabilities.llgr_aware = true;
  open.capabilities.llgr = {{wire::kIpv4Unicast, forwarding, stale_time_s}};
  return open;
}

TEST(LongLived, KeepsRoutesAsTheLastChoice) {
  Helper lab;
  RawPeer peer(lab.net, "r1", kPeer, "192.168.1.1");
  peer.establish(with_llgr(Helper::open(false)));
  peer.send(announcement(kRoute, kPeer, {64513}));
  auto keep_out = announcement("10.3.0.0/24", kPeer, {64513});
  keep_out.attributes.communities = {net::kNoLlgr};
  peer.send(keep_out);
  peer.close();
  lab.net.run_for(seconds(99));
  EXPECT_EQ(lab.peer().channels[0].neighbor_gr, "Regular");
  EXPECT_TRUE(lab.has_route("10.3.0.0/24"));
  lab.net.run_for(seconds(2));
  EXPECT_EQ(lab.peer().channels[0].neighbor_gr, "Long-lived");
  EXPECT_EQ(lab.peer().session->restart_timer->total, seconds(500));
  EXPECT_FALSE(lab.has_route("10.3.0.0/24")) << "NO_LLGR";
  ASSERT_TRUE(lab.has_route());
  EXPECT_EQ(lab.net.routes("r1", kRoute).front().bgp->communities,
            std::vector<net::Community>{net::kLlgrStale});
  lab.net.run_for(seconds(500));
  EXPECT_FALSE(lab.has_route());
  EXPECT_FALSE(lab.peer().session->graceful_restart_active);
}

TEST(LongLived, BeginsAtOnceWithARestartTimeOfZero) {
  Helper lab;
  wire::Open open = with_llgr(Helper::open(false));
  open.capabilities.graceful_restart->restart_time_s = 0;
  RawPeer peer(lab.net, "r1", kPeer, "192.168.1.1");
  peer.establish(open);
  peer.send(announcement(kRoute, kPeer, {64513}));
  peer.close();
  EXPECT_EQ(lab.peer().channels[0].neighbor_gr, "Long-lived");
  EXPECT_TRUE(lab.has_route());
}

TEST(LongLived, KeepsNothingForATimeOfZero) {
  Helper lab;
  wire::Open open = with_llgr(Helper::open(false), 0);
  open.capabilities.graceful_restart->families.clear();  // as FRR does unless it is told otherwise
  RawPeer peer(lab.net, "r1", kPeer, "192.168.1.1");
  peer.establish(open);
  peer.send(announcement(kRoute, kPeer, {64513}));
  ASSERT_TRUE(lab.has_route());
  peer.close();
  EXPECT_FALSE(lab.has_route());
}

TEST(LongLived, IsForgottenByANewSession) {
  for (const bool forwarding : {true, false}) {
    Helper lab;
    RawPeer first(lab.net, "r1", kPeer, "192.168.1.1");
    first.establish(with_llgr(Helper::open(false)));
    first.send(announcement(kRoute, kPeer, {64513}));
    first.close();
    lab.net.run_for(seconds(200));
    ASSERT_TRUE(lab.has_route());
    RawPeer second(lab.net, "r1", kPeer, "192.168.1.1");
    second.establish(with_llgr(Helper::open(true), 500, forwarding));
    EXPECT_EQ(lab.has_route(), forwarding);
    second.send(announcement(kRoute, kPeer, {64513}));
    send_end_of_rib(second);
    ASSERT_TRUE(lab.has_route());
    EXPECT_TRUE(lab.net.routes("r1", kRoute).front().bgp->communities.empty());
  }
}

/// RFC 9494 §4.3.
TEST(LongLived, IsToldOnlyToWhoKnowsIt) {
  for (const bool aware : {true, false}) {
    Helper lab;
    RawPeer observer(lab.net, "r1", "192.168.1.3", "192.168.1.1");
    wire::Open open = RawPeer::open(64514, 0x03030303, 0);
    open.capabilities.llgr_aware = aware;
    observer.establish(open);
    RawPeer peer(lab.net, "r1", kPeer, "192.168.1.1");
    peer.establish(with_llgr(Helper::open(false)));
    peer.send(announcement(kRoute, kPeer, {64513}));
    EXPECT_TRUE(observer.route(kRoute).has_value());
    peer.close();
    lab.net.run_for(seconds(101));
    const auto told = observer.route(kRoute);
    ASSERT_EQ(told.has_value(), aware);
    if (aware) {
      EXPECT_EQ(told->communities, std::vector<net::Community>{net::kLlgrStale});
    }
  }
}

TEST(LongLived, IsAnnouncedWithATimeForEachFamily) {
  Helper lab([](intent::BgpIntent& peer) {
    peer.llgr = true;
    peer.llgr_time_s = 1234;
  });
  RawPeer peer(lab.net, "r1", kPeer, "192.168.1.1");
  const auto opens = peer.all<wire::Open>();
  ASSERT_EQ(opens.size(), 1U);
  ASSERT_EQ(opens[0].capabilities.llgr.size(), 1U);
  EXPECT_EQ(opens[0].capabilities.llgr[0].stale_time_s, 1234U);
}

}  // namespace
}  // namespace catflap::bgp::testing
