#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/result.hpp"

namespace catflap::lab {

/// {"ok": false, "code", "message", "file", "line", "column"}.
nlohmann::json error_to_json(const Error& error);
Error error_from_json(const nlohmann::json& value);

}  // namespace catflap::lab
