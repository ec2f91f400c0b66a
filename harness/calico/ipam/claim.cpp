#include <utility>

#include <fmt/format.h>

#include "calico/ipam/block_store.hpp"
#include "calico/ipam/ipam.hpp"
#include "calico/store/keys.hpp"

namespace catflap::calico::ipam {

Result<ClaimResult> Ipam::claim_affinity(const net::Prefix& cidr, const Owner& owner) {
  BlockStore store(store_, options_);
  const auto pools = list_pools(store_);
  if (!pools) {
    return fail(pools.error());
  }
  const auto enabled = enabled_pools(*pools, cidr.family());
  const Pool* pool = pool_of(enabled, cidr.addr());
  if (pool == nullptr || !pool->cidr.covers(cidr)) {
    return fail(Errc::invalid, fmt::format("The requested CIDR ({}) is not within any configured pools.",
                                           net::to_string(cidr)));
  }
  if (cidr.length() > pool->block_size) {
    return fail(Errc::invalid,
                fmt::format("The requested CIDR ({}) is smaller than the minimum.", net::to_string(cidr)));
  }
  const unsigned bits = pool->block_size - cidr.length();
  if (bits > 63 || std::uint64_t{1} << bits > kClaimMax) {
    return fail(Errc::invalid, fmt::format("the requested CIDR ({}) has more than {} blocks",
                                           net::to_string(cidr), kClaimMax));
  }
  ClaimResult result;
  net::Prefix block(cidr.addr(), pool->block_size);
  for (std::uint64_t n = 0; n < std::uint64_t{1} << bits; ++n) {
    const auto claimed = store.retry([&]() -> Try<StoredBlock> {
      auto affinity = store.pending_affinity(owner, block);
      return affinity ? store.claim(std::move(*affinity))
                      : tl::unexpected<Failure>(std::move(affinity.error()));
    });
    if (claimed) {
      result.claimed.push_back(block);
    } else if (claimed.error().kind == Failure::Kind::taken) {
      result.failed.push_back(block);
    } else {
      return fail(claimed.error().error);
    }
    block = net::Prefix(block.addr().plus(address_count(block)), pool->block_size);
  }
  return result;
}

Result<Config> Ipam::config() {
  const auto entry = store_.get(kIpamConfigKey);
  if (!entry) {
    return fail(entry.error());
  }
  return *entry ? decode_config(**entry) : Config{};
}

Status Ipam::set_config(const Config& config) {
  if (!config.strict_affinity && !config.auto_allocate_blocks) {
    return fail(Errc::invalid, "Cannot disable 'StrictAffinity' and 'AutoAllocateBlocks' at the same time");
  }
  if (config.max_blocks_per_host > 0 && !config.strict_affinity) {
    return fail(Errc::invalid, "MaxBlocksPerHost requires StrictAffinity to be enabled");
  }
  constexpr std::int64_t kMaxBlocksMax = 1'000'000;
  if (config.max_blocks_per_host < 0 || config.max_blocks_per_host > kMaxBlocksMax) {
    return fail(Errc::invalid, fmt::format("MaxBlocksPerHost must be from 0 to {}", kMaxBlocksMax));
  }
  constexpr std::int64_t kCooldownMax = 1200;
  if (config.cooldown_s < 0 || config.cooldown_s > kCooldownMax) {
    return fail(Errc::invalid, fmt::format("IPCooldownSeconds must be from 0 to {}", kCooldownMax));
  }
  const auto written = store_.put(kIpamConfigKey, encode(config));
  return written ? Status() : fail(written.error());
}

}  // namespace catflap::calico::ipam
