#pragma once

#include <filesystem>

#include "base/instant.hpp"
#include "base/result.hpp"
#include "sys/unique_fd.hpp"

namespace catflap::calico::sqlite {

/// How a process tells the others that something was written: every write touches a file that the waiting
/// ones watch with inotify. A process that is killed between its write and the touch wakes them as well: the
/// kernel closes its descriptor, and that is an event, too.
class Notifier {
 public:
  /// With the permissions of the database. Where the file cannot be written it is opened for waiting.
  static Result<Notifier> open(const std::filesystem::path& database);

  /// Wakes all that wait; a process that cannot write the file has nothing to tell.
  void notify() noexcept;
  /// From here on no event is missed. Idempotent.
  Status start_waiting();
  /// Returns at the first event since start_waiting() or the last wait(), or at `deadline`.
  Status wait(Instant deadline);
  /// Held by one process at a time; released with the object that it returns.
  Result<sys::UniqueFd> lock() const;

 private:
  Notifier(std::filesystem::path path, sys::UniqueFd file) : path_(std::move(path)), file_(std::move(file)) {}

  std::filesystem::path path_;
  sys::UniqueFd file_;     ///< none if there is no file and none can be made
  sys::UniqueFd inotify_;  ///< of start_waiting()
};

}  // namespace catflap::calico::sqlite
