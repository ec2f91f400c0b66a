#include "load/peer.hpp"

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "bgp/wire/codec.hpp"
#include "bgp/wire/notification.hpp"

namespace catflap::bench {

namespace wire = bgp::wire;

namespace {

constexpr std::size_t kReadOctets = 1U << 20U;
constexpr std::size_t kWriteOctets = 1U << 18U;
constexpr int kReadsPerTurn = 4;

unsigned octet(BytesView bytes, std::size_t at) {
  return std::to_integer<unsigned>(bytes[at]);
}
std::size_t u16_at(BytesView bytes, std::size_t at) {
  return octet(bytes, at) << 8U | octet(bytes, at + 1);
}

sockaddr_in socket_address(std::uint32_t address, std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_addr.s_addr = htonl(address);
  out.sin_port = htons(port);
  return out;
}

Bytes keepalive_message() {
  ByteSink sink;
  wire::encode(wire::Keepalive{}, {}, sink);
  return sink.release();
}

}  // namespace

std::int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void Peer::prepare(const Feed& feed) {
  Announcer announcer;
  announcer.as = options_.as;
  announcer.next_hop = options_.local;
  announcer.internal = options_.as == options_.remote_as;
  if (options_.sentinel) {
    constexpr std::uint32_t kSentinels = 0xC612'0000;  // 198.18.0.0/15, for benchmarks (RFC 2544)
    announcer.sentinel = net::Prefix::host(net::IpAddr::v4(kSentinels + options_.number));
  }
  stream_ = encode_feed(feed, announcer);
}

bool Peer::dial() {
  sys::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) {
    return false;
  }
  const sockaddr_in local = socket_address(options_.local, 0);
  const sockaddr_in remote = socket_address(options_.remote, options_.port);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0) {
    return false;
  }
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&remote), sizeof remote) != 0 &&
      errno != EINPROGRESS) {
    return false;
  }
  fd_ = std::move(fd);
  ++dials_;
  state_ = State::connecting;
  return true;
}

bool Peer::finish_dial() {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
    close(std::strerror(error));
    return false;
  }
  connected(std::move(fd_));
  return true;
}

bool Peer::unacknowledged() const {
  int octets = 0;
  return state_ == State::connecting ||
         (state_ == State::open_sent && ::ioctl(fd_.get(), SIOCOUTQ, &octets) == 0 && octets > 0);
}

void Peer::connected(sys::UniqueFd fd) {
  fd_ = std::move(fd);
  const int on = 1;
  // Without it the KEEPALIVE behind the OPEN would wait for an acknowledgement; a failure costs time only.
  (void)::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  state_ = State::open_sent;
  queue_open();
  flush();
}

void Peer::close(std::string why) {
  why_ = std::move(why);
  fd_.reset();
  state_ = State::down;
  carry_.clear();
  control_.clear();
}

bool Peer::fail(std::string why) {
  close(std::move(why));
  return false;
}

void Peer::queue_open() {
  wire::Open open;
  open.as2 = static_cast<std::uint16_t>(options_.as > 0xffff ? wire::kAsTrans : options_.as);
  open.hold_time_s = options_.hold_s;
  open.router_id = options_.local;
  open.capabilities.multiprotocol = {wire::kIpv4Unicast};
  open.capabilities.route_refresh = true;
  open.capabilities.as4 = options_.as;
  ByteSink sink;
  wire::encode(open, {}, sink);
  const BytesView octets = sink.view();
  control_.insert(control_.end(), octets.begin(), octets.end());
}

void Peer::queue_keepalive() {
  static const Bytes kMessage = keepalive_message();
  control_.insert(control_.end(), kMessage.begin(), kMessage.end());
}

void Peer::keep_alive(std::int64_t now) {
  // An UPDATE that is on its way says the same, and nothing may be put into the middle of the stream.
  if (state_ == State::established && keepalive_every_ > 0 && now >= keepalive_at_ && !streaming()) {
    keepalive_at_ = now + keepalive_every_;
    queue_keepalive();
  }
}

bool Peer::flush() {
  while (fd_.valid() && state_ != State::connecting) {
    const bool control = !control_.empty();
    if (!control && !streaming()) {
      return true;
    }
    const BytesView all = control ? BytesView(control_) : BytesView(stream_.octets).subspan(sent_);
    const BytesView part = all.first(std::min(all.size(), kWriteOctets));
    if (!control && times_.first_sent == 0) {
      times_.first_sent = now_ns();
    }
    const ssize_t count = ::send(fd_.get(), part.data(), part.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0) {
      return errno == EAGAIN || errno == EINTR || fail(fmt::format("send: {}", std::strerror(errno)));
    }
    if (control) {
      control_.erase(control_.begin(), control_.begin() + count);
      continue;
    }
    sent_ += static_cast<std::size_t>(count);
    if (sent_ == stream_.octets.size()) {
      times_.last_sent = now_ns();
    }
    return true;  // the others first
  }
  return true;
}

bool Peer::receive() {
  static Bytes buffer(kReadOctets + wire::kExtendedMessageOctetsMax);
  for (int turn = 0; turn < kReadsPerTurn; ++turn) {
    std::copy(carry_.begin(), carry_.end(), buffer.begin());
    const ssize_t count = ::recv(fd_.get(), buffer.data() + carry_.size(), kReadOctets, MSG_DONTWAIT);
    if (count < 0) {
      return errno == EAGAIN || errno == EINTR || fail(fmt::format("receive: {}", std::strerror(errno)));
    }
    if (count == 0) {
      return fail("closed by the daemon");
    }
    batch_at_ = now_ns();
    counts_.octets += static_cast<std::uint64_t>(count);
    BytesView rest = BytesView(buffer).first(carry_.size() + static_cast<std::size_t>(count));
    while (rest.size() >= wire::kHeaderOctets) {
      const std::size_t length = u16_at(rest, 16);
      if (length < wire::kHeaderOctets) {
        return fail("a message shorter than its header");
      }
      if (length > rest.size()) {
        break;
      }
      if (!handle(rest.first(length))) {
        return false;
      }
      rest = rest.subspan(length);
    }
    carry_.assign(rest.begin(), rest.end());
    if (static_cast<std::size_t>(count) < kReadOctets / 2) {
      return true;  // probably all there is; epoll tells if not
    }
  }
  return true;
}

bool Peer::handle(BytesView message) {
  ++counts_.messages;
  switch (octet(message, 18)) {
    case wire::message_type::kOpen:
      return handle_open(message);
    case wire::message_type::kUpdate:
      return handle_update(message.subspan(wire::kHeaderOctets));
    case wire::message_type::kKeepalive:
      if (state_ == State::open_confirm) {
        state_ = State::established;
        times_.established = batch_at_;
        keepalive_at_ = batch_at_ + keepalive_every_;
      }
      return true;
    case wire::message_type::kNotification: {
      const auto decoded = wire::decode(message, {});
      const auto* notification = decoded ? std::get_if<wire::Notification>(&*decoded) : nullptr;
      return fail("the daemon said: " + (notification != nullptr ? wire::describe(*notification) : "?"));
    }
    default:
      return true;
  }
}

bool Peer::handle_open(BytesView message) {
  const auto decoded = wire::decode(message, {});
  const auto* open = decoded ? std::get_if<wire::Open>(&*decoded) : nullptr;
  if (open == nullptr || state_ != State::open_sent) {
    return fail("an OPEN that was not expected or is malformed");
  }
  if (!open->capabilities.as4) {
    return fail("the daemon has no 4-octet AS numbers");
  }
  constexpr std::int64_t kSecond = 1'000'000'000;
  keepalive_every_ = std::int64_t{std::min(open->hold_time_s, options_.hold_s)} * kSecond / 3;
  state_ = State::open_confirm;
  queue_keepalive();
  return flush();
}

bool Peer::handle_update(BytesView body) {
  if (body.size() < 4) {
    return fail("an UPDATE shorter than its lengths");
  }
  const std::size_t withdrawn = u16_at(body, 0);
  if (withdrawn + 4 > body.size()) {
    return fail("withdrawn routes beyond the message");
  }
  const std::size_t attributes = u16_at(body, 2 + withdrawn);
  if (withdrawn + 4 + attributes > body.size()) {
    return fail("attributes beyond the message");
  }
  const BytesView announced = body.subspan(4 + withdrawn + attributes);
  if (withdrawn == 0 && attributes == 0 && announced.empty()) {
    times_.end_of_rib = batch_at_;  // RFC 4724 §2
    return true;
  }
  if (!options_.sinks) {
    return true;
  }
  times_.first_update = times_.first_update == 0 ? batch_at_ : times_.first_update;
  times_.last_update = batch_at_;
  return read_prefixes(body.subspan(2, withdrawn), false) && read_prefixes(announced, true);
}

bool Peer::read_prefixes(BytesView field, bool announced) {
  static std::vector<Seen> prefixes;  // one thread, one message at a time
  prefixes.clear();
  for (std::size_t at = 0; at < field.size();) {
    const auto length = static_cast<std::uint8_t>(octet(field, at));
    const std::size_t octets = (length + 7U) / 8U;
    if (length > 32 || at + 1 + octets > field.size()) {
      return fail("a malformed prefix");
    }
    std::uint32_t address = 0;
    for (std::size_t i = 0; i < octets; ++i) {
      address |= octet(field, at + 1 + i) << (24U - 8U * i);
    }
    prefixes.push_back({address, length});
    index_.prefetch(prefixes.back());
    at += 1 + octets;
  }
  for (const Seen prefix : prefixes) {
    if (announced) {
      present_.insert(index_, prefix);
    } else {
      present_.erase(index_, prefix);
    }
  }
  (announced ? counts_.announced : counts_.withdrawn) += prefixes.size();
  return true;
}

void Peer::reset_counts() {
  counts_ = {};
  times_.first_update = times_.last_update = 0;
}

}  // namespace catflap::bench
