#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "sim/raw_peer.hpp"

/// What a session is agreed upon and how it ends, seen from the other side.
namespace catflap::bgp::testing {
namespace {

using observe::SessionState;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kPeer = "192.168.1.2";

intent::BgpIntent& body(intent::ProtocolIntent& protocol) {
  return std::get<intent::BgpIntent>(protocol.body);
}

/// r1 (AS 64512) with a passive protocol for a peer by hand at 192.168.1.2, and a route of its own.
struct Lab {
  VirtualNetwork net;
  intent::RouterIntent intent = router(0x01010101);

  explicit Lab(const std::function<void(intent::ProtocolIntent&)>& tune = {}, std::uint32_t peer_as = 64513) {
    net.add_node("r1", 1);
    net.add_node("other", 2);
    net.add_link("r1", "eth0", {"192.168.1.1/24", "fd01::1/64"}, "other", "eth0", {"192.168.1.250/24"});
    auto peer = bgp("peer", 64512, kPeer, peer_as);
    body(peer).passive = true;
    if (tune) {
      tune(peer);
    }
    intent.protocols = {device(), peer, blackholes("own", {"10.1.0.0/24"})};
    net.configure("r1", intent);
    net.run_for(milliseconds(10));
  }
  std::vector<observe::RouteView> routes(const std::string& text) { return net.routes("r1", text); }
};

std::string code_of(const std::optional<wire::Notification>& said) {
  return said ? std::to_string(said->code) + "/" + std::to_string(said->subcode) : "none";
}

TEST(Refresh, AskedForIsFramedAndComplete) {
  Lab lab;
  RawPeer peer(lab.net, "r1", kPeer, "192.168.1.1");
  peer.establish(RawPeer::open(64513, 2));
  ASSERT_TRUE(peer.route("10.1.0.0/24").has_value());
  const std::size_t before = peer.all<wire::Update>().size();
  peer.send(wire::RouteRefresh{wire::kIpv4Unicast, 0});
  const auto frames = peer.all<wire::RouteRefresh>();
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[0].subtype, 1);
  EXPECT_EQ(frames[1].subtype, 2);
  EXPECT_EQ(peer.all<wire::Update>().size(), before + 1);
  // Without the capability of RFC 7313 the routes come alone.
  Lab plain;
  RawPeer old(plain.net, "r1", kPeer, "192.168.1.1");
  wire::Open open = RawPeer::open(64513, 2);
  open.capabilities.enhanced_refresh = false;
  old.establish(open);
  const std::size_t sent = old.all<wire::Update>().size();
  old.send(wire::RouteRefresh{wire::kIpv4Unicast, 0});
  EXPECT_TRUE(old.all<wire::RouteRefresh>().empty());
  EXPECT_EQ(old.all<wire::Update>().size(), sent + 1);
}

TEST(Refresh, OfOthersSweepsWhatIsNotToldAgain) {
  Lab lab;
  RawPeer peer(lab.net, "r1", kPeer, "192.168.1.1");
  peer.establish(RawPeer::open(64513, 2));
  peer.send(announcement("10.2.0.0/24", kPeer, {64513}));
  peer.send(announcement("10.3.0.0/24", kPeer, {64513}));
  peer.send(wire::RouteRefresh{wire::kIpv4Unicast, 1});
  peer.send(announcement("10.3.0.0/24", kPeer, {64513}));
  EXPECT_FALSE(lab.routes("10.2.0.0/24").empty());
  peer.send(wire::RouteRefresh{wire::kIpv4Unicast, 2});
  EXPECT_TRUE(lab.routes("10.2.0.0/24").empty());
  EXPECT_FALSE(lab.routes("10.3.0.0/24").empty());
  // Back to back: everything is withdrawn. An end without a beginning says nothing.
  peer.send(wire::RouteRefresh{wire::kIpv4Unicast, 2});
  EXPECT_FALSE(lab.routes("10.3.0.0/24").empty());
  peer.send(wire::RouteRefresh{wire::kIpv4Unicast, 1});
  peer.send(wire::RouteRefresh{wire::kIpv4Unicast, 2});
  EXPECT_TRUE(lab.routes("10.3.0.0/24").empty());
}

TEST(Refresh, OddOnesAreIgnoredOrRefused) {
  Lab lab;
  RawPeer peer(lab.net, "r1", kPeer, "192.168.1.1");
  peer.establish(RawPeer::open(64513, 2));
  const std::size_t before = peer.received().size();
  peer.send(wire::RouteRefresh{{25, 70}, 0});
  peer.send(wire::RouteRefresh{wire::kIpv6Unicast, 0});  // not agreed upon
  peer.send(wire::RouteRefresh{wire::kIpv4Unicast, 77});
  EXPECT_EQ(peer.received().size(), before);
  ByteSink longer;
  wire::encode(wire::RouteRefresh{wire::kIpv4Unicast, 1}, {}, longer);
  Bytes octets = longer.release();
  octets.push_back(std::byte{0});
  octets[17] = std::byte{24};
  peer.send(octets);
  EXPECT_EQ(code_of(peer.notification()), "7/1");
}

TEST(SendHold, DropsAPeerThatReadsNothing) {
  for (const int configured : {0, 40}) {
    Lab lab([&](intent::ProtocolIntent& peer) {
      body(peer).hold_time = seconds(30);
      if (configured != 0) {
        body(peer).send_hold_time = seconds(configured);
      }
    });
    RawPeer peer(lab.net, "r1", kPeer, "192.168.1.1");
    peer.establish(RawPeer::open(64513, 2, 30));
    lab.net.inject("r1", ev::TcpWritable{1, 0});
    lab.intent.protocols.back() = blackholes("own", {"10.1.0.0/24", "10.9.0.0/24"});
    lab.net.configure("r1", lab.intent);
    const int limit = configured == 0 ? 60 : configured;
    for (int i = 0; i < limit - 10; i += 5) {
      lab.net.run_for(seconds(5));
      peer.send(wire::Keepalive{});
    }
    EXPECT_EQ(lab.net.session("r1", "peer"), SessionState::established);
    for (int i = 0; i < 4; ++i) {
      lab.net.run_for(seconds(5));
      peer.send(wire::Keepalive{});
    }
    EXPECT_EQ(code_of(peer.notification()), "8/0");
  }
}

TEST(Limits, RestartWaitsForItsTimer) {
  Lab lab([](intent::ProtocolIntent& peer) {
    peer.channels[0].import_limit = intent::Limit{1, intent::LimitAction::restart};
    body(peer).limit_restart_time = seconds(60);
  });
  RawPeer peer(lab.net, "r1", kPeer, "192.168.1.1");
  peer.establish(RawPeer::open(64513, 2));
  peer.send(announcement("10.2.0.0/24", kPeer, {64513}));
  EXPECT_EQ(code_of(peer.notification()), "none");
  peer.send(announcement("10.3.0.0/24", kPeer, {64513}));
  EXPECT_EQ(code_of(peer.notification()), "6/1");
  EXPECT_TRUE(lab.routes("10.2.0.0/24").empty());
  lab.net.run_for(seconds(50));
  RawPeer early(lab.net, "r1", kPeer, "192.168.1.1");
  EXPECT_EQ(code_of(early.notification()), "6/5");
  lab.net.run_for(seconds(11));
  RawPeer late(lab.net, "r1", kPeer, "192.168.1.1");
  late.establish(RawPeer::open(64513, 2));
  EXPECT_EQ(lab.net.session("r1", "peer"), SessionState::established);
}

TEST(Limits, AReceiveLimitCountsWhatTheFilterRefuses) {
  Lab lab([](intent::ProtocolIntent& peer) {
    peer.channels[0].import_filter = intent::FilterRef::none();
    peer.channels[0].receive_limit = intent::Limit{2, intent::LimitAction::disable};
  });
  RawPeer peer(lab.net, "r1", kPeer, "192.168.1.1");
  peer.establish(RawPeer::open(64513, 2));
  for (const char* text : {"10.2.0.0/24", "10.3.0.0/24", "10.4.0.0/24"}) {
    EXPECT_EQ(code_of(peer.notification()), "none");
    peer.send(announcement(text, kPeer, {64513}));
  }
  EXPECT_EQ(code_of(peer.notification()), "6/1");
  EXPECT_EQ(lab.net.protocol("r1", "peer")->state, observe::ProtocolState::down);
}

TEST(Roles, AreAnnouncedAndMustFit) {
  const auto outcome = [](std::optional<std::uint8_t> theirs, bool strict) {
    Lab lab([&](intent::ProtocolIntent& peer) {
      body(peer).role = 3;  // customer
      body(peer).require_roles = strict;
    });
    RawPeer peer(lab.net, "r1", kPeer, "192.168.1.1");
    EXPECT_EQ(peer.all<wire::Open>().at(0).capabilities.role, 3);
    wire::Open open = RawPeer::open(64513, 2);
    open.capabilities.role = theirs;
    peer.establish(open);
    return code_of(peer.notification());
  };
  EXPECT_EQ(outcome(0, false), "none");
  EXPECT_EQ(outcome(3, false), "2/11");
  EXPECT_EQ(outcome(std::nullopt, false), "none");
  EXPECT_EQ(outcome(std::nullopt, true), "2/11");
}

TEST(Roles, MarkAndKeepRoutes) {
  Lab lab([](intent::ProtocolIntent& peer) { body(peer).role = 0; });  // provider: the peer is a customer
  RawPeer peer(lab.net, "r1", kPeer, "192.168.1.1");
  peer.establish(RawPeer::open(64513, 2));
  EXPECT_EQ(peer.route("10.1.0.0/24")->otc, 64512U);
  auto leak = announcement("10.2.0.0/24", kPeer, {64513});
  leak.attributes.otc = 64999;
  peer.send(leak);
  peer.send(announcement("10.3.0.0/24", kPeer, {64513}));
  EXPECT_TRUE(lab.routes("10.2.0.0/24").empty());
  EXPECT_FALSE(lab.routes("10.3.0.0/24").empty());
}

TEST(Required, CapabilitiesThatAreMissingAreNamed) {
  Lab lab([](intent::ProtocolIntent& peer) {
    body(peer).require.graceful_restart = true;
    body(peer).require.extended_messages = true;
  });
  RawPeer peer(lab.net, "r1", kPeer, "192.168.1.1");
  wire::Open open = RawPeer::open(64513, 2);
  peer.send(open);
  const auto said = peer.notification();
  EXPECT_EQ(code_of(said), "2/7");
  EXPECT_EQ(to_hex(said->data), "06004000");
}

TEST(MinHoldTime, RefusesShorterOnes) {
  Lab lab([](intent::ProtocolIntent& peer) { body(peer).min_hold_time = seconds(20); });
  RawPeer peer(lab.net, "r1", kPeer, "192.168.1.1");
  peer.send(RawPeer::open(64513, 2, 19));
  EXPECT_EQ(code_of(peer.notification()), "2/6");
}

/// RFC 4271 §6.2 in the order of the fields: what stands before the parameters is judged first.
TEST(OpenChecks, FixedFieldsComeBeforeTheParameters) {
  const struct {
    std::uint16_t as2, hold_time_s;
    std::uint32_t router_id;
    const char* expected;
  } cases[] = {{64513, 90, 2, "2/4"}, {64999, 90, 2, "2/2"}, {0, 1, 0, "2/2"},
               {64513, 2, 2, "2/6"},  {64513, 90, 0, "2/3"}, {23456, 90, 2, "2/4"}};
  for (const auto& [as2, hold_time_s, router_id, expected] : cases) {
    Lab lab;
    RawPeer peer(lab.net, "r1", kPeer, "192.168.1.1");
    ByteSink open;
    open.bytes(*from_hex("ffffffffffffffffffffffffffffffff"));
    open.u16(31);
    open.u8(1);
    open.u8(4);
    open.u16(as2);
    open.u16(hold_time_s);
    open.u32(router_id);
    open.u8(2);
    open.u8(99);  // a parameter that nobody knows
    open.u8(0);
    peer.send(open.view());
    EXPECT_EQ(code_of(peer.notification()), expected) << as2 << " " << hold_time_s << " " << router_id;
  }
}

TEST(DelayOpen, LetsThePeerSpeakFirst) {
  const auto delayed = [](intent::ProtocolIntent& peer) { body(peer).delay_open_time = seconds(5); };
  Lab lab(delayed);
  RawPeer quick(lab.net, "r1", kPeer, "192.168.1.1");
  EXPECT_TRUE(quick.received().empty());
  quick.send(RawPeer::open(64513, 2));
  ASSERT_EQ(quick.received().size(), 2U);
  EXPECT_TRUE(std::holds_alternative<wire::Open>(quick.received()[0]));
  EXPECT_TRUE(std::holds_alternative<wire::Keepalive>(quick.received()[1]));
  quick.send(wire::Keepalive{});
  EXPECT_EQ(lab.net.session("r1", "peer"), SessionState::established);
  Lab other(delayed);
  RawPeer slow(other.net, "r1", kPeer, "192.168.1.1");
  other.net.run_for(milliseconds(4900));
  EXPECT_TRUE(slow.received().empty());
  other.net.run_for(milliseconds(200));
  EXPECT_EQ(slow.all<wire::Open>().size(), 1U);
}

TEST(DisableAfterCease, WaitsForAnAdministrator) {
  Lab lab([](intent::ProtocolIntent& peer) { body(peer).disable_after_cease = intent::kCeaseAll; });
  RawPeer peer(lab.net, "r1", kPeer, "192.168.1.1");
  peer.establish(RawPeer::open(64513, 2));
  peer.send(wire::Notification{6, 2, {}});
  lab.net.run_for(seconds(300));
  RawPeer again(lab.net, "r1", kPeer, "192.168.1.1");
  EXPECT_EQ(code_of(again.notification()), "6/5");
}

TEST(Confederation, ShowsItsIdToTheOutsideOnly) {
  const auto configure = [](bool member) {
    return [member](intent::ProtocolIntent& peer) {
      body(peer).confederation = 100;
      body(peer).confederation_member = member;
    };
  };
  Lab outside(configure(false));
  RawPeer stranger(outside.net, "r1", kPeer, "192.168.1.1");
  stranger.establish(RawPeer::open(64513, 2));
  EXPECT_EQ(stranger.all<wire::Open>().at(0).asn(), 100U);
  EXPECT_EQ(to_string(*stranger.route("10.1.0.0/24")->as_path), "100");
  Lab inside(configure(true));
  RawPeer member(inside.net, "r1", kPeer, "192.168.1.1");
  member.establish(RawPeer::open(64513, 2));
  EXPECT_EQ(member.all<wire::Open>().at(0).asn(), 64512U);
  const auto told = member.route("10.1.0.0/24", true);
  ASSERT_TRUE(told.has_value());
  EXPECT_EQ(to_string(*told->as_path), "(64512)");
  EXPECT_EQ(told->local_pref, 100U);
  wire::Update update = announcement("10.2.0.0/24", kPeer, {});
  update.attributes.as_path->segments = {{net::AsSegmentType::confed_sequence, {64513}}};
  update.attributes.local_pref = 300;
  wire::EncodeContext context;
  context.internal = true;
  member.send(update, context);
  ASSERT_FALSE(inside.routes("10.2.0.0/24").empty());
  EXPECT_EQ(inside.routes("10.2.0.0/24").front().bgp->local_pref, 300U);
  EXPECT_EQ(inside.net.protocol("r1", "peer")->session->malformed.size(), 0U);
}

TEST(GracefulShutdown, GivesLocalPreferenceZero) {
  Lab lab([](intent::ProtocolIntent& peer) { body(peer).graceful_shutdown = true; });
  RawPeer peer(lab.net, "r1", kPeer, "192.168.1.1");
  peer.establish(RawPeer::open(64513, 2));
  auto update = announcement("10.2.0.0/24", kPeer, {64513});
  update.attributes.communities = {net::kGracefulShutdown};
  peer.send(update);
  EXPECT_EQ(lab.routes("10.2.0.0/24").front().bgp->local_pref, 0U);
}

TEST(UnknownWellKnown, ResetsOrWithdrawsAsConfigured) {
  for (const bool resets : {true, false}) {
    Lab lab([&](intent::ProtocolIntent& peer) { body(peer).unknown_well_known_resets = resets; });
    RawPeer peer(lab.net, "r1", kPeer, "192.168.1.1");
    peer.establish(RawPeer::open(64513, 2));
    ByteSink sink;
    wire::encode(announcement("10.2.0.0/24", kPeer, {64513}), {}, sink);
    Bytes octets = sink.release();
    const auto attribute = *from_hex("40c80101");
    const auto nlri = octets.end() - 4;  // 24 10.2.0
    octets.insert(nlri, attribute.begin(), attribute.end());
    octets[17] = static_cast<std::byte>(std::to_integer<int>(octets[17]) + 4);
    octets[22] = static_cast<std::byte>(std::to_integer<int>(octets[22]) + 4);
    peer.send(octets);
    EXPECT_EQ(code_of(peer.notification()), resets ? "3/2" : "none");
    EXPECT_TRUE(lab.routes("10.2.0.0/24").empty());
    const auto kept = lab.net.speaker("r1").malformed("peer");
    ASSERT_EQ(kept->counts.size(), 1U);
    EXPECT_EQ(kept->counts[0].attribute, 200);
    EXPECT_EQ(kept->messages[0].hex, to_hex(octets));
  }
}

TEST(Malformed, KeepsTheLastSixtyFour) {
  Lab lab;
  RawPeer peer(lab.net, "r1", kPeer, "192.168.1.1");
  peer.establish(RawPeer::open(64513, 2));
  for (int i = 0; i < 70; ++i) {
    auto update = announcement("10.2.0.0/24", kPeer, {64513});
    update.attributes.as_path->prepend(0);
    peer.send(update);
  }
  const auto kept = lab.net.speaker("r1").malformed("peer");
  EXPECT_EQ(kept->total, 70U);
  ASSERT_EQ(kept->messages.size(), 64U);
  EXPECT_EQ(kept->messages.front().number, 7U);
  EXPECT_EQ(kept->messages.back().number, 70U);
  ASSERT_EQ(kept->counts.size(), 1U);
  EXPECT_EQ(kept->counts[0].count, 70U);
  EXPECT_EQ(kept->counts[0].name, "AS_PATH");
  EXPECT_FALSE(lab.net.speaker("r1").malformed("nobody"));
  EXPECT_FALSE(lab.net.speaker("r1").malformed("device1"));
}

/// RFC 8654: agreed upon, a table of many prefixes with the same attributes needs fewer messages.
TEST(ExtendedMessages, AreUsedWhereBothHaveThem) {
  std::size_t counts[2] = {};
  for (const bool on : {false, true}) {
    std::vector<std::string> many;
    for (int i = 0; i < 4000; ++i) {
      many.push_back("10." + std::to_string(i / 256) + "." + std::to_string(i % 256) + ".0/24");
    }
    Lab lab([](intent::ProtocolIntent& peer) { body(peer).enable_extended_messages = true; });
    lab.intent.protocols.back() = blackholes("own", many);
    lab.net.configure("r1", lab.intent);
    lab.net.run_for(milliseconds(10));
    RawPeer peer(lab.net, "r1", kPeer, "192.168.1.1");
    wire::Open open = RawPeer::open(64513, 2);
    open.capabilities.extended_message = on;
    peer.establish(open);
    lab.net.run_for(milliseconds(100));
    EXPECT_TRUE(peer.route(many.back()).has_value());
    counts[on ? 1 : 0] = peer.all<wire::Update>().size();
  }
  EXPECT_GE(counts[0], 4U);
  EXPECT_LE(counts[1], 2U);
}

/// `merge paths` with its knobs: three external peers, two of one AS.
TEST(Multipath, KnobsBoundWhatTheKernelGets) {
  const auto next_hops = [](const std::function<void(intent::KernelIntent&)>& tune) {
    VirtualNetwork net;
    net.add_node("r1", 1);
    net.add_node("other", 2);
    net.add_link("r1", "eth0", {"192.168.1.1/24"}, "other", "eth0", {"192.168.1.250/24"});
    intent::RouterIntent intent = router(1);
    auto to_kernel = kernel();
    auto& options = std::get<intent::KernelIntent>(to_kernel.body);
    options.merge_paths = true;
    tune(options);
    intent.protocols = {device(), to_kernel};
    const std::pair<const char*, std::uint32_t> peers[] = {
        {"192.168.1.2", 64513}, {"192.168.1.3", 64513}, {"192.168.1.4", 64514}};
    for (const auto& [address, asn] : peers) {
      auto peer = bgp(std::string("p") + address, 64512, address, asn);
      body(peer).passive = true;
      intent.protocols.push_back(peer);
    }
    net.configure("r1", intent);
    net.run_for(milliseconds(10));
    std::vector<std::unique_ptr<RawPeer>> by_hand;
    std::uint32_t id = 2;
    for (const auto& [address, asn] : peers) {
      by_hand.push_back(std::make_unique<RawPeer>(net, "r1", address, "192.168.1.1"));
      by_hand.back()->establish(RawPeer::open(asn, id++));
      by_hand.back()->send(announcement("10.2.0.0/24", address, {asn}));
    }
    net.run_for(milliseconds(10));
    return net.fib("r1").at(prefix("10.2.0.0/24")).next_hops.size();
  };
  EXPECT_EQ(next_hops([](intent::KernelIntent&) {}), 3U);
  EXPECT_EQ(next_hops([](intent::KernelIntent& kernel) { kernel.as_path_relax = false; }), 2U);
  EXPECT_EQ(next_hops([](intent::KernelIntent& kernel) { kernel.max_paths_external = 2; }), 2U);
  EXPECT_EQ(next_hops([](intent::KernelIntent& kernel) { kernel.max_paths_external = 1; }), 1U);
  EXPECT_EQ(next_hops([](intent::KernelIntent& kernel) { kernel.max_paths_internal = 1; }), 3U);
}

}  // namespace
}  // namespace catflap::bgp::testing
