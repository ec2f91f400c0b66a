#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/instant.hpp"
#include "catflap/running.hpp"
#include "expect/check.hpp"

namespace catflap {

/// How long EXPECT_SOON waits at most.
struct Within {
  Duration time{};
};
/// How long EXPECT_ALWAYS and EXPECT_NEVER watch.
struct During {
  Duration time{};
};
constexpr Within within(Duration time) {
  return {time};
}
constexpr During during(Duration time) {
  return {time};
}

/// A statement about a lab that is up; it says nothing until it is waited for. A value: cheap to copy, usable
/// several times.
class Expectation {
 public:
  Expectation(std::shared_ptr<Running> lab, expect::Check check)
      : lab_(std::move(lab)), check_(std::move(check)) {}

  const expect::Check& check() const { return check_; }
  /// Waits until it is true; nullopt: as long as the timers of the lab need.
  lab::CheckResult eventually(std::optional<Duration> time = std::nullopt) const {
    return decide(expect::Mode::eventually, time);
  }
  /// True now and all the time.
  lab::CheckResult holds(Duration time) const { return decide(expect::Mode::holds, time); }
  /// Not true for all the time.
  lab::CheckResult never(Duration time) const { return decide(expect::Mode::never, time); }
  /// Whether it is true now. Of a ping: whether the last probe of a running check was answered.
  bool now() const { return lab_->judge(check_).passed(); }

 protected:
  template <class T>
  T& what() {
    return std::get<T>(check_.what);
  }

 private:
  lab::CheckResult decide(expect::Mode mode, std::optional<Duration> time) const {
    expect::Check check = check_;
    check.mode = mode;
    check.time = time;
    return lab_->check(std::move(check));
  }

  std::shared_ptr<Running> lab_;
  expect::Check check_;
};

class Node;

/// A route that a table should have, or lack: what is not said may be anything.
class RouteExpectation : public Expectation {
 public:
  RouteExpectation(std::shared_ptr<Running> lab, expect::RouteCheck route)
      : Expectation(std::move(lab), {"", std::move(route), expect::Mode::eventually, {}, {}}) {}

  /// Among the next hops: a node that has the address, or the address.
  RouteExpectation via(const Node& node) const;
  RouteExpectation via(const net::IpAddr& addr) const {
    return with([&](auto& route) { route.via.push_back({"", addr}); });
  }
  /// Interface of a next hop.
  RouteExpectation dev(std::string interface) const {
    return with([&](auto& route) { route.dev.push_back(std::move(interface)); });
  }
  /// Kernel: "bird", "kernel", "static"; RIB: name of the protocol or its source.
  RouteExpectation proto(std::string name) const {
    return with([&](auto& route) { route.proto = std::move(name); });
  }
  RouteExpectation metric(std::uint32_t value) const {
    return with([&](auto& route) { route.metric = value; });
  }
  RouteExpectation next_hops(std::uint32_t count) const {
    return with([&](auto& route) { route.next_hops = count; });
  }
  /// Kernel table; main (254) if not said.
  RouteExpectation table(std::uint32_t number) const {
    return with([&](auto& route) { route.table = number; });
  }
  RouteExpectation type(observe::RouteType kind) const {
    return with([&](auto& route) { route.type = kind; });
  }
  /// BGP attributes are looked up in the RIB; asked of a Fib, both the kernel and the RIB must agree.
  RouteExpectation as_path(std::vector<std::uint32_t> path) const {
    return with([&](auto& route) { route.as_path = std::move(path); });
  }
  RouteExpectation from_peer(const Node& node) const;
  RouteExpectation from_peer(const net::IpAddr& addr) const {
    return with([&](auto& route) { route.from_peer = expect::Target{"", addr}; });
  }
  RouteExpectation local_pref(std::uint32_t value) const {
    return with([&](auto& route) { route.local_pref = value; });
  }
  RouteExpectation med(std::uint32_t value) const {
    return with([&](auto& route) { route.med = value; });
  }
  RouteExpectation community(std::uint16_t as, std::uint16_t value) const {
    return with([&](auto& route) { route.communities.push_back(std::uint32_t{as} << 16U | value); });
  }

 private:
  template <class F>
  RouteExpectation with(F change) const {
    RouteExpectation copy = *this;
    change(copy.what<expect::RouteCheck>());
    return copy;
  }
};

/// Echo requests that should be answered, or not.
class PingExpectation : public Expectation {
 public:
  PingExpectation(std::shared_ptr<Running> lab, expect::PingCheck ping)
      : Expectation(std::move(lab), {"", std::move(ping), expect::Mode::eventually, {}, {}}) {}

  PingExpectation source(const net::IpAddr& addr) const {
    return with([&](auto& ping) { ping.source = addr; });
  }
  /// Requests in one go.
  PingExpectation count(std::uint32_t requests) const {
    return with([&](auto& ping) { ping.count = requests; });
  }
  PingExpectation loss_at_most(std::uint32_t percent) const {
    return with([&](auto& ping) { ping.loss_percent_max = percent; });
  }

 private:
  template <class F>
  PingExpectation with(F change) const {
    PingExpectation copy = *this;
    change(copy.what<expect::PingCheck>());
    return copy;
  }
};

}  // namespace catflap
