#include <map>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "calico/ipam/check.hpp"
#include "calico/store/keys.hpp"

namespace catflap::calico::ipam {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

/// The members that are not empty, in the order of Calico's struct.
ordered_json to_json(const Allocation& allocation) {
  ordered_json value;
  const auto add = [&value](const char* name, const std::string& text) {
    if (!text.empty()) {
      value[name] = text;
    }
  };
  value["ip"] = net::to_string(allocation.address);
  add("handle", allocation.handle);
  value["sequenceNumber"] = allocation.sequence;
  add("pod", allocation.pod);
  add("namespace", allocation.name_space);
  add("node", allocation.node);
  add("type", allocation.type);
  add("creationTimestamp", allocation.created);
  value["inUse"] = allocation.in_use;
  if (allocation.borrowed) {
    value["borrowed"] = true;
  }
  if (allocation.cooling) {
    value["coolingDown"] = true;
  }
  value["owners"] = allocation.owners.empty() ? ordered_json() : ordered_json(allocation.owners);
  return value;
}

/// What a report file says, as far as a release needs it.
struct Report {
  std::string version{}, guid{}, revision{};
  std::map<net::IpAddr, ReleaseOption> leaked{};
  std::map<std::string, std::string> handles{};  ///< id -> revision
};

std::string text_of(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

bool is_true(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && *found == true;
}

Result<Report> read_report(const ReportFile& file) {
  const json value = json::parse(file.text, nullptr, false);
  if (!value.is_object()) {
    return fail(Errc::invalid, file.name + " is no report of ipam check: it is not a JSON object");
  }
  Report report{text_of(value, "version"), text_of(value, "clusterGUID"),
                text_of(value, "clusterInformationRevision")};
  const auto allocations = value.find("allocations");
  const json none = json::object();
  for (const auto& [ip, list] : (allocations == value.end() ? none : *allocations).items()) {
    const auto address = net::IpAddr::parse(ip);
    if (!address || !list.is_array()) {
      return fail(Errc::invalid, file.name + " is no report of ipam check: " + ip);
    }
    for (const json& each : list) {
      if (!each.is_object() || is_true(each, "inUse") || is_true(each, "coolingDown")) {
        continue;
      }
      ReleaseOption option{*address, text_of(each, "handle")};
      const auto sequence = each.find("sequenceNumber");
      if (sequence != each.end() && sequence->is_number_integer() && *sequence >= 0) {
        option.sequence = sequence->get<std::uint64_t>();
      }
      report.leaked.insert_or_assign(*address, std::move(option));
    }
  }
  const auto handles = value.find("leakedHandles");
  if (handles != value.end() && handles->is_array()) {
    for (const json& each : *handles) {
      if (each.is_object()) {
        report.handles[text_of(each, "ID")] = text_of(each, "Revision");
      }
    }
  }
  return report;
}

struct Cluster {
  std::string guid{}, revision{};
  bool locked = false;
};

Result<Cluster> read_cluster(Datastore& store) {
  const auto entry = store.get(to_key(ResourceKey{"clusterinformations", "", "default"}));
  if (!entry) {
    return fail(entry.error());
  }
  if (!*entry) {
    return Cluster{};
  }
  const auto resource = decode_resource(**entry);
  if (!resource) {
    return fail(resource.error());
  }
  const json spec = resource->value("spec", json::object());
  return Cluster{spec.is_object() ? text_of(spec, "clusterGUID") : "", std::to_string((*entry)->modified),
                 spec.is_object() && spec.value("datastoreReady", json()) == false};
}

/// Refuses reports that are not of this cluster, this program and this moment.
Status check_reports(const ReleaseFromReports& request, const Cluster& cluster,
                     const std::vector<Report>& reports, std::string& text) {
  bool current = false;
  for (std::size_t n = 0; n < reports.size(); ++n) {
    const std::string& name = request.reports[n].name;
    if (reports[n].guid != cluster.guid) {
      return fail(Errc::invalid,
                  fmt::format("cluster does not match the provided report ({}): mismatched cluster "
                              "GUID. Refusing to release",
                              name));
    }
    if (reports[n].version != request.version) {
      if (!request.force) {
        return fail(Errc::invalid,
                    fmt::format("the provided report ({}) was produced using a different version "
                                "({}) of calicoctl. Refusing to release",
                                name, reports[n].version));
      }
      text +=
          "WARNING: Report was produced using a different version of calicoctl. Ignoring due to --force "
          "option\n";
    }
    current = current || reports[n].revision == cluster.revision;
  }
  if (!current) {
    return fail(
        Errc::invalid,
        "the provided reports are all stale - at least one should be up-to-date. Please generate a new "
        "report while the data store is locked and try again");
  }
  if (!cluster.locked) {
    if (!request.force) {
      return fail(Errc::invalid,
                  "data store is not locked. Either lock the data store, or re-run with --force");
    }
    text += "WARNING: Data store is not locked. Ignoring due to --force option\n";
  }
  return {};
}

/// What all reports agree on.
Report merge(const std::vector<Report>& reports) {
  Report merged = reports.front();
  for (std::size_t n = 1; n < reports.size(); ++n) {
    Report both = reports[n];
    for (auto it = both.leaked.begin(); it != both.leaked.end();) {
      it = merged.leaked.count(it->first) != 0 ? std::next(it) : both.leaked.erase(it);
    }
    for (auto it = both.handles.begin(); it != both.handles.end();) {
      const auto other = merged.handles.find(it->first);
      const bool same = other != merged.handles.end() && other->second == it->second;
      it = same ? std::next(it) : both.handles.erase(it);
    }
    merged = std::move(both);
  }
  return merged;
}

void release_addresses(Ipam& ipam, const Report& merged, std::string& text) {
  if (merged.leaked.empty()) {
    text += "Report didn't contain any leaked IPs to clean up.\n";
    return;
  }
  text += fmt::format("Releasing {} old IPs...\n", merged.leaked.size());
  std::vector<ReleaseOption> options;
  for (const auto& [address, option] : merged.leaked) {
    options.push_back(option);
  }
  const auto released = ipam.release_ips(options);
  if (!released) {
    text += fmt::format(
        "An error occurred while releasing some IPs: {}.  Problems are often caused by an out-of-date IPAM "
        "report.  Try regenerating the IPAM report and retry.\n",
        released.error().message);
    return;
  }
  text += fmt::format("Released {} IPs successfully\n", options.size() - released->unallocated.size());
  if (!released->unallocated.empty()) {
    text += fmt::format("{} addresses marked as leaked in the report had already been cleaned up.\n",
                        released->unallocated.size());
  }
}

void release_handles(Datastore& store, const Report& merged, std::string& text) {
  if (merged.handles.empty()) {
    text += "Report didn't contain any handles to clean up.\n";
    return;
  }
  text += fmt::format("Deleting {} handles...\n", merged.handles.size());
  text += "Key: '.' = Deleted OK; 'x' = skip, handle missing/changed.\n";
  std::size_t deleted = 0;
  std::size_t skipped = 0;
  std::size_t errors = 0;
  for (const auto& [id, revision] : merged.handles) {
    const std::string key = handle_key(id);
    const auto entry = store.get(key);
    const bool same = entry && *entry && std::to_string((*entry)->modified) == revision;
    const auto erased = same ? store.erase(key, (*entry)->modified) : Result<Entry>(Entry{});
    if (!entry ||
        (!erased && erased.error().code != Errc::conflict && erased.error().code != Errc::not_found)) {
      ++errors;
      text += fmt::format("\nDeleting handle {} failed: {}.\n", id,
                          entry ? erased.error().message : entry.error().message);
    } else if (!same || !erased) {
      ++skipped;
      text += 'x';
    } else {
      ++deleted;
      text += '.';
    }
  }
  text += fmt::format("\nReleased {} handles; {} skipped; {} errors.\n", deleted, skipped, errors);
}

}  // namespace

std::string to_json(const CheckReport& report, std::string_view version) {
  ordered_json value;
  value["version"] = version;
  value["clusterGUID"] = report.cluster_guid;
  value["datastoreLocked"] = report.locked;
  value["clusterInformationRevision"] = report.cluster_revision;
  value["clusterType"] = report.cluster_type;
  // Go sorts the keys of a map as text.
  std::map<std::string, ordered_json> allocations;
  for (const auto& [address, list] : report.allocations) {
    ordered_json& all = allocations[net::to_string(address)];
    for (const Allocation& each : list) {
      all.push_back(to_json(each));
    }
  }
  value["allocations"] = ordered_json::object();
  for (auto& [address, list] : allocations) {
    value["allocations"][address] = std::move(list);
  }
  for (const HandleInfo& each : report.idle_handles) {
    value["leakedHandles"].push_back(
        ordered_json{{"ID", each.id}, {"UID", nullptr}, {"Revision", each.revision}});
  }
  return value.dump(2, ' ', false, json::error_handler_t::replace);
}

Result<std::string> release_from_reports(Datastore& store, Ipam& ipam, const ReleaseFromReports& request) {
  const auto cluster = read_cluster(store);
  if (!cluster) {
    return fail(cluster.error());
  }
  std::vector<Report> reports;
  for (const ReportFile& file : request.reports) {
    auto report = read_report(file);
    if (!report) {
      return fail(std::move(report.error()));
    }
    reports.push_back(std::move(*report));
  }
  std::string text;
  if (auto accepted = check_reports(request, *cluster, reports, text); !accepted) {
    return fail(std::move(accepted.error()));
  }
  const Report merged = merge(reports);
  release_addresses(ipam, merged, text);
  release_handles(store, merged, text);
  return text + "You may now unlock the data store.\n";
}

}  // namespace catflap::calico::ipam
