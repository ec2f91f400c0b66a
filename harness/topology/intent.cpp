#include <algorithm>
#include <utility>

#include "topology/derive.hpp"
#include "topology/topology.hpp"

namespace catflap::topology {
namespace {

using std::chrono::seconds;

Timers timers_of(const Topology& topology, const Node& node) {
  return node.timers.value_or(topology.defaults.timers);
}

std::string table_of(net::Family family) {
  return family == net::Family::ipv4 ? "master4" : "master6";
}

intent::ChannelIntent channel(net::Family family, intent::FilterRef import, intent::FilterRef export_) {
  intent::ChannelIntent out;
  out.family = family;
  out.table = table_of(family);
  out.import_filter = std::move(import);
  out.export_filter = std::move(export_);
  return out;
}

/// `filter { if net ~ [ ... ] then accept; reject; }`, or all if there are none.
intent::FilterRef only(const std::vector<net::Prefix>& prefixes) {
  if (prefixes.empty()) {
    return intent::FilterRef::all();
  }
  std::vector<intent::PrefixPattern> patterns;
  for (const net::Prefix& prefix : prefixes) {
    patterns.push_back({prefix, prefix.length(), prefix.length()});
  }
  auto net = std::make_shared<intent::Expr>();
  net->op = intent::Op::attribute;
  net->attribute = intent::RouteAttribute::net;
  net->type = intent::ValueType::prefix;
  auto constant = std::make_shared<intent::Expr>();
  constant->type = intent::ValueType::prefix_set;
  constant->value = std::make_shared<const intent::PrefixSet>(std::move(patterns));
  auto match = std::make_shared<intent::Expr>();
  match->op = intent::Op::match;
  match->type = intent::ValueType::boolean;
  match->operands = {net, constant};
  auto accept = std::make_shared<intent::Stmt>();
  accept->verb = intent::Verb::accept;
  auto branch = std::make_shared<intent::Stmt>();
  branch->verb = intent::Verb::if_;
  branch->expr = match;
  branch->body = {accept};
  auto reject = std::make_shared<intent::Stmt>();
  reject->verb = intent::Verb::reject;
  auto filter = std::make_shared<intent::Filter>();
  filter->body = {branch, reject};
  return {intent::FilterRef::Kind::filter, filter};
}

void set_timers(Timers timers, const PeerOptions& options, intent::BgpIntent& bgp) {
  if (timers == Timers::fast) {
    bgp.hold_time = seconds(3);
    bgp.keepalive_time = seconds(1);
    bgp.connect_delay_time = seconds(0);
    bgp.connect_retry_time = seconds(1);
    bgp.error_wait_min = seconds(1);
    bgp.error_wait_max = seconds(2);
    bgp.startup_hold_time = seconds(10);
  }
  if (options.hold) {
    bgp.hold_time = options.hold;
    bgp.keepalive_time = options.keepalive ? options.keepalive : std::nullopt;
  } else if (options.keepalive) {
    bgp.keepalive_time = options.keepalive;
  }
  if (options.connect_retry) {
    bgp.connect_retry_time = options.connect_retry;
  }
}

intent::ProtocolIntent session(const Topology& topology, const Node& node, const expect::WiredSession& wired,
                               std::size_t side) {
  const expect::WiredSessionEnd& own = wired.ends[side];
  const expect::WiredSessionEnd& peer = wired.ends[1 - side];
  const auto found = node.peers.find(peer.node);
  const PeerOptions options = found == node.peers.end() ? PeerOptions{} : found->second;
  intent::BgpIntent bgp;
  bgp.local_as = own.as;
  bgp.remote_as = own.expects_as;
  bgp.local_address = own.addr;
  bgp.neighbor = peer.addr;
  if (own.addr.is_link_local()) {
    bgp.interface = own.interface;
  }
  bgp.multihop = false;  // the neighbour is on the link, in iBGP too
  bgp.passive = options.passive;
  if (!options.password.empty()) {
    bgp.password = options.password;
  }
  bgp.rr_client = options.rr_client;
  set_timers(timers_of(topology, node), options, bgp);
  intent::ProtocolIntent out;
  out.name = own.protocol;
  out.disabled = options.disabled;
  out.where = node.bgp_where;
  intent::ChannelIntent routes = channel(wired.family, only(options.import_only), only(options.export_only));
  if (options.next_hop_self) {
    routes.bgp.next_hop_self = intent::NextHopSelf::on;
  } else if (own.as == own.expects_as) {
    // Links are not announced, so an iBGP neighbour could not resolve a next hop beyond us.
    routes.bgp.next_hop_self = intent::NextHopSelf::ebgp;
  }
  out.channels.push_back(std::move(routes));
  out.body = std::move(bgp);
  return out;
}

intent::ProtocolIntent protocol(std::string name, decltype(intent::ProtocolIntent::body) body) {
  intent::ProtocolIntent out;
  out.name = std::move(name);
  out.body = std::move(body);
  return out;
}

}  // namespace

Result<intent::RouterIntent> router_intent(const Topology& topology, std::string_view name) {
  const Node* node = topology.node(name);
  if (node == nullptr) {
    return fail(Errc::not_found, "no node " + std::string(name));
  }
  if (!node->bgp) {
    return fail(Error{Errc::invalid, "node " + node->name + " has no `bgp:`", 0, node->where});
  }
  const expect::Wiring wiring = wire(topology);
  intent::RouterIntent out;
  out.hostname = node->name;
  out.router_id = wiring.node(name)->router_id;
  out.logs = {intent::LogIntent{intent::LogIntent::Target::stderr_, "", {"all"}, {}, {}, {}}};
  out.tables = {{"master4", net::Family::ipv4}, {"master6", net::Family::ipv6}};
  out.protocols.push_back(protocol("device1", intent::DeviceIntent{}));
  for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
    const std::string digit = family == net::Family::ipv4 ? "4" : "6";
    intent::ProtocolIntent kernel = protocol("kernel" + digit, intent::KernelIntent{});
    kernel.channels.push_back(channel(family, intent::FilterRef::none(), intent::FilterRef::all()));
    out.protocols.push_back(std::move(kernel));
    intent::StaticIntent routes;
    for (const net::Prefix& prefix : node->announce) {
      if (prefix.family() == family) {
        intent::StaticRoute route;
        route.prefix = prefix;
        routes.routes.push_back(std::move(route));
      }
    }
    if (!routes.routes.empty()) {
      intent::ProtocolIntent announce = protocol("announce" + digit, std::move(routes));
      announce.channels.push_back(channel(family, intent::FilterRef::all(), intent::FilterRef::none()));
      out.protocols.push_back(std::move(announce));
    }
  }
  for (const expect::WiredSession& wired : wiring.sessions) {
    for (std::size_t side = 0; side < 2; ++side) {
      if (wired.ends[side].node == name) {
        out.protocols.push_back(session(topology, *node, wired, side));
      }
    }
  }
  return out;
}

Duration default_deadline(const Topology& topology, const expect::Check& check) {
  if (check.mode != expect::Mode::eventually) {
    return seconds(2);
  }
  // What the slowest router needs: to come up, a delay and two tries; to notice that a neighbour is gone, the
  // hold time.
  Duration connect = seconds(0);
  Duration hold = seconds(0);
  for (const Node& node : topology.nodes) {
    const bool fast = node.config.empty() && timers_of(topology, node) == Timers::fast;
    Duration node_connect = fast ? Duration(seconds(2)) : Duration(seconds(20));
    Duration node_hold = fast ? Duration(seconds(3)) : Duration(seconds(240));
    for (const auto& [peer, options] : node.peers) {
      node_connect = std::max(node_connect, 2 * options.connect_retry.value_or(Duration(0)));
      node_hold = std::max(node_hold, options.hold.value_or(Duration(0)));
    }
    connect = std::max(connect, node_connect);
    hold = std::max(hold, node_hold);
  }
  const Duration up = connect + std::min<Duration>(hold, seconds(10)) + seconds(5);
  if (const auto* session = std::get_if<expect::SessionCheck>(&check.what)) {
    const bool leaves = session->negated || session->state != observe::SessionState::established;
    return leaves ? hold + seconds(5) : up;
  }
  if (const auto* route = std::get_if<expect::RouteCheck>(&check.what)) {
    return route->absent ? hold + seconds(5) : up + seconds(5);
  }
  return std::holds_alternative<expect::AliveCheck>(check.what) ? Duration(seconds(5)) : up + seconds(5);
}

}  // namespace catflap::topology
