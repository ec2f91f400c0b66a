#include "daemons/find.hpp"

#include <array>
#include <cstdlib>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/suggest.hpp"
#include "sys/process.hpp"

namespace catflap::daemons {
namespace {

using namespace std::chrono_literals;

/// Where a daemon usually is, and how it is asked for its version.
struct Known {
  std::string_view name;
  std::array<std::string_view, 3> places;  ///< names are looked for on the PATH and in /usr/sbin
  std::string_view variable;               ///< environment variable that names another program
  std::string_view version_option;
  std::string_view version_prefix;  ///< what the version has to begin with
  std::string_view advice;
};

constexpr std::array<Known, 7> kKnown{{
    {"self", {"catflap-bgpd"}, "CATFLAP_BGPD", "--version", "", "build it, or name it with CATFLAP_BGPD"},
    {"bird",
     {"bird"},
     "CATFLAP_BIRD",
     "--version",
     "2.",
     "install the Debian package bird2 (apt-get install bird2), or name the program with CATFLAP_BIRD"},
    {"bird1",
     {"bird"},
     "CATFLAP_BIRD1",
     "--version",
     "1.",
     "unpack the Debian package bird (it cannot be installed beside bird2) and name its program with "
     "CATFLAP_BIRD1"},
    {"frr",
     {"/usr/lib/frr/bgpd", "/usr/libexec/frr/bgpd"},
     "CATFLAP_FRR",
     "--version",
     "",
     "install the package frr, or name its bgpd with CATFLAP_FRR"},
    {"gobgp", {"gobgpd"}, "CATFLAP_GOBGP", "--version", "", "install the package gobgpd"},
    {"openbgpd", {"bgpd"}, "CATFLAP_OPENBGPD", "-V", "", "install the package openbgpd"},
    {"exabgp", {"exabgp"}, "CATFLAP_EXABGP", "--version", "", "install the package exabgp"},
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

std::vector<std::filesystem::path> candidates(const Known& known, const std::filesystem::path& program) {
  if (!program.empty()) {
    return {program};
  }
  if (const char* named = std::getenv(std::string(known.variable).c_str());
      named != nullptr && *named != '\0') {
    return {named};
  }
  std::vector<std::filesystem::path> places;
  std::error_code ignored;
  const auto own = std::filesystem::read_symlink("/proc/self/exe", ignored);
  if (!ignored && known.name == "self") {
    places.push_back(own.parent_path() / known.places[0]);
  }
  if (!ignored && known.name == "bird1") {  // build/PRESET/bin, and where ci/install-deps unpacks it
    places.push_back((own.parent_path() / "../../peers/bird1/usr/sbin/bird").lexically_normal());
  }
  for (const std::string_view place : known.places) {
    if (!place.empty()) {
      places.emplace_back(place);
      places.push_back(std::filesystem::path("/usr/sbin") / place);
    }
  }
  return places;
}

Result<std::string> read_version(const std::filesystem::path& program, std::string_view option) {
  sys::proc::Spawn spawn;
  spawn.program = program;
  spawn.args = {std::string(option)};
  const auto result = sys::proc::run(std::move(spawn), {5s});
  if (!result) {
    return fail(result.error());
  }
  std::string version = version_in(result->out + result->err);
  if (version.empty()) {
    return fail(Errc::unsupported, fmt::format("{} {} tells no version", program.string(), option));
  }
  return version;
}

}  // namespace

Result<Program> find_daemon(std::string_view name, const std::filesystem::path& program) {
  for (const Known& known : kKnown) {
    if (known.name != name) {
      continue;
    }
    Error last{Errc::not_found, fmt::format("{} is not there", known.places[0])};
    for (const auto& candidate : candidates(known, program)) {
      const auto path = sys::proc::find_program(candidate);
      if (!path) {
        last = path.error();
        continue;
      }
      auto version = read_version(*path, known.version_option);
      if (!version && version.error().code == Errc::not_found) {
        last = version.error();
        continue;
      }
      if (!version) {
        return fail(std::move(version).error());
      }
      if (!version->starts_with(known.version_prefix)) {
        last = {Errc::not_found, fmt::format("{} is BIRD {}", path->string(), *version)};
        continue;
      }
      return Program{*path, std::move(*version)};
    }
    return fail(Errc::not_found, fmt::format("{}: {}; {}", known.name, last.message, known.advice));
  }
  return fail(Errc::invalid, fmt::format("unknown daemon '{}'{}", name, did_you_mean(name, daemon_names())));
}

std::vector<std::string_view> daemon_names() {
  std::vector<std::string_view> names;
  for (const Known& known : kKnown) {
    names.push_back(known.name);
  }
  return names;
}

}  // namespace catflap::daemons
