#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "birdlang/birdlang.hpp"

namespace catflap::birdlang {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Reads files from the disk; wildcards do not occur in the samples.
Result<std::vector<IncludeFile>> include(const std::string& glob, const std::string&) {
  std::vector<IncludeFile> files;
  if (fs::exists(glob)) {
    files.push_back({glob, read_file(glob)});
  }
  return files;
}

void expect_round_trip(const fs::path& path, Dialect dialect, net::Family family) {
  ParseOptions options;
  options.dialect = dialect;
  options.family = family;
  options.include = include;
  const auto router = parse(read_file(path), path.string(), options);
  ASSERT_TRUE(router) << to_string(router.error());
  EXPECT_FALSE(router->protocols.empty()) << path;
  const std::string printed = print(*router, dialect);
  const auto again = parse(printed, "printed", options);
  ASSERT_TRUE(again) << path << "\n" << to_string(again.error()) << "\n" << printed;
  EXPECT_TRUE(intent::same(*router, *again)) << path << "\n" << printed;
}

fs::path data() {
  const char* configured = std::getenv("CATFLAP_DATA");
  return configured != nullptr ? fs::path(configured) : fs::path(CATFLAP_SOURCE_DIR) / "../shared/data";
}

/// What Calico generates: 1.6, a main file for each family with includes.
TEST(BirdlangSamples, CalicosFiles) {
  const fs::path root = data() / "confd";
  if (!fs::exists(root)) {
    GTEST_SKIP() << "skipped: no data; set CATFLAP_DATA";
  }
  std::size_t count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const std::string name = entry.path().filename().string();
    if (name == "bird.cfg" || name == "bird6.cfg") {
      ++count;
      expect_round_trip(entry.path(), Dialect::bird1,
                        name == "bird.cfg" ? net::Family::ipv4 : net::Family::ipv6);
    }
  }
  EXPECT_GE(count, 60U);
}

TEST(BirdlangSamples, ConfigurationsOfTranscripts) {
  const fs::path root = data() / "../specs/birdc/conf";
  if (!fs::exists(root)) {
    GTEST_SKIP() << "skipped: no data; set CATFLAP_DATA";
  }
  for (const auto& entry : fs::directory_iterator(root)) {
    const std::string name = entry.path().filename().string();
    const bool old = name.find("1.6") != std::string::npos;
    const bool six = name.find("bird6") != std::string::npos;
    expect_round_trip(entry.path(), old ? Dialect::bird1 : Dialect::bird2,
                      six ? net::Family::ipv6 : net::Family::ipv4);
  }
}

TEST(BirdlangSamples, OurOwnConfigurations) {
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(CATFLAP_SOURCE_DIR) / "bird-configs")) {
    if (entry.path().extension() == ".conf") {
      const bool old = entry.path().stem() == "calico-node";
      expect_round_trip(entry.path(), old ? Dialect::bird1 : Dialect::bird2, net::Family::ipv4);
    }
  }
}

}  // namespace
}  // namespace catflap::birdlang
