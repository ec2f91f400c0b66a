#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "calico/ipam/check.hpp"
#include "calico/ipam/ipam_fixture.hpp"
#include "calico/ipam/show.hpp"
#include "calico/ipam/split.hpp"

namespace catflap::calico::ipam {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ReportTest : public IpamTest {
 protected:
  void SetUp() override {
    add_pool("pool", "192.168.0.0/18");
    add_node("node-2");
  }
  void add_workload(const std::string& name, const std::string& address) {
    const auto put = store_.put(
        to_key(ResourceKey{"workloadendpoints", "default", name}),
        fmt::format(R"({{"metadata":{{"name":"{}","namespace":"default"}},"spec":{{"ipNetworks":["{}"]}}}})",
                    name, address));
    ASSERT_TRUE(put);
  }
  void set_cluster(bool locked) {
    put_resource(
        "clusterinformations", "default",
        fmt::format(R"(,"spec":{{"clusterGUID":"abc","clusterType":"lab","datastoreReady":{}}})", !locked));
  }
  std::string check_text(const CheckOptions& options = {}) {
    const auto result = check(store_, options);
    EXPECT_TRUE(result) << to_string(result.error());
    return result ? result->text : "";
  }
  CheckReport report() {
    const auto result = check(store_, {});
    EXPECT_TRUE(result) << to_string(result.error());
    return result ? result->report : CheckReport{};
  }
};

TEST_F(ReportTest, ShowsUsage) {
  ASSERT_THAT(assign("node-2", 5), SizeIs(5));
  const auto usage = read_usage(store_);
  ASSERT_TRUE(usage);
  Table table = usage_table(*usage, false, Edition::v3_31);
  EXPECT_THAT(table.headings, ElementsAre("GROUPING", "CIDR", "IPS TOTAL", "IPS IN USE", "IPS FREE"));
  EXPECT_THAT(table.rows,
              ElementsAre(ElementsAre("IP Pool", "192.168.0.0/18", "16384", "5 (0%)", "16379 (100%)")));
  reserve("r", R"("192.168.1.64/28","192.168.1.70","192.168.1.100","10.0.0.0/8")");
  table = usage_table(*read_usage(store_), true, Edition::head);
  EXPECT_THAT(
      table.rows,
      ElementsAre(ElementsAre("IP Pool", "192.168.0.0/18", "16384", "5 (0%)", "17 (0%)", "16367 (100%)"),
                  ElementsAre("Block", "192.168.1.64/26", "64", "5 (8%)", "17 (27%)", "47 (73%)")));
}

TEST_F(ReportTest, ShowsLargePoolsAndBlocksOutside) {
  ASSERT_THAT(assign("node-2", 5), SizeIs(5));
  ASSERT_TRUE(store_.erase(to_key(ResourceKey{"ippools", "", "pool"})));
  add_pool("half", "10.0.0.0/15");
  add_pool("six", "fd00::/64");
  const Table table = usage_table(*read_usage(store_), true, Edition::v3_31);
  EXPECT_THAT(table.rows,
              ElementsAre(ElementsAre("IP Pool", "10.0.0.0/15", "1.3107e+05", "0 (0%)", "1.3107e+05 (100%)"),
                          ElementsAre("IP Pool", "fd00::/64", "1.8447e+19", "0 (0%)", "1.8447e+19 (100%)"),
                          ElementsAre("Block", "192.168.1.64/26", "64", "5 (8%)", "59 (92%)")));
}

TEST_F(ReportTest, ShowsAnAddress) {
  Ipam ipam(store_, options());
  ASSERT_TRUE(ipam.assign_ip({address("192.168.0.1"), "node-2", "h", {{"pod", "p"}, {"namespace", "n"}}}));
  ASSERT_TRUE(ipam.assign_ip({address("192.168.0.2"), "node-2"}));
  EXPECT_EQ(*show_ip(ipam, address("192.168.0.3"), Edition::v3_31), "192.168.0.3 is not assigned\n");
  EXPECT_EQ(*show_ip(ipam, address("192.168.0.1"), Edition::v3_31),
            "IP 192.168.0.1 is in use\nAttributes:\n  namespace: n\n  pod: p\n");
  EXPECT_EQ(*show_ip(ipam, address("192.168.0.2"), Edition::v3_31),
            "IP 192.168.0.2 is in use\nNo attributes defined\n");
  EXPECT_EQ(*show_ip(ipam, address("192.168.0.1"), Edition::v3_32),
            "IP 192.168.0.1 is in use\nHandle ID: h\nActive Owner Attributes:\n  namespace: n\n  pod: p\n");
  EXPECT_EQ(*show_ip(ipam, address("192.168.0.2"), Edition::head),
            "IP 192.168.0.2 is in use\nHandle ID: <none>\nNo Active Owner attributes defined\n");
  EXPECT_EQ(*release_ip(ipam, address("192.168.0.2")), "Successfully released IP address 192.168.0.2\n");
  EXPECT_EQ(release_ip(ipam, address("192.168.0.2")).error().message,
            "IP address 192.168.0.2 is not assigned");
}

TEST_F(ReportTest, ShowsBorrowedAddresses) {
  add_pool("pool", "10.0.0.0/30", R"("blockSize":30)");
  add_node("b");
  Ipam ipam(store_, options());
  ASSERT_TRUE(ipam.assign_ip({address("10.0.0.0"), "node-2", "h", {{"node", "node-2"}}}));
  ASSERT_TRUE(
      ipam.assign_ip({address("10.0.0.1"), "b", "i", {{"node", "b"}, {"pod", "p"}, {"namespace", "n"}}}));
  ASSERT_TRUE(
      ipam.assign_ip({address("10.0.0.2"), "b", "j", {{"node", "b"}, {"type", "ipipTunnelAddress"}}}));
  ASSERT_TRUE(ipam.assign_ip({address("10.0.0.3"), "b"}));
  const auto borrowed = read_borrowed(store_, Edition::v3_31);
  ASSERT_TRUE(borrowed);
  EXPECT_THAT(borrowed->table.rows,
              ElementsAre(ElementsAre("10.0.0.1", "b", "10.0.0.0/30", "node-2", "pod", "n/p"),
                          ElementsAre("10.0.0.2", "b", "10.0.0.0/30", "node-2", "ipipTunnelAddress", "")));
  EXPECT_EQ(
      borrowed->note,
      "Note: found 1 IP allocations without an explicit node association. Unable to determine if they are "
      "borrowed.");
}

TEST_F(ReportTest, Configures) {
  Ipam ipam(store_, options());
  EXPECT_EQ(*configure(ipam, {"true", "7", "Enabled", "30"}),
            "Successfully set StrictAffinity to: true\nSuccessfully set MaxBlocksPerHost to: 7\n"
            "Successfully set KubeVirtVMAddressPersistence to: Enabled\n"
            "Successfully set IPCooldownSeconds to: 30\n");
  EXPECT_THAT(configuration_table(*ipam.config(), Edition::v3_31).rows,
              ElementsAre(ElementsAre("StrictAffinity", "true"), ElementsAre("AutoAllocateBlocks", "true"),
                          ElementsAre("MaxBlocksPerHost", "7")));
  EXPECT_THAT(configuration_table(*ipam.config(), Edition::head).rows, SizeIs(5));
  const auto error = [&ipam](const Configure& options) { return configure(ipam, options).error().message; };
  EXPECT_EQ(error({}), "at least one configuration option must be specified");
  EXPECT_EQ(error({"maybe"}), "invalid value. Use true or false to set strictaffinity");
  EXPECT_EQ(error({std::nullopt, "-1"}), "invalid value for maxblockhost. Use a valid number");
  EXPECT_EQ(error({std::nullopt, std::nullopt, "on"}),
            "invalid value for --kubevirt-ip-persistence. Use Enabled or Disabled");
  EXPECT_EQ(error({"false"}), "error: MaxBlocksPerHost requires StrictAffinity to be enabled");
}

TEST_F(ReportTest, ChecksACleanCluster) {
  ASSERT_THAT(assign("node-2", 1, "h"), ElementsAre("192.168.1.64/26"));
  add_workload("w", "192.168.1.64/32");
  EXPECT_EQ(check_text(), R"(Checking IPAM for inconsistencies...

Loading all IPAM blocks...
Found 1 IPAM blocks.
 IPAM block 192.168.1.64/26 affinity=host:node-2:
IPAM blocks record 1 allocations.

Loading all IPAM pools...
  192.168.0.0/18
Found 1 active IP pools.

Loading all nodes.
Found 0 node tunnel IPs.

Loading all service load balancer IPs.
No configuration for LoadBalancer kubecontroller found, skipping service check

Loading all workload endpoints.
Found 1 workload IPs.
Workloads and nodes are using 1 IPs.

Loading all handles
Looking for top (up to 20) nodes by allocations...
  node-2 has 1 allocations
Node with most allocations has 1; median is 1

Scanning for IPs that are allocated but not actually in use...
Found 0 IPs that are allocated in IPAM but not actually in use.
Scanning for IPs that are in use by a workload or node but not allocated in IPAM...
Found 0 in-use IPs that are not in active IP pools.
Found 0 in-use IPs that are in active IP pools but have no corresponding IPAM allocation.

Scanning for IPAM handles with no matching IPs...
Found 0 handles with no matching IPs (and 1 handles with matches).
Scanning for IPs with missing handle...
Found 0 handles mentioned in blocks with no matching handle resource.
Validating IPAMBlock structures...
Found 0 invalid IPAMBlocks.
Check complete; found 0 problems.
)");
}

TEST_F(ReportTest, FindsWhatWasPlanted) {
  ASSERT_THAT(assign("node-2", 3, "h"), SizeIs(3));  // 192.168.1.64 to .66: .65 and .66 leak
  ASSERT_THAT(assign("node-2", 1), SizeIs(1));       // .67, without a handle, leaks
  add_workload("w1", "192.168.1.64/32");
  add_workload("w2", "192.168.1.64/32");   // the second owner
  add_workload("w3", "192.168.1.100/32");  // not assigned
  add_workload("w4", "172.16.0.1/32");     // in no pool
  put_resource(
      "nodes", "t",
      R"(,"spec":{"bgp":{"ipv4IPIPTunnelAddr":"192.168.1.101"},"ipv4VXLANTunnelAddr":"192.168.1.102"})");
  ASSERT_TRUE(store_.put(handle_key("idle"), R"({"block":{"192.168.1.64/26":1},"deleted":false})"));
  ASSERT_TRUE(store_.erase(handle_key("h")));
  Block broken = Block::make(prefix("192.168.2.0/26"), {AffinityType::host, "x"}, kTestStart);
  broken.unallocated.pop_back();
  ASSERT_TRUE(store_.put(block_key(broken.cidr), encode(broken)));
  ASSERT_TRUE(store_.put(block_key(prefix("192.168.3.0/26")), "{}"));

  const CheckReport found = report();
  EXPECT_THAT(found.leaked,
              ElementsAre(address("192.168.1.65"), address("192.168.1.66"), address("192.168.1.67")));
  EXPECT_THAT(found.outside, ElementsAre(address("172.16.0.1")));
  EXPECT_THAT(found.unallocated,
              ElementsAre(address("192.168.1.100"), address("192.168.1.101"), address("192.168.1.102")));
  EXPECT_THAT(found.idle_handles, SizeIs(1));
  EXPECT_THAT(found.missing_handles, ElementsAre("h"));
  EXPECT_THAT(found.invalid_blocks, SizeIs(2));
  EXPECT_EQ(found.problems(), 3U + 1 + 3 + 1 + 2);

  const std::string text = check_text({true, false, Edition::v3_31});
  for (const char* line :
       {"  192.168.1.64 allocated; attrs Main:h Extra:node=node-2\n", "  192.168.1.101 belongs to Node(t)\n",
        "  192.168.1.64 belongs to Workload(default/w1)\n", "  192.168.1.64 has multiple owners.\n",
        "  192.168.1.65 leaked; attrs Main:h Extra:node=node-2\n",
        "  192.168.1.67 leaked; attrs Main:<none> Extra:node=node-2\n",
        "  172.16.0.1 in use by Workload(default/w4) is not in any active IP pool.\n",
        "  192.168.1.100 in use by Workload(default/w3) and in active IPAM pool but has no IPAM "
        "allocation.\n",
        "  idle doesn't have any active IPs.\n", "  h is in use in a block but doesn't exist.\n",
        "Found 2 invalid IPAMBlocks.\n", "Check complete; found 10 problems.\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST_F(ReportTest, AddressesThatCoolAreNoLeaks) {
  Ipam ipam(store_, options());
  ASSERT_TRUE(configure(ipam, {std::nullopt, std::nullopt, std::nullopt, "60"}));
  ASSERT_THAT(assign("node-2", 1, "h"), SizeIs(1));
  ASSERT_TRUE(ipam.release_by_handle("h"));
  EXPECT_EQ(report().problems(), 0U);
  EXPECT_TRUE(report().allocations.begin()->second.front().cooling);
}

TEST_F(ReportTest, CountsServices) {
  put_resource("kubecontrollersconfigurations", "default",
               R"(,"spec":{"controllers":{"loadBalancer":{"assignIPs":"AllServices"}}})");
  ASSERT_TRUE(store_.put(
      to_key(ResourceKey{"services", "default", "web"}),
      R"({"metadata":{"name":"web"},"spec":{"type":"LoadBalancer"},"status":{"loadBalancer":{"ingress":[{"ip":"192.168.1.9"}]}}})"));
  ASSERT_TRUE(ipam().assign_ip({address("192.168.1.9"), "node-2", "svc"}));
  EXPECT_THAT(check_text(), HasSubstr("Found 1 service load balancer(s).\n"));
  EXPECT_EQ(report().problems(), 0U);
}

TEST_F(ReportTest, WritesAndReleasesReports) {
  set_cluster(true);
  ASSERT_THAT(assign("node-2", 3, "h"), SizeIs(3));
  add_workload("w", "192.168.1.64/32");
  ASSERT_TRUE(store_.put(handle_key("idle"), R"({"block":{"192.168.1.64/26":1},"deleted":false})"));
  const std::string first = to_json(report(), "v1");
  const json value = json::parse(first);
  EXPECT_EQ(value["clusterGUID"], "abc");
  EXPECT_EQ(value["datastoreLocked"], true);
  EXPECT_EQ(value["allocations"]["192.168.1.64"][0]["owners"], json({"Workload(default/w)"}));
  EXPECT_EQ(value["allocations"]["192.168.1.65"][0]["inUse"], false);
  EXPECT_EQ(value["leakedHandles"][0]["ID"], "idle");

  // .65 comes into use, .66 stays leaked; a handle changes.
  add_workload("w2", "192.168.1.65/32");
  const std::string second = to_json(report(), "v1");
  Ipam ipam(store_, options());
  const auto released = release_from_reports(store_, ipam, {{{"r1", first}, {"r2", second}}, false, "v1"});
  ASSERT_TRUE(released) << to_string(released.error());
  EXPECT_EQ(*released,
            "Releasing 1 old IPs...\nReleased 1 IPs successfully\nDeleting 1 handles...\n"
            "Key: '.' = Deleted OK; 'x' = skip, handle missing/changed.\n.\n"
            "Released 1 handles; 0 skipped; 0 errors.\nYou may now unlock the data store.\n");
  EXPECT_EQ(report().problems(), 0U);
  const auto again = release_from_reports(store_, ipam, {{{"r2", second}}, false, "v1"});
  ASSERT_TRUE(again);
  EXPECT_THAT(*again, HasSubstr("Releasing 1 old IPs...\n"));
  EXPECT_THAT(*again, HasSubstr("x\nReleased 0 handles; 1 skipped; 0 errors.\n"));
  EXPECT_THAT(
      *release_from_reports(store_, ipam, {{{"r3", to_json(report(), "v1")}}, false, "v1"}),
      HasSubstr("Report didn't contain any leaked IPs to clean up.\nReport didn't contain any handles to "
                "clean up.\n"));
}

TEST_F(ReportTest, RefusesReports) {
  set_cluster(false);
  Ipam ipam(store_, options());
  const std::string good = to_json(report(), "v1");
  const auto error = [&](const std::string& text, const std::string& version) {
    const auto done = release_from_reports(store_, ipam, {{{"r", text}}, false, version});
    return done ? "" : done.error().message;
  };
  EXPECT_EQ(error(good, "v1"),
            "data store is not locked. Either lock the data store, or re-run with --force");
  EXPECT_EQ(error(good, "v2"),
            "the provided report (r) was produced using a different version (v1) of calicoctl. Refusing to "
            "release");
  EXPECT_EQ(error("{}", "v1"),
            "cluster does not match the provided report (r): mismatched cluster GUID. Refusing to release");
  EXPECT_THAT(error("[", "v1"), HasSubstr("r is no report"));
  const auto forced = release_from_reports(store_, ipam, {{{"r", good}}, true, "v2"});
  ASSERT_TRUE(forced);
  EXPECT_THAT(*forced, HasSubstr("WARNING: Data store is not locked. Ignoring due to --force option\n"));
  set_cluster(true);
  EXPECT_THAT(error(good, "v1"), HasSubstr("the provided reports are all stale"));
}

TEST_F(ReportTest, SplitsAPool) {
  Split request{"pool", "", 4, [] { return std::string("uid"); }, kTestStart};
  EXPECT_THAT(split_pool(store_, request).error().message, HasSubstr("datastore is not locked."));
  set_cluster(true);
  add_pool("pool", "192.168.0.0/18", R"("blockSize":28,"natOutgoing":true)");
  request.parts = 3;
  EXPECT_EQ(
      split_pool(store_, request).error().message,
      "error splitting the CIDR 192.168.0.0/18 into 3 CIDRs: number to split CIDR into is not a valid power "
      "of 2: 3");
  request.parts = 1;
  EXPECT_FALSE(split_pool(store_, request));
  request.parts = 32768;
  EXPECT_THAT(split_pool(store_, request).error().message,
              HasSubstr("the CIDR 192.168.0.0/18 is not large enough to be split into 32768 parts"));
  EXPECT_FALSE(split_pool(store_, {"other", "", 2}));
  EXPECT_EQ(split_pool(store_, {"", "10.0.0.0/8", 2}).error().message,
            "unable to find IP pool  covering the specified CIDR 10.0.0.0/8");
  request = {"", "192.168.0.0/18", 4, [] { return std::string("uid"); }, kTestStart};
  const auto split = split_pool(store_, request);
  ASSERT_TRUE(split) << to_string(split.error());
  EXPECT_EQ(
      *split,
      "IP Pool pool was successfully split into 4 smaller pools.Created split-pool-0 with CIDR "
      "192.168.0.0/20.\nCreated split-pool-1 with CIDR 192.168.16.0/20.\nCreated split-pool-2 with CIDR "
      "192.168.32.0/20.\nCreated split-pool-3 with CIDR 192.168.48.0/20.\nPlease refer to the documentation "
      "for final steps.");
  const auto pools = list_pools(store_);
  ASSERT_TRUE(pools);
  ASSERT_THAT(*pools, SizeIs(4));
  EXPECT_EQ((*pools)[3].block_size, 28);
  EXPECT_FALSE((*pools)[3].disabled);
}

TEST_F(ReportTest, SplitsAPoolOfIpv6) {
  set_cluster(true);
  add_pool("six", "fd00::/63");
  ASSERT_TRUE(split_pool(store_, {"six", "", 4}));
  const auto pools = list_pools(store_);
  ASSERT_THAT(*pools, SizeIs(5));
  EXPECT_EQ(net::to_string((*pools)[4].cidr), "fd00:0:0:1:8000::/65");
}

}  // namespace
}  // namespace catflap::calico::ipam
