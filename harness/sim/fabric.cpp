#include "sim/fabric.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/overloaded.hpp"
#include "replay/codec.hpp"

namespace catflap::sim {

namespace act = bgp::act;
namespace ev = bgp::ev;
using bgp::Action;
using bgp::ConnId;
using bgp::Event;
using bgp::IfIndex;

namespace {

constexpr int kConnectionReset = 104;
constexpr int kConnectionRefused = 111;
constexpr int kNoRoute = 113;
/// Actions that a node keeps for drain_log(); older ones are forgotten.
constexpr std::size_t kLogMax = 400000;
constexpr std::size_t kHeaderOctets = 19;
constexpr std::byte kKeepalive{4};
constexpr std::byte kUpdate{2};

/// The length and the type of the message at the front of whole messages.
std::pair<std::size_t, std::byte> front(BytesView messages) {
  const auto length =
      std::to_integer<std::size_t>(messages[16]) << 8U | std::to_integer<std::size_t>(messages[17]);
  return {std::max(length, kHeaderOctets), messages[18]};
}

template <class F>
void each_message(BytesView messages, F&& visit) {
  while (messages.size() >= kHeaderOctets) {
    const auto [length, type] = front(messages);
    visit(type);
    messages = messages.subspan(std::min(length, messages.size()));
  }
}

/// False for what a router does while nothing happens: KEEPALIVEs and dials.
bool is_activity(const Action& action) {
  if (const auto* send = std::get_if<act::TcpSend>(&action)) {
    bool other = false;
    each_message(*send->bytes, [&](std::byte type) { other = other || type != kKeepalive; });
    return other;
  }
  return std::holds_alternative<act::KernelRoute>(action);
}

ev::TcpClosed closed(ConnId conn, int error, bool dial_failed, const char* text) {
  return {conn, {error, dial_failed, text}};
}

}  // namespace

void Fabric::add_node(const std::string& name, std::uint64_t seed) {
  Node& node = nodes_[name];
  node.name = name;
  node.seed = seed;
  node.speaker = std::make_unique<bgp::Speaker>(seed);
  node.interfaces[1] =
      ev::Interface{1, "lo", true, true, false, 65536, {*net::InterfaceAddress::parse("127.0.0.1/8")}};
  schedule(name, Duration{0}, node.interfaces[1]);
  schedule(name, Duration{0}, ev::KernelScanDone{});
}

void Fabric::add_link(const std::string& a, const std::string& a_if,
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

IfIndex Fabric::index(const std::string& node, const std::string& interface) {
  for (const auto& [index, event] : nodes_.at(node).interfaces) {
    if (event.name == interface) {
      return index;
    }
  }
  return 0;
}

void Fabric::add_address(const std::string& node, const std::string& interface, const std::string& address) {
  ev::Interface& event = nodes_.at(node).interfaces.at(index(node, interface));
  event.addresses.push_back(*net::InterfaceAddress::parse(address));
  schedule(node, Duration{0}, event);
}

void Fabric::set_link(const std::string& node, const std::string& interface, bool up) {
  const IfIndex here = index(node, interface);
  const auto there = nodes_.at(node).links.at(here);
  nodes_.at(node).interfaces.at(here).up = up;
  nodes_.at(there.first).interfaces.at(there.second).up = up;
  schedule(node, Duration{0}, nodes_.at(node).interfaces.at(here));
  schedule(there.first, Duration{0}, nodes_.at(there.first).interfaces.at(there.second));
}

void Fabric::configure(const std::string& node, intent::RouterIntent intent, bool soft) {
  schedule(node, Duration{0},
           ev::Configure{std::make_shared<const intent::RouterIntent>(std::move(intent)), soft});
}

void Fabric::admin(const std::string& node, ev::Admin::Verb verb, const std::string& protocol,
                   const std::string& text) {
  schedule(node, Duration{0}, ev::Admin{verb, protocol, text});
}

void Fabric::inject(const std::string& node, Event event) {
  schedule(node, Duration{0}, std::move(event));
}

void Fabric::kill(const std::string& name) {
  Node& node = nodes_.at(name);
  node.dead = true;
  ++node.generation;
  node.listening.clear();
  node.udp.clear();
  for (auto& [conn, wire] : node.connections) {
    transmit(node, wire, closed(wire.peer_conn, kConnectionReset, false, "Connection reset by peer"));
  }
  node.connections.clear();
  node.recorder.reset();
  relist(node);
}

void Fabric::freeze(const std::string& name) {
  Node& node = nodes_.at(name);
  node.dead = true;
  relist(node);
}

void Fabric::revive(const std::string& name, std::uint64_t seed, intent::RouterIntent intent, bool recover) {
  Node& node = nodes_.at(name);
  node.dead = false;
  node.seed = seed;
  node.speaker = std::make_unique<bgp::Speaker>(seed);
  for (const auto& [index, event] : node.interfaces) {
    schedule(name, Duration{0}, event);
  }
  for (const auto& [prefix, route] : node.fib) {
    schedule(name, Duration{0}, ev::KernelRoute{route, true});
  }
  schedule(name, Duration{0}, ev::KernelScanDone{});
  schedule(name, Duration{0},
           ev::Configure{std::make_shared<const intent::RouterIntent>(std::move(intent)), false, recover});
}

void Fabric::throttle(const std::string& name, std::uint32_t bytes, Duration pause) {
  Node& node = nodes_.at(name);
  node.throttle_bytes = bytes;
  node.throttle_pause = pause;
  for (const auto& [conn, wire] : node.connections) {
    schedule(name, Duration{0}, ev::TcpWritable{conn, bytes});
  }
}

void Fabric::unthrottle(const std::string& name) {
  constexpr std::uint32_t kRoom = 256U * 1024U;
  throttle(name, kRoom, Duration{0});
}

void Fabric::set_silent(const std::string& name, const std::string& interface, bool silent) {
  const IfIndex here = index(name, interface);
  const auto there = nodes_.at(name).links.at(here);
  const auto set = [&](Node& node, IfIndex side) {
    if (silent) {
      node.silent.insert(side);
    } else {
      node.silent.erase(side);
    }
  };
  set(nodes_.at(name), here);
  set(nodes_.at(there.first), there.second);
  if (silent) {
    return;
  }
  for (const auto& [node_name, side] : {std::pair(name, here), there}) {
    Node& node = nodes_.at(node_name);
    for (auto& [conn, wire] : node.connections) {
      if (wire.interface == side) {
        for (Event& event : std::exchange(wire.waiting, {})) {
          transmit(node, wire, std::move(event));
        }
      }
    }
  }
}

std::size_t Fabric::reset(const std::string& a, const std::string& b) {
  std::size_t count = 0;
  for (const std::string& name : {a, b}) {
    Node& node = nodes_.at(name);
    const std::string& other = name == a ? b : a;
    for (const auto& [conn, wire] : node.connections) {
      if (wire.peer_node == other) {
        schedule(name, Duration{0}, closed(conn, kConnectionReset, false, "Connection reset by peer"));
        ++count;
      }
    }
  }
  return count / 2;
}

void Fabric::at(Instant when, std::function<void()> what) {
  queue_.push(Pending{std::max(when, now_), sequence_++, "", 0, std::move(what)});
}

void Fabric::record(const std::string& name, ByteSink& out) {
  Node& node = nodes_.at(name);
  node.recorder =
      std::make_unique<replay::Recorder>(replay::LogHeader{"catflap sim", name, node.seed, 0}, out);
}

void Fabric::schedule(const std::string& node, Duration delay, Event event) {
  schedule_at(node, now_ + delay, std::move(event));
}

void Fabric::schedule_at(const std::string& node, Instant at, Event event) {
  queue_.push(Pending{at, sequence_++, node, nodes_.at(node).generation, std::move(event)});
}

bool Fabric::is_silent(const Node& node, IfIndex interface) const {
  return node.silent.count(interface) != 0;
}

void Fabric::transmit(Node& node, Wire& wire, Event event) {
  if (wire.peer_node.empty()) {
    return;  // the test reads it in the log
  }
  if (wire.interface != 0 && is_silent(node, wire.interface)) {
    wire.waiting.push_back(std::move(event));
    return;
  }
  const Duration jitter{static_cast<std::int64_t>(
      wire_.jitter.count() > 0 ? rng_.below(static_cast<std::uint64_t>(wire_.jitter.count())) : 0)};
  wire.next = std::max(wire.next, now_ + wire_.delay + jitter);
  schedule_at(wire.peer_node, wire.next, std::move(event));
}

void Fabric::run_for(Duration span) {
  const Instant end = now_ + span;
  while (step(end)) {
  }
  now_ = end;
}

bool Fabric::run_until_quiet(Duration quiet, Duration limit) {
  const Instant give_up = now_ + limit;
  last_activity_ = now_;
  while (step(std::min(last_activity_ + quiet, give_up))) {
  }
  now_ = std::max(now_, std::min(last_activity_ + quiet, give_up));
  return last_activity_ + quiet <= give_up;
}

bool Fabric::step(Instant end) {
  Instant next = queue_.empty() ? Instant::never() : queue_.top().at;
  Node* due = nullptr;
  if (!deadlines_.empty() && deadlines_.begin()->first < next) {
    due = &nodes_.at(deadlines_.begin()->second);
    next = std::max(deadlines_.begin()->first, now_);
  }
  if (next > end || next.is_never()) {
    return false;
  }
  now_ = std::max(now_, next);
  if (due != nullptr) {
    round(*due, {});
    return true;
  }
  if (queue_.top().node.empty()) {
    const auto what = std::get<std::function<void()>>(queue_.top().what);
    queue_.pop();
    last_activity_ = now_;
    what();
    return true;
  }
  // One batch: everything of this instant for one node, as a driver's epoll round would give it.
  const std::string name = queue_.top().node;
  Node& node = nodes_.at(name);
  std::vector<Event> events;
  while (!queue_.empty() && queue_.top().at <= now_ && queue_.top().node == name) {
    const Pending& top = queue_.top();
    if (top.generation == node.generation && take_in(node, std::get<Event>(top.what))) {
      events.push_back(std::get<Event>(top.what));
    }
    queue_.pop();
  }
  if (!events.empty()) {
    round(node, events);
  }
  return true;
}

void Fabric::round(Node& node, const std::vector<Event>& events) {
  if (node.dead || node.name.empty()) {
    relist(node);
    return;
  }
  for (const Event& event : events) {
    if (node.recorder != nullptr) {
      node.recorder->event(now_, event);
    }
    node.speaker->ingest(now_, event);
  }
  node.speaker->run(now_);
  settle(node);
  relist(node);
}

bool Fabric::take_in(Node& node, const Event& event) {
  if (node.name.empty() || node.dead) {
    return false;
  }
  const auto known = [&](ConnId conn) { return node.connections.count(conn) != 0; };
  const bool by_hand = node.name == "raw";
  return std::visit(overloaded{
                        [&](const ev::TcpBytes& e) {
                          if (by_hand) {
                            Raw& raw = raw_[e.conn];
                            raw.received.insert(raw.received.end(), e.bytes.begin(), e.bytes.end());
                          }
                          return !by_hand && known(e.conn);
                        },
                        [&](const ev::TcpClosed& e) {
                          if (by_hand) {
                            raw_[e.conn].closed = true;
                            return false;
                          }
                          return node.connections.erase(e.conn) != 0 || e.reason.dial_failed;
                        },
                        [&](const ev::TcpOpened& e) { return known(e.conn); },
                        [&](const ev::TcpWritable& e) { return known(e.conn); },
                        [](const auto&) { return true; },
                    },
                    event);
}

void Fabric::settle(Node& node) {
  std::vector<Action> actions = node.speaker->take_actions();
  if (node.recorder != nullptr) {
    node.recorder->run(now_, actions);
  }
  scratch_.truncate(0);
  scratch_.bytes(as_bytes(node.name));
  scratch_.u64(static_cast<std::uint64_t>(now_.since_origin().count()));
  for (Action& action : actions) {
    if (replay::is_recorded(action)) {
      replay::encode(action, scratch_);
    }
    if (is_activity(action)) {
      last_activity_ = now_;
    }
    carry_out(node, action);
    node.log.push_back(std::move(action));
  }
  hash_.add(scratch_.view());
  if (node.log.size() > kLogMax) {
    node.log.erase(node.log.begin(), node.log.begin() + kLogMax / 2);
  }
}

void Fabric::relist(Node& node) {
  const Instant deadline = node.dead ? Instant::never() : node.speaker->deadline();
  if (deadline == node.deadline) {
    return;
  }
  deadlines_.erase({node.deadline, node.name});
  node.deadline = deadline;
  if (!deadline.is_never()) {
    deadlines_.insert({deadline, node.name});
  }
}

Fabric::Node* Fabric::owner_of(Node& from, const net::IpAddr& addr, net::IpAddr* source, IfIndex* interface) {
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
      *interface = index;
      return &there;
    }
  }
  return nullptr;
}

void Fabric::dial(Node& node, const act::TcpConnect& connect) {
  net::IpAddr source = connect.local.addr;
  IfIndex interface = 0;
  Node* there = owner_of(node, connect.remote.addr, &source, &interface);
  if (!connect.local.addr.is_unspecified()) {
    source = connect.local.addr;
  }
  if (played_.count(connect.remote.addr) != 0) {
    return;
  }
  if (there == nullptr) {
    schedule(node.name, wire_.delay, closed(connect.conn, kNoRoute, true, "No route to host"));
    return;
  }
  if (is_silent(node, interface)) {
    return;  // no answer: the speaker gives up by itself
  }
  const bool listening =
      std::any_of(there->listening.begin(), there->listening.end(), [&](const net::Endpoint& at) {
        return at.port == connect.remote.port && at.addr.family() == connect.remote.addr.family() &&
               (at.addr.is_unspecified() || at.addr == connect.remote.addr);
      });
  if (!listening) {
    schedule(node.name, wire_.delay, closed(connect.conn, kConnectionRefused, true, "Connection refused"));
    return;
  }
  const ConnId accepted = there->next_accept;
  there->next_accept += 2;
  const net::Endpoint local{source, static_cast<std::uint16_t>(40000 + connect.conn % 20000), 0};
  const Instant open = now_ + wire_.delay * 2;
  node.connections[connect.conn] = Wire{there->name, accepted, local, connect.remote, interface, open, {}};
  there->connections[accepted] =
      Wire{node.name, connect.conn, connect.remote, local, node.links.at(interface).second, open, {}};
  schedule_at(node.name, open, ev::TcpOpened{connect.conn, local, connect.remote, false});
  schedule_at(there->name, open, ev::TcpOpened{accepted, connect.remote, local, true});
  if (node.throttle_bytes) {
    schedule_at(node.name, open, ev::TcpWritable{connect.conn, *node.throttle_bytes});
  }
  if (there->throttle_bytes) {
    schedule_at(there->name, open, ev::TcpWritable{accepted, *there->throttle_bytes});
  }
}

void Fabric::send(Node& node, const act::TcpSend& action) {
  const auto it = node.connections.find(action.conn);
  if (it == node.connections.end()) {
    return;
  }
  Wire& wire = it->second;
  each_message(*action.bytes, [&](std::byte type) { node.updates += type == kUpdate ? 1U : 0U; });
  for (BytesView left = *action.bytes; !left.empty();) {
    std::size_t piece = left.size();
    if (piece > 1 && wire_.fragment_permille != 0 && rng_.below(1000) < wire_.fragment_permille) {
      piece = 1 + rng_.below(piece - 1);
    }
    const BytesView cut = left.first(piece);
    transmit(node, wire, ev::TcpBytes{wire.peer_conn, Bytes(cut.begin(), cut.end())});
    left = left.subspan(piece);
  }
  if (node.throttle_bytes) {
    schedule(node.name, node.throttle_pause, ev::TcpWritable{action.conn, *node.throttle_bytes});
  }
}

void Fabric::send_datagram(Node& node, const act::UdpSend& send) {
  net::IpAddr source = send.local;
  IfIndex interface = 0;
  Node* there = owner_of(node, send.remote.addr, &source, &interface);
  if (there == nullptr || is_silent(node, interface)) {
    return;
  }
  const act::UdpListen::Socket socket{send.remote.port, send.remote.addr.family()};
  if (std::find(there->udp.begin(), there->udp.end(), socket) == there->udp.end()) {
    return;
  }
  if (!send.local.is_unspecified()) {
    source = send.local;
  }
  constexpr std::uint16_t kSourcePort = 49152;
  schedule(there->name, wire_.delay,
           ev::Datagram{send.remote.port,
                        send.remote.addr,
                        {source, kSourcePort, 0},
                        node.links.at(interface).second,
                        send.ttl,
                        send.bytes});
}

void Fabric::carry_out(Node& node, const Action& action) {
  std::visit(overloaded{
                 [&](const act::TcpConnect& a) { dial(node, a); },
                 [&](const act::TcpSend& a) { send(node, a); },
                 [&](const act::TcpClose& a) {
                   const auto it = node.connections.find(a.conn);
                   if (it != node.connections.end()) {
                     transmit(node, it->second, closed(it->second.peer_conn, 0, false, "Connection closed"));
                     node.connections.erase(it);
                   }
                 },
                 [&](const act::Listen& a) {
                   node.listening.clear();
                   for (const act::Listen::Socket& socket : a.sockets) {
                     node.listening.push_back(socket.local);
                   }
                 },
                 [&](const act::UdpListen& a) { node.udp = a.sockets; },
                 [&](const act::UdpSend& a) { send_datagram(node, a); },
                 [&](const act::KernelRoute& a) {
                   if (a.present) {
                     node.fib[a.prefix] = a.route();
                   } else {
                     node.fib.erase(a.prefix);
                   }
                   schedule(node.name, wire_.delay, ev::KernelRouteResult{a.body->table, a.prefix, 0});
                 },
                 [](const auto&) {},
             },
             action);
}

ConnId Fabric::connect_raw(const std::string& name, net::Endpoint from, net::Endpoint to) {
  Node& raw = nodes_["raw"];
  raw.name = "raw";
  if (raw.speaker == nullptr) {
    raw.speaker = std::make_unique<bgp::Speaker>(0);
  }
  Node& node = nodes_.at(name);
  const ConnId conn = node.next_accept;
  node.next_accept += 2;
  raw_[conn] = Raw{};
  node.connections[conn] = Wire{"raw", conn, to, from, 0, now_, {}};
  schedule(name, wire_.delay, ev::TcpOpened{conn, to, from, true});
  return conn;
}

void Fabric::answer_dial(const std::string& name, ConnId conn) {
  nodes_.at(name).connections[conn] = Wire{"", 0, {}, {}, 0, now_, {}};
  schedule(name, Duration{0}, ev::TcpOpened{conn, {}, {}, false});
  schedule(name, Duration{0}, ev::TcpWritable{conn, 256U * 1024U});
}

Bytes Fabric::raw_received(ConnId conn) const {
  return raw_.at(conn).received;
}
bool Fabric::raw_closed(ConnId conn) const {
  return raw_.at(conn).closed;
}

bgp::Speaker& Fabric::speaker(const std::string& node) {
  return *nodes_.at(node).speaker;
}

std::vector<std::string> Fabric::nodes() const {
  std::vector<std::string> names;
  for (const auto& [name, node] : nodes_) {
    names.push_back(name);
  }
  return names;
}

const std::map<net::Prefix, bgp::KernelRouteSpec>& Fabric::fib(const std::string& node) {
  return nodes_.at(node).fib;
}

std::vector<Action> Fabric::drain_log(const std::string& node) {
  return std::exchange(nodes_.at(node).log, {});
}

std::uint64_t Fabric::updates_sent(const std::string& node) const {
  return nodes_.at(node).updates;
}

std::optional<observe::ProtocolView> Fabric::protocol(const std::string& node, const std::string& name) {
  for (observe::ProtocolView& view : speaker(node).snapshot(now_).protocols) {
    if (view.name == name) {
      return std::move(view);
    }
  }
  return std::nullopt;
}

observe::SessionState Fabric::session(const std::string& node, const std::string& name) {
  const auto view = protocol(node, name);
  return view && view->session ? view->session->state : observe::SessionState::down;
}

std::vector<observe::RouteView> Fabric::routes(const std::string& node, const bgp::RouteQuery& query) {
  std::vector<observe::RouteView> found;
  const Status status = speaker(node).routes(query, [&](const observe::RouteView& view) {
    found.push_back(view);
    return true;
  });
  CATFLAP_ASSERT(status.has_value());
  return found;
}

std::vector<observe::RouteView> Fabric::routes(const std::string& node, const std::string& text) {
  bgp::RouteQuery query;
  query.exact = *net::Prefix::parse(text);
  return routes(node, query);
}

}  // namespace catflap::sim
