#include "calico/sqlite/notifier.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>

#include "sys/clock.hpp"
#include "sys/error.hpp"

namespace catflap::calico::sqlite {
namespace {

/// Whoever may write the database must be able to write the file beside it, as SQLite does with its own.
void copy_permissions(const std::filesystem::path& database, int file) {
  struct stat of_database {};
  struct stat of_file {};
  if (::stat(database.c_str(), &of_database) != 0 || ::fstat(file, &of_file) != 0) {
    return;
  }
  // What fails here belongs to somebody else, who has done it.
  if (((of_database.st_mode ^ of_file.st_mode) & 0777U) != 0) {
    (void)::fchmod(file, of_database.st_mode & 0777U);
  }
  if (of_database.st_uid != of_file.st_uid || of_database.st_gid != of_file.st_gid) {
    (void)!::fchown(file, of_database.st_uid, of_database.st_gid);
  }
}

}  // namespace

Result<Notifier> Notifier::open(const std::filesystem::path& database) {
  const std::filesystem::path path = database.string() + "-notify";
  sys::UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644));
  if (file) {
    copy_permissions(database, file.get());
  } else if (errno == EACCES || errno == EPERM || errno == EROFS) {
    file.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  } else {
    return fail(sys::last_error("cannot open " + path.string()));
  }
  return Notifier(path, std::move(file));
}

void Notifier::notify() noexcept {
  if (file_) {
    // The write is done and stands; watchers of a file that cannot be touched any more (a full disk cannot be
    // the reason: it has its one octet) see it with the next one.
    (void)!::pwrite(file_.get(), "x", 1, 0);
  }
}

Status Notifier::start_waiting() {
  if (inotify_) {
    return {};
  }
  sys::UniqueFd inotify(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify) {
    return fail(sys::last_error("cannot watch " + path_.string()));
  }
  if (::inotify_add_watch(inotify.get(), path_.c_str(), IN_MODIFY | IN_CLOSE_WRITE) < 0) {
    return fail(sys::last_error("cannot watch " + path_.string()));
  }
  inotify_ = std::move(inotify);
  return {};
}

Status Notifier::wait(Instant deadline) {
  const Duration left = std::max(deadline - sys::monotonic_now(), Duration::zero());
  const auto left_ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  pollfd ready{inotify_.get(), POLLIN, 0};
  const int timeout =
      deadline.is_never()
          ? -1
          : static_cast<int>(std::min<std::int64_t>(left_ms, std::numeric_limits<int>::max()));
  if (::poll(&ready, 1, timeout) < 0 && errno != EINTR) {
    return fail(sys::last_error("cannot wait for changes of " + path_.string()));
  }
  alignas(inotify_event) std::array<char, 4096> events;
  while (::read(inotify_.get(), events.data(), events.size()) > 0) {
  }
  return {};
}

Result<sys::UniqueFd> Notifier::lock() const {
  sys::UniqueFd own(::open(path_.c_str(), O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!own) {
    return fail(sys::last_error("cannot open " + path_.string()));
  }
  while (::flock(own.get(), LOCK_EX) != 0) {
    if (errno != EINTR) {
      return fail(sys::last_error("cannot lock " + path_.string()));
    }
  }
  return own;
}

}  // namespace catflap::calico::sqlite
