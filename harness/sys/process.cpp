#include "sys/process.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "sys/clock.hpp"
#include "sys/error.hpp"
#include "sys/signals.hpp"
#include "sys/spawn.hpp"
#include "sys/unix_socket.hpp"

namespace catflap::sys::proc {
namespace {

/// Fields of /proc/PID/stat that we need; the name in the second may contain anything, so count from its end.
struct Stat {
  char state = '?';
  pid_t session = 0;
  std::uint64_t start_time = 0;
};

Result<Stat> read_stat(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 1024> buffer{};
  const ssize_t got = file ? ::read(file.get(), buffer.data(), buffer.size()) : -1;
  if (got <= 0) {
    return fail(Errc::not_found, "there is no process " + std::to_string(pid));
  }
  std::string_view text(buffer.data(), static_cast<std::size_t>(got));
  text.remove_prefix(std::min(text.size(), text.rfind(')') + 2));
  Stat stat;
  for (int field = 3; field <= 22 && !text.empty(); ++field) {
    const std::string_view word = text.substr(0, text.find(' '));
    if (field == 3) {
      stat.state = word.empty() ? '?' : word.front();
    } else if (field == 6) {
      (void)std::from_chars(word.data(), word.data() + word.size(), stat.session);
    } else if (field == 22) {
      (void)std::from_chars(word.data(), word.data() + word.size(), stat.start_time);
    }
    text.remove_prefix(std::min(text.size(), word.size() + 1));
  }
  return stat;
}

int pidfd_open(pid_t pid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U));
}
int pidfd_send_signal(int pidfd, int number) {
  return static_cast<int>(::syscall(SYS_pidfd_send_signal, pidfd, number, nullptr, 0U));
}

/// The thread that starts all processes: PR_SET_PDEATHSIG fires when the thread that forked ends.
netns::Executor& spawner() {
  static auto* const thread = new netns::Executor();  // never destroyed: children live until the process ends
  return *thread;
}

std::vector<std::string> environment(const Spawn& spec) {
  std::vector<std::string> out;
  for (char** entry = environ; !spec.clear_env && entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (!spec.env.contains(std::string(text.substr(0, text.find('='))))) {
      out.emplace_back(text);
    }
  }
  for (const auto& [name, value] : spec.env) {
    out.push_back(name + "=" + value);
  }
  return out;
}

/// A copy of `fd` with a number of at least `least`.
Result<UniqueFd> lift(int fd, int least) {
  UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, least));
  if (!copy) {
    return fail(last_error("cannot pass descriptor " + std::to_string(fd)));
  }
  return copy;
}

/// Opens and copies what the child gets as descriptors; `keep` owns them until it runs.
Status prepare_fds(const Spawn& spec, detail::Launch& launch, std::vector<UniqueFd>& keep) {
  int least = 3;
  for (const auto& [source, target] : spec.pass_fds) {
    if (target < 3) {
      return fail(Errc::invalid, "pass_fds: descriptor " + std::to_string(target) + " is a standard one");
    }
    least = std::max(least, target + 1);
  }
  const auto borrow = [&](int fd, int& slot) -> Status {
    auto copy = lift(fd, least);
    if (!copy) {
      return fail(std::move(copy.error()));
    }
    slot = copy->get();
    keep.push_back(std::move(*copy));
    return {};
  };
  const UniqueFd null(spec.stdin_fd < 0 ? ::open("/dev/null", O_RDONLY | O_CLOEXEC) : -1);
  if (spec.stdin_fd < 0 && !null) {
    return fail(last_error("cannot open /dev/null"));
  }
  UniqueFd log;
  if (!spec.log_file.empty()) {
    log.reset(::open(spec.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!log) {
      return fail(last_error("cannot open log file " + spec.log_file.string()));
    }
  }
  Status status = borrow(spec.stdin_fd >= 0 ? spec.stdin_fd : null.get(), launch.stdin_fd);
  const int out = spec.stdout_fd >= 0 ? spec.stdout_fd : log.get();
  const int err = spec.stderr_fd >= 0 ? spec.stderr_fd : log.get();
  if (status && out >= 0) {
    status = borrow(out, launch.stdout_fd);
  }
  if (status && err >= 0) {
    status = borrow(err, launch.stderr_fd);
  }
  for (const auto& [source, target] : spec.pass_fds) {
    if (status) {
      launch.pass_fds.emplace_back(-1, target);
      status = borrow(source, launch.pass_fds.back().first);
    }
  }
  return status;
}

}  // namespace

std::string to_string(const ProcessId& id) {
  return std::to_string(id.pid) + "@" + std::to_string(id.start_time);
}

Result<ProcessId> parse_process_id(std::string_view text) {
  ProcessId id;
  const char* const end = text.data() + text.size();
  const auto pid = std::from_chars(text.data(), end, id.pid);
  if (pid.ec == std::errc() && pid.ptr != end && *pid.ptr == '@' && id.pid > 0) {
    const auto start = std::from_chars(pid.ptr + 1, end, id.start_time);
    if (start.ec == std::errc() && start.ptr == end) {
      return id;
    }
  }
  return fail(Errc::invalid, "'" + std::string(text) + "' is not PID@START");
}

Result<ProcessId> identify(pid_t pid) {
  const auto stat = read_stat(pid);
  if (!stat) {
    return fail(stat.error());
  }
  return ProcessId{pid, stat->start_time};
}

bool is_alive(const ProcessId& id) {
  const auto stat = read_stat(id.pid);
  return stat && stat->start_time == id.start_time && stat->state != 'Z' && stat->state != 'X';
}

Result<UniqueFd> open_process(const ProcessId& id) {
  UniqueFd pidfd(id.pid > 0 ? pidfd_open(id.pid) : -1);
  // Looked at after the pidfd is there: if the start time is right now, the pidfd is of that process.
  const auto now = identify(id.pid);
  if (!pidfd || !now || *now != id) {
    return fail(Errc::not_found, "process " + to_string(id) + " is gone");
  }
  return pidfd;
}

Status send_signal(const ProcessId& id, int signal) {
  const auto pidfd = open_process(id);
  if (!pidfd) {
    return fail(pidfd.error());
  }
  if (pidfd_send_signal(pidfd->get(), signal) != 0) {
    return fail(last_error("cannot signal process " + to_string(id)));
  }
  return {};
}

std::string to_string(const ExitStatus& status) {
  if (!status.signaled) {
    return "exit code " + std::to_string(status.value);
  }
  const char* const name = ::sigabbrev_np(status.value);
  return name != nullptr ? "killed by SIG" + std::string(name)
                         : "killed by signal " + std::to_string(status.value);
}

Result<std::filesystem::path> find_program(const std::filesystem::path& program) {
  const std::string& name = program.native();
  if (name.empty()) {
    return fail(Errc::invalid, "no program given");
  }
  if (name.find('/') != std::string::npos) {
    return program;
  }
  const char* const variable = ::getenv("PATH");
  const std::string places = variable != nullptr ? variable : "/usr/sbin:/usr/bin:/sbin:/bin";
  std::string_view rest = places;
  while (true) {
    const std::string_view place = rest.substr(0, rest.find(':'));
    auto candidate = std::filesystem::path(place.empty() ? "." : place) / program;
    std::error_code error;
    if (std::filesystem::is_regular_file(candidate, error) && ::access(candidate.c_str(), X_OK) == 0) {
      return candidate;
    }
    if (place.size() == rest.size()) {
      break;
    }
    rest.remove_prefix(place.size() + 1);
  }
  return fail(Errc::not_found, "there is no program '" + name + "' in " + places + "; install it");
}

Result<Child> Child::start(const Spawn& spec) {
  detail::Launch launch;
  const auto program = find_program(spec.program);
  if (!program) {
    return fail(program.error());
  }
  launch.program = program->string();
  launch.argv_text = spec.args;
  launch.argv_text.insert(launch.argv_text.begin(), spec.argv0.empty() ? spec.program.string() : spec.argv0);
  launch.env_text = environment(spec);
  launch.working_dir = spec.working_dir.string();
  launch.netns_fd = spec.netns != nullptr ? spec.netns->fd() : -1;
  launch.die_with_parent = spec.die_with_parent;
  std::vector<UniqueFd> keep;
  if (auto status = prepare_fds(spec, launch, keep); !status) {
    return fail(std::move(status.error()).context("cannot run " + launch.program));
  }
  Result<detail::Launched> launched;
  const auto status = spawner().run([&]() -> Status {
    launched = detail::launch(launch);
    return {};
  });
  if (!status) {
    return fail(status.error());
  }
  if (!launched) {
    return fail(std::move(launched.error()));
  }
  // It cannot be gone: even if it has exited, it stays a zombie until we reap it.
  const auto id = identify(launched->pid);
  return Child(id ? *id : ProcessId{launched->pid, 0}, std::move(launched->pidfd));
}

Child::Child(Child&& other) noexcept
    : id_(std::exchange(other.id_, {})),
      pidfd_(std::move(other.pidfd_)),
      status_(std::exchange(other.status_, {})) {}

Child& Child::operator=(Child&& other) noexcept {
  if (this != &other) {
    const Child old(std::move(*this));
    id_ = std::exchange(other.id_, {});
    pidfd_ = std::move(other.pidfd_);
    status_ = std::exchange(other.status_, {});
  }
  return *this;
}

Child::~Child() {
  if (!pidfd_ || status_) {
    return;
  }
  kill_session();
  siginfo_t info{};
  // SIGKILL cannot be refused: this is the kernel's own work only.
  while (::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd_.get()), &info, WEXITED) != 0 &&
         errno == EINTR) {
  }
}

Status Child::signal(int number) {
  if (!pidfd_ || status_) {
    return fail(Errc::not_found, "the process has ended");
  }
  if (pidfd_send_signal(pidfd_.get(), number) != 0) {
    return fail(last_error("cannot signal process " + std::to_string(id_.pid)));
  }
  return {};
}

void Child::kill_session() noexcept {
  if (!pidfd_ || status_) {
    return;
  }
  (void)proc::kill_session(id_.pid);               // not reaped, so the number is still ours
  (void)pidfd_send_signal(pidfd_.get(), SIGKILL);  // fails only if it has exited
}

std::optional<ExitStatus> Child::try_reap() {
  if (!pidfd_ || status_) {
    return status_;
  }
  siginfo_t info{};
  const auto look = [&](int flags) {
    info = {};
    return ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd_.get()), &info,
                    flags | WEXITED | WNOHANG) == 0 &&
           info.si_pid != 0;
  };
  if (!look(WNOWAIT)) {
    return std::nullopt;
  }
  (void)::kill(-id_.pid, SIGKILL);  // what it left behind; the zombie still holds the group's number for us
  (void)look(0);
  status_ = ExitStatus{info.si_code != CLD_EXITED, info.si_status};
  return status_;
}

std::optional<ExitStatus> Child::wait(std::chrono::milliseconds timeout) {
  if (!status_ && pidfd_) {
    (void)wait_fd(pidfd_.get(), POLLIN,
                  static_cast<int>(std::clamp<std::int64_t>(timeout.count(), 0, 1 << 30)));
  }
  return try_reap();
}

Result<ExitStatus> Child::stop(std::chrono::milliseconds grace) {
  if (status_) {
    return *status_;
  }
  if (!pidfd_) {
    return fail(Errc::not_found, "the process was given away");
  }
  (void)signal(SIGTERM);  // fails only if it has exited
  if (const auto status = wait(grace)) {
    return *status;
  }
  kill_session();
  if (const auto status = wait(std::chrono::seconds(10))) {
    return *status;
  }
  return fail(Errc::timeout, "process " + to_string(id_) + " survives SIGKILL: it hangs in the kernel");
}

ProcessId Child::release() noexcept {
  pidfd_.reset();
  return id_;
}

std::size_t kill_session(pid_t session) noexcept {
  if (session <= 1) {
    return 0;
  }
  (void)::kill(-session, SIGKILL);
  std::size_t killed = 0;
  DIR* const directory = ::opendir("/proc");
  if (directory == nullptr) {
    return 0;
  }
  while (const dirent* const entry = ::readdir(directory)) {
    pid_t pid = 0;
    const char* const end = entry->d_name + std::strlen(entry->d_name);
    const auto parsed = std::from_chars(entry->d_name, end, pid);
    if (parsed.ec != std::errc() || parsed.ptr != end || ::getsid(pid) != session) {
      continue;
    }
    const UniqueFd pidfd(pidfd_open(pid));
    if (pidfd && ::getsid(pid) == session && pidfd_send_signal(pidfd.get(), SIGKILL) == 0) {
      ++killed;
    }
  }
  (void)::closedir(directory);
  return killed;
}

Status become_subreaper() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
    return fail(last_error("cannot become the reaper of orphans"));
  }
  return {};
}

Status die_with_parent(pid_t expected_parent) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
    return fail(last_error("cannot tie this process to its parent"));
  }
  if (::getppid() != expected_parent) {
    return fail(Errc::conflict, "the parent has died already");
  }
  return {};
}

}  // namespace catflap::sys::proc
