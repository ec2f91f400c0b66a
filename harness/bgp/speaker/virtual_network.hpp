#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "bgp/speaker/speaker.hpp"

/// Routers, wires and TCP in virtual time, for tests of the speaker: no clock, no sockets, the same every
/// run.
namespace catflap::bgp::testing {

class VirtualNetwork {
 public:
  explicit VirtualNetwork(Duration wire_delay = std::chrono::microseconds(100)) : delay_(wire_delay) {}

  /// A router with interface lo (index 1).
  void add_node(const std::string& name, std::uint64_t seed = 1);
  /// Interfaces get the next free index on each side; addresses as "192.168.1.1/24".
  void add_link(const std::string& a, const std::string& a_if, const std::vector<std::string>& a_addresses,
                const std::string& b, const std::string& b_if, const std::vector<std::string>& b_addresses);
  void add_address(const std::string& node, const std::string& interface, const std::string& address);
  /// Carrier of both ends.
  void set_link(const std::string& node, const std::string& interface, bool up);
  void configure(const std::string& node, intent::RouterIntent intent, bool soft = false);
  void admin(const std::string& node, ev::Admin::Verb verb, const std::string& protocol,
             const std::string& text = "");
  /// Any event, now.
  void inject(const std::string& node, Event event);
  /// Closes every connection of the node without a word, and makes it deaf.
  void kill(const std::string& node);
  /// A fresh speaker in the place of a killed one, which recovers (bird -R).
  void revive(const std::string& node, std::uint64_t seed, intent::RouterIntent intent);
  /// From now on connections of this node take only so many octets at a time, after `pause`.
  void throttle(const std::string& node, std::uint32_t bytes, Duration pause);

  /// Runs until nothing is due at or before now + span.
  void run_for(Duration span);

  Speaker& speaker(const std::string& node);
  Instant now() const { return now_; }
  /// What the kernel of the node has of us, by prefix.
  const std::map<net::Prefix, KernelRouteSpec>& fib(const std::string& node);
  /// Everything that was done since the last call.
  std::vector<Action> drain_log(const std::string& node);
  std::uint64_t hash() const { return hash_; }
  std::uint64_t updates_sent(const std::string& node) const;
  std::optional<observe::ProtocolView> protocol(const std::string& node, const std::string& name);
  observe::SessionState session(const std::string& node, const std::string& name);
  std::vector<observe::RouteView> routes(const std::string& node, const RouteQuery& query = {});
  /// The routes of one prefix.
  std::vector<observe::RouteView> routes(const std::string& node, const std::string& prefix);
  IfIndex index(const std::string& node, const std::string& interface);

  /// A connection by hand: the test is the peer. Returns its id at `node`.
  ConnId connect_raw(const std::string& node, net::Endpoint from, net::Endpoint to);
  /// What the node sent on a connection made by connect_raw, and whether it closed it.
  Bytes raw_received(ConnId conn) const;
  bool raw_closed(ConnId conn) const;

 private:
  struct Wire {
    std::string peer_node;
    ConnId peer_conn = 0;
    net::Endpoint local, remote;
  };
  struct Node {
    std::string name;
    std::unique_ptr<Speaker> speaker;
    bool dead = false;
    std::map<IfIndex, ev::Interface> interfaces;
    std::map<IfIndex, std::pair<std::string, IfIndex>> links;
    std::map<ConnId, Wire> connections;
    std::vector<net::Endpoint> listening;
    ConnId next_accept = 1;
    std::map<net::Prefix, KernelRouteSpec> fib;
    std::vector<Action> log;
    std::uint64_t updates = 0;
    std::optional<std::uint32_t> throttle_bytes;
    Duration throttle_pause{};
  };
  struct Pending {
    Instant at;
    std::uint64_t sequence = 0;
    std::string node;
    Event event;
    bool operator>(const Pending& other) const {
      return std::pair(at, sequence) > std::pair(other.at, other.sequence);
    }
  };
  struct Raw {
    Bytes received;
    bool closed = false;
  };

  void schedule(const std::string& node, Duration delay, Event event);
  void deliver(Node& node, const Event& event);
  void settle(Node& node);
  void carry_out(Node& node, const Action& action);
  void dial(Node& node, const act::TcpConnect& connect);
  Node* owner_of(Node& from, const net::IpAddr& addr, net::IpAddr* source);
  void mix(std::uint64_t value) { hash_ = (hash_ ^ value) * 0x100000001B3ULL; }

  Duration delay_;
  Instant now_{std::chrono::seconds(1000)};
  std::uint64_t sequence_ = 0;
  std::uint64_t hash_ = 0xCBF29CE484222325ULL;
  std::map<std::string, Node> nodes_;
  std::map<ConnId, Raw> raw_;
  std::priority_queue<Pending, std::vector<Pending>, std::greater<>> queue_;
};

/// Helpers to write a RouterIntent by hand.
net::IpAddr addr(const std::string& text);
net::Prefix prefix(const std::string& text);
intent::RouterIntent router(std::uint32_t router_id);
intent::ProtocolIntent device();
intent::ProtocolIntent direct(const std::vector<std::string>& globs,
                              std::vector<net::Family> families = {net::Family::ipv4});
intent::ProtocolIntent kernel(net::Family family = net::Family::ipv4, bool learn = false);
intent::ProtocolIntent bgp(const std::string& name, std::uint32_t local_as, const std::string& neighbor,
                           std::uint32_t remote_as, const std::string& local = "");
intent::ProtocolIntent blackholes(const std::string& name, const std::vector<std::string>& prefixes);
/// `where net ~ [prefix]`, or `where net != prefix` if negated.
intent::FilterRef where_net(const std::string& prefix, bool negated = false);

}  // namespace catflap::bgp::testing
