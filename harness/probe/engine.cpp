#include "probe/engine.hpp"

#include <fmt/format.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "probe/icmp.hpp"
#include "probe/socket.hpp"
#include "sys/clock.hpp"
#include "sys/error.hpp"
#include "sys/socket_address.hpp"

namespace catflap::probe {
namespace {

/// Packets read per turn of the loop, so that a flood does not starve timers.
constexpr int kPacketsPerTurn = 1024;
constexpr std::uint16_t kPayloadMin = 16, kPayloadMax = 65'000;

struct IcmpKey {
  sys::netns::NsId ns;
  net::Family family = net::Family::ipv4;
  std::optional<net::IpAddr> source;
  std::string interface;
  std::uint8_t ttl = 0;
  auto operator<=>(const IcmpKey&) const = default;
};

IcmpKey key_of(const ProbeSpec& spec) {
  return {spec.ns->id(), spec.to.addr.family(), spec.source, spec.interface, spec.ttl};
}

struct IcmpSocket {
  sys::UniqueFd fd;
  std::uint16_t ident = 0, next_sequence = 0;
  std::unordered_map<std::uint16_t, std::uint64_t> flights;  ///< by sequence number
  std::size_t users = 0;                                     ///< flights, started or not
  bool watched = false;
};

}  // namespace

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::icmp_echo:
      return "ping";
    case Kind::tcp_connect:
      return "tcp";
    case Kind::udp_echo:
      return "udp";
  }
  return "";
}

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::reached:
      return "reached";
    case Verdict::refused:
      return "refused";
    case Verdict::unreachable:
      return "unreachable";
    case Verdict::timed_out:
      return "timed out";
    case Verdict::not_sent:
      return "not sent";
  }
  return "";
}

class Engine::Impl {
 public:
  Impl(sys::EventLoop& loop, sys::netns::Executor& executor)
      : loop_(loop), executor_(executor), cookie_(sys::random_u64()), alive_(std::make_shared<bool>(true)) {}
  ~Impl() {
    *alive_ = false;
    (void)loop_.cancel(pump_timer_);
    (void)loop_.cancel(deliver_timer_);
    while (!flights_.empty()) {
      drop(flights_.begin()->first);
    }
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  BatchId submit(std::vector<ProbeSpec> specs, Done done) {
    const std::uint64_t id = next_batch_++;
    Batch& batch = batches_[id];
    batch.left = specs.size();
    batch.done = std::move(done);
    batch.results.reserve(specs.size());
    for (ProbeSpec& spec : specs) {
      queue_.emplace_back(id, batch.results.size());
      batch.results.emplace_back().spec = std::move(spec);
    }
    if (batch.left == 0) {
      complete(id);
    }
    arm_pump();
    return BatchId{id};
  }

  void cancel(BatchId id) {
    const auto number = static_cast<std::uint64_t>(id);
    batches_.erase(number);
    std::vector<std::uint64_t> ours;
    for (const auto& [flight_id, flight] : flights_) {
      if (flight.batch == number) {
        ours.push_back(flight_id);
      }
    }
    for (const std::uint64_t flight_id : ours) {
      drop(flight_id);
    }
    arm_pump();
  }

  std::size_t in_flight() const { return flights_.size(); }

 private:
  struct Batch {
    std::vector<ProbeResult> results;
    std::size_t left = 0;
    Done done;
  };
  struct Flight {
    std::uint64_t batch = 0;
    std::size_t index = 0;
    Instant sent;
    sys::EventLoop::TimerId timer = sys::EventLoop::TimerId::none;
    sys::UniqueFd fd;  ///< TCP and UDP
    IcmpSocket* icmp = nullptr;
    std::optional<IcmpKey> icmp_key;
    std::uint16_t sequence = 0;
  };
  struct Finding {
    Verdict verdict = Verdict::not_sent;
    int sys_errno = 0;
    std::string detail;
    std::optional<net::IpAddr> answered;
  };

  void arm_pump() {
    if (pump_timer_ == sys::EventLoop::TimerId::none && !queue_.empty()) {
      pump_timer_ = loop_.at(loop_.now(), [this] {
        pump_timer_ = sys::EventLoop::TimerId::none;
        pump();
      });
    }
  }

  ProbeResult& result_of(const Flight& flight) { return batches_.at(flight.batch).results[flight.index]; }

  /// Opens the sockets of all probes that may start now in one visit to the executor, then starts them.
  void pump() {
    std::vector<std::pair<std::uint64_t, int>> started;  // flight and errno
    while (!queue_.empty() && flights_.size() < kInFlightMax) {
      const auto [batch, index] = queue_.front();
      queue_.pop_front();
      if (batches_.contains(batch)) {
        const std::uint64_t id = next_flight_++;
        Flight& flight = flights_[id];
        flight.batch = batch;
        flight.index = index;
        started.emplace_back(id, 0);
      }
    }
    const auto opened = executor_.run([&]() -> Status {
      for (auto& [id, error] : started) {
        error = open(flights_.at(id));
      }
      return {};
    });
    for (const auto& [id, error] : started) {
      if (!opened) {
        finish(id, {Verdict::not_sent, opened.error().sys_errno, opened.error().message, {}});
      } else if (error != 0) {
        finish(id, {Verdict::not_sent, error, "cannot open a socket: " + sys::errno_text(error), {}});
      } else {
        start(id);
      }
    }
  }

  /// 0 or an errno. Runs on the executor's thread while ours waits for it.
  int open(Flight& flight) {
    const ProbeSpec& spec = result_of(flight).spec;
    if (spec.ns == nullptr) {
      return EINVAL;
    }
    const int family = sys::address_family(spec.to.addr.family());
    if (spec.kind == Kind::icmp_echo) {
      flight.icmp_key = key_of(spec);
      auto& slot = icmp_[*flight.icmp_key];
      if (slot == nullptr) {
        slot = std::make_unique<IcmpSocket>();
      }
      ++slot->users;
      if (!slot->fd) {
        auto fd = executor_.socket_in(*spec.ns, family, SOCK_RAW,
                                      spec.to.addr.is_v4() ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6});
        if (!fd) {
          return fd.error().sys_errno != 0 ? fd.error().sys_errno : EIO;
        }
        slot->fd = std::move(*fd);
        slot->ident = static_cast<std::uint16_t>(sys::random_u64());
      }
      flight.icmp = slot.get();
      return 0;
    }
    const bool tcp = spec.kind == Kind::tcp_connect;
    auto fd = executor_.socket_in(*spec.ns, family, tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
    if (!fd) {
      return fd.error().sys_errno != 0 ? fd.error().sys_errno : EIO;
    }
    flight.fd = std::move(*fd);
    return 0;
  }

  void start(std::uint64_t id) {
    Flight& flight = flights_.at(id);
    const ProbeSpec& spec = result_of(flight).spec;
    flight.sent = sys::monotonic_now();
    flight.timer = loop_.at(flight.sent + spec.timeout, [this, id] { time_out(id); });
    switch (spec.kind) {
      case Kind::icmp_echo:
        return start_icmp(id, flight, spec);
      case Kind::tcp_connect:
        return start_tcp(id, flight, spec);
      case Kind::udp_echo:
        return start_udp(id, flight, spec);
    }
  }

  void refuse(std::uint64_t id, int sys_errno) {
    finish(id, {verdict_of(sys_errno), sys_errno, detail_of(sys_errno), {}});
  }
  /// The socket could not be set up: the probe did not leave, whatever the errno would mean on the way.
  void misfit(std::uint64_t id, int sys_errno) {
    finish(id, {Verdict::not_sent, sys_errno, "cannot set up the socket: " + sys::errno_text(sys_errno), {}});
  }

  void start_icmp(std::uint64_t id, Flight& flight, const ProbeSpec& spec) {
    IcmpSocket& socket = *flight.icmp;
    if (!socket.watched) {
      int error = prepare_icmp(socket.fd.get(), spec.to.addr.family());
      error = error != 0 ? error : prepare(socket.fd.get(), spec);
      const int fd = socket.fd.get();
      if (error == 0 &&
          !loop_.add(fd, EPOLLIN, [this, key = *flight.icmp_key](std::uint32_t) { read_icmp(key); })) {
        error = EMFILE;
      }
      if (error != 0) {
        return misfit(id, error);
      }
      socket.watched = true;
    }
    while (socket.flights.contains(socket.next_sequence)) {  // at most kInFlightMax of 65,536 are taken
      ++socket.next_sequence;
    }
    flight.sequence = socket.next_sequence++;
    socket.flights[flight.sequence] = id;
    const auto payload = std::clamp(spec.payload_octets, kPayloadMin, kPayloadMax);
    const Bytes packet =
        encode_echo_request(spec.to.addr.family(), {socket.ident, flight.sequence, cookie_, id}, payload);
    const auto to = sys::to_sockaddr({spec.to.addr, 0, spec.to.scope});
    flight.sent = sys::monotonic_now();
    if (::sendto(socket.fd.get(), packet.data(), packet.size(), 0, to.get(), to.size) < 0) {
      refuse(id, errno);
    }
  }

  void start_tcp(std::uint64_t id, Flight& flight, const ProbeSpec& spec) {
    const int fd = flight.fd.get();
    if (const int error = prepare(fd, spec); error != 0) {
      return misfit(id, error);
    }
    const linger reset{1, 0};  // leave nothing in TIME_WAIT
    (void)::setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    const auto to = sys::to_sockaddr(spec.to);
    if (::connect(fd, to.get(), to.size) == 0) {
      return finish(id, {Verdict::reached, 0, {}, spec.to.addr});
    }
    if (errno != EINPROGRESS) {
      return refuse(id, errno);
    }
    watch(id, fd, EPOLLOUT, [this, id](std::uint32_t) { connected(id); });
  }

  void start_udp(std::uint64_t id, Flight& flight, const ProbeSpec& spec) {
    const int fd = flight.fd.get();
    if (const int error = prepare(fd, spec); error != 0) {
      return misfit(id, error);
    }
    const bool v4 = spec.to.addr.is_v4();
    (void)set_option(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_RECVERR : IPV6_RECVERR,
                     1);  // else only the errno is told
    const auto to = sys::to_sockaddr(spec.to);
    const std::array<std::uint64_t, 2> token{cookie_, id};
    if (::connect(fd, to.get(), to.size) != 0 || ::send(fd, token.data(), sizeof token, MSG_NOSIGNAL) < 0) {
      return refuse(id, errno);
    }
    watch(id, fd, EPOLLIN, [this, id](std::uint32_t events) { udp_answer(id, events); });
  }

  void watch(std::uint64_t id, int fd, std::uint32_t events, sys::EventLoop::FdCallback callback) {
    if (auto added = loop_.add(fd, events, std::move(callback)); !added) {
      misfit(id, added.error().sys_errno);
    }
  }

  void connected(std::uint64_t id) {
    const Flight& flight = flights_.at(id);
    int error = 0;
    socklen_t size = sizeof error;
    (void)::getsockopt(flight.fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);  // cannot fail for a socket
    const net::IpAddr to = result_of(flight).spec.to.addr;
    if (error == 0 || error == ECONNREFUSED) {
      finish(id, {error == 0 ? Verdict::reached : Verdict::refused, error, error == 0 ? "" : detail_of(error),
                  to});
    } else {
      refuse(id, error);
    }
  }

  void udp_answer(std::uint64_t id, std::uint32_t events) {
    const Flight& flight = flights_.at(id);
    const net::IpAddr to = result_of(flight).spec.to.addr;
    if ((events & EPOLLERR) != 0) {
      return udp_complaint(id, flight.fd.get(), to.family());
    }
    std::array<std::uint64_t, 2> token{};
    const ssize_t got = ::recv(flight.fd.get(), token.data(), sizeof token, 0);
    if (got == sizeof token && token == std::array<std::uint64_t, 2>{cookie_, id}) {
      finish(id, {Verdict::reached, 0, {}, to});
    } else if (got < 0 && errno != EAGAIN && errno != EINTR) {
      refuse(id, errno);
    }
  }

  void udp_complaint(std::uint64_t id, int fd, net::Family family) {
    alignas(cmsghdr) std::array<char, 512> control{};
    msghdr message{};
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    if (::recvmsg(fd, &message, MSG_ERRQUEUE) < 0) {
      return;  // nothing there after all; the timeout decides
    }
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
         header = CMSG_NXTHDR(&message, header)) {
      if (header->cmsg_len < CMSG_LEN(sizeof(sock_extended_err)) ||
          !((header->cmsg_level == SOL_IP && header->cmsg_type == IP_RECVERR) ||
            (header->cmsg_level == SOL_IPV6 && header->cmsg_type == IPV6_RECVERR))) {
        continue;
      }
      sock_extended_err error{};
      std::memcpy(&error, CMSG_DATA(header), sizeof error);
      sys::SocketAddress from;
      const std::size_t rest = header->cmsg_len - CMSG_LEN(sizeof error);
      std::memcpy(&from.storage, CMSG_DATA(header) + sizeof error, std::min(rest, sizeof(sockaddr_in6)));
      const auto offender = sys::from_sockaddr(from);
      const int number = static_cast<int>(error.ee_errno);
      Finding finding{verdict_of(number), number, detail_of(number), {}};
      if (error.ee_origin == SO_EE_ORIGIN_ICMP || error.ee_origin == SO_EE_ORIGIN_ICMP6) {
        finding.detail = describe_icmp(family, error.ee_type, error.ee_code);
        if (offender) {
          finding.answered = offender->addr;
          finding.detail += " from " + net::to_string(offender->addr);
        }
      }
      return finish(id, std::move(finding));
    }
  }

  void read_icmp(const IcmpKey& key_of_callback) {
    const IcmpKey key = key_of_callback;  // the callback may go with the last flight
    std::array<std::byte, 65536> buffer;
    for (int i = 0; i < kPacketsPerTurn; ++i) {
      const auto found = icmp_.find(key);
      if (found == icmp_.end()) {
        return;
      }
      sys::SocketAddress from;
      from.size = sizeof from.storage;
      const ssize_t got =
          ::recvfrom(found->second->fd.get(), buffer.data(), buffer.size(), 0, from.get(), &from.size);
      if (got < 0) {
        return;
      }
      const auto reply = decode_icmp(key.family, BytesView(buffer.data(), static_cast<std::size_t>(got)));
      const auto sender = sys::from_sockaddr(from);
      if (reply && sender && reply->echo.ident == found->second->ident) {
        icmp_answer(*found->second, *reply, sender->addr);
      }
    }
  }

  void icmp_answer(const IcmpSocket& socket, const IcmpReply& reply, const net::IpAddr& sender) {
    const auto flight = socket.flights.find(reply.echo.sequence);
    if (flight == socket.flights.end()) {
      return;  // late
    }
    const std::uint64_t id = flight->second;
    const net::IpAddr to = result_of(flights_.at(id)).spec.to.addr;
    if (!reply.error) {
      if (reply.echo.cookie == cookie_ && reply.echo.token == id) {
        finish(id,
               {Verdict::reached, 0, sender == to ? "" : "answered by " + net::to_string(sender), sender});
      }
    } else if (reply.destination == to) {
      finish(id, {Verdict::unreachable, 0,
                  describe_icmp(to.family(), reply.type, reply.code) + " from " + net::to_string(sender),
                  sender});
    }
  }

  void time_out(std::uint64_t id) {
    Flight& flight = flights_.at(id);
    flight.timer = sys::EventLoop::TimerId::none;
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(result_of(flight).spec.timeout);
    finish(id, {Verdict::timed_out, 0, fmt::format("no answer within {} ms", ms.count()), {}});
  }

  void finish(std::uint64_t id, Finding finding) {
    const Flight& flight = flights_.at(id);
    ProbeResult& result = result_of(flight);
    if (finding.verdict == Verdict::reached || finding.answered) {
      result.rtt = sys::monotonic_now() - flight.sent;
    }
    result.verdict = finding.verdict;
    result.sys_errno = finding.sys_errno;
    result.detail = std::move(finding.detail);
    result.answered = finding.answered;
    const std::uint64_t batch = flight.batch;
    drop(id);
    if (--batches_.at(batch).left == 0) {
      complete(batch);
    }
    arm_pump();
  }

  /// Ends a flight and closes what nobody needs any more: an open socket would keep its namespace alive.
  void drop(std::uint64_t id) {
    auto node = flights_.extract(id);
    Flight& flight = node.mapped();
    (void)loop_.cancel(flight.timer);
    if (flight.fd) {
      loop_.remove(flight.fd.get());
    }
    if (!flight.icmp_key) {
      return;
    }
    const auto slot = icmp_.find(*flight.icmp_key);
    if (slot == icmp_.end()) {
      return;
    }
    if (const auto entry = slot->second->flights.find(flight.sequence);
        entry != slot->second->flights.end() && entry->second == id) {
      slot->second->flights.erase(entry);
    }
    if (--slot->second->users == 0) {
      if (slot->second->watched) {
        loop_.remove(slot->second->fd.get());
      }
      icmp_.erase(slot);
    }
  }

  void complete(std::uint64_t batch) {
    completed_.push_back(batch);
    if (deliver_timer_ == sys::EventLoop::TimerId::none) {
      deliver_timer_ = loop_.at(loop_.now(), [this] {
        deliver_timer_ = sys::EventLoop::TimerId::none;
        deliver();
      });
    }
  }

  void deliver() {
    const std::vector<std::uint64_t> ready = std::exchange(completed_, {});
    const std::shared_ptr<bool> alive = alive_;  // `done` may destroy the engine
    for (const std::uint64_t id : ready) {
      auto node = *alive ? batches_.extract(id) : decltype(batches_)::node_type();
      if (!node.empty() && node.mapped().done) {
        node.mapped().done(std::move(node.mapped().results));
      }
    }
  }

  sys::EventLoop& loop_;
  sys::netns::Executor& executor_;
  const std::uint64_t cookie_;
  std::shared_ptr<bool> alive_;
  std::map<std::uint64_t, Batch> batches_;
  std::unordered_map<std::uint64_t, Flight> flights_;
  std::map<IcmpKey, std::unique_ptr<IcmpSocket>> icmp_;
  std::deque<std::pair<std::uint64_t, std::size_t>> queue_;  ///< batch and index, not started
  std::vector<std::uint64_t> completed_;
  std::uint64_t next_batch_ = 1, next_flight_ = 1;
  sys::EventLoop::TimerId pump_timer_ = sys::EventLoop::TimerId::none;
  sys::EventLoop::TimerId deliver_timer_ = sys::EventLoop::TimerId::none;
};

Engine::Engine(sys::EventLoop& loop, sys::netns::Executor& executor)
    : impl_(std::make_unique<Impl>(loop, executor)) {}
Engine::~Engine() = default;

Engine::BatchId Engine::submit(std::vector<ProbeSpec> batch, Done done) {
  return impl_->submit(std::move(batch), std::move(done));
}
void Engine::cancel(BatchId batch) {
  impl_->cancel(batch);
}
std::size_t Engine::in_flight() const noexcept {
  return impl_->in_flight();
}

std::vector<ProbeResult> probe_all(sys::EventLoop& loop, Engine& engine, std::vector<ProbeSpec> batch) {
  std::vector<ProbeResult> out;
  bool ready = false;
  engine.submit(std::move(batch), [&](std::vector<ProbeResult> results) {
    out = std::move(results);
    ready = true;
  });
  (void)loop.run_until(Instant::never(), [&] { return ready; });
  return out;
}

}  // namespace catflap::probe
