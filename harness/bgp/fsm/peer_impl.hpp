#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bgp/fsm/connection.hpp"
#include "bgp/fsm/negotiate.hpp"
#include "bgp/fsm/peer.hpp"
#include "bgp/fsm/timer.hpp"

namespace catflap::bgp::fsm {

/// How long a collision may stay undecided, and how young a session is to count as one of its connections.
inline constexpr Duration kCollisionWait = std::chrono::seconds(1);
/// No dial follows another sooner, whatever is configured.
inline constexpr Duration kRetryMin = std::chrono::milliseconds(10);

/// Invariants, besides those of Peer: an Established session allows one incoming connection beside it, which
/// waits for its OPEN (RFC 4271 §8.2.1; RFC 4724 §4.2); no dial is under way or due then. `error_wait_` and
/// `connect_` never run at the same time. A closed connection is not in `connections_`.
class Peer::Impl {
 public:
  Impl(PeerConfig config, std::uint64_t jitter_seed, ConnId* next_dial);

  void start(Instant now, Outputs& out);
  void stop(Instant now, std::uint8_t subcode, std::string_view text, Outputs& out);
  void stop_silently(Instant now, Outputs& out);
  void restart(Instant now, std::uint8_t subcode, std::string_view text, Duration delay, Outputs& out);
  void reset(Instant now, wire::Notification notification, std::string text, Outputs& out);
  void lose(Instant now, std::string text, Outputs& out);

  void tcp_opened(Instant now, ConnId id, bool inbound, Outputs& out);
  void tcp_closed(Instant now, ConnId id, int sys_errno, std::string_view text, Outputs& out);
  void tcp_bytes(Instant now, ConnId id, BytesView bytes, Outputs& out);
  void tcp_push(Instant now, ConnId id, BytesView bytes, Outputs& out);
  bool next_update(Instant now, ConnId id, Outputs& out, out::Received& update);
  void run(Instant now, Outputs& out);
  Instant deadline() const;
  void sent(Instant now);
  void set_capabilities(wire::Capabilities capabilities);
  void set_send_blocked(Instant now, bool blocked);

  bool running() const { return running_; }
  bool accepts() const { return running_ && !start_.running(); }
  State state() const { return state_; }
  const Connection* leading() const;
  const Connection* established() const;
  const DownReason& last_error() const { return last_error_; }
  const PeerConfig& config() const { return config_; }
  const Countdown& connect_countdown() const { return start_.running() ? start_ : connect_; }
  const Countdown& error_wait_countdown() const { return error_wait_; }
  std::uint64_t messages_in() const { return messages_in_; }
  std::uint64_t messages_out() const { return messages_out_; }

 private:
  /// What follows for the next dial when a connection ends.
  enum class Aftermath : std::uint8_t {
    none,     ///< what was planned stays; something is always planned
    retry,    ///< ConnectRetryTimer starts anew
    pause,    ///< IdleHold of the minimal length: an administrator of the other side did it
    penalty,  ///< IdleHold, longer every time
    fault,    ///< as penalty, and reason enough for disable_after_error
    disable,  ///< stop until an administrator starts again
  };
  enum class Closing : std::uint8_t { graceful, abort, already };
  struct Ending {
    DownReason reason;
    std::optional<wire::Notification> notification{};
    Closing closing = Closing::graceful;
    Aftermath aftermath = Aftermath::none;
  };

  // peer_impl.cpp: the life of connections
  Connection* find(ConnId id);
  Connection* outgoing();
  Connection* session();
  Connection* rival(const Connection& connection);
  void dial(Instant now, Outputs& out);
  void end(Instant now, ConnId id, Ending ending, Outputs& out);
  void plan_dial(Instant now, Aftermath aftermath);
  void send(ConnId id, const wire::Message& message, Outputs& out);
  void update_state(Outputs& out);
  State current_state() const;

  // peer_admin.cpp
  void begin(Instant now, Duration delay, Outputs& out);
  void end_all(Instant now, const DownReason& reason, const std::optional<wire::Notification>& cease,
               Outputs& out);

  // peer_messages.cpp: what comes in
  /// True if it is an UPDATE; `update` has it then.
  bool handle(Instant now, ConnId id, BytesView message, Outputs& out, out::Received& update);
  static void restart_hold_timer(Instant now, Connection& connection);
  void on_message(Instant now, ConnId id, const wire::Message& message, Outputs& out);
  void send_open(Instant now, Connection& connection, Outputs& out);
  void on_open(Instant now, ConnId id, const wire::Open& open, Outputs& out);
  void on_keepalive(Instant now, ConnId id, Outputs& out);
  void on_notification(Instant now, ConnId id, const wire::Notification& notification, Outputs& out);
  void on_refresh(const Connection& connection, const wire::RouteRefresh& refresh, Outputs& out) const;
  void on_malformed(Instant now, ConnId id, const wire::DecodeError& error, BytesView octets, Outputs& out);
  void refuse(Instant now, ConnId id, wire::Notification notification, std::string_view what, Outputs& out);
  void fsm_error(Instant now, ConnId id, std::uint8_t type, Outputs& out);

  // peer_collision.cpp: two connections
  bool yields_to_session(Instant now, const Connection& candidate, const wire::Open& open, Outputs& out);
  bool preferred(const Connection& connection) const;
  void settle(Instant now, Outputs& out);
  void promote(Instant now, ConnId id, Outputs& out);
  void lose(Instant now, ConnId id, Outputs& out);

  // peer_timers.cpp
  void run_connection(Instant now, ConnId id, Outputs& out);
  void connect_due(Instant now, Outputs& out);
  Duration retry_delay();
  Duration retry_delay_after_failure();

  PeerConfig config_;
  EncodedOpen open_;
  Rng rng_;
  ConnId* next_dial_;
  Backoff backoff_;
  bool running_ = false;
  State state_ = State::idle;
  std::vector<std::unique_ptr<Connection>> connections_;
  Countdown start_;       ///< restart(): until begin()
  Countdown connect_;     ///< until the next dial, or until the current one is given up
  Countdown error_wait_;  ///< IdleHold: until the next dial after an error
  Countdown collision_;   ///< both connections are open and one of the ids is known
  bool collision_overdue_ = false;
  Duration refused_retry_{0};  ///< the last delay after a refused dial; 0: none was refused lately
  DownReason last_error_;
  std::uint64_t messages_in_ = 0;
  std::uint64_t messages_out_ = 0;
};

/// A reason for `notification`, in words and with `what` behind them if that says more.
DownReason reason_of(DownReason::Kind kind, const wire::Notification& notification,
                     std::string_view what = {});

}  // namespace catflap::bgp::fsm
