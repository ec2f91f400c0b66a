#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/instant.hpp"
#include "bgp/bfd/packet.hpp"
#include "bgp/fsm/peer.hpp"
#include "bgp/policy/filter.hpp"
#include "bgp/rib/attr_pool.hpp"
#include "bgp/rib/decision.hpp"
#include "bgp/rib/next_hop.hpp"
#include "bgp/rib/table.hpp"
#include "bgp/speaker/deadlines.hpp"
#include "bgp/speaker/event.hpp"
#include "bgp/speaker/export_groups.hpp"
#include "intent/router.hpp"

namespace catflap::bgp::internal {

class BmpProtocol;
class Channel;
class Protocol;

/// A table with those who want to know its changes.
struct TableState {
  TableState(const intent::TableIntent& intent, const rib::Protocols& protocols,
             const rib::Interfaces& interfaces)
      : table(intent.name, intent.family, protocols), resolver(table, interfaces) {}

  rib::Table table;
  rib::NextHopResolver resolver;     ///< of next hops that are looked up in this table
  std::vector<Channel*> listeners;   ///< channels that export from it, in the
                                     ///< order in which they came up
  std::vector<UpdateGroup*> groups;  ///< BGP peers that export from it
};

/// What BFD watches: a neighbour on an interface, or one several hops away (interface 0).
struct BfdTarget {
  net::IpAddr peer;
  std::optional<net::IpAddr> local;
  IfIndex interface = 0;
  auto operator<=>(const BfdTarget&) const = default;
};
struct BfdRequest {
  BfdTarget target;
  intent::BfdOptions options;  ///< what they say goes before what `protocol bfd` says
  bool operator==(const BfdRequest&) const = default;
};

/// What the protocols of a router share. Owns everything but the protocols. Invariant: whatever changes a
/// table or wants to send marks itself, and Speaker::run works off the marks.
struct Core {
  /// Changes of kernel routes that protocols may ask for until the actions are taken: some 5 ms of the
  /// kernel's time.
  static constexpr std::size_t kKernelChangesOfRun = 2048;

  Instant now;
  std::uint64_t seed = 0;
  std::shared_ptr<const intent::RouterIntent> intent;
  std::uint32_t router_id = 0;
  bool kernel_scanned = false;
  bool shutting_down = false;
  bool keep_kernel_routes = false;  ///< going down for a graceful restart
  bool soft = false;                ///< the configuration being applied must not re-feed
  bool roas_changed = false;        ///< the configuration being applied has other ROAs
  bool watch_routes = false;

  rib::Interfaces interfaces;
  rib::AttrPool pool;
  rib::Protocols decision;
  std::map<std::string, std::unique_ptr<TableState>> tables;
  ExportGroups groups{*this};
  /// Routes of the kernel that we were told of, but for those that a KernelProtocol holds: by table, then
  /// prefix and metric.
  std::map<std::uint32_t, std::map<std::pair<net::Prefix, std::uint32_t>, KernelRouteSpec>> kernel_routes;
  std::map<rib::ProtocolId, Protocol*> by_id;  ///< running or not
  std::vector<BmpProtocol*> monitors;          ///< that run
  Deadlines deadlines;                         ///< keyed by protocol
  std::set<rib::ProtocolId> to_flush;          ///< have something to send
  std::set<rib::ProtocolId> flush_next_run;    ///< have more to send than one run may
  std::size_t kernel_changes_left = kKernelChangesOfRun;
  ConnId next_dial = 2;
  std::uint32_t next_discriminator = 1;
  std::map<ConnId, rib::ProtocolId> connections;
  std::map<std::pair<rib::ProtocolId, rib::PathId>, std::uint32_t>
      path_numbers;  ///< RFC 7911 ids that we send
  bool listen_dirty = false;

  /// Sessions that protocols want, by the protocol; a `protocol bfd` makes them.
  std::map<rib::ProtocolId, std::vector<BfdRequest>> bfd_requests;
  bool bfd_dirty = false;
  std::map<BfdTarget, bfd::State> bfd_states;
  void request_bfd(rib::ProtocolId id, std::vector<BfdRequest> requests);
  std::vector<Action> actions;
  Bytes scratch;
  // Used again and again for their memory.
  fsm::out::Received received;
  policy::RouteAttrs imported;
  wire::Attributes exported;

  /// Graceful restart of our own (RFC 4724 §4.1): no route goes out before the peers have told theirs.
  bool recovering = false;
  Instant recovery_until = Instant::never();
  /// No route of a former run leaves the kernel: as long as `recovering`, and then until peers that restart
  /// too (their R bit is set, so nobody waits for them) have told their routes, or recovery_until.
  bool keeps_kernel_routes = false;
  bool forwarding_preserved = false;  ///< the kernel kept our routes meanwhile

  /// True if the OPEN of this configuration says that we restarted.
  static bool restart_announced(const fsm::PeerConfig& config) {
    return config.capabilities.graceful_restart && config.capabilities.graceful_restart->restarting;
  }

  TableState* table(const std::string& name);
  policy::FilterEnvironment environment() const;
  void note(act::NoteLevel level, const std::string& protocol, std::string text);
  void act(Action action) { actions.push_back(std::move(action)); }
  void flush_later(rib::ProtocolId id) { to_flush.insert(id); }
  const Protocol* protocol(rib::ProtocolId id) const;
  std::uint32_t path_number(const rib::Path& path);
  /// The protocol that first brought a route: behind pipes stands another one.
  const Protocol* source_of(const rib::Path& path) const;
};

}  // namespace catflap::bgp::internal
