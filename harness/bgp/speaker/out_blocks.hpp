#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/bytes.hpp"
#include "bgp/rib/decision.hpp"
#include "bgp/rib/hash_index.hpp"
#include "bgp/rib/piece_arena.hpp"
#include "net/addr.hpp"

namespace catflap::bgp::internal {

/// What becomes of a path on its way out: a verdict, or the number of the attributes that are told.
using BlockId = std::uint32_t;
inline constexpr BlockId kNothing = 0;   ///< there is no path
inline constexpr BlockId kRejected = 1;  ///< not told, whatever the filter says (BIRD's preexport)
inline constexpr BlockId kFiltered = 2;  ///< the export filter rejects it
inline constexpr BlockId kFirstBlock = 3;
constexpr bool is_block(BlockId id) {
  return id >= kFirstBlock;
}

/// Attributes as they are sent (wire::encode_attribute_block) with the peer they came from: kept once,
/// counted, named by a number. Shared by all update groups of a speaker. One thread. Expected size: 10^6.
class OutBlocks {
 public:
  OutBlocks() = default;
  ~OutBlocks();
  OutBlocks(const OutBlocks&) = delete;
  OutBlocks& operator=(const OutBlocks&) = delete;

  /// The caller gets one use. `source`: the protocol that first brought the path. `next_hop` is what the
  /// octets say. Without octets: it goes out by all rules, but cannot be said (no next hop, too long); it
  /// counts as exported then, as in BIRD.
  BlockId intern(BytesView octets, rib::ProtocolId source, const net::IpAddr& next_hop);
  /// Counts one use more or less; verdicts are ignored.
  void retain(BlockId id) {
    if (is_block(id)) {
      ++at(id).users;
    }
  }
  void release(BlockId id) {
    if (is_block(id) && --at(id).users == 0) {
      remove(id);
    }
  }
  bool is_said(BlockId id) const { return is_block(id) && at(id).size > 0; }
  // Preconditions: is_block(id), in use.
  BytesView octets(BlockId id) const;
  rib::ProtocolId source(BlockId id) const { return at(id).source; }
  net::IpAddr next_hop(BlockId id) const {
    return at(id).next_hop_v4 != 0 ? net::IpAddr::v4(at(id).next_hop_v4) : next_hops6_.at(id);
  }
  /// True if a peer could not tell one from the other.
  bool same_octets(BlockId a, BlockId b) const;
  /// Scratch of whoever sorts blocks into buckets; 0 whenever nobody does.
  std::uint32_t& bucket(BlockId id) { return at(id).bucket; }

  std::size_t live() const { return index_.size(); }

 private:
  /// The octets follow the object.
  struct Block {
    std::uint32_t hash = 0;
    std::uint32_t next_hop_v4 = 0;  ///< 0: in next_hops6_
    std::uint32_t users = 0;
    rib::ProtocolId source = 0;
    std::uint32_t bucket = 0;
    std::uint32_t size = 0;
  };
  Block& at(BlockId id) const { return *blocks_[id - kFirstBlock]; }
  void remove(BlockId id);

  std::vector<Block*> blocks_;
  std::unordered_map<BlockId, net::IpAddr> next_hops6_;  ///< for look-up only
  std::vector<BlockId> free_;
  rib::PieceArena memory_;  ///< of the blocks
  rib::HashIndex index_;
};

}  // namespace catflap::bgp::internal
