#include "daemons/links.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <utility>

#include <fmt/format.h>

#include "sys/clock.hpp"
#include "sys/error.hpp"
#include "sys/unix_socket.hpp"

namespace catflap::daemons {
namespace {

using namespace std::chrono_literals;

constexpr Duration kRetryFirst = 2ms;
constexpr Duration kRetryLongest = 100ms;
constexpr std::size_t kReadPerRound = std::size_t{256} * 1024;
/// After the start a BIRD is looked at often for a while, whatever the interest: sessions come up then.
constexpr int kEagerPolls = 200;

/// What moves when routes move: the counters of all channels. Two equal texts mean that routes need not be
/// read.
std::string counters_of(const std::vector<observe::ProtocolView>& protocols) {
  std::string text;
  for (const auto& protocol : protocols) {
    text += protocol.name + "\n";
    for (const auto& channel : protocol.channels) {
      const auto& in = channel.import_updates;
      const auto& gone = channel.import_withdraws;
      const auto& out = channel.export_updates;
      const auto& taken = channel.export_withdraws;
      text += fmt::format("{} {} {} {} {} {} {} {} {} {} {} {} {}\n", channel.table, channel.imported,
                          channel.filtered, channel.exported, channel.preferred, in.received, in.ignored,
                          in.accepted, gone.received, gone.accepted, out.accepted, taken.accepted,
                          channel.neighbor_gr);
    }
  }
  return text;
}

}  // namespace

birdc::Clock local_clock(Instant now) {
  const auto wall = sys::to_wall(now);
  const std::time_t seconds = std::chrono::system_clock::to_time_t(wall);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  return {now, std::chrono::duration_cast<std::chrono::nanoseconds>(wall.time_since_epoch()).count(),
          static_cast<std::int32_t>(local.tm_gmtoff)};
}

std::string configure_command(const birdc::Configure& how) {
  static constexpr std::array<const char*, 6> kModes{"", " soft", " check", " confirm", " undo", " status"};
  std::string text = "configure" + std::string(kModes.at(static_cast<std::size_t>(how.mode)));
  if (!how.file.empty()) {
    text += " \"" + how.file + "\"";
  }
  if (how.timeout_s) {
    text += " timeout " + std::to_string(*how.timeout_s);
  }
  return text;
}

Status configure_result(const Result<birdc::Reply>& reply) {
  if (!reply) {
    return fail(reply.error());
  }
  if (reply->code() == 8002) {
    return fail(parse_config_error(reply->text()));
  }
  if (!reply->ok()) {
    return fail(Errc::invalid, std::string(reply->text()));
  }
  return {};
}

PolledLink::PolledLink(sys::EventLoop& loop, const Paths& paths, LinkEvents events)
    : loop_(loop),
      events_(std::move(events)),
      client_(loop, paths.control,
              {[this](std::string_view version) { on_welcome(version); },
               [this](const Error& error) { on_lost(error); }}) {}

PolledLink::~PolledLink() {
  loop_.cancel(timer_);
}

void PolledLink::start() {
  client_.start();
}

void PolledLink::on_welcome(std::string_view version) {
  format_ = birdc::format_of_version(version);
  store_.clear();
  store_.set_source("bird " + std::string(version));
  routes_wanted_ = true;
  eager_polls_ = kEagerPolls;
  poll();
}

void PolledLink::on_lost(const Error& error) {
  loop_.cancel(timer_);
  ready_ = polling_ = poll_again_ = false;
  if (events_.lost) {
    const auto lost = events_.lost;
    lost(error);
  }
}

void PolledLink::set_interest(Interest interest) {
  const bool sooner = interest > interest_;
  interest_ = interest;
  if (sooner && !polling_ && client_.connected()) {
    loop_.cancel(timer_);
    poll();
  }
}

void PolledLink::poll_now() {
  routes_wanted_ = true;
  if (polling_) {
    poll_again_ = true;
  } else if (client_.connected()) {
    loop_.cancel(timer_);
    poll();
  }
}

void PolledLink::poll() {
  polling_ = true;
  client_.command("show status", [this](Result<birdc::Reply> reply) {
    if (!reply) {
      return;  // on_lost follows
    }
    const auto status = birdc::parse_status(local_clock(loop_.now()), *reply);
    if (status) {
      store_.set_router_id(status->router_id);
    }
    read_protocols();
  });
}

void PolledLink::read_protocols() {
  auto parser = std::make_shared<birdc::ProtocolParser>(local_clock(loop_.now()));
  client_.command(
      "show protocols all",
      [parser](const birdc::ReplyLine& line) { return parser->line(line.code, line.text); },
      [this, parser](Result<birdc::Reply::Line> last) {
        if (last) {
          on_protocols(parser->take());
        }
      });
}

void PolledLink::on_protocols(std::vector<observe::ProtocolView> protocols) {
  std::string counters = counters_of(protocols);
  const bool changed = store_.set_protocols(std::move(protocols));
  if (counters != route_counters_) {
    route_counters_ = std::move(counters);
    routes_wanted_ = true;
  }
  if (std::exchange(routes_wanted_, false)) {
    read_routes(changed);
    return;
  }
  finish_poll(changed);
}

void PolledLink::read_routes(bool changed) {
  auto parser = std::make_shared<birdc::RouteParser>(local_clock(loop_.now()));
  if (format_ == birdc::Format::bird1) {
    parser->set_table("master");
  }
  client_.command(
      format_ == birdc::Format::bird2 ? "show route table all all" : "show route all",
      [parser](const birdc::ReplyLine& line) { return parser->line(line.code, line.text); },
      [this, parser, changed](Result<birdc::Reply::Line> last) {
        if (last) {
          finish_poll(store_.set_routes(parser->take()) || changed);
        }
      });
}

void PolledLink::finish_poll(bool changed) {
  polling_ = false;
  schedule();
  // Copies: a handler may destroy this object.
  if (!std::exchange(ready_, true)) {
    if (const auto ready = events_.ready) {
      ready();
    }
  } else if (changed) {
    if (const auto tell = events_.changed) {
      tell(store_);
    }
  }
}

Duration PolledLink::interval() const {
  if (interest_ == Interest::waiting || eager_polls_ > 0) {
    return 5ms;
  }
  return interest_ == Interest::normal ? Duration(100ms) : Duration(1s);
}

void PolledLink::schedule() {
  if (std::exchange(poll_again_, false)) {
    timer_ = loop_.after(Duration{}, [this] { poll(); });
    return;
  }
  eager_polls_ = std::max(eager_polls_ - 1, 0);
  timer_ = loop_.after(interval(), [this] { poll(); });
}

void PolledLink::configure(const birdc::Configure& how, std::function<void(Status)> done) {
  client_.command(configure_command(how), [this, done = std::move(done)](Result<birdc::Reply> reply) {
    if (reply) {
      poll_now();
    }
    done(configure_result(reply));
  });
}

void PolledLink::command(std::string command, std::function<void(Result<birdc::Reply>)> done) {
  client_.command(std::move(command), std::move(done));
}

StreamLink::StreamLink(sys::EventLoop& loop, const Paths& paths, LinkEvents events)
    : loop_(loop),
      events_path_(paths.events),
      events_(std::move(events)),
      client_(loop, paths.control, {}),
      retry_delay_(kRetryFirst) {}

StreamLink::~StreamLink() {
  loop_.cancel(retry_timer_);
  if (socket_) {
    loop_.remove(socket_.get());
  }
}

void StreamLink::start() {
  if (!std::exchange(started_, true)) {
    client_.start();
    try_connect();
  }
}

void StreamLink::connect_now() {
  client_.connect_now();
  if (started_ && !socket_) {
    retry_delay_ = kRetryFirst;
    try_connect();
  }
}

void StreamLink::try_connect() {
  loop_.cancel(retry_timer_);
  auto socket = sys::unix_connect(events_path_, sys::UnixType::stream);
  if (!socket) {
    retry_later();
    return;
  }
  socket_ = std::move(*socket);
  lines_ = observe::LineBuffer();
  if (!loop_.add(socket_.get(), EPOLLIN, [this](std::uint32_t) { read_some(); })) {
    socket_.reset();
    retry_later();
  }
}

void StreamLink::retry_later() {
  retry_timer_ = loop_.after(retry_delay_, [this] { try_connect(); });
  retry_delay_ = std::min(retry_delay_ * 2, kRetryLongest);
}

void StreamLink::read_some() {
  const std::weak_ptr<bool> alive = alive_;
  std::array<char, 64 * 1024> buffer;
  for (std::size_t total = 0; total < kReadPerRound;) {
    const ssize_t count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
      break;
    }
    if (count <= 0) {
      const int error = errno;
      drop(count == 0 ? Error{Errc::io, "the daemon closed its event stream"}
                      : sys::system_error("event stream", error));
      return;
    }
    total += static_cast<std::size_t>(count);
    if (const auto fed = lines_.feed({buffer.data(), static_cast<std::size_t>(count)}); !fed) {
      drop(fed.error());
      return;
    }
    if (!serve_lines()) {
      return;
    }
  }
  // Once per round, not once per message: a burst of updates is one change.
  if (!alive.expired() && ready_ && std::exchange(changed_, false)) {
    if (const auto tell = events_.changed) {
      tell(store_);
    }
  }
}

/// False if the connection or this object is gone.
bool StreamLink::serve_lines() {
  while (const auto line = lines_.next()) {
    if (line->empty()) {
      continue;
    }
    const auto message = observe::decode_stream_line(*line);
    if (!message) {
      drop(message.error());
      return false;
    }
    if (!on_message(*message)) {
      return false;
    }
  }
  return true;
}

/// False if a handler has destroyed this object.
bool StreamLink::on_message(const observe::StreamMessage& message) {
  const std::weak_ptr<bool> alive = alive_;
  retry_delay_ = kRetryFirst;
  changed_ = store_.apply(message) || changed_;
  if (std::holds_alternative<observe::Synced>(message)) {
    changed_ = false;
    ready_ = true;
    if (const auto ready = events_.ready) {
      ready();
    }
  } else if (const auto* note = std::get_if<observe::Note>(&message)) {
    if (const auto tell = events_.note) {
      tell(note->level, note->text);
    }
  }
  return !alive.expired();
}

void StreamLink::drop(const Error& error) {
  loop_.remove(socket_.get());
  socket_.reset();
  ready_ = changed_ = false;
  retry_later();
  if (const auto lost = events_.lost) {
    lost(error);
  }
}

void StreamLink::configure(const birdc::Configure& how, std::function<void(Status)> done) {
  client_.command(configure_command(how),
                  [done = std::move(done)](Result<birdc::Reply> reply) { done(configure_result(reply)); });
}

void StreamLink::command(std::string command, std::function<void(Result<birdc::Reply>)> done) {
  client_.command(std::move(command), std::move(done));
}

}  // namespace catflap::daemons
