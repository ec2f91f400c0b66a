#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "calico/store/datastore.hpp"

/// The messages of etcd v3's JSON gateway (etcdserverpb, rpc.proto): 64-bit integers are strings, octets are
/// base64, what is zero is left out. Private to this module.
namespace catflap::calico::etcd {

/// The key that stands for "from here to the end of everything".
std::string range_end_of(std::string_view prefix);

struct RangeRequest {
  std::string_view key;
  std::string_view range_end{};  ///< empty: the one key
  Revision revision = 0;         ///< 0: now
  std::int64_t limit = 0;        ///< 0: all
};
std::string write_range(const RangeRequest& request);
std::string write_put(std::string_view key, std::string_view value);
/// What a transaction does if its key is as expected; if not, it reads the key.
struct TxnRequest {
  std::string_view key;
  std::optional<std::string_view> value{};  ///< nothing: erase
  bool absent = false;                      ///< the key must not be there; otherwise it must
  std::optional<Revision> expected{};       ///< and must have been modified by this write
};
std::string write_txn(const TxnRequest& request);
std::string write_watch(std::string_view prefix, Revision start);
std::string write_login(std::string_view name, std::string_view password);

struct RangeAnswer {
  Revision revision = 0;
  std::vector<Entry> entries;
  bool more = false;
};
struct PutAnswer {
  Revision revision = 0;
  std::optional<Entry> previous;
};
struct TxnAnswer {
  Revision revision = 0;
  bool succeeded = false;
  /// If it succeeded: what was there before; otherwise: what is there.
  std::optional<Entry> entry;
};
/// One line of a watch.
struct WatchAnswer {
  Revision revision = 0;
  bool created = false;
  bool canceled = false;
  std::string reason;      ///< why it was canceled
  Revision compacted = 0;  ///< not 0: canceled, because what it wants is compacted up to here
  std::vector<Change> changes;
};

/// All: Errc::protocol if the text is no such message.
Result<RangeAnswer> read_range(std::string_view text);
Result<PutAnswer> read_put(std::string_view text);
Result<TxnAnswer> read_txn(std::string_view text);
Result<WatchAnswer> read_watch(std::string_view line);
Result<std::string> read_login(std::string_view text);

/// What the gateway says instead of an answer.
struct Refusal {
  int code = 0;  ///< of gRPC
  std::string message;
};
std::optional<Refusal> read_refusal(std::string_view text);

}  // namespace catflap::calico::etcd
