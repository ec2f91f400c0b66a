#pragma once

#include "calico/model/report.hpp"
#include "calico/model/tables.hpp"

/// What the kinds of policies share. For the .cpp files that hold tables.
namespace catflap::calico::tables {

/// Rules over a policy's spec as a whole; `field` is what Calico calls it ("NetworkPolicySpec").
void network_policy_spec_rules(const Json& spec, std::string_view field, Report& report);
/// The same of a global one, whose services name their namespace.
void global_policy_spec_rules(const Json& spec, std::string_view field, Report& report);
void network_policy_spec_crd(const Json& spec, Report& report);
void global_policy_spec_crd(const Json& spec, Report& report);

/// What Calico stores where a policy does not say it: its types, by the rules it has.
void policy_defaults(Json& document);

std::string order_cell(const Resource& resource, const CellContext& context);

extern const TypeInfo kPolicyTypes, kPerformanceHints;
extern const Schema kRuleCount, kTypeCount;
inline constexpr std::string_view kPolicyHeadings[] = {"NAME", "TIER"};
inline constexpr std::string_view kPolicyWide[] = {"NAME", "TIER", "ORDER", "SELECTOR"};
/// NAME, TIER, ORDER, SELECTOR.
extern const std::array<Column, 4> kPolicyColumns;

}  // namespace catflap::calico::tables
