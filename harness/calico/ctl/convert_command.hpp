#pragma once

#include "calico/ctl/command.hpp"

namespace catflap::calico::ctl {

/// `convert -f FILE`: v1 resources as v3.
Status convert_files(Call& call);

}  // namespace catflap::calico::ctl
