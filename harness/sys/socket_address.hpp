#pragma once

#include <sys/socket.h>

#include <optional>

#include "net/addr.hpp"

namespace catflap::sys {

/// A socket address of IPv4 or IPv6, as the socket calls want it.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};
SocketAddress to_sockaddr(const net::Endpoint& endpoint);
/// nullopt for other families. IPv4-mapped IPv6 addresses become IPv4.
std::optional<net::Endpoint> from_sockaddr(const SocketAddress& address);
/// AF_INET or AF_INET6.
int address_family(net::Family family);

/// The own and the other end of a connected socket.
std::optional<net::Endpoint> local_endpoint(int socket);
std::optional<net::Endpoint> remote_endpoint(int socket);

}  // namespace catflap::sys
