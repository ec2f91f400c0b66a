#include <algorithm>
#include <set>
#include <utility>

#include "expect/reasons.hpp"

namespace catflap::expect::reasons {
namespace {

using observe::RouteView;

/// Every route to exactly the prefix in one place.
std::vector<const RouteView*> routes_to(const NodeState& node, const RouteCheck& check, bool kernel) {
  std::vector<const RouteView*> found;
  const std::vector<RouteView>* routes = (kernel ? node.fib : node.rib).find(check.to);
  if (routes == nullptr) {
    return found;
  }
  for (const RouteView& route : *routes) {
    if (kernel ? in_main_table(route, check.table) : !route.filtered) {
      found.push_back(&route);
    }
  }
  // A RIB holds alternatives; what a check is about is the one in use.
  const bool any_best = std::any_of(found.begin(), found.end(), [](const RouteView* r) { return r->best; });
  if (!kernel && any_best) {
    std::erase_if(found, [](const RouteView* r) { return !r->best; });
  }
  return found;
}

bool via_matches(const World& world, const RouteView& route, const Target& target) {
  return std::any_of(route.next_hops.begin(), route.next_hops.end(), [&](const observe::NextHopView& hop) {
    if (!hop.via) {
      return false;
    }
    return target.addr ? *hop.via == *target.addr : has_address(world, target.node, *hop.via);
  });
}

std::string hops_text(const RouteView& route) {
  std::string text;
  for (const observe::NextHopView& hop : route.next_hops) {
    text += text.empty() ? "" : ", ";
    text += hop.via ? to_string(*hop.via) : "on link";
  }
  return text.empty() ? "nothing" : text;
}

std::string devices_text(const RouteView& route) {
  std::string text;
  for (const observe::NextHopView& hop : route.next_hops) {
    text += (text.empty() ? "" : ", ") + hop.interface;
  }
  return text.empty() ? "none" : text;
}

/// The daemon names the neighbour by its address.
void peer_mismatch(const RouteCheck& check, const World& world, const RouteView& route,
                   std::vector<std::string>& out) {
  const Target& peer = *check.from_peer;
  const bool same =
      route.from && (peer.addr ? *route.from == *peer.addr : has_address(world, peer.node, *route.from));
  if (!same) {
    const std::string who = route.from ? owner(world, *route.from) : "";
    out.push_back(
        "it comes from " +
        (route.from ? to_string(*route.from) + (who.empty() ? "" : " (" + who + ")") : "no neighbour") +
        ", expected " + to_string(peer));
  }
}

void bgp_mismatches(const RouteCheck& check, const RouteView& route, std::vector<std::string>& out) {
  const bool asked = check.as_path || check.local_pref || check.med || !check.communities.empty();
  if (!asked) {
    return;
  }
  if (!route.bgp) {
    out.emplace_back("it is no BGP route");
    return;
  }
  if (check.as_path) {
    net::AsPath want;
    if (!check.as_path->empty()) {
      want.segments.push_back({net::AsSegmentType::sequence, *check.as_path});
    }
    if (route.bgp->as_path != want) {
      out.push_back("as-path is '" + to_string(route.bgp->as_path) + "', expected '" + to_string(want) + "'");
    }
  }
  const auto number = [&](const char* name, const auto& want, const auto& have) {
    if (want && want != have) {
      out.push_back(std::string(name) + " is " + (have ? std::to_string(*have) : "not set") + ", expected " +
                    std::to_string(*want));
    }
  };
  number("local-pref", check.local_pref, route.bgp->local_pref);
  number("med", check.med, route.bgp->med);
  for (const net::Community community : check.communities) {
    const auto& have = route.bgp->communities;
    if (std::find(have.begin(), have.end(), community) == have.end()) {
      out.push_back("lacks community " + net::community_to_string(community));
    }
  }
}

/// What of `check` the route does not fulfil; empty if it is the one. BGP attributes are asked of the RIB
/// only.
std::vector<std::string> mismatches(const RouteCheck& check, const World& world, const RouteView& route,
                                    bool kernel) {
  std::vector<std::string> out;
  for (const Target& via : check.via) {
    if (!via_matches(world, route, via)) {
      out.push_back("via is " + hops_text(route) + ", expected " + to_string(via));
    }
  }
  for (const std::string& dev : check.dev) {
    if (std::none_of(route.next_hops.begin(), route.next_hops.end(),
                     [&](const observe::NextHopView& hop) { return hop.interface == dev; })) {
      out.push_back("dev is " + devices_text(route) + ", expected " + dev);
    }
  }
  // In the RIB, `proto bird` and such are words of the kernel: asked there only when both places are.
  const bool skip_proto = !kernel && check.in != RouteTable::rib;
  // A kernel route's source is "kernel" whoever made it.
  const bool same_proto = route.protocol == check.proto || (!kernel && route.source == check.proto);
  if (!check.proto.empty() && !skip_proto && !same_proto) {
    out.push_back("proto is " + route.protocol + ", expected " + check.proto);
  }
  const bool skip_metric = !kernel && check.in != RouteTable::rib;
  if (check.metric && !skip_metric && route.metric.value_or(0) != *check.metric) {
    out.push_back("metric is " + std::to_string(route.metric.value_or(0)) + ", expected " +
                  std::to_string(*check.metric));
  }
  if (check.type && route.type != *check.type) {
    out.push_back("type is " + std::string(to_string(route.type)) + ", expected " +
                  std::string(to_string(*check.type)));
  }
  if (check.next_hops && route.next_hops.size() != *check.next_hops) {
    out.push_back("it has " + std::to_string(route.next_hops.size()) + " next hops, expected " +
                  std::to_string(*check.next_hops));
  }
  if (!kernel) {
    if (check.from_peer) {
      peer_mismatch(check, world, route, out);
    }
    bgp_mismatches(check, route, out);
  }
  return out;
}

bool wants_kernel(const RouteCheck& check) {
  return check.in != RouteTable::rib;
}
bool wants_rib(const RouteCheck& check) {
  const bool attributes =
      check.as_path || check.from_peer || check.local_pref || check.med || !check.communities.empty();
  return check.in == RouteTable::rib || check.in == RouteTable::both ||
         (check.in == RouteTable::automatic && attributes);
}

/// Routes near the prefix: the one that traffic takes instead, and a few inside it.
std::vector<std::string> nearest_routes(const NodeState& node, const std::string& name,
                                        const net::Prefix& prefix, bool kernel) {
  std::vector<std::string> lines;
  const RouteIndex& index = kernel ? node.fib : node.rib;
  const std::string where = kernel ? "'s kernel: " : "'s RIB: ";
  if (const auto* cover = index.longest_cover(prefix)) {
    for (const RouteView& route : *cover) {
      if (route.prefix != prefix && (!kernel || in_main_table(route, std::nullopt))) {
        lines.push_back("less specific in " + name + where + describe_route(route));
        break;
      }
    }
  }
  constexpr std::size_t kLinesMax = 4;
  index.for_each_within(prefix, [&](const net::Prefix& inner, const std::vector<RouteView>& routes) {
    if (inner != prefix && lines.size() < kLinesMax && !routes.empty()) {
      lines.push_back("more specific in " + name + where + describe_route(routes.front()));
    }
  });
  return lines;
}

/// Judges one node in one place; nullopt if it is as expected.
std::optional<Explanation> judge(const RouteCheck& check, const World& world, const std::string& name,
                                 bool kernel) {
  const NodeState& node = *world.node(name);
  const std::string place = kernel ? "kernel" : "RIB";
  Explanation out;
  if (kernel ? !node.fib_known : !node.rib_known) {
    out.title = name + "'s " + place + (kernel ? " routes are not known yet" : " is not known yet");
    const std::string problem = kernel ? "" : process_problem(world, name);
    out.why = problem.empty() ? out.title : problem;
    out.verdict = problem.empty() ? Verdict::not_yet : Verdict::impossible;
    return out;
  }
  const auto candidates = routes_to(node, check, kernel);
  if (check.absent) {
    const auto same = [&](const RouteView* route) {
      return mismatches(check, world, *route, kernel).empty();
    };
    const auto bad = std::find_if(candidates.begin(), candidates.end(), same);
    if (bad == candidates.end()) {
      return std::nullopt;
    }
    out.title = name + " still has a " + place + " route to " + to_string(check.to);
    out.found = {name + "'s " + place + " has " + describe_route(**bad)};
    out.why = "the route is there";
    return out;
  }
  std::vector<std::string> closest;
  for (const RouteView* route : candidates) {
    const auto wrong = mismatches(check, world, *route, kernel);
    if (wrong.empty()) {
      return std::nullopt;
    }
    out.found.push_back(name + "'s " + place + " has " + describe_route(*route));
    if (closest.empty() || wrong.size() < closest.size()) {
      closest = wrong;
    }
  }
  if (!candidates.empty()) {
    out.title = name + " has a " + place + " route to " + to_string(check.to) + ", but a different one";
    for (const std::string& wrong : closest) {
      out.why += (out.why.empty() ? "" : "; ") + wrong;
    }
    // What is expected may be missing one step earlier: a session that is down explains a route by another
    // way.
    for (const Target& via : check.via) {
      const std::string peer = via.addr ? owner(world, *via.addr) : via.node;
      if (!peer.empty() && peer != name) {
        std::vector<Rung> ladder;
        const Reason reason = session_reason(world, {name, peer}, std::nullopt, ladder);
        if (!reason.why.empty() && out.cause.empty()) {
          out.cause = "session " + name + " ~ " + peer + ": " + reason.why;
        }
      }
    }
    return out;
  }
  out.title = name + " has no " + place + " route to " + to_string(check.to);
  out.found.push_back(name + "'s " + place + " has no route to " + to_string(check.to));
  out.nearest = nearest_routes(node, name, check.to, kernel);
  take(out, missing_route_reason(world, name, check.to, kernel));
  return out;
}

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

void take(Explanation& into, Reason reason) {
  into.why = into.why.empty() ? std::move(reason.why) : into.why;
  into.cause = into.cause.empty() ? std::move(reason.cause) : into.cause;
  into.fix = into.fix.empty() ? std::move(reason.fix) : into.fix;
  into.quotes.insert(into.quotes.end(), reason.quotes.begin(), reason.quotes.end());
  if (reason.hopeless) {
    into.verdict = Verdict::impossible;
  }
}

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

Explanation evaluate_route(const RouteCheck& check, const World& world) {
  Explanation out;
  out.expected = describe(Check{"", check, {}, {}, {}});
  const auto names = world.wiring().match(check.at);
  if (names.empty()) {
    out.verdict = Verdict::impossible;
    out.title = out.why = "no node matches";
    return out;
  }
  std::size_t bad = 0;
  std::optional<Explanation> first;
  for (const std::string& name : names) {
    std::optional<Explanation> wrong;
    if (wants_kernel(check)) {
      wrong = judge(check, world, name, true);
    }
    if (!wrong && wants_rib(check)) {
      wrong = judge(check, world, name, false);
    }
    if (wrong) {
      ++bad;
      first = first ? std::move(first) : std::move(wrong);
    }
  }
  if (!first) {
    out.verdict = Verdict::holds;
    out.title = out.expected;
    for (const std::string& name : names) {
      for (const RouteView* route : routes_to(*world.node(name), check, wants_kernel(check))) {
        out.found.push_back(name + " has " + describe_route(*route));
      }
    }
    return out;
  }
  first->expected = out.expected;
  if (names.size() > 1) {
    first->title += " (" + std::to_string(names.size() - bad) + " of " + std::to_string(names.size()) +
                    " nodes as expected)";
  }
  return *first;
}

}  // namespace catflap::expect::reasons
