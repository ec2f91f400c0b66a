#include "probe/socket.hpp"

#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "sys/error.hpp"
#include "sys/socket_address.hpp"

namespace catflap::probe {
namespace {

constexpr int kIcmpBufferOctets = 4 << 20;

}  // namespace

int set_option(int fd, int level, int option, int value) {
  return ::setsockopt(fd, level, option, &value, sizeof value);
}

int prepare(int fd, const ProbeSpec& spec) {
  const bool v4 = spec.to.addr.is_v4();
  if (!spec.interface.empty() && ::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, spec.interface.data(),
                                              static_cast<socklen_t>(spec.interface.size())) != 0) {
    return errno;
  }
  if (spec.ttl != 0 &&
      set_option(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TTL : IPV6_UNICAST_HOPS, spec.ttl) != 0) {
    return errno;
  }
  if (spec.source) {
    const auto source = sys::to_sockaddr({*spec.source, 0, spec.to.scope});
    if (::bind(fd, source.get(), source.size) != 0) {
      return errno;
    }
  }
  return 0;
}

int prepare_icmp(int fd, net::Family family) {
  (void)set_option(fd, SOL_SOCKET, SO_RCVBUF, kIcmpBufferOctets);  // as much as the limit allows
  if (family == net::Family::ipv4) {
    icmp_filter filter{};
    filter.data = ~(1U << ICMP_ECHOREPLY | 1U << ICMP_DEST_UNREACH | 1U << ICMP_TIME_EXCEEDED |
                    1U << ICMP_PARAMETERPROB);
    return ::setsockopt(fd, SOL_RAW, ICMP_FILTER, &filter, sizeof filter) != 0 ? errno : 0;
  }
  icmp6_filter filter{};
  ICMP6_FILTER_SETBLOCKALL(&filter);
  for (const int type :
       {ICMP6_ECHO_REPLY, ICMP6_DST_UNREACH, ICMP6_PACKET_TOO_BIG, ICMP6_TIME_EXCEEDED, ICMP6_PARAM_PROB}) {
    ICMP6_FILTER_SETPASS(type, &filter);
  }
  return ::setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter) != 0 ? errno : 0;
}

Verdict verdict_of(int sys_errno) {
  switch (sys_errno) {
    case ECONNREFUSED:
    case ECONNRESET:
      return Verdict::refused;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case ENONET:
    case EACCES:  // a prohibit route
    case EINVAL:  // a blackhole route
    case EPERM:   // a packet filter
    case ENOPROTOOPT:
    case EPROTO:
      return Verdict::unreachable;
    case ETIMEDOUT:
      return Verdict::timed_out;
    default:
      return Verdict::not_sent;
  }
}

std::string detail_of(int sys_errno) {
  switch (sys_errno) {
    case EACCES:
      return "Permission denied (prohibit route)";
    case EINVAL:
      return "Invalid argument (blackhole route)";
    case EPERM:
      return "Operation not permitted (packet filter)";
    default:
      return sys::errno_text(sys_errno);
  }
}

}  // namespace catflap::probe
