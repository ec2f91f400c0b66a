#pragma once

#include <filesystem>

#include "lab/scenario.hpp"

namespace catflap::lab {

/// Writes what is known of a lab whose check failed into a new folder `parent`/fail-N: explanation.txt and
/// explanation.json, lab.yaml (the topology as it ran), and per node its log, configuration, and state.json
/// with process, protocols, RIB, kernel routes and links, and its event logs if they were recorded. Returns
/// the folder.
Result<std::filesystem::path> save_evidence(Engine& engine, const ScenarioReport& report,
                                            const std::filesystem::path& parent);

}  // namespace catflap::lab
