#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/bytes.hpp"
#include "base/instant.hpp"
#include "base/result.hpp"
#include "bgp/speaker/event.hpp"
#include "trace/event_log.hpp"

namespace catflap::replay {

/// What an event log says of itself.
struct LogHeader {
  std::string program;        ///< "catflap-bgpd 0.1.0"
  std::string name;           ///< of the router
  std::uint64_t seed = 0;     ///< of the speaker
  std::uint64_t wall_us = 0;  ///< since 1970; only for people
};

/// Sums up what a speaker did: a hash that goes on from run to run. Notes and route notifications do not
/// count.
class ActionHash {
 public:
  /// The actions of one run, encoded.
  void add(BytesView actions);
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0;
};

/// Writes an event log; a decorator at the boundary of the speaker. The owner takes the octets out of the
/// sink whenever it likes, best before it lets the speaker act on events (see trace/event_log.md).
///
///   recorder.event(now, event);  speaker.ingest(now, event);
///   speaker.run(now);            actions = speaker.take_actions();  recorder.run(now, actions);
class Recorder {
 public:
  /// `out` must outlive the recorder.
  Recorder(const LogHeader& header, ByteSink& out);

  void event(Instant now, const bgp::Event& event);
  /// After each run, also those without actions.
  void run(Instant now, std::span<const bgp::Action> actions);
  /// The orderly end.
  void end();

  std::uint64_t hash() const { return hash_.value(); }

 private:
  trace::EventLogWriter writer_;
  ByteSink scratch_;
  ActionHash hash_;
};

}  // namespace catflap::replay
