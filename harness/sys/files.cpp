#include "sys/files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <utility>

#include "sys/clock.hpp"
#include "sys/error.hpp"

namespace catflap::sys {
namespace {

/// Directories below each other that remove_tree() follows.
constexpr int kDepthMax = 64;

Status write_all(int fd, std::string_view content, const std::string& what) {
  while (!content.empty()) {
    const ssize_t put = ::write(fd, content.data(), content.size());
    if (put < 0 && errno != EINTR) {
      return fail(last_error(what));
    }
    content.remove_prefix(put > 0 ? static_cast<std::size_t>(put) : 0);
  }
  return {};
}

Status sync_directory(const std::filesystem::path& directory) {
  const UniqueFd fd(::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) {
    return fail(last_error("cannot sync directory " + directory.string()));
  }
  return {};
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::size_t bytes_max) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file) {
    return fail(last_error("cannot open " + path.string()));
  }
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) {
    return fail(last_error("cannot look at " + path.string()));
  }
  if (!S_ISREG(info.st_mode) && !S_ISFIFO(info.st_mode)) {
    return fail(Errc::invalid, path.string() + " is not a file");
  }
  std::string content;
  std::array<char, 65536> buffer;
  while (true) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got == 0) {
      return content;
    }
    if (got < 0 && errno != EINTR) {
      return fail(last_error("cannot read " + path.string()));
    }
    content.append(buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    if (content.size() > bytes_max) {
      return fail(Errc::invalid, path.string() + " is larger than " + std::to_string(bytes_max) + " octets");
    }
  }
}

Status write_file_atomic(const std::filesystem::path& path, std::string_view content, WriteOptions options) {
  const std::string what = "cannot write " + path.string();
  const std::string temporary = path.string() + "." + std::to_string(random_u64()) + ".tmp";
  UniqueFd file(
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, options.mode));
  if (!file) {
    return fail(last_error(what));
  }
  Status status = write_all(file.get(), content, what);
  if (status && ::fchmod(file.get(), options.mode) != 0) {  // whatever the umask
    status = fail(last_error(what));
  }
  if (status && options.sync && ::fsync(file.get()) != 0) {
    status = fail(last_error(what));
  }
  file.reset();
  if (status && ::rename(temporary.c_str(), path.c_str()) != 0) {
    status = fail(last_error(what));
  }
  if (!status) {
    (void)::unlink(temporary.c_str());  // ours; if it cannot be removed, the first error says why
    return status;
  }
  return options.sync ? sync_directory(path.parent_path()) : status;
}

Status make_directory_exclusive(const std::filesystem::path& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) != 0) {
    return fail(last_error("cannot create directory " + path.string()));
  }
  return {};
}

Status make_directories(const std::filesystem::path& path, mode_t mode) {
  std::filesystem::path so_far;
  for (const auto& part : path) {
    so_far /= part;
    if (part.empty() || ::mkdir(so_far.c_str(), mode) == 0) {
      continue;
    }
    const int error = errno;
    struct stat info {};
    if (::stat(so_far.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) {
      continue;  // it was there, whatever mkdir() minded (a read-only parent, for instance)
    }
    return fail(system_error("cannot create directory " + so_far.string(), error));
  }
  return {};
}

namespace {

Status remove_below(int parent, const char* name, const std::string& shown, dev_t device, int depth) {
  if (::unlinkat(parent, name, 0) == 0 || errno == ENOENT) {
    return {};
  }
  if (errno != EISDIR && errno != EPERM) {
    return fail(last_error("cannot remove " + shown));
  }
  if (depth == kDepthMax) {
    return fail(Errc::invalid, "cannot remove " + shown + ": directories too deep");
  }
  UniqueFd directory(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat info {};
  if (!directory || ::fstat(directory.get(), &info) != 0) {
    return fail(last_error("cannot remove " + shown));
  }
  if (info.st_dev != device) {
    return fail(Errc::conflict, "cannot remove " + shown + ": another file system is mounted there");
  }
  DIR* const listing = ::fdopendir(directory.get());
  if (listing == nullptr) {
    return fail(last_error("cannot list " + shown));
  }
  const int fd = directory.release();  // closedir() closes it
  Status status;
  while (const dirent* const entry = ::readdir(listing)) {
    if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) {
      continue;
    }
    status = remove_below(fd, entry->d_name, shown + "/" + entry->d_name, device, depth + 1);
    if (!status) {
      break;
    }
  }
  (void)::closedir(listing);
  if (status && ::unlinkat(parent, name, AT_REMOVEDIR) != 0 && errno != ENOENT) {
    return fail(last_error("cannot remove " + shown));
  }
  return status;
}

}  // namespace

Status remove_tree(const std::filesystem::path& root, const std::filesystem::path& path) {
  const auto refuse = [&] {
    return fail(Errc::invalid, "will not remove " + path.string() + ": it is not below " + root.string());
  };
  if (!root.is_absolute() || !path.is_absolute() || root.lexically_normal() == "/") {
    return refuse();
  }
  const auto relative = path.lexically_normal().lexically_relative(root.lexically_normal());
  if (relative.empty() || relative == ".") {
    return refuse();
  }
  for (const auto& part : relative) {
    if (part == "..") {
      return refuse();
    }
  }
  UniqueFd parent(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  std::filesystem::path rest = relative.has_filename() ? relative : relative.parent_path();
  const std::string name = rest.filename();
  // Step by step, so that no link on the way leads out of the root.
  for (const auto& part : rest.parent_path()) {
    if (parent) {
      parent.reset(::openat(parent.get(), part.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    }
  }
  if (!parent) {
    return errno == ENOENT ? Status{} : fail(last_error("cannot remove " + path.string()));
  }
  struct stat info {};
  if (::fstat(parent.get(), &info) != 0) {
    return fail(last_error("cannot remove " + path.string()));
  }
  return remove_below(parent.get(), name.c_str(), path.string(), info.st_dev, 0);
}

Result<FileLock> FileLock::try_acquire(const std::filesystem::path& path) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!fd) {
    return fail(last_error("cannot open " + path.string()));
  }
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) {
      return fail(Errc::conflict, path.string() + " is in use by another process");
    }
    return fail(last_error("cannot lock " + path.string()));
  }
  return FileLock(std::move(fd));
}

Result<PidFile> PidFile::create(const std::filesystem::path& path) {
  auto lock = FileLock::try_acquire(path);
  if (!lock) {
    Error error = std::move(lock.error());
    if (const auto holder = read_file(path, 64); error.code == Errc::conflict && holder && !holder->empty()) {
      error.message += ": pid " + holder->substr(0, holder->find('\n'));
    }
    return fail(std::move(error));
  }
  const std::string text = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock->fd(), 0) != 0) {
    return fail(last_error("cannot write " + path.string()));
  }
  if (auto status = write_all(lock->fd(), text, "cannot write " + path.string()); !status) {
    return fail(std::move(status.error()));
  }
  return PidFile(std::move(*lock), path);
}

PidFile& PidFile::operator=(PidFile&& other) noexcept {
  if (this != &other) {
    remove();
    lock_ = std::move(other.lock_);
    path_ = std::move(other.path_);
  }
  return *this;
}

PidFile::~PidFile() {
  remove();
}

void PidFile::remove() noexcept {
  if (lock_.fd() >= 0) {
    (void)::unlink(path_.c_str());  // somebody may have removed it before
  }
}

}  // namespace catflap::sys
