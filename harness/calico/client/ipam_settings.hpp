#pragma once

#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/result.hpp"

/// IPAMConfiguration is one entry of IPAM's own in the store (/calico/ipam/v2/config), not a resource like
/// others: it keeps no uid and no labels.
namespace catflap::calico {

/// The document of the IPAMConfiguration "default" from the entry's value.
nlohmann::json ipam_configuration(const nlohmann::json& entry);
/// The value of the entry from the document. As Calico writes it: what is false or 0 is left out.
nlohmann::json ipam_entry(const nlohmann::json& document);

}  // namespace catflap::calico
