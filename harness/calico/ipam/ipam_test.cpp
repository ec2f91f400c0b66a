#include "calico/ipam/ipam.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "calico/ipam/block_order.hpp"
#include "calico/ipam/ipam_fixture.hpp"

namespace catflap::calico::ipam {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kConfirmed = R"({"state":"confirmed","deleted":false})";

/// Where a host begins in a pool, from the sample of Calico's choice: node-2 has index 5 of 16, of 64 and
/// 256.
TEST(BlockOrder, BeginsWhereCalicoDoes) {
  Pool pool{"p", prefix("192.168.0.0/24"), 28};
  EXPECT_EQ(net::to_string(BlockOrder(pool, "node-2", 0).first()), "192.168.0.80/28");
  pool = {"p", prefix("192.168.0.0/18"), 26};
  EXPECT_EQ(net::to_string(BlockOrder(pool, "node-2", 0).first()), "192.168.1.64/26");
  pool = {"p", prefix("10.0.0.0/26"), 26};
  EXPECT_EQ(net::to_string(BlockOrder(pool, "node-2", 0).first()), "10.0.0.0/26");
  // 288230376151711744 blocks: index 276723577240530949.
  pool = {"p", prefix("fd00::/64"), 122};
  EXPECT_EQ(net::to_string(BlockOrder(pool, "node-2", 0).first()), "fd00::f5c7:a826:996c:140/122");
}

TEST(BlockOrder, GoesRoundOnce) {
  const Pool pool{"p", prefix("192.168.0.0/24"), 28};
  std::vector<std::string> seen;
  EXPECT_EQ(BlockOrder(pool, "node-2", 0)
                .find({},
                      [&](const net::Prefix& block) {
                        seen.push_back(net::to_string(block));
                        return false;
                      }),
            std::nullopt);
  ASSERT_THAT(seen, SizeIs(16));
  EXPECT_EQ(seen.front(), "192.168.0.80/28");
  EXPECT_EQ(seen[10], "192.168.0.240/28");
  EXPECT_EQ(seen[11], "192.168.0.0/28");
  EXPECT_EQ(seen.back(), "192.168.0.64/28");
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 16U);
}

TEST(BlockOrder, StepsOverReservedRanges) {
  const Pool pool{"p", prefix("192.168.0.0/24"), 28};
  const BlockOrder order(pool, "node-2", 0);
  const auto any = [](const net::Prefix&) { return true; };
  EXPECT_EQ(order.find({{prefix("192.168.0.64/26")}}, any), prefix("192.168.0.128/28"));
  EXPECT_EQ(order.find({{prefix("192.168.0.64/26"), prefix("192.168.0.128/25")}}, any),
            prefix("192.168.0.0/28"));
  EXPECT_EQ(order.find({{prefix("192.168.0.0/25"), prefix("192.168.0.128/25")}}, any), std::nullopt);
  EXPECT_EQ(order.find({{prefix("192.0.0.0/8")}}, any), std::nullopt);
  // 2^58 blocks in two steps.
  const Pool large{"p", prefix("fd00::/64"), 122};
  EXPECT_EQ(BlockOrder(large, "node-2", 0).find({{prefix("fd00::/65"), prefix("fd00::8000:0:0:0/65")}}, any),
            std::nullopt);
}

TEST_F(IpamTest, TheFirstAddressOfAHost) {
  add_pool("pool", "192.168.0.0/18");
  add_node("node-2");
  EXPECT_THAT(assign("node-2", 2, "h"), ElementsAre("192.168.1.64/26", "192.168.1.65/26"));
  EXPECT_EQ(affinity("node-2", "192.168.1.64/26"), kConfirmed);
  EXPECT_EQ(handle("h"), R"({"block":{"192.168.1.64/26":2},"deleted":false})");
  EXPECT_EQ(block("192.168.1.64/26").affinity, "host:node-2");
  EXPECT_THAT(assign("node-2", 1, "i"), ElementsAre("192.168.1.66/26"));
  EXPECT_EQ(count(kBlockPrefix), 1U);
}

TEST_F(IpamTest, OfBothFamilies) {
  add_pool("v4", "10.0.0.0/24", R"("blockSize":28)");
  add_pool("v6", "fd00::/120", R"("blockSize":124)");
  add_node("a");
  AssignRequest both = request("a", 1, "h");
  both.count6 = 2;
  const AutoAssignment done = ipam().auto_assign(both);
  ASSERT_TRUE(done.status);
  EXPECT_THAT(done.v4.addresses, SizeIs(1));
  ASSERT_THAT(done.v6.addresses, SizeIs(2));
  EXPECT_EQ(done.v6.addresses[0].length, 124);
  EXPECT_EQ(shortfall(done.v6, net::Family::ipv6), "");
  both.pools4 = {prefix("fd00::/120")};
  EXPECT_EQ(ipam().auto_assign(both).status.error().message,
            "provided IPv4 IPPools list contains one or more IPv6 IPPools");
}

TEST_F(IpamTest, TakesNewBlocksAsOldOnesFill) {
  add_pool("pool", "10.0.0.0/28", R"("blockSize":30)");
  add_node("a");
  EXPECT_THAT(assign("a", 10), SizeIs(10));
  EXPECT_EQ(count(kBlockPrefix), 3U);
  EXPECT_EQ(count(affinity_prefix("a")), 3U);
}

TEST_F(IpamTest, NamesWhatIsMissing) {
  const auto error = [this](const AssignRequest& wanted) {
    const auto done = ipam().auto_assign(wanted);
    return done.status ? "" : done.status.error().message;
  };
  EXPECT_EQ(error(request("a", 1)), "resource does not exist: Node(a)");
  add_node("a", R"("zone":"east")");
  EXPECT_EQ(error(request("a", 1)), "cannot find a qualified ippool");
  add_pool("off", "10.9.0.0/24", R"("disabled":true)");
  EXPECT_EQ(error(request("a", 1)), "cannot find a qualified ippool");
  add_pool("west", "10.0.0.0/24", R"("nodeSelector":"zone == 'west'")");
  add_pool("manual", "10.1.0.0/24", R"("assignmentMode":"Manual")");
  add_pool("space", "10.2.0.0/24", R"("namespaceSelector":"team == 'x'")");
  EXPECT_EQ(error(request("a", 1)), "no configured Calico pools for node a");
  AssignRequest named = request("a", 1);
  named.pools4 = {prefix("10.9.0.0/24")};
  EXPECT_EQ(error(named), "the given pool (10.9.0.0/24) does not exist, or is not enabled");
  add_pool("tunnels", "10.3.0.0/24", R"("allowedUses":["Tunnel"])");
  EXPECT_EQ(error(request("a", 1)),
            "cannot find a qualified ippool, no pools match the required use (Workload)");
  add_pool("broken", "10.4.0.0/24", R"("nodeSelector":"zone =")");
  EXPECT_EQ(error(request("a", 1)), "IPPool(broken) selector: expected ==");
  EXPECT_EQ(count(kBlockPrefix), 0U);
}

TEST_F(IpamTest, ChoosesPools) {
  add_node("a", R"("zone":"east")");
  add_pool("p1", "10.1.0.0/24", R"("nodeSelector":"zone == 'west'")");
  add_pool("p2", "10.2.0.0/24", R"("namespaceSelector":"team == 'x'")");
  add_pool("p3", "10.3.0.0/24", R"("assignmentMode":"Manual")");
  add_pool("p4", "10.4.0.0/24", R"("allowedUses":["Tunnel"])");
  add_pool("p5", "10.5.0.0/24");
  EXPECT_EQ(assign("a", 1).at(0).substr(0, 5), "10.5.");
  // Own blocks come first: ask for hosts without any.
  add_node("b", R"("zone":"east")");
  add_node("c", R"("zone":"east")");
  AssignRequest wanted = request("b", 1);
  wanted.namespace_labels = {{"team", "x"}};
  EXPECT_EQ(assign(wanted).at(0).substr(0, 5), "10.2.");
  wanted = request("c", 1);
  wanted.use = Use::tunnel;
  EXPECT_EQ(assign(wanted).at(0).substr(0, 5), "10.4.");
  // A pool that was asked for is taken whatever it selects, if the use is allowed.
  wanted = request("a", 1);
  wanted.pools4 = {prefix("10.1.0.0/24")};
  EXPECT_EQ(assign(wanted).at(0).substr(0, 5), "10.1.");
  wanted.pools4 = {prefix("10.3.0.0/24")};
  EXPECT_EQ(assign(wanted).at(0).substr(0, 5), "10.3.");
}

TEST_F(IpamTest, LoadBalancersHaveBlocksOfNoNode) {
  add_pool("lb", "10.0.0.0/24", R"j("allowedUses":["LoadBalancer"],"nodeSelector":"all()")j");
  AssignRequest wanted = request("", 1, "svc");
  wanted.use = Use::load_balancer;
  EXPECT_THAT(assign(wanted), SizeIs(1));
  EXPECT_EQ(count(affinity_prefix(AffinityType::virtual_)), 1U);
  ASSERT_TRUE(ipam().release_by_handle("svc"));
  EXPECT_EQ(count("/calico/ipam/"), 0U);
}

TEST_F(IpamTest, SkipsReservations) {
  add_pool("pool", "10.0.0.0/29", R"("blockSize":30)");
  add_node("a");
  reserve("r", R"("10.0.0.0/30","10.0.0.5")");
  EXPECT_THAT(assign("a", 5), ElementsAre("10.0.0.4/30", "10.0.0.6/30", "10.0.0.7/30"));
  EXPECT_FALSE(has_block("10.0.0.0/30"));
  // Asked for by name, a reserved address may be had.
  EXPECT_TRUE(ipam().assign_ip({address("10.0.0.5"), "a"}));
}

TEST_F(IpamTest, BorrowsWhenThereAreNoMoreBlocks) {
  add_pool("pool", "10.0.0.0/29", R"("blockSize":30)");
  add_node("a");
  add_node("b");
  EXPECT_THAT(assign("a", 6), SizeIs(6));
  EXPECT_THAT(assign("b", 1, "h"), SizeIs(1));
  EXPECT_EQ(count(affinity_prefix("b")), 0U);
  const auto done = ipam().auto_assign(request("b", 5));
  ASSERT_TRUE(done.status);
  EXPECT_THAT(done.v4.addresses, SizeIs(1));
  EXPECT_EQ(shortfall(done.v4, net::Family::ipv4),
            "Assigned 1 out of 5 requested IPv4 addresses; No IPs available in pools: [10.0.0.0/29]");
}

TEST_F(IpamTest, StrictAffinityDoesNotBorrow) {
  add_pool("pool", "10.0.0.0/29", R"("blockSize":30)");
  add_node("a");
  add_node("b");
  ASSERT_TRUE(ipam().set_config({true, true, 0}));
  EXPECT_THAT(assign("a", 6), SizeIs(6));
  const auto done = ipam().auto_assign(request("b", 1));
  ASSERT_TRUE(done.status);
  EXPECT_THAT(done.v4.addresses, IsEmpty());
  EXPECT_THAT(done.v4.messages, ElementsAre("No more free affine blocks and strict affinity enabled"));
  const Status named = ipam().assign_ip({address("10.0.0.7"), "b"});
  ASSERT_FALSE(named);
  EXPECT_EQ(named.error().message, "Block host affinity does not match");
}

TEST_F(IpamTest, LimitsBlocks) {
  add_pool("pool", "10.0.0.0/24", R"("blockSize":32)");
  add_node("a");
  auto done = ipam().auto_assign(request("a", 25));
  ASSERT_FALSE(done.status);
  EXPECT_EQ(done.status.error().code, Errc::denied);
  EXPECT_EQ(done.status.error().message, "cannot allocate new block due to per host block limit");
  EXPECT_THAT(done.v4.addresses, SizeIs(20));
  EXPECT_THAT(done.v4.messages,
              ElementsAre("Need to allocate an IPAM block but could not - limit of 20 blocks "
                          "reached for this node"));
  ASSERT_TRUE(ipam().set_config({true, true, 22}));
  EXPECT_THAT(ipam().auto_assign(request("a", 25)).v4.addresses, SizeIs(2));
  AssignRequest more = request("a", 1);
  more.max_blocks = 30;
  EXPECT_FALSE(ipam().auto_assign(more).status);
  ASSERT_TRUE(ipam().set_config({true, true, 0}));
  EXPECT_TRUE(ipam().auto_assign(more).status);
}

TEST_F(IpamTest, NoNewBlocksWhereThatIsOff) {
  add_pool("pool", "10.0.0.0/24", R"("blockSize":30)");
  add_node("a");
  EXPECT_THAT(assign("a", 1), SizeIs(1));
  ASSERT_TRUE(ipam().set_config({true, false, 0}));
  const auto done = ipam().auto_assign(request("a", 5));
  ASSERT_FALSE(done.status);
  EXPECT_EQ(done.status.error().message, "failed to find or claim a block");
  EXPECT_THAT(done.v4.addresses, SizeIs(3));
}

TEST_F(IpamTest, TakesOverEmptyBlocksAfterAMinute) {
  add_pool("pool", "10.0.0.0/30", R"("blockSize":32)");
  add_node("a");
  add_node("b");
  const auto all = assign("a", 4, "h");
  ASSERT_THAT(all, SizeIs(4));
  ASSERT_TRUE(ipam().set_config({true, true, 0}));
  ASSERT_TRUE(ipam().release_by_handle("h"));
  EXPECT_EQ(count(kBlockPrefix), 4U);
  EXPECT_THAT(assign("b", 1), IsEmpty());
  now_ += 61 * kSecond;
  EXPECT_THAT(assign("b", 4), SizeIs(4));
  EXPECT_EQ(count(affinity_prefix("a")), 0U);
  EXPECT_EQ(count(affinity_prefix("b")), 4U);
  EXPECT_THAT(assign("a", 1), IsEmpty());
}

TEST_F(IpamTest, GivesUpBlocksOfPoolsThatDoNotSelectTheNode) {
  add_node("a", R"("zone":"east")");
  add_pool("p1", "10.1.0.0/24", R"("nodeSelector":"zone == 'east'")");
  add_pool("p2", "10.2.0.0/24");
  ASSERT_THAT(assign("a", 1, "h"), SizeIs(1));
  ASSERT_TRUE(ipam().release_by_handle("h"));
  EXPECT_EQ(count(affinity_prefix("a")), 1U);
  ASSERT_THAT(assign("a", 1, "i"), SizeIs(1));
  add_node("a", R"("zone":"west")");
  EXPECT_EQ(assign("a", 1).at(0).substr(0, 5), "10.2.");
  EXPECT_EQ(count(affinity_prefix("a")), 2U);
  // With its last address the block goes.
  ASSERT_TRUE(ipam().release_by_handle("i"));
  EXPECT_EQ(count(affinity_prefix("a")), 1U);
  EXPECT_EQ(count(kBlockPrefix), 1U);
}

TEST_F(IpamTest, ReleasesAddresses) {
  add_pool("pool", "10.0.0.0/24", R"("blockSize":30)");
  add_node("a");
  ASSERT_TRUE(ipam().assign_ip({address("10.0.0.5"), "a", "h", {{"pod", "p"}}}));
  ASSERT_TRUE(ipam().assign_ip({address("10.0.0.6"), "a", "h"}));
  EXPECT_EQ(ipam().assign_ip({address("10.0.0.5"), "a"}).error().code, Errc::exists);
  EXPECT_EQ(ipam().assign_ip({address("10.1.0.5"), "a"}).error().message,
            "The provided IP address is not in a configured pool");
  EXPECT_EQ(ipam().assignment(address("10.0.0.5"))->secondary, (Attributes{{"pod", "p"}}));
  EXPECT_EQ(ipam().assignment(address("10.0.0.4")).error().code, Errc::not_found);
  EXPECT_EQ(ipam().assignment(address("10.9.0.4")).error().code, Errc::not_found);

  const auto released =
      ipam().release_ips({{address("10.0.0.5")}, {address("10.0.0.4")}, {address("10.7.0.1")}});
  ASSERT_TRUE(released);
  EXPECT_EQ(released->released, 1U);
  EXPECT_EQ(released->unallocated, (std::vector{address("10.7.0.1"), address("10.0.0.4")}));
  EXPECT_EQ(handle("h"), R"({"block":{"10.0.0.4/30":1},"deleted":false})");
  EXPECT_EQ(ipam().release_ips({{address("10.0.0.6"), "other"}}).error().code, Errc::conflict);
  ASSERT_TRUE(ipam().release_ips({{address("10.0.0.6"), "h"}}));
  EXPECT_EQ(handle("h"), "");
  EXPECT_TRUE(has_block("10.0.0.4/30")) << "a block with an affinity stays";
}

TEST_F(IpamTest, ReleasesAddressesOfPoolsThatAreGone) {
  add_pool("pool", "10.0.0.0/24", R"("blockSize":30)");
  add_node("a");
  ASSERT_TRUE(ipam().assign_ip({address("10.0.0.5"), "a", "h"}));
  ASSERT_TRUE(ipam().release_host_affinities({AffinityType::host, "a"}, false));
  EXPECT_EQ(block("10.0.0.4/30").affinity, std::nullopt);
  ASSERT_TRUE(store_.erase(to_key(ResourceKey{"ippools", "", "pool"})));
  EXPECT_EQ(ipam().release_ips({{address("10.0.0.5")}})->released, 1U);
  EXPECT_EQ(count("/calico/ipam/"), 0U) << "an empty block of nobody goes";
}

TEST_F(IpamTest, Handles) {
  add_pool("pool", "10.0.0.0/28", R"("blockSize":30)");
  add_node("a");
  const auto all = assign("a", 6, "h");
  EXPECT_EQ(ipam().ips_by_handle("h")->size(), 6U);
  EXPECT_EQ(ipam().ips_by_handle("x").error().code, Errc::not_found);
  ASSERT_TRUE(ipam().release_by_handle("h"));
  EXPECT_EQ(ipam().release_by_handle("h").error().code, Errc::not_found);
  for (const std::string& each : all) {
    EXPECT_FALSE(ipam().assignment(address(each.substr(0, each.find('/')))));
  }
  // What an assignment leaves that stops before its block is written.
  ASSERT_TRUE(
      store_.put(handle_key("ghost"), R"({"block":{"10.0.0.0/30":2,"10.0.9.0/30":1},"deleted":false})"));
  ASSERT_TRUE(ipam().release_by_handle("ghost"));
  EXPECT_EQ(handle("ghost"), "");
}

TEST_F(IpamTest, CoolsDown) {
  add_pool("pool", "10.0.0.0/31", R"("blockSize":31)");
  add_node("a");
  Config config;
  config.cooldown_s = 60;
  ASSERT_TRUE(ipam().set_config(config));
  ASSERT_THAT(assign("a", 2, "h"), SizeIs(2));
  ASSERT_TRUE(ipam().release_by_handle("h"));
  EXPECT_EQ(handle("h"), "");
  EXPECT_THAT(assign("a", 1), IsEmpty());
  EXPECT_EQ(ipam().assignment(address("10.0.0.0")).error().code, Errc::not_found);
  now_ += 60 * kSecond;
  EXPECT_THAT(assign("a", 2), SizeIs(2));
}

TEST_F(IpamTest, ClaimsRanges) {
  add_pool("pool", "10.0.0.0/24", R"("blockSize":30)");
  add_node("a");
  add_node("b");
  const Owner a{AffinityType::host, "a"};
  const Owner b{AffinityType::host, "b"};
  ASSERT_TRUE(ipam().claim_affinity(prefix("10.0.0.4/30"), b));
  const auto claimed = ipam().claim_affinity(prefix("10.0.0.0/28"), a);
  ASSERT_TRUE(claimed);
  EXPECT_THAT(claimed->claimed, SizeIs(3));
  EXPECT_THAT(claimed->failed, ElementsAre(prefix("10.0.0.4/30")));
  EXPECT_EQ(affinity("a", "10.0.0.4/30"), "");
  EXPECT_EQ(ipam().claim_affinity(prefix("10.0.0.0/31"), a).error().message,
            "The requested CIDR (10.0.0.0/31) is smaller than the minimum.");
  EXPECT_EQ(ipam().claim_affinity(prefix("10.1.0.0/28"), a).error().message,
            "The requested CIDR (10.1.0.0/28) is not within any configured pools.");

  ASSERT_TRUE(ipam().assign_ip({address("10.0.0.0"), "a", "h"}));
  EXPECT_FALSE(ipam().release_affinity(prefix("10.0.0.0/28"), a, true));
  ASSERT_TRUE(ipam().release_affinity(prefix("10.0.0.0/28"), a, false));
  EXPECT_EQ(count(affinity_prefix("a")), 0U);
  EXPECT_EQ(count(kBlockPrefix), 2U) << "the one in use and the other host's";
  ASSERT_TRUE(ipam().release_pool_affinities(prefix("10.0.0.0/24")));
  EXPECT_EQ(count(kBlockPrefix), 1U);
  ASSERT_TRUE(ipam().release_by_handle("h"));
  EXPECT_EQ(count("/calico/ipam/v2/"), 0U);
}

TEST_F(IpamTest, ForgetsAHost) {
  add_pool("pool", "10.0.0.0/24", R"("blockSize":30)");
  add_node("a");
  ASSERT_THAT(assign("a", 5), SizeIs(5));
  ASSERT_TRUE(store_.put(ipam_host_key("a"), ""));
  ASSERT_TRUE(ipam().remove_host({AffinityType::host, "a"}));
  EXPECT_EQ(count("/calico/ipam/v2/host/a"), 0U);
  EXPECT_EQ(count(kBlockPrefix), 2U);
}

TEST_F(IpamTest, CompletesClaimsThatWereBrokenOff) {
  add_pool("pool", "192.168.0.0/18");
  add_node("node-2");
  const std::string cidr = "192.168.1.64/26";
  const std::string key = to_key(AffinityKey{AffinityType::host, "node-2", prefix(cidr)});
  // After step 1.
  ASSERT_TRUE(store_.put(key, encode(AffinityState::pending)));
  EXPECT_THAT(assign("node-2", 1, "h"), ElementsAre(cidr));
  EXPECT_EQ(affinity("node-2", cidr), kConfirmed);
  // After step 2, and a release that went no further than its first step.
  for (const AffinityState state : {AffinityState::pending, AffinityState::pending_deletion}) {
    ASSERT_TRUE(store_.put(key, encode(state)));
    EXPECT_THAT(assign("node-2", 1), SizeIs(1));
    EXPECT_EQ(affinity("node-2", cidr), kConfirmed);
  }
  // The block is another's.
  Block other = block(cidr);
  other.affinity = "host:b";
  ASSERT_TRUE(store_.put(block_key(prefix(cidr)), encode(other)));
  EXPECT_THAT(assign("node-2", 1), ElementsAre("192.168.1.128/26"));
  EXPECT_EQ(affinity("node-2", cidr), "");
}

TEST_F(IpamTest, LeavesBrokenBlocksAlone) {
  add_pool("pool", "10.0.0.0/29", R"("blockSize":30)");
  add_node("a");
  ASSERT_TRUE(store_.put(block_key(prefix("10.0.0.0/30")), "{"));
  EXPECT_THAT(assign("a", 5), ElementsAre("10.0.0.4/30", "10.0.0.5/30", "10.0.0.6/30", "10.0.0.7/30"));
  EXPECT_EQ(ipam().assign_ip({address("10.0.0.1"), "a"}).error().code, Errc::protocol);
}

TEST_F(IpamTest, BlocksOfAnotherSizeKeepTheirAddresses) {
  add_pool("pool", "10.0.0.0/28", R"("blockSize":30)");
  add_node("a");
  ASSERT_TRUE(ipam().assign_ip({address("10.0.0.0"), "a", "h"}));
  add_pool("pool", "10.0.0.0/28", R"("blockSize":29)");
  EXPECT_THAT(assign("a", 8), SizeIs(8));
  EXPECT_FALSE(has_block("10.0.0.0/29"));
}

TEST_F(IpamTest, RefusesConfigurations) {
  EXPECT_EQ(ipam().set_config({false, false, 0}).error().message,
            "Cannot disable 'StrictAffinity' and 'AutoAllocateBlocks' at the same time");
  EXPECT_EQ(ipam().set_config({false, true, 1}).error().message,
            "MaxBlocksPerHost requires StrictAffinity to be enabled");
  EXPECT_FALSE(ipam().set_config({true, true, 1'000'001}));
  EXPECT_FALSE(ipam().set_config({true, true, 0, std::nullopt, 1201}));
  EXPECT_EQ(ipam().config(), Config{});
}

}  // namespace
}  // namespace catflap::calico::ipam
