#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <string>

#include "calico/sqlite/temporary_folder.hpp"
#include "calico/store/datastore_suite.hpp"
#include "calico/store/keys.hpp"
#include "etcd_server.hpp"
#include "sys/process.hpp"

namespace catflap::calico {
namespace {

/// An etcd of its own; pages are short, so that lists have several.
class EtcdUnderTest final : public StoreUnderTest {
 public:
  EtcdUnderTest() { wait_until_served(static_cast<EtcdStore&>(client(0))); }
  Datastore& client(std::size_t number) override {
    std::unique_ptr<EtcdStore>& store = clients_[number];
    if (!store) {
      store = make_store({.endpoints = {server_.url()}, .page = 3});
    }
    return *store;
  }
  void compact(Revision through) override {
    const Status done = clients_[0]->compact(through);
    EXPECT_TRUE(done.has_value()) << to_string(done.error());
  }
  std::string url() const { return server_.url(); }

 private:
  TemporaryFolder folder_;
  EtcdServer server_{{.folder = folder_.path(), .cluster = {}}};
  std::map<std::size_t, std::unique_ptr<EtcdStore>> clients_;
};

INSTANTIATE_TEST_SUITE_P(Etcd, DatastoreSuite,
                         testing::Values(StoreCase{"etcd",
                                                   []() -> std::unique_ptr<StoreUnderTest> {
                                                     if (!why_skipped().empty()) {
                                                       return nullptr;
                                                     }
                                                     return std::make_unique<EtcdUnderTest>();
                                                   }}),
                         store_name);

TEST(EtcdStore, SeesWhatOtherClientsWriteAndTheySeeOurs) {
  if (!why_skipped().empty() || !sys::proc::find_program("etcdctl")) {
    GTEST_SKIP() << "no etcd or etcdctl here";
  }
  EtcdUnderTest etcd;
  Datastore& store = etcd.client(0);
  const auto etcdctl = [&](std::vector<std::string> arguments) {
    sys::proc::Spawn spawn;
    spawn.program = "etcdctl";
    spawn.args = std::move(arguments);
    spawn.args.insert(spawn.args.begin(), {"--endpoints", etcd.url()});
    spawn.env = {{"ETCDCTL_API", "3"}};
    const auto done = sys::proc::run(spawn);
    EXPECT_TRUE(done && done->status.ok()) << (done ? done->err : to_string(done.error()));
    return done ? done->out : std::string();
  };
  const std::string key = to_key({"ippools", "", "p"});
  const std::string value =
      R"({"kind":"IPPool","apiVersion":"projectcalico.org/v3","metadata":{"name":"p"},"spec":{"cidr":"10.0.0.0/16"}})";
  etcdctl({"put", "/calico/resources/v3/projectcalico.org/ippools/p", value});
  const auto theirs = store.get(key);
  ASSERT_TRUE(theirs.has_value() && theirs->has_value());
  EXPECT_EQ((*theirs)->value, value);
  const auto ours = store.update(key, "{}", (*theirs)->modified);
  ASSERT_TRUE(ours.has_value());
  EXPECT_EQ(etcdctl({"get", "/calico/resources/v3/projectcalico.org/ippools/p"}), key + "\n{}\n");
}

TEST(EtcdStore, ListsAllPagesAtOneRevision) {
  if (!why_skipped().empty()) {
    GTEST_SKIP() << why_skipped();
  }
  EtcdUnderTest etcd;
  Datastore& store = etcd.client(0);
  for (int each = 0; each < 100; ++each) {
    ASSERT_TRUE(store.create("/n/" + std::to_string(each), "v").has_value());
  }
  const Listing listing = store.list("/n/").value();
  ASSERT_EQ(listing.entries.size(), 100U);
  EXPECT_EQ(listing.revision, 101);
  for (std::size_t each = 1; each < listing.entries.size(); ++each) {
    EXPECT_LT(listing.entries[each - 1].key, listing.entries[each].key);
  }
}

TEST(EtcdStore, LosesNoUpdateOfProcessesThatRace) {
  if (!why_skipped().empty()) {
    GTEST_SKIP() << why_skipped();
  }
  constexpr int kProcesses = 4;
  constexpr int kTimes = 25;
  EtcdUnderTest etcd;
  std::vector<pid_t> children;
  for (int each = 0; each < kProcesses; ++each) {
    const pid_t child = ::fork();
    if (child == 0) {
      const auto store = make_store({.endpoints = {etcd.url()}});
      for (int done = 0; done < kTimes;) {
        const auto current = store->get("/counter");
        if (!current) {
          ::_exit(1);
        }
        const Result<Entry> next =
            *current ? store->update("/counter", std::to_string(std::stoi((*current)->value) + 1),
                                     (*current)->modified)
                     : store->create("/counter", "1");
        if (!next && next.error().code != Errc::conflict && next.error().code != Errc::exists) {
          ::_exit(2);
        }
        done += next ? 1 : 0;
      }
      ::_exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  const auto counter = etcd.client(0).get("/counter");
  ASSERT_TRUE(counter.has_value() && counter->has_value());
  EXPECT_EQ((*counter)->value, std::to_string(kProcesses * kTimes));
}

}  // namespace
}  // namespace catflap::calico
