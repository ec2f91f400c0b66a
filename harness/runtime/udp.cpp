#include "runtime/udp.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sys/error.hpp"
#include "sys/socket_address.hpp"

namespace catflap::runtime {
namespace {

constexpr int kClassSelector6 = 0xC0;
constexpr std::uint16_t kSourcePortFirst = 49152;  // RFC 5881 §4
constexpr std::uint16_t kSourcePorts = 16384;
constexpr std::size_t kDatagramOctetsMax = 512;  // a BFD packet has 24 to 52

Status set(int socket, int level, int name, int value, const char* what) {
  if (::setsockopt(socket, level, name, &value, sizeof value) != 0) {
    return fail(sys::last_error(what));
  }
  return {};
}

/// Takes the address, interface and TTL of a datagram out of the control messages.
void read_control(msghdr& header, bgp::ev::Datagram& datagram) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_PKTINFO) {
      in_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(part), sizeof info);
      datagram.interface = static_cast<bgp::IfIndex>(info.ipi_ifindex);
      datagram.local = net::IpAddr::v4(ntohl(info.ipi_addr.s_addr));
    } else if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(part), sizeof info);
      datagram.interface = info.ipi6_ifindex;
      const auto octets = std::as_bytes(std::span(info.ipi6_addr.s6_addr));
      if (const auto address = net::IpAddr::from_octets(octets)) {
        datagram.local = *address;
      }
    } else if ((part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_TTL) ||
               (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_HOPLIMIT)) {
      int ttl = 0;
      std::memcpy(&ttl, CMSG_DATA(part), sizeof ttl);
      datagram.ttl = static_cast<std::uint8_t>(ttl);
    }
  }
}

}  // namespace

Udp::Udp(sys::EventLoop& loop, SocketFactory sockets, Sink sink)
    : loop_(loop), sockets_(std::move(sockets)), sink_(std::move(sink)) {}

Udp::~Udp() {
  for (const auto& [socket, fd] : listeners_) {
    loop_.remove(fd.get());
  }
}

Status Udp::listen(const bgp::act::UdpListen& wanted) {
  for (auto it = listeners_.begin(); it != listeners_.end();) {
    if (std::find(wanted.sockets.begin(), wanted.sockets.end(), it->first) == wanted.sockets.end()) {
      loop_.remove(it->second.get());
      it = listeners_.erase(it);
    } else {
      ++it;
    }
  }
  if (wanted.sockets.empty()) {
    sources_.clear();
  }
  Status first;
  for (const bgp::act::UdpListen::Socket& socket : wanted.sockets) {
    if (listeners_.count(socket) != 0) {
      continue;
    }
    auto done = open_listener(socket);
    if (!done && first) {
      first = fail(std::move(done.error()).context("BFD: UDP port " + std::to_string(socket.port)));
    }
  }
  return first;
}

Status Udp::open_listener(const bgp::act::UdpListen::Socket& wanted) {
  auto fd = sockets_(sys::address_family(wanted.family), SOCK_DGRAM, 0);
  if (!fd) {
    return fail(std::move(fd.error()));
  }
  const bool v4 = wanted.family == net::Family::ipv4;
  const int level = v4 ? IPPROTO_IP : IPPROTO_IPV6;
  Status done = v4 ? Status() : set(fd->get(), IPPROTO_IPV6, IPV6_V6ONLY, 1, "IPV6_V6ONLY");
  if (done) {
    done = set(fd->get(), level, v4 ? IP_PKTINFO : IPV6_RECVPKTINFO, 1, "ask for the interface");
  }
  if (done) {
    done = set(fd->get(), level, v4 ? IP_RECVTTL : IPV6_RECVHOPLIMIT, 1, "ask for the TTL");
  }
  if (!done) {
    return done;
  }
  const auto address = sys::to_sockaddr({net::IpAddr::any(wanted.family), wanted.port, 0});
  if (::bind(fd->get(), address.get(), address.size) != 0) {
    return fail(sys::last_error("bind"));
  }
  auto added = loop_.add(fd->get(), EPOLLIN, [this, wanted](std::uint32_t) { readable(wanted); });
  if (!added) {
    return added;
  }
  listeners_[wanted] = std::move(*fd);
  return {};
}

void Udp::readable(const bgp::act::UdpListen::Socket& socket) {
  const int fd = listeners_.at(socket).get();
  for (int i = 0; i < kReadsPerRound; ++i) {
    std::array<std::byte, kDatagramOctetsMax> octets;
    alignas(cmsghdr) std::array<std::byte, 256> control;
    sys::SocketAddress from;
    iovec vector{octets.data(), octets.size()};
    msghdr header{};
    header.msg_name = &from.storage;
    header.msg_namelen = sizeof from.storage;
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    const ssize_t size = ::recvmsg(fd, &header, 0);
    if (size < 0) {
      if (errno == EINTR) {
        continue;
      }
      return;  // nothing is left, or an ICMP error of an earlier packet
    }
    from.size = header.msg_namelen;
    const auto remote = sys::from_sockaddr(from);
    if (!remote) {
      continue;
    }
    bgp::ev::Datagram datagram;
    datagram.port = socket.port;
    datagram.remote = *remote;
    datagram.local = net::IpAddr::any(socket.family);
    read_control(header, datagram);
    datagram.bytes.assign(octets.begin(), octets.begin() + size);
    sink_(std::move(datagram));
  }
}

Result<int> Udp::source(const bgp::act::UdpSend& send) {
  const Source key{send.local, send.interface, send.ttl};
  const auto known = sources_.find(key);
  if (known != sources_.end()) {
    return known->second.get();
  }
  if (sources_.size() >= kSourcesMax) {
    sources_.clear();  // the ports change; the other sides do not mind
  }
  const net::Family family = send.local.family();
  const bool v4 = family == net::Family::ipv4;
  auto fd = sockets_(sys::address_family(family), SOCK_DGRAM, 0);
  if (!fd) {
    return fail(std::move(fd.error()));
  }
  Status done =
      set(fd->get(), v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TTL : IPV6_UNICAST_HOPS, send.ttl, "set TTL");
  if (!done) {
    return fail(std::move(done.error()));
  }
  // Hints, and of no use where they are refused: the class of routing protocols, and the interface.
  (void)set(fd->get(), v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TOS : IPV6_TCLASS, kClassSelector6, "class");
  if (send.interface != 0) {
    const int index = static_cast<int>(htonl(send.interface));
    (void)set(fd->get(), v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_UNICAST_IF : IPV6_UNICAST_IF, index,
              "interface");
  }
  const std::uint32_t scope = send.local.is_v6() && send.local.is_link_local() ? send.interface : 0;
  const auto first = static_cast<std::uint16_t>(sources_.size() % kSourcePorts);
  for (std::uint16_t i = 0; i < kSourcePorts; ++i) {
    const auto port = static_cast<std::uint16_t>(kSourcePortFirst + (first + i) % kSourcePorts);
    const auto address = sys::to_sockaddr({send.local, port, scope});
    if (::bind(fd->get(), address.get(), address.size) == 0) {
      const int result = fd->get();
      sources_[key] = std::move(*fd);
      return result;
    }
    if (errno != EADDRINUSE) {
      break;
    }
  }
  return fail(sys::last_error("BFD: bind to " + to_string(send.local)));
}

Status Udp::send(const bgp::act::UdpSend& send) {
  const auto fd = source(send);
  if (!fd) {
    return fail(fd.error());
  }
  const auto address = sys::to_sockaddr(send.remote);
  // What fails now (no route yet, the neighbour refused the last one) is a lost packet.
  (void)::sendto(*fd, send.bytes.data(), send.bytes.size(), MSG_NOSIGNAL, address.get(), address.size);
  return {};
}

}  // namespace catflap::runtime
