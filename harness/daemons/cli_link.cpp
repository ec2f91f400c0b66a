#include "daemons/cli_link.hpp"

#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <sstream>
#include <utility>

#include <fmt/format.h>

#include "sys/clock.hpp"
#include "sys/error.hpp"

namespace catflap::daemons {
namespace {

using namespace std::chrono_literals;

constexpr Duration kRetry = 50ms;  // while it does not answer yet
constexpr std::size_t kAnswerMax = std::size_t{256} << 20U;

std::string content_of(int fd) {
  std::string text;
  std::array<char, 64 * 1024> buffer;
  while (text.size() < kAnswerMax) {
    const ssize_t count = ::pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(text.size()));
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      break;
    }
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return text;
}

}  // namespace

CliLink::CliLink(sys::EventLoop& loop, CliClient client, LinkEvents events)
    : loop_(loop), client_(std::move(client)), events_(std::move(events)) {
  store_.set_source(client_.daemon);
}

CliLink::~CliLink() {
  loop_.cancel(timer_);
  loop_.cancel(next_);
  if (child_) {
    loop_.remove(child_->pidfd());
  }
}

void CliLink::ask(std::vector<std::string> words, TextHandler done) {
  questions_.push_back({std::move(words), std::move(done)});
  if (questions_.size() == 1) {
    run_next();
  }
}

void CliLink::run_next() {
  sys::proc::Spawn spawn;
  spawn.program = client_.argv.front();
  spawn.args.assign(client_.argv.begin() + 1, client_.argv.end());
  const auto& words = questions_.front().words;
  spawn.args.insert(spawn.args.end(), words.begin(), words.end());
  // A file in memory takes all that it prints, and nobody has to read along.
  output_.reset(::memfd_create("answer", MFD_CLOEXEC));
  if (!output_) {
    return answered(fail(sys::last_error("memfd_create")));
  }
  spawn.stdout_fd = spawn.stderr_fd = output_.get();
  auto child = sys::proc::Child::start(spawn);
  if (!child) {
    return answered(fail(std::move(child).error()));
  }
  child_.emplace(std::move(*child));
  if (auto added = loop_.add(child_->pidfd(), EPOLLIN, [this](std::uint32_t) { exited(); }); !added) {
    child_.reset();
    answered(fail(std::move(added).error()));
  }
}

void CliLink::exited() {
  const auto status = child_->try_reap();
  if (!status) {
    return;
  }
  loop_.remove(child_->pidfd());
  child_.reset();
  std::string text = content_of(output_.get());
  output_.reset();
  if (!status->ok()) {
    return answered(fail(Errc::io, fmt::format("{}: {} ({})", client_.daemon, text, to_string(*status))));
  }
  answered(std::move(text));
}

/// Gives the first question its answer; may destroy this object.
void CliLink::answered(Result<std::string> text) {
  const TextHandler done = std::move(questions_.front().done);
  questions_.pop_front();
  if (!questions_.empty()) {
    // In a round of its own: a client that cannot even be started must not lead to endless recursion.
    next_ = loop_.after(0ms, [this] { run_next(); });
  }
  done(std::move(text));
}

void CliLink::poll_now() {
  if (polling_) {
    return;
  }
  loop_.cancel(timer_);
  polling_ = true;
  answers_.clear();
  for (const auto& question : client_.questions) {
    ask(question, [this](Result<std::string> text) {
      answers_.push_back(text ? std::move(*text) : std::string());
      if (answers_.size() == client_.questions.size()) {
        finish_poll();
      }
    });
  }
}

void CliLink::finish_poll() {
  polling_ = false;
  const auto wall_s =
      std::chrono::duration_cast<std::chrono::seconds>(sys::wall_now().time_since_epoch()).count();
  auto view = client_.read(answers_, loop_.now(), wall_s);
  timer_ = loop_.after(view ? interval() : kRetry, [this] { poll_now(); });
  // Copies: a handler may destroy this object.
  if (!view) {
    const auto lost = std::exchange(ready_, false) ? events_.lost : nullptr;
    if (lost) {
      lost(view.error());
    }
    return;
  }
  bool changed = store_.set_protocols(std::move(view->protocols));
  changed = store_.set_routes(std::move(view->routes)) || changed;
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

Duration CliLink::interval() const {
  switch (interest_) {
    case Interest::idle:
      return 2s;
    case Interest::normal:
      return 300ms;
    case Interest::waiting:
      return 30ms;
  }
  return 2s;
}

void CliLink::set_interest(Interest interest) {
  const bool sooner = interest > interest_;
  interest_ = interest;
  if (sooner) {
    poll_now();
  }
}

void CliLink::configure(const birdc::Configure&, std::function<void(Status)> done) {
  done(fail(Errc::unsupported, client_.daemon + " is configured in its own way, not with `configure`"));
}

void CliLink::command(std::string command, std::function<void(Result<birdc::Reply>)> done) {
  std::istringstream stream(command);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) {
    words.push_back(word);
  }
  ask(std::move(words), [done = std::move(done)](Result<std::string> text) {
    if (!text) {
      return done(fail(std::move(text).error()));
    }
    birdc::Reply reply;
    reply.lines.push_back({0, std::move(*text)});
    done(std::move(reply));
  });
}

}  // namespace catflap::daemons
