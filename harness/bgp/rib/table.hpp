#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/instant.hpp"
#include "bgp/rib/attr_pool.hpp"
#include "bgp/rib/decision.hpp"
#include "bgp/rib/hash_index.hpp"
#include "bgp/rib/next_hop.hpp"
#include "bgp/wire/message.hpp"
#include "net/addr.hpp"

namespace catflap::bgp::rib {

/// The routes to one prefix. 32 octets with one path in them; several stand in one block of memory.
class Entry {
 public:
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;
  ~Entry();

  /// Ascending by (protocol, path id).
  std::span<const Path> paths() const {
    return (flags_ & kMany) != 0 ? std::span<const Path>(block_->paths(), block_->count)
                                 : std::span<const Path>(&one_, (flags_ & kOne) != 0 ? 1 : 0);
  }
  /// As of the last decision; nullptr if none was usable then.
  const Path* best() const {
    const std::size_t index = best_index();
    return index == kNone ? nullptr : paths().data() + index;
  }
  /// nullptr if there is none.
  const Path* find(ProtocolId protocol, PathId path_id) const;

 private:
  friend class Table;
  enum Flag : std::uint8_t {
    kOne = 1,
    kMany = 2,
    kDirty = 4,
    kRecheck = 8,       ///< the best path may be another one
    kBestTouched = 16,  ///< the best path was replaced, changed or withdrawn since the last decision
    kHadBest = 32,      ///< at the last decision
    kOneIsBest = 64,
    kFree = 128,
  };
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  /// The paths follow the object.
  struct Block {
    std::uint32_t count = 0, capacity = 0, best = 0xFFFFFFFF, unused = 0;
    Path* paths() { return reinterpret_cast<Path*>(this + 1); }
    static Block* make(std::size_t capacity);
    static void destroy(Block* block);
  };

  Entry() : block_(nullptr) {}
  std::span<Path> mutable_paths() {
    return (flags_ & kMany) != 0 ? std::span<Path>(block_->paths(), block_->count)
                                 : std::span<Path>(&one_, (flags_ & kOne) != 0 ? 1 : 0);
  }
  bool has_paths() const { return (flags_ & (kOne | kMany)) != 0; }
  bool is(Flag flag) const { return (flags_ & flag) != 0; }
  void set(Flag flag, bool on) {
    flags_ = static_cast<std::uint8_t>(on ? flags_ | flag : flags_ & ~unsigned{flag});
  }
  std::size_t best_index() const {
    if ((flags_ & kMany) != 0) {
      return block_->best == 0xFFFFFFFF ? kNone : block_->best;
    }
    return (flags_ & kOneIsBest) != 0 ? 0 : kNone;
  }
  void set_best_index(std::size_t index);
  void insert(std::size_t index, Path path);
  void erase(std::size_t index);
  void move_to(Block* block);

  std::uint32_t address_ = 0;  ///< IPv4
  std::uint8_t length_ = 0;
  std::uint8_t flags_ = kFree;
  std::uint16_t pins_ = 0;
  union {
    Path one_;
    Block* block_;
  };
};
static_assert(sizeof(Entry) == 32);

/// Names a prefix of a table by a small number, as long as it has paths or is pinned. Numbers are used again.
using PrefixId = std::uint32_t;

/// What a decision changed.
struct Change {
  net::Prefix prefix;
  bool best_changed = false;     ///< another path is the best, or the best says something else
  bool had_best = false;         ///< before
  const Entry* entry = nullptr;  ///< nullptr if no path is left
  const Path* best = nullptr;    ///< now; nullptr if none is usable
  PrefixId id = 0;
};

struct ProtocolCounters {
  std::size_t imported = 0;  ///< paths that are not filtered
  std::size_t filtered = 0;
  std::size_t preferred = 0;  ///< best ones, as of the last decision
};

/// A routing table: paths under their prefixes, and which of them is the best. Deterministic: what comes out
/// depends on what went in, not on addresses or hashes. Expected size: 10^6 prefixes with 1..20 paths, at 45
/// octets for a prefix and 25 for each path beyond the first. One thread.
class Table {
 public:
  /// `protocols` must outlive the table.
  Table(std::string name, net::Family family, const Protocols& protocols)
      : name_(std::move(name)), family_(family), protocols_(protocols) {}

  const std::string& name() const { return name_; }
  net::Family family() const { return family_; }

  /// Adds a path or replaces the one of the same (protocol, path id). False if it is there already and says
  /// the same (then only a stale mark is taken away). Preconditions: path.attrs is not empty, the prefix is
  /// of the table's family.
  bool update(const net::Prefix& prefix, Path path);
  /// The same for many prefixes with one path but for its path id; faster. Returns how many were not there
  /// already. Precondition besides: the path is not filtered.
  std::size_t update(std::span<const wire::Nlri> nlri, Path path);
  /// False if it was not there.
  bool withdraw(ProtocolId protocol, const net::Prefix& prefix, PathId path_id = 0);
  /// The same for many; returns how many were there and not filtered.
  std::size_t withdraw(ProtocolId protocol, std::span<const wire::Nlri> nlri);

  /// Marks all paths of a protocol as stale; update() takes the mark away.
  void mark_stale(ProtocolId protocol);
  /// Withdraws what is still stale; returns how many.
  std::size_t sweep_stale(ProtocolId protocol);
  /// Changes stale paths to long-lived stale ones (RFC 9494): still usable, but the last choice.
  void mark_llgr_stale(ProtocolId protocol);
  /// Withdraws all paths of a protocol; returns how many. Costs what the protocol has, not what the table
  /// has.
  std::size_t withdraw_all(ProtocolId protocol);
  /// The DecisionOptions of a protocol changed: its prefixes are decided again.
  void protocol_changed(ProtocolId protocol);
  /// Marks the prefixes with routes through these next hops. Costs what stands near such routes, not what the
  /// table has.
  void next_hops_changed(std::span<const NextHopEntry* const> changed);
  /// Notes whether the kernel took the best route.
  void set_kernel_refused(const net::Prefix& prefix, bool refused);

  /// True if decide() has work.
  bool dirty() const { return decided_ < queue_.size(); }
  /// Decides at most `limit` changed prefixes, in the order in which they first changed, and calls
  /// visit(const Change&) for each whose paths changed. `visit` must not change this table.
  template <class F>
  void decide(F&& visit, std::size_t limit = static_cast<std::size_t>(-1)) {
    for (; limit > 0 && dirty(); --limit) {
      const PrefixId id = queue_[decided_++];
      visit(decide_one(id));
      free_if_unused(id);
    }
    forget_queue();
  }

  /// nullptr if it has no path.
  const Entry* find(const net::Prefix& exact) const;
  /// The longest prefix around `addr` that has a usable best route.
  const Entry* longest_match(const net::IpAddr& addr, net::Prefix* matched = nullptr) const;
  const Entry* longest_cover(const net::Prefix& inner, net::Prefix* matched = nullptr) const;

  /// For walks in steps while the table changes, in prefix order: the first prefix of all, and the one after
  /// `after`. The first call, and the first one after a new prefix came, looks at the whole table once,
  /// without sorting it; all others are cheap.
  std::optional<net::Prefix> first() const;
  std::optional<net::Prefix> next(const net::Prefix& after) const;
  /// Calls visit(const Prefix&, const Entry&) in prefix order. The table must not change meanwhile.
  template <class F>
  void for_each(F&& visit) const {
    for (const PrefixId id : ordered(nullptr)) {
      visit(prefix_of(id), entry(id));
    }
  }
  /// The same with visit(PrefixId, const Prefix&, const Entry&).
  template <class F>
  void for_each_numbered(F&& visit) const {
    for (const PrefixId id : ordered(nullptr)) {
      visit(id, prefix_of(id), entry(id));
    }
  }
  template <class F>
  void for_each_within(const net::Prefix& cover, F&& visit) const {
    for (const PrefixId id : ordered(&cover)) {
      visit(prefix_of(id), entry(id));
    }
  }

  /// Numbers of prefixes are below this.
  PrefixId id_limit() const { return next_id_; }
  /// nullptr for a number that is not in use, or a prefix without paths.
  const Entry* entry_of(PrefixId id) const {
    return id < next_id_ && entry(id).has_paths() ? &entry(id) : nullptr;
  }
  /// nullopt if the prefix has no number now: neither paths nor a pin.
  std::optional<PrefixId> number_of(const net::Prefix& exact) const;
  /// Precondition: in use or pinned.
  net::Prefix prefix_of(PrefixId id) const;
  /// Keeps the number for this prefix even if all paths go, until unpin() was called as often. Precondition:
  /// in use.
  void pin(PrefixId id);
  void unpin(PrefixId id);

  std::vector<Explanation> explain(const net::Prefix& prefix) const;
  /// The best path and those that may share its traffic, as of the last decision.
  std::vector<const Path*> multipath(const Entry& entry, std::size_t limit) const;

  std::size_t prefixes() const { return prefixes_; }
  std::size_t paths() const { return paths_; }
  ProtocolCounters counters(ProtocolId protocol) const;
  const Protocols& protocols() const { return protocols_; }

 private:
  static constexpr std::size_t kChunk = 4096;  ///< entries
  static constexpr std::size_t kArea = 256;    ///< entries
  struct Address6 {
    std::uint64_t high = 0, low = 0;
  };
  struct Presence {
    ProtocolCounters counters;
    std::vector<std::uint64_t> areas;  ///< a bit for each area that may hold paths of the protocol
  };

  Entry& entry(PrefixId id) { return chunks_[id / kChunk][id % kChunk]; }
  const Entry& entry(PrefixId id) const { return chunks_[id / kChunk][id % kChunk]; }
  static constexpr std::size_t kWarmed = 16;  ///< prefixes that are brought into the cache together

  PrefixId find_id(const net::Prefix& exact) const;
  /// Precondition: of the table's family.
  PrefixId find_id(const net::Prefix& exact, std::uint32_t hash) const;
  PrefixId make_id(const net::Prefix& prefix, std::uint32_t hash);
  std::uint32_t hash_of(PrefixId id) const;
  std::array<std::uint32_t, kWarmed> warm(std::span<const wire::Nlri> nlri) const;
  bool update(const net::Prefix& prefix, std::uint32_t hash, Path path);
  void free_if_unused(PrefixId id);
  void forget_queue();
  bool before(PrefixId a, PrefixId b) const;
  void begin_walk() const;
  std::optional<net::Prefix> walk_on(std::size_t part, const net::Prefix* after) const;
  std::size_t part_of(std::uint64_t high) const { return static_cast<std::size_t>(high >> 48U); }
  std::vector<PrefixId> ordered(const net::Prefix* cover) const;

  void touch(PrefixId id, Entry& entry, bool recheck);
  Change decide_one(PrefixId id);
  Presence& presence(ProtocolId protocol) {
    return last_presence_ != nullptr && last_protocol_ == protocol ? *last_presence_
                                                                   : find_presence(protocol);
  }
  Presence& find_presence(ProtocolId protocol);
  void note_next_hop(PrefixId id, const Path& path) const;
  void count(const Path& path, bool added);
  void erase_path(PrefixId id, Entry& entry, std::size_t index);
  /// Calls visit(id, entry) for each entry that may hold paths of the protocol; false: it holds none (any
  /// more).
  template <class F>
  void for_each_of(ProtocolId protocol, F&& visit);
  template <class F>
  void for_each_in(std::vector<std::uint64_t>& areas, F&& visit);
  template <class F>
  std::size_t withdraw_if(ProtocolId protocol, F&& condition);

  std::string name_;
  net::Family family_;
  const Protocols& protocols_;
  HashIndex index_;
  std::vector<std::unique_ptr<Entry[]>> chunks_;
  std::vector<std::unique_ptr<Address6[]>> addresses6_;  ///< beside chunks_, for IPv6
  std::vector<PrefixId> free_;
  PrefixId next_id_ = 0;
  std::array<std::uint32_t, 129> of_length_{};  ///< prefixes of each length
  std::vector<PrefixId> queue_;                 ///< changed, in the order of arrival
  std::size_t decided_ = 0;                     ///< of queue_
  std::size_t paths_ = 0;
  std::size_t prefixes_ = 0;
  std::map<ProtocolId, Presence> protocols_here_;
  ProtocolId last_protocol_ = 0;
  Presence* last_presence_ = nullptr;
  std::uint64_t grown_ = 0;  ///< how often a prefix came
  /// For first() and next(), as of `grown`: prefixes by the first 16 bits of their addresses.
  struct Walk {
    std::vector<PrefixId> ids;
    std::vector<std::uint32_t> ends;  ///< in `ids`, of each part
    std::vector<bool> sorted;
    std::uint64_t grown = 0;
  };
  mutable Walk walk_;
};

}  // namespace catflap::bgp::rib
