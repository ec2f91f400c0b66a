#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "sys/files.hpp"
#include "sys/journal.hpp"
#include "sys/process.hpp"

namespace catflap::lab {

/// The folder of a running lab, `<run root>/<instance>`: lock, journal, control socket, a folder per node. It
/// is the only thing of a lab that can outlive the process that runs it; the journal tells what that process
/// had made.
class RunDir {
 public:
  /// Makes the folder and locks it. What a dead lab of the same name left is recovered first; Errc::exists if
  /// a live lab has the name, Errc::invalid if it cannot be one, Errc::conflict if the folder is there but no
  /// journal of ours is in it.
  static Result<RunDir> create(const std::filesystem::path& run_root, const std::string& instance);
  RunDir(RunDir&&) noexcept = default;
  RunDir& operator=(RunDir&&) = delete;
  RunDir(const RunDir&) = delete;
  RunDir& operator=(const RunDir&) = delete;
  /// Removes the folder.
  ~RunDir();

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path control_socket() const { return path_ / "control"; }
  /// Made if missing.
  Result<std::filesystem::path> node_dir(const std::string& node) const;
  sys::Journal& journal() { return *journal_; }

 private:
  RunDir(std::filesystem::path root, std::filesystem::path path, sys::FileLock lock)
      : root_(std::move(root)), path_(std::move(path)), lock_(std::move(lock)) {}

  std::filesystem::path root_, path_;
  std::optional<sys::FileLock> lock_;
  std::optional<sys::Journal> journal_;
};

/// A lab folder as found on disk.
struct FoundLab {
  std::string instance;
  std::filesystem::path path;
  bool alive = false;  ///< a process holds its lock
  std::optional<sys::proc::ProcessId> owner;
};
/// All labs under `run_root`; empty if there is no such folder.
Result<std::vector<FoundLab>> find_labs(const std::filesystem::path& run_root);

/// Ends what the journal of a dead lab says it had started and that still runs, and removes its folder.
/// Errc::conflict if the lab lives. Returns what was done, a line each.
Result<std::vector<std::string>> recover(const std::filesystem::path& run_root, const std::string& instance);

}  // namespace catflap::lab
