#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "calico/ctl/arguments.hpp"
#include "calico/ctl/world.hpp"

namespace catflap::calico::ctl {

/// What a command was called with.
struct Call {
  Arguments arguments;
  World& world;
  std::string line;  ///< the words, for messages
};

/// A command ends with success or with an error, whose message goes to standard error before exit 1. An empty
/// message was printed already.
using Handler = Status (*)(Call& call);

struct Command {
  std::string_view path;  ///< "ipam show"
  std::string_view brief;
  std::string_view usage;  ///< behind "PROGRAM path"; a line for every form
  std::string_view help;   ///< examples, options, what it does; <P> is the program's name
  std::span<const Option> options;
  std::size_t least = 0;  ///< positional arguments
  std::size_t most = 0;
  Handler handler = nullptr;
};

/// Commands by area, in the order of the help.
std::span<const Command> resource_commands();
std::span<const Command> ipam_commands();
std::span<const Command> node_commands();
std::span<const Command> datastore_commands();
std::span<const Command> legacy_commands();
std::span<const Command> etcd2_commands();

/// Runs `PROGRAM words...`; the exit status.
int run(std::span<const std::string> words, World& world);

}  // namespace catflap::calico::ctl
