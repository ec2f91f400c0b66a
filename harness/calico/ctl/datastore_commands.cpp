#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "calico/ctl/command.hpp"
#include "calico/ctl/files.hpp"
#include "calico/ctl/resource_action.hpp"
#include "calico/ctl/version_command.hpp"
#include "calico/model/decode.hpp"
#include "calico/model/kind.hpp"
#include "calico/print/documents.hpp"
#include "calico/store/keys.hpp"

namespace catflap::calico::ctl {

namespace {

using nlohmann::json;

/// Parts of an export stand between such lines: resources, the cluster, IPAM.
constexpr std::string_view kPartLine = "===\n";
constexpr std::string_view kIpamPrefix = "/calico/ipam/v2/";

constexpr Option kConfig{"config", 'c', true};
constexpr std::array kConfigOption{kConfig};
constexpr std::array kImportOptions{kConfig, Option{"filename", 'f', true}};
constexpr std::array kVersionOptions{kConfig, Option{"poll", '\0', true}, Option{"client"}};

constexpr std::string_view kVersionHelp = R"(
Options:
  -c --config=<CONFIG>         The file with the connection. [default: /etc/calico/calicoctl.cfg]
     --client                  Only the version of this program; no datastore is asked.
     --poll=<POLL>             Ask again and again, and show what changes (1s, 10m, 2h). 0 asks once.
  -h --help                    Show this screen.

Description:
  Shows the version of calicoctl that this program stands in for, and those of the cluster.
)";

constexpr std::string_view kLockHelp = R"(
Options:
  -c --config=<CONFIG>         The file with the connection. [default: /etc/calico/calicoctl.cfg]
     --allow-version-mismatch  Do not compare the versions of client and cluster.
  -h --help                    Show this screen.

Description:
  Sets datastoreReady of the ClusterInformation. While it is false (locked), Calico's components leave their state
  as it is. Export, import and ipam split want the datastore locked.
)";

constexpr std::string_view kExportHelp = R"(
Examples:
  <P> datastore migrate lock
  <P> datastore migrate export > cluster.yaml
  <P> -c other.cfg datastore migrate import -f cluster.yaml
  <P> datastore migrate unlock

Options:
  -c --config=<CONFIG>         The file with the connection. [default: /etc/calico/calicoctl.cfg]
  -f --filename=<FILENAME>     What import reads; "-" is standard input.
     --allow-version-mismatch  Do not compare the versions of client and cluster.
  -h --help                    Show this screen.

Description:
  Writes all of Calico's resources, the ClusterInformation and the state of IPAM to standard output, or puts them
  into a datastore that has none of them.
)";

Result<Session> open_checked(Call& call) {
  Result<Session> session = open_session(call.world, call.arguments.text("config"));
  if (session) {
    if (Status same = check_versions(*session->client, call); !same) {
      return fail(same.error());
    }
  }
  return session;
}

Status set_ready(Call& call, bool ready) {
  Result<Session> session = open_checked(call);
  if (!session) {
    return fail(session.error());
  }
  if (Status set = session->client->set_datastore_ready(ready); !set) {
    return refuse("error retrieving ClusterInformation for locking: " + set.error().message);
  }
  call.world.say(ready ? "Datastore unlocked." : "Datastore locked.");
  return {};
}

Status lock(Call& call) {
  return set_ready(call, false);
}
Status unlock(Call& call) {
  return set_ready(call, true);
}

/// Tiers before what stands in them, pools before addresses, nodes before what belongs to them.
std::vector<const KindInfo*> kinds_in_order() {
  std::vector<const KindInfo*> out;
  constexpr std::array<std::string_view, 4> kFirst{"Tier", "IPPool", "Node", "BGPFilter"};
  for (const std::string_view name : kFirst) {
    if (const KindInfo* kind = find_kind(name)) {
      out.push_back(kind);
    }
  }
  for (const KindInfo* kind : all_kinds()) {
    const bool exported = kind->group == ApiGroup::calico_v3 && kind->in_calicoctl && !kind->read_only;
    if (exported && std::find(out.begin(), out.end(), kind) == out.end()) {
      out.push_back(kind);
    }
  }
  return out;
}

/// What is in every cluster, or made by Calico itself: neither exported nor in the way of an import.
bool is_built_in(const Resource& resource) {
  const std::string name = resource.name();
  const std::string_view kind = resource.kind().kind;
  return (kind == "Tier" && (name == "default" || name == "kube-admin" || name == "kube-baseline")) ||
         (kind == "Profile" && name == "projectcalico-default-allow") || kind == "ClusterInformation" ||
         kind == "IPAMConfiguration";
}

Result<bool> is_locked(Client& client) {
  Result<bool> locked = client.is_datastore_locked();
  return locked
             ? locked
             : Result<bool>(fail(Errc::io, "error retrieving ClusterInformation: " + locked.error().message));
}

Status export_all(Call& call) {
  Result<Session> session = open_checked(call);
  if (!session) {
    return fail(session.error());
  }
  const Result<bool> locked = is_locked(*session->client);
  if (!locked) {
    return fail(locked.error());
  }
  if (!*locked) {
    return refuse(
        "datastore is not locked. Run the `calicoctl datastore migrate lock` command in order to begin "
        "migration");
  }
  std::string out;
  for (const KindInfo* kind : kinds_in_order()) {
    const Result<ResourceList> list = session->client->list(*kind);
    if (!list) {
      return refuse(fmt::format("error retrieving {} resources: {}", kind->kind, list.error().message));
    }
    for (const BrokenRecord& broken : list->broken) {
      call.world.err(fmt::format("WARNING: {} is not exported: {}\n", broken.key, broken.message));
    }
    for (const Resource& resource : list->items) {
      if (!is_built_in(resource)) {
        out += print::go_yaml(resource.document()) + "---\n";
      }
    }
  }
  out += kPartLine;
  if (const Result<std::optional<Resource>> cluster = session->client->cluster_information();
      cluster && *cluster) {
    out += print::go_yaml((*cluster)->document());
  }
  out += kPartLine;
  const Result<Listing> ipam = session->store->list(kIpamPrefix);
  if (!ipam) {
    return refuse("error retrieving IPAM resources: " + ipam.error().message);
  }
  json entries = json::object();
  for (const Entry& entry : ipam->entries) {
    entries[entry.key] = entry.value;
  }
  call.world.out(out + print::go_json(entries) + "\n");
  return {};
}

struct Parts {
  std::string resources;
  std::string cluster;
  std::string ipam;
};

Result<Parts> split_parts(const std::string& text) {
  const auto at_line = [&text](std::size_t from) {
    for (std::size_t at = text.find(kPartLine, from); at != std::string::npos;
         at = text.find(kPartLine, at + 1)) {
      if (at == 0 || text[at - 1] == '\n') {
        return at;
      }
    }
    return std::string::npos;
  };
  const std::size_t first = at_line(0);
  const std::size_t second = first == std::string::npos ? first : at_line(first + kPartLine.size());
  if (second == std::string::npos) {
    return refuse(
        "not a file that `datastore migrate export` wrote: its three parts stand between lines of ===");
  }
  const std::size_t cluster = first + kPartLine.size();
  return Parts{text.substr(0, first), text.substr(cluster, second - cluster),
               text.substr(second + kPartLine.size())};
}

Status refuse_if_filled(Session& session) {
  for (const KindInfo* kind : kinds_in_order()) {
    const Result<ResourceList> list = session.client->list(*kind);
    if (!list) {
      return fail(list.error());
    }
    for (const Resource& resource : list->items) {
      if (!is_built_in(resource)) {
        return refuse(
            fmt::format("found existing Calico resources: {}. Import is only supported into a datastore "
                        "without them",
                        to_string(id_of(resource))));
      }
    }
  }
  return {};
}

Status import_ipam(Session& session, const std::string& text, std::size_t& count) {
  const json entries = json::parse(text, nullptr, false);
  if (!entries.is_object()) {
    return refuse("the third part of the file, IPAM, is no JSON object");
  }
  for (const auto& [key, value] : entries.items()) {
    if (key.rfind(kIpamPrefix, 0) != 0 || !value.is_string()) {
      return refuse(fmt::format("{} is no entry of IPAM", key));
    }
    if (Result<Entry> put = session.store->put(key, value.get_ref<const std::string&>()); !put) {
      return refuse(fmt::format("failed to import {}: {}", key, put.error().message));
    }
    ++count;
  }
  return {};
}

Status import_cluster(Session& session, const std::string& text) {
  const ReadReport report = read_resources(text, "");
  if (report.resources.empty()) {
    return {};
  }
  json document = report.resources.front().document();
  // The datastore stays locked until `unlock`.
  document["spec"]["datastoreReady"] = false;
  const std::string key = to_key(ResourceKey{"clusterinformations", "", "default"});
  const Result<Entry> put = session.store->put(key, encode_resource(document));
  return put ? Status() : Status(refuse("failed to import the ClusterInformation: " + put.error().message));
}

Status import_all(Call& call) {
  const std::string name = call.arguments.text("filename");
  if (name.empty()) {
    return refuse(
        fmt::format("invalid option: 'calicoctl {}'. Use flag '--help' to read about a specific subcommand\n"
                    "--filename is required",
                    call.line));
  }
  const Result<std::vector<InputFile>> files = read_input_files(call.world, name, false);
  if (!files) {
    return refuse("failed to execute command: " + files.error().message);
  }
  if (files->size() != 1) {
    return refuse("import reads one file");
  }
  const Result<Parts> parts = split_parts(files->front().text);
  if (!parts) {
    return fail(parts.error());
  }
  const ReadReport report = read_resources(parts->resources, name);
  if (!report.ok()) {
    return refuse("failed to execute command: " + to_string(report.diagnostics.front()));
  }
  Result<Session> session = open_checked(call);
  if (!session) {
    return fail(session.error());
  }
  if (Status empty = refuse_if_filled(*session); !empty) {
    return empty;
  }
  if (Status cluster = import_cluster(*session, parts->cluster); !cluster) {
    return cluster;
  }
  for (Resource resource : report.resources) {
    resource.set_resource_version("");
    if (Result<Resource> stored = session->client->apply(resource); !stored) {
      return refuse(
          fmt::format("failed to import {}: {}", to_string(id_of(resource)), stored.error().message));
    }
  }
  call.world.say(fmt::format("Successfully imported {} resource(s)", report.resources.size()));
  std::size_t entries = 0;
  if (Status ipam = import_ipam(*session, parts->ipam, entries); !ipam) {
    return ipam;
  }
  call.world.say(fmt::format("Successfully imported {} IPAM entries", entries));
  call.world.say(
      "Datastore information successfully imported. Please refer to the datastore migration documentation "
      "for next steps.");
  return {};
}

constexpr std::array kCommands{
    Command{"datastore migrate lock", "Lock the datastore for migration.", "[--config=<CONFIG>]", kLockHelp,
            kConfigOption, 0, 0, lock},
    Command{"datastore migrate unlock", "Unlock the datastore.", "[--config=<CONFIG>]", kLockHelp,
            kConfigOption, 0, 0, unlock},
    Command{"datastore migrate export", "Write the contents of the datastore to standard output.",
            "[--config=<CONFIG>]", kExportHelp, kConfigOption, 0, 0, export_all},
    Command{"datastore migrate import", "Put exported contents into a datastore.",
            "--filename=<FILENAME> [--config=<CONFIG>]", kExportHelp, kImportOptions, 0, 0, import_all},
    Command{"version", "Display the version of this program and of the cluster.",
            "[--config=<CONFIG>] [--poll=<POLL>] [--client]", kVersionHelp, kVersionOptions, 0, 0, version},
};

}  // namespace

std::span<const Command> datastore_commands() {
  return kCommands;
}

}  // namespace catflap::calico::ctl
