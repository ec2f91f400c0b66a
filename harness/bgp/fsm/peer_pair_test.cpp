#include <gtest/gtest.h>

#include <string>

#include "bgp/fsm/test_network.hpp"

/// Two peers against each other over hundreds of seeds: whatever happened, they end on the same connection.
namespace catflap::bgp::fsm {
namespace {

using namespace test;

struct Scene {
  PeerConfig left, right;
  Network::Nature nature;
  Duration right_starts{0};
  std::uint64_t resets = 0;
};

/// AS numbers and ids of all orders, delays from none to 50 ms, whole segments down to single octets.
Scene draw(Rng& rng) {
  Scene scene;
  scene.left = basic_config();
  scene.right = basic_config();
  const bool internal = rng.below(3) == 0;
  scene.left.local_id = 100 + static_cast<std::uint32_t>(rng.below(2));
  scene.right.local_id =
      internal ? 205 - scene.left.local_id - 4 : 100 + static_cast<std::uint32_t>(rng.below(2));
  scene.left.local_as = 64512 + static_cast<std::uint32_t>(rng.below(2)) * 10000;
  scene.right.local_as = internal ? scene.left.local_as : 64513;
  scene.left.peer_as = scene.right.local_as;
  scene.right.peer_as = scene.left.local_as;
  for (PeerConfig* config : {&scene.left, &scene.right}) {
    config->hold_time = seconds(rng.below(2) == 0 ? 3 : 90);
    config->connect_delay = milliseconds(rng.below(2) == 0 ? 0 : rng.below(100));
    if (rng.below(2) == 0) {
      config->capabilities.graceful_restart = graceful_restart();
    }
  }
  scene.right.passive = rng.below(5) == 0;
  constexpr Duration kDelays[] = {Duration{0}, milliseconds(1), milliseconds(10), milliseconds(50)};
  scene.nature.delay_max = kDelays[rng.below(4)];
  constexpr std::size_t kFragments[] = {1, 3, 30, 65536};
  scene.nature.fragment_max = kFragments[rng.below(4)];
  scene.right_starts = rng.below(2) == 0 ? Duration{0} : milliseconds(rng.below(200));
  return scene;
}

void expect_agreement(const Network& network) {
  ASSERT_TRUE(network.joined()) << to_string(network.sides[0].peer->state()) << " ("
                                << network.sides[0].peer->last_error().text << ") and "
                                << to_string(network.sides[1].peer->state()) << " ("
                                << network.sides[1].peer->last_error().text << ")";
  const Negotiated& left = *network.sides[0].peer->negotiated();
  const Negotiated& right = *network.sides[1].peer->negotiated();
  EXPECT_EQ(left.hold_time, right.hold_time);
  EXPECT_EQ(left.families, right.families);
  EXPECT_EQ(left.internal, right.internal);
  EXPECT_EQ(left.as4, right.as4);
  EXPECT_EQ(left.graceful_restart, right.graceful_restart);
  EXPECT_EQ(left.local, right.remote);
  EXPECT_EQ(left.remote, right.local);
}

TEST(Pair, ComesUpOnceAndStaysUp) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const Scene scene = draw(rng);
    Network network(scene.left, scene.right, seed, scene.nature);
    network.start(0);
    network.run_until(network.now + scene.right_starts);
    network.start(1);
    // The left one's first dial may have been refused, and a passive right one waits for the second.
    network.run_until(network.now + seconds(20));
    expect_agreement(network);
    for (const Network::Side& side : network.sides) {
      EXPECT_TRUE(side.downs.empty()) << side.downs.at(0).text;
      EXPECT_EQ(side.ups, 1U);
      EXPECT_LE(side.dials, 2U);
    }
    network.run_until(network.now + seconds(20));
    EXPECT_TRUE(network.joined());
    EXPECT_EQ(network.sides[0].ups, 1U) << "keepalives keep it up";
  }
}

TEST(Pair, ComesUpWithinRoundTripsWhenBothDial) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    Scene scene = draw(rng);
    scene.left.connect_delay = scene.right.connect_delay = Duration{0};
    scene.right.passive = false;
    scene.nature.fragment_max = 65536;
    Network network(scene.left, scene.right, seed, scene.nature);
    network.sides[0].listening = network.sides[1].listening = true;
    network.start(0);
    network.start(1);
    network.run_until(network.now + scene.nature.delay_max * 10);
    expect_agreement(network);
  }
}

TEST(Pair, RecoversFromResets) {
  for (std::uint64_t seed = 1; seed <= 120; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const Scene scene = draw(rng);
    Network network(scene.left, scene.right, seed, scene.nature);
    network.start(0);
    network.start(1);
    for (int i = 0; i < 30; ++i) {
      network.run_until(network.now + milliseconds(network.rng().below(3000)));
      network.reset_a_link();
    }
    network.run_until(network.now + seconds(60));
    expect_agreement(network);
    const auto ups = network.sides[0].ups;
    network.run_until(network.now + seconds(20));
    EXPECT_EQ(network.sides[0].ups, ups) << "it goes on flapping";
  }
}

TEST(Pair, RecoversFromAdministrators) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const Scene scene = draw(rng);
    Network network(scene.left, scene.right, seed, scene.nature);
    network.start(0);
    network.start(1);
    for (int i = 0; i < 20; ++i) {
      network.run_until(network.now + milliseconds(network.rng().below(2000)));
      const std::size_t side = network.rng().below(2);
      Peer& peer = *network.sides[side].peer;
      network.act(side, [&](Outputs& out) {
        switch (network.rng().below(3)) {
          case 0:
            peer.restart(network.now, 4, "again", milliseconds(network.rng().below(100)), out);
            break;
          case 1:
            peer.stop(network.now, 2, "off", out);
            peer.start(network.now, out);
            break;
          default:
            peer.reset(network.now, {6, 8, {}}, "", out);
        }
      });
    }
    network.run_until(network.now + seconds(60));
    expect_agreement(network);
  }
}

TEST(Pair, SameSeedSameHistory) {
  const auto history = [](std::uint64_t seed) {
    Rng rng(seed);
    const Scene scene = draw(rng);
    Network network(scene.left, scene.right, seed, scene.nature);
    network.start(0);
    network.start(1);
    for (int i = 0; i < 10; ++i) {
      network.run_until(network.now + seconds(2));
      network.reset_a_link();
    }
    std::string text;
    for (const Network::Side& side : network.sides) {
      text += std::to_string(side.peer->messages_in()) + " " + std::to_string(side.peer->messages_out()) +
              " " + std::to_string(side.dials) + " " +
              std::to_string(side.peer->deadline().since_origin().count()) + " ";
    }
    return text;
  };
  EXPECT_EQ(history(5), history(5));
  EXPECT_NE(history(5), history(6));
}

}  // namespace
}  // namespace catflap::bgp::fsm
