#pragma once

#include "calico/ctl/command.hpp"

namespace catflap::calico::ctl {

/// `version [--client] [--poll=DURATION]`.
Status version(Call& call);

}  // namespace catflap::calico::ctl
