#include "expect/world.hpp"

#include <algorithm>
#include <utility>

namespace catflap::expect {
namespace {

RouteIndex index_routes(std::vector<observe::RouteView> routes) {
  RouteIndex index;
  for (observe::RouteView& route : routes) {
    const net::Prefix prefix = route.prefix;
    index.get_or_create(prefix).push_back(std::move(route));
  }
  return index;
}

/// The kernel keeps one route per prefix, table and metric (and, in IPv6, one next hop set).
bool same_slot(const observe::RouteView& a, const observe::RouteView& b) {
  return a.table == b.table && a.metric.value_or(0) == b.metric.value_or(0);
}

}  // namespace

std::string_view to_string(ProbeVerdict verdict) {
  switch (verdict) {
    case ProbeVerdict::reached:
      return "reached";
    case ProbeVerdict::refused:
      return "refused";
    case ProbeVerdict::unreachable:
      return "unreachable";
    case ProbeVerdict::timed_out:
      return "timed out";
    case ProbeVerdict::not_sent:
      return "not sent";
  }
  return "";
}

World::World(Wiring wiring) : wiring_(std::move(wiring)) {
  for (const WiredNode& node : wiring_.nodes) {
    nodes_[node.name];
  }
}

const NodeState* World::node(std::string_view name) const {
  const auto found = nodes_.find(name);
  return found == nodes_.end() ? nullptr : &found->second;
}

NodeState* World::state(std::string_view node) {
  const auto found = nodes_.find(node);
  return found == nodes_.end() ? nullptr : &found->second;
}

void World::changed(Instant now) {
  ++generation_;
  last_change_ = now;
}

void World::set_process(Instant now, std::string_view node, observe::ProcessView process) {
  NodeState* at = state(node);
  if (at == nullptr || (at->process_known && at->process == process)) {
    return;
  }
  at->process_known = true;
  at->process = std::move(process);
  at->paused = false;
  changed(now);
}

void World::set_protocols(Instant now, std::string_view node, std::vector<observe::ProtocolView> protocols) {
  NodeState* at = state(node);
  if (at == nullptr) {
    return;
  }
  std::map<std::string, observe::ProtocolView> next;
  for (observe::ProtocolView& protocol : protocols) {
    std::string name = protocol.name;
    next.insert_or_assign(std::move(name), std::move(protocol));
  }
  if (at->protocols_known && at->protocols == next) {
    return;
  }
  at->protocols_known = true;
  at->protocols = std::move(next);
  changed(now);
}

void World::set_protocol(Instant now, std::string_view node, observe::ProtocolView protocol) {
  NodeState* at = state(node);
  if (at == nullptr) {
    return;
  }
  at->protocols_known = true;
  const auto found = at->protocols.find(protocol.name);
  if (found != at->protocols.end() && found->second == protocol) {
    return;
  }
  std::string name = protocol.name;
  at->protocols.insert_or_assign(std::move(name), std::move(protocol));
  changed(now);
}

void World::remove_protocol(Instant now, std::string_view node, std::string_view name) {
  NodeState* at = state(node);
  if (at != nullptr && at->protocols.erase(std::string(name)) != 0) {
    changed(now);
  }
}

void World::set_rib(Instant now, std::string_view node, std::vector<observe::RouteView> routes) {
  if (NodeState* at = state(node)) {
    at->rib = index_routes(std::move(routes));
    at->rib_known = true;
    changed(now);
  }
}

void World::set_rib_prefix(Instant now, std::string_view node, const net::Prefix& prefix,
                           std::vector<observe::RouteView> routes) {
  NodeState* at = state(node);
  if (at == nullptr) {
    return;
  }
  at->rib_known = true;
  const std::vector<observe::RouteView>* before = at->rib.find(prefix);
  if (before == nullptr ? routes.empty() : *before == routes) {
    return;
  }
  if (routes.empty()) {
    (void)at->rib.erase(prefix);  // known to be there
  } else {
    at->rib.get_or_create(prefix) = std::move(routes);
  }
  changed(now);
}

void World::set_snapshot(Instant now, std::string_view node, observe::Snapshot snapshot) {
  set_protocols(now, node, std::move(snapshot.protocols));
  set_rib(now, node, std::move(snapshot.routes));
}

void World::set_fib(Instant now, std::string_view node, std::vector<observe::RouteView> routes) {
  if (NodeState* at = state(node)) {
    at->fib = index_routes(std::move(routes));
    at->fib_known = true;
    changed(now);
  }
}

void World::set_fib_route(Instant now, std::string_view node, observe::RouteView route) {
  NodeState* at = state(node);
  if (at == nullptr) {
    return;
  }
  at->fib_known = true;
  std::vector<observe::RouteView>& routes = at->fib.get_or_create(route.prefix);
  const auto found =
      std::find_if(routes.begin(), routes.end(), [&](const auto& other) { return same_slot(other, route); });
  if (found == routes.end()) {
    routes.push_back(std::move(route));
  } else if (*found == route) {
    return;
  } else {
    *found = std::move(route);
  }
  changed(now);
}

void World::remove_fib_route(Instant now, std::string_view node, const observe::RouteView& route) {
  NodeState* at = state(node);
  std::vector<observe::RouteView>* routes = at == nullptr ? nullptr : at->fib.find(route.prefix);
  if (routes == nullptr) {
    return;
  }
  const std::size_t before = routes->size();
  std::erase_if(*routes, [&](const observe::RouteView& other) { return same_slot(other, route); });
  if (routes->size() == before) {
    return;
  }
  if (routes->empty()) {
    (void)at->fib.erase(route.prefix);  // known to be there
  }
  changed(now);
}

void World::set_links(Instant now, std::string_view node, std::vector<observe::LinkView> links) {
  NodeState* at = state(node);
  if (at == nullptr) {
    return;
  }
  std::map<std::string, observe::LinkView> next;
  for (observe::LinkView& link : links) {
    std::string name = link.name;
    next.insert_or_assign(std::move(name), std::move(link));
  }
  if (at->links_known && at->links == next) {
    return;
  }
  at->links_known = true;
  at->links = std::move(next);
  changed(now);
}

void World::set_link(Instant now, std::string_view node, observe::LinkView link) {
  NodeState* at = state(node);
  if (at == nullptr) {
    return;
  }
  at->links_known = true;
  const auto found = at->links.find(link.name);
  if (found != at->links.end() && found->second == link) {
    return;
  }
  std::string name = link.name;
  at->links.insert_or_assign(std::move(name), std::move(link));
  changed(now);
}

void World::remove_link(Instant now, std::string_view node, std::string_view name) {
  NodeState* at = state(node);
  if (at != nullptr && at->links.erase(std::string(name)) != 0) {
    changed(now);
  }
}

void World::set_polled(std::string_view node, bool polled) {
  if (NodeState* at = state(node)) {
    at->polled = polled;
  }
}

void World::set_paused(Instant now, std::string_view node, bool paused) {
  NodeState* at = state(node);
  if (at != nullptr && at->paused != paused) {
    at->paused = paused;
    changed(now);
  }
}

void World::forget_daemon(Instant now, std::string_view node) {
  NodeState* at = state(node);
  if (at == nullptr || (!at->protocols_known && !at->rib_known)) {
    return;
  }
  at->protocols_known = at->rib_known = false;
  at->protocols.clear();
  at->rib.clear();
  changed(now);
}

void World::set_probe(Instant now, const ProbeRequest& request, ProbeOutcome outcome) {
  probes_.insert_or_assign(request, std::move(outcome));
  changed(now);
}

void World::clear_probe(const ProbeRequest& request) {
  if (probes_.erase(request) != 0) {
    ++generation_;
  }
}

void World::add_event(TimelineEvent event) {
  if (timeline_.size() >= kTimelineMax) {
    timeline_.erase(timeline_.begin(), timeline_.begin() + kTimelineMax / 4);
  }
  timeline_.push_back(std::move(event));
}

const ProbeOutcome* World::probe(const ProbeRequest& request) const {
  const auto found = probes_.find(request);
  return found == probes_.end() ? nullptr : &found->second;
}

}  // namespace catflap::expect
