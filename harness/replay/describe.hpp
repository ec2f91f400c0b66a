#pragma once

#include <cstdint>
#include <string>

#include "bgp/speaker/event.hpp"

namespace catflap::replay {

/// One line: "TcpBytes conn=1 octets=51 UPDATE".
std::string describe(const bgp::Event& event);
/// "TcpSend conn=2 octets=19 hash=...". Of a TcpSend read from a log, whose octets are not there,
/// `sent_octets` and `sent_hash` are what the log says of them.
std::string describe(const bgp::Action& action);
std::string describe(const bgp::Action& action, std::uint64_t sent_octets, std::uint64_t sent_hash);

}  // namespace catflap::replay
