#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "expect/evaluate.hpp"
#include "lab/node.hpp"
#include "lab/options.hpp"
#include "lab/run_dir.hpp"
#include "probe/engine.hpp"
#include "sys/event_loop.hpp"
#include "topology/topology.hpp"

namespace catflap::lab {

/// How a check ended, with its explanation as text.
struct CheckResult {
  expect::Check check;
  expect::Outcome outcome;
  std::string text;  ///< the explanation for people
  std::string json;  ///< the same as an object
  bool passed() const { return outcome.status == expect::Status::passed; }
};

/// A running lab on an event loop: nodes, the world they feed, and the checks that wait for it. Belongs to
/// the loop's thread; see Lab for the version that any thread may use.
class Engine {
 public:
  /// Makes the network and starts the daemons; everything is undone on failure. Returns once all daemons run;
  /// they are ready when wait_ready() says so.
  static Result<std::unique_ptr<Engine>> bring_up(sys::EventLoop& loop, topology::Topology topology,
                                                  Options options, const Progress& progress);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Runs the loop until every daemon has told its state. Errors: one exited (with its last words), or the
  /// timeout.
  /// `cancelled`, if given, ends the wait early with Errc::io.
  Status wait_ready(const std::function<bool()>& cancelled = {});
  /// All daemons are asked to end at once, then the namespaces are dropped. Idempotent; blocks for `grace` at
  /// most.
  void tear_down();

  /// Calls `done` once, from the loop, when the check is decided.
  void check(expect::Check check, std::function<void(CheckResult)> done);
  /// Calls `done` once; at once for everything but `exec`.
  void perform(const topology::Action& action, std::function<void(Status)> done);
  /// Undoes what tests did: links up, paused speakers resumed, ended ones started again.
  Status reset();
  /// Evaluates a check as things are now, without waiting.
  CheckResult judge(const expect::Check& check);

  /// False after tear_down().
  bool is_up() const { return up_; }
  const topology::Topology& topology() const { return topology_; }
  const expect::World& world() const { return world_; }
  const RunDir& dir() const { return *dir_; }
  Node* node(std::string_view name);
  const std::vector<std::unique_ptr<Node>>& nodes() const { return nodes_; }
  sys::EventLoop& loop() { return loop_; }
  probe::Engine& probes() { return probes_; }
  Instant started() const { return started_; }

 private:
  struct Waiting;
  struct Probing;

  Engine(sys::EventLoop& loop, topology::Topology topology, Options options);
  Status open(const Progress& progress);
  Status open_daemons();
  Result<NodeConfig> config_of(const expect::WiredNode& node) const;
  void world_changed();
  void evaluate_all();
  void advance(Waiting& waiting);
  void finish(std::list<std::unique_ptr<Waiting>>::iterator at);
  void give_up_checks();
  void set_interest();
  void start_probes(Waiting& waiting);
  void submit_probe(const expect::ProbeRequest& request);
  void probe_done(const expect::ProbeRequest& request, std::vector<probe::ProbeResult> results);
  void stop_probes(const Waiting& waiting);
  Status change_links(const topology::Action& action, bool up);
  void run_command(const topology::Action& action, std::function<void(Status)> done);

  sys::EventLoop& loop_;
  topology::Topology topology_;
  Options options_;
  Instant started_;
  std::unique_ptr<RunDir> dir_;
  expect::World world_;
  probe::Engine probes_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::map<std::string, Node*, std::less<>> by_name_;
  std::list<std::unique_ptr<Waiting>> waiting_;
  std::map<expect::ProbeRequest, std::unique_ptr<Probing>> probing_;
  bool evaluation_due_ = false;
  bool up_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< for callbacks that may come after the end
};

}  // namespace catflap::lab
