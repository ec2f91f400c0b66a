#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "calico/model/decode.hpp"
#include "calico/model/kind.hpp"

namespace catflap::calico {
namespace {

std::string text_of(const std::vector<Diagnostic>& diagnostics) {
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics) {
    out += to_string(diagnostic) + "\n";
  }
  return out;
}

TEST(Kinds, AreFoundByName) {
  ASSERT_NE(find_kind("bgppeers"), nullptr);
  EXPECT_EQ(find_kind("bgppeers")->kind, "BGPPeer");
  EXPECT_EQ(find_kind("ipPool")->kind, "IPPool");
  EXPECT_EQ(find_kind("NO")->kind, "Node");
  EXPECT_EQ(find_kind("nothing"), nullptr);
  EXPECT_EQ(find_kind("projectcalico.org/v3", "BGPPeer"), find_kind("bp"));
  EXPECT_EQ(find_kind("projectcalico.org/v3", "bgppeer"), nullptr);
  EXPECT_EQ(unknown_kind_text("nothing"), "resource type 'nothing' is not supported");
}

TEST(Reading, MakesValuesCanonical) {
  const ReadReport report = read_resources(R"(
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata:
  name: rack1
  labels: {}
spec:
  peerIP: 192.0.2.1
  asNumber: "1.10"
  maxRestartTime: 120s
  keepOriginalNextHop: false
---
- apiVersion: projectcalico.org/v3
  kind: IPPool
  metadata: {name: 123}
  spec: {cidr: 10.0.0.0/16, natOutgoing: yes}
---
apiVersion: projectcalico.org/v3
kind: NodeList
items:
- metadata: {name: n1}
  spec: {bgp: {asNumber: 65000.1}}
)",
                                           "f.yaml");
  ASSERT_EQ(text_of(report.diagnostics), "");
  ASSERT_EQ(report.resources.size(), 3U);
  EXPECT_EQ(report.resources[0].to_json(),
            R"({"apiVersion":"projectcalico.org/v3","kind":"BGPPeer","metadata":{"name":"rack1"},)"
            R"("spec":{"asNumber":65546,"maxRestartTime":"2m0s","peerIP":"192.0.2.1"}})");
  EXPECT_EQ(report.resources[1].to_json(),
            R"({"apiVersion":"projectcalico.org/v3","kind":"IPPool","metadata":{"name":"123"},)"
            R"("spec":{"cidr":"10.0.0.0/16","natOutgoing":true}})");
  EXPECT_EQ(report.resources[2].spec().dump(), R"({"bgp":{"asNumber":4259840001}})");
  EXPECT_EQ(to_string(report.resources[0].where("/spec/asNumber")), "f.yaml:9:13");
  EXPECT_EQ(to_string(report.resources[2].where("/spec/bgp/asNumber")), "f.yaml:22:26");
}

TEST(Reading, SaysWhereAndWhat) {
  const ReadReport report = read_resources(R"(apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata:
  name: a
spec:
  peerIp: 192.0.2.1
  asNumber: x
  numAllowedLocalASNumbers: "1"
---
apiVersion: projectcalico.org/v4
kind: BGPPeer
)",
                                           "f.yaml");
  EXPECT_EQ(
      text_of(report.diagnostics),
      "f.yaml:6:3: spec.peerIp: field in document is not recognized or is in the wrong location: peerIp; did "
      "you mean 'peerIP'?\n"
      "f.yaml:7:13: spec.asNumber: error unmarshaling JSON: invalid AS Number format (x)\n"
      "f.yaml:8:29: spec.numAllowedLocalASNumbers: error unmarshaling JSON: json: cannot unmarshal string "
      "into "
      "Go struct field BGPPeerSpec.spec.numAllowedLocalASNumbers of type int32\n"
      "f.yaml:10:1: unknown resource type (BGPPeer) and/or version (projectcalico.org/v4)\n");
  EXPECT_TRUE(report.resources.empty());
}

TEST(Reading, RefusesWhatIsNoText) {
  EXPECT_EQ(text_of(read_resources("kind: \xff\n", "f.yaml").diagnostics), "f.yaml: yaml: invalid UTF-8\n");
}

TEST(Validation, SpeaksAsCalico) {
  const auto diagnostics = validate(R"(apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: a}
spec:
  peerIP: 300.0.2.1
  peerSelector: has(x)
)",
                                    "f.yaml");
  ASSERT_EQ(diagnostics.size(), 2U) << text_of(diagnostics);
  EXPECT_EQ(to_string(diagnostics[1]),
            "f.yaml:5:11: spec.peerIP: Reason: failed to validate Field: PeerIP because of Tag: IP:port ");
  EXPECT_EQ(to_string(diagnostics[0]), "f.yaml:5:3: spec: peerIP and peerSelector cannot both be set");
}

}  // namespace
}  // namespace catflap::calico
