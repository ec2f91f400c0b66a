#pragma once

#include <string_view>

#include "base/result.hpp"
#include "calico/client/records.hpp"
#include "calico/model/resource.hpp"

/// What Calico's client does to a resource before it writes it, kind by kind (libcalico-go's lib/clientv3):
/// defaults, checks against what else is in the store, labels that it forces.
namespace catflap::calico {

inline constexpr std::string_view kDefaultAllowProfile = "projectcalico-default-allow";

/// Makes `resource` what will be stored, or says why it must not be.
Status prepare_create(const Records& records, Resource& resource);
/// The same where `old` is replaced.
Status prepare_update(const Records& records, Resource& resource, const Resource& old);
/// Whether the resource may be deleted at all; tiers must be empty.
Status check_removable(const Records& records, const Resource& resource);

}  // namespace catflap::calico
