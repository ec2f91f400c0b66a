#include "runtime/config_file.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "runtime/log_targets.hpp"

namespace catflap::runtime {
namespace {

class ConfigFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "catflap-config-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }
  static auto load(const std::filesystem::path& file) {
    return load_config(file, birdlang::Dialect::bird2, net::Family::ipv4);
  }

  std::filesystem::path folder_;
};

TEST_F(ConfigFile, IncludesAreReadRelativeToTheFileInOrder) {
  write("parts/20.conf", "protocol static two { ipv4; }\n");
  write("parts/10.conf", "protocol static one { ipv4; }\n");
  const auto file = write("bird.conf", "router id 1.1.1.1;\ninclude \"parts/*.conf\";\n");
  const auto intent = load(file);
  ASSERT_TRUE(intent) << to_string(intent.error());
  ASSERT_EQ((*intent)->protocols.size(), 2U);
  EXPECT_EQ((*intent)->protocols[0].name, "one");
  EXPECT_EQ((*intent)->router_id, 0x01010101U);
}

TEST_F(ConfigFile, ErrorsNameTheIncludedFile) {
  const auto part = write("part.conf", "\n  protocol nonsense { }\n");
  const auto file = write("bird.conf", "include \"part.conf\";\n");
  const auto intent = load(file);
  ASSERT_FALSE(intent);
  ASSERT_TRUE(intent.error().where);
  EXPECT_EQ(intent.error().where->file, part.string());
  EXPECT_EQ(intent.error().where->line, 2U);
}

TEST_F(ConfigFile, AMissingFileIsSaidAsBirdSaysIt) {
  const auto intent = load(folder_ / "none.conf");
  ASSERT_FALSE(intent);
  EXPECT_EQ(intent.error().message, (folder_ / "none.conf").string() + ": No such file or directory");
}

TEST_F(ConfigFile, LogsGoToTheirFilesByClass) {
  intent::LogIntent errors;
  errors.target = intent::LogIntent::Target::file;
  errors.path = (folder_ / "errors.log").string();
  errors.classes = {"error"};
  intent::LogIntent all = errors;
  all.path = (folder_ / "all.log").string();
  all.classes = {"all"};
  intent::LogIntent nowhere = errors;
  nowhere.path = (folder_ / "none/x.log").string();
  LogTargets targets(false);
  const auto problems = targets.configure({errors, all, nowhere});
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(to_string(problems[0]).find("none/x.log"), std::string::npos);
  targets.write(bgp::act::NoteLevel::info, "session up");
  targets.write(bgp::act::NoteLevel::error, "session down");
  const auto read = [&](const char* name) {
    std::ifstream file(folder_ / name);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  EXPECT_EQ(read("errors.log").find("session up"), std::string::npos);
  EXPECT_NE(read("errors.log").find("<ERR> session down\n"), std::string::npos);
  EXPECT_NE(read("all.log").find("<INFO> session up\n"), std::string::npos);
}

}  // namespace
}  // namespace catflap::runtime
