// One scripted scenario through all drivers of the speaker's core: (a) catflap-bgpd in each namespace, (b)
// all speakers in this process, each with the sockets of its namespace, (c) the simulation. At every point of
// rest (a) and (b) must come to the decisions of (c): routes with their attributes, exports, kernel routes.
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "birdc/parse.hpp"
#include "lab/engine.hpp"
#include "runtime/driver.hpp"
#include "sim/reference.hpp"
#include "sys/clock.hpp"
#include "topology/load.hpp"

namespace {

using namespace catflap;
using namespace std::chrono_literals;

/// By router.
using Texts = std::map<std::string, std::string>;

/// What (c) decides: at the start, then after each step.
std::vector<Texts> expected(const sim::Reference& reference) {
  sim::Fabric fabric;
  sim::build(reference, fabric);
  std::vector<Texts> points;
  const auto rest = [&] {
    EXPECT_TRUE(fabric.run_until_quiet(40s, 600s));
    Texts texts;
    for (const sim::ReferenceRouter& router : reference.routers) {
      texts[router.name] = sim::decisions(fabric, reference, router.name);
    }
    points.push_back(std::move(texts));
  };
  rest();
  for (const sim::ReferenceStep& step : reference.steps) {
    sim::apply(step, fabric);
    rest();
  }
  return points;
}

/// The scenario in namespaces; how the speakers run is for the drivers below to say.
class Driver {
 public:
  Driver(const sim::Reference& reference, const std::string& speaker) : reference_(reference) {
    folder_ = std::filesystem::temp_directory_path() / ("catflap-equivalence-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    std::string yaml = "lab: equivalence\nnodes:\n";
    for (const sim::ReferenceRouter& router : reference.routers) {
      write_config(router.name, router.config);
      yaml += "  " + router.name + ": { speaker: " + speaker +
              (speaker == "none" ? "" : ", config: " + router.name + ".conf") + " }\n";
    }
    yaml += "links:\n";
    for (const sim::ReferenceLink& link : reference.links) {
      yaml += "  - { ends: [" + link.a + ":" + link.a_interface + ", " + link.b + ":" + link.b_interface +
              "], addresses: [" + link.a_address + ", " + link.b_address + "], bgp: false }\n";
    }
    loop_ = std::move(*sys::EventLoop::create());
    auto report = topology::load(yaml, "equivalence.yaml");
    for (const topology::Diagnostic& diagnostic : report.diagnostics) {
      ADD_FAILURE() << diagnostic.message;
    }
    lab::Options options;
    options.base_dir = folder_;
    options.instance = "equivalence-" + std::to_string(::getpid());
    auto engine = lab::Engine::bring_up(*loop_, *report.topology, options, {});
    if (!engine) {
      error_ = engine.error();
      return;
    }
    engine_ = std::move(*engine);
  }
  virtual ~Driver() {
    engine_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  const std::optional<Error>& error() const { return error_; }
  virtual void apply(const sim::ReferenceStep& step) = 0;
  virtual std::string decisions(const sim::ReferenceRouter& router) = 0;
  virtual void one_round(Duration timeout) { loop_->run_once(timeout); }

  /// Waits until every router has decided as `wanted` says.
  void expect_rest(const Texts& wanted, const std::string& when) {
    const Instant give_up = sys::monotonic_now() + 60s;
    std::string differs;
    do {
      one_round(20ms);
      differs.clear();
      for (const sim::ReferenceRouter& router : reference_.routers) {
        if (decisions(router) != wanted.at(router.name)) {
          differs = router.name;
          break;
        }
      }
    } while (!differs.empty() && sys::monotonic_now() < give_up);
    if (!differs.empty()) {
      for (const sim::ReferenceRouter& router : reference_.routers) {
        EXPECT_EQ(decisions(router), wanted.at(router.name)) << router.name << ", " << when;
      }
    }
  }

 protected:
  void write_config(const std::string& node, const std::string& text) const {
    std::ofstream(folder_ / (node + ".conf")) << text;
  }
  std::vector<std::string> fib(const std::string& node) {
    std::vector<std::string> lines;
    lab::Node& where = *engine_->node(node);
    const auto routes = where.net().netlink->routes();
    const auto links = where.net().netlink->links();
    for (const netlink::RouteInfo& route : routes.value()) {
      constexpr std::uint8_t kProtocolBird = 12;
      if (route.protocol != kProtocolBird) {
        continue;
      }
      const observe::RouteView view = netlink::to_view(route, *links);
      std::vector<std::pair<std::string, std::string>> next_hops;
      for (const observe::NextHopView& hop : view.next_hops) {
        next_hops.emplace_back(hop.via ? net::to_string(*hop.via) : "-", hop.interface);
      }
      lines.push_back(sim::fib_line(view.prefix, view.type, std::move(next_hops)));
    }
    return lines;
  }

  const sim::Reference& reference_;
  std::filesystem::path folder_;
  std::unique_ptr<sys::EventLoop> loop_;
  std::unique_ptr<lab::Engine> engine_;
  std::optional<Error> error_;
};

/// (a): catflap-bgpd, seen through its control socket.
class Daemons final : public Driver {
 public:
  explicit Daemons(const sim::Reference& reference) : Driver(reference, "self") {
    if (engine_ != nullptr) {
      if (auto ready = engine_->wait_ready(); !ready) {
        error_ = ready.error();
      }
    }
  }

  void apply(const sim::ReferenceStep& step) override {
    using What = sim::ReferenceStep::What;
    switch (step.what) {
      case What::configure:
        write_config(step.node, step.argument);
        ask(step.node, "configure");
        return;
      case What::link_down:
      case What::link_up:
        ASSERT_TRUE(engine_->node(step.node)->set_link(step.argument, step.what == What::link_up));
        return;
      case What::restart:
        ask(step.node, "restart " + step.argument);
        return;
      case What::disable:
        ask(step.node, "disable " + step.argument);
        return;
      case What::enable:
        ask(step.node, "enable " + step.argument);
        return;
    }
  }

  std::string decisions(const sim::ReferenceRouter& router) override {
    sim::Decisions result;
    result.routes = routes(router.name, "show route all");
    const auto protocols = birdc::parse_protocols(clock(), ask(router.name, "show protocols all"));
    for (const std::string& name : sim::bgp_protocols(router.config)) {
      for (const observe::ProtocolView& protocol : protocols.value()) {
        if (protocol.name == name && protocol.session &&
            protocol.session->state == observe::SessionState::established) {
          result.exports.emplace_back(name, routes(router.name, "show route export " + name));
        }
      }
    }
    result.fib = fib(router.name);
    return sim::to_text(result);
  }

 private:
  static birdc::Clock clock() { return {sys::monotonic_now(), 0, 0}; }
  birdc::Reply ask(const std::string& node, const std::string& command) {
    std::optional<Result<birdc::Reply>> reply;
    engine_->node(node)->command(command, [&](Result<birdc::Reply> got) { reply = std::move(got); });
    loop_->run_until(sys::monotonic_now() + 20s, [&] { return reply.has_value(); });
    EXPECT_TRUE(reply && *reply) << node << ": " << command;
    return reply && *reply ? **reply : birdc::Reply{};
  }
  std::vector<observe::RouteView> routes(const std::string& node, const std::string& command) {
    auto parsed = birdc::parse_routes(clock(), ask(node, command));
    EXPECT_TRUE(parsed) << node << ": " << command;
    return parsed ? *parsed : std::vector<observe::RouteView>();
  }
};

/// (b): the speakers live here.
class InProcess final : public Driver {
 public:
  explicit InProcess(const sim::Reference& reference) : Driver(reference, "none") {
    if (engine_ == nullptr) {
      return;
    }
    auto& executor = sys::netns::Executor::shared();
    std::uint64_t seed = 100;
    for (const sim::ReferenceRouter& router : reference.routers) {
      const auto ns = engine_->node(router.name)->net().ns;
      auto kernel = runtime::Kernel::open(executor, *ns);
      if (!kernel) {
        error_ = kernel.error();
        return;
      }
      runtime::SpeakerDriver::Options options;
      options.sockets = [&executor, ns](int family, int type, int protocol) {
        return executor.socket_in(*ns, family, type, protocol);
      };
      options.seed = seed++;
      auto driver = std::make_unique<runtime::SpeakerDriver>(*loop_, std::move(*kernel), std::move(options),
                                                             runtime::SpeakerDriver::Hooks{});
      if (auto started = driver->start(); !started) {
        error_ = started.error();
        return;
      }
      drivers_[router.name] = std::move(driver);
      configure(router.name, router.config);
    }
  }
  ~InProcess() override { drivers_.clear(); }

  void one_round(Duration timeout) override {
    for (const auto& [name, driver] : drivers_) {
      driver->process();
    }
    loop_->run_once(timeout);
    for (const auto& [name, driver] : drivers_) {
      driver->process();
    }
  }

  void apply(const sim::ReferenceStep& step) override {
    using What = sim::ReferenceStep::What;
    using Verb = bgp::ev::Admin::Verb;
    runtime::SpeakerDriver& driver = *drivers_.at(step.node);
    switch (step.what) {
      case What::configure:
        configure(step.node, step.argument);
        return;
      case What::link_down:
      case What::link_up:
        ASSERT_TRUE(engine_->node(step.node)->set_link(step.argument, step.what == What::link_up));
        return;
      case What::restart:
        driver.tell(bgp::ev::Admin{Verb::restart, step.argument, ""});
        return;
      case What::disable:
        driver.tell(bgp::ev::Admin{Verb::disable, step.argument, ""});
        return;
      case What::enable:
        driver.tell(bgp::ev::Admin{Verb::enable, step.argument, ""});
        return;
    }
  }

  std::string decisions(const sim::ReferenceRouter& router) override {
    const bgp::Speaker& speaker = drivers_.at(router.name)->speaker();
    sim::Decisions result;
    const auto collect = [&](const bgp::RouteQuery& query) {
      std::vector<observe::RouteView> found;
      EXPECT_TRUE(speaker.routes(query, [&](const observe::RouteView& route) {
        found.push_back(route);
        return true;
      }));
      return found;
    };
    result.routes = collect({});
    const observe::Snapshot snapshot = speaker.snapshot(sys::monotonic_now());
    for (const std::string& name : sim::bgp_protocols(router.config)) {
      for (const observe::ProtocolView& protocol : snapshot.protocols) {
        if (protocol.name == name && protocol.session->state == observe::SessionState::established) {
          bgp::RouteQuery query;
          query.export_mode = bgp::RouteQuery::Export::exported;
          query.export_protocol = name;
          result.exports.emplace_back(name, collect(query));
        }
      }
    }
    result.fib = fib(router.name);
    return sim::to_text(result);
  }

 private:
  void configure(const std::string& node, const std::string& text) {
    drivers_.at(node)->tell(bgp::ev::Configure{
        std::make_shared<const intent::RouterIntent>(sim::parse_config(text)), false, false});
  }

  std::map<std::string, std::unique_ptr<runtime::SpeakerDriver>> drivers_;
};

template <class T>
class DriverEquivalence : public testing::Test {};
using Drivers = testing::Types<Daemons, InProcess>;
struct DriverNames {
  template <class T>
  static std::string GetName(int index) {
    return index == 0 ? "Daemons" : "InProcess";
  }
};
TYPED_TEST_SUITE(DriverEquivalence, Drivers, DriverNames);

TYPED_TEST(DriverEquivalence, SameDecisionsAsTheSimulation) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "skipped: network namespaces need root";
  }
  const sim::Reference reference = sim::reference_scenario();
  const std::vector<Texts> points = expected(reference);
  TypeParam driver(reference);
  ASSERT_FALSE(driver.error()) << driver.error()->message;
  driver.expect_rest(points[0], "at the start");
  for (std::size_t i = 0; i < reference.steps.size() && !this->HasFailure(); ++i) {
    driver.apply(reference.steps[i]);
    driver.expect_rest(points[i + 1], reference.steps[i].name);
  }
}

}  // namespace
