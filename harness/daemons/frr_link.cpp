#include "daemons/frr_link.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <memory>
#include <utility>
#include <vector>

#include "sys/error.hpp"
#include "sys/unix_socket.hpp"

namespace catflap::daemons {
namespace {

using namespace std::chrono_literals;

constexpr Duration kRetry = 10ms;
constexpr std::size_t kReplyMax = std::size_t{256} << 20U;

}  // namespace

FrrLink::FrrLink(sys::EventLoop& loop, std::filesystem::path socket, LinkEvents events)
    : loop_(loop), path_(std::move(socket)), events_(std::move(events)) {}

FrrLink::~FrrLink() {
  loop_.cancel(timer_);
  if (socket_) {
    loop_.remove(socket_.get());
  }
}

void FrrLink::start() {
  try_connect();
}

void FrrLink::connect_now() {
  if (!socket_) {
    try_connect();
  }
}

void FrrLink::try_connect() {
  loop_.cancel(timer_);
  auto socket = sys::unix_connect(path_, sys::UnixType::stream);
  if (!socket) {
    timer_ = loop_.after(kRetry, [this] { try_connect(); });
    return;
  }
  socket_ = std::move(*socket);
  received_.clear();
  if (!loop_.add(socket_.get(), EPOLLIN, [this](std::uint32_t) { readable(); })) {
    socket_.reset();
    timer_ = loop_.after(kRetry, [this] { try_connect(); });
    return;
  }
  store_.clear();
  store_.set_source("frr");
  poll();
}

void FrrLink::ask(std::string command, TextHandler done) {
  if (!socket_) {
    return done(fail(Errc::io, "bgpd does not answer"));
  }
  questions_.push_back({std::move(command), std::move(done)});
  if (questions_.size() == 1) {
    send_next();
  }
}

void FrrLink::send_next() {
  std::string line = questions_.front().command;
  line.push_back('\0');
  // A command is far smaller than the socket's buffer, which is empty: it goes out as a whole.
  const auto sent = sys::send_message(socket_.get(), as_bytes(line));
  if (!sent || *sent != line.size()) {
    drop(sent ? Error{Errc::io, "bgpd takes no commands"} : sent.error());
  }
}

void FrrLink::readable() {
  std::array<char, 64 * 1024> buffer;
  for (;;) {
    const ssize_t count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
      break;
    }
    if (count <= 0 || received_.size() > kReplyMax) {
      const int error = errno;
      return drop(count < 0 ? sys::system_error("bgpd's vty", error)
                            : Error{Errc::io, "bgpd closed its vty"});
    }
    received_.append(buffer.data(), static_cast<std::size_t>(count));
  }
  const std::size_t size = received_.size();
  if (size < 4 || received_.compare(size - 4, 3, std::string(3, '\0')) != 0 || questions_.empty()) {
    return;
  }
  const bool good = received_.back() == '\0';
  std::string text = std::exchange(received_, {}).substr(0, size - 4);
  const TextHandler done = std::move(questions_.front().done);
  questions_.pop_front();
  if (!questions_.empty()) {
    send_next();
  }
  done(good ? Result<std::string>(std::move(text)) : fail(Errc::invalid, text));  // may destroy this object
}

void FrrLink::drop(const Error& error) {
  if (!socket_) {
    return;
  }
  loop_.remove(socket_.get());
  socket_.reset();
  loop_.cancel(timer_);
  ready_ = polling_ = changed_ = false;
  const auto questions = std::exchange(questions_, {});
  timer_ = loop_.after(kRetry, [this] { try_connect(); });
  const auto lost = events_.lost;
  for (const Question& question : questions) {
    question.done(fail(error));
  }
  if (lost) {
    lost(error);
  }
}

void FrrLink::poll() {
  polling_ = true;
  auto sessions = std::make_shared<std::vector<observe::ProtocolView>>();
  auto routes = std::make_shared<std::vector<observe::RouteView>>();
  ask("show bgp neighbors json", [this, sessions](Result<std::string> text) {
    if (auto read = text ? frr_sessions(*text, loop_.now()) : fail(text.error())) {
      *sessions = std::move(*read);
    }
  });
  for (const char* family : {"ipv4", "ipv6"}) {
    const std::string table = std::string("master") + family[3];
    ask(std::string("show bgp ") + family + " unicast json detail",
        [this, sessions, routes, table](Result<std::string> text) {
          if (!text) {
            return;  // the connection is lost: drop() goes on
          }
          if (auto read = frr_routes(*text, table, *sessions)) {
            routes->insert(routes->end(), read->begin(), read->end());
          }
          if (table == "master6") {
            changed_ = store_.set_protocols(std::move(*sessions));
            changed_ = store_.set_routes(std::move(*routes)) || changed_;
            finish_poll();
          }
        });
  }
}

void FrrLink::finish_poll() {
  polling_ = false;
  timer_ = loop_.after(interval(), [this] { poll(); });
  // Copies: a handler may destroy this object.
  if (!std::exchange(ready_, true)) {
    if (const auto ready = events_.ready) {
      ready();
    }
  } else if (changed_) {
    if (const auto tell = events_.changed) {
      tell(store_);
    }
  }
}

Duration FrrLink::interval() const {
  switch (interest_) {
    case Interest::idle:
      return 1s;
    case Interest::normal:
      return 100ms;
    case Interest::waiting:
      return 10ms;
  }
  return 1s;
}

void FrrLink::set_interest(Interest interest) {
  const bool sooner = interest > interest_;
  interest_ = interest;
  if (sooner) {
    poll_now();
  }
}

void FrrLink::poll_now() {
  if (socket_ && !polling_) {
    loop_.cancel(timer_);
    poll();
  }
}

void FrrLink::configure(const birdc::Configure&, std::function<void(Status)> done) {
  done(fail(Errc::unsupported, "frr is configured with its own commands, not with `configure`"));
}

void FrrLink::command(std::string command, std::function<void(Result<birdc::Reply>)> done) {
  ask(std::move(command), [done = std::move(done)](Result<std::string> text) {
    if (!text) {
      return done(fail(std::move(text).error()));
    }
    birdc::Reply reply;
    reply.lines.push_back({0, std::move(*text)});
    done(std::move(reply));
  });
}

}  // namespace catflap::daemons
