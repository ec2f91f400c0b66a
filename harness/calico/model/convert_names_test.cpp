#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "calico/model/convert_names.hpp"

namespace catflap::calico {
namespace {

struct NameCase {
  const char* label;
  std::string (*rule)(std::string_view);
  const char* input;
  const char* output;
};
class ConvertNames : public testing::TestWithParam<NameCase> {};

TEST_P(ConvertNames, AsTheUpgradeDoes) {
  EXPECT_EQ(GetParam().rule(GetParam().input), GetParam().output);
}

// The qualifiers are those of `printf NAME | sha1sum`.
INSTANTIATE_TEST_SUITE_P(
    Table, ConvertNames,
    testing::Values(NameCase{"plain", convert_name, "rack1-host1", "rack1-host1"},
                    NameCase{"empty", convert_name, "", ""},
                    NameCase{"dashes_stay", convert_name, "a---b", "a---b"},
                    NameCase{"slash", convert_name, "a/b", "a.b-3ec69c85"},
                    NameCase{"upper", convert_name, "Node1", "node1-7938137a"},
                    NameCase{"foreign_run", convert_name, "a_$b", "a-b-3cb5b18e"},
                    NameCase{"outside_ascii", convert_name, "a\xc3\xa4\xc3\xb6z", "a-z-83b05a26"},
                    NameCase{"only_joints", convert_name, "-.-", "-528f831b"},
                    NameCase{"ends", convert_name, "-ab.", "ab-49fdee5f"},
                    NameCase{"foreign_next_to_dot", convert_name, "a_.b", "a.b-67425ba3"},
                    NameCase{"node_has_no_hash", convert_node_name, "Rack_1/Host.", "rack-1.host"},
                    NameCase{"no_dots", convert_name_without_dots, "default.allow", "default-allow-8eb4611c"},
                    NameCase{"no_dots_unchanged", convert_name_without_dots, "allow", "allow"},
                    NameCase{"profile", convert_profile_name, "k8s_ns.default", "kns.default"},
                    NameCase{"profile_hash_is_of_the_new_name", convert_profile_name, "k8s_ns.A",
                             "kns.a-d907fb61"},
                    NameCase{"profile_other", convert_profile_name, "profile1", "profile1"}),
    [](const auto& each) { return std::string(each.param.label); });

TEST(AddressName, FillsTheGroups) {
  EXPECT_EQ(address_name(*net::IpAddr::parse("192.20.30.40")), "192-20-30-40");
  EXPECT_EQ(address_name(*net::IpAddr::parse("aa:bb::ff")), "00aa-00bb-0000-0000-0000-0000-0000-00ff");
}

TEST(CidrName, ReplacesWhatANameCannotHold) {
  EXPECT_EQ(cidr_name(*net::Prefix::parse("10.1.0.0/16")), "10-1-0-0-16");
  EXPECT_EQ(cidr_name(*net::Prefix::parse("2001::/120")), "2001---120");
}

TEST(ConvertNamesSamples, AllPass) {
  const char* configured = std::getenv("CATFLAP_DATA");
  const std::filesystem::path data =
      configured != nullptr ? configured : std::string(CATFLAP_SOURCE_DIR) + "/../shared/data";
  std::ifstream in(data / "convert/names.json");
  if (!in) {
    GTEST_SKIP() << "skipped: no data; set CATFLAP_DATA";
  }
  const nlohmann::json samples = nlohmann::json::parse(in);
  for (const auto& sample : samples.at("cases")) {
    const auto rule = sample["rule"].get<std::string>();
    const auto input = sample["input"].get<std::string>();
    std::string name;
    if (rule == "ip") {
      name = address_name(*net::IpAddr::parse(input));
    } else {
      name = rule == "name"                ? convert_name(input)
             : rule == "name-without-dots" ? convert_name_without_dots(input)
                                           : convert_node_name(input);
    }
    if (sample["hashed"]) {
      ASSERT_GT(name.size(), 9U) << sample;
      EXPECT_EQ(name[name.size() - 9], '-') << sample;
      name.resize(name.size() - 9);
    }
    EXPECT_EQ(name, sample["output"].get<std::string>()) << sample;
  }
}

}  // namespace
}  // namespace catflap::calico
