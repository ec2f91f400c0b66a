#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "expect/wiring.hpp"
#include "netlink/socket.hpp"
#include "sys/netns.hpp"

namespace catflap::lab {

/// A node's namespace with a netlink socket in it.
struct NodeNet {
  std::shared_ptr<const sys::netns::Handle> ns;
  std::unique_ptr<netlink::Socket> netlink;
};

/// Makes the namespaces and links of a lab: both ends of each link where they belong, nothing moved, nothing
/// in the namespace of the caller. Everything vanishes with the last handle, so a failure leaves nothing
/// behind. Errc::denied without the privilege, with what to do.
Result<std::map<std::string, NodeNet>> build_network(const expect::Wiring& wiring,
                                                     const std::string& instance);

}  // namespace catflap::lab
