#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "calico/ctl/open_store.hpp"
#include "calico/sqlite/temporary_folder.hpp"

namespace catflap::calico::ctl {
namespace {

namespace fs = std::filesystem;

class OpenStore : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& spec) {
    const fs::path file = folder_.path() / name;
    std::ofstream(file) << "apiVersion: projectcalico.org/v3\nkind: CalicoAPIConfig\nmetadata:\nspec:\n"
                        << spec;
    return file.string();
  }
  std::string error(const std::string& config, const Environment& environment = {}) {
    const auto store = open_store(config, environment);
    EXPECT_FALSE(store.has_value());
    return store ? std::string() : store.error().message;
  }
  fs::path path(const std::string& name) const { return folder_.path() / name; }

  TemporaryFolder folder_;
};

TEST_F(OpenStore, TakesTheFileThatIsNamedBeforeTheLab) {
  const std::string config =
      write("c.yaml", "  datastoreType: embedded\n  embeddedFile: " + path("new/named.db").string() + "\n");
  const auto store = open_store(config, {{"CATFLAP_STORE", path("lab.db").string()}});
  ASSERT_TRUE(store.has_value()) << to_string(store.error());
  EXPECT_TRUE((*store)->put("/a", "1").has_value());
  EXPECT_TRUE(fs::exists(path("new/named.db")));
  EXPECT_FALSE(fs::exists(path("lab.db")));
}

TEST_F(OpenStore, TakesTheLabBeforeTheEnvironment) {
  for (const char* config : {"", kDefaultConfig}) {
    const auto store = open_store(
        config, {{"CATFLAP_STORE", path("lab.db").string()}, {"ETCD_ENDPOINTS", "http://127.0.0.1:1"}});
    ASSERT_TRUE(store.has_value()) << to_string(store.error());
    EXPECT_TRUE((*store)->put("/a", "1").has_value());
  }
}

TEST_F(OpenStore, SpeaksWithEtcdWhereItIsNamed) {
  const std::string config = write("c.yaml", "  etcdEndpoints: http://127.0.0.1:1\n");
  const auto store = open_store(config, {});
  ASSERT_TRUE(store.has_value()) << to_string(store.error());
  EXPECT_EQ((*store)->get("/a").error().message,
            "etcd cannot be reached: http://127.0.0.1:1: cannot connect: Connection refused");
}

TEST_F(OpenStore, SaysWhatIsWrongWithTheConfiguration) {
  EXPECT_EQ(error("/nowhere/c.yaml"), "Error reading config file: /nowhere/c.yaml");
  const std::string unknown = write("c.yaml", "  etcdEndpoint: http://127.0.0.1:1\n");
  EXPECT_EQ(error(unknown),
            "syntax error in " + unknown +
                ": failed to parse config as YAML/JSON: error unmarshaling JSON: while decoding "
                "JSON: json: unknown field \"etcdEndpoint\"");
  EXPECT_EQ(
      error(write("d.yaml", "  etcdEndpoints: https://127.0.0.1:1\n  etcdCACertFile: /nowhere/ca.pem\n")),
      "could not initialize etcdv3 client: CA certificate: cannot open "
      "/nowhere/ca.pem: No such file or directory");
  EXPECT_NE(error(write("e.yaml", "  datastoreType: kubernetes\n")).find("not supported in a lab"),
            std::string::npos);
}

TEST(DefaultStoreFile, IsInTheHomeOfWhoIsNotRoot) {
  const Environment environment{{"HOME", "/home/u"}, {"XDG_STATE_HOME", "/home/u/state"}};
  EXPECT_EQ(default_store_file(environment),
            ::geteuid() == 0 ? "/var/lib/catflap/calico.db" : "/home/u/state/catflap/calico.db");
}

}  // namespace
}  // namespace catflap::calico::ctl
