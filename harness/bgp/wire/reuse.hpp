#pragma once

#include "bgp/wire/attributes.hpp"

namespace catflap::bgp::wire {

/// Takes out all attributes but AS_PATH, and keeps the memory of the lists for the next ones.
inline void clear_but_path(Attributes& attributes) {
  // Every field must be cleared: this fails to compile when one is added.
  auto& [origin, as_path, next_hop, link_local, med, local_pref, atomic, aggregator, communities, ext, large,
         originator, clusters, otc, unknown, emptied] = attributes;
  (void)as_path;
  origin.reset();
  next_hop.reset();
  link_local.reset();
  med.reset();
  local_pref.reset();
  atomic = false;
  aggregator.reset();
  communities.clear();
  ext.clear();
  large.clear();
  originator.reset();
  clusters.clear();
  otc.reset();
  unknown.clear();
  emptied = {};
}

}  // namespace catflap::bgp::wire
