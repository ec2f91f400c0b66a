#include <algorithm>
#include <cerrno>
#include <utility>

#include "bgp/fsm/peer_impl.hpp"
#include "bgp/wire/notification.hpp"

namespace catflap::bgp::fsm {
namespace {

constexpr Duration kSendHoldMin = std::chrono::seconds(10);

}  // namespace

Duration Peer::Impl::retry_delay() {
  return std::max(kRetryMin, jittered(rng_, config_.connect_retry_time));
}

Duration Peer::Impl::retry_delay_after_failure() {
  const bool refused = last_error_.kind == DownReason::Kind::socket && last_error_.sys_errno == ECONNREFUSED;
  if (!config_.refused_retry_time || !refused) {
    refused_retry_ = Duration{0};
    return retry_delay();
  }
  refused_retry_ = refused_retry_ == Duration{0} ? *config_.refused_retry_time : refused_retry_ * 2;
  refused_retry_ = std::min(refused_retry_, config_.connect_retry_time);
  return std::max(kRetryMin, jittered(rng_, refused_retry_));
}

Instant Peer::Impl::deadline() const {
  Instant earliest = std::min({start_.at(), connect_.at(), error_wait_.at(), collision_.at()});
  for (const auto& connection : connections_) {
    earliest = std::min({earliest, connection->hold.at(), connection->keepalive.at(),
                         connection->send_hold.at(), connection->delay_open.at()});
  }
  return earliest;
}

void Peer::Impl::run(Instant now, Outputs& out) {
  if (start_.due(now)) {
    begin(now, config_.connect_delay, out);
  }
  std::vector<ConnId> ids;
  for (const auto& connection : connections_) {
    ids.push_back(connection->id);
  }
  for (const ConnId id : ids) {
    if (find(id) != nullptr) {
      run_connection(now, id, out);
      update_state(out);
    }
  }
  if (collision_.due(now)) {
    collision_.stop();
    collision_overdue_ = true;
    settle(now, out);
    update_state(out);
  }
  if (error_wait_.due(now)) {
    error_wait_.stop();
    if (!config_.passive && outgoing() == nullptr) {
      dial(now, out);
    }
    update_state(out);
  }
  if (connect_.due(now)) {
    connect_due(now, out);
    update_state(out);
  }
}

void Peer::Impl::run_connection(Instant now, ConnId id, Outputs& out) {
  Connection& connection = *find(id);
  Ending ending;
  ending.aftermath = Aftermath::fault;
  if (connection.hold.due(now)) {
    ending.notification = wire::Notification{wire::error_code::kHoldTimer, 0, {}};
    ending.reason = reason_of(DownReason::Kind::hold_timer, *ending.notification);
    end(now, id, std::move(ending), out);
    settle(now, out);
    return;
  }
  if (connection.send_hold.due(now)) {
    ending.notification = wire::Notification{wire::error_code::kSendHoldTimer, 0, {}};
    ending.reason = reason_of(DownReason::Kind::notification_sent, *ending.notification);
    end(now, id, std::move(ending), out);
    settle(now, out);
    return;
  }
  if (connection.delay_open.due(now)) {
    send_open(now, connection, out);
    settle(now, out);
    return;
  }
  if (connection.keepalive.due(now)) {
    send(id, wire::Keepalive{}, out);
    connection.keepalive.set(now, jittered(rng_, connection.negotiated->keepalive_time));
  }
}

void Peer::Impl::connect_due(Instant now, Outputs& out) {
  connect_.stop();
  if (const Connection* dialled = outgoing()) {
    Ending ending;
    ending.reason.kind = DownReason::Kind::socket;
    ending.reason.sys_errno = ETIMEDOUT;
    ending.reason.text = "Connection timed out";
    ending.closing = Closing::abort;
    end(now, dialled->id, std::move(ending), out);
  }
  if (error_wait_.running()) {
    return;
  }
  const Connection* incoming = leading();
  if (incoming != nullptr && incoming->state >= State::open_confirm) {
    connect_.set(now, retry_delay());  // a dial would only collide
  } else {
    dial(now, out);
  }
}

void Peer::Impl::sent(Instant now) {
  Connection* connection = session();
  if (connection != nullptr && connection->keepalive.running()) {
    connection->keepalive.set(now, jittered(rng_, connection->negotiated->keepalive_time));
  }
}

void Peer::Impl::set_send_blocked(Instant now, bool blocked) {
  Connection* connection = session();
  if (connection == nullptr) {
    return;
  }
  if (!blocked) {
    connection->send_hold.stop();
    return;
  }
  const Duration hold_time = connection->negotiated->hold_time;
  if (connection->send_hold.running() || (hold_time == Duration{0} && !config_.send_hold_time)) {
    return;  // RFC 9687 §3: without a hold time there is no send hold time, unless it is asked for
  }
  const Duration send_hold_time = config_.send_hold_time.value_or(std::max(2 * hold_time, kSendHoldMin));
  if (send_hold_time > Duration{0}) {
    connection->send_hold.set(now, send_hold_time);
  }
}

}  // namespace catflap::bgp::fsm
