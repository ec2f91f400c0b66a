#include "bgp/speaker/out_blocks.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/assert.hpp"

namespace catflap::bgp::internal {
namespace {

/// What stands behind the head of a block.
template <class Block>
BytesView octets_of(const Block& block) {
  return {static_cast<const std::byte*>(static_cast<const void*>(&block + 1)), block.size};
}

std::uint32_t hash_of(BytesView octets, rib::ProtocolId source) {
  std::uint64_t hash = source + octets.size() * 0x9E3779B97F4A7C15ULL;
  while (!octets.empty()) {
    std::uint64_t word = 0;
    const std::size_t size = std::min(octets.size(), sizeof(word));
    std::memcpy(&word, octets.data(), size);
    hash = (hash ^ word) * 0xBF58476D1CE4E5B9ULL;
    hash ^= hash >> 31U;
    octets = octets.subspan(size);
  }
  return static_cast<std::uint32_t>(hash * 0x94D049BB133111EBULL >> 32U);
}

}  // namespace

OutBlocks::~OutBlocks() {
  CATFLAP_ASSERT(index_.size() == 0);
}

BlockId OutBlocks::intern(BytesView octets, rib::ProtocolId source, const net::IpAddr& next_hop) {
  const std::uint32_t hash = hash_of(octets, source);
  const std::uint32_t found = index_.find(hash, [&](std::uint32_t id) {
    const Block& block = at(id);
    return block.hash == hash && block.source == source && std::ranges::equal(octets_of(block), octets);
  });
  if (found != rib::HashIndex::kNone) {
    ++at(found).users;
    return found;
  }
  void* const place = memory_.take(sizeof(Block) + octets.size());
  auto* const block = new (place) Block();
  block->hash = hash;
  block->next_hop_v4 = next_hop.is_v4() ? next_hop.v4_value() : 0;
  block->users = 1;
  block->source = source;
  block->size = static_cast<std::uint32_t>(octets.size());
  std::copy(octets.begin(), octets.end(), static_cast<std::byte*>(static_cast<void*>(block + 1)));
  BlockId id = static_cast<BlockId>(blocks_.size()) + kFirstBlock;
  if (free_.empty()) {
    blocks_.push_back(block);
  } else {
    id = free_.back();
    free_.pop_back();
    blocks_[id - kFirstBlock] = block;
  }
  if (block->next_hop_v4 == 0) {
    next_hops6_.insert_or_assign(id, next_hop);
  }
  index_.insert(
      hash, id, [this](BlockId other) { return at(other).hash; },
      [this](BlockId other) { __builtin_prefetch(&at(other)); });
  return id;
}

BytesView OutBlocks::octets(BlockId id) const {
  return octets_of(at(id));
}

bool OutBlocks::same_octets(BlockId a, BlockId b) const {
  if (a == b) {
    return true;
  }
  const BytesView x = octets(a);
  const BytesView y = octets(b);
  return std::ranges::equal(x, y);
}

void OutBlocks::remove(BlockId id) {
  Block* const block = blocks_[id - kFirstBlock];
  index_.erase(block->hash, id);
  if (block->next_hop_v4 == 0) {
    next_hops6_.erase(id);
  }
  blocks_[id - kFirstBlock] = nullptr;
  const std::size_t octets = sizeof(Block) + block->size;
  block->~Block();
  memory_.give_back(block, octets);
  free_.push_back(id);
  if (index_.size() == 0) {
    blocks_ = {};
    free_ = {};
  }
}

}  // namespace catflap::bgp::internal
