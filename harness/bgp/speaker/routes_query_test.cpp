#include "bgp/speaker/query.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sim/testing.hpp"

/// Speaker::routes walked in steps, as a long `show route` does.
namespace catflap::bgp::testing {
namespace {

/// Shows `query` in steps of at most `step` prefixes; `between` runs after each.
template <class Between>
std::vector<std::string> in_steps(VirtualNetwork& net, RouteQuery query, std::size_t step,
                                  Between&& between) {
  std::vector<std::string> shown;
  bool done = false;
  while (!done) {
    done = true;
    std::size_t here = 0;
    std::optional<net::Prefix> last;
    EXPECT_TRUE(net.speaker("r1").routes(query, [&](const observe::RouteView& route) {
      if (route.prefix != last && ++here > step) {
        done = false;
        return false;
      }
      last = route.prefix;
      shown.push_back(to_string(route.prefix));
      return true;
    }));
    query.after = last ? last : query.after;
    between();
  }
  return shown;
}

class RoutesInSteps : public ::testing::TestWithParam<std::size_t> {
 protected:
  RoutesInSteps() {
    net.add_node("r1");
    intent = router(0x0A000001);
    intent.protocols = {device(), blackholes("own", prefixes)};
    net.configure("r1", intent);
    net.run_for(std::chrono::seconds(1));
    query.tables = {"master4"};
  }
  const std::vector<std::string> prefixes{"10.0.0.0/8",  "10.1.0.0/16", "10.1.0.0/24",
                                          "10.1.1.0/24", "10.2.0.0/16", "172.16.0.0/12"};
  VirtualNetwork net;
  intent::RouterIntent intent;
  RouteQuery query;
};

TEST_P(RoutesInSteps, TellAllOnceInOrder) {
  EXPECT_EQ(in_steps(net, query, GetParam(), [] {}), prefixes);
}

TEST_P(RoutesInSteps, StayInsideThePrefix) {
  query.within = prefix("10.1.0.0/16");
  EXPECT_EQ(in_steps(net, query, GetParam(), [] {}),
            (std::vector<std::string>{"10.1.0.0/16", "10.1.0.0/24", "10.1.1.0/24"}));
  query.within = prefix("10.1.0.0/17");  // has no route of its own
  EXPECT_EQ(in_steps(net, query, GetParam(), [] {}),
            (std::vector<std::string>{"10.1.0.0/24", "10.1.1.0/24"}));
  query.within = prefix("fd00::/8");
  EXPECT_TRUE(in_steps(net, query, GetParam(), [] {}).empty());
}

TEST_P(RoutesInSteps, GoOnWhenTheTableIsEmptiedInBetween) {
  const auto shown = in_steps(net, query, GetParam(), [&] {
    intent.protocols = {device()};
    net.configure("r1", intent);
    net.run_for(std::chrono::seconds(1));
  });
  EXPECT_EQ(shown.size(), std::min(GetParam(), prefixes.size()));
}

INSTANTIATE_TEST_SUITE_P(Steps, RoutesInSteps, ::testing::Values(1, 2, 5, 6, 100));

}  // namespace
}  // namespace catflap::bgp::testing
