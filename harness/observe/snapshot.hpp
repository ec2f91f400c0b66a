#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/instant.hpp"
#include "base/result.hpp"
#include "net/addr.hpp"
#include "net/as_path.hpp"
#include "net/community.hpp"

/// What a router is doing, the same for every daemon. Adapters fill in what their daemon tells; the rest
/// stays empty.
namespace catflap::observe {

/// Where a fact came from: "self", "bird 2.0.12", "kernel".
struct Provenance {
  std::string source;
  Instant at;
  bool operator==(const Provenance&) const = default;
};

enum class ProtocolKind : std::uint8_t { device, direct, kernel, static_, pipe, bgp, bfd, other };
enum class ProtocolState : std::uint8_t { down, start, up, stop, flush };
/// RFC 4271 §8.2.2, and BIRD's words for a peer that is not trying.
enum class SessionState : std::uint8_t {
  down,
  idle,
  connect,
  active,
  passive,
  open_sent,
  open_confirm,
  established,
  close
};

/// "Established", "OpenSent", ... as BIRD prints them.
std::string_view to_string(SessionState state);
std::optional<SessionState> parse_session_state(std::string_view text);
std::string_view to_string(ProtocolKind kind);  ///< "BGP", "Kernel", ...
/// `other` for a word that is none of ours.
ProtocolKind parse_protocol_kind(std::string_view text);
std::string_view to_string(ProtocolState state);  ///< "up", "start", ...
std::optional<ProtocolState> parse_protocol_state(std::string_view text);

/// A row of BIRD's "Route change stats".
struct ChangeCounters {
  std::uint64_t received = 0, rejected = 0, filtered = 0, ignored = 0, accepted = 0;
  bool operator==(const ChangeCounters&) const = default;
};

struct ChannelView {
  net::Family family = net::Family::ipv4;
  std::string name;  ///< "ipv4"
  std::string table;
  std::string peer_table;  ///< of a pipe: where it exports to
  bool up = false;
  std::string state;  ///< BIRD's word where it is neither "UP" nor "DOWN": "START", "FLUSHING"
  std::uint32_t preference = 0;
  std::string import_filter, export_filter;  ///< "ACCEPT", "REJECT", a name, "(unnamed)"
  std::uint64_t imported = 0, filtered = 0, exported = 0, preferred = 0;
  bool keeps_filtered = false;
  ChangeCounters import_updates, import_withdraws, export_updates, export_withdraws;
  struct LimitView {
    std::string direction;  ///< "Receive", "Import", "Export"
    std::uint32_t routes = 0;
    std::string action;
    bool hit = false;
    bool operator==(const LimitView&) const = default;
  };
  std::vector<LimitView> limits;
  std::optional<net::IpAddr> bgp_next_hop, bgp_next_hop_link_local;
  std::string igp_table;
  std::string gr_recovery;  ///< "", "pending"
  std::string neighbor_gr;  ///< "", "Regular", "Long-lived"
  bool operator==(const ChannelView&) const = default;
};

/// Capabilities as lines for people and tests, already in BIRD's words; kept as data where checks need them.
struct CapabilitiesView {
  std::vector<std::string> families;  ///< "ipv4", "ipv6"
  bool route_refresh = false, enhanced_refresh = false, as4 = false, extended_message = false, llgr = false;
  std::optional<std::uint16_t> restart_time_s;
  bool restarting = false;
  std::vector<std::string> gr_families, gr_preserved;
  std::vector<std::string> add_path_rx, add_path_tx;
  std::vector<std::string> extended_next_hop;
  std::optional<std::uint32_t> llgr_stale_time_s;
  std::vector<std::string> llgr_families, llgr_preserved;
  std::optional<std::string> role, host_name, software_version;
  bool restart_notification = false;     ///< RFC 8538's N bit
  bool old_route_refresh = false;        ///< code 128
  std::vector<std::string> paths_limit;  ///< code 76: "ipv4 8"
  bool operator==(const CapabilitiesView&) const = default;
};

/// A timer with what is left and what it was set to.
struct TimerView {
  Duration left{};
  Duration total{};
  bool operator==(const TimerView&) const = default;
};

/// What became of a malformed message (RFC 7606 §2, from the mildest to the strongest reaction).
enum class MalformedAction : std::uint8_t {
  attribute_discard,
  treat_as_withdraw,
  disable_family,
  session_reset
};
/// "attribute discard", "treat as withdraw", "disable family", "session reset".
std::string_view to_string(MalformedAction action);
std::optional<MalformedAction> parse_malformed_action(std::string_view text);

/// How often an attribute of a peer was malformed, by reaction.
struct MalformedCount {
  std::uint8_t attribute = 0;  ///< type code; 0: the message as a whole
  std::string name;            ///< "AS_PATH", "attribute 200", "message"
  MalformedAction action = MalformedAction::attribute_discard;
  std::uint64_t count = 0;
  bool operator==(const MalformedCount&) const = default;
};

/// A malformed message with its octets.
struct MalformedMessage {
  Instant at;
  std::uint64_t number = 0;  ///< of this peer, from 1
  struct Error {
    std::uint8_t attribute = 0;
    std::string name;  ///< as MalformedCount::name
    MalformedAction action = MalformedAction::attribute_discard;
    std::uint8_t code = 0, subcode = 0;  ///< of the NOTIFICATION that was sent, or would have been
    std::string what;                    ///< "ORIGIN has length 2, expected 1"
    std::string attribute_hex;           ///< flags, type, length and value; "" for the message as a whole
    bool operator==(const Error&) const = default;
  };
  std::vector<Error> errors;  ///< at least one; the reaction is that of the strongest
  std::string hex;            ///< the message, header included
  bool operator==(const MalformedMessage&) const = default;
};

/// What a peer sent that was malformed, since the protocol was configured.
struct MalformedView {
  std::string protocol;
  net::IpAddr peer;
  std::uint64_t total = 0;                 ///< messages
  std::vector<MalformedCount> counts;      ///< ascending by attribute and action
  std::vector<MalformedMessage> messages;  ///< the last 64, oldest first
  bool operator==(const MalformedView&) const = default;
};

/// The BGP half of a protocol.
struct SessionView {
  SessionState state = SessionState::down;
  net::IpAddr peer;
  std::string peer_interface;
  std::uint32_t peer_as = 0, local_as = 0;
  std::uint32_t peer_id = 0;
  std::optional<net::IpAddr> source_address;
  std::optional<CapabilitiesView> local_capabilities, peer_capabilities;
  std::vector<std::string>
      session_flags;  ///< "internal", "multihop", "route-reflector", "AS4", "add-path-rx", ...
  std::optional<TimerView> hold_timer, keepalive_timer, connect_delay, restart_timer, error_wait;
  bool graceful_restart_active = false;
  /// Why it is not up, in BIRD's classes and words: "Socket: Connection refused", "Received: Cease: ...",
  /// "BGP Error: Bad peer AS", "Automatic shutdown: Route limit exceeded". Empty if nothing happened.
  std::string last_error;
  std::string message;  ///< shutdown communication (RFC 9003), received or sent
  /// The last NOTIFICATION in either direction, as numbers; for explanations.
  struct NotificationView {
    bool received = false;
    std::uint8_t code = 0, subcode = 0;
    std::string text;  ///< code and subcode in words, with the shutdown text
    Instant at;
    bool operator==(const NotificationView&) const = default;
  };
  std::optional<NotificationView> last_notification;
  std::uint64_t messages_in = 0, messages_out = 0, updates_in = 0, updates_out = 0, flaps = 0;
  std::uint64_t connect_attempts = 0;
  std::vector<MalformedCount> malformed;  ///< the messages themselves: Speaker::malformed
  bool operator==(const SessionView&) const = default;
};

/// A BFD session (RFC 5880), as `show bfd sessions` lists it.
struct BfdSessionView {
  net::IpAddr peer;
  std::optional<net::IpAddr> local;  ///< where it sends from; nullopt if the kernel chooses
  std::string interface;             ///< "" for multihop
  bool multihop = false;
  std::string state;  ///< "AdminDown", "Down", "Init", "Up"
  Instant since;
  Duration interval{};  ///< between the packets that we send
  Duration timeout{};   ///< without a packet for so long it is down; 0 until the other side was heard
  std::uint32_t local_discriminator = 0, remote_discriminator = 0;
  std::string diagnostic;  ///< ours, RFC 5880 §4.1 in words; "" for none
  std::string remote_state, remote_diagnostic;
  std::vector<std::string> requested_by;  ///< names of protocols; empty: configured as `neighbor` only
  std::uint64_t packets_in = 0, packets_out = 0;
  bool operator==(const BfdSessionView&) const = default;
};

struct ProtocolView {
  std::string name;
  ProtocolKind kind = ProtocolKind::other;
  std::string table;  ///< as BIRD's column: "---" for BGP in 2.x
  ProtocolState state = ProtocolState::down;
  Instant since;
  std::string info;  ///< last column of a protocol that is not BGP
  std::string description;
  std::vector<ChannelView> channels;
  std::optional<SessionView> session;        ///< of kind bgp
  std::vector<BfdSessionView> bfd_sessions;  ///< of kind bfd
  bool operator==(const ProtocolView&) const = default;
};

enum class RouteType : std::uint8_t { unicast, blackhole, unreachable, prohibit };
/// "unicast", "blackhole", "unreachable", "prohibited" (BIRD's word).
std::string_view to_string(RouteType type);
std::optional<RouteType> parse_route_type(std::string_view text);

struct NextHopView {
  std::optional<net::IpAddr> via;  ///< nullopt: on link
  std::string interface;
  std::uint32_t weight = 1;
  bool onlink = false;
  bool operator==(const NextHopView&) const = default;
};

/// BGP attributes of a route, for output and checks.
struct BgpAttributesView {
  std::string origin;  ///< "IGP", "EGP", "Incomplete"
  net::AsPath as_path;
  std::vector<net::IpAddr> next_hop;  ///< one, or global and link-local
  std::optional<std::uint32_t> med, local_pref;
  bool atomic_aggregate = false;
  std::optional<std::string> aggregator;
  std::vector<net::Community> communities;
  std::vector<net::ExtCommunity> ext_communities;
  std::vector<net::LargeCommunity> large_communities;
  /// Names of lists that are there with nothing in them, as BIRD prints them: "BGP.as_path".
  std::vector<std::string> emptied;
  std::optional<std::uint32_t> originator_id;
  std::vector<std::uint32_t> cluster_list;
  std::optional<std::uint32_t> otc;
  std::vector<std::pair<std::string, std::string>> other;  ///< name and value as printed
  bool operator==(const BgpAttributesView&) const = default;
};

struct RouteView {
  net::Prefix prefix;
  std::string table;  ///< "master4", or for the kernel "254"
  RouteType type = RouteType::unicast;
  std::string
      protocol;  ///< name of the protocol that brought it; for the kernel "bird", "kernel", "static", ...
  std::string source;         ///< "BGP", "static", "device", "inherit", ...
  std::string source_detail;  ///< BIRD's "univ"
  Instant since;
  std::optional<net::IpAddr> from;  ///< the neighbour that sent it
  std::uint32_t preference = 0;
  std::optional<std::uint32_t> metric;  ///< IGP metric; kernel: metric
  bool metric_unknown = false;          ///< BIRD's "/-" and "/?"
  std::vector<NextHopView> next_hops;
  bool best = false;
  bool filtered = false;
  bool kernel_refused = false;  ///< BIRD's "!"
  bool stale = false;           ///< graceful restart
  bool suppressed = false;  ///< `deterministic med`: another of its neighbouring AS is better (BIRD's "-")
  std::uint32_t path_id = 0;
  std::optional<BgpAttributesView> bgp;
  std::vector<std::pair<std::string, std::string>> kernel;  ///< "Kernel.source" and such, as printed
  bool operator==(const RouteView&) const = default;
};

/// The last NOTIFICATION or event of a daemon process.
struct ProcessView {
  bool running = false;
  int pid = 0;
  std::optional<int> exit_code, signal;
  std::string log_tail;
  bool operator==(const ProcessView&) const = default;
};

struct LinkView {
  std::string name;
  std::uint32_t index = 0;
  bool up = false;  ///< administratively
  bool carrier = false;
  std::vector<net::InterfaceAddress> addresses;
  bool operator==(const LinkView&) const = default;
};

/// Everything known of one router.
struct Snapshot {
  std::string router_id;
  std::vector<ProtocolView> protocols;
  std::vector<RouteView> routes;  ///< all tables of the daemon
  Provenance from;
  bool operator==(const Snapshot&) const = default;
};

}  // namespace catflap::observe
