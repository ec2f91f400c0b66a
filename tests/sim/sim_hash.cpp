// Prints the hash of everything that the routers of a simulation with faulty wires did, a line for each seed.
// ci/determinism compares what builds of other compilers and optimisations print.
#include <cinttypes>
#include <cstdio>

#include "sim/fabric.hpp"
#include "sim/reference.hpp"

int main() {
  using namespace catflap;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    sim::Fabric fabric({std::chrono::microseconds(200), std::chrono::milliseconds(3), 400}, seed);
    const sim::Reference reference = sim::reference_scenario();
    sim::build(reference, fabric);
    fabric.run_for(std::chrono::seconds(20));
    for (const sim::ReferenceStep& step : reference.steps) {
      sim::apply(step, fabric);
      fabric.run_for(std::chrono::seconds(10));
    }
    std::printf("%" PRIu64 " %016" PRIx64 "\n", seed, fabric.hash());
  }
  return 0;
}
