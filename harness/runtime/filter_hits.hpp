#pragma once

#include "bgp/speaker/query.hpp"
#include "observe/filter_hits.hpp"

namespace catflap::runtime {

/// The counts with the lines of the configuration that they are about, by position.
observe::FilterHitsView view_of(const bgp::FilterCount& count);

}  // namespace catflap::runtime
