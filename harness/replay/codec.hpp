#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "bgp/speaker/event.hpp"

/// Events and actions as octets; trace/event_log.md describes them. Decoders are total.
namespace catflap::replay {

/// Appends the kind and the fields. A configuration is printed as text of the dialect that it was
/// written in.
void encode(const bgp::Event& event, ByteSink& out);
/// Takes one event off `reader`. Errc::invalid: malformed, or its configuration does not parse.
Result<bgp::Event> decode_event(ByteReader& reader);

/// True if event logs have actions of this kind: all but Note, RouteChanged, MrtMessage and MrtState.
bool is_recorded(const bgp::Action& action);
/// Appends the kind and the fields; of octets to send only their number and hash.
void encode(const bgp::Action& action, ByteSink& out);
/// Takes one action, as encode() wrote it, off `reader` and describes it: "TcpSend conn=2 octets=19
/// hash=...".
Result<std::string> describe_action(ByteReader& reader);

}  // namespace catflap::replay
