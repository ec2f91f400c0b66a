#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/instant.hpp"
#include "expect/wiring.hpp"
#include "net/addr.hpp"
#include "net/prefix_map.hpp"
#include "observe/snapshot.hpp"

namespace catflap::expect {

/// Routes of one table set by prefix. Expected size: 10^5 prefixes a node.
using RouteIndex = net::PrefixMap<std::vector<observe::RouteView>>;

/// What is known of one node now.
struct NodeState {
  bool process_known = false;
  observe::ProcessView process;
  bool protocols_known = false;
  std::map<std::string, observe::ProtocolView> protocols;
  bool rib_known = false;
  RouteIndex rib;  ///< all tables of the daemon; RouteView::table tells
  bool fib_known = false;
  RouteIndex fib;  ///< kernel routes of all tables
  bool links_known = false;
  std::map<std::string, observe::LinkView> links;
  bool polled = false;  ///< the daemon's state is polled, so short events may be missed
  bool paused = false;  ///< a test let the daemon hang: what it told last may be out of date
};

/// Which echo requests a check needs.
struct ProbeRequest {
  std::string from;
  net::IpAddr to;
  std::optional<net::IpAddr> source;
  std::uint32_t count = 1;
  auto operator<=>(const ProbeRequest&) const = default;
};

enum class ProbeVerdict : std::uint8_t { reached, refused, unreachable, timed_out, not_sent };
std::string_view to_string(ProbeVerdict verdict);  ///< "reached", "unreachable", "timed out", ...

/// The result of the last finished batch of a request.
struct ProbeOutcome {
  std::uint32_t sent = 0, received = 0;
  ProbeVerdict verdict = ProbeVerdict::timed_out;  ///< of the last echo that failed, or reached
  std::optional<Duration> rtt;
  std::optional<net::IpAddr> responder;  ///< who sent the ICMP error
  std::string detail;                    ///< "destination host unreachable", errno text
  Instant at;
};

/// Something that happened, for the timeline of an explanation.
struct TimelineEvent {
  Instant at;
  std::string node;
  std::string text;
};

/// Everything known of a lab. The lab feeds it from netlink monitors, the speakers' streams and pidfds;
/// checks read it. Each update counts up generation() if it can change the outcome of a check. Not
/// thread-safe; no clock of its own.
class World {
 public:
  explicit World(Wiring wiring);
  World(World&&) noexcept = default;
  World& operator=(World&&) noexcept = default;

  const Wiring& wiring() const { return wiring_; }
  std::uint64_t generation() const { return generation_; }
  /// Of the last update that changed something.
  Instant last_change() const { return last_change_; }
  /// nullptr for a node that the wiring does not have.
  const NodeState* node(std::string_view name) const;

  void set_process(Instant now, std::string_view node, observe::ProcessView process);
  /// Replaces all protocols of a node.
  void set_protocols(Instant now, std::string_view node, std::vector<observe::ProtocolView> protocols);
  /// Adds a protocol or replaces the one of the same name.
  void set_protocol(Instant now, std::string_view node, observe::ProtocolView protocol);
  void remove_protocol(Instant now, std::string_view node, std::string_view name);
  /// Replaces the daemon's routes of a node, or those to one prefix (none: empty).
  void set_rib(Instant now, std::string_view node, std::vector<observe::RouteView> routes);
  void set_rib_prefix(Instant now, std::string_view node, const net::Prefix& prefix,
                      std::vector<observe::RouteView> routes);
  /// Protocols and routes at once.
  void set_snapshot(Instant now, std::string_view node, observe::Snapshot snapshot);
  /// Replaces the kernel's routes of a node.
  void set_fib(Instant now, std::string_view node, std::vector<observe::RouteView> routes);
  /// Adds a kernel route or replaces the one of the same prefix, table and metric (RTM_NEWROUTE).
  void set_fib_route(Instant now, std::string_view node, observe::RouteView route);
  /// Removes the kernel route of the same prefix, table and metric (RTM_DELROUTE).
  void remove_fib_route(Instant now, std::string_view node, const observe::RouteView& route);
  void set_links(Instant now, std::string_view node, std::vector<observe::LinkView> links);
  void set_link(Instant now, std::string_view node, observe::LinkView link);
  void remove_link(Instant now, std::string_view node, std::string_view name);
  void set_polled(std::string_view node, bool polled);
  /// Ends with the process.
  void set_paused(Instant now, std::string_view node, bool paused);
  /// The daemon is gone: forgets protocols and RIB (the kernel's routes stay until the kernel says
  /// otherwise).
  void forget_daemon(Instant now, std::string_view node);
  void set_probe(Instant now, const ProbeRequest& request, ProbeOutcome outcome);
  /// Forgets outcomes, so that a check waits for a new batch.
  void clear_probe(const ProbeRequest& request);
  void add_event(TimelineEvent event);

  const ProbeOutcome* probe(const ProbeRequest& request) const;
  /// The last kTimelineMax events, oldest first.
  const std::vector<TimelineEvent>& timeline() const { return timeline_; }

  static constexpr std::size_t kTimelineMax = 2000;

 private:
  NodeState* state(std::string_view node);
  void changed(Instant now);

  Wiring wiring_;
  std::map<std::string, NodeState, std::less<>> nodes_;
  std::map<ProbeRequest, ProbeOutcome> probes_;
  std::vector<TimelineEvent> timeline_;
  std::uint64_t generation_ = 0;
  Instant last_change_;
};

}  // namespace catflap::expect
