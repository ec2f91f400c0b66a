#include "lab/run_dir.hpp"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <system_error>
#include <utility>

#include "lab/options.hpp"
#include "sys/error.hpp"

namespace catflap::lab {
namespace {

constexpr const char* kLock = "lock";
constexpr const char* kJournal = "journal";
constexpr const char* kGone = ".gone.";  ///< begins the name of a folder that is being removed

/// Processes that a journal says were started and not ended, the owner first.
std::map<std::string, sys::proc::ProcessId> processes_of(const sys::JournalContent& journal) {
  std::map<std::string, sys::proc::ProcessId> processes;
  for (const sys::JournalRecord& record : journal.records) {
    const auto field = record.fields.find("process");
    if (field == record.fields.end()) {
      continue;
    }
    const auto id = sys::proc::parse_process_id(field->second);
    if (record.verb == "did" && id) {
      processes[record.key] = *id;
    } else if (record.verb == "undid") {
      processes.erase(record.key);
    }
  }
  return processes;
}

/// The name becomes that of a folder.
bool is_instance_name(std::string_view name) {
  constexpr std::size_t kNameMax = 64;
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !name.empty() && name.size() <= kNameMax && plain(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return plain(c) || c == '-' || c == '_' || c == '.'; });
}

/// Something at `path` that no lab of ours has made: it is never touched. What a lab leaves that is killed
/// before it has written its journal is an empty folder or one with a lock.
bool is_foreign(const std::filesystem::path& path) {
  std::error_code error;
  const auto type = std::filesystem::symlink_status(path, error).type();
  if (type != std::filesystem::file_type::directory) {
    return type != std::filesystem::file_type::not_found;
  }
  if (const auto journal = sys::Journal::read(path / kJournal)) {
    const auto& records = journal->records;
    if (std::any_of(records.begin(), records.end(), [](const auto& r) { return r.verb == "owner"; })) {
      return false;
    }
  }
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    const std::filesystem::path name = entry.path().filename();
    if (name != kLock && name != kJournal) {
      return true;
    }
  }
  return false;
}

/// Takes the lock of the folder at `path`. Errc::conflict if somebody has it, or if the folder has been
/// replaced by another one since its lock was opened: then the lock of the old one means nothing.
Result<sys::FileLock> lock_of(const std::filesystem::path& path) {
  auto lock = sys::FileLock::try_acquire(path / kLock);
  if (!lock) {
    return lock;
  }
  struct stat held {};
  struct stat there {};
  if (::fstat(lock->fd(), &held) != 0 || ::stat((path / kLock).c_str(), &there) != 0 ||
      held.st_ino != there.st_ino || held.st_dev != there.st_dev) {
    return fail(Errc::conflict, path.string() + " is in use by another process");
  }
  return lock;
}

/// Needs the lock. The folder gets another name first, so that nobody can lock it anew while it is taken
/// apart. What tells that it is ours goes last: whoever is killed in between leaves a folder that `gc` knows.
Status remove_lab(const std::filesystem::path& root, const std::filesystem::path& lab) {
  std::filesystem::path path = lab;
  if (const std::string name = lab.filename(); name.rfind(kGone, 0) != 0) {
    path = root / (kGone + name + "." + std::to_string(::getpid()));
    if (::rename(lab.c_str(), path.c_str()) != 0) {
      return fail(sys::last_error("remove " + lab.string()));
    }
  }
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    const std::filesystem::path name = entry.path().filename();
    if (name != kLock && name != kJournal) {
      if (auto removed = sys::remove_tree(root, entry.path()); !removed) {
        return removed;
      }
    }
  }
  return sys::remove_tree(root, path);
}

Error in_the_way(const std::filesystem::path& path) {
  return {Errc::conflict, path.string() + " is in the way and is not a lab of ours: move it away"};
}

Error already_up(const std::string& instance) {
  return {Errc::exists, "lab " + instance + " is already up; take it down with 'catflap down " + instance +
                            "', or give this one another name with --name"};
}

}  // namespace

std::filesystem::path Options::default_run_root() {
  const char* const given = std::getenv("CATFLAP_RUN_DIR");
  return given != nullptr && *given != '\0' ? given : "/run/catflap";
}

Result<RunDir> RunDir::create(const std::filesystem::path& run_root, const std::string& instance) {
  if (!is_instance_name(instance)) {
    return fail(Errc::invalid,
                "'" + instance +
                    "' cannot be the name of a running lab; use at most 64 letters, digits, '-', '_' "
                    "and '.', the first a letter or a digit");
  }
  if (auto made = sys::make_directories(run_root); !made) {
    Error error = std::move(made.error()).context("make the folder for labs");
    if (error.code == Errc::denied && ::geteuid() != 0) {
      error.message += "; run as root (sudo): labs are network namespaces";
    }
    return fail(std::move(error));
  }
  const std::filesystem::path path = run_root / instance;
  auto made = sys::make_directory_exclusive(path);
  if (!made && made.error().code == Errc::exists) {
    if (is_foreign(path)) {
      return fail(in_the_way(path));
    }
    auto recovered = recover(run_root, instance);
    if (!recovered && recovered.error().code == Errc::conflict) {
      return fail(already_up(instance));
    }
    if (!recovered && recovered.error().code != Errc::not_found) {
      return fail(std::move(recovered.error()));
    }
    made = sys::make_directory_exclusive(path);
    if (!made && made.error().code == Errc::exists) {
      return fail(already_up(instance));  // another one of that name came between
    }
  }
  if (!made) {
    return fail(std::move(made.error()));
  }
  auto lock = lock_of(path);
  if (!lock && (lock.error().code == Errc::conflict || lock.error().code == Errc::not_found)) {
    return fail(already_up(instance));  // another one of that name came between
  }
  if (!lock) {
    return fail(std::move(lock.error()));
  }
  RunDir dir(run_root, path, std::move(*lock));
  auto journal = sys::Journal::open(path / kJournal);
  if (!journal) {
    return fail(std::move(journal.error()));
  }
  dir.journal_.emplace(std::move(*journal));
  auto self = sys::proc::identify(::getpid());
  if (!self) {
    return fail(std::move(self.error()));
  }
  if (auto noted = dir.journal_->append({"owner", "lab", {{"process", sys::proc::to_string(*self)}}});
      !noted) {
    return fail(std::move(noted.error()));
  }
  return dir;
}

RunDir::~RunDir() {
  if (lock_) {
    // Nothing can be done about a failure here; `gc` finds what is left.
    (void)remove_lab(root_, path_);
  }
}

Result<std::filesystem::path> RunDir::node_dir(const std::string& node) const {
  const std::filesystem::path path = path_ / "nodes" / node;
  if (auto made = sys::make_directories(path); !made) {
    return fail(std::move(made.error()));
  }
  return path;
}

Result<std::vector<FoundLab>> find_labs(const std::filesystem::path& run_root) {
  std::vector<FoundLab> labs;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(run_root, error)) {
    if (!std::filesystem::exists(entry.path() / kLock, error) || is_foreign(entry.path())) {
      continue;
    }
    FoundLab lab;
    lab.instance = entry.path().filename();
    lab.path = entry.path();
    lab.alive = !sys::FileLock::try_acquire(entry.path() / kLock);
    if (const auto journal = sys::Journal::read(entry.path() / kJournal)) {
      for (const auto& record : journal->records) {
        const auto field = record.fields.find("process");
        if (record.verb == "owner" && field != record.fields.end()) {
          if (const auto id = sys::proc::parse_process_id(field->second)) {
            lab.owner = *id;
          }
        }
      }
    }
    if (lab.alive && lab.instance.rfind(kGone, 0) == 0) {
      continue;  // somebody removes it just now
    }
    labs.push_back(std::move(lab));
  }
  std::sort(labs.begin(), labs.end(), [](const auto& a, const auto& b) { return a.instance < b.instance; });
  return labs;
}

Result<std::vector<std::string>> recover(const std::filesystem::path& run_root, const std::string& instance) {
  const std::filesystem::path path = run_root / instance;
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) {
    return fail(Errc::not_found, "no lab " + instance);
  }
  if (is_foreign(path)) {
    return fail(in_the_way(path));
  }
  const auto lock = lock_of(path);
  if (!lock) {
    return fail(Errc::conflict, "lab " + instance + " is up");
  }
  std::vector<std::string> done;
  if (const auto journal = sys::Journal::read(path / kJournal)) {
    for (const auto& [key, process] : processes_of(*journal)) {
      if (sys::proc::is_alive(process) && sys::proc::send_signal(process, SIGKILL)) {
        done.push_back("ended " + key + " (pid " + std::to_string(process.pid) + ")");
      }
    }
  }
  if (auto removed = remove_lab(run_root, path); !removed) {
    return fail(std::move(removed.error()));
  }
  done.push_back("removed " + path.string());
  return done;
}

}  // namespace catflap::lab
