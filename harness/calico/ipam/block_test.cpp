#include "calico/ipam/block.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "calico/ipam/codec.hpp"
#include "calico/ipam/ipam_fixture.hpp"

namespace catflap::calico::ipam {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const Owner kHost{AffinityType::host, "a"};

Attribute with(const std::string& handle) {
  return {handle, {{"node", "a"}}};
}

Block small() {
  return Block::make(prefix("10.0.0.0/30"), kHost, kTestStart);
}

std::vector<std::string> names(const std::vector<net::IpAddr>& addresses) {
  std::vector<std::string> all;
  for (const auto& each : addresses) {
    all.push_back(net::to_string(each));
  }
  return all;
}

TEST(Block, IsStoredAsCalicoDoes) {
  Block block = small();
  ASSERT_TRUE(block.assign_any(2, with("h"), kHost, false, {}));
  ++block.sequence;
  EXPECT_EQ(
      encode(block),
      R"({"cidr":"10.0.0.0/30","affinity":"host:a","affinity_claim_time":"2026-11-20T20:00:00Z",)"
      R"("allocations":[0,0,null,null],"unallocated":[2,3],)"
      R"("attributes":[{"handle_id":"h","secondary":{"node":"a"}}],)"
      R"("sequenceNumber":1795204800000000001,)"
      R"("sequenceNumberForAllocation":{"0":1795204800000000000,"1":1795204800000000000},"deleted":false})");
  const auto again = decode_block({block_key(block.cidr), encode(block)});
  ASSERT_TRUE(again) << to_string(again.error());
  EXPECT_EQ(*again, block);
}

TEST(Block, ReadsWhatOldVersionsWrote) {
  const auto block = decode_block(
      {block_key(prefix("10.0.0.0/31")),
       R"({"cidr":"10.0.0.0/31","affinity":null,"hostAffinity":"a","strictAffinity":false,"allocations":[null,0],)"
       R"("unallocated":[0],"attributes":[{"handle_id":null,"secondary":null}]})"});
  ASSERT_TRUE(block) << to_string(block.error());
  EXPECT_EQ(block->affinity, std::nullopt);
  EXPECT_EQ(block->host_affinity, "a");
  EXPECT_EQ(block->sequence, 0U);
  EXPECT_THAT(block->defects(), IsEmpty());
  EXPECT_FALSE(block->empty());
}

TEST(Block, RefusesWhatIsNone) {
  const std::string key = block_key(prefix("10.0.0.0/31"));
  for (const char* value :
       {"", "[]", "{", "{}", R"({"allocations":[null]})", R"({"allocations":[null,null,null]})",
        R"({"allocations":[null,-1]})", R"({"allocations":[null,"x"]})",
        R"({"cidr":"10.0.0.2/31","allocations":[null,null]})",
        R"({"allocations":[null,null],"unallocated":[4294967296]})",
        R"({"allocations":[null,null],"unallocated":{}})", R"({"allocations":[null,null],"attributes":[1]})",
        R"({"allocations":[null,null],"attributes":[{"secondary":{"a":1}}]})",
        R"({"allocations":[null,null],"affinity":7})", R"({"allocations":[null,null],"sequenceNumber":"1"})",
        R"({"allocations":[null,null],"affinity_claim_time":"yesterday"})",
        R"({"allocations":[null,null],"sequenceNumberForAllocation":{"x":1}})"}) {
    const auto block = decode_block({key, value});
    ASSERT_FALSE(block) << value;
    EXPECT_EQ(block.error().code, Errc::protocol) << value;
    EXPECT_NE(block.error().message.find(key), std::string::npos) << block.error().message;
  }
  // A block of all addresses would take all memory.
  EXPECT_FALSE(decode_block({block_key(prefix("fd00::/64")), R"({"allocations":[]})"}));
}

TEST(Block, GivesFromTheFrontAndTakesBackAtTheEnd) {
  Block block = small();
  EXPECT_THAT(names(*block.assign_any(3, with("h"), kHost, false, {})),
              ElementsAre("10.0.0.0", "10.0.0.1", "10.0.0.2"));
  const std::vector<ReleaseOption> two = {{address("10.0.0.2")}, {address("10.0.0.0")}};
  const auto released = block.release(two, kTestStart, 0);
  ASSERT_TRUE(released);
  EXPECT_EQ(released->count, 2U);
  EXPECT_EQ(released->handles, (std::map<std::string, std::int64_t>{{"h", 2}}));
  EXPECT_THAT(block.unallocated, ElementsAre(3, 0, 2));
  EXPECT_THAT(names(*block.assign_any(9, with("i"), kHost, false, {})),
              ElementsAre("10.0.0.3", "10.0.0.0", "10.0.0.2"));
  EXPECT_THAT(names(*block.assign_any(1, with("i"), kHost, false, {})), IsEmpty());
  EXPECT_THAT(block.defects(), IsEmpty());
}

TEST(Block, SharesAttributesAndDropsUnused) {
  Block block = small();
  ASSERT_TRUE(block.assign_any(1, with("h"), kHost, false, {}));
  ASSERT_TRUE(block.assign_any(1, with("i"), kHost, false, {}));
  ASSERT_TRUE(block.assign_any(1, with("h"), kHost, false, {}));
  EXPECT_EQ(block.attributes.size(), 2U);
  EXPECT_EQ(block.release_handle("h", kTestStart, 0), 2U);
  ASSERT_EQ(block.attributes.size(), 1U);
  EXPECT_EQ(block.attributes[0].handle, "i");
  EXPECT_THAT(names(block.addresses_of("i")), ElementsAre("10.0.0.1"));
  EXPECT_THAT(block.unallocated, ElementsAre(3, 0, 2));
}

TEST(Block, SkipsReservedAddresses) {
  Block block = small();
  const Reservations reserved{{prefix("10.0.0.0/32"), prefix("10.0.0.2/32")}};
  EXPECT_EQ(block.free_count(reserved), 2U);
  EXPECT_THAT(names(*block.assign_any(4, with("h"), kHost, false, reserved)),
              ElementsAre("10.0.0.1", "10.0.0.3"));
  EXPECT_THAT(block.unallocated, ElementsAre(0, 2));
  EXPECT_EQ(block.free_count({{prefix("10.0.0.0/8")}}), 0U);
}

TEST(Block, AssignsOneAddress) {
  Block block = small();
  ASSERT_TRUE(block.assign(address("10.0.0.2"), with("h"), kHost, true));
  EXPECT_THAT(block.unallocated, ElementsAre(0, 1, 3));
  const Status again = block.assign(address("10.0.0.2"), with("h"), kHost, true);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::exists);
  EXPECT_EQ(again.error().message, "Address already assigned in block");
  EXPECT_FALSE(block.assign(address("10.0.0.4"), with("h"), kHost, false));
}

TEST(Block, StrictAffinity) {
  Block block = small();
  const Owner other{AffinityType::host, "b"};
  EXPECT_EQ(block.assign(address("10.0.0.2"), with("h"), other, true).error().message,
            "Block host affinity does not match");
  EXPECT_EQ(block.assign_any(1, with("h"), other, true, {}).error().message,
            "Block affinity (host:a) does not match provided (b:host)");
  EXPECT_TRUE(block.assign(address("10.0.0.2"), with("h"), other, false));
  block.affinity.reset();
  EXPECT_EQ(block.assign_any(1, with("h"), other, true, {}).error().message,
            "Attempt to assign from block 10.0.0.0/30 with no affinity");
}

TEST(Block, ChecksHandleAndSequenceOfARelease) {
  Block block = small();
  ASSERT_TRUE(block.assign_any(2, with("h\r\n"), kHost, false, {}));
  const Block before = block;
  const auto fails = [&](ReleaseOption option) {
    const std::vector<ReleaseOption> all = {{address("10.0.0.0")}, std::move(option)};
    const auto released = block.release(all, kTestStart, 0);
    EXPECT_EQ(block, before);
    return released ? "" : released.error().message;
  };
  EXPECT_EQ(
      fails({address("10.0.0.1"), "x"}),
      "update conflict: 10.0.0.1: the given handle (x) does not match (h) when attempting to release IP");
  EXPECT_EQ(
      fails({address("10.0.0.1"), "", 7}),
      "update conflict: 10.0.0.1: the given sequence number (7) does not match (1795204800000000000) when "
      "attempting to release IP");
  const std::vector<ReleaseOption> good = {{address("10.0.0.1"), "h", block.sequence},
                                           {address("10.0.0.1"), "h", block.sequence},
                                           {address("10.0.0.3")}};
  const auto released = block.release(good, kTestStart, 0);
  ASSERT_TRUE(released);
  EXPECT_EQ(released->count, 1U);
  EXPECT_THAT(names(released->unallocated), ElementsAre("10.0.0.3"));
}

TEST(Block, CoolsDown) {
  Block block = small();
  ASSERT_TRUE(block.assign_any(2, with("h"), kHost, false, {}));
  const std::vector<ReleaseOption> one = {{address("10.0.0.0")}};
  ASSERT_TRUE(block.release(one, kTestStart + 5, 30 * kSecond));
  EXPECT_TRUE(block.is_cooling(0));
  EXPECT_EQ(block.attribute(0)->released, kTestStart);
  EXPECT_THAT(names(block.addresses_of("h")), ElementsAre("10.0.0.1"));
  EXPECT_FALSE(block.assign(address("10.0.0.0"), with("i"), kHost, false));
  EXPECT_EQ(block.release(one, kTestStart, 30 * kSecond)->unallocated.size(), 1U);
  const auto stored = decode_block({block_key(block.cidr), encode(block)});
  ASSERT_TRUE(stored);
  EXPECT_EQ(*stored, block);
  EXPECT_FALSE(block.collect_cold(kTestStart + 29 * kSecond, 30 * kSecond));
  EXPECT_TRUE(block.collect_cold(kTestStart + 30 * kSecond, 30 * kSecond));
  EXPECT_THAT(block.unallocated, ElementsAre(2, 3, 0));
  EXPECT_EQ(block.attributes.size(), 1U);
}

TEST(Block, FindsDefects) {
  Block block = small();
  EXPECT_THAT(block.defects(), IsEmpty());
  block.unallocated = {0, 0, 7};
  block.allocations[0] = 3;
  block.affinity = "elsewhere";
  EXPECT_THAT(block.defects(),
              ElementsAre("10.0.0.0 is unallocated twice", "unallocated ordinal 7 is outside of the block",
                          "10.0.0.0 is both allocated and unallocated", "10.0.0.0 refers to attribute 3 of 0",
                          "10.0.0.1 is neither allocated nor unallocated",
                          "10.0.0.2 is neither allocated nor unallocated",
                          "10.0.0.3 is neither allocated nor unallocated",
                          "affinity elsewhere is neither a host's nor virtual"));
  // None of it makes it give an address away twice.
  EXPECT_THAT(names(*block.assign_any(4, with("h"), kHost, false, {})), IsEmpty());
}

TEST(Block, OfIpv6) {
  Block block = Block::make(prefix("fd00::ffff:ff80/122"), kHost, kTestStart);
  EXPECT_EQ(net::to_string(block.address(63)), "fd00::ffff:ffbf");
  EXPECT_EQ(*block.ordinal(address("fd00::ffff:ffbf")), 63U);
  EXPECT_FALSE(block.ordinal(address("fd00::ffff:ffc0")));
}

TEST(Codec, AffinitiesHandlesConfig) {
  EXPECT_EQ(encode(AffinityState::pending_deletion), R"({"state":"pendingDeletion","deleted":false})");
  for (const auto state :
       {AffinityState::confirmed, AffinityState::pending, AffinityState::pending_deletion}) {
    EXPECT_EQ(decode_affinity({"k", encode(state)}), state);
  }
  EXPECT_EQ(decode_affinity({"k", ""}), AffinityState::confirmed);
  EXPECT_EQ(decode_affinity({"k", R"({"state":""})"}), AffinityState::confirmed);
  EXPECT_FALSE(decode_affinity({"k", R"({"state":"lost"})"}));

  const Handle handle{"h", {{"10.0.0.0/26", 1}}};
  EXPECT_EQ(encode(handle), R"({"block":{"10.0.0.0/26":1},"deleted":false})");
  EXPECT_EQ(decode_handle({handle_key("h"), encode(handle)}), handle);
  EXPECT_FALSE(decode_handle({handle_key("h"), R"({"block":{"x":1}})"}));

  EXPECT_EQ(encode(Config{}), R"({"auto_allocate_blocks":true})");
  const Config all{true, false, 3, "Enabled", 60};
  EXPECT_EQ(encode(all),
            R"({"strict_affinity":true,"maxBlocksPerHost":3,"kubeVirtVMAddressPersistence":"Enabled",)"
            R"("ipCooldownSeconds":60})");
  EXPECT_EQ(decode_config({"k", encode(all)}), all);
  EXPECT_FALSE(decode_config({"k", R"({"maxBlocksPerHost":-1})"}));
}

TEST(Codec, Times) {
  EXPECT_EQ(to_rfc3339(kTestStart + 999), "2026-11-20T20:00:00Z");
  EXPECT_EQ(parse_rfc3339("2026-11-20T20:00:00Z"), kTestStart);
  EXPECT_EQ(parse_rfc3339("2026-11-20T21:30:00.25+01:30"), kTestStart + kSecond / 4);
  EXPECT_EQ(parse_rfc3339("0001-01-01T00:00:00Z"), 0);
  for (const char* text : {"", "2026-11-20", "2026-02-30T00:00:00Z", "2026-11-20T20:00:00",
                           "2026-11-20T20:00:00Zx", "2026-11-20T25:00:00Z", "9999-11-20T20:00:00Z"}) {
    EXPECT_EQ(parse_rfc3339(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace catflap::calico::ipam
