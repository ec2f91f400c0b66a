#include "runtime/log_targets.hpp"

#include <fcntl.h>
#include <syslog.h>
#include <unistd.h>

#include <utility>

#include <fmt/format.h>

#include "sys/clock.hpp"
#include "sys/error.hpp"

namespace catflap::runtime {
namespace {

using bgp::act::NoteLevel;

constexpr unsigned bit(NoteLevel level) {
  return 1U << static_cast<unsigned>(level);
}
constexpr unsigned kAll = 0xFU;

/// Which of our levels a class of BIRD's covers.
unsigned levels_of(const std::vector<std::string>& classes) {
  unsigned levels = 0;
  for (const std::string& name : classes) {
    if (name == "all") {
      levels |= kAll;
    } else if (name == "debug" || name == "trace") {
      levels |= bit(NoteLevel::debug);
    } else if (name == "info" || name == "remote") {
      levels |= bit(NoteLevel::info);
    } else if (name == "warning" || name == "auth") {
      levels |= bit(NoteLevel::warning);
    } else if (name == "error" || name == "fatal" || name == "bug") {
      levels |= bit(NoteLevel::error);
    }
  }
  return levels;
}

std::pair<const char*, int> words_of(NoteLevel level) {
  switch (level) {
    case NoteLevel::debug:
      return {"DBG", LOG_DEBUG};
    case NoteLevel::info:
      return {"INFO", LOG_INFO};
    case NoteLevel::warning:
      return {"WARN", LOG_WARNING};
    case NoteLevel::error:
      return {"ERR", LOG_ERR};
  }
  return {"INFO", LOG_INFO};
}

}  // namespace

std::vector<Error> LogTargets::configure(const std::vector<intent::LogIntent>& logs) {
  std::vector<Error> errors;
  std::vector<Target> targets;
  for (const intent::LogIntent& log : logs) {
    Target target;
    target.kind = log.target;
    target.levels = levels_of(log.classes);
    if (log.target == intent::LogIntent::Target::file) {
      target.file = sys::UniqueFd(::open(log.path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
      if (!target.file) {
        errors.push_back(sys::last_error("log file " + log.path));
        continue;
      }
    }
    target.syslog_name = log.syslog_name.empty() ? "bird" : log.syslog_name;
    targets.push_back(std::move(target));
  }
  targets_ = std::move(targets);
  if (targets_.empty() || debug_) {
    Target target;
    target.levels = debug_ ? kAll : kAll & ~bit(NoteLevel::debug);
    targets_.push_back(std::move(target));
  }
  return errors;
}

void LogTargets::write(NoteLevel level, std::string_view text) {
  const auto [word, priority] = words_of(level);
  const std::string line = fmt::format("{} <{}> {}\n", sys::format_utc(sys::wall_now()), word, text);
  for (const Target& target : targets_) {
    if ((target.levels & bit(level)) == 0) {
      continue;
    }
    if (target.kind == intent::LogIntent::Target::syslog) {
      ::openlog(target.syslog_name.c_str(), LOG_PID, LOG_DAEMON);
      ::syslog(priority, "%.*s", static_cast<int>(text.size()), text.data());
      continue;
    }
    const int fd = target.kind == intent::LogIntent::Target::file ? target.file.get() : STDERR_FILENO;
    const ssize_t written = ::write(fd, line.data(), line.size());
    (void)written;  // a full disk must not stop a router
  }
}

}  // namespace catflap::runtime
