#include "calico/sqlite/schema.hpp"

#include <fmt/format.h>

#include <string>

namespace catflap::calico::sqlite {
namespace {

/// "CATF", in the header of the file.
constexpr std::int64_t kApplicationId = 0x43415446;
/// Grows with every change that an older program cannot read.
constexpr std::int64_t kVersion = 1;

// `changes` holds one row for every revision in (forgotten, revision]; `octets` is what their values take.
// created = 0 is an erased key. Names are octets, not text: SQLite compares blobs as etcd compares keys.
constexpr const char* kSchema =
    "CREATE TABLE entries(id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, value BLOB NOT NULL,"
    " created INTEGER NOT NULL, modified INTEGER NOT NULL);"
    "CREATE TABLE changes(revision INTEGER PRIMARY KEY, key BLOB NOT NULL, value BLOB NOT NULL,"
    " created INTEGER NOT NULL, previous BLOB);"
    "CREATE TABLE state(id INTEGER PRIMARY KEY CHECK(id = 0), revision INTEGER NOT NULL,"
    " forgotten INTEGER NOT NULL, octets INTEGER NOT NULL);"
    "INSERT INTO state VALUES(0, 1, 1, 0);";

Error foreign(const Database& database) {
  return Error{Errc::invalid,
               fmt::format("datastore {}: the file is a database of another program", database.path())};
}

}  // namespace

Result<Content> inspect(const Database& database) {
  // One state of the file: somebody may be making it a datastore just now.
  const Result<Transaction> transaction = Transaction::begin(database, Transaction::Kind::read);
  if (!transaction) {
    return fail(transaction.error());
  }
  const Result<std::int64_t> tables = database.integer("SELECT count(*) FROM sqlite_master");
  if (!tables) {
    return fail(tables.error());
  }
  const Result<std::int64_t> application = database.integer("PRAGMA application_id");
  if (!application) {
    return fail(application.error());
  }
  const Result<std::int64_t> version = database.integer("PRAGMA user_version");
  if (!version) {
    return fail(version.error());
  }
  if (*application == kApplicationId) {
    if (*version > kVersion) {
      return fail(
          Errc::unsupported,
          fmt::format("datastore {}: it was written by a newer version of catflap (format {}, this one "
                      "knows {}): use that version",
                      database.path(), *version, kVersion));
    }
    return Content::datastore;
  }
  if (*application != 0 || *version != 0 || *tables != 0) {
    return fail(foreign(database));
  }
  return Content::nothing;
}

Status initialise(const Database& database, const Notifier& notifier) {
  const Result<sys::UniqueFd> lock = notifier.lock();
  if (!lock) {
    return fail(lock.error());
  }
  const Result<Content> content = inspect(database);
  if (!content) {
    return fail(content.error());
  }
  if (*content == Content::datastore) {
    return {};
  }
  const Result<std::string> mode = database.text("PRAGMA journal_mode = WAL");
  if (!mode) {
    return fail(mode.error());
  }
  if (*mode != "wal") {
    return fail(Errc::unsupported, fmt::format("datastore {}: its file system cannot share memory between "
                                               "processes: use a local one",
                                               database.path()));
  }
  Result<Transaction> transaction = Transaction::begin(database, Transaction::Kind::write);
  if (!transaction) {
    return fail(transaction.error());
  }
  const std::string header =
      fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {};", kApplicationId, kVersion);
  return database.execute(kSchema).and_then([&] { return database.execute(header.c_str()); }).and_then([&] {
    return transaction->commit();
  });
}

}  // namespace catflap::calico::sqlite
