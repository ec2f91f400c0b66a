#include <algorithm>
#include <string_view>

#include "bgp/wire/detail.hpp"

namespace catflap::bgp::wire::detail {
namespace {

constexpr std::size_t kValueOctetsMax = 255;

void put_family(AfiSafi family, ByteSink& out) {
  out.u16(family.afi);
  out.u8(family.safi);
}

/// Appends a capability; a value cannot have more than 255 octets, so callers see to it.
void put_capability(std::uint8_t code, const ByteSink& value, ByteSink& out) {
  out.u8(code);
  out.u8(static_cast<std::uint8_t>(value.size()));
  out.bytes(value.view());
}

void put_flag(std::uint8_t code, bool wanted, ByteSink& out) {
  if (wanted) {
    put_capability(code, {}, out);
  }
}

/// A capability that is a list: as many instances as it needs (RFC 5492 §4 allows several).
template <class T, class Put>
void put_list(std::uint8_t code, const std::vector<T>& list, std::size_t entry_octets, Put put,
              ByteSink& out) {
  const std::size_t per_instance = kValueOctetsMax / entry_octets;
  for (std::size_t begin = 0; begin < list.size(); begin += per_instance) {
    ByteSink value;
    for (std::size_t i = begin; i < std::min(list.size(), begin + per_instance); ++i) {
      put(list[i], value);
    }
    put_capability(code, value, out);
  }
}

/// Of several instances only the last would count, so families that find no room are left out (63 of them
/// fit).
void put_graceful_restart(const Capabilities::GracefulRestart& restart, ByteSink& out) {
  ByteSink value;
  value.u16(static_cast<std::uint16_t>((restart.restarting ? 0x8000U : 0U) |
                                       (restart.notification ? 0x4000U : 0U) |
                                       (restart.restart_time_s & 0x0FFFU)));
  for (const auto& entry : restart.families) {
    if (value.size() + 4 <= kValueOctetsMax) {
      put_family(entry.family, value);
      value.u8(entry.forwarding_preserved ? 0x80 : 0);
    }
  }
  put_capability(capability::kGracefulRestart, value, out);
}

/// As for graceful restart; 36 families fit.
void put_llgr(const Capabilities& capabilities, ByteSink& out) {
  ByteSink value;
  for (const auto& entry : capabilities.llgr) {
    if (value.size() + 7 <= kValueOctetsMax) {
      put_family(entry.family, value);
      value.u32((entry.forwarding_preserved ? 0x80000000U : 0U) | (entry.stale_time_s & 0x00FFFFFFU));
    }
  }
  put_capability(capability::kLlgr, value, out);
}

void put_text(std::string_view text, std::size_t octets_max, ByteSink& out) {
  text = text.substr(0, utf8_cut(text, octets_max));
  out.u8(static_cast<std::uint8_t>(text.size()));
  out.bytes(as_bytes(text));
}

/// Everything behind the first dot is the domain. The longer part gives way if both do not fit.
void put_host_name(std::string_view name, ByteSink& out) {
  const std::size_t dot = std::min(name.find('.'), name.size());
  const std::string_view domain = dot < name.size() ? name.substr(dot + 1) : std::string_view();
  ByteSink value;
  // A dot at the end is the host name's: there is no domain that it could lead to.
  put_text(domain.empty() ? name : name.substr(0, dot), kValueOctetsMax - 2, value);
  put_text(domain, kValueOctetsMax - 1 - value.size(), value);
  put_capability(capability::kHostName, value, out);
}

void put_all(const Capabilities& capabilities, ByteSink& out) {
  const auto put_multiprotocol = [](AfiSafi family, ByteSink& value) {
    value.u16(family.afi);
    value.u8(0);
    value.u8(family.safi);
  };
  // One instance for each family: RFC 4760 §8 gives the capability a length of 4.
  for (const AfiSafi family : capabilities.multiprotocol) {
    put_list(capability::kMultiprotocol, std::vector<AfiSafi>{family}, 4, put_multiprotocol, out);
  }
  put_flag(capability::kRouteRefresh, capabilities.route_refresh, out);
  put_list(
      capability::kExtendedNextHop, capabilities.extended_next_hop, 6,
      [](const Capabilities::ExtendedNextHop& entry, ByteSink& value) {
        value.u16(entry.nlri.afi);
        value.u16(entry.nlri.safi);
        value.u16(entry.next_hop_afi);
      },
      out);
  put_flag(capability::kExtendedMessage, capabilities.extended_message, out);
  if (capabilities.role) {
    ByteSink value;
    value.u8(*capabilities.role);
    put_capability(capability::kRole, value, out);
  }
  if (capabilities.graceful_restart) {
    put_graceful_restart(*capabilities.graceful_restart, out);
  }
  if (capabilities.as4) {
    ByteSink value;
    value.u32(*capabilities.as4);
    put_capability(capability::kAs4, value, out);
  }
  put_list(
      capability::kAddPath, capabilities.add_path, 4,
      [](const Capabilities::AddPath& entry, ByteSink& value) {
        put_family(entry.family, value);
        value.u8(static_cast<std::uint8_t>((entry.receive ? 1U : 0U) | (entry.send ? 2U : 0U)));
      },
      out);
  put_flag(capability::kEnhancedRefresh, capabilities.enhanced_refresh, out);
  if (capabilities.llgr_aware || !capabilities.llgr.empty()) {
    put_llgr(capabilities, out);
  }
  if (capabilities.host_name) {
    put_host_name(*capabilities.host_name, out);
  }
  if (capabilities.software_version) {
    ByteSink value;
    put_text(*capabilities.software_version, kValueOctetsMax - 1, value);
    put_capability(capability::kSoftwareVersion, value, out);
  }
  put_list(
      capability::kPathsLimit, capabilities.paths_limit, 5,
      [](const Capabilities::PathsLimit& entry, ByteSink& value) {
        put_family(entry.family, value);
        value.u16(entry.paths);
      },
      out);
  put_flag(capability::kOldRouteRefresh, capabilities.old_route_refresh, out);
  for (const Capabilities::Unknown& unknown : capabilities.unknown) {
    ByteSink value;
    for (std::size_t i = 0; i < std::min(unknown.value.size(), kValueOctetsMax); ++i) {
      value.u8(unknown.value[i]);
    }
    put_capability(unknown.code, value, out);
  }
}

}  // namespace

void encode_capabilities(const Capabilities& capabilities, ByteSink& out) {
  ByteSink list;
  put_all(capabilities, list);
  if (list.size() == 0) {
    out.u8(0);
    return;
  }
  constexpr std::size_t kClassicHeader = 2;
  constexpr std::size_t kExtendedHeader = 3;
  if (list.size() + kClassicHeader <= 255) {
    out.u8(static_cast<std::uint8_t>(list.size() + kClassicHeader));
    out.u8(kCapabilitiesParameter);
    out.u8(static_cast<std::uint8_t>(list.size()));
  } else {  // RFC 9072 §2
    out.u8(kExtendedParameters);
    out.u8(kExtendedParameters);
    out.u16(static_cast<std::uint16_t>(list.size() + kExtendedHeader));
    out.u8(kCapabilitiesParameter);
    out.u16(static_cast<std::uint16_t>(list.size()));
  }
  out.bytes(list.view());
}

}  // namespace catflap::bgp::wire::detail
