#include "calico/sqlite/database.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <utility>

#include "sys/error.hpp"

namespace catflap::calico::sqlite {
namespace {

/// How long others may hold the lock; their transactions take well under a millisecond.
constexpr int kBusyTimeoutMs = 20'000;

/// A path that SQLite takes as an URI, for the options behind it.
std::string immutable_uri(std::string_view path) {
  std::string uri = "file:";
  for (const char each : path) {
    if (each == '?' || each == '#' || each == '%') {
      uri += fmt::format("%{:02x}", static_cast<unsigned char>(each));
    } else {
      uri += each;
    }
  }
  return uri + "?immutable=1";
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const noexcept {
  sqlite3_finalize(statement);
}

void Statement::check(int code) {
  if (code != SQLITE_OK && bind_error_ == SQLITE_OK) {
    bind_error_ = code;
  }
}

Statement& Statement::bind(int index, std::int64_t value) {
  check(sqlite3_bind_int64(statement_.get(), index, value));
  return *this;
}

Statement& Statement::bind(int index, std::string_view octets) {
  // A null pointer would bind NULL.
  const char* data = octets.data() == nullptr ? "" : octets.data();
  check(sqlite3_bind_blob64(statement_.get(), index, data, octets.size(), SQLITE_STATIC));
  return *this;
}

Statement& Statement::bind(int index, std::optional<std::string_view> octets) {
  if (octets) {
    return bind(index, *octets);
  }
  check(sqlite3_bind_null(statement_.get(), index));
  return *this;
}

Result<bool> Statement::step() {
  const int code = bind_error_ != SQLITE_OK ? bind_error_ : sqlite3_step(statement_.get());
  if (code == SQLITE_ROW || code == SQLITE_DONE) {
    return code == SQLITE_ROW;
  }
  const Error error = database_->error(code);
  reset();
  return fail(error);
}

Status Statement::run() {
  const Result<bool> stepped = step();
  if (!stepped) {
    return fail(stepped.error());
  }
  reset();
  return {};
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
  bind_error_ = SQLITE_OK;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string Statement::octets(int column) const {
  const void* data = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return data == nullptr ? std::string()
                         : std::string(static_cast<const char*>(data), static_cast<std::size_t>(size));
}

std::optional<std::string> Statement::octets_or_null(int column) const {
  if (sqlite3_column_type(statement_.get(), column) == SQLITE_NULL) {
    return std::nullopt;
  }
  return octets(column);
}

void Database::Close::operator()(sqlite3* database) const noexcept {
  sqlite3_close_v2(database);
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path, Access access) {
  std::unique_ptr<Database> opened(new Database(path));
  const bool immutable = access == Access::immutable;
  const int flags =
      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
      (immutable ? SQLITE_OPEN_READONLY | SQLITE_OPEN_URI : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  sqlite3* database = nullptr;
  const std::string name = immutable ? immutable_uri(path) : path;
  const int code = sqlite3_open_v2(name.c_str(), &database, flags, nullptr);
  opened->database_.reset(database);
  if (code != SQLITE_OK) {
    return fail(opened->error(code));
  }
  sqlite3_busy_timeout(database, kBusyTimeoutMs);
  return opened;
}

Result<Statement> Database::prepare(std::string_view sql) const {
  Statement statement;
  sqlite3_stmt* prepared = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
  statement.database_ = this;
  statement.statement_.reset(prepared);
  if (code != SQLITE_OK) {
    return fail(error(code));
  }
  return statement;
}

Status Database::execute(const char* sql) const {
  const int code = sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? Status() : fail(error(code));
}

Result<std::int64_t> Database::integer(std::string_view sql) const {
  Result<Statement> statement = prepare(sql);
  if (!statement) {
    return fail(statement.error());
  }
  const Result<bool> row = statement->step();
  if (!row) {
    return fail(row.error());
  }
  return *row ? statement->integer(0) : 0;
}

Result<std::string> Database::text(std::string_view sql) const {
  Result<Statement> statement = prepare(sql);
  if (!statement) {
    return fail(statement.error());
  }
  const Result<bool> row = statement->step();
  if (!row) {
    return fail(row.error());
  }
  return *row ? statement->octets(0) : std::string();
}

bool Database::is_read_only() const {
  return sqlite3_db_readonly(database_.get(), "main") == 1;
}

bool Database::has_moved() const {
  int moved = 0;
  sqlite3_file_control(database_.get(), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  return moved != 0;
}

bool Database::in_transaction() const {
  return sqlite3_get_autocommit(database_.get()) == 0;
}

Error Database::error(int code) const {
  const int sys_errno = database_ ? sqlite3_system_errno(database_.get()) : 0;
  const auto say = [&](Errc kind, std::string_view what) {
    return Error{kind, fmt::format("datastore {}: {}", path_, what), sys_errno};
  };
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return say(Errc::timeout, fmt::format("another process has had it locked for {} s; nothing was changed",
                                            kBusyTimeoutMs / 1000));
    case SQLITE_NOTADB:
      return say(Errc::invalid, "the file is not a database");
    case SQLITE_READONLY:
      return say(Errc::io, "it is read-only here: nothing was changed");
    case SQLITE_FULL:
      return say(Errc::io, "no space left on the device: nothing was changed");
    case SQLITE_CORRUPT:
      return say(Errc::io, fmt::format("the file is damaged ({}); restore it from an export",
                                       database_ ? sqlite3_errmsg(database_.get()) : "unreadable"));
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      if (sys_errno != 0) {
        const Error system = sys::system_error("cannot open it", sys_errno);
        return Error{system.code, say(system.code, system.message).message, sys_errno};
      }
      return say(Errc::io, "cannot open it");
    default:
      break;
  }
  std::string what = database_ ? sqlite3_errmsg(database_.get()) : sqlite3_errstr(code);
  if (sys_errno != 0) {
    what += ": " + sys::errno_text(sys_errno);
  }
  return say(Errc::io, what);
}

Result<Transaction> Transaction::begin(const Database& database, Kind kind) {
  const Status begun = database.execute(kind == Kind::write ? "BEGIN IMMEDIATE" : "BEGIN");
  if (!begun) {
    return fail(begun.error());
  }
  return Transaction(database);
}

Status Transaction::commit() {
  const Status committed = database_->execute("COMMIT");
  if (committed) {
    database_ = nullptr;
  }
  return committed;
}

Transaction::Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
  if (database_ != nullptr && database_->in_transaction()) {
    // Cannot fail in a way that leaves the transaction: a failed rollback has rolled back.
    (void)database_->execute("ROLLBACK");
  }
}

}  // namespace catflap::calico::sqlite
