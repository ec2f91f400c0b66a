#include <algorithm>
#include <utility>

#include "bgp/fsm/open_check.hpp"
#include "bgp/fsm/peer_impl.hpp"
#include "bgp/wire/notification.hpp"

/// RFC 4271 §6.8. Both sides must close the same connection, or none is left. Each judges by the ids, so they
/// agree as long as neither makes the losing one Established before it has seen the other. Hence: the losing
/// connection stays in OpenConfirm, with its KEEPALIVE noted, while the preferred one is under way; it is
/// closed when that is Established.
///
/// DEVIATION: §6.8 closes the losing one as soon as the preferred one has had its OPEN. Many speakers make
/// the first one that gets there Established, and refuse the preferred one then; waiting for its KEEPALIVE
/// (for kCollisionWait at most) leaves us with the connection that they keep. An UPDATE on the losing one
/// says so, too.
namespace catflap::bgp::fsm {

/// An OPEN came on a connection beside an Established one: either that beats it, or the peer has restarted
/// and does not know of the old one any more (RFC 4724 §4.2). True if the new one is gone.
bool Peer::Impl::yields_to_session(Instant now, const Connection& candidate, const wire::Open& open,
                                   Outputs& out) {
  const Connection* old = session();
  if (old == nullptr) {
    return false;
  }
  const auto& restart = open.capabilities.graceful_restart;
  // A session that is younger may be the other half of a collision.
  const bool restarted = old->negotiated->graceful_restart &&
                         (now - old->established_at >= kCollisionWait || (restart && restart->restarting));
  if (!restarted) {
    lose(now, candidate.id, out);
    return true;
  }
  Ending ending;
  ending.reason.kind = DownReason::Kind::peer_restarted;
  ending.reason.text = "Peer restarted";
  ending.closing = Closing::abort;
  end(now, old->id, std::move(ending), out);
  return false;
}

/// Whether this one of two open connections is to be kept. The id comes from either's OPEN; without one it
/// does not matter yet, and the outgoing one is named.
bool Peer::Impl::preferred(const Connection& connection) const {
  for (const auto& known : connections_) {
    if (known->negotiated) {
      return keeps_outgoing(open_.open, known->negotiated->remote) != connection.inbound;
    }
  }
  return !connection.inbound;
}

/// Promotes or closes what the rules allow, after any change. At most two connections are open and not
/// Established.
void Peer::Impl::settle(Instant now, Outputs& out) {
  if (session() != nullptr) {
    return;
  }
  const Connection* winner = nullptr;
  const Connection* loser = nullptr;
  bool id_known = false;
  for (const auto& connection : connections_) {
    if (connection->open()) {
      (preferred(*connection) || rival(*connection) == nullptr ? winner : loser) = connection.get();
      id_known = id_known || connection->negotiated;
    }
  }
  if (winner != nullptr && winner->confirmed) {
    promote(now, winner->id, out);
  } else if (loser == nullptr || !id_known) {
    collision_.stop();
    collision_overdue_ = false;
  } else if (!collision_overdue_) {
    if (!collision_.running()) {
      collision_.set(now, kCollisionWait);
    }
  } else if (winner->state == State::open_confirm) {
    lose(now, loser->id, out);
  } else if (loser->confirmed) {
    promote(now, loser->id, out);
  }
}

void Peer::Impl::promote(Instant now, ConnId id, Outputs& out) {
  connect_.stop();
  error_wait_.stop();
  // Established first, so that the ends of the others plan nothing.
  Connection& winner = *find(id);
  winner.state = State::established;
  winner.established_at = now;
  std::vector<ConnId> others;
  for (const auto& connection : connections_) {
    if (connection->id != id) {
      others.push_back(connection->id);
    }
  }
  for (const ConnId other : others) {
    lose(now, other, out);
  }
  collision_.stop();
  collision_overdue_ = false;
  update_state(out);
  out.push_back(out::Established{id, std::make_shared<const Negotiated>(*winner.negotiated)});
}

void Peer::Impl::lose(Instant now, ConnId id, Outputs& out) {
  const Connection& connection = *find(id);
  if (!connection.open()) {
    out.push_back(out::Close{id, false});
    connections_.erase(std::find_if(connections_.begin(), connections_.end(),
                                    [id](const auto& each) { return each->id == id; }));
    return;
  }
  const wire::Notification notification = wire::make_cease(wire::cease::kCollision);
  Ending ending;
  ending.reason = reason_of(DownReason::Kind::collision, notification);
  ending.notification = notification;
  end(now, id, std::move(ending), out);
}

}  // namespace catflap::bgp::fsm
