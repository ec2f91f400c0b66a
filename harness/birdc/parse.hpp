#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "birdc/format.hpp"
#include "birdc/reply.hpp"
#include "observe/snapshot.hpp"
#include "observe/stream.hpp"

/// What a client of the control socket reads: framing, then models. Everything is total and incremental.
namespace catflap::birdc {

struct ReplyLine {
  enum class Kind : std::uint8_t { more, last, async };
  Kind kind = Kind::more;
  int code = 0;           ///< of the line, or of the line before if it has none of its own; 0 for async
  std::string_view text;  ///< without code; valid until the next feed()
};

/// Cuts the octets of the server into reply lines.
class ReplyReader {
 public:
  explicit ReplyReader(std::size_t max_line = std::size_t{64} * 1024) : lines_(max_line) {}

  /// Errc::protocol if a line grows beyond the bound.
  Status feed(std::string_view octets) { return lines_.feed(octets); }
  /// The next line; nullopt if more octets are needed; Errc::protocol for a line that is none of the
  /// protocol.
  Result<std::optional<ReplyLine>> next();

 private:
  observe::LineBuffer lines_;
  int code_ = -1;
};

/// A whole reply, for the short ones.
struct Reply {
  struct Line {
    int code = 0;
    std::string text;
  };
  std::vector<Line> lines;  ///< the last one included

  int code() const { return lines.empty() ? 0 : lines.back().code; }
  std::string_view text() const { return lines.empty() ? std::string_view() : lines.back().text; }
  /// Below 8000.
  bool ok() const { return code() < 8000; }
};
/// All complete replies in `octets`; asynchronous lines are left out.
Result<std::vector<Reply>> parse_replies(std::string_view octets);

/// "BIRD 2.0.12 ready." → "2.0.12"; nullopt if it is no welcome.
std::optional<std::string> parse_welcome(std::string_view text);
/// The format that a daemon of this version speaks: bird1 for "1.".
Format format_of_version(std::string_view version);

/// "19.902/20", "19/20" or "19/-", in seconds.
std::optional<observe::TimerView> parse_timer(std::string_view text);

Result<StatusView> parse_status(const Clock& clock, const Reply& reply);
Result<std::vector<InterfaceView>> parse_interfaces(const Reply& reply);
Result<std::vector<SymbolView>> parse_symbols(const Reply& reply);

/// `show protocols [all]`, line by line.
class ProtocolParser {
 public:
  explicit ProtocolParser(const Clock& clock) : clock_(clock) {}
  /// Errc::protocol names the line that is not understood. Details of kinds that are not modelled are passed
  /// over.
  Status line(int code, std::string_view text);
  std::vector<observe::ProtocolView> take();

 private:
  enum class Section : std::uint8_t { protocol, local_capabilities, peer_capabilities, channel };
  enum class Block : std::uint8_t { none, graceful_restart, llgr };

  Status row(std::string_view line);
  Status detail(std::string_view line);
  bool protocol_line(std::string_view key, std::string_view value);
  bool session_line(std::string_view key, std::string_view value);
  bool session_timer(std::string_view key, std::string_view value);
  bool channel_line(std::string_view key, std::string_view value);
  bool counter_line(std::string_view key, std::string_view value);
  bool capability_line(std::size_t indent, std::string_view line);
  observe::ChannelView* channel();
  void finish_protocol();

  Clock clock_;
  Format format_ = Format::bird2;
  Section section_ = Section::protocol;
  Block block_ = Block::none;
  std::vector<observe::ProtocolView> protocols_;
};

/// `show route [all]`, line by line. Without `all` only what the rows show is known: of the AS path the
/// origin AS alone. Rows of other kinds of networks (ROA, MPLS, ...) are passed over and counted.
class RouteParser {
 public:
  explicit RouteParser(const Clock& clock) : clock_(clock) {}
  /// The format is seen from the "Table" lines of 2.x. In 1.6 the table is not told: `table` names it.
  void set_table(std::string table) { table_ = std::move(table); }
  Status line(int code, std::string_view text);
  std::vector<observe::RouteView> take();
  std::size_t skipped() const { return skipped_; }

 private:
  Status row(std::string_view line);
  bool destination(std::string_view text, observe::RouteView& route) const;
  bool next_hop(std::string_view text, observe::RouteView& route) const;
  bool attribute(std::string_view line);
  void finish_route();

  Clock clock_;
  std::string table_;
  std::optional<net::Prefix> prefix_;
  bool skipping_ = false;
  std::string last_attribute_;
  std::vector<observe::RouteView> routes_;
  std::size_t skipped_ = 0;
};

Result<std::vector<observe::ProtocolView>> parse_protocols(const Clock& clock, const Reply& reply);
Result<std::vector<observe::RouteView>> parse_routes(const Clock& clock, const Reply& reply,
                                                     std::string_view table = "");

}  // namespace catflap::birdc
