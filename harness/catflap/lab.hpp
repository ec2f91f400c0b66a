#pragma once

#include <array>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catflap/expectation.hpp"
#include "catflap/literals.hpp"
#include "catflap/running.hpp"
#include "topology/generate.hpp"
#include "topology/topology.hpp"

/// The lab as tests in C++ see it. Handles (Node, Link, Session, ...) are small values that point into the
/// lab and keep it; what cannot be done throws LabError.
namespace catflap {

using net::IpAddr;
using net::Prefix;
using topology::chain;
using topology::clos;
using topology::ClosShape;
using topology::full_mesh;
using topology::ring;
using topology::star;
using topology::Topology;

class Node;

/// The BGP sessions between two nodes, one for each family, with both ends.
class Session {
 public:
  Session(std::shared_ptr<Running> lab, std::string a, std::string b)
      : lab_(std::move(lab)), a_(std::move(a)), b_(std::move(b)) {}

  /// Both ends are Established.
  Expectation established() const { return expectation(observe::SessionState::established, false, ""); }
  /// Neither end is Established. `reason`: part of an end's last error or NOTIFICATION, case ignored.
  Expectation not_established(std::string reason = "") const {
    return expectation(observe::SessionState::established, true, std::move(reason));
  }
  /// In this state, as the first node reports it.
  Expectation in_state(observe::SessionState state) const { return expectation(state, false, ""); }
  /// What the daemons report now.
  std::vector<SessionEnd> ends() const { return lab_->sessions(a_, b_); }

 private:
  Expectation expectation(observe::SessionState state, bool negated, std::string reason) const;

  std::shared_ptr<Running> lab_;
  std::string a_, b_;
};

/// Every BGP session of a lab.
class Sessions {
 public:
  explicit Sessions(std::shared_ptr<Running> lab) : lab_(std::move(lab)) {}
  Expectation all_established() const;
  std::vector<SessionEnd> ends() const { return lab_->sessions(); }

 private:
  std::shared_ptr<Running> lab_;
};

/// A table of routes of a node: the kernel's (Fib) or the daemon's (Rib).
class RouteTableHandle {
 public:
  RouteTableHandle(std::shared_ptr<Running> lab, std::string node, bool kernel)
      : lab_(std::move(lab)), node_(std::move(node)), kernel_(kernel) {}

  /// A route to exactly this prefix.
  RouteExpectation has(const net::Prefix& to) const { return expectation(to, false); }
  /// No route to it, or none that is as said: lacks(p).via(r1).
  RouteExpectation lacks(const net::Prefix& to) const { return expectation(to, true); }
  std::vector<observe::RouteView> routes() const { return lab_->routes(node_, kernel_); }

 private:
  RouteExpectation expectation(const net::Prefix& to, bool absent) const;

  std::shared_ptr<Running> lab_;
  std::string node_;
  bool kernel_;
};
using Fib = RouteTableHandle;
using Rib = RouteTableHandle;

/// The links between two nodes, or all of a node.
class Link {
 public:
  Link(std::shared_ptr<Running> lab, topology::Action ends) : lab_(std::move(lab)), ends_(std::move(ends)) {}
  void down() const { perform(topology::Action::Verb::down); }
  void up() const { perform(topology::Action::Verb::up); }

 private:
  void perform(topology::Action::Verb verb) const;

  std::shared_ptr<Running> lab_;
  topology::Action ends_;
};

class Node {
 public:
  Node(std::shared_ptr<Running> lab, std::string name) : lab_(std::move(lab)), name_(std::move(name)) {}

  const std::string& name() const { return name_; }
  Session session(const Node& other) const { return {lab_, name_, other.name_}; }
  Fib fib() const { return {lab_, name_, true}; }
  Rib rib() const { return {lab_, name_, false}; }
  /// Echo requests are answered. A node as target is its first lo address, else one that this node can see.
  PingExpectation pings(const net::IpAddr& to) const { return ping({"", to}, false); }
  PingExpectation pings(const Node& to) const { return ping({to.name_, std::nullopt}, false); }
  /// No echo request is answered.
  PingExpectation cannot_ping(const net::IpAddr& to) const { return ping({"", to}, true); }
  PingExpectation cannot_ping(const Node& to) const { return ping({to.name_, std::nullopt}, true); }
  /// The speaker runs.
  Expectation alive() const;

  void kill() const { perform(topology::Action::Verb::kill); }        ///< SIGKILL
  void stop() const { perform(topology::Action::Verb::stop); }        ///< SIGTERM, and waits
  void restart() const { perform(topology::Action::Verb::restart); }  ///< starts it if it does not run
  void pause() const { perform(topology::Action::Verb::pause); }      ///< the speaker hangs
  void resume() const { perform(topology::Action::Verb::resume); }
  /// All links between the two.
  Link link(const Node& other) const;
  /// Runs /bin/sh -c in the node and waits for its end.
  Output exec(const std::string& command,
              std::chrono::milliseconds timeout = std::chrono::seconds(10)) const {
    return lab_->exec(name_, command, timeout);
  }

 private:
  PingExpectation ping(expect::Target to, bool blocked) const;
  void perform(topology::Action::Verb verb) const;

  std::shared_ptr<Running> lab_;
  std::string name_;
};

/// A lab that is up as long as the object lives. Gone with it, or with the process, however that ends.
class Lab {
 public:
  explicit Lab(Topology topology, lab::Options options = {})
      : running_(Running::up(std::move(topology), std::move(options))) {}
  /// From a topology file.
  explicit Lab(const std::filesystem::path& file) : Lab(load(file)) {}
  ~Lab() {
    if (running_ != nullptr) {
      running_->down();
    }
  }
  Lab(Lab&&) noexcept = default;
  Lab& operator=(Lab&&) = delete;
  Lab(const Lab&) = delete;
  Lab& operator=(const Lab&) = delete;

  /// Throws LabError, with the nearest name, if there is no such node.
  Node operator[](const std::string& name) const;
  /// auto [r1, r2] = lab.nodes("r1", "r2");
  template <class... Names>
  std::array<Node, sizeof...(Names)> nodes(const Names&... names) const {
    return {(*this)[names]...};
  }
  Sessions sessions() const { return Sessions(running_); }
  /// "r1 -- r2", "r1:eth0 -- r2", "r1:eth0" (that interface) or "r1" (all of them).
  Link link(std::string_view ends) const;
  void reset() const { running_->reset(); }
  void down() const { running_->down(); }
  const Topology& topology() const { return running_->topology(); }
  const std::shared_ptr<Running>& running() const { return running_; }

 private:
  std::shared_ptr<Running> running_;
};

/// "r1 -- r2", "r1:eth0 -- r2:eth0", "r1:eth0", "r1" as an action's subject. Throws LabError.
topology::Action parse_link(std::string_view ends);

}  // namespace catflap
