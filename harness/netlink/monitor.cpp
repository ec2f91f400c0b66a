#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <utility>

#include "netlink/message.hpp"
#include "netlink/open.hpp"
#include "netlink/socket.hpp"
#include "sys/error.hpp"

namespace catflap::netlink {
namespace {

void append_event(const nlmsghdr& message, std::vector<Event>& out) {
  switch (message.nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      if (auto link = decode_link(message)) {
        out.emplace_back(LinkEvent{std::move(*link), message.nlmsg_type == RTM_DELLINK});
      }
      return;
    case RTM_NEWADDR:
    case RTM_DELADDR:
      if (auto address = decode_address(message)) {
        out.emplace_back(AddressEvent{std::move(*address), message.nlmsg_type == RTM_NEWADDR});
      }
      return;
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
      if (auto route = decode_route(message); route && !route->cloned && route->table != kLocalTable) {
        out.emplace_back(RouteEvent{std::move(*route), message.nlmsg_type == RTM_NEWROUTE,
                                    (message.nlmsg_flags & NLM_F_REPLACE) != 0});
      }
      return;
    case RTM_NEWNEIGH:
    case RTM_DELNEIGH:
      if (auto neighbour = decode_neighbour(message)) {
        out.emplace_back(NeighbourEvent{std::move(*neighbour), message.nlmsg_type == RTM_NEWNEIGH});
      }
      return;
    default:
      return;  // other groups are not joined
  }
}

bool is_route(const nlmsghdr& message) {
  return message.nlmsg_type == RTM_NEWROUTE || message.nlmsg_type == RTM_DELROUTE;
}

}  // namespace

Monitor::Monitor(sys::UniqueFd fd) : fd_(std::move(fd)) {}

Result<Monitor> Monitor::prepare(sys::UniqueFd fd, const Options& options) {
  grow_receive_buffer(fd.get(), static_cast<int>(std::min<std::size_t>(options.receive_bytes, 1U << 30U)));
  if (auto bound = bind_netlink(fd.get()); !bound) {
    return fail(std::move(bound.error()));
  }
  const std::array<std::pair<bool, int>, 6> groups{{
      {options.links, RTNLGRP_LINK},
      {options.addresses, RTNLGRP_IPV4_IFADDR},
      {options.addresses, RTNLGRP_IPV6_IFADDR},
      {options.routes, RTNLGRP_IPV4_ROUTE},
      {options.routes, RTNLGRP_IPV6_ROUTE},
      {options.neighbours, RTNLGRP_NEIGH},
  }};
  for (const auto& [wanted, group] : groups) {
    if (wanted && ::setsockopt(fd.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0) {
      return fail(sys::last_error("cannot watch the kernel's tables"));
    }
  }
  return Monitor(std::move(fd));
}

Result<Monitor> Monitor::open(sys::netns::Executor& executor, const sys::netns::Handle& ns, Options options) {
  auto fd = executor.socket_in(ns, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  if (!fd) {
    return fail(std::move(fd.error()));
  }
  return prepare(std::move(*fd), options);
}

Result<Monitor> Monitor::open_here(Options options) {
  auto fd = open_netlink_here();
  if (!fd) {
    return fail(std::move(fd.error()));
  }
  return prepare(std::move(*fd), options);
}

void Monitor::ignore(const Socket& socket) {
  ignored_port_ = socket.port();
  // Classic BPF loads in network order. A notification of a route is one message, so this sees all of it.
  std::array<sock_filter, 7> program{{
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(nlmsghdr, nlmsg_type)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWROUTE), 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELROUTE), 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(nlmsghdr, nlmsg_pid)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(ignored_port_), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, 0xFFFFFFFF),
  }};
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  // Where it is refused, read() leaves them out.
  (void)::setsockopt(fd_.get(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
}

Result<std::vector<Event>> Monitor::read(std::size_t events_max) {
  std::vector<Event> out;
  Buffer buffer;
  while (out.size() < events_max) {
    sockaddr_nl from{};
    socklen_t size = sizeof from;
    const ssize_t got = ::recvfrom(fd_.get(), buffer.octets.data(), buffer.octets.size(), MSG_DONTWAIT,
                                   reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 0) {
      if (errno == EAGAIN) {
        break;
      }
      if (errno == ENOBUFS) {
        out.emplace_back(Overrun{});
      } else if (errno != EINTR) {
        return fail(sys::last_error("netlink monitor"));
      }
      continue;
    }
    if (from.nl_pid != 0) {
      continue;  // only the kernel knows
    }
    for_each_message({buffer.octets.data(), static_cast<std::size_t>(got)}, [&](const nlmsghdr& message) {
      if (ignored_port_ == 0 || message.nlmsg_pid != ignored_port_ || !is_route(message)) {
        append_event(message, out);
      }
      return true;
    });
  }
  return out;
}

}  // namespace catflap::netlink
