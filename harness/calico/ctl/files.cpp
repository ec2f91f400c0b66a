#include "calico/ctl/files.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "calico/model/convert.hpp"
#include "calico/model/decode.hpp"
#include "calico/model/kind.hpp"
#include "calico/model/legacy.hpp"
#include "sys/files.hpp"

namespace catflap::calico::ctl {

namespace {

namespace fs = std::filesystem;

/// How deep folders are followed.
constexpr int kMaxDepth = 64;

bool is_manifest(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

/// Lexical order of the names in each folder, folders among the files, as filepath.Walk goes.
Status walk(const fs::path& folder, bool recursive, int depth, std::vector<fs::path>& out) {
  std::error_code error;
  std::vector<fs::path> entries;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    entries.push_back(it->path());
  }
  if (error) {
    return fail(Errc::io, fmt::format("open {}: {}", folder.string(), error.message()));
  }
  std::sort(entries.begin(), entries.end());
  for (const fs::path& entry : entries) {
    if (fs::is_directory(fs::symlink_status(entry, error))) {
      if (recursive && depth < kMaxDepth) {
        if (Status below = walk(entry, recursive, depth + 1, out); !below) {
          return below;
        }
      }
    } else if (is_manifest(entry)) {
      out.push_back(entry);
    }
  }
  return {};
}

/// Go's words for what open(2) says.
std::string open_error(const std::string& name, const Error& error) {
  return error.code == Errc::not_found ? fmt::format("open {}: no such file or directory", name)
         : error.code == Errc::denied  ? fmt::format("open {}: permission denied", name)
                                       : error.message;
}

/// What calicoctl 1.x read, too.
const KindInfo* find_kind_of_any_version(std::string_view api_version, std::string_view kind) {
  const KindInfo* v3 = find_kind(api_version, kind);
  const bool known = v3 != nullptr && v3->group == ApiGroup::calico_v3 && v3->in_calicoctl;
  return known ? v3 : find_v1_kind(api_version, kind);
}

/// Takes the resources over as v3.
Status take(std::vector<Resource> resources, Loaded& out) {
  for (Resource& resource : resources) {
    out.kinds.emplace_back(resource.kind().kind);
    if (resource.kind().group != ApiGroup::calico_v1) {
      out.resources.push_back(std::move(resource));
      continue;
    }
    if (Status valid = check_valid(resource); !valid) {
      return valid;
    }
    Result<Resource> converted = convert_to_v3(resource);
    if (!converted) {
      return fail(converted.error());
    }
    // What convert writes for people to see.
    converted->metadata().erase("creationTimestamp");
    out.resources.push_back(std::move(*converted));
  }
  return {};
}

}  // namespace

Result<std::vector<InputFile>> read_input_files(const World& world, const std::string& name, bool recursive) {
  std::vector<InputFile> out;
  if (name == "-") {
    Result<std::string> text = world.read_input();
    if (!text) {
      return fail(text.error());
    }
    out.push_back({name, std::move(*text)});
    return out;
  }
  std::vector<fs::path> paths;
  std::error_code error;
  if (fs::is_directory(name, error)) {
    if (Status walked = walk(name, recursive, 0, paths); !walked) {
      return fail(walked.error());
    }
  } else {
    paths.emplace_back(name);
  }
  for (const fs::path& path : paths) {
    Result<std::string> text = sys::read_file(path, kDocumentBytesMax);
    if (!text) {
      return refuse(open_error(path.string(), text.error()));
    }
    out.push_back({path.string(), std::move(*text)});
  }
  return out;
}

Loaded load_resources(const World& world, const FileOptions& options) {
  Loaded out;
  const Result<std::vector<InputFile>> files = read_input_files(world, options.name, options.recursive);
  if (!files) {
    out.error = LoadError{files.error().message, true};
    return out;
  }
  for (const InputFile& file : *files) {
    ReadReport report = read_resources(file.text, file.name, {find_kind_of_any_version, true});
    if (!report.ok()) {
      const Diagnostic& first = report.diagnostics.front();
      std::string message = first.message;
      // Calico's line alone names no place: it follows, with what else is wrong.
      for (const Diagnostic& diagnostic : report.diagnostics) {
        message += "\n  " + to_string(diagnostic);
      }
      out.error = LoadError{std::move(message), true};
      return out;
    }
    if (report.resources.empty() && !options.skip_empty) {
      out.error = LoadError{fmt::format("no resources specified in file {}", file.name), false};
      return out;
    }
    if (Status taken = take(std::move(report.resources), out); !taken) {
      out.error = LoadError{taken.error().message, true};
      return out;
    }
  }
  if (out.resources.empty() && !options.skip_empty) {
    out.error = LoadError{fmt::format("no resources specified in directory {}", options.name), false};
  }
  return out;
}

}  // namespace catflap::calico::ctl
