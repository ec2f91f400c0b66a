#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "calico/store/datastore.hpp"

namespace catflap::calico {

/// The datastore in a file: an SQLite database that any number of processes use at once. What a call has
/// acknowledged survives `kill -9` of any of them at any moment (and with the file system's help most crashes
/// of the machine; the file is never left damaged). Reads see one state of the store and wait for nobody;
/// writes go one after the other.
///
/// Beside the file stand FILE-wal and FILE-shm (SQLite's) and FILE-notify: every write touches it, which
/// wakes the watchers of all processes.
///
/// A new file is for its owner alone (0600); after a chmod those beside it follow.
/// A file that cannot be written can be read; writes are Errc::io then. The file system must be a local one.
/// Size: 10^6 keys. A process that forks opens its own store in the child.
class EmbeddedStore final : public Datastore {
 public:
  struct Options {
    /// The changes kept for watches: at most so many, and at most so many octets.
    std::int64_t history_max = 10'000;
    std::int64_t history_octets_max = 64LL << 20U;
    /// Make the file where there is none; otherwise that is Errc::not_found.
    bool create = true;
  };

  /// Errc::not_found, Errc::denied, Errc::io: the file cannot be opened. Errc::invalid: it is not a
  /// datastore. Errc::unsupported: it was written by a newer version of catflap, or the file system cannot
  /// carry it.
  static Result<std::unique_ptr<EmbeddedStore>> open(const std::filesystem::path& file, Options options);
  static Result<std::unique_ptr<EmbeddedStore>> open(const std::filesystem::path& file);
  ~EmbeddedStore() override;

  Result<std::optional<Entry>> get(std::string_view key) override;
  Result<Listing> list(std::string_view prefix) override;
  Result<Entry> create(std::string_view key, std::string_view value) override;
  Result<Entry> update(std::string_view key, std::string_view value, Revision expected) override;
  Result<Entry> put(std::string_view key, std::string_view value) override;
  Result<Entry> erase(std::string_view key, std::optional<Revision> expected = std::nullopt) override;
  Result<std::unique_ptr<Watch>> watch(std::string_view prefix, Revision after) override;

  /// Forgets the changes up to `through`, as etcd's compaction. It happens by itself at the bounds of
  /// Options.
  Status compact(Revision through);
  /// The file can only be read.
  bool is_read_only() const;

 private:
  class Impl;
  class EmbeddedWatch;
  explicit EmbeddedStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace catflap::calico
