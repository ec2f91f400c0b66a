#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "expect/check.hpp"
#include "lab/lab.hpp"
#include "lab/options.hpp"
#include "topology/topology.hpp"

namespace catflap {

/// What the test API throws: test frameworks turn it into a failure with the text. Nothing below the test API
/// throws.
class LabError : public std::runtime_error {
 public:
  explicit LabError(catflap::Error error);
  const catflap::Error& error() const noexcept { return error_; }
  /// The machine lacks something (privilege, a program, a kernel feature): a test should skip, not fail.
  bool is_missing_capability() const noexcept;

 private:
  catflap::Error error_;
};

/// What a command in a node printed and how it ended.
struct Output {
  int code = 0;  ///< exit code; 128 + N for signal N, as a shell says it
  std::string out, err;
  bool ok() const { return code == 0; }
};

/// One end of a BGP session as its daemon reports it.
struct SessionEnd {
  std::string node, peer, protocol;
  observe::SessionView view;
};

/// Something that happened, in time since the lab was started.
struct Event {
  Duration at{};
  std::string node, text;
};

/// Reads a topology file. Throws LabError with every mistake in the file, a line each; `where` is that of the
/// first.
topology::Topology load(const std::filesystem::path& file);
/// The same of a text; `name` stands for the file in messages.
topology::Topology load_text(const std::string& yaml, const std::string& name);
/// Throws LabError with everything that is wrong with a topology built in code.
void require_valid(const topology::Topology& topology);

/// A lab that is up, shared by the handles (nodes, links, sessions) that point into it. Any thread may call
/// any function. After down() every call throws LabError.
class Running {
 public:
  static std::shared_ptr<Running> up(topology::Topology topology, lab::Options options = {});
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  /// Asked every 50 ms while checks wait; true gives up the wait.
  using Interrupted = std::function<bool()>;
  /// Decides all checks at the same time; nullopt if interrupted.
  std::optional<std::vector<lab::CheckResult>> check_all(std::vector<expect::Check> checks,
                                                         const Interrupted& interrupted = {});
  lab::CheckResult check(expect::Check check);
  /// As things are now, without waiting. A ping is judged by the last probe: use check() for it.
  lab::CheckResult judge(const expect::Check& check);

  void perform(const topology::Action& action);
  Output exec(const std::string& node, const std::string& command, std::chrono::milliseconds timeout);
  /// Undoes what tests did: links up, speakers resumed and started.
  void reset();
  /// Idempotent.
  void down();
  bool is_up() const;

  const topology::Topology& topology() const { return topology_; }
  const std::string& instance() const { return instance_; }
  bool has_node(const std::string& name) const { return topology_.node(name) != nullptr; }
  /// Names the node that is spelled nearest.
  Error no_such_node(const std::string& name) const;
  /// The sessions that both or one of the ends report now; empty names stand for any node.
  std::vector<SessionEnd> sessions(const std::string& node = "", const std::string& peer = "");
  /// The kernel's routes (all tables), or the daemon's.
  std::vector<observe::RouteView> routes(const std::string& node, bool kernel);
  std::vector<Event> timeline();
  /// Nodes, processes and sessions as a JSON object.
  std::string status_json();
  std::string run_dir();

 private:
  Running(topology::Topology topology, std::unique_ptr<lab::Lab> lab);
  /// Runs `body(engine)` on the engine's thread.
  template <class F>
  auto call(F body) {
    const std::lock_guard lock(mutex_);
    return require_up().call(std::move(body));
  }
  lab::Lab& require_up() const;

  topology::Topology topology_;
  std::string instance_;
  mutable std::mutex mutex_;       ///< guards lab_: no request may be posted after down()
  std::unique_ptr<lab::Lab> lab_;  ///< nullptr after down()
};

}  // namespace catflap
