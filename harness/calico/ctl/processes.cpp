#include "calico/ctl/processes.hpp"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "sys/files.hpp"
#include "sys/unix_socket.hpp"

namespace catflap::calico::ctl {

namespace {

namespace fs = std::filesystem;

std::vector<std::string> command_line(const fs::path& process) {
  std::vector<std::string> out;
  // Of a process that has ended, or that is not ours to see, there is none.
  const Result<std::string> text = sys::read_file(process / "cmdline");
  for (std::size_t at = 0; text && at < text->size();) {
    const std::size_t end = std::min(text->find('\0', at), text->size());
    out.push_back(text->substr(at, end - at));
    at = end + 1;
  }
  return out;
}

bool accepts(const World& world, std::string_view variable) {
  const auto path = world.environment.find(variable);
  return path != world.environment.end() &&
         sys::unix_connect(path->second, sys::UnixType::stream).has_value();
}

}  // namespace

RunningDaemons running_daemons(const World& world) {
  RunningDaemons out;
  if (world.environment.count("CATFLAP_BIRD_SOCKET") > 0) {
    out.calico = true;
    out.bird = accepts(world, "CATFLAP_BIRD_SOCKET");
    out.shared = world.environment.count("CATFLAP_BIRD6_SOCKET") == 0;
    out.bird6 = out.shared ? out.bird : accepts(world, "CATFLAP_BIRD6_SOCKET");
    return out;
  }
  std::error_code error;
  for (fs::directory_iterator it("/proc", error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) {
      continue;
    }
    const std::vector<std::string> words = command_line(it->path());
    if (words.empty()) {
      continue;
    }
    const std::string program = fs::path(words.front()).filename().string();
    const bool own = program == "catflap-bgpd";
    out.calico |= own || words.front() == "calico-felix" ||
                  (words.front() == "calico-node" && words.size() > 1 && words[1] == "-felix");
    out.bird |= own || words.front() == "bird";
    out.bird6 |= own || words.front() == "bird6";
    out.shared |= own;
  }
  return out;
}

}  // namespace catflap::calico::ctl
