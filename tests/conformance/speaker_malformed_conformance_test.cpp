// The whole speaker against malformed messages: what the RFCs demand must be what an observer, another peer,
// sees.
#include <algorithm>
#include <set>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sample_data.hpp"
#include "sim/raw_peer.hpp"

namespace catflap::bgp::testing {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr const char* kDevice = "10.79.0.2";
constexpr const char* kExternal = "10.79.1.1";
constexpr const char* kInternal = "10.79.2.1";
constexpr const char* kObserver = "10.79.0.3";
constexpr const char* kSentinel = "198.51.100.0/24";

intent::ProtocolIntent peer_of(const std::string& name, const std::string& address, std::uint32_t asn) {
  intent::ProtocolIntent protocol = bgp(name, 64512, address, asn);
  auto& body = std::get<intent::BgpIntent>(protocol.body);
  body.passive = true;
  body.enforce_first_as = true;
  body.multihop = false;
  intent::ChannelIntent six = protocol.channels.front();
  six.family = net::Family::ipv6;
  six.table = "master6";
  protocol.channels.push_back(six);
  for (intent::ChannelIntent& channel : protocol.channels) {
    channel.bgp.next_hop_self = intent::NextHopSelf::on;
  }
  return protocol;
}

/// The device under test with a sender and an observer, as in section 7 of the specification.
struct Lab {
  VirtualNetwork net;

  Lab() {
    net.add_node("dut", 1);
    net.add_node("side", 2);
    net.add_link("dut", "eth0", {"10.79.0.2/16", "fd79::2/64"}, "side", "eth0",
                 {"10.79.9.9/16", "fd79::9/64"});
    intent::RouterIntent intent = router(0x0A4F0002);
    intent.protocols = {device(), peer_of("ebgp", kExternal, 65001), peer_of("ibgp", kInternal, 64512),
                        peer_of("observer", kObserver, 65003)};
    net.configure("dut", intent);
    net.run_for(milliseconds(10));
  }
};

std::string told_of(const wire::Notification& notification) {
  return fmt::format("reset {}/{}", notification.code, notification.subcode);
}

wire::Update valid(const std::string& subject, bool internal) {
  wire::Update update = announcement(subject, internal ? kInternal : kExternal, {});
  if (internal) {
    update.attributes.local_pref = 100;
  } else {
    update.attributes.as_path->prepend(65001);
  }
  if (update.announced.front().prefix.family() == net::Family::ipv6) {
    update.attributes.next_hop = addr("fd79::1");
  }
  return update;
}

bool marked(const wire::Attributes& attributes, std::uint32_t id) {
  const auto& communities = attributes.communities;
  const net::Community mark = (65001U << 16U) | id;
  return std::find(communities.begin(), communities.end(), mark) != communities.end();
}

/// The reaction in the words of the data, as sender and observer saw it.
std::string reaction(Lab& lab, RawPeer& sender, RawPeer& observer, const json& sample) {
  const bool internal = sample.at("peer") == "ibgp";
  const std::string subject = sample.at("family") == "ipv6" ? "2001:db8:1::/48" : "203.0.113.0/24";
  wire::EncodeContext context;
  context.internal = internal;
  sender.send(valid(subject, internal), context);
  if (!observer.route(subject)) {
    return "the observer did not see the valid route";
  }
  const std::size_t before = observer.all<wire::Update>().size();
  sender.send(*from_hex(sample.at("hex").get<std::string>()));
  sender.send(valid(kSentinel, internal), context);
  lab.net.run_for(milliseconds(50));
  if (const auto said = sender.notification()) {
    return observer.route(subject) ? "a reset that left the route" : told_of(*said);
  }
  if (sender.closed()) {
    return "close";
  }
  if (!observer.route(kSentinel)) {
    return "the session is dead";
  }
  const auto now = observer.route(subject);
  if (!now) {
    return "withdraw";
  }
  std::size_t about_subject = 0;
  const auto updates = observer.all<wire::Update>();
  for (std::size_t i = before; i < updates.size(); ++i) {
    about_subject += static_cast<std::size_t>(
        std::count_if(updates[i].announced.begin(), updates[i].announced.end(),
                      [&](const wire::Nlri& nlri) { return nlri.prefix == prefix(subject); }));
  }
  return marked(*now, sample.at("id")) ? "accept" : about_subject > 0 ? "accept, community lost" : "ignore";
}

bool satisfies(const std::string& verdict, const std::string& demand) {
  return verdict == demand || (demand == "reset" && verdict.rfind("reset ", 0) == 0) ||
         (demand == "discard" && verdict.rfind("accept", 0) == 0) ||
         (demand == "disable family" && verdict.rfind("reset ", 0) == 0);
}

TEST(LiveSpeaker, ReactsToEveryMalformedMessageAsTheRfcsDemand) {
  CATFLAP_LOAD_OR_SKIP(data, "bgp/malformed.json");
  // Well formed on the wire: what is wrong with these, a table has to find.
  const std::set<std::string> semantic{
      "aspath-own-as-loop",  "nexthop-127.0.0.1",  "nexthop-240.0.0.1",     "nexthop-10.79.0.2",
      "nexthop-8.8.8.8",     "nexthop-0.0.0.0",    "clusterlist-self-ibgp", "mpreach-nh-linklocal-only",
      "mpreach-nh-v4mapped", "open-in-established"};
  std::size_t right = 0;
  std::size_t all = 0;
  for (const json& sample : data.at("cases")) {
    const std::string name = sample.at("name");
    SCOPED_TRACE(fmt::format("{} {} {}", sample.at("id").dump(), name, sample.at("peer").get<std::string>()));
    const bool internal = sample.at("peer") == "ibgp";
    Lab lab;
    RawPeer observer(lab.net, "dut", kObserver, kDevice);
    observer.establish(RawPeer::open(65003, 0x0A4F0003));
    RawPeer sender(lab.net, "dut", internal ? kInternal : kExternal, kDevice);
    sender.establish(RawPeer::open(internal ? 64512 : 65001, internal ? 0x0A4F0201 : 0x0A4F0101));
    const std::string found = reaction(lab, sender, observer, sample);
    const auto demands = sample.at("demand").get<std::vector<std::string>>();
    const bool fits = std::any_of(demands.begin(), demands.end(),
                                  [&](const std::string& demand) { return satisfies(found, demand); });
    EXPECT_TRUE(fits) << found << ", demanded " << sample.at("demand").dump();
    ++all;
    right += fits ? 1 : 0;
    const auto kept = lab.net.speaker("dut").malformed(internal ? "ibgp" : "ebgp");
    ASSERT_TRUE(kept.has_value());
    if (found == "withdraw" && semantic.count(name) == 0) {
      EXPECT_EQ(kept->messages.size(), 1U);
      EXPECT_EQ(kept->messages.empty() ? "" : kept->messages[0].hex, sample.at("hex").get<std::string>());
      EXPECT_FALSE(kept->counts.empty());
    }
    if (demands == std::vector<std::string>{"discard"} && !kept->counts.empty() &&
        kept->counts.front().attribute != 0) {
      EXPECT_EQ(kept->counts.front().action, observe::MalformedAction::attribute_discard);
    }
  }
  RecordProperty("right", static_cast<int>(right));
  EXPECT_EQ(right, all);
}

TEST(LiveSpeaker, ReactsToEveryMalformedOpenAsTheRfcsDemand) {
  CATFLAP_LOAD_OR_SKIP(data, "bgp/malformed_open.json");
  for (const json& sample : data.at("cases")) {
    SCOPED_TRACE(sample.at("id").get<std::string>());
    Lab lab;
    RawPeer peer(lab.net, "dut", kExternal, kDevice);
    peer.send(*from_hex(sample.at("hex").get<std::string>()));
    if (!peer.all<wire::Keepalive>().empty() && !peer.closed()) {
      peer.send(wire::Keepalive{});
    }
    lab.net.run_for(milliseconds(2200));
    std::string found = "none";
    if (const auto said = peer.notification()) {
      found = told_of(*said);
    } else if (lab.net.session("dut", "ebgp") == observe::SessionState::established) {
      found = "established";
    } else if (peer.closed()) {
      found = "close";
    }
    const auto demands = sample.at("demand").get<std::vector<std::string>>();
    EXPECT_TRUE(std::any_of(demands.begin(), demands.end(),
                            [&](const std::string& demand) { return satisfies(found, demand); }))
        << found << ", demanded " << sample.at("demand").dump();
  }
}

}  // namespace
}  // namespace catflap::bgp::testing
