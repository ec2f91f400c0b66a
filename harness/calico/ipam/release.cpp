#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "calico/ipam/block_store.hpp"
#include "calico/ipam/ipam.hpp"

namespace catflap::calico::ipam {
namespace {

using Kind = Failure::Kind;

bool is_ignored(const Failure& failure) {
  return failure.kind == Kind::taken || failure.kind == Kind::not_empty || failure.kind == Kind::missing;
}

/// After a release: a block of a pool that does not select its host any more, or of a load balancer, is given
/// up when it is empty. Best effort: the addresses are released already.
void give_up_block(Datastore& datastore, BlockStore& store, const Block& block, UnixNanos cooldown) {
  const auto owner = block.owner();
  if (!owner || !block.empty()) {
    return;
  }
  bool wanted = owner->type == AffinityType::virtual_;
  if (!wanted) {
    const auto labels = node_labels(datastore, owner->node);
    const auto pools = list_pools(datastore);
    if (!labels || !*labels || !pools) {
      return;
    }
    const auto enabled = enabled_pools(*pools, block.cidr.family());
    const Pool* pool = pool_of(enabled, block.cidr.addr());
    if (pool == nullptr) {
      return;
    }
    const auto selected = selects_node(*pool, **labels);
    wanted = selected && !*selected;
  }
  if (wanted) {
    (void)store.retry([&] { return store.release(*owner, block.cidr, {true, std::nullopt, cooldown}); });
  }
}

/// Writes a block that addresses were taken from; one that is empty and nobody's goes.
Try<void> write_released(BlockStore& store, StoredBlock& block) {
  return block.block.empty() && !block.block.affinity ? store.erase(block) : store.update(block);
}

}  // namespace

Result<ReleaseResult> Ipam::release_ips(const std::vector<ReleaseOption>& options) {
  BlockStore store(store_, options_);
  const auto pools = list_pools(store_);
  const auto stored = config();
  if (!pools || !stored) {
    return fail(pools ? stored.error() : pools.error());
  }
  const UnixNanos cooldown = stored->cooldown_s * kSecond;
  ReleaseResult result;
  std::map<net::Prefix, std::vector<ReleaseOption>> by_block;
  std::optional<BlockList> all;  // only for addresses outside of all pools
  for (const ReleaseOption& option : options) {
    ReleaseOption clean = option;
    clean.handle = std::string(sanitized_handle(option.handle));
    if (const Pool* pool = pool_of(*pools, option.address)) {
      by_block[pool->block_of(option.address)].push_back(std::move(clean));
      continue;
    }
    if (!all) {
      auto blocks = store.blocks();
      if (!blocks) {
        return fail(public_error(std::move(blocks.error())));
      }
      all = std::move(*blocks);
    }
    const auto found =
        std::find_if(all->blocks.begin(), all->blocks.end(),
                     [&option](const StoredBlock& each) { return each.block.cidr.contains(option.address); });
    if (found == all->blocks.end()) {
      result.unallocated.push_back(option.address);
    } else {
      by_block[found->block.cidr].push_back(std::move(clean));
    }
  }
  std::optional<Error> first;
  for (const auto& [cidr, inside] : by_block) {
    Block::Released released;
    const auto done = store.retry([&, &block_cidr = cidr, &addresses = inside]() -> Try<void> {
      auto block = store.block(block_cidr);
      if (!block) {
        if (block.error().kind != Kind::missing) {
          return tl::unexpected<Failure>(std::move(block.error()));
        }
        released = {};
        for (const ReleaseOption& option : addresses) {
          released.unallocated.push_back(option.address);
        }
        return {};
      }
      block->block.collect_cold(store.now(), cooldown);
      auto attempt = block->block.release(addresses, store.now(), cooldown);
      if (!attempt) {
        return failed(std::move(attempt.error()));
      }
      released = std::move(*attempt);
      if (released.count == 0) {
        return {};
      }
      if (auto written = write_released(store, *block); !written) {
        return written;
      }
      for (const auto& [handle, count] : released.handles) {
        if (auto less = store.add_to_handle(handle, block_cidr, -count); !less) {
          return failed(std::move(less.error().error));
        }
      }
      give_up_block(store_, store, block->block, cooldown);
      return {};
    });
    if (!done) {
      first = first ? first : done.error().error;
      continue;
    }
    result.released += released.count;
    result.unallocated.insert(result.unallocated.end(), released.unallocated.begin(),
                              released.unallocated.end());
  }
  if (first) {
    return fail(std::move(*first));
  }
  return result;
}

Status Ipam::release_by_handle(std::string_view handle) {
  BlockStore store(store_, options_);
  const std::string id(sanitized_handle(handle));
  const auto stored = config();
  if (!stored) {
    return fail(stored.error());
  }
  const UnixNanos cooldown = stored->cooldown_s * kSecond;
  auto first = store.handle(id);
  if (!first) {
    return fail(public_error(std::move(first.error())));
  }
  const std::map<std::string, std::int64_t> blocks = first->handle.blocks;
  if (blocks.empty()) {
    (void)store.drop_from_handle(*first, "");  // somebody's leftover: without blocks it is deleted
  }
  for (const auto& [name, count] : blocks) {
    const auto cidr = net::Prefix::parse(name);
    if (!cidr) {
      continue;  // decode_handle lets none pass
    }
    const auto done = store.retry([&, &block_name = name]() -> Try<void> {
      // Read before the block: what is assigned in between changes it, and is not forgotten below.
      auto current = store.handle(id);
      if (!current) {
        return current.error().kind == Kind::missing ? Try<void>()
                                                     : tl::unexpected<Failure>(std::move(current.error()));
      }
      auto block = store.block(*cidr);
      if (!block && block.error().kind != Kind::missing) {
        return tl::unexpected<Failure>(std::move(block.error()));
      }
      const std::size_t released = block ? block->block.release_handle(id, store.now(), cooldown) : 0;
      if (released == 0) {
        // The handle counts addresses that an assignment did not get as far as writing. If that is still at
        // work, it finds the block changed and begins again.
        if (auto written = block ? store.update(*block) : Try<void>(); !written) {
          return written;
        }
        return store.drop_from_handle(*current, block_name);
      }
      if (auto written = write_released(store, *block); !written) {
        return written;
      }
      if (auto less = store.drop_from_handle(*current, block_name); !less) {
        if (less.error().kind != Kind::changed) {
          return less;
        }
        auto counted = store.add_to_handle(id, *cidr, -static_cast<std::int64_t>(released));
        if (!counted) {
          return failed(std::move(counted.error().error));
        }
      }
      give_up_block(store_, store, block->block, cooldown);
      return {};
    });
    if (!done) {
      return fail(done.error().error);
    }
  }
  return {};
}

Result<std::vector<net::IpAddr>> Ipam::ips_by_handle(std::string_view handle) {
  BlockStore store(store_, options_);
  auto stored = store.handle(handle);
  if (!stored) {
    return fail(public_error(std::move(stored.error())));
  }
  std::vector<net::IpAddr> addresses;
  for (const auto& [name, count] : stored->handle.blocks) {
    const auto cidr = net::Prefix::parse(name);
    auto block = cidr ? store.block(*cidr) : failed(Kind::missing, Errc::not_found, "");
    if (!block) {
      if (block.error().kind == Kind::missing) {
        continue;
      }
      return fail(public_error(std::move(block.error())));
    }
    const auto held = block->block.addresses_of(handle);
    addresses.insert(addresses.end(), held.begin(), held.end());
  }
  std::sort(addresses.begin(), addresses.end());
  return addresses;
}

Result<Attribute> Ipam::assignment(const net::IpAddr& address) {
  BlockStore store(store_, options_);
  const auto pools = list_pools(store_);
  if (!pools) {
    return fail(pools.error());
  }
  const Pool* pool = pool_of(*pools, address);
  auto block = pool != nullptr ? store.block(pool->block_of(address))
                               : failed(Kind::missing, Errc::not_found,
                                        fmt::format("resource does not exist: {} with error: No valid IPPool",
                                                    net::to_string(address)));
  if (!block) {
    return fail(public_error(std::move(block.error())));
  }
  const auto ordinal = block->block.ordinal(address);
  if (!ordinal) {
    return fail(ordinal.error());
  }
  if (!block->block.allocations[*ordinal] || block->block.is_cooling(*ordinal)) {
    return fail(Errc::not_found, fmt::format("resource does not exist: {} with error: IP is unassigned",
                                             net::to_string(address)));
  }
  const Attribute* found = block->block.attribute(*ordinal);
  Attribute attribute = found == nullptr ? Attribute{} : *found;
  if (attribute.handle) {
    attribute.handle = std::string(sanitized_handle(*attribute.handle));
  }
  return attribute;
}

Status Ipam::release_affinity(const net::Prefix& cidr, const Owner& owner, bool must_be_empty) {
  BlockStore store(store_, options_);
  const auto pools = list_pools(store_);
  const auto stored = config();
  if (!pools || !stored) {
    return fail(pools ? stored.error() : pools.error());
  }
  const Pool* pool = pool_of(*pools, cidr.addr());
  if (pool == nullptr || !pool->cidr.covers(cidr)) {
    return fail(Errc::invalid, fmt::format("The requested CIDR ({}) is not within any configured pools.",
                                           net::to_string(cidr)));
  }
  if (cidr.length() > pool->block_size) {
    return fail(Errc::invalid,
                fmt::format("The requested CIDR ({}) is smaller than the minimum.", net::to_string(cidr)));
  }
  // Not every block of the range, which may be 2^64, but those that the host has.
  auto blocks = store.affine_blocks(owner, cidr.family());
  if (!blocks) {
    return fail(public_error(std::move(blocks.error())));
  }
  for (const net::Prefix& block : *blocks) {
    if (!cidr.covers(block)) {
      continue;
    }
    const auto released = store.retry([&] {
      return store.release(owner, block, {must_be_empty, std::nullopt, stored->cooldown_s * kSecond});
    });
    if (!released && (!is_ignored(released.error()) || released.error().kind == Kind::not_empty)) {
      return fail(released.error().error);
    }
  }
  return {};
}

Status Ipam::release_host_affinities(const Owner& owner, bool must_be_empty) {
  BlockStore store(store_, options_);
  const auto stored = config();
  if (!stored) {
    return fail(stored.error());
  }
  Status result;
  for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
    auto blocks = store.affine_blocks(owner, family);
    if (!blocks) {
      return fail(public_error(std::move(blocks.error())));
    }
    for (const net::Prefix& block : *blocks) {
      const auto released = store.retry([&] {
        return store.release(owner, block, {must_be_empty, std::nullopt, stored->cooldown_s * kSecond});
      });
      if (!released && (!is_ignored(released.error()) || released.error().kind == Kind::not_empty)) {
        result = fail(released.error().error);  // the others all the same
      }
    }
  }
  return result;
}

Status Ipam::release_pool_affinities(const net::Prefix& pool) {
  BlockStore store(store_, options_);
  const auto stored = config();
  if (!stored) {
    return fail(stored.error());
  }
  for (const AffinityType type : {AffinityType::host, AffinityType::virtual_}) {
    const auto listing = store_.list(affinity_prefix(type));
    if (!listing) {
      return fail(listing.error());
    }
    for (const Entry& entry : listing->entries) {
      const auto key = parse_affinity_key(entry.key);
      if (!key || !pool.covers(key->block)) {
        continue;
      }
      const Owner owner{key->type, key->node};
      const auto released = store.retry([&] {
        return store.release(owner, key->block, {false, std::nullopt, stored->cooldown_s * kSecond});
      });
      if (!released && !is_ignored(released.error())) {
        return fail(released.error().error);
      }
    }
  }
  return {};
}

Status Ipam::remove_host(const Owner& owner) {
  if (auto released = release_host_affinities(owner, false); !released) {
    return released;
  }
  const auto erased = store_.erase(ipam_host_key(owner.node));
  if (!erased && erased.error().code != Errc::not_found) {
    return fail(erased.error());
  }
  return {};
}

}  // namespace catflap::calico::ipam
