#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/instant.hpp"
#include "bgp/rib/attr_pool.hpp"
#include "bgp/rib/next_hop.hpp"
#include "net/addr.hpp"

/// Which of several routes to a prefix is the best: RFC 4271 §9.1.2, RFC 4456 §9, RFC 5004, in BIRD's order
/// with the preference first. MED is always compared deterministically: within the groups of one neighbouring
/// AS first, so that the result is independent of the order of arrival.
namespace catflap::bgp::rib {

using ProtocolId = std::uint32_t;  ///< chosen by the speaker: ascending in the order of the configuration
using PathId = std::uint32_t;      ///< RFC 7911; 0 without ADD-PATH

/// What the decision must know of a BGP protocol (and whether it is one).
struct DecisionOptions {
  bool bgp = false;
  bool internal = false;        ///< iBGP (or confederation)
  std::uint32_t local_as = 0;   ///< neighbour AS of a path that is empty
  std::uint32_t remote_id = 0;  ///< router id of the peer
  net::IpAddr peer;
  std::uint32_t default_local_pref = 100;
  std::uint32_t default_med = 0;
  bool path_metric = true;         ///< compare lengths of AS paths
  bool med_metric = false;         ///< compare MED between neighbouring ASes, too
  bool igp_metric = true;          ///< compare metrics of next hops
  bool prefer_older = false;       ///< RFC 5004
  bool deterministic_med = false;  ///< decides nothing, see suppressed()

  bool operator==(const DecisionOptions&) const = default;
};

/// The protocols whose routes stand in tables. Owned by the speaker; must outlive the tables.
class Protocols {
 public:
  /// After a change, tell the tables: Table::protocol_changed().
  void set(ProtocolId id, DecisionOptions options) {
    remove(id);
    odd_ += is_odd(options) ? 1U : 0U;
    options_.emplace(id, std::move(options));
  }
  void remove(ProtocolId id) {
    recent_ = {};
    const auto found = options_.find(id);
    if (found != options_.end()) {
      odd_ -= is_odd(found->second) ? 1U : 0U;
      options_.erase(found);
    }
  }
  /// The options by which a path is compared: those of the protocol that brought it first, behind pipes.
  const DecisionOptions& of(ProtocolId protocol, PathId path_id) const {
    if (!origins_.empty()) {
      const auto origin = origins_.find({protocol, path_id});
      if (origin != origins_.end()) {
        return get(origin->second);
      }
    }
    return get(protocol);
  }
  /// What `pipe` brings as `path_id` came from another table, where it stands as that of (source,
  /// source_path_id).
  void set_origin(ProtocolId pipe, PathId path_id, ProtocolId source, PathId source_path_id) {
    const auto before = origins_.find({source, source_path_id});
    origins_[{pipe, path_id}] = before == origins_.end() ? source : before->second;
  }
  void forget_origins(ProtocolId pipe) {
    origins_.erase(origins_.lower_bound({pipe, 0}), origins_.lower_bound({pipe + 1, 0}));
  }
  /// True if no protocol has a knob with which the comparison of paths is no order.
  bool plain() const { return odd_ == 0; }
  /// Options of a protocol that is not BGP if `id` is unknown.
  const DecisionOptions& get(ProtocolId id) const {
    auto& [recent_id, recent] = recent_[id % recent_.size()];
    if (recent == nullptr || recent_id != id) {
      const auto found = options_.find(id);
      recent = found == options_.end() ? &none_ : &found->second;
      recent_id = id;
    }
    return *recent;
  }

 private:
  static bool is_odd(const DecisionOptions& options) {
    return !options.path_metric || options.med_metric || options.prefer_older;
  }
  std::unordered_map<ProtocolId, DecisionOptions> options_;  ///< for look-up only
  std::map<std::pair<ProtocolId, PathId>, ProtocolId> origins_;
  std::size_t odd_ = 0;
  DecisionOptions none_;
  mutable std::array<std::pair<ProtocolId, const DecisionOptions*>, 32> recent_{};
};

struct PathFlags {
  bool filtered : 1 = false;        ///< rejected by the import filter and kept to be shown; never chosen
  bool unusable : 1 = false;        ///< a loop, or such; kept and never chosen
  bool stale : 1 = false;           ///< graceful restart: the session that brought it is down
  bool llgr_stale : 1 = false;      ///< RFC 9494: loses against all that are not
  bool kernel_refused : 1 = false;  ///< the kernel did not take it; set by Table::set_kernel_refused

  bool operator==(const PathFlags&) const = default;
};

/// An instant to the microsecond in 7 octets; enough for 2000 years.
class ChangeTime {
 public:
  ChangeTime() = default;
  ChangeTime(Instant at) {  // NOLINT(google-explicit-constructor): a smaller Instant
    const auto us = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(at.since_origin()).count());
    for (std::size_t i = 0; i < octets_.size(); ++i) {
      octets_[i] = static_cast<std::uint8_t>(us >> (8 * i));
    }
  }
  operator Instant() const {  // NOLINT(google-explicit-constructor)
    std::uint64_t us = 0;
    for (std::size_t i = 0; i < octets_.size(); ++i) {
      us |= static_cast<std::uint64_t>(octets_[i]) << (8 * i);
    }
    return Instant(std::chrono::microseconds(us));
  }
  auto operator<=>(const ChangeTime& other) const { return Instant(*this) <=> Instant(other); }
  bool operator==(const ChangeTime&) const = default;

 private:
  std::array<std::uint8_t, 7> octets_{};
};

/// A route in a table, under its prefix. Small: a table holds 10^7 of them.
struct Path {
  AttrRef attrs;
  ProtocolId protocol = 0;
  PathId path_id = 0;
  ChangeTime last_change;
  PathFlags flags;

  /// Of a recursive route that was bound; else nullptr.
  const NextHopEntry* next_hop() const { return attrs.next_hop(); }
  /// Where it leads: the resolver's answer, or what the attributes say.
  const policy::Forwarding& forwarding() const {
    return attrs.next_hop() != nullptr ? attrs.next_hop()->forwarding : attrs.frame().forwarding;
  }
  /// What filters get beside the attributes: the resolver's answer, nullptr if there is none.
  const policy::Forwarding* resolved() const {
    return attrs.next_hop() != nullptr ? &attrs.next_hop()->forwarding : nullptr;
  }
  bool reachable() const { return forwarding().destination == policy::Destination::unicast; }
};
static_assert(sizeof(Path) == 24);

/// The criterion at which a path lost.
enum class DecisionStep : std::uint8_t {
  best,    ///< it did not lose
  usable,  ///< filtered or in a loop
  preference,
  protocol_kind,  ///< same preference, but routes of other kinds than BGP come first
  resolvable,
  stale,
  local_pref,
  path_length,
  origin,
  med,
  external,
  igp_metric,
  older,
  router_id,
  cluster_list,
  peer_address,
  protocol,  ///< order of the configuration
  path_id,
};
/// For people: "lower local preference", ...
std::string_view to_string(DecisionStep step);

struct Comparison {
  bool first_wins = true;
  DecisionStep step = DecisionStep::path_id;
};

/// Compares two different paths of one prefix. MED counts if the neighbouring AS is the same or `med metric`
/// is on.
Comparison compare(const Path& a, const Path& b, const Protocols& protocols);

inline constexpr std::size_t kNoBest = static_cast<std::size_t>(-1);

/// True if `other`, which is not in the table yet or stands there beside `best`, cannot change that `best` is
/// the best: it loses against it in every way that could matter. `added`: it is new; else it was replaced or
/// goes away.
bool irrelevant_beside(const Path& best, const Path& other, const Protocols& protocols, bool added);

/// The index of the best of `paths`, kNoBest if none is usable. Does not depend on the order of `paths`
/// (where two protocols differ in the knobs `path metric` or `med metric`, BIRD's "if either has it" is no
/// order; then the result is still a function of the set of paths, see Entry::paths).
std::size_t best_of(std::span<const Path> paths, const Protocols& protocols);

/// True if `other` may share the traffic with `best`: equal up to and including the IGP metric (BIRD's merge
/// paths).
bool mergeable(const Path& best, const Path& other, const Protocols& protocols);

/// BIRD's mark of `path`, one of `paths`: with `deterministic med`, a path that is neither the best of its
/// neighbouring AS nor as good up to the IGP metric. Does not tell the best path: that is never suppressed.
bool suppressed(std::span<const Path> paths, const Path& path, const Protocols& protocols);

/// `best` first, then those that may share its traffic in the order of `paths`, each with another next hop;
/// at most `limit`. Empty if nothing is usable; only the best if it is not unicast.
std::vector<const Path*> multipath(std::span<const Path> paths, std::size_t best, const Protocols& protocols,
                                   std::size_t limit);

/// A candidate, and why it is not the best.
struct Explanation {
  const Path* path = nullptr;
  DecisionStep lost_at = DecisionStep::best;
  std::string text;  ///< "lower local preference (100 against 200)"
};
/// All candidates: the best first, then in the order of `paths`.
std::vector<Explanation> explain(std::span<const Path> paths, const Protocols& protocols);

}  // namespace catflap::bgp::rib
