#include "sys/signals.hpp"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "sys/error.hpp"

namespace catflap::sys {

Result<UniqueFd> signal_fd(std::initializer_list<int> signals) {
  sigset_t set;
  (void)::sigemptyset(&set);
  for (const int number : signals) {
    if (::sigaddset(&set, number) != 0) {
      return fail(last_error("signal " + std::to_string(number)));
    }
  }
  UniqueFd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) {
    return fail(last_error("cannot create a signalfd"));
  }
  (void)::pthread_sigmask(SIG_BLOCK, &set, nullptr);  // cannot fail with SIG_BLOCK
  return fd;
}

std::vector<int> read_signals(int signal_fd) {
  std::vector<int> out;
  signalfd_siginfo info{};
  while (::read(signal_fd, &info, sizeof info) == sizeof info) {
    out.push_back(static_cast<int>(info.ssi_signo));
  }
  return out;
}

void ignore_sigpipe() {
  struct sigaction action {};
  action.sa_handler = SIG_IGN;
  (void)::sigaction(SIGPIPE, &action, nullptr);  // cannot fail for SIGPIPE
}

}  // namespace catflap::sys
