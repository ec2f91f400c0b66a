#include <algorithm>
#include <utility>

#include "base/overloaded.hpp"
#include "bgp/speaker/addresses.hpp"
#include "bgp/speaker/bgp_protocol.hpp"
#include "bgp/speaker/bmp_protocol.hpp"

/// Connections of a peer: between the driver's events and the state machine.
namespace catflap::bgp::internal {

bool BgpProtocol::expects(const net::Endpoint& local, const net::Endpoint& remote) const {
  if (state() == observe::ProtocolState::down || !bgp().neighbor || *bgp().neighbor != remote.addr) {
    return false;
  }
  if (bgp().local_address && *bgp().local_address != local.addr) {
    return false;
  }
  if (local.port != 0 && local.port != listen_port()) {
    return false;
  }
  return !interface_ || remote.scope == 0 || *interface_ == remote.scope;
}

std::uint16_t BgpProtocol::listen_port() const {
  constexpr std::uint16_t kBgpPort = 179;
  const bool default_port = bgp().local_port == kBgpPort && core_.intent != nullptr;
  return default_port ? core_.intent->listen_port : bgp().local_port;
}

bool BgpProtocol::spawns_for(const net::Endpoint& remote) const {
  if (state() == observe::ProtocolState::down || !bgp().neighbor_range ||
      bgp().neighbor_range->family() != remote.addr.family() ||
      !bgp().neighbor_range->contains(remote.addr)) {
    return false;
  }
  return bgp().interface.empty() || core_.interfaces.name_of(remote.scope) == bgp().interface ||
         (remote.scope == 0 &&
          core_.interfaces.neighbour_interface(remote.addr, core_.interfaces.index_of(bgp().interface)));
}

void BgpProtocol::tcp_opened(ConnId conn, const net::Endpoint& local, const net::Endpoint& remote,
                             bool inbound) {
  if (peer_ == nullptr) {
    core_.act(act::TcpClose{conn, false});
    core_.connections.erase(conn);
    return;
  }
  Connection& connection = connections_[conn];
  connection.local = local;
  connection.remote = remote;
  connection.open = true;
  core_.connections[conn] = id();
  if (inbound) {
    TcpOptions options = tcp_options(bgp(), intent_.vrf);
    options.md5_password.reset();  // the listener's key made this connection
    core_.act(act::TcpSetOptions{conn, options});
  }
  fsm::Outputs outputs;
  peer_->tcp_opened(core_.now, conn, inbound, outputs);
  handle(std::move(outputs));
}

void BgpProtocol::tcp_bytes(ConnId conn, BytesView bytes) {
  if (peer_ == nullptr) {
    return;
  }
  if (mrtdumps("messages")) {
    mrt_messages(conn, bytes);
  }
  // By pieces, so that decoded messages are used while they are in the cache, and there are never many.
  constexpr std::size_t kPieceOctets = 8192;
  while (!bytes.empty() && peer_ != nullptr) {
    const BytesView piece = bytes.first(std::min(bytes.size(), kPieceOctets));
    bytes = bytes.subspan(piece.size());
    fsm::Outputs outputs;
    peer_->tcp_push(core_.now, conn, piece, outputs);
    for (bool more = true; more;) {
      more = peer_ != nullptr && peer_->next_update(core_.now, conn, outputs, core_.received);
      if (!outputs.empty()) {
        handle(std::exchange(outputs, {}));
      }
      if (more) {
        received(core_.received);
      }
    }
  }
  reschedule();
}

void BgpProtocol::received(fsm::out::Received& received) {
  note_malformed(received.update, received.octets);
  on_update(received.update);
  for (BmpProtocol* monitor : core_.monitors) {
    monitor->updated(*this, received.update);
  }
}

void BgpProtocol::tcp_writable(ConnId conn, std::uint32_t bytes_free) {
  const auto it = connections_.find(conn);
  if (it == connections_.end()) {
    return;
  }
  it->second.bytes_free = bytes_free;
  if (conn == conn_ && bytes_free > 0) {
    // The peer reads: its send hold time starts anew if there is more than it takes now (RFC 9687 §3).
    for (auto& [afi_safi, state] : families_) {
      state.blocked = false;
    }
    if (peer_ != nullptr) {
      peer_->set_send_blocked(core_.now, false);
    }
    wake();
  }
}

void BgpProtocol::tcp_closed(ConnId conn, const CloseReason& reason) {
  connections_.erase(conn);
  core_.connections.erase(conn);
  if (peer_ == nullptr) {
    return;
  }
  fsm::Outputs outputs;
  peer_->tcp_closed(core_.now, conn, reason.sys_errno, reason.text, outputs);
  handle(std::move(outputs));
  if (rebuild_) {
    core_.flush_later(id());
  }
}

void BgpProtocol::dial(ConnId conn) {
  ++connect_attempts_;
  const net::IpAddr& neighbor = *bgp().neighbor;
  net::Endpoint local{net::IpAddr::any(neighbor.family()), 0, 0};
  if (bgp().local_address) {
    local.addr = *bgp().local_address;
  } else if (interface_) {
    local.addr = source_for(core_.interfaces, *interface_, neighbor).value_or(local.addr);
  }
  net::Endpoint remote{neighbor, bgp().neighbor_port, 0};
  if (interface_ && neighbor.is_v6() && neighbor.is_link_local()) {
    remote.scope = *interface_;
    local.scope = *interface_;
  }
  Connection connection;
  connection.local = local;
  connection.remote = remote;
  connections_[conn] = std::move(connection);
  core_.connections[conn] = id();
  core_.act(act::TcpConnect{conn, local, remote, tcp_options(bgp(), intent_.vrf)});
}

void BgpProtocol::send(ConnId conn, std::shared_ptr<const Bytes> bytes) {
  const auto it = connections_.find(conn);
  if (it == connections_.end()) {
    return;
  }
  it->second.bytes_free -=
      static_cast<std::uint32_t>(std::min<std::size_t>(it->second.bytes_free, bytes->size()));
  core_.act(act::TcpSend{conn, std::move(bytes)});
}

void BgpProtocol::close(ConnId conn, bool graceful) {
  if (connections_.erase(conn) != 0) {
    core_.connections.erase(conn);
    core_.act(act::TcpClose{conn, graceful});
  }
}

void BgpProtocol::note_malformed(const wire::Update& update, BytesView octets) {
  if (update.errors.empty()) {
    return;
  }
  malformed_.add(core_.now, update, octets);
  for (const wire::AttributeError& error : update.errors) {
    core_.note(act::NoteLevel::warning, name(),
               name() + ": malformed UPDATE: " + error.what + " [" + to_hex(error.attribute) + "]");
  }
}

std::pair<net::Endpoint, net::Endpoint> BgpProtocol::session_ends() const {
  const auto it = connections_.find(conn_);
  return it == connections_.end() ? std::pair<net::Endpoint, net::Endpoint>()
                                  : std::pair(it->second.local, it->second.remote);
}

void BgpProtocol::handle(fsm::Outputs outputs) {
  for (fsm::Output& output : outputs) {
    std::visit(overloaded{
                   [&](const fsm::out::Dial& o) { dial(o.conn); },
                   [&](fsm::out::Send& o) { send(o.conn, std::move(o.bytes)); },
                   [&](const fsm::out::Close& o) { close(o.conn, o.graceful); },
                   [&](const fsm::out::Established& o) {
                     on_established(o.conn, *o.negotiated);
                     for (BmpProtocol* monitor : core_.monitors) {
                       monitor->peer_up(*this);
                     }
                   },
                   [&](fsm::out::Received& o) { received(o); },
                   [&](const fsm::out::RefreshReceived& o) { on_refresh(o.refresh); },
                   [&](const fsm::out::Down& o) {
                     for (BmpProtocol* monitor : core_.monitors) {
                       monitor->peer_down(*this, o.reason);
                     }
                     on_down(o.reason);
                   },
                   [&](const fsm::out::Malformed& o) { malformed_.add(core_.now, o.error, o.octets); },
                   [&](const fsm::out::StateChanged& o) {
                     mrt_state(o.from, o.to);
                     announce_state();
                   },
                   [&](const fsm::out::Failed& o) {
                     remember_error(o.reason);
                     announce_state();
                   },
               },
               output);
  }
  reschedule();
}

}  // namespace catflap::bgp::internal
