#include <algorithm>

#include "bgp/speaker/bgp_protocol.hpp"

/// Graceful restart: RFC 4724, RFC 8538, and the long-lived one of RFC 9494. Helping a peer that restarts,
/// and our own part when we did.
namespace catflap::bgp::internal {

namespace {

constexpr Duration kStalePathTimeDefault = std::chrono::seconds(360);  // FRR's; BIRD has no bound

const wire::Capabilities::GracefulRestart::Entry* entry_of(const fsm::Negotiated& negotiated,
                                                           wire::AfiSafi family) {
  const auto& capability = negotiated.remote.capabilities.graceful_restart;
  if (!capability) {
    return nullptr;
  }
  for (const auto& entry : capability->families) {
    if (entry.family == family) {
      return &entry;
    }
  }
  return nullptr;
}

}  // namespace

bool BgpProtocol::helps(const fsm::DownReason& reason) const {
  if (!negotiated_ || !negotiated_->graceful_restart || !bgp().graceful_restart.value_or(true)) {
    return false;
  }
  const wire::Capabilities& theirs = negotiated_->remote.capabilities;
  // FRR names families for the long-lived one with a time of 0 (RFC 9494 §4.2: nothing is kept).
  const bool long_lived = std::any_of(families_.begin(), families_.end(), [this](const auto& entry) {
    return long_lived_of_peer(entry.first) != nullptr;
  });
  if (theirs.graceful_restart->families.empty() && !long_lived) {
    return false;
  }
  using Kind = fsm::DownReason::Kind;
  switch (reason.kind) {
    case Kind::socket:
    case Kind::peer_restarted:
      return true;
    case Kind::bfd:
      return bgp().bfd_graceful;  // RFC 5882 §4.3.2
    case Kind::hold_timer:
      return negotiated_->notification_gr;
    case Kind::notification_received:
    case Kind::notification_sent:
      return negotiated_->notification_gr && !(reason.code == 6 && reason.subcode == 9);
    case Kind::none:
    case Kind::admin:
    case Kind::collision:
    case Kind::reconfigured:
    case Kind::limit:
      return false;
  }
  return false;
}

const wire::Capabilities::LongLivedGracefulRestart* BgpProtocol::long_lived_of_peer(
    wire::AfiSafi family) const {
  if (!is_llgr_aware(bgp()) || !negotiated_ || !negotiated_->graceful_restart) {
    return nullptr;  // RFC 9494 §4.1: without graceful restart it has no meaning
  }
  for (const auto& entry : negotiated_->remote.capabilities.llgr) {
    if (entry.family == family && entry.stale_time_s != 0) {
      return &entry;
    }
  }
  return nullptr;
}

/// The peer is gone and may come back: RFC 4724 §4.2, RFC 9494 §4.2.
void BgpProtocol::become_helper() {
  helping_ = true;
  const Duration restart_time =
      std::chrono::seconds(negotiated_->remote.capabilities.graceful_restart->restart_time_s);
  for (auto& [afi_safi, state] : families_) {
    if (state.channel->state() == Channel::State::down) {
      continue;
    }
    if (state.stale != FamilyState::Stale::none) {
      sweep(state);  // stale since an earlier loss (RFC 4724 §4.2)
    }
    const bool regular = entry_of(*negotiated_, afi_safi) != nullptr && restart_time > Duration{0};
    if (!regular && long_lived_of_peer(afi_safi) == nullptr) {
      state.channel->down(false);
      continue;
    }
    state.channel->mark_stale();
    state.channel->down(true);
    if (regular) {
      state.stale = FamilyState::Stale::regular;
      state.stale_total = restart_time;
      state.stale_until = core_.now + restart_time;
    } else {
      enter_long_lived(afi_safi, state);
    }
  }
  helping_ = keeps_stale_routes();
  if (helping_) {
    core_.note(act::NoteLevel::info, name(), "BGP " + name() + ": Neighbor graceful restart detected");
  }
  reschedule();
}

/// False if RFC 9494 was not negotiated for the family.
bool BgpProtocol::enter_long_lived(wire::AfiSafi afi_safi, FamilyState& state) {
  const auto* entry = long_lived_of_peer(afi_safi);
  if (entry == nullptr) {
    return false;
  }
  state.stale = FamilyState::Stale::long_lived;
  state.stale_total = std::chrono::seconds(entry->stale_time_s);
  state.stale_until = core_.now + state.stale_total;
  state.channel->enter_long_lived();
  core_.note(act::NoteLevel::info, name(), "BGP " + name() + ": Neighbor long-lived graceful restart");
  return true;
}

bool BgpProtocol::keeps_stale_routes() const {
  return std::any_of(families_.begin(), families_.end(),
                     [](const auto& entry) { return entry.second.stale != FamilyState::Stale::none; });
}

void BgpProtocol::sweep(FamilyState& state) {
  state.stale = FamilyState::Stale::none;
  state.stale_until = Instant::never();
  state.channel->sweep_stale();
}

Instant BgpProtocol::stale_deadline() const {
  Instant earliest = Instant::never();
  for (const auto& [afi_safi, state] : families_) {
    earliest = std::min(earliest, state.stale_until);
  }
  return earliest;
}

void BgpProtocol::stale_timers() {
  bool changed = false;
  for (auto& [afi_safi, state] : families_) {
    if (core_.now < state.stale_until) {
      continue;
    }
    changed = true;
    if (!helping_) {
      sweep(state);  // End-of-RIB did not come in time
    } else if (state.stale != FamilyState::Stale::regular || !enter_long_lived(afi_safi, state)) {
      state.stale = FamilyState::Stale::none;
      state.stale_until = Instant::never();
      state.channel->down(false);
    }
  }
  if (!changed) {
    return;
  }
  if (helping_ && !keeps_stale_routes()) {
    helping_ = false;
    drop_stale();
  }
  announce_state();
}

/// A new session: whose forwarding was not kept loses its stale routes (RFC 4724 §4.2, RFC 9494 §4.2).
void BgpProtocol::resume_after_restart(FamilyState& state) {
  if (state.stale == FamilyState::Stale::none) {
    return;
  }
  const wire::AfiSafi afi_safi = wire::unicast(state.channel->intent().family);
  bool preserved = false;
  if (state.stale == FamilyState::Stale::long_lived) {
    const auto* entry = long_lived_of_peer(afi_safi);
    preserved = entry != nullptr && entry->forwarding_preserved;
  } else {
    const auto* entry = entry_of(*negotiated_, afi_safi);
    preserved = entry != nullptr && entry->forwarding_preserved;
  }
  if (!preserved) {
    sweep(state);
  }
}

/// The stale-path timer bounds the wait for End-of-RIB; that of RFC 9494 goes on where it runs.
void BgpProtocol::helper_established() {
  helping_ = false;
  for (auto& [afi_safi, state] : families_) {
    if (state.stale == FamilyState::Stale::regular) {
      state.stale_total = bgp().stale_path_time.value_or(kStalePathTimeDefault);
      state.stale_until = core_.now + state.stale_total;
    }
  }
}

void BgpProtocol::drop_stale() {
  helping_ = false;
  for (auto& [afi_safi, state] : families_) {
    state.stale = FamilyState::Stale::none;
    state.stale_until = Instant::never();
    state.refreshing = false;
    state.channel->down(false);
  }
}

bool BgpProtocol::holds_recovery() const {
  if (state() == observe::ProtocolState::down || is_dynamic(bgp()) || bgp().passive) {
    return false;
  }
  if (!bgp().graceful_restart.value_or(false)) {
    return false;  // it does not keep our routes, so nothing is gained by
                   // waiting
  }
  if (!established()) {
    return true;
  }
  const auto& capability = negotiated_->remote.capabilities.graceful_restart;
  if (!capability || capability->restarting) {
    return false;
  }
  return waits_for_end_of_rib();
}

bool BgpProtocol::holds_kernel_routes() const {
  if (!established() || is_dynamic(bgp()) || !bgp().graceful_restart.value_or(false)) {
    return false;
  }
  const auto& capability = negotiated_->remote.capabilities.graceful_restart;
  return capability && capability->restarting && waits_for_end_of_rib();
}

bool BgpProtocol::waits_for_end_of_rib() const {
  return std::any_of(families_.begin(), families_.end(), [](const auto& entry) {
    return entry.second.channel->state() == Channel::State::up && !entry.second.end_of_rib_seen;
  });
}

void BgpProtocol::recovery_done() {
  if (established()) {
    wake();
    return;
  }
  if (peer_ != nullptr && Core::restart_announced(peer_->config())) {
    rebuild_ = true;
    core_.flush_later(id());
  }
}

/// What is kept has gone through the filters anew; the peer's answer tells whether it is still what the peer
/// has. Not with `import table`, as in BIRD.
void BgpProtocol::ask_again(wire::AfiSafi afi_safi, const FamilyState& state) {
  if (negotiated_ && negotiated_->route_refresh && !state.channel->intent().bgp.import_table) {
    ByteSink sink;
    wire::encode(wire::RouteRefresh{afi_safi, 0}, encode_context(), sink);
    send(conn_, std::make_shared<const Bytes>(sink.release()));
  }
}

bool BgpProtocol::reload(bool in, bool out) {
  if (!established()) {
    return false;
  }
  if (in) {
    for (auto& [afi_safi, state] : families_) {
      if (state.channel->state() == Channel::State::up) {
        state.channel->reload_in();
        ask_again(afi_safi, state);
      }
    }
  }
  if (out) {
    for (auto& [afi_safi, state] : families_) {
      if (state.group != nullptr) {
        state.group->reevaluate();
        state.group->resend(*state.member);
        core_.groups.schedule(*state.group);
      }
    }
  }
  return true;
}

}  // namespace catflap::bgp::internal
