#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "calico/client/client.hpp"
#include "calico/model/diagnostic.hpp"
#include "calico/model/etcd2.hpp"
#include "calico/store/datastore.hpp"

/// Keys of etcd v2 in a v3 store: what `curl .../v2/keys/calico/... -XPUT -d value=...` did for Calico up
/// to 2.x. The entry is kept under its own key, and what it means is applied to the resources of v3.
namespace catflap::calico {

struct Etcd2Applied {
  std::vector<ResourceId> resources;  ///< created or changed
  std::size_t kept = 0;               ///< entries that were put
  std::vector<Diagnostic> problems;   ///< entries that mean nothing here, or are wrong: they are not put
};

/// Puts the entries. A Node, of which etcd v2 has a key for each property, is made of all keys that were ever
/// put. What v3 resources say beside it stays.
Result<Etcd2Applied> put_etcd2(Client& client, std::span<const Etcd2Entry> entries);

/// The route reflectors that were put, by address; entries that are none are left out.
Result<std::vector<RouteReflector>> route_reflectors(Datastore& store);

/// The entries of etcd v2 whose keys begin with `prefix`, by key; "" means all.
Result<std::vector<Etcd2Entry>> list_etcd2(Datastore& store, std::string_view prefix = "");
/// Forgets an entry; what it has done to resources stays. Errc::not_found: "Key not found (/calico/...)".
Status remove_etcd2(Datastore& store, std::string_view key);

}  // namespace catflap::calico
