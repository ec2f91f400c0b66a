#pragma once

#include <optional>
#include <string>

#include "bgp/fsm/peer.hpp"
#include "bgp/wire/message.hpp"

namespace catflap::bgp::fsm {

/// Why an OPEN does not fit, and what to answer.
struct OpenRefusal {
  wire::Notification notification;
  std::string what;  ///< for people: "peer AS 65002, expected 65001"
};

/// Judges what the codec cannot: AS (2/2), hold time (2/6), identifier (2/3), required capabilities (2/7) and
/// role (2/11), in this order (RFC 4271 §6.2, 5492 §3, 6286 §2.2, 7607, 9234 §4.2). nullopt: the OPEN fits.
std::optional<OpenRefusal> check_open(const PeerConfig& config, const wire::Open& local,
                                      const wire::Open& remote);
/// The first three of them, for an OPEN whose optional parameters cannot be read: these come before 2/0 and
/// 2/4. `as_is_known`: false if AS_TRANS may stand for any AS, as the capability that tells it is lost.
std::optional<OpenRefusal> check_fixed_fields(const PeerConfig& config, const wire::Open& remote,
                                              bool as_is_known);

/// RFC 4271 §6.8 with RFC 6286: true if the connection that we opened is the one to keep.
bool keeps_outgoing(const wire::Open& local, const wire::Open& remote);

}  // namespace catflap::bgp::fsm
