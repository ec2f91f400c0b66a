#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "apps/catflap/input_file.hpp"
#include "apps/catflap/verbs.hpp"
#include "bgp/wire/codec.hpp"
#include "bgp/wire/framer.hpp"
#include "bgp/wire/notification.hpp"
#include "sys/clock.hpp"
#include "sys/error.hpp"
#include "sys/socket_address.hpp"
#include "trace/mrt_routes.hpp"
#include "trace/mrt_text.hpp"

namespace catflap::app {
namespace {

namespace mrt = trace::mrt;
namespace wire = bgp::wire;

/// Calls `take` for every record until it returns false. A malformed record is told and skipped.
Status each_record(const std::string& name, const std::function<bool(const mrt::Record&)>& take) {
  auto input = InputFile::open(name);
  if (!input) {
    return fail(std::move(input.error()));
  }
  mrt::Reader reader;
  while (true) {
    const auto octets = input->read();
    if (!octets) {
      return fail(octets.error());
    }
    if (octets->empty()) {
      return with_context(reader.finish(), name);
    }
    reader.push(*octets);
    while (true) {
      auto record = reader.next();
      if (!record && reader.lost()) {
        return fail(std::move(record.error()).context(name));
      }
      if (!record) {
        fmt::print(stderr, "catflap: {}: {}\n", name, record.error().message);
        continue;
      }
      if (!*record) {
        break;
      }
      if (!take(**record)) {
        return {};
      }
    }
  }
}

/// A BGP session over a blocking socket: enough of a speaker to announce what a file has.
class Feeder {
 public:
  explicit Feeder(const MrtSend& options) : options_(options) {}

  Status connect();
  Status open_session();
  /// Sends everything, answering what comes meanwhile.
  Status send(BytesView octets);
  /// Keeps the session for `hold`, or until the other side ends it (negative).
  Status keep(double hold_s);
  net::IpAddr local() const { return local_; }

 private:
  static constexpr std::uint16_t kHoldTime_s = 240;

  Status wait(bool for_write, Duration at_most);
  Status receive();
  Status handle(BytesView message);
  Status keepalive();

  const MrtSend& options_;
  sys::UniqueFd fd_;
  net::IpAddr local_;
  wire::Framer framer_;
  bool opened_ = false, established_ = false, ended_ = false;
  Instant last_sent_;
};

Status Feeder::connect() {
  net::Endpoint remote;
  remote.port = 179;
  std::string host = options_.to;
  const auto colon = host.rfind(':');
  if (colon != std::string::npos && (host.find(':') == colon || host[colon - 1] == ']')) {
    remote.port = static_cast<std::uint16_t>(std::strtoul(host.c_str() + colon + 1, nullptr, 10));
    host.resize(colon);
  }
  if (host.size() > 2 && host.front() == '[') {
    host = host.substr(1, host.size() - 2);
  }
  auto addr = net::IpAddr::parse(host);
  if (!addr) {
    return fail(std::move(addr.error()));
  }
  remote.addr = *addr;
  fd_.reset(::socket(sys::address_family(addr->family()), SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!fd_) {
    return fail(sys::last_error("open a socket"));
  }
  if (!options_.local.empty()) {
    auto local = net::IpAddr::parse(options_.local);
    if (!local) {
      return fail(std::move(local.error()));
    }
    const sys::SocketAddress at = sys::to_sockaddr({*local, 0, 0});
    if (::bind(fd_.get(), at.get(), at.size) != 0) {
      return fail(sys::last_error("bind " + options_.local));
    }
  }
  const sys::SocketAddress to = sys::to_sockaddr(remote);
  if (::connect(fd_.get(), to.get(), to.size) != 0) {
    return fail(sys::last_error("connect to " + net::to_string(remote)));
  }
  local_ = sys::local_endpoint(fd_.get()).value_or(net::Endpoint{}).addr;
  return {};
}

Status Feeder::wait(bool for_write, Duration at_most) {
  pollfd waiting{fd_.get(), static_cast<short>(POLLIN | (for_write ? POLLOUT : 0)), 0};
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(at_most).count();
  const int ready = ::poll(&waiting, 1, static_cast<int>(std::min<std::int64_t>(ms, 1000)));
  if (ready < 0 && errno != EINTR) {
    return fail(sys::last_error("poll"));
  }
  return (waiting.revents & (POLLIN | POLLHUP | POLLERR)) != 0 ? receive() : Status{};
}

Status Feeder::receive() {
  std::array<std::byte, 16384> buffer{};
  const ssize_t count = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count < 0) {
    return errno == EAGAIN || errno == EINTR ? Status{} : Status(fail(sys::last_error("receive")));
  }
  if (count == 0) {
    ended_ = true;
    return fail(Errc::protocol, "the other side closed the connection");
  }
  framer_.push(BytesView(buffer).first(static_cast<std::size_t>(count)));
  while (true) {
    const auto message = framer_.next();
    if (!message) {
      return fail(Errc::protocol, message.error().what);
    }
    if (!*message) {
      return {};
    }
    if (auto done = handle(**message); !done) {
      return done;
    }
  }
}

Status Feeder::handle(BytesView message) {
  const auto type = std::to_integer<std::uint8_t>(message[18]);
  if (type == wire::message_type::kNotification) {
    ended_ = true;
    const auto decoded = wire::decode(message, {});
    const auto* notification = decoded ? std::get_if<wire::Notification>(&*decoded) : nullptr;
    return fail(Errc::protocol, "the other side ended the session: " +
                                    (notification == nullptr ? "?" : wire::describe(*notification)));
  }
  if (type == wire::message_type::kOpen && !std::exchange(opened_, true)) {
    return keepalive();
  }
  established_ = established_ || type == wire::message_type::kKeepalive;
  return {};
}

Status Feeder::keepalive() {
  ByteSink out;
  wire::encode(wire::Keepalive{}, {}, out);
  return send(out.view());
}

Status Feeder::open_session() {
  wire::Open open;
  open.as2 = static_cast<std::uint16_t>(options_.as > 0xFFFF ? wire::kAsTrans : options_.as);
  open.hold_time_s = kHoldTime_s;
  net::IpAddr id = local_.is_v4() ? local_ : net::IpAddr::v4(0x0AFFFFFE);
  if (!options_.id.empty()) {
    auto given = net::IpAddr::parse(options_.id);
    if (!given || !given->is_v4()) {
      return fail(Errc::invalid, "--id takes a dotted quad, not '" + options_.id + "'");
    }
    id = *given;
  }
  open.router_id = id.v4_value();
  open.capabilities.multiprotocol = {wire::kIpv4Unicast, wire::kIpv6Unicast};
  open.capabilities.as4 = options_.as;
  open.capabilities.route_refresh = true;
  ByteSink out;
  wire::encode(open, {}, out);
  if (auto sent = send(out.view()); !sent) {
    return sent;
  }
  const Instant give_up = sys::monotonic_now() + std::chrono::seconds(30);
  while (!established_) {
    if (sys::monotonic_now() > give_up) {
      return fail(Errc::timeout, "the session did not come up within 30 s");
    }
    if (auto done = wait(false, std::chrono::seconds(1)); !done) {
      return done;
    }
  }
  return {};
}

Status Feeder::send(BytesView octets) {
  while (!octets.empty()) {
    const ssize_t count = ::send(fd_.get(), octets.data(), octets.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count > 0) {
      octets = octets.subspan(static_cast<std::size_t>(count));
      last_sent_ = sys::monotonic_now();
      continue;
    }
    if (errno != EAGAIN && errno != EINTR) {
      return fail(sys::last_error("send"));
    }
    if (auto done = wait(true, std::chrono::seconds(1)); !done) {
      return done;
    }
  }
  return {};
}

Status Feeder::keep(double hold_s) {
  const Instant end = hold_s < 0
                          ? Instant::never()
                          : sys::monotonic_now() +
                                std::chrono::duration_cast<Duration>(std::chrono::duration<double>(hold_s));
  while (sys::monotonic_now() < end) {
    const Duration left = end.is_never() ? std::chrono::seconds(1) : end - sys::monotonic_now();
    if (auto done = wait(false, left); !done) {
      return ended_ && hold_s < 0 ? Status{} : done;
    }
    if (sys::monotonic_now() - last_sent_ > std::chrono::seconds(kHoldTime_s / 3)) {
      if (auto done = keepalive(); !done) {
        return done;
      }
    }
  }
  ByteSink out;
  wire::encode(wire::Notification{6, 3, {}}, {}, out);  // Cease/Peer De-configured
  return send(out.view());
}

Status send_file(const MrtSend& options, Feeder& feeder, mrt::RouteSource& source) {
  constexpr std::size_t kPieceOctets = 256U * 1024U;
  ByteSink out;
  Status sent;
  const auto drain = [&] {
    sent = feeder.send(out.view());
    out.truncate(0);
    return sent.has_value();
  };
  auto read = each_record(options.file, [&](const mrt::Record& record) {
    source.take(record, out);
    return (out.size() < kPieceOctets || drain()) && !source.full();
  });
  if (!sent) {
    return sent;
  }
  if (!read) {
    return read;
  }
  source.flush(out);
  wire::encode_end_of_rib(wire::kIpv4Unicast, out);
  wire::encode_end_of_rib(wire::kIpv6Unicast, out);
  drain();
  return sent;
}

}  // namespace

int mrt_show(const Common& common, const std::string& file) {
  mrt::TextWriter writer;
  std::string text;
  constexpr std::size_t kPieceOctets = 256U * 1024U;
  const auto flush = [&] {
    const bool all = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    text.clear();
    return all;
  };
  const Status done = each_record(file, [&](const mrt::Record& record) {
    writer.append(record, text);
    return text.size() < kPieceOctets || flush();
  });
  flush();
  return done ? kExitOk : report_error(common, done.error());
}

int mrt_send(const Common& common, const MrtSend& options) {
  if (options.as == 0 || options.peer > 0xFFFF) {
    return report_error(common, {Errc::invalid, "--as must not be 0, --peer is at most 65535"});
  }
  Feeder feeder(options);
  const Instant started = sys::monotonic_now();
  Status done = feeder.connect();
  if (done) {
    done = feeder.open_session();
  }
  mrt::RouteSource::Options source_options;
  source_options.local_as = options.as;
  source_options.routes_max = options.limit;
  if (options.peer >= 0) {
    source_options.peer = static_cast<std::uint16_t>(options.peer);
  }
  (feeder.local().is_v4() ? source_options.next_hop4 : source_options.next_hop6) = feeder.local();
  mrt::RouteSource source(source_options);
  if (done) {
    done = send_file(options, feeder, source);
  }
  const double took_s = std::chrono::duration<double>(sys::monotonic_now() - started).count();
  if (done && common.json) {
    fmt::print("{}\n", nlohmann::json{{"announced", source.announced()},
                                      {"withdrawn", source.withdrawn()},
                                      {"skipped", source.skipped()},
                                      {"took_s", took_s}}
                           .dump());
  } else if (done) {
    fmt::print("{} routes announced, {} withdrawn, {} left out, {:.3f} s\n", source.announced(),
               source.withdrawn(), source.skipped(), took_s);
  }
  std::fflush(stdout);
  if (done) {
    done = feeder.keep(options.hold_s);
  }
  return done ? kExitOk : report_error(common, done.error());
}

}  // namespace catflap::app
