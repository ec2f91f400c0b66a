#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "calico/etcd/gateway.hpp"
#include "calico/etcd/messages.hpp"
#include "calico/store/datastore.hpp"

namespace catflap::calico::etcd {

/// A watch over the gateway's stream. It begins again where it was when the connection breaks, a server ends
/// it, or its server loses its leader.
///
/// Each stream is asked for the changes from `seen_` on, not from the one behind it, and what is known
/// already is dropped: etcd before 3.4.36 forgets that a key was erased by the very write that it is
/// compacted to, but says that what comes before is compacted.
class EtcdWatch final : public Watch {
 public:
  EtcdWatch(Gateway& gateway, std::string_view prefix, Revision after, Duration outage_max)
      : gateway_(gateway), prefix_(prefix), seen_(after), outage_max_(outage_max) {}

  /// Opens the first stream.
  Status start();
  Result<std::vector<Change>> next(Duration limit) override;

 private:
  enum class Line : std::uint8_t { nothing, progress, reopen };
  Status reopen();
  Result<Line> take_line(std::vector<Change>& changes);
  Result<Line> take(WatchAnswer answer, std::vector<Change>& changes);
  Status check_history(Revision revision);

  Gateway& gateway_;
  std::string prefix_;
  Revision seen_;          ///< everything up to here was delivered
  Revision observed_ = 0;  ///< the newest revision that etcd has told us
  Duration outage_max_;
  std::unique_ptr<http::Stream> stream_;
  std::string buffer_;                 ///< what has come of the next lines
  std::size_t scanned_ = 0;            ///< octets of it without the end of a line
  std::optional<Instant> lost_since_;  ///< no stream since
  bool denied_before_ = false;         ///< refused with a token that was new
};

}  // namespace catflap::calico::etcd
