#include "bgp/speaker/bfd_protocol.hpp"

#include <algorithm>
#include <utility>

#include "base/rng.hpp"
#include "bgp/speaker/addresses.hpp"

namespace catflap::bgp::internal {

namespace {

constexpr std::uint8_t kTtl = 255;  // RFC 5881 §5
constexpr Duration kIntervalMin = std::chrono::milliseconds(1);

std::uint16_t port_of(const BfdTarget& target) {
  return target.interface == 0 ? bfd::kMultihopPort : bfd::kSingleHopPort;
}

template <class T>
void take_over(const std::optional<T>& from, T& to) {
  if (from) {
    to = *from;
  }
}

void merge(const intent::BfdOptions& options, bfd::SessionConfig& config) {
  take_over(options.rx_interval_min, config.rx_interval_min);
  take_over(options.tx_interval_min, config.tx_interval_min);
  take_over(options.idle_tx_interval, config.idle_tx_interval);
  take_over(options.multiplier, config.multiplier);
  take_over(options.passive, config.passive);
  if (options.password && !options.password->empty() && !options.authentication.empty()) {
    // What is too long is cut off, as in BIRD.
    config.authentication =
        bfd::parse_authentication(options.authentication).value_or(bfd::Authentication::simple);
    config.password = options.password->substr(0, bfd::password_octets_max(config.authentication));
  }
}

}  // namespace

void BfdProtocol::on_start() {
  set_state(observe::ProtocolState::up);
  core_.bfd_dirty = true;
}

void BfdProtocol::on_stop(StopReason, const std::string&) {
  while (!sessions_.empty()) {
    end(sessions_.begin()->first);
  }
  core_.bfd_dirty = true;
  reschedule();
}

bool BfdProtocol::on_reconfigure(const intent::ProtocolIntent& next) {
  intent_.body = next.body;
  core_.bfd_dirty = true;
  return true;
}

void BfdProtocol::interfaces_changed() {
  if (!bfd().neighbors.empty()) {
    core_.bfd_dirty = true;
  }
}

bool BfdProtocol::accepts(const BfdTarget& target) const {
  return (target.peer.is_v4() ? bfd().accept_ipv4 : bfd().accept_ipv6) &&
         (target.interface == 0 ? bfd().accept_multihop : bfd().accept_direct);
}

/// nullopt while the neighbour is on no interface.
std::optional<BfdTarget> BfdProtocol::target_of(const intent::BfdNeighbor& neighbor) const {
  BfdTarget target{neighbor.addr, neighbor.local, 0};
  if (neighbor.multihop) {
    return target;
  }
  std::optional<IfIndex> only;
  if (!neighbor.interface.empty()) {
    only = core_.interfaces.index_of(neighbor.interface);
    if (!only) {
      return std::nullopt;
    }
  }
  const auto over = core_.interfaces.neighbour_interface(neighbor.addr, only);
  if (!over) {
    return std::nullopt;
  }
  target.interface = *over;
  if (!target.local) {
    target.local = source_for(core_.interfaces, *over, neighbor.addr);
  }
  return target;
}

bfd::SessionConfig BfdProtocol::config_of(const BfdTarget& target, const intent::BfdOptions& own) const {
  bfd::SessionConfig config;
  if (target.interface == 0) {
    merge(bfd().multihop.value_or(intent::BfdOptions()), config);
  } else if (const rib::InterfaceState* interface = core_.interfaces.find(target.interface)) {
    const net::InterfaceAddress none;
    const auto& address = interface->addresses.empty() ? none : interface->addresses.front();
    for (const intent::BfdInterface& item : bfd().interfaces) {
      if (matches(item.interfaces, interface->name, address)) {
        merge(item.options, config);
        break;
      }
    }
  }
  merge(own, config);
  config.tx_interval_min = std::max(config.tx_interval_min, kIntervalMin);
  config.rx_interval_min = std::max(config.rx_interval_min, kIntervalMin);
  return config;
}

void BfdProtocol::sync(std::set<BfdTarget>& taken) {
  if (state() != observe::ProtocolState::up) {
    return;
  }
  struct Wanted {
    intent::BfdOptions options;
    std::vector<rib::ProtocolId> owners;
  };
  std::map<BfdTarget, Wanted> wanted;
  for (const auto& [owner, requests] : core_.bfd_requests) {
    for (const BfdRequest& request : requests) {
      if (taken.count(request.target) != 0 || !accepts(request.target)) {
        continue;
      }
      Wanted& entry = wanted.try_emplace(request.target, Wanted{request.options, {}}).first->second;
      if (entry.owners.empty() || entry.owners.back() != owner) {
        entry.owners.push_back(owner);
      }
    }
  }
  for (const intent::BfdNeighbor& neighbor : bfd().neighbors) {
    const auto target = target_of(neighbor);
    if (target && taken.count(*target) == 0 && accepts(*target)) {
      wanted.try_emplace(*target);
    }
  }
  std::vector<std::uint32_t> gone;
  for (const auto& [target, discriminator] : by_target_) {
    if (wanted.count(target) == 0) {
      gone.push_back(discriminator);
    }
  }
  for (const std::uint32_t discriminator : gone) {
    end(discriminator);
  }
  for (auto& [target, entry] : wanted) {
    taken.insert(target);
    bfd::SessionConfig config = config_of(target, entry.options);
    const auto known = by_target_.find(target);
    if (known != by_target_.end()) {
      Entry& session = sessions_.at(known->second);
      session.owners = std::move(entry.owners);
      config.discriminator = known->second;
      bfd::Outputs outputs;
      session.session.reconfigure(core_.now, std::move(config), outputs);
      handle(session, std::move(outputs));
      continue;
    }
    config.discriminator = core_.next_discriminator++;
    const std::uint64_t seed = core_.seed ^ (std::uint64_t{config.discriminator} * 0x9E3779B97F4A7C15ULL);
    by_target_[target] = config.discriminator;
    core_.bfd_states[target] = bfd::State::down;
    const std::uint32_t discriminator = config.discriminator;
    sessions_.emplace(discriminator, Entry{target, bfd::Session(std::move(config), seed, core_.now),
                                           std::move(entry.owners)});
  }
  reschedule();
}

void BfdProtocol::end(std::uint32_t discriminator) {
  const auto it = sessions_.find(discriminator);
  bfd::Outputs outputs;
  it->second.session.shut_down(core_.now, outputs);
  it->second.owners.clear();  // who asked for it has gone, or knows
  handle(it->second, std::move(outputs));
  core_.bfd_states.erase(it->second.target);
  by_target_.erase(it->second.target);
  sessions_.erase(it);
}

void BfdProtocol::add_sockets(std::set<act::UdpListen::Socket>& sockets) const {
  for (const auto& [target, discriminator] : by_target_) {
    sockets.insert({port_of(target), target.peer.family()});
  }
}

BfdProtocol::Entry* BfdProtocol::find(const ev::Datagram& datagram, const bfd::Packet& packet) {
  const bool multihop = datagram.port == bfd::kMultihopPort;
  const auto fits = [&](const Entry& entry) {
    const BfdTarget& target = entry.target;
    return target.peer == datagram.remote.addr && multihop == (target.interface == 0) &&
           (multihop ? !target.local || *target.local == datagram.local
                     : target.interface == datagram.interface);
  };
  if (packet.your_discriminator != 0) {
    const auto it = sessions_.find(packet.your_discriminator);
    return it != sessions_.end() && fits(it->second) ? &it->second : nullptr;
  }
  for (auto& [discriminator, entry] : sessions_) {
    if (fits(entry)) {
      return &entry;
    }
  }
  return nullptr;
}

bool BfdProtocol::datagram(const ev::Datagram& datagram) {
  if (datagram.port == bfd::kSingleHopPort && datagram.ttl != kTtl) {
    return false;  // RFC 5881 §5: from farther away than one hop
  }
  const auto packet = bfd::decode(datagram.bytes);
  if (!packet) {
    return false;
  }
  Entry* entry = find(datagram, *packet);
  if (entry == nullptr) {
    return false;
  }
  bfd::Outputs outputs;
  entry->session.receive(core_.now, *packet, outputs);
  handle(*entry, std::move(outputs));
  reschedule();
  return true;
}

void BfdProtocol::handle(Entry& entry, bfd::Outputs outputs) {
  const BfdTarget target = entry.target;
  for (Bytes& packet : outputs.packets) {
    net::Endpoint remote{target.peer, port_of(target), 0};
    if (target.peer.is_v6() && target.peer.is_link_local()) {
      remote.scope = target.interface;
    }
    core_.act(act::UdpSend{target.local.value_or(net::IpAddr::any(target.peer.family())), remote,
                           target.interface, kTtl, std::move(packet)});
  }
  for (const bfd::Outputs::Change& change : outputs.changes) {
    core_.bfd_states[target] = change.to;
    const std::string why = to_string(change.diagnostic);
    core_.note(act::NoteLevel::info, name(),
               name() + ": session to " + to_string(target.peer) + " is " +
                   std::string(to_string(change.to)) + (why.empty() ? "" : " (" + why + ")"));
    // Both of these may change what is wanted, but not before the end of this round (Core::bfd_dirty).
    const bool lost =
        change.from == bfd::State::up && change.to == bfd::State::down && !change.remote_admin_down;
    for (const rib::ProtocolId owner : std::vector<rib::ProtocolId>(entry.owners)) {
      const auto found = core_.by_id.find(owner);
      if (found != core_.by_id.end()) {
        found->second->bfd_changed(target, lost);
      }
    }
  }
}

void BfdProtocol::deadline() {
  for (auto& [discriminator, entry] : sessions_) {
    if (entry.session.deadline() <= core_.now) {
      bfd::Outputs outputs;
      entry.session.run(core_.now, outputs);
      handle(entry, std::move(outputs));
    }
  }
  reschedule();
}

void BfdProtocol::reschedule() {
  Instant earliest = Instant::never();
  for (const auto& [discriminator, entry] : sessions_) {
    earliest = std::min(earliest, entry.session.deadline());
  }
  core_.deadlines.set(id(), earliest);
}

observe::ProtocolView BfdProtocol::view() const {
  observe::ProtocolView view = Protocol::view();
  view.table = "---";
  for (const auto& [target, discriminator] : by_target_) {
    const Entry& entry = sessions_.at(discriminator);
    const bfd::Session& session = entry.session;
    observe::BfdSessionView shown;
    shown.peer = target.peer;
    shown.local = target.local;
    shown.interface = std::string(core_.interfaces.name_of(target.interface));
    shown.multihop = target.interface == 0;
    shown.state = to_string(session.state());
    shown.since = session.since();
    shown.interval = session.tx_interval();
    shown.timeout = session.detection_time();
    shown.local_discriminator = discriminator;
    shown.remote_discriminator = session.remote_discriminator();
    shown.diagnostic = to_string(session.diagnostic());
    shown.remote_state = to_string(session.remote_state());
    shown.remote_diagnostic = to_string(session.remote_diagnostic());
    for (const rib::ProtocolId owner : entry.owners) {
      const Protocol* protocol = core_.protocol(owner);
      shown.requested_by.push_back(protocol == nullptr ? std::string() : protocol->name());
    }
    shown.packets_in = session.packets_in();
    shown.packets_out = session.packets_out();
    view.bfd_sessions.push_back(std::move(shown));
  }
  return view;
}

}  // namespace catflap::bgp::internal
