#include <chrono>

#include "catflap/gtest.hpp"

// What a user's test looks like: a topology file, and what should be true of it.
namespace {

using namespace catflap;
using namespace std::chrono_literals;

class Triangle : public LabTest<"triangle.yaml"> {};

TEST_F(Triangle, TrafficTakesTheDirectLink) {
  auto [r1, r2] = nodes("r1", "r2");
  ASSERT_SOON(lab().sessions().all_established());
  EXPECT_SOON(r1.fib().has("10.2.0.0/24"_pfx).via(r2).dev("to-r2").as_path({65002}));
  EXPECT_SOON(r1.fib().has("fd01:2::/64"_pfx).dev("to-r2"));
  EXPECT_SOON(r1.pings("fd01:2::1"_ip).source("fd01:1::1"_ip));
}

TEST_F(Triangle, TrafficGoesRoundALinkThatFails) {
  auto [r1, r2, r3] = nodes("r1", "r2", "r3");
  ASSERT_SOON(lab().sessions().all_established());
  r1.link(r2).down();
  EXPECT_SOON(r1.session(r2).not_established());
  EXPECT_SOON(r1.fib().has("10.2.0.0/24"_pfx).via(r3).as_path({65003, 65002}));
  EXPECT_SOON(r1.pings("10.2.0.1"_ip).source("10.1.0.1"_ip));
  r1.link(r2).up();
  EXPECT_SOON(r1.fib().has("10.2.0.0/24"_pfx).via(r2));
}

}  // namespace
