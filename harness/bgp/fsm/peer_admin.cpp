#include <utility>

#include "bgp/fsm/peer_impl.hpp"
#include "bgp/wire/notification.hpp"

/// What administrators do: start, stop, restart, reset (RFC 4271 §8.1.2).
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

/// RFC 8538 §4: where both sides keep routes over a NOTIFICATION, one that ends the peering has to say so;
/// for BFD RFC 9384 §3 does.
wire::Notification for_good(const Connection& connection, wire::Notification notification) {
  const bool keeps = connection.negotiated && connection.negotiated->notification_gr;
  const bool final_cease = notification.code == wire::error_code::kCease &&
                           (notification.subcode == wire::cease::kMaximumPrefixes ||
                            notification.subcode == wire::cease::kAdministrativeShutdown ||
                            notification.subcode == wire::cease::kAdministrativeReset ||
                            notification.subcode == wire::cease::kBfdDown ||
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
  using Kind = DownReason::Kind;
  const bool limit = cease && notification.subcode == wire::cease::kMaximumPrefixes;
  const bool bfd = cease && notification.subcode == wire::cease::kBfdDown;
  Ending ending;
  ending.reason = reason_of(limit ? Kind::limit : bfd ? Kind::bfd : Kind::notification_sent, notification);
  if (!text.empty()) {
    ending.reason.text = std::move(text);
  }
  ending.notification = for_good(*connection, std::move(notification));
  ending.aftermath = cease ? Aftermath::penalty : Aftermath::fault;
  end(now, connection->id, std::move(ending), out);
  update_state(out);
}

void Peer::Impl::lose(Instant now, std::string text, Outputs& out) {
  const Connection* connection = session();
  if (connection == nullptr) {
    return;
  }
  Ending ending;
  ending.reason.kind = DownReason::Kind::bfd;
  ending.reason.text = std::move(text);
  ending.closing = Closing::abort;
  ending.aftermath = Aftermath::penalty;
  end(now, connection->id, std::move(ending), out);
  settle(now, out);
  update_state(out);
}

void Peer::Impl::set_capabilities(wire::Capabilities capabilities) {
  config_.capabilities = std::move(capabilities);
  open_ = make_open(config_);
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

}  // namespace catflap::bgp::fsm
