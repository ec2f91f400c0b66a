#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "topology/generate.hpp"
#include "topology/load.hpp"

namespace catflap::topology {
namespace {

std::string report(const LoadReport& loaded) {
  std::string out;
  for (const Diagnostic& diagnostic : loaded.diagnostics) {
    out += to_string(diagnostic) + "\n";
  }
  return out;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

const std::string kTwo = "lab: x\nnodes:\n  r1: { bgp: 65001 }\n  r2: { bgp: 65002 }\nlinks: [r1 -- r2]\n";

struct Bad {
  const char* name;
  std::string yaml;
  std::string diagnostics;
};
void PrintTo(const Bad& bad, std::ostream* out) {
  *out << bad.name;
}

class BadInput : public testing::TestWithParam<Bad> {};

TEST_P(BadInput, IsReportedExactly) {
  const LoadReport loaded = load(GetParam().yaml, "f.yaml");
  EXPECT_EQ(report(loaded), GetParam().diagnostics);
}

const Bad kBad[] = {
    {"empty", "", "f.yaml:1:1: the file is empty\n"},
    {"no_yaml", "lab: [", "f.yaml:1:1: no valid YAML: end of sequence flow not found\n"},
    {"no_map", "- a\n", "f.yaml:1:1: the file must be a map of keys\n"},
    {"two_documents", "lab: x\nnodes: {}\n---\nlab: y\n",
     "f.yaml:4:1: a second document; a file holds one lab\n"},
    {"missing_lab", "nodes: {}\n", "f.yaml:1:1: the file lacks the key 'lab'\n"},
    {"lab_name", "lab: My Lab\nnodes: {}\n",
     "f.yaml:1:6: 'My Lab' is no name of a lab; use at most 40 of a-z, 0-9 and '-'\n"},
    {"unknown_key", "lab: x\nnodes:\n  r1: { bgp: 65001, anounce: [10.0.0.0/8] }\n",
     "f.yaml:3:21: unknown key 'anounce' in node r1; did you mean 'announce'?\n"},
    {"duplicate_key", "lab: x\nlab: y\nnodes: {}\n", "f.yaml:2:1: duplicate key 'lab', first on line 1\n"},
    {"duplicate_node", "lab: x\nnodes:\n  r1: { bgp: 65001 }\n  r1: { bgp: 65002 }\n",
     "f.yaml:4:3: duplicate key 'r1', first on line 3\n"},
    {"node_twice_by_pattern", "lab: x\nnodes:\n  r1: {}\n  \"r{1-2}\": {}\n",
     "f.yaml:4:3: node r1 is there twice, first on line 3\n"},
    {"octal", "lab: x\nnodes:\n  r1: { bgp: 010 }\n",
     "f.yaml:3:14: an AS number '010' has a leading zero, which YAML may read as octal; write 10\n"},
    {"as_range", "lab: x\nnodes:\n  r1: { bgp: 4294967296 }\n",
     "f.yaml:3:14: an AS number must be a number from 1 to 4294967295, not '4294967296'\n"},
    {"as_reserved", "lab: x\nnodes:\n  r1: { bgp: 65535 }\n",
     "f.yaml:3:14: AS 65535 is reserved (RFC 7300, RFC 7607, RFC 6793)\n"},
    {"bad_asdot", "lab: x\nnodes:\n  r1: { bgp: 1.70000 }\n",
     "f.yaml:3:14: '1.70000' is no AS number; write 65001, or 1.10 (RFC 5396)\n"},
    {"yes", kTwo.substr(0, kTwo.find("links")) + "links: [{ ends: [r1, r2], bgp: yes }]\n",
     "f.yaml:5:32: bgp must be true or false, not 'yes'\n"},
    {"speaker", "lab: x\nnodes:\n  r1: { bgp: 1, speaker: brid }\n",
     "f.yaml:3:26: speaker must be self, bird, bird1, frr, gobgp, openbgpd or none, not 'brid'; did you mean "
     "'bird'?\n"},
    {"host_bits", "lab: x\nnodes:\n  r1: { bgp: 1, announce: 10.1.0.1/24 }\n",
     "f.yaml:3:27: '10.1.0.1/24' has host bits set; write 10.1.0.0/24\n"},
    {"no_length", "lab: x\nnodes:\n  r1: { bgp: 1, announce: 10.1.0.1 }\n",
     "f.yaml:3:27: '10.1.0.1' lacks its length; write 10.1.0.1/32\n"},
    {"unknown_node_in_link", "lab: x\nnodes: { r1: {}, r2: {} }\nlinks:\n  - r1 -- rr2\n",
     "f.yaml:4:5: link r1 -- rr2: no node 'rr2'; did you mean 'r2'?\n"},
    {"no_link", "lab: x\nnodes: { r1: {} }\nlinks: [r1-r2]\n",
     "f.yaml:3:9: 'r1-r2' is no link; write r1 -- r2 or r1:eth0 -- r2:eth0\n"},
    {"self_link", "lab: x\nnodes: { r1: {} }\nlinks: [r1 -- r1]\n",
     "f.yaml:3:9: link r1 -- r1 joins r1 with itself\n"},
    {"long_interface", "lab: x\nnodes: { r1: {}, r2: {} }\nlinks: [\"r1:sixteen-letters- -- r2\"]\n",
     "f.yaml:3:9: interface name 'sixteen-letters-' is longer than 15 characters\n"},
    {"interface_twice",
     "lab: x\nnodes: { a: {}, b: {}, c: {} }\nlinks:\n  - \"a:e0 -- b\"\n  - \"a:e0 -- c\"\n",
     "f.yaml:5:5: interface a:e0 is used by two links\n"},
    {"address_clash",
     "lab: x\nnodes: { a: {}, b: {} }\nlinks:\n  - { ends: [a:e0, b:e0], addresses: [10.9.0.1/24, "
     "10.9.0.1/24] }\n",
     "f.yaml:4:20: address 10.9.0.1 of b:e0 is that of a:e0 already\n"},
    {"different_networks",
     "lab: x\nnodes: { a: {}, b: {} }\nlinks:\n  - { ends: [a, b], addresses: [10.9.0.1/24, 10.8.0.2/24] }\n",
     "f.yaml:4:5: warning: link a -- b: 10.9.0.1/24 and 10.8.0.2/24 are not in one network\n"},
    {"network_address",
     "lab: x\nnodes: { a: {}, b: {} }\nlinks:\n  - { ends: [a, b], addresses: [10.9.0.0/24, 10.9.0.255/24] "
     "}\n",
     "f.yaml:4:14: warning: 10.9.0.0/24 of a is the address of the network itself\n"
     "f.yaml:4:17: warning: 10.9.0.255/24 of b is the broadcast address of its network\n"},
    {"overlap",
     "lab: x\nnodes: { a: {}, b: {}, c: {} }\nlinks:\n  - { ends: [a, b], subnet: 10.9.0.0/16 }\n"
     "  - { ends: [b, c], subnet: 10.9.7.0/24 }\n",
     "f.yaml:5:5: warning: network 10.9.7.0/24 of link b -- c overlaps 10.9.0.0/16 of link a -- b\n"},
    {"config_and_bgp", "lab: x\nnodes:\n  r1: { bgp: 65001, config: a.conf }\n",
     "f.yaml:3:29: node r1 has both bgp: and config:; its configuration file says its AS\n"},
    {"announce_without_bgp", "lab: x\nnodes:\n  r1: { announce: 10.0.0.0/24 }\n",
     "f.yaml:3:3: node r1 has announce: but no bgp:\n"},
    {"wrong_as_of_peer",
     "lab: x\nnodes:\n  r1: { bgp: 65001 }\n  r2: { bgp: 65002, peers: { r1: { as: 65010 } } }\nlinks: [r1 "
     "-- r2]\n",
     "f.yaml:4:40: warning: r2 expects AS 65010 of r1, which is AS 65001: the session cannot come up\n"},
    {"peer_without_link", "lab: x\nnodes:\n  r1: { bgp: 65001, peers: { r2: {} } }\n  r2: { bgp: 65002 }\n",
     "f.yaml:3:30: peers of r1: no link joins it with r2\n"},
    {"check_of_nobody", kTwo + "test:\n  - established: r1 ~ r3\n  - route: { at: \"x*\", to: 10.0.0.0/8 }\n",
     "f.yaml:7:18: session: no node 'r3'; did you mean 'r1'?\nf.yaml:8:12: route at: no node matches 'x*'\n"},
    {"no_unit", kTwo + "test:\n  - { established: all, within: 5 }\n",
     "f.yaml:7:33: the time '5' lacks a unit; write 5s or 5ms\n"},
    {"two_times", kTwo + "test:\n  - { established: all, within: 5s, for: 2s }\n",
     "f.yaml:7:5: only one of within, for and never can be said\n"},
    {"two_checks", kTwo + "test:\n  - { established: all, ping: { from: r1, to: r2 } }\n",
     "f.yaml:7:5: several checks in one: established and ping; write all: [...]\n"},
    {"check_lacks_key", kTwo + "test:\n  - route: { to: 10.0.0.0/8 }\n",
     "f.yaml:7:12: a route check lacks the key 'at'\n"},
    {"no_check", kTwo + "test:\n  - { name: nothing }\n",
     "f.yaml:7:5: a test without a check; write established, session, route, ping, alive, all or do\n"},
    {"no_session", kTwo + "test:\n  - established: r1-r2\n",
     "f.yaml:7:18: 'r1-r2' is no session; write r1 ~ r2, or all\n"},
    {"no_interface_to_set_down", kTwo + "test:\n  - do: { down: \"r1:eht0\" }\n",
     "f.yaml:7:17: down: node r1 has no interface 'eht0'; did you mean 'eth0'?\n"},
    {"kill_what", kTwo + "test:\n  - do: { kill: r1/spaker }\n",
     "f.yaml:7:17: 'r1/spaker' is nothing to kill; write r1/speaker\n"},
    {"matrix", kTwo + "matrix: { r9: [self] }\n", "f.yaml:6:11: matrix: no node 'r9'; did you mean 'r1'?\n"},
    {"unknown_anchor", "lab: x\nnodes:\n  r1: &n { bgp: 65001 }\n  r2: *m\n",
     "f.yaml:4:7: no valid YAML: the referenced anchor is not defined\n"},
};
INSTANTIATE_TEST_SUITE_P(Table, BadInput, testing::ValuesIn(kBad),
                         [](const auto& tested) { return tested.param.name; });

TEST(Load, ReportsAllMistakesOfAFileTogether) {
  const LoadReport loaded = load(
      "lab: Bad Name\n"
      "nodes:\n"
      "  r1: { bgp: 010, anounce: 10.0.0.0/8 }\n"
      "  r2: { bgp: 65002, speaker: frrr }\n"
      "links:\n"
      "  - r1 -- r3\n"
      "test:\n"
      "  - established: r1 ~ r4\n",
      "f.yaml");
  std::vector<std::uint32_t> lines;
  for (const Diagnostic& diagnostic : loaded.diagnostics) {
    lines.push_back(diagnostic.where.line);
  }
  EXPECT_EQ(lines, (std::vector<std::uint32_t>{1, 3, 3, 4, 6, 8})) << report(loaded);
  EXPECT_FALSE(loaded.ok());
}

TEST(Load, RefusesDeepNestingAndAliasBombs) {
  EXPECT_NE(report(load("lab: " + std::string(40, '[') + std::string(40, ']'), "f")).find("nested deeper"),
            std::string::npos);
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) {
      bomb += before + ", ";
    }
    bomb += "x]\n";
  }
  EXPECT_NE(report(load(bomb, "f")).find("too large"), std::string::npos);
}

TEST(Load, TakesEveryShippedTopologyWithoutDiagnostics) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(CATFLAP_SOURCE_DIR "/topologies")) {
    if (entry.path().extension() != ".yaml") {
      continue;
    }
    const std::string text = read_file(entry.path());
    const LoadReport loaded = load(text, entry.path().filename().string());
    EXPECT_EQ(report(loaded), "");
    ASSERT_TRUE(loaded.ok());
    EXPECT_EQ(text[0], '#') << "a comment at the top says what it shows";
    const LoadReport again = load(to_yaml(*loaded.topology), "again");
    ASSERT_TRUE(again.ok()) << report(again) << to_yaml(*loaded.topology);
    EXPECT_EQ(*again.topology, *loaded.topology) << to_yaml(*loaded.topology);
    ++count;
  }
  EXPECT_GE(count, 3U);
}

TEST(Emit, GeneratedTopologiesComeBackEqual) {
  for (const Topology& topology :
       {chain(5), ring(3), full_mesh(4), star(3), clos({.spines = 2, .leaves = 3})}) {
    const LoadReport loaded = load(to_yaml(topology), "t");
    ASSERT_TRUE(loaded.ok()) << report(loaded) << to_yaml(topology);
    EXPECT_EQ(*loaded.topology, topology);
    EXPECT_TRUE(validate(topology).empty());
  }
}

TEST(Emit, EveryFieldComesBack) {
  const std::string yaml = R"(lab: all
description: "quotes \" and \\ and: colons"
defaults: { speaker: bird, timers: normal, mtu: 9000 }
nodes:
  r1: { description: "#no comment", speaker: self, timers: fast, bgp: 1.10, router-id: 1.1.1.1,
        announce: ["fd00:1::/64", 10.0.0.0/24], lo: [10.255.0.1/32], sysctl: { net.ipv4.ip_forward: 1 }, env: { A: "yes" },
        peers: { r2: { as: 65002, local-as: 65009, passive: true, disabled: true, password: "a b", hold: 9s, keepalive: 3s,
                       connect-retry: 2s, rr-client: true, next-hop-self: true, import-only: 10.2.0.0/24, export-only: [10.0.0.0/24] } } }
  r2: { bgp: 65002 }
  r3: { config: "a b.conf" }
links:
  - { ends: "r1:e0 -- r2", addresses: [[192.0.2.1/24, "fd09::1/64"], 192.0.2.2/24], mtu: 1400, bgp: false }
  - { ends: [r1, r2], subnet: [198.51.100.0/30, "fd08::/64"] }
test:
  - { session: [r1 ~ r2, "r{1-2} ~ r3"], state: not Established, reason: hold timer, family: ipv6, never: 1500ms, name: n }
  - { name: g, all: [ { route: { at: [r1, "r*"], to: 10.0.0.0/24, via: [r2, 192.0.2.2], dev: e0, proto: bird, metric: 32,
      as-path: [65002, 65003], local-pref: 100, med: 0, community: 65001:100, in: both, table: 10, absent: true, next-hops: 2,
      type: blackhole }, for: 250us }, { ping: { from: r1, to: r2, source: 192.0.2.1, count: 3, loss: { at-most: 10% }, blocked: true } } ] }
  - { do: [ { down: "r1:e0 -- r2" }, { up: "r1:e0" }, { kill: r1/speaker, pause: r3 }, { exec: { at: r1, run: "echo \"x\"" } } ] }
  - { name: a, do: { restart: r1 }, then: [ { alive: r1, within: 2m } ] }
matrix: { speaker: [self, bird], r1: [self, none] }
)";
  const LoadReport loaded = load(yaml, "t");
  ASSERT_TRUE(loaded.ok()) << report(loaded);
  EXPECT_EQ(loaded.topology->nodes[0].bgp, 65546U);
  EXPECT_EQ(loaded.topology->tests[0].checks[0].time, std::chrono::milliseconds(1500));
  const LoadReport again = load(to_yaml(*loaded.topology), "t");
  ASSERT_TRUE(again.ok()) << report(again) << to_yaml(*loaded.topology);
  EXPECT_EQ(*again.topology, *loaded.topology) << to_yaml(*loaded.topology);
  EXPECT_EQ(to_yaml(*again.topology), to_yaml(*loaded.topology));
}

TEST(Wire, DerivesNamesAddressesAndSessions) {
  const LoadReport loaded = load(
      "lab: x\nnodes:\n  r1: { bgp: 65001, announce: [203.0.113.0/24, \"fd01::/64\"] }\n  r2: { bgp: 65002, "
      "lo: 10.0.0.0/30 }\n"
      "links: [r1 -- r2, \"r1:eth1 -- r2\", r1 -- r2]\n",
      "f");
  ASSERT_TRUE(loaded.ok()) << report(loaded);
  const expect::Wiring wiring = wire(*loaded.topology);
  ASSERT_EQ(wiring.links.size(), 3U);
  EXPECT_EQ(wiring.links[0].name, "r1:eth0 -- r2:eth0");
  EXPECT_EQ(wiring.links[1].name, "r1:eth1 -- r2:eth1");
  EXPECT_EQ(wiring.links[2].name, "r1:eth2 -- r2:eth2");
  EXPECT_EQ(to_string(wiring.links[0].ends[0].addresses.at(0)), "10.0.0.4/31") << "10.0.0.0/30 is taken";
  EXPECT_EQ(to_string(wiring.links[0].ends[1].addresses.at(1)), "fd00::1/127");
  EXPECT_EQ(to_string(wiring.nodes[0].lo.at(0)), "203.0.113.1/32");
  EXPECT_EQ(to_string(wiring.nodes[0].lo.at(1)), "fd01::1/128");
  ASSERT_EQ(wiring.sessions.size(), 6U);
  EXPECT_EQ(wiring.sessions[0].ends[0].protocol, "peer_r2");
  EXPECT_EQ(wiring.sessions[1].ends[0].protocol, "peer_r2_v6");
  EXPECT_EQ(wiring.sessions[2].ends[0].protocol, "peer_r2_2");
  EXPECT_EQ(wiring.owner(net::IpAddr::v4(0x0A000005)), "r2");
  EXPECT_NE(wiring.links[0].ends[0].mac, wiring.links[0].ends[1].mac);
}

TEST(RouterIntent, IsWhatThePlainRouterNeeds) {
  const LoadReport loaded = load(read_file(CATFLAP_SOURCE_DIR "/topologies/hello.yaml"), "hello.yaml");
  ASSERT_TRUE(loaded.ok());
  const auto made = router_intent(*loaded.topology, "r1");
  ASSERT_TRUE(made);
  EXPECT_EQ(net::router_id_to_string(made->router_id), "10.255.0.1");
  std::vector<std::string> names;
  for (const auto& protocol : made->protocols) {
    names.push_back(protocol.name);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"device1", "kernel4", "announce4", "kernel6", "peer_r2"}));
  const auto& bgp = std::get<intent::BgpIntent>(made->protocols.back().body);
  EXPECT_EQ(bgp.local_as, 65001U);
  EXPECT_EQ(bgp.remote_as, 65002U);
  EXPECT_EQ(bgp.hold_time, std::chrono::seconds(3));
  EXPECT_EQ(router_intent(*loaded.topology, "r9").error().code, Errc::not_found);
}

TEST(Matrix, GivesEveryCombination) {
  const LoadReport loaded =
      load(read_file(CATFLAP_SOURCE_DIR "/topologies/two-router.yaml"), "two-router.yaml");
  ASSERT_TRUE(loaded.ok());
  std::vector<std::string> names;
  for (const Combination& combination : combinations(*loaded.topology)) {
    names.push_back(combination.name);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"r1=self,r2=self", "r1=self,r2=bird", "r1=bird,r2=self",
                                             "r1=bird,r2=bird"}));
  EXPECT_EQ(combinations(chain(2)).size(), 1U);
}

TEST(Schema, DescribesEveryKey) {
  const auto schema = nlohmann::json::parse(json_schema());
  EXPECT_EQ(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
  EXPECT_EQ(schema["required"], nlohmann::json({"lab", "nodes"}));
  std::vector<const nlohmann::json*> objects{&schema};
  for (const auto& item : schema["$defs"]) {
    if (item.contains("properties")) {
      objects.push_back(&item);
    }
  }
  EXPECT_EQ(objects.size(), 10U);
  for (const auto* object : objects) {
    EXPECT_EQ((*object)["additionalProperties"], false);
    for (const auto& [key, property] : (*object)["properties"].items()) {
      EXPECT_TRUE(property.contains("description")) << key;
      if (property.contains("$ref")) {
        const std::string name = property["$ref"].get<std::string>().substr(8);
        EXPECT_TRUE(schema["$defs"].contains(name)) << name;
      }
    }
  }
}

TEST(ParseActions, ReadsTheWordsOfDo) {
  const auto actions = parse_actions("{ down: r1 -- r2, kill: r3/speaker }");
  ASSERT_TRUE(actions) << to_string(actions.error());
  ASSERT_EQ(actions->size(), 2U);
  EXPECT_EQ(to_string(actions->at(0)), "down r1 -- r2");
  EXPECT_EQ(actions->at(1).verb, Action::Verb::kill);
  EXPECT_EQ(parse_actions("{ dwn: r1 }").error().where->column, 3U);
  EXPECT_FALSE(parse_actions("{}"));
  EXPECT_FALSE(parse_actions("["));
}

TEST(ParseCheck, ReadsOneCheckOfTheCommandLine) {
  const auto check = parse_check("{ route: { at: r1, to: 10.2.0.1 }, within: 5s }");
  ASSERT_TRUE(check) << to_string(check.error());
  EXPECT_EQ(describe(*check), "route to 10.2.0.1/32 at r1");
  EXPECT_EQ(parse_check("{ rote: { at: r1 } }").error().message,
            "unknown key 'rote' in a test; did you mean 'route'?");
}

}  // namespace
}  // namespace catflap::topology
