#include "calico/model/convert.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "calico/model/decode.hpp"
#include "calico/model/kind.hpp"

namespace catflap::calico {
namespace {

using nlohmann::json;

/// What a YAML text converts to: kind, name, namespace, labels and spec, or the error.
std::string converted(std::string_view text, bool validate = true) {
  const auto made = convert_text(text, "f.yaml", {validate});
  if (!made) {
    return "error: " + to_string(made.error());
  }
  std::string out;
  for (const Resource& each : *made) {
    const std::string space = each.name_space();
    out += std::string(each.kind().kind) + ' ' + (space.empty() ? "" : space + '/') + each.name() + ' ' +
           (each.labels().empty() ? "" : each.metadata()["labels"].dump() + ' ') + each.spec().dump() + '\n';
  }
  return out;
}

struct ConvertCase {
  const char* label;
  const char* yaml;
  const char* result;
};
class Convert : public testing::TestWithParam<ConvertCase> {};

TEST_P(Convert, ByTheRulesOfTheUpgrade) {
  EXPECT_EQ(converted(GetParam().yaml), GetParam().result);
}

INSTANTIATE_TEST_SUITE_P(
    V1, Convert,
    testing::Values(
        ConvertCase{"global_peer",
                    "{apiVersion: v1, kind: bgpPeer, metadata: {scope: global, peerIP: 192.20.30.40}, spec: "
                    "{asNumber: "
                    "1.10}}",
                    R"j(BGPPeer 192-20-30-40 {"asNumber":65546,"peerIP":"192.20.30.40"})j"
                    "\n"},
        ConvertCase{"peer_without_scope",
                    "{apiVersion: v1, kind: bgpPeer, metadata: {peerIP: 1.2.3.4}, spec: {asNumber: 1}}",
                    "error: f.yaml:1:1: insufficient identifiers, missing 'scope'"},
        ConvertCase{
            "peer_of_no_node",
            "{apiVersion: v1, kind: bgpPeer, metadata: {scope: node, peerIP: 1.2.3.4}, spec: {asNumber: 1}}",
            "error: f.yaml:1:1: With Node scope a Node must be defined"},
        ConvertCase{
            "node_is_normalised_without_hash",
            "{apiVersion: v1, kind: node, metadata: {name: Rack_1}, spec: {bgp: {asNumber: 64512, "
            "ipv4Address: "
            "10.244.0.1/24, ipv6Address: '2001:db8:0::1/64'}, orchRefs: [{orchestrator: k8s, nodeName: "
            "n1}]}}",
            R"j(Node rack-1 {"bgp":{"asNumber":64512,"ipv4Address":"10.244.0.1/24",)j"
            R"j("ipv6Address":"2001:db8::1/64"},"orchRefs":[{"nodeName":"n1","orchestrator":"k8s"}]})j"
            "\n"},
        ConvertCase{
            "pool_disabled_ipip",
            "{apiVersion: v1, kind: ipPool, metadata: {cidr: 10.0.0.0/8}, spec: {ipip: {enabled: false, "
            "mode: "
            "cross-subnet}, disabled: true}}",
            R"j(IPPool 10-0-0-0-8 {"allowedUses":["Workload","Tunnel"],"assignmentMode":"Automatic",)j"
            R"j("blockSize":26,"cidr":"10.0.0.0/8","disabled":true,"ipipMode":"Never",)j"
            R"j("nodeSelector":"all()","vxlanMode":"Never"})j"
            "\n"},
        ConvertCase{
            "host_endpoint",
            "{apiVersion: v1, kind: hostEndpoint, metadata: {name: eth0/1, node: n1, labels: {calico/k8s_ns: "
            "a}}, spec: {expectedIPs: ['fd00:0::1', 10.0.0.1], profiles: [k8s_ns.x], ports: [{name: a, "
            "protocol: "
            "tcp, port: 1}]}}",
            R"j(HostEndpoint n1.eth0.1-76e59b22 {"projectcalico.org/namespace":"a"} )j"
            R"j({"expectedIPs":["10.0.0.1","fd00::1"],"node":"n1",)j"
            R"j("ports":[{"name":"a","port":1,"protocol":"TCP"}],"profiles":["kns.x"]})j"
            "\n"},
        ConvertCase{
            "policy",
            "{apiVersion: v1, kind: policy, metadata: {name: a.b, annotations: {x: y}}, spec: {order: 10, "
            "selector: calico/k8s_ns == 'a', preDNAT: true, ingress: [{action: pass, protocol: 17, source: "
            "{net: "
            "10.0.0.1/8, tag: t, selector: a == 'b'}}]}}",
            R"j(GlobalNetworkPolicy default.a-b-69f6642c {"projectcalico.org/tier":"default"} )j"
            R"j({"applyOnForward":true,"ingress":[{"action":"Pass","destination":{},"protocol":17,)j"
            R"j("source":{"nets":["10.0.0.0/8"],"selector":"(a == 'b') && t == ''"}}],"order":10,"preDNAT":true,)j"
            R"j("selector":"projectcalico.org/namespace == 'a'","tier":"default","types":["Ingress"]})j"
            "\n"},
        ConvertCase{
            "policy_types",
            "{apiVersion: v1, kind: policy, metadata: {name: a, tier: t1}, spec: {selector: all(), egress: "
            "[{action: deny}]}}",
            R"j(GlobalNetworkPolicy t1.a {"projectcalico.org/tier":"t1"} {"egress":[{"action":"Deny",)j"
            R"j("destination":{},"source":{}}],"selector":"all()","tier":"t1","types":["Egress"]})j"
            "\n"},
        ConvertCase{"profile_of_a_namespace",
                    "{apiVersion: v1, kind: profile, metadata: {name: k8s_ns.default, labels: {a: b}, tags: "
                    "[c]}, spec: "
                    "{}}",
                    R"j(Profile kns.default {"labelsToApply":{"a":"b","c":""}})j"
                    "\n"},
        ConvertCase{
            "profile_tag_is_label",
            "{apiVersion: v1, kind: profile, metadata: {name: p, labels: {a: b}, tags: [a]}, spec: {}}",
            "error: f.yaml:1:1: Tag: 'a' and Label 'a == b' have the same value for Profile: p. Change the "
            "Label "
            "key before proceeding"},
        ConvertCase{
            "workload_endpoint",
            "{apiVersion: v1, kind: workloadEndpoint, metadata: {name: eth0, workload: ns1.pod-1, "
            "orchestrator: "
            "k8s, node: n-1, activeInstanceID: c1}, spec: {interfaceName: cali1, mac: 'CA:fe:1d:52:bb:e9', "
            "ipNetworks: ['fd::1:40/128', 10.0.0.1/32], profiles: [p]}}",
            R"j(WorkloadEndpoint ns1/n--1-k8s-pod--1-eth0 {"containerID":"c1","endpoint":"eth0",)j"
            R"j("interfaceName":"cali1","ipNetworks":["10.0.0.1/32","fd::1:40/128"],"mac":"CA:fe:1d:52:bb:e9",)j"
            R"j("node":"n-1","orchestrator":"k8s","pod":"pod-1","profiles":["p"]})j"
            "\n"},
        ConvertCase{"workload_endpoint_without_namespace",
                    "{apiVersion: v1, kind: workloadEndpoint, metadata: {name: eth0, workload: pod, "
                    "orchestrator: k8s, "
                    "node: n}, spec: {interfaceName: cali1}}",
                    "error: f.yaml:1:1: malformed k8s workload ID 'pod': workload was not added through the "
                    "Calico CNI "
                    "plugin and cannot be converted"},
        ConvertCase{"v1_rules_are_checked", "apiVersion: v1\nkind: ipPool\nmetadata: {cidr: 10.0.0.0/30}\n",
                    "error: f.yaml:3:18: error with field CIDR = '10.0.0.0/30' (IP pool size is too small "
                    "(min /26) for "
                    "use with Calico IPAM)"},
        ConvertCase{"unknown_kind", "{apiVersion: v1, kind: bgppeer}",
                    "error: f.yaml:1:1: unknown resource type (bgppeer) and/or version (v1)"}),
    [](const auto& each) { return std::string(each.param.label); });

constexpr const char* kKubernetes =
    "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: ns}, ";
class ConvertKubernetes : public testing::TestWithParam<ConvertCase> {};

TEST_P(ConvertKubernetes, AsCalicoReadsThem) {
  EXPECT_EQ(converted(std::string(kKubernetes) + "spec: " + GetParam().yaml + "}"), GetParam().result);
}

INSTANTIATE_TEST_SUITE_P(
    Table, ConvertKubernetes,
    testing::Values(
        ConvertCase{
            "empty", "{podSelector: {}}",
            R"j(NetworkPolicy ns/p {"order":1000,"selector":"projectcalico.org/orchestrator == 'k8s'",)j"
            R"j("types":["Ingress"]})j"
            "\n"},
        ConvertCase{
            "expressions",
            "{podSelector: {matchLabels: {b: '2', a: '1'}, matchExpressions: [{key: c, operator: In, values: "
            "[x, z]}, {key: d, operator: NotIn, values: [z]}, {key: e, operator: Exists}, {key: f, operator: "
            "DoesNotExist}]}, policyTypes: [Egress, Ingress]}",
            R"j(NetworkPolicy ns/p {"order":1000,"selector":"projectcalico.org/orchestrator == 'k8s' && a == '1' )j"
            R"j(&& b == '2' && c in { 'x', 'z' } && d not in { 'z' } && has(e) && ! has(f)",)j"
            R"j("types":["Ingress","Egress"]})j"
            "\n"},
        ConvertCase{
            "ports_are_joined",
            "{podSelector: {}, ingress: [{ports: [{port: 82}, {port: 80}, {port: 81}, {port: http}, "
            "{protocol: "
            "UDP, port: 53}, {port: 90, endPort: 95}]}]}",
            R"j(NetworkPolicy ns/p {"ingress":[{"action":"Allow","destination":{"ports":["http","80:82","90:95"]},)j"
            R"j("protocol":"TCP","source":{}},{"action":"Allow","destination":{"ports":[53]},"protocol":"UDP",)j"
            R"j("source":{}}],"order":1000,"selector":"projectcalico.org/orchestrator == 'k8s'",)j"
            R"j("types":["Ingress"]})j"
            "\n"},
        ConvertCase{
            "all_ports_of_a_protocol_win",
            "{podSelector: {}, egress: [{ports: [{port: 80}, {protocol: TCP}, {port: 81}]}], policyTypes: "
            "[Egress]}",
            R"j(NetworkPolicy ns/p {"egress":[{"action":"Allow","destination":{},"protocol":"TCP","source":{}}],)j"
            R"j("order":1000,"selector":"projectcalico.org/orchestrator == 'k8s'","types":["Egress"]})j"
            "\n"},
        ConvertCase{"namespaces",
                    "{podSelector: {}, ingress: [{from: [{namespaceSelector: {}}, {namespaceSelector: "
                    "{matchLabels: {a: "
                    "b}}, podSelector: {matchLabels: {c: d}}}]}]}",
                    R"j(NetworkPolicy ns/p {"ingress":[{"action":"Allow","destination":{},"source":{)j"
                    R"j("namespaceSelector":"all()","selector":"projectcalico.org/orchestrator == 'k8s'"}},)j"
                    R"j({"action":"Allow","destination":{},"source":{"namespaceSelector":"a == 'b'",)j"
                    R"j("selector":"projectcalico.org/orchestrator == 'k8s' && c == 'd'"}}],"order":1000,)j"
                    R"j("selector":"projectcalico.org/orchestrator == 'k8s'","types":["Ingress"]})j"
                    "\n"},
        ConvertCase{"bad_port", "{podSelector: {}, ingress: [{ports: [{port: '-50:-1'}]}]}",
                    "error: f.yaml:1:127: policy: p: error with rule ingress[0] (k8s rule couldn't be "
                    "converted: failed "
                    "to parse k8s port: invalid port -50:-1: invalid name for named port (-50:-1))"},
        ConvertCase{"bad_block", "{podSelector: {}, egress: [{to: [{ipBlock: {cidr: 10.0.0.0}}]}]}",
                    "error: f.yaml:1:126: policy: p: error with rule egress[0] (k8s rule couldn't be "
                    "converted: failed "
                    "to parse k8s ipBlock: invalid CIDR address: 10.0.0.0)"}),
    [](const auto& each) { return std::string(each.param.label); });

TEST(ConvertText, ValidatesUnlessToldNotTo) {
  const char* yaml = "{apiVersion: v1, kind: profile, metadata: {name: p, tags: [.a]}, spec: {}}";
  EXPECT_NE(converted(yaml).find("converted manifest resource(s) failed validation: "), std::string::npos);
  EXPECT_NE(converted(yaml).find("--ignore-validation"), std::string::npos);
  EXPECT_EQ(converted(yaml, false), "Profile p {\"labelsToApply\":{\".a\":\"\"}}\n");
}

std::filesystem::path data() {
  const char* configured = std::getenv("CATFLAP_DATA");
  return configured != nullptr ? configured : std::string(CATFLAP_SOURCE_DIR) + "/../shared/data";
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// A document as convert prints it, and as the store would give it back.
json as_printed(const Resource& resource) {
  json document = resource.document();
  document["metadata"]["creationTimestamp"] = nullptr;
  return document;
}

TEST(ConvertSamples, FilesMeanWhatIsExpected) {
  const std::string index = read_file(data() / "convert/files.json");
  if (index.empty()) {
    GTEST_SKIP() << "skipped: no data; set CATFLAP_DATA";
  }
  const json samples = json::parse(index);
  for (const json& sample : samples["cases"]) {
    const auto made =
        convert_text(read_file(data() / "convert" / sample["input"].get<std::string>()), "input");
    EXPECT_EQ(made.has_value(), sample["ok"].get<bool>()) << sample << (made ? "" : to_string(made.error()));
    if (!made || !sample["ok"]) {
      continue;
    }
    const json expected = json::parse(read_file(data() / "convert" / sample["json"].get<std::string>()));
    json all = json::array();
    for (const Resource& each : *made) {
      all.push_back(as_printed(each));
    }
    EXPECT_EQ(all, expected.contains("items") ? expected["items"] : json::array({expected})) << sample;
  }
}

TEST(ConvertSamples, ObjectsConvertAndComeBack) {
  const std::string index = read_file(data() / "convert/objects.json");
  if (index.empty()) {
    GTEST_SKIP() << "skipped: no data; set CATFLAP_DATA";
  }
  const json samples = json::parse(index);
  for (const json& sample : samples["cases"]) {
    const auto made = convert_text(sample["object"].dump(), "object");
    ASSERT_EQ(made.has_value(), sample["ok"].get<bool>()) << sample << (made ? "" : to_string(made.error()));
    if (!made && sample["error"].is_string()) {
      EXPECT_NE(made.error().message.find(sample["error"].get<std::string>()), std::string::npos)
          << to_string(made.error());
    }
    if (made) {
      const auto again = decode(made->front().document());
      ASSERT_TRUE(again) << sample;
      EXPECT_EQ(again->document(), made->front().document());
    }
  }
}

}  // namespace
}  // namespace catflap::calico
