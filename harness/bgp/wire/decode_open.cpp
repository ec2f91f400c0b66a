#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "bgp/wire/detail.hpp"
#include "bgp/wire/notification.hpp"

namespace catflap::bgp::wire::detail {
namespace {

DecodeError open_failure(std::uint8_t subcode, std::string what) {
  return session_error(error_code::kOpen, subcode, std::move(what));
}

template <class T>
void add_once(std::vector<T>& list, const T& value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) {
    list.push_back(value);
  }
}

AfiSafi read_family(ByteReader& reader) {
  AfiSafi family;
  family.afi = reader.u16().value_or(0);
  family.safi = reader.u8().value_or(0);
  return family;
}

/// RFC 8950 §4: AFI, SAFI in two octets, AFI of the next hop.
bool read_extended_next_hop(BytesView value, Capabilities& out) {
  if (value.empty() || value.size() % 6 != 0) {
    return false;
  }
  ByteReader reader(value);
  while (!reader.empty()) {
    Capabilities::ExtendedNextHop entry;
    entry.nlri.afi = reader.u16().value_or(0);
    const std::uint16_t safi = reader.u16().value_or(0);
    entry.next_hop_afi = reader.u16().value_or(0);
    if (safi <= 0xFF) {  // no other SAFI exists
      entry.nlri.safi = static_cast<std::uint8_t>(safi);
      add_once(out.extended_next_hop, entry);
    }
  }
  return true;
}

/// RFC 4724 §3. Of several instances the last counts.
bool read_graceful_restart(BytesView value, Capabilities& out) {
  ByteReader reader(value);
  const auto flags = reader.u16();
  if (!flags || reader.remaining() % 4 != 0) {
    return false;
  }
  Capabilities::GracefulRestart restart;
  restart.restarting = (*flags & 0x8000U) != 0;
  restart.notification = (*flags & 0x4000U) != 0;
  restart.restart_time_s = *flags & 0x0FFFU;
  while (!reader.empty()) {
    const AfiSafi family = read_family(reader);
    restart.families.push_back({family, (reader.u8().value_or(0) & 0x80U) != 0});
  }
  out.graceful_restart = std::move(restart);
  return true;
}

/// RFC 7911 §4: a value other than 1 to 3 makes the capability one that is not understood.
bool read_add_path(BytesView value, Capabilities& out) {
  if (value.empty() || value.size() % 4 != 0) {
    return false;
  }
  std::vector<Capabilities::AddPath> entries;
  ByteReader reader(value);
  while (!reader.empty()) {
    const AfiSafi family = read_family(reader);
    const std::uint8_t mode = reader.u8().value_or(0);
    if (mode < 1 || mode > 3) {
      return false;
    }
    entries.push_back({family, (mode & 1U) != 0, (mode & 2U) != 0});
  }
  for (const Capabilities::AddPath& entry : entries) {
    const bool known = std::any_of(out.add_path.begin(), out.add_path.end(),
                                   [&entry](const auto& other) { return other.family == entry.family; });
    if (!known) {
      out.add_path.push_back(entry);
    }
  }
  return true;
}

/// RFC 9494 §3.1. Of several instances the last counts.
bool read_llgr(BytesView value, Capabilities& out) {
  if (value.size() % 7 != 0) {
    return false;
  }
  out.llgr_aware = true;
  out.llgr.clear();
  ByteReader reader(value);
  while (!reader.empty()) {
    const AfiSafi family = read_family(reader);
    const std::uint32_t rest = reader.u32().value_or(0);
    out.llgr.push_back({family, (rest & 0x80000000U) != 0, rest & 0x00FFFFFFU});
  }
  return true;
}

std::optional<std::string> read_text(ByteReader& reader) {
  const auto size = reader.u8();
  const auto text = size ? reader.take(*size) : std::nullopt;
  return text ? std::optional(printable(as_text(*text))) : std::nullopt;
}

/// draft-walton-bgp-hostname-capability: host name, domain name; the second may be empty.
bool read_host_name(BytesView value, Capabilities& out) {
  ByteReader reader(value);
  const auto host = read_text(reader);
  const auto domain = read_text(reader);
  if (!host || !domain) {
    return false;
  }
  out.host_name = domain->empty() ? *host : *host + "." + *domain;
  return true;
}

/// draft-abraitis-bgp-version-capability.
bool read_software_version(BytesView value, Capabilities& out) {
  ByteReader reader(value);
  auto version = read_text(reader);
  if (!version) {
    return false;
  }
  out.software_version = std::move(version);
  return true;
}

/// draft-abraitis-idr-addpath-paths-limit: family and number of paths.
bool read_paths_limit(BytesView value, Capabilities& out) {
  if (value.empty() || value.size() % 5 != 0) {
    return false;
  }
  for (ByteReader reader(value); !reader.empty();) {
    const AfiSafi family = read_family(reader);
    add_once(out.paths_limit, Capabilities::PathsLimit{family, reader.u16().value_or(0)});
  }
  return true;
}

/// A capability without value.
bool read_flag(BytesView value, bool& flag) {
  if (!value.empty()) {
    return false;
  }
  flag = true;
  return true;
}

bool read_multiprotocol(BytesView value, Capabilities& out) {
  if (value.size() != 4) {
    return false;
  }
  ByteReader reader(value);
  AfiSafi family;
  family.afi = reader.u16().value_or(0);
  (void)reader.u8();  // reserved (RFC 4760 §8)
  family.safi = reader.u8().value_or(0);
  add_once(out.multiprotocol, family);
  return true;
}

/// False if the value cannot be what the capability defines; then nothing has changed.
bool read_capability(std::uint8_t code, BytesView value, Capabilities& out) {
  switch (code) {
    case capability::kMultiprotocol:
      return read_multiprotocol(value, out);
    case capability::kRouteRefresh:
      return read_flag(value, out.route_refresh);
    case capability::kExtendedNextHop:
      return read_extended_next_hop(value, out);
    case capability::kExtendedMessage:
      return read_flag(value, out.extended_message);
    case capability::kRole:
      if (value.size() != 1) {
        return false;
      }
      out.role = std::to_integer<std::uint8_t>(value[0]);
      return true;
    case capability::kGracefulRestart:
      return read_graceful_restart(value, out);
    case capability::kAs4:
      if (value.size() != 4) {
        return false;
      }
      out.as4 = ByteReader(value).u32();
      return true;
    case capability::kAddPath:
      return read_add_path(value, out);
    case capability::kEnhancedRefresh:
      return read_flag(value, out.enhanced_refresh);
    case capability::kLlgr:
      return read_llgr(value, out);
    case capability::kHostName:
      return read_host_name(value, out);
    case capability::kSoftwareVersion:
      return read_software_version(value, out);
    case capability::kPathsLimit:
      return read_paths_limit(value, out);
    case capability::kOldRouteRefresh:
      return read_flag(value, out.old_route_refresh);
    default: {
      Capabilities::Unknown unknown{code, {}};
      unknown.value.reserve(value.size());
      std::transform(value.begin(), value.end(), std::back_inserter(unknown.value),
                     [](std::byte octet) { return std::to_integer<std::uint8_t>(octet); });
      add_once(out.unknown, unknown);
      return true;
    }
  }
}

/// The value of one parameter of type 2: any number of capabilities (RFC 5492 §4).
std::optional<DecodeError> read_capabilities(BytesView parameter, Open& out) {
  ByteReader reader(parameter);
  while (!reader.empty()) {
    const auto code = reader.u8();
    const auto size = reader.u8();
    const auto value = size ? reader.take(*size) : std::nullopt;
    if (!value) {
      return open_failure(open_error::kUnspecific,
                          fmt::format("capability {} runs over the end of its parameter", code.value_or(0)));
    }
    const auto role_before = out.capabilities.role;
    if (!read_capability(*code, *value, out.capabilities)) {
      out.warnings.push_back(
          fmt::format("capability {} has a malformed value and is ignored: {}", *code, to_hex(*value)));
    }
    if (role_before && out.capabilities.role != role_before) {  // RFC 9234 §4.2
      return open_failure(open_error::kRoleMismatch, fmt::format("roles {} and {} in one OPEN", *role_before,
                                                                 out.capabilities.role.value_or(0)));
    }
  }
  return std::nullopt;
}

/// The optional parameters; `extended` (RFC 9072) gives them lengths of two octets.
std::optional<DecodeError> read_parameters(BytesView parameters, bool extended, Open& out) {
  ByteReader reader(parameters);
  while (!reader.empty()) {
    const auto type = reader.u8();
    const std::optional<std::size_t> size =
        extended ? std::optional<std::size_t>(reader.u16()) : std::optional<std::size_t>(reader.u8());
    const auto value = size ? reader.take(*size) : std::nullopt;
    if (!value) {
      return open_failure(open_error::kUnspecific,
                          fmt::format("optional parameter {} runs over the end", type.value_or(0)));
    }
    if (*type != kCapabilitiesParameter) {
      return open_failure(open_error::kUnsupportedParameter,
                          fmt::format("optional parameter {} is unknown", *type));
    }
    if (auto error = read_capabilities(*value, out)) {
      return error;
    }
  }
  return std::nullopt;
}

}  // namespace

Decoded decode_open(BytesView body) {
  ByteReader reader(body);
  Open open;
  open.version = reader.u8().value_or(0);
  if (open.version != kSupportedVersion) {
    DecodeError error = open_failure(
        open_error::kUnsupportedVersion,
        fmt::format("BGP version {} is not spoken here, {} is", open.version, kSupportedVersion));
    error.notification.data = Bytes{std::byte{0}, std::byte{kSupportedVersion}};
    return tl::unexpected(std::move(error));
  }
  open.as2 = reader.u16().value_or(0);
  open.hold_time_s = reader.u16().value_or(0);
  open.router_id = reader.u32().value_or(0);
  const Open fixed = open;
  const auto refuse = [&fixed](DecodeError error) -> Decoded {
    error.open = fixed;
    return tl::unexpected(std::move(error));
  };
  std::size_t size = reader.u8().value_or(0);
  BytesView parameters = reader.rest();
  // RFC 9072 §2: a first parameter of type 255 says that type and length of all are in the longer form; the
  // one-octet length is then without meaning, unless it is 0.
  const bool extended =
      size != 0 && !parameters.empty() && std::to_integer<int>(parameters[0]) == kExtendedParameters;
  if (extended) {
    ByteReader longer(parameters.subspan(1));
    size = longer.u16().value_or(0);
    if (parameters.size() < 3) {
      return refuse(
          open_failure(open_error::kUnspecific, "the length of the extended optional parameters is cut off"));
    }
    parameters = longer.rest();
  }
  if (size != parameters.size()) {
    return refuse(open_failure(
        open_error::kUnspecific,
        fmt::format("optional parameters of {} octets where {} are left", size, parameters.size())));
  }
  if (auto error = read_parameters(parameters, extended, open)) {
    return refuse(std::move(*error));
  }
  return open;
}

}  // namespace catflap::bgp::wire::detail
