#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "calico/model/report.hpp"
#include "calico/model/resource.hpp"
#include "calico/model/tables.hpp"
#include "calico/model/types.hpp"

/// BGPFilter.
namespace catflap::calico::tables {

namespace {

constexpr std::array<std::string_view, 1> kSources = {"RemotePeers"};
constexpr Schema kSource = one_of(kSources);
constexpr std::array<std::string_view, 4> kOperators = {"Equal", "NotEqual", "In", "NotIn"};
constexpr Schema kOperator = one_of(kOperators);
constexpr std::array<std::string_view, 2> kPeerTypes = {"eBGP", "iBGP"};
constexpr Schema kPeerType = one_of(kPeerTypes);
constexpr std::array<std::string_view, 2> kActions = {"Accept", "Reject"};
constexpr Schema kAction = one_of(kActions);
constexpr Schema kInterfaceLength = at_most(15);

// The Go validator's words, where the schema does not already say the same.
constexpr Tag kSourceTag{"oneof", [](const Json& v) { return tag::is_word(v, kSources); }};

/// "n:n" or "n:n:n" with no leading zeros.
bool is_canonical_community(std::string_view text) {
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    const bool first = i == 0 || text[i - 1] == ':';
    if (first && text[i] == '0' && text[i + 1] != ':') {
      return false;
    }
  }
  return is_community(text);
}

constexpr Schema kCommunityValue{
    .max_length = 32, .pattern = "^[0-9]+:[0-9]+(:[0-9]+)?$", .matches = is_canonical_community};
constexpr TypeInfo kCommunity{.shape = Shape::text, .schema = &kCommunityValue};
constexpr TypeInfo kCommunityList = list_of(kCommunity);
constexpr Schema kExactlyOne{.min_items = 1, .max_items = 1};
constexpr FieldInfo kCommunityMatchFields[] = {
    {.name = "values",
     .type = &kCommunityList,
     .schema = &kExactlyOne,
     .required = true,
     .mandatory = true,
     .always = true},
};
constexpr StructInfo kCommunityMatch{"BGPFilterCommunityMatch", kCommunityMatchFields};
constexpr TypeInfo kCommunityMatchType = object_of(kCommunityMatch);

constexpr TypeInfo kAsNumbers = list_of(kAsNumber);
constexpr Schema kOneToTen{.min_items = 1, .max_items = 10};
constexpr FieldInfo kAddCommunityFields[] = {
    {.name = "value",
     .type = &kText,
     .schema = &kCommunityValue,
     .required = true,
     .mandatory = true,
     .always = true},
};
constexpr StructInfo kAddCommunity{"BGPFilterAddCommunity", kAddCommunityFields};
constexpr TypeInfo kAddCommunityType = object_of(kAddCommunity);
constexpr FieldInfo kPrependFields[] = {
    {.name = "prefix",
     .type = &kAsNumbers,
     .schema = &kOneToTen,
     .required = true,
     .mandatory = true,
     .always = true},
};
constexpr StructInfo kPrepend{"BGPFilterPrependASPath", kPrependFields};
constexpr TypeInfo kPrependType = object_of(kPrepend);
constexpr FieldInfo kSetPriorityFields[] = {
    {.name = "value",
     .type = &kInt,
     .tag = &tag::kRange<1, 2147483646>,
     .required = true,
     .mandatory = true,
     .always = true},
};
constexpr StructInfo kSetPriority{"BGPFilterSetPriority", kSetPriorityFields};
constexpr TypeInfo kSetPriorityType = object_of(kSetPriority);
constexpr FieldInfo kOperationFields[] = {
    {.name = "addCommunity", .type = &kAddCommunityType, .pointer = true},
    {.name = "prependASPath", .type = &kPrependType, .pointer = true},
    {.name = "setPriority", .type = &kSetPriorityType, .pointer = true},
};

void operation_crd(const Json& operation, Report& report) {
  if (operation.size() > 1) {
    report.crd("", operation.size(), "must have at most 1 item");
  } else if (operation.empty()) {
    report.crd("", operation.size(), "should have at least 1 properties");
  }
}

constexpr StructInfo kOperation{"BGPFilterOperation", kOperationFields, nullptr, operation_crd};
constexpr TypeInfo kOperationType = object_of(kOperation);
constexpr TypeInfo kOperations = list_of(kOperationType);

constexpr FieldInfo kPrefixLengthV4Fields[] = {
    {.name = "min", .type = &kInt32, .tag = &tag::kRange<0, 32>, .pointer = true},
    {.name = "max", .type = &kInt32, .tag = &tag::kRange<0, 32>, .pointer = true},
};
constexpr FieldInfo kPrefixLengthV6Fields[] = {
    {.name = "min", .type = &kInt32, .tag = &tag::kRange<0, 128>, .pointer = true},
    {.name = "max", .type = &kInt32, .tag = &tag::kRange<0, 128>, .pointer = true},
};
constexpr StructInfo kPrefixLengthV4{"BGPFilterPrefixLengthV4", kPrefixLengthV4Fields};
constexpr StructInfo kPrefixLengthV6{"BGPFilterPrefixLengthV6", kPrefixLengthV6Fields};
constexpr TypeInfo kPrefixLengthV4Type = object_of(kPrefixLengthV4);
constexpr TypeInfo kPrefixLengthV6Type = object_of(kPrefixLengthV6);

void filter_rule_crd(const Json& rule, Report& report) {
  const bool cidr = !get_text(rule, "cidr").empty();
  if (cidr == get_text(rule, "matchOperator").empty()) {
    report.crd("", "", "cidr and matchOperator must both be set or both be empty");
  }
  if (!cidr && has(rule, "prefixLength")) {
    report.crd("", "", "cidr is required when prefixLength is set");
  }
  if (!get_list(rule, "operations").empty() && get_text(rule, "action") != "Accept") {
    report.crd("", "", "operations may only be used with action Accept");
  }
}

/// The schema of a rule's CIDR: strict, and no longer than its family can be.
template <std::uint32_t kLength>
constexpr Schema kFilterCidr{.max_length = kLength,
                             .matches = +[](std::string_view text) { return kCidrFormat.matches(text); },
                             .format = "cidr"};

constexpr std::array<FieldInfo, 11> rule_fields(const Tag& net, const Schema& cidr, const TypeInfo& length) {
  return {{
      {.name = "cidr", .go_name = "CIDR", .type = &kText, .tag = &net, .schema = &cidr},
      {.name = "prefixLength", .type = &length, .pointer = true},
      {.name = "source", .type = &kText, .tag = &kSourceTag, .schema = &kSource},
      {.name = "interface", .type = &kText, .tag = &tag::kFilterInterface, .schema = &kInterfaceLength},
      {.name = "matchOperator", .type = &kText, .schema = &kOperator},
      {.name = "peerType", .type = &kText, .schema = &kPeerType},
      {.name = "communities", .type = &kCommunityMatchType, .pointer = true},
      {.name = "asPathPrefix", .go_name = "ASPathPrefix", .type = &kAsNumbers},
      {.name = "priority", .type = &kInt, .tag = &tag::kRange<1, 2147483646>, .pointer = true},
      {.name = "action", .type = &kText, .schema = &kAction, .mandatory = true, .always = true},
      {.name = "operations", .type = &kOperations, .schema = &kOneToTen},
  }};
}
constexpr auto kRuleV4Fields = rule_fields(tag::kNetV4, kFilterCidr<18>, kPrefixLengthV4Type);
constexpr auto kRuleV6Fields = rule_fields(tag::kNetV6, kFilterCidr<43>, kPrefixLengthV6Type);
constexpr StructInfo kRuleV4{"BGPFilterRuleV4", kRuleV4Fields, nullptr, filter_rule_crd};
constexpr StructInfo kRuleV6{"BGPFilterRuleV6", kRuleV6Fields, nullptr, filter_rule_crd};
constexpr TypeInfo kRuleV4Type = object_of(kRuleV4);
constexpr TypeInfo kRuleV6Type = object_of(kRuleV6);
constexpr TypeInfo kRulesV4 = list_of(kRuleV4Type);
constexpr TypeInfo kRulesV6 = list_of(kRuleV6Type);

constexpr FieldInfo kBgpFilterSpecFields[] = {
    {.name = "exportV4", .type = &kRulesV4, .doc = "the first rule that matches decides"},
    {.name = "importV4", .type = &kRulesV4},
    {.name = "exportV6", .type = &kRulesV6},
    {.name = "importV6", .type = &kRulesV6},
};
constexpr StructInfo kBgpFilterSpec{"BGPFilterSpec", kBgpFilterSpecFields};
constexpr TypeInfo kBgpFilterSpecType = object_of(kBgpFilterSpec);
constexpr auto kBgpFilterFields = document_of(kBgpFilterSpecType);
constexpr StructInfo kBgpFilterDocument{"BGPFilter", kBgpFilterFields};

std::string count_cell(const Resource& resource, std::string_view pointer) {
  const Json* list = resource.find(pointer);
  return std::to_string(list == nullptr ? 0 : list->size());
}

constexpr std::string_view kBgpFilterNames[] = {"bgpfilter", "bgpfilters", "bgpf", "bgpfs", "bf", "bfs"};
const Column kBgpFilterColumns[] = {
    {"NAME", name_cell},
    {"NUMEXPORTV4", [](const Resource& r, const CellContext&) { return count_cell(r, "/spec/exportV4"); }},
    {"NUMIMPORTV4", [](const Resource& r, const CellContext&) { return count_cell(r, "/spec/importV4"); }},
    {"NUMEXPORTV6", [](const Resource& r, const CellContext&) { return count_cell(r, "/spec/exportV6"); }},
    {"NUMIMPORTV6", [](const Resource& r, const CellContext&) { return count_cell(r, "/spec/importV6"); }},
};
constexpr std::string_view kBgpFilterHeadings[] = {"NAME", "NUMEXPORTV4", "NUMIMPORTV4", "NUMEXPORTV6",
                                                   "NUMIMPORTV6"};

}  // namespace

const KindInfo kBgpFilter{.kind = "BGPFilter",
                          .api_version = kV3,
                          .plural = "bgpfilters",
                          .names = kBgpFilterNames,
                          .object = &kBgpFilterDocument,
                          .columns = kBgpFilterColumns,
                          .headings = kBgpFilterHeadings,
                          .wide_headings = kBgpFilterHeadings};

}  // namespace catflap::calico::tables
