#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bgp/wire/codec.hpp"
#include "birdlang/birdlang.hpp"
#include "sim/testing.hpp"
#include "trace/bmp.hpp"

namespace catflap::bgp::testing {
namespace {

using namespace std::chrono_literals;
using trace::bmp::Message;
namespace bmp = trace::bmp;

intent::RouterIntent parsed(const std::string& text) {
  auto result = birdlang::parse(text, "test", {});
  EXPECT_TRUE(result) << (result ? "" : to_string(result.error()));
  return std::move(*result);
}

constexpr const char* kR1 =
    "router id 10.0.0.1;\n"
    "protocol device {}\n"
    "protocol bmp watch { station address ip 192.168.9.9 port 1790; monitoring rib in pre_policy on; "
    "monitoring rib in "
    "post_policy on; monitoring rib local on; system name \"r1\"; }\n"
    "protocol bgp to_r2 { local 192.168.1.1 as 65001; neighbor 192.168.1.2 as 65002; connect delay time 1; "
    "hold time 30;\n"
    "  ipv4 { import filter { if net = 10.2.2.0/24 then reject; bgp_local_pref = 77; accept; }; export none; "
    "}; }\n";
constexpr const char* kR2 =
    "router id 10.0.0.2;\n"
    "protocol device {}\n"
    "protocol static nets { ipv4; route 10.2.1.0/24 blackhole; route 10.2.2.0/24 blackhole; }\n"
    "protocol bgp to_r1 { local 192.168.1.2 as 65002; neighbor 192.168.1.1 as 65001; connect delay time 1; "
    "hold time 30;\n"
    "  ipv4 { import none; export all; }; }\n";

/// Two routers; the test is the station, which it plays at the boundary of r1.
class Monitored : public ::testing::Test {
 protected:
  void SetUp() override {
    net.add_node("r1", 1);
    net.add_node("r2", 2);
    net.add_link("r1", "eth0", {"192.168.1.1/24"}, "r2", "eth0", {"192.168.1.2/24"});
    net.play(addr("192.168.9.9"));
    net.configure("r1", parsed(kR1));
    net.configure("r2", parsed(kR2));
  }
  /// Accepts the dial that r1 made last.
  void accept() {
    for (const Action& action : net.drain_log("r1")) {
      if (const auto* dial = std::get_if<act::TcpConnect>(&action);
          dial != nullptr && dial->remote.port == 1790) {
        conn = dial->conn;
      }
    }
    ASSERT_NE(conn, 0U);
    reader = {};
    net.answer_dial("r1", conn);
    net.run_for(2s);
  }
  /// What came since the last call.
  std::vector<Message> received() {
    std::vector<Message> messages;
    for (const Action& action : net.drain_log("r1")) {
      if (const auto* send = std::get_if<act::TcpSend>(&action); send != nullptr && send->conn == conn) {
        reader.push(*send->bytes);
      }
    }
    while (true) {
      auto message = reader.next();
      EXPECT_TRUE(message) << message.error().message;
      if (!message || !*message) {
        return messages;
      }
      messages.push_back(std::move(**message));
    }
  }
  /// "+10.2.1.0/24 pref 77 post" and such, of the route monitoring among `messages`.
  static std::vector<std::string> lines(const std::vector<Message>& messages) {
    std::vector<std::string> out;
    for (const Message& message : messages) {
      const auto* monitoring = std::get_if<bmp::RouteMonitoring>(&message);
      if (monitoring == nullptr) {
        continue;
      }
      wire::DecodeContext context;
      context.as4 = true;
      context.internal = monitoring->peer.post_policy || monitoring->peer.loc_rib;  // with LOCAL_PREF
      context.families = {wire::kIpv4Unicast, wire::kIpv6Unicast};
      const auto decoded = wire::decode(monitoring->update, context);
      EXPECT_TRUE(decoded);
      const auto& update = std::get<wire::Update>(*decoded);
      const std::string where = monitoring->peer.loc_rib       ? " local"
                                : monitoring->peer.post_policy ? " post"
                                                               : " pre";
      for (const wire::Nlri& nlri : update.withdrawn) {
        out.push_back("-" + net::to_string(nlri.prefix) + where);
      }
      for (const wire::Nlri& nlri : update.announced) {
        const auto& pref = update.attributes.local_pref;
        out.push_back("+" + net::to_string(nlri.prefix) + (pref ? " pref " + std::to_string(*pref) : "") +
                      where);
      }
    }
    return out;
  }

  VirtualNetwork net;
  ConnId conn = 0;
  bmp::Reader reader;
};

TEST_F(Monitored, AStationFromTheStartHearsEverything) {
  net.run_for(1ms);
  accept();
  net.run_for(10s);
  const std::vector<Message> messages = received();
  ASSERT_GE(messages.size(), 3U);
  EXPECT_EQ(std::get<bmp::Initiation>(messages[0]).system_name, "r1");
  EXPECT_TRUE(std::get<bmp::PeerUp>(messages[1]).peer.loc_rib);
  const bmp::PeerUp* up = nullptr;
  for (const Message& message : messages) {
    if (const auto* found = std::get_if<bmp::PeerUp>(&message); found != nullptr && !found->peer.loc_rib) {
      EXPECT_EQ(up, nullptr) << "told twice";
      up = found;
    }
  }
  ASSERT_NE(up, nullptr);
  EXPECT_EQ(net::to_string(up->peer.address), "192.168.1.2");
  EXPECT_EQ(up->peer.asn, 65002U);
  EXPECT_EQ(net::router_id_to_string(up->peer.id), "10.0.0.2");
  EXPECT_EQ(net::to_string(up->local), "192.168.1.1");
  const auto sent = wire::decode(up->sent_open, {});
  const auto got = wire::decode(up->received_open, {});
  EXPECT_EQ(std::get<wire::Open>(*sent).asn(), 65001U);
  EXPECT_EQ(std::get<wire::Open>(*got).asn(), 65002U);
  EXPECT_THAT(lines(messages), ::testing::UnorderedElementsAre(
                                   "+10.2.1.0/24 pre", "+10.2.2.0/24 pre", "+10.2.1.0/24 pref 77 post",
                                   "-10.2.2.0/24 post", "+10.2.1.0/24 pref 77 local"));
}

TEST_F(Monitored, AStationThatComesLaterHearsWhatIsThere) {
  net.run_for(10s);
  accept();
  EXPECT_THAT(lines(received()),
              ::testing::UnorderedElementsAre("+10.2.1.0/24 pref 77 local", "+10.2.1.0/24 pref 77 post",
                                              "+10.2.1.0/24 pre", "+10.2.2.0/24 pre"));
}

TEST_F(Monitored, ChangesAndTheEndOfASessionAreTold) {
  net.run_for(10s);
  accept();
  (void)received();
  intent::RouterIntent changed =
      parsed(std::string(kR2) + "protocol static more { ipv4; route 10.2.3.0/24 blackhole; }\n");
  net.configure("r2", changed);
  net.run_for(1s);
  EXPECT_THAT(lines(received()),
              ::testing::UnorderedElementsAre("+10.2.3.0/24 pre", "+10.2.3.0/24 pref 77 post",
                                              "+10.2.3.0/24 pref 77 local"));
  net.admin("r2", ev::Admin::Verb::disable, "to_r1", "gone");
  net.run_for(1s);
  const std::vector<Message> messages = received();
  bool down = false;
  for (const Message& message : messages) {
    if (const auto* told = std::get_if<bmp::PeerDown>(&message)) {
      down = true;
      EXPECT_EQ(told->reason, 3) << "a NOTIFICATION of the peer";
      const auto notification = wire::decode(told->data, {});
      EXPECT_EQ(std::get<wire::Notification>(*notification).code, 6);
    }
  }
  EXPECT_TRUE(down);
  EXPECT_THAT(lines(messages), ::testing::UnorderedElementsAre("-10.2.1.0/24 local", "-10.2.3.0/24 local"));
}

TEST_F(Monitored, StatisticsComeEveryMinute) {
  net.run_for(10s);
  accept();
  (void)received();
  net.run_for(61s);
  std::vector<std::pair<std::uint16_t, std::uint64_t>> values;
  for (const Message& message : received()) {
    if (const auto* statistics = std::get_if<bmp::Statistics>(&message)) {
      values = statistics->values;
    }
  }
  EXPECT_THAT(values, ::testing::ElementsAre(std::pair<std::uint16_t, std::uint64_t>(7, 1)));
}

TEST_F(Monitored, ALostStationIsDialledAgain) {
  net.run_for(1s);
  accept();
  const ConnId before = conn;
  (void)received();
  net.inject("r1", ev::TcpClosed{conn, {104, false, "Connection reset by peer"}});
  net.run_for(6s);
  accept();
  EXPECT_NE(conn, before);
  EXPECT_FALSE(received().empty());
  net.admin("r1", ev::Admin::Verb::disable, "watch");
  net.run_for(1s);
  const std::vector<Message> last = received();
  ASSERT_FALSE(last.empty());
  EXPECT_TRUE(std::holds_alternative<bmp::Termination>(last.back()));
}

}  // namespace
}  // namespace catflap::bgp::testing
