#include "bgp/fsm/peer.hpp"

#include <utility>

#include "bgp/fsm/peer_impl.hpp"

namespace catflap::bgp::fsm {
namespace {

Peer::Timer shown(const Countdown& countdown, Instant now) {
  return {countdown.left(now), countdown.total()};
}

}  // namespace

std::string_view to_string(State state) {
  switch (state) {
    case State::idle:
      return "Idle";
    case State::connect:
      return "Connect";
    case State::active:
      return "Active";
    case State::open_sent:
      return "OpenSent";
    case State::open_confirm:
      return "OpenConfirm";
    case State::established:
      return "Established";
  }
  return "";
}

Peer::Peer(PeerConfig config, std::uint64_t jitter_seed, ConnId* next_dial)
    : impl_(std::make_unique<Impl>(std::move(config), jitter_seed, next_dial)) {}
Peer::~Peer() = default;
Peer::Peer(Peer&&) noexcept = default;
Peer& Peer::operator=(Peer&&) noexcept = default;

void Peer::start(Instant now, Outputs& out) {
  impl_->start(now, out);
}
void Peer::stop(Instant now, std::uint8_t subcode, std::string_view text, Outputs& out) {
  impl_->stop(now, subcode, text, out);
}
void Peer::stop_silently(Instant now, Outputs& out) {
  impl_->stop_silently(now, out);
}
void Peer::restart(Instant now, std::uint8_t subcode, std::string_view text, Duration delay, Outputs& out) {
  impl_->restart(now, subcode, text, delay, out);
}
void Peer::reset(Instant now, wire::Notification notification, std::string text, Outputs& out) {
  impl_->reset(now, std::move(notification), std::move(text), out);
}

void Peer::lose(Instant now, std::string text, Outputs& out) {
  impl_->lose(now, std::move(text), out);
}

bool Peer::accepts() const {
  return impl_->accepts();
}
void Peer::tcp_opened(Instant now, ConnId conn, bool inbound, Outputs& out) {
  impl_->tcp_opened(now, conn, inbound, out);
}
void Peer::tcp_closed(Instant now, ConnId conn, int sys_errno, std::string_view text, Outputs& out) {
  impl_->tcp_closed(now, conn, sys_errno, text, out);
}
void Peer::tcp_bytes(Instant now, ConnId conn, BytesView bytes, Outputs& out) {
  impl_->tcp_bytes(now, conn, bytes, out);
}
void Peer::tcp_push(Instant now, ConnId conn, BytesView bytes, Outputs& out) {
  impl_->tcp_push(now, conn, bytes, out);
}
bool Peer::next_update(Instant now, ConnId conn, Outputs& out, out::Received& update) {
  return impl_->next_update(now, conn, out, update);
}
void Peer::run(Instant now, Outputs& out) {
  impl_->run(now, out);
}
Instant Peer::deadline() const {
  return impl_->deadline();
}

void Peer::set_capabilities(wire::Capabilities capabilities) {
  impl_->set_capabilities(std::move(capabilities));
}
void Peer::sent(Instant now) {
  impl_->sent(now);
}
void Peer::set_send_blocked(Instant now, bool blocked) {
  impl_->set_send_blocked(now, blocked);
}

bool Peer::running() const {
  return impl_->running();
}
State Peer::state() const {
  return impl_->state();
}
const Negotiated* Peer::negotiated() const {
  const Connection* connection = impl_->leading();
  return connection != nullptr && connection->negotiated ? &*connection->negotiated : nullptr;
}
ConnId Peer::established_conn() const {
  const Connection* connection = impl_->established();
  return connection != nullptr ? connection->id : 0;
}
const DownReason& Peer::last_error() const {
  return impl_->last_error();
}

Peer::Timer Peer::hold_timer(Instant now) const {
  const Connection* connection = impl_->leading();
  return connection != nullptr ? shown(connection->hold, now) : Timer{};
}
Peer::Timer Peer::keepalive_timer(Instant now) const {
  const Connection* connection = impl_->leading();
  return connection != nullptr ? shown(connection->keepalive, now) : Timer{};
}
Peer::Timer Peer::connect_timer(Instant now) const {
  return shown(impl_->connect_countdown(), now);
}
Peer::Timer Peer::error_wait_timer(Instant now) const {
  return shown(impl_->error_wait_countdown(), now);
}
const PeerConfig& Peer::config() const {
  return impl_->config();
}
std::uint64_t Peer::messages_in() const {
  return impl_->messages_in();
}
std::uint64_t Peer::messages_out() const {
  return impl_->messages_out();
}

}  // namespace catflap::bgp::fsm
