#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "net/addr.hpp"

/// ICMP messages (RFC 792, RFC 4443) as far as echo needs them. Pure and total.
namespace catflap::probe {

struct Echo {
  std::uint16_t ident = 0, sequence = 0;
  std::uint64_t cookie = 0, token = 0;  ///< first octets of the payload: whose it is, and which
};
/// An echo request with `payload_octets` (at least 16). The checksum of ICMPv6 is left to the kernel.
Bytes encode_echo_request(net::Family family, const Echo& echo, std::size_t payload_octets);

struct IcmpReply {
  bool error = false;  ///< a complaint about an echo request, instead of the echo
  std::uint8_t type = 0, code = 0;
  Echo echo;                               ///< of a complaint: ident and sequence only
  std::optional<net::IpAddr> destination;  ///< of a complaint: where the request went
};
/// Reads what a raw socket delivers: with the IP header for IPv4, without for IPv6. nullopt for everything
/// but echo replies and complaints about echo requests.
std::optional<IcmpReply> decode_icmp(net::Family family, BytesView packet);

/// "Destination net unreachable", "Time to live exceeded", ...
std::string describe_icmp(net::Family family, std::uint8_t type, std::uint8_t code);

}  // namespace catflap::probe
