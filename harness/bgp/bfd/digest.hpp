#pragma once

#include "base/bytes.hpp"

/// The digests that RFC 5880 §6.7.3 and §6.7.4 ask for. Both are broken for signatures and are here for
/// nothing else.
namespace catflap::bgp::bfd {

/// RFC 1321: 16 octets.
Bytes md5(BytesView text);
/// RFC 3174: 20 octets.
Bytes sha1(BytesView text);

}  // namespace catflap::bgp::bfd
