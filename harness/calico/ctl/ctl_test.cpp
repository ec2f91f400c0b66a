#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "calico/ctl/arguments.hpp"
#include "calico/ctl/command.hpp"
#include "calico/ctl/node_status.hpp"
#include "calico/store/memory_store.hpp"

namespace catflap::calico::ctl {
namespace {

constexpr std::array kOptions{Option{"filename", 'f', true}, Option{"recursive", 'R'},
                              Option{"skip-empty"},          Option{"skip-exists"},
                              Option{"output", 'o', true},   Option{"all-namespaces", 'A', false, 'a'}};

/// What was read, as text: positional words, then options.
std::string read(const std::vector<std::string>& words, bool first = false) {
  const Result<Arguments> arguments = parse_arguments(words, kOptions, first);
  if (!arguments) {
    return arguments.error().message;
  }
  std::string out;
  for (const std::string& word : arguments->positional) {
    out += word + " ";
  }
  for (const auto& [name, value] : arguments->values) {
    out += name + "=" + value + " ";
  }
  for (const std::string& flag : arguments->flags) {
    out += flag + " ";
  }
  return out;
}

TEST(Arguments, AsDocoptTakesThem) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {{"get", "nodes"}, "get nodes "},
      {{"-f", "x"}, "filename=x "},
      {{"-fx"}, "filename=x "},
      {{"-f=x"}, "filename=x "},
      {{"--filename=x"}, "filename=x "},
      {{"--filename", "x"}, "filename=x "},
      {{"--filename="}, "filename= "},
      {{"--file", "x"}, "filename=x "},
      {{"-Rf", "x"}, "filename=x recursive "},
      {{"-RAfx"}, "filename=x all-namespaces recursive "},
      {{"-a", "node", "--skip-em"}, "node all-namespaces skip-empty "},
      {{"node", "-o", "wide", "n1"}, "node n1 output=wide "},
      {{"-f", "-"}, "filename=- "},
      {{"-", "--", "-f", "--x"}, "- -f --x "},
      {{"-o", "-R"}, "output=-R "},
      {{"--skip"}, "--skip is not unique: --skip-empty, --skip-exists"},
      {{"--recursive=x"}, "--recursive takes no value"},
      {{"-f"}, "-f needs a value"},
      {{"--filename"}, "--filename needs a value"},
      {{"-z"}, "unknown option -z"},
      {{"--recursiv3"}, "unknown option --recursiv3; did you mean --recursive?"},
      {{"--"}, ""},
      {{"--=x"}, "unknown option --"},
  };
  for (const auto& [words, expected] : cases) {
    EXPECT_EQ(read(words), expected) << (words.empty() ? "" : words.front());
  }
  EXPECT_EQ(read({"-R", "get", "-f", "--x"}, true), "get -f --x recursive ") << "stops at the command";
}

std::string peers(std::string_view reply, bool ipv6 = false) {
  const Result<std::vector<BgpPeerRow>> rows = read_bird_peers(reply, ipv6);
  if (!rows) {
    return rows.error().message;
  }
  std::string out;
  for (const BgpPeerRow& row : *rows) {
    out += row.address + "|" + row.type + "|" + row.state + "|" + row.since + "|" + row.info + "\n";
  }
  return out;
}

TEST(NodeStatus, ReadsBothHeadings) {
  const std::string rows =
      "1002-kernel1  Kernel   master   up     2016-11-21\n"
      " device1  Device   master   up     2016-11-21\n"
      " Mesh_172_17_8_102 BGP      master   up     2016-11-21  Established\n"
      " Global_10_0_0_9 BGP      master   start  12:00:01    Active        Socket: Connection refused\n"
      " Node_10_0_0_3_port_150 BGP master up 10:00:00 Established\n"
      " Mesh_10_0_0_8 BGP master down 10:00:00\n"
      " Local_Workload_10_1_1_1 BGP master up 10:00:00 Established\n"
      " Mesh_ BGP master up 10:00:00 Established\n"
      " other BGP master up 10:00:00 Established\n"
      "0000 \n";
  const std::string expected =
      "172.17.8.102|node-to-node mesh|up|2016-11-21|Established\n"
      "10.0.0.9|global|start|12:00:01|Active Socket: Connection refused\n"
      "10.0.0.3.port.150|node specific|up|10:00:00|Established\n";
  EXPECT_EQ(peers("0001 BIRD 1.5.0 ready.\n2002-name     proto    table    state  since       info\n" + rows),
            expected);
  EXPECT_EQ(
      peers("0001 BIRD 2.0.12 ready.\n2002-Name       Proto      Table      State  Since         Info\n" +
            rows),
      expected);
  EXPECT_EQ(peers("2002-name state\n0000 \n"), "unknown BIRD table output format");
  EXPECT_EQ(peers("0001 x\n9001 syntax error\n"), "unexpected output line from BIRD");
  EXPECT_EQ(peers("1002-Mesh_fd80_24e2_f998_72d7__2 BGP master up 2016-11-21 Established\n0000 \n", true),
            "fd80:24e2:f998:72d7::2|node-to-node mesh|up|2016-11-21|Established\n");
  EXPECT_EQ(peers(""), "");
}

TEST(NodeStatus, OneDaemonForBothFamilies) {
  const std::string_view reply =
      "1002-Mesh_10_0_0_1 BGP --- up 1 Established\n Mesh_10_0_0_2_port_9 BGP --- up 1 Established\n"
      " Mesh_fd00__1 BGP --- up 1 Established\n Mesh_1_2_3_4_5_6_7_8 BGP --- up 1 Established\n0000 \n";
  std::vector<std::string> found;
  for (const bool ipv6 : {false, true}) {
    Result<std::vector<BgpPeerRow>> rows = read_bird_peers(reply, ipv6);
    ASSERT_TRUE(rows);
    keep_family(*rows, ipv6);
    for (const BgpPeerRow& row : *rows) {
      found.push_back(row.address);
    }
  }
  EXPECT_EQ(found, (std::vector<std::string>{"10.0.0.1", "10.0.0.2.port.9", "fd00::1", "1:2:3:4:5:6:7:8"}));
}

/// The whole program over a store in memory, without anything of the system.
class Program : public ::testing::Test {
 protected:
  Program() {
    world_.out = [this](std::string_view text) { out_ += text; };
    world_.err = [this](std::string_view text) { err_ += text; };
    world_.read_input = [this]() -> Result<std::string> { return input_; };
    world_.open_store = [](const std::string&) -> Result<std::unique_ptr<Datastore>> {
      return std::unique_ptr<Datastore>(std::make_unique<MemoryStore>());
    };
    world_.client = {[] { return std::string("uid"); }, [] { return std::string("2026-01-01T00:00:00Z"); },
                     [](Duration) {}, [] { return std::uint64_t{1}; }};
  }

  int run_words(const std::vector<std::string>& words) {
    out_.clear();
    err_.clear();
    world_.style = {};
    return run(words, world_);
  }

  World world_;
  std::string input_;
  std::string out_;
  std::string err_;
};

TEST_F(Program, HelpAndUsage) {
  EXPECT_EQ(run_words({"--help"}), 0);
  EXPECT_NE(out_.find("Usage:\n  calicoctl [options] <command> [<args>...]\n"), std::string::npos);
  EXPECT_EQ(run_words({}), 1);
  EXPECT_NE(err_.find("Usage:"), std::string::npos);
  EXPECT_EQ(run_words({"get", "-h"}), 0);
  EXPECT_NE(out_.find("  calicoctl get (<KIND> [<NAME>...] |"), std::string::npos);
  EXPECT_NE(out_.find("    * bgpPeer\n"), std::string::npos);
  EXPECT_NE(out_.find("    * ipPool\n"), std::string::npos);
  EXPECT_EQ(run_words({"datastore", "migrate", "--help"}), 0);
  EXPECT_NE(out_.find("datastore migrate lock"), std::string::npos);
  EXPECT_EQ(run_words({"datastore", "migrate"}), 1);
  EXPECT_EQ(run_words({"--version"}), 0);
  EXPECT_EQ(out_, "Run 'calicoctl version' to see version information.\n");
}

TEST_F(Program, BadCommandLines) {
  EXPECT_EQ(run_words({"gte", "nodes"}), 1);
  EXPECT_EQ(err_.substr(0, err_.find('\n')), "unknown command: \"gte\"; did you mean 'get'?");
  EXPECT_EQ(run_words({"get", "--nope"}), 1);
  EXPECT_EQ(err_.substr(0, err_.find('\n')),
            "invalid option: 'calicoctl get --nope'. Use flag '--help' to read about a specific subcommand");
  EXPECT_EQ(run_words({"get"}), 1) << "neither a kind nor a file";
  EXPECT_EQ(run_words({"get", "nodes", "-f", "x"}), 1);
  EXPECT_EQ(run_words({"apply"}), 1);
  EXPECT_EQ(run_words({"apply", "nodes", "-f", "x"}), 1);
  EXPECT_EQ(run_words({"patch", "node", "n"}), 1);
  EXPECT_EQ(run_words({"-l", "loud", "get", "nodes"}), 1);
  EXPECT_EQ(out_, "Unknown log level: loud, expected one of: \npanic, fatal, error, warn, info, debug.\n");
  EXPECT_EQ(run_words({"--nope", "get"}), 1);
  EXPECT_EQ(out_, "Invalid option: '--nope get'. Use flag '--help' to read about a specific subcommand.\n");
  EXPECT_EQ(run_words({"--style", "4", "version", "--client"}), 1);
  EXPECT_EQ(err_, "unknown style '4', expected 3.31 or head\n");
}

TEST_F(Program, OutputFormatsAreCheckedBeforeTheStore) {
  world_.open_store = [](const std::string&) -> Result<std::unique_ptr<Datastore>> {
    return fail(Errc::io, "no store is opened here");
  };
  const std::vector<std::pair<std::string, std::string>> cases{
      {"x", "unrecognized output format 'x'\n"},
      {"go-template", "need to specify a template\n"},
      {"go-template=", "need to specify a template\n"},
      {"go-template-file=", "need to specify a template file\n"},
      {"custom-columns=", "need to specify at least one column\n"},
  };
  for (const auto& [format, message] : cases) {
    EXPECT_EQ(run_words({"get", "nodes", "-o", format}), 1);
    EXPECT_EQ(err_, message);
  }
  EXPECT_EQ(run_words({"get", "nodes"}), 1);
  EXPECT_EQ(out_, "Failed to create Calico API client: no store is opened here\n");
}

TEST_F(Program, OfClientsVersion) {
  EXPECT_EQ(run_words({"version", "--client"}), 0);
  EXPECT_EQ(out_, "Client Version:    v3.31.0\nGit commit:        catflap\n");
  EXPECT_EQ(run_words({"--style=head", "version", "--client"}), 0);
  EXPECT_EQ(out_, "Client Version:    v3.34.0\nGit commit:        catflap\n");
  EXPECT_EQ(run_words({"version", "--poll", "1x"}), 1);
  EXPECT_EQ(err_, "invalid poll duration specified: 1x\n");
}

TEST_F(Program, StatusNeedsRoot) {
  EXPECT_EQ(run_words({"node", "status"}), 1);
  EXPECT_EQ(out_, "Need super user privileges: Operation not permitted\n");
  EXPECT_EQ(run_words({"node", "run", "--ip=10.1.4.57"}), 1);
  EXPECT_NE(err_.find("catflap up LAB.yaml"), std::string::npos);
}

}  // namespace
}  // namespace catflap::calico::ctl
