#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "calico/ipam/block.hpp"
#include "calico/ipam/pools.hpp"
#include "calico/ipam/reservations.hpp"
#include "calico/ipam/u128.hpp"
#include "net/addr.hpp"

namespace catflap::calico::ipam {

/// The order in which a host tries the blocks of a pool: from a place that depends on the host's name only
/// (Go's random numbers seeded with it), ascending, and round. Hosts thus rarely meet.
class BlockOrder {
 public:
  /// Pools whose blocks are single addresses begin anywhere: `now` is their seed.
  BlockOrder(const Pool& pool, std::string_view host, UnixNanos now);

  net::Prefix first() const { return block_at(start_); }
  /// Those of `blocks` that are blocks of the pool, in this order.
  std::vector<net::Prefix> sorted(const std::vector<net::Prefix>& blocks) const;

  /// The first block, if any, that is not wholly reserved and that `visit` answers true for. `visit` gets
  /// every block before it. Reserved ranges cost one step each, so the walk takes no more steps than there
  /// are blocks that `visit` refuses, and reservations.
  std::optional<net::Prefix> find(const Reservations& reserved,
                                  const std::function<bool(const net::Prefix&)>& visit) const;

 private:
  net::Prefix block_at(U128 offset) const;

  net::Prefix pool_;
  std::uint8_t block_size_;
  U128 mask_;   ///< the bits of an address inside of the pool, addresses from the top bit
  U128 step_;   ///< a block's size; 0 if the pool is a single block of all addresses
  U128 start_;  ///< the first block's distance from the pool's beginning
};

}  // namespace catflap::calico::ipam
