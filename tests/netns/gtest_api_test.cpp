#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest-spi.h>

#include "catflap/gtest.hpp"

// The C++ test API on labs that run.
namespace catflap {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

Topology pair(topology::SpeakerKind speaker) {
  Topology t;
  t.name = "api";
  t.defaults.speaker = speaker;
  t.add_router("r1", 65001, {"203.0.113.0/24"_pfx});
  t.add_router("r2", 65002);
  t.add_link("r1", "r2");
  return t;
}

/// Labs that tests make themselves; a machine that cannot run them skips.
class Api : public testing::Test {
 protected:
  static std::optional<Lab> try_up(Topology topology) {
    try {
      return Lab(std::move(topology));
    } catch (const LabError& error) {
      if (!error.is_missing_capability()) {
        throw;
      }
      reason_ = error.what();
      return std::nullopt;
    }
  }
  static inline std::string reason_;
};
#define LAB_OR_SKIP(variable, topology)  \
  auto variable##_up = try_up(topology); \
  if (!variable##_up) {                  \
    GTEST_SKIP() << reason_;             \
  }                                      \
  const Lab& variable = *variable##_up

class Hello : public LabTest<"hello.yaml"> {};

TEST_F(Hello, RouteReachesTheKernel) {
  auto [r1, r2] = nodes("r1", "r2");
  ASSERT_SOON(r1.session(r2).established());
  EXPECT_SOON(r2.fib().has("203.0.113.0/24"_pfx).via(r1).dev("eth0"), within(3s));
  EXPECT_SOON(r2.rib().has("203.0.113.0/24"_pfx).from_peer(r1).as_path({65001}));
  EXPECT_SOON(r2.pings("203.0.113.1"_ip));
}
TEST_F(Hello, KillsTheSpeaker) {
  auto [r1, r2] = nodes("r1", "r2");
  ASSERT_SOON(r1.session(r2).established());
  r1.kill();
  EXPECT_SOON(r2.fib().lacks("203.0.113.0/24"_pfx));
}
TEST_F(Hello, IsWholeAgainAfterTheTestBefore) {
  auto [r1, r2] = nodes("r1", "r2");
  EXPECT_SOON(r1.alive());
  EXPECT_SOON(r1.session(r2).established());
  EXPECT_ALWAYS(r1.session(r2).established(), during(200ms));
}

TEST(LabTest, AMissingFileFailsTheTest) {
  detail::SuiteLab suite;
  suite.up("no-such.yaml");
  ASSERT_TRUE(suite.error());
  EXPECT_FALSE(suite.error()->is_missing_capability());
  EXPECT_THAT(suite.error()->what(), HasSubstr("no-such.yaml"));
}

TEST_F(Api, ChecksAndActions) {
  LAB_OR_SKIP(lab, pair(topology::SpeakerKind::bird));
  auto [r1, r2] = lab.nodes("r1", "r2");
  ASSERT_SOON(lab.sessions().all_established());
  const auto route = r2.fib().has("203.0.113.0/24"_pfx);
  ASSERT_SOON(route.via(r1).via("10.0.0.0"_ip).dev("eth0").proto("bird").next_hops(1));
  EXPECT_TRUE(route.now());
  EXPECT_FALSE(route.via(r2).now());
  EXPECT_SOON(r2.rib().has("203.0.113.0/24"_pfx).from_peer(r1).as_path({65001}));
  EXPECT_SOON(r2.pings("203.0.113.1"_ip).count(3).loss_at_most(0));
  EXPECT_NEVER(r1.fib().has("198.51.100.0/24"_pfx), during(50ms));
  EXPECT_EQ(r1.session(r2).ends().size(), 2U);
  EXPECT_FALSE(r2.rib().routes().empty());

  r1.link(r2).down();
  EXPECT_SOON(r1.session(r2).not_established());
  EXPECT_SOON(r2.fib().lacks("203.0.113.0/24"_pfx));
  EXPECT_SOON(r2.cannot_ping("203.0.113.1"_ip));
  lab.link("r1 -- r2").up();
  EXPECT_SOON(route.via(r1));

  r1.pause();
  EXPECT_SOON(r2.session(r1).not_established("hold timer"));
  r1.resume();
  EXPECT_SOON(r1.session(r2).established());
  r1.stop();
  EXPECT_SOON(r2.fib().lacks("203.0.113.0/24"_pfx));
  lab.reset();
  EXPECT_SOON(route);
}

TEST_F(Api, CommandsRunInTheNode) {
  LAB_OR_SKIP(lab, pair(topology::SpeakerKind::none));
  const Output addresses = lab["r1"].exec("ip -br address show dev eth0; echo oops >&2; exit 3");
  EXPECT_EQ(addresses.code, 3);
  EXPECT_THAT(addresses.out, HasSubstr("10.0.0.0/31"));
  EXPECT_EQ(addresses.err, "oops\n");
  EXPECT_EQ(lab["r1"].exec("kill -9 $$").code, 128 + 9);
}

TEST_F(Api, AFailureTellsTheCause) {
  Topology t = pair(topology::SpeakerKind::bird);
  t.node("r2")->peers["r1"].as = 65010;
  LAB_OR_SKIP(lab, t);
  auto [r1, r2] = lab.nodes("r1", "r2");
  const auto session = r1.session(r2).established();
  EXPECT_NONFATAL_FAILURE(EXPECT_SOON(session, within(300ms)), "r2 expects AS 65010 of r1");
  EXPECT_NONFATAL_FAILURE(EXPECT_SOON(session, within(10ms)), "EXPECT_SOON(session, within(10ms))");
  EXPECT_NONFATAL_FAILURE(EXPECT_ALWAYS(session, during(10ms)), "not Established");
  EXPECT_NONFATAL_FAILURE(EXPECT_NEVER(r1.alive(), during(10ms)), "must never hold");
}

TEST_F(Api, GoneWithTheObject) {
  std::shared_ptr<Running> kept;
  std::string dir;
  {
    LAB_OR_SKIP(lab, pair(topology::SpeakerKind::bird));
    kept = lab.running();
    dir = kept->run_dir();
    EXPECT_TRUE(std::filesystem::exists(dir));
    lab.down();
    lab.down();
    EXPECT_THROW(lab["r1"].kill(), LabError);
  }
  EXPECT_FALSE(kept->is_up());
  EXPECT_FALSE(std::filesystem::exists(dir));
}

TEST_F(Api, TakingTheLabDownEndsWaits) {
  LAB_OR_SKIP(lab, pair(topology::SpeakerKind::none));
  expect::Check check = lab["r1"].fib().has("198.51.100.0/24"_pfx).check();
  check.time = 1min;
  // The first question comes when the engine has the check.
  const auto result = lab.running()->check_all({check}, [&] {
    lab.down();
    return false;
  });
  ASSERT_TRUE(result);
  EXPECT_FALSE(result->front().passed());
  EXPECT_THAT(result->front().text, HasSubstr("taken down"));
}

TEST_F(Api, AWaitCanBeInterrupted) {
  LAB_OR_SKIP(lab, pair(topology::SpeakerKind::none));
  expect::Check check = lab["r1"].fib().has("198.51.100.0/24"_pfx).check();
  check.time = 1min;
  EXPECT_FALSE(lab.running()->check_all({check}, [] { return true; }));
  EXPECT_SOON(lab["r1"].pings("10.0.0.1"_ip));  // the lab goes on
}

TEST_F(Api, MistakesAreNamed) {
  LAB_OR_SKIP(lab, pair(topology::SpeakerKind::none));
  const auto message = [](auto body) -> std::string {
    try {
      body();
    } catch (const LabError& error) {
      return error.what();
    }
    return "nothing thrown";
  };
  EXPECT_THAT(message([&] { (void)lab["r11"]; }), HasSubstr("did you mean 'r1'?"));
  EXPECT_THAT(message([&] { lab["r1"].kill(); }), HasSubstr("r1"));
  EXPECT_THAT(message([&] { lab.link("r1 -- r9").down(); }), HasSubstr("no such link"));
  for (const char* bad : {"", " -- ", "r1 -- ", "r1 r2", "r1 - r2"}) {
    EXPECT_THAT(message([&] { (void)lab.link(bad); }), HasSubstr("is no link")) << bad;
  }
  Topology broken = pair(topology::SpeakerKind::bird);
  broken.add_link("r1", "r7");
  EXPECT_THAT(message([&] { Lab l(broken); }), HasSubstr("r7"));
  EXPECT_THAT(message([] { load_text("lab: x\nnodes: { r1: { anounce: [] } }\n", "x.yaml"); }),
              HasSubstr("x.yaml:2:16"));
}

}  // namespace
}  // namespace catflap
