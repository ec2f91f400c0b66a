#include "bgp/bfd/session.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"

namespace catflap::bgp::bfd {
namespace {

/// RFC 5880 §6.8.3: whatever is configured, no more often than this while the session is not Up.
constexpr Duration kIdleIntervalMin = std::chrono::seconds(1);
/// How often the number of signed packets grows where it need not grow with each.
constexpr Duration kSequenceInterval = std::chrono::seconds(1);

std::uint32_t microseconds(Duration duration) {
  const auto count = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(count, 0, 0xFFFFFFFF));
}

Duration of_microseconds(std::uint32_t count) {
  return std::chrono::microseconds(count);
}

}  // namespace

Session::Session(SessionConfig config, std::uint64_t jitter_seed, Instant now)
    : config_(std::move(config)),
      rng_(jitter_seed),
      since_(now),
      told_tx_(desired_tx()),
      told_rx_(config_.rx_interval_min),
      active_tx_(told_tx_),
      active_rx_(told_rx_),
      sent_sequence_(static_cast<std::uint32_t>(rng_.next())),
      sequence_grows_at_(now),
      heard_sequence_until_(now) {
  CATFLAP_ASSERT(config_.discriminator != 0 && config_.multiplier != 0);
  if (may_send()) {
    send_at_ = now;  // the first one at once: who starts second is found without waiting
  }
}

Duration Session::desired_tx() const {
  return state_ == State::up
             ? config_.tx_interval_min
             : std::max({config_.idle_tx_interval, config_.tx_interval_min, kIdleIntervalMin});
}

Duration Session::tx_interval() const {
  return remote_rx_ == Duration{0} ? Duration{0} : std::max(active_tx_, remote_rx_);
}

Duration Session::detection_time() const {
  return heard_ ? remote_multiplier_ * std::max(active_rx_, remote_tx_) : Duration{0};
}

/// RFC 5880 §6.8.7.
bool Session::may_send() const {
  if (state_ == State::admin_down || remote_rx_ == Duration{0} ||
      (config_.passive && remote_discriminator_ == 0)) {
    return false;
  }
  const bool demanded = remote_demand_ && state_ == State::up && remote_state_ == State::up && !polling_;
  return !demanded;
}

void Session::plan(Instant now) {
  if (!may_send()) {
    send_at_ = Instant::never();
    return;
  }
  // RFC 5880 §6.8.7: 75 to 100 % of the interval, at most 90 % if one lost packet is enough.
  const Duration interval = tx_interval();
  const Duration most = config_.multiplier == 1 ? interval * 9 / 10 : interval;
  const Duration least = interval * 3 / 4;
  const auto spread = static_cast<std::uint64_t>((most - least).count());
  send_at_ = now + least + Duration(static_cast<Duration::rep>(rng_.below(spread + 1)));
}

void Session::send(Instant now, bool final_, Outputs& out) {
  Packet packet;
  packet.diagnostic = diagnostic_;
  packet.state = state_;
  packet.poll = polling_ && !final_;  // never both (RFC 5880 §6.8.7)
  packet.final_ = final_;
  packet.multiplier = config_.multiplier;
  packet.my_discriminator = config_.discriminator;
  packet.your_discriminator = remote_discriminator_;
  packet.desired_tx_us = microseconds(told_tx_);
  packet.required_rx_us = microseconds(told_rx_);
  if (config_.password && is_keyed(config_.authentication)) {
    const std::uint32_t sequence = next_sequence(now);
    out.packets.push_back(encode_signed(packet, config_.authentication, *config_.password, sequence));
  } else {
    packet.password = config_.password;
    out.packets.push_back(encode(packet));
  }
  ++packets_out_;
}

/// RFC 5880 §6.7.3: the number of each packet, or one that grows from time to time.
std::uint32_t Session::next_sequence(Instant now) {
  if (is_meticulous(config_.authentication) || sequence_grows_at_ <= now) {
    ++sent_sequence_;
    sequence_grows_at_ = now + kSequenceInterval;
  }
  return sent_sequence_;
}

void Session::change(Instant now, State to, Diagnostic diagnostic, Outputs& out, bool remote_admin_down) {
  const State from = state_;
  if (from == to) {
    return;
  }
  state_ = to;
  diagnostic_ = diagnostic;
  since_ = now;
  out.changes.push_back({from, to, diagnostic, remote_admin_down});
  want_intervals(now);
}

/// Begins a poll sequence if what our packets say has to change (RFC 5880 §6.8.3).
void Session::want_intervals(Instant now) {
  const Duration tx = desired_tx();
  const Duration rx = config_.rx_interval_min;
  if (tx == told_tx_ && rx == told_rx_) {
    return;
  }
  told_tx_ = tx;
  told_rx_ = rx;
  // A shorter interval of ours is in force at once, and a longer one that we require; the other directions
  // wait until the other side has said that it knows.
  const bool up = state_ == State::up;
  active_tx_ = up ? std::min(active_tx_, tx) : tx;
  active_rx_ = up ? std::max(active_rx_, rx) : rx;
  polling_ = state_ == State::up || state_ == State::init;
  if (!polling_) {
    active_tx_ = tx;
    active_rx_ = rx;
  }
  plan(now);
}

/// RFC 5880 §6.7.2 to §6.7.4.
bool Session::authentic(Instant now, const Packet& packet) const {
  if (!config_.password) {
    return !packet.authenticated;
  }
  if (!is_keyed(config_.authentication)) {
    return packet.password == config_.password;
  }
  if (!packet.signature || packet.signature->kind != config_.authentication ||
      !verify(*packet.signature, *config_.password)) {
    return false;
  }
  // Numbers go round; a packet that is repeated is behind.
  const std::uint32_t ahead = packet.signature->sequence - heard_sequence_;
  const std::uint32_t ahead_max = 3U * std::max(config_.multiplier, packet.multiplier);
  return now >= heard_sequence_until_ ||
         (ahead <= ahead_max && (ahead != 0 || !is_meticulous(config_.authentication)));
}

void Session::receive(Instant now, const Packet& packet, Outputs& out) {
  if (!authentic(now, packet) || state_ == State::admin_down ||
      (packet.your_discriminator != 0 && packet.your_discriminator != config_.discriminator)) {
    return;
  }
  ++packets_in_;
  const Duration interval_before = tx_interval();
  const bool could_send = may_send();
  heard_ = true;
  remote_discriminator_ = packet.my_discriminator;
  remote_state_ = packet.state;
  remote_diagnostic_ = packet.diagnostic;
  remote_demand_ = packet.demand;
  remote_rx_ = of_microseconds(packet.required_rx_us);
  remote_tx_ = of_microseconds(packet.desired_tx_us);
  remote_multiplier_ = packet.multiplier;
  if (polling_ && packet.final_) {
    polling_ = false;
    active_tx_ = told_tx_;
    active_rx_ = told_rx_;
  }
  switch (packet.state) {
    case State::admin_down:
      change(now, State::down, Diagnostic::neighbor_down, out, true);
      break;
    case State::down:
      if (state_ == State::down) {
        change(now, State::init, Diagnostic::none, out);
      } else if (state_ == State::up) {
        change(now, State::down, Diagnostic::neighbor_down, out);
      }
      break;
    case State::init:
      if (state_ == State::down || state_ == State::init) {
        change(now, State::up, Diagnostic::none, out);
      }
      break;
    case State::up:
      if (state_ == State::init) {
        change(now, State::up, Diagnostic::none, out);
      } else if (state_ == State::down) {
        break;  // it has not noticed yet that we were away
      }
      break;
  }
  expire_at_ = now + detection_time();
  if (packet.signature) {
    heard_sequence_ = packet.signature->sequence;
    heard_sequence_until_ = now + 2 * detection_time();
  }
  if (packet.poll) {
    send(now, true, out);
  } else if (!out.changes.empty() && may_send()) {
    send(now, false, out);  // so that the handshake needs no whole interval for each step
  }
  if (!out.changes.empty() || packet.poll || interval_before != tx_interval() || could_send != may_send()) {
    plan(now);
  }
}

void Session::run(Instant now, Outputs& out) {
  if (expire_at_ <= now) {
    // RFC 5880 §6.8.4, and §6.8.1: who is not heard of any more is forgotten.
    expire_at_ = Instant::never();
    heard_ = false;
    remote_discriminator_ = 0;
    remote_state_ = State::down;
    remote_demand_ = false;
    remote_rx_ = std::chrono::microseconds(1);
    remote_tx_ = Duration{0};
    polling_ = false;
    if (state_ == State::init || state_ == State::up) {
      change(now, State::down, Diagnostic::detection_time_expired, out);
      if (may_send()) {
        send(now, false, out);
      }
    }
    plan(now);
  }
  if (send_at_ <= now) {
    if (may_send()) {
      send(now, false, out);
    }
    plan(now);
  }
}

Instant Session::deadline() const {
  return std::min(send_at_, expire_at_);
}

void Session::reconfigure(Instant now, SessionConfig config, Outputs& out) {
  CATFLAP_ASSERT(config.discriminator == config_.discriminator && config.multiplier != 0);
  if (config == config_) {
    return;
  }
  config_ = std::move(config);
  want_intervals(now);
  if (may_send()) {
    send(now, false, out);
  }
  plan(now);
}

void Session::shut_down(Instant now, Outputs& out) {
  if (state_ == State::admin_down) {
    return;
  }
  const bool heard = remote_discriminator_ != 0;
  polling_ = false;
  change(now, State::admin_down, Diagnostic::admin_down, out);
  if (heard) {
    send(now, false, out);
  }
  send_at_ = expire_at_ = Instant::never();
}

}  // namespace catflap::bgp::bfd
