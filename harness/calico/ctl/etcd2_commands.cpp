#include <array>

#include <fmt/format.h>

#include "calico/client/legacy_etcd2.hpp"
#include "calico/ctl/command.hpp"
#include "calico/ctl/files.hpp"

namespace catflap::calico::ctl {

namespace {

constexpr std::array kOptions{Option{"config", 'c', true}};

constexpr std::string_view kHelp = R"(
Examples:
  <P> etcd2 put /calico/bgp/v1/rr_v4/10.10.31.168 '{"ip":"10.10.31.168","cluster_id":"1.0.0.1"}'
  <P> etcd2 put /calico/bgp/v1/global/node_mesh '{"enabled":false}'
  <P> etcd2 import keys.txt
  <P> etcd2 ls /calico/bgp/v1/
  <P> etcd2 rm /calico/bgp/v1/rr_v4/10.10.31.168

Options:
  -c --config=<CONFIG>         The file with the connection. [default: /etc/calico/calicoctl.cfg]
  -h --help                    Show this screen.

Description:
  The keys that Calico up to 2.x kept in etcd v2, which `curl -XPUT` or `etcdctl set` wrote. An entry is kept as it is,
  and what it means is applied to the resources of v3: the mesh, AS numbers, log levels, peers, nodes, pools and settings
  of Felix. rr_v4 and rr_v6 name BGP route reflectors.
  import reads lines "KEY VALUE", lines of JSON {"key": ..., "value": ...}, or the answer of
  `curl .../v2/keys/calico?recursive=true`; "-" is standard input. Entries that mean nothing here are told and left out.
)";

/// Puts entries. With `all_or_none`, what is wrong with one ends it before anything is put.
Status put(Call& call, const std::vector<Etcd2Entry>& entries, bool all_or_none) {
  if (all_or_none) {
    if (const Etcd2Data meant = interpret_etcd2(entries); !meant.problems.empty()) {
      return refuse(to_string(meant.problems.front()));
    }
  }
  const Result<Session> session = open_session(call.world, call.arguments.text("config"));
  if (!session) {
    return refuse(session.error().message);
  }
  const Result<Etcd2Applied> applied = put_etcd2(*session->client, entries);
  if (!applied) {
    return refuse(applied.error().message);
  }
  for (const Diagnostic& problem : applied->problems) {
    call.world.err("WARNING: " + to_string(problem) + "\n");
  }
  if (!all_or_none) {
    call.world.say(fmt::format("Imported {} of {} entries", applied->kept, entries.size()));
  }
  return {};
}

Status put_one(Call& call) {
  const std::vector<std::string>& words = call.arguments.positional;
  return put(call, {Etcd2Entry{words[0], words[1]}}, true);
}

Status import_file(Call& call) {
  const Result<std::vector<InputFile>> files =
      read_input_files(call.world, call.arguments.positional[0], false);
  if (!files) {
    return refuse(files.error().message);
  }
  std::vector<Etcd2Entry> entries;
  for (const InputFile& file : *files) {
    const Result<std::vector<Etcd2Entry>> read = read_etcd2(file.text, file.name);
    if (!read) {
      return refuse(to_string(read.error()));
    }
    entries.insert(entries.end(), read->begin(), read->end());
  }
  return put(call, entries, false);
}

Status list(Call& call) {
  const Result<Session> session = open_session(call.world, call.arguments.text("config"));
  if (!session) {
    return refuse(session.error().message);
  }
  const std::vector<std::string>& words = call.arguments.positional;
  const Result<std::vector<Etcd2Entry>> entries =
      list_etcd2(*session->store, words.empty() ? std::string() : words[0]);
  if (!entries) {
    return refuse(entries.error().message);
  }
  for (const Etcd2Entry& entry : *entries) {
    call.world.say(entry.key + " " + entry.value);
  }
  return {};
}

Status remove(Call& call) {
  const Result<Session> session = open_session(call.world, call.arguments.text("config"));
  if (!session) {
    return refuse(session.error().message);
  }
  const Status gone = remove_etcd2(*session->store, call.arguments.positional[0]);
  return gone ? gone : Status(refuse(gone.error().message));
}

constexpr std::array kCommands{
    Command{"etcd2 put", "Put a key of etcd v2, as Calico up to 2.x kept it.", "<KEY> <VALUE>", kHelp,
            kOptions, 2, 2, put_one},
    Command{"etcd2 import", "Put the keys of etcd v2 that a file lists.", "<FILE>", kHelp, kOptions, 1, 1,
            import_file},
    Command{"etcd2 ls", "List the keys of etcd v2 that were put.", "[<PREFIX>]", kHelp, kOptions, 0, 1, list},
    Command{"etcd2 rm", "Forget a key of etcd v2.", "<KEY>", kHelp, kOptions, 1, 1, remove},
};

}  // namespace

std::span<const Command> etcd2_commands() {
  return kCommands;
}

}  // namespace catflap::calico::ctl
