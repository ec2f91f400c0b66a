#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "sys/unique_fd.hpp"

namespace catflap::sys::netns {

/// The identity of a namespace: device and inode of its nsfs file. Inodes are reused after a namespace is
/// gone.
struct NsId {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  auto operator<=>(const NsId&) const = default;
};
/// "net:[4026531840]".
std::string to_string(const NsId& id);

/// Keeps a network namespace alive by an open descriptor. Identity is id(), never a name.
class Handle {
 public:
  /// Of the calling thread.
  static Result<Handle> current();
  /// Takes over `fd`. Errc::invalid if it is not a network namespace.
  static Result<Handle> from_fd(UniqueFd fd);
  /// /run/netns/NAME, /proc/PID/ns/net, a pin.
  static Result<Handle> from_path(const std::filesystem::path& path);
  static Result<Handle> from_pid(int pid);
  /// The namespace that a socket belongs to (SIOCGSKNS).
  static Result<Handle> of_socket(int socket);

  int fd() const noexcept { return fd_.get(); }
  const NsId& id() const noexcept { return id_; }
  Result<Handle> duplicate() const;
  bool operator==(const Handle& other) const noexcept { return id_ == other.id_; }

 private:
  Handle(UniqueFd fd, NsId id) : fd_(std::move(fd)), id_(id) {}
  UniqueFd fd_;
  NsId id_;
};

/// The only caller of setns() and unshare(): one long-lived thread with all signals blocked, started by the
/// first request, back in the namespace it was started in after every request. (If it cannot go back it
/// aborts: a thread in an unknown namespace cannot be trusted.)
///
/// Any thread may call any function; requests are served one at a time in order of arrival. A call costs a
/// hand-over between threads (~10 us); calls made inside a body given to run() or run_in() cost none, so
/// batch there. A child of fork() must not use an executor of its parent.
class Executor {
 public:
  Executor();
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /// The executor of this process; never destroyed.
  static Executor& shared();

  /// A new unnamed namespace, its `lo` still down; it lives as long as a handle, socket or process refers to
  /// it. Errc::denied without CAP_SYS_ADMIN.
  Result<Handle> create();
  /// `count` of them in one request; all or none.
  Result<std::vector<Handle>> create_many(std::size_t count);
  /// A socket that belongs to `ns` for life; always close-on-exec and non-blocking.
  Result<UniqueFd> socket_in(const Handle& ns, int family, int type, int protocol);
  /// "net.ipv4.ip_forward", or with slashes where a name contains dots: "net/ipv4/conf/e0.5/forwarding".
  /// Reads back, because the kernel clamps some: Errc::invalid if the value did not take.
  Status write_sysctl(const Handle& ns, std::string_view key, std::string_view value);
  /// Without the final newline.
  Result<std::string> read_sysctl(const Handle& ns, std::string_view key);
  /// Runs `body` on the executor's thread inside `ns`. It must not block, and not start threads or processes.
  Status run_in(const Handle& ns, const std::function<Status()>& body);
  /// Runs `body` on the executor's thread, in its own namespace: to make many requests for the price of one
  /// hand-over.
  Status run(const std::function<Status()>& body);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Bind-mounts the namespace to `where`, which must not exist (Errc::exists). Undo with unpin().
Status pin(const Handle& ns, const std::filesystem::path& where);
/// Unmounts and unlinks a pin, if it still is a pin of `expected`; Errc::conflict otherwise, and nothing is
/// touched.
Status unpin(const NsId& expected, const std::filesystem::path& where);

}  // namespace catflap::sys::netns
