#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "base/bytes.hpp"
#include "bgp/wire/codec.hpp"

/// Parts of the codec that only the codec uses.
namespace catflap::bgp::wire::detail {

/// Capability codes (IANA "Capability Codes").
namespace capability {
inline constexpr std::uint8_t kMultiprotocol = 1;
inline constexpr std::uint8_t kRouteRefresh = 2;
inline constexpr std::uint8_t kExtendedNextHop = 5;
inline constexpr std::uint8_t kExtendedMessage = 6;
inline constexpr std::uint8_t kRole = 9;
inline constexpr std::uint8_t kGracefulRestart = 64;
inline constexpr std::uint8_t kAs4 = 65;
inline constexpr std::uint8_t kAddPath = 69;
inline constexpr std::uint8_t kEnhancedRefresh = 70;
inline constexpr std::uint8_t kLlgr = 71;
inline constexpr std::uint8_t kHostName = 73;
inline constexpr std::uint8_t kSoftwareVersion = 75;
inline constexpr std::uint8_t kPathsLimit = 76;
inline constexpr std::uint8_t kOldRouteRefresh = 128;
}  // namespace capability

/// Attribute flags (RFC 4271 §4.3).
inline constexpr std::uint8_t kOptional = 0x80;
inline constexpr std::uint8_t kTransitive = 0x40;
inline constexpr std::uint8_t kPartial = 0x20;
inline constexpr std::uint8_t kExtendedLength = 0x10;

inline constexpr std::uint8_t kIpv6ExtCommunity = 25;  ///< RFC 5701; carried, not interpreted
inline constexpr std::uint8_t kLinkState = 29;         ///< RFC 9552; never passed on

inline constexpr std::uint8_t kCapabilitiesParameter = 2;  ///< RFC 5492 §4
inline constexpr std::uint8_t kExtendedParameters = 255;   ///< RFC 9072 §2
inline constexpr std::uint8_t kSupportedVersion = 4;

using Decoded = tl::expected<Message, DecodeError>;

inline DecodeError session_error(std::uint8_t code, std::uint8_t subcode, std::string what, Bytes data = {}) {
  return DecodeError{
      Notification{code, subcode, std::move(data)}, std::move(what), std::nullopt, 0, std::nullopt, false};
}

inline Bytes copy_of(BytesView bytes) {
  return {bytes.begin(), bytes.end()};
}

inline bool contains(const std::vector<AfiSafi>& families, AfiSafi family) {
  return std::find(families.begin(), families.end(), family) != families.end();
}

/// The address family of the unicast families, nullopt for all others.
inline std::optional<net::Family> unicast_family(AfiSafi family) {
  return family == kIpv4Unicast   ? std::optional(net::Family::ipv4)
         : family == kIpv6Unicast ? std::optional(net::Family::ipv6)
                                  : std::nullopt;
}

/// Appends the prefixes of an NLRI field (RFC 4271 §4.3, RFC 7911 §3); host bits are cleared. False if a
/// prefix is too long for the family or cut off; `out` then holds those before it.
bool decode_nlri(BytesView field, net::Family family, bool add_path, std::vector<Nlri>& out);

/// One prefix as on the wire.
struct EncodedNlri {
  std::array<std::byte, 21> octets{};
  std::size_t size = 0;
  BytesView view() const { return BytesView(octets).first(size); }
};
EncodedNlri encode_nlri(const Nlri& nlri, bool add_path);

/// The value of AS_PATH or AS4_PATH; what `out` said before is gone, its memory is used again. Returns what
/// is wrong, or nullptr; `out` is then of no use.
const char* decode_as_path(BytesView value, bool as4, net::AsPath& out);
/// RFC 6793 §4.2.3: the path that a 2-octet AS_PATH and an AS4_PATH mean together.
net::AsPath merge_as4_path(net::AsPath two_octet, const net::AsPath& four_octet);
/// Octets of the value.
std::size_t as_path_octets(const net::AsPath& path, bool as4);
/// Appends the value; AS numbers that do not fit become AS_TRANS if not `as4`.
void encode_as_path(const net::AsPath& path, bool as4, ByteSink& out);

Decoded decode_open(BytesView body);
Decoded decode_update(BytesView body, const DecodeContext& context);

/// Opens a message; returns where it begins. Its length is filled in by finish_message().
std::size_t begin_message(std::uint8_t type, ByteSink& out);
void finish_message(std::size_t begin, ByteSink& out);

/// The optional parameters, their length in front.
void encode_capabilities(const Capabilities& capabilities, ByteSink& out);
bool encode_update(const Update& update, const EncodeContext& context, ByteSink& out);
/// All attributes but the multiprotocol ones, ascending by type; NEXT_HOP only with `classic_next_hop`. False
/// if one of them has no room even in the largest message.
bool encode_attributes(const Attributes& attributes, bool classic_next_hop, const EncodeContext& context,
                       ByteSink& out);

/// The text with everything that is no printable UTF-8 replaced by '?', octet by octet.
std::string printable(std::string_view text);
/// The length of the longest prefix of valid UTF-8 `text` that has at most `octets_max` octets and ends
/// between two characters.
std::size_t utf8_cut(std::string_view text, std::size_t octets_max);

}  // namespace catflap::bgp::wire::detail
