#include <gtest/gtest.h>

#include <chrono>

#include "calico/client/client_fixture.hpp"
#include "calico/store/keys.hpp"

namespace catflap::calico {
namespace {

TEST_F(ClientTest, PoolGetsItsDefaults) {
  const Result<Resource> pool = client_.create(resource("ippool", "p", R"({"cidr":"10.6.0.0/16"})"));
  ASSERT_TRUE(pool) << error_of(pool);
  EXPECT_EQ(pool->spec().dump(),
            R"j({"allowedUses":["Workload","Tunnel"],"assignmentMode":"Automatic","blockSize":26,)j"
            R"j("cidr":"10.6.0.0/16","ipipMode":"Never","nodeSelector":"all()","vxlanMode":"Never"})j");
  const Result<Resource> six = client_.create(resource("ippool", "six", R"({"cidr":"FD00:0::/64"})"));
  ASSERT_TRUE(six) << error_of(six);
  EXPECT_EQ(six->spec()["blockSize"], 122);
  EXPECT_EQ(six->spec()["cidr"], "fd00::/64");
}

struct PoolCase {
  const char* label;
  const char* spec;
  const char* error;
};
class PoolRefused : public ClientTest, public testing::WithParamInterface<PoolCase> {};

TEST_P(PoolRefused, WithCalicosWords) {
  ASSERT_TRUE(client_.create(resource("ippool", "other", R"({"cidr":"10.0.0.0/16"})")));
  const Result<Resource> made = client_.create(resource("ippool", "p", GetParam().spec));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Errc::invalid);
  EXPECT_EQ(made.error().message, GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    Table, PoolRefused,
    testing::Values(
        PoolCase{"no_cidr", "{}", "error with field IPPool.Spec.CIDR (IPPool CIDR must be specified)"},
        PoolCase{"bad_cidr", R"({"cidr":"10.0.0.0"})",
                 "error with field IPPool.Spec.CIDR = '10.0.0.0' (IPPool CIDR must be a valid subnet)"},
        PoolCase{"overlap", R"({"cidr":"10.0.128.0/20"})",
                 "error with field IPPool.Spec.CIDR = '10.0.128.0/20' (IPPool(p) CIDR overlaps with "
                 "IPPool(other) CIDR "
                 "10.0.0.0/16)"},
        PoolCase{"not_masked", R"({"cidr":"10.1.0.1/16"})",
                 "error with field IPPool.Spec.CIDR = '10.1.0.1/16' (IPPool CIDR is not strictly masked)"},
        PoolCase{"block_size", R"({"cidr":"10.1.0.0/16","blockSize":19})",
                 "error with field IPPool.Spec.BlockSize = '19' (IPv4 block size must be between 20 and 32)"},
        PoolCase{
            "block_size_six", R"({"cidr":"fd00::/64","blockSize":64})",
            "error with field IPPool.Spec.BlockSize = '64' (IPv6 block size must be between 116 and 128)"},
        PoolCase{"too_small", R"({"cidr":"10.1.0.0/27"})",
                 "error with field IPPool.Spec.CIDR = '10.1.0.0/27' (IP pool size is too small for use with "
                 "Calico "
                 "IPAM. It must be equal to or greater than the block size.)"},
        PoolCase{"two_encapsulations",
                 R"({"cidr":"10.1.0.0/16","ipipMode":"Always","vxlanMode":"CrossSubnet"})",
                 "error with field IPPool.Spec.VXLANMode = 'CrossSubnet' (Cannot enable both VXLAN and IPIP "
                 "on the "
                 "same IPPool)"},
        PoolCase{
            "ipip_six", R"({"cidr":"fd00::/64","ipipMode":"Always"})",
            "error with field IPPool.Spec.IPIPMode = 'Always' (IPIP is not supported on an IPv6 IP pool)"},
        PoolCase{
            "link_local", R"({"cidr":"169.254.0.0/20"})",
            "error with field IPPool.Spec.CIDR = '169.254.0.0/20' (IPPool CIDR overlaps with IPv4 Link Local "
            "range 169.254.0.0/16)"},
        PoolCase{"link_local_six", R"({"cidr":"fe80::/64"})",
                 "error with field IPPool.Spec.CIDR = 'fe80::/64' (IPPool CIDR overlaps with IPv6 Link Local "
                 "range "
                 "fe80::/10)"}),
    [](const auto& each) { return std::string(each.param.label); });

TEST_F(ClientTest, PoolIsFixedInRangeAndBlockSize) {
  ASSERT_TRUE(client_.create(resource("ippool", "p", R"({"cidr":"10.1.0.0/16"})")));
  EXPECT_EQ(error_of(client_.apply(resource("ippool", "p", R"({"cidr":"10.2.0.0/16"})"))),
            "error with field IPPool.Spec.CIDR = '10.2.0.0/16' (IPPool CIDR cannot be modified)");
  EXPECT_EQ(error_of(client_.apply(resource("ippool", "p", R"({"cidr":"10.1.0.0/16","blockSize":28})"))),
            "error with field IPPool.Spec.BlockSize = '28' (IPPool BlockSize cannot be modified)");
  EXPECT_TRUE(client_.apply(resource("ippool", "p", R"({"cidr":"10.1.0.0/16","natOutgoing":true})")));
}

TEST_F(ClientTest, PoolOfLoadBalancersStaysOne) {
  ASSERT_TRUE(
      client_.create(resource("ippool", "lb", R"({"cidr":"10.1.0.0/24","allowedUses":["LoadBalancer"]})")));
  EXPECT_EQ(error_of(client_.apply(resource("ippool", "lb", R"({"cidr":"10.1.0.0/24"})"))),
            "error with field IPPool.Spec.AllowedUses = '[Workload Tunnel]' (IPPool allowed use cannot be "
            "changed from "
            "LoadBalancer to Workload or Tunnel)");
}

TEST_F(ClientTest, PoolMustFitTheBlocksThatAreThere) {
  ASSERT_TRUE(store_.put(block_key(*net::Prefix::parse("10.1.0.0/26")), "{}"));
  EXPECT_EQ(error_of(client_.create(resource("ippool", "p", R"({"cidr":"10.1.0.0/16","blockSize":28})"))),
            "error with field IPPool.Spec.BlockSize = '28' (IPPool blocksSize conflicts with existing "
            "allocations that "
            "use a different blockSize)");
  EXPECT_TRUE(client_.create(resource("ippool", "q", R"({"cidr":"10.2.0.0/16","blockSize":28})")));
  EXPECT_TRUE(client_.create(resource("ippool", "p", R"({"cidr":"10.1.0.0/16"})")));
}

TEST_F(ClientTest, PoolIsDisabledBeforeItGoes) {
  ASSERT_TRUE(client_.create(resource("ippool", "p", R"({"cidr":"10.1.0.0/16"})")));
  bool disabled = false;
  in_pause_ = [&] { disabled = client_.get(id("ippool", "p"))->spec()["disabled"] == true; };
  const Result<Resource> gone = client_.remove(id("ippool", "p"));
  ASSERT_TRUE(gone) << error_of(gone);
  EXPECT_TRUE(disabled);
  EXPECT_EQ(pauses_, std::vector<Duration>{std::chrono::milliseconds(500)});
  EXPECT_TRUE(client_.list(*find_kind("ippool"))->items.empty());
}

TEST_F(ClientTest, PoolOfOlderCalicoReadsWithDefaults) {
  ASSERT_TRUE(store_.put("/calico/resources/v3/projectcalico.org/ippools/old",
                         R"({"kind":"IPPool","apiVersion":"projectcalico.org/v3","metadata":{"name":"old"},)"
                         R"("spec":{"cidr":"10.9.0.0/16","ipipMode":"Always"}})"));
  const Result<Resource> pool = client_.get(id("ippool", "old"));
  ASSERT_TRUE(pool) << error_of(pool);
  EXPECT_EQ(pool->spec()["blockSize"], 26);
  EXPECT_EQ(pool->spec()["nodeSelector"], "all()");
}

}  // namespace
}  // namespace catflap::calico
