#include "runtime/config_file.hpp"

#include <glob.h>
#include <unistd.h>

#include <array>
#include <utility>
#include <vector>

#include "sys/error.hpp"
#include "sys/files.hpp"

namespace catflap::runtime {
namespace {

Result<std::string> read_config(const std::string& path) {
  auto text = sys::read_file(path, birdlang::kFileOctetsMax);
  if (!text) {
    Error error = std::move(text.error());
    // As BIRD words it: the file, then errno's text.
    error.message = path + ": " + (error.sys_errno != 0 ? sys::errno_text(error.sys_errno) : error.message);
    return fail(std::move(error));
  }
  return text;
}

Result<std::vector<birdlang::IncludeFile>> read_includes(const std::string& pattern, const std::string&) {
  std::vector<birdlang::IncludeFile> files;
  glob_t matches{};
  const int status = ::glob(pattern.c_str(), GLOB_ERR | GLOB_MARK, nullptr, &matches);
  std::vector<std::string> paths;
  for (std::size_t i = 0; status == 0 && i < matches.gl_pathc; ++i) {
    paths.emplace_back(matches.gl_pathv[i]);
  }
  ::globfree(&matches);
  if (status != 0 && status != GLOB_NOMATCH) {
    return fail(Errc::io, "cannot list " + pattern);
  }
  for (const std::string& path : paths) {
    if (path.back() == '/') {
      continue;  // a folder
    }
    auto text = read_config(path);
    if (!text) {
      return fail(std::move(text.error()));
    }
    files.push_back({path, std::move(*text)});
  }
  return files;
}

}  // namespace

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) {
    return "localhost";
  }
  std::string text = name.data();
  return text.substr(0, text.find('.'));
}

Result<std::shared_ptr<const intent::RouterIntent>> load_config(const std::filesystem::path& file,
                                                                birdlang::Dialect dialect,
                                                                net::Family family) {
  auto text = read_config(file.string());
  if (!text) {
    return fail(std::move(text.error()));
  }
  birdlang::ParseOptions options;
  options.dialect = dialect;
  options.family = family;
  options.hostname = host_name();
  options.include = read_includes;
  auto intent = birdlang::parse(*text, file.string(), options);
  if (!intent) {
    return fail(std::move(intent.error()));
  }
  return std::make_shared<const intent::RouterIntent>(std::move(*intent));
}

}  // namespace catflap::runtime
