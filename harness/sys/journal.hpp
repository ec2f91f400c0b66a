#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "sys/unique_fd.hpp"

namespace catflap::sys {

/// One step of a record of what was done to the system. `verb`: "intend" before acting, "did" after it, with
/// what identifies the thing (namespace inode, interface index, pid and start time), "undid" after its
/// removal.
struct JournalRecord {
  std::string verb;                           ///< not empty
  std::string key;                            ///< "r1/netns"
  std::map<std::string, std::string> fields;  ///< any octets
  bool operator==(const JournalRecord&) const = default;
};

/// What a journal holds. A record that was torn by a crash, or damaged, is counted and skipped.
struct JournalContent {
  std::vector<JournalRecord> records;
  std::size_t damaged = 0;  ///< lines whose checksum or order is wrong
  bool torn_tail = false;   ///< the last line was not finished
};

/// Append-only; one line per record: CRC-32C, sequence number, verb, key and fields, percent-encoded. Each
/// append is one write(2), so a crash of the process tears nothing; with `sync` a crash of the machine loses
/// nothing either.
class Journal {
 public:
  struct Options {
    bool sync = false;
  };
  /// Creates the file or goes on behind its last whole record (an unfinished tail is cut off).
  static Result<Journal> open(const std::filesystem::path& path, Options options);
  static Result<Journal> open(const std::filesystem::path& path) { return open(path, Options()); }
  /// Errc::not_found if there is no file.
  static Result<JournalContent> read(const std::filesystem::path& path);

  Status append(const JournalRecord& record);
  /// Several records with one write and one sync.
  Status append(const std::vector<JournalRecord>& records);
  /// What was there at open().
  const JournalContent& recovered() const noexcept { return recovered_; }

 private:
  Journal(UniqueFd fd, Options options) : fd_(std::move(fd)), options_(options) {}
  UniqueFd fd_;
  Options options_;
  std::uint64_t next_sequence_ = 1;
  JournalContent recovered_;
};

/// Reads the text of a journal; total.
JournalContent parse_journal(std::string_view text);

}  // namespace catflap::sys
