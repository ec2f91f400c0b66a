#include "bgp/speaker/bgp_config.hpp"

#include <algorithm>

#include "bgp/wire/notification.hpp"

namespace catflap::bgp::internal {

namespace {

constexpr Duration kRefusedRetryTime = std::chrono::milliseconds(20);

constexpr std::uint16_t kRestartTimeDefaultS = 120;  // BIRD's
constexpr std::uint32_t kLlgrTimeDefaultS = 3600;    // BIRD's

std::string family_name(wire::AfiSafi family) {
  if (family == wire::kIpv4Unicast) {
    return "ipv4";
  }
  if (family == wire::kIpv6Unicast) {
    return "ipv6";
  }
  return "<" + std::to_string(family.afi) + "/" + std::to_string(family.safi) + ">";
}

void add_restart_capabilities(const intent::BgpIntent& bgp,
                              const std::vector<intent::ChannelIntent>& channels, RestartState restart,
                              wire::Capabilities& capabilities) {
  if (bgp.graceful_restart.value_or(true)) {
    wire::Capabilities::GracefulRestart gr;
    gr.restarting = restart.restarting;
    if (bgp.graceful_restart.value_or(false)) {
      gr.notification = bgp.restart_notification;
      gr.restart_time_s = bgp.graceful_restart_time_s.value_or(kRestartTimeDefaultS);
      for (const intent::ChannelIntent& channel : channels) {
        if (channel.bgp.graceful_restart.value_or(true)) {
          gr.families.push_back({wire::unicast(channel.family), restart.forwarding_preserved});
        }
      }
    }
    capabilities.graceful_restart = gr;
  }
  if (is_llgr_aware(bgp)) {
    capabilities.llgr_aware = true;
    for (const intent::ChannelIntent& channel : channels) {
      if (channel.bgp.llgr.value_or(bgp.llgr.value_or(false))) {
        capabilities.llgr.push_back(
            {wire::unicast(channel.family), restart.forwarding_preserved,
             channel.bgp.llgr_time_s.value_or(bgp.llgr_time_s.value_or(kLlgrTimeDefaultS))});
      }
    }
  }
}

void set_if(const std::optional<Duration>& from, Duration& to) {
  if (from) {
    to = *from;
  }
}

}  // namespace

bool is_internal(const intent::BgpIntent& bgp) {
  return bgp.remote_internal || (!bgp.remote_external && bgp.remote_as != 0 && bgp.remote_as == bgp.local_as);
}

bool is_interior(const intent::BgpIntent& bgp) {
  return is_internal(bgp) || bgp.confederation_member;
}

std::uint32_t public_as(const intent::BgpIntent& bgp) {
  // RFC 5065 §4: outside of the confederation nobody knows of its member ASes.
  return is_interior(bgp) ? bgp.local_as : bgp.confederation.value_or(bgp.local_as);
}

bool is_llgr_aware(const intent::BgpIntent& bgp) {
  return bgp.llgr.value_or(bgp.graceful_restart.value_or(true));
}

bool is_multihop(const intent::BgpIntent& bgp) {
  return bgp.multihop.value_or(is_internal(bgp));
}

bool is_dynamic(const intent::BgpIntent& bgp) {
  return !bgp.neighbor.has_value();
}

bool resolves_recursively(const intent::BgpIntent& bgp, const intent::ChannelIntent& channel) {
  if (channel.bgp.gateway == intent::GatewayMode::automatic) {
    return is_multihop(bgp);
  }
  return channel.bgp.gateway == intent::GatewayMode::recursive;
}

intent::NextHopSelf next_hop_keep(const intent::BgpIntent& bgp, const intent::ChannelIntent& channel) {
  return channel.bgp.next_hop_keep.value_or(bgp.rs_client   ? intent::NextHopSelf::on
                                            : bgp.rr_client ? intent::NextHopSelf::ibgp
                                                            : intent::NextHopSelf::off);
}

fsm::PeerConfig peer_config(const intent::BgpIntent& bgp, const std::vector<intent::ChannelIntent>& channels,
                            std::uint32_t router_id, const std::string& hostname, RestartState restart) {
  fsm::PeerConfig config;
  config.local_as = public_as(bgp);
  config.local_id = router_id;
  config.peer_as = bgp.remote_as;
  config.any_internal = bgp.remote_internal;
  config.any_external = bgp.remote_external;
  config.passive = bgp.passive || is_dynamic(bgp);
  config.send_capabilities = bgp.capabilities;
  wire::Capabilities& capabilities = config.capabilities;
  for (const intent::ChannelIntent& channel : channels) {
    const wire::AfiSafi family = wire::unicast(channel.family);
    capabilities.multiprotocol.push_back(family);
    if (channel.bgp.add_paths_receive || channel.bgp.add_paths_send) {
      capabilities.add_path.push_back({family, channel.bgp.add_paths_receive, channel.bgp.add_paths_send});
    }
    if (channel.bgp.extended_next_hop && channel.family == net::Family::ipv4) {
      capabilities.extended_next_hop.push_back({family, 2});
    }
    if (channel.bgp.mandatory) {
      config.required_families.push_back(family);
    }
  }
  capabilities.route_refresh = bgp.enable_refresh;
  capabilities.enhanced_refresh = bgp.enable_refresh;
  capabilities.extended_message = bgp.enable_extended_messages;
  if (bgp.enable_as4) {
    capabilities.as4 = config.local_as;
  }
  if (bgp.advertise_hostname && !hostname.empty()) {
    capabilities.host_name = hostname;
  }
  capabilities.role = bgp.role;
  add_restart_capabilities(bgp, channels, restart, capabilities);
  set_if(bgp.hold_time, config.hold_time);
  set_if(bgp.startup_hold_time, config.startup_hold_time);
  config.keepalive_time = bgp.keepalive_time;
  set_if(bgp.connect_delay_time, config.connect_delay);
  set_if(bgp.connect_retry_time, config.connect_retry_time);
  // DEVIATION: BIRD waits the whole connect retry time after a refused dial as well. Routers of a lab start
  // within milliseconds of each other, and whoever is first must not wait seconds for the second.
  config.refused_retry_time = kRefusedRetryTime;
  set_if(bgp.error_wait_min, config.error_wait_min);
  set_if(bgp.error_wait_max, config.error_wait_max);
  set_if(bgp.error_forget_time, config.error_forget_time);
  set_if(bgp.delay_open_time, config.delay_open_time);
  set_if(bgp.min_hold_time, config.min_hold_time);
  config.send_hold_time = bgp.send_hold_time;
  config.disable_after_error = bgp.disable_after_error;
  config.disable_after_cease = bgp.disable_after_cease;
  config.required = {
      bgp.require.route_refresh, bgp.require.enhanced_refresh, bgp.require.as4, bgp.require.extended_messages,
      bgp.require.hostname,      bgp.require.graceful_restart, bgp.require.llgr};
  config.role = bgp.role;
  config.require_role = bgp.require_roles;
  config.enforce_first_as = bgp.enforce_first_as;
  config.allow_as_sets = bgp.allow_as_sets;
  config.accept_local_pref = bgp.allow_bgp_local_pref;
  config.confederation_peer = bgp.confederation_member;
  config.unknown_well_known_resets = bgp.unknown_well_known_resets;
  return config;
}

TcpOptions tcp_options(const intent::BgpIntent& bgp, const std::string& vrf) {
  TcpOptions options;
  options.md5_password = bgp.password;
  const bool multihop = is_multihop(bgp);
  if (bgp.ttl_security) {
    options.ttl = 255;
    options.ttl_min = static_cast<std::uint8_t>(256 - (multihop ? std::max<int>(bgp.multihop_ttl, 1) : 1));
  } else {
    options.ttl = multihop ? bgp.multihop_ttl : 1;
  }
  options.bind_interface = vrf;
  return options;
}

bool same_session(const intent::BgpIntent& a, const intent::BgpIntent& b) {
  return a == b;
}

observe::CapabilitiesView view_of(const wire::Capabilities& capabilities) {
  observe::CapabilitiesView view;
  for (const wire::AfiSafi family : capabilities.multiprotocol) {
    view.families.push_back(family_name(family));
  }
  std::sort(view.families.begin(), view.families.end());
  view.route_refresh = capabilities.route_refresh;
  view.enhanced_refresh = capabilities.enhanced_refresh;
  view.as4 = capabilities.as4.has_value();
  view.extended_message = capabilities.extended_message;
  view.llgr = capabilities.llgr_aware;
  for (const auto& entry : capabilities.llgr) {
    view.llgr_families.push_back(family_name(entry.family));
    view.llgr_stale_time_s = std::max(view.llgr_stale_time_s.value_or(0), entry.stale_time_s);
    if (entry.forwarding_preserved) {
      view.llgr_preserved.push_back(family_name(entry.family));
    }
  }
  view.old_route_refresh = capabilities.old_route_refresh;
  for (const auto& entry : capabilities.paths_limit) {
    view.paths_limit.push_back(family_name(entry.family) + " " + std::to_string(entry.paths));
  }
  if (capabilities.graceful_restart) {
    const auto& gr = *capabilities.graceful_restart;
    view.restart_time_s = gr.restart_time_s;
    view.restarting = gr.restarting;
    view.restart_notification = gr.notification;
    for (const auto& entry : gr.families) {
      view.gr_families.push_back(family_name(entry.family));
      if (entry.forwarding_preserved) {
        view.gr_preserved.push_back(family_name(entry.family));
      }
    }
  }
  for (const auto& entry : capabilities.add_path) {
    if (entry.receive) {
      view.add_path_rx.push_back(family_name(entry.family));
    }
    if (entry.send) {
      view.add_path_tx.push_back(family_name(entry.family));
    }
  }
  for (const auto& entry : capabilities.extended_next_hop) {
    view.extended_next_hop.push_back(family_name(entry.nlri));
  }
  if (capabilities.role) {
    static constexpr const char* kRoles[] = {"provider", "rs_server", "rs_client", "customer", "peer"};
    view.role = *capabilities.role < 5 ? kRoles[*capabilities.role] : std::to_string(*capabilities.role);
  }
  view.host_name = capabilities.host_name;
  view.software_version = capabilities.software_version;
  return view;
}

std::vector<std::string> session_flags(const intent::BgpIntent& bgp, const fsm::Negotiated& negotiated) {
  std::vector<std::string> flags;
  flags.emplace_back(negotiated.internal ? "internal" : "external");
  if (is_multihop(bgp)) {
    flags.emplace_back("multihop");
  }
  if (bgp.rr_client) {
    flags.emplace_back("route-reflector");
  }
  if (bgp.rs_client) {
    flags.emplace_back("route-server");
  }
  if (negotiated.as4) {
    flags.emplace_back("AS4");
  }
  if (negotiated.extended_message) {
    flags.emplace_back("ext-messages");
  }
  return flags;
}

std::string error_text(const fsm::DownReason& reason) {
  using Kind = fsm::DownReason::Kind;
  switch (reason.kind) {
    case Kind::none:
    case Kind::admin:
    case Kind::collision:
    case Kind::reconfigured:
      return "";
    case Kind::socket:
      return "Socket: " + (reason.text.empty() ? std::string("Connection closed") : reason.text);
    case Kind::notification_received:
      return "Received: " + wire::describe(reason.code, reason.subcode);
    case Kind::notification_sent:
      return "BGP Error: " + wire::describe(reason.code, reason.subcode);
    case Kind::hold_timer:
      return "BGP Error: Hold timer expired";
    case Kind::limit:
      return "Automatic shutdown: Route limit exceeded";
    case Kind::peer_restarted:
      return "Error: Graceful restart";
    case Kind::bfd:
      return "Error: BFD session down";
  }
  return "";
}

}  // namespace catflap::bgp::internal
