#include "sys/spawn.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "sys/error.hpp"

namespace catflap::sys::proc::detail {
namespace {

constexpr std::size_t kStackOctets = 64U << 10U;
constexpr int kSignals = 64;

enum class Step : int {
  none,
  parent_gone,
  death_signal,
  session,
  network,
  fds,
  redirect,
  directory,
  mask,
  exec
};

/// What the child reads and where it leaves the reason of its failure; both processes see the same memory.
struct Shared {
  const Launch* launch;
  char* const* argv;
  char* const* envp;
  pid_t parent;
  Step failed = Step::none;
  int error = 0;
};

[[noreturn]] void give_up(Shared& shared, Step step, int error) {
  shared.failed = step;
  shared.error = error;
  ::_exit(127);
}

void check(Shared& shared, Step step, long result) {
  if (result < 0) {
    give_up(shared, step, errno);
  }
}

/// In the child. Only system calls: the parent's memory is ours too, and its other threads are running.
int child(void* argument) {
  Shared& shared = *static_cast<Shared*>(argument);
  const Launch& launch = *shared.launch;
  // A handler of the parent must not run here, and an ignored signal must not stay ignored in the program.
  // (By system call: libc and sanitizers keep records of handlers, which are the parent's too.)
  const std::array<unsigned long, 8> standard{};  // struct sigaction of the kernel, all zero: SIG_DFL
  for (int number = 1; number <= kSignals; ++number) {
    (void)::syscall(SYS_rt_sigaction, number, standard.data(), nullptr,
                    kSignals / 8);  // SIGKILL, SIGSTOP refuse
  }
  if (launch.die_with_parent) {
    check(shared, Step::death_signal, ::prctl(PR_SET_PDEATHSIG, SIGKILL));
    if (::getppid() != shared.parent) {
      give_up(shared, Step::parent_gone, ESRCH);
    }
  }
  check(shared, Step::session, ::setsid());
  if (launch.netns_fd >= 0) {
    check(shared, Step::network, ::setns(launch.netns_fd, CLONE_NEWNET));
  }
  check(shared, Step::fds, ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC));
  const int sources[] = {launch.stdin_fd, launch.stdout_fd, launch.stderr_fd};
  for (int target = 0; target < 3; ++target) {
    if (sources[target] >= 0) {
      check(shared, Step::redirect, ::dup2(sources[target], target));
    }
  }
  for (const auto& [source, target] : launch.pass_fds) {
    check(shared, Step::redirect, ::dup2(source, target));
  }
  if (!launch.working_dir.empty()) {
    check(shared, Step::directory, ::chdir(launch.working_dir.c_str()));
  }
  sigset_t none;
  (void)::sigemptyset(&none);
  check(shared, Step::mask, ::sigprocmask(SIG_SETMASK, &none, nullptr));
  (void)::execve(launch.program.c_str(), shared.argv, shared.envp);
  give_up(shared, Step::exec, errno);
}

std::string describe(Step step, const Launch& launch) {
  const std::string run = "cannot run " + launch.program;
  switch (step) {
    case Step::none:
    case Step::exec:
      return run;
    case Step::parent_gone:
      return run + ": the parent has died";
    case Step::death_signal:
      return run + ": cannot tie it to its parent";
    case Step::session:
      return run + ": cannot start a session";
    case Step::network:
      return run + ": cannot enter the network namespace";
    case Step::fds:
      return run + ": cannot close descriptors";
    case Step::redirect:
      return run + ": cannot set up its descriptors";
    case Step::directory:
      return run + ": cannot change to " + launch.working_dir;
    case Step::mask:
      return run + ": cannot reset the signal mask";
  }
  return run;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (const std::string& text : texts) {
    out.push_back(const_cast<char*>(text.c_str()));  // execve() takes them as not const, and does not write
  }
  out.push_back(nullptr);
  return out;
}

}  // namespace

Result<Launched> launch(const Launch& launch) {
  const std::vector<char*> argv = pointers(launch.argv_text);
  const std::vector<char*> envp = pointers(launch.env_text);
  Shared shared{&launch, argv.data(), envp.data(), ::getpid()};
  void* const stack =
      ::mmap(nullptr, kStackOctets, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) {
    return fail(last_error("cannot run " + launch.program));
  }
  sigset_t all, before;
  (void)::sigfillset(&all);
  (void)::pthread_sigmask(SIG_SETMASK, &all, &before);
  int pidfd = -1;
  const pid_t pid = ::clone(child, static_cast<char*>(stack) + kStackOctets,
                            CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &shared, &pidfd);
  const int clone_error = errno;
  (void)::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  (void)::munmap(stack, kStackOctets);  // the child is done with it: clone() returns after exec or exit
  if (pid < 0) {
    return fail(system_error("cannot run " + launch.program, clone_error));
  }
  Launched launched{pid, UniqueFd(pidfd)};
  if (shared.failed != Step::none) {
    siginfo_t info{};
    (void)::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd), &info,
                   WEXITED);  // the corpse only
    return fail(system_error(describe(shared.failed, launch), shared.error));
  }
  return launched;
}

}  // namespace catflap::sys::proc::detail
