#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "birdlang/birdlang.hpp"
#include "intent/router.hpp"

namespace catflap::runtime {

/// Reads a BIRD configuration with everything it includes. Errors have file, line and column; a file that
/// cannot be read is "FILE: No such file or directory".
Result<std::shared_ptr<const intent::RouterIntent>> load_config(const std::filesystem::path& file,
                                                                birdlang::Dialect dialect,
                                                                net::Family family);

/// The host name of this machine up to the first dot, as BIRD shows it.
std::string host_name();

}  // namespace catflap::runtime
