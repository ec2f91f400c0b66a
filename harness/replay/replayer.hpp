#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "bgp/speaker/speaker.hpp"
#include "replay/recorder.hpp"
#include "trace/event_log.hpp"

namespace catflap::replay {

/// Where a speaker did something else than its log says.
struct Divergence {
  std::uint64_t record = 0;
  Instant at;
  std::size_t action = 0;     ///< place in its run, from 0
  std::string expected, got;  ///< as describe() puts them; "nothing" at the end of a run
};

/// Runs a speaker through an event log and compares what it does.
class Replayer {
 public:
  struct Options {
    /// Stops before this record; nullopt: at the end.
    std::optional<std::uint64_t> until;
    /// Told a line for each event and action; empty: nobody is.
    std::function<void(std::uint64_t record, Instant at, std::string_view line)> show;
  };

  explicit Replayer(Options options) : options_(std::move(options)) {}

  /// Octets of the file, in pieces of any size. Errc::invalid: no event log, damaged, of another version, or
  /// its configuration does not parse.
  Status push(BytesView bytes);
  /// False once there is nothing more to do: the log ended, diverged, or `until` was reached.
  bool wants_more() const { return !done_; }

  const std::optional<LogHeader>& header() const { return header_; }
  /// The speaker as it is now; nullptr before the header.
  const bgp::Speaker* speaker() const { return speaker_.get(); }
  Instant now() const { return now_; }
  const std::optional<Divergence>& divergence() const { return divergence_; }
  std::uint64_t records() const { return records_; }
  std::uint64_t events() const { return events_; }
  std::uint64_t runs() const { return runs_; }
  std::uint64_t hash() const { return hash_.value(); }
  /// The log has its orderly end; without it the program was killed.
  bool complete() const { return complete_; }
  /// Octets at the end of the file that are no whole record.
  std::size_t rest() const { return reader_.rest(); }

 private:
  Status record(const trace::EventLogReader::Record& record);
  Status read_header(BytesView payload);
  Status read_event(const trace::EventLogReader::Record& record);
  Status read_run(const trace::EventLogReader::Record& record);
  /// Compares the next actions with `expected`; `last`: with them the run ends.
  Status compare(BytesView expected, bool last, std::uint64_t number);

  Options options_;
  trace::EventLogReader reader_;
  std::optional<LogHeader> header_;
  std::unique_ptr<bgp::Speaker> speaker_;
  Instant now_;
  std::vector<bgp::Action> actions_;  ///< of the run that is compared
  std::size_t compared_ = 0;
  std::vector<Bytes> parts_;  ///< run_part records before the run that they belong to
  ActionHash hash_;
  std::uint64_t records_ = 0, events_ = 0, runs_ = 0;
  bool complete_ = false, done_ = false;
  std::optional<Divergence> divergence_;
};

}  // namespace catflap::replay
