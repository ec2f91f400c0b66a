#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "bgp/bfd/session.hpp"

namespace catflap::bgp::bfd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Packet packet(State state, std::uint32_t mine, std::uint32_t yours) {
  Packet result;
  result.state = state;
  result.multiplier = 3;
  result.my_discriminator = mine;
  result.your_discriminator = yours;
  result.desired_tx_us = 100'000;
  result.required_rx_us = 100'000;
  return result;
}

TEST(BfdPacket, GoesBothWays) {
  Packet full = packet(State::up, 0x01020304, 0xA0B0C0D0);
  full.diagnostic = Diagnostic::neighbor_down;
  full.poll = full.demand = full.control_plane_independent = true;
  EXPECT_EQ(to_hex(encode(full)), "23ea031801020304a0b0c0d0000186a0000186a000000000");
  EXPECT_EQ(*decode(encode(full)), full);
  full.password = "secret";
  full.authenticated = true;
  EXPECT_EQ(to_hex(encode(full)),
            "23ee032101020304a0b0c0d0000186a0000186a000000000"
            "010901736563726574");
  EXPECT_EQ(*decode(encode(full)), full);
  EXPECT_EQ(to_string(Diagnostic::detection_time_expired), "Control Detection Time Expired");
  EXPECT_EQ(to_string(static_cast<Diagnostic>(17)), "diagnostic 17");
}

TEST(BfdDigest, IsThatOfTheRfcs) {
  const struct {
    std::string text;
    const char* md5;
    const char* sha1;
  } cases[] = {
      {"", "d41d8cd98f00b204e9800998ecf8427e", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
      {"abc", "900150983cd24fb0d6963f7d28e17f72", "a9993e364706816aba3e25717850c26c9cd0d89d"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "8215ef0796a20bcaaae116d3876c664a",
       "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
      {std::string(119, 'x'), "ab347a5f68c8a443cfcddc633f12c24f", "4300320394f7ee239bcdce7d3b8bcee173a0cd5c"},
  };
  for (const auto& [text, md5_hex, sha1_hex] : cases) {
    EXPECT_EQ(to_hex(md5(as_bytes(text))), md5_hex) << text;
    EXPECT_EQ(to_hex(sha1(as_bytes(text))), sha1_hex) << text;
  }
}

const Authentication kKeyed[] = {Authentication::keyed_md5, Authentication::meticulous_keyed_md5,
                                 Authentication::keyed_sha1, Authentication::meticulous_keyed_sha1};

TEST(BfdPacket, IsSigned) {
  const Packet sent = packet(State::up, 1, 2);
  for (const Authentication kind : kKeyed) {
    const Bytes octets = encode_signed(sent, kind, "secret", 0x01020304);
    EXPECT_EQ(
        to_hex(BytesView(octets).subspan(24, 8)),
        (kind <= Authentication::meticulous_keyed_md5 ? "0" + std::to_string(static_cast<int>(kind)) + "18"
                                                      : "0" + std::to_string(static_cast<int>(kind)) + "1c") +
            "010001020304");
    const auto heard = decode(octets);
    ASSERT_TRUE(heard && heard->signature && heard->authenticated);
    EXPECT_EQ(heard->signature->kind, kind);
    EXPECT_EQ(heard->signature->sequence, 0x01020304U);
    EXPECT_TRUE(verify(*heard->signature, "secret"));
    EXPECT_FALSE(verify(*heard->signature, "Secret"));
    for (std::size_t at :
         {std::size_t{8}, std::size_t{29}, octets.size() - 1}) {  // discriminator, number, digest
      Bytes changed = octets;
      changed[at] ^= std::byte{1};
      const auto wrong = decode(changed);
      ASSERT_TRUE(wrong && wrong->signature);
      EXPECT_FALSE(verify(*wrong->signature, "secret")) << at;
    }
    Bytes cut(octets.begin(), octets.end() - 1);
    for (const std::size_t at : {3U, 25U}) {  // both length fields
      cut[at] = static_cast<std::byte>(std::to_integer<unsigned>(cut[at]) - 1);
    }
    EXPECT_FALSE(decode(cut)) << "a digest of a wrong length";
  }
}

/// RFC 5880 §6.8.6: what is dropped before a session is looked for.
TEST(BfdPacket, IsDroppedWhereTheRfcSaysSo) {
  const struct {
    const char* why;
    const char* hex;
  } cases[] = {
      {"too short", "2040031800000001000000000000000000000000000000"},
      {"version 0", "004003180000000100000000000186a0000186a000000000"},
      {"length of 23", "204003170000000100000000000186a0000186a000000000"},
      {"length beyond the end", "204003190000000100000000000186a0000186a000000000"},
      {"authentication without room", "204403180000000100000000000186a0000186a000000000"},
      {"multiplier 0", "204000180000000100000000000186a0000186a000000000"},
      {"multipoint", "204103180000000100000000000186a0000186a000000000"},
      {"own discriminator 0", "204003180000000000000000000186a0000186a000000000"},
      {"Up for no session", "20c003180000000100000000000186a0000186a000000000"},
      {"section cut off", "2044031a0000000100000000000186a0000186a0000000000109"},
      {"password of no octets", "2044031b0000000100000000000186a0000186a000000000010301"},
  };
  for (const auto& [why, hex] : cases) {
    EXPECT_FALSE(decode(*from_hex(hex))) << why;
  }
  EXPECT_TRUE(decode(*from_hex("204003180000000100000000000186a0000186a000000000")));
  // Octets behind the length are no part of the packet.
  EXPECT_TRUE(decode(*from_hex("204003180000000100000000000186a0000186a000000000ffff")));
}

/// Two sessions and a wire between them, in virtual time.
class Pair {
 public:
  explicit Pair(SessionConfig a = {}, SessionConfig b = {}) : a_(side(a, 1)), b_(side(b, 2)) {}

  void run_for(Duration span) {
    const Instant end = now_ + span;
    while (true) {
      const Instant wire = wire_.empty() ? Instant::never() : wire_.front().at;
      const Instant next = std::min({wire, a_.deadline(), b_.deadline()});
      if (next > end) {
        break;
      }
      now_ = std::max(now_, next);
      Outputs from_a, from_b;
      if (wire == next) {
        const OnWire arrived = wire_.front();
        wire_.pop_front();
        const auto decoded = decode(arrived.bytes);
        ASSERT_TRUE(decoded) << decoded.error();
        arrived.to_b ? b_.receive(now_, *decoded, from_b) : a_.receive(now_, *decoded, from_a);
      } else {
        a_.run(now_, from_a);
        b_.run(now_, from_b);
      }
      take(from_a, true);
      take(from_b, false);
    }
    now_ = end;
  }
  void take(const Outputs& outputs, bool from_a) {
    for (const Bytes& bytes : outputs.packets) {
      (from_a ? sent_a : sent_b).push_back(*decode(bytes));
      if (!cut) {
        wire_.push_back({now_ + milliseconds(1), from_a, bytes});
      }
    }
    for (const Outputs::Change& change : outputs.changes) {
      (from_a ? changes_a : changes_b) += std::string(to_string(change.to)) + " ";
    }
  }
  Session& a() { return a_; }
  Session& b() { return b_; }
  Instant now() const { return now_; }

  bool cut = false;
  std::vector<Packet> sent_a, sent_b;
  std::string changes_a, changes_b;

 private:
  struct OnWire {
    Instant at;
    bool to_b = false;
    Bytes bytes;
  };
  Session side(SessionConfig config, std::uint32_t discriminator) {
    config.discriminator = discriminator;
    return Session(config, discriminator, now_);
  }
  Instant now_{seconds(100)};
  Session a_, b_;
  std::deque<OnWire> wire_;
};

TEST(BfdSession, ComesUpAtOnceAndSpeedsUp) {
  Pair pair;
  pair.run_for(milliseconds(20));
  EXPECT_EQ(pair.a().state(), State::up);
  EXPECT_EQ(pair.b().state(), State::up);
  EXPECT_EQ(pair.changes_a.substr(pair.changes_a.size() - 3), "Up ");
  pair.run_for(seconds(5));
  // RFC 5880 §6.8.3: the new interval is agreed by a poll sequence, which both have answered.
  EXPECT_EQ(pair.a().tx_interval(), milliseconds(100));
  EXPECT_EQ(pair.a().detection_time(), milliseconds(500));
  const bool polled =
      std::any_of(pair.sent_a.begin(), pair.sent_a.end(), [](const Packet& p) { return p.poll; });
  const bool answered =
      std::any_of(pair.sent_b.begin(), pair.sent_b.end(), [](const Packet& p) { return p.final_; });
  EXPECT_TRUE(polled && answered);
  EXPECT_FALSE(pair.sent_a.back().poll);
  const std::size_t before = pair.sent_a.size();
  pair.run_for(seconds(10));
  const std::size_t sent = pair.sent_a.size() - before;
  EXPECT_GE(sent, 100U);
  EXPECT_LE(sent, 134U);  // 75 to 100 ms apart
}

TEST(BfdSession, SlowsDownToOnePacketASecondWhileAlone) {
  Pair pair;
  pair.cut = true;
  pair.run_for(seconds(60));
  EXPECT_EQ(pair.a().state(), State::down);
  EXPECT_GE(pair.sent_a.size(), 60U);
  EXPECT_LE(pair.sent_a.size(), 81U);
  EXPECT_EQ(pair.a().detection_time(), Duration{0});
}

TEST(BfdSession, ExpiresAndComesBack) {
  Pair pair;
  pair.run_for(seconds(2));
  pair.cut = true;
  pair.changes_a.clear();
  pair.run_for(milliseconds(399));
  EXPECT_EQ(pair.a().state(), State::up);
  pair.run_for(milliseconds(110));
  EXPECT_EQ(pair.changes_a, "Down ");
  EXPECT_EQ(pair.a().diagnostic(), Diagnostic::detection_time_expired);
  EXPECT_EQ(pair.a().remote_discriminator(), 0U);
  pair.cut = false;
  pair.run_for(seconds(3));
  EXPECT_EQ(pair.a().state(), State::up);
  EXPECT_EQ(pair.b().state(), State::up);
}

TEST(BfdSession, TellsWhenAnAdministratorEndsIt) {
  Pair pair;
  pair.run_for(seconds(2));
  Outputs out;
  pair.a().shut_down(pair.now(), out);
  ASSERT_EQ(out.packets.size(), 1U);
  Outputs there;
  pair.b().receive(pair.now(), *decode(out.packets[0]), there);
  ASSERT_EQ(there.changes.size(), 1U);
  EXPECT_EQ(there.changes[0].to, State::down);
  EXPECT_TRUE(there.changes[0].remote_admin_down);
  EXPECT_EQ(pair.b().diagnostic(), Diagnostic::neighbor_down);
  EXPECT_TRUE(pair.a().deadline().is_never());
}

TEST(BfdSession, OfAPassiveSideWaitsForTheOther) {
  SessionConfig passive;
  passive.passive = true;
  Pair both(passive, passive);
  both.run_for(seconds(10));
  EXPECT_TRUE(both.sent_a.empty() && both.sent_b.empty());
  Pair one(passive, {});
  one.run_for(seconds(2));
  EXPECT_EQ(one.a().state(), State::up);
}

TEST(BfdSession, TakesTheSlowerOfBothIntervals) {
  SessionConfig slow;
  slow.tx_interval_min = milliseconds(50);
  slow.rx_interval_min = milliseconds(400);
  slow.multiplier = 2;
  Pair pair({}, slow);
  pair.run_for(seconds(10));
  EXPECT_EQ(pair.a().tx_interval(), milliseconds(400));
  EXPECT_EQ(pair.b().tx_interval(), milliseconds(50));
  EXPECT_EQ(pair.a().detection_time(), milliseconds(100));
  EXPECT_EQ(pair.b().detection_time(), milliseconds(2000));
}

TEST(BfdSession, KeepsTheOldPaceUntilALongerOneIsAgreed) {
  Pair pair;
  pair.run_for(seconds(5));
  SessionConfig longer;
  longer.discriminator = 1;
  longer.tx_interval_min = seconds(1);
  pair.cut = true;
  Outputs out;
  pair.a().reconfigure(pair.now(), longer, out);
  ASSERT_FALSE(out.packets.empty());
  EXPECT_TRUE(decode(out.packets[0])->poll);
  EXPECT_EQ(pair.a().tx_interval(), milliseconds(100)) << "the other side does not know yet";
  Packet answer = packet(State::up, 2, 1);
  answer.final_ = true;
  Outputs none;
  pair.a().receive(pair.now(), answer, none);
  EXPECT_EQ(pair.a().tx_interval(), seconds(1));
}

TEST(BfdSession, WithAPasswordTakesNothingElse) {
  SessionConfig secret;
  secret.password = "secret";
  Pair right(secret, secret);
  right.run_for(seconds(2));
  EXPECT_EQ(right.a().state(), State::up);
  SessionConfig other;
  other.password = "other";
  for (const SessionConfig& config : {other, SessionConfig{}}) {
    Pair wrong(secret, config);
    wrong.run_for(seconds(5));
    EXPECT_EQ(wrong.a().state(), State::down);
    EXPECT_EQ(wrong.b().state(), State::down);
  }
}

SessionConfig with_key(Authentication kind, const char* password = "secret") {
  SessionConfig config;
  config.password = password;
  config.authentication = kind;
  return config;
}

TEST(BfdSession, WithAKeyTakesNothingElse) {
  for (const Authentication kind : kKeyed) {
    Pair right(with_key(kind), with_key(kind));
    right.run_for(seconds(30));  // numbers grow
    EXPECT_EQ(right.a().state(), State::up);
    EXPECT_EQ(right.b().state(), State::up);
    const Authentication other =
        kind == Authentication::keyed_md5 ? Authentication::keyed_sha1 : Authentication::keyed_md5;
    for (const SessionConfig& config :
         {with_key(kind, "other"), with_key(other), with_key(Authentication::simple), SessionConfig{}}) {
      Pair wrong(with_key(kind), config);
      wrong.run_for(seconds(5));
      EXPECT_EQ(wrong.a().state(), State::down);
      EXPECT_EQ(wrong.b().state(), State::down);
    }
  }
}

/// RFC 5880 §6.7.3 and §6.7.4: what was heard before, or is far ahead, is dropped; after twice the detection
/// time any number is a new beginning.
TEST(BfdSession, WithAKeyDropsWhatIsRepeated) {
  for (const Authentication kind : kKeyed) {
    const Instant start(seconds(1));
    Session session(with_key(kind), 1, start);
    const auto takes = [&](Instant now, std::uint32_t sequence) {
      const auto heard = decode(encode_signed(packet(State::down, 7, 0), kind, "secret", sequence));
      const auto before = session.packets_in();
      Outputs out;
      session.receive(now, *heard, out);
      return session.packets_in() != before;
    };
    EXPECT_TRUE(takes(start, 0xFFFFFFFE));
    EXPECT_EQ(takes(start, 0xFFFFFFFE), !is_meticulous(kind));
    EXPECT_TRUE(takes(start, 2)) << "numbers go round";
    EXPECT_FALSE(takes(start, 1)) << "a repeated one";
    EXPECT_FALSE(takes(start, 18)) << "three times the multiplier of 5 ahead, and one more";
    EXPECT_TRUE(takes(start, 17));
    EXPECT_FALSE(takes(start + session.detection_time(), 1));
    EXPECT_TRUE(takes(start + 2 * session.detection_time(), 1));
  }
}

/// RFC 5880 §6.8.6, the table at its end: every state with every state of the other side.
TEST(BfdSession, HasEveryTransition) {
  const auto reach = [](State state, Outputs& out) {
    SessionConfig config;
    Session session(config, 1, Instant(seconds(1)));
    if (state != State::down) {
      session.receive(Instant(seconds(1)), packet(State::down, 7, 1), out);
    }
    if (state == State::up) {
      session.receive(Instant(seconds(1)), packet(State::init, 7, 1), out);
    }
    out = {};
    return session;
  };
  const struct {
    State from, heard, to;
  } cases[] = {
      {State::down, State::admin_down, State::down}, {State::down, State::down, State::init},
      {State::down, State::init, State::up},         {State::down, State::up, State::down},
      {State::init, State::admin_down, State::down}, {State::init, State::down, State::init},
      {State::init, State::init, State::up},         {State::init, State::up, State::up},
      {State::up, State::admin_down, State::down},   {State::up, State::down, State::down},
      {State::up, State::init, State::up},           {State::up, State::up, State::up},
  };
  for (const auto& [from, heard, to] : cases) {
    Outputs out;
    Session session = reach(from, out);
    ASSERT_EQ(session.state(), from);
    session.receive(Instant(seconds(2)), packet(heard, 7, 1), out);
    EXPECT_EQ(session.state(), to) << to_string(from) << " hears " << to_string(heard);
    EXPECT_EQ(out.changes.size(), from == to ? 0U : 1U);
  }
}

TEST(BfdSession, StopsWhereTheOtherSideWantsNothing) {
  Pair pair;
  pair.run_for(seconds(2));
  Packet silent = packet(State::up, 2, 1);
  silent.required_rx_us = 0;
  Outputs out;
  pair.a().receive(pair.now(), silent, out);
  EXPECT_EQ(pair.a().tx_interval(), Duration{0});
  out = {};
  pair.a().run(pair.now() + milliseconds(290), out);
  EXPECT_TRUE(out.packets.empty());
}

}  // namespace
}  // namespace catflap::bgp::bfd
