#include <algorithm>
#include <set>
#include <utility>

#include "expect/reasons.hpp"

namespace catflap::expect {
namespace {

using reasons::Reason;

/// The address that pings to a node go to.
std::optional<net::IpAddr> address_of(const Wiring& wiring, const std::string& node, const std::string& from,
                                      std::optional<net::Family> family) {
  const auto fits = [&](const net::IpAddr& addr) { return !family || addr.family() == *family; };
  const WiredNode* wired = wiring.node(node);
  if (wired == nullptr) {
    return std::nullopt;
  }
  for (const net::InterfaceAddress& address : wired->lo) {
    if (fits(address.addr)) {
      return address.addr;
    }
  }
  std::optional<net::IpAddr> any;
  for (const WiredLink& link : wiring.links) {
    for (std::size_t i = 0; i < 2; ++i) {
      if (link.ends[i].node != node) {
        continue;
      }
      for (const net::InterfaceAddress& address : link.ends[i].addresses) {
        if (fits(address.addr) && link.ends[1 - i].node == from) {
          return address.addr;
        }
        if (fits(address.addr) && !any) {
          any = address.addr;
        }
      }
    }
  }
  return any;
}

/// The address that `node` sends from when it uses `interface`.
std::optional<net::IpAddr> source_on(const World& world, const std::string& node,
                                     const std::string& interface, net::Family family) {
  if (const WiredInterface* wired = world.wiring().interface(node, interface)) {
    for (const net::InterfaceAddress& address : wired->addresses) {
      if (address.addr.family() == family) {
        return address.addr;
      }
    }
  }
  return std::nullopt;
}

/// Where a packet from `start` to `to` stops, by the kernels' routes; nullopt if it arrives (or the way is
/// unknown). `egress` receives the interface that it leaves `start` by.
std::optional<Reason> path_problem(const World& world, const std::string& start, const net::IpAddr& to,
                                   std::string* egress) {
  std::set<std::string> visited;
  std::string at = start;
  while (!reasons::has_address(world, at, to)) {
    if (!visited.insert(at).second) {
      return Reason{"packets to " + to_string(to) + " go round in a loop through " + at, "", "", {}, false};
    }
    const NodeState* node = world.node(at);
    if (node == nullptr || !node->fib_known) {
      return std::nullopt;
    }
    const observe::RouteView* route = reasons::kernel_route(*node, to);
    if (route == nullptr) {
      Reason reason;
      // Ask for the prefix that should carry it: the longest announced one, or what the owner has on a link.
      std::optional<net::Prefix> wanted;
      for (const WiredNode& other : world.wiring().nodes) {
        for (const net::Prefix& prefix : other.announce) {
          if (prefix.contains(to) && (!wanted || prefix.length() > wanted->length())) {
            wanted = prefix;
          }
        }
        for (const net::InterfaceAddress& address : world.wiring().addresses(other.name)) {
          if (!wanted && address.addr == to) {
            wanted = address.network();
          }
        }
      }
      reason.why = at + " has no route to " + to_string(to);
      if (wanted) {
        const Reason missing = reasons::missing_route_reason(world, at, *wanted, true);
        reason.cause = missing.why + (missing.cause.empty() ? "" : "; " + missing.cause);
        reason.quotes = missing.quotes;
        reason.fix = missing.fix;
      }
      return reason;
    }
    if (route->type != observe::RouteType::unicast) {
      return Reason{at + " drops packets to " + to_string(to) + ": " + reasons::describe_route(*route),
                    "",
                    "",
                    {},
                    false};
    }
    if (route->next_hops.empty()) {
      return std::nullopt;
    }
    const observe::NextHopView& hop = route->next_hops.front();
    if (at == start && egress != nullptr) {
      *egress = hop.interface;
    }
    const auto link = node->links.find(hop.interface);
    if (link != node->links.end() && (!link->second.up || !link->second.carrier)) {
      return Reason{at + ":" + hop.interface + " is down, and the route to " + to_string(to) + " goes there",
                    "",
                    "",
                    {},
                    false};
    }
    const std::string next = reasons::owner(world, hop.via ? *hop.via : to);
    if (next.empty()) {
      return Reason{"nobody has the address " + to_string(hop.via ? *hop.via : to) + ", the next hop of " +
                        at + " (" + reasons::describe_route(*route) + ")",
                    "",
                    "",
                    {},
                    false};
    }
    at = next;
  }
  return std::nullopt;
}

Reason ping_reason(const World& world, const ProbeRequest& request, const ProbeOutcome* outcome) {
  Reason reason;
  std::string egress;
  if (auto problem = path_problem(world, request.from, request.to, &egress)) {
    return *problem;
  }
  const std::string destination = reasons::owner(world, request.to);
  const auto source =
      request.source ? request.source : source_on(world, request.from, egress, request.to.family());
  if (destination.empty()) {
    reason.why = "no node of the lab has the address " + to_string(request.to);
    return reason;
  }
  if (source && destination != request.from) {
    if (auto problem = path_problem(world, destination, *source, nullptr)) {
      problem->why = "the way there exists, but not the way back: " + problem->why;
      return *problem;
    }
  }
  if (outcome != nullptr && outcome->verdict != ProbeVerdict::reached) {
    reason.why = std::string(to_string(outcome->verdict));
    if (outcome->responder) {
      const std::string who = reasons::owner(world, *outcome->responder);
      reason.why += ", says " + (who.empty() ? "" : who + " ") + "(" + to_string(*outcome->responder) + ")";
    }
    reason.why += outcome->detail.empty() ? "" : ": " + outcome->detail;
    reason.cause =
        "routes there and back exist; it was lost or filtered on the way, or came before the routes";
  }
  return reason;
}

}  // namespace

std::vector<ProbeRequest> probes_of(const Check& check, const Wiring& wiring) {
  std::vector<ProbeRequest> requests;
  const auto* ping = std::get_if<PingCheck>(&check.what);
  if (ping == nullptr) {
    return requests;
  }
  std::optional<net::Family> family;
  if (ping->source) {
    family = ping->source->family();
  }
  for (const std::string& from : wiring.match(ping->from)) {
    if (ping->to.addr) {
      requests.push_back({from, *ping->to.addr, ping->source, ping->count});
      continue;
    }
    for (const std::string& to : wiring.match({ping->to.node})) {
      const auto addr = to == from ? std::nullopt : address_of(wiring, to, from, family);
      if (addr) {
        requests.push_back({from, *addr, ping->source, ping->count});
      }
    }
  }
  return requests;
}

Explanation reasons::evaluate_ping(const PingCheck& check, const World& world) {
  Explanation out;
  const Check whole{"", check, {}, {}, {}};
  out.expected = describe(whole);
  const auto requests = probes_of(whole, world.wiring());
  if (requests.empty()) {
    out.verdict = Verdict::impossible;
    out.title = out.why = "no node matches, or the target has no address";
    return out;
  }
  const ProbeRequest* bad = nullptr;
  bool pending = false;
  std::size_t good = 0;
  for (const ProbeRequest& request : requests) {
    const ProbeOutcome* outcome = world.probe(request);
    if (outcome == nullptr || outcome->sent == 0) {
      pending = true;
      bad = bad == nullptr ? &request : bad;
      continue;
    }
    const std::uint64_t lost = outcome->sent - std::min(outcome->sent, outcome->received);
    const bool fits = check.blocked ? outcome->received == 0
                                    : lost * 100 <= std::uint64_t{check.loss_percent_max} * outcome->sent;
    good += fits ? 1 : 0;
    bad = fits || bad != nullptr ? bad : &request;
    out.found.push_back(
        request.from + " -> " + to_string(request.to) + ": " + std::to_string(outcome->received) + " of " +
        std::to_string(outcome->sent) + " answered" +
        (outcome->received < outcome->sent ? " (" + std::string(to_string(outcome->verdict)) +
                                                 (outcome->detail.empty() ? "" : ": " + outcome->detail) + ")"
                                           : ""));
  }
  if (bad == nullptr) {
    out.verdict = Verdict::holds;
    out.title = out.expected;
    return out;
  }
  out.title = bad->from + (check.blocked ? " can ping " : " cannot ping ") + to_string(bad->to);
  const ProbeOutcome* outcome = world.probe(*bad);
  if (outcome == nullptr) {
    out.title = "no answer yet to the ping of " + to_string(bad->to) + " from " + bad->from;
  }
  if (requests.size() > 1) {
    out.title += " (" + std::to_string(good) + " of " + std::to_string(requests.size()) + " as expected)";
  }
  if (check.blocked && outcome != nullptr) {
    out.why = "echo replies came";
  } else {
    take(out, ping_reason(world, *bad, outcome));
    if (out.why.empty() && pending) {
      out.why = "no echo request has been answered or given up yet";
    }
  }
  return out;
}

}  // namespace catflap::expect
