#pragma once

#include <optional>

#include "base/instant.hpp"
#include "bgp/fsm/peer.hpp"
#include "bgp/fsm/timer.hpp"
#include "bgp/wire/codec.hpp"
#include "bgp/wire/framer.hpp"

namespace catflap::bgp::fsm {

/// One TCP connection of a peer. `state` is connect, open_sent, open_confirm or established; what a peer
/// without connections is (idle, active) is the peer's business. With DelayOpen (RFC 4271 §8.1.1) a
/// connection that is there stays in connect, with `delay_open` running, until the peer's OPEN comes or the
/// time is up.
struct Connection {
  ConnId id = 0;
  bool inbound = false;
  State state = State::connect;
  wire::Open local;  ///< what we sent; from open_sent on
  wire::Framer framer;
  wire::DecodeContext context;
  std::optional<Negotiated> negotiated;  ///< from open_confirm on
  /// A KEEPALIVE came in open_confirm, but the connection that a collision prefers is still under way.
  bool confirmed = false;
  Instant established_at;
  Countdown hold, keepalive, send_hold, delay_open;

  bool open() const { return state >= State::open_sent; }
};

}  // namespace catflap::bgp::fsm
