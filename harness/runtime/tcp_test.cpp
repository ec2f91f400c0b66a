#include "runtime/tcp.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "netlink/socket.hpp"
#include "sys/clock.hpp"
#include "sys/netns.hpp"

namespace catflap::runtime {
namespace {

using bgp::ConnId;

constexpr Duration kPatience = std::chrono::seconds(10);

/// A namespace with nothing but lo, and two transports in it on one loop.
class TcpTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "skipped: needs root for a network namespace";
    }
    auto& executor = sys::netns::Executor::shared();
    ns_ = std::make_unique<sys::netns::Handle>(executor.create().value());
    netlink::LinkChange up;
    up.up = true;
    ASSERT_TRUE(netlink::Socket::open(executor, *ns_).value().set_link("lo", up));
    loop_ = sys::EventLoop::create().value();
    const auto sockets = [this](int domain, int type, int protocol) {
      return sys::netns::Executor::shared().socket_in(*ns_, domain, type, protocol);
    };
    a_ = std::make_unique<Tcp>(*loop_, sockets,
                               [this](bgp::Event event) { at_a_.push_back(std::move(event)); });
    b_ = std::make_unique<Tcp>(*loop_, sockets,
                               [this](bgp::Event event) { at_b_.push_back(std::move(event)); });
  }

  static net::Endpoint endpoint(const char* addr, std::uint16_t port) {
    return {net::IpAddr::parse(addr).value(), port, 0};
  }
  static std::shared_ptr<const Bytes> text(std::string_view value) {
    return std::make_shared<const Bytes>(as_bytes(value).begin(), as_bytes(value).end());
  }

  template <class T>
  static const T* find(const std::vector<bgp::Event>& events) {
    for (const bgp::Event& event : events) {
      if (const T* found = std::get_if<T>(&event)) {
        return found;
      }
    }
    return nullptr;
  }
  static std::string received(const std::vector<bgp::Event>& events) {
    std::string all;
    for (const bgp::Event& event : events) {
      if (const auto* bytes = std::get_if<bgp::ev::TcpBytes>(&event)) {
        all += as_text(bytes->bytes);
      }
    }
    return all;
  }
  bool wait(const std::function<bool()>& until) {
    return loop_->run_until(sys::monotonic_now() + kPatience, until);
  }
  void listen(std::vector<bgp::act::Listen::Socket::Key> keys = {}) {
    const Status done = b_->listen({{{endpoint("0.0.0.0", 179), std::move(keys)}}});
    ASSERT_TRUE(done) << to_string(done.error());
  }
  /// Dials from a to b; the id at b.
  ConnId connect() {
    listen();
    a_->connect({2, endpoint("127.0.0.2", 0), endpoint("127.0.0.1", 179), {}});
    EXPECT_TRUE(wait([&] { return find<bgp::ev::TcpOpened>(at_a_) && find<bgp::ev::TcpOpened>(at_b_); }));
    return find<bgp::ev::TcpOpened>(at_b_)->conn;
  }

  std::unique_ptr<sys::netns::Handle> ns_;
  std::unique_ptr<sys::EventLoop> loop_;
  std::vector<bgp::Event> at_a_, at_b_;
  std::unique_ptr<Tcp> a_, b_;
};

TEST_F(TcpTest, TellsBothEndsWithTheirAddresses) {
  const ConnId id = connect();
  const auto* dialled = find<bgp::ev::TcpOpened>(at_a_);
  const auto* accepted = find<bgp::ev::TcpOpened>(at_b_);
  EXPECT_EQ(dialled->conn, 2U);
  EXPECT_FALSE(dialled->inbound);
  EXPECT_EQ(net::to_string(dialled->local.addr), "127.0.0.2");
  EXPECT_EQ(id % 2, 1U) << "accepted connections have odd ids";
  EXPECT_TRUE(accepted->inbound);
  EXPECT_EQ(net::to_string(accepted->remote.addr), "127.0.0.2");
  EXPECT_EQ(accepted->local.port, 179);
}

TEST_F(TcpTest, ARefusedDialIsClosedWithItsReason) {
  a_->connect({2, endpoint("0.0.0.0", 0), endpoint("127.0.0.1", 179), {}});
  ASSERT_TRUE(wait([&] { return find<bgp::ev::TcpClosed>(at_a_) != nullptr; }));
  EXPECT_EQ(find<bgp::ev::TcpClosed>(at_a_)->reason.sys_errno, ECONNREFUSED);
  EXPECT_TRUE(find<bgp::ev::TcpClosed>(at_a_)->reason.dial_failed);
  EXPECT_EQ(find<bgp::ev::TcpClosed>(at_a_)->reason.text, "Connection refused");
}

TEST_F(TcpTest, ADialFromAForeignAddressFails) {
  a_->connect({2, endpoint("10.9.9.9", 0), endpoint("127.0.0.1", 179), {}});
  ASSERT_NE(find<bgp::ev::TcpClosed>(at_a_), nullptr);
  EXPECT_EQ(find<bgp::ev::TcpClosed>(at_a_)->reason.sys_errno, EADDRNOTAVAIL);
}

TEST_F(TcpTest, AGracefulCloseDeliversTheLastWordsAgainstUnreadInput) {
  const ConnId id = connect();
  // Input that b never reads must not turn its close into a reset.
  a_->send({2, text(std::string(100'000, 'x'))});
  a_->flush();
  b_->send({id, text("NOTIFICATION")});
  b_->flush();
  b_->close({id, true});
  ASSERT_TRUE(wait([&] { return find<bgp::ev::TcpClosed>(at_a_) != nullptr; }));
  EXPECT_EQ(received(at_a_), "NOTIFICATION");
  EXPECT_EQ(find<bgp::ev::TcpClosed>(at_a_)->reason.sys_errno, 0)
      << find<bgp::ev::TcpClosed>(at_a_)->reason.text;
}

TEST_F(TcpTest, ReportsRoomAgainWhenASlowReaderReads) {
  const ConnId id = connect();
  at_b_.clear();
  const std::size_t total = std::size_t{32} << 20U;
  const auto block = text(std::string(std::size_t{1} << 20U, 'y'));
  for (std::size_t sent = 0; sent < total; sent += block->size()) {
    b_->send({id, block});
  }
  b_->flush();
  EXPECT_TRUE(b_->busy());
  std::size_t read = 0;
  ASSERT_TRUE(wait([&] {
    read += received(at_a_).size();
    at_a_.clear();
    return read == total;
  }));
  ASSERT_TRUE(wait([&] { return !b_->busy(); }));
  const auto last = std::find_if(at_b_.rbegin(), at_b_.rend(), [](const bgp::Event& event) {
    return std::holds_alternative<bgp::ev::TcpWritable>(event);
  });
  ASSERT_NE(last, at_b_.rend());
  EXPECT_EQ(std::get<bgp::ev::TcpWritable>(*last).bytes_free, Tcp::kQueueOctetsMax);
}

TEST_F(TcpTest, Md5KeysMustAgree) {
  const net::Prefix peer = net::Prefix::parse("127.0.0.2/32").value();
  listen({{peer, "right"}});
  bgp::TcpOptions options;
  options.md5_password = "right";
  a_->connect({2, endpoint("127.0.0.2", 0), endpoint("127.0.0.1", 179), options});
  ASSERT_TRUE(wait([&] { return find<bgp::ev::TcpOpened>(at_b_) != nullptr; }));
  // A change of the key counts for the next connection, without a new socket.
  at_b_.clear();
  listen({{peer, "changed"}});
  options.md5_password = "changed";
  a_->connect({4, endpoint("127.0.0.2", 0), endpoint("127.0.0.1", 179), options});
  EXPECT_TRUE(wait([&] { return find<bgp::ev::TcpOpened>(at_b_) != nullptr; }));
}

TEST_F(TcpTest, AKeyThatIsTooLongIsRefused) {
  bgp::TcpOptions options;
  options.md5_password = std::string(81, 'x');
  a_->connect({2, endpoint("127.0.0.2", 0), endpoint("127.0.0.1", 179), options});
  ASSERT_NE(find<bgp::ev::TcpClosed>(at_a_), nullptr);
  EXPECT_NE(find<bgp::ev::TcpClosed>(at_a_)->reason.text.find("at most 80 octets"), std::string::npos);
}

TEST_F(TcpTest, AListenerThatGoesAwayRefuses) {
  listen();
  ASSERT_TRUE(b_->listen({}));
  a_->connect({2, endpoint("0.0.0.0", 0), endpoint("127.0.0.1", 179), {}});
  ASSERT_TRUE(wait([&] { return find<bgp::ev::TcpClosed>(at_a_) != nullptr; }));
  EXPECT_EQ(find<bgp::ev::TcpClosed>(at_a_)->reason.sys_errno, ECONNREFUSED);
}

TEST_F(TcpTest, ListensOnAnAddressThatComesLater) {
  const bgp::act::Listen wanted{{{endpoint("10.0.0.1", 179), {}}}};
  EXPECT_FALSE(b_->listen(wanted));
  EXPECT_TRUE(b_->listeners_missing());
  auto netlink = netlink::Socket::open(sys::netns::Executor::shared(), *ns_).value();
  ASSERT_TRUE(netlink.add_address(1, net::InterfaceAddress::parse("10.0.0.1/32").value()));
  EXPECT_TRUE(b_->retry_listeners());
  EXPECT_FALSE(b_->listeners_missing());
}

TEST_F(TcpTest, ManyConnectionsAtOnce) {
  listen();
  constexpr ConnId kCount = 500;
  for (ConnId i = 1; i <= kCount; ++i) {
    a_->connect({2 * i, endpoint("0.0.0.0", 0), endpoint("127.0.0.1", 179), {}});
  }
  const auto opened = [](const std::vector<bgp::Event>& events) {
    return std::count_if(events.begin(), events.end(), [](const bgp::Event& event) {
      return std::holds_alternative<bgp::ev::TcpOpened>(event);
    });
  };
  EXPECT_TRUE(wait([&] { return opened(at_a_) == kCount && opened(at_b_) == kCount; }))
      << opened(at_a_) << " and " << opened(at_b_);
}

}  // namespace
}  // namespace catflap::runtime
