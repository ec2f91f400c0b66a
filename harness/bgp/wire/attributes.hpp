#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "net/addr.hpp"
#include "net/as_path.hpp"
#include "net/community.hpp"

namespace catflap::bgp::wire {

/// RFC 4271 §4.3 a).
enum class Origin : std::uint8_t { igp = 0, egp = 1, incomplete = 2 };

/// Attribute type codes (IANA "BGP Path Attributes").
namespace attr_type {
inline constexpr std::uint8_t kOrigin = 1;
inline constexpr std::uint8_t kAsPath = 2;
inline constexpr std::uint8_t kNextHop = 3;
inline constexpr std::uint8_t kMed = 4;
inline constexpr std::uint8_t kLocalPref = 5;
inline constexpr std::uint8_t kAtomicAggregate = 6;
inline constexpr std::uint8_t kAggregator = 7;
inline constexpr std::uint8_t kCommunity = 8;
inline constexpr std::uint8_t kOriginatorId = 9;
inline constexpr std::uint8_t kClusterList = 10;
inline constexpr std::uint8_t kMpReach = 14;
inline constexpr std::uint8_t kMpUnreach = 15;
inline constexpr std::uint8_t kExtCommunity = 16;
inline constexpr std::uint8_t kAs4Path = 17;
inline constexpr std::uint8_t kAs4Aggregator = 18;
inline constexpr std::uint8_t kAigp = 26;
inline constexpr std::uint8_t kLargeCommunity = 32;
inline constexpr std::uint8_t kOtc = 35;
}  // namespace attr_type

/// RFC 4271 §4.3 g), with a 4-octet AS number.
struct Aggregator {
  std::uint32_t asn = 0;
  std::uint32_t address = 0;  ///< IPv4, host byte order

  auto operator<=>(const Aggregator&) const = default;
};

/// An attribute that we do not interpret. Only transitive ones are kept (RFC 4271 §5).
struct UnknownAttribute {
  std::uint8_t flags = 0;
  std::uint8_t type = 0;
  std::vector<std::uint8_t> value;

  auto operator<=>(const UnknownAttribute&) const = default;
};

/// The path attributes of a route, decoded and independent of the session they came by: AS numbers have 4
/// octets (AS4_PATH is merged in), and the next hop is here for every family (RFC 4760: it stands in MP_REACH
/// on the wire).
struct Attributes {
  std::optional<Origin> origin;
  std::optional<net::AsPath> as_path;
  std::optional<net::IpAddr> next_hop;
  std::optional<net::IpAddr> link_local_next_hop;  ///< RFC 2545: the second address of a 32-octet next hop
  std::optional<std::uint32_t> med;
  std::optional<std::uint32_t> local_pref;
  bool atomic_aggregate = false;
  std::optional<Aggregator> aggregator;
  std::vector<net::Community> communities;
  std::vector<net::ExtCommunity> ext_communities;
  std::vector<net::LargeCommunity> large_communities;
  std::optional<std::uint32_t> originator_id;  ///< RFC 4456
  std::vector<std::uint32_t> cluster_list;     ///< RFC 4456; nearest reflector first
  std::optional<std::uint32_t> otc;            ///< RFC 9234 §5
  std::vector<UnknownAttribute> unknown;       ///< ascending by type

  /// Lists that are there with nothing in them, because a filter emptied them: BIRD tells them from absent
  /// ones. Never on the wire.
  struct Emptied {
    bool communities : 1 = false;
    bool ext_communities : 1 = false;
    bool large_communities : 1 = false;

    auto operator<=>(const Emptied&) const = default;
  };
  Emptied emptied;

  auto operator<=>(const Attributes&) const = default;
};

}  // namespace catflap::bgp::wire
