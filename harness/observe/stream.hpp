#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "observe/snapshot.hpp"

/// The event stream of catflap-bgpd: one JSON object per line, from the daemon to whoever listens on its
/// events socket.
///
/// On a new connection the daemon sends `hello`, then its whole state as `protocol` and `route` messages,
/// then `synced`, and from there on every change as it happens. Instants are CLOCK_MONOTONIC: both sides are
/// on one machine. The peer sends nothing. A listener that is too slow is cut off by the daemon and connects
/// again.
namespace catflap::observe {

struct Hello {
  std::string version;  ///< "catflap-bgpd 0.1.0"
  int pid = 0;
  std::string router_id;  ///< dotted quad
  bool operator==(const Hello&) const = default;
};
/// A protocol as it is now: new or changed.
struct ProtocolChanged {
  ProtocolView protocol;
  bool operator==(const ProtocolChanged&) const = default;
};
struct ProtocolGone {
  std::string name;
  bool operator==(const ProtocolGone&) const = default;
};
/// All routes of one prefix in one table as they are now, best first; none if the prefix is gone.
struct RoutesChanged {
  std::string table;
  net::Prefix prefix;
  std::vector<RouteView> routes;  ///< their table and prefix are those above
  bool operator==(const RoutesChanged&) const = default;
};
/// The initial state is complete.
struct Synced {
  bool operator==(const Synced&) const = default;
};
/// Something for people: a log line worth showing.
struct Note {
  std::string level;  ///< "info", "warning", "error"
  std::string text;
  bool operator==(const Note&) const = default;
};
/// The daemon ends.
struct Bye {
  std::string reason;
  bool operator==(const Bye&) const = default;
};

using StreamMessage = std::variant<Hello, ProtocolChanged, ProtocolGone, RoutesChanged, Synced, Note, Bye>;

/// One line, the newline included.
std::string encode_stream_line(const StreamMessage& message);

/// encode_stream_line for many RoutesChanged in a row: what the one before said as well is not encoded again,
/// and neighbouring prefixes often have the same routes.
class RouteLines {
 public:
  std::string line(const RoutesChanged& changed);

 private:
  std::vector<RouteView> routes_;  ///< of the last line, without prefix and table
  std::string text_;               ///< of these
};
/// `line` with or without its newline. Errc::protocol for anything that is not a message.
Result<StreamMessage> decode_stream_line(std::string_view line);

/// Cuts a byte stream into lines. Bounded: a longer line than `max_line` octets is an error, once and for
/// all.
class LineBuffer {
 public:
  explicit LineBuffer(std::size_t max_line = std::size_t{16} * 1024 * 1024) : max_line_(max_line) {}

  /// Errc::protocol if a line grows beyond the bound.
  Status feed(std::string_view octets);
  /// The next complete line without its newline (and without a carriage return before it); valid until the
  /// next feed().
  std::optional<std::string_view> next();
  /// Octets that wait for their newline.
  std::size_t pending() const { return buffer_.size() - start_; }

 private:
  std::size_t max_line_;
  std::string buffer_;
  std::size_t start_ = 0;
  std::size_t scanned_ = 0;
  std::size_t unfinished_ = 0;  ///< octets behind the last newline
};

}  // namespace catflap::observe
