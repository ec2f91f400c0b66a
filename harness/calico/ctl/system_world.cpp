#include "calico/ctl/system_world.hpp"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

#include "calico/ctl/open_store.hpp"
#include "calico/model/decode.hpp"
#include "sys/clock.hpp"

extern char** environ;

namespace catflap::calico::ctl {

namespace {

Result<std::string> read_standard_input() {
  std::string out;
  std::array<char, 65536> buffer{};
  while (true) {
    const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return fail(Errc::io, fmt::format("read standard input: {}", std::strerror(errno)));
    }
    if (got == 0) {
      return out;
    }
    out.append(buffer.data(), static_cast<std::size_t>(got));
    if (out.size() > kDocumentBytesMax) {
      return fail(Errc::invalid, "standard input is larger than 10 MiB");
    }
  }
}

void write_stream(std::FILE* stream, std::string_view text) {
  // Nobody reads any more: there is no one to tell.
  (void)std::fwrite(text.data(), 1, text.size(), stream);
}

/// A random UUID (RFC 9562, version 4).
std::string random_uuid() {
  const std::uint64_t high = (sys::random_u64() & 0xFFFFFFFFFFFF0FFFULL) | 0x4000ULL;
  const std::uint64_t low = (sys::random_u64() & 0x3FFFFFFFFFFFFFFFULL) | 0x8000000000000000ULL;
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32U, (high >> 16U) & 0xFFFFU,
                     high & 0xFFFFU, low >> 48U, low & 0xFFFFFFFFFFFFULL);
}

}  // namespace

World system_world(const std::string& argv0) {
  World out;
  out.program = std::filesystem::path(argv0).filename().string();
  out.out = [](std::string_view text) { write_stream(stdout, text); };
  out.err = [](std::string_view text) {
    // In order with what went before.
    (void)std::fflush(stdout);
    write_stream(stderr, text);
  };
  out.read_input = read_standard_input;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos) {
      out.environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  out.is_root = ::geteuid() == 0;
  out.client.new_uid = random_uuid;
  out.client.now = [] {
    const std::string now = sys::format_utc(sys::wall_now());
    return now.substr(0, now.find('.')) + "Z";
  };
  out.client.pause = [](Duration delay) {
    // Between tries of what others may do first; there is nothing to wait for.
    (void)::poll(nullptr, 0, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(delay).count()));
  };
  out.client.clock_ns = [] {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(sys::wall_now().time_since_epoch()).count());
  };
  out.open_store = [environment = out.environment](const std::string& config) {
    return open_store(config, environment);
  };
  return out;
}

}  // namespace catflap::calico::ctl
