#include "daemons/adapter.hpp"

#include <array>
#include <cstdlib>
#include <regex>
#include <utility>

#include <fmt/format.h>

#include "base/suggest.hpp"
#include "daemons/links.hpp"
#include "sys/process.hpp"

namespace catflap::daemons {
namespace {

using namespace std::chrono_literals;

/// What is different from daemon to daemon; all of them take BIRD's command line.
struct Kind {
  std::string_view name;
  std::string_view program;   ///< its usual name
  std::string_view variable;  ///< environment variable that names another one
  std::string_view advice;    ///< what to do if it is not there
  Capabilities capabilities;
};

constexpr Capabilities kSelfCapabilities{.event_stream = true};
constexpr Capabilities kBird2Capabilities{};
constexpr Capabilities kBird1Capabilities{.ipv6 = false, .long_lived_graceful_restart = false};

constexpr std::array<Kind, 3> kKinds{{
    {"self", "catflap-bgpd", "CATFLAP_BGPD", "build it, or name it with CATFLAP_BGPD", kSelfCapabilities},
    {"bird", "bird", "CATFLAP_BIRD",
     "install the Debian package bird2 (apt-get install bird2), or name the program with "
     "CATFLAP_BIRD",
     kBird2Capabilities},
    {"bird1", "bird", "CATFLAP_BIRD1",
     "unpack the Debian package bird (it cannot be installed beside bird2) and name its program with "
     "CATFLAP_BIRD1",
     kBird1Capabilities},
}};

/// The digits and dots behind "version " or "bird ", without a packager's suffix.
std::string version_in(const std::string& text) {
  const auto start = text.find_first_of("0123456789");
  if (start == std::string::npos) {
    return "";
  }
  const auto end = text.find_first_not_of("0123456789.", start);
  return text.substr(start, end == std::string::npos ? end : end - start);
}

class BirdLikeAdapter final : public Adapter {
 public:
  BirdLikeAdapter(const Kind& kind, AdapterOptions options) : kind_(kind), options_(std::move(options)) {}

  std::string_view name() const override { return kind_.name; }
  Capabilities capabilities() const override { return kind_.capabilities; }

  Result<Program> detect() const override {
    Error last{Errc::not_found, fmt::format("{} is not there", kind_.program)};
    for (const auto& candidate : candidates()) {
      const auto path = sys::proc::find_program(candidate);
      if (!path) {
        last = path.error();
        continue;
      }
      auto version = read_version(*path);
      if (!version && version.error().code == Errc::not_found) {
        last = version.error();
        continue;
      }
      if (!version) {
        return fail(std::move(version).error());
      }
      if (const auto status = check_version(*path, *version); !status) {
        return fail(status.error());
      }
      return Program{*path, std::move(*version)};
    }
    return fail(Errc::not_found, fmt::format("{}: {}; {}", kind_.name, last.message, kind_.advice));
  }

  Result<Rendered> render(std::string_view config, const Paths& paths) const override {
    return Rendered{{paths.config, std::string(config)}};
  }

  std::vector<std::string> argv(const Paths& paths, bool recover) const override {
    std::vector<std::string> arguments{"-f", "-c", paths.config, "-s", paths.control, "-P", paths.pid};
    if (kind_.capabilities.event_stream) {
      arguments.insert(arguments.end(), {"--events", paths.events});
    }
    if (kind_.name == "self" && !paths.record.empty()) {
      arguments.insert(arguments.end(), {"--record", paths.record});
    }
    if (recover) {
      arguments.emplace_back("-R");
    }
    return arguments;
  }

  Status check_config(const Program& program, const Paths& paths) const override {
    sys::proc::Spawn spawn;
    spawn.program = program.path;
    spawn.args = {"-p", "-c", paths.config};
    auto result = sys::proc::run(std::move(spawn));
    if (!result) {
      return fail(std::move(result).error());
    }
    if (result->status.ok()) {
      return {};
    }
    std::string text = result->err.empty() ? result->out : result->err;
    while (!text.empty() && text.back() == '\n') {
      text.pop_back();
    }
    // The message is the last line; notes may stand before it.
    text.erase(0, text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1);
    if (text.empty()) {
      text = fmt::format("{} refused it without a word ({})", program.path.string(),
                         sys::proc::to_string(result->status));
    }
    return fail(parse_config_error(text));
  }

  std::unique_ptr<Link> link(sys::EventLoop& loop, const Paths& paths, LinkEvents events) const override {
    if (kind_.capabilities.event_stream) {
      return std::make_unique<StreamLink>(loop, paths, std::move(events));
    }
    return std::make_unique<PolledLink>(loop, paths, std::move(events));
  }

 private:
  std::vector<std::filesystem::path> candidates() const {
    if (!options_.program.empty()) {
      return {options_.program};
    }
    if (const char* named = std::getenv(std::string(kind_.variable).c_str());
        named != nullptr && *named != '\0') {
      return {named};
    }
    std::vector<std::filesystem::path> places;
    if (kind_.name == "self") {
      std::error_code ignored;
      const auto own = std::filesystem::read_symlink("/proc/self/exe", ignored);
      if (!ignored) {
        places.push_back(own.parent_path() / kind_.program);
      }
    }
    places.emplace_back(kind_.program);
    places.push_back(std::filesystem::path("/usr/sbin") / kind_.program);
    return places;
  }

  static Result<std::string> read_version(const std::filesystem::path& program) {
    sys::proc::Spawn spawn;
    spawn.program = program;
    spawn.args = {"--version"};
    const auto result = sys::proc::run(std::move(spawn), {5s});
    if (!result) {
      return fail(result.error());
    }
    std::string version = version_in(result->out + result->err);
    if (version.empty()) {
      return fail(Errc::unsupported, fmt::format("{} --version tells no version", program.string()));
    }
    return version;
  }

  Status check_version(const std::filesystem::path& path, const std::string& version) const {
    const bool is_old = version.starts_with("1.");
    if ((kind_.name == "bird" && is_old) || (kind_.name == "bird1" && !is_old)) {
      return fail(Errc::not_found,
                  fmt::format("{}: {} is BIRD {}; {}", kind_.name, path.string(), version, kind_.advice));
    }
    return {};
  }

  Kind kind_;
  AdapterOptions options_;
};

}  // namespace

Paths paths_in(const std::filesystem::path& folder) {
  return {folder / "bird.conf", folder / "bird.ctl", folder / "bird.pid", folder / "events.sock"};
}

Result<std::unique_ptr<Adapter>> make_adapter(std::string_view name, AdapterOptions options) {
  for (const Kind& kind : kKinds) {
    if (kind.name == name) {
      return std::make_unique<BirdLikeAdapter>(kind, std::move(options));
    }
  }
  return fail(Errc::invalid,
              fmt::format("unknown speaker '{}'{}", name, did_you_mean(name, adapter_names())));
}

std::vector<std::string_view> adapter_names() {
  std::vector<std::string_view> names;
  for (const Kind& kind : kKinds) {
    names.push_back(kind.name);
  }
  return names;
}

Error parse_config_error(std::string_view text) {
  Error error{Errc::invalid, std::string(text)};
  // "bird: /etc/bird.conf:4:2 syntax error, ...": the file ends where two numbers follow.
  static const std::regex kPattern(R"(^(?:bird6?: |catflap-bgpd: )?(.+?):(\d{1,9}):(\d{1,9}):? +(.*)$)");
  std::smatch match;
  const std::string owned(text);
  if (std::regex_match(owned, match, kPattern)) {
    error.where = SourcePos{match[1], static_cast<std::uint32_t>(std::stoul(match[2])),
                            static_cast<std::uint32_t>(std::stoul(match[3]))};
    error.message = match[4];
  }
  return error;
}

}  // namespace catflap::daemons
