#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "base/result.hpp"

/// The container of event logs (.evlog): records with a length and a checksum; see event_log.md. What is in
/// them is the business of replay/.
namespace catflap::trace {

enum class LogRecordType : std::uint8_t { header = 1, event = 2, run_part = 3, run = 4, end = 5 };

/// Of the container and of what replay/ puts into it.
inline constexpr std::uint16_t kEventLogVersion = 2;
/// A configuration of the largest size and some room.
inline constexpr std::size_t kLogRecordOctetsMax = std::size_t{80} << 20U;

/// Appends records.
class EventLogWriter {
 public:
  /// `out` must outlive the writer; the magic is appended at once. The owner may take octets out meanwhile.
  explicit EventLogWriter(ByteSink& out);
  /// Precondition: payload.size() <= kLogRecordOctetsMax.
  void append(LogRecordType type, BytesView payload);

 private:
  ByteSink& out_;
};

/// Takes records out of a stream. Total: any octets give records or an error.
class EventLogReader {
 public:
  struct Record {
    LogRecordType type = LogRecordType::header;
    BytesView payload;         ///< valid until the next push()
    std::uint64_t number = 0;  ///< of records, from 0
  };

  void push(BytesView bytes);
  /// nullopt: more octets are needed. After an error (no event log, another version's container, a wrong
  /// checksum) nothing more can be read. Errors name the record and its offset.
  Result<std::optional<Record>> next();
  /// At the end of the file: octets of a record that is cut off, 0 if it ends with a record.
  std::size_t rest() const { return buffer_.size() - begin_; }

 private:
  Bytes buffer_;
  std::size_t begin_ = 0;
  std::uint64_t offset_ = 0;
  std::uint64_t number_ = 0;
  bool magic_seen_ = false;
  std::optional<Error> failed_;
};

}  // namespace catflap::trace
