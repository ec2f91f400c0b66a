#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/rng.hpp"
#include "net/addr.hpp"
#include "net/prefix_map.hpp"

namespace catflap::net {
namespace {

Prefix prefix(std::string_view text) {
  return Prefix::parse(text).value();
}
IpAddr addr(std::string_view text) {
  return IpAddr::parse(text).value();
}

struct TextCase {
  const char* in;
  const char* out;  ///< nullptr: refused
};

class AddressText : public testing::TestWithParam<TextCase> {};

TEST_P(AddressText, ParsesAndPrints) {
  const auto result = IpAddr::parse(GetParam().in);
  if (GetParam().out == nullptr) {
    EXPECT_FALSE(result) << to_string(*result);
  } else {
    ASSERT_TRUE(result) << to_string(result.error());
    EXPECT_EQ(to_string(*result), GetParam().out);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, AddressText,
    testing::Values(TextCase{"10.0.0.1", "10.0.0.1"}, TextCase{"255.255.255.255", "255.255.255.255"},
                    TextCase{"010.0.0.1", nullptr}, TextCase{"10.0.0", nullptr},
                    TextCase{"10.0.0.1.", nullptr}, TextCase{"10.0.0.256", nullptr}, TextCase{"", nullptr},
                    TextCase{"::", "::"}, TextCase{"::1", "::1"}, TextCase{"fe80::0:1", "fe80::1"},
                    TextCase{"1:0:0:2:0:0:0:3", "1:0:0:2::3"}, TextCase{"1::2:3:4:5:6:7", "1:0:2:3:4:5:6:7"},
                    TextCase{"2001:DB8::A", "2001:db8::a"}, TextCase{"::ffff:10.0.0.1", "::ffff:10.0.0.1"},
                    TextCase{"1:2:3:4:5:6:7:8:9", nullptr}, TextCase{"1:2:3:4:5:6:7:", nullptr},
                    TextCase{"1::2::3", nullptr}, TextCase{":1::2", nullptr}, TextCase{"12345::", nullptr},
                    TextCase{"1:2:3:4:5:6:7::8", nullptr}));

TEST(Prefix, RefusesHostBitsAndSaysWhatIsMeant) {
  const auto result = Prefix::parse("10.1.0.1/24");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "'10.1.0.1/24' has host bits set; the prefix is 10.1.0.0/24");
  EXPECT_FALSE(Prefix::parse("10.0.0.0"));
  EXPECT_FALSE(Prefix::parse("10.0.0.0/33"));
  EXPECT_FALSE(Prefix::parse("10.0.0.0/08"));
}

TEST(Prefix, CoversAndContains) {
  EXPECT_TRUE(prefix("10.0.0.0/8").contains(addr("10.255.0.1")));
  EXPECT_FALSE(prefix("10.0.0.0/8").contains(addr("11.0.0.0")));
  EXPECT_FALSE(prefix("0.0.0.0/0").contains(addr("::1")));
  EXPECT_TRUE(prefix("fd00::/8").covers(prefix("fd00::/64")));
  EXPECT_FALSE(prefix("fd00::/64").covers(prefix("fd00::/8")));
  EXPECT_EQ(to_string(Prefix(addr("2001:db8:ffff::1"), 33)), "2001:db8:8000::/33");
}

TEST(IpAddr, CarriesOverTheHalves) {
  EXPECT_EQ(to_string(addr("fd00::ffff:ffff:ffff:ffff").plus(1)), "fd00:0:0:1::");
  EXPECT_EQ(to_string(addr("255.255.255.255").plus(1)), "0.0.0.0");
}

/// Compares the trie with a std::map over random operations; the seed is in the failure message.
TEST(PrefixMap, BehavesLikeAnOrderedMap) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    PrefixMap<int> trie;
    std::map<Prefix, int> model;
    for (int i = 0; i < 2000; ++i) {
      const bool v6 = rng.below(3) == 0;
      const IpAddr base = v6 ? IpAddr::v6(rng.below(4) << 62U | rng.below(4), rng.below(16) << 60U)
                             : IpAddr::v4(static_cast<std::uint32_t>(rng.below(64) << 26U | rng.below(16)));
      const Prefix key(base, static_cast<std::uint8_t>(rng.below(v6 ? 129 : 33)));
      if (rng.below(3) == 0) {
        EXPECT_EQ(trie.erase(key), model.erase(key) == 1);
      } else {
        trie.get_or_create(key) = i;
        model[key] = i;
      }
      ASSERT_EQ(trie.size(), model.size());
    }
    std::vector<std::pair<Prefix, int>> seen;
    trie.for_each([&](const Prefix& p, int v) { seen.emplace_back(p, v); });
    EXPECT_TRUE(seen == (std::vector<std::pair<Prefix, int>>(model.begin(), model.end())));

    std::vector<Prefix> stepped;
    for (auto at = trie.first(); at; at = trie.next(*at)) {
      stepped.push_back(*at);
    }
    ASSERT_EQ(stepped.size(), model.size());
    for (const auto& [key, value] : model) {
      EXPECT_EQ(*trie.find(key), value);
    }
    for (int i = 0; i < 200; ++i) {
      const IpAddr probe = IpAddr::v4(static_cast<std::uint32_t>(rng.below(64) << 26U | rng.below(16)));
      const Prefix* want = nullptr;
      for (const auto& [key, value] : model) {
        if (key.contains(probe) && (want == nullptr || key.length() > want->length())) {
          want = &key;
        }
      }
      Prefix matched;
      const int* got = trie.longest_match(probe, &matched);
      ASSERT_EQ(got != nullptr, want != nullptr);
      if (want != nullptr) {
        EXPECT_EQ(matched, *want);
      }
    }
  }
}

TEST(PrefixMap, WalksASubtree) {
  PrefixMap<int> map;
  for (const char* text : {"10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.2.0.0/16", "11.0.0.0/8"}) {
    map.get_or_create(prefix(text)) = 1;
  }
  std::string seen;
  map.for_each_within(prefix("10.1.0.0/16"), [&](const Prefix& p, int) { seen += to_string(p) + " "; });
  EXPECT_EQ(seen, "10.1.0.0/16 10.1.2.0/24 ");
  seen.clear();
  map.for_each_within(prefix("10.1.2.0/23"), [&](const Prefix& p, int) { seen += to_string(p) + " "; });
  EXPECT_EQ(seen, "10.1.2.0/24 ");
}

}  // namespace
}  // namespace catflap::net
