#include "bgp/fsm/open_check.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "bgp/fsm/negotiate.hpp"
#include "bgp/wire/notification.hpp"

namespace catflap::bgp::fsm {
namespace {

namespace open_error = wire::open_error;

OpenRefusal refusal(std::uint8_t subcode, ByteSink data, std::string what) {
  return {{wire::error_code::kOpen, subcode, data.release()}, std::move(what)};
}

ByteSink u32_data(std::uint32_t value) {
  ByteSink data;
  data.u32(value);
  return data;
}

/// RFC 5492 §3: the capabilities that were missed, encoded as in an OPEN.
ByteSink multiprotocol_data(const std::vector<wire::AfiSafi>& families) {
  ByteSink data;
  for (const wire::AfiSafi& family : families) {
    data.u8(1);
    data.u8(4);
    data.u16(family.afi);
    data.u8(0);
    data.u8(family.safi);
  }
  return data;
}

std::optional<std::string> wrong_as(const PeerConfig& config, std::uint32_t asn) {
  if (asn == 0) {
    return "peer AS is 0";  // RFC 7607 §2
  }
  if (config.peer_as != 0) {
    if (asn != config.peer_as) {
      return fmt::format("peer AS is {}, expected {}", asn, config.peer_as);
    }
    return std::nullopt;
  }
  const bool internal = asn == config.local_as;
  if (config.any_internal && !config.any_external && !internal) {
    return fmt::format("peer AS is {}, expected an internal peer of AS {}", asn, config.local_as);
  }
  if (config.any_external && !config.any_internal && internal) {
    return fmt::format("peer AS is {}, our own, expected an external peer", asn);
  }
  return std::nullopt;
}

/// RFC 9234 §4.2: Provider 0 with Customer 3, RS 1 with RS-Client 2, Peer 4 with Peer.
bool roles_fit(std::uint8_t local, std::uint8_t remote) {
  switch (local) {
    case 0:
      return remote == 3;
    case 1:
      return remote == 2;
    case 2:
      return remote == 1;
    case 3:
      return remote == 0;
    case 4:
      return remote == 4;
    default:
      return false;
  }
}

std::optional<OpenRefusal> check_families(const PeerConfig& config, const wire::Open& local,
                                          const wire::Open& remote) {
  const std::vector<wire::AfiSafi> theirs = offered_families(remote);
  std::vector<wire::AfiSafi> missing;
  for (const wire::AfiSafi& family : config.required_families) {
    if (std::find(theirs.begin(), theirs.end(), family) == theirs.end()) {
      missing.push_back(family);
    }
  }
  if (!missing.empty()) {
    return refusal(open_error::kUnsupportedCapability, multiprotocol_data(missing),
                   fmt::format("required address family {}/{} is missing", missing[0].afi, missing[0].safi));
  }
  // Without a common family the session could carry nothing; saying so beats a session that looks healthy.
  if (common_families(local, remote).empty()) {
    return refusal(open_error::kUnsupportedCapability, multiprotocol_data(offered_families(local)),
                   "no address family in common");
  }
  return std::nullopt;
}

/// RFC 5492 §3: the capabilities without which there is no session. A value is not known for one that the
/// peer did not send, so only code and an empty value are told.
std::optional<OpenRefusal> check_required(const PeerConfig& config, const wire::Capabilities& theirs) {
  struct Item {
    bool required, present;
    std::uint8_t code;
    const char* name;
  };
  const PeerConfig::Requirements& required = config.required;
  const Item items[] = {
      {required.route_refresh, theirs.route_refresh, 2, "route refresh"},
      {required.extended_message, theirs.extended_message, 6, "extended messages"},
      {required.graceful_restart, theirs.graceful_restart.has_value(), 64, "graceful restart"},
      {required.as4, theirs.as4.has_value(), 65, "4-octet AS numbers"},
      {required.enhanced_refresh, theirs.enhanced_refresh, 70, "enhanced route refresh"},
      {required.llgr, theirs.llgr_aware, 71, "long-lived graceful restart"},
      {required.host_name, theirs.host_name.has_value(), 73, "host name"}};
  ByteSink data;
  std::string names;
  for (const Item& item : items) {
    if (item.required && !item.present) {
      data.u8(item.code);
      data.u8(0);
      names += (names.empty() ? "" : ", ") + std::string(item.name);
    }
  }
  if (names.empty()) {
    return std::nullopt;
  }
  return refusal(open_error::kUnsupportedCapability, std::move(data),
                 "required capability is missing: " + names);
}

std::optional<OpenRefusal> check_role(const PeerConfig& config, const wire::Open& remote) {
  if (!config.role || remote.asn() == config.local_as) {  // roles are for eBGP only
    return std::nullopt;
  }
  const std::optional<std::uint8_t> role = remote.capabilities.role;
  if (!role && config.require_role) {
    return refusal(open_error::kRoleMismatch, {}, "peer announces no role, one is required");
  }
  if (role && !roles_fit(*config.role, *role)) {
    return refusal(open_error::kRoleMismatch, {},
                   fmt::format("peer has role {}, which does not fit ours, {}", *role, *config.role));
  }
  return std::nullopt;
}

}  // namespace

std::optional<OpenRefusal> check_fixed_fields(const PeerConfig& config, const wire::Open& remote,
                                              bool as_is_known) {
  const std::uint32_t asn = remote.asn();
  if (as_is_known || asn != wire::kAsTrans) {
    if (auto wrong = wrong_as(config, asn)) {
      return refusal(open_error::kBadPeerAs, u32_data(asn), *std::move(wrong));
    }
  }
  const Duration hold_time_min = std::max<Duration>(config.min_hold_time, std::chrono::seconds(3));
  if (remote.hold_time_s != 0 && std::chrono::seconds(remote.hold_time_s) < hold_time_min) {
    ByteSink data;
    data.u16(remote.hold_time_s);
    const auto least = std::chrono::ceil<std::chrono::seconds>(hold_time_min).count();
    return refusal(open_error::kUnacceptableHoldTime, std::move(data),
                   fmt::format("hold time of {} s, expected 0 or at least {} s", remote.hold_time_s, least));
  }
  if (remote.router_id == 0) {
    return refusal(open_error::kBadIdentifier, u32_data(0), "BGP identifier is 0.0.0.0");
  }
  if (asn == config.local_as && remote.router_id == config.local_id) {
    return refusal(open_error::kBadIdentifier, u32_data(remote.router_id),
                   "BGP identifier is our own, within one AS it must be unique");
  }
  return std::nullopt;
}

std::optional<OpenRefusal> check_open(const PeerConfig& config, const wire::Open& local,
                                      const wire::Open& remote) {
  if (auto wrong = check_fixed_fields(config, remote, true)) {
    return wrong;
  }
  if (auto wrong = check_families(config, local, remote)) {
    return wrong;
  }
  if (auto missing = check_required(config, remote.capabilities)) {
    return missing;
  }
  return check_role(config, remote);
}

bool keeps_outgoing(const wire::Open& local, const wire::Open& remote) {
  return std::make_tuple(local.router_id, local.asn()) > std::make_tuple(remote.router_id, remote.asn());
}

}  // namespace catflap::bgp::fsm
