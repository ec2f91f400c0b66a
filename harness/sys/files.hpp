#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "sys/unique_fd.hpp"

namespace catflap::sys {

/// The whole file; Errc::invalid if it is larger than `bytes_max`, or not a regular file and not a pipe.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t bytes_max = 16U << 20U);

struct WriteOptions {
  mode_t mode = 0644;
  bool sync = false;  ///< survives a crash of the machine, at the price of an fsync
};
/// Replaces the file as a whole: readers see the old or the new content, never a part.
Status write_file_atomic(const std::filesystem::path& path, std::string_view content,
                         WriteOptions options = {});
/// Creates the directory and its parents; fine if it exists. Errc::exists if something else is in the way.
Status make_directories(const std::filesystem::path& path, mode_t mode = 0755);
/// Creates exactly this directory; Errc::exists if there is anything of the name.
Status make_directory_exclusive(const std::filesystem::path& path, mode_t mode = 0755);
/// Removes `path` and all below it. Refuses (Errc::invalid) unless it lies strictly below `root`; follows no
/// symbolic links and crosses no mount point (Errc::conflict). Fine if `path` does not exist.
Status remove_tree(const std::filesystem::path& root, const std::filesystem::path& path);

/// Holds flock() on a file, which is created if missing, as long as the object lives or the process does.
class FileLock {
 public:
  /// Errc::conflict at once if somebody else has it.
  static Result<FileLock> try_acquire(const std::filesystem::path& path);
  int fd() const noexcept { return fd_.get(); }

 private:
  explicit FileLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

/// A file with our pid that is locked while we live; removed at the end.
class PidFile {
 public:
  /// Errc::conflict names the pid of the process that holds it.
  static Result<PidFile> create(const std::filesystem::path& path);
  PidFile(PidFile&& other) noexcept = default;
  PidFile& operator=(PidFile&& other) noexcept;
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;
  ~PidFile();

 private:
  PidFile(FileLock lock, std::filesystem::path path) : lock_(std::move(lock)), path_(std::move(path)) {}
  void remove() noexcept;
  FileLock lock_;
  std::filesystem::path path_;
};

}  // namespace catflap::sys
