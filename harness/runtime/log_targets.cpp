#include "runtime/log_targets.hpp"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <syslog.h>
#include <unistd.h>

#include <cerrno>
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

std::string line_of(const char* word, std::string_view text) {
  return fmt::format("{} <{}> {}\n", sys::format_utc(sys::wall_now()), word, text);
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
      target.name = log.path;
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
  const std::string line = line_of(word, text);
  for (Target& target : targets_) {
    if ((target.levels & bit(level)) == 0) {
      continue;
    }
    if (target.kind == intent::LogIntent::Target::syslog) {
      ::openlog(target.syslog_name.c_str(), LOG_PID, LOG_DAEMON);
      ::syslog(priority, "%.*s", static_cast<int>(text.size()), text.data());
    } else {
      write_line(target, line);
    }
  }
}

void LogTargets::write_line(Target& target, const std::string& line) {
  if (target.lost > 0) {
    const std::string gap =
        line_of(words_of(NoteLevel::warning).first,
                fmt::format("{} lines of the log are lost: it could not be written", target.lost));
    if (put(target, gap) != 0) {
      ++target.lost;
      return;
    }
    target.lost = 0;
  }
  if (const int error = put(target, line); error != 0) {
    target.lost = 1;
    tell_others(target, error);
  }
}

int LogTargets::put(Target& target, const std::string& line) {
  const bool is_file = target.kind == intent::LogIntent::Target::file;
  const int fd = is_file ? target.file.get() : STDERR_FILENO;
  std::string_view text = line;
  if (!is_file) {
    // It may be a pipe that is full, and is not ours to make non-blocking: what fits a page does not block
    // when there is room at all.
    pollfd ready{fd, POLLOUT, 0};
    if (::poll(&ready, 1, 0) == 0) {
      return EAGAIN;
    }
    text = text.substr(0, PIPE_BUF - 1);
  }
  std::string whole = target.torn ? "\n" : "";
  whole += text;
  if (whole.back() != '\n') {
    whole += '\n';
  }
  const ssize_t written = ::write(fd, whole.data(), whole.size());
  if (written == static_cast<ssize_t>(whole.size())) {
    target.torn = false;
    return 0;
  }
  target.torn = target.torn || written > 0;
  return written < 0 ? errno : ENOSPC;  // a file takes a part of a line for lack of room only
}

void LogTargets::tell_others(const Target& failed, int sys_errno) {
  const std::string line = line_of(
      words_of(NoteLevel::error).first,
      fmt::format("log {}: {}; its lines are lost until it can be written again",
                  failed.name.empty() ? "to standard error" : failed.name, sys::errno_text(sys_errno)));
  bool told = false;
  for (Target& other : targets_) {
    if (&other != &failed && other.kind != intent::LogIntent::Target::syslog && other.lost == 0) {
      told = put(other, line) == 0 || told;
    }
  }
  if (!told && failed.kind == intent::LogIntent::Target::file) {
    Target last_resort;
    (void)put(last_resort, line);  // nothing is left to say it to
  }
}

}  // namespace catflap::runtime
