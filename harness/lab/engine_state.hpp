#pragma once

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "lab/engine.hpp"

/// What Engine keeps of the checks that wait; internal to the engine's files.
namespace catflap::lab {

struct Engine::Waiting {
  Waiting(expect::Check check, Instant now, expect::Evaluator::Options options,
          std::function<void(CheckResult)> when_done)
      : evaluator(std::move(check), now, options), done(std::move(when_done)) {}

  expect::Evaluator evaluator;
  std::function<void(CheckResult)> done;
  std::vector<expect::ProbeRequest> probes;
  sys::EventLoop::TimerId timer = sys::EventLoop::TimerId::none;
  Instant timer_at = Instant::never();
};

/// A probe that is repeated as long as a check needs it; checks with the same probe share it.
struct Engine::Probing {
  Probing(sys::EventLoop& on_loop, probe::Engine& by) : loop(on_loop), engine(by) {}
  ~Probing();
  Probing(const Probing&) = delete;
  Probing& operator=(const Probing&) = delete;

  sys::EventLoop& loop;
  probe::Engine& engine;
  std::uint32_t users = 0;
  std::optional<probe::Engine::BatchId> batch;
  sys::EventLoop::TimerId timer = sys::EventLoop::TimerId::none;
  Duration again{};
  Duration timeout{};    ///< of the next batch
  bool patient = false;  ///< every echo gets its full time: loss counts
};

}  // namespace catflap::lab
