#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.hpp"
#include "base/result.hpp"
#include "calico/client/api_error.hpp"
#include "calico/client/records.hpp"
#include "calico/model/resource.hpp"
#include "calico/store/datastore.hpp"

/// Operations on resources as calicoctl and libcalico-go do them: Calico's metadata rules, validation and
/// defaults on write, references, cascades and protections.
///
///   Client client(store, {new_uid, now, pause});
///   Result<Resource> stored = client.apply(resource);   // defaults set, validated, created or updated
///   Result<ResourceList> peers = client.list(*find_kind("bgppeers"));
///
/// All errors carry Calico's words; Error::code says what happened: exists, not_found, conflict, unsupported
/// (protected, read-only), invalid (validation), and the store's own (io, denied, timeout, protocol).
namespace catflap::calico {

/// What an operation needs of the world. All are called in the middle of operations, by the caller's thread.
struct ClientWorld {
  std::function<std::string()> new_uid;  ///< a random UUID: "4dd82395-8bbb-4689-b440-d20bdcdca127"
  std::function<std::string()> now;      ///< RFC 3339 in UTC, whole seconds: "2026-11-20T19:58:15Z"
  std::function<void(Duration)> pause;   ///< waits: 1 s between tries of an update, 0.5 s in deleting a pool
  std::function<std::int64_t()> clock_ns;  ///< nanoseconds since 1970, for the sequence numbers of IPAM
};

struct ResourceList {
  std::vector<Resource> items;       ///< by namespace and name, as the store keeps them
  std::vector<BrokenRecord> broken;  ///< entries that could not be read: worth a warning
  Revision revision = 0;             ///< metadata.resourceVersion of the list; watch from here
};

struct LabelChange {
  std::string key;
  std::optional<std::string> value{};  ///< nothing: remove the label
  bool overwrite = false;
  std::string kind_text{};  ///< KIND as the user wrote it, for messages
};
enum class LabelOutcome : std::uint8_t { set, updated, removed };

/// `store` outlives it. Not thread safe. Several clients, also of other processes, may work on one store.
class Client {
 public:
  Client(Datastore& store, ClientWorld world);

  /// Errc::exists where there is one. Of the metadata it keeps name, namespace, labels and annotations; a
  /// given resourceVersion is an error. A new Node also initialises the cluster.
  Result<Resource> create(const Resource& resource);
  /// Creates, or updates what is there. With metadata.resourceVersion only that version is updated, else
  /// Errc::conflict; without, a conflict is tried again up to 5 times. Labels and annotations are replaced,
  /// the rest of the metadata stays.
  Result<Resource> apply(const Resource& resource);
  /// As apply, but Errc::not_found where there is none.
  Result<Resource> replace(const Resource& resource);
  /// Strategic merge patch, in JSON.
  Result<Resource> patch(const ResourceId& id, std::string_view patch);
  /// With everything that hangs on it: a Node takes along its addresses, endpoints, peers and configurations;
  /// an IPPool gives up its affinities first. `resource_version` "" means any. The resource that is gone.
  Result<Resource> remove(const ResourceId& id, std::string_view resource_version = "");
  Result<Resource> get(const ResourceId& id);
  /// `name_space` "" means all namespaces.
  Result<ResourceList> list(const KindInfo& kind, std::string_view name_space = "");
  Result<RecordWatch> watch(const KindInfo& kind, std::string_view name_space, Revision after);

  /// `calicoctl label`. The error says which label is in the way or missing.
  Result<LabelOutcome> label(const ResourceId& id, const LabelChange& change);

  /// What every Calico component does first: ClusterInformation with a GUID, and the tiers that always exist.
  Status ensure_initialized(std::string_view calico_version = "", std::string_view cluster_type = "");
  /// ClusterInformation "default"; nothing if the cluster was never initialised.
  Result<std::optional<Resource>> cluster_information();
  /// `datastore migrate lock` and `unlock`: Calico's components wait while the store is not ready.
  Status set_datastore_ready(bool ready);
  Result<bool> is_datastore_locked();
  /// The AS number of nodes without their own: of BGPConfiguration "default", else 64512. Nothing where it
  /// cannot be read.
  std::optional<std::uint32_t> cluster_as_number();

  Records& records() { return records_; }
  const ClientWorld& world() const { return world_; }

 private:
  Result<Resource> update(const Resource& resource);
  Result<Resource> update_version(const Resource& resource, std::string_view version);
  Result<Resource> write_update(const Record& old, Resource resource);
  Status ensure_cluster_information(std::string_view calico_version, std::string_view cluster_type);
  Status ensure_tier(std::string_view name, std::string_view default_action, std::int64_t order);
  void stamp(Resource& resource) const;

  Records records_;
  ClientWorld world_;
};

}  // namespace catflap::calico
