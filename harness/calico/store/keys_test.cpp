#include "calico/store/keys.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace catflap::calico {
namespace {

using nlohmann::json;

net::Prefix prefix(std::string_view text) {
  const Result<net::Prefix> parsed = net::Prefix::parse(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed.value_or(net::Prefix());
}

struct ResourceCase {
  const char* name;
  ResourceKey resource;
  const char* key;
};
class ResourceKeys : public testing::TestWithParam<ResourceCase> {};

TEST_P(ResourceKeys, GoThereAndBack) {
  EXPECT_EQ(to_key(GetParam().resource), GetParam().key);
  EXPECT_EQ(parse_resource_key(GetParam().key), GetParam().resource);
}

INSTANTIATE_TEST_SUITE_P(
    Table, ResourceKeys,
    testing::Values(
        ResourceCase{
            "global", {"bgppeers", "", "rr-1"}, "/calico/resources/v3/projectcalico.org/bgppeers/rr-1"},
        ResourceCase{"dots",
                     {"nodes", "", "node1.example.org"},
                     "/calico/resources/v3/projectcalico.org/nodes/node1.example.org"},
        ResourceCase{
            "namespaced",
            {"workloadendpoints", "default", "node1-k8s-pod--1-eth0"},
            "/calico/resources/v3/projectcalico.org/workloadendpoints/default/node1-k8s-pod--1-eth0"},
        ResourceCase{"policy",
                     {"networkpolicies", "prod", "default.allow-dns"},
                     "/calico/resources/v3/projectcalico.org/networkpolicies/prod/default.allow-dns"},
        ResourceCase{"hostile",
                     {"nodes", "", "../a/b%2f"},
                     "/calico/resources/v3/projectcalico.org/nodes/..%2fa%2fb%252f"}),
    [](const auto& each) { return std::string(each.param.name); });

TEST(ResourceKeys, OfOtherThingsAreNone) {
  for (const char* key :
       {"", "/", "/calico/resources/v3/projectcalico.org/", "/calico/ipam/v2/config",
        "/calico/resources/v3/projectcalico.org/nodes", "/calico/resources/v3/projectcalico.org/nodes/",
        "/calico/resources/v3/projectcalico.org//n", "/calico/resources/v3/projectcalico.org/a/b/c/d",
        "/calico/resources/v3/projectcalico.org/a//b", "/registry/pods/default/x",
        "calico/resources/v3/projectcalico.org/nodes/n"}) {
    EXPECT_EQ(parse_resource_key(key), std::nullopt) << key;
  }
}

TEST(ResourceKeys, HaveThePrefixOfTheirKindAndNamespace) {
  EXPECT_EQ(resource_prefix("ippools"), "/calico/resources/v3/projectcalico.org/ippools/");
  EXPECT_EQ(resource_prefix("networksets", "prod"),
            "/calico/resources/v3/projectcalico.org/networksets/prod/");
}

TEST(NameEscapes, GoThereAndBack) {
  EXPECT_EQ(escape_name("eth0/a%b"), "eth0%2fa%25b");
  EXPECT_EQ(unescape_name("eth0%2fa%25b"), "eth0/a%b");
  EXPECT_EQ(unescape_name("%2Fx%2"), "/x%2");
  EXPECT_EQ(unescape_name("100%"), "100%");
  EXPECT_EQ(unescape_name("%252f"), "%2f");
  EXPECT_EQ(unescape_name(escape_name("%%2f//")), "%%2f//");
}

TEST(BlockKeys, GoThereAndBack) {
  EXPECT_EQ(block_key(prefix("10.0.0.0/26")), "/calico/ipam/v2/assignment/ipv4/block/10.0.0.0-26");
  EXPECT_EQ(block_key(prefix("fd80:24e2:f998:72d6::/122")),
            "/calico/ipam/v2/assignment/ipv6/block/fd80:24e2:f998:72d6::-122");
  for (const char* block : {"10.0.0.0/26", "192.168.1.64/32", "2001:db8::/122", "::/120"}) {
    EXPECT_EQ(parse_block_key(block_key(prefix(block))), prefix(block));
  }
  for (const char* key :
       {"", "/calico/ipam/v2/assignment/ipv4/block/", "/calico/ipam/v2/assignment/ipv4/block/10.0.0.0",
        "/calico/ipam/v2/assignment/ipv4/block/10.0.0.0-33",
        "/calico/ipam/v2/assignment/ipv6/block/10.0.0.0-26",
        "/calico/ipam/v2/assignment/ipv4/brick/10.0.0.0-26",
        "/calico/ipam/v2/assignment/ipv4/block/10.0.0.0-26/x"}) {
    EXPECT_EQ(parse_block_key(key), std::nullopt) << key;
  }
}

TEST(AffinityKeys, GoThereAndBack) {
  const AffinityKey v4{AffinityType::host, "node-1.x", prefix("10.0.0.0/26")};
  const AffinityKey v6{AffinityType::virtual_, "load-balancer", prefix("fd00::40/122")};
  EXPECT_EQ(to_key(v4), "/calico/ipam/v2/host/node-1.x/ipv4/block/10.0.0.0-26");
  EXPECT_EQ(to_key(v6), "/calico/ipam/v2/virtual/load-balancer/ipv6/block/fd00::40-122");
  EXPECT_EQ(parse_affinity_key(to_key(v4)), v4);
  EXPECT_EQ(parse_affinity_key(to_key(v6)), v6);
  for (const char* key :
       {"", "/calico/ipam/v2/host/node1", "/calico/ipam/v2/guest/n/ipv4/block/10.0.0.0-26",
        "/calico/ipam/v2/host/n/ipv5/block/10.0.0.0-26", "/calico/ipam/v2/host/n/ipv4/block/10.0.0.0/26",
        "/calico/ipam/v2/assignment/ipv4/block/10.0.0.0-26"}) {
    EXPECT_EQ(parse_affinity_key(key), std::nullopt) << key;
  }
}

TEST(AffinityKeys, HaveThePrefixOfTheirNodeAndFamily) {
  EXPECT_EQ(affinity_prefix(), "/calico/ipam/v2/host/");
  EXPECT_EQ(affinity_prefix(AffinityType::virtual_), "/calico/ipam/v2/virtual/");
  EXPECT_EQ(affinity_prefix("n1"), "/calico/ipam/v2/host/n1/");
  EXPECT_EQ(affinity_prefix("n1", net::Family::ipv6), "/calico/ipam/v2/host/n1/ipv6/block/");
  EXPECT_EQ(ipam_host_key("n1"), "/calico/ipam/v2/host/n1");
}

TEST(HandleKeys, GoThereAndBack) {
  EXPECT_EQ(handle_key("k8s-pod-network.abc"), "/calico/ipam/v2/handle/k8s-pod-network.abc");
  EXPECT_EQ(handle_key("default/web"), "/calico/ipam/v2/handle/default%2fweb");
  EXPECT_EQ(parse_handle_key(handle_key("default/web")), "default/web");
  EXPECT_EQ(parse_handle_key("/calico/ipam/v2/handle/"), std::nullopt);
  EXPECT_EQ(parse_handle_key("/calico/ipam/v2/handle/a/b"), std::nullopt);
}

TEST(ResourceValues, AreWrittenAsCalicoDoes) {
  const json pool = {{"spec", {{"cidr", "10.0.0.0/16"}}},
                     {"status", {{"x", 1}}},
                     {"apiVersion", "projectcalico.org/v3"},
                     {"metadata", {{"uid", "1-2"}, {"name", "p"}, {"resourceVersion", "77"}}},
                     {"kind", "IPPool"}};
  EXPECT_EQ(encode_resource(pool),
            R"({"kind":"IPPool","apiVersion":"projectcalico.org/v3","metadata":{"name":"p","uid":"1-2"},)"
            R"("spec":{"cidr":"10.0.0.0/16"},"status":{"x":1}})");
  EXPECT_EQ(encode_resource(json{{"kind", "Node"}}), R"({"kind":"Node"})");
  EXPECT_EQ(encode_resource(json::object()), "{}");
  EXPECT_EQ(encode_resource(json{{"kind", "a\xff"}}), "{\"kind\":\"a\xef\xbf\xbd\"}");
}

TEST(ResourceValues, GetTheirVersionFromTheEntry) {
  const Entry entry{"/k", R"({"kind":"Node","metadata":{"name":"n","resourceVersion":"1"},"spec":{}})", 3, 9};
  const Result<json> node = decode_resource(entry);
  ASSERT_TRUE(node.has_value());
  EXPECT_EQ((*node)["metadata"], (json{{"name", "n"}, {"resourceVersion", "9"}}));
  EXPECT_EQ((*decode_resource({"/k", "{}", 3, 4}))["metadata"], (json{{"resourceVersion", "4"}}));
}

TEST(ResourceValues, ThatAreNoneSayTheirKey) {
  const std::string deep = "{\"a\":" + std::string(1U << 19U, '[');
  for (const std::string& value : {std::string("[]"), std::string("{"), std::string(), std::string("\xff"),
                                   deep, std::string(R"({"metadata":[]})")}) {
    const Result<json> document = decode_resource({"/the/key", value, 1, 1});
    ASSERT_FALSE(document.has_value());
    EXPECT_EQ(document.error().code, Errc::protocol);
    EXPECT_NE(document.error().message.find("/the/key"), std::string::npos) << document.error().message;
  }
  EXPECT_TRUE(decode_value("/k", R"({"a":"[[[[\"{{{{"})").has_value());
}

}  // namespace
}  // namespace catflap::calico
