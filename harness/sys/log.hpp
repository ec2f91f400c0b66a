#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"

/// The log of a program: one line per event, `time level event key=value ...`. Libraries return, applications
/// log.
namespace catflap::sys::log {

enum class Level : std::uint8_t { debug, info, warn, error, off };
Result<Level> parse_level(std::string_view text);

using Field = std::pair<std::string_view, std::string>;

/// Lines below `level` are dropped. The start value is `info`. Any thread.
void set_level(Level level);
bool enabled(Level level);
/// Where lines go; borrowed, must stay open. The start value is standard error. -1: nowhere.
void set_output(int fd);

/// Values with blanks, quotes or control characters are quoted. One write(2) per line, any thread.
void write(Level level, std::string_view event, std::initializer_list<Field> fields = {});
inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::debug, event, fields);
}
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::info, event, fields);
}
inline void warn(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::warn, event, fields);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::error, event, fields);
}

/// The line without time and newline: "warn session-down peer=10.0.0.1 why=\"hold timer\"".
std::string format(Level level, std::string_view event, std::initializer_list<Field> fields);

}  // namespace catflap::sys::log
