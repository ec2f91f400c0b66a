#include "runtime/shard.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "birdlang/birdlang.hpp"
#include "sys/clock.hpp"

namespace catflap::runtime {
namespace {

constexpr auto kPatience = std::chrono::seconds(60);

/// Routers in a ring, one namespace and one speaker each, all in this thread: router i has AS 64512 + i, the
/// network 10.0.i.0/24, and links 172.16.i.0/30 (to the next) and 172.16.(i-1).0/30 (to the one before).
class Ring {
 public:
  explicit Ring(int size) : size_(size) {
    auto& executor = sys::netns::Executor::shared();
    for (int i = 0; i < size; ++i) {
      spaces_.push_back(executor.create().value());
    }
    for (int i = 0; i < size; ++i) {
      link(i, (i + 1) % size);
    }
    for (int i = 0; i < size; ++i) {
      drivers_.push_back(
          shard_->add(executor, spaces_[at(i)], {static_cast<std::uint64_t>(i) + 1, {}}).value());
      auto intent = birdlang::parse(config(i), "ring.conf", {});
      EXPECT_TRUE(intent) << to_string(intent.error());
      drivers_.back()->tell(
          bgp::ev::Configure{std::make_shared<const intent::RouterIntent>(std::move(*intent))});
    }
  }

  bool run_until(const std::function<bool()>& done) {
    return shard_->run_until(sys::monotonic_now() + kPatience, done);
  }
  /// Prefixes of 10/16 that a router has a route to.
  int networks(int router) {
    int count = 0;
    bgp::RouteQuery query;
    query.within = net::Prefix::parse("10.0.0.0/8").value();
    query.primary = true;
    (void)drivers_[at(router)]->speaker().routes(query,
                                                 [&](const observe::RouteView&) { return ++count > 0; });
    return count;
  }
  bool all_know(int count) {
    while (known_ < size_ && networks(known_) == count) {
      ++known_;
    }
    return known_ == size_;
  }
  void again() { known_ = 0; }
  /// Our routes in the kernel of a router.
  std::size_t in_kernel(int router) {
    auto socket = netlink::Socket::open(sys::netns::Executor::shared(), spaces_[at(router)]).value();
    const auto routes = socket.routes().value();
    return static_cast<std::size_t>(std::count_if(
        routes.begin(), routes.end(),
        [](const netlink::RouteInfo& route) { return route.protocol == netlink::route_protocol::kBird; }));
  }
  SpeakerDriver& driver(int router) { return *drivers_[at(router)]; }

 private:
  static std::size_t at(int i) { return static_cast<std::size_t>(i); }
  void link(int a, int b) {
    auto& executor = sys::netns::Executor::shared();
    auto here = netlink::Socket::open(executor, spaces_[at(a)]).value();
    auto there = netlink::Socket::open(executor, spaces_[at(b)]).value();
    EXPECT_TRUE(here.add_veth({.name = "next"}, {.name = "last"}, spaces_[at(b)]));
    const std::string net = "172.16." + std::to_string(a) + ".";
    up(here, "next", net + "1/30");
    up(there, "last", net + "2/30");
  }
  static void up(netlink::Socket& socket, const std::string& name, const std::string& address) {
    netlink::LinkChange change;
    change.up = true;
    EXPECT_TRUE(socket.set_link(name, change));
    EXPECT_TRUE(
        socket.add_address(socket.link(name).value().index, net::InterfaceAddress::parse(address).value()));
  }
  std::string config(int i) const {
    const int before = (i + size_ - 1) % size_;
    const auto text = [](int number) { return std::to_string(number); };
    const auto session = [&](const std::string& name, const std::string& net, int own, int other, int peer) {
      return "protocol bgp " + name + " { local " + net + text(own) + " as " + text(64512 + i) +
             "; neighbor " + net + text(other) + " as " + text(64512 + peer) +
             "; ipv4 { import all; export all; }; }\n";
    };
    return "router id 192.0.2." + text(i + 1) +
           ";\nprotocol device { }\nprotocol kernel { ipv4 { export all; }; }\n" +
           "protocol static { ipv4; route 10.0." + text(i) + ".0/24 blackhole; }\n" +
           session("after_me", "172.16." + text(i) + ".", 1, 2, (i + 1) % size_) +
           session("before_me", "172.16." + text(before) + ".", 2, 1, before);
  }

  int size_;
  int known_ = 0;  ///< routers before this one know all
  std::vector<sys::netns::Handle> spaces_;
  std::unique_ptr<Shard> shard_ = Shard::create().value();
  std::vector<SpeakerDriver*> drivers_;
};

/// CATFLAP_SHARD_SPEAKERS: how many, for measuring (at most 250).
TEST(Shard, ManySpeakersInOneThreadConverge) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "skipped: needs root for network namespaces";
  }
  const char* const asked = std::getenv("CATFLAP_SHARD_SPEAKERS");
  const int size = asked != nullptr ? std::atoi(asked) : 20;
  Ring ring(size);
  const Instant start = sys::monotonic_now();
  ASSERT_TRUE(ring.run_until([&] { return ring.all_know(size); }))
      << ring.networks(0) << " networks at the first";
  const Duration taken = sys::monotonic_now() - start;
  std::printf("%d speakers converged in %.1f ms\n", size,
              std::chrono::duration<double, std::milli>(taken).count());
  ASSERT_TRUE(ring.run_until([&] { return !ring.driver(size / 2).busy(); }));
  EXPECT_EQ(ring.in_kernel(size / 2), static_cast<std::size_t>(size));

  // One of them withdraws its network: every other forgets it, and it alone was told anything.
  ring.driver(0).tell(bgp::ev::Admin{bgp::ev::Admin::Verb::disable, "static1", ""});
  ring.again();
  EXPECT_TRUE(ring.run_until([&] { return ring.all_know(size - 1); })) << ring.networks(1);
}

}  // namespace
}  // namespace catflap::runtime
