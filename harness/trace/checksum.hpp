#pragma once

#include <cstdint>

#include "base/bytes.hpp"

namespace catflap::trace {

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `bytes`, continued from `crc` (0 to begin).
std::uint32_t crc32c(BytesView bytes, std::uint32_t crc = 0);

/// A 64-bit hash of `bytes`, continued from `hash`; the same on every machine. Not against malice.
std::uint64_t hash64(BytesView bytes, std::uint64_t hash = 0);

}  // namespace catflap::trace
