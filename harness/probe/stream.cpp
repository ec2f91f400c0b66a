#include "probe/stream.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "sys/clock.hpp"

namespace catflap::probe {

/// Shared with the callbacks of probes on the way, which find out by `closed` that the stream is gone.
struct Stream::State : std::enable_shared_from_this<Stream::State> {
  State(sys::EventLoop& the_loop, Engine& the_engine) : loop(the_loop), engine(the_engine) {}

  sys::EventLoop& loop;
  Engine& engine;
  ProbeSpec spec;
  Options options;
  OnResult on_result;
  StreamStats stats;
  bool running = false, closed = false;
  sys::EventLoop::TimerId timer = sys::EventLoop::TimerId::none;
  Instant next;  ///< when the next probe is due
  /// Verdicts come out of order (a loss is known only after its timeout): those behind an open one wait here.
  std::map<Instant, std::optional<bool>> open;  ///< by time of sending: nullopt until known
  Instant last_reached;  ///< when the newest probe that arrived, in order, was sent; or the start
  bool lost_since = false;

  void settle() {
    while (!open.empty() && open.begin()->second) {
      const auto [sent, reached] = *open.begin();
      open.erase(open.begin());
      if (!*reached) {
        lost_since = true;
        continue;
      }
      if (std::exchange(lost_since, false)) {
        stats.longest_gap = std::max(stats.longest_gap, sent - last_reached);
      }
      last_reached = sent;
    }
  }

  void tick() {
    timer = sys::EventLoop::TimerId::none;
    const Instant sent = sys::monotonic_now();
    ++stats.sent;
    open[sent] = std::nullopt;
    engine.submit({spec}, [self = shared_from_this(), sent](std::vector<ProbeResult> results) {
      self->count(results.front(), sent);
    });
    // On the grid; what a late loop has missed is not sent afterwards.
    while (next <= sent) {
      next = next + std::max(options.interval, Duration(std::chrono::milliseconds(1)));
    }
    timer = loop.at(next, [this] { tick(); });
  }

  void count(const ProbeResult& result, Instant sent) {
    if (closed) {
      return;
    }
    if (result.verdict == Verdict::reached) {
      stats.rtt_min = stats.reached == 0 ? result.rtt : std::min(stats.rtt_min, result.rtt);
      stats.rtt_max = std::max(stats.rtt_max, result.rtt);
      stats.rtt_sum += result.rtt;
      ++stats.reached;
    } else {
      ++stats.lost;
      stats.last_failure = result;
    }
    open[sent] = result.verdict == Verdict::reached;
    settle();
    if (on_result) {
      on_result(result);
    }
  }
};

Stream::Stream(sys::EventLoop& loop, Engine& engine, ProbeSpec spec, Options options, OnResult on_result)
    : state_(std::make_shared<State>(loop, engine)) {
  state_->spec = std::move(spec);
  state_->options = options;
  state_->on_result = std::move(on_result);
}

Stream::~Stream() {
  stop();
  state_->closed = true;
}

void Stream::start() {
  if (state_->running) {
    return;
  }
  state_->running = true;
  state_->next = sys::monotonic_now();
  state_->last_reached = state_->next;
  state_->tick();
}

void Stream::stop() {
  state_->running = false;
  (void)state_->loop.cancel(state_->timer);
}

StreamStats Stream::stats() const {
  StreamStats out = state_->stats;
  if (state_->lost_since) {
    out.longest_gap = std::max(out.longest_gap, sys::monotonic_now() - state_->last_reached);
  }
  return out;
}

}  // namespace catflap::probe
