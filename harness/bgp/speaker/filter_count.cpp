#include "bgp/speaker/filter_count.hpp"

#include <algorithm>
#include <utility>

namespace catflap::bgp::internal {
namespace {

/// One direction of a channel.
struct Side {
  const Channel* channel = nullptr;
  bool exports = false;

  const intent::FilterRef& filter() const {
    return exports ? channel->intent().export_filter : channel->intent().import_filter;
  }
  std::optional<net::Prefix> next(const std::optional<net::Prefix>& after) const {
    if (!exports) {
      return channel->next_known(after);
    }
    return after ? channel->table().next(*after) : channel->table().first();
  }
};

/// The sides that are asked about, in the order of the configuration.
std::vector<Side> sides_of(const std::vector<Protocol*>& protocols, const std::string& name) {
  std::vector<Side> sides;
  for (const Protocol* protocol : protocols) {
    if (!name.empty() && protocol->name() != name) {
      continue;
    }
    for (const auto& channel : protocol->channels()) {
      for (const bool exports : {false, true}) {
        const Side side{channel.get(), exports};
        // Of a protocol that is asked for by name ACCEPT and REJECT are an answer, too.
        if (!name.empty() || side.filter().kind == intent::FilterRef::Kind::filter) {
          sides.push_back(side);
        }
      }
    }
  }
  return sides;
}

FilterCount& count_of(FilterCountWalk& walk, const Side& side) {
  const intent::FilterRef& filter = side.filter();
  const std::string& name = side.channel->protocol().name();
  auto found = std::find_if(walk.counts.begin(), walk.counts.end(), [&](const FilterCount& count) {
    return count.exports == side.exports && count.filter.kind == filter.kind &&
           count.filter.filter == filter.filter;
  });
  if (found == walk.counts.end()) {
    walk.counts.push_back({side.exports, filter, {}, 0, 0, 0, {}});
    found = std::prev(walk.counts.end());
  }
  if (std::find(found->protocols.begin(), found->protocols.end(), name) == found->protocols.end()) {
    found->protocols.push_back(name);
  }
  return *found;
}

void add(FilterCount& count, const policy::Verdict& verdict) {
  ++(verdict.accepted ? count.accepted : count.rejected);
  count.failed += verdict.failed ? 1 : 0;
}

void count_at(FilterCount& count, const Side& side, const net::Prefix& prefix) {
  policy::RouteEdit edit;
  const rib::Entry* entry = side.channel->table().find(prefix);
  if (!side.exports) {
    side.channel->known_at(prefix, [&](const rib::Path& known) {
      if (known.flags.unusable &&
          (entry == nullptr || entry->find(known.protocol, known.path_id) == nullptr)) {
        return;  // a loop or an impossible next hop: no filter sees it
      }
      edit.clear();
      add(count, side.channel->would_import(prefix, known, edit, &count.hits));
    });
    return;
  }
  const bool all = side.channel->protocol().exports_all(*side.channel);
  for (const rib::Path& path : entry->paths()) {
    if (path.flags.filtered || path.flags.unusable || (!all && &path != entry->best())) {
      continue;
    }
    edit.clear();
    policy::Verdict verdict;
    if (side.channel->would_export(prefix, path, &edit, &verdict, &count.hits) !=
        Channel::ExportVerdict::rejected) {
      add(count, verdict);
    }
  }
}

}  // namespace

Status count_filters(const Core& core, const std::vector<Protocol*>& protocols, FilterCountWalk& walk,
                     std::size_t prefixes_max) {
  const std::vector<Side> sides = sides_of(protocols, walk.protocol);
  if (walk.intent == nullptr) {
    walk.intent = core.intent;
    if (!walk.protocol.empty() && std::none_of(protocols.begin(), protocols.end(), [&](const Protocol* each) {
          return each->name() == walk.protocol;
        })) {
      return fail(Errc::not_found, "'" + walk.protocol + "' is not a protocol");
    }
  }
  if (walk.intent != core.intent) {
    return fail(Errc::conflict, "the configuration changed meanwhile: ask again");
  }
  for (std::size_t looked_at = 0; walk.side < sides.size();) {
    const Side& side = sides[walk.side];
    FilterCount& count = count_of(walk, side);
    while (const auto prefix = side.next(walk.after)) {
      if (looked_at++ == prefixes_max) {
        return {};
      }
      count_at(count, side, *prefix);
      walk.after = prefix;
    }
    walk.after.reset();
    ++walk.side;
  }
  walk.done = true;
  return {};
}

}  // namespace catflap::bgp::internal
