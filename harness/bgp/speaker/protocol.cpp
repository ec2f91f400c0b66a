#include "bgp/speaker/protocol.hpp"

#include <utility>

namespace catflap::bgp::internal {

Protocol::Protocol(Core& core, rib::ProtocolId id, intent::ProtocolIntent intent)
    : core_(core), intent_(std::move(intent)), id_(id), enabled_(!intent_.disabled), since_(core.now) {
  for (const intent::ChannelIntent& channel : intent_.channels) {
    channels_.push_back(std::make_unique<Channel>(core_, *this, channel));
  }
  core_.by_id[id_] = this;
}

Protocol::~Protocol() {
  core_.deadlines.set(id_, Instant::never());
  core_.to_flush.erase(id_);
  core_.request_bfd(id_, {});
  channels_.clear();
  core_.by_id.erase(id_);
  core_.decision.remove(id_);
}

void Protocol::start() {
  if (state_ == observe::ProtocolState::down && !core_.shutting_down) {
    on_start();
  }
}

void Protocol::stop(StopReason reason, const std::string& text) {
  if (state_ == observe::ProtocolState::down) {
    return;
  }
  on_stop(reason, text);
  for (const auto& channel : channels_) {
    channel->down(false);
  }
  set_state(observe::ProtocolState::down);
}

bool Protocol::reconfigure(const intent::ProtocolIntent& next) {
  if (next.body.index() != intent_.body.index() || next.router_id != intent_.router_id ||
      next.vrf != intent_.vrf) {
    return false;
  }
  std::vector<intent::ChannelIntent> wanted = channels_of(next);
  std::vector<std::pair<bool, bool>> changed(channels_.size());
  if (wanted.size() != channels_.size()) {
    return false;
  }
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    if (!channels_[i]->reconfigure(wanted[i], &changed[i].first, &changed[i].second)) {
      return false;
    }
  }
  if (!on_reconfigure(next)) {
    return false;
  }
  intent_ = next;
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    if (channels_[i]->state() != Channel::State::up) {
      continue;
    }
    if (core_.soft) {
      if (changed[i].second) {
        keep_export(*channels_[i]);
      }
      continue;
    }
    if (changed[i].first) {
      channels_[i]->reload_in();
    }
    if (changed[i].second) {
      refeed(*channels_[i]);
    }
  }
  return true;
}

void Protocol::bring_up(Channel& channel) {
  if (channel.state() != Channel::State::up) {
    channel.up();
    refeed(channel);
  }
}

void Protocol::refeed(Channel& channel) {
  channel.table().for_each_numbered(
      [&](rib::PrefixId id, const net::Prefix& prefix, const rib::Entry& entry) {
        route_changed(channel, rib::Change{prefix, true, false, &entry, entry.best(), id});
      });
}

bool Protocol::reload(bool in, bool out) {
  if (state_ == observe::ProtocolState::down) {
    return false;
  }
  for (const auto& channel : channels_) {
    if (channel->state() != Channel::State::up) {
      continue;
    }
    if (in) {
      channel->reload_in();
    }
    if (out) {
      refeed(*channel);
    }
  }
  return true;
}

void Protocol::limit_passed(Channel& channel, bool restart) {
  (void)channel;
  limit_action_ = restart ? LimitAction::restart : LimitAction::disable;
  core_.flush_later(id_);
}

void Protocol::obey_limit() {
  const LimitAction action = std::exchange(limit_action_, LimitAction::none);
  if (action == LimitAction::none) {
    return;
  }
  on_limit(action == LimitAction::restart);
}

void Protocol::on_limit(bool restart_it) {
  stop(StopReason::restart, "");
  if (restart_it) {
    start();
  } else {
    enabled_ = false;
  }
}

void Protocol::set_state(observe::ProtocolState state) {
  if (state_ == state) {
    return;
  }
  state_ = state;
  since_ = core_.now;
  announce_state();
}

void Protocol::announce_state() {
  core_.act(act::ProtocolChanged{name(), kind(), state_, std::nullopt, ""});
}

observe::ProtocolView Protocol::view() const {
  observe::ProtocolView view;
  view.name = name();
  view.kind = kind();
  view.table = channels_.empty() || kind() == observe::ProtocolKind::direct || channels_.size() > 1
                   ? std::string("---")
                   : channels_.front()->intent().table;
  view.state = state_;
  view.since = since_;
  view.description = intent_.description;
  for (const auto& channel : channels_) {
    view.channels.push_back(channel->view());
  }
  return view;
}

}  // namespace catflap::bgp::internal
