#include "bgp/rib/decision.hpp"

#include <algorithm>
#include <optional>
#include <tuple>
#include <variant>

#include "base/assert.hpp"

namespace catflap::bgp::rib {
namespace {

using policy::RouteAttrs;

/// BIRD takes a route without AS_PATH as longer than any other.
constexpr std::size_t kPathLengthWithout = 0xFFFF;

/// Everything of a path that the decision looks at.
struct Rank {
  const Path* path = nullptr;
  const DecisionOptions* options = nullptr;
  bool usable = false;
  bool resolvable = false;  ///< to BIRD so is what leads to a blackhole
  bool stale = false;
  std::uint32_t preference = 0;
  std::uint32_t local_pref = 0;
  std::size_t path_length = 0;
  wire::Origin origin = wire::Origin::incomplete;
  std::uint32_t med = 0;
  std::uint32_t neighbour_as = 0;
  std::uint32_t metric = 0;
  std::uint32_t router_id = 0;
  std::size_t clusters = 0;
};

std::uint32_t number_of(const RouteAttrs& attrs, intent::RouteAttribute attribute) {
  const intent::Value* value = policy::find_extra(attrs, attribute);
  const auto* number = value == nullptr ? nullptr : std::get_if<std::uint32_t>(value);
  return number == nullptr ? policy::kMetricUnknown : *number;
}

/// Static routes compare by igp_metric, those of the kernel by krt_metric; nothing else orders routes that
/// are not BGP.
std::uint32_t metric_of_other(const RouteAttrs& attrs) {
  const bool kernel = attrs.source == intent::RouteSource::inherit;
  return number_of(attrs, kernel ? intent::RouteAttribute::krt_metric : intent::RouteAttribute::igp_metric);
}

Rank rank_of(const Path& path, const Protocols& protocols) {
  Rank rank;
  rank.path = &path;
  rank.options = &protocols.of(path.protocol, path.path_id);
  rank.usable = !path.flags.filtered && !path.flags.unusable;
  rank.resolvable = path.reachable() || path.forwarding().destination == policy::Destination::blackhole ||
                    path.forwarding().destination == policy::Destination::prohibit;
  rank.preference = path.attrs.preference();
  if (!rank.options->bgp) {
    rank.metric = metric_of_other(path.attrs.frame());
    return rank;
  }
  const AttrSummary& bgp = path.attrs.summary();
  rank.stale = path.flags.llgr_stale || bgp.llgr_stale;
  rank.local_pref = bgp.has_local_pref ? bgp.local_pref : rank.options->default_local_pref;
  rank.path_length = bgp.has_path ? bgp.path_length : kPathLengthWithout;
  rank.origin = bgp.origin;
  rank.med = bgp.has_med ? bgp.med : rank.options->default_med;
  rank.neighbour_as = bgp.has_neighbour_as ? bgp.neighbour_as : rank.options->local_as;
  rank.metric = rank.options->igp_metric ? path.forwarding().igp_metric : 0;
  rank.router_id = bgp.has_originator_id ? bgp.originator_id : rank.options->remote_id;
  rank.clusters = bgp.clusters;
  return rank;
}

/// The verdict if `a` and `b` differ; nothing decides otherwise. Lower is better.
template <class T>
std::optional<Comparison> lower(const T& a, const T& b, DecisionStep step) {
  if (a == b) {
    return std::nullopt;
  }
  return Comparison{a < b, step};
}

/// The steps before MED: a plain lexicographic order.
std::optional<Comparison> before_med(const Rank& a, const Rank& b) {
  if (auto decided = lower(!a.usable, !b.usable, DecisionStep::usable)) {
    return decided;
  }
  if (auto decided = lower(b.preference, a.preference, DecisionStep::preference)) {
    return decided;
  }
  if (auto decided = lower(a.options->bgp, b.options->bgp, DecisionStep::protocol_kind)) {
    return decided;
  }
  if (!a.options->bgp) {
    return std::nullopt;
  }
  if (auto decided = lower(!a.resolvable, !b.resolvable, DecisionStep::resolvable)) {
    return decided;
  }
  if (auto decided = lower(a.stale, b.stale, DecisionStep::stale)) {
    return decided;
  }
  if (auto decided = lower(b.local_pref, a.local_pref, DecisionStep::local_pref)) {
    return decided;
  }
  if (a.options->path_metric || b.options->path_metric) {
    if (auto decided = lower(a.path_length, b.path_length, DecisionStep::path_length)) {
      return decided;
    }
  }
  return lower(a.origin, b.origin, DecisionStep::origin);
}

bool same_group(const Rank& a, const Rank& b) {
  return a.options->bgp == b.options->bgp && a.neighbour_as == b.neighbour_as;
}

std::optional<Comparison> by_med(const Rank& a, const Rank& b) {
  if (!a.options->bgp || !(same_group(a, b) || a.options->med_metric || b.options->med_metric)) {
    return std::nullopt;
  }
  return lower(a.med, b.med, DecisionStep::med);
}

std::optional<Comparison> through_igp_metric(const Rank& a, const Rank& b) {
  if (!a.options->bgp) {
    return a.path->attrs.source() == b.path->attrs.source()
               ? lower(a.metric, b.metric, DecisionStep::igp_metric)
               : std::nullopt;
  }
  if (auto decided = lower(a.options->internal, b.options->internal, DecisionStep::external)) {
    return decided;
  }
  return lower(a.metric, b.metric, DecisionStep::igp_metric);
}

bool equal_through_igp_metric(const Rank& a, const Rank& b) {
  return !before_med(a, b) && !by_med(a, b) && !through_igp_metric(a, b);
}

/// The tie breakers behind the IGP metric: always decide between different paths.
Comparison tie_break(const Rank& a, const Rank& b) {
  if (a.options->bgp) {
    // RFC 5004 §3: only between external paths of different routers.
    if ((a.options->prefer_older || b.options->prefer_older) && !a.options->internal &&
        a.router_id != b.router_id) {
      if (auto decided = lower(a.path->last_change, b.path->last_change, DecisionStep::older)) {
        return *decided;
      }
    }
    if (auto decided = lower(a.router_id, b.router_id, DecisionStep::router_id)) {
      return *decided;
    }
    if (auto decided = lower(a.clusters, b.clusters, DecisionStep::cluster_list)) {
      return *decided;
    }
    if (auto decided = lower(a.options->peer, b.options->peer, DecisionStep::peer_address)) {
      return *decided;
    }
  }
  if (auto decided = lower(a.path->protocol, b.path->protocol, DecisionStep::protocol)) {
    return *decided;
  }
  return {a.path->path_id <= b.path->path_id, DecisionStep::path_id};
}

Comparison compare(const Rank& a, const Rank& b) {
  if (auto decided = before_med(a, b)) {
    return *decided;
  }
  if (auto decided = by_med(a, b)) {
    return *decided;
  }
  if (auto decided = through_igp_metric(a, b)) {
    return *decided;
  }
  return tie_break(a, b);
}

/// The best of each group of one neighbouring AS, of the paths that are equal to `leader` before MED.
std::vector<Rank> group_winners(std::span<const Path> paths, const Rank& leader, const Protocols& protocols) {
  std::vector<Rank> winners;
  for (const Path& path : paths) {
    const Rank rank = rank_of(path, protocols);
    if (before_med(rank, leader)) {
      continue;
    }
    const auto group = std::find_if(winners.begin(), winners.end(),
                                    [&](const Rank& other) { return same_group(rank, other); });
    if (group == winners.end()) {
      winners.push_back(rank);
    } else if (compare(rank, *group).first_wins) {
      *group = rank;
    }
  }
  return winners;
}

const Path* winner_of(std::vector<Rank> winners) {
  // A fixed order, so that even knobs that differ between protocols cannot let the order of arrival show
  // through.
  std::sort(winners.begin(), winners.end(), [](const Rank& a, const Rank& b) {
    return std::tuple(a.path->protocol, a.path->path_id) < std::tuple(b.path->protocol, b.path->path_id);
  });
  const Rank* best = winners.data();
  for (const Rank& rank : winners) {
    if (&rank != best && compare(rank, *best).first_wins) {
      best = &rank;
    }
  }
  return best->path;
}

std::string against(std::string_view what, std::uint64_t loser, std::uint64_t winner) {
  return std::string(what) + " " + std::to_string(loser) + " against " + std::to_string(winner);
}

std::string text_of(const Rank& winner, const Rank& loser, DecisionStep step) {
  switch (step) {
    case DecisionStep::preference:
      return against("preference", loser.preference, winner.preference);
    case DecisionStep::local_pref:
      return against("local preference", loser.local_pref, winner.local_pref);
    case DecisionStep::path_length:
      return against("AS path length", loser.path_length, winner.path_length);
    case DecisionStep::med:
      return against("MED", loser.med, winner.med) + " from AS " + std::to_string(loser.neighbour_as);
    case DecisionStep::igp_metric:
      return against("metric of the next hop", loser.metric, winner.metric);
    case DecisionStep::router_id:
      return "router id " + net::router_id_to_string(loser.router_id) + " against " +
             net::router_id_to_string(winner.router_id);
    case DecisionStep::cluster_list:
      return against("cluster list length", loser.clusters, winner.clusters);
    case DecisionStep::peer_address:
      return "peer address " + to_string(loser.options->peer) + " against " + to_string(winner.options->peer);
    case DecisionStep::path_id:
      return against("path id", loser.path->path_id, winner.path->path_id);
    case DecisionStep::usable:
      return loser.path->flags.filtered ? "rejected by the import filter" : "unusable: a loop";
    case DecisionStep::resolvable:
      return loser.path->next_hop() != nullptr && !loser.path->next_hop()->problem.empty()
                 ? loser.path->next_hop()->problem
                 : "next hop is not reachable";
    case DecisionStep::best:
    case DecisionStep::protocol_kind:
    case DecisionStep::stale:
    case DecisionStep::origin:
    case DecisionStep::external:
    case DecisionStep::older:
    case DecisionStep::protocol:
      return std::string(to_string(step));
  }
  return {};
}

}  // namespace

std::string_view to_string(DecisionStep step) {
  switch (step) {
    case DecisionStep::best:
      return "best";
    case DecisionStep::usable:
      return "not usable";
    case DecisionStep::preference:
      return "lower preference";
    case DecisionStep::protocol_kind:
      return "BGP against another protocol";
    case DecisionStep::resolvable:
      return "unreachable next hop";
    case DecisionStep::stale:
      return "long-lived stale";
    case DecisionStep::local_pref:
      return "lower local preference";
    case DecisionStep::path_length:
      return "longer AS path";
    case DecisionStep::origin:
      return "worse origin";
    case DecisionStep::med:
      return "higher MED";
    case DecisionStep::external:
      return "internal against external";
    case DecisionStep::igp_metric:
      return "higher metric of the next hop";
    case DecisionStep::older:
      return "younger";
    case DecisionStep::router_id:
      return "higher router id";
    case DecisionStep::cluster_list:
      return "longer cluster list";
    case DecisionStep::peer_address:
      return "higher peer address";
    case DecisionStep::protocol:
      return "later protocol of the configuration";
    case DecisionStep::path_id:
      return "higher path id";
  }
  return {};
}

Comparison compare(const Path& a, const Path& b, const Protocols& protocols) {
  return compare(rank_of(a, protocols), rank_of(b, protocols));
}

bool irrelevant_beside(const Path& best, const Path& other, const Protocols& protocols, bool added) {
  if (!protocols.plain()) {
    return false;
  }
  const Rank a = rank_of(best, protocols);
  const Rank b = rank_of(other, protocols);
  if (const auto decided = before_med(a, b)) {
    return decided->first_wins;  // not even tied with the best
  }
  // A new path that loses against the best, with MED where that counts, can at most beat its own neighbouring
  // AS's candidate, and so loses again. One that goes may have kept another one out by its MED.
  return added && compare(a, b).first_wins;
}

std::size_t best_of(std::span<const Path> paths, const Protocols& protocols) {
  if (paths.empty()) {
    return kNoBest;
  }
  const auto usable = [](const Path& path) { return !path.flags.filtered && !path.flags.unusable; };
  if (paths.size() == 1) {
    return usable(paths.front()) ? 0 : kNoBest;
  }
  // As long as no MED differs and nobody prefers the older, the comparison is a total order and one pass is
  // enough.
  Rank leader = rank_of(paths.front(), protocols);
  std::size_t tied = 1;
  bool plain = !leader.options->prefer_older;
  const Path* best = leader.path;
  Rank first = leader;
  for (const Path& path : paths.subspan(1)) {
    const Rank rank = rank_of(path, protocols);
    const auto decided = before_med(rank, leader);
    if (!decided) {
      ++tied;
      plain = plain && rank.med == leader.med && !rank.options->prefer_older;
      if (plain && compare(rank, first).first_wins) {
        first = rank;
      }
    } else if (decided->first_wins) {
      leader = rank;
      first = rank;
      tied = 1;
      plain = !rank.options->prefer_older;
    }
  }
  if (!leader.usable) {
    return kNoBest;
  }
  if (tied == 1) {
    best = leader.path;
  } else {
    best = plain ? first.path : winner_of(group_winners(paths, leader, protocols));
  }
  return static_cast<std::size_t>(best - paths.data());
}

bool suppressed(std::span<const Path> paths, const Path& path, const Protocols& protocols) {
  const Rank rank = rank_of(path, protocols);
  const auto takes_part = [](const Rank& one) { return one.usable && one.options->deterministic_med; };
  if (!takes_part(rank)) {
    return false;
  }
  Rank best = rank;
  for (const Path& other : paths) {
    const Rank candidate = rank_of(other, protocols);
    if (takes_part(candidate) && candidate.path != best.path && same_group(candidate, rank) &&
        candidate.preference == rank.preference && compare(candidate, best).first_wins) {
      best = candidate;
    }
  }
  return best.path != &path && !equal_through_igp_metric(best, rank);
}

bool mergeable(const Path& best, const Path& other, const Protocols& protocols) {
  const Rank a = rank_of(best, protocols);
  const Rank b = rank_of(other, protocols);
  // BIRD merges within one kind of protocol, and of those only BGP says what is equal.
  return a.options->bgp && b.usable && other.reachable() && equal_through_igp_metric(a, b);
}

std::vector<const Path*> multipath(std::span<const Path> paths, std::size_t best, const Protocols& protocols,
                                   std::size_t limit) {
  std::vector<const Path*> chosen;
  if (best >= paths.size() || limit == 0) {
    return chosen;
  }
  chosen.push_back(&paths[best]);
  if (!paths[best].reachable()) {
    return chosen;
  }
  std::vector<policy::NextHop> seen = paths[best].forwarding().next_hops;
  for (std::size_t i = 0; i < paths.size() && chosen.size() < limit; ++i) {
    if (i == best || !mergeable(paths[best], paths[i], protocols)) {
      continue;
    }
    bool adds = false;
    for (const policy::NextHop& hop : paths[i].forwarding().next_hops) {
      if (std::find(seen.begin(), seen.end(), hop) == seen.end()) {
        seen.push_back(hop);
        adds = true;
      }
    }
    if (adds) {
      chosen.push_back(&paths[i]);
    }
  }
  return chosen;
}

std::vector<Explanation> explain(std::span<const Path> paths, const Protocols& protocols) {
  std::vector<Explanation> result;
  const std::size_t best = best_of(paths, protocols);
  if (best != kNoBest) {
    result.push_back({&paths[best], DecisionStep::best, "best"});
  }
  std::vector<Rank> winners;
  if (best != kNoBest) {
    winners = group_winners(paths, rank_of(paths[best], protocols), protocols);
  }
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (i == best) {
      continue;
    }
    const Rank loser = rank_of(paths[i], protocols);
    if (!loser.usable) {
      result.push_back({&paths[i], DecisionStep::usable, text_of(loser, loser, DecisionStep::usable)});
      continue;
    }
    // A path may beat the best one directly and still be out, because another of its own neighbouring AS has
    // a lower MED: then that one is the reason.
    Rank winner = rank_of(paths[best], protocols);
    Comparison comparison = compare(winner, loser);
    for (const Rank& other : winners) {
      if (!comparison.first_wins && other.path != loser.path && same_group(other, loser)) {
        winner = other;
        comparison = compare(winner, loser);
      }
    }
    result.push_back({&paths[i], comparison.step, text_of(winner, loser, comparison.step)});
  }
  return result;
}

}  // namespace catflap::bgp::rib
