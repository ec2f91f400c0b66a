#include "bgp/speaker/routes_query.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/assert.hpp"
#include "bgp/speaker/protocol.hpp"
#include "bgp/speaker/route_view.hpp"

namespace catflap::bgp::internal {

namespace {

/// One table, or one side of a channel. The visitor's `false` ends it for good.
class Query {
 public:
  Query(const Core& core, const RouteQuery& query, const RouteVisitor& visit)
      : core_(core), query_(query), visit_(visit) {}

  /// Looks at up to `prefixes_max` networks behind `walk.after`. False when the visitor wants no more.
  bool table(const rib::Table& table, const Channel* exporter, RouteWalk& walk, std::size_t prefixes_max) {
    table_ = &table;
    exporter_ = exporter;
    if (query_.exact) {
      walk.done = true;
      return entry(*query_.exact, table.find(*query_.exact), walk);
    }
    if (query_.longest_match_for) {
      net::Prefix matched;
      const rib::Entry* found = table.longest_cover(*query_.longest_match_for, &matched);
      walk.done = true;
      return entry(matched, found, walk);
    }
    std::optional<net::Prefix> at = first(table, walk);
    for (; at && prefixes_max > 0; at = table.next(*at), --prefixes_max) {
      if (query_.within && !query_.within->covers(*at)) {
        at.reset();  // in prefix order what is inside another prefix stands together
        break;
      }
      walk.after = at;
      if (!entry(*at, table.find(*at), walk)) {
        return false;
      }
    }
    walk.done = !at;
    return true;
  }

  /// What `channel` had from its peer, refused routes too, as it came.
  bool received(const Channel& channel, RouteWalk& walk, std::size_t prefixes_max) {
    table_ = &channel.table();
    std::optional<net::Prefix> at = walk.after;
    if (query_.exact) {
      walk.done = true;
      return received_at(channel, *query_.exact, walk);
    }
    for (; prefixes_max > 0; --prefixes_max) {
      at = channel.next_known(at);
      if (!at) {
        break;
      }
      walk.after = at;
      if ((!query_.within || query_.within->covers(*at)) && !received_at(channel, *at, walk)) {
        return false;
      }
    }
    walk.done = !at;
    return true;
  }

 private:
  std::optional<net::Prefix> first(const rib::Table& table, const RouteWalk& walk) const {
    if (query_.within && query_.within->family() != table.family()) {
      return std::nullopt;
    }
    const auto& after = walk.after ? walk.after : query_.after;
    if (after) {
      return table.next(*after);
    }
    if (!query_.within) {
      return table.first();
    }
    return table.find(*query_.within) != nullptr ? query_.within : table.next(*query_.within);
  }

  bool entry(const net::Prefix& prefix, const rib::Entry* found, RouteWalk& walk) {
    if (found == nullptr) {
      return true;
    }
    core_.pool.trim();
    // BIRD's order: the best route first. Its marks and options speak of the first route, the best or not.
    std::vector<const rib::Path*> order;
    order.reserve(found->paths().size());
    for (const rib::Path& path : found->paths()) {
      if (&path == found->best()) {
        order.insert(order.begin(), &path);
      } else {
        order.push_back(&path);
      }
    }
    bool counted = false;
    bool passed = false;
    for (std::size_t i = 0; i < order.size(); ++i) {
      const rib::Path& path = *order[i];
      if (path.flags.filtered != query_.filtered) {
        continue;
      }
      ++walk.routes;
      walk.networks += std::exchange(counted, true) ? 0U : 1U;
      const bool first = i == 0 && (found->best() != nullptr || query_.filtered);
      if (!passed && !show(prefix, *found, path, first)) {
        return false;
      }
      passed = passed || query_.primary ||
               (exporter_ != nullptr && !exporter_->protocol().exports_all(*exporter_));
      if (query_.primary) {
        break;
      }
    }
    return true;
  }

  bool show(const net::Prefix& prefix, const rib::Entry& entry, const rib::Path& path, bool first) {
    const Protocol* source = core_.source_of(path);
    const std::string name = source == nullptr ? std::string() : source->name();
    policy::RouteEdit edit;
    if (exporter_ != nullptr && (!first && entry.best() == nullptr)) {
      return true;
    }
    if (exporter_ != nullptr && !exports(prefix, path, edit)) {
      return true;
    }
    if (!query_.protocol.empty() && name != query_.protocol) {
      return true;
    }
    if (query_.filter != nullptr) {
      const policy::RouteRef ref{prefix, *path.attrs, path.resolved(), name};
      policy::FilterEnvironment environment = core_.environment();
      environment.exporting = true;
      if (!policy::apply(*query_.filter, ref, edit, environment).accepted) {
        return true;
      }
    }
    if (query_.as_sent && exporter_ != nullptr) {
      const auto sent = exporter_->protocol().as_sent(*exporter_, path, edit);
      return !sent || visit_(view_of(core_, table_->name(), prefix, path, *sent, first));
    }
    observe::RouteView view = view_of(core_, table_->name(), prefix, path, edit.attrs(*path.attrs), first);
    view.suppressed = entry.paths().size() > 1 && rib::suppressed(entry.paths(), path, core_.decision);
    if (exporter_ != nullptr && query_.export_mode == RouteQuery::Export::exported) {
      merge(view, entry, path);
    }
    return visit_(view);
  }

  /// A kernel protocol with `merge paths` is told all gateways at once.
  void merge(observe::RouteView& view, const rib::Entry& entry, const rib::Path& path) const {
    const std::size_t limit = exporter_->protocol().merges(*exporter_);
    if (limit < 2 || &path != entry.best()) {
      return;
    }
    for (const rib::Path* other : table_->multipath(entry, limit)) {
      if (other == &path) {
        continue;
      }
      const observe::RouteView more = view_of(core_, view.table, view.prefix, *other, *other->attrs, false);
      for (const observe::NextHopView& hop : more.next_hops) {
        if (std::find(view.next_hops.begin(), view.next_hops.end(), hop) == view.next_hops.end()) {
          view.next_hops.push_back(hop);
        }
      }
    }
    std::stable_sort(view.next_hops.begin(), view.next_hops.end(),
                     [](const observe::NextHopView& a, const observe::NextHopView& b) {
                       return a.weight != b.weight ? a.weight > b.weight : a.via < b.via;
                     });
  }

  bool exports(const net::Prefix& prefix, const rib::Path& path, policy::RouteEdit& edit) const {
    const Channel::ExportVerdict verdict = exporter_->would_export(prefix, path, &edit);
    switch (query_.export_mode) {
      case RouteQuery::Export::none:
        break;
      case RouteQuery::Export::exported:
        return verdict == Channel::ExportVerdict::accepted;
      case RouteQuery::Export::preexport:
        edit.clear();
        return verdict != Channel::ExportVerdict::rejected;
      case RouteQuery::Export::noexport:
        return verdict == Channel::ExportVerdict::filtered;
    }
    return true;
  }

  bool received_at(const Channel& channel, const net::Prefix& prefix, RouteWalk& walk) {
    bool more = true;
    bool first = true;
    channel.known_at(prefix, [&](const rib::Path& path) {
      walk.networks += first ? 1U : 0U;
      ++walk.routes;
      if (more) {
        more = visit_(view_of(core_, table_->name(), prefix, path, *path.attrs, std::exchange(first, false)));
      }
    });
    return more;
  }

  const Core& core_;
  const RouteQuery& query_;
  const RouteVisitor& visit_;
  const rib::Table* table_ = nullptr;
  const Channel* exporter_ = nullptr;
};

const Protocol* find(const std::vector<Protocol*>& protocols, const std::string& name) {
  const auto it =
      std::find_if(protocols.begin(), protocols.end(), [&](const Protocol* p) { return p->name() == name; });
  return it == protocols.end() ? nullptr : *it;
}

tl::unexpected<Error> no_protocol(const std::string& name) {
  return fail(Errc::not_found, name + " is not a protocol");
}

Status adjacent(const Core& core, const std::vector<Protocol*>& protocols, const RouteQuery& query,
                RouteWalk& walk, std::size_t prefixes_max, const RouteVisitor& visit) {
  const Protocol* protocol = find(protocols, query.adjacent_protocol);
  if (protocol == nullptr) {
    return no_protocol(query.adjacent_protocol);
  }
  for (const auto& channel : protocol->channels()) {
    if (channel->intent().family != query.adjacent_family) {
      continue;
    }
    if (query.adjacent == RouteQuery::Adjacent::received) {
      Query(core, query, visit).received(*channel, walk, prefixes_max);
      return {};
    }
    if (channel->state() != Channel::State::up) {
      walk.done = true;
      return {};
    }
    RouteQuery exported = query;
    exported.export_mode = RouteQuery::Export::exported;
    if (!Query(core, exported, visit).table(channel->table(), channel.get(), walk, prefixes_max)) {
      walk.done = true;
    }
    return {};
  }
  return fail(Errc::not_found, query.adjacent_protocol + " has no channel " +
                                   std::string(net::to_string(query.adjacent_family)));
}

}  // namespace

Status query_routes(const Core& core, const std::vector<Protocol*>& protocols, const RouteQuery& query,
                    RouteWalk& walk, std::size_t prefixes_max, const RouteVisitor& visit) {
  if (query.adjacent != RouteQuery::Adjacent::none) {
    return adjacent(core, protocols, query, walk, prefixes_max, visit);
  }
  if (!query.protocol.empty() && find(protocols, query.protocol) == nullptr) {
    return no_protocol(query.protocol);
  }
  CATFLAP_ASSERT(query.tables.size() == 1);
  const std::string& name = query.tables.front();
  const auto table = core.tables.find(name);
  if (table == core.tables.end()) {
    return fail(Errc::not_found, name + " is not a table");
  }
  const Channel* exporter = nullptr;
  if (query.export_mode != RouteQuery::Export::none) {
    const Protocol* protocol = find(protocols, query.export_protocol);
    if (protocol == nullptr) {
      return no_protocol(query.export_protocol);
    }
    for (const auto& channel : protocol->channels()) {
      if (exporter == nullptr && channel->intent().table == name) {
        exporter = channel.get();
      }
    }
    if (exporter == nullptr) {
      return fail(Errc::not_found, "No export channel for table " + name);
    }
    if (exporter->state() != Channel::State::up) {
      walk.done = true;
      return {};
    }
  }
  if (!Query(core, query, visit).table(table->second->table, exporter, walk, prefixes_max)) {
    walk.done = true;
  }
  return {};
}

Status query_routes(const Core& core, const std::vector<Protocol*>& protocols, const RouteQuery& query,
                    const RouteVisitor& visit) {
  constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
  if (query.adjacent != RouteQuery::Adjacent::none) {
    RouteWalk walk;
    return query_routes(core, protocols, query, walk, kAll, visit);
  }
  std::vector<std::string> names = query.tables;
  const bool exported = query.export_mode != RouteQuery::Export::none;
  if (const Protocol* exporter = exported ? find(protocols, query.export_protocol) : nullptr) {
    names.clear();
    for (const auto& channel : exporter->channels()) {
      const std::string& table = channel->intent().table;
      const bool asked = query.tables.empty() ||
                         std::find(query.tables.begin(), query.tables.end(), table) != query.tables.end();
      if (asked && channel->state() == Channel::State::up) {
        names.push_back(table);
      }
    }
    if (names.empty()) {
      return fail(Errc::not_found, "No valid tables");
    }
  } else if (exported) {
    return no_protocol(query.export_protocol);
  }
  if (names.empty() && core.intent != nullptr) {
    for (const intent::TableIntent& table : core.intent->tables) {
      names.push_back(table.name);
    }
  }
  bool more = true;
  RouteQuery one = query;
  for (std::size_t i = 0; i < names.size() && more; ++i) {
    one.tables = {names[i]};
    RouteWalk walk;
    const Status done = query_routes(core, protocols, one, walk, kAll, [&](const observe::RouteView& route) {
      more = visit(route);
      return more;
    });
    if (!done) {
      return done;
    }
  }
  return {};
}

}  // namespace catflap::bgp::internal
