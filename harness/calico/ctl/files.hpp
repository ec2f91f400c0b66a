#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "calico/ctl/world.hpp"
#include "calico/model/resource.hpp"

namespace catflap::calico::ctl {

struct InputFile {
  std::string name;  ///< "-" for standard input
  std::string text;
};

/// The files that `-f` names: one, standard input, or those of a folder that end with .yaml, .yml or .json,
/// in lexical order; of folders below it with `recursive`. Errors carry no prefix.
Result<std::vector<InputFile>> read_input_files(const World& world, const std::string& name, bool recursive);

struct FileOptions {
  std::string name;
  bool recursive = false;
  bool skip_empty = false;
};

/// An error of loading, and whether it lies in the text of a file (which calicoctl words otherwise).
struct LoadError {
  std::string message;
  bool in_file = false;
};

struct Loaded {
  std::vector<Resource> resources;  ///< of v3; those of the v1 API are converted
  std::vector<std::string> kinds;   ///< as the file names them, one for each resource: "bgpPeer" of v1
  std::optional<LoadError> error;
};

/// The resources of those files, in order.
Loaded load_resources(const World& world, const FileOptions& options);

}  // namespace catflap::calico::ctl
