#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "calico/store/datastore.hpp"
#include "http/client.hpp"

namespace catflap::calico {

/// The datastore in etcd v3 (3.4 or later), through its JSON gateway: keys and values are the octets that
/// Calico's own clients read and write. Lists of any length are read page by page at one revision. Reads are
/// linearizable. When a server fails the others are asked; a write that broke in the middle is not tried
/// again, and its error says that it may have happened.
///
/// The gateway knows no users by the CN of a client certificate: with etcd's authentication, give a name and
/// a password.
class EtcdStore final : public Datastore {
 public:
  struct Options {
    std::vector<std::string> endpoints{};  ///< "https://host:2379", at least one
    std::string username{};                ///< empty: no login
    std::string password{};
    http::TlsOptions tls{};
    Duration timeout = std::chrono::seconds(10);  ///< of one operation
    std::int64_t page = 1000;                     ///< entries of a list in its first request
    /// How long a watch tries to reach etcd again before it is an error.
    Duration outage_max = std::chrono::seconds(60);
  };

  /// Speaks with no server yet. Errc::invalid: endpoints, or certificates that cannot be used.
  static Result<std::unique_ptr<EtcdStore>> create(Options options);
  ~EtcdStore() override;

  Result<std::optional<Entry>> get(std::string_view key) override;
  Result<Listing> list(std::string_view prefix) override;
  Result<Entry> create(std::string_view key, std::string_view value) override;
  Result<Entry> update(std::string_view key, std::string_view value, Revision expected) override;
  Result<Entry> put(std::string_view key, std::string_view value) override;
  Result<Entry> erase(std::string_view key, std::optional<Revision> expected = std::nullopt) override;
  Result<std::unique_ptr<Watch>> watch(std::string_view prefix, Revision after) override;

  /// etcd's compaction, of all keys that it holds: for tests and repairs.
  Status compact(Revision through);

 private:
  class Impl;
  explicit EtcdStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace catflap::calico
