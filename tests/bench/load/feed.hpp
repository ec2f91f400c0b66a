#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "bgp/wire/attributes.hpp"
#include "bgp/wire/message.hpp"

/// What the measurements announce, and its octets.
namespace catflap::bench {

/// Prefixes that share their attributes.
struct RouteSet {
  bgp::wire::Attributes attributes;
  std::vector<bgp::wire::Nlri> prefixes;
};
using Feed = std::vector<RouteSet>;

/// `prefixes` distinct IPv4 prefixes of global unicast space, /16 to /24, most of them /24, in random order
/// with prefixes / 8 distinct attribute sets (at least one): ORIGIN, an AS_PATH of 2 to 6, NEXT_HOP. The same
/// for the same arguments. Errc::invalid beyond 2,000,000 prefixes.
Result<Feed> synthetic_feed(std::size_t prefixes, std::uint64_t seed);

/// The IPv4 unicast routes of a TABLE_DUMP_V2 file (RFC 6396 §4.3), the first entry of each record, by
/// attribute sets in the order of their first prefix. Errc::io or Errc::invalid names the file.
Result<Feed> mrt_feed(const std::string& path);

/// Who announces a feed.
struct Announcer {
  std::uint32_t as = 0;
  std::uint32_t next_hop = 0;  ///< IPv4, host byte order
  bool internal = false;       ///< iBGP: the paths stay as they are, LOCAL_PREF 100 is added
  /// One more prefix with attributes of its own at the very end, by which a receiver knows that all before it
  /// has been taken in.
  std::optional<net::Prefix> sentinel;
};

/// A feed as messages.
struct Stream {
  Bytes octets;
  std::size_t prefixes = 0;
  std::size_t messages = 0;
};

/// eBGP: the first AS of every path becomes the announcer's. 4-octet AS numbers.
Stream encode_feed(const Feed& feed, const Announcer& announcer);

}  // namespace catflap::bench
