#pragma once

#include <vector>

#include "bgp/fsm/peer.hpp"
#include "bgp/wire/codec.hpp"

/// From two OPENs to what holds between the two.
namespace catflap::bgp::fsm {

/// Our OPEN, and how it goes out.
struct EncodedOpen {
  wire::Open open;
  Bytes bytes;
};

/// Capabilities for people, and then all but the AS number, are left out if they do not fit a message.
EncodedOpen make_open(const PeerConfig& config);

/// The families of an OPEN; without any multiprotocol capability IPv4 unicast (RFC 4760 §8).
std::vector<wire::AfiSafi> offered_families(const wire::Open& open);
/// Those of both, in the order of `local`.
std::vector<wire::AfiSafi> common_families(const wire::Open& local, const wire::Open& remote);

Negotiated negotiate(const PeerConfig& config, const wire::Open& local, const wire::Open& remote);

/// How the messages after the OPEN are to be read.
wire::DecodeContext decode_context(const PeerConfig& config, const Negotiated& negotiated);

}  // namespace catflap::bgp::fsm
