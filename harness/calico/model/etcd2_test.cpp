#include "calico/model/etcd2.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "calico/model/decode.hpp"
#include "calico/model/kind.hpp"

namespace catflap::calico {
namespace {

Etcd2Data interpret(std::string_view text) {
  const auto entries = read_etcd2(text, "keys.txt");
  EXPECT_TRUE(entries) << (entries ? "" : to_string(entries.error()));
  return entries ? interpret_etcd2(*entries) : Etcd2Data();
}

std::string problems(const Etcd2Data& data) {
  std::string text;
  for (const Diagnostic& each : data.problems) {
    text += to_string(each) + '\n';
  }
  return text;
}

TEST(Etcd2Reading, Lines) {
  const auto entries = read_etcd2(
      "# route reflectors\n\n/calico/a  x y \r\n  /calico/b\t{\"c\": 1}\n{\"key\": \"/calico/c\", \"value\": "
      "\"v\"}\n",
      "k.txt");
  ASSERT_TRUE(entries);
  EXPECT_EQ(*entries, (std::vector<Etcd2Entry>{{"/calico/a", "x y", {"k.txt", 3, 1}},
                                               {"/calico/b", "{\"c\": 1}", {"k.txt", 4, 1}},
                                               {"/calico/c", "v", {"k.txt", 5, 1}}}));
}

TEST(Etcd2Reading, DumpOfCurl) {
  const auto entries = read_etcd2(R"({"action":"get","node":{"key":"/calico","dir":true,"nodes":[
    {"key":"/calico/v1","dir":true,"nodes":[{"key":"/calico/v1/Ready","value":"true","modifiedIndex":4}]},
    {"key":"/calico/empty","dir":true},
    {"key":"/calico/n","value":"64512"}]}})",
                                  "dump.json");
  ASSERT_TRUE(entries) << to_string(entries.error());
  ASSERT_EQ(entries->size(), 2U);
  EXPECT_EQ((*entries)[0].key, "/calico/v1/Ready");
  EXPECT_EQ((*entries)[1].value, "64512");
}

struct BadText {
  const char* label;
  const char* text;
  const char* error;
};
class Etcd2Refused : public testing::TestWithParam<BadText> {};

TEST_P(Etcd2Refused, WithThePosition) {
  const auto entries = read_etcd2(GetParam().text, "k");
  ASSERT_FALSE(entries);
  EXPECT_EQ(to_string(entries.error()), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Etcd2Refused,
    testing::Values(
        BadText{"no_value", "\n/calico/a\n",
                "k:2:1: expected a key that begins with '/', a blank, and a value"},
        BadText{"no_key", "calico a", "k:1:1: expected a key that begins with '/', a blank, and a value"},
        BadText{"bad_json", "{\"key\"", "k:1:1: not a JSON object"},
        BadText{"no_member", "{\"value\": 1}", "k:1:1: an entry of etcd v2 needs a key and a value"},
        BadText{"list", R"({"key":"/a","value":[]})", "k:1:1: a value of etcd v2 is a text"}),
    [](const auto& each) { return std::string(each.param.label); });

TEST(Etcd2, RouteReflectors) {
  const Etcd2Data data = interpret(
      "/calico/bgp/v1/rr_v6/fd00::1 {\"ip\":\"fd00::1\",\"cluster_id\":\"1.0.0.1\"}\n"
      "/calico/bgp/v1/rr_v4/10.10.31.168 {\"ip\":\"10.10.31.168\",\"cluster_id\":\"1.0.0.1\"}\n");
  EXPECT_EQ(problems(data), "");
  EXPECT_TRUE(data.resources.empty());
  EXPECT_EQ(data.reflectors, (std::vector<RouteReflector>{{*net::IpAddr::parse("10.10.31.168"), "1.0.0.1"},
                                                          {*net::IpAddr::parse("fd00::1"), "1.0.0.1"}}));
}

TEST(Etcd2, RouteReflectorsThatAreWrong) {
  EXPECT_EQ(
      problems(interpret("/calico/bgp/v1/rr_v4/10.0.0.1 {\"ip\":\"10.0.0.2\",\"cluster_id\":\"1.0.0.1\"}\n"
                         "/calico/bgp/v1/rr_v4/fd00::1 {\"ip\":\"fd00::1\",\"cluster_id\":\"1.0.0.1\"}\n"
                         "/calico/bgp/v1/rr_v4/10.0.0.1 {\"ip\":\"10.0.0.1\",\"cluster_id\":\"1\"}\n"
                         "/calico/bgp/v1/rr_v4/10.0.0.1 10.0.0.1\n")),
      "keys.txt:1:1: /calico/bgp/v1/rr_v4/10.0.0.1: the key names 10.0.0.1, the value 10.0.0.2\n"
      "keys.txt:2:1: /calico/bgp/v1/rr_v4/fd00::1: \"ip\" must be an IPv4 address\n"
      "keys.txt:3:1: /calico/bgp/v1/rr_v4/10.0.0.1: \"cluster_id\" must look like an IPv4 address: "
      "\"1.0.0.1\"\n"
      "keys.txt:4:1: /calico/bgp/v1/rr_v4/10.0.0.1: the value must be JSON: {\"ip\": \"10.0.0.1\", "
      "\"cluster_id\": \"1.0.0.1\"}\n");
}

TEST(Etcd2, WhatKeysMeanInV3) {
  const Etcd2Data data = interpret(R"(/calico/v1/Ready true
/calico/bgp/v1/global/node_mesh {"enabled": false}
/calico/bgp/v1/global/as_num 64511
/calico/bgp/v1/global/loglevel debug
/calico/bgp/v1/global/peer_v4/10.0.0.9 {"ip":"10.0.0.9","as_num":"65001"}
/calico/bgp/v1/host/Node1/peer_v6/fd00::9 {"ip":"fd00::9","as_num":"1.10"}
/calico/bgp/v1/host/Node1/ip_addr_v4 192.168.56.11
/calico/bgp/v1/host/Node1/ip_addr_v6 )"
                                   "\"\""
                                   R"(
/calico/bgp/v1/host/Node1/network_v4 192.168.56.0/24
/calico/bgp/v1/host/Node1/as_num 65002
/calico/v1/host/Node1/metadata {}
/calico/v1/host/Node1/orchestrator_refs [{"orchestrator":"k8s","node_name":"n1"}]
/calico/v1/host/n2/bird_ip 192.168.56.12
/calico/v1/ipam/v4/pool/192.168.0.0-16 {"cidr":"192.168.0.0/16","ipip":"tunl0","ipip_mode":"cross-subnet","masquerade":true,"ipam":true,"disabled":false}
/calico/v1/config/IpInIpEnabled true
/calico/v1/config/LogSeverityScreen WARNING
/calico/v1/host/n2/config/IpInIpTunnelAddr 192.168.3.1
)");
  EXPECT_EQ(problems(data), "");
  std::string text;
  for (const Resource& resource : data.resources) {
    text += std::string(resource.kind().kind) + ' ' + resource.name() + ' ' + resource.spec().dump() + '\n';
  }
  EXPECT_EQ(
      text,
      R"j(BGPConfiguration default {"asNumber":64511,"logSeverityScreen":"Debug","nodeToNodeMeshEnabled":false}
BGPPeer 10-0-0-9 {"asNumber":65001,"peerIP":"10.0.0.9"}
BGPPeer node1.fd00-0000-0000-0000-0000-0000-0000-0009 {"asNumber":65546,"node":"node1","peerIP":"fd00::9"}
FelixConfiguration default {"ipipEnabled":true,"logSeverityScreen":"Warning"}
IPPool 192-168-0-0-16 {"allowedUses":["Workload","Tunnel"],"assignmentMode":"Automatic","blockSize":26,"cidr":"192.168.0.0/16","ipipMode":"CrossSubnet","natOutgoing":true,"nodeSelector":"all()","vxlanMode":"Never"}
Node n2 {"bgp":{"ipv4Address":"192.168.56.12/32","ipv4IPIPTunnelAddr":"192.168.3.1"}}
Node node1 {"bgp":{"asNumber":65002,"ipv4Address":"192.168.56.11/24"},"orchRefs":[{"nodeName":"n1","orchestrator":"k8s"}]}
)j");
  for (const Resource& resource : data.resources) {
    EXPECT_TRUE(check_valid(resource)) << resource.to_json() << check_valid(resource).error().message;
  }
}

struct Problem {
  const char* label;
  const char* line;
  const char* text;
};
class Etcd2Problem : public testing::TestWithParam<Problem> {};

TEST_P(Etcd2Problem, IsToldAndTheRestIsRead) {
  const Etcd2Data data = interpret(std::string(GetParam().line) + "\n/calico/bgp/v1/global/as_num 1\n");
  ASSERT_EQ(data.problems.size(), 1U);
  EXPECT_EQ(data.problems[0].message, GetParam().text);
  EXPECT_EQ(data.resources.size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Etcd2Problem,
    testing::Values(
        Problem{"elsewhere", "/registry/x 1", "not a key of Calico in etcd v2"},
        Problem{"bgp", "/calico/bgp/v1/global/x 1", "not a known key of BGP"},
        Problem{"bgp_host", "/calico/bgp/v1/host/n1/x 1", "not a known key of BGP"},
        Problem{"mesh", "/calico/bgp/v1/global/node_mesh {}", "the value needs \"enabled\": true or false"},
        Problem{"mesh_json", "/calico/bgp/v1/global/node_mesh on", "the value is not a JSON object"},
        Problem{"as_number", "/calico/bgp/v1/global/as_num x", "invalid AS Number format (x)"},
        Problem{"level", "/calico/bgp/v1/global/loglevel loud", "the value must be debug, info or none"},
        Problem{"peer", "/calico/bgp/v1/global/peer_v4/1.2.3.4 {\"ip\":\"1.2.3.4\"}",
                "the value needs \"ip\", an address, and \"as_num\", an AS number"},
        Problem{"peer_key", "/calico/bgp/v1/global/peer_v4/1.2.3.4 {\"ip\":\"1.2.3.5\",\"as_num\":\"1\"}",
                "the key names 1.2.3.4, the value 1.2.3.5"},
        Problem{"felix", "/calico/v1/config/Nothing 1", "FelixConfiguration has no such setting"},
        Problem{
            "policy", "/calico/v1/policy/tier/default/policy/a {}",
            "has no form that is read here; `convert` takes policies, profiles and endpoints from v1 files"}),
    [](const auto& each) { return std::string(each.param.label); });

}  // namespace
}  // namespace catflap::calico
