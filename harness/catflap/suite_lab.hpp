#pragma once

#include <optional>
#include <string>

#include "catflap/lab.hpp"

namespace catflap::detail {

/// Brings a lab up for a suite; remembers why it did not come up.
class SuiteLab {
 public:
  /// `file` as given, or in one of the folders of CATFLAP_TOPOLOGY_PATH (separated by colons).
  void up(const std::string& file);
  void down() { lab_.reset(); }
  /// Undoes what the test before did. Not for the first one: the lab is new.
  void before_test();
  Lab* lab() { return lab_ ? &*lab_ : nullptr; }
  const std::optional<LabError>& error() const { return error_; }

 private:
  std::optional<Lab> lab_;
  std::optional<LabError> error_;
  bool used_ = false;
};

}  // namespace catflap::detail
