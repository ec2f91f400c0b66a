#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.hpp"
#include "base/result.hpp"
#include "calico/client/api_error.hpp"
#include "calico/model/resource.hpp"
#include "calico/store/datastore.hpp"

/// Resources in a store as they are: keys, values and revisions, without the rules of their kinds.
namespace catflap::calico {

/// A resource and the key that it stands under. metadata.resourceVersion is the revision of the entry.
struct Record {
  std::string key;
  Resource resource;
  Revision modified = 0;
};

/// An entry that is no resource of its kind: somebody else wrote it, or an older version.
struct BrokenRecord {
  std::string key;
  std::string message;
};

struct RecordList {
  std::vector<Record> records;  ///< by namespace and name
  std::vector<BrokenRecord> broken;
  Revision revision = 0;
};

struct RecordChange {
  enum class Kind : std::uint8_t { added, modified, erased };
  Kind kind = Kind::added;
  Resource resource;  ///< after the write; of an erased one, what was there, or its id alone if not known
};

/// The changes of one kind's resources, as Watch. Entries that are no resources are left out.
class RecordWatch {
 public:
  RecordWatch(std::unique_ptr<Watch> watch, const KindInfo& kind);
  /// As Watch::next().
  Result<std::vector<RecordChange>> next(Duration limit);

 private:
  std::unique_ptr<Watch> watch_;
  const KindInfo* kind_;
};

/// `store` outlives it. Errors: as the store's, and those of api_error.hpp.
class Records {
 public:
  explicit Records(Datastore& store) : store_(&store) {}

  /// not_existing() if there is none. A policy of the default tier may be asked for with and without its
  /// "default.", whatever the version of Calico that wrote it made of the name.
  Result<Record> get(const ResourceId& id) const;
  /// `name_space` "" means all. For kinds that the store keeps in a form of its own, at most one.
  Result<RecordList> list(const KindInfo& kind, std::string_view name_space = "") const;
  /// already_existing() if there is one. metadata.resourceVersion does not count.
  Result<Record> create(Resource resource) const;
  /// Replaces what is in `at` by `resource` if nobody has written it since: update_conflict(),
  /// not_existing().
  Result<Record> update(const Record& at, Resource resource) const;
  /// The record that is gone. update_conflict() if `expected` is given and not its revision.
  Result<Record> erase(const Record& record, std::optional<Revision> expected = std::nullopt) const;
  Result<RecordWatch> watch(const KindInfo& kind, std::string_view name_space, Revision after) const;

  Datastore& store() const { return *store_; }

 private:
  Datastore* store_;
};

/// True for a Calico kind of this name: Kubernetes has a NetworkPolicy and a Node too.
bool is_calico(const KindInfo& kind, std::string_view name);
/// NetworkPolicy, GlobalNetworkPolicy and their staged forms: the kinds that stand in tiers.
bool is_tiered(const KindInfo& kind);

}  // namespace catflap::calico
