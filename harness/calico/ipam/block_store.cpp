#include "calico/ipam/block_store.hpp"

#include <fmt/format.h>

#include "calico/store/keys.hpp"

namespace catflap::calico::ipam {
namespace {

using Kind = Failure::Kind;

/// A write that found something else than it expected is `changed`: reading again shows what.
tl::unexpected<Failure> of_write(Error error) {
  const bool changed =
      error.code == Errc::conflict || error.code == Errc::not_found || error.code == Errc::exists;
  return tl::unexpected<Failure>(Failure{changed ? Kind::changed : Kind::other, std::move(error)});
}

std::string key_of(const StoredAffinity& affinity) {
  return to_key(AffinityKey{affinity.owner.type, affinity.owner.node, affinity.cidr});
}

}  // namespace

Try<StoredBlock> BlockStore::block(const net::Prefix& cidr) {
  auto entry = store_.get(block_key(cidr));
  if (!entry) {
    return failed(std::move(entry.error()));
  }
  if (!*entry) {
    return failed(Kind::missing, Errc::not_found,
                  fmt::format("resource does not exist: BlockKey(cidr={})", net::to_string(cidr)));
  }
  auto block = decode_block(**entry);
  if (!block) {
    return failed(std::move(block.error()));
  }
  return StoredBlock{std::move(*block), (*entry)->modified};
}

Try<BlockList> BlockStore::blocks() {
  auto listing = store_.list(kBlockPrefix);
  if (!listing) {
    return failed(std::move(listing.error()));
  }
  BlockList list;
  for (const Entry& entry : listing->entries) {
    const auto cidr = parse_block_key(entry.key);
    if (!cidr) {
      continue;
    }
    if (auto block = decode_block(entry)) {
      list.blocks.push_back({std::move(*block), entry.modified});
    } else {
      list.broken.push_back(*cidr);
    }
  }
  return list;
}

Try<void> BlockStore::update(StoredBlock& block) {
  ++block.block.sequence;
  auto written = store_.update(block_key(block.block.cidr), encode(block.block), block.revision);
  if (!written) {
    return of_write(std::move(written.error()));
  }
  block.revision = written->modified;
  return {};
}

Try<void> BlockStore::erase(const StoredBlock& block) {
  auto erased = store_.erase(block_key(block.block.cidr), block.revision);
  if (!erased) {
    return of_write(std::move(erased.error()));
  }
  return {};
}

Try<StoredAffinity> BlockStore::affinity(const Owner& owner, const net::Prefix& cidr) {
  StoredAffinity affinity{owner, cidr};
  auto entry = store_.get(key_of(affinity));
  if (!entry) {
    return failed(std::move(entry.error()));
  }
  if (!*entry) {
    return failed(Kind::missing, Errc::not_found,
                  fmt::format("resource does not exist: BlockAffinityKey(cidr={}, host={}, affinityType={})",
                              net::to_string(cidr), owner.node, calico::to_string(owner.type)));
  }
  const auto state = decode_affinity(**entry);
  if (!state) {
    return failed(state.error());
  }
  affinity.state = *state;
  affinity.revision = (*entry)->modified;
  return affinity;
}

Try<void> BlockStore::update(StoredAffinity& affinity, AffinityState state) {
  auto written = store_.update(key_of(affinity), encode(state), affinity.revision);
  if (!written) {
    return of_write(std::move(written.error()));
  }
  affinity.state = state;
  affinity.revision = written->modified;
  return {};
}

Try<void> BlockStore::erase(const StoredAffinity& affinity) {
  auto erased = store_.erase(key_of(affinity), affinity.revision);
  if (!erased) {
    return of_write(std::move(erased.error()));
  }
  return {};
}

Try<std::vector<net::Prefix>> BlockStore::affine_blocks(const Owner& owner, net::Family family) {
  const auto listing = store_.list(affinity_prefix(owner.node, family, owner.type));
  if (!listing) {
    return failed(listing.error());
  }
  std::vector<net::Prefix> blocks;
  for (const Entry& entry : listing->entries) {
    if (const auto key = parse_affinity_key(entry.key)) {
      blocks.push_back(key->block);
    }
  }
  return blocks;
}

Try<StoredAffinity> BlockStore::pending_affinity(const Owner& owner, const net::Prefix& cidr) {
  StoredAffinity fresh{owner, cidr, AffinityState::pending};
  auto created = store_.create(key_of(fresh), encode(AffinityState::pending));
  if (created) {
    fresh.revision = created->modified;
    return fresh;
  }
  if (created.error().code != Errc::exists) {
    return failed(std::move(created.error()));
  }
  auto existing = affinity(owner, cidr);
  if (!existing) {
    if (existing.error().kind == Kind::missing) {
      existing.error().kind = Kind::changed;
    }
    return existing;
  }
  if (existing->state != AffinityState::confirmed) {
    if (auto marked = update(*existing, AffinityState::pending); !marked) {
      return tl::unexpected<Failure>(std::move(marked.error()));
    }
  }
  return existing;
}

Try<void> BlockStore::confirm(StoredAffinity& pending) {
  auto confirmed = update(pending, AffinityState::confirmed);
  if (!confirmed) {
    // Another process of the host may have confirmed it.
    const auto again = affinity(pending.owner, pending.cidr);
    if (again && again->state == AffinityState::confirmed) {
      pending = *again;
      return {};
    }
  }
  return confirmed;
}

Try<StoredBlock> BlockStore::claim(StoredAffinity pending) {
  const Block fresh = Block::make(pending.cidr, pending.owner, now());
  auto created = store_.create(block_key(pending.cidr), encode(fresh));
  if (created) {
    if (auto confirmed = confirm(pending); !confirmed) {
      return tl::unexpected<Failure>(std::move(confirmed.error()));
    }
    return StoredBlock{fresh, created->modified};
  }
  if (created.error().code != Errc::exists) {
    return failed(std::move(created.error()));
  }
  auto existing = block(pending.cidr);
  if (!existing) {
    if (existing.error().kind == Kind::missing) {
      existing.error().kind = Kind::changed;
    }
    return existing;
  }
  if (!existing->block.is_of(pending.owner)) {
    // What cannot be erased now is stale, and goes when it is read.
    (void)erase(pending);
    return failed(Kind::taken, Errc::exists,
                  fmt::format("block {} is owned by another host", net::to_string(pending.cidr)));
  }
  if (auto confirmed = confirm(pending); !confirmed) {
    return tl::unexpected<Failure>(std::move(confirmed.error()));
  }
  return existing;
}

Try<StoredBlock> BlockStore::block_of(StoredAffinity affinity) {
  auto found = block(affinity.cidr);
  if (!found) {
    if (found.error().kind != Kind::missing) {
      return found;
    }
    if (auto marked = update(affinity, AffinityState::pending); !marked) {
      return tl::unexpected<Failure>(std::move(marked.error()));
    }
    return claim(std::move(affinity));
  }
  if (!found->block.is_of(affinity.owner)) {
    if (auto erased = erase(affinity); !erased) {
      return tl::unexpected<Failure>(std::move(erased.error()));
    }
    return failed(Kind::stale, Errc::not_found,
                  fmt::format("the affinity of {} for {} is stale", affinity.owner.node,
                              net::to_string(affinity.cidr)));
  }
  if (affinity.state != AffinityState::confirmed) {
    // The block gets a new revision, so that whoever is about to release it notices.
    auto done = update(affinity, AffinityState::pending);
    if (done) {
      done = update(*found);
    }
    if (done) {
      done = update(affinity, AffinityState::confirmed);
    }
    if (!done) {
      return tl::unexpected<Failure>(std::move(done.error()));
    }
  }
  return found;
}

Try<void> BlockStore::release(const Owner& owner, const net::Prefix& cidr, const ReleaseRules& rules) {
  if (owner.node.empty()) {
    return failed(Kind::other, Errc::invalid, "Hostname must be specified to release block affinity");
  }
  auto held = affinity(owner, cidr);
  if (!held) {
    return tl::unexpected<Failure>(std::move(held.error()));
  }
  auto found = block(cidr);
  if (!found) {
    if (found.error().kind != Kind::missing) {
      return tl::unexpected<Failure>(std::move(found.error()));
    }
    // A claim or a release that was broken off left only this.
    return erase(*held);
  }
  Block& block = found->block;
  if (rules.sequence && *rules.sequence != block.sequence) {
    return failed(Kind::other, Errc::conflict, "IPAM block updated since we last read it");
  }
  if (block.affinity && !block.is_of(owner)) {
    (void)erase(*held);  // stale; whoever reads it next tries again
    return failed(Kind::taken, Errc::exists,
                  fmt::format("block {} is owned by another host", net::to_string(cidr)));
  }
  block.collect_cold(now(), rules.cooldown);
  if (rules.require_empty && !block.empty()) {
    return failed(Kind::not_empty, Errc::invalid, fmt::format("block {} is not empty", net::to_string(cidr)));
  }
  if (auto marked = update(*held, AffinityState::pending_deletion); !marked) {
    return marked;
  }
  Try<void> given_up;
  if (block.empty()) {
    given_up = erase(*found);
  } else if (block.affinity) {
    block.affinity.reset();
    block.claimed.reset();
    given_up = update(*found);
  }
  if (!given_up) {
    return given_up;
  }
  return erase(*held);
}

Try<BlockStore::StoredHandle> BlockStore::handle(std::string_view id) {
  auto entry = store_.get(handle_key(id));
  if (!entry) {
    return failed(std::move(entry.error()));
  }
  if (!*entry) {
    return failed(Kind::missing, Errc::not_found,
                  fmt::format("resource does not exist: IPAMHandleKey(id={})", id));
  }
  auto handle = decode_handle(**entry);
  if (!handle) {
    return failed(std::move(handle.error()));
  }
  return StoredHandle{std::move(*handle), (*entry)->modified};
}

Try<void> BlockStore::write(const StoredHandle& stored) {
  const std::string key = handle_key(stored.handle.id);
  Status written;
  if (stored.handle.blocks.empty()) {
    const auto erased = store_.erase(key, stored.revision);
    written = erased ? Status() : fail(erased.error());
  } else {
    const auto entry = stored.revision == 0 ? store_.create(key, encode(stored.handle))
                                            : store_.update(key, encode(stored.handle), stored.revision);
    written = entry ? Status() : fail(entry.error());
  }
  if (!written) {
    return of_write(std::move(written.error()));
  }
  return {};
}

Try<void> BlockStore::add_to_handle(std::string_view id, const net::Prefix& cidr, std::int64_t count) {
  return retry([&]() -> Try<void> {
    auto stored = handle(id);
    if (!stored) {
      // There is nothing to take from a handle that others have cleaned up.
      if (stored.error().kind != Kind::missing || count < 0) {
        return stored.error().kind == Kind::missing ? Try<void>()
                                                    : tl::unexpected<Failure>(std::move(stored.error()));
      }
      stored = StoredHandle{Handle{std::string(id)}};
    }
    const std::string name = net::to_string(cidr);
    std::int64_t& held = stored->handle.blocks[name];
    held += count;
    if (held <= 0) {
      stored->handle.blocks.erase(name);
    }
    return write(*stored);
  });
}

Try<void> BlockStore::drop_from_handle(const StoredHandle& stored, const std::string& cidr) {
  StoredHandle less = stored;
  less.handle.blocks.erase(cidr);
  return write(less);
}

}  // namespace catflap::calico::ipam
