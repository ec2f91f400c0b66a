#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

/// Where the datastore is, as calicoctl's configuration says it: the file /etc/calico/calicoctl.cfg (kind
/// CalicoAPIConfig, or calicoApiConfig of v1), or environment variables.
namespace catflap::calico {

using Environment = std::map<std::string, std::string, std::less<>>;

struct StoreConfig {
  enum class Type : std::uint8_t { embedded, etcd } type = Type::embedded;

  /// embedded: the file of the store; empty: the default one. Ours: `embeddedFile`, CALICO_EMBEDDED_FILE.
  std::string embedded_file{};

  /// etcd: at least one; "https://host:2379" or "host:2379".
  std::vector<std::string> endpoints{};
  std::string username{};  ///< empty: no login (Calico wants both a name and a password)
  std::string password{};
  /// Files, or the PEM texts themselves, not both.
  std::string ca_file{}, cert_file{}, key_file{};
  std::string ca{}, cert{}, key{};

  bool operator==(const StoreConfig&) const = default;
};

/// Reads a configuration file strictly: unknown fields, duplicate keys and wrong types are Errc::invalid, in
/// Calico's words. `file` is its name, for these.
///
/// datastoreType is etcdv3, `embedded` (ours) or, in v1, etcdv2, for which etcd v3 at the same place is
/// taken; `kubernetes` is Errc::unsupported, as a lab has no API server. Without one: etcdv3 if etcdEndpoints
/// is set, kubernetes if one of its own fields is, else embedded (DEVIATION: Calico takes kubernetes).
Result<StoreConfig> read_store_config(std::string_view text, std::string_view file);

/// The same from the environment: CALICO_<NAME> before <NAME>, even if it is empty (DATASTORE_TYPE,
/// ETCD_ENDPOINTS, ETCD_USERNAME, ETCD_PASSWORD, ETCD_KEY_FILE, ETCD_CERT_FILE, ETCD_CA_CERT_FILE,
/// EMBEDDED_FILE, ..., and ETCD_AUTHORITY with ETCD_SCHEME of v1). A KUBECONFIG alone does not make it
/// kubernetes: it is there for other programs.
Result<StoreConfig> read_store_config(const Environment& environment);

}  // namespace catflap::calico
