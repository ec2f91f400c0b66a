#include <gtest/gtest.h>

#include "replay/replayer.hpp"
#include "sim/fabric.hpp"
#include "sim/reference.hpp"
#include "sim/testing.hpp"

namespace catflap::sim {
namespace {

using namespace std::chrono_literals;

/// Runs the reference with faulty wires; the log of r2 goes to `log`.
std::uint64_t reference_hash(std::uint64_t seed, ByteSink* log = nullptr) {
  Fabric fabric(WireModel{200us, 3ms, 400}, seed);
  const Reference reference = reference_scenario();
  build(reference, fabric);
  if (log != nullptr) {
    fabric.record("r2", *log);
  }
  fabric.run_for(20s);
  for (const ReferenceStep& step : reference.steps) {
    apply(step, fabric);
    fabric.run_for(10s);
  }
  return fabric.hash();
}

// That other compilers give the same hash is checked by ci/determinism.
TEST(Determinism, SameSeedSameRunAndAnotherIsAnother) {
  EXPECT_EQ(reference_hash(7), reference_hash(7));
  EXPECT_NE(reference_hash(7), reference_hash(8));
}

TEST(Determinism, ALogOfTheSimulationReplays) {
  ByteSink log;
  reference_hash(3, &log);
  replay::Replayer replayer({});
  const Status done = replayer.push(log.view());
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_FALSE(replayer.divergence());
  EXPECT_GT(replayer.runs(), 100U);
}

#ifdef __SANITIZE_ADDRESS__
constexpr int kRuns = 3;
#else
constexpr int kRuns = 10;
#endif

class Faults : public testing::TestWithParam<int> {};

/// A random time of trouble by seed, then rest. True if the sessions are up again.
void trouble(Fabric& fabric, const Reference& reference, Rng& rng) {
  const Instant begin = fabric.now();
  const auto after = [&](std::uint64_t ms) { return begin + std::chrono::milliseconds(ms); };
  const std::uint64_t faults = 3 + rng.below(10);
  for (std::uint64_t i = 0; i < faults; ++i) {
    const std::uint64_t start = rng.below(40000);
    const std::uint64_t end = start + 1 + rng.below(45000);
    const ReferenceLink& link = reference.links[rng.below(reference.links.size())];
    const ReferenceRouter& router = reference.routers[rng.below(reference.routers.size())];
    switch (rng.below(5)) {
      case 0:  // the carrier goes and comes
        fabric.at(after(start), [&] { fabric.set_link(link.a, link.a_interface, false); });
        fabric.at(after(end), [&] { fabric.set_link(link.a, link.a_interface, true); });
        break;
      case 1:  // nothing goes through
        fabric.at(after(start), [&] { fabric.set_silent(link.a, link.a_interface, true); });
        fabric.at(after(end), [&] { fabric.set_silent(link.a, link.a_interface, false); });
        break;
      case 2:
        fabric.at(after(start), [&] { fabric.reset(link.a, link.b); });
        break;
      case 3: {  // a crash and a restart, sometimes a graceful one
        const std::uint64_t seed = rng.next();
        const bool recover = rng.below(2) == 0;
        fabric.at(after(start), [&] {
          if (!fabric.dead(router.name)) {
            fabric.kill(router.name);
          }
        });
        fabric.at(after(end), [&, seed, recover] {
          if (fabric.dead(router.name)) {
            fabric.revive(router.name, seed, parse_config(router.config), recover);
          }
        });
        break;
      }
      default:  // a slow reader
        fabric.at(after(start), [&] { fabric.throttle(router.name, 40, 20ms); });
        fabric.at(after(end), [&] { fabric.unthrottle(router.name); });
        break;
    }
  }
  fabric.run_for(90s);
  for (const ReferenceRouter& router : reference.routers) {
    if (fabric.dead(router.name)) {
      fabric.revive(router.name, rng.next(), parse_config(router.config), false);
    }
    fabric.unthrottle(router.name);
  }
  for (const ReferenceLink& link : reference.links) {
    fabric.set_silent(link.a, link.a_interface, false);
    fabric.set_link(link.a, link.a_interface, true);
  }
}

TEST_P(Faults, EndInTheStateOfAFreshRun) {
  const Reference reference = reference_scenario();
  Fabric fresh(WireModel{200us, Duration{0}, 0}, 1);
  build(reference, fresh);
  ASSERT_TRUE(fresh.run_until_quiet(30s, 600s));
  for (int seed = GetParam() * 10; seed < GetParam() * 10 + kRuns; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(static_cast<std::uint64_t>(seed));
    Fabric fabric(WireModel{200us, 5ms, 300}, rng.next());
    build(reference, fabric);
    fabric.run_for(std::chrono::milliseconds(rng.below(8000)));
    trouble(fabric, reference, rng);
    // Graceful restart may hold routes of a router that is gone for its time.
    EXPECT_TRUE(fabric.run_until_quiet(150s, 1200s));
    for (const ReferenceRouter& router : reference.routers) {
      for (const std::string& session : bgp_protocols(router.config)) {
        EXPECT_EQ(fabric.session(router.name, session), observe::SessionState::established)
            << router.name << " " << session;
      }
      EXPECT_EQ(decisions(fabric, reference, router.name), decisions(fresh, reference, router.name))
          << router.name;
    }
    if (HasFailure()) {
      break;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Faults, testing::Range(0, 12));

TEST(Reference, EveryRouterSeesEveryNetworkInTheEnd) {
  Fabric fabric;
  const Reference reference = reference_scenario();
  build(reference, fabric);
  ASSERT_TRUE(fabric.run_until_quiet(30s, 300s));
  const std::string first = decisions(fabric, reference, "r4");
  EXPECT_NE(first.find("fib 10.30.0.0/20 unicast 192.168.24.2%to-r2"), std::string::npos) << first;
  for (const ReferenceStep& step : reference.steps) {
    const std::string before = decisions(fabric, reference, "r2");
    apply(step, fabric);
    ASSERT_TRUE(fabric.run_until_quiet(35s, 300s)) << step.name;
    if (step.what != ReferenceStep::What::restart) {
      EXPECT_NE(decisions(fabric, reference, "r2"), before) << step.name << " changes nothing";
    }
  }
  EXPECT_EQ(decisions(fabric, reference, "r4"), first);
}

}  // namespace
}  // namespace catflap::sim
