#include "bgp/fsm/peer_impl.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "bgp/wire/notification.hpp"

namespace catflap::bgp::fsm {

DownReason reason_of(DownReason::Kind kind, const wire::Notification& notification, std::string_view what) {
  DownReason reason;
  reason.kind = kind;
  reason.code = notification.code;
  reason.subcode = notification.subcode;
  reason.data = notification.data;
  reason.text = wire::describe(notification);
  if (const auto shutdown_text = wire::shutdown_text(notification)) {
    reason.text += ": " + *shutdown_text;
  }
  if (!what.empty()) {
    reason.text += ": ";
    reason.text += what;
  }
  return reason;
}

Peer::Impl::Impl(PeerConfig config, std::uint64_t jitter_seed, ConnId* next_dial)
    : config_(std::move(config)),
      open_(make_open(config_)),
      rng_(jitter_seed),
      next_dial_(next_dial),
      backoff_(std::max(config_.error_wait_min, kRetryMin), config_.error_wait_max) {
  CATFLAP_ASSERT(next_dial_ != nullptr);
}

Connection* Peer::Impl::find(ConnId id) {
  for (const auto& connection : connections_) {
    if (connection->id == id) {
      return connection.get();
    }
  }
  return nullptr;
}

Connection* Peer::Impl::outgoing() {
  for (const auto& connection : connections_) {
    if (!connection->inbound) {
      return connection.get();
    }
  }
  return nullptr;
}

Connection* Peer::Impl::session() {
  for (const auto& connection : connections_) {
    if (connection->state == State::established) {
      return connection.get();
    }
  }
  return nullptr;
}

const Connection* Peer::Impl::established() const {
  return const_cast<Impl*>(this)->session();
}

Connection* Peer::Impl::rival(const Connection& connection) {
  for (const auto& other : connections_) {
    if (other->id != connection.id && other->open()) {
      return other.get();
    }
  }
  return nullptr;
}

const Connection* Peer::Impl::leading() const {
  const Connection* best = nullptr;
  for (const auto& connection : connections_) {
    if (best == nullptr || connection->state > best->state) {
      best = connection.get();
    }
  }
  return best;
}

State Peer::Impl::current_state() const {
  if (!accepts()) {
    return State::idle;
  }
  if (const Connection* connection = leading()) {
    return connection->state;
  }
  return error_wait_.running() ? State::idle : State::active;
}

void Peer::Impl::update_state(Outputs& out) {
  const State state = current_state();
  if (state != state_) {
    out.push_back(out::StateChanged{state_, state});
    state_ = state;
  }
}

void Peer::Impl::dial(Instant now, Outputs& out) {
  if (*next_dial_ == 0) {
    *next_dial_ = 2;  // 0 says "no connection"
  }
  auto connection = std::make_unique<Connection>();
  connection->id = *next_dial_;
  *next_dial_ += 2;
  out.push_back(out::Dial{connection->id});
  connections_.push_back(std::move(connection));
  connect_.set(now, retry_delay());
}

/// The one way for a connection to go, except to lose against Established while it was still dialled.
void Peer::Impl::end(Instant now, ConnId id, Ending ending, Outputs& out) {
  const auto at = std::find_if(connections_.begin(), connections_.end(),
                               [id](const auto& connection) { return connection->id == id; });
  CATFLAP_ASSERT(at != connections_.end());
  if (ending.notification) {
    send(id, *ending.notification, out);
  }
  if (ending.closing != Closing::already) {
    out.push_back(out::Close{id, ending.closing == Closing::graceful});
  }
  const std::unique_ptr<Connection> gone = std::move(*at);
  connections_.erase(at);
  collision_.stop();
  collision_overdue_ = false;
  const bool was_session = gone->state == State::established;
  if (was_session && now - gone->established_at >= config_.error_forget_time) {
    backoff_.forget();
  }
  if (ending.reason.kind != DownReason::Kind::collision) {
    last_error_ = ending.reason;
  }
  if (was_session) {
    out.push_back(out::Down{std::move(ending.reason)});
  } else {
    out.push_back(out::Failed{std::move(ending.reason)});
  }
  if (!running_) {
    return;
  }
  if ((ending.aftermath == Aftermath::fault && config_.disable_after_error) ||
      ending.aftermath == Aftermath::disable) {
    const wire::Notification cease =
        wire::make_cease(wire::cease::kAdministrativeShutdown, "disabled after an error");
    end_all(now, reason_of(DownReason::Kind::admin, cease), cease, out);
    return;
  }
  plan_dial(now, ending.aftermath);
}

/// Invariant afterwards: unless passive, something leads to the next dial, or a session or a dial is there.
void Peer::Impl::plan_dial(Instant now, Aftermath aftermath) {
  if (session() != nullptr) {
    return;
  }
  // A connection that is getting on is worth more than the error of the other one.
  const bool progress = std::any_of(connections_.begin(), connections_.end(),
                                    [](const auto& connection) { return connection->open(); });
  if (aftermath >= Aftermath::pause && !progress && !error_wait_.running()) {
    const Duration wait = aftermath == Aftermath::pause ? backoff_.minimum() : backoff_.grow();
    error_wait_.set(now, jittered(rng_, wait));
  }
  if (error_wait_.running() && outgoing() == nullptr) {
    connect_.stop();
  }
  if (config_.passive || outgoing() != nullptr || error_wait_.running()) {
    return;
  }
  if (aftermath != Aftermath::none || !connect_.running()) {
    connect_.set(now, retry_delay_after_failure());
  }
}

void Peer::Impl::send(ConnId id, const wire::Message& message, Outputs& out) {
  ByteSink sink;
  static_cast<void>(wire::encode(message, {}, sink));  // only OPENs and UPDATEs can be too long
  out.push_back(out::Send{id, std::make_shared<const Bytes>(sink.release())});
  ++messages_out_;
}

}  // namespace catflap::bgp::fsm
