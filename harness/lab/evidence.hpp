#pragma once

#include <filesystem>

#include "lab/scenario.hpp"

namespace catflap::lab {

/// Writes what is known of a lab whose check failed into `folder`, which is replaced: explanation.txt and
/// explanation.json, lab.yaml (the topology as it ran), and per node its log, configuration, protocols, RIB,
/// kernel routes and links.
Status save_evidence(Engine& engine, const ScenarioReport& report, const std::filesystem::path& folder);

}  // namespace catflap::lab
