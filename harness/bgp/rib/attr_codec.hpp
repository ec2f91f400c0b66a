#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "bgp/wire/attributes.hpp"

/// BGP attributes as a short string of octets: equal strings exactly for equal attributes. For memory only;
/// the form is of this machine and this build.
namespace catflap::bgp::rib {

/// Appends to `out`.
void pack(const wire::Attributes& attributes, Bytes& out);
/// Whatever `attributes` said before is gone; its memory is used again. Precondition: `octets` come from
/// pack().
void unpack(BytesView octets, wire::Attributes& attributes);

}  // namespace catflap::bgp::rib
