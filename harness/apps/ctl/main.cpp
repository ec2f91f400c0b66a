#include <cstdio>
#include <string>
#include <vector>

#include "calico/ctl/command.hpp"
#include "calico/ctl/system_world.hpp"

int main(int argc, char** argv) {
  using namespace catflap::calico;
  ctl::World world = ctl::system_world(argc > 0 ? argv[0] : "calicoctl");
  const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  const int status = ctl::run(words, world);
  // What could not be written was not done: a full disk must not look like success.
  return std::fflush(stdout) == 0 ? status : 1;
}
