#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "expect/evaluate.hpp"
#include "expect/world.hpp"

/// The reasoning behind Explanation, in parts; for evaluate.cpp only.
namespace catflap::expect::reasons {

/// Why something is not as expected: the nearest reason, and what leads to it.
struct Reason {
  std::string why, cause, fix;
  std::vector<Quote> quotes;
  bool hopeless = false;  ///< waiting does not help
};

/// A BGP protocol of a node that has a session with another node.
struct SessionEnd {
  std::string node;
  const observe::ProtocolView* protocol = nullptr;
  const observe::SessionView& session() const { return *protocol->session; }
};
/// The sessions that `node` reports with `peer`.
std::vector<SessionEnd> session_ends(const World& world, std::string_view node, std::string_view peer,
                                     std::optional<net::Family> family = std::nullopt);
/// The nodes that `node` has a link or a session with, in the order of the wiring.
std::vector<std::string> neighbours(const World& world, std::string_view node);

/// Whether the node is to run a speaker at all.
bool is_speaker(const World& world, const std::string& name);
/// Whether `part` is in `text`, in capitals or not.
bool contains_text(std::string_view text, std::string_view part);

/// "r2: bird exited with code 1", or "" if it runs or is not known.
std::string process_problem(const World& world, std::string_view node);
/// Fills the ladder for the sessions between two nodes and finds the first rung that fails.
Reason session_reason(const World& world, const NodePair& pair, std::optional<net::Family> family,
                      std::vector<Rung>& ladder);
/// "r1: peer_r2 Idle, last error: ...": a line for people.
std::string describe_end(const SessionEnd& end);

/// "10.2.0.0/24 via 192.168.1.2 dev veth-r1 proto bird metric 32".
std::string describe_route(const observe::RouteView& route);
bool in_main_table(const observe::RouteView& route, std::optional<std::uint32_t> table);
/// Why `node` has no route to `prefix` in its RIB (or not in its kernel, if `kernel`).
Reason missing_route_reason(const World& world, std::string_view node, const net::Prefix& prefix,
                            bool kernel);
/// The kernel's choice for `addr` in the main table: the longest prefix with the lowest metric; nullptr if
/// none.
const observe::RouteView* kernel_route(const NodeState& node, const net::IpAddr& addr);
/// Whether `node` has `addr`, on an interface or lo, now or by its wiring.
bool has_address(const World& world, std::string_view node, const net::IpAddr& addr);
/// The node that has `addr` now or by the wiring; "" if none.
std::string owner(const World& world, const net::IpAddr& addr);

Explanation evaluate_session(const SessionCheck& check, const World& world);
Explanation evaluate_route(const RouteCheck& check, const World& world);
Explanation evaluate_ping(const PingCheck& check, const World& world);
Explanation evaluate_alive(const AliveCheck& check, const World& world);

void take(Explanation& into, Reason reason);

}  // namespace catflap::expect::reasons
