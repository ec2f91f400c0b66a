#include "net/community.hpp"

#include <fmt/format.h>

#include "net/addr.hpp"

namespace catflap::net {

std::string community_to_string(Community community) {
  return fmt::format("({},{})", community >> 16U, community & 0xFFFFU);
}

std::string ext_community_to_string(ExtCommunity community) {
  // RFC 4360 §3.1-3.2, RFC 5668: type 0x00 has a 2-octet AS, 0x01 an IPv4 address, 0x02 a 4-octet AS.
  const auto type = static_cast<unsigned>(community >> 56U);
  const auto subtype = static_cast<unsigned>(community >> 48U & 0xFFU);
  const auto high = static_cast<std::uint32_t>(community >> 32U);
  const auto low = static_cast<std::uint32_t>(community);
  const bool known = (type & 0xF0U) == 0 && (subtype == 2 || subtype == 3);
  if ((type & 0xBFU) > 2) {
    return fmt::format("(generic, {:#x}, {:#x})", high, low);
  }
  const std::string kind = known ? (subtype == 2 ? "rt" : "ro") : fmt::format("unknown {:#x}", high >> 16U);
  if ((type & 0xBFU) == 0) {
    return fmt::format("({}, {}, {})", kind, high & 0xFFFFU, low);
  }
  const auto key = static_cast<std::uint32_t>(community >> 16U);
  const std::string administrator = (type & 0xBFU) == 1 ? router_id_to_string(key) : std::to_string(key);
  return fmt::format("({}, {}, {})", kind, administrator, community & 0xFFFFU);
}

std::string to_string(const LargeCommunity& community) {
  return fmt::format("({}, {}, {})", community.global, community.local1, community.local2);
}

}  // namespace catflap::net
