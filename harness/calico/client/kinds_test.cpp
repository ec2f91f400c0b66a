#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "calico/client/client_fixture.hpp"
#include "calico/ipam/ipam.hpp"
#include "calico/store/keys.hpp"

namespace catflap::calico {
namespace {

using nlohmann::json;

// --- the cluster
// --------------------------------------------------------------------------------------------

TEST_F(ClientTest, FirstNodeInitialisesTheCluster) {
  ASSERT_TRUE(client_.create(resource("node", "n1")));
  const auto information = client_.cluster_information();
  ASSERT_TRUE(information && *information);
  EXPECT_EQ((*information)->spec()["datastoreReady"], true);
  EXPECT_EQ((*information)->spec()["clusterGUID"].get<std::string>().size(), 32U);
  std::string tiers;
  const Result<ResourceList> list = client_.list(*find_kind("tier"));
  for (const Resource& tier : list->items) {
    tiers += tier.name() + ' ' + tier.spec().dump() + '\n';
  }
  EXPECT_EQ(tiers,
            R"(default {"defaultAction":"Deny","order":1000000}
kube-admin {"defaultAction":"Pass","order":1000}
kube-baseline {"defaultAction":"Pass","order":10000000}
)");
  const std::string guid = (*information)->spec()["clusterGUID"];
  ASSERT_TRUE(client_.create(resource("node", "n2")));
  EXPECT_EQ((**client_.cluster_information()).spec()["clusterGUID"], guid);
}

TEST_F(ClientTest, InitialisingCompletesWhatIsThere) {
  ASSERT_TRUE(client_.ensure_initialized("v3.31.0", "k8s,bgp"));
  ASSERT_TRUE(client_.ensure_initialized("v3.32.0", "bgp,kdd"));
  const json spec = (**client_.cluster_information()).spec();
  EXPECT_EQ(spec["calicoVersion"], "v3.32.0");
  EXPECT_EQ(spec["clusterType"], "k8s,bgp,kdd");
  const Revision before = store_.revision();
  ASSERT_TRUE(client_.ensure_initialized());
  EXPECT_EQ(store_.revision(), before) << "nothing to write";
}

TEST_F(ClientTest, DatastoreIsLockedAndUnlocked) {
  EXPECT_EQ(client_.is_datastore_locked().value(), false);
  ASSERT_TRUE(client_.set_datastore_ready(false));
  EXPECT_EQ(client_.is_datastore_locked().value(), true);
  ASSERT_TRUE(client_.set_datastore_ready(true));
  EXPECT_EQ(client_.is_datastore_locked().value(), false);
}

TEST_F(ClientTest, ClusterInformationIsOnlyShown) {
  ASSERT_TRUE(client_.ensure_initialized());
  const Resource information = **client_.cluster_information();
  Resource fresh = information;
  fresh.set_resource_version("");
  EXPECT_EQ(error_of(client_.apply(fresh)),
            "operation apply is not supported on ClusterInformation: resource is readonly");
  EXPECT_EQ(error_of(client_.create(fresh)),
            "operation create or apply is not supported on ClusterInformation");
  EXPECT_EQ(error_of(client_.replace(fresh)),
            "operation apply or replace is not supported on ClusterInformation");
  EXPECT_EQ(error_of(client_.remove(id("clusterinfo", "default"))),
            "operation delete is not supported on ClusterInformation");
  EXPECT_EQ(client_.remove(id("clusterinfo", "default")).error().code, Errc::unsupported);
}

// --- nodes
// --------------------------------------------------------------------------------------------------

TEST_F(ClientTest, NodeTakesAlongWhatHangsOnIt) {
  ASSERT_TRUE(client_.create(resource("ippool", "p", R"({"cidr":"10.0.0.0/16"})")));
  for (const char* name : {"n1", "n1-x"}) {
    ASSERT_TRUE(client_.create(resource("node", name, R"({"bgp":{"ipv4IPIPTunnelAddr":"10.0.9.9"}})")))
        << name;
    const std::string node = name;
    ASSERT_TRUE(client_.create(resource("bgppeer", "peer-" + node,
                                        R"({"peerIP":"192.0.2.1","asNumber":1,"node":")" + node + R"("})")));
    ASSERT_TRUE(
        client_.create(resource("hep", "hep-" + node, R"({"interfaceName":"*","node":")" + node + R"("})")));
    ASSERT_TRUE(client_.create(resource("bgpconfig", "node." + node, R"({"logSeverityScreen":"Debug"})")));
    ASSERT_TRUE(client_.create(resource("felixconfig", "node." + node, R"({"logSeverityScreen":"Debug"})")));
  }
  ipam::Ipam ipam(store_, {.now = [this] { return ++clock_; }});
  ASSERT_TRUE(ipam.assign_ip({.address = *net::IpAddr::parse("10.0.0.1"), .host = "n1", .handle = "h1"}));
  Resource endpoint = resource("wep", "",
                               R"({"node":"n1","orchestrator":"k8s","pod":"a","endpoint":"eth0",)"
                               R"("interfaceName":"cali1","ipNetworks":["10.0.0.1/32"]})");
  endpoint.set_name_space("default");
  const Result<Resource> stored = client_.create(endpoint);
  ASSERT_TRUE(stored) << error_of(stored);
  ASSERT_FALSE(store_.list(affinity_prefix("n1"))->entries.empty());

  const Result<Resource> gone = client_.remove(id("node", "n1"));
  ASSERT_TRUE(gone) << error_of(gone);
  EXPECT_FALSE(ipam.assignment(*net::IpAddr::parse("10.0.0.1")));
  EXPECT_TRUE(store_.list(affinity_prefix("n1"))->entries.empty());
  for (const char* kind : {"node", "bgppeer", "hep", "bgpconfig", "felixconfig"}) {
    const Result<ResourceList> left = client_.list(*find_kind(kind));
    ASSERT_TRUE(left);
    ASSERT_EQ(left->items.size(), 1U) << kind;
    EXPECT_NE(left->items[0].name().find("n1-x"), std::string::npos) << kind;
  }
  EXPECT_TRUE(client_.list(*find_kind("wep"))->items.empty());
}

TEST_F(ClientTest, RemnantsOfANodeGoWithoutIt) {
  ASSERT_TRUE(client_.create(resource("bgppeer", "p", R"({"peerIP":"192.0.2.1","asNumber":1,"node":"n1"})")));
  EXPECT_EQ(error_of(client_.remove(id("node", "n1"))),
            "resource does not exist: Node(n1) with error: <nil>");
  EXPECT_TRUE(client_.list(*find_kind("bgppeer"))->items.empty());
}

TEST_F(ClientTest, PoolGivesUpItsAffinities) {
  ASSERT_TRUE(client_.create(resource("node", "n1")));
  ASSERT_TRUE(client_.create(resource("ippool", "p", R"({"cidr":"10.0.0.0/16"})")));
  ipam::Ipam ipam(store_, {.now = [this] { return ++clock_; }});
  ASSERT_TRUE(ipam.claim_affinity(*net::Prefix::parse("10.0.0.0/24"), {.node = "n1"}));
  ASSERT_EQ(store_.list(affinity_prefix("n1"))->entries.size(), 4U);
  ASSERT_TRUE(client_.remove(id("ippool", "p")));
  EXPECT_TRUE(store_.list(affinity_prefix("n1"))->entries.empty());
  EXPECT_TRUE(store_.list(kBlockPrefix)->entries.empty());
}

// --- endpoints
// ----------------------------------------------------------------------------------------------

TEST_F(ClientTest, WorkloadEndpointIsNamedAndLabelled) {
  Resource endpoint = resource("wep", "",
                               R"({"node":"rack1-host1","orchestrator":"k8s","pod":"a-b","endpoint":"eth0",)"
                               R"("interfaceName":"cali1","ipNetworks":["10.0.0.1/32"]})");
  EXPECT_EQ(error_of(client_.create(endpoint)),
            "error with field Metadata.Namespace (namespace is not specified on namespaced resource)");
  endpoint.set_name_space("ns1");
  const Result<Resource> made = client_.create(endpoint);
  ASSERT_TRUE(made) << error_of(made);
  EXPECT_EQ(made->name(), "rack1--host1-k8s-a--b-eth0");
  EXPECT_EQ(made->labels(),
            (Labels{{"projectcalico.org/namespace", "ns1"}, {"projectcalico.org/orchestrator", "k8s"}}));
  endpoint.set_name("other");
  EXPECT_EQ(
      error_of(client_.create(endpoint)),
      "error with field Name = 'other' (the WorkloadEndpoint name does not match the primary identifiers "
      "assigned in the Spec: expected name rack1--host1-k8s-a--b-eth0)");
  endpoint.spec()["pod"] = "-a";
  EXPECT_EQ(error_of(client_.create(endpoint)),
            "error with field pod = '-a' (field must not begin with a '-')");
  EXPECT_EQ(error_of(client_.get(id("wep", "x", "ns1"))),
            "resource does not exist: WorkloadEndpoint(ns1/x) with error: <nil>");
  EXPECT_EQ(client_.list(*find_kind("wep"), "ns2")->items.size(), 0U);
  EXPECT_EQ(client_.list(*find_kind("wep"), "ns1")->items.size(), 1U);
}

// --- policies and tiers
// -------------------------------------------------------------------------------------

TEST_F(ClientTest, PolicyGetsTypesTierAndLabel) {
  ASSERT_TRUE(client_.ensure_initialized());
  const Result<Resource> made =
      client_.create(resource("gnp", "allow", R"({"selector":"a == 'b'","egress":[{"action":"Allow"}]})"));
  ASSERT_TRUE(made) << error_of(made);
  EXPECT_EQ(made->spec()["types"], json::array({"Egress"}));
  EXPECT_EQ(made->spec()["tier"], "default");
  EXPECT_EQ(made->labels().at("projectcalico.org/tier"), "default");
  const auto entry = store_.get("/calico/resources/v3/projectcalico.org/globalnetworkpolicies/allow");
  ASSERT_TRUE(entry && *entry);
  EXPECT_FALSE(json::parse((*entry)->value)["metadata"].contains("labels")) << (*entry)->value;
  ASSERT_TRUE(client_.apply(*made)) << "what was read can be written";
}

TEST_F(ClientTest, PolicyNeedsItsTier) {
  ASSERT_TRUE(client_.ensure_initialized());
  EXPECT_EQ(error_of(client_.create(resource("gnp", "sec.a", R"({"tier":"sec","selector":"a == 'b'"})"))),
            "resource does not exist: Tier(sec) with error: <nil>");
  ASSERT_TRUE(client_.create(resource("tier", "sec", R"({"order":100})")));
  const Result<Resource> made =
      client_.create(resource("gnp", "sec.a", R"({"tier":"sec","selector":"a == 'b'"})"));
  ASSERT_TRUE(made) << error_of(made);
  EXPECT_EQ(made->labels().at("projectcalico.org/tier"), "sec");
}

TEST_F(ClientTest, PolicyOfTheDefaultTierHasTwoNames) {
  // As Calico up to 3.31 stored it.
  ASSERT_TRUE(
      store_.put("/calico/resources/v3/projectcalico.org/globalnetworkpolicies/default.old",
                 R"({"kind":"GlobalNetworkPolicy","apiVersion":"projectcalico.org/v3",)"
                 R"("metadata":{"name":"default.old"},"spec":{"tier":"default","types":["Ingress"]}})"));
  for (const char* name : {"old", "default.old"}) {
    const Result<Resource> policy = client_.get(id("gnp", name));
    ASSERT_TRUE(policy) << error_of(policy);
    EXPECT_EQ(policy->name(), "old");
  }
  EXPECT_EQ(client_.create(resource("gnp", "old", R"({"selector":"a == 'b'"})")).error().code, Errc::exists);
  // What a person calls "default.x" keeps its name.
  ASSERT_TRUE(client_.create(resource("gnp", "default.new", R"({"selector":"a == 'b'"})")));
  EXPECT_EQ(client_.get(id("gnp", "default.new"))->name(), "default.new");
  EXPECT_EQ(client_.get(id("gnp", "new"))->name(), "default.new");
  EXPECT_TRUE(client_.get(id("gnp", "new"))->annotations().empty());
  EXPECT_EQ(client_.create(resource("gnp", "new", R"({"selector":"a == 'b'"})")).error().code, Errc::exists);
  ASSERT_TRUE(client_.remove(id("gnp", "old")));
  ASSERT_TRUE(client_.remove(id("gnp", "new")));
  EXPECT_TRUE(store_.list("/calico/resources/v3/projectcalico.org/globalnetworkpolicies/")->entries.empty());
}

TEST_F(ClientTest, TiersAreProtected) {
  ASSERT_TRUE(client_.ensure_initialized());
  EXPECT_EQ(error_of(client_.remove(id("tier", "default"))),
            "operation Delete is not supported on default: Cannot delete default tier");
  EXPECT_EQ(error_of(client_.remove(id("tier", "kube-baseline"))),
            "operation Delete is not supported on kube-baseline: Cannot delete kube-baseline tier");
  ASSERT_TRUE(client_.create(resource("tier", "sec", R"({"order":100})")));
  Resource policy = resource("np", "sec.a", R"({"tier":"sec","selector":"a == 'b'"})");
  policy.set_name_space("default");
  ASSERT_TRUE(client_.create(policy));
  EXPECT_EQ(error_of(client_.remove(id("tier", "sec"))),
            "operation delete is not supported on sec: Cannot delete a non-empty tier");
  ASSERT_TRUE(client_.remove(id("np", "sec.a", "default")));
  EXPECT_TRUE(client_.remove(id("tier", "sec")));
}

// --- profiles, filters, IPAM
// --------------------------------------------------------------------------------

TEST_F(ClientTest, DefaultAllowProfileIsAlwaysThere) {
  const Result<Resource> profile = client_.get(id("profile", "projectcalico-default-allow"));
  ASSERT_TRUE(profile);
  EXPECT_EQ(profile->spec().dump(), R"({"egress":[{"action":"Allow","destination":{},"source":{}}],)"
                                    R"("ingress":[{"action":"Allow","destination":{},"source":{}}]})");
  EXPECT_EQ(client_.list(*find_kind("profile"))->items.size(), 1U);
  const Resource mine = resource("profile", "projectcalico-default-allow");
  EXPECT_EQ(error_of(client_.create(mine)),
            "resource already exists: projectcalico-default-allow with error: projectcalico-default-allow "
            "already "
            "exists. The profile \"projectcalico-default-allow\" is default provided by Calico");
  EXPECT_EQ(error_of(client_.apply(mine)),
            "operation Update is not supported on projectcalico-default-allow: The profile "
            "\"projectcalico-default-allow\" is a default provided by Calico and cannot be updated");
  EXPECT_EQ(error_of(client_.remove(id_of(mine))),
            "operation Delete is not supported on projectcalico-default-allow: The profile "
            "\"projectcalico-default-allow\" is a default provided by Calico and cannot be deleted");
}

TEST_F(ClientTest, FiltersOfPeersMustExist) {
  const Resource peer =
      resource("bgppeer", "p", R"({"peerIP":"192.0.2.1","asNumber":1,"filters":["a","b"]})");
  ASSERT_TRUE(client_.create(resource("bgpfilter", "a")));
  EXPECT_EQ(error_of(client_.create(peer)),
            "error with field BGPPeer.Spec.Filters = '[b]' (BGPFilter(s) not found)");
  ASSERT_TRUE(client_.create(resource("bgpfilter", "b")));
  EXPECT_TRUE(client_.create(peer));
}

TEST_F(ClientTest, IpamConfigurationIsTheEntryOfIpam) {
  EXPECT_TRUE(client_.list(*find_kind("ipamconfig"))->items.empty());
  const Result<Resource> made = client_.apply(resource(
      "ipamconfig", "default", R"({"strictAffinity":true,"autoAllocateBlocks":true,"maxBlocksPerHost":4})"));
  ASSERT_TRUE(made) << error_of(made);
  EXPECT_EQ((*store_.get(kIpamConfigKey))->value,
            R"({"auto_allocate_blocks":true,"maxBlocksPerHost":4,"strict_affinity":true})");
  const Result<Resource> changed =
      client_.patch(id("ipamconfig", "default"), R"({"spec":{"maxBlocksPerHost":0}})");
  ASSERT_TRUE(changed) << error_of(changed);
  EXPECT_EQ((*store_.get(kIpamConfigKey))->value, R"({"auto_allocate_blocks":true,"strict_affinity":true})");
  EXPECT_EQ(client_.list(*find_kind("ipamconfig"))->items.size(), 1U);
  EXPECT_EQ(error_of(client_.create(
                resource("ipamconfig", "mine", R"({"strictAffinity":true,"autoAllocateBlocks":true})"))),
            "Cannot create an IPAMConfiguration resource with a name other than \"default\"");
  ASSERT_TRUE(client_.remove(id("ipamconfig", "default")));
  EXPECT_FALSE(*store_.get(kIpamConfigKey));
}

TEST_F(ClientTest, KubernetesAndCalicoKindsDoNotMix) {
  Resource policy(*find_kind("networking.k8s.io/v1", "NetworkPolicy"));
  policy.set_name("p");
  policy.set_name_space("default");
  policy.spec() = json::parse(R"({"podSelector":{}})");
  const Result<Resource> made = client_.apply(policy);
  ASSERT_TRUE(made) << error_of(made);
  EXPECT_TRUE(client_.list(*find_kind("networkpolicy"))->items.empty());
  EXPECT_EQ(client_.list(policy.kind())->items.size(), 1U);
}

}  // namespace
}  // namespace catflap::calico
