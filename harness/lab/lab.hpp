#pragma once

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "lab/engine.hpp"
#include "lab/options.hpp"
#include "sys/event_loop.hpp"
#include "topology/topology.hpp"

namespace catflap::lab {

/// A running lab for C++ tests, Python and tools: an Engine on a thread of its own. Gone with the object, or
/// with the process, however it ends. Any thread may call any function; calls block until the engine has
/// answered.
class Lab {
 public:
  /// Returns when every speaker answers (sessions may still be on their way). Nothing is left behind on
  /// failure.
  static Result<std::unique_ptr<Lab>> up(topology::Topology topology, Options options = {},
                                         Progress progress = {});
  ~Lab();
  Lab(const Lab&) = delete;
  Lab& operator=(const Lab&) = delete;

  /// Waits until the check is decided.
  CheckResult check(expect::Check check);
  /// All at the same time; results in the order of the checks.
  std::vector<CheckResult> check_all(std::vector<expect::Check> checks);
  /// As things are now, without waiting. Pings are judged by the last probe, so use check() for them.
  CheckResult judge(const expect::Check& check);
  Status perform(const topology::Action& action);
  /// Restarts what a test changed: links up again, paused speakers resumed, stopped ones started.
  Status reset();
  /// Takes the lab down; idempotent.
  void down();

  /// Runs `body(engine)` on the engine's thread and returns what it returns. Not after down().
  template <class F>
  auto call(F body) {
    using T = decltype(body(std::declval<Engine&>()));
    std::promise<T> promise;
    auto future = promise.get_future();
    loop_->post([&] {
      if constexpr (std::is_void_v<T>) {
        body(*engine_);
        promise.set_value();
      } else {
        promise.set_value(body(*engine_));
      }
    });
    return future.get();
  }

  const topology::Topology& topology() const { return topology_; }
  const std::string& instance() const { return instance_; }

 private:
  Lab(topology::Topology topology, std::string instance)
      : topology_(std::move(topology)), instance_(std::move(instance)) {}

  topology::Topology topology_;
  std::string instance_;
  std::unique_ptr<sys::EventLoop> loop_;
  std::unique_ptr<Engine> engine_;  ///< used on the thread only
  std::thread thread_;
  bool down_ = false;
};

/// A name for a lab that lives in this process: "two-router.4711-1".
std::string process_instance(const std::string& lab);

}  // namespace catflap::lab
