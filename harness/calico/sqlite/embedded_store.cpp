#include "calico/sqlite/embedded_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "calico/sqlite/database.hpp"
#include "calico/sqlite/notifier.hpp"
#include "calico/sqlite/schema.hpp"
#include "sys/clock.hpp"
#include "sys/unique_fd.hpp"

namespace catflap::calico {

using sqlite::Database;
using sqlite::Notifier;
using sqlite::Statement;
using sqlite::Transaction;

namespace {

/// What one Watch::next() gives at most; the rest comes with the next call.
constexpr std::int64_t kBatchMax = 1000;

struct State {
  Revision revision = 0;
  Revision forgotten = 0;
  std::int64_t octets = 0;
};

/// All statements of the store, prepared once.
struct Statements {
  Statement state, get, list, list_to_end, insert, replace, remove, log, set_state, size_of_change, forget,
      changes, changes_to_end, octets;

  static Result<Statements> prepare(const Database& database) {
    Statements all;
    const std::pair<Statement*, std::string_view> table[] = {
        {&all.state, "SELECT revision, forgotten, octets FROM state"},
        {&all.get, "SELECT key, value, created, modified FROM entries WHERE key = ?1"},
        {&all.list,
         "SELECT key, value, created, modified FROM entries WHERE key >= ?1 AND key < ?2 ORDER BY key"},
        {&all.list_to_end, "SELECT key, value, created, modified FROM entries WHERE key >= ?1 ORDER BY key"},
        {&all.insert, "INSERT INTO entries(key, value, created, modified) VALUES(?1, ?2, ?3, ?3)"},
        {&all.replace, "UPDATE entries SET value = ?2, modified = ?3 WHERE key = ?1"},
        {&all.remove, "DELETE FROM entries WHERE key = ?1"},
        {&all.log, "INSERT INTO changes(revision, key, value, created, previous) VALUES(?1, ?2, ?3, ?4, ?5)"},
        {&all.set_state, "UPDATE state SET revision = ?1, forgotten = ?2, octets = ?3"},
        {&all.size_of_change,
         "SELECT length(value) + coalesce(length(previous), 0) FROM changes WHERE revision = ?1"},
        {&all.forget, "DELETE FROM changes WHERE revision <= ?1"},
        {&all.changes,
         "SELECT revision, key, value, created, previous FROM changes"
         " WHERE revision > ?1 AND key >= ?2 AND key < ?4 ORDER BY revision LIMIT ?3"},
        {&all.changes_to_end,
         "SELECT revision, key, value, created, previous FROM changes"
         " WHERE revision > ?1 AND key >= ?2 ORDER BY revision LIMIT ?3"},
        {&all.octets, "SELECT coalesce(sum(length(value) + coalesce(length(previous), 0)), 0) FROM changes"},
    };
    for (const auto& [statement, sql] : table) {
      Result<Statement> prepared = database.prepare(sql);
      if (!prepared) {
        return fail(prepared.error());
      }
      *statement = std::move(*prepared);
    }
    return all;
  }
};

Entry entry_of(const Statement& row) {
  return Entry{row.octets(0), row.octets(1), row.integer(2), row.integer(3)};
}

Change change_of(const Statement& row) {
  const Revision created = row.integer(3);
  return Change{created == 0 ? Change::Kind::erased : Change::Kind::put,
                Entry{row.octets(1), row.octets(2), created, row.integer(0)}, row.octets_or_null(4)};
}

}  // namespace

class EmbeddedStore::Impl {
 public:
  static Result<std::unique_ptr<Impl>> open(const std::filesystem::path& file, Options options);

  /// What a write does, given what is there.
  struct Write {
    std::string_view key;
    std::optional<std::string_view> value;  ///< nothing: the key is erased
    enum class Precondition : std::uint8_t { none, absent, present } precondition = Precondition::none;
    std::optional<Revision> expected = std::nullopt;
  };
  /// The entry after the write, or of an erased key the one before.
  Result<Entry> write(const Write& write);
  Result<std::optional<Entry>> get(std::string_view key);
  Result<Listing> list(std::string_view prefix);
  Status compact(Revision through);

  struct Changes {
    std::vector<Change> changes;
    Revision seen = 0;  ///< everything up to here has been looked at
  };
  Result<Changes> changes_after(std::string_view prefix, Revision after);

  Notifier& notifier() { return notifier_; }
  const Database& database() const { return *database_; }

 private:
  Impl(std::unique_ptr<Database> database, Statements statements, Notifier notifier, Options options)
      : database_(std::move(database)),
        statements_(std::move(statements)),
        notifier_(std::move(notifier)),
        options_(options) {}

  Result<State> read_state();
  Result<std::optional<Entry>> read(std::string_view key);
  static Status check(const Write& write, const std::optional<Entry>& current);
  Status apply(const Write& write, const std::optional<Entry>& current, State& state);
  Status forget_oldest(State& state);

  std::unique_ptr<Database> database_;
  Statements statements_;  ///< end before the database
  Notifier notifier_;
  Options options_;
};

Result<std::unique_ptr<EmbeddedStore::Impl>> EmbeddedStore::Impl::open(const std::filesystem::path& file,
                                                                       Options options) {
  std::error_code failure;
  const std::filesystem::path path = std::filesystem::absolute(file, failure);
  if (!options.create && !std::filesystem::exists(path, failure)) {
    return fail(Errc::not_found, fmt::format("datastore {}: there is no such file", path.string()));
  }
  // There are passwords in it, so it is for its owner alone, unless somebody says otherwise (chmod); what
  // keeps it from being made keeps SQLite from opening it, and is said there.
  sys::UniqueFd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)).reset();
  Result<std::unique_ptr<Database>> database = Database::open(path.string(), Database::Access::read_write);
  if (!database) {
    return fail(database.error());
  }
  Result<sqlite::Content> content = inspect(**database);
  if (!content && (*database)->is_read_only() && content.error().code != Errc::invalid) {
    // SQLite wants to write beside the file even to read it. If nobody else has it open, it need not.
    if (!std::filesystem::exists(path.string() + "-wal", failure)) {
      database = Database::open(path.string(), Database::Access::immutable);
      content = database.and_then([](const auto& opened) { return inspect(*opened); });
    }
  }
  if (!content) {
    return fail(content.error());
  }
  Result<Notifier> notifier = Notifier::open(path);
  if (!notifier) {
    return fail(notifier.error());
  }
  if (*content == sqlite::Content::nothing) {
    if (const Status made = initialise(**database, *notifier); !made) {
      return fail(made.error());
    }
  }
  // NORMAL: a commit is written, not flushed to the disk; the kernel has it, whatever becomes of the process.
  if (const Status set = (*database)->execute("PRAGMA synchronous = NORMAL"); !set) {
    return fail(set.error());
  }
  Result<Statements> statements = Statements::prepare(**database);
  if (!statements) {
    return fail(statements.error());
  }
  return std::unique_ptr<Impl>(
      new Impl(std::move(*database), std::move(*statements), std::move(*notifier), options));
}

Result<State> EmbeddedStore::Impl::read_state() {
  const Result<bool> row = statements_.state.step();
  if (!row) {
    return fail(row.error());
  }
  const State state{statements_.state.integer(0), statements_.state.integer(1), statements_.state.integer(2)};
  statements_.state.reset();
  if (!*row) {
    return fail(Errc::io,
                fmt::format("datastore {}: the file is damaged (it has no revision)", database_->path()));
  }
  return state;
}

Result<std::optional<Entry>> EmbeddedStore::Impl::read(std::string_view key) {
  Statement& statement = statements_.get.bind(1, key);
  const Result<bool> row = statement.step();
  if (!row) {
    return fail(row.error());
  }
  std::optional<Entry> entry;
  if (*row) {
    entry = entry_of(statement);
  }
  statement.reset();
  return entry;
}

Status EmbeddedStore::Impl::check(const Write& write, const std::optional<Entry>& current) {
  if (write.precondition == Write::Precondition::absent && current) {
    return fail(key_exists(write.key));
  }
  if (write.precondition == Write::Precondition::present && !current) {
    return fail(key_not_found(write.key));
  }
  if (write.expected && current->modified != *write.expected) {
    return fail(key_changed(write.key, *write.expected, current->modified));
  }
  return {};
}

Status EmbeddedStore::Impl::apply(const Write& write, const std::optional<Entry>& current, State& state) {
  ++state.revision;
  const std::string_view value = write.value.value_or(std::string_view());
  Revision created = current ? current->created : state.revision;
  Status done;
  if (!write.value) {
    created = 0;
    done = statements_.remove.bind(1, write.key).run();
  } else if (current) {
    done = statements_.replace.bind(1, write.key).bind(2, value).bind(3, state.revision).run();
  } else {
    done = statements_.insert.bind(1, write.key).bind(2, value).bind(3, state.revision).run();
  }
  if (!done) {
    return done;
  }
  state.octets += static_cast<std::int64_t>(value.size() + (current ? current->value.size() : 0));
  return statements_.log.bind(1, state.revision)
      .bind(2, write.key)
      .bind(3, value)
      .bind(4, created)
      .bind(5, current ? std::optional<std::string_view>(current->value) : std::nullopt)
      .run();
}

Status EmbeddedStore::Impl::forget_oldest(State& state) {
  const Revision before = state.forgotten;
  while (state.forgotten < state.revision && (state.revision - state.forgotten > options_.history_max ||
                                              state.octets > options_.history_octets_max)) {
    Statement& size = statements_.size_of_change.bind(1, state.forgotten + 1);
    const Result<bool> row = size.step();
    if (!row) {
      return fail(row.error());
    }
    state.octets -= *row ? size.integer(0) : 0;
    size.reset();
    ++state.forgotten;
  }
  return state.forgotten == before ? Status() : statements_.forget.bind(1, state.forgotten).run();
}

Result<Entry> EmbeddedStore::Impl::write(const Write& write) {
  Status valid = check_key(write.key);
  if (valid && write.value) {
    valid = check_value(write.key, *write.value);
  }
  if (!valid) {
    return fail(valid.error());
  }
  if (database_->has_moved()) {
    return fail(Errc::io, fmt::format("datastore {}: the file was removed or replaced while it was in use; "
                                      "nothing was changed",
                                      database_->path()));
  }
  Result<Transaction> transaction = Transaction::begin(*database_, Transaction::Kind::write);
  if (!transaction) {
    return fail(transaction.error());
  }
  Result<State> state = read_state();
  if (!state) {
    return fail(state.error());
  }
  const Result<std::optional<Entry>> current = read(write.key);
  if (!current) {
    return fail(current.error());
  }
  const Status done = check(write, *current)
                          .and_then([&] { return apply(write, *current, *state); })
                          .and_then([&] { return forget_oldest(*state); })
                          .and_then([&] {
                            return statements_.set_state.bind(1, state->revision)
                                .bind(2, state->forgotten)
                                .bind(3, state->octets)
                                .run();
                          })
                          .and_then([&] { return transaction->commit(); });
  if (!done) {
    return fail(done.error());
  }
  notifier_.notify();
  if (!write.value) {
    return **current;
  }
  return Entry{std::string(write.key), std::string(*write.value),
               *current ? (*current)->created : state->revision, state->revision};
}

Result<std::optional<Entry>> EmbeddedStore::Impl::get(std::string_view key) {
  if (const Status valid = check_key(key); !valid) {
    return fail(valid.error());
  }
  return read(key);
}

Result<Listing> EmbeddedStore::Impl::list(std::string_view prefix) {
  const Result<Transaction> transaction = Transaction::begin(*database_, Transaction::Kind::read);
  if (!transaction) {
    return fail(transaction.error());
  }
  const Result<State> state = read_state();
  if (!state) {
    return fail(state.error());
  }
  Listing listing;
  listing.revision = state->revision;
  const std::string end = prefix_end(prefix);
  Statement& statement = end.empty() ? statements_.list_to_end : statements_.list;
  statement.bind(1, prefix);
  if (!end.empty()) {
    statement.bind(2, std::string_view(end));
  }
  while (true) {
    const Result<bool> row = statement.step();
    if (!row) {
      return fail(row.error());
    }
    if (!*row) {
      statement.reset();
      return listing;
    }
    listing.entries.push_back(entry_of(statement));
  }
}

Result<EmbeddedStore::Impl::Changes> EmbeddedStore::Impl::changes_after(std::string_view prefix,
                                                                        Revision after) {
  const Result<Transaction> transaction = Transaction::begin(*database_, Transaction::Kind::read);
  if (!transaction) {
    return fail(transaction.error());
  }
  const Result<State> state = read_state();
  if (!state) {
    return fail(state.error());
  }
  // Revision 1 is before the first write: whoever has seen nothing of it has missed nothing.
  if (after < state->forgotten && state->forgotten > 1) {
    return fail(compacted(after, state->forgotten));
  }
  Changes found{{}, std::max(after, state->revision)};
  if (after >= state->revision) {
    return found;
  }
  const std::string end = prefix_end(prefix);
  Statement& statement = end.empty() ? statements_.changes_to_end : statements_.changes;
  statement.bind(1, after).bind(2, prefix).bind(3, kBatchMax);
  if (!end.empty()) {
    statement.bind(4, std::string_view(end));
  }
  while (true) {
    const Result<bool> row = statement.step();
    if (!row) {
      return fail(row.error());
    }
    if (!*row) {
      break;
    }
    found.changes.push_back(change_of(statement));
  }
  statement.reset();
  if (static_cast<std::int64_t>(found.changes.size()) == kBatchMax) {
    found.seen = found.changes.back().entry.modified;
  }
  return found;
}

Status EmbeddedStore::Impl::compact(Revision through) {
  Result<Transaction> transaction = Transaction::begin(*database_, Transaction::Kind::write);
  if (!transaction) {
    return fail(transaction.error());
  }
  const Result<State> state = read_state();
  if (!state) {
    return fail(state.error());
  }
  const Revision forgotten = std::clamp(through, state->forgotten, state->revision);
  if (const Status removed = statements_.forget.bind(1, forgotten).run(); !removed) {
    return removed;
  }
  const Result<bool> row = statements_.octets.step();
  if (!row) {
    return fail(row.error());
  }
  const std::int64_t octets = statements_.octets.integer(0);
  statements_.octets.reset();
  return statements_.set_state.bind(1, state->revision)
      .bind(2, forgotten)
      .bind(3, octets)
      .run()
      .and_then([&] { return transaction->commit(); });
}

class EmbeddedStore::EmbeddedWatch final : public Watch {
 public:
  EmbeddedWatch(Impl& impl, std::string_view prefix, Revision after)
      : impl_(impl), prefix_(prefix), seen_(after) {}

  Result<std::vector<Change>> next(Duration limit) override {
    const Instant deadline = sys::monotonic_now() + limit;
    while (true) {
      Result<Impl::Changes> found = impl_.changes_after(prefix_, seen_);
      if (!found) {
        return fail(found.error());
      }
      seen_ = found->seen;
      if (!found->changes.empty() || sys::monotonic_now() >= deadline) {
        return std::move(found->changes);
      }
      if (const Status waited = impl_.notifier().wait(deadline); !waited) {
        return fail(waited.error());
      }
    }
  }

 private:
  Impl& impl_;
  std::string prefix_;
  Revision seen_;
};

EmbeddedStore::EmbeddedStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
EmbeddedStore::~EmbeddedStore() = default;

Result<std::unique_ptr<EmbeddedStore>> EmbeddedStore::open(const std::filesystem::path& file) {
  return open(file, Options{});
}

Result<std::unique_ptr<EmbeddedStore>> EmbeddedStore::open(const std::filesystem::path& file,
                                                           Options options) {
  Result<std::unique_ptr<Impl>> impl = Impl::open(file, options);
  if (!impl) {
    return fail(impl.error());
  }
  return std::unique_ptr<EmbeddedStore>(new EmbeddedStore(std::move(*impl)));
}

Result<std::optional<Entry>> EmbeddedStore::get(std::string_view key) {
  return impl_->get(key);
}

Result<Listing> EmbeddedStore::list(std::string_view prefix) {
  return impl_->list(prefix);
}

Result<Entry> EmbeddedStore::create(std::string_view key, std::string_view value) {
  return impl_->write({key, value, Impl::Write::Precondition::absent});
}

Result<Entry> EmbeddedStore::update(std::string_view key, std::string_view value, Revision expected) {
  return impl_->write({key, value, Impl::Write::Precondition::present, expected});
}

Result<Entry> EmbeddedStore::put(std::string_view key, std::string_view value) {
  return impl_->write({key, value});
}

Result<Entry> EmbeddedStore::erase(std::string_view key, std::optional<Revision> expected) {
  return impl_->write({key, std::nullopt, Impl::Write::Precondition::present, expected});
}

Result<std::unique_ptr<Watch>> EmbeddedStore::watch(std::string_view prefix, Revision after) {
  const Result<Impl::Changes> kept = impl_->changes_after(prefix, after);
  if (!kept) {
    return fail(kept.error());
  }
  if (const Status waiting = impl_->notifier().start_waiting(); !waiting) {
    return fail(waiting.error());
  }
  return std::make_unique<EmbeddedWatch>(*impl_, prefix, after);
}

Status EmbeddedStore::compact(Revision through) {
  return impl_->compact(through);
}

bool EmbeddedStore::is_read_only() const {
  return impl_->database().is_read_only();
}

}  // namespace catflap::calico
