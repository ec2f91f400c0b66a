#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "birdc/format.hpp"
#include "net/addr.hpp"

/// What a client of the control socket asks for. Expressions and filters stay text; the caller hands them to
/// birdlang.
namespace catflap::birdc {

/// `name`, `"pattern"` (with * and ?) or `all`.
struct ProtocolSelector {
  enum class Kind : std::uint8_t { all, name, pattern };
  Kind kind = Kind::all;
  std::string text;

  bool matches(std::string_view protocol) const;
  bool operator==(const ProtocolSelector&) const = default;
};

struct ShowStatus {
  bool operator==(const ShowStatus&) const = default;
};
struct ShowMemory {
  bool operator==(const ShowMemory&) const = default;
};
struct ShowProtocols {
  bool all = false;  ///< with details
  ProtocolSelector which;
  bool operator==(const ShowProtocols&) const = default;
};
struct ShowInterfaces {
  bool summary = false;
  bool operator==(const ShowInterfaces&) const = default;
};

/// A filter that `show route` applies, as text.
struct FilterText {
  enum class Kind : std::uint8_t { none, where, name, block };
  Kind kind = Kind::none;
  std::string text;  ///< the expression after `where`, the filter's name, or the block with its braces
  bool operator==(const FilterText&) const = default;
};

struct ShowRoute {
  enum class Target : std::uint8_t {
    everything,
    exact,    ///< PREFIX
    longest,  ///< for ADDRESS | for PREFIX
    inside    ///< in PREFIX
  };
  enum class Export : std::uint8_t { none, exported, preexport, noexport };
  enum class ChannelTable : std::uint8_t { none, import_table, export_table };

  Target target = Target::everything;
  std::optional<net::Prefix> prefix;  ///< of `target`; a host prefix for an address
  std::vector<std::string> tables;    ///< empty: the default ones
  bool all_tables = false;            ///< `table all`
  std::string protocol;               ///< `protocol P`
  Export export_mode = Export::none;
  std::string export_protocol;  ///< P or P.CHANNEL of export, preexport, noexport
  ChannelTable channel_table = ChannelTable::none;
  std::string channel_protocol, channel;  ///< of `import table P.C`
  FilterText filter;
  bool primary = false, filtered = false, all = false, count = false, stats = false;
  bool operator==(const ShowRoute&) const = default;
};

struct ShowSymbols {
  std::string what;  ///< "", "table", "filter", "function", "protocol", "template", "roa" (1.6), or a name
  bool of_kind() const;  ///< one of the words above; otherwise `what` is a name, or ""
  bool operator==(const ShowSymbols&) const = default;
};
struct ShowStatic {
  std::string protocol;
  bool operator==(const ShowStatic&) const = default;
};
/// 1.6: `show roa [in P | for P | P] [as N] [table T]`.
struct ShowRoa {
  ShowRoute::Target target = ShowRoute::Target::everything;
  std::optional<net::Prefix> prefix;
  std::optional<std::uint32_t> asn;
  std::string table;
  bool operator==(const ShowRoa&) const = default;
};
/// `show ospf`, `show rip ...`, `show babel ...`: protocols of BIRD that there are none of here.
struct ShowForeign {
  std::string protocol;  ///< "OSPF"
  bool operator==(const ShowForeign&) const = default;
};
struct ShowBfdSessions {
  std::string protocol;
  bool operator==(const ShowBfdSessions&) const = default;
};

struct Configure {
  enum class Mode : std::uint8_t { apply, soft, check, confirm, undo, status };
  Mode mode = Mode::apply;
  std::string file;                        ///< empty: the one from the start
  std::optional<std::uint32_t> timeout_s;  ///< undone after that time unless confirmed; BIRD's default is 300
  bool operator==(const Configure&) const = default;
};

/// enable, disable, restart, reload.
struct Act {
  enum class Verb : std::uint8_t { enable, disable, restart, reload, reload_in, reload_out };
  Verb verb = Verb::enable;
  ProtocolSelector which;
  std::string message;  ///< shutdown communication (RFC 9003); "" for none
  bool operator==(const Act&) const = default;
};
struct Down {
  bool operator==(const Down&) const = default;
};
struct GracefulRestart {
  bool operator==(const GracefulRestart&) const = default;
};
struct Restrict {
  bool operator==(const Restrict&) const = default;
};
/// Bounds of the buffer of `echo`.
inline constexpr std::uint32_t kEchoOctetsMin = 256, kEchoOctetsMax = 65536, kEchoOctetsDefault = 4096;

/// Which log classes come as asynchronous lines.
struct Echo {
  bool all = false;
  std::vector<std::string> classes;  ///< with `all` false: these; none is `off`
  std::optional<std::uint32_t> buffer_octets;
  bool operator==(const Echo&) const = default;
};
struct Debug {
  ProtocolSelector which;
  std::string channel;  ///< `debug P.ipv4 ...`, or ""
  bool all = false;
  std::vector<std::string> flags;  ///< "states", "routes", "filters", "interfaces", "events", "packets"
  bool operator==(const Debug&) const = default;
};
/// `mrtdump P FLAGS`: which messages a protocol writes to the MRT file.
struct MrtDumpFlags {
  ProtocolSelector which;
  bool all = false;
  std::vector<std::string> flags;  ///< "states", "messages"
  bool operator==(const MrtDumpFlags&) const = default;
};
/// `mrt dump table T|"pattern" [to "file"] [where|filter]`.
struct MrtDumpTable {
  std::string table;
  std::string file;
  FilterText filter;
  bool operator==(const MrtDumpTable&) const = default;
};
struct Eval {
  std::string expression;
  bool operator==(const Eval&) const = default;
};
struct Dump {
  std::string what;  ///< "resources", "sockets", "events", "interfaces", "neighbors", "attributes", "routes",
                     ///< "protocols", "filter all"
  bool operator==(const Dump&) const = default;
};
struct Help {
  bool operator==(const Help&) const = default;
};
struct Quit {
  bool operator==(const Quit&) const = default;
};

using Command =
    std::variant<ShowStatus, ShowMemory, ShowProtocols, ShowInterfaces, ShowRoute, ShowSymbols, ShowStatic,
                 ShowRoa, ShowForeign, ShowBfdSessions, Configure, Act, Down, GracefulRestart, Restrict, Echo,
                 Debug, MrtDumpFlags, MrtDumpTable, Eval, Dump, Help, Quit>;

/// True for what `restrict` takes away: everything that changes the daemon (8007 Access denied).
bool changes_daemon(const Command& command);

/// What a name is in the running configuration; BIRD's errors depend on it.
enum class SymbolKind : std::uint8_t { undefined, protocol, table, other };
using SymbolLookup = std::function<SymbolKind(std::string_view name)>;

/// Longest command line, in octets; a longer one is `9000 Command too long`.
inline constexpr std::size_t kMaxCommandOctets = 4096;

/// `line` without its newline. `symbols` may be empty: then every name is taken to exist, and the caller
/// finds out. On failure the message is the complete last line of the reply in BIRD's words, code included:
/// "9001 syntax error, unexpected CF_SYM_UNDEFINED".
Result<Command> parse_command(std::string_view line, Format format = Format::bird2,
                              const SymbolLookup& symbols = {});

}  // namespace catflap::birdc
