#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "daemons/adapter.hpp"

namespace catflap::daemons {

/// Looks for a daemon and asks it for its version. `program` is used instead of searching if it is not empty.
/// Errc::not_found says which package has it and which variable names it; Errc::invalid for an unknown name.
/// Knows more daemons than labs can run: those of the interoperability tests as well.
Result<Program> find_daemon(std::string_view name, const std::filesystem::path& program = {});
/// The names that find_daemon knows: "self", "bird", "bird1", "frr", "gobgp", "openbgpd", "exabgp".
std::vector<std::string_view> daemon_names();

}  // namespace catflap::daemons
