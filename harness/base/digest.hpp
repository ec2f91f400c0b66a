#pragma once

#include "base/bytes.hpp"

/// The digests that the protocols and names here ask for. MD5 and SHA-1 are broken for signatures and are
/// here for nothing of that kind.
namespace catflap {

/// RFC 1321, for RFC 5880 §6.7.3: 16 octets.
Bytes md5(BytesView text);
/// RFC 3174, for RFC 5880 §6.7.4 and the names that Calico makes from older ones: 20 octets.
Bytes sha1(BytesView text);
/// FIPS 180-4, for the ids of Calico's selectors: 28 octets.
Bytes sha224(BytesView text);

}  // namespace catflap
