#include "sys/files.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "sys/journal.hpp"
#include "sys/unix_socket.hpp"

namespace catflap::sys {
namespace {

class Files : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "catflap-files-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    dir = name;
  }
  void TearDown() override { std::filesystem::remove_all(dir); }
  std::filesystem::path dir;
};

TEST_F(Files, AtomicWriteReplacesAndLeavesNoTemporary) {
  ASSERT_TRUE(write_file_atomic(dir / "f", "one"));
  ASSERT_TRUE(write_file_atomic(dir / "f", "two", {.mode = 0600, .sync = true}));
  EXPECT_EQ(*read_file(dir / "f"), "two");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir), {}), 1);
  EXPECT_EQ(write_file_atomic(dir / "no" / "f", "x").error().code, Errc::not_found);
}

TEST_F(Files, ReadIsBounded) {
  ASSERT_TRUE(write_file_atomic(dir / "f", "12345"));
  EXPECT_EQ(*read_file(dir / "f", 5), "12345");
  EXPECT_EQ(read_file(dir / "f", 4).error().code, Errc::invalid);
  EXPECT_EQ(read_file(dir).error().code, Errc::invalid);
  EXPECT_EQ(read_file(dir / "g").error().code, Errc::not_found);
}

TEST_F(Files, MakesDirectories) {
  EXPECT_TRUE(make_directories(dir / "a/b/c"));
  EXPECT_TRUE(make_directories(dir / "a/b/c"));
  ASSERT_TRUE(write_file_atomic(dir / "f", ""));
  EXPECT_EQ(make_directories(dir / "f/g").error().sys_errno, EEXIST);
  EXPECT_EQ(make_directory_exclusive(dir / "a").error().code, Errc::exists);
}

TEST_F(Files, RemoveTreeStaysInsideItsRoot) {
  const auto root = dir / "root";
  ASSERT_TRUE(make_directories(root / "lab/x/y"));
  ASSERT_TRUE(make_directories(dir / "precious"));
  ASSERT_TRUE(write_file_atomic(dir / "precious/f", "keep"));
  std::filesystem::create_directory_symlink(dir / "precious", root / "lab/link");
  std::filesystem::create_directory_symlink(dir, root / "way");
  EXPECT_EQ(remove_tree(root, root).error().code, Errc::invalid);
  EXPECT_EQ(remove_tree(root, root / "../precious").error().code, Errc::invalid);
  EXPECT_EQ(remove_tree(root, dir / "precious").error().code, Errc::invalid);
  EXPECT_EQ(remove_tree("/", "/x").error().code, Errc::invalid);
  EXPECT_FALSE(remove_tree(root, root / "way/precious"));
  EXPECT_TRUE(remove_tree(root, root / "lab"));
  EXPECT_TRUE(remove_tree(root, root / "lab"));
  EXPECT_FALSE(std::filesystem::exists(root / "lab"));
  EXPECT_EQ(*read_file(dir / "precious/f"), "keep");
}

TEST_F(Files, LocksAndPidFilesAreExclusive) {
  {
    const auto held = PidFile::create(dir / "pid");
    ASSERT_TRUE(held);
    const auto second = PidFile::create(dir / "pid");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::conflict);
    EXPECT_NE(second.error().message.find("pid " + std::to_string(::getpid())), std::string::npos);
  }
  EXPECT_FALSE(std::filesystem::exists(dir / "pid"));
}

TEST_F(Files, JournalKeepsWhatWasAppended) {
  const JournalRecord intend{"intend", "r1/netns", {}};
  const JournalRecord did{
      "did", "r1:e0 = 50 %\n", {{"ino", "4026"}, {"odd =%", std::string("a\0b c", 5)}, {"", ""}}};
  {
    auto journal = *Journal::open(dir / "j", {.sync = true});
    ASSERT_TRUE(journal.append(intend));
    ASSERT_TRUE(journal.append(std::vector{did, intend}));
    EXPECT_EQ(journal.append(JournalRecord{}).error().code, Errc::invalid);
  }
  auto again = *Journal::open(dir / "j");
  ASSERT_TRUE(again.append(did));
  const auto content = *Journal::read(dir / "j");
  EXPECT_EQ(content.records, (std::vector{intend, did, intend, did}));
  EXPECT_EQ(content.damaged, 0U);
  EXPECT_FALSE(content.torn_tail);
}

TEST_F(Files, JournalRecoversFromATornLineAtEveryOctet) {
  const JournalRecord first{"intend", "a", {{"k", "v"}}};
  const JournalRecord second{"did", "b", {}};
  {
    auto journal = *Journal::open(dir / "j");
    ASSERT_TRUE(journal.append(first));
    ASSERT_TRUE(journal.append(second));
  }
  const std::string whole = *read_file(dir / "j");
  const std::size_t line = whole.find('\n') + 1;
  for (std::size_t cut = line; cut < whole.size(); ++cut) {
    ASSERT_TRUE(write_file_atomic(dir / "j", whole.substr(0, cut)));
    auto journal = *Journal::open(dir / "j");
    EXPECT_EQ(journal.recovered().records, std::vector{first}) << cut;
    EXPECT_EQ(journal.recovered().torn_tail, cut > line) << cut;
    ASSERT_TRUE(journal.append(second));
    EXPECT_EQ(Journal::read(dir / "j")->records, (std::vector{first, second})) << cut;
  }
}

TEST_F(Files, JournalSkipsDamagedLines) {
  auto journal = *Journal::open(dir / "j");
  for (const char* key : {"a", "b", "c"}) {
    ASSERT_TRUE(journal.append(JournalRecord{"did", key, {}}));
  }
  std::string text = *read_file(dir / "j");
  text[text.find("did b") + 4] = 'x';
  const auto content = parse_journal(text);
  EXPECT_EQ(content.damaged, 1U);
  ASSERT_EQ(content.records.size(), 2U);
  EXPECT_EQ(content.records[1].key, "c");
  EXPECT_EQ(parse_journal("garbage\n\n%\n").damaged, 3U);
}

TEST_F(Files, UnixSocketsReplaceLeftoversOnly) {
  auto path = dir / std::string(90, 'd');
  ASSERT_TRUE(make_directories(path));
  path /= "control-socket-with-a-long-name";  // beyond sun_path
  {
    const auto listener = unix_listen(path, UnixType::seqpacket);
    ASSERT_TRUE(listener) << listener.error().message;
    EXPECT_EQ(unix_listen(path, UnixType::seqpacket).error().code, Errc::exists);
    EXPECT_TRUE(unix_connect(path, UnixType::seqpacket));
  }
  EXPECT_FALSE(unix_connect(path, UnixType::seqpacket));
  EXPECT_TRUE(unix_listen(path, UnixType::seqpacket));
  ASSERT_TRUE(write_file_atomic(dir / "file", "precious"));
  EXPECT_EQ(unix_listen(dir / "file", UnixType::stream).error().code, Errc::exists);
  EXPECT_EQ(*read_file(dir / "file"), "precious");
}

TEST_F(Files, DescriptorsTravelWithMessages) {
  auto pair = *unix_pair(UnixType::seqpacket);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  const std::vector<int> fds{write_end.get()};
  ASSERT_TRUE(send_message(pair.first.get(), as_bytes("take"), fds));
  write_end.reset();
  auto got = receive_message(pair.second.get());
  ASSERT_TRUE(got);
  EXPECT_EQ(as_text(got->bytes), "take");
  ASSERT_EQ(got->fds.size(), 1U);
  ASSERT_EQ(::write(got->fds[0].get(), "x", 1), 1);
  got->fds.clear();
  char text[4];
  EXPECT_EQ(::read(read_end.get(), text, sizeof text), 1);
  EXPECT_EQ(::read(read_end.get(), text, sizeof text), 0) << "a copy of the descriptor leaked";
  EXPECT_EQ(receive_message(pair.second.get()).error().sys_errno, EAGAIN);
  ASSERT_TRUE(send_message(pair.first.get(), as_bytes("12345")));
  EXPECT_EQ(receive_message(pair.second.get(), 4).error().code, Errc::protocol);
  pair.first.reset();
  EXPECT_TRUE(receive_message(pair.second.get())->end);
}

}  // namespace
}  // namespace catflap::sys
