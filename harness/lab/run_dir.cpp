#include "lab/run_dir.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "lab/options.hpp"

namespace catflap::lab {
namespace {

constexpr const char* kLock = "lock";
constexpr const char* kJournal = "journal";

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

}  // namespace

std::filesystem::path Options::default_run_root() {
  const char* const given = std::getenv("CATFLAP_RUN_DIR");
  return given != nullptr && *given != '\0' ? given : "/run/catflap";
}

Result<RunDir> RunDir::create(const std::filesystem::path& run_root, const std::string& instance) {
  if (auto made = sys::make_directories(run_root); !made) {
    return fail(std::move(made.error()).context("make the folder for labs"));
  }
  const std::filesystem::path path = run_root / instance;
  auto made = sys::make_directory_exclusive(path);
  if (!made && made.error().code == Errc::exists) {
    auto recovered = recover(run_root, instance);
    if (!recovered && recovered.error().code == Errc::conflict) {
      return fail(Errc::exists, "lab " + instance + " is already up; take it down with 'catflap down " +
                                    instance + "', or give this one another name with --name");
    }
    if (!recovered) {
      return fail(std::move(recovered.error()));
    }
    made = sys::make_directory_exclusive(path);
  }
  if (!made) {
    return fail(std::move(made.error()));
  }
  auto lock = sys::FileLock::try_acquire(path / kLock);
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
    (void)sys::remove_tree(root_, path_);
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
    if (!entry.is_directory(error) || !std::filesystem::exists(entry.path() / kLock, error)) {
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
  if (!std::filesystem::exists(path / kLock, error) && !std::filesystem::is_empty(path, error)) {
    return fail(Errc::conflict, path.string() + " is in the way and is not a lab of ours: move it away");
  }
  const auto lock = sys::FileLock::try_acquire(path / kLock);
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
  if (auto removed = sys::remove_tree(run_root, path); !removed) {
    return fail(std::move(removed.error()));
  }
  done.push_back("removed " + path.string());
  return done;
}

}  // namespace catflap::lab
