#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "calico/sqlite/embedded_store.hpp"
#include "calico/sqlite/temporary_folder.hpp"

namespace catflap::calico {
namespace {

namespace fs = std::filesystem;

class Embedded : public testing::Test {
 protected:
  std::unique_ptr<EmbeddedStore> open(EmbeddedStore::Options options = {}) {
    auto store = EmbeddedStore::open(file_, options);
    EXPECT_TRUE(store.has_value()) << to_string(store.error());
    return store ? std::move(*store) : nullptr;
  }
  Error open_error(EmbeddedStore::Options options = {}) {
    auto store = EmbeddedStore::open(file_, options);
    EXPECT_FALSE(store.has_value());
    return store ? Error{} : store.error();
  }
  void sql(const std::string& text) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(file_.c_str(), &database), SQLITE_OK);
    char* message = nullptr;
    EXPECT_EQ(sqlite3_exec(database, text.c_str(), nullptr, nullptr, &message), SQLITE_OK) << message;
    sqlite3_free(message);
    sqlite3_close(database);
  }

  TemporaryFolder folder_;
  fs::path file_ = folder_.path() / "store.db";
};

TEST_F(Embedded, KeepsEverythingBetweenProcesses) {
  const Result<Entry> made = open()->create("/a", "1");
  ASSERT_TRUE(made.has_value());
  const auto store = open();
  EXPECT_EQ(*store->get("/a"), *made);
  EXPECT_EQ(store->create("/b", "1")->modified, made->modified + 1);
  EXPECT_EQ((*store->watch("/", 0))->next(Duration::zero())->size(), 2U);
}

TEST_F(Embedded, BelongsToItsOwnerUntilSomebodyElseMayWrite) {
  const auto mode = [](const fs::path& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 0777U;
  };
  open();
  EXPECT_EQ(mode(file_), 0600U);
  ASSERT_EQ(::chmod(file_.c_str(), 0660), 0);
  const auto store = open();
  ASSERT_TRUE(store->put("/a", "1").has_value());
  EXPECT_EQ(mode(file_), 0660U);
  EXPECT_EQ(mode(file_.string() + "-notify"), 0660U);
  EXPECT_EQ(mode(file_.string() + "-wal"), 0660U);
}

TEST_F(Embedded, IsMadeOnlyOnRequest) {
  const Error error = open_error({.create = false});
  EXPECT_EQ(error.code, Errc::not_found);
  EXPECT_NE(error.message.find(file_.string()), std::string::npos) << error.message;
  EXPECT_FALSE(fs::exists(file_));
  open();
  EXPECT_NE(open({.create = false}), nullptr);
}

TEST_F(Embedded, SaysThatItsFolderIsMissing) {
  file_ = folder_.path() / "nowhere" / "store.db";
  const Error error = open_error();
  EXPECT_EQ(error.code, Errc::not_found) << error.message;
  EXPECT_NE(error.message.find("No such file"), std::string::npos) << error.message;
}

TEST_F(Embedded, IsNoFolder) {
  file_ = folder_.path();
  const Error error = open_error();
  EXPECT_NE(error.message.find(file_.string()), std::string::npos) << error.message;
}

TEST_F(Embedded, LeavesFilesOfOthersAlone) {
  const std::string text(4096, 't');
  std::ofstream(file_) << text;
  const Error error = open_error();
  EXPECT_EQ(error.code, Errc::invalid);
  EXPECT_NE(error.message.find("not a database"), std::string::npos) << error.message;
  std::ifstream back(file_);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(back), {}), text);
  EXPECT_FALSE(fs::exists(file_.string() + "-notify"));
}

TEST_F(Embedded, LeavesDatabasesOfOthersAlone) {
  sql("CREATE TABLE theirs(x)");
  const Error error = open_error();
  EXPECT_EQ(error.code, Errc::invalid);
  EXPECT_NE(error.message.find("another program"), std::string::npos) << error.message;
}

TEST_F(Embedded, DoesNotTouchWhatANewerVersionWrote) {
  open();
  sql("PRAGMA user_version = 2");
  const Error error = open_error();
  EXPECT_EQ(error.code, Errc::unsupported);
  EXPECT_NE(error.message.find("newer version"), std::string::npos) << error.message;
}

TEST_F(Embedded, SaysThatItIsDamaged) {
  {
    const auto store = open();
    for (int each = 0; each < 200; ++each) {
      ASSERT_TRUE(store->put("/k" + std::to_string(each), std::string(1000, 'v')).has_value());
    }
  }
  const auto size = fs::file_size(file_);
  std::fstream damage(file_, std::ios::in | std::ios::out | std::ios::binary);
  damage.seekp(4096);
  damage << std::string(size - 4096, '\xa5');
  damage.close();
  const auto store = EmbeddedStore::open(file_);
  const Error error = store ? (*store)->list("/").error() : store.error();
  EXPECT_EQ(error.code, Errc::io);
  EXPECT_NE(error.message.find("damaged"), std::string::npos) << error.message;
}

TEST_F(Embedded, WritesNothingIntoAFileThatIsGone) {
  const auto store = open();
  ASSERT_TRUE(store->put("/a", "1").has_value());
  fs::rename(file_, folder_.path() / "elsewhere.db");
  const Result<Entry> lost = store->put("/a", "2");
  ASSERT_FALSE(lost.has_value());
  EXPECT_EQ(lost.error().code, Errc::io);
  EXPECT_NE(lost.error().message.find("removed or replaced"), std::string::npos) << lost.error().message;
}

TEST_F(Embedded, TakesAnyNameAsAFile) {
  for (const char* name : {":memory:", "file:x?mode=memory", "a b%20#?.db", "-"}) {
    file_ = folder_.path() / name;
    ASSERT_TRUE(open()->put("/a", "1").has_value());
    EXPECT_TRUE(fs::exists(file_)) << name;
    EXPECT_TRUE(open()->get("/a")->has_value()) << name;
  }
}

TEST_F(Embedded, ForgetsItsOldestChangesAtTheBounds) {
  const auto store = open({.history_max = 3});
  for (int each = 0; each < 5; ++each) {
    ASSERT_TRUE(store->put("/a", std::to_string(each)).has_value());
  }
  // Revisions 2 to 6 were written, 4 to 6 are kept.
  EXPECT_EQ(store->watch("/", 2).error().code, Errc::conflict);
  EXPECT_EQ((*store->watch("/", 3))->next(Duration::zero())->size(), 3U);
}

TEST_F(Embedded, ForgetsChangesThatTakeTooMuchRoom) {
  const auto store = open({.history_octets_max = 1000});
  const auto kept = [&](Revision after) { return store->watch("/", after).has_value(); };
  ASSERT_TRUE(store->put("/a", std::string(300, 'a')).has_value());
  ASSERT_TRUE(store->put("/b", std::string(300, 'b')).has_value());
  ASSERT_TRUE(store->put("/c", std::string(300, 'c')).has_value());
  EXPECT_TRUE(kept(1));
  ASSERT_TRUE(store->put("/a", std::string(200, 'a')).has_value());  // 500 with the value before
  EXPECT_FALSE(kept(2));
  EXPECT_TRUE(kept(3));
  ASSERT_TRUE(store->put("/d", std::string(5000, 'd')).has_value());
  EXPECT_FALSE(kept(5));
  EXPECT_TRUE(kept(6));
  EXPECT_EQ(store->list("/")->entries.size(), 4U);
}

TEST_F(Embedded, DoesNotGrowWithItsHistory) {
  const auto store = open({.history_max = 100});
  for (int each = 0; each < 3000; ++each) {
    ASSERT_TRUE(store->put("/a", std::string(1000, 'v')).has_value());
  }
  EXPECT_LT(fs::file_size(file_), 2'000'000U);
  EXPECT_LT(fs::file_size(file_.string() + "-wal"), 20'000'000U);
}

TEST_F(Embedded, AWatchTakesManyChangesInPortions) {
  const auto store = open();
  const auto watch = store->watch("/w", 0);
  ASSERT_TRUE(watch.has_value());
  for (int each = 0; each < 2500; ++each) {
    ASSERT_TRUE(store->put(each % 2 == 0 ? "/w" : "/x", std::to_string(each)).has_value());
  }
  std::vector<std::string> values;
  while (true) {
    const auto some = (*watch)->next(Duration::zero());
    ASSERT_TRUE(some.has_value());
    if (some->empty()) {
      break;
    }
    for (const Change& change : *some) {
      values.push_back(change.entry.value);
    }
  }
  ASSERT_EQ(values.size(), 1250U);
  EXPECT_EQ(values.front(), "0");
  EXPECT_EQ(values.back(), "2498");
}

}  // namespace
}  // namespace catflap::calico
