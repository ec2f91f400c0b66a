#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/instant.hpp"
#include "base/rng.hpp"
#include "bgp/bfd/packet.hpp"

namespace catflap::bgp::bfd {

struct SessionConfig {
  std::uint32_t discriminator = 1;  ///< ours; not 0, unique among the sessions of a router
  Duration rx_interval_min = std::chrono::milliseconds(10);
  Duration tx_interval_min = std::chrono::milliseconds(100);
  Duration idle_tx_interval = std::chrono::seconds(1);  ///< while not Up; RFC 5880 §6.8.3: at least 1 s
  std::uint8_t multiplier = 5;
  bool passive = false;                 ///< sends nothing before the other side was heard (RFC 5880 §6.1)
  std::optional<std::string> password;  ///< 1 to password_octets_max(authentication) octets
  Authentication authentication = Authentication::simple;  ///< how the password is used; not none

  bool operator==(const SessionConfig&) const = default;
};

/// What a step of a session asks for.
struct Outputs {
  std::vector<Bytes> packets;  ///< to be sent now
  struct Change {
    State from = State::down, to = State::down;
    Diagnostic diagnostic = Diagnostic::none;
    /// The other side was shut by its administrator: no reason to think that the path is broken (RFC 5882
    /// §4.2).
    bool remote_admin_down = false;
  };
  std::vector<Change> changes;
};

/// One session in asynchronous mode: RFC 5880 §6.8. No echo, and demand mode only as the other side's wish.
/// Invariant: a packet that is accepted has passed decode(); every (state, packet) pair is defined.
class Session {
 public:
  Session(SessionConfig config, std::uint64_t jitter_seed, Instant now);

  /// A packet that was found to be this session's.
  void receive(Instant now, const Packet& packet, Outputs& out);
  /// Sends and expires what is due.
  void run(Instant now, Outputs& out);
  Instant deadline() const;
  /// New intervals go into force by a poll sequence (RFC 5880 §6.8.3). The discriminator must be the same.
  void reconfigure(Instant now, SessionConfig config, Outputs& out);
  /// Tells the other side that an administrator ends the session; nothing is sent or expected afterwards.
  void shut_down(Instant now, Outputs& out);

  State state() const { return state_; }
  Diagnostic diagnostic() const { return diagnostic_; }
  State remote_state() const { return remote_state_; }
  Diagnostic remote_diagnostic() const { return remote_diagnostic_; }
  std::uint32_t remote_discriminator() const { return remote_discriminator_; }
  const SessionConfig& config() const { return config_; }
  Instant since() const { return since_; }
  Duration tx_interval() const;     ///< between our packets, without jitter; 0: none are wanted
  Duration detection_time() const;  ///< 0 before the other side was heard
  std::uint64_t packets_in() const { return packets_in_; }
  std::uint64_t packets_out() const { return packets_out_; }

 private:
  void change(Instant now, State to, Diagnostic diagnostic, Outputs& out, bool remote_admin_down = false);
  bool may_send() const;
  void send(Instant now, bool final_, Outputs& out);
  void plan(Instant now);
  void want_intervals(Instant now);
  Duration desired_tx() const;
  bool authentic(Instant now, const Packet& packet) const;
  std::uint32_t next_sequence(Instant now);

  SessionConfig config_;
  Rng rng_;
  State state_ = State::down;
  Diagnostic diagnostic_ = Diagnostic::none;
  Instant since_;
  State remote_state_ = State::down;
  Diagnostic remote_diagnostic_ = Diagnostic::none;
  std::uint32_t remote_discriminator_ = 0;
  Duration remote_tx_{0};                              ///< Desired Min TX Interval of the other side
  Duration remote_rx_ = std::chrono::microseconds(1);  ///< its Required Min RX Interval (RFC 5880 §6.8.1)
  std::uint8_t remote_multiplier_ = 0;
  bool remote_demand_ = false;
  bool heard_ = false;              ///< since the session was last not heard of
  bool polling_ = false;            ///< a poll sequence of ours waits for its answer
  Duration told_tx_, told_rx_;      ///< what our packets say
  Duration active_tx_, active_rx_;  ///< what is in force: an increase waits for the end of the poll sequence
  std::uint32_t sent_sequence_;     ///< RFC 5880 §6.8.1 bfd.XmitAuthSeq
  Instant sequence_grows_at_;       ///< of the kinds that are not meticulous
  std::uint32_t heard_sequence_ = 0;
  Instant heard_sequence_until_;  ///< then it is not known any more (bfd.AuthSeqKnown)
  Instant last_sent_;
  Instant send_at_ = Instant::never();
  Instant expire_at_ = Instant::never();
  std::uint64_t packets_in_ = 0, packets_out_ = 0;
};

}  // namespace catflap::bgp::bfd
