#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "probe/engine.hpp"
#include "probe/icmp.hpp"
#include "probe/stream.hpp"
#include "sys/clock.hpp"
#include "sys/process.hpp"
#include "sys/socket_address.hpp"

namespace catflap::probe {
namespace {

using ::testing::HasSubstr;

net::IpAddr ip(std::string_view text) {
  return *net::IpAddr::parse(text);
}

/// A namespace whose lo is up, with a few routes that refuse.
class Probe : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "skipped: needs root";
    }
    auto made = executor.create();
    ASSERT_TRUE(made) << made.error().message;
    ns = std::make_shared<sys::netns::Handle>(std::move(*made));
    sys::proc::Spawn ip_batch;
    ip_batch.program = "ip";
    ip_batch.args = {"-batch", "-"};
    ip_batch.netns = ns.get();
    const auto done = sys::proc::run_with_input(ip_batch,
                                                "link set lo up\n"
                                                "addr add 10.1.0.1/24 dev lo\n"
                                                "route add unreachable 10.8.0.0/24\n"
                                                "route add prohibit 10.8.1.0/24\n"
                                                "route add blackhole 10.8.2.0/24\n");
    if (!done) {
      GTEST_SKIP() << "skipped: " << done.error().message;
    }
    ASSERT_TRUE(done->status.ok()) << done->err;
  }
  ProbeSpec spec(Kind kind, std::string_view to, std::uint16_t port = 0) const {
    ProbeSpec out;
    out.ns = ns;
    out.kind = kind;
    out.to = {ip(to), port};
    out.timeout = std::chrono::seconds(5);
    return out;
  }
  ProbeResult one(ProbeSpec probe) { return probe_all(*loop, engine, {std::move(probe)}).front(); }

  sys::netns::Executor executor;
  std::unique_ptr<sys::EventLoop> loop = *sys::EventLoop::create();
  Engine engine{*loop, executor};
  std::shared_ptr<const sys::netns::Handle> ns;
};

TEST_F(Probe, EchoReachesBothFamiliesAndSources) {
  const auto result = one(spec(Kind::icmp_echo, "10.1.0.1"));
  EXPECT_EQ(result.verdict, Verdict::reached) << result.detail;
  EXPECT_EQ(result.answered, ip("10.1.0.1"));
  EXPECT_GT(result.rtt, Duration::zero());
  EXPECT_EQ(one(spec(Kind::icmp_echo, "::1")).verdict, Verdict::reached);
  auto from = spec(Kind::icmp_echo, "127.0.0.1");
  from.source = ip("10.1.0.1");
  EXPECT_EQ(one(from).verdict, Verdict::reached);
  from.source = ip("10.99.0.1");
  const auto wrong = one(from);
  EXPECT_EQ(wrong.verdict, Verdict::not_sent);
  EXPECT_THAT(wrong.detail, HasSubstr("Cannot assign requested address"));
}

TEST_F(Probe, RoutesThatRefuseAreTold) {
  const auto no_route = one(spec(Kind::icmp_echo, "192.0.2.1"));
  EXPECT_EQ(no_route.verdict, Verdict::unreachable);
  EXPECT_EQ(no_route.sys_errno, ENETUNREACH);
  EXPECT_EQ(one(spec(Kind::icmp_echo, "10.8.0.1")).sys_errno, EHOSTUNREACH);
  EXPECT_EQ(one(spec(Kind::tcp_connect, "10.8.1.1", 80)).sys_errno, EACCES);
  EXPECT_THAT(one(spec(Kind::icmp_echo, "10.8.2.1")).detail, HasSubstr("blackhole"));
}

TEST_F(Probe, ConnectsAreReachedOrRefused) {
  const auto listener = executor.socket_in(*ns, AF_INET, SOCK_STREAM, 0);
  const auto local = sys::to_sockaddr({ip("10.1.0.1"), 0});
  ASSERT_EQ(::bind(listener->get(), local.get(), local.size), 0);
  const auto port = sys::local_endpoint(listener->get())->port;
  EXPECT_EQ(one(spec(Kind::tcp_connect, "10.1.0.1", port)).verdict, Verdict::refused);
  ASSERT_EQ(::listen(listener->get(), 5), 0);
  EXPECT_EQ(one(spec(Kind::tcp_connect, "10.1.0.1", port)).verdict, Verdict::reached);
  const auto refused = one(spec(Kind::udp_echo, "10.1.0.1", port));
  EXPECT_EQ(refused.verdict, Verdict::refused);
  EXPECT_EQ(refused.detail, "Destination port unreachable from 10.1.0.1");
}

TEST_F(Probe, UdpEchoIsReachedByItsOwnAnswerOnly) {
  const auto server = executor.socket_in(*ns, AF_INET, SOCK_DGRAM, 0);
  const auto local = sys::to_sockaddr({ip("10.1.0.1"), 0});
  ASSERT_EQ(::bind(server->get(), local.get(), local.size), 0);
  ASSERT_TRUE(loop->add(server->get(), EPOLLIN, [&](std::uint32_t) {
    char buffer[64];
    sys::SocketAddress from;
    from.size = sizeof from.storage;
    const auto got = ::recvfrom(server->get(), buffer, sizeof buffer, 0, from.get(), &from.size);
    ASSERT_GT(got, 0);
    (void)::sendto(server->get(), "junk", 4, 0, from.get(), from.size);
    (void)::sendto(server->get(), buffer, static_cast<std::size_t>(got), 0, from.get(), from.size);
  }));
  EXPECT_EQ(one(spec(Kind::udp_echo, "10.1.0.1", sys::local_endpoint(server->get())->port)).verdict,
            Verdict::reached);
  loop->remove(server->get());
}

TEST_F(Probe, SilenceTimesOutAndClosesEverything) {
  const auto silent = executor.socket_in(*ns, AF_INET, SOCK_DGRAM, 0);
  const auto local = sys::to_sockaddr({ip("10.1.0.1"), 0});
  ASSERT_EQ(::bind(silent->get(), local.get(), local.size), 0);
  auto probe = spec(Kind::udp_echo, "10.1.0.1", sys::local_endpoint(silent->get())->port);
  probe.timeout = std::chrono::milliseconds(20);
  const auto result = one(probe);
  EXPECT_EQ(result.verdict, Verdict::timed_out);
  EXPECT_EQ(result.detail, "no answer within 20 ms");
  EXPECT_EQ(engine.in_flight(), 0U);
  EXPECT_EQ(loop->fds(), 0U);
  EXPECT_EQ(loop->timers(), 0U);
}

TEST_F(Probe, ThousandsKeepTheirOrder) {
  std::vector<ProbeSpec> batch;
  for (std::uint32_t i = 0; i < Engine::kInFlightMax + 500; ++i) {
    batch.push_back(spec(Kind::icmp_echo, i % 2 == 0 ? "10.1.0.1" : "192.0.2.1"));
  }
  const auto results = probe_all(*loop, engine, batch);
  ASSERT_EQ(results.size(), batch.size());
  for (std::size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(results[i].verdict, i % 2 == 0 ? Verdict::reached : Verdict::unreachable)
        << i << results[i].detail;
  }
  EXPECT_EQ(loop->fds(), 0U);
  EXPECT_TRUE(probe_all(*loop, engine, {}).empty());
}

TEST_F(Probe, CancelledBatchesAreNotReported) {
  bool called = false;
  const auto id = engine.submit({spec(Kind::icmp_echo, "10.1.0.1")}, [&](auto) { called = true; });
  engine.cancel(id);
  EXPECT_EQ(one(spec(Kind::icmp_echo, "10.1.0.1")).verdict, Verdict::reached);
  EXPECT_FALSE(called);
}

TEST_F(Probe, StreamCountsAndMeasuresGaps) {
  int results = 0;
  Stream stream(*loop, engine, spec(Kind::icmp_echo, "10.1.0.1"), {std::chrono::milliseconds(1)},
                [&](const ProbeResult&) { ++results; });
  stream.start();
  const Instant limit = sys::monotonic_now() + std::chrono::seconds(10);
  ASSERT_TRUE(loop->run_until(limit, [&] { return results >= 5; }));
  stream.stop();
  EXPECT_EQ(stream.stats().lost, 0U);
  EXPECT_EQ(stream.stats().longest_gap, Duration::zero());
  Stream lost(*loop, engine, spec(Kind::icmp_echo, "192.0.2.1"), {std::chrono::milliseconds(1)});
  lost.start();
  ASSERT_TRUE(loop->run_until(limit, [&] { return lost.stats().lost >= 5; }));
  EXPECT_GE(lost.stats().longest_gap, std::chrono::milliseconds(3));
}

TEST(Icmp, DecodesRepliesAndComplaintsOnly) {
  const Echo echo{7, 9, 11, 13};
  Bytes request = encode_echo_request(net::Family::ipv6, echo, 20);
  EXPECT_EQ(request.size(), 28U);
  EXPECT_FALSE(decode_icmp(net::Family::ipv6, request));
  Bytes reply = request;
  reply[0] = std::byte{129};
  ASSERT_TRUE(decode_icmp(net::Family::ipv6, reply));
  EXPECT_EQ(decode_icmp(net::Family::ipv6, reply)->echo.token, 13U);
  ByteSink complaint;
  complaint.u64(0x0100'0000'0000'0000);  // no route
  complaint.u64(0x6000'0000'001c'3a40);
  ip("fd00::1").append_to(complaint);
  ip("fd00::2").append_to(complaint);
  complaint.bytes(request);
  const auto decoded = decode_icmp(net::Family::ipv6, complaint.view());
  ASSERT_TRUE(decoded);
  EXPECT_TRUE(decoded->error);
  EXPECT_EQ(decoded->destination, ip("fd00::2"));
  EXPECT_EQ(decoded->echo.sequence, 9);
  for (std::size_t length = 0; length < 8 + 40 + 8; ++length) {
    EXPECT_FALSE(decode_icmp(net::Family::ipv6, complaint.view().first(length))) << length;
    (void)decode_icmp(net::Family::ipv4, complaint.view().first(length));
  }
  EXPECT_EQ(describe_icmp(net::Family::ipv4, 3, 0), "Destination net unreachable");
  EXPECT_EQ(describe_icmp(net::Family::ipv4, 3, 99), "Destination unreachable, code 99");
}

}  // namespace
}  // namespace catflap::probe
