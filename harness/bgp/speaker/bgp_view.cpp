#include <algorithm>

#include "bgp/speaker/bgp_protocol.hpp"

/// What `show protocols all` tells of a peer.
namespace catflap::bgp::internal {

observe::SessionState BgpProtocol::session_state() const {
  using observe::SessionState;
  if (state() == observe::ProtocolState::down) {
    return SessionState::down;
  }
  if (is_dynamic(bgp())) {
    return SessionState::passive;
  }
  if (peer_ == nullptr) {
    return SessionState::idle;
  }
  switch (peer_->state()) {
    case fsm::State::idle:
      return SessionState::idle;
    case fsm::State::connect:
      return SessionState::connect;
    case fsm::State::active:
      return bgp().passive ? SessionState::passive : SessionState::active;
    case fsm::State::open_sent:
      return SessionState::open_sent;
    case fsm::State::open_confirm:
      return SessionState::open_confirm;
    case fsm::State::established:
      return SessionState::established;
  }
  return SessionState::idle;
}

void BgpProtocol::announce_state() {
  core_.act(act::ProtocolChanged{name(), kind(), state(), session_state(), last_error_});
}

observe::MalformedView BgpProtocol::malformed() const {
  observe::MalformedView view = malformed_.view();
  view.protocol = name();
  view.peer = bgp().neighbor.value_or(view.peer);
  return view;
}

observe::ProtocolView BgpProtocol::view() const {
  observe::ProtocolView view = Protocol::view();
  view.table = "---";
  observe::SessionView session;
  session.state = session_state();
  if (bgp().neighbor) {
    session.peer = *bgp().neighbor;
  }
  session.peer_interface = bgp().interface;
  session.peer_as = negotiated_ && established() ? negotiated_->remote.asn() : bgp().remote_as;
  session.local_as = bgp().local_as;
  const auto timer = [](const fsm::Peer::Timer& from) -> std::optional<observe::TimerView> {
    if (from.total == Duration{0}) {
      return std::nullopt;
    }
    return observe::TimerView{from.left, from.total};
  };
  if (peer_ != nullptr) {
    session.messages_in = peer_->messages_in();
    session.messages_out = peer_->messages_out() + updates_out_;
    if (established()) {
      session.hold_timer = timer(peer_->hold_timer(core_.now));
      session.keepalive_timer = timer(peer_->keepalive_timer(core_.now));
    } else {
      session.connect_delay = timer(peer_->connect_timer(core_.now));
      session.error_wait = timer(peer_->error_wait_timer(core_.now));
    }
  }
  if (negotiated_ && established()) {
    session.peer_id = negotiated_->remote.router_id;
    const auto connection = connections_.find(conn_);
    if (connection != connections_.end()) {
      session.source_address = connection->second.local.addr;
    }
    session.local_capabilities = view_of(negotiated_->local.capabilities);
    session.peer_capabilities = view_of(negotiated_->remote.capabilities);
    session.session_flags = session_flags(bgp(), *negotiated_);
  }
  session.graceful_restart_active = helping_;
  for (const auto& [afi_safi, state] : families_) {
    if (state.stale_until == stale_deadline() && !state.stale_until.is_never()) {
      session.restart_timer = observe::TimerView{state.stale_until - core_.now, state.stale_total};
    }
  }
  session.last_error = last_error_;
  session.message = message_;
  session.last_notification = last_notification_;
  session.updates_in = updates_in_;
  session.updates_out = updates_out_;
  session.flaps = flaps_;
  session.connect_attempts = connect_attempts_;
  session.malformed = malformed_.counts();
  for (observe::ChannelView& channel : view.channels) {
    const FamilyState& state = families_.at(wire::unicast(channel.family));
    if (state.group != nullptr) {
      channel.exported = state.group->exported(*state.member);
      add(channel.export_updates, state.group->updates(*state.member));
      add(channel.export_withdraws, state.group->withdraws(*state.member));
    }
    if (established() && channel.up) {
      channel.bgp_next_hop = state.next_hop;
      channel.bgp_next_hop_link_local = state.link_local;
    }
    if (resolves_recursively(bgp(), state.channel->intent())) {
      const auto& own = state.channel->intent().bgp;
      const std::string& named = channel.family == net::Family::ipv4 ? own.igp_table4 : own.igp_table6;
      channel.igp_table = named.empty() ? channel.table : named;
    }
    if (helping_ && state.stale != FamilyState::Stale::none) {
      channel.neighbor_gr = state.stale == FamilyState::Stale::regular ? "Regular" : "Long-lived";
    }
    if (core_.recovering && !established() && bgp().graceful_restart.value_or(false)) {
      channel.gr_recovery = "pending";
    }
  }
  view.session = std::move(session);
  return view;
}

bool BgpProtocol::exports_all(const Channel& channel) const {
  if (!negotiated_) {
    return false;
  }
  const auto& families = negotiated_->add_path_send;
  return std::find(families.begin(), families.end(), wire::unicast(channel.intent().family)) !=
         families.end();
}

std::optional<policy::RouteAttrs> BgpProtocol::as_sent(const Channel& channel, const rib::Path& path,
                                                       const policy::RouteEdit& edit) const {
  const auto state = families_.find(wire::unicast(channel.intent().family));
  if (!negotiated_ || state == families_.end()) {
    return std::nullopt;
  }
  wire::Attributes attrs;
  if (!export_attrs(state->second, path, edit, attrs) || attrs.next_hop == bgp().neighbor ||
      attrs.link_local_next_hop == bgp().neighbor) {
    return std::nullopt;  // a peer is not told of what leads to itself
  }
  policy::RouteAttrs sent = edit.attrs(*path.attrs);
  sent.bgp = std::move(attrs);
  return sent;
}

}  // namespace catflap::bgp::internal
