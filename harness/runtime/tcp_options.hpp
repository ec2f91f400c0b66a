#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "bgp/speaker/event.hpp"
#include "net/addr.hpp"

namespace catflap::runtime {

/// What the kernel may hold of a connection that it has not sent yet: enough for full speed, little enough
/// for a KEEPALIVE to come through in time.
inline constexpr int kUnsentOctetsMax = 128 << 10;

/// TCP_NODELAY, TCP_NOTSENT_LOWAT (kUnsentOctetsMax) and the traffic class of routing protocols (CS6, RFC
/// 4271 appendix E asks for precedence).
void set_session_defaults(int socket, net::Family family);
/// TTL or hop limit, its minimum (RFC 5082) and the interface. The MD5 password is not set here.
Status set_tcp_options(int socket, net::Family family, const bgp::TcpOptions& options);
/// RFC 2385 key for all peers inside `peer`; nullopt removes it. Errc::invalid for a key of more than 80
/// octets.
Status set_md5_key(int socket, const net::Prefix& peer, const std::optional<std::string>& password);

}  // namespace catflap::runtime
