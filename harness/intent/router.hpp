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
#include "intent/filter.hpp"
#include "net/addr.hpp"

/// What a router should do, in BIRD's terms: tables, and protocols with channels into them. Every daemon
/// adapter and our own speaker start from this. Times are durations; nullopt means "the daemon's default".
namespace catflap::intent {

/// `ipv4 table name;`
struct TableIntent {
  std::string name;  ///< "master4", "master6", ...; "master" in dialect 1.6
  net::Family family = net::Family::ipv4;
  bool sorted = false;  ///< all routes of a prefix in order, as `secondary` needs it; ours always are
  /// How BIRD keeps its memory: ours needs none of it, kept for printing.
  std::optional<bool> trie{};
  std::optional<std::uint32_t> gc_threshold{};
  std::optional<Duration> gc_period{}, min_settle_time{}, max_settle_time{};
  bool operator==(const TableIntent&) const = default;
};

enum class LimitAction : std::uint8_t { warn, block, restart, disable };
/// `import limit 1000 action restart;`
struct Limit {
  std::uint32_t routes = 0;
  LimitAction action = LimitAction::disable;
  bool operator==(const Limit&) const = default;
};

enum class NextHopSelf : std::uint8_t { off, on, ibgp, ebgp };
enum class GatewayMode : std::uint8_t { automatic, direct, recursive };

/// Settings of a channel that only BGP has.
struct BgpChannelIntent {
  NextHopSelf next_hop_self = NextHopSelf::off;
  /// Without a word: `on` for clients of a route server (RFC 7947 §2.2.1), `ibgp` for those of a reflector.
  std::optional<NextHopSelf> next_hop_keep;
  std::optional<net::IpAddr> next_hop_address;
  GatewayMode gateway = GatewayMode::automatic;  ///< automatic: direct for one-hop eBGP, else recursive
  bool add_paths_receive = false;
  bool add_paths_send = false;
  bool extended_next_hop = false;
  bool import_table = false;
  bool export_table = false;
  bool secondary = false;
  bool mandatory = false;
  std::optional<bool> graceful_restart;
  std::optional<bool> llgr;                  ///< `long lived graceful restart`, of this family only
  std::optional<std::uint32_t> llgr_time_s;  ///< `long lived stale time`
  std::uint32_t cost = 0;
  bool aigp = false;
  bool aigp_originate = false;
  bool validate = true;
  std::string igp_table4;  ///< `igp table`, by the family of the table; "": the channel's
  std::string igp_table6;
  bool operator==(const BgpChannelIntent&) const = default;
};

/// A protocol's connection to a table.
struct ChannelIntent {
  net::Family family = net::Family::ipv4;
  std::string table;
  FilterRef import_filter = FilterRef::all();
  FilterRef export_filter = FilterRef::none();
  std::optional<std::uint32_t>
      preference;  ///< nullopt: the protocol's default (BGP 100, static 200, direct 240)
  std::optional<Limit> receive_limit;
  std::optional<Limit> import_limit;
  std::optional<Limit> export_limit;
  bool import_keep_filtered = false;
  bool rpki_reload = true;
  std::vector<std::string> debug;  ///< as ProtocolIntent::debug
  BgpChannelIntent bgp;
};

/// `interface -"cali*", "eth*", 10.0.0.0/8;`: the first pattern that matches decides.
struct InterfacePattern {
  bool negated = false;
  std::optional<std::string> glob;
  std::optional<net::Prefix> prefix;
  bool operator==(const InterfacePattern&) const = default;
};

/// `interface "eth0" { preferred 10.0.0.1; };` in `protocol device`: which address of an interface to use as
/// source.
struct PreferredAddress {
  std::vector<InterfacePattern> interfaces;
  std::vector<net::IpAddr> addresses;  ///< at most one of each family
  bool operator==(const PreferredAddress&) const = default;
};

struct DeviceIntent {
  Duration scan_time = std::chrono::seconds(60);
  std::vector<PreferredAddress> preferred;
  bool operator==(const DeviceIntent&) const = default;
};

struct DirectIntent {
  std::vector<InterfacePattern> interfaces;  ///< empty: all
  bool check_link = false;
  bool operator==(const DirectIntent&) const = default;
};

struct KernelIntent {
  Duration scan_time = std::chrono::seconds(60);
  bool learn = false;
  bool learn_all = false;  ///< `learn all`: also routes of the kernel itself
  bool persist = false;
  bool graceful_restart = false;
  bool merge_paths = false;
  std::uint32_t merge_paths_limit = 16;
  std::optional<std::uint32_t> max_paths_external;  ///< ours: `max paths external N`, of merge_paths_limit
  std::optional<std::uint32_t> max_paths_internal;  ///< ours: `max paths internal N`
  bool as_path_relax = true;  ///< ours; off: external paths are merged only if their neighbour AS is the same
  std::uint32_t kernel_table = 254;     ///< RT_TABLE_MAIN
  std::optional<std::uint32_t> metric;  ///< nullopt: BIRD 2's 32; 0 in dialect 1.6 (no metric)
  bool device_routes = false;           ///< dialect 1.6: also export device routes
  std::optional<std::uint32_t> netlink_rx_buffer;
  bool operator==(const KernelIntent&) const = default;
};

/// Options of BFD sessions: `protocol bfd { interface "eth0" { min rx interval 100 ms; }; }`.
struct BfdOptions {
  std::optional<Duration> rx_interval_min;   ///< nullopt: 10 ms
  std::optional<Duration> tx_interval_min;   ///< nullopt: 100 ms
  std::optional<Duration> idle_tx_interval;  ///< nullopt: 1 s
  std::optional<std::uint8_t> multiplier;    ///< nullopt: 5
  std::optional<bool> passive;
  std::optional<std::string> password;
  std::string authentication;  ///< "none", "simple", "keyed md5", ...; "" is none
  bool operator==(const BfdOptions&) const = default;
};
struct BfdInterface {
  std::vector<InterfacePattern> interfaces;
  BfdOptions options;
  bool operator==(const BfdInterface&) const = default;
};
struct BfdNeighbor {
  net::IpAddr addr;
  std::optional<net::IpAddr> local;
  std::string interface;
  bool multihop = false;
  bool operator==(const BfdNeighbor&) const = default;
};
struct BfdIntent {
  std::vector<BfdInterface> interfaces;
  std::optional<BfdOptions> multihop;
  std::vector<BfdNeighbor> neighbors;
  bool accept_ipv4 = true;
  bool accept_ipv6 = true;
  bool accept_direct = true;
  bool accept_multihop = true;
  bool strict_bind = false;
  bool operator==(const BfdIntent&) const = default;
};

enum class RouteTarget : std::uint8_t { via, recursive, blackhole, unreachable, prohibit };

struct StaticNextHop {
  std::optional<net::IpAddr> via;  ///< one of via and interface, or both for a link-local gateway
  std::string interface;
  std::uint32_t weight = 1;  ///< 1..256
  bool onlink = false;
  bool bfd = false;
  bool operator==(const StaticNextHop&) const = default;
};

struct StaticRoute {
  net::Prefix prefix;
  RouteTarget target = RouteTarget::blackhole;
  std::vector<StaticNextHop> next_hops;      ///< for via
  std::optional<net::IpAddr> recursive_via;  ///< for recursive
  /// `when P`, an addition of ours: the route is there while its table has a usable route to exactly P that
  /// is not of the same protocol.
  std::optional<net::Prefix> when;
  std::shared_ptr<const Filter> body;  ///< `route ... { bgp_med = 5; }`; nullptr: none
  SourcePos where;
};

/// `route 10.80.0.0/16 max 24 as 65001;` of a static protocol with a roa4 or roa6 channel.
struct RoaEntry {
  net::Prefix prefix;
  std::uint8_t length_max = 0;
  std::uint32_t asn = 0;
  auto operator<=>(const RoaEntry&) const = default;
};

/// A table of ROAs that look-ups search by prefix.
class RoaTable {
 public:
  RoaTable() = default;
  /// Sorts `entries` and removes duplicates.
  explicit RoaTable(std::vector<RoaEntry> entries);

  const std::vector<RoaEntry>& entries() const { return entries_; }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }
  std::size_t size() const { return entries_.size(); }
  /// RFC 6811 §2: 0 unknown, 1 valid, 2 invalid (the numbers of ROA_*). O(log entries).
  std::uint32_t state(const net::Prefix& prefix, std::uint32_t asn) const;
  bool operator==(const RoaTable& other) const { return entries_ == other.entries_; }

 private:
  std::vector<RoaEntry> entries_;
  net::CoverIndex index_;  ///< of the distinct prefixes
  std::vector<std::uint32_t>
      first_;  ///< by position in the index, where its entries begin; one more at the end
};

struct StaticIntent {
  std::vector<StaticRoute> routes;
  bool check_link = false;
  std::string igp_table;
  std::string roa_table;  ///< the table that `roas` go to; then the protocol has no channel and no routes
  std::vector<RoaEntry> roas;
};

struct PipeIntent {
  std::string peer_table;
  bool opaque = false;  ///< dialect 1.6, `mode opaque`: only the best route passes, as one of the pipe's own
  bool operator==(const PipeIntent&) const = default;
};

/// `remove private as`: which AS numbers of RFC 6996 go out of AS_PATH on the way to an external peer.
enum class RemovePrivateAs : std::uint8_t {
  off,
  only,     ///< all, but only if the path holds nothing else
  all,      ///< every one
  leading,  ///< those before the first public one
};

/// `require ...` (BIRD 2.14): capabilities that the peer must announce, or its OPEN is refused with 2/7.
struct BgpRequirements {
  bool route_refresh = false;
  bool enhanced_refresh = false;
  bool as4 = false;
  bool extended_messages = false;
  bool hostname = false;
  bool graceful_restart = false;
  bool llgr = false;
  bool operator==(const BgpRequirements&) const = default;
};
/// `disable after cease on`: every cause but a collision of connections.
inline constexpr std::uint32_t kCeaseAll = ~(std::uint32_t{1} << 7U);

struct BgpIntent {
  std::uint32_t local_as = 0;
  std::uint32_t remote_as = 0;               ///< 0 with accept_internal / accept_external below
  bool remote_internal = false;              ///< `neighbor ... internal`
  bool remote_external = false;              ///< `neighbor ... external`
  std::optional<net::IpAddr> local_address;  ///< `local A` / `source address A`
  std::uint16_t local_port = 179;
  std::optional<net::IpAddr> neighbor;  ///< nullopt: dynamic, see neighbor_range
  std::optional<net::Prefix> neighbor_range;
  std::string dynamic_name;              ///< prefix of spawned protocols, "dynbgp"
  std::uint8_t dynamic_name_digits = 1;  ///< their number has so many digits at least
  std::uint16_t neighbor_port = 179;
  std::string interface;  ///< for link-local neighbours, `interface "eth0"` or `%eth0`
  bool strict_bind = false;
  bool passive = false;
  std::optional<bool> multihop;  ///< nullopt: eBGP direct, iBGP multihop
  std::uint8_t multihop_ttl = 64;
  bool ttl_security = false;
  std::optional<std::string> password;
  bool rr_client = false;
  std::optional<std::uint32_t> rr_cluster_id;
  bool rs_client = false;
  bool secondary_next_hop = false;
  std::uint32_t allow_local_as = 0;
  bool allow_as_sets = true;
  bool enforce_first_as = false;
  bool allow_bgp_med = false;
  bool allow_bgp_local_pref = false;
  std::uint32_t default_med = 0;
  std::uint32_t default_local_pref = 100;
  bool path_metric = true;
  bool med_metric = false;
  bool deterministic_med = false;
  bool igp_metric = true;
  bool prefer_older = false;
  bool interpret_communities = true;
  bool enable_as4 = true;
  bool enable_refresh = true;
  bool enable_extended_messages = false;
  bool capabilities = true;
  bool advertise_hostname = false;
  bool disable_after_error = false;
  /// `disable after cease`: bit n stands for the subcode n of Cease (RFC 4486 §3).
  std::uint32_t disable_after_cease = 0;
  std::optional<bool> graceful_restart;  ///< nullopt: aware only
  std::optional<std::uint16_t> graceful_restart_time_s;
  std::optional<bool> llgr;
  std::optional<std::uint32_t> llgr_time_s;
  std::optional<std::uint8_t> role;  ///< RFC 9234 role value
  bool require_roles = false;
  bool bfd = false;
  bool bfd_graceful = false;  ///< `bfd graceful`: loss of BFD starts graceful restart
  BfdOptions bfd_options;     ///< `bfd { ... }`
  bool check_link = false;
  bool free_bind = false;
  std::optional<std::uint32_t> confederation;
  bool confederation_member = false;
  std::optional<Duration> hold_time;
  std::optional<Duration> startup_hold_time;
  std::optional<Duration> keepalive_time;
  std::optional<Duration> connect_delay_time;
  std::optional<Duration> connect_retry_time;
  std::optional<Duration> error_wait_min;
  std::optional<Duration> error_wait_max;
  std::optional<Duration> error_forget_time;
  // What BIRD 2.0.12 has no option for: newer BIRD, or our own (README, "Options of our own").
  BgpRequirements require;
  std::optional<Duration> send_hold_time;      ///< BIRD 2.15; RFC 9687
  std::optional<Duration> min_hold_time;       ///< BIRD 2.14: an OPEN with less is refused with 2/6
  std::optional<Duration> delay_open_time;     ///< ours: DelayOpen of RFC 4271 §8.1.1
  std::optional<Duration> limit_restart_time;  ///< ours: after `action restart`; nullopt: the error wait time
  std::optional<Duration> stale_path_time;     ///< ours: RFC 4724 §4.2, from the new session to End-of-RIB
  bool restart_notification = true;            ///< ours: RFC 8538's N bit, where graceful restart is on
  bool graceful_shutdown = false;              ///< ours: RFC 8326, import with local preference 0
  bool require_policy = true;                  ///< ours: RFC 8212; off: external sessions need no filters
  bool unknown_well_known_resets = true;       ///< ours: RFC 4271 §6.3; off: treat as withdraw
  bool as_override = false;                    ///< ours: the peer's AS in AS_PATH becomes our own
  RemovePrivateAs remove_private_as = RemovePrivateAs::off;  ///< ours
  bool replace_private_as = false;                           ///< ours: by the local AS, instead of removing
  bool operator==(const BgpIntent&) const = default;
};

/// `protocol mrt { table "master*"; filename "%N_%Y%m%d.mrt"; period 300; }`: dumps of tables.
struct MrtIntent {
  std::string table;     ///< name or pattern with * and ?
  std::string filename;  ///< %N is the table, the rest is strftime's
  std::uint32_t period_s = 0;
  FilterRef filter = FilterRef::all();
  bool always_add_path = false;
};
/// `protocol bmp { station address ip 10.0.0.1 port 1790; monitoring rib in pre_policy; }` (RFC 7854).
struct BmpIntent {
  net::IpAddr station;
  std::uint16_t port = 0;
  bool pre_policy = false;
  bool post_policy = false;
  bool loc_rib = false;  ///< RFC 9069; `monitoring rib local`
  std::string system_name, system_description;
  std::uint32_t tx_buffer_limit_mib = 1024;
  bool operator==(const BmpIntent&) const = default;
};

struct ProtocolIntent {
  std::string name;
  std::string description;
  bool disabled = false;
  std::optional<std::uint32_t> router_id;  ///< of this protocol, instead of the router's
  std::string vrf;                         ///< "" is none
  bool vrf_default = false;                ///< `vrf default`
  std::vector<std::string> debug;    ///< "states", "routes", "filters", "interfaces", "events", "packets"
  std::vector<std::string> mrtdump;  ///< "states", "messages"
  std::vector<ChannelIntent> channels;
  std::variant<DeviceIntent, DirectIntent, KernelIntent, StaticIntent, PipeIntent, BgpIntent, BfdIntent,
               MrtIntent, BmpIntent>
      body;
  SourcePos where;
};

struct LogIntent {
  enum class Target : std::uint8_t { syslog, stderr_, file } target = Target::stderr_;
  std::string path;                  ///< for file
  std::vector<std::string> classes;  ///< "all", "info", "trace", ...; none: `log ... {}`, nothing is logged
  std::string syslog_name;           ///< `log syslog name "x"`; "" is "bird"
  std::uint64_t size_limit = 0;      ///< octets, 0: none; then rename to backup_path
  std::string backup_path;
  bool operator==(const LogIntent&) const = default;
};

/// How `show` and the log print times: `format`, or `old_format` for what is older than `limit` (0: never).
struct TimeFormat {
  std::string format;
  Duration limit{0};
  std::string old_format;
  bool operator==(const TimeFormat&) const = default;
};

struct RouterIntent {
  Dialect dialect = Dialect::bird2;        ///< that it was written in; its filters have the same
  net::Family family = net::Family::ipv4;  ///< bird1: the one family of the daemon
  std::string hostname;
  std::uint32_t router_id =
      0;  ///< host order; 0: the driver's choice (lowest IPv4 address of an interface, not lo)
  std::vector<LogIntent> logs;
  std::vector<TableIntent> tables;                               ///< at least master4 and master6
  std::vector<ProtocolIntent> protocols;                         ///< in the order of the file
  std::map<std::string, std::shared_ptr<const Filter>> filters;  ///< named ones, for `show route filter NAME`
  std::map<std::string, std::shared_ptr<const Function>> functions;
  std::map<std::string, Value> constants;           ///< `define`
  std::map<std::string, ValueType> attributes;      ///< `attribute int name`: custom ones
  std::map<std::string, RoaTable> roa_tables;       ///< with the entries of static protocols
  std::map<std::string, net::Family> roa_families;  ///< of each of roa_tables
  std::vector<InterfacePattern> router_id_from;     ///< `router id from`: where the driver may choose
  std::vector<std::string> debug_protocols;         ///< `debug protocols`: default of ProtocolIntent::debug
  std::vector<std::string> debug_channels;          ///< `debug channels`: default of ChannelIntent::debug
  std::vector<std::string> mrtdump_protocols;
  std::optional<bool> debug_latency;
  std::optional<Duration> debug_latency_limit;
  std::uint32_t debug_commands = 0;
  std::optional<Duration> watchdog_warning;
  std::optional<Duration> watchdog_timeout;
  std::map<std::string, TimeFormat>
      time_formats;  ///< "route", "protocol", "base", "log"; absent: BIRD's default
  Duration graceful_restart_wait = std::chrono::seconds(240);
  std::optional<std::string> mrtdump_file;
  std::uint16_t listen_port = 179;  ///< dialect 1.6's `listen bgp port`
  std::optional<net::IpAddr> listen_address;
  bool listen_v6only = false;
};

/// True if both ask for the same; positions do not count, filters are compared with same(FilterRef).
bool same(const ChannelIntent& a, const ChannelIntent& b);
bool same(const StaticRoute& a, const StaticRoute& b);
bool same(const ProtocolIntent& a, const ProtocolIntent& b);
bool same(const RouterIntent& a, const RouterIntent& b);

}  // namespace catflap::intent
