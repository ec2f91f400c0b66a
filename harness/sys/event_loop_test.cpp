#include "sys/event_loop.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "sys/clock.hpp"
#include "sys/unix_socket.hpp"

namespace catflap::sys {
namespace {

using std::chrono::milliseconds;

class EventLoopTest : public ::testing::Test {
 protected:
  std::unique_ptr<EventLoop> loop = *EventLoop::create();
};

TEST_F(EventLoopTest, TimersFireInOrderOfDeadlineThenCreation) {
  std::string order;
  const Instant start = monotonic_now();
  loop->at(start + milliseconds(2), [&] { order += "c"; });
  loop->at(start + milliseconds(1), [&] { order += "a"; });
  loop->at(start + milliseconds(1), [&] { order += "b"; });
  EXPECT_TRUE(loop->run_until(start + std::chrono::seconds(5), [&] { return order.size() == 3; }));
  EXPECT_EQ(order, "abc");
  EXPECT_EQ(loop->timers(), 0U);
}

TEST_F(EventLoopTest, CancelledTimerDoesNotFire) {
  bool fired = false;
  bool other = false;
  EventLoop::TimerId second{};
  loop->after(Duration::zero(), [&] { EXPECT_TRUE(loop->cancel(second)); });
  second = loop->after(Duration::zero(), [&] { fired = true; });
  loop->after(milliseconds(1), [&] { other = true; });
  EXPECT_TRUE(loop->run_until(monotonic_now() + std::chrono::seconds(5), [&] { return other; }));
  EXPECT_FALSE(fired);
  EXPECT_FALSE(loop->cancel(second));
}

TEST_F(EventLoopTest, TimerThatRearmsItselfAtOnceDoesNotStarveOthers) {
  int rounds = 0;
  std::function<void()> again = [&] {
    ++rounds;
    loop->at(Instant(), again);
  };
  again();
  bool posted = false;
  loop->post([&] { posted = true; });
  EXPECT_TRUE(loop->run_until(monotonic_now() + std::chrono::seconds(5), [&] { return posted; }));
  EXPECT_LT(rounds, 1000);
}

TEST_F(EventLoopTest, DescriptorRemovedByAnotherCallbackIsNotServed) {
  auto a = *unix_pair(UnixType::stream);
  auto b = *unix_pair(UnixType::stream);
  int calls = 0;
  const auto serve = [&](int own, int other) {
    return [&, own, other](std::uint32_t) {
      ++calls;
      loop->remove(own);
      loop->remove(other);
    };
  };
  ASSERT_TRUE(loop->add(a.first.get(), EPOLLIN, serve(a.first.get(), b.first.get())));
  ASSERT_TRUE(loop->add(b.first.get(), EPOLLIN, serve(b.first.get(), a.first.get())));
  ASSERT_EQ(::write(a.second.get(), "x", 1), 1);
  ASSERT_EQ(::write(b.second.get(), "x", 1), 1);
  EXPECT_TRUE(loop->run_once(std::chrono::seconds(5)));
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(loop->fds(), 0U);
}

TEST_F(EventLoopTest, ReusedDescriptorNumberDoesNotInheritEvents) {
  auto a = *unix_pair(UnixType::stream);
  auto b = *unix_pair(UnixType::stream);
  auto quiet = *unix_pair(UnixType::stream);
  int stale = 0;
  int first = 0;
  // Whichever runs first replaces the other's descriptor by one that has nothing to say.
  const auto serve = [&](int other) {
    return [&, other](std::uint32_t) {
      ++first;
      loop->remove(other);
      ASSERT_EQ(::dup2(quiet.first.get(), other), other);
      ASSERT_TRUE(loop->add(other, EPOLLIN, [&](std::uint32_t) { ++stale; }));
    };
  };
  ASSERT_TRUE(loop->add(a.first.get(), EPOLLIN, serve(b.first.get())));
  ASSERT_TRUE(loop->add(b.first.get(), EPOLLIN, serve(a.first.get())));
  ASSERT_EQ(::write(a.second.get(), "x", 1), 1);
  ASSERT_EQ(::write(b.second.get(), "x", 1), 1);
  EXPECT_TRUE(loop->run_once(std::chrono::seconds(5)));
  EXPECT_EQ(first, 1);
  EXPECT_EQ(stale, 0);
}

TEST_F(EventLoopTest, CallbackSurvivesItsOwnRemoval) {
  auto pair = *unix_pair(UnixType::stream);
  const auto captured = std::make_shared<std::string>("alive");
  std::string seen;
  ASSERT_TRUE(loop->add(pair.first.get(), EPOLLIN, [&, captured](std::uint32_t) {
    loop->remove(pair.first.get());
    seen = *captured;
  }));
  ASSERT_EQ(::write(pair.second.get(), "x", 1), 1);
  EXPECT_TRUE(loop->run_once(std::chrono::seconds(5)));
  EXPECT_EQ(seen, "alive");
  EXPECT_EQ(captured.use_count(), 1);
}

TEST_F(EventLoopTest, RefusesTheSameDescriptorTwiceAndUnknownOnes) {
  auto pair = *unix_pair(UnixType::stream);
  ASSERT_TRUE(loop->add(pair.first.get(), EPOLLIN, [](std::uint32_t) {}));
  EXPECT_EQ(loop->add(pair.first.get(), EPOLLIN, [](std::uint32_t) {}).error().code, Errc::exists);
  EXPECT_EQ(loop->modify(pair.second.get(), EPOLLIN).error().code, Errc::not_found);
  EXPECT_FALSE(loop->add(-5, EPOLLIN, [](std::uint32_t) {}));
}

TEST_F(EventLoopTest, PostsAndStopsFromOtherThreads) {
  int count = 0;
  std::thread other([&] {
    for (int i = 0; i < 100; ++i) {
      loop->post([&] { ++count; });
    }
    loop->post([&] { loop->stop(); });
  });
  loop->run();
  other.join();
  EXPECT_EQ(count, 100);
  loop->stop();
  loop->run();  // a stop before run() is kept
}

TEST_F(EventLoopTest, RunOnceReturnsAfterItsTimeout) {
  EXPECT_FALSE(loop->run_once(milliseconds(1)));
}

TEST_F(EventLoopTest, KnowsUntilWhenEverythingWasServed) {
  constexpr std::size_t kPairs = 200;  // more than a round serves
  std::vector<std::pair<UniqueFd, UniqueFd>> pairs;
  std::vector<int> served(kPairs, 0);
  for (std::size_t i = 0; i < kPairs; ++i) {
    pairs.push_back(*unix_pair(UnixType::stream));
    EXPECT_EQ(::write(pairs[i].second.get(), "x", 1), 1);
    EXPECT_TRUE(loop->add(pairs[i].first.get(), EPOLLIN, [&served, i](std::uint32_t) { ++served[i]; }));
  }
  const Instant ready = monotonic_now();
  for (int round = 0; round < 100 && loop->served_until() < ready; ++round) {
    loop->run_once(Duration::zero());  // never read, so all stay ready
  }
  EXPECT_GE(loop->served_until(), ready);
  EXPECT_LT(loop->served_until(), loop->now()) << "one round cannot have served all";
  EXPECT_EQ(std::count(served.begin(), served.end(), 0), 0);
  for (const auto& pair : pairs) {
    loop->remove(pair.first.get());
  }
  loop->run_once(Duration::zero());
  EXPECT_EQ(loop->served_until(), loop->now());
}

}  // namespace
}  // namespace catflap::sys
