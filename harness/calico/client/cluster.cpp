#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "calico/client/client.hpp"

/// The part of the client that deals with the cluster as a whole.
namespace catflap::calico {
namespace {

using nlohmann::json;

constexpr int kTriesMax = 10;
constexpr std::uint32_t kDefaultAsNumber = 64512;

ResourceId cluster_information_id() {
  return {find_kind("projectcalico.org/v3", "ClusterInformation"), "", "default"};
}

/// 32 hexadecimal digits.
std::string guid_of(std::string uid) {
  uid.erase(std::remove(uid.begin(), uid.end(), '-'), uid.end());
  return uid;
}

std::vector<std::string> split_commas(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    if (const std::string_view word = text.substr(0, comma); !word.empty()) {
      words.emplace_back(word);
    }
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  return words;
}

/// Fills in what is missing; true if anything changed.
bool complete(json& spec, const std::string& new_guid, std::string_view version, std::string_view type) {
  const json before = spec;
  if (!version.empty()) {
    spec["calicoVersion"] = version;
  }
  if (!spec.contains("clusterGUID") || spec["clusterGUID"] == "") {
    spec["clusterGUID"] = new_guid;
  }
  if (!spec.contains("datastoreReady") || spec["datastoreReady"].is_null()) {
    spec["datastoreReady"] = true;
  }
  if (!type.empty()) {
    std::vector<std::string> types = split_commas(spec.value("clusterType", ""));
    for (const std::string& word : split_commas(type)) {
      if (std::find(types.begin(), types.end(), word) == types.end()) {
        types.push_back(word);
      }
    }
    spec["clusterType"] = fmt::format("{}", fmt::join(types, ","));
  }
  return spec != before;
}

}  // namespace

Status Client::ensure_initialized(std::string_view calico_version, std::string_view cluster_type) {
  if (Status information = ensure_cluster_information(calico_version, cluster_type); !information) {
    return information;
  }
  struct Fixed {
    std::string_view name;
    std::string_view action;
    std::int64_t order;
  };
  for (const Fixed& tier : {Fixed{"default", "Deny", 1'000'000}, Fixed{"kube-admin", "Pass", 1'000},
                            Fixed{"kube-baseline", "Pass", 10'000'000}}) {
    if (Status made = ensure_tier(tier.name, tier.action, tier.order); !made) {
      return made;
    }
  }
  return {};
}

Status Client::ensure_cluster_information(std::string_view calico_version, std::string_view cluster_type) {
  const ResourceId id = cluster_information_id();
  Error last{Errc::conflict, ""};
  for (int tries = 0; tries < kTriesMax; ++tries) {
    if (tries > 0) {
      world_.pause(std::chrono::seconds(1));
    }
    Result<Record> record = records_.get(id);
    if (!record && record.error().code != Errc::not_found) {
      return fail(std::move(record.error()));
    }
    Result<Record> written = fail(update_conflict(id));
    if (!record) {
      Resource fresh(*id.kind);
      fresh.set_name(id.name);
      complete(fresh.spec(), guid_of(world_.new_uid()), calico_version, cluster_type);
      stamp(fresh);
      written = records_.create(std::move(fresh));
    } else {
      Resource changed = record->resource;
      if (!complete(changed.spec(), guid_of(world_.new_uid()), calico_version, cluster_type)) {
        return {};
      }
      written = records_.update(*record, std::move(changed));
    }
    if (written) {
      return {};
    }
    if (written.error().code != Errc::exists && written.error().code != Errc::conflict) {
      return fail(std::move(written.error()));
    }
    last = std::move(written.error());
  }
  return fail(std::move(last));
}

Status Client::ensure_tier(std::string_view name, std::string_view default_action, std::int64_t order) {
  const KindInfo* kind = find_kind("projectcalico.org/v3", "Tier");
  const Result<Record> there = records_.get({kind, "", std::string(name)});
  if (there || there.error().code != Errc::not_found) {
    return there ? Status() : fail(there.error());
  }
  Resource tier(*kind);
  tier.set_name(name);
  tier.spec()["defaultAction"] = default_action;
  tier.spec()["order"] = order;
  stamp(tier);
  const Result<Record> made = records_.create(std::move(tier));
  if (!made && made.error().code != Errc::exists) {
    return fail(made.error());
  }
  return {};
}

Result<std::optional<Resource>> Client::cluster_information() {
  Result<Record> record = records_.get(cluster_information_id());
  if (record) {
    return std::optional<Resource>(std::move(record->resource));
  }
  if (record.error().code == Errc::not_found) {
    return std::optional<Resource>();
  }
  return fail(std::move(record.error()));
}

Status Client::set_datastore_ready(bool ready) {
  if (Status initialized = ensure_initialized(); !initialized) {
    return initialized;
  }
  const Result<Record> record = records_.get(cluster_information_id());
  if (!record) {
    return fail(record.error());
  }
  Resource changed = record->resource;
  changed.spec()["datastoreReady"] = ready;
  const Result<Record> written = records_.update(*record, std::move(changed));
  return written ? Status() : fail(written.error());
}

Result<bool> Client::is_datastore_locked() {
  const Result<std::optional<Resource>> information = cluster_information();
  if (!information) {
    return fail(information.error());
  }
  if (!*information) {
    return false;
  }
  const json* ready = (*information)->find("/spec/datastoreReady");
  return ready != nullptr && *ready == false;
}

std::optional<std::uint32_t> Client::cluster_as_number() {
  const Result<Record> configuration =
      records_.get({find_kind("projectcalico.org/v3", "BGPConfiguration"), "", "default"});
  if (!configuration) {
    return configuration.error().code == Errc::not_found ? std::optional(kDefaultAsNumber) : std::nullopt;
  }
  const json* number = configuration->resource.find("/spec/asNumber");
  return number != nullptr && number->is_number_unsigned() ? number->get<std::uint32_t>() : kDefaultAsNumber;
}

}  // namespace catflap::calico
