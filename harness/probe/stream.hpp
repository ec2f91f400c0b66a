#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/instant.hpp"
#include "probe/engine.hpp"

namespace catflap::probe {

/// What a stream has seen. A probe counts when its verdict is known.
struct StreamStats {
  std::uint64_t sent = 0;
  std::uint64_t reached = 0;
  std::uint64_t lost = 0;  ///< every verdict but reached
  Duration longest_gap{};  ///< longest time between the sending of two probes that arrived (or start, or now)
                           ///< with loss between
  Duration rtt_min{}, rtt_max{}, rtt_sum{};
  std::optional<ProbeResult> last_failure;
};

/// Sends a probe every `interval`, as a witness of how long a way was interrupted. Belongs to the loop's
/// thread; ends with its destruction. The engine must outlive it.
class Stream {
 public:
  struct Options {
    Duration interval = std::chrono::milliseconds(20);
  };
  using OnResult = std::function<void(const ProbeResult&)>;  ///< may not destroy the stream

  Stream(sys::EventLoop& loop, Engine& engine, ProbeSpec spec, Options options, OnResult on_result = {});
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void start();
  /// No more probes are sent; those on the way are still counted.
  void stop();
  StreamStats stats() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace catflap::probe
