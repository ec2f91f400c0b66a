#pragma once

#include <string>

#include "base/result.hpp"
#include "calico/client/client.hpp"

/// What goes before a resource goes.
namespace catflap::calico {

/// In Calico's order: the addresses of the node's endpoints and tunnels are released, its endpoints deleted,
/// its IPAM affinities and host key dropped, then its BGPPeers, its Felix and BGP configurations
/// "node.<name>" and its HostEndpoints. `node` is null where the Node itself is not there. May be repeated
/// after a failure.
Status clean_up_node(Client& client, const std::string& name, const Resource* node);

/// Disables the pool so that nobody assigns from it any more, waits for those who are at it, and releases the
/// affinities of its blocks. `pool` is then as it was written.
Status retire_pool(Client& client, Record& pool);

}  // namespace catflap::calico
