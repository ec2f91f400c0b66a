#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/rng.hpp"
#include "calico/sqlite/embedded_store.hpp"
#include "calico/sqlite/temporary_folder.hpp"
#include "sys/unique_fd.hpp"

namespace catflap::calico {
namespace {

namespace fs = std::filesystem;

/// A forked process that runs `body` and exits with what it returns; killed and reaped at the end.
class Process {
 public:
  explicit Process(const std::function<int()>& body) : pid_(::fork()) {
    if (pid_ == 0) {
      int code = 99;
      try {
        code = body();
      } catch (...) {
        code = 98;
      }
      ::_exit(code);
    }
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  Process(Process&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  Process& operator=(Process&&) = delete;
  ~Process() { kill(); }

  void kill() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      wait();
    }
  }
  /// The exit code; -1 if it was killed.
  int wait() {
    int status = 0;
    while (pid_ > 0 && ::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_;
};

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
      throw std::runtime_error("pipe");
    }
    read.reset(ends[0]);
    write.reset(ends[1]);
  }
  sys::UniqueFd read, write;
};

std::unique_ptr<EmbeddedStore> open_or_throw(const fs::path& file) {
  auto store = EmbeddedStore::open(file);
  if (!store) {
    throw std::runtime_error(to_string(store.error()));
  }
  return std::move(*store);
}

class EmbeddedProcesses : public testing::Test {
 protected:
  TemporaryFolder folder_;
  fs::path file_ = folder_.path() / "store.db";
};

TEST_F(EmbeddedProcesses, MakeOneStoreAtTheSameTime) {
  constexpr int kProcesses = 8;
  for (int round = 0; round < 5; ++round) {
    file_ = folder_.path() / ("store" + std::to_string(round));
    std::vector<Process> all;
    Pipe start;
    for (int each = 0; each < kProcesses; ++each) {
      all.emplace_back([&, each] {
        start.write.reset();
        char ignored = 0;
        (void)!::read(start.read.get(), &ignored, 1);  // returns when the test closes its end
        const auto store = EmbeddedStore::open(file_);
        if (!store) {
          std::fprintf(stderr, "%s\n", to_string(store.error()).c_str());
          return 1;
        }
        return (*store)->create("/n/" + std::to_string(each), "1") ? 0 : 2;
      });
    }
    start.write.reset();
    for (Process& each : all) {
      EXPECT_EQ(each.wait(), 0);
    }
    const auto listing = open_or_throw(file_)->list("/n/");
    EXPECT_EQ(listing->entries.size(), static_cast<std::size_t>(kProcesses));
    EXPECT_EQ(listing->revision, 1 + kProcesses);
  }
}

/// Adds 1 to the number under /counter, `times` times, as a client that races does.
int count(const fs::path& file, int times) {
  const auto store = open_or_throw(file);
  for (int done = 0; done < times;) {
    const auto current = store->get("/counter");
    if (!current) {
      return 1;
    }
    const Result<Entry> next =
        *current ? store->update("/counter", std::to_string(std::stoi((*current)->value) + 1),
                                 (*current)->modified)
                 : store->create("/counter", "1");
    if (next) {
      ++done;
    } else if (next.error().code != Errc::conflict && next.error().code != Errc::exists) {
      std::fprintf(stderr, "%s\n", to_string(next.error()).c_str());
      return 2;
    }
  }
  return 0;
}

TEST_F(EmbeddedProcesses, RacingForOneKeyLoseNoUpdate) {
  constexpr int kProcesses = 6;
  constexpr int kTimes = 250;
  std::vector<Process> all;
  for (int each = 0; each < kProcesses; ++each) {
    all.emplace_back([&] { return count(file_, kTimes); });
  }
  for (Process& each : all) {
    EXPECT_EQ(each.wait(), 0);
  }
  const auto store = open_or_throw(file_);
  const auto counter = store->get("/counter");
  ASSERT_TRUE(counter.has_value() && counter->has_value());
  EXPECT_EQ((*counter)->value, std::to_string(kProcesses * kTimes));
  EXPECT_EQ((*counter)->modified, 1 + kProcesses * kTimes);
  // The log has each of the values, in order.
  const auto watch = store->watch("/counter", 0);
  ASSERT_TRUE(watch.has_value());
  int expected = 0;
  while (expected < kProcesses * kTimes) {
    const auto changes = (*watch)->next(Duration::zero());
    ASSERT_TRUE(changes.has_value() && !changes->empty());
    for (const Change& change : *changes) {
      EXPECT_EQ(change.entry.value, std::to_string(++expected));
    }
  }
}

TEST_F(EmbeddedProcesses, KilledAtAnyMomentLoseNothingAcknowledged) {
  constexpr int kRounds = 25;
  Rng rng(20'261'120);
  int next = 0;  // of the first round that has not been acknowledged yet
  for (int round = 0; round < kRounds; ++round) {
    Pipe acknowledged;
    const int first = next;
    Process writer([&] {
      const auto store = open_or_throw(file_);
      for (int each = first;; ++each) {
        const std::string number = std::to_string(each);
        if (!store->put("/n/" + number,
                        number + std::string(static_cast<std::size_t>(each % 50) * 100, 'v')) ||
            !store->put("/last", number)) {
          return 1;
        }
        if (::write(acknowledged.write.get(), &each, sizeof each) != sizeof each) {
          return 2;
        }
      }
    });
    acknowledged.write.reset();
    const auto wanted = static_cast<int>(rng.below(60));
    int last = first - 1;
    for (int got = 0; got <= wanted; ++got) {
      ASSERT_EQ(::read(acknowledged.read.get(), &last, sizeof last), static_cast<ssize_t>(sizeof last));
    }
    writer.kill();
    while (::read(acknowledged.read.get(), &last, sizeof last) == static_cast<ssize_t>(sizeof last)) {
    }
    next = last + 1;

    const auto store = open_or_throw(file_);
    const auto latest = store->get("/last");
    ASSERT_TRUE(latest.has_value() && latest->has_value());
    EXPECT_GE(std::stoi((*latest)->value), last);
    EXPECT_LE(std::stoi((*latest)->value), last + 1);
    for (int each = first; each <= last; ++each) {
      const auto entry = store->get("/n/" + std::to_string(each));
      ASSERT_TRUE(entry.has_value() && entry->has_value()) << each;
      EXPECT_TRUE((*entry)->value.starts_with(std::to_string(each)));
    }
    // The counter, the entries and the log are of one transaction each.
    const Listing listing = *store->list("");
    Revision newest = 0;
    for (const Entry& entry : listing.entries) {
      newest = std::max(newest, entry.modified);
    }
    EXPECT_EQ(newest, listing.revision);
    const auto changes = (*store->watch("", listing.revision - 1))->next(Duration::zero());
    ASSERT_TRUE(changes.has_value());
    ASSERT_EQ(changes->size(), 1U);
    EXPECT_EQ(changes->front().entry.modified, listing.revision);
  }
}

TEST_F(EmbeddedProcesses, WakeTheWatchersOfOthers) {
  const auto store = open_or_throw(file_);
  const auto watch = store->watch("/", 1);
  ASSERT_TRUE(watch.has_value());
  Pipe go;
  Process writer([&] {
    go.write.reset();
    const auto own = open_or_throw(file_);
    char wanted = 0;
    while (::read(go.read.get(), &wanted, 1) == 1) {
      if (!own->put("/a", std::string(1, wanted))) {
        return 1;
      }
    }
    return 0;
  });
  go.read.reset();
  for (const char each : std::string("abcdefgh")) {
    ASSERT_EQ(::write(go.write.get(), &each, 1), 1);
    const auto changes = (*watch)->next(std::chrono::seconds(60));
    ASSERT_TRUE(changes.has_value());
    ASSERT_EQ(changes->size(), 1U) << each;
    EXPECT_EQ(changes->front().entry.value, std::string(1, each));
  }
  go.write.reset();
  EXPECT_EQ(writer.wait(), 0);
}

TEST_F(EmbeddedProcesses, WakeWatchersEvenWhenKilledBeforeTheyTold) {
  const auto store = open_or_throw(file_);
  const auto watch = store->watch("/", 1);
  ASSERT_TRUE(watch.has_value());
  Process writer([&] {
    const auto own = open_or_throw(file_);
    // Writes past the store, so that nobody is told, as if it had been killed right after its commit.
    sqlite3* database = nullptr;
    sqlite3_open(file_.c_str(), &database);
    sqlite3_exec(
        database,
        "BEGIN; INSERT INTO entries VALUES(NULL, x'2f61', x'31', 2, 2);"
        "INSERT INTO changes VALUES(2, x'2f61', x'31', 2, NULL); UPDATE state SET revision = 2; COMMIT",
        nullptr, nullptr, nullptr);
    return ::raise(SIGKILL);
  });
  const auto changes = (*watch)->next(std::chrono::seconds(60));
  ASSERT_TRUE(changes.has_value());
  ASSERT_EQ(changes->size(), 1U);
  EXPECT_EQ(changes->front().entry, (Entry{"/a", "1", 2, 2}));
  writer.kill();
}

TEST_F(EmbeddedProcesses, WithoutTheRightToWriteReadAndSayWhatTheyCannot) {
  if (::getuid() != 0) {
    GTEST_SKIP() << "needs root, to become somebody else";
  }
  {
    const auto store = open_or_throw(file_);
    ASSERT_TRUE(store->put("/a", "1").has_value());
  }
  ASSERT_EQ(::chmod(file_.c_str(), 0644), 0);
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0755), 0);
  const auto as_nobody = [&] {
    if (::setgroups(0, nullptr) != 0 || ::setgid(65534) != 0 || ::setuid(65534) != 0) {
      return 97;
    }
    const auto store = open_or_throw(file_);
    if (!store->is_read_only()) {
      return 1;
    }
    const auto entry = store->get("/a");
    if (!entry || !*entry || (*entry)->value != "1" || store->list("/")->entries.size() != 1) {
      return 2;
    }
    const Result<Entry> refused = store->put("/a", "2");
    if (refused || refused.error().code != Errc::io ||
        refused.error().message.find("read-only") == std::string::npos) {
      std::fprintf(stderr, "%s\n", refused ? "written" : to_string(refused.error()).c_str());
      return 3;
    }
    return 0;
  };
  EXPECT_EQ(Process(as_nobody).wait(), 0) << "nobody else has it open";
  const auto owner = open_or_throw(file_);
  ASSERT_TRUE(owner->put("/b", "1").has_value() && owner->erase("/b").has_value());
  EXPECT_EQ(Process(as_nobody).wait(), 0) << "its owner has it open";

  ASSERT_EQ(::chmod(file_.c_str(), 0600), 0);
  EXPECT_EQ(Process([&] {
              if (::setgroups(0, nullptr) != 0 || ::setgid(65534) != 0 || ::setuid(65534) != 0) {
                return 97;
              }
              const auto store = EmbeddedStore::open(file_);
              return !store && store.error().code == Errc::denied ? 0 : 1;
            }).wait(),
            0);
}

TEST_F(EmbeddedProcesses, WithoutRoomOnTheDiskLoseNothing) {
  Process small([&] {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("none", folder_.path().c_str(), "tmpfs", 0, "size=512k") != 0) {
      return 77;
    }
    const auto store = open_or_throw(file_);
    int written = 0;
    Result<Entry> refused = Entry{};
    while (written < 10'000) {
      refused = store->put("/n/" + std::to_string(written), std::string(1000, 'v'));
      if (!refused) {
        break;
      }
      ++written;
    }
    if (refused || refused.error().code != Errc::io ||
        refused.error().message.find("no space left") == std::string::npos) {
      std::fprintf(stderr, "%s\n", refused ? "written" : to_string(refused.error()).c_str());
      return 1;
    }
    // What was acknowledged is there, also for those who come now; and when there is room it goes on.
    for (int each = 0; each < written; ++each) {
      const auto entry = store->get("/n/" + std::to_string(each));
      if (!entry || !*entry) {
        return 2;
      }
    }
    if (::mount("none", folder_.path().c_str(), "tmpfs", MS_REMOUNT, "size=8m") != 0) {
      return 78;
    }
    const auto later = open_or_throw(file_);
    if (static_cast<int>(later->list("/n/")->entries.size()) != written) {
      return 3;
    }
    return later->put("/n/more", "1") && store->get("/n/more")->has_value() ? 0 : 4;
  });
  const int code = small.wait();
  if (code == 77) {
    GTEST_SKIP() << "needs root, to mount a small file system";
  }
  EXPECT_EQ(code, 0);
}

}  // namespace
}  // namespace catflap::calico
