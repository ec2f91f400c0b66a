#pragma once

#include "calico/ctl/world.hpp"

namespace catflap::calico::ctl {

/// Which of Calico's processes run here.
struct RunningDaemons {
  bool calico = false;  ///< Felix, or the agent of a lab
  bool bird = false;
  bool bird6 = false;
  bool shared = false;  ///< one daemon speaks both families, at the socket of `bird`
};

/// Of the node of the lab that the environment names (CATFLAP_BIRD_SOCKET, CATFLAP_BIRD6_SOCKET); else of the
/// processes that this one can see, by their command lines as calicoctl does it.
RunningDaemons running_daemons(const World& world);

}  // namespace catflap::calico::ctl
