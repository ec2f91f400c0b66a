#include <algorithm>
#include <set>
#include <utility>

#include "expect/reasons.hpp"

namespace catflap::expect::reasons {
namespace {

using observe::RouteView;

std::string filter_of(const NodeState& node, const std::string& protocol, net::Family family, bool import) {
  const auto found = node.protocols.find(protocol);
  if (found == node.protocols.end()) {
    return "";
  }
  for (const observe::ChannelView& channel : found->second.channels) {
    if (channel.family == family) {
      return import ? channel.import_filter : channel.export_filter;
    }
  }
  return "";
}

/// The route is in the RIB; why is it not in the kernel?
Reason not_in_kernel(const World& world, const std::string& name, const std::vector<RouteView>& routes) {
  const NodeState& node = *world.node(name);
  Reason reason;
  const auto usable = std::find_if(routes.begin(), routes.end(), [](const RouteView& r) { return r.best; });
  const RouteView& route = usable == routes.end() ? routes.front() : *usable;
  const std::string text = describe_route(route);
  if (route.filtered) {
    const std::string filter = filter_of(node, route.protocol, route.prefix.family(), true);
    reason.why = name + " received it and its import filter" + (filter.empty() ? "" : " (" + filter + ")") +
                 " of " + route.protocol + " rejected it";
    return reason;
  }
  if (route.kernel_refused) {
    reason.why = name + "'s RIB has " + text + ", but the kernel refused it";
    reason.cause = "another route to the same prefix is there, or its next hop is not reachable";
    return reason;
  }
  if (route.type == observe::RouteType::unreachable) {
    reason.why = name + "'s RIB has it, but its next hop cannot be resolved";
    return reason;
  }
  reason.why = name + "'s RIB has " + text + ", but not its kernel";
  bool kernel_protocol = false;
  for (const auto& [protocol_name, protocol] : node.protocols) {
    if (protocol.kind != observe::ProtocolKind::kernel) {
      continue;
    }
    for (const observe::ChannelView& channel : protocol.channels) {
      if (channel.family == route.prefix.family()) {
        kernel_protocol = true;
        if (channel.export_filter == "REJECT") {
          reason.cause = "protocol " + protocol_name + " exports nothing (export none)";
        }
      }
    }
  }
  if (!kernel_protocol && node.protocols_known) {
    reason.cause = name + " has no kernel protocol for " + std::string(net::to_string(route.prefix.family()));
  }
  return reason;
}

/// `peer` has the route and `name` does not, over a session that is up.
Reason not_received(const World& world, const std::string& name, const std::string& peer,
                    const std::vector<RouteView>& at_peer, const net::Prefix& prefix) {
  Reason reason;
  const WiredNode* me = world.wiring().node(name);
  const auto best = std::find_if(at_peer.begin(), at_peer.end(), [](const RouteView& r) { return r.best; });
  const RouteView& route = best == at_peer.end() ? at_peer.front() : *best;
  std::uint32_t own_as = me == nullptr ? 0 : me->as.value_or(0);
  bool internal = false;
  std::string filter;
  for (const SessionEnd& end : session_ends(world, peer, name)) {
    own_as = end.session().peer_as != 0 ? end.session().peer_as : own_as;
    internal = end.session().peer_as == end.session().local_as && end.session().peer_as != 0;
    const std::string its = filter_of(*world.node(peer), end.protocol->name, prefix.family(), false);
    filter = its.empty() ? filter : its;
  }
  if (route.bgp && own_as != 0 && !internal && route.bgp->as_path.count(own_as) > 0) {
    reason.why = peer + " has it with as-path '" + to_string(route.bgp->as_path) + "', which contains " +
                 name + "'s own AS " + std::to_string(own_as) + ": loop";
    return reason;
  }
  if (internal && route.bgp && route.bgp->local_pref && route.from) {
    for (const SessionEnd& end : session_ends(world, peer, owner(world, *route.from))) {
      if (end.session().peer_as == end.session().local_as) {
        reason.why = peer + " learned it from " + owner(world, *route.from) +
                     " by iBGP and does not pass it to another iBGP peer (RFC 4271 §9.2.1)";
        reason.fix = "add a session between " + name + " and " + owner(world, *route.from) + ", or make " +
                     peer + " a route reflector (rr-client)";
        return reason;
      }
    }
  }
  if (route.bgp) {
    for (const net::Community community : route.bgp->communities) {
      if (community == net::kNoAdvertise || (community == net::kNoExport && !internal)) {
        reason.why =
            peer + " has it with community " + net::community_to_string(community) + ", so it is not sent on";
        return reason;
      }
    }
  }
  reason.why = peer + " has it (" + describe_route(route) + ") but " + name + " did not get it";
  if (!filter.empty() && filter != "ACCEPT") {
    reason.cause = peer + " does not send it: export filter " + filter;
  }
  return reason;
}

Reason not_in_rib(const World& world, const std::string& name, const net::Prefix& prefix,
                  std::set<std::string>& visited) {
  Reason nearest;
  visited.insert(name);
  const std::string problem = process_problem(world, name);
  if (!problem.empty()) {
    nearest.why = problem;
    nearest.hopeless = true;
    return nearest;
  }
  std::optional<Reason> lacking;
  std::optional<Reason> down;
  for (const std::string& peer : neighbours(world, name)) {
    const WiredNode* wired = world.wiring().node(peer);
    if (visited.count(peer) != 0 || wired == nullptr || wired->speaker == SpeakerKind::none) {
      continue;
    }
    const auto ends = session_ends(world, name, peer);
    const bool up = std::any_of(ends.begin(), ends.end(), [](const SessionEnd& end) {
      return end.session().state == observe::SessionState::established;
    });
    if (!up) {
      std::vector<Rung> ladder;
      Reason reason = session_reason(world, {name, peer}, std::nullopt, ladder);
      reason.why = "session " + name + " ~ " + peer + " is not Established" +
                   (reason.why.empty() ? "" : ": " + reason.why);
      reason.hopeless = false;
      const bool originates =
          std::find(wired->announce.begin(), wired->announce.end(), prefix) != wired->announce.end();
      if (!down || originates) {
        down = std::move(reason);
      }
      continue;
    }
    const std::vector<RouteView>* at_peer = world.node(peer)->rib.find(prefix);
    const bool peer_has = at_peer != nullptr && std::any_of(at_peer->begin(), at_peer->end(),
                                                            [](const RouteView& r) { return !r.filtered; });
    if (peer_has) {
      return not_received(world, name, peer, *at_peer, prefix);
    }
    if (!lacking) {
      Reason reason = not_in_rib(world, peer, prefix, visited);
      if (reason.why.empty()) {
        reason.why = peer + " does not have it either";
      }
      lacking = std::move(reason);
    }
  }
  if (down) {
    return *down;
  }
  return lacking ? *lacking : nearest;
}

}  // namespace

bool in_main_table(const RouteView& route, std::optional<std::uint32_t> table) {
  const std::string number = std::to_string(table.value_or(254));
  return route.table == number || (number == "254" && (route.table == "main" || route.table.empty()));
}

std::string describe_route(const RouteView& route) {
  std::string text;
  if (route.type != observe::RouteType::unicast) {
    text = std::string(to_string(route.type)) + " ";
  }
  text += to_string(route.prefix);
  for (const observe::NextHopView& hop : route.next_hops) {
    text += hop.via ? " via " + to_string(*hop.via) : "";
    text += hop.interface.empty() ? "" : " dev " + hop.interface;
  }
  text += route.protocol.empty() ? "" : " proto " + route.protocol;
  text += route.metric ? " metric " + std::to_string(*route.metric) : "";
  if (route.bgp) {
    text += " as-path '" + to_string(route.bgp->as_path) + "'";
  }
  return text;
}

const RouteView* kernel_route(const NodeState& node, const net::IpAddr& addr) {
  // The longest prefix may exist in another table only: shorten until the main table has one.
  net::Prefix probe = net::Prefix::host(addr);
  while (true) {
    net::Prefix matched;
    const std::vector<RouteView>* routes = node.fib.longest_cover(probe, &matched);
    if (routes == nullptr) {
      return nullptr;
    }
    const RouteView* best = nullptr;
    for (const RouteView& route : *routes) {
      if (in_main_table(route, std::nullopt) &&
          (best == nullptr || route.metric.value_or(0) < best->metric.value_or(0))) {
        best = &route;
      }
    }
    if (best != nullptr) {
      return best;
    }
    if (matched.length() == 0) {
      return nullptr;
    }
    probe = net::Prefix(addr, static_cast<std::uint8_t>(matched.length() - 1));
  }
}

Reason missing_route_reason(const World& world, std::string_view node, const net::Prefix& prefix,
                            bool kernel) {
  const std::string name(node);
  const NodeState* state = world.node(node);
  if (state == nullptr) {
    return {"there is no node " + name, "", "", {}, true};
  }
  const std::vector<RouteView>* in_rib = state->rib.find(prefix);
  if (in_rib != nullptr && !in_rib->empty()) {
    const bool all_filtered =
        std::all_of(in_rib->begin(), in_rib->end(), [](const RouteView& r) { return r.filtered; });
    if (kernel || all_filtered) {
      return not_in_kernel(world, name, *in_rib);
    }
  }
  std::set<std::string> visited;
  Reason reason = not_in_rib(world, name, prefix, visited);
  if (!reason.why.empty() && reason.cause.empty()) {
    // Nobody on the way has it: is there anybody who should?
    bool originated = false;
    for (const WiredNode& candidate : world.wiring().nodes) {
      const RouteIndex& rib = world.node(candidate.name)->rib;
      originated =
          originated || rib.find(prefix) != nullptr || !candidate.config.empty() ||
          std::find(candidate.announce.begin(), candidate.announce.end(), prefix) != candidate.announce.end();
    }
    if (!originated) {
      reason.cause = "no node of the lab announces " + to_string(prefix);
      reason.fix = "add it to `announce:` of a node";
    }
  }
  return reason;
}

}  // namespace catflap::expect::reasons
