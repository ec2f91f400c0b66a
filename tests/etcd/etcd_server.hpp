#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "calico/etcd/etcd_store.hpp"
#include "http/client.hpp"
#include "sys/process.hpp"

namespace catflap::calico {

/// A member of an etcd on loopback: killed and its data removed at the end.
class EtcdServer {
 public:
  struct Options {
    std::filesystem::path folder;  ///< of its data, which stay between two starts
    std::uint16_t port = 2379;
    std::uint16_t peer_port = 2380;
    std::string name = "m0";
    std::string cluster;  ///< "m0=http://127.0.0.1:2380,...", empty: alone
    bool tls = false;
    std::vector<std::string> arguments{};
  };

  /// Does not wait until it serves. Throws.
  explicit EtcdServer(Options options);

  void start();
  /// SIGKILL.
  void kill();
  void wipe();

  std::string url() const;
  const std::filesystem::path& folder() const { return options_.folder; }

 private:
  Options options_;
  std::optional<sys::proc::Child> process_;
};

/// A store; the test fails if the options are bad.
std::unique_ptr<EtcdStore> make_store(const EtcdStore::Options& options);
/// Waits until the etcd of `store` answers; the test fails after half a minute.
void wait_until_served(EtcdStore& store);
/// POST /v3/`path`; the body of the answer. The test fails if it is an error.
std::string post(const std::string& url, const std::string& path, const std::string& message,
                 const std::string& token = {}, const http::TlsOptions& tls = {});
/// Why the tests cannot run here; empty: they can.
std::string why_skipped();

}  // namespace catflap::calico
