#include "daemons/control_client.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "sys/error.hpp"
#include "sys/unix_socket.hpp"

namespace catflap::daemons {
namespace {

using namespace std::chrono_literals;

constexpr Duration kRetryFirst = 2ms;
constexpr Duration kRetryLongest = 100ms;
/// Octets read per round of the loop, so that a large reply does not starve other work.
constexpr std::size_t kReadPerRound = std::size_t{256} * 1024;
constexpr std::size_t kWholeReplyMax = std::size_t{1024} * 1024;

}  // namespace

ControlClient::ControlClient(sys::EventLoop& loop, std::filesystem::path socket, Events events)
    : loop_(loop), socket_path_(std::move(socket)), events_(std::move(events)), retry_delay_(kRetryFirst) {}

ControlClient::~ControlClient() {
  events_ = {};
  queue_.clear();
  stop();
}

void ControlClient::start() {
  if (!std::exchange(started_, true)) {
    try_connect();
  }
}

void ControlClient::connect_now() {
  if (started_ && !socket_) {
    retry_delay_ = kRetryFirst;
    try_connect();
  }
}

void ControlClient::stop() {
  started_ = false;
  loop_.cancel(retry_timer_);
  drop(Error{Errc::io, "the connection to the control socket was given up"});
}

void ControlClient::try_connect() {
  loop_.cancel(retry_timer_);
  auto socket = sys::unix_connect(socket_path_, sys::UnixType::stream);
  if (!socket) {
    retry_later();
    return;
  }
  socket_ = std::move(*socket);
  reader_ = birdc::ReplyReader();
  if (!loop_.add(socket_.get(), EPOLLIN, [this](std::uint32_t events) { on_io(events); })) {
    socket_.reset();
    retry_later();
  }
}

void ControlClient::retry_later() {
  if (started_) {
    retry_timer_ = loop_.after(retry_delay_, [this] { try_connect(); });
    retry_delay_ = std::min(retry_delay_ * 2, kRetryLongest);
  }
}

void ControlClient::command(std::string command, LineHandler line, DoneHandler done, std::size_t reply_max) {
  queue_.push_back({std::move(command), std::move(line), std::move(done), reply_max, 0});
  send_next();
}

void ControlClient::command(std::string command, std::function<void(Result<birdc::Reply>)> done) {
  auto reply = std::make_shared<birdc::Reply>();
  this->command(
      std::move(command),
      [reply](const birdc::ReplyLine& line) -> Status {
        reply->lines.push_back({line.code, std::string(line.text)});
        return {};
      },
      [reply, done = std::move(done)](Result<birdc::Reply::Line> last) {
        if (!last) {
          done(fail(std::move(last).error()));
          return;
        }
        reply->lines.push_back(std::move(*last));
        done(std::move(*reply));
      },
      kWholeReplyMax);
}

void ControlClient::send_next() {
  if (!welcomed_ || in_flight_ || queue_.empty()) {
    return;
  }
  in_flight_ = true;
  out_ += queue_.front().command + "\n";
  flush();
}

void ControlClient::flush() {
  while (!out_.empty()) {
    const ssize_t sent = ::send(socket_.get(), out_.data(), out_.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      break;  // a broken connection shows itself as readable
    }
    out_.erase(0, static_cast<std::size_t>(sent));
  }
  static_cast<void>(loop_.modify(socket_.get(), out_.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT));
}

void ControlClient::on_io(std::uint32_t events) {
  if ((events & EPOLLOUT) != 0) {
    flush();
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
    read_some();
  }
}

void ControlClient::read_some() {
  const std::weak_ptr<bool> alive = alive_;
  std::array<char, 64 * 1024> buffer;
  for (std::size_t total = 0; total < kReadPerRound;) {
    const ssize_t count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
      return;
    }
    if (count <= 0) {
      const int error = count == 0 ? 0 : errno;
      drop(error == 0 ? Error{Errc::io, "the daemon closed its control socket"}
                      : sys::system_error("control socket", error));
      return;
    }
    total += static_cast<std::size_t>(count);
    if (in_flight_) {
      queue_.front().received += static_cast<std::size_t>(count);
      if (queue_.front().received > queue_.front().reply_max) {
        drop(Error{Errc::protocol, "the reply to '" + queue_.front().command + "' is too large"});
        return;
      }
    }
    if (const auto fed = reader_.feed({buffer.data(), static_cast<std::size_t>(count)}); !fed) {
      drop(fed.error());
      return;
    }
    if (!serve_lines() || alive.expired() || !socket_) {
      return;
    }
  }
}

/// False if the connection or this object is gone.
bool ControlClient::serve_lines() {
  const std::weak_ptr<bool> alive = alive_;
  while (true) {
    const auto line = reader_.next();
    if (!line) {
      drop(line.error());
      return false;
    }
    if (!*line) {
      return true;
    }
    const birdc::ReplyLine& reply = **line;
    if (reply.kind == birdc::ReplyLine::Kind::async) {
      continue;
    }
    if (reply.kind == birdc::ReplyLine::Kind::last) {
      on_last_line(reply);
    } else if (in_flight_ && queue_.front().line) {
      if (const auto taken = queue_.front().line(reply); !taken) {
        drop(taken.error());
        return false;
      }
    }
    if (alive.expired() || !socket_) {
      return false;
    }
  }
}

void ControlClient::on_last_line(const birdc::ReplyLine& line) {
  const std::weak_ptr<bool> alive = alive_;
  if (!welcomed_) {
    version_ = birdc::parse_welcome(line.text).value_or("");
    welcomed_ = true;
    retry_delay_ = kRetryFirst;
    if (events_.welcome) {
      events_.welcome(version_);
    }
  } else if (in_flight_) {
    Request request = std::move(queue_.front());
    queue_.pop_front();
    in_flight_ = false;
    if (request.done) {
      request.done(birdc::Reply::Line{line.code, std::string(line.text)});
    }
  }
  if (!alive.expired() && socket_) {
    send_next();
  }
}

void ControlClient::drop(Error error) {
  if (!socket_) {
    return;
  }
  const std::weak_ptr<bool> alive = alive_;
  loop_.remove(socket_.get());
  socket_.reset();
  const bool was_connected = std::exchange(welcomed_, false);
  in_flight_ = false;
  out_.clear();
  std::deque<Request> broken = std::exchange(queue_, {});
  retry_later();
  for (Request& request : broken) {
    if (request.done) {
      request.done(fail(error));
    }
    if (alive.expired()) {
      return;
    }
  }
  if (was_connected && events_.lost) {
    events_.lost(error);
  }
}

}  // namespace catflap::daemons
