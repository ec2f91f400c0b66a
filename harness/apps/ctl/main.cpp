#include <cstdio>
#include <string>
#include <vector>

#include "calico/ctl/command.hpp"
#include "calico/ctl/kubectl.hpp"
#include "calico/ctl/system_world.hpp"

int main(int argc, char** argv) {
  using namespace catflap::calico;
  ctl::World world = ctl::system_world(argc > 0 ? argv[0] : "calicoctl");
  std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  // What `catflap kubectl` calls; also for those who link the program under that name.
  const bool kubectl = world.program == "kubectl" || (!words.empty() && words.front() == "kubectl");
  if (kubectl && world.program != "kubectl") {
    words.erase(words.begin());
  }
  const int status = kubectl ? ctl::run_kubectl(words, world) : ctl::run(words, world);
  // What could not be written was not done: a full disk must not look like success.
  return std::fflush(stdout) == 0 ? status : 1;
}
