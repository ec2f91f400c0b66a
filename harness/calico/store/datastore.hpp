#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.hpp"
#include "base/result.hpp"

/// The datastore behind Calico's resources: keys and values as Calico lays them out in etcd v3
/// (/calico/resources/v3/..., /calico/ipam/v2/...), with the revisions and the compare-and-swap of etcd.
namespace catflap::calico {

/// The store's counter of writes, one for all keys, as etcd's revision. Starts at 1; every successful write
/// adds 1. 0 is before everything.
using Revision = std::int64_t;

struct Entry {
  std::string key;
  std::string value;
  Revision created = 0;   ///< the write that created the key, etcd's create_revision
  Revision modified = 0;  ///< the last write, etcd's mod_revision: a resource's resourceVersion

  bool operator==(const Entry&) const = default;
};

struct Listing {
  std::vector<Entry> entries;  ///< by key, ascending octets
  /// The store's when it was read: watch(prefix, revision) misses nothing and repeats nothing.
  Revision revision = 0;
};

struct Change {
  enum class Kind : std::uint8_t { put, erased };
  Kind kind = Kind::put;
  /// After the write. Of an erased key: its key, no value, `created` 0, `modified` is the write that erased
  /// it.
  Entry entry;
  /// The value before; nothing where the key was created, or where the store does not know it any more.
  std::optional<std::string> previous;

  bool operator==(const Change&) const = default;
};

/// The changes below a prefix, in the order of their revisions, each once. Ends with the object; the store
/// must outlive it.
class Watch {
 public:
  virtual ~Watch() = default;
  /// What has come since the last call; waits up to `limit` for the first change and is empty when none came.
  /// An interrupted connection is mended inside. Errc::conflict: the store has compacted revisions that were
  /// not delivered; list again and watch from there.
  virtual Result<std::vector<Change>> next(Duration limit) = 0;
};

/// All operations are atomic and may be called from several processes at once. Not thread safe: one object a
/// thread. Keys and values are octets of any kind; those that check_key() and check_value() refuse are
/// Errc::invalid. Other errors beside those named: Errc::io (unreachable, full, read-only), Errc::denied
/// (login, certificates). After Errc::io and Errc::timeout of a write it may have happened or not.
class Datastore {
 public:
  static constexpr std::size_t kKeyMax = 4096;         ///< octets
  static constexpr std::size_t kValueMax = 1U << 20U;  ///< octets; etcd takes requests of 1.5 MiB by default

  virtual ~Datastore() = default;

  virtual Result<std::optional<Entry>> get(std::string_view key) = 0;
  /// All entries whose keys begin with `prefix`.
  virtual Result<Listing> list(std::string_view prefix) = 0;

  /// Errc::exists if the key is there.
  virtual Result<Entry> create(std::string_view key, std::string_view value) = 0;
  /// Errc::not_found if the key is not there, Errc::conflict if its `modified` is not `expected`.
  virtual Result<Entry> update(std::string_view key, std::string_view value, Revision expected) = 0;
  /// Creates or replaces, whatever is there.
  virtual Result<Entry> put(std::string_view key, std::string_view value) = 0;
  /// The entry that is gone now. Errc::not_found; Errc::conflict if `expected` is given and not its
  /// `modified`.
  virtual Result<Entry> erase(std::string_view key, std::optional<Revision> expected = std::nullopt) = 0;

  /// Changes with revisions above `after`. Errc::conflict if the store does not keep them any more.
  virtual Result<std::unique_ptr<Watch>> watch(std::string_view prefix, Revision after) = 0;
};

/// Errc::invalid unless `key` has 1 to kKeyMax octets.
Status check_key(std::string_view key);
/// Errc::invalid, naming `key`, if `value` has more than kValueMax octets.
Status check_value(std::string_view key, std::string_view value);
/// The least text above all that begin with `prefix`; empty: there is none, the prefix is empty or all 0xff.
std::string prefix_end(std::string_view prefix);
/// How every store says that a key is there, is not there, or is not of the expected revision.
Error key_exists(std::string_view key);
Error key_not_found(std::string_view key);
Error key_changed(std::string_view key, Revision expected, Revision actual);
/// How every store says that it does not keep the revisions after `after` any more.
Error compacted(Revision after, Revision kept_after);

}  // namespace catflap::calico
