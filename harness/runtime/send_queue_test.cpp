#include "runtime/send_queue.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

#include "sys/unix_socket.hpp"

namespace catflap::runtime {
namespace {

/// A message of `octets` with a type, 1 OPEN ... 5 ROUTE-REFRESH, and a mark in its body.
Bytes message(int type, std::size_t octets = 19, char mark = 0) {
  Bytes out(octets, static_cast<std::byte>(mark));
  std::fill_n(out.begin(), 16, std::byte{0xFF});
  out[16] = static_cast<std::byte>(octets >> 8U);
  out[17] = static_cast<std::byte>(octets & 0xFFU);
  out[18] = static_cast<std::byte>(type);
  return out;
}

std::shared_ptr<const Bytes> buffer(std::initializer_list<Bytes> messages) {
  Bytes all;
  for (const Bytes& one : messages) {
    all.insert(all.end(), one.begin(), one.end());
  }
  return std::make_shared<const Bytes>(std::move(all));
}

class SendQueueTest : public ::testing::Test {
 protected:
  SendQueueTest() {
    auto pair = sys::unix_pair(sys::UnixType::stream).value();
    here_ = std::move(pair.first);
    there_ = std::move(pair.second);
  }
  /// Reads all that has arrived.
  void receive() {
    std::array<char, 65536> some{};
    for (ssize_t count = 0; (count = ::recv(there_.get(), some.data(), some.size(), MSG_DONTWAIT)) > 0;) {
      received_.append(some.data(), static_cast<std::size_t>(count));
    }
  }
  /// The messages that arrived: type, and the mark of those that have one.
  std::string types() {
    receive();
    std::string out;
    for (std::size_t at = 0; at + 19 <= received_.size();) {
      const auto length = static_cast<std::size_t>(static_cast<unsigned char>(received_[at + 16])) << 8U |
                          static_cast<unsigned char>(received_[at + 17]);
      out += static_cast<char>('0' + received_[at + 18]);
      if (length > 19 && received_[at + 19] != 0) {
        out += received_[at + 19];
      }
      at += length;
    }
    return out;
  }

  sys::UniqueFd here_, there_;
  SendQueue queue_;
  std::string received_;
};

TEST_F(SendQueueTest, SendsInOrder) {
  queue_.push(buffer({message(1, 29)}));
  queue_.push(buffer({message(4)}));
  queue_.push(buffer({message(2, 23, 'a'), message(2, 4096, 'b')}));
  EXPECT_EQ(queue_.octets(), 29U + 19U + 23U + 4096U);
  const auto written = queue_.write(here_.get());
  EXPECT_EQ(written.octets, 29U + 19U + 23U + 4096U);
  EXPECT_EQ(written.sys_errno, 0);
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(queue_.octets(), 0U);
  EXPECT_EQ(types(), "142a2b");
}

TEST_F(SendQueueTest, AKeepaliveOvertakesUpdatesOnly) {
  queue_.push(buffer({message(1, 29)}));
  queue_.push(buffer({message(5, 23), message(2, 23, 'a'), message(2, 23, 'b')}));
  queue_.push(buffer({message(2, 23, 'c')}));
  queue_.push(buffer({message(4)}));
  EXPECT_EQ(queue_.octets(), 29U + 23U + 3 * 23U + 19U);
  queue_.write(here_.get());
  EXPECT_EQ(types(), "1542a2b2c");
}

TEST_F(SendQueueTest, KeepalivesDoNotPileUp) {
  queue_.push(buffer({message(2, 23, 'a')}));
  for (int i = 0; i < 1000; ++i) {
    queue_.push(buffer({message(4)}));
  }
  EXPECT_EQ(queue_.octets(), 23U + 19U);
  queue_.write(here_.get());
  EXPECT_EQ(types(), "42a");
}

TEST_F(SendQueueTest, NothingOvertakesWithoutUpdates) {
  queue_.push(buffer({message(1, 29)}));
  queue_.push(buffer({message(4)}));
  queue_.push(buffer({message(3, 21)}));
  queue_.write(here_.get());
  EXPECT_EQ(types(), "143");
}

TEST_F(SendQueueTest, AKeepaliveWaitsForTheEndOfTheMessageThatIsBegun) {
  const int small = 4096;
  ASSERT_EQ(::setsockopt(here_.get(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
  Bytes updates;
  constexpr int kUpdates = 100;
  for (int i = 0; i < kUpdates; ++i) {
    const Bytes one = message(2, 3001, static_cast<char>('a' + i % 26));  // no multiple of a page
    updates.insert(updates.end(), one.begin(), one.end());
  }
  queue_.push(std::make_shared<const Bytes>(std::move(updates)));
  int keepalives = 0;
  while (!queue_.empty()) {
    const auto written = queue_.write(here_.get());
    ASSERT_TRUE(written.sys_errno == 0 || written.sys_errno == EAGAIN) << written.sys_errno;
    if (!queue_.empty()) {
      const std::size_t before = queue_.octets();
      queue_.push(buffer({message(4)}));
      keepalives += queue_.octets() > before ? 1 : 0;
    }
    receive();
  }
  const std::string seen = types();
  EXPECT_EQ(std::count(seen.begin(), seen.end(), '4'), keepalives);
  EXPECT_EQ(std::count(seen.begin(), seen.end(), '2'), kUpdates) << "a message was torn apart: " << seen;
  EXPECT_GT(keepalives, 3);
  EXPECT_EQ(seen.find("44"), std::string::npos) << "they piled up: " << seen;
}

TEST_F(SendQueueTest, SharesBuffersAndTakesManyInACall) {
  const auto update = buffer({message(2, 23, 'a')});
  for (int i = 0; i < 2000; ++i) {
    queue_.push(update);
  }
  EXPECT_EQ(update.use_count(), 2001);
  while (!queue_.empty()) {
    ASSERT_NE(queue_.write(here_.get()).sys_errno, EPIPE);
    receive();
  }
  EXPECT_EQ(update.use_count(), 1);
  EXPECT_EQ(types().size(), 4000U);
}

TEST_F(SendQueueTest, TellsABrokenConnection) {
  there_.reset();
  queue_.push(buffer({message(4)}));
  EXPECT_EQ(queue_.write(here_.get()).sys_errno, EPIPE);
}

}  // namespace
}  // namespace catflap::runtime
