#include "sys/acceptor.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <vector>

#include "sys/clock.hpp"
#include "sys/unix_socket.hpp"

namespace catflap::sys {
namespace {

class AcceptorTest : public ::testing::Test {
 protected:
  AcceptorTest() {
    std::array<char, 32> folder{"/tmp/acceptor.XXXXXX"};
    folder_ = ::mkdtemp(folder.data());
    acceptor_ = Acceptor::create(
                    *loop_, unix_listen(folder_ / "s", UnixType::stream).value(),
                    [this](UniqueFd fd) { accepted_.push_back(std::move(fd)); },
                    [this](int sys_errno) { troubles_.push_back(sys_errno); })
                    .value();
    ::getrlimit(RLIMIT_NOFILE, &limit_);
  }
  ~AcceptorTest() override {
    ::setrlimit(RLIMIT_NOFILE, &limit_);
    std::filesystem::remove_all(folder_);
  }
  /// Lets the process open `more` descriptors than it has now.
  void allow(rlim_t more) {
    const UniqueFd next(::dup(0));
    const rlimit limit{static_cast<rlim_t>(next.get()) + more, limit_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  UniqueFd dial() { return unix_connect(folder_ / "s", UnixType::stream).value(); }
  void rounds(int count) {
    for (int i = 0; i < count; ++i) {
      (void)loop_->run_once(Duration::zero());
    }
  }

  std::filesystem::path folder_;
  std::unique_ptr<EventLoop> loop_ = *EventLoop::create();
  std::vector<UniqueFd> accepted_;
  std::vector<int> troubles_;
  std::unique_ptr<Acceptor> acceptor_;
  rlimit limit_{};
};

TEST_F(AcceptorTest, TakesABurst) {
  std::vector<UniqueFd> dialled;
  for (int i = 0; i < 100; ++i) {
    dialled.push_back(dial());
  }
  rounds(1);
  EXPECT_EQ(accepted_.size(), 100U);
  EXPECT_TRUE(troubles_.empty());
}

TEST_F(AcceptorTest, RefusesWhenDescriptorsRunOutAndSaysSoOnce) {
  std::vector<UniqueFd> dialled;
  for (int i = 0; i < 5; ++i) {
    dialled.push_back(dial());
  }
  allow(2);
  rounds(3);
  EXPECT_EQ(accepted_.size(), 2U);
  EXPECT_EQ(troubles_, std::vector<int>{EMFILE});
  for (int i = 2; i < 5; ++i) {
    std::array<char, 1> octet{};
    EXPECT_EQ(::read(dialled[static_cast<std::size_t>(i)].get(), octet.data(), 1), 0)
        << i << " is not closed";
  }
  EXPECT_FALSE(loop_->run_once(Duration::zero())) << "the loop spins";
  EXPECT_NE(describe_trouble(EMFILE).find("out of file descriptors (the limit is "), std::string::npos);
}

TEST_F(AcceptorTest, RestsWithoutAReserveAndTakesWhatWaitedLater) {
  const UniqueFd dialled = dial();
  // Another part of the process takes the reserve's number when it is closed: as if it had none.
  const rlimit none{0, limit_.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  rounds(1);
  EXPECT_EQ(troubles_, std::vector<int>{EMFILE});
  EXPECT_FALSE(loop_->run_once(Duration::zero())) << "the loop spins";
  ::setrlimit(RLIMIT_NOFILE, &limit_);
  EXPECT_TRUE(
      loop_->run_until(monotonic_now() + std::chrono::seconds(10), [&] { return !accepted_.empty(); }));
}

}  // namespace
}  // namespace catflap::sys
