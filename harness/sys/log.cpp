#include "sys/log.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <atomic>

#include "sys/clock.hpp"

namespace catflap::sys::log {
namespace {

constexpr std::array<std::string_view, 5> kNames{"debug", "info", "warn", "error", "off"};
std::atomic<Level> g_level{Level::info};
std::atomic<int> g_output{STDERR_FILENO};

void append_value(std::string& line, std::string_view value) {
  bool plain = !value.empty();
  for (const char c : value) {
    plain = plain && static_cast<unsigned char>(c) > ' ' && c != '"' && c != '=' && c != '\\' && c != 0x7f;
  }
  if (plain) {
    line += value;
    return;
  }
  line += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (c == '\n') {
      line += "\\n";
    } else if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) {
      line += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      line += c;
    }
  }
  line += '"';
}

}  // namespace

Result<Level> parse_level(std::string_view text) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == text) {
      return static_cast<Level>(i);
    }
  }
  return fail(Errc::invalid,
              "'" + std::string(text) + "' is no log level; use debug, info, warn, error or off");
}

void set_level(Level level) {
  g_level = level;
}
bool enabled(Level level) {
  return level >= g_level.load(std::memory_order_relaxed) && level != Level::off;
}
void set_output(int fd) {
  g_output = fd;
}

std::string format(Level level, std::string_view event, std::initializer_list<Field> fields) {
  std::string line(kNames[static_cast<std::size_t>(level)]);
  line += ' ';
  line += event;
  for (const auto& [key, value] : fields) {
    line += ' ';
    line += key;
    line += '=';
    append_value(line, value);
  }
  return line;
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  const int fd = g_output.load(std::memory_order_relaxed);
  if (!enabled(level) || fd < 0) {
    return;
  }
  const std::string line = format_utc(wall_now()) + " " + format(level, event, fields) + "\n";
  (void)!::write(fd, line.data(), line.size());  // a log that cannot be written must not stop the program
}

}  // namespace catflap::sys::log
