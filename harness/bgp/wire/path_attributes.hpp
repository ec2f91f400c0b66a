#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "bgp/wire/attributes.hpp"
#include "bgp/wire/message.hpp"
#include "net/addr.hpp"
#include "net/as_path.hpp"

/// Lists of path attributes outside of UPDATE messages, as MRT files have them (RFC 6396 §4.3.4).
namespace catflap::bgp::wire {

/// An attribute as it came; a view.
struct AttributeView {
  std::uint8_t flags = 0;
  std::uint8_t type = 0;
  BytesView value;
  BytesView whole;  ///< from the flags on
};

/// Takes the next attribute off `list`. nullopt: the list is empty or what is left of it is no attribute.
std::optional<AttributeView> next_attribute(ByteReader& list);

/// The value of an AS_PATH as it stands there, AS 0 and empty segments included; nullopt if it is malformed.
std::optional<net::AsPath> read_as_path(BytesView value, bool as4);

/// RFC 6793 §4.2.3: the path that a 2-octet AS_PATH and an AS4_PATH mean together.
net::AsPath merge_as_paths(net::AsPath two_octet, const net::AsPath& four_octet);

/// Appends the prefixes of an NLRI field. False if one is too long for the family or cut off; `out` then
/// holds those before it.
bool read_nlri(BytesView field, net::Family family, bool add_path, std::vector<Nlri>& out);
/// Appends one prefix: its length, then its octets; no path id.
void write_prefix(const net::Prefix& prefix, ByteSink& out);

/// Appends all attributes with 4-octet AS numbers, LOCAL_PREF and those of reflection included. A next hop
/// that is IPv6, or of a prefix of `family` ipv6, stands in an MP_REACH_NLRI of nothing but the next hop (RFC
/// 6396 §4.3.4). False if an attribute is too long for its length field.
bool encode_attribute_list(const Attributes& attributes, net::Family family, ByteSink& out);

}  // namespace catflap::bgp::wire
