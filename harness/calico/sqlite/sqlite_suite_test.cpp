#include <gtest/gtest.h>

#include <map>
#include <memory>

#include "calico/sqlite/embedded_store.hpp"
#include "calico/sqlite/temporary_folder.hpp"
#include "calico/store/datastore_suite.hpp"

namespace catflap::calico {
namespace {

/// Each client opens the file for itself, as another process would.
class EmbeddedUnderTest final : public StoreUnderTest {
 public:
  Datastore& client(std::size_t number) override {
    std::unique_ptr<EmbeddedStore>& store = clients_[number];
    if (!store) {
      auto opened = EmbeddedStore::open(folder_.path() / "store.db");
      if (!opened) {
        throw std::runtime_error(to_string(opened.error()));
      }
      store = std::move(*opened);
    }
    return *store;
  }
  void compact(Revision through) override {
    client(0);
    EXPECT_TRUE(clients_[0]->compact(through).has_value());
  }

 private:
  TemporaryFolder folder_;
  std::map<std::size_t, std::unique_ptr<EmbeddedStore>> clients_;
};

INSTANTIATE_TEST_SUITE_P(Embedded, DatastoreSuite,
                         testing::Values(StoreCase{"embedded",
                                                   [] { return std::make_unique<EmbeddedUnderTest>(); }}),
                         store_name);

}  // namespace
}  // namespace catflap::calico
