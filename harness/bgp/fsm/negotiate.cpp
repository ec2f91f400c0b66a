#include "bgp/fsm/negotiate.hpp"

#include <algorithm>
#include <utility>

namespace catflap::bgp::fsm {
namespace {

bool contains(const std::vector<wire::AfiSafi>& families, wire::AfiSafi family) {
  return std::find(families.begin(), families.end(), family) != families.end();
}

std::uint16_t hold_time_seconds(Duration hold_time) {
  if (hold_time <= Duration{0}) {
    return 0;
  }
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(hold_time).count();
  return static_cast<std::uint16_t>(std::clamp<std::int64_t>(seconds, 3, 65535));
}

bool encode_open(EncodedOpen& open) {
  ByteSink sink;
  const bool fits = wire::encode(open.open, {}, sink);
  open.bytes = sink.release();
  return fits;
}

bool receives(const wire::Capabilities& capabilities, wire::AfiSafi family) {
  return std::any_of(capabilities.add_path.begin(), capabilities.add_path.end(),
                     [&](const auto& entry) { return entry.family == family && entry.receive; });
}

bool sends(const wire::Capabilities& capabilities, wire::AfiSafi family) {
  return std::any_of(capabilities.add_path.begin(), capabilities.add_path.end(),
                     [&](const auto& entry) { return entry.family == family && entry.send; });
}

bool extended_next_hop(const wire::Capabilities& capabilities, wire::AfiSafi family) {
  return std::any_of(capabilities.extended_next_hop.begin(), capabilities.extended_next_hop.end(),
                     [&](const auto& entry) {
                       return entry.nlri == family && entry.next_hop_afi == wire::kIpv6Unicast.afi;
                     });
}

/// RFC 7911 §4, RFC 8950 §4: per family, and the two directions of ADD-PATH apart.
void negotiate_families(Negotiated& result) {
  const wire::Capabilities& ours = result.local.capabilities;
  const wire::Capabilities& theirs = result.remote.capabilities;
  result.families = common_families(result.local, result.remote);
  for (const wire::AfiSafi& family : result.families) {
    if (receives(ours, family) && sends(theirs, family)) {
      result.add_path_receive.push_back(family);
    }
    if (sends(ours, family) && receives(theirs, family)) {
      result.add_path_send.push_back(family);
    }
    if (extended_next_hop(ours, family) && extended_next_hop(theirs, family)) {
      result.extended_next_hop.push_back(family);
    }
  }
}

}  // namespace

EncodedOpen make_open(const PeerConfig& config) {
  EncodedOpen result;
  wire::Open& open = result.open;
  open.as2 = config.local_as > 0xFFFF ? static_cast<std::uint16_t>(wire::kAsTrans)
                                      : static_cast<std::uint16_t>(config.local_as);
  open.hold_time_s = hold_time_seconds(config.hold_time);
  open.router_id = config.local_id;
  if (config.send_capabilities) {
    open.capabilities = config.capabilities;
    open.capabilities.as4 = config.local_as;
    if (config.role) {
      open.capabilities.role = config.role;
    }
  }
  if (encode_open(result)) {
    return result;
  }
  open.capabilities.unknown.clear();
  open.capabilities.host_name.reset();
  open.capabilities.software_version.reset();
  if (!encode_open(result)) {
    open.capabilities = {};
    open.capabilities.as4 = config.local_as;
    static_cast<void>(encode_open(result));  // a few octets always fit
  }
  return result;
}

std::vector<wire::AfiSafi> offered_families(const wire::Open& open) {
  if (open.capabilities.multiprotocol.empty()) {
    return {wire::kIpv4Unicast};
  }
  return open.capabilities.multiprotocol;
}

std::vector<wire::AfiSafi> common_families(const wire::Open& local, const wire::Open& remote) {
  const std::vector<wire::AfiSafi> theirs = offered_families(remote);
  std::vector<wire::AfiSafi> result;
  for (const wire::AfiSafi& family : offered_families(local)) {
    if (contains(theirs, family) && !contains(result, family)) {
      result.push_back(family);
    }
  }
  return result;
}

Negotiated negotiate(const PeerConfig& config, const wire::Open& local, const wire::Open& remote) {
  Negotiated result;
  result.local = local;
  result.remote = remote;
  const wire::Capabilities& ours = local.capabilities;
  const wire::Capabilities& theirs = remote.capabilities;
  result.internal = remote.asn() == config.local_as;
  result.as4 = ours.as4.has_value() && theirs.as4.has_value();
  result.route_refresh = ours.route_refresh && theirs.route_refresh;
  result.enhanced_refresh = ours.enhanced_refresh && theirs.enhanced_refresh;
  result.extended_message = ours.extended_message && theirs.extended_message;
  negotiate_families(result);
  result.hold_time = std::chrono::seconds(std::min(local.hold_time_s, remote.hold_time_s));
  result.keepalive_time = result.hold_time / 3;
  if (config.keepalive_time && *config.keepalive_time > Duration{0}) {
    // A longer one than a third would make the other side's hold timer expire when one is lost or late.
    result.keepalive_time = std::min(result.keepalive_time, *config.keepalive_time);
  }
  result.graceful_restart = ours.graceful_restart && theirs.graceful_restart;
  result.notification_gr =
      result.graceful_restart && ours.graceful_restart->notification && theirs.graceful_restart->notification;
  return result;
}

wire::DecodeContext decode_context(const PeerConfig& config, const Negotiated& negotiated) {
  wire::DecodeContext context;
  context.as4 = negotiated.as4;
  // RFC 8654 §4: who announced it has to take them, whatever the other side announced.
  context.extended_message = negotiated.local.capabilities.extended_message;
  context.internal = negotiated.internal;
  context.families = negotiated.families;
  context.add_path = negotiated.add_path_receive;
  context.extended_next_hop = negotiated.extended_next_hop;
  context.local_as = config.local_as;
  context.peer_as = negotiated.remote.asn();
  context.enforce_first_as = config.enforce_first_as;
  context.allow_as_sets = config.allow_as_sets;
  context.unknown_well_known_resets = config.unknown_well_known_resets;
  context.confederation = config.confederation_peer;
  context.accept_local_pref = config.accept_local_pref;
  return context;
}

}  // namespace catflap::bgp::fsm
