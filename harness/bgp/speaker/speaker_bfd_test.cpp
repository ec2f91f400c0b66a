#include <gtest/gtest.h>

#include "bgp/bfd/packet.hpp"
#include "sim/testing.hpp"

/// BFD under BGP and static routes: RFC 5882.
namespace catflap::bgp::testing {
namespace {

using observe::SessionState;
using std::chrono::milliseconds;
using std::chrono::seconds;

intent::ProtocolIntent bfd_protocol(intent::BfdIntent body = {}) {
  intent::ProtocolIntent protocol;
  protocol.name = "bfd1";
  protocol.body = std::move(body);
  return protocol;
}

intent::BgpIntent& body(intent::ProtocolIntent& protocol) {
  return std::get<intent::BgpIntent>(protocol.body);
}

struct Lab {
  VirtualNetwork net;
  intent::RouterIntent one = router(1), two = router(2);

  explicit Lab(bool graceful = false, bool multihop = false) {
    net.add_node("r1", 1);
    net.add_node("r2", 2);
    net.add_link("r1", "eth0", {"192.168.1.1/24"}, "r2", "eth0", {"192.168.1.2/24"});
    auto to_r2 = bgp("peer", 64512, "192.168.1.2", 64513, "192.168.1.1");
    auto to_r1 = bgp("peer", 64513, "192.168.1.1", 64512, "192.168.1.2");
    for (auto* protocol : {&to_r2, &to_r1}) {
      body(*protocol).bfd = true;
      body(*protocol).bfd_graceful = graceful;
      body(*protocol).graceful_restart = true;
      if (multihop) {
        body(*protocol).multihop = true;
      }
    }
    one.protocols = {device(), direct({"eth0"}), bfd_protocol(), to_r2};
    two.protocols = {device(), direct({"eth0"}), bfd_protocol(), to_r1, blackholes("own", {"10.2.0.0/24"})};
    net.configure("r1", one);
    net.configure("r2", two);
    net.run_for(seconds(3));
  }
  observe::BfdSessionView session(const std::string& node) {
    const auto view = net.protocol(node, "bfd1");
    EXPECT_EQ(view->bfd_sessions.size(), 1U);
    return view->bfd_sessions.empty() ? observe::BfdSessionView() : view->bfd_sessions.front();
  }
};

TEST(Bfd, WatchesThePeersThatAskForIt) {
  Lab lab;
  const auto session = lab.session("r1");
  EXPECT_EQ(session.state, "Up");
  EXPECT_EQ(session.peer, addr("192.168.1.2"));
  EXPECT_EQ(session.interface, "eth0");
  EXPECT_FALSE(session.multihop);
  EXPECT_EQ(session.interval, milliseconds(100));
  EXPECT_EQ(session.timeout, milliseconds(500));
  EXPECT_EQ(session.requested_by, std::vector<std::string>{"peer"});
  EXPECT_EQ(lab.net.session("r1", "peer"), SessionState::established);
}

TEST(Bfd, ALostPathTakesTheSessionAndItsRoutes) {
  Lab lab;
  ASSERT_FALSE(lab.net.routes("r1", "10.2.0.0/24").empty());
  lab.net.freeze("r2");
  lab.net.run_for(milliseconds(600));
  EXPECT_EQ(lab.session("r1").state, "Down");
  EXPECT_EQ(lab.session("r1").diagnostic, "Control Detection Time Expired");
  EXPECT_NE(lab.net.session("r1", "peer"), SessionState::established);
  const auto view = lab.net.protocol("r1", "peer");
  EXPECT_EQ(view->session->last_error, "Error: BFD session down");
  EXPECT_TRUE(lab.net.routes("r1", "10.2.0.0/24").empty()) << "a broken path is no restart";
  bool told = false;
  for (const Action& action : lab.net.drain_log("r1")) {
    const auto* send = std::get_if<act::TcpSend>(&action);
    told = told || (send != nullptr && send->bytes->size() >= 21 && (*send->bytes)[18] == std::byte{3} &&
                    (*send->bytes)[19] == std::byte{6});
  }
  EXPECT_TRUE(told) << "Cease/10, or a hard reset with it";
}

TEST(Bfd, GracefulKeepsTheRoutes) {
  Lab lab(true);
  lab.net.freeze("r2");
  lab.net.run_for(milliseconds(600));
  EXPECT_NE(lab.net.session("r1", "peer"), SessionState::established);
  EXPECT_FALSE(lab.net.routes("r1", "10.2.0.0/24").empty());
  EXPECT_TRUE(lab.net.protocol("r1", "peer")->session->graceful_restart_active);
}

/// RFC 5882 §4.2: who switches BFD off has not lost the path.
TEST(Bfd, AnAdministratorMayEndIt) {
  Lab lab;
  lab.net.admin("r2", ev::Admin::Verb::disable, "bfd1");
  lab.net.run_for(seconds(1));
  EXPECT_EQ(lab.session("r1").state, "Down");
  EXPECT_EQ(lab.session("r1").remote_state, "AdminDown");
  EXPECT_EQ(lab.net.session("r1", "peer"), SessionState::established);
  lab.net.admin("r2", ev::Admin::Verb::enable, "bfd1");
  lab.net.run_for(seconds(3));
  EXPECT_EQ(lab.session("r1").state, "Up");
}

TEST(Bfd, WorksOverSeveralHops) {
  Lab lab(false, true);
  EXPECT_EQ(lab.session("r1").state, "Up");
  EXPECT_TRUE(lab.session("r1").multihop);
  lab.net.freeze("r2");
  lab.net.run_for(milliseconds(600));
  EXPECT_NE(lab.net.session("r1", "peer"), SessionState::established);
}

TEST(Bfd, NewIntervalsNeedNoNewSession) {
  Lab lab;
  intent::BfdIntent slower;
  intent::BfdInterface item;
  item.interfaces.push_back({false, "eth*", std::nullopt});
  item.options.tx_interval_min = milliseconds(300);
  item.options.multiplier = 3;
  slower.interfaces = {item};
  lab.one.protocols[2] = bfd_protocol(slower);
  lab.net.configure("r1", lab.one);
  lab.net.run_for(seconds(2));
  EXPECT_EQ(lab.session("r1").interval, milliseconds(300));
  EXPECT_EQ(lab.session("r2").timeout, milliseconds(900));
  EXPECT_EQ(lab.session("r1").state, "Up");
  EXPECT_EQ(lab.net.protocol("r1", "peer")->session->flaps, 0U);
}

TEST(Bfd, DatagramsFromFartherAwayAreNotTaken) {
  Lab lab;
  const auto before = lab.session("r1").packets_in;
  bfd::Packet packet;
  packet.state = bfd::State::down;
  packet.multiplier = 3;
  packet.my_discriminator = 77;
  packet.your_discriminator = lab.session("r1").local_discriminator;
  ev::Datagram datagram{
      3784, addr("192.168.1.1"), {addr("192.168.1.2"), 50000, 0}, lab.net.index("r1", "eth0"),
      254,  encode(packet)};
  lab.net.inject("r1", datagram);
  lab.net.run_for(milliseconds(1));
  EXPECT_EQ(lab.session("r1").state, "Up");
  datagram.ttl = 255;
  datagram.remote.addr = addr("192.168.1.3");
  lab.net.inject("r1", datagram);
  lab.net.run_for(milliseconds(1));
  EXPECT_EQ(lab.session("r1").state, "Up");
  EXPECT_LE(lab.session("r1").packets_in, before + 1);
}

TEST(Bfd, StaticRoutesWaitForTheirGateway) {
  Lab lab;
  intent::StaticIntent statics;
  intent::StaticRoute route;
  route.prefix = prefix("10.9.0.0/16");
  route.target = intent::RouteTarget::via;
  intent::StaticNextHop hop;
  hop.via = addr("192.168.1.2");
  hop.bfd = true;
  route.next_hops = {hop};
  statics.routes = {route};
  auto protocol = blackholes("statics", {});
  protocol.body = statics;
  lab.one.protocols.push_back(protocol);
  lab.net.configure("r1", lab.one);
  lab.net.run_for(milliseconds(10));
  EXPECT_FALSE(lab.net.routes("r1", "10.9.0.0/16").empty()) << "the session of the peer is shared";
  EXPECT_EQ(lab.session("r1").requested_by, (std::vector<std::string>{"peer", "statics"}));
  lab.net.freeze("r2");
  lab.net.run_for(milliseconds(600));
  EXPECT_TRUE(lab.net.routes("r1", "10.9.0.0/16").empty());
}

}  // namespace
}  // namespace catflap::bgp::testing
