#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "calico/ipam/block_order.hpp"
#include "calico/ipam/block_store.hpp"
#include "calico/ipam/ipam.hpp"

namespace catflap::calico::ipam {
namespace {

using Kind = Failure::Kind;

/// An empty block of another host may be taken over when it was claimed so long ago: younger ones are about
/// to be used.
constexpr UnixNanos kTakeOverAge = 60 * kSecond;

constexpr const char* kVirtualNode = "load-balancer";

/// Nothing that another block would mend.
bool is_of_the_store(const Failure& failure) {
  return failure.kind == Kind::other && failure.error.code != Errc::conflict &&
         failure.error.code != Errc::protocol;
}

/// One automatic assignment of one family.
class Assigner {
 public:
  Assigner(Datastore& store, const Options& options, const AssignRequest& request, net::Family family)
      : datastore_(store), store_(store, options), request_(request), family_(family) {
    owner_ = request.use == Use::load_balancer ? Owner{AffinityType::virtual_, kVirtualNode}
                                               : Owner{AffinityType::host, request.host};
    attribute_.handle = request.handle;
    attribute_.secondary = request.attributes;
  }

  Status run(std::size_t count, const Config& config, Assigned& result) {
    result.requested = count;
    config_ = config;
    cooldown_ = config.cooldown_s * kSecond;
    wanted_ = count;
    auto reserved = list_reservations(datastore_);
    if (!reserved) {
      return fail(std::move(reserved.error()).context("failed to look up reserved IPs"));
    }
    reserved_ = std::move(*reserved);
    if (auto prepared = choose_pools(); !prepared) {
      return prepared;
    }
    if (auto prepared = find_own_blocks(); !prepared) {
      return prepared;
    }
    if (auto assigned = from_affine_blocks(result); !assigned) {
      return assigned;
    }
    if (!config_.strict_affinity && wanted_ > result.addresses.size()) {
      return borrow(result);
    }
    return {};
  }

 private:
  // --- which pools, which blocks

  Status choose_pools() {
    auto labels = node_labels(datastore_, request_.host);
    if (!labels) {
      return fail(std::move(labels.error()));
    }
    if (!*labels && request_.use != Use::load_balancer) {
      return fail(Errc::not_found, "resource does not exist: Node(" + request_.host + ")");
    }
    labels_ = labels->value_or(Labels{});
    auto pools = list_pools(datastore_);
    if (!pools) {
      return fail(std::move(pools.error()));
    }
    enabled_ = enabled_pools(*pools, family_);
    if (enabled_.empty()) {
      return fail(Errc::not_found, "cannot find a qualified ippool");
    }
    const auto& wanted = family_ == net::Family::ipv4 ? request_.pools4 : request_.pools6;
    auto chosen = wanted.empty() ? matching_pools() : named_pools(wanted);
    if (!chosen) {
      return fail(std::move(chosen.error()));
    }
    selecting_ = std::move(*chosen);
    if (selecting_.empty()) {
      return fail(Errc::not_found, "no configured Calico pools for node " + request_.host);
    }
    std::copy_if(selecting_.begin(), selecting_.end(), std::back_inserter(pools_),
                 [this](const Pool& pool) { return pool.allows(request_.use); });
    if (pools_.empty()) {
      return fail(Errc::not_found,
                  fmt::format("cannot find a qualified ippool, no pools match the required use ({})",
                              to_string(request_.use)));
    }
    return {};
  }

  Result<std::vector<Pool>> named_pools(const std::vector<net::Prefix>& wanted) const {
    std::vector<Pool> chosen;
    for (const net::Prefix& cidr : wanted) {
      const auto found = std::find_if(enabled_.begin(), enabled_.end(),
                                      [&cidr](const Pool& pool) { return pool.cidr == cidr; });
      if (found == enabled_.end()) {
        return fail(Errc::not_found, fmt::format("the given pool ({}) does not exist, or is not enabled",
                                                 net::to_string(cidr)));
      }
      chosen.push_back(*found);
    }
    return chosen;
  }

  Result<std::vector<Pool>> matching_pools() const {
    std::vector<Pool> chosen;
    for (const Pool& pool : enabled_) {
      const auto node = selects_node(pool, labels_);
      const auto space = selects_namespace(pool, request_.namespace_labels);
      if (!node || !space) {
        return fail(node ? space.error() : node.error());
      }
      if (pool.automatic && *node && *space) {
        chosen.push_back(pool);
      }
    }
    return chosen;
  }

  /// Fills own_; empty blocks in pools that do not select the node any more are given up.
  Status find_own_blocks() {
    auto affine = store_.affine_blocks(owner_, family_);
    if (!affine) {
      return fail(public_error(std::move(affine.error())));
    }
    for (const net::Prefix& block : *affine) {
      if (pool_of(pools_, block.addr()) != nullptr) {
        own_.push_back(block);
        continue;
      }
      const Pool* pool = pool_of(enabled_, block.addr());
      if (pool == nullptr || pool_of(selecting_, block.addr()) != nullptr) {
        continue;
      }
      if (const auto selected = selects_node(*pool, labels_); !selected || *selected) {
        continue;
      }
      // Best effort: a block that is in use, or whose store fails now, keeps its affinity for now.
      (void)store_.retry([&] { return store_.release(owner_, block, {true, std::nullopt, cooldown_}); });
    }
    return {};
  }

  // --- own and new blocks

  Status from_affine_blocks(Assigned& result) {
    std::int64_t owned = static_cast<std::int64_t>(own_.size());
    const std::int64_t limit = block_limit();
    while (result.addresses.size() < wanted_) {
      auto found = own_block();
      if (found && !*found) {
        if (owned >= limit) {
          add_message(result, fmt::format("Need to allocate an IPAM block but could not - limit of {} blocks "
                                          "reached for this node",
                                          limit));
          return fail(Errc::denied, "cannot allocate new block due to per host block limit");
        }
        if (!config_.auto_allocate_blocks) {
          return fail(Errc::not_found, "failed to find or claim a block");
        }
        auto claimed = new_block();
        ++owned;
        found = claimed ? Try<std::optional<StoredBlock>>(std::move(*claimed))
                        : tl::unexpected<Failure>(std::move(claimed.error()));
      }
      if (!found) {
        if (found.error().kind != Kind::no_block) {
          return fail(public_error(std::move(found.error())));
        }
        if (config_.strict_affinity) {
          add_message(result, "No more free affine blocks and strict affinity enabled");
        }
        return {};
      }
      if (auto assigned = assign_from(std::move(**found), config_.strict_affinity, result); !assigned) {
        if (assigned.error().kind != Kind::taken) {
          return fail(public_error(std::move(assigned.error())));
        }
      }
    }
    return {};
  }

  std::int64_t block_limit() const {
    const std::int64_t configured = config_.max_blocks_per_host;
    std::int64_t limit = request_.max_blocks;
    if (limit == 0 || (configured > 0 && configured < limit)) {
      limit = configured;
    }
    return limit == 0 ? kMaxBlocksDefault : limit;
  }

  /// The next own block with a free address; nothing when there are no more.
  Try<std::optional<StoredBlock>> own_block() {
    while (next_own_ < own_.size()) {
      const net::Prefix cidr = own_[next_own_++];
      if (reserved_.cover(cidr) != nullptr) {
        continue;
      }
      // Most blocks of a busy host are full: one look is enough for these.
      if (auto peek = store_.block(cidr); peek && peek->block.is_of(owner_) && !has_space(peek->block)) {
        continue;
      }
      auto block = store_.retry([&]() -> Try<StoredBlock> {
        auto affinity = store_.affinity(owner_, cidr);
        return affinity ? store_.block_of(std::move(*affinity))
                        : tl::unexpected<Failure>(std::move(affinity.error()));
      });
      if (!block) {
        if (is_of_the_store(block.error())) {
          return tl::unexpected<Failure>(std::move(block.error()));
        }
        continue;  // lost to another host, too much wanted, or broken: there may be others
      }
      if (has_space(block->block)) {
        return std::optional<StoredBlock>(std::move(*block));
      }
    }
    return std::optional<StoredBlock>();
  }

  bool has_space(Block& block) const {
    block.collect_cold(store_.now(), cooldown_);
    return block.free_count(reserved_) > 0;
  }

  Try<StoredBlock> new_block() {
    return store_.retry([&]() -> Try<StoredBlock> {
      auto cidr = find_usable();
      if (!cidr) {
        return tl::unexpected<Failure>(std::move(cidr.error()));
      }
      auto block = store_.retry([&]() -> Try<StoredBlock> {
        auto affinity = store_.pending_affinity(owner_, *cidr);
        return affinity ? store_.block_of(std::move(*affinity))
                        : tl::unexpected<Failure>(std::move(affinity.error()));
      });
      if (!block) {
        // Another host has it now: look for another one.
        if (block.error().kind == Kind::taken || block.error().kind == Kind::stale) {
          block.error().kind = Kind::changed;
        }
        return block;
      }
      if (!has_space(block->block)) {
        return failed(Kind::changed, Errc::conflict, "the block was used up before we got it");
      }
      return block;
    });
  }

  /// A block that does not exist, or is ours and has space; else one that is taken over.
  Try<net::Prefix> find_usable() {
    auto blocks = store_.blocks();
    if (!blocks) {
      return tl::unexpected<Failure>(std::move(blocks.error()));
    }
    std::map<net::Prefix, StoredBlock*> existing;
    for (StoredBlock& each : blocks->blocks) {
      existing.emplace(each.block.cidr, &each);
    }
    for (const net::Prefix& cidr : blocks->broken) {
      existing.emplace(cidr, nullptr);
    }
    std::vector<StoredBlock*> empty;
    for (const Pool& pool : pools_) {
      const BlockOrder order(pool, owner_.node, store_.now());
      const auto found = order.find(reserved_, [&](const net::Prefix& cidr) {
        const auto there = existing.find(cidr);
        if (there == existing.end()) {
          return !overlaps(existing, cidr);
        }
        if (there->second == nullptr) {
          return false;
        }
        Block& block = there->second->block;
        const bool space = has_space(block);
        if (space && !block.is_of(owner_) && block.empty()) {
          empty.push_back(there->second);
        }
        return space && block.is_of(owner_);
      });
      if (found) {
        return *found;
      }
    }
    return take_over(empty);
  }

  /// A block of another size, from before its pool was made anew.
  static bool overlaps(const std::map<net::Prefix, StoredBlock*>& existing, const net::Prefix& cidr) {
    const auto inside = existing.lower_bound(cidr);
    if (inside != existing.end() && cidr.covers(inside->first)) {
      return true;
    }
    for (int length = cidr.length() - 1; length >= 0; --length) {
      if (existing.count(net::Prefix(cidr.addr(), static_cast<std::uint8_t>(length))) != 0) {
        return true;
      }
    }
    return false;
  }

  Try<net::Prefix> take_over(const std::vector<StoredBlock*>& empty) {
    bool raced = false;
    for (StoredBlock* each : empty) {
      const Block& block = each->block;
      if (store_.now() - block.claimed.value_or(0) < kTakeOverAge) {
        continue;
      }
      const auto other = block.owner();
      // Only as we have read it: two that take over the same block must not undo each other's claim.
      auto released =
          other ? store_.release(*other, block.cidr, {true, block.sequence, cooldown_}) : store_.erase(*each);
      if (!released && released.error().kind == Kind::missing) {
        released = store_.erase(*each);  // no affinity says that it is in use
      }
      if (released) {
        return block.cidr;
      }
      if (is_of_the_store(released.error())) {
        return tl::unexpected<Failure>(std::move(released.error()));
      }
      raced = raced || released.error().error.code == Errc::conflict;
    }
    if (raced) {
      return failed(Kind::changed, Errc::conflict, "others take blocks over, too");
    }
    return failed(Kind::no_block, Errc::not_found, "No Free Blocks");
  }

  // --- addresses of a block

  /// `taken` if the block cannot be used, for whatever reason but the store's.
  Try<void> assign_from(StoredBlock block, bool strict, Assigned& result) {
    bool fresh = true;
    return store_.retry([&]() -> Try<void> {
      if (!fresh) {
        auto again = store_.block(block.block.cidr);
        if (!again) {
          again.error().kind = again.error().kind == Kind::missing ? Kind::taken : again.error().kind;
          return tl::unexpected<Failure>(std::move(again.error()));
        }
        block = std::move(*again);
        block.block.collect_cold(store_.now(), cooldown_);
      }
      fresh = false;
      const net::Prefix cidr = block.block.cidr;
      auto addresses =
          block.block.assign_any(wanted_ - result.addresses.size(), attribute_, owner_, strict, reserved_);
      if (!addresses) {
        return failed(Kind::taken, addresses.error().code, addresses.error().message);
      }
      if (addresses->empty()) {
        return {};
      }
      // The handle first: it may count too many addresses if we stop here, but never too few.
      const auto count = static_cast<std::int64_t>(addresses->size());
      if (request_.handle) {
        if (auto counted = store_.add_to_handle(*request_.handle, cidr, count); !counted) {
          return counted;
        }
      }
      if (auto written = store_.update(block); !written) {
        // Not after an error of the store: the write may have happened.
        if (request_.handle && written.error().kind == Kind::changed) {
          if (auto undone = store_.add_to_handle(*request_.handle, cidr, -count); !undone) {
            return undone;
          }
        }
        return written;
      }
      for (const net::IpAddr& address : *addresses) {
        result.addresses.push_back({address, cidr.length()});
      }
      return {};
    });
  }

  Status borrow(Assigned& result) {
    auto stored = store_.blocks();
    if (!stored) {
      return fail(public_error(std::move(stored.error())));
    }
    std::vector<net::Prefix> existing;
    std::map<net::Prefix, StoredBlock*> by_cidr;
    for (StoredBlock& each : stored->blocks) {
      existing.push_back(each.block.cidr);
      by_cidr.emplace(each.block.cidr, &each);
    }
    std::string exhausted;
    for (const Pool& pool : pools_) {
      for (const net::Prefix& cidr : BlockOrder(pool, owner_.node, store_.now()).sorted(existing)) {
        if (result.addresses.size() == wanted_) {
          return {};
        }
        StoredBlock& block = *by_cidr.at(cidr);
        if (reserved_.cover(cidr) != nullptr || !has_space(block.block)) {
          continue;
        }
        if (auto assigned = assign_from(std::move(block), false, result); !assigned) {
          if (is_of_the_store(assigned.error())) {
            return fail(public_error(std::move(assigned.error())));
          }
        }
      }
      if (result.addresses.size() < wanted_) {
        exhausted += (exhausted.empty() ? "" : " ") + net::to_string(pool.cidr);
      }
    }
    if (!exhausted.empty()) {
      add_message(result, "No IPs available in pools: [" + exhausted + "]");
    }
    return {};
  }

  static void add_message(Assigned& result, std::string message) {
    if (std::find(result.messages.begin(), result.messages.end(), message) == result.messages.end()) {
      result.messages.push_back(std::move(message));
    }
  }

  Datastore& datastore_;
  BlockStore store_;
  const AssignRequest& request_;
  net::Family family_;
  Owner owner_{};
  Attribute attribute_{};
  Config config_{};
  UnixNanos cooldown_ = 0;
  std::size_t wanted_ = 0;
  Reservations reserved_{};
  Labels labels_{};
  std::vector<Pool> enabled_{};
  std::vector<Pool> selecting_{};  ///< those of enabled_ that select the node, or were named
  std::vector<Pool> pools_{};      ///< those of selecting_ that allow the use
  std::vector<net::Prefix> own_{};
  std::size_t next_own_ = 0;
};

Status check_pools(const std::vector<net::Prefix>& pools, net::Family family) {
  for (const net::Prefix& pool : pools) {
    if (pool.family() != family) {
      return fail(Errc::invalid, family == net::Family::ipv4
                                     ? "provided IPv4 IPPools list contains one or more IPv6 IPPools"
                                     : "provided IPv6 IPPools list contains one or more IPv4 IPPools");
    }
  }
  return {};
}

}  // namespace

std::string shortfall(const Assigned& assigned, net::Family family) {
  if (assigned.addresses.size() >= assigned.requested) {
    return "";
  }
  std::string text = fmt::format("Assigned {} out of {} requested IPv{} addresses", assigned.addresses.size(),
                                 assigned.requested, family == net::Family::ipv4 ? 4 : 6);
  for (const std::string& message : assigned.messages) {
    text += "; " + message;
  }
  return text;
}

AutoAssignment Ipam::auto_assign(const AssignRequest& request) {
  AutoAssignment result;
  result.v4.requested = request.count4;
  result.v6.requested = request.count6;
  if (request.host.empty() && request.use != Use::load_balancer) {
    result.status = fail(Errc::invalid, "no host was given");
    return result;
  }
  const auto stored = config();
  result.status = stored ? check_pools(request.pools4, net::Family::ipv4) : fail(stored.error());
  if (result.status) {
    result.status = check_pools(request.pools6, net::Family::ipv6);
  }
  if (result.status && request.count4 > 0) {
    result.status =
        Assigner(store_, options_, request, net::Family::ipv4).run(request.count4, *stored, result.v4);
  }
  if (result.status && request.count6 > 0) {
    result.status =
        Assigner(store_, options_, request, net::Family::ipv6).run(request.count6, *stored, result.v6);
  }
  return result;
}

Status Ipam::assign_ip(const AssignIpRequest& request) {
  BlockStore store(store_, options_);
  const Owner owner = request.use == Use::load_balancer ? Owner{AffinityType::virtual_, kVirtualNode}
                                                        : Owner{AffinityType::host, request.host};
  const auto pools = list_pools(store_);
  const auto stored = config();
  if (!pools || !stored) {
    return fail(pools ? stored.error() : pools.error());
  }
  const auto enabled = enabled_pools(*pools, request.address.family());
  const Pool* pool = pool_of(enabled, request.address);
  if (pool == nullptr) {
    return fail(Errc::invalid, "The provided IP address is not in a configured pool");
  }
  if (request.use && !pool->allows(*request.use)) {
    return fail(Errc::invalid,
                fmt::format("the IP pool {} of the provided IP address does not allow the use {}", pool->name,
                            to_string(*request.use)));
  }
  Attribute attribute;
  attribute.handle = request.handle;
  attribute.secondary = request.attributes;
  const net::Prefix cidr = pool->block_of(request.address);
  const auto done = store.retry([&]() -> Try<void> {
    auto block = store.block(cidr);
    if (!block && block.error().kind == Kind::missing) {
      auto affinity = store.pending_affinity(owner, cidr);
      block = affinity ? store.claim(std::move(*affinity))
                       : Try<StoredBlock>(tl::unexpected<Failure>(std::move(affinity.error())));
      if (!block && block.error().kind == Kind::taken) {
        block.error().kind = Kind::changed;  // it exists now
      }
    }
    if (!block) {
      return tl::unexpected<Failure>(std::move(block.error()));
    }
    block->block.collect_cold(store.now(), stored->cooldown_s * kSecond);
    if (auto free = block->block.assign(request.address, attribute, owner, stored->strict_affinity); !free) {
      return failed(std::move(free.error()));
    }
    if (request.handle) {
      if (auto counted = store.add_to_handle(*request.handle, cidr, 1); !counted) {
        return counted;
      }
    }
    auto written = store.update(*block);
    if (!written && request.handle && written.error().kind == Kind::changed) {
      if (auto undone = store.add_to_handle(*request.handle, cidr, -1); !undone) {
        return undone;
      }
    }
    return written;
  });
  return done ? Status() : fail(done.error().error);
}

}  // namespace catflap::calico::ipam
