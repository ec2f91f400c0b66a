#include <algorithm>

#include "bgp/speaker/bgp_protocol.hpp"

/// Graceful restart: RFC 4724, RFC 8538. Helping a peer that restarts, and our own part when we did.
namespace catflap::bgp::internal {

namespace {

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
  if (!negotiated_ || !negotiated_->graceful_restart || !bgp().graceful_restart.value_or(true) ||
      negotiated_->remote.capabilities.graceful_restart->families.empty()) {
    return false;
  }
  using Kind = fsm::DownReason::Kind;
  switch (reason.kind) {
    case Kind::socket:
    case Kind::peer_restarted:
      return true;
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

void BgpProtocol::become_helper() {
  for (auto& [afi_safi, state] : families_) {
    if (state.channel->state() == Channel::State::down) {
      continue;
    }
    if (entry_of(*negotiated_, afi_safi) == nullptr) {
      state.stale = false;
      state.channel->down(false);
      continue;
    }
    if (state.stale) {
      state.channel->sweep_stale();  // stale since an earlier loss (RFC 4724 §4.2)
    }
    state.stale = true;
    state.channel->mark_stale();
    state.channel->down(true);
  }
  helping_ = true;
  stale_total_ = std::chrono::seconds(negotiated_->remote.capabilities.graceful_restart->restart_time_s);
  stale_until_ = core_.now + stale_total_;
  core_.note(act::NoteLevel::info, name(), "BGP " + name() + ": Neighbor graceful restart detected");
  reschedule();
}

void BgpProtocol::resume_after_restart(FamilyState& state) {
  if (!state.stale) {
    return;
  }
  const auto* entry = entry_of(*negotiated_, wire::unicast(state.channel->intent().family));
  if (entry == nullptr || !entry->forwarding_preserved) {
    state.stale = false;
    state.channel->sweep_stale();
  }
}

void BgpProtocol::drop_stale() {
  helping_ = false;
  stale_until_ = Instant::never();
  for (auto& [afi_safi, state] : families_) {
    state.stale = false;
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

bool BgpProtocol::reload(bool in, bool out) {
  if (!established()) {
    return false;
  }
  if (in) {
    for (auto& [afi_safi, state] : families_) {
      if (state.channel->state() == Channel::State::up) {
        state.channel->reload_in();
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
