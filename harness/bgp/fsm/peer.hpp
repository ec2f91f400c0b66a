#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/instant.hpp"
#include "base/rng.hpp"
#include "bgp/wire/codec.hpp"
#include "bgp/wire/message.hpp"
#include "net/addr.hpp"

/// One BGP peer's state machine: RFC 4271 §8 with up to two connections (one each way) until a collision is
/// resolved (§6.8). Pure: bytes and time in, actions out.
namespace catflap::bgp::fsm {

using ConnId = std::uint64_t;

/// RFC 4271 §8.2.2.
enum class State : std::uint8_t { idle, connect, active, open_sent, open_confirm, established };
std::string_view to_string(State state);

struct PeerConfig {
  std::uint32_t local_as = 0;
  std::uint32_t local_id = 0;
  std::uint32_t peer_as = 0;  ///< 0: any AS that fits `internal` / `external` below
  bool any_internal = false;
  bool any_external = false;
  bool passive = false;
  wire::Capabilities capabilities;  ///< what our OPEN offers; as4 is filled in from local_as
  bool send_capabilities = true;
  std::vector<wire::AfiSafi> required_families;   ///< peer must offer (else 2/7)
  Duration hold_time = std::chrono::seconds(90);  ///< 0: no keepalives; otherwise at least 3 s
  Duration startup_hold_time = std::chrono::seconds(240);
  std::optional<Duration> keepalive_time;  ///< nullopt: a third of the negotiated hold time
  Duration connect_delay{0};               ///< before the first dial
  Duration connect_retry_time = std::chrono::seconds(5);
  /// After a dial that the peer's host refused (its daemon is not up yet): the first retry, doubling up to
  /// connect_retry_time. nullopt: connect_retry_time at once, as RFC 4271 §8.2.2 has it.
  std::optional<Duration> refused_retry_time;
  Duration error_wait_min = std::chrono::seconds(1);      ///< IdleHold: doubles with every error ...
  Duration error_wait_max = std::chrono::seconds(30);     ///< ... up to this
  Duration error_forget_time = std::chrono::seconds(60);  ///< Established for so long: back to the minimum
  std::optional<Duration> send_hold_time;                 ///< RFC 9687; nullopt: max(2 x hold, 10 s)
  bool disable_after_error = false;
  std::uint32_t disable_after_cease = 0;  ///< bit n: by a Cease with subcode n (RFC 4486 §3)
  /// DelayOpen (RFC 4271 §8.1.1): how long our OPEN waits for that of the peer; 0: not at all.
  Duration delay_open_time{0};
  Duration min_hold_time{0};  ///< a peer's hold time below this is refused (2/6), unless it is 0
  /// What the peer has to announce (else 2/7).
  struct Requirements {
    bool route_refresh = false, enhanced_refresh = false, as4 = false, extended_message = false;
    bool host_name = false, graceful_restart = false, llgr = false;
  } required;
  std::optional<std::uint8_t> role;  ///< RFC 9234
  bool require_role = false;
  bool enforce_first_as = false;
  bool allow_as_sets = true;
  bool unknown_well_known_resets = true;
  bool accept_local_pref = false;   ///< of an external peer
  bool confederation_peer = false;  ///< RFC 5065: segments of the confederation may come from it
};

/// What both sides agreed upon; valid from OpenConfirm on.
struct Negotiated {
  wire::Open local, remote;
  bool internal = false;  ///< iBGP
  bool as4 = false;
  bool route_refresh = false, enhanced_refresh = false, extended_message = false;
  std::vector<wire::AfiSafi> families;
  std::vector<wire::AfiSafi> add_path_receive, add_path_send;
  std::vector<wire::AfiSafi> extended_next_hop;
  Duration hold_time{};  ///< 0: none
  Duration keepalive_time{};
  bool graceful_restart = false;  ///< both offered it
  bool notification_gr = false;   ///< RFC 8538: both set the N bit
};

/// Why the session ended or could not come up.
struct DownReason {
  enum class Kind : std::uint8_t {
    none,
    socket,
    notification_received,
    notification_sent,
    hold_timer,
    admin,
    collision,
    reconfigured,
    limit,
    peer_restarted,
    bfd,  ///< RFC 9384
  } kind = Kind::none;
  int sys_errno = 0;
  std::uint8_t code = 0, subcode = 0;  ///< of the NOTIFICATION
  Bytes data;                          ///< of the NOTIFICATION
  std::string text;  ///< for people: "Hold timer expired", "Connection refused", shutdown text
};

namespace out {
struct Dial {
  ConnId conn = 0;
};
struct Send {
  ConnId conn = 0;
  std::shared_ptr<const Bytes> bytes;
};
struct Close {
  ConnId conn = 0;
  bool graceful = true;
};
/// A connection is the session's and its OPEN fits; before this nothing but state changes is told.
struct Established {
  ConnId conn = 0;
  /// As of then: later octets of the same read may have ended the session by the time that this is looked at.
  std::shared_ptr<const Negotiated> negotiated;
};
struct Received {
  wire::Update update;
  Bytes octets{};  ///< the whole message if update.errors is not empty
};
/// A message that costs the connection; out::Down or out::Failed follow.
struct Malformed {
  wire::DecodeError error;
  Bytes octets;  ///< the message as far as it came; of a bad header only that
};
struct RefreshReceived {
  wire::RouteRefresh refresh;
};
/// The session was Established and is not any more.
struct Down {
  DownReason reason;
};
struct StateChanged {
  State from = State::idle, to = State::idle;
};
/// An error that did not take an Established session down (a failed dial, a refused OPEN). Kind `collision`:
/// the other connection is kept, nothing is wrong.
struct Failed {
  DownReason reason;
};
}  // namespace out
using Output = std::variant<out::Dial, out::Send, out::Close, out::Established, out::Received,
                            out::RefreshReceived, out::Down, out::StateChanged, out::Failed, out::Malformed>;
using Outputs = std::vector<Output>;

/// Invariants: at most one outgoing and one incoming connection; at most one of them in Established, and then
/// it is the only one; every (state, event) pair is defined. Connection ids of dials come from `next_dial`
/// (even numbers).
class Peer {
 public:
  Peer(PeerConfig config, std::uint64_t jitter_seed, ConnId* next_dial);
  ~Peer();
  Peer(Peer&&) noexcept;
  Peer& operator=(Peer&&) noexcept;

  /// ManualStart: begins to dial (unless passive) and to accept.
  void start(Instant now, Outputs& out);
  /// ManualStop: NOTIFICATION (default Cease/Administrative Shutdown, RFC 4486; text per RFC 9003) and Idle.
  /// `subcode` as in RFC 4486: 2 shutdown, 3 de-configured, 4 reset, 6 other configuration change, 1 max
  /// prefixes.
  void stop(Instant now, std::uint8_t subcode, std::string_view text, Outputs& out);
  /// Stop without a NOTIFICATION, so that a peer with graceful restart keeps our routes (RFC 4724 §4.2).
  void stop_silently(Instant now, Outputs& out);
  /// As stop, then start again after `delay`.
  void restart(Instant now, std::uint8_t subcode, std::string_view text, Duration delay, Outputs& out);
  /// Takes down an Established session with any NOTIFICATION, and waits as after an error. Without one:
  /// nothing. `text` goes into the reason; empty: the notification in words.
  void reset(Instant now, wire::Notification notification, std::string text, Outputs& out);

  /// Takes down an Established session without a NOTIFICATION, because BFD says that the peer is gone: a peer
  /// that restarts is to keep our routes (RFC 5882 §3.3). Waits as after an error.
  void lose(Instant now, std::string text, Outputs& out);

  /// True if an incoming connection would be taken now: running, and not waiting for restart()'s delay. One
  /// is taken beside an Established session, too: its OPEN decides (RFC 4271 §8.2.1, RFC 4724 §4.2); and a
  /// second one takes the place of one that is not Established. tcp_opened() answers one that is not taken
  /// with Cease/5 itself.
  bool accepts() const;
  void tcp_opened(Instant now, ConnId conn, bool inbound, Outputs& out);
  void tcp_closed(Instant now, ConnId conn, int sys_errno, std::string_view text, Outputs& out);
  void tcp_bytes(Instant now, ConnId conn, BytesView bytes, Outputs& out);
  /// The same for those who get many UPDATEs: tcp_push() once, then next_update() until it says false. True:
  /// an UPDATE is in `update`, whose memory is used again; it comes behind what is in `out` by then.
  void tcp_push(Instant now, ConnId conn, BytesView bytes, Outputs& out);
  bool next_update(Instant now, ConnId conn, Outputs& out, out::Received& update);
  /// Fires what is due.
  void run(Instant now, Outputs& out);
  Instant deadline() const;

  /// What our next OPENs offer (RFC 4724 §4.1: the R bit is cleared after recovery); connections that are
  /// there keep what they sent.
  void set_capabilities(wire::Capabilities capabilities);

  /// Tells the machine that UPDATEs went out (keepalive is then not needed yet) or that the socket is stuck
  /// (RFC 9687).
  void sent(Instant now);
  void set_send_blocked(Instant now, bool blocked);

  bool running() const;                  ///< started and not stopped
  State state() const;                   ///< of the more advanced connection
  const Negotiated* negotiated() const;  ///< of the Established (or most advanced) connection, or nullptr
  ConnId established_conn() const;       ///< 0 if not Established
  const DownReason& last_error() const;
  /// Timers for display: what is left, and what they were set to. Zero total: not running.
  struct Timer {
    Duration left{}, total{};
  };
  Timer hold_timer(Instant now) const;
  Timer keepalive_timer(Instant now) const;
  Timer connect_timer(Instant now) const;  ///< delay or retry before the next dial
  Timer error_wait_timer(Instant now) const;
  const PeerConfig& config() const;
  std::uint64_t messages_in() const;
  std::uint64_t messages_out() const;  ///< those that the machine itself sent, so no UPDATEs

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace catflap::bgp::fsm
