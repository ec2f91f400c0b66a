#include "calico/client/records.hpp"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "calico/client/ipam_settings.hpp"
#include "calico/model/decode.hpp"
#include "calico/store/keys.hpp"

namespace catflap::calico {
namespace {

using nlohmann::json;

constexpr std::string_view kDefaultTierPrefix = "default.";
constexpr std::string_view kTierLabel = "projectcalico.org/tier";
/// Keeps the name of a policy that a person called "default.x": without it, "default." is what older versions
/// of Calico put in front of the names in the default tier.
constexpr const char* kMetadataAnnotation = "projectcalico.org/metadata";

bool is_ipam_configuration(const KindInfo& kind) {
  return is_calico(kind, "IPAMConfiguration");
}

/// Kubernetes' kinds stand beside Calico's, under names that Calico's own model has for some of them:
/// "kubernetesnetworkpolicies".
std::string stored_plural(const KindInfo& kind) {
  return (kind.group == ApiGroup::kubernetes ? "kubernetes" : "") + std::string(kind.plural);
}

std::string prefix_of(const KindInfo& kind, std::string_view name_space) {
  if (is_ipam_configuration(kind)) {
    return std::string(kIpamConfigKey);
  }
  return resource_prefix(stored_plural(kind), kind.namespaced ? name_space : "");
}

std::string key_of(const ResourceId& id) {
  if (is_ipam_configuration(*id.kind)) {
    return std::string(kIpamConfigKey);
  }
  return to_key(ResourceKey{stored_plural(*id.kind), id.name_space, id.name});
}

/// The name that the annotation keeps, "" if none.
std::string kept_name(const json& metadata) {
  const auto annotations = metadata.find("annotations");
  if (annotations == metadata.end() || !annotations->is_object()) {
    return "";
  }
  const auto found = annotations->find(kMetadataAnnotation);
  if (found == annotations->end() || !found->is_string()) {
    return "";
  }
  const json kept = json::parse(found->get<std::string>(), nullptr, false);
  return kept.is_object() && kept.contains("name") && kept["name"].is_string()
             ? kept["name"].get<std::string>()
             : "";
}

void drop_annotation(json& metadata) {
  const auto annotations = metadata.find("annotations");
  if (annotations != metadata.end() && annotations->is_object()) {
    annotations->erase(kMetadataAnnotation);
    if (annotations->empty()) {
      metadata.erase(annotations);
    }
  }
}

/// The tier that a policy's name tells: "knp.default.x" and "ossg.default.x" stand in the default tier.
std::string tier_of_name(std::string_view name) {
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos || name.starts_with("knp.default.") || name.starts_with("ossg.")) {
    return "default";
  }
  return std::string(name.substr(0, dot));
}

/// A policy as people see it.
void present_policy(Resource& policy) {
  json& metadata = policy.metadata();
  std::string tier = policy.text_at("/spec/tier");
  if (tier.empty()) {
    tier = tier_of_name(policy.name());
    policy.spec()["tier"] = tier;
  }
  const std::string kept = kept_name(metadata);
  const std::string name = policy.name();
  if (!kept.empty()) {
    policy.set_name(kept);
  } else if (tier == "default" && std::string_view(name).starts_with(kDefaultTierPrefix)) {
    policy.set_name(std::string_view(name).substr(kDefaultTierPrefix.size()));
  }
  drop_annotation(metadata);
  json& labels = metadata["labels"];
  if (!labels.is_object()) {
    labels = json::object();
  }
  if (!labels.contains(kTierLabel)) {
    labels[std::string(kTierLabel)] = "default";
  }
}

/// The reverse.
void store_policy(Resource& policy) {
  json& metadata = policy.metadata();
  drop_annotation(metadata);
  const std::string name = policy.name();
  if (std::string_view(name).starts_with(kDefaultTierPrefix)) {
    metadata["annotations"][kMetadataAnnotation] = json{{"name", name}}.dump();
  }
}

Result<Record> decode_entry(const KindInfo& kind, const Entry& entry) {
  Result<json> document = decode_resource(entry);
  if (!document) {
    return fail(std::move(document.error()));
  }
  if (is_ipam_configuration(kind)) {
    json configuration = ipam_configuration(*document);
    configuration["metadata"]["resourceVersion"] = std::to_string(entry.modified);
    *document = std::move(configuration);
  }
  Result<Resource> resource = decode_as(kind, *document);
  if (!resource) {
    return fail(Error{Errc::protocol,
                      "failed to parse datastore entry key=" + entry.key + ": " + resource.error().message});
  }
  if (is_tiered(kind)) {
    present_policy(*resource);
  } else if (is_calico(kind, "IPPool") || is_calico(kind, "Tier")) {
    set_defaults(*resource);  // older versions did not store them
  }
  return Record{entry.key, std::move(*resource), entry.modified};
}

std::string encode(Resource resource) {
  if (is_ipam_configuration(resource.kind())) {
    return ipam_entry(resource.document()).dump();
  }
  if (is_tiered(resource.kind())) {
    store_policy(resource);
  }
  return encode_resource(resource.document());
}

/// Allows everything both ways, always there, and in no store.
Record default_allow_profile(const KindInfo& kind) {
  const json rule = {{"action", "Allow"}, {"source", json::object()}, {"destination", json::object()}};
  Resource profile(kind);
  profile.set_name("projectcalico-default-allow");
  profile.spec()["ingress"] = json::array({rule});
  profile.spec()["egress"] = json::array({rule});
  profile.set_resource_version("0");
  return Record{"", std::move(profile), 0};
}

/// Where else a policy may stand: with "default." if asked without, or without if asked with.
std::optional<ResourceId> other_policy_name(const ResourceId& id) {
  if (!is_tiered(*id.kind)) {
    return std::nullopt;
  }
  ResourceId other = id;
  if (std::string_view(id.name).starts_with(kDefaultTierPrefix)) {
    other.name.erase(0, kDefaultTierPrefix.size());
  } else if (id.name.find('.') == std::string::npos) {
    other.name.insert(0, kDefaultTierPrefix);
  } else {
    return std::nullopt;
  }
  return other;
}

Error with_id(Error error, const ResourceId& id) {
  switch (error.code) {
    case Errc::not_found:
      return not_existing(id);
    case Errc::exists:
      return already_existing(id);
    case Errc::conflict:
      return update_conflict(id);
    case Errc::invalid:
    case Errc::denied:
    case Errc::timeout:
    case Errc::protocol:
    case Errc::io:
    case Errc::unsupported:
      return error;
  }
  return error;
}

}  // namespace

bool is_calico(const KindInfo& kind, std::string_view name) {
  return kind.group == ApiGroup::calico_v3 && kind.kind == name;
}

bool is_tiered(const KindInfo& kind) {
  constexpr std::array<std::string_view, 4> kKinds = {"NetworkPolicy", "GlobalNetworkPolicy",
                                                      "StagedNetworkPolicy", "StagedGlobalNetworkPolicy"};
  for (const std::string_view each : kKinds) {
    if (is_calico(kind, each)) {
      return true;
    }
  }
  return false;
}

Result<Record> Records::get(const ResourceId& id) const {
  if (is_calico(*id.kind, "Profile") && id.name == "projectcalico-default-allow") {
    return default_allow_profile(*id.kind);
  }
  if (is_ipam_configuration(*id.kind) && id.name != "default") {
    return fail(not_existing(id));
  }
  Result<std::optional<Entry>> entry = store_->get(key_of(id));
  if (entry && !*entry) {
    if (const auto other = other_policy_name(id)) {
      entry = store_->get(key_of(*other));
    }
  }
  if (!entry) {
    return fail(std::move(entry.error()));
  }
  if (!*entry) {
    return fail(not_existing(id));
  }
  return decode_entry(*id.kind, **entry);
}

Result<RecordList> Records::list(const KindInfo& kind, std::string_view name_space) const {
  Result<Listing> listing = store_->list(prefix_of(kind, name_space));
  if (!listing) {
    return fail(std::move(listing.error()));
  }
  RecordList list;
  list.revision = listing->revision;
  list.records.reserve(listing->entries.size() + 1);
  if (is_calico(kind, "Profile")) {
    list.records.push_back(default_allow_profile(kind));
  }
  for (const Entry& entry : listing->entries) {
    if (Result<Record> record = decode_entry(kind, entry)) {
      list.records.push_back(std::move(*record));
    } else {
      list.broken.push_back({entry.key, std::move(record.error().message)});
    }
  }
  return list;
}

Result<Record> Records::create(Resource resource) const {
  const ResourceId id = id_of(resource);
  if (const auto other = other_policy_name(id)) {
    // Both would be one policy to those who read them.
    Result<std::optional<Entry>> there = store_->get(key_of(*other));
    if (!there) {
      return fail(std::move(there.error()));
    }
    if (*there) {
      return fail(already_existing(id));
    }
  }
  Result<Entry> entry = store_->create(key_of(id), encode(std::move(resource)));
  if (!entry) {
    return fail(with_id(std::move(entry.error()), id));
  }
  return decode_entry(*id.kind, *entry);
}

Result<Record> Records::update(const Record& at, Resource resource) const {
  const ResourceId id = id_of(resource);
  Result<Entry> entry = store_->update(at.key, encode(std::move(resource)), at.modified);
  if (!entry) {
    return fail(with_id(std::move(entry.error()), id));
  }
  return decode_entry(*id.kind, *entry);
}

Result<Record> Records::erase(const Record& record, std::optional<Revision> expected) const {
  Result<Entry> entry = store_->erase(record.key, expected);
  if (!entry) {
    return fail(with_id(std::move(entry.error()), id_of(record.resource)));
  }
  return decode_entry(record.resource.kind(), *entry);
}

Result<RecordWatch> Records::watch(const KindInfo& kind, std::string_view name_space, Revision after) const {
  Result<std::unique_ptr<Watch>> watch = store_->watch(prefix_of(kind, name_space), after);
  if (!watch) {
    return fail(std::move(watch.error()));
  }
  return RecordWatch(std::move(*watch), kind);
}

RecordWatch::RecordWatch(std::unique_ptr<Watch> watch, const KindInfo& kind)
    : watch_(std::move(watch)), kind_(&kind) {}

Result<std::vector<RecordChange>> RecordWatch::next(Duration limit) {
  Result<std::vector<Change>> changes = watch_->next(limit);
  if (!changes) {
    return fail(std::move(changes.error()));
  }
  std::vector<RecordChange> out;
  for (const Change& change : *changes) {
    const bool erased = change.kind == Change::Kind::erased;
    Entry entry = change.entry;
    if (erased && change.previous) {
      entry.value = *change.previous;
    }
    if (Result<Record> record = decode_entry(*kind_, entry)) {
      const RecordChange::Kind kind = erased ? RecordChange::Kind::erased
                                      : change.entry.created == change.entry.modified
                                          ? RecordChange::Kind::added
                                          : RecordChange::Kind::modified;
      out.push_back({kind, std::move(record->resource)});
    } else if (const auto key = parse_resource_key(entry.key); erased && key) {
      Resource gone(*kind_);
      gone.set_name(key->name);
      if (kind_->namespaced) {
        gone.set_name_space(key->ns);
      }
      out.push_back({RecordChange::Kind::erased, std::move(gone)});
    }
  }
  return out;
}

}  // namespace catflap::calico
