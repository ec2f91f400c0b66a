#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "calico/model/decode.hpp"
#include "calico/model/decoder.hpp"
#include "calico/model/legacy.hpp"
#include "calico/model/tables.hpp"

namespace catflap::calico {
namespace {

/// What is wrong with a part of v1, read as calicoctl reads it; "" if nothing.
std::string problems(std::string_view go_type, const Json& object) {
  const StructInfo* info = find_v1_struct(go_type);
  if (info == nullptr) {
    return "no such type";
  }
  std::vector<Diagnostic> diagnostics;
  Positions positions;
  const Json decoded = Decoder<JsonTree>(true, "", diagnostics, positions).object(object, *info);
  if (diagnostics.empty()) {
    diagnostics = validate_part(decoded, tables::object_of(*info), {.crd = false});
  }
  std::string text;
  for (const Diagnostic& each : diagnostics) {
    text += to_string(each) + '\n';
  }
  return text;
}

struct PartCase {
  const char* label;
  const char* type;
  const char* object;
  const char* reason;  ///< part of the message; "" = valid
};
class LegacyParts : public testing::TestWithParam<PartCase> {};

TEST_P(LegacyParts, AreHeldAgainstV1sRules) {
  const std::string text = problems(GetParam().type, Json::parse(GetParam().object));
  if (*GetParam().reason == '\0') {
    EXPECT_EQ(text, "");
  } else {
    EXPECT_NE(text.find(GetParam().reason), std::string::npos) << text;
  }
}

std::string long_name() {
  return R"({"name":")" + std::string(129, 'a') + R"("})";
}
const std::string kLongName = long_name();

INSTANTIATE_TEST_SUITE_P(
    Table, LegacyParts,
    testing::Values(
        PartCase{"action_missing", "api.Rule", R"({})", "because of Tag: action"},
        PartCase{"action_pass", "api.Rule", R"({"action":"pass"})", ""},
        PartCase{"action_of_v3", "api.Rule", R"({"action":"Allow"})", "because of Tag: action"},
        PartCase{"unknown_field", "api.Rule", R"({"action":"allow","sauce":{}})", "not recognized"},
        PartCase{"protocol_of_v3", "api.Rule", R"({"action":"allow","protocol":"TCP"})",
                 "protocol name invalid"},
        PartCase{"protocol_zero", "api.Rule", R"({"action":"allow","protocol":0})",
                 "protocol number invalid"},
        PartCase{"not_protocol", "api.Rule", R"({"action":"allow","notProtocol":"foo"})", "protocol name"},
        PartCase{"port_zero", "api.Rule", R"({"action":"allow","protocol":"tcp","source":{"ports":[0]}})",
                 "port range invalid"},
        PartCase{"ports_in_order", "api.Rule",
                 R"({"action":"allow","protocol":"udp","source":{"ports":["9:8"]}})", "greater than maximum"},
        PartCase{"udplite_has_no_ports", "api.Rule",
                 R"({"action":"allow","protocol":"udplite","source":{"ports":[1]}})", "must set protocol"},
        PartCase{"protocol_132_has_ports", "api.Rule",
                 R"({"action":"allow","protocol":132,"destination":{"notPorts":["1:2"]}})", ""},
        PartCase{"net_is_no_network", "api.EntityRule", R"({"net":"10.0.0.0/33"})", "invalid CIDR"},
        PartCase{"net_with_host_bits", "api.EntityRule", R"({"net":"10.0.0.1/24"})", ""},
        PartCase{"net_address", "api.EntityRule", R"({"nets":["10.0.0.1"]})", ""},
        PartCase{
            "not_net_and_nets", "api.Rule",
            R"({"action":"deny","source":{"notNet":"10.0.0.0/8"},"destination":{"nets":["10.0.0.0/8"]}})",
            "only one of Net and Nets"},
        PartCase{"families", "api.Rule",
                 R"({"action":"deny","source":{"notNets":["10.0.0.0/8","fd00::/8"]}})", "both IPv4 and IPv6"},
        PartCase{"tag", "api.EntityRule", R"({"tag":"a b"})", "because of Tag: tag"},
        PartCase{"selector", "api.EntityRule", R"({"notSelector":"a =="})", "because of Tag: selector"},
        PartCase{"icmp_code_256", "api.ICMPFields", R"({"type":1,"code":256})", "because of Tag: lte"},
        PartCase{"policy_name_with_slash", "api.PolicyMetadata", R"({"name":"a/b"})", ""},
        PartCase{"name_of_129", "api.PolicyMetadata", kLongName.c_str(), "because of Tag: namespacedName"},
        PartCase{"node_name_with_slash", "api.NodeMetadata", R"({"name":"a/b"})", "because of Tag: name"},
        PartCase{"policy_type", "api.PolicySpec", R"({"types":["Ingress"]})", "because of Tag: policyType"},
        PartCase{"both_flags", "api.PolicySpec", R"({"preDNAT":true,"doNotTrack":true})",
                 "cannot both be true"},
        PartCase{"rule_in_policy", "api.PolicySpec", R"({"ingress":[{"action":"x"}]})",
                 "because of Tag: action"},
        PartCase{"empty_bgp", "api.NodeSpec", R"({"bgp":{}})", "no BGP IP address"},
        PartCase{"as_number_in_two_parts", "api.NodeSpec",
                 R"({"bgp":{"asNumber":"1.10","ipv4Address":"10.0.0.1/24"}})", ""},
        PartCase{"v4_in_v6", "api.NodeSpec", R"({"bgp":{"ipv6Address":"10.0.0.1/24"}})", "invalid IPv6"},
        PartCase{"global_with_node", "api.BGPPeerMetadata", R"({"scope":"global","node":"n1"})",
                 "when scope is global"},
        PartCase{"peer_is_no_address", "api.BGPPeerMetadata", R"({"peerIP":"10.0.0"})", "invalid IP"},
        PartCase{"pool_not_masked", "api.IPPool", R"({"metadata":{"cidr":"10.0.0.1/16"}})",
                 "strictly masked"},
        PartCase{"pool_v6_small", "api.IPPool", R"({"metadata":{"cidr":"fd00::/123"}})", "min /122"},
        PartCase{"pool_v6_ipip", "api.IPPool",
                 R"({"metadata":{"cidr":"fd00::/64"},"spec":{"ipip":{"enabled":true}}})",
                 "not supported on an IPv6"},
        PartCase{"pool_v6_link_local", "api.IPPool", R"({"metadata":{"cidr":"fe80::/64"}})", "fe80::/10"},
        PartCase{"endpoint_two_addresses", "api.WorkloadEndpointSpec",
                 R"({"interfaceName":"cali1","ipNetworks":["10.0.0.0/31"]})", "multiple addresses"},
        PartCase{"endpoint_gateway", "api.WorkloadEndpointSpec",
                 R"({"interfaceName":"cali1","ipv4Gateway":"fd00::1"})", "invalid IPv4 gateway"},
        PartCase{"endpoint_mac", "api.WorkloadEndpointSpec", R"({"interfaceName":"cali1","mac":"x"})",
                 "because of Tag: mac"},
        PartCase{"any_interface", "api.HostEndpointSpec", R"({"interfaceName":"*"})", ""},
        PartCase{"only_addresses", "api.HostEndpointSpec", R"({"expectedIPs":["10.0.0.1"]})", ""},
        PartCase{"profile_name", "api.HostEndpointSpec", R"({"interfaceName":"e","profiles":["a b"]})",
                 "because of Tag: namespacedName"},
        PartCase{"label_value_too_long", "api.HostEndpointMetadata",
                 R"({"labels":{"a":"0123456789012345678901234567890123456789012345678901234567890123"}})",
                 "because of Tag: labels"},
        PartCase{"port_without_protocol", "api.EndpointPort", R"({"name":"a","port":1})", "must be 'tcp'"},
        PartCase{"port_of_65536", "api.EndpointPort", R"({"name":"a","protocol":"tcp","port":65536})",
                 "65536"},
        PartCase{"stored_ports", "model.Rule", R"({"!dst_ports":[1]})", "must set protocol"}),
    [](const auto& each) { return std::string(each.param.label); });

TEST(LegacyKinds, AreFoundByExactName) {
  EXPECT_EQ(v1_kinds().size(), 7U);
  ASSERT_NE(find_v1_kind("v1", "bgpPeer"), nullptr);
  EXPECT_EQ(find_v1_kind("v1", "bgpPeer")->group, ApiGroup::calico_v1);
  EXPECT_EQ(find_v1_kind("v1", "bgppeer"), nullptr);
  EXPECT_EQ(find_v1_kind("projectcalico.org/v3", "bgpPeer"), nullptr);
  EXPECT_EQ(find_v1_struct("api.Nothing"), nullptr);
  EXPECT_EQ(find_v1_struct("Rule"), nullptr);
}

TEST(LegacyKinds, AreReadWithPositions) {
  const ReadReport report = read_resources("apiVersion: v1\nkind: ipPool\nmetadata:\n  cidr: 10.0.0.0/27\n",
                                           "p.yaml", {.finder = find_v1_kind});
  ASSERT_EQ(report.resources.size(), 1U);
  const std::vector<Diagnostic> found = validate(report.resources[0]);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(to_string(found[0]),
            "p.yaml:4:9: metadata.cidr: IP pool size is too small (min /26) for use with Calico IPAM");
  EXPECT_EQ(
      check_valid(report.resources[0]).error().message,
      "error with field CIDR = '10.0.0.0/27' (IP pool size is too small (min /26) for use with Calico IPAM)");
}

TEST(LegacySamples, AllPass) {
  const char* configured = std::getenv("CATFLAP_DATA");
  const std::filesystem::path data =
      configured != nullptr ? configured : std::string(CATFLAP_SOURCE_DIR) + "/../shared/data";
  std::ifstream in(data / "validators/v1.json");
  if (!in) {
    GTEST_SKIP() << "skipped: no data; set CATFLAP_DATA";
  }
  const Json samples = Json::parse(in);
  for (const Json& sample : samples.at("cases")) {
    const auto type = sample["type"].get<std::string>();
    const std::string text = type == "numorstring.Protocol"
                                 ? problems("api.Rule", {{"action", "allow"}, {"protocol", sample["object"]}})
                                 : problems(type, sample["object"]);
    EXPECT_EQ(text.empty(), sample["valid"].get<bool>()) << sample << '\n' << text;
  }
}

}  // namespace
}  // namespace catflap::calico
