#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <vector>

#include "lab/plumbing.hpp"
#include "sys/clock.hpp"
#include "topology/generate.hpp"
#include "topology/topology.hpp"

/// How long the network of a chain of routers takes: `catflap-bench-plumbing NODES ROUNDS` prints a line of
/// JSON with the times from nothing to all interfaces up with their addresses, and of giving it all back.

int main(int argc, char** argv) {
  using catflap::sys::monotonic_now;
  const auto nodes = static_cast<std::uint32_t>(argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 10);
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
  const auto wiring = catflap::topology::wire(catflap::topology::chain(nodes));
  std::vector<double> up, down;
  for (int i = 0; i < rounds; ++i) {
    const auto start = monotonic_now();
    auto network = catflap::lab::build_network(wiring, "bench");
    const auto built = monotonic_now();
    if (!network) {
      fmt::print(stderr, "{}\n", network.error().message);
      return 3;
    }
    network->clear();
    const auto gone = monotonic_now();
    up.push_back(static_cast<double>((built - start).count()) / 1e6);
    down.push_back(static_cast<double>((gone - built).count()) / 1e6);
    // The kernel reaps the namespaces behind our back, under the same lock that making them takes.
    std::this_thread::sleep_for(std::chrono::milliseconds(2 * nodes + 50));
  }
  std::sort(up.begin(), up.end());
  std::sort(down.begin(), down.end());
  fmt::print(R"({{"nodes":{},"rounds":{},"up_ms":{:.2f},"up_ms_min":{:.2f},"down_ms":{:.2f}}})"
             "\n",
             nodes, rounds, up[up.size() / 2], up.front(), down[down.size() / 2]);
}
