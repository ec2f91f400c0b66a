#include "netlink/socket.hpp"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "netlink/message.hpp"
#include "netlink/open.hpp"
#include "sys/error.hpp"
#include "sys/socket_address.hpp"
#include "sys/unix_socket.hpp"

namespace catflap::netlink {
namespace {

/// Of requests sent at once.
constexpr std::size_t kMessagesPerPiece = 128;
constexpr std::size_t kOctetsPerPiece = 32U << 10U;
/// Every failure costs up to about so much of the receive buffer until it is read, which bounds how many
/// requests may be on their way.
constexpr std::size_t kOctetsPerFailure = 2304;
constexpr int kReceiveOctets = 4 << 20;
/// The kernel answers at once; a longer silence means that something is stuck.
constexpr int kAnswerTimeoutMs = 30'000;
/// Dumps that are disturbed by changes again and again are given up after this many.
constexpr int kDumpTries = 20;

/// errno of NLMSG_ERROR (0: acknowledged) and of NLMSG_DONE.
int error_of(const nlmsghdr& message) {
  const auto code = fixed_header<std::int32_t>(message);
  return code ? -*code : 0;
}

/// What the kernel says about an error, behind the request that it sends back.
std::string words_of(const nlmsghdr& message) {
  const auto error = fixed_header<nlmsgerr>(message);
  if (!error || (message.nlmsg_flags & NLM_F_ACK_TLVS) == 0) {
    return {};
  }
  std::size_t header = sizeof(nlmsgerr);
  if ((message.nlmsg_flags & NLM_F_CAPPED) == 0) {  // the payload of our request comes first
    header += error->msg.nlmsg_len - std::min<std::size_t>(error->msg.nlmsg_len, NLMSG_HDRLEN);
  }
  return header > message.nlmsg_len ? std::string() : Attributes(message, header).text(NLMSGERR_ATTR_MSG);
}

Error kernel_error(std::string_view what, int sys_errno, const std::string& words) {
  Error error = sys::system_error(what, sys_errno);
  if (!words.empty()) {
    error.message += " (" + words + ")";
  }
  return error;
}

}  // namespace

Socket::Socket(sys::UniqueFd fd) : fd_(std::move(fd)) {}

Result<Socket> Socket::prepare(sys::UniqueFd fd) {
  grow_receive_buffer(fd.get(), kReceiveOctets);
  const int on = 1;
  // Old kernels lack one or the other; without them we filter ourselves and errors have fewer words.
  (void)::setsockopt(fd.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  (void)::setsockopt(fd.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  (void)::setsockopt(fd.get(), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
  if (auto bound = bind_netlink(fd.get()); !bound) {
    return fail(std::move(bound.error()));
  }
  Socket socket(std::move(fd));
  sockaddr_nl self{};
  socklen_t size = sizeof self;
  if (::getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&self), &size) != 0) {
    return fail(sys::last_error("netlink: cannot find out the own port"));
  }
  socket.port_ = self.nl_pid;
  int receive_octets = 0;
  size = sizeof receive_octets;
  (void)::getsockopt(socket.fd(), SOL_SOCKET, SO_RCVBUF, &receive_octets, &size);
  socket.failures_max_ =
      std::max(kMessagesPerPiece, static_cast<std::size_t>(receive_octets) / kOctetsPerFailure);
  return socket;
}

Result<Socket> Socket::open(sys::netns::Executor& executor, const sys::netns::Handle& ns) {
  auto fd = executor.socket_in(ns, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  if (!fd) {
    return fail(std::move(fd.error()));
  }
  return prepare(std::move(*fd));
}

Result<Socket> Socket::open_here() {
  auto fd = open_netlink_here();
  if (!fd) {
    return fail(std::move(fd.error()));
  }
  return prepare(std::move(*fd));
}

Status Socket::send(std::span<const char> bytes) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  while (::sendto(fd_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&kernel),
                  sizeof kernel) < 0) {
    if (errno != EINTR) {
      return fail(sys::last_error("netlink: cannot send"));
    }
  }
  return {};
}

Result<std::size_t> Socket::receive(std::span<char> into) {
  while (true) {
    sockaddr_nl from{};
    socklen_t size = sizeof from;
    const ssize_t got =
        ::recvfrom(fd_.get(), into.data(), into.size(), MSG_TRUNC, reinterpret_cast<sockaddr*>(&from), &size);
    if (got > static_cast<ssize_t>(into.size())) {
      return fail(Errc::protocol, "netlink: a message of " + std::to_string(got) + " octets is too large");
    }
    if (got >= 0 && from.nl_pid == 0) {
      return static_cast<std::size_t>(got);
    }
    if (got < 0 && errno == EAGAIN) {
      if (auto ready = sys::wait_fd(fd_.get(), POLLIN, kAnswerTimeoutMs); !ready) {
        return fail(std::move(ready.error()).context("netlink: no answer from the kernel"));
      }
    } else if (got < 0 && errno != EINTR) {
      return fail(sys::last_error("netlink: cannot receive"));
    }
  }
}

Status Socket::exchange_piece(std::span<char> bytes, std::uint32_t last, std::vector<Answer>& answers) {
  if (auto sent = send(bytes); !sent) {
    return sent;
  }
  Buffer buffer;
  bool done = false;
  while (!done) {
    const auto octets = receive(buffer.octets);
    if (!octets) {
      return fail(octets.error());
    }
    for_each_message({buffer.octets.data(), *octets}, [&](const nlmsghdr& message) {
      if (message.nlmsg_type == NLMSG_ERROR) {
        done = done || message.nlmsg_seq == last;
        if (const int error = error_of(message); error != 0) {
          answers.push_back({message.nlmsg_seq, error, words_of(message)});
        }
      }
      return true;
    });
  }
  return {};
}

Status Socket::exchange(const Group& group, const std::function<void(std::size_t, const Answer&)>& failed) {
  const auto& messages = group.messages;
  std::vector<Answer> answers;
  std::size_t first = 0;
  while (first < messages.size()) {
    const std::size_t start = messages[first].offset;
    const std::uint32_t base = sequence_ + 1;
    std::size_t next = first;
    std::size_t end = start;
    nlmsghdr header{};
    while (next < messages.size() && next - first < group.messages_per_piece &&
           end - start < group.octets_per_piece) {
      char* const at = group.bytes.data() + messages[next].offset;
      std::memcpy(&header, at, sizeof header);
      header.nlmsg_seq = ++sequence_;
      std::memcpy(at, &header, sizeof header);
      end = ++next < messages.size() ? messages[next].offset : group.bytes.size();
    }
    // Only the last is acknowledged: the kernel serves them in order, so its answer is the end of all.
    header.nlmsg_flags |= NLM_F_ACK;
    std::memcpy(group.bytes.data() + messages[next - 1].offset, &header, sizeof header);
    answers.clear();
    if (auto status = exchange_piece({group.bytes.data() + start, end - start}, sequence_, answers);
        !status) {
      return status;
    }
    for (const Answer& answer : answers) {
      const std::size_t index = answer.sequence - base;
      if (index < next - first) {  // anything else answers a request that was given up
        failed(first + index, answer);
      }
    }
    first = next;
  }
  return {};
}

Result<std::vector<Batch::Failure>> Socket::commit(Batch& batch) {
  std::vector<Batch::Failure> failures;
  const Group group{batch.bytes_, batch.messages_, kMessagesPerPiece, kOctetsPerPiece};
  const auto status = exchange(group, [&](std::size_t message, const Answer& answer) {
    const std::size_t request = batch.messages_[message].request;
    if (failures.empty() || failures.back().request != request) {
      failures.push_back({request, kernel_error(batch.context_[request](), answer.sys_errno, answer.text)});
    }
  });
  batch.clear();
  if (!status) {
    return fail(status.error());
  }
  return failures;
}

Status Socket::commit_all(Batch& batch) {
  auto failures = commit(batch);
  if (!failures) {
    return fail(std::move(failures.error()));
  }
  if (!failures->empty()) {
    return fail(std::move(failures->front().error));
  }
  return {};
}

Result<std::vector<int>> Socket::apply(std::span<const RouteChange> changes) {
  return apply(changes.size(), [&](std::size_t i) -> const RouteChange& { return changes[i]; });
}

Result<std::vector<int>> Socket::apply(std::size_t count,
                                       const std::function<const RouteChange&(std::size_t)>& change) {
  std::vector<int> results(count, 0);
  std::vector<char> bytes;
  std::vector<Batch::Message> messages;
  bytes.reserve(kRouteOctetsPerPiece + kRouteOctetsPerPiece / 8);
  for (std::size_t next = 0; next < count;) {
    bytes.clear();
    messages.clear();
    while (next < count && messages.size() < failures_max_ && bytes.size() < kRouteOctetsPerPiece) {
      messages.push_back({bytes.size(), next});
      encode_route(bytes, change(next++), false);
    }
    const Group group{bytes, messages, messages.size(), 2 * bytes.size()};
    const auto status = exchange(group, [&](std::size_t message, const Answer& answer) {
      results[messages[message].request] = answer.sys_errno;
    });
    if (!status) {
      return fail(status.error());
    }
  }
  return results;
}

Status Socket::query_once(std::span<const char> request, std::uint32_t sequence,
                          const std::function<void(const void*)>& each, bool& interrupted) {
  if (auto sent = send(request); !sent) {
    return sent;
  }
  Status result;
  Buffer buffer;
  bool done = false;
  while (!done) {
    const auto octets = receive(buffer.octets);
    if (!octets) {
      return fail(octets.error());
    }
    for_each_message({buffer.octets.data(), *octets}, [&](const nlmsghdr& message) {
      if (message.nlmsg_seq != sequence) {
        return true;  // the rest of a query that was given up
      }
      interrupted = interrupted || (message.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
      if (message.nlmsg_type == NLMSG_ERROR || message.nlmsg_type == NLMSG_DONE) {
        const int error = error_of(message);
        if (error != 0) {
          result = fail(kernel_error("netlink", error, words_of(message)));
        }
        done = true;
        return false;
      }
      each(&message);
      done = (message.nlmsg_flags & NLM_F_MULTI) == 0;
      return !done;
    });
  }
  return result;
}

Status Socket::query(std::vector<char>& request, const std::function<void()>& restart,
                     const std::function<void(const void*)>& each) {
  for (int i = 0; i < kDumpTries; ++i) {
    restart();
    nlmsghdr header{};
    std::memcpy(&header, request.data(), sizeof header);
    header.nlmsg_seq = ++sequence_;
    std::memcpy(request.data(), &header, sizeof header);
    bool interrupted = false;
    auto status = query_once(request, sequence_, each, interrupted);
    if (!status || !interrupted) {
      return status;
    }
  }
  return fail(Errc::conflict, "netlink: the kernel's tables change too fast to be read");
}

namespace {

template <class Header>
std::vector<char> dump_request(std::uint16_t type, const Header& header) {
  std::vector<char> out;
  MessageWriter writer(out, type, NLM_F_DUMP);
  writer.header(header);
  writer.finish();
  return out;
}

}  // namespace

Result<std::vector<LinkInfo>> Socket::links() {
  std::vector<LinkInfo> out;
  auto request = dump_request(RTM_GETLINK, ifinfomsg{});
  const auto status = query(
      request, [&] { out.clear(); },
      [&](const void* message) {
        if (auto link = decode_link(*static_cast<const nlmsghdr*>(message))) {
          out.push_back(std::move(*link));
        }
      });
  if (!status) {
    return fail(Error(status.error()).context("cannot list links"));
  }
  return out;
}

Result<LinkInfo> Socket::link(std::string_view name) {
  std::optional<LinkInfo> out;
  std::vector<char> request;
  MessageWriter writer(request, RTM_GETLINK, 0);
  writer.header(ifinfomsg{});
  writer.text(IFLA_IFNAME, std::string(name));
  writer.finish();
  const auto status = query(
      request, [] {},
      [&](const void* message) { out = decode_link(*static_cast<const nlmsghdr*>(message)); });
  if (!status) {
    return fail(Error(status.error()).context("link " + std::string(name)));
  }
  if (!out) {
    return fail(Errc::protocol, "link " + std::string(name) + ": the kernel's answer cannot be read");
  }
  return std::move(*out);
}

Result<std::vector<AddressInfo>> Socket::addresses() {
  std::vector<AddressInfo> out;
  auto request = dump_request(RTM_GETADDR, ifaddrmsg{});
  const auto status = query(
      request, [&] { out.clear(); },
      [&](const void* message) {
        if (auto address = decode_address(*static_cast<const nlmsghdr*>(message))) {
          out.push_back(std::move(*address));
        }
      });
  if (!status) {
    return fail(Error(status.error()).context("cannot list addresses"));
  }
  return out;
}

Result<std::vector<RouteInfo>> Socket::routes(std::optional<std::uint32_t> table) {
  std::vector<RouteInfo> out;
  for (const int family : {AF_INET, AF_INET6}) {
    std::vector<char> request;
    MessageWriter writer(request, RTM_GETROUTE, NLM_F_DUMP);
    rtmsg header{};
    header.rtm_family = static_cast<std::uint8_t>(family);
    writer.header(header);
    if (table) {
      writer.u32(RTA_TABLE, *table);
    }
    writer.finish();
    const std::size_t before = out.size();
    const auto status = query(
        request, [&] { out.resize(before); },
        [&](const void* message) {
          auto route = decode_route(*static_cast<const nlmsghdr*>(message));
          if (route && !route->cloned && (!table || route->table == *table)) {
            out.push_back(std::move(*route));
          }
        });
    // A table without routes does not exist.
    if (!status && status.error().sys_errno != ENOENT) {
      return fail(Error(status.error()).context("cannot list routes"));
    }
  }
  return out;
}

Result<std::vector<NeighbourInfo>> Socket::neighbours() {
  std::vector<NeighbourInfo> out;
  auto request = dump_request(RTM_GETNEIGH, ndmsg{});
  const auto status = query(
      request, [&] { out.clear(); },
      [&](const void* message) {
        if (auto neighbour = decode_neighbour(*static_cast<const nlmsghdr*>(message))) {
          out.push_back(std::move(*neighbour));
        }
      });
  if (!status) {
    return fail(Error(status.error()).context("cannot list neighbours"));
  }
  return out;
}

Result<RouteInfo> Socket::route_to(const net::IpAddr& destination, const std::optional<net::IpAddr>& source) {
  const std::string what = "route to " + to_string(destination);
  std::vector<char> request;
  MessageWriter writer(request, RTM_GETROUTE, 0);
  rtmsg header{};
  header.rtm_family = static_cast<std::uint8_t>(sys::address_family(destination.family()));
  header.rtm_dst_len = net::address_bits(destination.family());
  header.rtm_flags = RTM_F_LOOKUP_TABLE;
  header.rtm_src_len = source ? net::address_bits(source->family()) : std::uint8_t{0};
  writer.header(header);
  writer.address(RTA_DST, destination);
  if (source) {
    writer.address(RTA_SRC, *source);
  }
  writer.finish();
  std::optional<RouteInfo> out;
  const auto status = query(
      request, [] {},
      [&](const void* message) { out = decode_route(*static_cast<const nlmsghdr*>(message), true); });
  if (!status) {
    return fail(Error(status.error()).context(what));
  }
  if (!out) {
    return fail(Errc::protocol, what + ": the kernel's answer cannot be read");
  }
  switch (out->type) {  // IPv6 answers with the route that refuses, IPv4 with the errno
    case observe::RouteType::unicast:
      return std::move(*out);
    case observe::RouteType::blackhole:
      return fail(sys::system_error(what, EINVAL));
    case observe::RouteType::unreachable:
      return fail(sys::system_error(what, out->prefix.length() == 0 ? ENETUNREACH : EHOSTUNREACH));
    case observe::RouteType::prohibit:
      return fail(sys::system_error(what, EACCES));
  }
  return std::move(*out);
}

Status Socket::add_veth(const LinkSpec& here, const LinkSpec& there, const sys::netns::Handle& there_ns) {
  Batch batch;
  batch.add_veth(here, there, there_ns);
  return commit_all(batch);
}
Status Socket::add_bridge(const LinkSpec& bridge) {
  Batch batch;
  batch.add_bridge(bridge);
  return commit_all(batch);
}
Status Socket::set_link(std::string_view name, const LinkChange& change) {
  Batch batch;
  batch.set_link(name, change);
  return commit_all(batch);
}
Status Socket::delete_link(IfIndex link) {
  Batch batch;
  batch.delete_link(link);
  return commit_all(batch);
}
Status Socket::add_address(IfIndex link, const net::InterfaceAddress& address) {
  Batch batch;
  batch.add_address(link, address);
  return commit_all(batch);
}
Status Socket::replace_route(const RouteInfo& route) {
  Batch batch;
  batch.route({route, true});
  return commit_all(batch);
}
Status Socket::remove_route(const RouteInfo& route) {
  Batch batch;
  batch.route({route, false});
  return commit_all(batch);
}

}  // namespace catflap::netlink
