#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "calico/sqlite/temporary_folder.hpp"
#include "etcd_server.hpp"

namespace catflap::calico {
namespace {

using std::chrono::seconds;

class Etcd : public testing::Test {
 protected:
  void SetUp() override {
    if (!why_skipped().empty()) {
      GTEST_SKIP() << why_skipped();
    }
  }
  /// The next `count` changes, with all the patience that an election needs.
  static std::vector<Change> take(Watch& watch, std::size_t count) {
    std::vector<Change> all;
    while (all.size() < count) {
      const auto some = watch.next(seconds(30));
      EXPECT_TRUE(some.has_value()) << to_string(some.error());
      if (!some || some->empty()) {
        break;
      }
      all.insert(all.end(), some->begin(), some->end());
    }
    return all;
  }
  static std::vector<std::string> values(const std::vector<Change>& changes) {
    std::vector<std::string> all;
    for (const Change& each : changes) {
      all.push_back(each.entry.value);
    }
    return all;
  }

  TemporaryFolder folder_;
};

TEST_F(Etcd, ThatIsNotThereIsNamed) {
  const auto store = make_store({.endpoints = {"http://127.0.0.1:1", "http://127.0.0.1:2"}});
  const auto refused = store->put("/a", "1");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::io);
  EXPECT_EQ(refused.error().message,
            "etcd cannot be reached: http://127.0.0.1:1: cannot connect: Connection refused; "
            "http://127.0.0.1:2: cannot connect: Connection refused");
  EXPECT_EQ(store->watch("/", 1).error().code, Errc::io);
}

TEST_F(Etcd, AWatchGoesOnAfterARestart) {
  EtcdServer server({.folder = folder_.path(), .cluster = {}});
  const auto store = make_store({.endpoints = {server.url()}});
  wait_until_served(*store);
  const auto watch = store->watch("/w", 1);
  ASSERT_TRUE(watch.has_value());
  ASSERT_TRUE(store->put("/w", "before").has_value());
  EXPECT_EQ(values(take(**watch, 1)), std::vector<std::string>{"before"});
  server.kill();
  EXPECT_TRUE((*watch)->next(Duration::zero())->empty()) << "an outage is mended inside";
  EXPECT_EQ(store->put("/w", "lost").error().code, Errc::io);
  server.start();
  const auto second = make_store({.endpoints = {server.url()}});
  wait_until_served(*second);
  ASSERT_TRUE(second->put("/w", "during").has_value());
  EXPECT_EQ(values(take(**watch, 1)), std::vector<std::string>{"during"});
  ASSERT_TRUE(store->put("/w", "after").has_value());
  EXPECT_EQ(values(take(**watch, 1)), std::vector<std::string>{"after"});
}

TEST_F(Etcd, AWatchSaysThatWhatItMissedIsCompacted) {
  EtcdServer server({.folder = folder_.path(), .cluster = {}});
  const auto store = make_store({.endpoints = {server.url()}});
  wait_until_served(*store);
  const auto watch = store->watch("/w", 1);
  ASSERT_TRUE(watch.has_value());
  ASSERT_TRUE(store->put("/w", "before").has_value());
  ASSERT_EQ(take(**watch, 1).size(), 1U);
  server.kill();
  ASSERT_TRUE((*watch)->next(Duration::zero()).has_value());
  server.start();
  wait_until_served(*store);
  ASSERT_TRUE(store->put("/w", "missed").has_value());
  const auto erased = store->erase("/w");
  ASSERT_TRUE(erased.has_value());
  // The newest revision is that of the erasure: etcd 3.4 does not keep it for watches.
  const Revision newest = store->list("/")->revision;
  ASSERT_TRUE(store->compact(newest).has_value());
  EXPECT_EQ((*watch)->next(seconds(30)).error().code, Errc::conflict);
  const auto again = store->watch("/w", newest);
  ASSERT_TRUE(again.has_value());
  ASSERT_TRUE(store->put("/w", "new").has_value());
  EXPECT_EQ(values(take(**again, 1)), std::vector<std::string>{"new"});
}

TEST_F(Etcd, AWatchSaysThatTheStoreHasBegunAnew) {
  EtcdServer server({.folder = folder_.path(), .cluster = {}});
  const auto store = make_store({.endpoints = {server.url()}});
  wait_until_served(*store);
  const auto watch = store->watch("/w", 1);
  ASSERT_TRUE(watch.has_value());
  for (int each = 0; each < 5; ++each) {
    ASSERT_TRUE(store->put("/w", std::to_string(each)).has_value());
  }
  ASSERT_EQ(take(**watch, 5).size(), 5U);
  server.kill();
  server.wipe();
  server.start();
  wait_until_served(*store);
  const auto changes = (*watch)->next(seconds(30));
  ASSERT_FALSE(changes.has_value());
  EXPECT_EQ(changes.error().code, Errc::conflict);
  EXPECT_NE(changes.error().message.find("gone back"), std::string::npos) << changes.error().message;
}

TEST_F(Etcd, AWatchGivesAnOutageUpInTheEnd) {
  EtcdServer server({.folder = folder_.path(), .cluster = {}});
  const auto store = make_store({.endpoints = {server.url()}, .outage_max = std::chrono::milliseconds(100)});
  wait_until_served(*store);
  const auto watch = store->watch("/w", 1);
  ASSERT_TRUE(watch.has_value());
  server.kill();
  const auto lost = (*watch)->next(seconds(30));
  ASSERT_FALSE(lost.has_value());
  EXPECT_EQ(lost.error().code, Errc::io);
  EXPECT_NE(lost.error().message.find("Connection refused"), std::string::npos) << lost.error().message;
}

TEST_F(Etcd, ThatIsFullSaysSoAndKeepsWhatItHas) {
  const EtcdServer server(
      {.folder = folder_.path(), .cluster = {}, .arguments = {"--quota-backend-bytes", "4194304"}});
  const auto store = make_store({.endpoints = {server.url()}});
  wait_until_served(*store);
  const std::string value(1U << 19U, 'v');
  int written = 0;
  Result<Entry> refused = Entry{};
  for (; refused && written < 100; ++written) {
    refused = store->put("/n/" + std::to_string(written), value);
  }
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::io);
  EXPECT_NE(refused.error().message.find("database is full"), std::string::npos) << refused.error().message;
  EXPECT_EQ(store->list("/n/")->entries.size(), static_cast<std::size_t>(written) - 1);
}

class EtcdCluster : public Etcd {
 protected:
  void SetUp() override {
    Etcd::SetUp();
    if (IsSkipped()) {
      return;
    }
    const std::string cluster = "m0=http://127.0.0.1:2390,m1=http://127.0.0.1:2391,m2=http://127.0.0.1:2392";
    for (std::uint16_t each = 0; each < 3; ++each) {
      EtcdServer::Options member;
      member.folder = folder_.path();
      member.port = static_cast<std::uint16_t>(2379 + each);
      member.peer_port = static_cast<std::uint16_t>(2390 + each);
      member.name = "m" + std::to_string(each);
      member.cluster = cluster;
      members_.push_back(std::make_unique<EtcdServer>(member));
      options_.endpoints.push_back(members_.back()->url());
    }
    store_ = make_store(options_);
    wait_until_served(*store_);
  }
  std::size_t leader() {
    for (std::size_t each = 0; each < members_.size(); ++each) {
      const auto status =
          nlohmann::json::parse(post(members_[each]->url(), "maintenance/status", "{}"), nullptr, false);
      if (status.value("leader", "0") == status["header"].value("member_id", "?")) {
        return each;
      }
    }
    ADD_FAILURE() << "no leader";
    return 0;
  }

  EtcdStore::Options options_;
  std::vector<std::unique_ptr<EtcdServer>> members_;
  std::unique_ptr<EtcdStore> store_;
};

TEST_F(EtcdCluster, GoesOnWithoutItsLeader) {
  const auto watch = store_->watch("/w", 1);
  ASSERT_TRUE(watch.has_value());
  ASSERT_TRUE(store_->put("/w", "1").has_value());
  EXPECT_EQ(values(take(**watch, 1)), std::vector<std::string>{"1"});
  const std::size_t gone = leader();
  members_[gone]->kill();
  wait_until_served(*store_);
  // A write right after an election may be refused; it says so, and nothing is written twice.
  const auto written = store_->get("/w");
  ASSERT_TRUE(written.has_value() && written->has_value());
  Result<Entry> put = store_->update("/w", "2", (*written)->modified);
  if (!put && put.error().code != Errc::conflict) {
    put = store_->update("/w", "2", (*store_->get("/w"))->modified);
  }
  ASSERT_TRUE(put.has_value()) << to_string(put.error());
  EXPECT_EQ(values(take(**watch, 1)).front(), "2");
}

TEST_F(EtcdCluster, WithoutAMajoritySaysSo) {
  options_.timeout = seconds(1);
  const auto store = make_store(options_);
  ASSERT_TRUE(store->put("/w", "1").has_value());
  members_[0]->kill();
  members_[1]->kill();
  const auto refused = store->get("/w");
  ASSERT_FALSE(refused.has_value());
  EXPECT_TRUE(refused.error().code == Errc::io || refused.error().code == Errc::timeout)
      << refused.error().message;
  EXPECT_NE(refused.error().message.find("cannot be reached"), std::string::npos) << refused.error().message;
  members_[0]->start();
  wait_until_served(*store);
  EXPECT_EQ((*store->get("/w"))->value, "1");
}

}  // namespace
}  // namespace catflap::calico
