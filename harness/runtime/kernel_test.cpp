#include "runtime/kernel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "sys/netns.hpp"

namespace catflap::runtime {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A namespace whose only interface is lo, with 192.168.1.1/24 on it.
class KernelTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "skipped: needs root for a network namespace";
    }
    auto& executor = sys::netns::Executor::shared();
    ns_ = std::make_unique<sys::netns::Handle>(executor.create().value());
    other_ = std::make_unique<netlink::Socket>(netlink::Socket::open(executor, *ns_).value());
    netlink::LinkChange up;
    up.up = true;
    ASSERT_TRUE(other_->set_link("lo", up));
    ASSERT_TRUE(other_->add_address(1, net::InterfaceAddress::parse("192.168.1.1/24").value()));
    kernel_ = std::make_unique<Kernel>(Kernel::open(executor, *ns_).value());
    ASSERT_TRUE(kernel_->scan([](const bgp::Event&) {}));
  }

  static bgp::KernelRouteSpec spec(const std::string& prefix, const std::string& via,
                                   std::uint32_t metric = 32) {
    bgp::KernelRouteSpec route;
    route.prefix = net::Prefix::parse(prefix).value();
    route.next_hops = {{net::IpAddr::parse(via).value(), 1, 1, false}};
    route.metric = metric;
    return route;
  }
  void add(const bgp::KernelRouteSpec& route) { kernel_->route({route, true}); }
  void remove(const bgp::KernelRouteSpec& route) { kernel_->route({route, false}); }
  /// The results that came: "10.1.0.0/24 errno".
  std::vector<std::string> commit() {
    std::vector<std::string> results;
    while (kernel_->pending()) {
      const Status done = kernel_->commit([&](const bgp::Event& event) {
        const auto& result = std::get<bgp::ev::KernelRouteResult>(event);
        results.push_back(to_string(result.prefix) + " " + std::to_string(result.sys_errno));
      });
      EXPECT_TRUE(done) << to_string(done.error());
    }
    return results;
  }
  /// Our routes in the kernel.
  std::vector<std::string> routes() {
    std::vector<std::string> out;
    const auto all = other_->routes();
    for (const netlink::RouteInfo& route : *all) {
      if (route.protocol == netlink::route_protocol::kBird) {
        out.push_back(to_string(route));
      }
    }
    return out;
  }

  std::unique_ptr<sys::netns::Handle> ns_;
  std::unique_ptr<netlink::Socket> other_;
  std::unique_ptr<Kernel> kernel_;
};

TEST_F(KernelTest, OnlyTheNewestStateOfARouteIsSent) {
  auto monitor = netlink::Monitor::open(sys::netns::Executor::shared(), *ns_).value();
  add(spec("10.1.0.0/24", "192.168.1.2"));
  add(spec("10.2.0.0/24", "192.168.1.2"));
  remove(spec("10.2.0.0/24", "192.168.1.2"));
  add(spec("10.1.0.0/24", "192.168.1.3"));
  add(spec("10.1.0.0/24", "192.168.1.4", 64));  // another route to the kernel
  EXPECT_THAT(commit(), IsEmpty()) << "a removal of what is not there is no failure";
  EXPECT_THAT(routes(), ElementsAre("10.1.0.0/24 via 192.168.1.3 dev 1 proto bird metric 32",
                                    "10.1.0.0/24 via 192.168.1.4 dev 1 proto bird metric 64"));
  EXPECT_EQ(monitor.read()->size(), 2U) << "an older state was sent";
}

TEST_F(KernelTest, KeepsTheOrderSoThatOneRouteMayNeedAnother) {
  bgp::KernelRouteSpec on_link = spec("172.16.0.0/24", "192.168.1.2");
  on_link.next_hops[0].via.reset();
  add(on_link);
  add(spec("10.1.0.0/24", "172.16.0.1"));
  EXPECT_THAT(commit(), IsEmpty());
  EXPECT_EQ(routes().size(), 2U);
}

TEST_F(KernelTest, TellsRefusalsAndWhenTheyAreOver) {
  add(spec("10.1.0.0/24", "172.31.0.1"));
  add(spec("10.2.0.0/24", "192.168.1.2"));
  EXPECT_THAT(commit(), ElementsAre("10.1.0.0/24 " + std::to_string(ENETUNREACH)));
  add(spec("10.1.0.0/24", "192.168.1.2"));
  EXPECT_THAT(commit(), ElementsAre("10.1.0.0/24 0"));
  remove(spec("10.1.0.0/24", "192.168.1.2"));
  remove(spec("10.2.0.0/24", "192.168.1.2"));
  EXPECT_THAT(commit(), IsEmpty());
  EXPECT_THAT(routes(), IsEmpty());
}

TEST_F(KernelTest, WorksInBatchesAndHoldsUpWhoIsFaster) {
  constexpr std::uint32_t kCount = 3 * Kernel::kBacklogMax / 2;
  for (std::uint32_t i = 0; i < kCount; ++i) {
    bgp::KernelRouteSpec route = spec("10.0.0.0/32", i % 1000 == 7 ? "172.31.0.1" : "192.168.1.2");
    route.prefix = net::Prefix(net::IpAddr::v4(0x0A000000U + i), 32);
    add(route);
  }
  std::size_t refused = 0;
  ASSERT_TRUE(kernel_->commit([&](const bgp::Event&) { ++refused; }));
  EXPECT_TRUE(kernel_->pending()) << "all at once";
  EXPECT_GE(routes().size(), kCount - Kernel::kBacklogMax - refused) << "the backlog is too long";
  refused += commit().size();
  EXPECT_EQ(refused, (kCount + 992) / 1000);
  EXPECT_EQ(routes().size(), kCount - refused);
}

TEST_F(KernelTest, TellsWhatOthersDoAndNotWhatItDoes) {
  add(spec("10.1.0.0/24", "192.168.1.2"));
  add(spec("10.2.0.0/24", "192.168.1.2"));
  commit();
  ASSERT_TRUE(other_->remove_route(to_info(spec("10.2.0.0/24", "192.168.1.2"))));
  bgp::KernelRouteSpec alien = spec("10.3.0.0/24", "192.168.1.2");
  alien.protocol = netlink::route_protocol::kStatic;
  ASSERT_TRUE(other_->replace_route(to_info(alien)));
  std::vector<std::string> told;
  ASSERT_TRUE(kernel_->read_events([&](const bgp::Event& event) {
    if (const auto* route = std::get_if<bgp::ev::KernelRoute>(&event)) {
      told.push_back((route->added ? "+" : "-") + to_string(route->route.prefix));
    }
  }));
  EXPECT_THAT(told, ElementsAre("-10.2.0.0/24", "+10.3.0.0/24"));
}

}  // namespace
}  // namespace catflap::runtime
