#include <arpa/inet.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "load/feed.hpp"
#include "load/peer.hpp"
#include "sys/unique_fd.hpp"

/// What the kernel's route table can do, and when it holds what a daemon was told:
///   catflap-bench-routes insert N SEED INTERFACE GATEWAY [nexthop]   raw batched netlink: the floor of any
///   daemon catflap-bench-routes wait N SEED COUNT LIMIT_S                   until COUNT more routes than now
///   are there
/// N and SEED name the synthetic feed whose prefixes are meant. Each prints JSON lines.

namespace {

using catflap::bench::now_ns;

constexpr std::size_t kBatchOctets = 128U << 10U;
constexpr std::uint32_t kNextHopId = 7;

std::vector<catflap::net::Prefix> prefixes_of(const char* count, const char* seed) {
  const auto feed =
      catflap::bench::synthetic_feed(std::strtoull(count, nullptr, 10), std::strtoull(seed, nullptr, 10));
  std::vector<catflap::net::Prefix> out;
  if (feed) {
    for (const auto& set : *feed) {
      for (const auto& nlri : set.prefixes) {
        out.push_back(nlri.prefix);
      }
    }
  }
  return out;
}

[[noreturn]] void give_up(std::string_view what) {
  fmt::print(stderr, "catflap-bench-routes: {}: {}\n", what, std::strerror(errno));
  std::exit(3);
}

/// A batch of netlink requests; only the last of each asks for an acknowledgement. Errors come always.
class Batch {
 public:
  Batch() : fd_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)), buffer_(kBatchOctets) {
    const int on = 1;
    if (!fd_ || ::setsockopt(fd_.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on) != 0) {
      give_up("netlink");
    }
  }

  template <class Header>
  void begin(std::uint16_t type, std::uint16_t flags, const Header& header) {
    if (size_ + 256 > buffer_.size()) {
      flush();
    }
    last_ = size_;
    nlmsghdr message{};
    message.nlmsg_type = type;
    message.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    message.nlmsg_seq = ++sequence_;
    put(&message, sizeof message);
    put(&header, sizeof header);
    patch_length();
  }
  void attribute(std::uint16_t type, const void* value, std::size_t size) {
    rtattr header{};
    header.rta_type = type;
    header.rta_len = static_cast<std::uint16_t>(RTA_LENGTH(size));
    put(&header, sizeof header);
    put(value, size);
    patch_length();
  }
  void flush() {
    if (size_ == 0) {
      return;
    }
    auto* last = reinterpret_cast<nlmsghdr*>(buffer_.data() + last_);
    last->nlmsg_flags = static_cast<std::uint16_t>(last->nlmsg_flags | NLM_F_ACK);
    if (::send(fd_.get(), buffer_.data(), size_, 0) < 0) {
      give_up("send");
    }
    size_ = 0;
    while (true) {
      alignas(nlmsghdr) char reply[8192];
      const ssize_t count = ::recv(fd_.get(), reply, sizeof reply, 0);
      if (count < 0) {
        give_up("receive");
      }
      auto left = static_cast<unsigned>(count);
      for (auto* m = reinterpret_cast<nlmsghdr*>(reply); NLMSG_OK(m, left); m = NLMSG_NEXT(m, left)) {
        const auto* error = static_cast<const nlmsgerr*>(NLMSG_DATA(m));
        if (m->nlmsg_type == NLMSG_ERROR && error->error != 0) {
          errno = -error->error;
          give_up("the kernel refuses a route");
        }
        if (m->nlmsg_seq == sequence_) {
          return;
        }
      }
    }
  }

 private:
  void put(const void* data, std::size_t size) {
    std::memcpy(buffer_.data() + size_, data, size);
    size_ += NLMSG_ALIGN(size);
  }
  void patch_length() {
    reinterpret_cast<nlmsghdr*>(buffer_.data() + last_)->nlmsg_len =
        static_cast<std::uint32_t>(size_ - last_);
  }

  catflap::sys::UniqueFd fd_;
  std::vector<char> buffer_;
  std::size_t size_ = 0, last_ = 0;
  std::uint32_t sequence_ = 0;
};

void route(Batch& batch, std::uint16_t type, const catflap::net::Prefix& prefix,
           const std::pair<std::uint16_t, std::uint32_t>& via, std::uint32_t interface) {
  rtmsg header{};
  header.rtm_family = AF_INET;
  header.rtm_dst_len = prefix.length();
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol = RTPROT_BGP;
  header.rtm_type = RTN_UNICAST;
  batch.begin(type, type == RTM_NEWROUTE ? NLM_F_CREATE | NLM_F_REPLACE : 0, header);
  const std::uint32_t destination = htonl(prefix.addr().v4_value());
  batch.attribute(RTA_DST, &destination, sizeof destination);
  batch.attribute(via.first, &via.second, sizeof via.second);
  if (via.first == RTA_GATEWAY) {
    batch.attribute(RTA_OIF, &interface, sizeof interface);
  }
}

int insert(char** argv, bool next_hop_object) {
  const auto prefixes = prefixes_of(argv[2], argv[3]);
  const std::uint32_t interface = if_nametoindex(argv[4]);
  in_addr gateway{};
  if (prefixes.empty() || interface == 0 || inet_aton(argv[5], &gateway) == 0) {
    give_up("insert N SEED INTERFACE GATEWAY");
  }
  Batch batch;
  std::pair<std::uint16_t, std::uint32_t> via{RTA_GATEWAY, gateway.s_addr};
  if (next_hop_object) {
    nhmsg header{};
    header.nh_family = AF_INET;
    header.nh_protocol = RTPROT_BGP;
    batch.begin(RTM_NEWNEXTHOP, NLM_F_CREATE | NLM_F_REPLACE, header);
    batch.attribute(NHA_ID, &kNextHopId, sizeof kNextHopId);
    batch.attribute(NHA_GATEWAY, &gateway.s_addr, sizeof gateway.s_addr);
    batch.attribute(NHA_OIF, &interface, sizeof interface);
    batch.flush();
    via = {RTA_NH_ID, kNextHopId};
  }
  std::int64_t times[3] = {now_ns(), 0, 0};
  for (int i = 0; i < 2; ++i) {
    for (const auto& prefix : prefixes) {
      route(batch, i == 0 ? RTM_NEWROUTE : RTM_DELROUTE, prefix, via, interface);
    }
    batch.flush();
    times[i + 1] = now_ns();
  }
  const auto rate = [&](int i) {
    return static_cast<double>(prefixes.size()) * 1e9 / static_cast<double>(times[i + 1] - times[i]);
  };
  fmt::print(R"({{"event":"rates","routes":{},"inserts_per_s":{:.0f},"deletes_per_s":{:.0f}}})"
             "\n",
             prefixes.size(), rate(0), rate(1));
  return 0;
}

/// Prefixes in all tables of IPv4: the kernel walks its tries, without holding anything that inserting needs.
std::size_t kernel_prefixes() {
  std::ifstream file("/proc/self/net/fib_triestat");
  std::string word;
  std::size_t sum = 0;
  while (file >> word) {
    std::size_t count = 0;
    if (word == "Prefixes:" && file >> count) {
      sum += count;
    }
  }
  return sum;
}

/// True if the kernel would send to the prefix by a route of exactly that prefix.
bool has_route(int fd, const catflap::net::Prefix& prefix) {
  struct Request {
    nlmsghdr header;
    rtmsg route;
    rtattr attribute;
    std::uint32_t destination;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_GETROUTE;
  request.header.nlmsg_flags = NLM_F_REQUEST;
  request.route.rtm_family = AF_INET;
  request.route.rtm_dst_len = 32;
  request.route.rtm_flags = RTM_F_FIB_MATCH;
  request.attribute.rta_type = RTA_DST;
  request.attribute.rta_len = RTA_LENGTH(sizeof request.destination);
  request.destination = htonl(prefix.addr().v4_value());
  alignas(nlmsghdr) char reply[4096];
  if (::send(fd, &request, sizeof request, 0) < 0 || ::recv(fd, reply, sizeof reply, 0) < 0) {
    give_up("asking for a route");
  }
  const auto* header = reinterpret_cast<const nlmsghdr*>(reply);
  const auto* found = static_cast<const rtmsg*>(NLMSG_DATA(header));
  return header->nlmsg_type == RTM_NEWROUTE && found->rtm_dst_len >= prefix.length();
}

void pause_ms(long milliseconds) {
  const timespec pause{0, milliseconds * 1'000'000};
  nanosleep(&pause, nullptr);
}

/// Looks at a few routes often, which costs nothing, and counts only once these are there.
int wait_for(char** argv) {
  const auto prefixes = prefixes_of(argv[2], argv[3]);
  const std::size_t wanted = kernel_prefixes() + std::strtoull(argv[4], nullptr, 10);
  const std::int64_t limit = now_ns() + std::atoll(argv[5]) * 1'000'000'000;
  const catflap::sys::UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!fd || prefixes.empty()) {
    give_up("wait N SEED COUNT LIMIT_S");
  }
  fmt::print("{{\"event\":\"watching\"}}\n");
  std::fflush(stdout);
  constexpr std::size_t kSamples = 32;
  std::size_t count = 0;
  for (std::size_t sample = kSamples; now_ns() < limit;) {
    // From the end on: most daemons write what they learnt last at last.
    if (sample > 0) {
      if (has_route(fd.get(), prefixes[(prefixes.size() - 1) * sample / kSamples])) {
        --sample;
      } else {
        pause_ms(2);
      }
      continue;
    }
    const std::int64_t at = now_ns();
    count = kernel_prefixes();
    if (count >= wanted) {
      fmt::print("{{\"event\":\"reached\",\"t\":{},\"count\":{}}}\n", at, count);
      return 0;
    }
    pause_ms(10);
  }
  fmt::print("{{\"event\":\"timeout\",\"missing\":{}}}\n", wanted - std::min(wanted, kernel_prefixes()));
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  if (what == "insert" && argc >= 6) {
    return insert(argv, argc > 6 && std::string_view(argv[6]) == "nexthop");
  }
  if (what == "wait" && argc == 6) {
    return wait_for(argv);
  }
  std::fputs(
      "Usage: catflap-bench-routes insert N SEED INTERFACE GATEWAY [nexthop] | wait N SEED COUNT LIMIT_S\n",
      stderr);
  return 2;
}
