#include "sys/netns.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <set>
#include <thread>

namespace catflap::sys::netns {
namespace {

class Netns : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "skipped: needs root";
    }
  }
  Executor executor;
};

TEST_F(Netns, CreatesDistinctNamespacesAndComesHome) {
  const NsId home = Handle::current()->id();
  const auto made = executor.create_many(5);
  ASSERT_TRUE(made) << made.error().message;
  std::set<NsId> ids{home};
  for (const Handle& ns : *made) {
    ids.insert(ns.id());
  }
  EXPECT_EQ(ids.size(), 6U);
  NsId inside;
  ASSERT_TRUE(executor.run([&]() -> Status {
    inside = Handle::current()->id();
    return {};
  }));
  EXPECT_EQ(inside, home);
}

TEST_F(Netns, SocketsBelongToTheNamespaceTheyWereOpenedIn) {
  const auto ns = executor.create();
  ASSERT_TRUE(ns);
  const auto socket = executor.socket_in(*ns, AF_INET, SOCK_DGRAM, 0);
  ASSERT_TRUE(socket);
  EXPECT_EQ(Handle::of_socket(socket->get())->id(), ns->id());
}

TEST_F(Netns, NestedRequestsRunInlineAndReturnToTheOuterNamespace) {
  const auto made = executor.create_many(2);
  ASSERT_TRUE(made);
  NsId inner, after;
  ASSERT_TRUE(executor.run_in((*made)[0], [&]() -> Status {
    const auto status = executor.run_in((*made)[1], [&]() -> Status {
      inner = Handle::current()->id();
      return {};
    });
    const auto third = executor.create();
    after = Handle::current()->id();
    return third ? status : fail(third.error());
  }));
  EXPECT_EQ(inner, (*made)[1].id());
  EXPECT_EQ(after, (*made)[0].id());
}

TEST_F(Netns, ServesManyThreadsAtOnce) {
  const auto made = executor.create_many(4);
  ASSERT_TRUE(made);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (const Handle& ns : *made) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        const auto socket = executor.socket_in(ns, AF_INET, SOCK_DGRAM, 0);
        const auto owner = socket ? Handle::of_socket(socket->get()) : fail(socket.error());
        wrong += !owner || owner->id() != ns.id() ? 1 : 0;
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(wrong, 0);
}

TEST_F(Netns, SysctlsAreOfTheNamespace) {
  const auto ns = executor.create();
  ASSERT_TRUE(ns);
  const auto home = Handle::current();
  const auto before = executor.read_sysctl(*home, "net.ipv4.ip_default_ttl");
  ASSERT_TRUE(executor.write_sysctl(*ns, "net.ipv4.ip_default_ttl", "33"));
  EXPECT_EQ(*executor.read_sysctl(*ns, "net/ipv4/ip_default_ttl"), "33");
  EXPECT_EQ(*executor.read_sysctl(*home, "net.ipv4.ip_default_ttl"), *before);
  EXPECT_EQ(executor.write_sysctl(*ns, "net.ipv4.nothing", "1").error().code, Errc::not_found);
  EXPECT_EQ(executor.write_sysctl(*ns, "kernel.hostname", "x").error().code, Errc::invalid);
  EXPECT_EQ(executor.write_sysctl(*ns, "net/../kernel/hostname", "x").error().code, Errc::invalid);
  EXPECT_EQ(executor.write_sysctl(*ns, "net.ipv4.ip_default_ttl", "x").error().code, Errc::invalid);
}

TEST_F(Netns, BodyErrorsAndExceptionsComeBack) {
  EXPECT_EQ(executor.run([]() -> Status { return fail(Errc::conflict, "no"); }).error().message, "no");
  EXPECT_FALSE(executor.run([]() -> Status { throw std::runtime_error("thrown"); }));
  EXPECT_TRUE(executor.run([]() -> Status { return {}; }));
}

TEST_F(Netns, PinsAreExclusiveAndUnpinnedOnlyByIdentity) {
  const auto made = executor.create_many(2);
  ASSERT_TRUE(made);
  const auto where =
      std::filesystem::path(::testing::TempDir()) / ("catflap-pin-" + std::to_string(::getpid()));
  ASSERT_TRUE(pin((*made)[0], where));
  EXPECT_EQ(pin((*made)[1], where).error().code, Errc::exists);
  EXPECT_EQ(Handle::from_path(where)->id(), (*made)[0].id());
  EXPECT_EQ(unpin((*made)[1].id(), where).error().code, Errc::conflict);
  EXPECT_TRUE(unpin((*made)[0].id(), where));
  EXPECT_FALSE(std::filesystem::exists(where));
}

TEST(NetnsHandle, RefusesWhatIsNoNetworkNamespace) {
  EXPECT_EQ(Handle::from_path("/proc/self/ns/pid").error().code, Errc::invalid);
  EXPECT_FALSE(Handle::from_path("/etc/passwd"));
  EXPECT_EQ(Handle::from_path("/nonexistent").error().code, Errc::not_found);
}

}  // namespace
}  // namespace catflap::sys::netns
