#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "calico/sqlite/temporary_folder.hpp"
#include "certificates.hpp"
#include "etcd_server.hpp"

namespace catflap::calico {
namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// One etcd that wants client certificates, for all tests. It reads the files of its own certificate at every
/// handshake, so that a test can give it another one.
class EtcdTls : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!why_skipped().empty()) {
      return;
    }
    folder_ = std::make_unique<TemporaryFolder>();
    certificates_ = std::make_unique<Certificates>(folder_->path());
    certificates_->make_ca("ca");
    certificates_->make_ca("other-ca");
    certificates_->make({.name = "good"});
    certificates_->make({.name = "client", .usage = "clientAuth"});
    use("good");
    server_ = std::make_unique<EtcdServer>(
        EtcdServer::Options{.folder = folder_->path(), .cluster = {}, .tls = true});
    const auto store = make_store(options());
    wait_until_served(*store);
  }
  static void TearDownTestSuite() {
    server_.reset();
    certificates_.reset();
    folder_.reset();
  }
  void SetUp() override {
    if (!why_skipped().empty()) {
      GTEST_SKIP() << why_skipped();
    }
    use("good");
  }

  /// The server shows this certificate from now on.
  static void use(const std::string& name) {
    const auto overwrite = fs::copy_options::overwrite_existing;
    fs::copy_file(certificates_->certificate(name), folder_->path() / "server.pem", overwrite);
    fs::copy_file(certificates_->key(name), folder_->path() / "server.key", overwrite);
  }
  static http::Pem file(const fs::path& path) { return {.file = path.string()}; }
  static http::TlsOptions tls(const std::string& client = "client") {
    return {.ca = file(certificates_->certificate("ca")),
            .certificate = file(certificates_->certificate(client)),
            .key = file(certificates_->key(client))};
  }
  static EtcdStore::Options options(const http::TlsOptions& tls_options = tls()) {
    return {.endpoints = {"https://127.0.0.1:2379"}, .tls = tls_options};
  }
  static void expect_failure(const EtcdStore::Options& bad, Errc code, const std::string& message) {
    const auto store = EtcdStore::create(bad);
    const Error error = store ? (*store)->put("/a", "1").error() : store.error();
    EXPECT_EQ(error.code, code) << error.message;
    EXPECT_NE(error.message.find(message), std::string::npos) << error.message;
    if (store) {
      const auto watch = (*store)->watch("/", 0);
      if (watch) {  // TLS 1.3: the server says no when it has seen the request
        const auto changes = (*watch)->next(Duration::zero());
        EXPECT_FALSE(changes.has_value() && !changes->empty());
      } else {
        EXPECT_EQ(watch.error().code, code) << watch.error().message;
      }
    }
  }

  static inline std::unique_ptr<TemporaryFolder> folder_;
  static inline std::unique_ptr<Certificates> certificates_;
  static inline std::unique_ptr<EtcdServer> server_;
};

TEST_F(EtcdTls, WritesReadsAndWatches) {
  const auto store = make_store(options());
  const auto watch = store->watch("/tls/", store->list("/")->revision);
  ASSERT_TRUE(watch.has_value()) << to_string(watch.error());
  const auto made = store->create("/tls/a", "1");
  ASSERT_TRUE(made.has_value()) << to_string(made.error());
  EXPECT_EQ(*store->get("/tls/a"), *made);
  const auto changes = (*watch)->next(std::chrono::seconds(30));
  ASSERT_TRUE(changes.has_value() && changes->size() == 1);
  EXPECT_EQ(changes->front().entry, *made);
}

TEST_F(EtcdTls, TakesCertificatesFromMemoryToo) {
  const http::TlsOptions memory{.ca = {.text = content(certificates_->certificate("ca"))},
                                .certificate = {.text = content(certificates_->certificate("client"))},
                                .key = {.text = content(certificates_->key("client"))}};
  EXPECT_TRUE(make_store(options(memory))->get("/").has_value());
}

TEST_F(EtcdTls, TakesAHostByName) {
  EtcdStore::Options by_name = options();
  by_name.endpoints = {"https://localhost:2379"};
  EXPECT_TRUE(make_store(by_name)->get("/").has_value());
}

TEST_F(EtcdTls, SaysThatTheServersCertificateHasExpired) {
  certificates_->make({.name = "expired", .days = -1});
  use("expired");
  expect_failure(options(), Errc::denied,
                 "https://127.0.0.1:2379: the certificate of the server has expired");
}

TEST_F(EtcdTls, SaysThatTheServersCertificateIsOfAnotherCa) {
  http::TlsOptions other = tls();
  other.ca = file(certificates_->certificate("other-ca"));
  expect_failure(options(other), Errc::denied, "signed by a CA that is not the one given");
}

TEST_F(EtcdTls, SaysThatWithoutACaItTrustsWhomTheMachineTrusts) {
  http::TlsOptions none = tls();
  none.ca = {};
  expect_failure(options(none), Errc::denied, "signed by a CA that is not the one given");
}

TEST_F(EtcdTls, SaysThatTheServersCertificateIsForAnotherHost) {
  certificates_->make({.name = "elsewhere", .alternative_names = "DNS:etcd.example.org,IP:10.9.8.7"});
  use("elsewhere");
  expect_failure(options(), Errc::denied,
                 "the certificate of the server is for another name than '127.0.0.1'");
}

TEST_F(EtcdTls, SaysThatTheServerWantsAClientCertificate) {
  http::TlsOptions none = tls();
  none.certificate = {};
  none.key = {};
  expect_failure(options(none), Errc::denied, "the server asks for a client certificate, and none is given");
}

TEST_F(EtcdTls, SaysThatTheServerRefusesTheClientCertificate) {
  certificates_->make({.name = "stranger", .ca = "other-ca"});
  expect_failure(options(tls("stranger")), Errc::denied, "the server refuses the client certificate");
  certificates_->make({.name = "old", .days = -1});
  expect_failure(options(tls("old")), Errc::denied, "the server refuses the client certificate");
}

TEST_F(EtcdTls, SaysThatTheKeyBelongsToAnotherCertificate) {
  http::TlsOptions mixed = tls();
  mixed.key = file(certificates_->key("good"));
  expect_failure(options(mixed), Errc::invalid, "the key of the client certificate belongs to another");
}

TEST_F(EtcdTls, SaysThatAFileOfItsOwnIsMissing) {
  http::TlsOptions missing = tls();
  missing.key = {.file = "/nowhere/client.key"};
  expect_failure(options(missing), Errc::invalid, "/nowhere/client.key");
}

TEST_F(EtcdTls, SaysThatTheServerSpeaksTls) {
  EtcdStore::Options plain = options();
  plain.endpoints = {"http://127.0.0.1:2379"};
  const auto error = make_store(plain)->get("/").error();
  EXPECT_EQ(error.code, Errc::io);
  EXPECT_NE(error.message.find("does it want https://?"), std::string::npos) << error.message;
}

TEST_F(EtcdTls, SaysThatTheServerDoesNotSpeakTls) {
  const TemporaryFolder folder;
  const EtcdServer plain({.folder = folder.path(), .port = 2381, .peer_port = 2382, .cluster = {}});
  wait_until_served(*make_store({.endpoints = {plain.url()}}));
  EtcdStore::Options secure = options();
  secure.endpoints = {"https://127.0.0.1:2381"};
  const auto error = make_store(secure)->get("/").error();
  EXPECT_EQ(error.code, Errc::io) << error.message;
  EXPECT_NE(error.message.find("does it speak TLS there"), std::string::npos) << error.message;
}

TEST_F(EtcdTls, GoesOnWithTheNextServerWhenOneHasABadCertificate) {
  EtcdStore::Options two = options();
  two.endpoints = {"https://127.0.0.1:1", "https://localhost:2379"};
  EXPECT_TRUE(make_store(two)->get("/").has_value());
}

}  // namespace
}  // namespace catflap::calico
