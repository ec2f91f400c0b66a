#include "catflap/suite_lab.hpp"

#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <utility>

namespace catflap::detail {
namespace {

std::filesystem::path find_topology(const std::string& file) {
  const char* const path = std::getenv("CATFLAP_TOPOLOGY_PATH");
  std::string_view left = path == nullptr ? "" : path;
  std::error_code ignored;  // a folder that cannot be looked into does not have it
  while (!left.empty() && !std::filesystem::exists(file, ignored)) {
    const std::size_t colon = left.find(':');
    auto candidate = std::filesystem::path(left.substr(0, colon)) / file;
    if (std::filesystem::exists(candidate, ignored)) {
      return candidate;
    }
    left = colon == std::string_view::npos ? "" : left.substr(colon + 1);
  }
  return file;
}

}  // namespace

void SuiteLab::up(const std::string& file) {
  error_.reset();
  used_ = false;
  try {
    lab_.emplace(load(find_topology(file)));
  } catch (const LabError& error) {
    error_ = error;
  }
}

void SuiteLab::before_test() {
  if (!std::exchange(used_, true) || !lab_) {
    return;
  }
  try {
    lab_->reset();
  } catch (const LabError& error) {
    error_ = error;
  }
}

}  // namespace catflap::detail
