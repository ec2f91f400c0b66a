#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "net/addr.hpp"

/// BMP version 3: what a router tells a monitoring station (RFC 7854), with the local RIB (RFC 9069).
/// Messages to octets and back.
namespace catflap::trace::bmp {

/// What the per-peer header says (RFC 7854 §4.2, RFC 9069 §4.1).
struct Peer {
  bool loc_rib = false;      ///< the router itself: peer type 3; address and AS are then 0 and our own
  bool post_policy = false;  ///< L flag: after the import filter
  bool as2 = false;          ///< A flag: AS_PATHs of 2 octets
  net::IpAddr address;
  std::uint32_t asn = 0;
  std::uint32_t id = 0;                         ///< BGP identifier
  std::uint32_t seconds = 0, microseconds = 0;  ///< since 1970; 0: not known
  bool operator==(const Peer&) const = default;
};

/// Type 4.
struct Initiation {
  std::string system_name, system_description;
  bool operator==(const Initiation&) const = default;
};
/// Type 5. Reasons: 0 administratively closed, 1 unspecified, 2 out of resources, 3 redundant, 4 permanently.
struct Termination {
  std::uint16_t reason = 0;
  bool operator==(const Termination&) const = default;
};
/// Type 3. OPENs are whole messages.
struct PeerUp {
  Peer peer;
  net::IpAddr local;
  std::uint16_t local_port = 0, remote_port = 0;
  Bytes sent_open, received_open;
  bool operator==(const PeerUp&) const = default;
};
/// Type 2 (RFC 7854 §4.9). Reasons: 1 NOTIFICATION sent (in `data`), 2 closed without one (2-octet FSM
/// event), 3 NOTIFICATION received, 4 closed by the peer without one, 5 not monitored any more, 6 local RIB
/// (RFC 9069 §5.3).
struct PeerDown {
  Peer peer;
  std::uint8_t reason = 4;
  Bytes data;
  bool operator==(const PeerDown&) const = default;
};
/// Type 0: a whole UPDATE.
struct RouteMonitoring {
  Peer peer;
  Bytes update;
  bool operator==(const RouteMonitoring&) const = default;
};
/// Type 1 (RFC 7854 §4.8): counters and gauges by type; 7 routes in Adj-RIB-In, 8 in Loc-RIB.
struct Statistics {
  Peer peer;
  std::vector<std::pair<std::uint16_t, std::uint64_t>> values;
  bool operator==(const Statistics&) const = default;
};

using Message = std::variant<RouteMonitoring, Statistics, PeerDown, PeerUp, Initiation, Termination>;

/// Larger ones are taken for damage: an UPDATE, or two OPENs, of 65535 octets fit well.
inline constexpr std::size_t kMessageOctetsMax = std::size_t{1} << 20U;

void encode(const Message& message, ByteSink& out);

/// Takes messages out of a stream. Total; after an error nothing more can be read.
class Reader {
 public:
  void push(BytesView bytes);
  /// nullopt: more octets are needed. Messages of unknown types (route mirroring, ...) are passed over.
  Result<std::optional<Message>> next();

 private:
  Bytes buffer_;
  std::size_t begin_ = 0;
  std::optional<Error> failed_;
};

}  // namespace catflap::trace::bmp
