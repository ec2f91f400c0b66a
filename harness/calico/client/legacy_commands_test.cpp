#include <gtest/gtest.h>

#include <string>

#include "calico/client/client_fixture.hpp"
#include "calico/client/legacy_config.hpp"
#include "calico/client/legacy_peers.hpp"

namespace catflap::calico {
namespace {

class LegacyConfig : public ClientTest {
 protected:
  std::string get(const ConfigItem& item) {
    const Result<std::string> value = get_config(client_, item);
    return value ? *value : "error: " + value.error().message;
  }
  std::string set(const ConfigItem& item, std::string_view value) {
    const Status done = set_config(client_, item, value);
    return done ? "" : done.error().message;
  }
};

TEST_F(LegacyConfig, AsNumber) {
  EXPECT_EQ(get({"asNumber"}), "64512");
  EXPECT_EQ(set({"ASNUMBER"}, "1.10"), "");
  EXPECT_EQ(get({"asnumber"}), "65546");
  EXPECT_EQ(client_.get(id("bgpconfig", "default"))->spec()["asNumber"], 65546);
  EXPECT_EQ(set({"asNumber"}, "x"), "the supplied AS number is not valid");
  EXPECT_EQ(set({"asNumber"}, "4294967296"), "the supplied AS number is not valid");
  EXPECT_EQ(set({"asNumber", "n1"}, "1"), "--node should not be specified");
  EXPECT_TRUE(unset_config(client_, {"asNumber"}));
  EXPECT_EQ(get({"asNumber"}), "64512");
}

TEST_F(LegacyConfig, Mesh) {
  EXPECT_EQ(get({"nodeToNodeMesh"}), "on");
  EXPECT_EQ(set({"nodeTonodeMesh"}, "off"), "");
  EXPECT_EQ(client_.get(id("bgpconfig", "default"))->spec()["nodeToNodeMeshEnabled"], false);
  EXPECT_EQ(get({"nodeToNodeMesh"}), "off");
  EXPECT_EQ(set({"nodeToNodeMesh"}, "on"), "");
  EXPECT_EQ(get({"nodeToNodeMesh"}), "on");
  EXPECT_EQ(set({"nodeToNodeMesh"}, "ON"), "invalid value 'ON'");
}

TEST_F(LegacyConfig, Ipip) {
  EXPECT_EQ(get({"ipip"}), "off");
  EXPECT_EQ(set({"ipip"}, "on"), "");
  EXPECT_EQ(client_.get(id("felixconfig", "default"))->spec()["ipipEnabled"], true);
  EXPECT_EQ(get({"IpIp"}), "on");
  EXPECT_TRUE(unset_config(client_, {"ipip"}));
  EXPECT_EQ(get({"ipip"}), "off");
}

TEST_F(LegacyConfig, LogLevel) {
  EXPECT_EQ(get({"logLevel"}), "info");
  EXPECT_EQ(get({"logLevel", "n1"}), "info (inherited from global)");
  EXPECT_EQ(set({"logLevel"}, "warning"), "");
  EXPECT_EQ(get({"logLevel"}), "warning");
  EXPECT_EQ(get({"logLevel", "n1"}), "warning (inherited from global)");
  EXPECT_EQ(set({"logLevel", "n1"}, "debug"), "");
  EXPECT_EQ(get({"logLevel", "n1"}), "debug");
  EXPECT_EQ(client_.get(id("felixconfig", "node.n1"))->spec()["logSeverityScreen"], "Debug");
  EXPECT_EQ(client_.get(id("bgpconfig", "node.n1"))->spec()["logSeverityScreen"], "Debug");
  EXPECT_EQ(set({"logLevel"}, "loud"), "invalid value 'loud'");
  EXPECT_TRUE(unset_config(client_, {"logLevel", "n1"}));
  EXPECT_EQ(get({"logLevel", "n1"}), "warning (inherited from global)");
  EXPECT_TRUE(unset_config(client_, {"logLevel"}));
  EXPECT_EQ(get({"logLevel"}), "info");
}

TEST_F(LegacyConfig, Errors) {
  EXPECT_EQ(get({"nothing"}), "error: unrecognised config name 'nothing'");
  EXPECT_EQ(set({"nothing"}, "1"), "unrecognised config name 'nothing'");
  EXPECT_EQ(get({"x", "", "bird"}), "error: unrecognised component 'bird'");
}

TEST_F(LegacyConfig, RawSettingsAreKeysOfEtcd2) {
  EXPECT_EQ(get({"LogFilePath", "", "felix"}), "(unset)");
  EXPECT_EQ(set({"LogFilePath", "", "felix"}, "none"), "");
  EXPECT_EQ(get({"LogFilePath", "", "felix"}), "none");
  EXPECT_EQ((*store_.get("/calico/v1/config/LogFilePath"))->value, "none");
  EXPECT_EQ(set({"LogFilePath", "n1", "felix"}, "/x"), "");
  EXPECT_EQ((*store_.get("/calico/v1/host/n1/config/LogFilePath"))->value, "/x");
  EXPECT_EQ(set({"loglevel", "n1", "bgp"}, "debug"), "");
  EXPECT_EQ((*store_.get("/calico/bgp/v1/host/n1/loglevel"))->value, "debug");
  EXPECT_TRUE(unset_config(client_, {"LogFilePath", "", "felix"}));
  EXPECT_TRUE(unset_config(client_, {"LogFilePath", "", "felix"}));
  EXPECT_EQ(get({"LogFilePath", "", "felix"}), "(unset)");
}

using LegacyPeers = ClientTest;

TEST_F(LegacyPeers, AddShowRemove) {
  EXPECT_EQ(*show_legacy_peers(client_, std::nullopt),
            "No global IPv4 BGP Peers defined.\nNo global IPv6 BGP Peers defined.\n");
  ASSERT_TRUE(add_legacy_peer(client_, "192.168.20.20", "64512"));
  ASSERT_TRUE(add_legacy_peer(client_, "9.0.0.1", "1.10"));
  ASSERT_TRUE(add_legacy_peer(client_, "fd00::1", "64513"));
  ASSERT_TRUE(add_legacy_peer(client_, "192.168.20.20", "64514")) << "again: another number";
  EXPECT_EQ(client_.get(id("bgppeer", "192-168-20-20"))->spec()["asNumber"], 64514);
  EXPECT_EQ(*show_legacy_peers(client_, net::Family::ipv4),
            "+----------------------+--------+\n"
            "| Global IPv4 BGP Peer | AS Num |\n"
            "+----------------------+--------+\n"
            "| 9.0.0.1              | 65546  |\n"
            "| 192.168.20.20        | 64514  |\n"
            "+----------------------+--------+\n");
  EXPECT_EQ(*show_legacy_peers(client_, net::Family::ipv6),
            "+----------------------+--------+\n"
            "| Global IPv6 BGP Peer | AS Num |\n"
            "+----------------------+--------+\n"
            "| fd00::1              | 64513  |\n"
            "+----------------------+--------+\n");
  EXPECT_EQ(*remove_legacy_peer(client_, "9.0.0.1"), "BGP peer removed from global configuration");
  const Result<std::string> again = remove_legacy_peer(client_, "9.0.0.1");
  EXPECT_EQ(again.error().code, Errc::not_found);
  EXPECT_EQ(again.error().message, "9.0.0.1 is not a globally configured peer.");
}

TEST_F(LegacyPeers, OfOneNode) {
  ASSERT_TRUE(add_legacy_peer(client_, "172.17.8.101", "65511", "Node1"));
  EXPECT_EQ(client_.get(id("bgppeer", "node1.172-17-8-101"))->spec()["node"], "node1");
  EXPECT_EQ(*show_legacy_peers(client_, net::Family::ipv4, "Node1"),
            "+-----------------------------+--------+\n"
            "| Node specific IPv4 BGP Peer | AS Num |\n"
            "+-----------------------------+--------+\n"
            "| 172.17.8.101                | 65511  |\n"
            "+-----------------------------+--------+\n");
  EXPECT_EQ(*show_legacy_peers(client_, net::Family::ipv4), "No global IPv4 BGP Peers defined.\n");
  EXPECT_EQ(*remove_legacy_peer(client_, "172.17.8.101", "Node1"),
            "BGP peer removed from node configuration");
  EXPECT_EQ(remove_legacy_peer(client_, "172.17.8.101", "Node1").error().message,
            "172.17.8.101 is not a configured peer for this node.");
}

TEST_F(LegacyPeers, Errors) {
  EXPECT_EQ(add_legacy_peer(client_, "192.168.20", "1").error().message, "Invalid IP address specified.");
  EXPECT_EQ(add_legacy_peer(client_, "192.168.20.1", "x").error().message, "Invalid AS Number specified.");
  EXPECT_EQ(remove_legacy_peer(client_, "x").error().message, "Invalid IP address specified.");
  EXPECT_EQ(default_node_as(client_, "x").error().message, "Invalid AS Number specified.");
}

TEST_F(LegacyPeers, MeshAndDefaultNumber) {
  EXPECT_EQ(*node_mesh(client_, ""), "on");
  EXPECT_EQ(*node_mesh(client_, "off"), "");
  EXPECT_EQ(*node_mesh(client_, ""), "off");
  EXPECT_EQ(*default_node_as(client_, ""), "64512");
  EXPECT_EQ(*default_node_as(client_, "64511"), "");
  EXPECT_EQ(*default_node_as(client_, ""), "64511");
}

TEST_F(LegacyPeers, Pools) {
  ASSERT_TRUE(
      add_legacy_pools(client_, {"192.168.0.0/16", "10.0.0.0/24"}, {.ipip = true, .nat_outgoing = true}));
  ASSERT_TRUE(add_legacy_pools(client_, {"fd80:24e2:f998:72d6::/64"}, {}));
  EXPECT_EQ(*show_legacy_pools(client_, net::Family::ipv4),
            "+----------------+-------------------+\n"
            "|   IPv4 CIDR    |      Options      |\n"
            "+----------------+-------------------+\n"
            "|  10.0.0.0/24   | ipip,nat-outgoing |\n"
            "| 192.168.0.0/16 | ipip,nat-outgoing |\n"
            "+----------------+-------------------+\n");
  ASSERT_TRUE(remove_legacy_pools(client_, {"10.0.0.0/24"}));
  EXPECT_EQ(remove_legacy_pools(client_, {"10.0.0.0/24"}).error().message,
            "10.0.0.0/24 is not a configured pool.");
  EXPECT_EQ(add_legacy_pools(client_, {"10.0.0.0"}, {}).error().message, "Invalid CIDR specified.");
  EXPECT_EQ(add_legacy_pools(client_, {"fd00::/64"}, {.ipip = true}).error().message,
            "IP in IP not supported for IPv6 pools");
}

TEST_F(LegacyPeers, RangesOfPools) {
  ASSERT_TRUE(add_legacy_range(client_, "10.0.0.64", "10.0.1.63", {}));
  std::string cidrs;
  const Result<ResourceList> pools = client_.list(*find_kind("ippool"));
  for (const Resource& pool : pools->items) {
    cidrs += pool.text_at("/spec/cidr") + ' ';
  }
  EXPECT_EQ(cidrs, "10.0.0.128/25 10.0.0.64/26 10.0.1.0/26 ");
  EXPECT_EQ(add_legacy_range(client_, "10.0.1.0", "10.0.0.0", {}).error().message,
            "Invalid range specified.");
  ASSERT_TRUE(add_legacy_range(client_, "fd00::", "fd00::ffff:ffff:ffff:ffff", {}));
  EXPECT_TRUE(client_.get(id("ippool", "fd00---64")));
}

}  // namespace
}  // namespace catflap::calico
