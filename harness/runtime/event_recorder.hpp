#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "base/bytes.hpp"
#include "base/instant.hpp"
#include "base/result.hpp"
#include "bgp/speaker/event.hpp"
#include "replay/recorder.hpp"
#include "sys/unique_fd.hpp"

namespace catflap::runtime {

/// Writes the event log of a speaker to a file (trace/event_log.md). Every event is in the file before the
/// speaker acts on it, so that a crash can be replayed. After an error of the file, a full disk above all,
/// nothing more is written; the log then ends with a whole record.
class EventRecorder {
 public:
  /// Creates the file, readable by its owner only (it holds passwords of the configuration), or empties it.
  static Result<std::unique_ptr<EventRecorder>> create(const std::filesystem::path& file,
                                                       const replay::LogHeader& header);
  /// Writes the orderly end.
  ~EventRecorder();
  EventRecorder(const EventRecorder&) = delete;
  EventRecorder& operator=(const EventRecorder&) = delete;

  /// Before the speaker takes them in. The error is told once; then the recorder is silent.
  Status events(Instant now, std::span<const bgp::Event> events);
  /// After each run of the speaker.
  void run(Instant now, std::span<const bgp::Action> actions);

 private:
  EventRecorder(sys::UniqueFd fd, std::string name, const replay::LogHeader& header)
      : fd_(std::move(fd)), name_(std::move(name)), recorder_(header, out_) {}
  Status flush();

  sys::UniqueFd fd_;
  std::string name_;
  std::uint64_t written_ = 0;  ///< octets of whole records in the file
  bool broken_ = false;
  ByteSink out_;
  replay::Recorder recorder_;
};

}  // namespace catflap::runtime
