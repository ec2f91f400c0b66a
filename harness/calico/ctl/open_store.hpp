#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "calico/store/datastore.hpp"

namespace catflap::calico::ctl {

using Environment = std::map<std::string, std::string, std::less<>>;

/// The datastore that the configuration file or the environment names.
Result<std::unique_ptr<Datastore>> open_store(const std::string& config, const Environment& environment);

}  // namespace catflap::calico::ctl
