#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <boost/process.hpp>
#include <boost/process/extend.hpp>

#include "sys/clock.hpp"
#include "sys/netns.hpp"
#include "sys/process.hpp"

/// How long a process takes to start another one, inside a network namespace: Boost.Process with what it has
/// to be told, and ours. The first argument is the size of the starting process in MiB.

namespace {

namespace sys = catflap::sys;
namespace process = boost::process;

/// What Boost.Process leaves to its user, in the child: system calls only.
struct Obligations : process::extend::handler {
  int netns_fd;
  pid_t parent;
  Obligations(int netns, pid_t us) : netns_fd(netns), parent(us) {}
  template <class Sequence>
  void on_exec_setup(process::extend::posix_executor<Sequence>&) const {
    for (int number = 1; number < 64; ++number) {
      (void)::signal(number, SIG_DFL);
    }
    sigset_t none;
    (void)::sigemptyset(&none);
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != parent || ::setsid() < 0 ||
        ::setns(netns_fd, CLONE_NEWNET) != 0 ||
        ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) != 0 ||
        ::sigprocmask(SIG_SETMASK, &none, nullptr) != 0) {
      ::_exit(127);
    }
  }
};

double start_boost(const sys::netns::Handle& ns) {
  const auto start = sys::monotonic_now();
  process::child child("/bin/true", process::std_in = process::null, process::std_out = process::null,
                       process::std_err = process::null, Obligations(ns.fd(), ::getpid()));
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, child.id(), 0));
  const auto took = sys::monotonic_now() - start;
  const pid_t pid = child.id();
  child.detach();
  (void)::waitpid(pid, nullptr, 0);
  (void)::close(pidfd);
  return static_cast<double>(took.count()) / 1e3;
}

double start_ours(const sys::netns::Handle& ns) {
  sys::proc::Spawn spec;
  spec.program = "/bin/true";
  spec.netns = &ns;
  spec.log_file = "/dev/null";
  const auto start = sys::monotonic_now();
  auto child = sys::proc::Child::start(spec);
  const auto took = sys::monotonic_now() - start;
  if (!child) {
    fmt::print(stderr, "{}\n", child.error().message);
    std::exit(1);
  }
  (void)child->wait(std::chrono::seconds(5));
  return static_cast<double>(took.count()) / 1e3;
}

void print(const char* what, std::size_t size, std::vector<double> times) {
  std::sort(times.begin(), times.end());
  fmt::print(R"({{"what":"{}","rss_mib":{},"median_us":{:.0f},"min_us":{:.0f},"p95_us":{:.0f},"rounds":{}}})"
             "\n",
             what, size, times[times.size() / 2], times.front(), times[times.size() * 95 / 100],
             times.size());
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t size = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 500;
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 200;
  std::vector<char> ballast(size << 20U);
  std::memset(ballast.data(), 1, ballast.size());
  auto ns = sys::netns::Executor::shared().create();
  if (!ns) {
    fmt::print(stderr, "{}\n", ns.error().message);
    return 3;
  }
  std::vector<double> boost, ours;
  for (int i = 0; i < rounds; ++i) {
    boost.push_back(start_boost(*ns));
    ours.push_back(start_ours(*ns));
  }
  print("Boost.Process", size, boost);
  print("sys::proc", size, ours);
}
