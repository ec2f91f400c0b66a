#include "observe/store.hpp"

#include <algorithm>

#include "base/overloaded.hpp"

namespace catflap::observe {
namespace {

/// The protocol without what moves all the time: timers run down and counters grow though nothing has
/// happened.
ProtocolView steady(const ProtocolView& protocol) {
  ProtocolView copy = protocol;
  if (copy.session) {
    SessionView& session = *copy.session;
    for (auto* timer : {&session.hold_timer, &session.keepalive_timer, &session.connect_delay,
                        &session.restart_timer, &session.error_wait}) {
      if (*timer) {
        (*timer)->left = Duration{};
      }
    }
    session.messages_in = session.messages_out = session.updates_in = session.updates_out = 0;
  }
  return copy;
}

bool same(const ProtocolView& left, const ProtocolView& right) {
  return left == right || steady(left) == steady(right);
}

}  // namespace

bool Store::changed() {
  ++revision_;
  return true;
}

bool Store::apply(const StreamMessage& message) {
  return std::visit(
      overloaded{[this](const Hello& hello) {
                   clear();
                   set_source("self " + hello.version);
                   set_router_id(hello.router_id);
                   return true;
                 },
                 [this](const ProtocolChanged& change) {
                   const auto found = std::find_if(
                       protocols_.begin(), protocols_.end(),
                       [&](const ProtocolView& known) { return known.name == change.protocol.name; });
                   if (found == protocols_.end()) {
                     protocols_.push_back(change.protocol);
                     return changed();
                   }
                   const bool differs = *found != change.protocol;
                   *found = change.protocol;
                   return differs && changed();
                 },
                 [this](const ProtocolGone& gone) {
                   const auto removed = std::erase_if(
                       protocols_, [&](const ProtocolView& known) { return known.name == gone.name; });
                   return removed > 0 && changed();
                 },
                 [this](const RoutesChanged& change) {
                   const RouteKey key(change.prefix, change.table);
                   if (change.routes.empty()) {
                     return routes_.erase(key) > 0 && changed();
                   }
                   auto& known = routes_[key];
                   if (known == change.routes) {
                     return false;
                   }
                   known = change.routes;
                   return changed();
                 },
                 [](const Synced&) { return false; }, [](const Note&) { return false; },
                 [](const Bye&) { return false; }},
      message);
}

bool Store::set_protocols(std::vector<ProtocolView> protocols) {
  const bool differs = protocols.size() != protocols_.size() ||
                       !std::equal(protocols.begin(), protocols.end(), protocols_.begin(), same);
  const bool exactly_same = !differs && protocols == protocols_;
  protocols_ = std::move(protocols);
  if (!exactly_same) {
    ++revision_;
  }
  return differs;
}

bool Store::set_routes(std::vector<RouteView> routes) {
  std::map<RouteKey, std::vector<RouteView>> sorted;
  for (RouteView& route : routes) {
    sorted[RouteKey(route.prefix, route.table)].push_back(std::move(route));
  }
  if (sorted == routes_) {
    return false;
  }
  routes_ = std::move(sorted);
  return changed();
}

void Store::set_router_id(std::string router_id) {
  if (router_id != router_id_) {
    router_id_ = std::move(router_id);
    ++revision_;
  }
}

void Store::set_source(std::string source) {
  source_ = std::move(source);
  ++revision_;
}

void Store::clear() {
  router_id_.clear();
  source_.clear();
  protocols_.clear();
  routes_.clear();
  ++revision_;
}

const ProtocolView* Store::protocol(std::string_view name) const {
  const auto found = std::find_if(protocols_.begin(), protocols_.end(),
                                  [&](const ProtocolView& known) { return known.name == name; });
  return found == protocols_.end() ? nullptr : &*found;
}

std::vector<const RouteView*> Store::routes(std::string_view table, const net::Prefix& prefix) const {
  std::vector<const RouteView*> found;
  for (auto it = routes_.lower_bound(RouteKey(prefix, "")); it != routes_.end() && it->first.first == prefix;
       ++it) {
    if (table.empty() || it->first.second == table) {
      for (const RouteView& route : it->second) {
        found.push_back(&route);
      }
    }
  }
  return found;
}

const Snapshot& Store::snapshot(Instant now) {
  if (built_ != revision_ || revision_ == 0) {
    snapshot_.router_id = router_id_;
    snapshot_.protocols = protocols_;
    snapshot_.routes.clear();
    for (const auto& [key, routes] : routes_) {
      snapshot_.routes.insert(snapshot_.routes.end(), routes.begin(), routes.end());
    }
    snapshot_.from.source = source_;
    built_ = revision_;
  }
  snapshot_.from.at = now;
  return snapshot_;
}

}  // namespace catflap::observe
