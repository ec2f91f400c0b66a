#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/rng.hpp"
#include "bgp/speaker/speaker.hpp"
#include "replay/recorder.hpp"

namespace catflap::sim {

/// How TCP connections behave. Everything that is random comes from the seed.
struct WireModel {
  Duration delay = std::chrono::microseconds(100);
  Duration jitter{};                    ///< up to so much more, different for each piece; order is kept
  std::uint32_t fragment_permille = 0;  ///< of what is sent: cut into random pieces
};

/// Routers, links and TCP in virtual time: drives the same bgp::Speaker as the daemon does, without clock and
/// sockets. A run is a function of what is called and of the seed: the same with every compiler, which
/// hash() tells. Expected size: 1,000 routers.
///
/// The driver's contract (bgp/speaker/speaker.hpp) is kept: events of one instant for one router are one
/// round.
class Fabric {
 public:
  explicit Fabric(WireModel wire, std::uint64_t seed = 1) : wire_(wire), rng_(seed) {}
  explicit Fabric(Duration wire_delay = std::chrono::microseconds(100)) : Fabric(WireModel{wire_delay}) {}

  /// A router with interface lo (index 1).
  void add_node(const std::string& name, std::uint64_t seed = 1);
  /// Interfaces get the next free index on each side; addresses as "192.168.1.1/24".
  void add_link(const std::string& a, const std::string& a_if, const std::vector<std::string>& a_addresses,
                const std::string& b, const std::string& b_if, const std::vector<std::string>& b_addresses);
  void add_address(const std::string& node, const std::string& interface, const std::string& address);
  /// Carrier of both ends.
  void set_link(const std::string& node, const std::string& interface, bool up);
  void configure(const std::string& node, intent::RouterIntent intent, bool soft = false);
  void admin(const std::string& node, bgp::ev::Admin::Verb verb, const std::string& protocol,
             const std::string& text = "");
  /// Any event, now.
  void inject(const std::string& node, bgp::Event event);
  /// Closes every connection of the node without a word, and makes it deaf. Its kernel keeps its routes.
  void kill(const std::string& node);
  /// The node stops between two instructions: it says nothing any more and hears nothing, and nobody is told.
  void freeze(const std::string& node);
  /// A fresh speaker in the place of a killed one; `recover`: as bird -R.
  void revive(const std::string& node, std::uint64_t seed, intent::RouterIntent intent, bool recover = true);
  /// From now on connections of this node take only so many octets at a time, after `pause`.
  void throttle(const std::string& node, std::uint32_t bytes, Duration pause);
  /// The end of throttle().
  void unthrottle(const std::string& node);
  /// A silent link: the interfaces stay up, nothing goes through. What is sent waits, as TCP would repeat it;
  /// dials get no answer.
  /// Datagrams are lost.
  void set_silent(const std::string& node, const std::string& interface, bool silent);
  /// Resets the connections between two neighbours, as a middlebox would; returns how many.
  std::size_t reset(const std::string& a, const std::string& b);
  /// Calls `what` at that time, in its order among the events.
  void at(Instant when, std::function<void()> what);

  /// Runs until nothing is due at or before now + span.
  void run_for(Duration span);
  /// Runs until for `quiet` no router did anything but send KEEPALIVEs and dial, or until `limit` has passed.
  /// True if it got quiet.
  bool run_until_quiet(Duration quiet, Duration limit);

  bgp::Speaker& speaker(const std::string& node);
  std::vector<std::string> nodes() const;
  bool dead(const std::string& node) const { return nodes_.at(node).dead; }
  Instant now() const { return now_; }
  /// What the kernel of the node has of us, by prefix.
  const std::map<net::Prefix, bgp::KernelRouteSpec>& fib(const std::string& node);
  /// Everything that was done since the last call.
  std::vector<bgp::Action> drain_log(const std::string& node);
  /// Of all actions of all routers so far, in their order (replay::ActionHash).
  std::uint64_t hash() const { return hash_.value(); }
  std::uint64_t updates_sent(const std::string& node) const;
  std::optional<observe::ProtocolView> protocol(const std::string& node, const std::string& name);
  observe::SessionState session(const std::string& node, const std::string& name);
  /// CATFLAP_ASSERTs that the query is right.
  std::vector<observe::RouteView> routes(const std::string& node, const bgp::RouteQuery& query = {});
  /// The routes of one prefix.
  std::vector<observe::RouteView> routes(const std::string& node, const std::string& prefix);
  bgp::IfIndex index(const std::string& node, const std::string& interface);
  /// Writes the event log of a node to `out` from now on, which must outlive the fabric; before its first
  /// event. A killed node's log ends.
  void record(const std::string& node, ByteSink& out);

  /// The test is whoever has this address: dials to it wait for answer_dial().
  void play(const net::IpAddr& address) { played_.insert(address); }
  /// Answers a dial to such an address; what is sent stands in drain_log().
  void answer_dial(const std::string& node, bgp::ConnId conn);
  /// A connection by hand: the test is the peer. Returns its id at `node`.
  bgp::ConnId connect_raw(const std::string& node, net::Endpoint from, net::Endpoint to);
  /// What the node sent on a connection made by connect_raw, and whether it closed it.
  Bytes raw_received(bgp::ConnId conn) const;
  bool raw_closed(bgp::ConnId conn) const;

 private:
  struct Wire {
    std::string peer_node;
    bgp::ConnId peer_conn = 0;
    net::Endpoint local, remote;
    bgp::IfIndex interface = 0;      ///< that it goes out of; 0: none (by hand)
    Instant next;                    ///< what is sent arrives no earlier
    std::deque<bgp::Event> waiting;  ///< sent while the link was silent
  };
  struct Node {
    std::string name;
    std::uint64_t seed = 1;
    std::unique_ptr<bgp::Speaker> speaker;
    std::unique_ptr<replay::Recorder> recorder;
    bool dead = false;
    std::map<bgp::IfIndex, bgp::ev::Interface> interfaces;
    std::map<bgp::IfIndex, std::pair<std::string, bgp::IfIndex>> links;
    std::set<bgp::IfIndex> silent;
    std::map<bgp::ConnId, Wire> connections;
    std::vector<net::Endpoint> listening;
    std::vector<bgp::act::UdpListen::Socket> udp;
    bgp::ConnId next_accept = 1;
    std::map<net::Prefix, bgp::KernelRouteSpec> fib;
    std::vector<bgp::Action> log;
    std::uint64_t updates = 0;
    std::optional<std::uint32_t> throttle_bytes;
    Duration throttle_pause{};
    Instant deadline = Instant::never();  ///< as listed in deadlines_
    std::uint64_t generation = 0;         ///< counts kills: what was on its way to the one before is lost
  };
  struct Pending {
    Instant at;
    std::uint64_t sequence = 0;
    std::string node;  ///< "": `what` is called
    std::uint64_t generation = 0;
    std::variant<bgp::Event, std::function<void()>> what;
    bool operator>(const Pending& other) const {
      return std::pair(at, sequence) > std::pair(other.at, other.sequence);
    }
  };
  struct Raw {
    Bytes received;
    bool closed = false;
  };

  void schedule(const std::string& node, Duration delay, bgp::Event event);
  void schedule_at(const std::string& node, Instant at, bgp::Event event);
  bool step(Instant end);
  void round(Node& node, const std::vector<bgp::Event>& events);
  bool take_in(Node& node, const bgp::Event& event);
  void settle(Node& node);
  void relist(Node& node);
  void carry_out(Node& node, const bgp::Action& action);
  void send(Node& node, const bgp::act::TcpSend& action);
  /// What goes over a connection, in order; `wire` is the sender's end.
  void transmit(Node& node, Wire& wire, bgp::Event event);
  void dial(Node& node, const bgp::act::TcpConnect& connect);
  void send_datagram(Node& node, const bgp::act::UdpSend& send);
  bool is_silent(const Node& node, bgp::IfIndex interface) const;
  Node* owner_of(Node& from, const net::IpAddr& addr, net::IpAddr* source, bgp::IfIndex* interface);

  WireModel wire_;
  Rng rng_;
  Instant now_{std::chrono::seconds(1000)};
  Instant last_activity_ = now_;
  std::uint64_t sequence_ = 0;
  replay::ActionHash hash_;
  ByteSink scratch_;
  std::map<std::string, Node> nodes_;
  std::set<std::pair<Instant, std::string>> deadlines_;
  std::map<bgp::ConnId, Raw> raw_;
  std::set<net::IpAddr> played_;
  std::priority_queue<Pending, std::vector<Pending>, std::greater<>> queue_;
};

}  // namespace catflap::sim
