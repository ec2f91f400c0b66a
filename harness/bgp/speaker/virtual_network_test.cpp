#include "bgp/speaker/virtual_network.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/overloaded.hpp"

namespace catflap::bgp::testing {

namespace {

constexpr int kConnectionRefused = 111;
constexpr int kNoRoute = 113;

}  // namespace

void VirtualNetwork::add_node(const std::string& name, std::uint64_t seed) {
  Node& node = nodes_[name];
  node.name = name;
  node.speaker = std::make_unique<Speaker>(seed);
  node.interfaces[1] =
      ev::Interface{1, "lo", true, true, false, 65536, {*net::InterfaceAddress::parse("127.0.0.1/8")}};
  schedule(name, Duration{0}, node.interfaces[1]);
  schedule(name, Duration{0}, ev::KernelScanDone{});
}

void VirtualNetwork::add_link(const std::string& a, const std::string& a_if,
                              const std::vector<std::string>& a_addresses, const std::string& b,
                              const std::string& b_if, const std::vector<std::string>& b_addresses) {
  const auto add = [&](const std::string& name, const std::string& interface,
                       const std::vector<std::string>& addresses) {
    Node& node = nodes_.at(name);
    const auto index = static_cast<IfIndex>(node.interfaces.size() + 1);
    ev::Interface event{index, interface, true, false, false, 1500, {}};
    for (const std::string& text : addresses) {
      event.addresses.push_back(*net::InterfaceAddress::parse(text));
    }
    node.interfaces[index] = event;
    schedule(name, Duration{0}, event);
    return index;
  };
  const IfIndex ia = add(a, a_if, a_addresses);
  const IfIndex ib = add(b, b_if, b_addresses);
  nodes_.at(a).links[ia] = {b, ib};
  nodes_.at(b).links[ib] = {a, ia};
}

IfIndex VirtualNetwork::index(const std::string& node, const std::string& interface) {
  for (const auto& [index, event] : nodes_.at(node).interfaces) {
    if (event.name == interface) {
      return index;
    }
  }
  return 0;
}

void VirtualNetwork::add_address(const std::string& node, const std::string& interface,
                                 const std::string& address) {
  ev::Interface& event = nodes_.at(node).interfaces.at(index(node, interface));
  event.addresses.push_back(*net::InterfaceAddress::parse(address));
  schedule(node, Duration{0}, event);
}

void VirtualNetwork::set_link(const std::string& node, const std::string& interface, bool up) {
  const IfIndex here = index(node, interface);
  const auto there = nodes_.at(node).links.at(here);
  nodes_.at(node).interfaces.at(here).up = up;
  nodes_.at(there.first).interfaces.at(there.second).up = up;
  schedule(node, Duration{0}, nodes_.at(node).interfaces.at(here));
  schedule(there.first, Duration{0}, nodes_.at(there.first).interfaces.at(there.second));
}

void VirtualNetwork::configure(const std::string& node, intent::RouterIntent intent, bool soft) {
  schedule(node, Duration{0},
           ev::Configure{std::make_shared<const intent::RouterIntent>(std::move(intent)), soft});
}

void VirtualNetwork::admin(const std::string& node, ev::Admin::Verb verb, const std::string& protocol,
                           const std::string& text) {
  schedule(node, Duration{0}, ev::Admin{verb, protocol, text});
}

void VirtualNetwork::inject(const std::string& node, Event event) {
  schedule(node, Duration{0}, std::move(event));
}

void VirtualNetwork::kill(const std::string& name) {
  Node& node = nodes_.at(name);
  node.dead = true;
  node.listening.clear();
  for (const auto& [conn, wire] : node.connections) {
    schedule(wire.peer_node, delay_, ev::TcpClosed{wire.peer_conn, {104, false, "Connection reset by peer"}});
  }
  node.connections.clear();
}

void VirtualNetwork::revive(const std::string& name, std::uint64_t seed, intent::RouterIntent intent) {
  Node& node = nodes_.at(name);
  node.dead = false;
  node.speaker = std::make_unique<Speaker>(seed);
  for (const auto& [index, event] : node.interfaces) {
    schedule(name, Duration{0}, event);
  }
  for (const auto& [prefix, route] : node.fib) {
    schedule(name, Duration{0}, ev::KernelRoute{route, true});
  }
  schedule(name, Duration{0}, ev::KernelScanDone{});
  schedule(name, Duration{0},
           ev::Configure{std::make_shared<const intent::RouterIntent>(std::move(intent)), false, true});
}

void VirtualNetwork::throttle(const std::string& name, std::uint32_t bytes, Duration pause) {
  Node& node = nodes_.at(name);
  node.throttle_bytes = bytes;
  node.throttle_pause = pause;
  for (const auto& [conn, wire] : node.connections) {
    schedule(name, Duration{0}, ev::TcpWritable{conn, bytes});
  }
}

void VirtualNetwork::schedule(const std::string& node, Duration delay, Event event) {
  queue_.push(Pending{now_ + delay, sequence_++, node, std::move(event)});
}

void VirtualNetwork::run_for(Duration span) {
  const Instant end = now_ + span;
  for (int guard = 0; guard < 2000000; ++guard) {
    Instant next = queue_.empty() ? Instant::never() : queue_.top().at;
    Node* due = nullptr;
    for (auto& [name, node] : nodes_) {
      if (!node.dead && node.speaker->deadline() < next) {
        next = std::max(node.speaker->deadline(), now_);
        due = &node;
      }
    }
    if (next > end) {
      break;
    }
    now_ = std::max(now_, next);
    if (due != nullptr) {
      due->speaker->run(now_);
      settle(*due);
      continue;
    }
    // One batch: everything of this instant for one node, as a driver's epoll round would give it.
    const std::string name = queue_.top().node;
    Node& node = nodes_.at(name);
    while (!queue_.empty() && queue_.top().at <= now_ && queue_.top().node == name) {
      const Event event = queue_.top().event;
      queue_.pop();
      deliver(node, event);
    }
    if (!node.dead) {
      node.speaker->run(now_);
      settle(node);
    }
  }
  now_ = end;
}

void VirtualNetwork::deliver(Node& node, const Event& event) {
  if (node.name.empty() || node.dead) {
    return;
  }
  const auto known = [&](ConnId conn) { return node.connections.count(conn) != 0; };
  bool take = true;
  std::visit(overloaded{
                 [&](const ev::TcpBytes& e) {
                   if (raw_.count(e.conn) != 0 && node.name == "raw") {
                     Raw& raw = raw_[e.conn];
                     raw.received.insert(raw.received.end(), e.bytes.begin(), e.bytes.end());
                     take = false;
                   } else {
                     take = known(e.conn);
                   }
                 },
                 [&](const ev::TcpClosed& e) {
                   if (node.name == "raw") {
                     raw_[e.conn].closed = true;
                     take = false;
                   } else {
                     take = known(e.conn) || e.reason.dial_failed;
                     node.connections.erase(e.conn);
                   }
                 },
                 [&](const ev::TcpOpened& e) { take = known(e.conn); },
                 [&](const ev::TcpWritable& e) { take = known(e.conn); },
                 [](const auto&) {},
             },
             event);
  if (take && node.speaker != nullptr) {
    node.speaker->ingest(now_, event);
  }
}

void VirtualNetwork::settle(Node& node) {
  for (Action& action : node.speaker->take_actions()) {
    mix(action.index() + 1);
    carry_out(node, action);
    node.log.push_back(std::move(action));
  }
}

VirtualNetwork::Node* VirtualNetwork::owner_of(Node& from, const net::IpAddr& addr, net::IpAddr* source) {
  for (const auto& [index, peer] : from.links) {
    const ev::Interface& here = from.interfaces.at(index);
    Node& there = nodes_.at(peer.first);
    const ev::Interface& far = there.interfaces.at(peer.second);
    if (!here.up || !far.up || there.dead) {
      continue;
    }
    for (const net::InterfaceAddress& own : far.addresses) {
      if (own.addr != addr) {
        continue;
      }
      for (const net::InterfaceAddress& local : here.addresses) {
        if (local.network().contains(addr)) {
          *source = local.addr;
        }
      }
      return &there;
    }
  }
  return nullptr;
}

void VirtualNetwork::dial(Node& node, const act::TcpConnect& connect) {
  net::IpAddr source = connect.local.addr;
  Node* there = owner_of(node, connect.remote.addr, &source);
  if (!connect.local.addr.is_unspecified()) {
    source = connect.local.addr;
  }
  const auto refuse = [&](int error, const char* text) {
    schedule(node.name, delay_, ev::TcpClosed{connect.conn, {error, true, text}});
  };
  if (there == nullptr) {
    refuse(kNoRoute, "No route to host");
    return;
  }
  const bool listening =
      std::any_of(there->listening.begin(), there->listening.end(), [&](const net::Endpoint& at) {
        return at.port == connect.remote.port && at.addr.family() == connect.remote.addr.family() &&
               (at.addr.is_unspecified() || at.addr == connect.remote.addr);
      });
  if (!listening) {
    refuse(kConnectionRefused, "Connection refused");
    return;
  }
  const ConnId accepted = there->next_accept;
  there->next_accept += 2;
  const net::Endpoint local{source, static_cast<std::uint16_t>(40000 + connect.conn % 20000), 0};
  node.connections[connect.conn] = Wire{there->name, accepted, local, connect.remote};
  there->connections[accepted] = Wire{node.name, connect.conn, connect.remote, local};
  schedule(node.name, delay_ * 2, ev::TcpOpened{connect.conn, local, connect.remote, false});
  schedule(there->name, delay_ * 2, ev::TcpOpened{accepted, connect.remote, local, true});
  if (node.throttle_bytes) {
    schedule(node.name, delay_ * 2, ev::TcpWritable{connect.conn, *node.throttle_bytes});
  }
  if (there->throttle_bytes) {
    schedule(there->name, delay_ * 2, ev::TcpWritable{accepted, *there->throttle_bytes});
  }
}

void VirtualNetwork::carry_out(Node& node, const Action& action) {
  std::visit(overloaded{
                 [&](const act::TcpConnect& a) { dial(node, a); },
                 [&](const act::TcpSend& a) {
                   const auto it = node.connections.find(a.conn);
                   if (it == node.connections.end()) {
                     return;
                   }
                   for (const std::byte octet : *a.bytes) {
                     mix(static_cast<std::uint64_t>(octet));
                   }
                   // Messages are framed by their length, so the type is at a fixed place of each.
                   for (std::size_t at = 0; at + 19 <= a.bytes->size();) {
                     const auto length = static_cast<std::size_t>((*a.bytes)[at + 16]) << 8U |
                                         static_cast<std::size_t>((*a.bytes)[at + 17]);
                     node.updates += (*a.bytes)[at + 18] == std::byte{2} ? 1U : 0U;
                     at += std::max<std::size_t>(length, 19);
                   }
                   schedule(it->second.peer_node, delay_, ev::TcpBytes{it->second.peer_conn, *a.bytes});
                   if (node.throttle_bytes) {
                     schedule(node.name, node.throttle_pause, ev::TcpWritable{a.conn, *node.throttle_bytes});
                   }
                 },
                 [&](const act::TcpClose& a) {
                   const auto it = node.connections.find(a.conn);
                   if (it != node.connections.end()) {
                     schedule(it->second.peer_node, delay_,
                              ev::TcpClosed{it->second.peer_conn, {0, false, "Connection closed"}});
                     node.connections.erase(it);
                   }
                 },
                 [&](const act::Listen& a) {
                   node.listening.clear();
                   for (const act::Listen::Socket& socket : a.sockets) {
                     node.listening.push_back(socket.local);
                   }
                 },
                 [&](const act::KernelRoute& a) {
                   mix(std::hash<net::Prefix>()(a.route.prefix));
                   if (a.present) {
                     node.fib[a.route.prefix] = a.route;
                   } else {
                     node.fib.erase(a.route.prefix);
                   }
                   schedule(node.name, delay_, ev::KernelRouteResult{a.route.table, a.route.prefix, 0});
                 },
                 [](const auto&) {},
             },
             action);
}

ConnId VirtualNetwork::connect_raw(const std::string& name, net::Endpoint from, net::Endpoint to) {
  Node& raw = nodes_["raw"];
  raw.name = "raw";
  if (raw.speaker == nullptr) {
    raw.speaker = std::make_unique<Speaker>(0);
  }
  Node& node = nodes_.at(name);
  const ConnId conn = node.next_accept;
  node.next_accept += 2;
  raw_[conn] = Raw{};
  node.connections[conn] = Wire{"raw", conn, to, from};
  schedule(name, delay_, ev::TcpOpened{conn, to, from, true});
  return conn;
}

Bytes VirtualNetwork::raw_received(ConnId conn) const {
  return raw_.at(conn).received;
}
bool VirtualNetwork::raw_closed(ConnId conn) const {
  return raw_.at(conn).closed;
}

Speaker& VirtualNetwork::speaker(const std::string& node) {
  return *nodes_.at(node).speaker;
}

const std::map<net::Prefix, KernelRouteSpec>& VirtualNetwork::fib(const std::string& node) {
  return nodes_.at(node).fib;
}

std::vector<Action> VirtualNetwork::drain_log(const std::string& node) {
  return std::exchange(nodes_.at(node).log, {});
}

std::uint64_t VirtualNetwork::updates_sent(const std::string& node) const {
  return nodes_.at(node).updates;
}

std::optional<observe::ProtocolView> VirtualNetwork::protocol(const std::string& node,
                                                              const std::string& name) {
  for (observe::ProtocolView& view : speaker(node).snapshot(now_).protocols) {
    if (view.name == name) {
      return std::move(view);
    }
  }
  return std::nullopt;
}

observe::SessionState VirtualNetwork::session(const std::string& node, const std::string& name) {
  const auto view = protocol(node, name);
  return view && view->session ? view->session->state : observe::SessionState::down;
}

std::vector<observe::RouteView> VirtualNetwork::routes(const std::string& node, const RouteQuery& query) {
  std::vector<observe::RouteView> found;
  const Status status = speaker(node).routes(query, [&](const observe::RouteView& view) {
    found.push_back(view);
    return true;
  });
  EXPECT_TRUE(status.has_value()) << (status ? "" : status.error().message);
  return found;
}

std::vector<observe::RouteView> VirtualNetwork::routes(const std::string& node, const std::string& text) {
  RouteQuery query;
  query.exact = prefix(text);
  return routes(node, query);
}

net::IpAddr addr(const std::string& text) {
  return *net::IpAddr::parse(text);
}
net::Prefix prefix(const std::string& text) {
  return *net::Prefix::parse(text);
}

namespace {

intent::ChannelIntent channel(net::Family family) {
  intent::ChannelIntent result;
  result.family = family;
  result.table = family == net::Family::ipv4 ? "master4" : "master6";
  return result;
}

}  // namespace

intent::RouterIntent router(std::uint32_t router_id) {
  intent::RouterIntent intent;
  intent.router_id = router_id;
  intent.tables = {{"master4", net::Family::ipv4}, {"master6", net::Family::ipv6}};
  return intent;
}

intent::ProtocolIntent device() {
  intent::ProtocolIntent protocol;
  protocol.name = "device1";
  protocol.body = intent::DeviceIntent{};
  return protocol;
}

intent::ProtocolIntent direct(const std::vector<std::string>& globs, std::vector<net::Family> families) {
  intent::ProtocolIntent protocol;
  protocol.name = "direct1";
  intent::DirectIntent body;
  for (const std::string& glob : globs) {
    intent::InterfacePattern pattern;
    pattern.negated = glob.front() == '-';
    pattern.glob = pattern.negated ? glob.substr(1) : glob;
    body.interfaces.push_back(pattern);
  }
  protocol.body = body;
  for (const net::Family family : families) {
    protocol.channels.push_back(channel(family));
  }
  return protocol;
}

intent::ProtocolIntent kernel(net::Family family, bool learn) {
  intent::ProtocolIntent protocol;
  protocol.name = family == net::Family::ipv4 ? "kernel1" : "kernel2";
  intent::KernelIntent body;
  body.learn = learn;
  protocol.body = body;
  protocol.channels = {channel(family)};
  protocol.channels.front().export_filter = intent::FilterRef::all();
  return protocol;
}

intent::ProtocolIntent bgp(const std::string& name, std::uint32_t local_as, const std::string& neighbor,
                           std::uint32_t remote_as, const std::string& local) {
  intent::ProtocolIntent protocol;
  protocol.name = name;
  intent::BgpIntent body;
  body.local_as = local_as;
  body.remote_as = remote_as;
  body.neighbor = addr(neighbor);
  if (!local.empty()) {
    body.local_address = addr(local);
  }
  protocol.channels = {channel(body.neighbor->family())};
  protocol.channels.front().export_filter = intent::FilterRef::all();
  protocol.body = body;
  return protocol;
}

intent::ProtocolIntent blackholes(const std::string& name, const std::vector<std::string>& prefixes) {
  intent::ProtocolIntent protocol;
  protocol.name = name;
  intent::StaticIntent body;
  for (const std::string& text : prefixes) {
    intent::StaticRoute route;
    route.prefix = prefix(text);
    body.routes.push_back(route);
  }
  protocol.body = body;
  protocol.channels = {channel(net::Family::ipv4)};
  return protocol;
}

intent::FilterRef where_net(const std::string& text, bool negated) {
  const auto expr = [](intent::Op op, intent::ValueType type) {
    auto result = std::make_shared<intent::Expr>();
    result->op = op;
    result->type = type;
    return result;
  };
  auto net_attribute = expr(intent::Op::attribute, intent::ValueType::prefix);
  net_attribute->attribute = intent::RouteAttribute::net;
  auto constant = expr(intent::Op::constant, intent::ValueType::prefix);
  constant->value = prefix(text);
  auto condition = expr(negated ? intent::Op::not_equal : intent::Op::equal, intent::ValueType::boolean);
  condition->operands = {net_attribute, constant};
  const auto statement = [](intent::Verb verb) {
    auto result = std::make_shared<intent::Stmt>();
    result->verb = verb;
    return result;
  };
  auto choose = statement(intent::Verb::if_);
  choose->expr = condition;
  choose->body = {statement(intent::Verb::accept)};
  choose->otherwise = {statement(intent::Verb::reject)};
  auto filter = std::make_shared<intent::Filter>();
  filter->body = {choose};
  return {intent::FilterRef::Kind::filter, filter};
}

}  // namespace catflap::bgp::testing
