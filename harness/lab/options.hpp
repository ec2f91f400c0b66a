#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "base/instant.hpp"
#include "base/result.hpp"

namespace catflap::lab {

/// How a lab is brought up.
struct Options {
  std::filesystem::path run_root = default_run_root();  ///< each lab has a folder of its own in it
  std::string
      instance;  ///< name of that folder; "": the lab's name and our pid, for labs that live in this process
  std::filesystem::path
      base_dir;  ///< configuration files of nodes are relative to it; "": the topology file's folder
  std::filesystem::path record{};  ///< folder for an event log of each speaker of ours; "": none
  Duration ready_timeout = std::chrono::seconds(10);  ///< until every daemon answers

  /// CATFLAP_RUN_DIR, or /run/catflap.
  static std::filesystem::path default_run_root();
};

/// A finished stage of the bring-up: "namespaces and links", "speakers ready".
struct Stage {
  std::string what;
  Duration took{};
};
using Progress = std::function<void(const Stage&)>;

}  // namespace catflap::lab
