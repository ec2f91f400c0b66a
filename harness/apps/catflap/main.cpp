#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "apps/catflap/verbs.hpp"
#include "base/suggest.hpp"
#include "sys/signals.hpp"

namespace {

using namespace catflap;

constexpr const char* kFooter = R"(
Examples:
  sudo catflap test topologies/two-router.yaml            bring it up, check it, take it down
  sudo catflap up topologies/two-router.yaml              ... and leave it up
  sudo catflap status                                     nodes, sessions, routes
  sudo catflap exec r1 -- ip route                        a command inside a node
  sudo catflap exec r1 -- calicoctl node status           ... which finds the node's speaker
  sudo catflap ctl -- apply -f bgppeer.yaml               calicoctl on the lab's store
  sudo catflap kubectl label node r1 rack=one             and the kubectl that goes with it
  sudo catflap expect 'route: { at: r1, to: 10.2.0.0/24, via: 192.168.1.2 }'
  sudo catflap down
  sudo catflap test --record logs topologies/two-router.yaml && catflap replay logs/two-router/r1.evlog --show
  catflap mrt show rib.mrt.gz

Exit codes: 0 ok, 1 a check failed, 2 bad input, 3 environment, 77 skipped.
)";

constexpr const char* kBgpFooter = R"(
Verbs:
  explain PREFIX            candidates, the step at which each lost, next hops, loops; import and export verdicts with
                            the line of the filter that decided
  hits [PROTOCOL]           which lines of import and export filters decide over the routes that are here now
  peers [--why]             sessions; why they are down and what to do
  malformed [PEER]          malformed messages: counters, and the last ones with their octets; with --mrt FILE these go
                            into FILE, for catflap mrt show and other readers of MRT
  received PEER [PREFIX]    what a peer sent, before the import filter
  advertised PEER [PREFIX]  what a peer is told, with the attributes of the UPDATE
  routes [PREFIX]           tables, with --table --in --protocol --export --where --primary --filtered
  watch                     changes as they happen, until ^C or --count N

Nodes with BIRD answer peers, routes and advertised. --json gives one JSON object, for watch one a line.

Examples:
  sudo catflap bgp r1 explain 10.2.0.0/24
  sudo catflap bgp r1 hits peer_r2
  sudo catflap bgp r1 peers --why
  sudo catflap bgp r1 routes --where 'bgp_path ~ [= * 65002 * =]'
  sudo catflap --json bgp r1 advertised peer_r2 | jq .routes
  sudo catflap bgp --socket /run/bird/events.sock watch --sessions
)";

constexpr const char* kCalicoFooter = R"help(
Examples:
  catflap calico selector "role == 'web' && !has(old)" --labels '{"role": "web"}'     prints true
  catflap --json calico selector 'a in {"x", "y"}' | jq .canonical                     also text, id, restrictions
  catflap calico validate bgppeer.yaml ippool.yaml      file:line:column, field and reason of every mistake
  catflap --json calico validate bgppeer.yaml | jq -r '.diagnostics[].path'
  catflap calico convert v1-policies.yaml > v3.yaml
  catflap calico schema BGPPeer > bgppeer.schema.json   for editors
)help";

struct Arguments {
  app::Common common;
  app::Input input;
  app::BgpOptions bgp;
  std::vector<std::string> files, speakers, command, labs;
  std::string junit, node, text, within, directory, labels;
  std::optional<std::uint64_t> until;
  app::MrtSend send;
  bool show = false;
  bool configs = false, no_wait = false, matrix = false, all = false;
};

/// Where the first argument is that is neither an option nor its value; argc if there is none.
int verb_at(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--lab" || argument == "-C") {
      ++i;
    } else if (argument.rfind('-', 0) != 0) {
      return i;
    }
  }
  return argc;
}

/// CLI11 would only say that a subcommand is missing.
bool is_unknown_verb(const CLI::App& cli, const std::string& verb) {
  std::vector<std::string> names;
  for (const CLI::App* each : cli.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(each->get_name());
  }
  if (verb.empty() || std::find(names.begin(), names.end(), verb) != names.end()) {
    return false;
  }
  const std::vector<std::string_view> views(names.begin(), names.end());
  std::fprintf(stderr, "catflap: no verb is called '%s'%s; see catflap --help\n", verb.c_str(),
               did_you_mean(verb, views).c_str());
  return true;
}

void add_speakers(CLI::App* verb, std::vector<std::string>& into) {
  verb->add_option("--speaker", into, "NODE=self|bird, or self|bird for every node; may be repeated")
      ->take_all();
}

void add_record(CLI::App* verb, std::string& into) {
  verb->add_option("--record", into, "write an event log of every speaker of ours into this folder");
}

}  // namespace

int main(int argc, char** argv) {
  sys::ignore_sigpipe();
  Arguments a;
  int code = app::kExitOk;
  CLI::App cli("Network labs and integration tests for BGP networks.", "catflap");
  cli.footer(kFooter);
  cli.require_subcommand(1);
  cli.set_version_flag("--version", "catflap " CATFLAP_VERSION);
  cli.fallthrough();
  cli.add_flag("--json", a.common.json, "machine-readable output");
  cli.add_option("--lab", a.common.lab, "which running lab (default: the only one)");
  cli.add_option("-C", a.directory, "change to this folder first")->each([](const std::string& folder) {
    if (::chdir(folder.c_str()) != 0) {
      throw CLI::ValidationError("-C", "cannot change to " + folder);
    }
  });
  const auto verb = [&](const char* name, const char* help, auto run) {
    CLI::App* const added = cli.add_subcommand(name, help);
    added->callback([&code, run] { code = run(); });
    return added;
  };

  CLI::App* v = verb("validate", "read topology files and report every mistake",
                     [&] { return app::validate(a.common, a.files); });
  v->add_option("file", a.files, "topology files")->required();

  v = verb("plan", "show what a topology becomes: interfaces, addresses, sessions",
           [&] { return app::plan(a.common, a.input, a.configs); });
  v->add_option("file", a.input.file, "topology file")->required();
  v->add_flag("--configs", a.configs, "also the generated configurations");
  add_speakers(v, a.input.speakers);

  v = verb("up", "bring a lab up and leave it running",
           [&] { return app::up(a.common, a.input, !a.no_wait); });
  v->add_option("file", a.input.file, "topology file")->required();
  v->add_option("--name", a.input.name, "name of the running lab (default: the topology's)");
  v->add_flag("--no-wait", a.no_wait, "do not wait for the sessions");
  add_record(v, a.input.record);
  add_speakers(v, a.input.speakers);

  v = verb("test", "bring labs up, run their checks, take them down",
           [&] { return app::test(a.common, a.files, a.speakers, a.matrix, a.junit, a.input.record); });
  v->add_option("file", a.files, "topology files")->required();
  v->add_flag("--matrix", a.matrix, "run every combination of speakers that the file names");
  add_record(v, a.input.record);
  v->add_option("--junit", a.junit, "write a JUnit report to this file");
  add_speakers(v, a.speakers);

  verb("status", "nodes, sessions and routes of a running lab", [&] { return app::status(a.common); });

  v = verb("exec", "run a command inside a node: catflap exec r1 -- ip route", [&] {
    // Behind the node everything is the command, so the "--" before it arrives too.
    if (a.command.size() > 1 && a.command.front() == "--") {
      a.command.erase(a.command.begin());
    }
    return app::exec(a.common, a.node, a.command);
  });
  v->add_option("node", a.node, "node")->required();
  v->add_option("command", a.command, "command and its arguments")->required();
  v->positionals_at_end();

  v = verb("sh", "a shell inside a node", [&] { return app::shell(a.common, a.node); });
  v->add_option("node", a.node, "node")->required();

  for (const bool kubectl : {false, true}) {
    v = cli.add_subcommand(kubectl ? "kubectl" : "ctl",
                           kubectl
                               ? "label, apply, get, delete on the store of a running lab, as kubectl does"
                               : "calicoctl on the store of a running lab: catflap ctl -- get nodes -o wide");
    v->callback([&code, &a, kubectl] { code = app::ctl(a.common, a.command, kubectl); });
  }

  v = verb("expect", "check something of a running lab: catflap expect 'established: r1 ~ r2'",
           [&] { return app::expect(a.common, a.text, a.within); });
  v->add_option("check", a.text, "a check as in the test: section of a topology")->required();
  v->add_option("--within", a.within, "how long to wait, as 5s");

  v = verb("do", "change a running lab: catflap do 'down: r1 -- r2'",
           [&] { return app::act(a.common, a.text); });
  v->add_option("action", a.text, "an action as in do: of a topology")->required();

  v = verb("down", "take labs down", [&] { return app::down(a.common, a.labs, a.all); });
  v->add_option("lab", a.labs, "names of running labs (default: the only one)");
  v->add_flag("--all", a.all, "every lab");

  verb("gc", "remove what killed labs left behind", [&] { return app::gc(a.common); });
  verb("doctor", "what this machine can do for labs", [&] { return app::doctor(a.common); });
  v = verb("replay", "run a speaker through an event log again and compare what it does",
           [&] { return app::replay(a.common, a.files.front(), a.until, a.show); });
  v->add_option("file", a.files, "event log (.evlog), of catflap-bgpd --record or catflap test --record")
      ->required()
      ->expected(1);
  v->add_option("--until", a.until, "stop before this record");
  v->add_flag("--show", a.show, "print every event (>) and action (<)");
  CLI::App* const mrt = cli.add_subcommand("mrt", "MRT files: routing tables and BGP sessions of archives");
  mrt->require_subcommand(1);
  v = mrt->add_subcommand("show", "print routes and changes, one a line, as bgpdump -m does");
  v->callback([&] { code = app::mrt_show(a.common, a.send.file); });
  v->add_option("file", a.send.file, "MRT file, may be compressed with gzip, bzip2 or xz; -: standard input")
      ->required();
  v->add_flag("-m", a.show, "one line a route (the only format)");
  v = mrt->add_subcommand("send", "speak BGP to a router and announce the routes of a file");
  v->callback([&] { code = app::mrt_send(a.common, a.send); });
  v->add_option("file", a.send.file, "MRT file: tables (all routes) or messages (their last state)")
      ->required();
  v->add_option("--to", a.send.to, "address of the router, or ADDRESS:PORT")->required();
  v->add_option("--as", a.send.as, "our AS")->required();
  v->add_option("--local", a.send.local, "our address (default: the system's choice)");
  v->add_option("--id", a.send.id, "our BGP identifier (default: our IPv4 address, or 10.255.255.254)");
  v->add_option("--peer", a.send.peer, "only the routes of this peer in the file's index (default: all)");
  v->add_option("--limit", a.send.limit, "at most so many routes");
  v->add_option("--hold", a.send.hold_s,
                "seconds that the session stays after the last route; -1: until the other side ends it");

  v = verb("bgp", "ask a speaker why: routes, sessions, malformed messages, changes",
           [&] { return app::bgp(a.common, a.bgp); });
  v->add_option("words", a.bgp.words, "NODE VERB [ARGUMENT...]; without NODE if --socket is given")
      ->required();
  v->add_option("--socket", a.bgp.socket, "events socket of a catflap-bgpd outside of labs (its --events)");
  v->add_option("--table", a.bgp.table, "explain, routes: only this table");
  v->add_flag("--exact", a.bgp.exact, "explain, routes: this very prefix, not the longest match");
  v->add_option("--in", a.bgp.in, "routes, received, advertised: inside this prefix");
  v->add_option("--protocol", a.bgp.protocol, "routes: that this protocol brought");
  v->add_option("--export", a.bgp.exported, "routes: that go to this protocol");
  v->add_option("--where", a.bgp.where,
                "routes, received, advertised: a condition in BIRD's filter language");
  v->add_option("--mrt", a.bgp.mrt, "malformed: write the messages to this file, as MRT (BGP4MP_ET)");
  v->add_flag("--primary", a.bgp.primary, "routes: the best ones");
  v->add_flag("--filtered", a.bgp.filtered, "routes: those kept though the import filter rejected them");
  v->add_flag("--why", a.bgp.why, "peers: why a session is down and what to do");
  v->add_flag("--routes", a.bgp.only_routes, "watch: routes only");
  v->add_flag("--sessions", a.bgp.only_sessions, "watch: sessions only");
  v->add_option("--count", a.bgp.count, "watch: end after so many changes");
  v->footer(kBgpFooter);

  CLI::App* const calico = cli.add_subcommand("calico", "Calico's languages and files, without a datastore");
  calico->require_subcommand(1);
  calico->footer(kCalicoFooter);
  v = calico->add_subcommand("selector", "is a selector true for these labels?");
  v->callback([&] { code = app::calico_selector(a.common, a.text, a.labels); });
  v->add_option("expression", a.text, "the selector")->required();
  v->add_option("--labels", a.labels, "JSON object of names and texts (default: no labels)");

  v = calico->add_subcommand("validate", "read files of resources and report every mistake");
  v->callback([&] { code = app::calico_validate(a.common, a.files); });
  v->add_option("file", a.files, "YAML or JSON; - is standard input")->required();
  v = calico->add_subcommand("convert",
                             "v1 resources and Kubernetes NetworkPolicies as resources of the v3 API");
  v->callback([&] { code = app::calico_convert(a.common, a.text, a.all); });
  v->add_option("file", a.text, "YAML or JSON; - is standard input")->required();
  v->add_flag("--ignore-validation", a.all, "also print what the v3 API would not accept");
  v = calico->add_subcommand("schema", "print the JSON schema of a kind (default: of all)");
  v->callback([&] { code = app::calico_schema(a.common, a.text); });
  v->add_option("kind", a.text, "BGPPeer, ippool, ...");

  verb("schema", "print the JSON schema of topology files", [] { return app::schema(); });

  const int at = verb_at(argc, argv);
  const std::string called = at < argc ? argv[at] : "";
  if (is_unknown_verb(cli, called)) {
    return app::kExitBadInput;
  }
  if (called == "ctl" || called == "kubectl") {
    // What follows is for another program, options and help too.
    a.command.assign(argv + at + 1, argv + argc);
    argc = at + 1;
  }
  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return cli.exit(error) == 0 ? app::kExitOk : app::kExitBadInput;
  }
  return code;
}
