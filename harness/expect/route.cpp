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
