#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "bgp/speaker/bgp_rules.hpp"
#include "net/community.hpp"

namespace catflap::bgp::internal {
namespace {

using intent::RemovePrivateAs;

constexpr std::uint32_t kOwn = 64496;
constexpr std::uint32_t kPeer = 64497;

net::AsPath path(const std::vector<std::uint32_t>& asns) {
  net::AsPath result;
  if (!asns.empty()) {
    result.segments = {{net::AsSegmentType::sequence, asns}};
  }
  return result;
}

wire::Attributes attributes(const std::vector<std::uint32_t>& asns) {
  wire::Attributes attrs;
  attrs.as_path = path(asns);
  return attrs;
}

ImportRules import_rules() {
  ImportRules rules;
  rules.local_as = kOwn;
  rules.remote_as = kPeer;
  rules.local_id = 1;
  rules.cluster_id = 9;
  return rules;
}

ExportRules export_rules() {
  ExportRules rules;
  rules.local_as = rules.public_as = kOwn;
  rules.remote_as = kPeer;
  return rules;
}

TEST(ImportRules, OwnAsMayStandInThePathAsOftenAsAllowed) {
  for (const std::uint32_t times : {0U, 1U, 2U}) {
    for (const std::uint32_t allowed : {0U, 1U, 2U}) {
      ImportRules rules = import_rules();
      rules.allow_local_as = allowed;
      wire::Attributes attrs = attributes({kPeer});
      attrs.as_path->prepend(kOwn, times);
      EXPECT_EQ(import_by_rules(rules, attrs).empty(), times <= allowed) << times << " of " << allowed;
    }
  }
}

TEST(ImportRules, OutsideOfAConfederationItsIdIsOursToo) {
  ImportRules rules = import_rules();
  rules.public_as = 100;
  wire::Attributes attrs = attributes({kPeer, 100});
  EXPECT_FALSE(import_by_rules(rules, attrs).empty());
  rules.allow_local_as = 1;
  attrs = attributes({kPeer, 100, rules.local_as});
  EXPECT_EQ(import_by_rules(rules, attrs), "") << "one of each number";
  attrs = attributes({kPeer, 100, 100});
  EXPECT_NE(import_by_rules(rules, attrs).find("our AS 100 is in it 2 times"), std::string::npos);
}

TEST(ImportRules, ReflectionLoopsAreNotUsed) {
  ImportRules rules = import_rules();
  rules.internal = rules.interior = true;
  wire::Attributes mine = attributes({});
  mine.originator_id = 1;
  EXPECT_EQ(import_by_rules(rules, mine), "reflection loop: its ORIGINATOR_ID is ours");
  wire::Attributes cluster = attributes({});
  cluster.cluster_list = {7, 9};
  EXPECT_EQ(import_by_rules(rules, cluster), "reflection loop: our cluster 0.0.0.9 is in its CLUSTER_LIST");
}

/// RFC 9234 §5, the ingress procedure: our role, the attribute, and what becomes of it.
TEST(ImportRules, OnlyToCustomer) {
  const struct {
    Role role;
    std::optional<std::uint32_t> otc;
    bool used;
    std::optional<std::uint32_t> after;
  } cases[] = {
      {Role::provider, 64500, false, {}},   {Role::provider, {}, true, {}},
      {Role::rs_server, 64500, false, {}},  {Role::rs_server, {}, true, {}},
      {Role::peer, kPeer, true, kPeer},     {Role::peer, 64500, false, {}},
      {Role::peer, {}, true, kPeer},        {Role::customer, {}, true, kPeer},
      {Role::customer, 64500, true, 64500}, {Role::rs_client, {}, true, kPeer},
  };
  for (const auto& [role, otc, used, after] : cases) {
    ImportRules rules = import_rules();
    rules.role = role;
    wire::Attributes attrs = attributes({kPeer});
    attrs.otc = otc;
    EXPECT_EQ(import_by_rules(rules, attrs).empty(), used) << static_cast<int>(role);
    if (used) {
      EXPECT_EQ(attrs.otc, after) << static_cast<int>(role);
    }
  }
  wire::Attributes untouched = attributes({kPeer});
  untouched.otc = 64500;
  EXPECT_EQ(import_by_rules(import_rules(), untouched), "");
  EXPECT_EQ(untouched.otc, 64500U);
}

TEST(ImportRules, GracefulShutdownMakesItTheLastChoice) {
  for (const bool on : {false, true}) {
    for (const bool internal : {false, true}) {
      ImportRules rules = import_rules();
      rules.graceful_shutdown = on;
      rules.internal = rules.interior = internal;
      wire::Attributes attrs = attributes({kPeer});
      attrs.communities = {net::kGracefulShutdown};
      EXPECT_EQ(import_by_rules(rules, attrs), "");
      EXPECT_EQ(attrs.local_pref, on && !internal ? 0U : 100U);
    }
  }
}

/// RFC 9234 §5, the egress procedure.
TEST(ExportRules, OnlyToCustomer) {
  const struct {
    Role role;
    bool allowed_with;  ///< with the attribute
    std::optional<std::uint32_t> after;
  } cases[] = {{Role::provider, true, kOwn},
               {Role::rs_server, true, kOwn},
               {Role::peer, false, kOwn},
               {Role::customer, false, {}},
               {Role::rs_client, false, {}}};
  for (const auto& [role, allowed, after] : cases) {
    ExportRules rules = export_rules();
    rules.role = role;
    wire::Attributes with = attributes({});
    with.otc = 64500;
    EXPECT_EQ(export_refused(rules, with).empty(), allowed) << static_cast<int>(role);
    wire::Attributes without = attributes({});
    EXPECT_EQ(export_refused(rules, without), "");
    export_by_rules(rules, false, without);
    EXPECT_EQ(without.otc, after) << static_cast<int>(role);
  }
}

TEST(ExportRules, WellKnownCommunities) {
  struct Session {
    bool internal, interior, allowed;
  };
  const struct {
    net::Community community;
    std::vector<Session> sessions;
  } cases[] = {
      {net::kNoAdvertise, {{true, true, false}, {false, true, false}, {false, false, false}}},
      {net::kNoExport, {{true, true, true}, {false, true, true}, {false, false, false}}},
      {net::kNoExportSubconfed, {{true, true, true}, {false, true, false}, {false, false, false}}},
      {net::kLlgrStale, {{true, true, false}, {false, false, false}}},
      {net::kGracefulShutdown, {{false, false, true}}},
  };
  for (const auto& [community, sessions] : cases) {
    for (const Session& session : sessions) {
      ExportRules rules = export_rules();
      rules.internal = session.internal;
      rules.interior = session.interior;
      wire::Attributes attrs = attributes({});
      attrs.communities = {community};
      EXPECT_EQ(export_refused(rules, attrs).empty(), session.allowed) << std::hex << community;
      rules.interpret_communities = false;
      EXPECT_EQ(export_refused(rules, attrs), "");
    }
  }
  ExportRules aware = export_rules();
  aware.llgr_aware = true;
  wire::Attributes stale = attributes({});
  stale.communities = {net::kLlgrStale};
  EXPECT_EQ(export_refused(aware, stale), "");
}

std::string exported(const ExportRules& rules, net::AsPath from) {
  wire::Attributes attrs;
  attrs.as_path = std::move(from);
  export_by_rules(rules, false, attrs);
  return to_string(*attrs.as_path);
}

/// The variants of FRR's topotest bgp_remove_private_as, and BIRD's absence of any.
TEST(ExportRules, RemovePrivateAs) {
  const struct {
    RemovePrivateAs mode;
    bool replace;
    std::vector<std::uint32_t> from;
    const char* to;
  } cases[] = {
      {RemovePrivateAs::off, false, {65001, 3356}, "100 65001 3356"},
      {RemovePrivateAs::only, false, {65001, 65002}, "100"},
      {RemovePrivateAs::only, false, {65001, 3356}, "100 65001 3356"},
      {RemovePrivateAs::only, true, {65001, 65002}, "100 100 100"},
      {RemovePrivateAs::all, false, {65001, 3356, 4200000001U, 65002, 1299}, "100 3356 1299"},
      {RemovePrivateAs::all, true, {65001, 3356, 65002}, "100 100 3356 100"},
      {RemovePrivateAs::leading, false, {65001, 65002, 3356, 65003}, "100 3356 65003"},
      {RemovePrivateAs::leading, true, {65001, 3356, 65003}, "100 100 3356 65003"},
      {RemovePrivateAs::all, false, {64511, 65535}, "100 64511 65535"},
      {RemovePrivateAs::all, false, {64999}, "100 64999"},  // the peer's own
  };
  for (const auto& [mode, replace, from, to] : cases) {
    ExportRules rules = export_rules();
    rules.local_as = rules.public_as = 100;
    rules.remote_as = 64999;
    rules.remove_private_as = mode;
    rules.replace_private_as = replace;
    EXPECT_EQ(exported(rules, path(from)), to);
  }
}

TEST(ExportRules, AsOverride) {
  ExportRules rules = export_rules();
  rules.as_override = true;
  EXPECT_EQ(exported(rules, path({kPeer, 3356, kPeer})), "64496 64496 3356 64496");
  rules.internal = rules.interior = true;
  EXPECT_EQ(exported(rules, path({kPeer})), "64497");
}

/// RFC 5065 §4.1.
TEST(ExportRules, ConfederationSegmentsStayInside) {
  net::AsPath mixed;
  mixed.segments = {{net::AsSegmentType::confed_sequence, {65001}},
                    {net::AsSegmentType::confed_set, {65002, 65003}},
                    {net::AsSegmentType::sequence, {3356}}};
  ExportRules member = export_rules();
  member.interior = true;
  member.public_as = 100;
  EXPECT_EQ(exported(member, mixed), "(64496 65001) ({65002 65003}) 3356");
  EXPECT_EQ(exported(member, path({3356})), "(64496) 3356");
  member.rs_client = true;
  EXPECT_EQ(exported(member, mixed), "(65001) ({65002 65003}) 3356");
  ExportRules outside = export_rules();
  outside.public_as = 100;
  EXPECT_EQ(exported(outside, mixed), "100 3356");
  ExportRules inside = export_rules();
  inside.internal = inside.interior = true;
  EXPECT_EQ(exported(inside, mixed), "(65001) ({65002 65003}) 3356");
}

TEST(ExportRules, RouteServersAddNothing) {
  ExportRules rules = export_rules();
  rules.rs_client = true;
  wire::Attributes attrs = attributes({3356});
  attrs.med = 5;
  attrs.local_pref = 200;
  export_by_rules(rules, false, attrs);
  EXPECT_EQ(to_string(*attrs.as_path), "3356");
  EXPECT_EQ(attrs.med, 5U);
  EXPECT_FALSE(attrs.local_pref.has_value());
}

TEST(ExportRules, MedAndLocalPrefStayInside) {
  const auto told = [](bool internal, bool interior, bool by_filter, bool allow) {
    ExportRules rules = export_rules();
    rules.internal = internal;
    rules.interior = interior;
    rules.allow_med = rules.allow_local_pref = allow;
    wire::Attributes attrs = attributes({3356});
    attrs.med = 5;
    attrs.local_pref = 200;
    attrs.originator_id = 3;
    attrs.cluster_list = {4};
    export_by_rules(rules, by_filter, attrs);
    return attrs;
  };
  EXPECT_FALSE(told(false, false, false, false).med.has_value());
  EXPECT_EQ(told(false, false, true, false).med, 5U);
  EXPECT_EQ(told(false, false, false, true).med, 5U);
  EXPECT_EQ(told(false, false, false, true).local_pref, 200U);
  EXPECT_FALSE(told(false, false, false, false).local_pref.has_value());
  EXPECT_EQ(told(false, true, false, false).local_pref, 200U);
  EXPECT_EQ(told(false, true, false, false).med, 5U);
  EXPECT_TRUE(told(false, true, false, false).cluster_list.empty());
  EXPECT_EQ(told(true, true, false, false).originator_id, 3U);
}

}  // namespace
}  // namespace catflap::bgp::internal
