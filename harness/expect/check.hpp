#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/instant.hpp"
#include "base/result.hpp"
#include "net/addr.hpp"
#include "net/community.hpp"
#include "observe/snapshot.hpp"

/// Checks are values: what should be true of a lab, and when. Topology files, Python, C++ and the command
/// line make the same ones. Nodes are named by patterns (see pattern.hpp).
namespace catflap::expect {

/// Where something was written. No part of a value: two checks that differ only in this are equal.
struct Place : SourcePos {
  Place() = default;
  explicit Place(SourcePos where) : SourcePos(std::move(where)) {}
  bool operator==(const Place&) const { return true; }
};

/// A node by name (or pattern), or an address.
struct Target {
  std::string node;  ///< empty if addr is set
  std::optional<net::IpAddr> addr;
  bool operator==(const Target&) const = default;
};
/// An address where `text` is one, a node otherwise.
Target make_target(std::string text);
std::string to_string(const Target& target);

/// `r1 ~ r2`: the sessions between two nodes, or sets of nodes.
struct NodePair {
  std::string a, b;
  bool operator==(const NodePair&) const = default;
};

/// BGP sessions and the state that both ends should report.
struct SessionCheck {
  std::vector<NodePair> pairs;  ///< empty: every session of the lab
  observe::SessionState state = observe::SessionState::established;
  bool negated = false;  ///< in any state but this one
  std::string reason;    ///< if not empty: part of an end's last error or NOTIFICATION text, case ignored
  std::optional<net::Family> family;  ///< of the transport; nullopt: all
  bool operator==(const SessionCheck&) const = default;
};

/// Which table a route is looked for in. automatic: the kernel's, and the daemon's as well if BGP attributes
/// are asked.
enum class RouteTable : std::uint8_t { automatic, fib, rib, both };

struct RouteCheck {
  std::vector<std::string> at;   ///< patterns; must hold at every node that matches
  net::Prefix to;                ///< exactly this prefix
  std::vector<Target> via;       ///< each is among the next hops
  std::vector<std::string> dev;  ///< each is among the interfaces of the next hops
  std::string proto;  ///< kernel: "bird", "kernel", "static"; RIB: name of the protocol or its source
  std::optional<std::uint32_t> metric;
  std::optional<std::vector<std::uint32_t>> as_path;
  std::optional<std::uint32_t> local_pref, med;
  std::optional<Target> from_peer;          ///< RIB: the neighbour that sent it
  std::vector<net::Community> communities;  ///< each is among the route's
  RouteTable in = RouteTable::automatic;
  std::optional<std::uint32_t> table;      ///< kernel table; nullopt: main (254)
  bool absent = false;                     ///< no route that is like this
  std::optional<std::uint32_t> next_hops;  ///< how many
  std::optional<observe::RouteType> type;
  bool operator==(const RouteCheck&) const = default;
};

struct PingCheck {
  std::vector<std::string> from;  ///< patterns
  Target to;
  std::optional<net::IpAddr> source;
  std::uint32_t count = 1;
  std::uint32_t loss_percent_max = 0;
  bool blocked = false;  ///< no echo reply must come
  bool operator==(const PingCheck&) const = default;
};

/// The speaker of a node runs.
struct AliveCheck {
  std::vector<std::string> at;
  bool operator==(const AliveCheck&) const = default;
};

enum class Mode : std::uint8_t { eventually, holds, never };

struct Check {
  std::string name;  ///< may be empty; see describe()
  std::variant<SessionCheck, RouteCheck, PingCheck, AliveCheck> what;
  Mode mode = Mode::eventually;
  std::optional<Duration>
      time;  ///< limit of eventually, length of holds and never; nullopt: default_deadline()
  Place where;
  bool operator==(const Check&) const = default;
};

/// What is checked in a line: "r1 ~ r2 established", "route to 10.2.0.0/24 at r1 via 192.168.1.2 dev
/// veth-r1".
std::string describe(const Check& check);

}  // namespace catflap::expect
