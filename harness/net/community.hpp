#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace catflap::net {

/// RFC 1997: AS number in the high half, value in the low one.
using Community = std::uint32_t;

inline constexpr Community kNoExport = 0xFFFFFF01U;
inline constexpr Community kNoAdvertise = 0xFFFFFF02U;
inline constexpr Community kNoExportSubconfed = 0xFFFFFF03U;
inline constexpr Community kNoPeer = 0xFFFFFF04U;
inline constexpr Community kGracefulShutdown = 0xFFFF0000U;
inline constexpr Community kLlgrStale = 0xFFFF0006U;
inline constexpr Community kNoLlgr = 0xFFFF0007U;
inline constexpr Community kBlackhole = 0xFFFF029AU;

/// RFC 4360: eight octets as one number, type in the highest octet.
using ExtCommunity = std::uint64_t;

/// RFC 8092: global administrator and two local values.
struct LargeCommunity {
  std::uint32_t global = 0;
  std::uint32_t local1 = 0;
  std::uint32_t local2 = 0;

  auto operator<=>(const LargeCommunity&) const = default;
};

/// "(65001,100)", as BIRD prints it.
std::string community_to_string(Community community);
/// "(rt, 64512, 5)", "(ro, ...)", or "(generic, 0x43000000, 0x1)", as BIRD prints it.
std::string ext_community_to_string(ExtCommunity community);
/// "(64512, 1, 2)", as BIRD prints it.
std::string to_string(const LargeCommunity& community);

}  // namespace catflap::net
