#pragma once

#include "calico/ctl/command.hpp"

namespace catflap::calico::ctl {

/// `node checksystem`: the kernel's version and modules, as calicoctl lists them.
Status node_checksystem(Call& call);
/// `node diags`: an archive with what helps to find out why a node does not work.
Status node_diags(Call& call);
/// `node run`: says how nodes are run here.
Status node_run(Call& call);

}  // namespace catflap::calico::ctl
