#include "calico/client/legacy_etcd2.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "calico/client/client_fixture.hpp"

namespace catflap::calico {
namespace {

class LegacyEtcd2 : public ClientTest {
 protected:
  Etcd2Applied put(std::string_view key, std::string_view value) {
    const Etcd2Entry entry{std::string(key), std::string(value)};
    const Result<Etcd2Applied> applied = put_etcd2(client_, {&entry, 1});
    EXPECT_TRUE(applied) << error_of(applied);
    return applied ? *applied : Etcd2Applied();
  }
};

TEST_F(LegacyEtcd2, RouteReflectorsAreKept) {
  EXPECT_EQ(put("/calico/bgp/v1/rr_v4/10.10.31.168", R"({"ip":"10.10.31.168","cluster_id":"1.0.0.1"})").kept,
            1U);
  EXPECT_EQ(put("/calico/bgp/v1/rr_v4/10.0.0.2", R"({"ip":"10.0.0.2","cluster_id":"1.0.0.1"})").kept, 1U);
  EXPECT_EQ(put("/calico/bgp/v1/rr_v4/10.0.0.3", "{}").problems.size(), 1U);
  const auto reflectors = route_reflectors(store_);
  ASSERT_TRUE(reflectors);
  EXPECT_EQ(*reflectors, (std::vector<RouteReflector>{{*net::IpAddr::parse("10.0.0.2"), "1.0.0.1"},
                                                      {*net::IpAddr::parse("10.10.31.168"), "1.0.0.1"}}));
  EXPECT_EQ(list_etcd2(store_)->size(), 2U);
  EXPECT_EQ(list_etcd2(store_, "/calico/bgp/v1/rr_v4/10.0")->size(), 1U);
  EXPECT_EQ(list_etcd2(store_, "/calico/")->size(), 2U);
  EXPECT_EQ(list_etcd2(store_, "/calico/v1/")->size(), 0U);
  EXPECT_TRUE(remove_etcd2(store_, "/calico/bgp/v1/rr_v4/10.0.0.2"));
  EXPECT_EQ(remove_etcd2(store_, "/calico/bgp/v1/rr_v4/10.0.0.2").error().message,
            "Key not found (/calico/bgp/v1/rr_v4/10.0.0.2)");
}

TEST_F(LegacyEtcd2, OnlyKeysOfEtcd2AreRemoved) {
  ASSERT_TRUE(client_.create(resource("bgppeer", "p", R"({"peerIP":"192.0.2.1","asNumber":1})")));
  EXPECT_EQ(remove_etcd2(store_, "/calico/resources/v3/projectcalico.org/bgppeers/p").error().code,
            Errc::not_found);
  EXPECT_TRUE(client_.get(id("bgppeer", "p")));
}

TEST_F(LegacyEtcd2, SettingsChangeOnlyWhatTheySay) {
  ASSERT_TRUE(client_.create(resource("bgpconfig", "default", R"({"listenPort":1179,"asNumber":1})")));
  const Etcd2Applied applied = put("/calico/bgp/v1/global/node_mesh", R"({"enabled":false})");
  ASSERT_EQ(applied.resources.size(), 1U);
  EXPECT_EQ(to_string(applied.resources[0]), "BGPConfiguration(default)");
  EXPECT_EQ(client_.get(id("bgpconfig", "default"))->spec().dump(),
            R"({"asNumber":1,"listenPort":1179,"nodeToNodeMeshEnabled":false})");
}

TEST_F(LegacyEtcd2, NodeIsMadeOfItsKeys) {
  put("/calico/bgp/v1/host/n1/ip_addr_v4", "192.168.56.11");
  EXPECT_EQ(client_.get(id("node", "n1"))->spec()["bgp"]["ipv4Address"], "192.168.56.11/32");
  put("/calico/bgp/v1/host/n1/network_v4", "192.168.56.0/24");
  EXPECT_EQ(client_.get(id("node", "n1"))->spec()["bgp"]["ipv4Address"], "192.168.56.11/24");
  put("/calico/bgp/v1/host/n1/as_num", "65001");
  EXPECT_EQ(client_.get(id("node", "n1"))->spec()["bgp"]["asNumber"], 65001);
  EXPECT_EQ(client_.get(id("node", "n1"))->spec()["bgp"]["ipv4Address"], "192.168.56.11/24");
}

TEST_F(LegacyEtcd2, PeersOfBothScopes) {
  put("/calico/bgp/v1/global/peer_v4/10.0.0.9", R"({"ip":"10.0.0.9","as_num":"65001"})");
  put("/calico/bgp/v1/host/n1/peer_v4/10.0.0.9", R"({"ip":"10.0.0.9","as_num":"65002"})");
  EXPECT_EQ(client_.get(id("bgppeer", "10-0-0-9"))->spec()["asNumber"], 65001);
  EXPECT_EQ(client_.get(id("bgppeer", "n1.10-0-0-9"))->spec()["node"], "n1");
}

TEST_F(LegacyEtcd2, WhatTheStoreRefusesIsAnError) {
  const Etcd2Entry pool{"/calico/v1/ipam/v4/pool/10.0.0.0-30", R"({"cidr":"10.0.0.0/30","ipip":""})"};
  const Result<Etcd2Applied> applied = put_etcd2(client_, {&pool, 1});
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, Errc::invalid);
}

}  // namespace
}  // namespace catflap::calico
