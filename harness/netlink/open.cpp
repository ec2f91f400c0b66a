#include "netlink/open.hpp"

#include <linux/netlink.h>
#include <sys/socket.h>

#include "sys/error.hpp"

namespace catflap::netlink {

Result<sys::UniqueFd> open_netlink_here() {
  sys::UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  if (!fd) {
    return fail(sys::last_error("cannot open a netlink socket"));
  }
  return fd;
}

Status bind_netlink(int fd) {
  sockaddr_nl self{};
  self.nl_family = AF_NETLINK;
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&self), sizeof self) != 0) {
    return fail(sys::last_error("cannot bind a netlink socket"));
  }
  return {};
}

void grow_receive_buffer(int fd, int octets) {
  if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof octets) != 0) {
    // Not root in the first namespace: the limit applies, and a smaller buffer means an overrun a little
    // sooner.
    (void)::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &octets, sizeof octets);
  }
}

}  // namespace catflap::netlink
