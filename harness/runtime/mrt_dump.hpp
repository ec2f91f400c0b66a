#pragma once

#include <cstdint>
#include <ctime>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/instant.hpp"
#include "base/result.hpp"
#include "bgp/speaker/speaker.hpp"
#include "intent/filter.hpp"
#include "sys/unique_fd.hpp"

namespace catflap::runtime {

/// Writes tables of a speaker as TABLE_DUMP_V2 (RFC 6396, RFC 8050), as BIRD's `mrt dump` and `protocol mrt`
/// do: a file for each table, a PEER_INDEX_TABLE whose first peer (0.0.0.0, AS 0) stands for all that is not
/// BGP, then a record for each prefix and one more for its paths with path ids. The table may change between
/// steps.
class MrtTableDump {
 public:
  struct Options {
    std::string table;     ///< name, or pattern with * and ?
    std::string filename;  ///< %N is the table's name, the rest is strftime's; appended to
    intent::FilterRef filter = intent::FilterRef::all();
    bool always_add_path = false;
  };

  explicit MrtTableDump(Options options) : options_(std::move(options)) {}

  /// Writes the next kPrefixesPerStep prefixes. False: everything is written. After an error, which names the
  /// file, there is nothing more to do. Errc::not_found: no table of that name.
  Result<bool> step(const bgp::Speaker& speaker);
  /// All steps at once.
  Status run(const bgp::Speaker& speaker);

  static constexpr std::size_t kPrefixesPerStep = 2000;

 private:
  Status begin(const bgp::Speaker& speaker);
  Status open(const bgp::Speaker& speaker, const std::string& table);
  void write_peers(const bgp::Speaker& speaker, const std::string& table);
  void write_prefix();
  Status flush();

  struct Path {
    std::uint16_t peer = 0;
    std::uint32_t originated_s = 0;
    std::uint32_t path_id = 0;
    Bytes attributes;
  };

  Options options_;
  bool begun_ = false;
  std::vector<std::string> tables_;  ///< still to do, the next one last
  std::string table_;                ///< being written
  std::string path_;
  sys::UniqueFd file_;
  std::uint32_t time_s_ = 0;
  Instant now_;
  std::map<std::string, std::uint16_t, std::less<>> peers_;  ///< BGP protocols to their index
  std::optional<net::Prefix> after_;
  std::uint32_t sequence_ = 0;
  net::Prefix prefix_;
  std::vector<Path> paths_;  ///< of prefix_
  ByteSink out_;
};

/// `pattern` with %N replaced by `table` and the rest as strftime has it in local time; "" if that is no
/// name.
std::string mrt_file_name(const std::string& pattern, const std::string& table, std::time_t now);

}  // namespace catflap::runtime
