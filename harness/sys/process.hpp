#pragma once

#include <sys/types.h>

#include <chrono>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/instant.hpp"
#include "base/result.hpp"
#include "sys/netns.hpp"
#include "sys/unique_fd.hpp"

namespace catflap::sys::proc {

/// A process for the record: the start time (clock ticks since boot) tells it from a later one with the same
/// pid.
struct ProcessId {
  pid_t pid = 0;
  std::uint64_t start_time = 0;
  auto operator<=>(const ProcessId&) const = default;
};
/// "1234@567890", and back.
std::string to_string(const ProcessId& id);
Result<ProcessId> parse_process_id(std::string_view text);
/// Of a running process or a zombie; Errc::not_found.
Result<ProcessId> identify(pid_t pid);
/// The process exists and has not exited (a zombie has).
bool is_alive(const ProcessId& id);
/// A pidfd that certainly is of this process. Errc::not_found if it is gone or the pid belongs to another.
Result<UniqueFd> open_process(const ProcessId& id);
/// Errc::not_found if it is gone or the pid belongs to another.
Status send_signal(const ProcessId& id, int signal);

struct ExitStatus {
  bool signaled = false;
  int value = 0;  ///< exit code, or the signal
  bool ok() const { return !signaled && value == 0; }
  bool operator==(const ExitStatus&) const = default;
};
/// "exit code 1", "killed by SIGSEGV".
std::string to_string(const ExitStatus& status);

/// What to start, and how. The program gets: the namespace `netns` (entered before exec, or it does not run
/// at all), a session of its own, default signal handling and an empty signal mask, /dev/null as input, and
/// no descriptor but 0, 1, 2 and `pass_fds`.
struct Spawn {
  std::filesystem::path program;         ///< looked up in PATH if it has no slash
  std::vector<std::string> args;         ///< without argv[0]
  const netns::Handle* netns = nullptr;  ///< nullptr: that of the calling process' main thread
  std::filesystem::path log_file;        ///< output and errors are appended here; empty: see the two below
  int stdin_fd = -1;                     ///< -1: /dev/null. Borrowed for the call, like the rest.
  int stdout_fd = -1, stderr_fd = -1;    ///< -1: log_file, or else those of this process
  std::vector<std::pair<int, int>> pass_fds;  ///< (ours, number in the child >= 3)
  std::filesystem::path working_dir;          ///< empty: ours
  bool clear_env = false;
  std::map<std::string, std::string> env;  ///< added to our environment, or all of it with clear_env
  bool die_with_parent = true;             ///< SIGKILL when this process dies
  std::string argv0;                       ///< empty: program
};

/// A child process, awaited by pidfd; no SIGCHLD handler is involved (and SIGCHLD must not be ignored).
/// Destruction kills its process group and reaps it.
class Child {
 public:
  /// Returns when the program runs. Any child-side step that failed is the error, with its name: "cannot run
  /// /usr/sbin/bird: No such file or directory", "cannot enter the network namespace: ...". Any thread may
  /// call it: processes are started by one long-lived thread, because SIGKILL-with-parent is tied to the
  /// thread.
  static Result<Child> start(const Spawn& spec);

  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  ProcessId id() const noexcept { return id_; }
  pid_t pid() const noexcept { return id_.pid; }
  /// Readable (EPOLLIN) when the process has exited.
  int pidfd() const noexcept { return pidfd_.get(); }
  /// Errc::not_found if it has been reaped.
  Status signal(int number);
  /// SIGTERM, waits up to `grace` for the process to exit, then SIGKILL to its whole session; reaps. Blocks.
  Result<ExitStatus> stop(std::chrono::milliseconds grace);
  /// SIGKILL to the session; does not wait.
  void kill_session() noexcept;
  /// The exit status if the process has exited (and kills what is left of its process group), nullopt if it
  /// runs.
  std::optional<ExitStatus> try_reap();
  /// Waits up to `timeout` for the exit; nullopt: still running.
  std::optional<ExitStatus> wait(std::chrono::milliseconds timeout);
  /// Lets the process live on without us; the journal answers for it.
  ProcessId release() noexcept;

 private:
  Child(ProcessId id, UniqueFd pidfd) : id_(id), pidfd_(std::move(pidfd)) {}
  ProcessId id_;
  UniqueFd pidfd_;
  std::optional<ExitStatus> status_;
};

struct RunLimits {
  std::chrono::milliseconds timeout{10'000};
  std::size_t output_max = 1U << 20U;  ///< octets kept per stream; the rest is read and dropped
};
struct RunResult {
  ExitStatus status;
  std::string out, err;
};
/// Runs a program to its end and collects what it prints; Errc::timeout kills it. Blocks.
Result<RunResult> run(Spawn spec, const RunLimits& limits = {});
/// The same with `input` on standard input.
Result<RunResult> run_with_input(Spawn spec, std::string_view input, const RunLimits& limits = {});

/// The full path of a program; Errc::not_found names the places looked at.
Result<std::filesystem::path> find_program(const std::filesystem::path& program);
/// SIGKILL to all processes of a session (never 0 or 1). Returns how many got it.
std::size_t kill_session(pid_t session) noexcept;
/// Orphaned descendants become our children (PR_SET_CHILD_SUBREAPER).
Status become_subreaper();
/// SIGKILL for this process when the parent dies; Errc::conflict if the parent is not `expected_parent` any
/// more.
Status die_with_parent(pid_t expected_parent);

}  // namespace catflap::sys::proc
