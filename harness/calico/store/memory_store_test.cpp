#include "calico/store/memory_store.hpp"

#include <gtest/gtest.h>

#include "calico/store/datastore_suite.hpp"

namespace catflap::calico {
namespace {

class MemoryUnderTest final : public StoreUnderTest {
 public:
  Datastore& client(std::size_t /*number*/) override { return store_; }
  void compact(Revision through) override { store_.compact(through); }

 private:
  MemoryStore store_;
};

INSTANTIATE_TEST_SUITE_P(Memory, DatastoreSuite,
                         testing::Values(StoreCase{"memory",
                                                   [] { return std::make_unique<MemoryUnderTest>(); }}),
                         store_name);

TEST(PrefixEnd, IsAboveAllThatBeginWithThePrefix) {
  EXPECT_EQ(prefix_end("/a/"), "/a0");
  EXPECT_EQ(prefix_end("/a\xff\xff"), "/b");
  EXPECT_EQ(prefix_end("\x7f"), "\x80");
  EXPECT_EQ(prefix_end(std::string(1, '\0')), "\x01");
  EXPECT_EQ(prefix_end("\xff"), "");
  EXPECT_EQ(prefix_end(""), "");
}

TEST(MemoryStore, StartsAtTheRevisionOfEtcd) {
  MemoryStore store;
  EXPECT_EQ(store.revision(), 1);
  EXPECT_EQ(store.list("")->revision, 1);
  EXPECT_EQ(store.create("/a", "1")->created, 2);
}

TEST(MemoryStore, ForgetsItsOldestChangesAtTheBound) {
  MemoryStore store(3);
  const auto slow = store.watch("/", 0);
  ASSERT_TRUE(slow.has_value());
  for (int each = 0; each < 3; ++each) {
    ASSERT_TRUE(store.put("/a", std::to_string(each)).has_value());
  }
  EXPECT_EQ((*store.watch("/", 0))->next(Duration::zero())->size(), 3U);
  ASSERT_TRUE(store.put("/a", "3").has_value());
  EXPECT_EQ((*slow)->next(Duration::zero()).error().code, Errc::conflict);
  EXPECT_EQ(store.watch("/", 1).error().code, Errc::conflict);
  EXPECT_EQ((*store.watch("/", 2))->next(Duration::zero())->size(), 3U);
}

TEST(MemoryStore, CannotForgetTheFuture) {
  MemoryStore store;
  ASSERT_TRUE(store.put("/a", "1").has_value());
  store.compact(1000);
  const auto watch = store.watch("/", 2);
  ASSERT_TRUE(watch.has_value());
  ASSERT_TRUE(store.put("/a", "2").has_value());
  EXPECT_EQ((*watch)->next(Duration::zero())->size(), 1U);
}

}  // namespace
}  // namespace catflap::calico
