#include "bgp/rib/piece_arena.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "base/rng.hpp"

namespace catflap::bgp::rib {
namespace {

TEST(PieceArenaTest, PiecesDoNotOverlap) {
  struct Held {
    unsigned char* at = nullptr;
    std::size_t size = 0;
    unsigned char mark = 0;
  };
  PieceArena arena;
  std::vector<Held> held;
  Rng rng(3);
  const auto give_back = [&](std::size_t index) {
    const Held& one = held[index];
    for (std::size_t i = 0; i < one.size; ++i) {
      ASSERT_EQ(one.at[i], one.mark);
    }
    arena.give_back(one.at, one.size);
    held[index] = held.back();
    held.pop_back();
  };
  for (int i = 0; i < 20000; ++i) {
    if (held.empty() || rng.below(i < 10000 ? 3 : 5) < 2) {
      Held one;
      one.size = rng.below(20) == 0 ? 400 + rng.below(300) : 1 + rng.below(200);
      one.mark = static_cast<unsigned char>(i);
      one.at = static_cast<unsigned char*>(arena.take(one.size));
      ASSERT_EQ(reinterpret_cast<std::uintptr_t>(one.at) % 8, 0U);
      std::memset(one.at, one.mark, one.size);
      held.push_back(one);
    } else {
      give_back(static_cast<std::size_t>(rng.below(held.size())));
    }
  }
  while (!held.empty()) {
    give_back(0);
  }
}

TEST(PieceArenaTest, UsesAgainWhatWasGivenBack) {
  PieceArena arena;
  void* const stays = arena.take(40);
  void* const first = arena.take(36);
  arena.give_back(first, 36);
  EXPECT_EQ(arena.take(40), first) << "sizes are rounded up to 8";
  arena.give_back(first, 40);
  arena.give_back(stays, 40);
}

}  // namespace
}  // namespace catflap::bgp::rib
