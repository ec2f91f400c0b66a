#pragma once

#include <cstddef>
#include <vector>

#include "base/bytes.hpp"
#include "observe/snapshot.hpp"

namespace catflap::app {

/// What a speaker has kept of malformed messages, as an MRT file.
struct MalformedMrt {
  Bytes octets;  ///< BGP4MP_ET, oldest first
  std::size_t written = 0;
  /// What is no whole BGP message has no place in such a file: of a damaged header nothing else is kept, of a
  /// message of more than 4096 octets only the beginning.
  std::size_t left_out = 0;
};
/// `protocols`: of the same speaker. They tell between whom the messages came, and whether AS numbers had 4
/// octets and prefixes path ids; of a session that is down, as it was configured.
MalformedMrt malformed_mrt(const std::vector<observe::MalformedView>& views,
                           const std::vector<observe::ProtocolView>& protocols);

}  // namespace catflap::app
