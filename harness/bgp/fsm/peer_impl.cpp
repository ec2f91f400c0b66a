#include "bgp/fsm/peer_impl.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "bgp/wire/notification.hpp"

namespace catflap::bgp::fsm {
namespace {

DownReason::Kind kind_of_cease(std::uint8_t subcode) {
  switch (subcode) {
    case wire::cease::kMaximumPrefixes:
      return DownReason::Kind::limit;
    case wire::cease::kPeerDeconfigured:
    case wire::cease::kOtherConfigurationChange:
      return DownReason::Kind::reconfigured;
    default:
      return DownReason::Kind::admin;
  }
}

/// RFC 8538 §3.1: where both sides keep routes over a NOTIFICATION, one that ends the peering has to say so.
wire::Notification for_good(const Connection& connection, wire::Notification notification) {
  const bool keeps = connection.negotiated && connection.negotiated->notification_gr;
  const bool final_cease = notification.code == wire::error_code::kCease &&
                           (notification.subcode == wire::cease::kMaximumPrefixes ||
                            notification.subcode == wire::cease::kAdministrativeShutdown ||
                            notification.subcode == wire::cease::kPeerDeconfigured ||
                            notification.subcode == wire::cease::kOtherConfigurationChange);
  if (!keeps || !final_cease) {
    return notification;
  }
  ByteSink data;
  data.u8(notification.code);
  data.u8(notification.subcode);
  data.bytes(notification.data);
  return {wire::error_code::kCease, wire::cease::kHardReset, data.release()};
}

}  // namespace

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

void Peer::Impl::begin(Instant now, Duration delay, Outputs& out) {
  start_.stop();
  backoff_.forget();
  if (!config_.passive) {
    if (delay > Duration{0}) {
      connect_.set(now, delay);
    } else {
      dial(now, out);
    }
  }
  update_state(out);
}

void Peer::Impl::start(Instant now, Outputs& out) {
  if (running_) {
    return;
  }
  running_ = true;
  last_error_ = {};
  begin(now, config_.connect_delay, out);
}

void Peer::Impl::stop(Instant now, std::uint8_t subcode, std::string_view text, Outputs& out) {
  if (!running_) {
    return;
  }
  const wire::Notification cease = wire::make_cease(subcode, text);
  end_all(now, reason_of(kind_of_cease(subcode), cease), cease, out);
  update_state(out);
}

void Peer::Impl::stop_silently(Instant now, Outputs& out) {
  if (!running_) {
    return;
  }
  DownReason reason;
  reason.kind = DownReason::Kind::admin;
  reason.text = "Graceful restart";
  end_all(now, reason, std::nullopt, out);
  update_state(out);
}

void Peer::Impl::restart(Instant now, std::uint8_t subcode, std::string_view text, Duration delay,
                         Outputs& out) {
  stop(now, subcode, text, out);
  running_ = true;
  if (delay > Duration{0}) {
    start_.set(now, delay);
  } else {
    begin(now, config_.connect_delay, out);
  }
}

void Peer::Impl::reset(Instant now, wire::Notification notification, std::string text, Outputs& out) {
  Connection* connection = session();
  if (connection == nullptr) {
    return;
  }
  const bool cease = notification.code == wire::error_code::kCease;
  const bool limit = cease && notification.subcode == wire::cease::kMaximumPrefixes;
  Ending ending;
  ending.reason =
      reason_of(limit ? DownReason::Kind::limit : DownReason::Kind::notification_sent, notification);
  if (!text.empty()) {
    ending.reason.text = std::move(text);
  }
  ending.notification = for_good(*connection, std::move(notification));
  ending.aftermath = cease ? Aftermath::penalty : Aftermath::fault;
  end(now, connection->id, std::move(ending), out);
  update_state(out);
}

void Peer::Impl::set_capabilities(wire::Capabilities capabilities) {
  config_.capabilities = std::move(capabilities);
  open_ = make_open(config_);
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
  if (ending.aftermath == Aftermath::fault && config_.disable_after_error) {
    const wire::Notification cease =
        wire::make_cease(wire::cease::kAdministrativeShutdown, "disabled after an error");
    end_all(now, reason_of(DownReason::Kind::admin, cease), cease, out);
    return;
  }
  plan_dial(now, ending.aftermath);
}

/// `cease`: what the open connections are told; nullopt: nothing.
void Peer::Impl::end_all(Instant now, const DownReason& reason,
                         const std::optional<wire::Notification>& cease, Outputs& out) {
  const DownReason error = last_error_;
  running_ = false;
  start_.stop();
  connect_.stop();
  error_wait_.stop();
  while (!connections_.empty()) {
    const Connection& connection = *connections_.back();
    if (!connection.open()) {
      out.push_back(out::Close{connection.id, false});
      connections_.pop_back();
      continue;
    }
    Ending ending;
    ending.reason = reason;
    if (cease) {
      ending.notification = for_good(connection, *cease);
    }
    end(now, connection.id, std::move(ending), out);
  }
  last_error_ = error;
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
    connect_.set(now, retry_delay());
  }
}

void Peer::Impl::send(ConnId id, const wire::Message& message, Outputs& out) {
  ByteSink sink;
  static_cast<void>(wire::encode(message, {}, sink));  // only OPENs and UPDATEs can be too long
  out.push_back(out::Send{id, std::make_shared<const Bytes>(sink.release())});
  ++messages_out_;
}

}  // namespace catflap::bgp::fsm
