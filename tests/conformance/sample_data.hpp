#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

/// Sample data that is not part of the repository.
namespace catflap::conformance {

/// The folder named by CATFLAP_DATA, or the default beside the checkout.
inline std::filesystem::path data_folder() {
  const char* named = std::getenv("CATFLAP_DATA");
  return named != nullptr ? std::filesystem::path(named)
                          : std::filesystem::path(CATFLAP_SOURCE_DIR "/../shared/data");
}

/// A JSON file below the folder; nullopt if it is not there. A file that is there but no JSON throws: the
/// test fails.
inline std::optional<nlohmann::json> load_json(const std::string& name) {
  std::ifstream file(data_folder() / name);
  if (!file) {
    return std::nullopt;
  }
  return nlohmann::json::parse(file);
}

}  // namespace catflap::conformance

/// Loads a file into `variable` or skips the test.
#define CATFLAP_LOAD_OR_SKIP(variable, name)                          \
  const auto variable##_file = catflap::conformance::load_json(name); \
  if (!variable##_file) {                                             \
    GTEST_SKIP() << "skipped: no data";                               \
  }                                                                   \
  const nlohmann::json& variable = *variable##_file
