#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "net/addr.hpp"

/// MRT files: routing tables and BGP sessions as they were (RFC 6396, RFC 8050). Octets to records and back;
/// the caller owns the file and undoes compression.
namespace catflap::trace::mrt {

/// Record types (RFC 6396 §4).
enum class Type : std::uint16_t { table_dump = 12, table_dump_v2 = 13, bgp4mp = 16, bgp4mp_et = 17 };

/// Since 1970, UTC. Microseconds (0..999999) make BGP4MP records extended ones (BGP4MP_ET).
struct Time {
  std::uint32_t seconds = 0;
  std::optional<std::uint32_t> microseconds;
  bool operator==(const Time&) const = default;
};

/// PEER_INDEX_TABLE (RFC 6396 §4.3.1): precedes the RIB records, which name peers by their place in it.
struct PeerIndexTable {
  struct Peer {
    std::uint32_t id = 0;  ///< BGP identifier, host byte order
    net::IpAddr address;
    std::uint32_t asn = 0;
    bool operator==(const Peer&) const = default;
  };
  std::uint32_t collector_id = 0;
  std::string view;
  std::vector<Peer> peers;  ///< at most 65535
  bool operator==(const PeerIndexTable&) const = default;
};

/// RIB_IPV4_UNICAST, RIB_IPV6_UNICAST and their ADDPATH forms (RFC 6396 §4.3.2, RFC 8050 §4): one prefix.
struct Rib {
  struct Entry {
    std::uint16_t peer = 0;
    std::uint32_t originated_s = 0;
    std::uint32_t path_id = 0;  ///< only with add_path
    BytesView attributes;       ///< with 4-octet AS numbers; of MP_REACH_NLRI the next hop only
  };
  std::uint32_t sequence = 0;
  net::Prefix prefix;
  bool add_path = false;
  std::vector<Entry> entries;  ///< at most 65535
};

/// TABLE_DUMP (RFC 6396 §4.2): one route, 2-octet AS numbers.
struct TableDump {
  std::uint16_t view = 0, sequence = 0;
  net::Prefix prefix;
  std::uint32_t originated_s = 0;
  net::IpAddr peer;
  std::uint16_t peer_as = 0;
  BytesView attributes;
};

/// What BGP4MP records say of the session (RFC 6396 §4.4).
struct Session {
  std::uint32_t peer_as = 0, local_as = 0;
  std::uint16_t interface = 0;
  net::IpAddr peer, local;  ///< of one family
  bool operator==(const Session&) const = default;
};

/// BGP4MP_STATE_CHANGE[_AS4]. States: 1 Idle, 2 Connect, 3 Active, 4 OpenSent, 5 OpenConfirm, 6 Established.
struct StateChange {
  Session session;
  bool as4 = true;
  std::uint16_t old_state = 0, new_state = 0;
  bool operator==(const StateChange&) const = default;
};

/// BGP4MP_MESSAGE[_AS4][_LOCAL][_ADDPATH] (RFC 6396 §4.4.2, §4.4.3; RFC 8050 §3).
struct Message {
  Session session;
  bool as4 = true;        ///< the AS numbers in the message have 4 octets
  bool sent = false;      ///< _LOCAL: by the collector, not by the peer
  bool add_path = false;  ///< prefixes have path ids
  BytesView octets;       ///< the whole BGP message, marker first
};

/// A record of another type, or a subtype that is not understood (multicast, RIB_GENERIC, ...).
struct Other {
  std::uint16_t type = 0, subtype = 0;
  std::size_t octets = 0;
};

/// Views are into the reader's buffer, valid until its next push().
struct Record {
  Time time;
  std::variant<PeerIndexTable, Rib, TableDump, StateChange, Message, Other> body;
};

/// No record of the archives comes near this; a length above it is taken for damage.
inline constexpr std::size_t kRecordOctetsMax = std::size_t{16} << 20U;

/// Cuts a stream into records. Holds one record besides what was pushed and not yet taken out.
///
///   while (auto record = reader.next(); ...)    Error: this record is malformed; go on unless lost()
class Reader {
 public:
  /// Takes any number of octets.
  void push(BytesView bytes);
  /// The next record; nullopt: more octets are needed. Errc::invalid names the offset in the file.
  Result<std::optional<Record>> next();
  /// True after damage that makes the rest unreadable: no record can be found any more.
  bool lost() const { return lost_; }
  /// At the end of the file: Errc::invalid if it ends within a record.
  Status finish() const;
  /// Octets of the complete records so far.
  std::uint64_t offset() const { return offset_; }

 private:
  Bytes buffer_;
  std::size_t begin_ = 0;
  std::uint64_t offset_ = 0;
  bool lost_ = false;
};

/// Append one record. False, and nothing appended, if it cannot be said: more than 65535 peers or entries, a
/// list of attributes of more than 65535 octets, addresses of two families.
bool write(const Time& time, const PeerIndexTable& table, ByteSink& out);
bool write(const Time& time, const Rib& rib, ByteSink& out);
bool write(const Time& time, const TableDump& route, ByteSink& out);
bool write(const Time& time, const StateChange& change, ByteSink& out);
bool write(const Time& time, const Message& message, ByteSink& out);

}  // namespace catflap::trace::mrt
