#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "birdc/format.hpp"
#include "net/addr.hpp"
#include "observe/snapshot.hpp"

/// What the server of the control socket says: exact octets of both formats.
namespace catflap::birdc {

/// Writes the lines of replies: "NNNN-text", a blank in place of the code if it is that of the line before,
/// "NNNN text" for the last line.
class ReplyWriter {
 public:
  /// Appends to `out`, which must outlive the writer.
  explicit ReplyWriter(std::string& out) : out_(out) {}
  /// Goes on with a reply whose last line had this code.
  ReplyWriter(std::string& out, int last_code) : out_(out), last_code_(last_code) {}
  int last_code() const { return last_code_; }

  /// A line that is not the last one. `text` must not hold a newline; one would be written as a blank.
  void line(int code, std::string_view text);
  /// The last line of a reply; the next reply starts anew.
  void end(int code = 0, std::string_view text = "");
  /// "+text": may stand between replies only.
  void async(std::string_view text);
  /// A complete last line with its code, as parse_command's errors are.
  void end_with(std::string_view line_with_code);

  std::size_t size() const { return out_.size(); }

 private:
  void text_line(std::string_view text);

  std::string& out_;
  int last_code_ = -1;
};

/// "0001 BIRD 2.0.12 ready." The version is free text.
void write_welcome(ReplyWriter& out, std::string_view version);

struct StatusView {
  std::string version;  ///< "2.0.12"
  std::string router_id;
  std::string hostname;  ///< 2.x
  Instant server_time, last_reboot, last_reconfiguration;
  struct Recovery {
    std::uint32_t waiting_for = 0;  ///< channels (2.x) or protocols (1.6)
    observe::TimerView wait;
    bool operator==(const Recovery&) const = default;
  };
  std::optional<Recovery> graceful_restart;
  std::string state =
      "Daemon is up and running";  ///< or "Reconfiguration in progress", "Shutdown in progress"
  bool operator==(const StatusView&) const = default;
};

/// `show status`, the last line included.
void write_status(ReplyWriter& out, Format format, const Clock& clock, const StatusView& status);

/// `show protocols`: the heading, rows, details (with `all`), and the end.
void write_protocols_heading(ReplyWriter& out, Format format);
void write_protocol_row(ReplyWriter& out, Format format, const Clock& clock,
                        const observe::ProtocolView& protocol);
void write_protocol_details(ReplyWriter& out, Format format, const observe::ProtocolView& protocol);
void write_protocols(ReplyWriter& out, Format format, const Clock& clock,
                     const std::vector<observe::ProtocolView>& protocols, bool all);

struct RouteCount {
  std::uint64_t shown = 0, routes = 0, networks = 0;
  bool operator==(const RouteCount&) const = default;
};

/// `show route`, one route after the other, so that a walk can stop and go on.
class RouteWriter {
 public:
  /// `all`: with attributes. `stats`: a table is announced even if it has no routes, and count() comes behind
  /// them.
  RouteWriter(Format format, const Clock& clock, bool all, bool stats = false)
      : format_(format), clock_(clock), all_(all), stats_(stats) {}

  /// Starts a table: in 2.x the line "Table NAME:" comes with its first route. Needed even if the table has
  /// no routes.
  void table(std::string_view name);
  /// The routes of a prefix come together, best first.
  void route(ReplyWriter& out, const observe::RouteView& route);
  /// A route origin authorization: "10.80.0.0/16-24 AS65001  [roas 06:36:06.828] * (200)".
  struct Roa {
    net::Prefix prefix;
    std::uint8_t length_max = 0;
    std::uint32_t asn = 0;
    std::string protocol;
    Instant since;
    std::uint32_t preference = 0;
  };
  void roa(ReplyWriter& out, const Roa& roa);
  /// "18 of 18 routes for 17 networks in table master4": for `stats` after the table's routes, for `count`
  /// instead. 1.6 has it in the last line only.
  void count(ReplyWriter& out, const RouteCount& count);
  /// The line "Table NAME:", unless a route or count() has brought it already.
  void announce_table(ReplyWriter& out);
  /// The last line. `not_found`: a prefix was asked for and nothing came: 8001. `with_count`: `count` or
  /// `stats`.
  void end(ReplyWriter& out, bool not_found = false, bool with_count = false);

 private:
  Format format_;
  Clock clock_;
  bool all_, stats_;
  std::string table_;
  bool table_announced_ = false, any_announced_ = false, any_route_ = false;
  std::optional<net::Prefix> last_prefix_;
  RouteCount total_;
  std::uint32_t tables_ = 0;
};

/// The type line and the attribute lines of `show route all`.
void write_route_details(ReplyWriter& out, Format format, const observe::RouteView& route);

struct InterfaceView {
  struct Address {
    net::InterfaceAddress address;
    std::string role;   ///< "Preferred" (2.x), "Primary", "Unselected" (1.6)
    std::string scope;  ///< "host", "link", "site", "univ"
    std::string peer;   ///< the only other address that there can be, or ""
    bool operator==(const Address&) const = default;
  };
  std::string name;
  std::uint32_t index = 0;
  bool up = false;
  std::string master;              ///< "" or the name of the bridge or VRF
  std::vector<std::string> flags;  ///< "MultiAccess", "Broadcast", "AdminUp", "LinkUp", ...
  std::uint32_t mtu = 0;
  std::vector<Address> addresses;
  bool operator==(const InterfaceView&) const = default;
};
void write_interfaces(ReplyWriter& out, Format format, const std::vector<InterfaceView>& interfaces);
void write_interfaces_summary(ReplyWriter& out, Format format, const std::vector<InterfaceView>& interfaces);

struct MemoryRow {
  std::string name;                           ///< "Routing tables"
  std::uint64_t effective = 0, overhead = 0;  ///< octets
};
/// `show memory`, the end included. The total is computed.
void write_memory(ReplyWriter& out, Format format, const std::vector<MemoryRow>& rows);

struct SymbolView {
  std::string name;
  std::string kind;  ///< "protocol", "routing table", "filter", "function", "constant", "protocol template"
  bool operator==(const SymbolView&) const = default;
};
void write_symbols(ReplyWriter& out, const std::vector<SymbolView>& symbols);
/// `show symbols NAME`: one line, the last one.
void write_symbol(ReplyWriter& out, const SymbolView& symbol);

struct StaticRouteView {
  net::Prefix prefix;
  observe::RouteType type = observe::RouteType::unicast;
  std::vector<observe::NextHopView> next_hops;
  std::optional<net::IpAddr> recursive;
  bool active = true;
};
/// The routes of one protocol, without the end.
void write_static_routes(ReplyWriter& out, Format format, const std::vector<StaticRouteView>& routes);
/// "10.80.0.0/16-24 AS65001" of a static protocol, as 2.x has it.
void write_static_roa(ReplyWriter& out, const RouteWriter::Roa& roa);
/// 1.6's `show roa`, without the end.
void write_roa(ReplyWriter& out, const net::Prefix& prefix, std::uint8_t length_max, std::uint32_t asn);

struct BfdSessionView {
  net::IpAddr peer;
  std::string interface;  ///< "" prints "---"
  std::string state;      ///< "Up", "Down", "Init", "AdminDown"
  Instant since;
  Duration interval{}, timeout{};
};
void write_bfd_sessions(ReplyWriter& out, Format format, const Clock& clock, std::string_view protocol,
                        const std::vector<BfdSessionView>& sessions);

/// What became of enable, disable, restart or reload for one protocol.
enum class ActOutcome : std::uint8_t {
  already_disabled,
  disabled,
  already_enabled,
  enabled,
  restarted,
  reloading,
  reload_failed
};
/// "0009-c1: disabled".
void write_act(ReplyWriter& out, std::string_view protocol, ActOutcome outcome);

}  // namespace catflap::birdc
