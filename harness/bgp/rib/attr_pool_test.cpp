#include "bgp/rib/attr_pool.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace catflap::bgp::rib {
namespace {

using policy::RouteAttrs;

RouteAttrs some(std::uint32_t med) {
  RouteAttrs attrs;
  attrs.source = intent::RouteSource::bgp;
  attrs.bgp.med = med;
  attrs.bgp.communities = {1, 2, 3};
  return attrs;
}

TEST(AttrPool, KeepsEqualAttributesOnce) {
  AttrPool pool;
  const AttrRef a = pool.intern(some(1));
  const AttrRef b = pool.intern(some(1));
  const AttrRef c = pool.intern(some(2));
  EXPECT_EQ(a, b);
  EXPECT_EQ(&*a, &*b);
  EXPECT_NE(a, c);
  EXPECT_EQ(pool.live(), 2U);
  EXPECT_LT(a, c) << "in the order of arrival";
  EXPECT_EQ(AttrRef().serial(), 0U);
}

TEST(AttrPool, ForgetsWhatNobodyHolds) {
  AttrPool pool;
  AttrRef a = pool.intern(some(1));
  {
    AttrRef copy = a;
    AttrRef moved = std::move(copy);
    a = AttrRef();
    EXPECT_EQ(pool.live(), 1U);
    EXPECT_EQ(moved->bgp.med, 1U);
    const AttrRef& same = moved;
    moved = same;
    EXPECT_EQ(pool.live(), 1U);
  }
  EXPECT_EQ(pool.live(), 0U);
}

TEST(AttrPool, GrowsAndShrinksWithItsHandles) {
  AttrPool pool;
  std::vector<AttrRef> held;
  for (std::uint32_t i = 0; i < 5000; ++i) {
    held.push_back(pool.intern(some(i)));
  }
  EXPECT_EQ(pool.live(), 5000U);
  for (std::uint32_t i = 0; i < 5000; ++i) {
    EXPECT_EQ(pool.intern(some(i)), held[i]);
  }
  while (!held.empty()) {
    held.pop_back();
    ASSERT_EQ(pool.live(), held.size());
  }
}

/// What was forgotten unpacked comes back as it was.
TEST(AttrPool, UnpacksWhatItPacked) {
  AttrPool pool;
  RouteAttrs full = some(7);
  full.preference = 100;
  full.from = net::IpAddr::v6(1, 2);
  full.forwarding.next_hops = {{net::IpAddr::v4(1), 1, 1, false}};
  full.bgp.origin = wire::Origin::egp;
  full.bgp.as_path =
      net::AsPath{{{net::AsSegmentType::sequence, {1, 70000}}, {net::AsSegmentType::set, {3}}}};
  full.bgp.next_hop = net::IpAddr::v6(0x20010DB800000000U, 1);
  full.bgp.link_local_next_hop = net::IpAddr::v6(0xFE80000000000000U, 1);
  full.bgp.local_pref = 200;
  full.bgp.atomic_aggregate = true;
  full.bgp.aggregator = wire::Aggregator{70000, 1};
  full.bgp.ext_communities = {1, 2};
  full.bgp.large_communities = {{1, 2, 3}};
  full.bgp.originator_id = 9;
  full.bgp.cluster_list = std::vector<std::uint32_t>(200, 5);
  full.bgp.otc = 4;
  full.bgp.unknown = {{0xC0, 200, {1, 2, 3}}};
  const AttrRef kept = pool.intern(full);
  std::vector<AttrRef> others;
  for (std::uint32_t i = 0; i < 3000; ++i) {
    others.push_back(pool.intern(some(100 + i)));
  }
  pool.trim();
  EXPECT_EQ(pool.unpacked(), 0U);
  EXPECT_EQ(kept.summary().local_pref, 200U);
  EXPECT_EQ(kept.summary().neighbour_as, 1U);
  EXPECT_EQ(kept.summary().path_length, 3U);
  EXPECT_EQ(kept.summary().clusters, 200U);
  EXPECT_EQ(pool.unpacked(), 0U) << "the summary needs no unpacking";
  EXPECT_EQ(*kept, full);
  EXPECT_EQ(pool.intern(full), kept);
}

/// Every part of the attributes tells two sets apart.
TEST(AttrPool, TellsEveryPartApart) {
  using Edit = std::function<void(RouteAttrs&)>;
  const std::vector<Edit> edits{
      [](RouteAttrs&) {},
      [](RouteAttrs& a) { a.source = intent::RouteSource::static_; },
      [](RouteAttrs& a) { a.scope = policy::Scope::link; },
      [](RouteAttrs& a) { a.preference = 7; },
      [](RouteAttrs& a) { a.from = net::IpAddr::v4(1); },
      [](RouteAttrs& a) { a.forwarding.destination = policy::Destination::blackhole; },
      [](RouteAttrs& a) { a.forwarding.igp_metric = 7; },
      [](RouteAttrs& a) {
        a.forwarding.next_hops = {{net::IpAddr::v4(1), 1, 1, false}};
      },
      [](RouteAttrs& a) {
        a.forwarding.next_hops = {{net::IpAddr::v4(1), 1, 1, true}};
      },
      [](RouteAttrs& a) {
        a.forwarding.next_hops = {{net::IpAddr::v4(1), 1, 2, false}};
      },
      [](RouteAttrs& a) {
        a.recursive = {net::IpAddr::v4(1), {}, "master4"};
      },
      [](RouteAttrs& a) {
        a.recursive = {net::IpAddr::v4(1), {}, "other"};
      },
      [](RouteAttrs& a) { a.bgp.origin = wire::Origin::igp; },
      [](RouteAttrs& a) { a.bgp.as_path = net::AsPath(); },
      [](RouteAttrs& a) {
        a.bgp.as_path = net::AsPath{{{net::AsSegmentType::set, {1}}}};
      },
      [](RouteAttrs& a) { a.bgp.next_hop = net::IpAddr::v4(1); },
      [](RouteAttrs& a) { a.bgp.link_local_next_hop = net::IpAddr::v4(1); },
      [](RouteAttrs& a) { a.bgp.local_pref = 5; },
      [](RouteAttrs& a) { a.bgp.atomic_aggregate = true; },
      [](RouteAttrs& a) {
        a.bgp.aggregator = wire::Aggregator{1, 2};
      },
      [](RouteAttrs& a) {
        a.bgp.communities = {1, 2};
      },
      [](RouteAttrs& a) { a.bgp.ext_communities = {1}; },
      [](RouteAttrs& a) {
        a.bgp.large_communities = {{1, 2, 3}};
      },
      [](RouteAttrs& a) { a.bgp.originator_id = 1; },
      [](RouteAttrs& a) { a.bgp.cluster_list = {1}; },
      [](RouteAttrs& a) { a.bgp.otc = 1; },
      [](RouteAttrs& a) {
        a.bgp.unknown = {{0xC0, 99, {1}}};
      },
      [](RouteAttrs& a) {
        a.bgp.unknown = {{0xC0, 99, {2}}};
      },
      [](RouteAttrs& a) { policy::set_extra(a, intent::RouteAttribute::krt_metric, std::uint32_t{1}); },
      [](RouteAttrs& a) { policy::set_extra(a, intent::RouteAttribute::generic, std::string("x"), "name"); },
      [](RouteAttrs& a) { policy::set_extra(a, intent::RouteAttribute::generic, std::string("x"), "other"); },
  };
  AttrPool pool;
  std::vector<AttrRef> held;
  for (const Edit& edit : edits) {
    RouteAttrs attrs = some(1);
    edit(attrs);
    held.push_back(pool.intern(attrs));
    EXPECT_EQ(pool.intern(attrs), held.back());
  }
  EXPECT_EQ(pool.live(), edits.size());
}

TEST(Extra, IsSortedReplacedAndRemoved) {
  RouteAttrs attrs;
  policy::set_extra(attrs, intent::RouteAttribute::generic, std::uint32_t{1}, "b");
  policy::set_extra(attrs, intent::RouteAttribute::krt_metric, std::uint32_t{2});
  policy::set_extra(attrs, intent::RouteAttribute::generic, std::uint32_t{3}, "a");
  policy::set_extra(attrs, intent::RouteAttribute::generic, std::uint32_t{4}, "b");
  ASSERT_EQ(attrs.extra.size(), 3U);
  EXPECT_EQ(attrs.extra[0].attribute, intent::RouteAttribute::krt_metric);
  EXPECT_EQ(attrs.extra[1].name, "a");
  ASSERT_NE(policy::find_extra(attrs, intent::RouteAttribute::generic, "b"), nullptr);
  EXPECT_EQ(*policy::find_extra(attrs, intent::RouteAttribute::generic, "b"),
            intent::Value(std::uint32_t{4}));
  EXPECT_FALSE(policy::unset_extra(attrs, intent::RouteAttribute::krt_realm));
  EXPECT_TRUE(policy::unset_extra(attrs, intent::RouteAttribute::krt_metric));
  EXPECT_EQ(policy::find_extra(attrs, intent::RouteAttribute::krt_metric), nullptr);
}

}  // namespace

TEST(AttrPool, AListThatIsEmptyIsNotOneThatIsAbsent) {
  AttrPool pool;
  policy::RouteAttrs attrs;
  attrs.bgp.origin = wire::Origin::igp;
  const AttrRef absent = pool.intern(attrs);
  attrs.bgp.emptied.communities = true;
  const AttrRef empty = pool.intern(attrs);
  EXPECT_FALSE(absent == empty);
  EXPECT_EQ(*empty, attrs);
  attrs.bgp.emptied = {};
  attrs.bgp.emptied.large_communities = true;
  EXPECT_EQ(*pool.intern(attrs), attrs);
}

}  // namespace catflap::bgp::rib
