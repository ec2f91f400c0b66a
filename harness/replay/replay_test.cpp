#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "birdlang/birdlang.hpp"
#include "replay/codec.hpp"
#include "replay/describe.hpp"
#include "replay/recorder.hpp"
#include "replay/replayer.hpp"
#include "trace/checksum.hpp"

namespace catflap::replay {
namespace {

using namespace bgp;
using testing::HasSubstr;

std::shared_ptr<const intent::RouterIntent> config(std::string_view text,
                                                   const birdlang::ParseOptions& options = {}) {
  auto parsed = birdlang::parse(text, "test", options);
  EXPECT_TRUE(parsed) << (parsed ? "" : to_string(parsed.error()));
  return std::make_shared<const intent::RouterIntent>(std::move(*parsed));
}

constexpr std::string_view kConfig =
    "router id 10.0.0.1;\n"
    "protocol device {}\n"
    "protocol static { ipv4; route 10.1.0.0/16 blackhole; route 10.2.0.0/16 via 192.168.1.2; }\n"
    "protocol kernel { ipv4 { export where net ~ [10.0.0.0/8+]; }; }\n"
    "protocol bgp peer { local 192.168.1.1 as 65001; neighbor 192.168.1.2 as 65002; ipv4 { import all; "
    "export "
    "all; }; }\n";

/// What BIRD 2's filters would not announce to the kernel, and could not even be read by.
constexpr std::string_view kBird1Config =
    "router id 10.0.0.1;\n"
    "protocol device {}\n"
    "filter f int x; { bgp_origin = ORIGIN_IGP; if bgp_origin = ORIGIN_IGP then reject; if net.len = 9 then "
    "x = "
    "\"1\"; accept; }\n"
    "protocol static { import filter f; route 10.1.0.0/16 blackhole; route 10.128.0.0/9 blackhole; }\n"
    "protocol kernel { export all; }\n";

std::shared_ptr<const intent::RouterIntent> bird1_config() {
  birdlang::ParseOptions options;
  options.dialect = birdlang::Dialect::bird1;
  options.hostname = "a host";
  return config(kBird1Config, options);
}

Instant at(int ms) {
  return Instant(std::chrono::seconds(5) + std::chrono::milliseconds(ms));
}

std::vector<Event> every_kind() {
  KernelRouteSpec route;
  route.prefix = *net::Prefix::parse("10.9.0.0/16");
  route.next_hops = {{net::IpAddr::v4(0xC0A80102), 2, 1, true}, {std::nullopt, 3, 200, false}};
  route.prefsrc = net::IpAddr::v4(1);
  route.realm = 7;
  const net::Endpoint a{*net::IpAddr::parse("192.168.1.1"), 179, 0};
  const net::Endpoint b{*net::IpAddr::parse("fe80::1"), 40000, 3};
  return {
      ev::TcpOpened{1, a, b, true},
      ev::TcpBytes{1, *from_hex("ffff00")},
      ev::TcpWritable{1, 65536},
      ev::TcpClosed{1, {104, false, "Connection reset by peer"}},
      ev::Configure{config(kConfig), true, false},
      ev::Interface{2, "eth0", true, false, false, 1500, {*net::InterfaceAddress::parse("192.168.1.1/24")}},
      ev::KernelRoute{route, true},
      ev::KernelScanDone{},
      ev::KernelRouteResult{254, route.prefix, -17},
      ev::Admin{ev::Admin::Verb::reload_out, "peer", "why"},
      ev::ShutDown{"bye", true},
      ev::Datagram{3784, a.addr, b, 3, 255, *from_hex("20c0")},
  };
}

TEST(ReplayCodec, EveryKindOfEventComesBack) {
  const std::vector<Event> events = every_kind();
  ASSERT_EQ(events.size(), std::variant_size_v<Event>) << "a kind is missing here";
  for (const Event& event : events) {
    ByteSink once, twice;
    encode(event, once);
    ByteReader reader(once.view());
    const auto back = decode_event(reader);
    ASSERT_TRUE(back) << describe(event) << ": " << back.error().message;
    EXPECT_TRUE(reader.empty()) << describe(event);
    EXPECT_EQ(back->index(), event.index());
    encode(*back, twice);
    EXPECT_EQ(to_hex(once.view()), to_hex(twice.view())) << describe(event);
    EXPECT_EQ(describe(*back), describe(event));
  }
}

TEST(ReplayCodec, AConfigurationKeepsItsDialect) {
  for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
    birdlang::ParseOptions options;
    options.dialect = birdlang::Dialect::bird1;
    options.family = family;
    options.hostname = "a host";
    const auto before = config(
        "router id 1.1.1.1; filter f int onlink; { print onlink; accept; } protocol device {}", options);
    ByteSink out;
    encode(ev::Configure{before, false, false}, out);
    ByteReader reader(out.view());
    const auto back = decode_event(reader);
    ASSERT_TRUE(back) << back.error().message;
    const auto& after = std::get<ev::Configure>(*back).intent;
    EXPECT_EQ(after->dialect, intent::Dialect::bird1);
    EXPECT_EQ(after->family, family);
    EXPECT_TRUE(intent::same(*before, *after));
  }
}

TEST(ReplayCodec, CutOffEventsAreRefused) {
  for (const Event& event : every_kind()) {
    ByteSink whole;
    encode(event, whole);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      ByteReader reader(whole.view().first(size));
      EXPECT_FALSE(decode_event(reader)) << describe(event) << " of " << size << " octets";
    }
  }
}

TEST(Checksum, KnownValues) {
  EXPECT_EQ(trace::crc32c(as_bytes("123456789")), 0xE3069283U);
  EXPECT_EQ(trace::crc32c(as_bytes("6789"), trace::crc32c(as_bytes("12345"))), 0xE3069283U);
  EXPECT_EQ(trace::crc32c(Bytes(32)), 0x8A9136AAU);
}

/// A speaker with its recorder: a round is what a driver does.
struct Recorded {
  ByteSink out;
  Recorder recorder{{"test", "r1", 42, 0}, out};
  Speaker speaker{42};

  void round(Instant now, const std::vector<Event>& events) {
    for (const Event& event : events) {
      recorder.event(now, event);
      speaker.ingest(now, event);
    }
    speaker.run(now);
    recorder.run(now, speaker.take_actions());
  }
  void scenario(const std::shared_ptr<const intent::RouterIntent>& intent = config(kConfig)) {
    round(at(0), {ev::Interface{1, "lo", true, true, false, 65536, {}},
                  ev::Interface{
                      2, "eth0", true, false, false, 1500, {*net::InterfaceAddress::parse("192.168.1.1/24")}},
                  ev::KernelScanDone{}, ev::Configure{intent, false, false}});
    for (int i = 0; i < 20 && !speaker.deadline().is_never(); ++i) {
      round(std::max(speaker.deadline(), at(i)), {});
    }
  }
};

Replayer replayed(BytesView log, Replayer::Options options = {}) {
  Replayer replayer(std::move(options));
  const Status done = replayer.push(log);
  EXPECT_TRUE(done) << done.error().message;
  return replayer;
}

TEST(Replay, FiltersOfDialect16DecideAlike) {
  Recorded recorded;
  recorded.scenario(bird1_config());
  recorded.recorder.end();
  std::string shown;
  const Replayer replayer =
      replayed(recorded.out.view(), {std::nullopt, [&](std::uint64_t, Instant, std::string_view line) {
                                       shown += std::string(line) + "\n";
                                     }});
  EXPECT_FALSE(replayer.divergence())
      << replayer.divergence()->expected << " / " << replayer.divergence()->got;
  EXPECT_TRUE(replayer.complete());
  EXPECT_EQ(replayer.hash(), recorded.recorder.hash());
  EXPECT_NE(shown.find("10.1.0.0/16"), std::string::npos) << shown;
  EXPECT_EQ(shown.find("10.128.0.0/9"), std::string::npos) << shown;
}

TEST(Replay, SameCoreSameHash) {
  Recorded recorded;
  recorded.scenario();
  recorded.recorder.end();
  std::string shown;
  const Replayer replayer =
      replayed(recorded.out.view(), {std::nullopt, [&](std::uint64_t, Instant, std::string_view line) {
                                       shown += std::string(line) + "\n";
                                     }});
  EXPECT_FALSE(replayer.divergence())
      << replayer.divergence()->expected << " / " << replayer.divergence()->got;
  EXPECT_TRUE(replayer.complete());
  EXPECT_EQ(replayer.hash(), recorded.recorder.hash());
  EXPECT_NE(replayer.hash(), 0U);
  EXPECT_EQ(replayer.events(), 4U);
  EXPECT_EQ(replayer.header()->name, "r1");
  EXPECT_THAT(shown, HasSubstr("> Configure protocols=4"));
  EXPECT_THAT(shown, HasSubstr("< KernelRoute add prefix=10.2.0.0/16"));
  EXPECT_THAT(shown, HasSubstr("< TcpConnect conn=2"));
  const observe::Snapshot snapshot = replayer.speaker()->snapshot(replayer.now());
  EXPECT_EQ(snapshot.protocols.size(), 4U);
}

TEST(Replay, StopsBeforeARecord) {
  Recorded recorded;
  recorded.scenario();
  const Replayer replayer = replayed(recorded.out.view(), {3, {}});
  EXPECT_EQ(replayer.records(), 3U);
  EXPECT_EQ(replayer.runs(), 0U);
  EXPECT_FALSE(replayer.wants_more());
}

TEST(Replay, AnotherSeedDiverges) {
  Recorded recorded;
  recorded.scenario();
  // The seed stands behind version, program and name of the header.
  Bytes log(recorded.out.view().begin(), recorded.out.view().end());
  trace::EventLogReader reader;
  reader.push(log);
  ByteSink changed;
  trace::EventLogWriter writer(changed);
  bool first = true;
  while (true) {
    const auto record = reader.next();
    ASSERT_TRUE(record);
    if (!*record) {
      break;
    }
    Bytes payload((*record)->payload.begin(), (*record)->payload.end());
    if (std::exchange(first, false)) {
      payload[payload.size() - 9] = std::byte{99};
    }
    writer.append((*record)->type, payload);
  }
  const Replayer replayer = replayed(changed.view());
  ASSERT_TRUE(replayer.divergence());
  EXPECT_NE(replayer.divergence()->expected, replayer.divergence()->got);
  EXPECT_GT(replayer.divergence()->record, 4U);
}

TEST(Replay, ALogThatWasCutOffReplaysUpToThere) {
  Recorded recorded;
  recorded.scenario();
  const BytesView log = recorded.out.view();
  for (std::size_t size = 0; size < log.size(); size += size < 200 ? 1 : 37) {
    Replayer replayer({});
    ASSERT_TRUE(replayer.push(log.first(size))) << size;
    EXPECT_FALSE(replayer.divergence()) << size;
    EXPECT_FALSE(replayer.complete());
  }
}

TEST(Replay, DamageIsNamed) {
  Recorded recorded;
  recorded.scenario();
  Bytes log(recorded.out.view().begin(), recorded.out.view().end());
  log[log.size() / 2] ^= std::byte{1};
  Replayer damaged({});
  const Status done = damaged.push(log);
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, testing::AnyOf(HasSubstr("checksum"), HasSubstr("length")));
  Replayer other({});
  const Status no_log = other.push(as_bytes("router id 10.0.0.1;"));
  ASSERT_FALSE(no_log);
  EXPECT_EQ(no_log.error().message, "this is no event log");
}

TEST(Replay, AnotherVersionIsRefused) {
  ByteSink out;
  trace::EventLogWriter writer(out);
  ByteSink header;
  header.u16(trace::kEventLogVersion + 1);
  writer.append(trace::LogRecordType::header, header.view());
  Replayer replayer({});
  const Status done = replayer.push(out.view());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::unsupported);
  EXPECT_EQ(done.error().message, "an event log of version " + std::to_string(trace::kEventLogVersion + 1) +
                                      "; this program reads version " +
                                      std::to_string(trace::kEventLogVersion));
}

}  // namespace
}  // namespace catflap::replay
