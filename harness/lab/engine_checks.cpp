#include <algorithm>
#include <utility>
#include <variant>

#include "lab/engine.hpp"
#include "lab/engine_state.hpp"
#include "sys/clock.hpp"

namespace catflap::lab {
namespace {

/// Between batches of a probe that keeps failing, or that must hold.
constexpr Duration kProbeAgainFirst = std::chrono::milliseconds(5);
constexpr Duration kProbeAgainMax = std::chrono::milliseconds(100);
constexpr Duration kProbeTimeoutMax = std::chrono::seconds(1);
/// A check that waits for the first answer asks again soon: an echo that was lost while the way back was not
/// there yet would cost a second otherwise. The time grows, so that slow links are waited for too.
constexpr Duration kProbeTimeoutFirst = std::chrono::milliseconds(20);

expect::ProbeVerdict verdict_of(probe::Verdict verdict) {
  switch (verdict) {
    case probe::Verdict::reached:
      return expect::ProbeVerdict::reached;
    case probe::Verdict::refused:
      return expect::ProbeVerdict::refused;
    case probe::Verdict::unreachable:
      return expect::ProbeVerdict::unreachable;
    case probe::Verdict::timed_out:
      return expect::ProbeVerdict::timed_out;
    case probe::Verdict::not_sent:
      return expect::ProbeVerdict::not_sent;
  }
  return expect::ProbeVerdict::not_sent;
}

CheckResult result_of(const expect::Check& check, const expect::Outcome& outcome,
                      const expect::World& world) {
  return {check, outcome, expect::to_text(outcome, check, world), expect::to_json(outcome, check, world)};
}

}  // namespace

Engine::Probing::~Probing() {
  if (timer != sys::EventLoop::TimerId::none) {
    loop.cancel(timer);
  }
  if (batch) {
    engine.cancel(*batch);
  }
}

void Engine::check(expect::Check check, std::function<void(CheckResult)> done) {
  const Instant now = sys::monotonic_now();
  expect::Evaluator::Options options;
  options.time = check.time.value_or(topology::default_deadline(topology_, check));
  auto waiting = std::make_unique<Waiting>(std::move(check), now, options, std::move(done));
  Waiting& added = *waiting;
  waiting_.push_back(std::move(waiting));
  set_interest();
  start_probes(added);
  world_changed();
}

CheckResult Engine::judge(const expect::Check& check) {
  const Instant now = sys::monotonic_now();
  expect::Outcome outcome;
  outcome.started = outcome.finished = now;
  outcome.samples = 1;
  outcome.why = expect::evaluate(check, world_);
  const bool holds = outcome.why.verdict == expect::Verdict::holds;
  const bool good = check.mode == expect::Mode::never ? !holds : holds;
  outcome.status = good ? expect::Status::passed : expect::Status::failed;
  return result_of(check, outcome, world_);
}

/// Many facts may arrive in one round of the loop: the checks are evaluated once, after them.
void Engine::world_changed() {
  if (evaluation_due_ || waiting_.empty()) {
    return;
  }
  evaluation_due_ = true;
  loop_.post([this, alive = alive_] {
    if (*alive) {
      evaluation_due_ = false;
      evaluate_all();
    }
  });
}

void Engine::evaluate_all() {
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    const auto here = at++;
    advance(**here);
    if ((*here)->evaluator.done()) {
      finish(here);
    }
  }
}

void Engine::advance(Waiting& waiting) {
  const Instant now = sys::monotonic_now();
  // What must hold, or must never, is judged from the first answer on: before it there is nothing to judge.
  const bool answered = std::all_of(waiting.probes.begin(), waiting.probes.end(),
                                    [&](const auto& request) { return world_.probe(request) != nullptr; });
  if (!answered && waiting.evaluator.check().mode != expect::Mode::eventually) {
    return;
  }
  waiting.evaluator.update(now, world_);
  const Instant deadline = waiting.evaluator.deadline();
  if (waiting.evaluator.done() || deadline == waiting.timer_at) {
    return;
  }
  loop_.cancel(waiting.timer);
  waiting.timer_at = deadline;
  waiting.timer = loop_.at(deadline, [this] { evaluate_all(); });
}

void Engine::finish(std::list<std::unique_ptr<Waiting>>::iterator at) {
  const std::unique_ptr<Waiting> waiting = std::move(*at);
  waiting_.erase(at);
  loop_.cancel(waiting->timer);
  stop_probes(*waiting);
  set_interest();
  waiting->done(result_of(waiting->evaluator.check(), waiting->evaluator.outcome(), world_));
}

void Engine::give_up_checks() {
  auto left = std::exchange(waiting_, {});
  for (const auto& waiting : left) {
    loop_.cancel(waiting->timer);
    expect::Outcome outcome = waiting->evaluator.outcome();
    outcome.status = expect::Status::failed;
    outcome.finished = sys::monotonic_now();
    outcome.why.why = "the lab was taken down while the check waited";
    waiting->done(result_of(waiting->evaluator.check(), outcome, world_));
  }
  probing_.clear();
}

void Engine::set_interest() {
  const auto interest = waiting_.empty() ? daemons::Interest::normal : daemons::Interest::waiting;
  for (const auto& node : nodes_) {
    node->set_interest(interest);
  }
}

void Engine::start_probes(Waiting& waiting) {
  waiting.probes = expect::probes_of(waiting.evaluator.check(), world_.wiring());
  const expect::Check& check = waiting.evaluator.check();
  const auto* const ping = std::get_if<expect::PingCheck>(&check.what);
  const bool patient =
      check.mode != expect::Mode::eventually || (ping != nullptr && (ping->blocked || ping->count > 1));
  for (const expect::ProbeRequest& request : waiting.probes) {
    auto& probing = probing_[request];
    const bool fresh = probing == nullptr;
    if (fresh) {
      probing = std::make_unique<Probing>(loop_, probes_);
      probing->timeout = kProbeTimeoutFirst;
      world_.clear_probe(request);
    }
    ++probing->users;
    probing->patient = probing->patient || patient;
    if (fresh) {
      submit_probe(request);
    }
  }
}

void Engine::submit_probe(const expect::ProbeRequest& request) {
  Node* const from = node(request.from);
  if (from == nullptr) {
    return;
  }
  probe::ProbeSpec spec;
  spec.from = request.from;
  spec.to_label = net::to_string(request.to);
  spec.ns = from->net().ns;
  spec.to.addr = request.to;
  spec.source = request.source;
  Probing& probing = *probing_.at(request);
  spec.timeout = probing.patient ? kProbeTimeoutMax : probing.timeout;
  probing.timeout = std::min(probing.timeout * 2, kProbeTimeoutMax);
  std::vector<probe::ProbeSpec> batch(std::max<std::uint32_t>(request.count, 1), spec);
  probing.batch = probes_.submit(std::move(batch), [this, request](std::vector<probe::ProbeResult> results) {
    probe_done(request, std::move(results));
  });
}

void Engine::probe_done(const expect::ProbeRequest& request, std::vector<probe::ProbeResult> results) {
  const auto at = probing_.find(request);
  if (at == probing_.end()) {
    return;
  }
  Probing& probing = *at->second;
  probing.batch.reset();
  const Instant now = sys::monotonic_now();
  expect::ProbeOutcome outcome;
  outcome.verdict = expect::ProbeVerdict::reached;
  outcome.at = now;
  for (const probe::ProbeResult& result : results) {
    ++outcome.sent;
    if (result.verdict == probe::Verdict::reached) {
      ++outcome.received;
      outcome.rtt = result.rtt;
    } else {
      outcome.verdict = verdict_of(result.verdict);
      outcome.detail = result.detail;
      outcome.responder = result.answered;
    }
  }
  const bool good = outcome.received == outcome.sent;
  world_.set_probe(now, request, std::move(outcome));
  // While it fails because there is no way yet, the next try comes soon, then less often.
  probing.again = good ? kProbeAgainMax : std::min(probing.again * 2, kProbeAgainMax);
  probing.again = std::max(probing.again, kProbeAgainFirst);
  probing.timer = loop_.after(probing.again, [this, request] {
    const auto still = probing_.find(request);
    if (still != probing_.end()) {
      still->second->timer = sys::EventLoop::TimerId::none;
      submit_probe(request);
    }
  });
  world_changed();
}

void Engine::stop_probes(const Waiting& waiting) {
  for (const expect::ProbeRequest& request : waiting.probes) {
    const auto at = probing_.find(request);
    if (at != probing_.end() && --at->second->users == 0) {
      probing_.erase(at);
    }
  }
}

}  // namespace catflap::lab
