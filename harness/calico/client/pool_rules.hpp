#pragma once

#include "base/result.hpp"
#include "calico/client/records.hpp"
#include "calico/model/resource.hpp"

namespace catflap::calico {

/// Normalises the CIDR, sets the defaults of a pool and checks it, `old` (null for a new one) and the other
/// pools: what Calico's client does before its validator.
Status prepare_pool(const Records& records, Resource& pool, const Resource* old);

/// Errc::invalid if there are blocks in the pool's range of another size than its blockSize.
Status check_block_size(const Records& records, const Resource& pool);

}  // namespace catflap::calico
