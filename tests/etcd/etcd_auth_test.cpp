#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "calico/sqlite/temporary_folder.hpp"
#include "etcd_server.hpp"

namespace catflap::calico {
namespace {

/// An etcd that asks for a login: root, and `reader`, who may read what is below /calico/ ("/calico/" to
/// "/calico0").
class EtcdLogin : public testing::Test {
 protected:
  void SetUp() override {
    if (!why_skipped().empty()) {
      GTEST_SKIP() << why_skipped();
    }
    folder_ = std::make_unique<TemporaryFolder>();
    server_ = std::make_unique<EtcdServer>(
        EtcdServer::Options{.folder = folder_->path(), .cluster = {}, .arguments = {"--bcrypt-cost", "4"}});
    wait_until_served(*make_store({.endpoints = {server_->url()}}));
    const auto call = [&](const char* path, const char* message) { post(server_->url(), path, message); };
    call("auth/user/add", R"({"name":"root","password":"secret"})");
    call("auth/user/add", R"({"name":"reader","password":"rp"})");
    call("auth/role/add", R"({"name":"root"})");
    call("auth/role/add", R"({"name":"reading"})");
    call("auth/role/grant",
         R"({"name":"reading","perm":{"permType":"READ","key":"L2NhbGljby8=","range_end":"L2NhbGljbzA="}})");
    call("auth/user/grant", R"({"user":"root","role":"root"})");
    call("auth/user/grant", R"({"user":"reader","role":"reading"})");
    call("auth/enable", "{}");
  }
  std::unique_ptr<EtcdStore> as(const std::string& user, const std::string& password) {
    return make_store({.endpoints = {server_->url()}, .username = user, .password = password});
  }

  std::unique_ptr<TemporaryFolder> folder_;
  std::unique_ptr<EtcdServer> server_;
};

TEST_F(EtcdLogin, LetsAUserIn) {
  const auto store = as("root", "secret");
  const auto made = store->create("/calico/a", "1");
  ASSERT_TRUE(made.has_value()) << to_string(made.error());
  const auto watch = store->watch("/calico/", 1);
  ASSERT_TRUE(watch.has_value()) << to_string(watch.error());
  const auto changes = (*watch)->next(std::chrono::seconds(30));
  ASSERT_TRUE(changes.has_value()) << to_string(changes.error());
  EXPECT_EQ(changes->size(), 1U);
}

TEST_F(EtcdLogin, SaysWhoMayNotComeIn) {
  const auto wrong = as("root", "guess")->get("/calico/a").error();
  EXPECT_EQ(wrong.code, Errc::denied);
  EXPECT_NE(wrong.message.find("wrong user name or password for user 'root'"), std::string::npos)
      << wrong.message;
  const auto nobody = as("", "")->get("/calico/a").error();
  EXPECT_EQ(nobody.code, Errc::denied);
  EXPECT_NE(nobody.message.find("wants a user name and a password"), std::string::npos) << nobody.message;
  const auto watch = as("root", "guess")->watch("/calico/", 1);
  ASSERT_FALSE(watch.has_value());
  EXPECT_EQ(watch.error().code, Errc::denied) << watch.error().message;
}

TEST_F(EtcdLogin, LetsAReaderReadAndNoMore) {
  ASSERT_TRUE(as("root", "secret")->create("/calico/a", "1").has_value());
  const auto store = as("reader", "rp");
  EXPECT_EQ(store->list("/calico/")->entries.size(), 1U);
  EXPECT_TRUE((*store->watch("/calico/", 1))->next(std::chrono::seconds(30)).has_value());
  for (const Result<Entry>& refused : {store->put("/calico/a", "2"), store->create("/calico/b", "1"),
                                       store->erase("/calico/a"), store->update("/calico/a", "2", 2)}) {
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Errc::denied);
    EXPECT_NE(refused.error().message.find("user 'reader' has no permission"), std::string::npos)
        << refused.error().message;
  }
  EXPECT_EQ((*as("root", "secret")->get("/calico/a"))->value, "1");
  EXPECT_EQ(store->list("/elsewhere/").error().code, Errc::denied);
  // A watch of what one may not see ends at once; a new token does not help.
  auto forbidden = store->watch("/elsewhere/", 1);
  const Error error = forbidden ? (*forbidden)->next(std::chrono::seconds(30)).error() : forbidden.error();
  EXPECT_EQ(error.code, Errc::denied) << error.message;
}

TEST_F(EtcdLogin, LogsInAgainWhenTheTokenIsForgotten) {
  const auto store = as("root", "secret");
  ASSERT_TRUE(store->create("/calico/a", "1").has_value());
  const auto watch = store->watch("/calico/", 1);
  ASSERT_TRUE(watch.has_value());
  ASSERT_EQ((*watch)->next(std::chrono::seconds(30))->size(), 1U);
  // etcd keeps its tokens in memory.
  server_->kill();
  server_->start();
  wait_until_served(*as("root", "secret"));
  const auto put = store->put("/calico/a", "2");
  ASSERT_TRUE(put.has_value()) << to_string(put.error());
  const auto changes = (*watch)->next(std::chrono::seconds(30));
  ASSERT_TRUE(changes.has_value()) << to_string(changes.error());
  ASSERT_EQ(changes->size(), 1U);
  EXPECT_EQ(changes->front().entry.value, "2");
}

TEST_F(EtcdLogin, IgnoresAUserWhereNobodyAsks) {
  const TemporaryFolder folder;
  const EtcdServer open({.folder = folder.path(), .port = 2381, .peer_port = 2382, .cluster = {}});
  const auto store = make_store({.endpoints = {open.url()}, .username = "root", .password = "x"});
  wait_until_served(*store);
  EXPECT_TRUE(store->put("/a", "1").has_value());
}

}  // namespace
}  // namespace catflap::calico
