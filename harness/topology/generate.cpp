#include "topology/generate.hpp"

#include <algorithm>
#include <utility>

#include "topology/load.hpp"

namespace catflap::topology {
namespace {

std::uint32_t bounded(std::uint32_t count) {
  return std::clamp<std::uint32_t>(count, 1, static_cast<std::uint32_t>(kNodesMax));
}

net::Prefix prefix_of(std::uint32_t index) {
  return {net::IpAddr::v4(0x0A400000U + (index << 8U)), 24};
}

Topology routers(std::string name, std::uint32_t count) {
  Topology out;
  out.name = std::move(name);
  for (std::uint32_t i = 0; i < count; ++i) {
    // Private AS numbers of two octets end at 65534: longer labs go on in the four-octet range.
    const std::uint32_t as = i < 500 ? 65001 + i : 4200000000U + i;
    (void)out.add_router("r" + std::to_string(i + 1), as, {prefix_of(i)});
  }
  return out;
}

std::string router(std::uint32_t index) {
  return "r" + std::to_string(index + 1);
}

Topology with_session_test(Topology topology) {
  if (!topology.links.empty()) {
    Step step;
    expect::Check check;
    check.what = expect::SessionCheck{};
    step.checks.push_back(std::move(check));
    topology.tests.push_back(std::move(step));
  }
  return topology;
}

}  // namespace

Topology chain(std::uint32_t nodes) {
  nodes = bounded(nodes);
  Topology out = routers("chain-" + std::to_string(nodes), nodes);
  for (std::uint32_t i = 1; i < nodes; ++i) {
    (void)out.add_link(router(i - 1), router(i));
  }
  return with_session_test(std::move(out));
}

Topology ring(std::uint32_t nodes) {
  nodes = std::max<std::uint32_t>(3, bounded(nodes));
  Topology out = chain(nodes);
  out.name = "ring-" + std::to_string(nodes);
  (void)out.add_link(router(nodes - 1), router(0));
  return out;
}

Topology full_mesh(std::uint32_t nodes) {
  nodes = bounded(nodes);
  Topology out = routers("mesh-" + std::to_string(nodes), nodes);
  for (std::uint32_t i = 0; i < nodes; ++i) {
    for (std::uint32_t j = i + 1; j < nodes; ++j) {
      (void)out.add_link(router(i), router(j));
    }
  }
  return with_session_test(std::move(out));
}

Topology star(std::uint32_t leaves) {
  const std::uint32_t nodes = bounded(std::min<std::uint32_t>(leaves, kNodesMax) + 1);
  Topology out = routers("star-" + std::to_string(nodes - 1), nodes);
  for (std::uint32_t i = 1; i < nodes; ++i) {
    (void)out.add_link(router(0), router(i));
  }
  return with_session_test(std::move(out));
}

Topology clos(const ClosShape& shape) {
  const std::uint32_t spines = std::min<std::uint32_t>(bounded(shape.spines), 512);
  const std::uint32_t leaves = std::min<std::uint32_t>(bounded(shape.leaves), 2048);
  Topology out;
  out.name = "clos-" + std::to_string(spines) + "-" + std::to_string(leaves);
  for (std::uint32_t i = 0; i < spines; ++i) {
    (void)out.add_router("spine" + std::to_string(i + 1), shape.spine_as);
  }
  for (std::uint32_t i = 0; i < leaves; ++i) {
    const std::string name = "leaf" + std::to_string(i + 1);
    (void)out.add_router(name, shape.leaf_as_first + i, {prefix_of(i)});
    for (std::uint32_t s = 0; s < spines; ++s) {
      (void)out.add_link(name, "spine" + std::to_string(s + 1));
    }
  }
  return with_session_test(std::move(out));
}

}  // namespace catflap::topology
