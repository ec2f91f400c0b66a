#include "bgp/speaker/pipe_protocol.hpp"

namespace catflap::bgp::internal {

namespace {

/// What leaves the peer's table is what the primary channel imports. The filter runs on the way out of a
/// table, once.
intent::ChannelIntent peer_channel(const intent::ProtocolIntent& intent) {
  intent::ChannelIntent peer = intent.channels.front();
  peer.table = std::get<intent::PipeIntent>(intent.body).peer_table;
  peer.export_filter = intent.channels.front().import_filter;
  peer.import_filter = intent::FilterRef::all();
  peer.export_limit = intent.channels.front().import_limit;
  peer.import_limit.reset();
  peer.receive_limit.reset();
  return peer;
}

intent::ProtocolIntent primary_only(intent::ProtocolIntent intent) {
  intent.channels.front().import_filter = intent::FilterRef::all();
  intent.channels.front().import_limit.reset();
  intent.channels.resize(1);
  return intent;
}

void join(const observe::ChangeCounters& out, const observe::ChangeCounters& in,
          observe::ChangeCounters& both) {
  both = {out.received, out.rejected, out.filtered, in.ignored, in.accepted};
}

}  // namespace

namespace {

/// What comes out of an opaque pipe is a route of the pipe's own, with the next hop as it is now.
void make_own(policy::RouteAttrs& attrs, const rib::Path& path, const Channel& channel) {
  attrs.source = intent::RouteSource::pipe;
  attrs.preference = channel.preference();
  if (attrs.recursive) {
    attrs.forwarding = path.forwarding();
    attrs.recursive.reset();
  }
}

}  // namespace

PipeProtocol::PipeProtocol(Core& core, rib::ProtocolId id, const intent::ProtocolIntent& intent)
    : Protocol(core, id, primary_only(intent)) {
  intent_ = intent;
  channels_.push_back(std::make_unique<Channel>(core_, *this, peer_channel(intent)));
}

void PipeProtocol::on_start() {
  set_state(observe::ProtocolState::up);
  bring_up(*channels_[0]);
  bring_up(*channels_[1]);
}

void PipeProtocol::on_stop(StopReason, const std::string&) {
  directions_[0] = {};
  directions_[1] = {};
  core_.decision.forget_origins(id());
}

bool PipeProtocol::on_reconfigure(const intent::ProtocolIntent& next) {
  return std::get<intent::PipeIntent>(next.body) == std::get<intent::PipeIntent>(intent_.body);
}

std::vector<intent::ChannelIntent> PipeProtocol::channels_of(const intent::ProtocolIntent& intent) const {
  return {primary_only(intent).channels.front(), peer_channel(intent)};
}

bool PipeProtocol::preexport(const Channel&, const rib::Path& path) const {
  return path.protocol != id();
}

const Protocol* PipeProtocol::origin_of(const rib::Path& path) const {
  // The two directions number apart: odd ids come out of the primary table, even ones out of the peer's.
  const Direction& direction = directions_[path.path_id % 2 == 1 ? 0 : 1];
  const auto it = direction.sources.find(path.path_id);
  if (std::get<intent::PipeIntent>(intent_.body).opaque) {
    return this;
  }
  return it == direction.sources.end() ? this : core_.protocol(it->second.first);
}

void PipeProtocol::route_changed(Channel& channel, const rib::Change& change) {
  const std::size_t index = direction_of(channel);
  Direction& direction = directions_[index];
  auto& carried = direction.carried[change.prefix];
  std::map<rib::PathId, rib::AttrRef> now;
  const bool opaque = std::get<intent::PipeIntent>(intent_.body).opaque;
  std::span<const rib::Path> paths;
  if (change.entry != nullptr) {
    const rib::Path* best = change.entry->best();
    paths = !opaque ? change.entry->paths() : best == nullptr ? paths : std::span(best, 1);
  }
  for (const rib::Path& path : paths) {
    if (path.flags.filtered || path.flags.unusable || path.protocol == id()) {
      continue;
    }
    const Source source{path.protocol, path.path_id};
    const auto known = direction.ids.find(source);
    rib::PathId out = 0;
    if (known == direction.ids.end()) {
      out = 2 * direction.next++ - (index == 0 ? 1U : 0U);
      direction.ids[source] = out;
      direction.sources[out] = source;
      core_.decision.set_origin(id(), out, path.protocol, path.path_id);
    } else {
      out = known->second;
    }
    ++channel.export_updates.received;
    policy::RouteEdit edit;
    if (channel.filter_out(change.prefix, path, edit)) {
      if (opaque) {
        make_own(edit.edit(*path.attrs), path, channel);
      }
      now[out] = edit.changed() ? core_.pool.intern(edit.take()) : path.attrs;
    }
  }
  for (const auto& [path_id, attrs] : carried) {
    if (now.count(path_id) == 0) {
      direction.pending[{change.prefix, path_id}] = Pending{};
      ++channel.export_withdraws.accepted;
      --channel.exported;
    }
  }
  for (const auto& [path_id, attrs] : now) {
    const auto old = carried.find(path_id);
    if (old == carried.end() || old->second != attrs) {
      direction.pending[{change.prefix, path_id}] = Pending{true, attrs};
      ++channel.export_updates.accepted;
      channel.exported += old == carried.end() ? 1U : 0U;
    }
  }
  if (now.empty()) {
    direction.carried.erase(change.prefix);
  } else {
    carried = std::move(now);
  }
  if (!direction.pending.empty()) {
    core_.flush_later(id());
  }
}

void PipeProtocol::flush() {
  obey_limit();
  for (std::size_t index = 0; index < 2; ++index) {
    Channel& into = *channels_[1 - index];
    for (const auto& [key, pending] : std::exchange(directions_[index].pending, {})) {
      if (pending.announce) {
        into.update(key.first, key.second, pending.attrs);
      } else {
        into.withdraw(key.first, key.second);
      }
    }
  }
}

observe::ProtocolView PipeProtocol::view() const {
  observe::ProtocolView view = Protocol::view();
  view.info = channels_[0]->intent().table + " <=> " + channels_[1]->intent().table;
  view.table = "---";
  // BIRD shows one channel, with what goes into the primary table as imports.
  if (view.channels.size() == 2) {
    observe::ChannelView& shown = view.channels.front();
    const observe::ChannelView primary = view.channels[0];
    const observe::ChannelView& peer = view.channels[1];
    shown.name = "main";
    shown.peer_table = peer.table;
    shown.import_filter = peer.export_filter;
    shown.exported = peer.imported;
    // A route is first exported to the pipe and then imported from it; each direction is told as one.
    join(peer.export_updates, primary.import_updates, shown.import_updates);
    join(peer.export_withdraws, primary.import_withdraws, shown.import_withdraws);
    join(primary.export_updates, peer.import_updates, shown.export_updates);
    join(primary.export_withdraws, peer.import_withdraws, shown.export_withdraws);
    view.channels.resize(1);
  }
  return view;
}

}  // namespace catflap::bgp::internal
