#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

/// SQLite behind values: private to this module.
namespace catflap::calico::sqlite {

class Database;

/// A prepared statement, used again and again. What is bound is borrowed until reset(). The first error of a
/// bind is that of the next step().
class Statement {
 public:
  Statement() = default;

  Statement& bind(int index, std::int64_t value);
  Statement& bind(int index, std::string_view octets);
  Statement& bind(int index, std::optional<std::string_view> octets);
  /// True: there is a row.
  Result<bool> step();
  /// For statements without rows; resets.
  Status run();
  void reset();

  /// Of the row: columns count from 0.
  std::int64_t integer(int column) const;
  std::string octets(int column) const;
  std::optional<std::string> octets_or_null(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };

  void check(int code);

  const Database* database_ = nullptr;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bind_error_ = 0;
};

/// A connection. One thread. Outlives its statements.
class Database {
 public:
  enum class Access : std::uint8_t { read_write, immutable };

  /// Creates the file where there is none; falls back to reading where writing is not allowed. `immutable`
  /// reads a file that nobody writes.
  static Result<std::unique_ptr<Database>> open(const std::string& path, Access access);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Result<Statement> prepare(std::string_view sql) const;
  /// One or more statements without results.
  Status execute(const char* sql) const;
  /// The only value of the only row.
  Result<std::int64_t> integer(std::string_view sql) const;
  Result<std::string> text(std::string_view sql) const;

  bool is_read_only() const;
  /// The file was removed or another one stands in its place: what is written now is lost.
  bool has_moved() const;
  bool in_transaction() const;
  /// In words, with what to do. Errc::timeout: others had the lock for too long; Errc::invalid: not a
  /// database; everything else Errc::io.
  Error error(int code) const;
  const std::string& path() const { return path_; }

 private:
  struct Close {
    void operator()(sqlite3* database) const noexcept;
  };

  explicit Database(std::string path) : path_(std::move(path)) {}

  std::string path_;
  std::unique_ptr<sqlite3, Close> database_;
};

/// Rolls back unless committed.
class Transaction {
 public:
  enum class Kind : std::uint8_t { read, write };
  static Result<Transaction> begin(const Database& database, Kind kind);
  Status commit();

  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&& other) = delete;
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();

 private:
  explicit Transaction(const Database& database) : database_(&database) {}
  const Database* database_;
};

}  // namespace catflap::calico::sqlite
