#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "base/overloaded.hpp"
#include "bgp/fsm/open_check.hpp"
#include "bgp/fsm/peer_impl.hpp"
#include "bgp/wire/notification.hpp"

namespace catflap::bgp::fsm {
namespace {

constexpr std::size_t kTypeOffset = 18;  // RFC 4271 §4.1: marker, length, type

bool is_cease(const wire::Notification& notification, std::uint8_t subcode) {
  return notification.code == wire::error_code::kCease && notification.subcode == subcode;
}

/// RFC 6608 §4.
std::uint8_t fsm_subcode(State state) {
  switch (state) {
    case State::idle:
    case State::connect:
    case State::active:
      return 0;
    case State::open_sent:
      return wire::fsm_error::kOpenSent;
    case State::open_confirm:
      return wire::fsm_error::kOpenConfirm;
    case State::established:
      return wire::fsm_error::kEstablished;
  }
  return 0;
}

}  // namespace

void Peer::Impl::tcp_opened(Instant now, ConnId id, bool inbound, Outputs& out) {
  Connection* connection = find(id);
  if (inbound) {
    if (connection != nullptr) {
      return;
    }
    if (!accepts()) {
      send(id, wire::make_cease(wire::cease::kConnectionRejected), out);
      out.push_back(out::Close{id, true});
      return;
    }
    for (const auto& other : connections_) {
      if (other->inbound && other->state != State::established) {
        // The peer dials again: it has given up the connection before, even if we have not been told yet.
        lose(now, other->id, out);
        break;
      }
    }
    connections_.push_back(std::make_unique<Connection>());
    connection = connections_.back().get();
    connection->id = id;
    connection->inbound = true;
  } else if (connection == nullptr) {
    out.push_back(out::Close{id, false});
    return;
  } else if (connection->state != State::connect || connection->delay_open.running()) {
    return;
  } else {
    connect_.stop();
  }
  if (config_.delay_open_time > Duration{0}) {
    connection->delay_open.set(now, config_.delay_open_time);
  } else {
    send_open(now, *connection, out);
    settle(now, out);
  }
  update_state(out);
}

void Peer::Impl::send_open(Instant now, Connection& connection, Outputs& out) {
  connection.delay_open.stop();
  connection.state = State::open_sent;
  if (config_.startup_hold_time > Duration{0}) {
    connection.hold.set(now, config_.startup_hold_time);
  }
  connection.local = open_.open;
  out.push_back(out::Send{connection.id, std::make_shared<const Bytes>(open_.bytes)});
  ++messages_out_;
}

void Peer::Impl::tcp_closed(Instant now, ConnId id, int sys_errno, std::string_view text, Outputs& out) {
  const Connection* connection = find(id);
  if (connection == nullptr) {
    return;
  }
  Ending ending;
  ending.reason.kind = DownReason::Kind::socket;
  ending.reason.sys_errno = sys_errno;
  ending.reason.text = text.empty() ? "Connection closed" : std::string(text);
  ending.closing = Closing::already;
  switch (connection->state) {
    case State::idle:
    case State::active:
    case State::connect:
    case State::open_sent:
      ending.aftermath = connection->inbound ? Aftermath::none : Aftermath::retry;
      break;
    case State::open_confirm:
    case State::established:
      ending.aftermath = Aftermath::penalty;
      break;
  }
  end(now, id, std::move(ending), out);
  settle(now, out);
  update_state(out);
}

void Peer::Impl::tcp_push(Instant now, ConnId id, BytesView bytes, Outputs& out) {
  Connection* connection = find(id);
  if (connection != nullptr && connection->delay_open.running()) {
    // The peer speaks first, so ours goes out in front of what answers it.
    send_open(now, *connection, out);
    settle(now, out);
    connection = find(id);
  }
  if (connection == nullptr || !connection->open()) {
    return;
  }
  connection->framer.push(bytes);
}

bool Peer::Impl::next_update(Instant now, ConnId id, Outputs& out, out::Received& update) {
  update_state(out);
  bool more = true;
  while (more) {
    Connection* const connection = find(id);
    if (connection == nullptr || !connection->open()) {
      break;
    }
    const auto message = connection->framer.next();
    if (!message) {
      ++messages_in_;
      on_malformed(now, id, message.error(), connection->framer.pending(), out);
      more = false;
    } else if (!*message) {
      more = false;
    } else if (handle(now, id, **message, out, update)) {
      return true;
    }
    update_state(out);
  }
  return false;
}

void Peer::Impl::tcp_bytes(Instant now, ConnId id, BytesView bytes, Outputs& out) {
  tcp_push(now, id, bytes, out);
  for (out::Received update; next_update(now, id, out, update); update = {}) {
    out.push_back(std::move(update));
  }
}

bool Peer::Impl::handle(Instant now, ConnId id, BytesView message, Outputs& out, out::Received& update) {
  ++messages_in_;
  Connection& connection = *find(id);
  const auto type = std::to_integer<std::uint8_t>(message[kTypeOffset]);
  if (connection.state == State::open_sent && type != wire::message_type::kOpen &&
      type != wire::message_type::kNotification) {
    fsm_error(now, id, type, out);
    return false;
  }
  if (type == wire::message_type::kUpdate) {
    if (connection.state == State::open_confirm) {
      // The peer is Established, so it has had our KEEPALIVE and chosen this connection: as good as its
      // KEEPALIVE.
      promote(now, id, out);
    }
    if (const auto decoded = wire::decode_update(message, connection.context, update.update); !decoded) {
      on_malformed(now, id, decoded.error(), message, out);
      return false;
    }
    update.octets.clear();
    if (!update.update.errors.empty()) {
      update.octets.assign(message.begin(), message.end());
    }
    restart_hold_timer(now, connection);
    return true;
  }
  const auto decoded = wire::decode(message, connection.context);
  if (!decoded) {
    on_malformed(now, id, decoded.error(), message, out);
    return false;
  }
  on_message(now, id, *decoded, out);
  return false;
}

void Peer::Impl::restart_hold_timer(Instant now, Connection& connection) {
  if (connection.negotiated && connection.negotiated->hold_time > Duration{0}) {
    connection.hold.set(now, connection.negotiated->hold_time);
  }
}

void Peer::Impl::on_message(Instant now, ConnId id, const wire::Message& message, Outputs& out) {
  Connection& connection = *find(id);
  restart_hold_timer(now, connection);
  std::visit(
      overloaded{[&](const wire::Open& open) {
                   if (connection.state == State::open_sent) {
                     on_open(now, id, open, out);
                   } else {
                     fsm_error(now, id, wire::message_type::kOpen, out);
                   }
                 },
                 [](const wire::Update&) {},  // handle() takes them
                 [&](const wire::Notification& notification) { on_notification(now, id, notification, out); },
                 [&](const wire::Keepalive&) { on_keepalive(now, id, out); },
                 [&](const wire::RouteRefresh& refresh) {
                   if (connection.state == State::established) {
                     on_refresh(connection, refresh, out);
                   } else {
                     fsm_error(now, id, wire::message_type::kRouteRefresh, out);
                   }
                 }},
      message);
}

void Peer::Impl::on_open(Instant now, ConnId id, const wire::Open& open, Outputs& out) {
  Connection& connection = *find(id);
  if (const auto refusal = check_open(config_, connection.local, open)) {
    refuse(now, id, refusal->notification, refusal->what, out);
    return;
  }
  if (yields_to_session(now, connection, open, out)) {
    return;
  }
  connection.negotiated = negotiate(config_, connection.local, open);
  connection.context = decode_context(config_, *connection.negotiated);
  connection.framer.set_extended(connection.context.extended_message);
  connection.state = State::open_confirm;
  send(id, wire::Keepalive{}, out);
  if (connection.negotiated->hold_time > Duration{0}) {
    connection.hold.set(now, connection.negotiated->hold_time);
    connection.keepalive.set(now, jittered(rng_, connection.negotiated->keepalive_time));
  } else {
    connection.hold.stop();
  }
  settle(now, out);
}

void Peer::Impl::on_keepalive(Instant now, ConnId id, Outputs& out) {
  Connection& connection = *find(id);
  if (connection.state == State::open_confirm) {
    connection.confirmed = true;
    settle(now, out);
  }
}

/// Never answered (RFC 4271 §6.4).
void Peer::Impl::on_notification(Instant now, ConnId id, const wire::Notification& notification,
                                 Outputs& out) {
  const bool session = find(id)->state == State::established;
  Ending ending;
  ending.reason = reason_of(DownReason::Kind::notification_received, notification);
  ending.aftermath = Aftermath::fault;
  if (is_cease(notification, wire::cease::kCollision)) {
    ending.aftermath = session ? Aftermath::pause : Aftermath::retry;
    if (!session) {
      ending.reason.kind = DownReason::Kind::collision;
    }
  } else if (is_cease(notification, wire::cease::kAdministrativeReset) ||
             is_cease(notification, wire::cease::kOtherConfigurationChange)) {
    ending.aftermath = Aftermath::pause;
  } else if (notification.code == wire::error_code::kCease) {
    ending.aftermath = Aftermath::penalty;
  }
  if (notification.code == wire::error_code::kCease && notification.subcode < 32 &&
      (config_.disable_after_cease >> notification.subcode & 1U) != 0) {
    ending.aftermath = Aftermath::disable;
  }
  end(now, id, std::move(ending), out);
  settle(now, out);
}

/// RFC 2918 §4, RFC 7313 §3: what was not negotiated is ignored.
void Peer::Impl::on_refresh(const Connection& connection, const wire::RouteRefresh& refresh,
                            Outputs& out) const {
  const Negotiated& negotiated = *connection.negotiated;
  const bool wanted =
      refresh.subtype == 0 ? negotiated.route_refresh : refresh.subtype <= 2 && negotiated.enhanced_refresh;
  for (const wire::AfiSafi& family : negotiated.families) {
    if (wanted && family == refresh.family) {
      out.push_back(out::RefreshReceived{refresh});
    }
  }
}

void Peer::Impl::on_malformed(Instant now, ConnId id, const wire::DecodeError& error, BytesView octets,
                              Outputs& out) {
  octets = octets.first(std::min(octets.size(), wire::kExtendedMessageOctetsMax));
  out.push_back(out::Malformed{error, Bytes(octets.begin(), octets.end())});
  if (error.silent) {
    on_notification(now, id, error.notification, out);
  } else if (const auto sooner =
                 error.open ? check_fixed_fields(config_, *error.open, false) : std::nullopt) {
    refuse(now, id, sooner->notification, sooner->what, out);
  } else {
    refuse(now, id, error.notification, error.what, out);
  }
}

void Peer::Impl::refuse(Instant now, ConnId id, wire::Notification notification, std::string_view what,
                        Outputs& out) {
  Ending ending;
  ending.reason = reason_of(DownReason::Kind::notification_sent, notification, what);
  ending.notification = std::move(notification);
  ending.aftermath = Aftermath::fault;
  end(now, id, std::move(ending), out);
  settle(now, out);
}

void Peer::Impl::fsm_error(Instant now, ConnId id, std::uint8_t type, Outputs& out) {
  refuse(now, id, {wire::error_code::kFsm, fsm_subcode(find(id)->state), Bytes{static_cast<std::byte>(type)}},
         {}, out);
}

}  // namespace catflap::bgp::fsm
