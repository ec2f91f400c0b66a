#pragma once

#include <string>

#include "lab/engine.hpp"

namespace catflap::lab {

/// The state of a lab as a JSON object: nodes with their processes and route counts, sessions with both ends.
std::string status_json(Engine& engine);
/// The same as tables for people; `json` as status_json() returns it.
std::string format_status(const std::string& json);

}  // namespace catflap::lab
