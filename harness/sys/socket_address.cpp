#include "sys/socket_address.hpp"

#include <netinet/in.h>

#include <cstring>

#include "base/assert.hpp"

namespace catflap::sys {

int address_family(net::Family family) {
  return family == net::Family::ipv4 ? AF_INET : AF_INET6;
}

SocketAddress to_sockaddr(const net::Endpoint& endpoint) {
  SocketAddress out;
  const Bytes octets = endpoint.addr.octets();
  if (endpoint.addr.is_v4()) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(endpoint.port);
    std::memcpy(&address.sin_addr, octets.data(), octets.size());
    std::memcpy(&out.storage, &address, sizeof address);
    out.size = sizeof address;
  } else {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(endpoint.port);
    address.sin6_scope_id = endpoint.scope;
    std::memcpy(&address.sin6_addr, octets.data(), octets.size());
    std::memcpy(&out.storage, &address, sizeof address);
    out.size = sizeof address;
  }
  return out;
}

std::optional<net::Endpoint> from_sockaddr(const SocketAddress& address) {
  net::Endpoint out;
  if (address.storage.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address.storage, sizeof in);
    out.addr = net::IpAddr::v4(ntohl(in.sin_addr.s_addr));
    out.port = ntohs(in.sin_port);
    return out;
  }
  if (address.storage.ss_family != AF_INET6) {
    return std::nullopt;
  }
  sockaddr_in6 in{};
  std::memcpy(&in, &address.storage, sizeof in);
  const auto* const octets = reinterpret_cast<const std::byte*>(&in.sin6_addr);
  const bool mapped = IN6_IS_ADDR_V4MAPPED(&in.sin6_addr);
  const auto addr = net::IpAddr::from_octets(mapped ? BytesView(octets + 12, 4) : BytesView(octets, 16));
  CATFLAP_ASSERT(addr.has_value());
  out.addr = *addr;
  out.port = ntohs(in.sin6_port);
  out.scope = mapped ? 0 : in.sin6_scope_id;
  return out;
}

std::optional<net::Endpoint> local_endpoint(int socket) {
  SocketAddress address;
  address.size = sizeof address.storage;
  return ::getsockname(socket, address.get(), &address.size) == 0 ? from_sockaddr(address) : std::nullopt;
}

std::optional<net::Endpoint> remote_endpoint(int socket) {
  SocketAddress address;
  address.size = sizeof address.storage;
  return ::getpeername(socket, address.get(), &address.size) == 0 ? from_sockaddr(address) : std::nullopt;
}

}  // namespace catflap::sys
