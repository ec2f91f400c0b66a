#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "bgp/wire/attributes.hpp"
#include "net/addr.hpp"

namespace catflap::bgp::wire {

inline constexpr std::size_t kHeaderOctets = 19;                 ///< RFC 4271 §4.1
inline constexpr std::size_t kMessageOctetsMax = 4096;           ///< RFC 4271 §4.1
inline constexpr std::size_t kExtendedMessageOctetsMax = 65535;  ///< RFC 8654 §3
inline constexpr std::uint32_t kAsTrans = 23456;                 ///< RFC 6793 §9

/// AFI and SAFI (RFC 4760 §3). Families that we do not speak are carried here too.
struct AfiSafi {
  std::uint16_t afi = 0;
  std::uint8_t safi = 0;

  constexpr auto operator<=>(const AfiSafi&) const = default;
};
inline constexpr AfiSafi kIpv4Unicast{1, 1};
inline constexpr AfiSafi kIpv6Unicast{2, 1};

constexpr AfiSafi unicast(net::Family family) {
  return family == net::Family::ipv4 ? kIpv4Unicast : kIpv6Unicast;
}

/// Capabilities (RFC 5492), typed where we understand them. Absence is nullopt, false or an empty vector.
struct Capabilities {
  struct GracefulRestart {  // RFC 4724 §3, RFC 8538 §2
    struct Entry {
      AfiSafi family;
      bool forwarding_preserved = false;
      auto operator<=>(const Entry&) const = default;
    };
    bool restarting = false;           ///< R bit
    bool notification = false;         ///< N bit
    std::uint16_t restart_time_s = 0;  ///< 0..4095
    std::vector<Entry> families;
    auto operator<=>(const GracefulRestart&) const = default;
  };
  struct AddPath {  // RFC 7911 §4
    AfiSafi family;
    bool receive = false;
    bool send = false;
    auto operator<=>(const AddPath&) const = default;
  };
  struct ExtendedNextHop {  // RFC 8950 §4
    AfiSafi nlri;
    std::uint16_t next_hop_afi = 0;
    auto operator<=>(const ExtendedNextHop&) const = default;
  };
  struct LongLivedGracefulRestart {  // RFC 9494 §3.1
    AfiSafi family;
    bool forwarding_preserved = false;
    std::uint32_t stale_time_s = 0;  ///< 24 bits
    auto operator<=>(const LongLivedGracefulRestart&) const = default;
  };
  struct PathsLimit {  // draft-abraitis-idr-addpath-paths-limit
    AfiSafi family;
    std::uint16_t paths = 0;
    auto operator<=>(const PathsLimit&) const = default;
  };
  struct Unknown {
    std::uint8_t code = 0;
    std::vector<std::uint8_t> value;
    auto operator<=>(const Unknown&) const = default;
  };

  std::vector<AfiSafi> multiprotocol;               ///< code 1
  bool route_refresh = false;                       ///< code 2
  std::vector<ExtendedNextHop> extended_next_hop;   ///< code 5
  bool extended_message = false;                    ///< code 6, RFC 8654
  std::optional<std::uint8_t> role;                 ///< code 9, RFC 9234
  std::optional<GracefulRestart> graceful_restart;  ///< code 64
  std::optional<std::uint32_t> as4;                 ///< code 65, the sender's AS
  std::vector<AddPath> add_path;                    ///< code 69
  bool enhanced_refresh = false;                    ///< code 70
  bool llgr_aware = false;                          ///< code 71 present, even without families
  std::vector<LongLivedGracefulRestart> llgr;       ///< code 71
  std::optional<std::string> host_name;             ///< code 73 (draft), for people
  std::optional<std::string> software_version;      ///< code 75 (draft), for people
  std::vector<PathsLimit> paths_limit;              ///< code 76 (draft), only shown
  bool old_route_refresh = false;                   ///< code 128 (before RFC 2918), only shown
  std::vector<Unknown> unknown;

  auto operator<=>(const Capabilities&) const = default;
};

/// RFC 4271 §4.2.
struct Open {
  std::uint8_t version = 4;
  std::uint16_t as2 = 0;  ///< "My Autonomous System" as on the wire: AS_TRANS if the AS needs 4 octets
  std::uint16_t hold_time_s = 0;
  std::uint32_t router_id = 0;
  Capabilities capabilities;
  std::vector<std::string> warnings;  ///< what was odd and left out when this was decoded; never encoded

  /// The AS of the sender: the 4-octet capability where present, else as2.
  std::uint32_t asn() const { return capabilities.as4.value_or(as2); }
  auto operator<=>(const Open&) const = default;
};

/// A prefix with its path identifier (RFC 7911 §3); 0 without ADD-PATH.
struct Nlri {
  net::Prefix prefix;
  std::uint32_t path_id = 0;

  auto operator<=>(const Nlri&) const = default;
};

/// RFC 7606 §2, from the mildest to the strongest reaction.
enum class Severity : std::uint8_t { attribute_discard, treat_as_withdraw, disable_family, session_reset };

/// A malformed attribute that did not cost the session.
struct AttributeError {
  Severity severity = Severity::attribute_discard;
  std::uint8_t type = 0;     ///< attribute type code
  std::uint8_t subcode = 0;  ///< of UPDATE Message Error (RFC 4271 §6.3), for logs
  std::string what;          ///< "ORIGIN has length 2, expected 1"
  Bytes attribute;           ///< the attribute as received, flags first
};

/// RFC 4271 §4.3 and RFC 4760, for one family at most in each direction besides classic IPv4.
struct Update {
  std::vector<Nlri> withdrawn;  ///< IPv4 from the classic field, and the family of MP_UNREACH
  std::vector<Nlri> announced;  ///< IPv4 from the classic field, and the family of MP_REACH
  Attributes attributes;
  /// The next hop of the classic IPv4 NLRI when MP_REACH gave attributes.next_hop for another family.
  std::optional<net::IpAddr> classic_next_hop;
  std::optional<AfiSafi> end_of_rib;  ///< RFC 4724 §2; then everything else is empty
  /// What was wrong and survived. With treat_as_withdraw among them the decoder has already moved `announced`
  /// to `withdrawn`.
  std::vector<AttributeError> errors;

  bool has_error(Severity severity) const {
    for (const AttributeError& error : errors) {
      if (error.severity == severity) {
        return true;
      }
    }
    return false;
  }
};

/// RFC 4271 §4.5, with the data field as sent.
struct Notification {
  std::uint8_t code = 0;
  std::uint8_t subcode = 0;
  Bytes data;

  bool operator==(const Notification&) const = default;
};

struct Keepalive {
  bool operator==(const Keepalive&) const = default;
};

/// RFC 2918, RFC 7313: subtype 0 asks, 1 begins (BoRR), 2 ends (EoRR).
struct RouteRefresh {
  AfiSafi family;
  std::uint8_t subtype = 0;

  bool operator==(const RouteRefresh&) const = default;
};

using Message = std::variant<Open, Update, Notification, Keepalive, RouteRefresh>;

}  // namespace catflap::bgp::wire
