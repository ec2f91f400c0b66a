#include "bgp/speaker/bgp_protocol.hpp"

#include <algorithm>
#include <utility>

#include "bgp/speaker/addresses.hpp"
#include "bgp/wire/notification.hpp"

namespace catflap::bgp::internal {

namespace {

std::uint8_t cease_for(StopReason reason) {
  switch (reason) {
    case StopReason::disabled:
    case StopReason::shutdown:
      return wire::cease::kAdministrativeShutdown;
    case StopReason::restart:
      return wire::cease::kAdministrativeReset;
    case StopReason::deconfigured:
      return wire::cease::kPeerDeconfigured;
    case StopReason::reconfigured:
      return wire::cease::kOtherConfigurationChange;
  }
  return wire::cease::kAdministrativeShutdown;
}

}  // namespace

BgpProtocol::BgpProtocol(Core& core, rib::ProtocolId id, intent::ProtocolIntent intent)
    : Protocol(core, id, std::move(intent)) {
  for (const auto& channel : channels_) {
    FamilyState& state = families_[wire::unicast(channel->intent().family)];
    state.channel = channel.get();
    state.member = std::make_unique<Member>(*this, state);
  }
}

BgpProtocol::~BgpProtocol() {
  leave_groups();
  for (const auto& [conn, connection] : connections_) {
    core_.connections.erase(conn);
  }
  if (state() != observe::ProtocolState::down) {
    core_.listen_dirty = true;
  }
}

void BgpProtocol::on_start() {
  last_error_.clear();
  message_.clear();
  set_state(observe::ProtocolState::start);
  core_.listen_dirty = true;
  if (!is_dynamic(bgp())) {
    try_begin();
  }
}

void BgpProtocol::try_begin() {
  if (peer_ != nullptr || is_dynamic(bgp()) || local_id() == 0) {
    return;
  }
  if (is_multihop(bgp())) {
    interface_.reset();
    begin();
    return;
  }
  std::optional<IfIndex> only;
  if (!bgp().interface.empty()) {
    only = core_.interfaces.index_of(bgp().interface);
    if (!only) {
      return;
    }
  }
  interface_ = core_.interfaces.neighbour_interface(*bgp().neighbor, only);
  if (interface_) {
    begin();
  }
}

void BgpProtocol::begin() {
  RestartState restart;
  restart.restarting = core_.recovering;
  restart.forwarding_preserved = core_.recovering && core_.forwarding_preserved;
  const std::string hostname = core_.intent == nullptr ? std::string() : core_.intent->hostname;
  peer_ = std::make_unique<fsm::Peer>(peer_config(bgp(), intent_.channels, local_id(), hostname, restart),
                                      core_.seed ^ (std::uint64_t{id()} * 0x9E3779B97F4A7C15ULL),
                                      &core_.next_dial);
  rebuild_ = false;
  request_bfd();
  fsm::Outputs outputs;
  peer_->start(core_.now, outputs);
  handle(std::move(outputs));
  announce_state();
}

void BgpProtocol::end(std::uint8_t subcode, const std::string& text) {
  if (peer_ == nullptr) {
    return;
  }
  fsm::Outputs outputs;
  peer_->stop(core_.now, subcode, text, outputs);
  handle(std::move(outputs));
  leave_groups();
  while (!connections_.empty()) {
    close(connections_.begin()->first, false);
  }
  peer_.reset();
  conn_ = 0;
  core_.request_bfd(id(), {});
  reschedule();
}

void BgpProtocol::request_bfd() {
  if (!bgp().bfd) {
    return;
  }
  BfdTarget target{*bgp().neighbor, bgp().local_address, interface_.value_or(0)};
  if (!target.local && interface_) {
    target.local = source_for(core_.interfaces, *interface_, target.peer);
  }
  core_.request_bfd(id(), {BfdRequest{target, bgp().bfd_options}});
}

void BgpProtocol::bfd_changed(const BfdTarget&, bool lost) {
  if (!lost || peer_ == nullptr || !established()) {
    return;
  }
  fsm::Outputs outputs;
  if (bgp().bfd_graceful) {
    peer_->lose(core_.now, "BFD session down", outputs);
  } else {
    peer_->reset(core_.now, wire::make_cease(wire::cease::kBfdDown), "BFD session down", outputs);
  }
  handle(std::move(outputs));
}

void BgpProtocol::on_stop(StopReason reason, const std::string& text) {
  const std::string words = reason == StopReason::shutdown && text.empty() ? std::string() : text;
  helping_ = false;
  end(cease_for(reason), words);
  drop_stale();
  last_error_.clear();
  message_ = text;
  negotiated_.reset();
  interface_.reset();
  core_.listen_dirty = true;
}

void BgpProtocol::abandon() {
  for (const auto& [conn, connection] : connections_) {
    core_.act(act::TcpClose{conn, false});
    core_.connections.erase(conn);
  }
  connections_.clear();
  leave_groups();
  peer_.reset();
  conn_ = 0;
  reschedule();
}

bool BgpProtocol::on_reconfigure(const intent::ProtocolIntent& next) {
  return same_session(std::get<intent::BgpIntent>(next.body), bgp());
}

void BgpProtocol::on_limit(bool restart_it) {
  if (peer_ == nullptr) {
    return;
  }
  fsm::Outputs outputs;
  if (restart_it) {
    const Duration wait =
        bgp().limit_restart_time.value_or(bgp().error_wait_min.value_or(std::chrono::seconds(1)));
    peer_->restart(core_.now, wire::cease::kMaximumPrefixes, "", wait, outputs);
  } else {
    peer_->stop(core_.now, wire::cease::kMaximumPrefixes, "", outputs);
  }
  handle(std::move(outputs));
  if (!restart_it) {
    set_enabled(false);
    stop(StopReason::disabled, "");
  }
  last_error_ = "Automatic shutdown: Route limit exceeded";
  announce_state();
}

void BgpProtocol::interfaces_changed() {
  if (state() == observe::ProtocolState::down || is_multihop(bgp()) || is_dynamic(bgp())) {
    return;
  }
  if (peer_ == nullptr) {
    try_begin();
    return;
  }
  std::optional<IfIndex> only;
  if (!bgp().interface.empty()) {
    only = core_.interfaces.index_of(bgp().interface);
  }
  const bool by_name_gone = !bgp().interface.empty() && !only;
  const auto now_over =
      by_name_gone ? std::nullopt : core_.interfaces.neighbour_interface(*bgp().neighbor, only);
  if (now_over == interface_) {
    return;
  }
  // The link is gone: nobody would hear a NOTIFICATION, and the routes lead nowhere.
  helping_ = false;
  end(wire::cease::kOtherConfigurationChange, "");
  drop_stale();
  last_error_ = "Error: Neighbor lost";
  set_state(observe::ProtocolState::start);
  announce_state();
  try_begin();
}

void BgpProtocol::router_id_changed() {
  if (state() == observe::ProtocolState::down || intent_.router_id) {
    return;
  }
  if (peer_ != nullptr) {
    end(wire::cease::kOtherConfigurationChange, "");
    drop_stale();
    set_state(observe::ProtocolState::start);
  }
  try_begin();
}

void BgpProtocol::remember_error(const fsm::DownReason& reason) {
  const std::string text = error_text(reason);
  if (!text.empty()) {
    if (text != last_error_) {
      core_.note(act::NoteLevel::info, name(), "BGP " + name() + ": " + text);
    }
    last_error_ = text;
  }
  using Kind = fsm::DownReason::Kind;
  if (reason.kind == Kind::notification_received || reason.kind == Kind::notification_sent ||
      reason.kind == Kind::hold_timer) {
    const wire::Notification notification{reason.code, reason.subcode, reason.data};
    const auto shutdown = wire::shutdown_text(notification);
    message_ = shutdown.value_or("");
    last_notification_ = observe::SessionView::NotificationView{
        reason.kind == Kind::notification_received, reason.code, reason.subcode,
        wire::describe(notification) + (shutdown ? ": " + *shutdown : std::string()), core_.now};
  }
}

void BgpProtocol::set_next_hops(FamilyState& state, const net::IpAddr& source) {
  const intent::ChannelIntent& channel = state.channel->intent();
  state.next_hop = channel.bgp.next_hop_address;
  state.link_local.reset();
  const wire::AfiSafi afi_safi = wire::unicast(channel.family);
  const auto& extended = negotiated_->extended_next_hop;
  const bool any_family = std::find(extended.begin(), extended.end(), afi_safi) != extended.end();
  if (!state.next_hop && (source.family() == channel.family || any_family)) {
    state.next_hop = source;
  }
  std::optional<IfIndex> over = interface_;
  for (const auto& [index, interface] : core_.interfaces.all()) {
    if (!over && core_.interfaces.is_local_on(source, index)) {
      over = index;
    }
  }
  if (!state.next_hop && over) {
    state.next_hop = address_of(core_.interfaces, *over, channel.family, false);
  }
  if (!state.next_hop) {
    core_.note(act::NoteLevel::warning, name(),
               name() + ": channel " + state.channel->view().name +
                   " has no address for the next hop; set one with `next hop "
                   "address`");
    return;
  }
  if (state.next_hop->is_v6() && interface_) {
    state.link_local = source.is_v6() && source.is_link_local()
                           ? std::optional(source)
                           : address_of(core_.interfaces, *interface_, net::Family::ipv6, true);
  }
  if (state.next_hop->is_v6() && state.next_hop->is_link_local()) {
    state.link_local = state.next_hop;
    state.next_hop = net::IpAddr::any(net::Family::ipv6);
  }
}

void BgpProtocol::on_established(ConnId conn, const fsm::Negotiated& negotiated) {
  conn_ = conn;
  negotiated_ = negotiated;
  last_error_.clear();  // but not the message, which BIRD shows until there is another
  rib::DecisionOptions options;
  options.bgp = true;
  options.internal = interior();
  options.local_as = bgp().local_as;
  options.remote_id = negotiated_->remote.router_id;
  options.peer = *bgp().neighbor;
  options.default_local_pref = bgp().default_local_pref;
  options.default_med = bgp().default_med;
  options.path_metric = bgp().path_metric;
  options.med_metric = bgp().med_metric;
  options.igp_metric = bgp().igp_metric;
  options.prefer_older = bgp().prefer_older;
  options.deterministic_med = bgp().deterministic_med;
  core_.decision.set(id(), options);
  const net::IpAddr source = connections_[conn].local.addr;
  set_state(observe::ProtocolState::up);
  for (auto& [afi_safi, state] : families_) {
    leave_group(state);
    state.member->begin_refresh_due = state.member->end_refresh_due = false;
    state.end_of_rib_seen = false;
    state.refreshing = false;
    const bool agreed = std::find(negotiated_->families.begin(), negotiated_->families.end(), afi_safi) !=
                        negotiated_->families.end();
    if (!agreed) {
      state.stale = FamilyState::Stale::none;
      state.stale_until = Instant::never();
      state.channel->down(false);
      continue;
    }
    set_next_hops(state, source);
    state.channel->table_state().table.protocol_changed(id());
    resume_after_restart(state);
    state.member->end_of_rib_due = true;
    if (state.next_hop) {
      bring_up(*state.channel);
    }
  }
  helper_established();
  core_.note(act::NoteLevel::info, name(), "BGP " + name() + ": Established");
  announce_state();
  core_.flush_later(id());
}

void BgpProtocol::on_down(const fsm::DownReason& reason) {
  ++flaps_;
  remember_error(reason);
  conn_ = 0;
  const bool keep = state() == observe::ProtocolState::up && helps(reason);
  leave_groups();
  if (keep) {
    become_helper();
  } else {
    drop_stale();
  }
  if (core_.restart_announced(peer_->config()) && !core_.recovering) {
    rebuild_ = true;
    core_.flush_later(id());
  }
  set_state(observe::ProtocolState::start);
  core_.note(act::NoteLevel::info, name(),
             "BGP " + name() + ": down" + (last_error_.empty() ? std::string() : " (" + last_error_ + ")"));
  announce_state();
}

void BgpProtocol::deadline() {
  stale_timers();
  if (peer_ != nullptr) {
    fsm::Outputs outputs;
    peer_->run(core_.now, outputs);
    handle(std::move(outputs));
  }
  reschedule();
}

void BgpProtocol::reschedule() {
  const Instant session = peer_ == nullptr ? Instant::never() : peer_->deadline();
  core_.deadlines.set(id(), std::min(session, stale_deadline()));
}

BgpProtocol::FamilyState* BgpProtocol::family(wire::AfiSafi afi_safi) {
  const auto it = families_.find(afi_safi);
  return it == families_.end() || it->second.channel->state() != Channel::State::up ? nullptr : &it->second;
}

ImportRules BgpProtocol::import_rules() const {
  ImportRules rules;
  rules.internal = internal();
  rules.interior = interior();
  rules.local_as = bgp().local_as;
  rules.public_as = public_as(bgp());
  rules.remote_as = negotiated_ ? negotiated_->remote.asn() : bgp().remote_as;
  rules.allow_local_as = bgp().allow_local_as;
  rules.local_id = local_id();
  rules.cluster_id = bgp().rr_cluster_id.value_or(local_id());
  rules.default_local_pref = bgp().default_local_pref;
  rules.role = role();
  rules.graceful_shutdown = bgp().graceful_shutdown;
  return rules;
}

ExportRules BgpProtocol::export_rules() const {
  ExportRules rules;
  rules.internal = internal();
  rules.interior = interior();
  rules.rs_client = bgp().rs_client;
  rules.local_as = bgp().local_as;
  rules.public_as = public_as(bgp());
  rules.remote_as = negotiated_ ? negotiated_->remote.asn() : bgp().remote_as;
  rules.role = role();
  rules.interpret_communities = bgp().interpret_communities;
  rules.llgr_aware = negotiated_ && negotiated_->remote.capabilities.llgr_aware;
  rules.allow_med = bgp().allow_bgp_med;
  rules.allow_local_pref = bgp().allow_bgp_local_pref;
  rules.as_override = bgp().as_override;
  rules.remove_private_as = bgp().remove_private_as;
  rules.replace_private_as = bgp().replace_private_as;
  rules.default_local_pref = bgp().default_local_pref;
  return rules;
}

std::optional<Role> BgpProtocol::role() const {
  return bgp().role && !internal() ? std::optional(static_cast<Role>(*bgp().role)) : std::nullopt;
}

std::uint32_t BgpProtocol::cluster_id() const {
  return bgp().rr_client ? bgp().rr_cluster_id.value_or(local_id()) : 0;
}

}  // namespace catflap::bgp::internal
