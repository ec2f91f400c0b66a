#include <algorithm>
#include <map>
#include <tuple>

#include "bgp/speaker/speaker_impl.hpp"
#include "bgp/wire/codec.hpp"
#include "bgp/wire/notification.hpp"

/// Where we accept, whom, and what strangers are told.
namespace catflap::bgp {

using internal::BgpProtocol;

void Speaker::Impl::accept(const ev::TcpOpened& event) {
  BgpProtocol* known = nullptr;
  BgpProtocol* parent = nullptr;
  for (const auto& protocol : protocols) {
    if (protocol->kind() != observe::ProtocolKind::bgp) {
      continue;
    }
    auto& bgp = static_cast<BgpProtocol&>(*protocol);
    if (bgp.expects(event.local, event.remote)) {
      known = known == nullptr || bgp.accepts() ? &bgp : known;
    } else if (parent == nullptr && bgp.spawns_for(event.remote)) {
      parent = &bgp;
    }
  }
  if (known == nullptr && parent != nullptr) {
    known = spawn(*parent, event.remote);
  }
  if (known == nullptr) {
    reject(event, "no such neighbor is configured here");
  } else if (!known->accepts()) {
    reject(event, "not ready for this connection");
  } else {
    known->tcp_opened(event.conn, event.local, event.remote, true);
  }
}

void Speaker::Impl::reject(const ev::TcpOpened& event, std::string_view why) {
  core.note(act::NoteLevel::warning, "",
            "Unexpected connect from " + to_string(event.remote) + ": " + std::string(why));
  // RFC 4486 has no text for this subcode, but RFC 9003's form does no harm and tells the other side's log
  // why.
  wire::Notification notification = wire::make_cease(wire::cease::kConnectionRejected);
  if (notification.data.empty()) {
    notification.data.push_back(static_cast<std::byte>(why.size()));
    const BytesView text = as_bytes(why);
    notification.data.insert(notification.data.end(), text.begin(), text.end());
  }
  ByteSink sink;
  wire::encode(notification, {}, sink);
  core.act(act::TcpSend{event.conn, std::make_shared<const Bytes>(sink.release())});
  core.act(act::TcpClose{event.conn, true});
}

BgpProtocol* Speaker::Impl::spawn(const BgpProtocol& parent, const net::Endpoint& remote) {
  constexpr std::size_t kSpawnedMax = 10000;  // a range may be large, memory is not
  if (spawned_.size() >= kSpawnedMax) {
    return nullptr;
  }
  intent::ProtocolIntent intent = parent.intent();
  auto& bgp = std::get<intent::BgpIntent>(intent.body);
  const std::string prefix = bgp.dynamic_name.empty() ? std::string("dynbgp") : bgp.dynamic_name;
  do {
    const std::string number = std::to_string(next_dynamic_++);
    const std::size_t digits = std::max<std::size_t>(bgp.dynamic_name_digits, number.size());
    intent.name = prefix + std::string(digits - number.size(), '0') + number;
  } while (find(intent.name) != nullptr);
  bgp.neighbor = remote.addr;
  bgp.neighbor_range.reset();
  bgp.passive = true;
  if (bgp.interface.empty() && remote.addr.is_v6() && remote.addr.is_link_local()) {
    bgp.interface = std::string(core.interfaces.name_of(remote.scope));  // it is a neighbour on that one only
  }
  auto child = std::make_unique<BgpProtocol>(core, next_id_++, intent);
  BgpProtocol* result = child.get();
  result->mark_spawned();
  spawned_.push_back({child->id(), parent.id()});
  protocols.push_back(std::move(child));
  result->start();
  return result;
}

void Speaker::Impl::erase_finished() {
  for (std::size_t i = 0; i < spawned_.size();) {
    const rib::ProtocolId id = spawned_[i].child;
    const auto it = std::find_if(protocols.begin(), protocols.end(),
                                 [&](const auto& protocol) { return protocol->id() == id; });
    if (it != protocols.end() && static_cast<BgpProtocol&>(**it).finished()) {
      (*it)->stop(internal::StopReason::deconfigured, "");
      protocols.erase(it);
    } else if (it != protocols.end()) {
      ++i;
      continue;
    }
    spawned_.erase(spawned_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

void Speaker::Impl::update_listeners() {
  if (!core.listen_dirty) {
    return;
  }
  core.listen_dirty = false;
  std::map<net::Endpoint, std::vector<act::Listen::Socket::Key>> wanted;
  for_each_bgp([&](const BgpProtocol& bgp) {
    if (bgp.state() == observe::ProtocolState::down) {
      return;
    }
    const intent::BgpIntent& intent = bgp.bgp();
    const net::Family family =
        intent.neighbor ? intent.neighbor->family() : intent.neighbor_range.value_or(net::Prefix()).family();
    net::Endpoint local{net::IpAddr::any(family), bgp.listen_port(), 0};
    if (intent.strict_bind && intent.local_address) {
      local.addr = *intent.local_address;
    } else if (core.intent != nullptr && core.intent->listen_address &&
               core.intent->listen_address->family() == family) {
      local.addr = *core.intent->listen_address;
    }
    auto& keys = wanted[local];
    if (intent.password) {
      const net::Prefix peer = intent.neighbor ? net::Prefix::host(*intent.neighbor) : *intent.neighbor_range;
      const act::Listen::Socket::Key key{peer, *intent.password};
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
        keys.push_back(key);
      }
    }
  });
  std::vector<act::Listen::Socket> sockets;
  for (auto& [local, keys] : wanted) {
    std::sort(keys.begin(), keys.end(), [](const auto& a, const auto& b) {
      return std::tie(a.peer, a.password) < std::tie(b.peer, b.password);
    });
    sockets.push_back({local, std::move(keys)});
  }
  if (!(sockets == listening_)) {
    listening_ = sockets;
    // Before any dial of this round: when two routers start at the same time, the one that dials later must
    // find the other one listening, or both wait for their retry.
    core.actions.insert(core.actions.begin(), act::Listen{std::move(sockets)});
  }
}

}  // namespace catflap::bgp
