#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "apps/catflap/verbs.hpp"
#include "lab/options.hpp"
#include "sys/error.hpp"

/// calicoctl inside of labs: the program catflap-ctl beside this one.
namespace catflap::app {

namespace {

namespace fs = std::filesystem;

constexpr const char* kProgram = "catflap-ctl";

/// Where our programs are; empty if the system does not tell.
fs::path program_folder() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).parent_path();
}

fs::path lab_folder(const std::string& lab) {
  return lab::Options::default_run_root() / lab;
}

void set(const char* name, const std::string& value) {
  ::setenv(name, value.c_str(), 1);
}

void set_store(const fs::path& folder) {
  set("CATFLAP_STORE", (folder / "calico.db").string());
}

}  // namespace

void set_node_environment(const Common& common, const std::string& node) {
  set("CATFLAP_NODE", node);
  if (const Result<std::string> lab = chosen_lab(common)) {
    const fs::path folder = lab_folder(*lab);
    set_store(folder);
    set("CATFLAP_BIRD_SOCKET", (folder / "nodes" / node / "bird.ctl").string());
  }
  const fs::path programs = program_folder();
  const char* const path = std::getenv("PATH");
  if (!programs.empty()) {
    set("PATH",
        path != nullptr && *path != '\0' ? fmt::format("{}:{}", programs.string(), path) : programs.string());
  }
}

int ctl(const Common& common, std::vector<std::string> words, bool kubectl) {
  Common chosen = common;
  if (words.size() > 1 && words[1] == "--") {
    chosen.lab = words.front();
    words.erase(words.begin());
  }
  if (!words.empty() && words.front() == "--") {
    words.erase(words.begin());
  }
  const Result<std::string> lab = chosen_lab(chosen);
  if (!lab) {
    return report_error(common, lab.error());
  }
  const fs::path folder = lab_folder(*lab);
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    return report_error(common, Error{Errc::not_found, fmt::format("no lab '{}' is up", *lab)});
  }
  set_store(folder);
  const std::string program = (program_folder() / kProgram).string();
  // By the name that calicoctl's own help has.
  std::vector<std::string> arguments{kubectl ? kProgram : "calicoctl"};
  if (kubectl) {
    arguments.emplace_back("kubectl");
  }
  arguments.insert(arguments.end(), words.begin(), words.end());
  std::vector<char*> pointers;
  for (std::string& argument : arguments) {
    pointers.push_back(argument.data());
  }
  pointers.push_back(nullptr);
  ::execv(program.c_str(), pointers.data());
  return report_error(common, sys::last_error(fmt::format("cannot run {}", program)));
}

}  // namespace catflap::app
