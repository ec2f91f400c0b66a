#include "bgp/speaker/update_group.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "base/rng.hpp"

namespace catflap::bgp::internal {
namespace {

using Told = std::map<std::pair<net::Prefix, std::uint32_t>, std::uint32_t>;  ///< prefix, path id: MED

/// A peer that reads what it is sent, as far as it has room, and checks that it makes sense.
class Peer final : public UpdateMember {
 public:
  Peer(OutBlocks& blocks, rib::ProtocolId id, bool add_path)
      : blocks_(blocks), id_(id), address_(net::IpAddr::v4(0x0A000000U + id)), add_path_(add_path) {}

  rib::ProtocolId protocol_id() const override { return id_; }
  const net::IpAddr& neighbor() const override { return address_; }
  BlockId evaluate(const net::Prefix& prefix, const rib::Path& path, bool, std::size_t) override {
    ++evaluated;
    const policy::RouteAttrs& attrs = *path.attrs;
    if (attrs.bgp.med == hidden) {
      return kFiltered;
    }
    if (attrs.bgp.med == unsaid) {
      return blocks_.intern({}, path.protocol, {});
    }
    Bytes octets;
    if (!wire::encode_attribute_block(attrs.bgp, wire::unicast(prefix.family()), context(), octets)) {
      return kRejected;
    }
    return blocks_.intern(octets, path.protocol, *attrs.bgp.next_hop);
  }
  bool may_send() const override { return true; }
  std::size_t room() const override { return room_left; }
  void send(std::shared_ptr<const Bytes> bytes, std::uint64_t) override {
    room_left -= std::min(room_left, bytes->size());
    sent.push_back(bytes);
    read(*bytes);
  }
  void blocked(bool waits) override { is_blocked = waits; }

  wire::EncodeContext context() const {
    wire::EncodeContext context;
    if (add_path_) {
      context.add_path = {wire::kIpv4Unicast};
    }
    return context;
  }

  Told told;
  std::string events;  ///< "B" BoRR, "E" EoRR, "." End-of-RIB, "u" UPDATE
  std::vector<std::shared_ptr<const Bytes>> sent;
  std::size_t room_left = 1U << 30U;
  std::uint32_t hidden = 0xFFFF;  ///< paths with this MED are filtered
  std::uint32_t unsaid = 0xFFFF;  ///< paths with this MED go out, but cannot be said
  int evaluated = 0;
  bool is_blocked = false;

 private:
  void read(const Bytes& bytes) {
    wire::DecodeContext context;
    context.as4 = true;
    if (add_path_) {
      context.add_path = {wire::kIpv4Unicast};
    }
    for (std::size_t at = 0; at < bytes.size();) {
      const auto length = wire::check_header(BytesView(bytes).subspan(at, wire::kHeaderOctets), false);
      ASSERT_TRUE(length);
      const auto message = wire::decode(BytesView(bytes).subspan(at, *length), context);
      ASSERT_TRUE(message);
      at += *length;
      if (const auto* refresh = std::get_if<wire::RouteRefresh>(&*message)) {
        events += refresh->subtype == 1 ? "B" : "E";
        continue;
      }
      const auto& update = std::get<wire::Update>(*message);
      events += update.end_of_rib ? "." : "u";
      EXPECT_TRUE(update.errors.empty());
      for (const wire::Nlri& nlri : update.withdrawn) {
        told.erase({nlri.prefix, nlri.path_id});
      }
      for (const wire::Nlri& nlri : update.announced) {
        told[{nlri.prefix, nlri.path_id}] = update.attributes.med.value_or(0);
      }
    }
  }

  OutBlocks& blocks_;
  rib::ProtocolId id_;
  net::IpAddr address_;
  bool add_path_;
};

net::Prefix prefix_of(std::uint32_t index) {
  return {net::IpAddr::v4(0x14000000U + (index << 8U)), 24};
}

class World {
 public:
  explicit World(bool all_paths = false) : all_paths_(all_paths) {
    for (rib::ProtocolId id = 1; id <= 9; ++id) {
      rib::DecisionOptions options;
      options.bgp = true;
      options.remote_id = id;
      protocols_.set(id, options);
    }
    group = make_group();
  }
  ~World() {
    group.reset();
    other.reset();
    for (rib::ProtocolId id = 1; id <= 9; ++id) {
      table.withdraw_all(id);
    }
    table.decide([](const rib::Change&) {});
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  std::unique_ptr<UpdateGroup> make_group() {
    UpdateGroup::Options options;
    options.family = wire::kIpv4Unicast;
    options.all_paths = all_paths_;
    if (all_paths_) {
      options.context.add_path = {wire::kIpv4Unicast};
    }
    options.path_number = [](const rib::Path& path) { return path.protocol; };
    options.attributes_only = true;
    return std::make_unique<UpdateGroup>(table, blocks, std::move(options));
  }
  Peer& peer(rib::ProtocolId id) {
    auto& made = peers_[id];
    if (made == nullptr) {
      made = std::make_unique<Peer>(blocks, id, all_paths_);
    }
    return *made;
  }
  /// A route from a peer; a lower MED is preferred through the local preference.
  void route(rib::ProtocolId from, std::uint32_t index, std::uint32_t med) {
    policy::RouteAttrs attrs;
    attrs.source = intent::RouteSource::bgp;
    attrs.preference = 100;
    attrs.forwarding.destination = policy::Destination::unicast;
    attrs.bgp.origin = wire::Origin::igp;
    attrs.bgp.as_path.emplace();
    attrs.bgp.local_pref = 1000 - med;
    attrs.bgp.med = med;
    attrs.bgp.next_hop = net::IpAddr::v4(0x0B000000U);  // the same of all: only the source tells them apart
    rib::Path path;
    path.attrs = pool.intern(std::move(attrs));
    path.protocol = from;
    table.update(prefix_of(index), std::move(path));
  }
  void no_route(rib::ProtocolId from, std::uint32_t index) { table.withdraw(from, prefix_of(index)); }
  void decide() {
    table.decide([&](const rib::Change& change) {
      for (UpdateGroup* each : {group.get(), other.get()}) {
        if (each != nullptr && each->wants(change)) {
          each->route_changed(change);
        }
      }
    });
  }
  void settle() {
    decide();
    for (UpdateGroup* each : {group.get(), other.get()}) {
      while (each != nullptr && each->flush()) {
      }
    }
    pool.trim();
  }
  /// A group whose last member left is thrown away.
  void renew_empty() {
    for (std::unique_ptr<UpdateGroup>* each : {&group, &other}) {
      if (*each != nullptr && (*each)->empty()) {
        each->reset();
        *each = make_group();
      }
    }
  }
  /// What a peer must have in the end.
  Told expected(const Peer& peer, std::size_t* unsaid = nullptr) const {
    Told all;
    table.for_each([&](const net::Prefix& prefix, const rib::Entry& entry) {
      for (const rib::Path& path : entry.paths()) {
        if ((all_paths_ || &path == entry.best()) && path.protocol != peer.protocol_id() &&
            path.attrs->bgp.med != peer.hidden) {
          if (path.attrs->bgp.med != peer.unsaid) {
            all[{prefix, all_paths_ ? path.protocol : 0}] = *path.attrs->bgp.med;
          } else if (unsaid != nullptr) {
            ++*unsaid;
          }
        }
      }
    });
    return all;
  }

  rib::AttrPool pool;
  OutBlocks blocks;

 private:
  rib::Protocols protocols_;
  bool all_paths_;

 public:
  rib::Table table{"master4", net::Family::ipv4, protocols_};

 private:
  std::map<rib::ProtocolId, std::unique_ptr<Peer>> peers_;

 public:
  std::unique_ptr<UpdateGroup> group, other;
};

TEST(UpdateGroup, EvaluatesAndEncodesOnceForAll) {
  World world;
  for (rib::ProtocolId id = 1; id <= 4; ++id) {
    world.group->add(world.peer(id));
    world.peer(id).end_of_rib_due = true;
  }
  for (std::uint32_t i = 0; i < 100; ++i) {
    world.route(9, i, 5);
  }
  world.settle();
  ASSERT_EQ(world.peer(1).sent.size(), 2U) << "one buffer of UPDATEs, and End-of-RIB";
  EXPECT_EQ(world.peer(1).events, "u.");
  EXPECT_EQ(world.peer(1).told.size(), 100U);
  EXPECT_EQ(world.peer(1).sent[0], world.peer(4).sent[0]) << "the very same octets";
  int evaluated = 0;
  for (rib::ProtocolId id = 1; id <= 4; ++id) {
    evaluated += world.peer(id).evaluated;
  }
  EXPECT_EQ(evaluated, 1) << "once for the attributes, not for the prefixes or peers";
  EXPECT_EQ(world.group->exported(), 100U);
  EXPECT_EQ(world.group->updates(world.peer(2)).accepted, 100U);
}

TEST(UpdateGroup, NeverTellsAPeerItsOwnRoutes) {
  World world;
  for (rib::ProtocolId id = 1; id <= 3; ++id) {
    world.group->add(world.peer(id));
  }
  world.route(1, 7, 50);
  world.settle();
  EXPECT_TRUE(world.peer(1).told.empty());
  EXPECT_TRUE(world.peer(1).events.empty());
  EXPECT_EQ(world.peer(2).told.size(), 1U);
  EXPECT_EQ(world.group->exported(world.peer(1)), 0U);
  EXPECT_EQ(world.group->exported(world.peer(2)), 1U);
  EXPECT_EQ(world.group->updates(world.peer(1)).rejected, 1U);
  world.route(2, 7, 10);  // better, and now 2 must not have it any more
  world.settle();
  for (rib::ProtocolId id = 1; id <= 3; ++id) {
    EXPECT_EQ(world.peer(id).told, world.expected(world.peer(id))) << id;
    EXPECT_FALSE(world.group->is_behind(world.peer(id))) << id;
  }
  world.route(3, 7, 10);
  world.no_route(2, 7);  // the same octets from another peer
  world.settle();
  for (rib::ProtocolId id = 1; id <= 3; ++id) {
    EXPECT_EQ(world.peer(id).told, world.expected(world.peer(id))) << id;
  }
  EXPECT_EQ(world.peer(1).events, "u") << "nothing that it could see changed the last time";
}

TEST(UpdateGroup, WhatCannotBeSaidCountsAndIsWithdrawn) {
  World world;
  world.peer(1).unsaid = world.peer(2).unsaid = 3;
  world.group->add(world.peer(1));
  world.group->add(world.peer(2));
  world.route(9, 0, 2);
  world.route(2, 1, 3);
  world.settle();
  EXPECT_EQ(world.peer(1).told.size(), 1U);
  EXPECT_EQ(world.group->exported(world.peer(1)), 2U) << "as in BIRD";
  EXPECT_EQ(world.group->exported(world.peer(2)), 1U) << "not its own";
  world.route(9, 0, 3);
  world.settle();
  EXPECT_TRUE(world.peer(1).told.empty()) << "withdrawn, there was something";
  EXPECT_EQ(world.group->exported(world.peer(1)), 2U);
  const std::size_t sent = world.peer(1).sent.size();
  world.no_route(9, 0);
  world.settle();
  EXPECT_EQ(world.peer(1).sent.size(), sent) << "nothing to withdraw";
  EXPECT_EQ(world.group->exported(world.peer(1)), 1U);
}

TEST(UpdateGroup, ALateMemberIsToldEverythingAndThenSharesAgain) {
  World world;
  world.group->add(world.peer(1));
  for (std::uint32_t i = 0; i < 3000; ++i) {
    world.route(9, i, i % 7);
  }
  world.settle();
  world.group->add(world.peer(2));
  world.peer(2).end_of_rib_due = true;
  world.settle();
  EXPECT_EQ(world.peer(2).told, world.peer(1).told);
  EXPECT_EQ(world.peer(2).events.back(), '.');
  EXPECT_FALSE(world.group->is_behind(world.peer(2)));
  EXPECT_EQ(world.group->updates(world.peer(2)).accepted, 3000U);
  const std::size_t before = world.peer(1).sent.size();
  world.route(9, 1, 200);
  world.settle();
  ASSERT_EQ(world.peer(1).sent.size(), before + 1);
  EXPECT_EQ(world.peer(1).sent.back(), world.peer(2).sent.back());
}

TEST(UpdateGroup, AMemberThatLagsHoldsNobodyUpAndCatchesUpWithTheNewest) {
  World world;
  world.group->add(world.peer(1));
  world.group->add(world.peer(2));
  world.peer(2).room_left = 0;
  for (std::uint32_t round = 0; round < 5; ++round) {
    for (std::uint32_t i = 0; i < 2000; ++i) {
      world.route(9, i, round * 10 + i % 3);
    }
    world.settle();
  }
  EXPECT_EQ(world.peer(1).told.size(), 2000U);
  EXPECT_TRUE(world.peer(2).told.empty());
  EXPECT_TRUE(world.group->is_behind(world.peer(2)));
  EXPECT_TRUE(world.peer(2).is_blocked);
  world.peer(2).room_left = 1;  // at least a message
  world.settle();
  EXPECT_EQ(world.peer(2).events, "u");
  world.peer(2).room_left = 1U << 20U;
  world.settle();
  EXPECT_EQ(world.peer(2).told, world.peer(1).told);
  EXPECT_LE(world.peer(2).events.size(), 8U) << "the states in between are not told";
  EXPECT_FALSE(world.peer(2).is_blocked);
}

TEST(UpdateGroup, AloneAMemberWaitsWithoutGrowing) {
  World world;
  world.group->add(world.peer(1));
  world.peer(1).room_left = 0;
  for (std::uint32_t round = 0; round < 50; ++round) {
    for (std::uint32_t i = 0; i < 100; ++i) {
      world.route(9, i, round);
    }
    world.settle();
  }
  EXPECT_EQ(world.group->waiting(), 100U);
  world.peer(1).room_left = 1U << 20U;
  world.settle();
  EXPECT_EQ(world.peer(1).events, "u");
  EXPECT_EQ(world.peer(1).told, world.expected(world.peer(1)));
}

TEST(UpdateGroup, RefreshInTheMiddleOfALag) {
  World world;
  world.group->add(world.peer(1));
  world.group->add(world.peer(2));
  for (std::uint32_t i = 0; i < 500; ++i) {
    world.route(9, i, 1);
  }
  world.settle();
  world.peer(2).told.clear();
  world.peer(2).events.clear();
  world.peer(2).begin_refresh_due = world.peer(2).end_refresh_due = true;
  world.group->resend(world.peer(2));
  world.peer(2).room_left = 0;
  world.no_route(9, 3);
  world.route(9, 4, 2);
  world.settle();
  EXPECT_EQ(world.peer(2).events, "");
  world.peer(2).room_left = 1U << 20U;
  world.settle();
  EXPECT_EQ(world.peer(2).told, world.expected(world.peer(2)));
  EXPECT_EQ(world.peer(2).events.front(), 'B');
  EXPECT_EQ(world.peer(2).events.back(), 'E');
  EXPECT_EQ(world.peer(1).told, world.expected(world.peer(1)));
}

TEST(UpdateGroup, AMemberThatGoesInTheMiddleLeavesNothingBehind) {
  World world;
  world.group->add(world.peer(1));
  world.group->add(world.peer(2));
  world.peer(2).room_left = 0;
  for (std::uint32_t i = 0; i < 100; ++i) {
    world.route(9, i, 1);
  }
  world.settle();
  for (std::uint32_t i = 0; i < 100; ++i) {
    world.no_route(9, i);
  }
  world.settle();
  EXPECT_EQ(world.table.id_limit(), 100U) << "pinned for the one that lags";
  world.group->remove(world.peer(2));
  world.settle();
  EXPECT_EQ(world.table.id_limit(), 0U);
  EXPECT_EQ(world.blocks.live(), 0U);
}

TEST(UpdateGroup, AnotherPolicyTellsTheDifferenceOnly) {
  World world;
  world.group->add(world.peer(1));
  world.group->add(world.peer(2));
  for (std::uint32_t i = 0; i < 300; ++i) {
    world.route(9, i, i % 3);
  }
  world.settle();
  world.peer(2).events.clear();
  world.peer(2).hidden = 1;
  world.other = world.make_group();
  world.other->take_over(world.peer(2), *world.group);
  world.settle();
  EXPECT_EQ(world.peer(2).told, world.expected(world.peer(2)));
  EXPECT_EQ(world.peer(2).events, "u") << "one message with 100 withdrawals";
  world.route(9, 0, 1);
  world.settle();
  EXPECT_EQ(world.peer(2).told, world.expected(world.peer(2)));
  EXPECT_EQ(world.peer(1).told, world.expected(world.peer(1)));
}

TEST(UpdateGroup, SplitOffKeepsWhatWasTold) {
  World world;
  world.group->add(world.peer(1));
  world.group->add(world.peer(2));
  for (std::uint32_t i = 0; i < 30; ++i) {
    world.route(9, i, i % 3);
  }
  world.settle();
  const Told before = world.peer(2).told;
  world.other = world.group->split_off(world.peer(2));
  world.peer(2).hidden = 1;
  world.settle();
  EXPECT_EQ(world.peer(2).told, before);
  world.no_route(9, 1);
  world.route(9, 2, 1);  // by the new policy
  world.settle();
  EXPECT_EQ(world.peer(2).told.size(), 28U);
  EXPECT_EQ(world.peer(1).told, world.expected(world.peer(1)));
}

/// Thousands of random changes, members that come, go, lag, refresh and change groups: in the end everybody
/// has what it must have, and nothing is left when all is gone.
class UpdateGroupModel : public testing::TestWithParam<std::tuple<bool, std::uint64_t>> {};

TEST_P(UpdateGroupModel, EverybodyHasWhatItMust) {
  const auto& [all_paths, seed] = GetParam();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Rng rng(seed);
  World world(all_paths);
  world.other = world.make_group();
  std::map<rib::ProtocolId, UpdateGroup*> where;
  const auto drop = [&](rib::ProtocolId id) {
    where[id]->remove(world.peer(id));
    where.erase(id);
    world.renew_empty();
    world.peer(id).told.clear();
    world.table.withdraw_all(id);
  };
  for (int step = 0; step < 1500; ++step) {
    const auto id = static_cast<rib::ProtocolId>(1 + rng.below(6));
    const auto index = static_cast<std::uint32_t>(rng.below(40));
    switch (rng.below(12)) {
      case 0:
        if (where.count(id) == 0) {
          UpdateGroup* group = rng.below(2) == 0 ? world.group.get() : world.other.get();
          world.peer(id).hidden = group == world.other.get() ? 2 : 0xFFFF;
          world.peer(id).unsaid = 3;
          world.peer(id).room_left = 1U << 20U;
          group->add(world.peer(id));
          where[id] = group;
        } else if (rng.below(6) == 0) {
          drop(id);
        }
        break;
      case 1:
        world.peer(id).room_left = rng.below(3) == 0 ? 0 : rng.below(2000);
        break;
      case 2:
        if (where.count(id) != 0 && rng.below(4) == 0) {
          world.peer(id).begin_refresh_due = world.peer(id).end_refresh_due = true;
          where[id]->resend(world.peer(id));
        }
        break;
      case 3:
        if (where.count(id) != 0 && rng.below(4) == 0) {
          UpdateGroup* to = where[id] == world.group.get() ? world.other.get() : world.group.get();
          world.peer(id).hidden = to == world.other.get() ? 2 : 0xFFFF;
          to->take_over(world.peer(id), *where[id]);
          where[id] = to;
          world.renew_empty();
        }
        break;
      case 4:
      case 5:
        world.settle();
        break;
      case 6:
      case 7:
        world.no_route(id, index);
        break;
      default:
        world.route(id, index, static_cast<std::uint32_t>(rng.below(4)));
        break;
    }
    if (step % 200 == 199) {
      for (const auto& [member, group] : where) {
        world.peer(member).room_left = 1U << 30U;
      }
      world.settle();
      world.settle();
      for (const auto& [member, group] : where) {
        std::size_t unsaid = 0;
        ASSERT_TRUE(world.peer(member).told == world.expected(world.peer(member), &unsaid))
            << "member " << member << " step " << step;
        ASSERT_EQ(group->exported(world.peer(member)), world.peer(member).told.size() + unsaid)
            << "step " << step;
      }
    }
  }
  while (!where.empty()) {
    drop(where.begin()->first);
  }
  for (rib::ProtocolId id = 1; id <= 9; ++id) {
    world.table.withdraw_all(id);
  }
  world.settle();
  world.group.reset();
  world.other.reset();
  EXPECT_EQ(world.blocks.live(), 0U);
  EXPECT_EQ(world.table.id_limit(), 0U);
  EXPECT_EQ(world.pool.live(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Random, UpdateGroupModel,
                         testing::Combine(testing::Bool(), testing::Range<std::uint64_t>(1, 9)));

}  // namespace
}  // namespace catflap::bgp::internal
