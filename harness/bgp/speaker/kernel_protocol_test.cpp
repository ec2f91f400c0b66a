#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bgp/speaker/core.hpp"
#include "bgp/speaker/kernel_route_bodies.hpp"
#include "bgp/speaker/speaker.hpp"
#include "sim/testing.hpp"

namespace catflap::bgp::testing {
namespace {

using internal::KernelRouteBodies;

KernelRouteSpec body(std::uint32_t metric, const std::string& via = "192.0.2.1") {
  KernelRouteSpec spec;
  spec.metric = metric;
  spec.next_hops = {{net::IpAddr::parse(via).value(), 3, 1, false}};
  return spec;
}

TEST(KernelRouteBodies, KeepsEachOnceAsLongAsItIsUsed) {
  KernelRouteBodies bodies;
  const auto a = bodies.take(body(1));
  const auto b = bodies.take(body(1, "192.0.2.2"));
  EXPECT_NE(a, b);
  EXPECT_EQ(bodies.take(body(1)), a);
  EXPECT_EQ(bodies.size(), 2U);
  EXPECT_EQ(*bodies.get(b), body(1, "192.0.2.2"));
  bodies.release(a);
  EXPECT_EQ(bodies.size(), 2U) << "it was taken twice";
  bodies.release(a);
  EXPECT_EQ(bodies.size(), 1U);
  const auto c = bodies.take(body(2));
  EXPECT_EQ(c, a) << "the number is free again";
  EXPECT_EQ(*bodies.get(c), body(2));
  EXPECT_EQ(bodies.take(body(1, "192.0.2.2")), b);
}

TEST(KernelRouteBodies, DifferInEveryField) {
  KernelRouteBodies bodies;
  std::vector<KernelRouteSpec> all(9, body(1));
  all[1].table = 7;
  all[2].type = observe::RouteType::prohibit;
  all[3].next_hops[0].interface = 4;
  all[4].next_hops[0].weight = 2;
  all[5].next_hops[0].onlink = true;
  all[6].prefsrc = net::IpAddr::parse("192.0.2.9").value();
  all[7].realm = 1;
  all[8].mtu = 1;
  for (const KernelRouteSpec& each : all) {
    bodies.take(each);
  }
  EXPECT_EQ(bodies.size(), all.size());
}

constexpr std::size_t kRoutes = 2 * internal::Core::kKernelChangesOfRun + 500;

std::string network(std::size_t i) {
  return "10." + std::to_string(i / 256) + "." + std::to_string(i % 256) + ".0/24";
}

/// A speaker with so many routes for the kernel that it takes three runs to write them.
class ManyKernelRoutes : public ::testing::Test {
 protected:
  void configure(std::size_t routes) {
    std::vector<std::string> networks;
    for (std::size_t i = 0; i < routes; ++i) {
      networks.push_back(network(i));
    }
    intent::RouterIntent intent = router(1);
    intent.protocols = {device(), kernel(), blackholes("static1", networks)};
    speaker_.ingest(now_, ev::Configure{std::make_shared<const intent::RouterIntent>(intent)});
  }
  /// Runs once; kernel_ is then as asked. Returns how many changes that took.
  std::size_t run() {
    speaker_.run(now_);
    std::size_t changes = 0;
    for (const Action& action : speaker_.take_actions()) {
      const auto* route = std::get_if<act::KernelRoute>(&action);
      if (route == nullptr) {
        continue;
      }
      ++changes;
      if (route->present) {
        kernel_[route->prefix] = route->route();
      } else {
        kernel_.erase(route->prefix);
      }
    }
    return changes;
  }
  bool has_more() const { return speaker_.deadline() <= now_; }
  void tell_all_again() {
    for (const auto& [prefix, route] : kernel_) {
      speaker_.ingest(now_, ev::KernelRoute{route, true});
    }
    speaker_.ingest(now_, ev::KernelScanDone{});
  }

  Instant now_;
  Speaker speaker_{1};
  std::map<net::Prefix, KernelRouteSpec> kernel_;
};

TEST_F(ManyKernelRoutes, AreAskedForInPieces) {
  speaker_.ingest(now_, ev::KernelScanDone{});
  configure(kRoutes);
  EXPECT_EQ(run(), internal::Core::kKernelChangesOfRun);
  EXPECT_TRUE(has_more());
  EXPECT_EQ(run(), internal::Core::kKernelChangesOfRun);
  EXPECT_EQ(run(), 500U);
  EXPECT_FALSE(has_more());
  EXPECT_EQ(kernel_.size(), kRoutes);
}

TEST_F(ManyKernelRoutes, OfWhichAChangeOfMindCostsNothing) {
  speaker_.ingest(now_, ev::KernelScanDone{});
  configure(kRoutes);
  EXPECT_EQ(run(), internal::Core::kKernelChangesOfRun);
  configure(1);
  std::size_t changes = 0;
  while (has_more()) {
    changes += run();
  }
  changes += run();
  EXPECT_EQ(changes, internal::Core::kKernelChangesOfRun - 1) << "the others were never in the kernel";
  ASSERT_EQ(kernel_.size(), 1U);
  EXPECT_EQ(kernel_.begin()->first, net::Prefix::parse(network(0)).value());
}

TEST_F(ManyKernelRoutes, AreNoNewsWhenTheKernelTellsThemAgain) {
  speaker_.ingest(now_, ev::KernelScanDone{});
  configure(100);
  EXPECT_EQ(run(), 100U);
  tell_all_again();
  EXPECT_EQ(run(), 0U);
  // But what somebody has taken away or changed since is put back.
  speaker_.ingest(now_, ev::KernelRoute{kernel_.begin()->second, false});
  KernelRouteSpec other = kernel_.rbegin()->second;
  other.type = observe::RouteType::prohibit;
  speaker_.ingest(now_, ev::KernelRoute{other, true});
  EXPECT_EQ(run(), 2U);
}

TEST_F(ManyKernelRoutes, OfAFormerRunAreTakenOverOrRemovedInPieces) {
  for (std::size_t i = 0; i < kRoutes; ++i) {
    KernelRouteSpec left;
    left.prefix = net::Prefix::parse(network(i)).value();
    left.type = observe::RouteType::blackhole;
    left.metric = 32;
    kernel_[left.prefix] = left;
  }
  configure(500);
  tell_all_again();
  EXPECT_EQ(run(), internal::Core::kKernelChangesOfRun);
  EXPECT_TRUE(has_more());
  EXPECT_EQ(run(), internal::Core::kKernelChangesOfRun);
  EXPECT_EQ(run(), 0U);
  EXPECT_EQ(kernel_.size(), 500U);
}

}  // namespace
}  // namespace catflap::bgp::testing
