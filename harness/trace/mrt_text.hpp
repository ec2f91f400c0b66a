#pragma once

#include <string>

#include "trace/mrt.hpp"

namespace catflap::trace::mrt {

/// Records as lines, one for each route or change, exactly as `bgpdump -m` prints them:
///
///   TABLE_DUMP2|time|B|peer|peer AS|prefix|AS path|origin|next hop|local
///   pref|MED|communities|NAG|aggregator|
///
/// A for announcements, W for withdrawals, STATE for changes of a session; path ids stand behind the prefix.
class TextWriter {
 public:
  /// Appends the lines of a record; nothing for records without routes. Malformed attributes are left out.
  void append(const Record& record, std::string& out);

 private:
  PeerIndexTable peers_;
};

}  // namespace catflap::trace::mrt
