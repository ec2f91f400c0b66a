#pragma once

#include <cstdint>

#include "base/result.hpp"
#include "sys/unique_fd.hpp"

/// What Socket and Monitor have in common. Not for use outside this module.
namespace catflap::netlink {

Result<sys::UniqueFd> open_netlink_here();
Status bind_netlink(int fd);
/// Beyond net.core.rmem_max where we may; as far as we can otherwise.
void grow_receive_buffer(int fd, int octets);

}  // namespace catflap::netlink
