#include <gtest/gtest.h>

#include "net/community.hpp"

namespace catflap::net {
namespace {

TEST(Community, PrintsAsBirdDoes) {
  EXPECT_EQ(community_to_string(0xFDE90064), "(65001,100)");
  EXPECT_EQ(community_to_string(0), "(0,0)");
  EXPECT_EQ(community_to_string(kNoExport), "(65535,65281)");
  EXPECT_EQ(to_string(LargeCommunity{64512, 1, 4294967295U}), "(64512, 1, 4294967295)");
}

TEST(LargeCommunity, IsOrderedByItsNumbers) {
  EXPECT_LT((LargeCommunity{1, 9, 9}), (LargeCommunity{2, 0, 0}));
  EXPECT_LT((LargeCommunity{1, 1, 9}), (LargeCommunity{1, 2, 0}));
  EXPECT_LT((LargeCommunity{1, 1, 1}), (LargeCommunity{1, 1, 2}));
}

struct ExtCase {
  const char* name;
  ExtCommunity community;
  const char* text;
};
class ExtCommunityText : public testing::TestWithParam<ExtCase> {};

TEST_P(ExtCommunityText, IsThatOfBird) {
  EXPECT_EQ(ext_community_to_string(GetParam().community), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    Table, ExtCommunityText,
    testing::Values(ExtCase{"target_as2", 0x0002'FC00'0000'0005U, "(rt, 64512, 5)"},
                    ExtCase{"target_as2_large_value", 0x0002'FC00'FFFF'FFFFU, "(rt, 64512, 4294967295)"},
                    ExtCase{"origin_as2", 0x0003'FC00'0000'0005U, "(ro, 64512, 5)"},
                    ExtCase{"target_address", 0x0102'0102'0304'0101U, "(rt, 1.2.3.4, 257)"},
                    ExtCase{"origin_as4", 0x0203'0A0A'5BA0'10E1U, "(ro, 168450976, 4321)"},
                    ExtCase{"non_transitive", 0x4002'FC00'0000'0005U, "(unknown 0x4002, 64512, 5)"},
                    ExtCase{"other_subtype", 0x4300'0000'0000'0001U, "(generic, 0x43000000, 0x1)"},
                    ExtCase{"zero", 0, "(unknown 0x0, 0, 0)"}),
    [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace catflap::net
