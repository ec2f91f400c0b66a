#include "expect/evaluate.hpp"

#include <algorithm>
#include <utility>

#include "base/overloaded.hpp"
#include "expect/reasons.hpp"

namespace catflap::expect {
namespace {

/// True if a daemon whose state `check` reads is polled.
bool any_polled(const World& world) {
  const auto& nodes = world.wiring().nodes;
  return std::any_of(nodes.begin(), nodes.end(),
                     [&](const WiredNode& n) { return world.node(n.name)->polled; });
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::holds:
      return "holds";
    case Verdict::not_yet:
      return "not yet";
    case Verdict::impossible:
      return "impossible";
  }
  return "";
}

std::string_view to_string(Status status) {
  switch (status) {
    case Status::pending:
      return "pending";
    case Status::passed:
      return "passed";
    case Status::failed:
      return "failed";
  }
  return "";
}

Explanation evaluate(const Check& check, const World& world) {
  Explanation out =
      std::visit(overloaded{[&](const SessionCheck& what) { return reasons::evaluate_session(what, world); },
                            [&](const RouteCheck& what) { return reasons::evaluate_route(what, world); },
                            [&](const PingCheck& what) { return reasons::evaluate_ping(what, world); },
                            [&](const AliveCheck& what) { return reasons::evaluate_alive(what, world); }},
                 check.what);
  out.where = check.where;
  return out;
}

Evaluator::Evaluator(Check check, Instant start, Options options)
    : check_(std::move(check)), end_(start + check_.time.value_or(options.time)), give_up_(options.give_up) {
  outcome_.started = start;
  outcome_.last_change = start;
}

Instant Evaluator::deadline() const {
  return done() ? Instant::never() : end_;
}

void Evaluator::finish(Instant now, Status status) {
  outcome_.status = status;
  outcome_.finished = now;
}

const Outcome& Evaluator::update(Instant now, const World& world) {
  if (done()) {
    return outcome_;
  }
  if (seen_ != world.generation()) {
    outcome_.why = evaluate(check_, world);
    outcome_.polled = any_polled(world);
    ++outcome_.samples;
    const bool holds = outcome_.why.verdict == Verdict::holds;
    if (holds != last_ && seen_) {
      outcome_.last_change = now;
    }
    seen_ = world.generation();
    last_ = holds;
    if (holds && !outcome_.first_true) {
      outcome_.first_true = now;
    }
  }
  // A fact that is seen at the deadline itself still counts: it was true when the time was up.
  switch (check_.mode) {
    case Mode::eventually:
      if (last_) {
        finish(now, Status::passed);
      } else if (now >= end_ || (give_up_ && outcome_.why.verdict == Verdict::impossible)) {
        finish(now, Status::failed);
      }
      break;
    case Mode::holds:
      if (!last_) {
        finish(now, Status::failed);
      } else if (now >= end_) {
        finish(now, Status::passed);
      }
      break;
    case Mode::never:
      if (last_) {
        finish(now, Status::failed);
      } else if (now >= end_) {
        finish(now, Status::passed);
      }
      break;
  }
  return outcome_;
}

}  // namespace catflap::expect
