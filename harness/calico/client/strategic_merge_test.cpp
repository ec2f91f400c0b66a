#include "calico/client/strategic_merge.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace catflap::calico {
namespace {

using nlohmann::json;

struct MergeCase {
  const char* label;
  const char* original;
  const char* patch;
  const char* merged;  ///< or, where it is no object, the error
};
class StrategicMerge : public testing::TestWithParam<MergeCase> {};

TEST_P(StrategicMerge, DoesAsKubernetes) {
  const Result<json> merged =
      strategic_merge(json::parse(GetParam().original), std::string_view(GetParam().patch));
  if (GetParam().merged[0] == '{') {
    ASSERT_TRUE(merged) << merged.error().message;
    EXPECT_EQ(*merged, json::parse(GetParam().merged));
  } else {
    ASSERT_FALSE(merged) << *merged;
    EXPECT_EQ(merged.error().message, GetParam().merged);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, StrategicMerge,
    testing::Values(
        MergeCase{"objects", R"({"a":{"b":1,"c":2}})", R"({"a":{"c":3,"d":4}})",
                  R"({"a":{"b":1,"c":3,"d":4}})"},
        MergeCase{"null_removes", R"({"a":{"b":1,"c":2}})", R"({"a":{"b":null},"x":null})",
                  R"({"a":{"c":2}})"},
        MergeCase{"lists_are_replaced", R"({"spec":{"l":[1,2]}})", R"({"spec":{"l":[3]}})",
                  R"({"spec":{"l":[3]}})"},
        MergeCase{"new_object_without_nulls", "{}", R"({"a":{"b":null,"c":1}})", R"({"a":{"c":1}})"},
        MergeCase{"object_over_scalar", R"({"a":1})", R"({"a":{"b":2}})", R"({"a":{"b":2}})"},
        MergeCase{"scalar_over_object", R"({"a":{"b":2}})", R"({"a":1})", R"({"a":1})"},
        MergeCase{"replace", R"({"a":{"b":1}})", R"({"a":{"$patch":"replace","c":2}})", R"({"a":{"c":2}})"},
        MergeCase{"delete", R"({"a":{"b":1}})", R"({"a":{"$patch":"delete"}})", R"({"a":{}})"},
        MergeCase{"merge", R"({"a":{"b":1}})", R"({"a":{"$patch":"merge","c":2}})", R"({"a":{"b":1,"c":2}})"},
        MergeCase{"unknown_directive", "{}", R"({"$patch":"add"})", "invalid value for $patch: add"},
        MergeCase{"retain_keys", R"({"a":{"b":1,"c":2}})", R"({"a":{"$retainKeys":["c","d"],"d":3}})",
                  R"({"a":{"c":2,"d":3}})"},
        MergeCase{"finalizers_are_a_set", R"({"metadata":{"finalizers":["a","b"]}})",
                  R"({"metadata":{"finalizers":["b","c"]}})", R"({"metadata":{"finalizers":["a","b","c"]}})"},
        MergeCase{"delete_from_list", R"({"metadata":{"finalizers":["a","b"]}})",
                  R"({"metadata":{"$deleteFromPrimitiveList/finalizers":["a"]}})",
                  R"({"metadata":{"finalizers":["b"]}})"},
        MergeCase{
            "owners_by_uid", R"({"metadata":{"ownerReferences":[{"uid":"1","name":"a"},{"uid":"2"}]}})",
            R"({"metadata":{"ownerReferences":[{"uid":"1","kind":"k"},{"uid":"2","$patch":"delete"},{"uid":"3"}]}})",
            R"({"metadata":{"ownerReferences":[{"uid":"1","name":"a","kind":"k"},{"uid":"3"}]}})"},
        MergeCase{"owner_without_uid", R"({"metadata":{"ownerReferences":[]}})",
                  R"({"metadata":{"ownerReferences":[{"name":"a"}]}})",
                  "map: {\"name\":\"a\"} does not contain declared merge key: uid"},
        MergeCase{"element_order_is_read_over", R"({"a":[1]})", R"({"$setElementOrder/a":[2]})",
                  R"({"a":[1]})"},
        MergeCase{"no_json", "{}", "{", "invalid JSON document"},
        MergeCase{"no_object", "{}", "3", "invalid JSON document"}),
    [](const auto& each) { return std::string(each.param.label); });

TEST(StrategicMerge, IsBoundedInDepth) {
  std::string patch;
  for (int i = 0; i < 1000; ++i) {
    patch += "{\"a\":";
  }
  patch += "1" + std::string(1000, '}');
  const Result<json> merged = strategic_merge(json::object(), std::string_view(patch));
  ASSERT_FALSE(merged);
  EXPECT_EQ(merged.error().message, "the patch is nested more than 100 deep");
}

}  // namespace
}  // namespace catflap::calico
