#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "lab/client.hpp"
#include "lab/options.hpp"
#include "topology/topology.hpp"

namespace catflap::lab {

/// Starts a process that runs the lab and outlives the caller, and returns a connection to it once every
/// speaker answers. Until Client::keep() the lab goes down with that connection, so a caller that is killed
/// in the middle leaves nothing. Must be called before the process starts threads. Errors are those of the
/// bring-up.
Result<Client> start_supervised(const topology::Topology& topology, const Options& options,
                                const Progress& progress);

}  // namespace catflap::lab
