#include "calico/client/client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "calico/client/cascade.hpp"
#include "calico/client/strategic_merge.hpp"
#include "calico/client/write_rules.hpp"
#include "calico/model/decode.hpp"

namespace catflap::calico {
namespace {

using nlohmann::json;

constexpr int kUpdateTries = 5;
constexpr Duration kRetryPause = std::chrono::seconds(1);

/// Name, namespace, resourceVersion, labels and annotations: what a user may say of a new resource.
void keep_written_metadata(Resource& resource) {
  static constexpr const char* kKept[] = {"name", "namespace", "resourceVersion", "labels", "annotations"};
  json kept = json::object();
  for (const char* field : kKept) {
    const auto found = std::as_const(resource).metadata().find(field);
    if (found != std::as_const(resource).metadata().end() && !found->is_null()) {
      kept[field] = *found;
    }
  }
  resource.metadata() = std::move(kept);
}

/// Of `stored`, with the labels and annotations of `resource`.
void merge_metadata(const Resource& stored, Resource& resource) {
  json merged = stored.metadata();
  for (const char* field : {"labels", "annotations"}) {
    merged.erase(field);
    const auto found = resource.metadata().find(field);
    if (found != resource.metadata().end() && !found->is_null()) {
      merged[field] = *found;
    }
  }
  resource.metadata() = std::move(merged);
}

Status check_namespace(const ResourceId& id) {
  if (id.kind->namespaced && id.name_space.empty()) {
    return fail(invalid_field(
        {"Metadata.Namespace", std::nullopt, "namespace is not specified on namespaced resource"}));
  }
  return {};
}

/// What calicoctl may only show.
Status check_writable(const KindInfo& kind, std::string_view operation, std::string_view reason = "") {
  if (kind.read_only) {
    return fail(unsupported_operation(operation, kind.kind, reason));
  }
  return {};
}

std::optional<Revision> parse_revision(std::string_view text) {
  if (text.empty() || text.size() > 18 || text.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  return std::stoll(std::string(text));
}

}  // namespace

Client::Client(Datastore& store, ClientWorld world) : records_(store), world_(std::move(world)) {}

void Client::stamp(Resource& resource) const {
  json& metadata = resource.metadata();
  metadata["uid"] = world_.new_uid();
  metadata["creationTimestamp"] = world_.now();
}

Result<Resource> Client::create(const Resource& resource) {
  if (Status writable = check_writable(resource.kind(), "create or apply"); !writable) {
    return fail(writable.error());
  }
  Resource fresh = resource;
  keep_written_metadata(fresh);
  if (Status prepared = prepare_create(records_, fresh); !prepared) {
    return fail(prepared.error());
  }
  if (fresh.name().empty()) {
    return fail(invalid_field({"Metadata.Name", "", "field must be set for a Create request"}));
  }
  if (const std::string version = fresh.resource_version(); !version.empty()) {
    return fail(
        invalid_field({"Metadata.ResourceVersion", version, "field must not be set for a Create request"}));
  }
  if (Status space = check_namespace(id_of(fresh)); !space) {
    return fail(space.error());
  }
  if (is_calico(fresh.kind(), "Node")) {
    // In clusters without Kubernetes this is the first thing that is done.
    if (Status ready = ensure_initialized(); !ready) {
      return fail(ready.error());
    }
  }
  stamp(fresh);
  Result<Record> record = records_.create(std::move(fresh));
  if (!record) {
    return fail(std::move(record.error()));
  }
  return std::move(record->resource);
}

Result<Resource> Client::apply(const Resource& resource) {
  if (Status writable = check_writable(resource.kind(), "apply", "resource is readonly"); !writable) {
    return fail(writable.error());
  }
  Resource fresh = resource;
  fresh.set_resource_version("");
  Result<Resource> created = create(fresh);
  if (created || (created.error().code != Errc::exists && created.error().code != Errc::unsupported)) {
    return created;
  }
  return update(resource);
}

Result<Resource> Client::replace(const Resource& resource) {
  return update(resource);
}

Result<Resource> Client::update(const Resource& resource) {
  if (const std::string version = resource.resource_version(); !version.empty()) {
    return update_version(resource, version);
  }
  Error last{Errc::conflict, ""};
  for (int tries = 0; tries < kUpdateTries; ++tries) {
    if (tries > 0) {
      world_.pause(kRetryPause);
    }
    Result<Record> old = records_.get(id_of(resource));
    if (!old) {
      return fail(std::move(old.error()));
    }
    Result<Resource> written = write_update(*old, resource);
    if (written || written.error().code != Errc::conflict) {
      return written;
    }
    last = std::move(written.error());
  }
  return fail(std::move(last).context("failed to update the resource"));
}

Result<Resource> Client::update_version(const Resource& resource, std::string_view version) {
  Result<Record> old = records_.get(id_of(resource));
  if (!old) {
    return fail(std::move(old.error()));
  }
  if (old->resource.resource_version() != version) {
    return fail(update_conflict(id_of(resource)));
  }
  return write_update(*old, resource);
}

Result<Resource> Client::write_update(const Record& old, Resource resource) {
  if (Status writable = check_writable(resource.kind(), "apply or replace"); !writable) {
    return fail(writable.error());
  }
  merge_metadata(old.resource, resource);
  if (!old.resource.status().empty() && resource.status().empty()) {
    resource.document()["status"] = old.resource.status();  // kept by components, not by users
  }
  if (Status prepared = prepare_update(records_, resource, old.resource); !prepared) {
    return fail(prepared.error());
  }
  if (resource.uid().empty()) {
    stamp(resource);  // written by hand, or by something that knows no uids
  }
  Result<Record> record = records_.update(old, std::move(resource));
  if (!record) {
    return fail(std::move(record.error()));
  }
  return std::move(record->resource);
}

Result<Resource> Client::patch(const ResourceId& id, std::string_view patch) {
  Result<Record> old = records_.get(id);
  if (!old) {
    return fail(std::move(old.error()));
  }
  Result<json> merged = strategic_merge(old->resource.document(), patch);
  if (!merged) {
    return fail(std::move(merged.error()).context("performing strategic merge patch"));
  }
  Result<Resource> patched = decode_as(*id.kind, *merged, true);
  if (!patched) {
    return fail(std::move(patched.error()).context("creating resource from patched data"));
  }
  if (patched->name() != old->resource.name() || patched->name_space() != old->resource.name_space()) {
    return fail(Errc::invalid, "updating existing resource: the name and the namespace cannot be patched");
  }
  const bool same_version = patched->resource_version() == old->resource.resource_version();
  Result<Resource> written =
      same_version ? write_update(*old, std::move(*patched)) : fail(update_conflict(id_of(old->resource)));
  return with_context(std::move(written), "updating existing resource");
}

Result<Resource> Client::remove(const ResourceId& id, std::string_view resource_version) {
  if (Status writable = check_writable(*id.kind, "delete"); !writable) {
    return fail(writable.error());
  }
  if (Status space = check_namespace(id); !space) {
    return fail(space.error());
  }
  Result<Record> record = records_.get(id);
  if (!record && !(record.error().code == Errc::not_found && is_calico(*id.kind, "Node"))) {
    return fail(std::move(record.error()));
  }
  if (!record) {
    // What hangs on a node may be there without it.
    if (Status cleaned = clean_up_node(*this, id.name, nullptr); !cleaned) {
      return fail(cleaned.error());
    }
    return fail(std::move(record.error()));
  }
  std::optional<Revision> expected = parse_revision(resource_version);
  if (!resource_version.empty() && expected != record->modified) {
    return fail(update_conflict(id_of(record->resource)));
  }
  if (Status removable = check_removable(records_, record->resource); !removable) {
    return fail(removable.error());
  }
  if (is_calico(*id.kind, "Node")) {
    if (Status cleaned = clean_up_node(*this, id.name, &record->resource); !cleaned) {
      return fail(cleaned.error());
    }
  } else if (is_calico(*id.kind, "IPPool")) {
    if (Status retired = retire_pool(*this, *record); !retired) {
      return fail(retired.error());
    }
    expected.reset();  // retiring has written it
  }
  Result<Record> gone = records_.erase(*record, expected);
  if (!gone) {
    return fail(std::move(gone.error()));
  }
  return std::move(gone->resource);
}

Result<Resource> Client::get(const ResourceId& id) {
  if (Status space = check_namespace(id); !space) {
    return fail(space.error());
  }
  Result<Record> record = records_.get(id);
  if (!record) {
    return fail(std::move(record.error()));
  }
  return std::move(record->resource);
}

Result<ResourceList> Client::list(const KindInfo& kind, std::string_view name_space) {
  Result<RecordList> records = records_.list(kind, name_space);
  if (!records) {
    return fail(std::move(records.error()));
  }
  ResourceList list;
  list.revision = records->revision;
  list.broken = std::move(records->broken);
  list.items.reserve(records->records.size());
  for (Record& record : records->records) {
    list.items.push_back(std::move(record.resource));
  }
  return list;
}

Result<RecordWatch> Client::watch(const KindInfo& kind, std::string_view name_space, Revision after) {
  return records_.watch(kind, name_space, after);
}

Result<LabelOutcome> Client::label(const ResourceId& id, const LabelChange& change) {
  Result<Resource> resource = get(id);
  if (!resource) {
    return fail(std::move(resource.error()));
  }
  const std::string shown =
      (change.kind_text.empty() ? std::string(id.kind->kind) : change.kind_text) + ' ' + id.name;
  json& labels = resource->metadata()["labels"];
  if (!labels.is_object()) {
    labels = json::object();
  }
  const auto there = labels.find(change.key);
  LabelOutcome outcome = there == labels.end() ? LabelOutcome::set : LabelOutcome::updated;
  if (!change.value) {
    if (there == labels.end()) {
      return fail(Errc::not_found,
                  fmt::format("cannot remove label of {}, key {} does not exist", shown, change.key));
    }
    labels.erase(there);
    outcome = LabelOutcome::removed;
  } else {
    if (there != labels.end() && !change.overwrite && *there != *change.value) {
      return fail(Errc::exists,
                  fmt::format("failed to update label of {}, key {} is already present. please use "
                              "'--overwrite' to set a new value",
                              shown, change.key));
    }
    labels[change.key] = *change.value;
  }
  Result<Resource> written = update(*resource);
  if (!written) {
    return fail(
        std::move(written.error()).context(fmt::format("failed to update {}, label not changed", shown)));
  }
  return outcome;
}

}  // namespace catflap::calico
