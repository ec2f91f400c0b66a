#include "bgp/speaker/static_protocol.hpp"

#include <algorithm>
#include <utility>

#include "bgp/speaker/addresses.hpp"

namespace catflap::bgp::internal {

void StaticProtocol::on_start() {
  note_conditions();
  set_state(observe::ProtocolState::up);
  for (const auto& channel : channels_) {
    channel->up();
  }
  announce(true);
}

void StaticProtocol::on_stop(StopReason, const std::string&) {
  announced_.clear();
  core_.request_bfd(id(), {});
}

observe::ProtocolView StaticProtocol::view() const {
  observe::ProtocolView view = Protocol::view();
  const auto& body = std::get<intent::StaticIntent>(intent_.body);
  if (body.roa_table.empty() || core_.intent == nullptr) {
    return view;
  }
  // Origin authorizations are part of the configuration; here they look like a channel, as in BIRD.
  const auto family = core_.intent->roa_families.find(body.roa_table);
  observe::ChannelView channel;
  if (family != core_.intent->roa_families.end()) {
    channel.family = family->second;
  }
  channel.name = channel.family == net::Family::ipv4 ? "roa4" : "roa6";
  channel.table = view.table = body.roa_table;
  channel.up = state() == observe::ProtocolState::up;
  constexpr std::uint32_t kStaticPreference = 200;
  channel.preference = kStaticPreference;
  channel.import_filter = "ACCEPT";
  channel.export_filter = "REJECT";
  channel.imported = channel.preferred = channel.up ? body.roas.size() : 0;
  channel.import_updates.received = channel.import_updates.accepted = channel.imported;
  view.channels.push_back(std::move(channel));
  return view;
}

bool StaticProtocol::on_reconfigure(const intent::ProtocolIntent& next) {
  intent_.body = next.body;
  note_conditions();
  if (state() == observe::ProtocolState::up) {
    announce(false);
  }
  return true;
}

void StaticProtocol::note_conditions() {
  conditions_.clear();
  for (const intent::StaticRoute& route : std::get<intent::StaticIntent>(intent_.body).routes) {
    if (route.when) {
      conditions_.insert(*route.when);
    }
  }
}

bool StaticProtocol::holds(const Channel& channel, const net::Prefix& prefix) const {
  const rib::Entry* entry = channel.table().find(prefix);
  if (entry == nullptr) {
    return false;
  }
  const auto paths = entry->paths();
  return std::any_of(paths.begin(), paths.end(), [this](const rib::Path& path) {
    return path.protocol != id() && !path.flags.filtered && !path.flags.unusable;
  });
}

void StaticProtocol::route_changed(Channel&, const rib::Change& change) {
  if (!conditions_.empty() && conditions_.count(change.prefix) > 0) {
    condition_changed_ = true;
    core_.flush_later(id());
  }
}

void StaticProtocol::flush() {
  if (std::exchange(condition_changed_, false)) {
    announce(false);
  }
  Protocol::flush();
}

std::optional<policy::Forwarding> StaticProtocol::forwarding_of(const intent::StaticRoute& route,
                                                                std::vector<BfdRequest>& watched) const {
  policy::Forwarding forwarding;
  for (const intent::StaticNextHop& hop : route.next_hops) {
    std::optional<IfIndex> only;
    if (!hop.interface.empty()) {
      only = core_.interfaces.index_of(hop.interface);
      const rib::InterfaceState* interface = only ? core_.interfaces.find(*only) : nullptr;
      if (interface == nullptr || !interface->up) {
        continue;
      }
    }
    std::optional<IfIndex> over = only;
    if (hop.via && !(hop.onlink && only)) {
      over = core_.interfaces.neighbour_interface(*hop.via, only);
    }
    if (over && hop.bfd && hop.via) {
      BfdTarget target{*hop.via, source_for(core_.interfaces, *over, *hop.via), *over};
      watched.push_back(BfdRequest{target, {}});
      const auto known = core_.bfd_states.find(target);
      if (known == core_.bfd_states.end() || known->second != bfd::State::up) {
        continue;  // as BIRD: no route before BFD has seen the neighbour
      }
    }
    if (over) {
      forwarding.next_hops.push_back(
          policy::NextHop{hop.via, *over, static_cast<std::uint16_t>(hop.weight), hop.onlink});
    }
  }
  if (forwarding.next_hops.empty()) {
    return std::nullopt;
  }
  forwarding.destination = policy::Destination::unicast;
  policy::normalise(forwarding.next_hops);
  return forwarding;
}

std::optional<policy::RouteAttrs> StaticProtocol::attrs_of(const intent::StaticRoute& route,
                                                           const Channel& channel,
                                                           std::vector<BfdRequest>& watched) const {
  policy::RouteAttrs attrs;
  attrs.source = intent::RouteSource::static_;
  attrs.preference = channel.preference();
  switch (route.target) {
    case intent::RouteTarget::via: {
      auto forwarding = forwarding_of(route, watched);
      if (!forwarding) {
        return std::nullopt;
      }
      attrs.forwarding = std::move(*forwarding);
      if (const auto& hops = attrs.forwarding.next_hops; core_.intent != nullptr &&
                                                         core_.intent->dialect == intent::Dialect::bird1 &&
                                                         hops.size() == 1 && !hops.front().via) {
        attrs.source = intent::RouteSource::static_device;  // which BIRD 2 has no more
      }
      break;
    }
    case intent::RouteTarget::recursive: {
      if (!route.recursive_via) {
        return std::nullopt;
      }
      const std::string& igp_table = std::get<intent::StaticIntent>(intent_.body).igp_table;
      attrs.recursive = policy::RecursiveNextHop{*route.recursive_via, std::nullopt,
                                                 igp_table.empty() ? channel.intent().table : igp_table};
      break;
    }
    case intent::RouteTarget::blackhole:
      attrs.forwarding.destination = policy::Destination::blackhole;
      break;
    case intent::RouteTarget::unreachable:
      attrs.forwarding.destination = policy::Destination::unreachable;
      break;
    case intent::RouteTarget::prohibit:
      attrs.forwarding.destination = policy::Destination::prohibit;
      break;
  }
  if (route.body != nullptr) {
    policy::RouteEdit edit;
    std::vector<std::string> printed;
    const Status status =
        policy::run_body(*route.body, policy::RouteRef{route.prefix, attrs, nullptr, name()}, edit,
                         core_.environment(), &printed);
    for (const std::string& line : printed) {
      core_.note(act::NoteLevel::info, "", line);
    }
    if (!status) {
      core_.note(act::NoteLevel::error, name(), to_string(status.error()));
    }
    return edit.changed() ? edit.take() : attrs;
  }
  return attrs;
}

void StaticProtocol::announce(bool all) {
  if (state() != observe::ProtocolState::up) {
    return;
  }
  const auto& routes = std::get<intent::StaticIntent>(intent_.body).routes;
  std::vector<BfdRequest> watched;
  for (const auto& channel : channels_) {
    std::map<Key, rib::AttrRef> wanted;
    std::map<net::Prefix, rib::PathId> seen;
    for (const intent::StaticRoute& route : routes) {
      if (route.prefix.family() != channel->intent().family) {
        continue;
      }
      const Key key{route.prefix, seen[route.prefix]++};
      if (route.when && !holds(*channel, *route.when)) {
        continue;
      }
      auto attrs = attrs_of(route, *channel, watched);
      if (attrs) {
        wanted[key] = core_.pool.intern(std::move(*attrs));
      }
    }
    for (const auto& [key, attrs] : announced_) {
      if (wanted.count(key) == 0) {
        channel->withdraw(key.first, key.second);
      }
    }
    for (const auto& [key, attrs] : wanted) {
      const auto it = announced_.find(key);
      if (all || it == announced_.end() || it->second != attrs) {
        channel->update(key.first, key.second, attrs);
      }
    }
    announced_ = std::move(wanted);
  }
  core_.request_bfd(id(), std::move(watched));
}

}  // namespace catflap::bgp::internal
