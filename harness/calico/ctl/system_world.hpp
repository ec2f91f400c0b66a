#pragma once

#include <string>

#include "calico/ctl/world.hpp"

namespace catflap::calico::ctl {

/// The world of a program: its standard streams, environment and clock. `argv0` as main() has it: what it
/// ends with is the program's name in help texts.
World system_world(const std::string& argv0);

}  // namespace catflap::calico::ctl
