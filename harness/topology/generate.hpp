#pragma once

#include <cstdint>

#include "topology/topology.hpp"

/// Topologies by shape. Routers r1, r2, ... have AS 65001, 65002, ... and announce one prefix each
/// of 10.64.0.0/10: 10.64.0.0/24 is r1's, 10.64.1.0/24 r2's and so on. Every session is expected in one test
/// step.
namespace catflap::topology {

/// r1 -- r2 -- ... -- rN. Counts below 1 are taken as 1, above 4096 as 4096.
Topology chain(std::uint32_t nodes);
/// A chain that is closed; from 3 nodes on.
Topology ring(std::uint32_t nodes);
Topology full_mesh(std::uint32_t nodes);
/// r1 in the middle.
Topology star(std::uint32_t leaves);

struct ClosShape {
  std::uint32_t spines = 2;
  std::uint32_t leaves = 4;
  std::uint32_t spine_as = 65000;       ///< all spines
  std::uint32_t leaf_as_first = 65101;  ///< one for each leaf
};
/// spine1.., leaf1..: every leaf has a link to every spine (RFC 7938's numbering of ASes).
Topology clos(const ClosShape& shape);

}  // namespace catflap::topology
