#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "calico/ipam/block.hpp"
#include "calico/ipam/codec.hpp"
#include "calico/ipam/ipam.hpp"
#include "calico/store/datastore.hpp"

/// Inside of calico/ipam: typed access to the store, and the steps by which blocks change owners.
namespace catflap::calico::ipam {

/// An error, and what it means for the operation.
struct Failure {
  enum class Kind : std::uint8_t {
    other,
    changed,    ///< somebody else was faster: read and try again
    missing,    ///< it is not there
    taken,      ///< the block is another's
    stale,      ///< an affinity was left over; it is gone now
    not_empty,  ///< the block is in use
    no_block,   ///< no pool has a block left
  };
  Kind kind = Kind::other;
  Error error{};
};

template <class T>
using Try = tl::expected<T, Failure>;

inline tl::unexpected<Failure> failed(Failure::Kind kind, Errc code, std::string message) {
  return tl::unexpected<Failure>(Failure{kind, Error{code, std::move(message)}});
}
inline tl::unexpected<Failure> failed(Error error) {
  return tl::unexpected<Failure>(Failure{Failure::Kind::other, std::move(error)});
}
/// What is not `changed` any more but an error for callers.
inline Error too_often() {
  return Error{Errc::conflict, "Max retries hit - excessive concurrent IPAM requests"};
}

struct StoredBlock {
  Block block;
  Revision revision = 0;
};

struct BlockList {
  std::vector<StoredBlock> blocks{};
  std::vector<net::Prefix> broken{};  ///< there, but with values that are no blocks
};

struct StoredAffinity {
  Owner owner{};
  net::Prefix cidr{};
  AffinityState state = AffinityState::pending;
  Revision revision = 0;
};

struct ReleaseRules {
  bool require_empty = false;
  std::optional<std::uint64_t> sequence{};  ///< the block must still have this one
  UnixNanos cooldown = 0;
};

class BlockStore {
 public:
  BlockStore(Datastore& store, const Options& options) : store_(store), options_(options) {}

  UnixNanos now() const { return options_.now(); }

  /// Repeats `attempt` while its failure is `changed`.
  template <class F>
  auto retry(F&& attempt) -> decltype(attempt()) {
    for (unsigned n = 0; n < options_.retries; ++n) {
      if (n > 0 && options_.pause) {
        options_.pause(n);
      }
      auto result = attempt();
      if (result || result.error().kind != Failure::Kind::changed) {
        return result;
      }
    }
    return failed(too_often());
  }

  Try<StoredBlock> block(const net::Prefix& cidr);
  Try<BlockList> blocks();
  /// Adds 1 to the sequence number.
  Try<void> update(StoredBlock& block);
  Try<void> erase(const StoredBlock& block);

  Try<StoredAffinity> affinity(const Owner& owner, const net::Prefix& cidr);
  Try<void> update(StoredAffinity& affinity, AffinityState state);
  Try<void> erase(const StoredAffinity& affinity);
  /// The blocks that a host has affinities for, in the order of their keys.
  Try<std::vector<net::Prefix>> affine_blocks(const Owner& owner, net::Family family);

  /// Step 1 of a claim: an affinity that is pending, or confirmed already.
  Try<StoredAffinity> pending_affinity(const Owner& owner, const net::Prefix& cidr);
  /// Steps 2 and 3: makes the block and confirms. `taken` if another has it; the affinity is gone then.
  Try<StoredBlock> claim(StoredAffinity affinity);
  /// The block of an affinity, whose claim is completed if it was not; `stale` if it is another's.
  Try<StoredBlock> block_of(StoredAffinity affinity);
  /// Deletes the block if it is empty, else only its affinity. `taken`, `not_empty`, `missing`.
  Try<void> release(const Owner& owner, const net::Prefix& cidr, const ReleaseRules& rules);

  /// Adds to, or takes from, a handle's count of addresses in a block. A handle without any is deleted.
  Try<void> add_to_handle(std::string_view handle, const net::Prefix& cidr, std::int64_t count);

  struct StoredHandle {
    Handle handle;
    Revision revision = 0;
  };
  Try<StoredHandle> handle(std::string_view id);
  /// Forgets a block that holds no addresses of the handle, if nobody has changed the handle since.
  Try<void> drop_from_handle(const StoredHandle& stored, const std::string& cidr);

 private:
  Try<void> confirm(StoredAffinity& affinity);
  Try<void> write(const StoredHandle& stored);

  Datastore& store_;
  const Options& options_;
};

/// The error of a failure, as callers outside see it.
inline Error public_error(Failure failure) {
  return std::move(failure.error);
}

}  // namespace catflap::calico::ipam
