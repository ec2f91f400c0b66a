#include "runtime/log_targets.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace catflap::runtime {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Standard error is a pipe while the test runs.
class LogTargetsTest : public testing::Test {
 protected:
  LogTargetsTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    read_end_.reset(ends[0]);
    saved_.reset(::dup(STDERR_FILENO));
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[1]);
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    std::array<char, 32> folder{"/tmp/log_targets.XXXXXX"};
    folder_ = ::mkdtemp(folder.data());
  }
  ~LogTargetsTest() override {
    ::dup2(saved_.get(), STDERR_FILENO);
    std::filesystem::remove_all(folder_);
  }
  static intent::LogIntent to_file(const std::filesystem::path& path) {
    intent::LogIntent log;
    log.target = intent::LogIntent::Target::file;
    log.path = path.string();
    log.classes = {"all"};
    return log;
  }
  std::string on_stderr() {
    std::string out;
    std::array<char, 65536> some{};
    for (ssize_t count = 0; (count = ::read(read_end_.get(), some.data(), some.size())) > 0;) {
      out.append(some.data(), static_cast<std::size_t>(count));
    }
    return out;
  }
  void info(const std::string& text) { log_.write(bgp::act::NoteLevel::info, text); }

  sys::UniqueFd read_end_, saved_;
  std::filesystem::path folder_;
  LogTargets log_{false};
};

TEST_F(LogTargetsTest, AFullDiskIsSaidOnceElsewhere) {
  ASSERT_TRUE(log_.configure({to_file("/dev/full")}).empty());
  for (int i = 0; i < 100; ++i) {
    info("line " + std::to_string(i));
  }
  const std::string said = on_stderr();
  EXPECT_THAT(said, HasSubstr("<ERR> log /dev/full: No space left on device; its lines are lost until it can "
                              "be written again\n"));
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
}

TEST_F(LogTargetsTest, TheOthersGoOnWithoutTheOneThatIsFull) {
  const auto good = folder_ / "log";
  ASSERT_TRUE(log_.configure({to_file("/dev/full"), to_file(good)}).empty());
  info("one");
  info("two");
  std::stringstream content;
  content << std::ifstream(good).rdbuf();
  EXPECT_THAT(content.str(), HasSubstr("<ERR> log /dev/full: No space left"));
  EXPECT_THAT(content.str(), HasSubstr("<INFO> one\n"));
  EXPECT_THAT(content.str(), HasSubstr("<INFO> two\n"));
  EXPECT_EQ(on_stderr(), "");
}

TEST_F(LogTargetsTest, APipeThatNobodyEmptiesLosesLinesAndSaysHowMany) {
  ASSERT_TRUE(log_.configure({}).empty());
  const std::string text(1000, 'x');
  for (int i = 0; i < 1000; ++i) {  // much more than a pipe holds, and none of them blocks
    info(text);
  }
  const std::string before = on_stderr();
  EXPECT_THAT(before, Not(HasSubstr("are lost")));
  const auto written = std::count(before.begin(), before.end(), '\n');
  EXPECT_GT(written, 10);
  EXPECT_LT(written, 1000);
  info("after");
  const std::string after = on_stderr();
  EXPECT_THAT(after, HasSubstr("<WARN> " + std::to_string(1000 - written) +
                               " lines of the log are lost: it could not be written\n"));
  EXPECT_THAT(after, HasSubstr("<INFO> after\n"));
}

TEST_F(LogTargetsTest, LongLinesDoNotBlockAPipe) {
  ASSERT_TRUE(log_.configure({}).empty());
  for (int i = 0; i < 100; ++i) {
    info(std::string(100'000, 'x'));
  }
  const std::string all = on_stderr();
  EXPECT_EQ(all.back(), '\n');
}

}  // namespace
}  // namespace catflap::runtime
