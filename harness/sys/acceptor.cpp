#include "sys/acceptor.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "sys/error.hpp"

namespace catflap::sys {
namespace {

UniqueFd open_spare() {
  return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

bool is_shortage(int sys_errno) {
  return sys_errno == EMFILE || sys_errno == ENFILE || sys_errno == ENOBUFS || sys_errno == ENOMEM;
}

}  // namespace

Acceptor::Acceptor(EventLoop& loop, UniqueFd listener, Accepted accepted, Trouble trouble)
    : loop_(loop),
      listener_(std::move(listener)),
      spare_(open_spare()),
      accepted_(std::move(accepted)),
      trouble_(std::move(trouble)) {}

Result<std::unique_ptr<Acceptor>> Acceptor::create(EventLoop& loop, UniqueFd listener, Accepted accepted,
                                                   Trouble trouble) {
  std::unique_ptr<Acceptor> acceptor(
      new Acceptor(loop, std::move(listener), std::move(accepted), std::move(trouble)));
  Acceptor* const raw = acceptor.get();
  if (auto added = loop.add(raw->fd(), EPOLLIN, [raw](std::uint32_t) { raw->accept_all(); }); !added) {
    return fail(std::move(added.error()));
  }
  return acceptor;
}

Acceptor::~Acceptor() {
  loop_.remove(listener_.get());
  loop_.cancel(rest_);
}

void Acceptor::accept_all() {
  for (int i = 0; i < kAcceptsPerRound; ++i) {
    UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (fd) {
      if (in_trouble_ && loop_.now() - last_trouble_ >= kCalm) {
        accepts_again();
      }
      accepted_(std::move(fd));
    } else if (is_shortage(errno)) {
      return short_of_descriptors(errno);
    } else if (errno == EAGAIN) {
      return;
    }
    // Anything else is the end of one connection that waited (accept(2): treat it like EAGAIN by retrying).
  }
}

void Acceptor::accepts_again() {
  in_trouble_ = false;
  if (trouble_) {
    trouble_(0);
  }
}

void Acceptor::short_of_descriptors(int sys_errno) {
  last_trouble_ = loop_.now();
  bool helpless = !spare_;
  spare_.reset();
  for (int i = 0; i < kAcceptsPerRound && !helpless; ++i) {
    const UniqueFd refused(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!refused) {
      helpless = is_shortage(errno);
      break;
    }
  }
  spare_ = open_spare();
  if (helpless && rest_ == EventLoop::TimerId::none) {
    (void)loop_.modify(listener_.get(), 0);  // fails only for a descriptor that is not there
    rest_ = loop_.after(kRest, [this] {
      rest_ = EventLoop::TimerId::none;
      (void)loop_.modify(listener_.get(), EPOLLIN);
    });
  }
  if (!std::exchange(in_trouble_, true) && trouble_) {
    trouble_(sys_errno);
  }
}

std::string describe_trouble(int sys_errno) {
  if (sys_errno == 0) {
    return "connections are accepted again";
  }
  rlimit limit{};
  if (sys_errno == EMFILE && ::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    return "out of file descriptors (the limit is " + std::to_string(limit.rlim_cur) +
           "): new connections are refused until some are closed";
  }
  return "new connections are refused: " + errno_text(sys_errno);
}

}  // namespace catflap::sys
