#include "calico/etcd/etcd_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "calico/etcd/etcd_watch.hpp"
#include "calico/etcd/gateway.hpp"
#include "calico/etcd/messages.hpp"

namespace catflap::calico {

using etcd::Gateway;

namespace {

/// A list that is compacted away between two of its pages begins anew; more often than this is no accident.
constexpr int kListTriesMax = 5;
/// For every page etcd counts all that is behind it, so pages grow, to what is not too much to hold at once.
constexpr std::int64_t kPageGrowth = 8;
constexpr std::int64_t kPageMax = 20'000;
constexpr std::int64_t kPageOctets = 16LL << 20U;

/// The entries to ask for after a page of `limit`.
std::int64_t next_limit(std::int64_t limit, const std::vector<Entry>& page) {
  std::int64_t octets = 1;
  for (const Entry& entry : page) {
    octets += static_cast<std::int64_t>(entry.key.size() + entry.value.size());
  }
  const std::int64_t fitting = kPageOctets * static_cast<std::int64_t>(page.size()) / octets;
  return std::clamp<std::int64_t>(std::min(fitting, limit * kPageGrowth), 1, kPageMax);
}

}  // namespace

class EtcdStore::Impl {
 public:
  Impl(Options options, std::unique_ptr<Gateway> gateway)
      : options_(std::move(options)), gateway_(std::move(gateway)) {}

  Result<etcd::RangeAnswer> range(const etcd::RangeRequest& request) {
    return gateway_->call("kv/range", etcd::write_range(request), Gateway::Kind::read)
        .and_then([](const std::string& body) { return etcd::read_range(body); });
  }

  Result<etcd::TxnAnswer> txn(const etcd::TxnRequest& request) {
    Status valid = check_key(request.key);
    if (valid && request.value) {
      valid = check_value(request.key, *request.value);
    }
    if (!valid) {
      return fail(valid.error());
    }
    return gateway_->call("kv/txn", etcd::write_txn(request), Gateway::Kind::write)
        .and_then([](const std::string& body) { return etcd::read_txn(body); });
  }

  /// Errc::conflict: compacted between two pages.
  Result<Listing> list_once(std::string_view prefix) {
    Listing listing;
    std::string from = prefix.empty() ? std::string(1, '\0') : std::string(prefix);
    const std::string end = etcd::range_end_of(prefix);
    std::int64_t limit = options_.page;
    while (true) {
      Result<etcd::RangeAnswer> page =
          range({.key = from, .range_end = end, .revision = listing.revision, .limit = limit});
      if (!page) {
        return fail(page.error());
      }
      limit = next_limit(limit, page->entries);
      if (listing.revision == 0) {
        listing.revision = page->revision;
        listing.entries = std::move(page->entries);
      } else {
        listing.entries.insert(listing.entries.end(), std::make_move_iterator(page->entries.begin()),
                               std::make_move_iterator(page->entries.end()));
      }
      if (!page->more || listing.entries.empty()) {
        return listing;
      }
      from = listing.entries.back().key + '\0';
    }
  }

  const Options& options() const { return options_; }
  Gateway& gateway() { return *gateway_; }

 private:
  Options options_;
  std::unique_ptr<Gateway> gateway_;
};

EtcdStore::EtcdStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
EtcdStore::~EtcdStore() = default;

Result<std::unique_ptr<EtcdStore>> EtcdStore::create(Options options) {
  Result<std::unique_ptr<Gateway>> gateway =
      Gateway::create({options.endpoints, options.username, options.password, options.tls, options.timeout});
  if (!gateway) {
    return fail(gateway.error());
  }
  return std::unique_ptr<EtcdStore>(
      new EtcdStore(std::make_unique<Impl>(std::move(options), std::move(*gateway))));
}

Result<std::optional<Entry>> EtcdStore::get(std::string_view key) {
  if (const Status valid = check_key(key); !valid) {
    return fail(valid.error());
  }
  Result<etcd::RangeAnswer> answer = impl_->range({.key = key});
  if (!answer) {
    return fail(answer.error());
  }
  return answer->entries.empty() ? std::nullopt : std::optional<Entry>(std::move(answer->entries.front()));
}

Result<Listing> EtcdStore::list(std::string_view prefix) {
  for (int tried = 1;; ++tried) {
    Result<Listing> listing = impl_->list_once(prefix);
    if (listing || listing.error().code != Errc::conflict || tried == kListTriesMax) {
      return listing;
    }
  }
}

Result<Entry> EtcdStore::create(std::string_view key, std::string_view value) {
  const Result<etcd::TxnAnswer> answer = impl_->txn({.key = key, .value = value, .absent = true});
  if (!answer) {
    return fail(answer.error());
  }
  if (!answer->succeeded) {
    return fail(key_exists(key));
  }
  return Entry{std::string(key), std::string(value), answer->revision, answer->revision};
}

Result<Entry> EtcdStore::update(std::string_view key, std::string_view value, Revision expected) {
  const Result<etcd::TxnAnswer> answer = impl_->txn({.key = key, .value = value, .expected = expected});
  if (!answer) {
    return fail(answer.error());
  }
  if (!answer->entry) {
    return fail(key_not_found(key));
  }
  if (!answer->succeeded) {
    return fail(key_changed(key, expected, answer->entry->modified));
  }
  return Entry{std::string(key), std::string(value), answer->entry->created, answer->revision};
}

Result<Entry> EtcdStore::put(std::string_view key, std::string_view value) {
  const Status valid = check_key(key).and_then([&] { return check_value(key, value); });
  if (!valid) {
    return fail(valid.error());
  }
  const Result<etcd::PutAnswer> answer =
      impl_->gateway()
          .call("kv/put", etcd::write_put(key, value), Gateway::Kind::write)
          .and_then([](const std::string& body) { return etcd::read_put(body); });
  if (!answer) {
    return fail(answer.error());
  }
  return Entry{std::string(key), std::string(value),
               answer->previous ? answer->previous->created : answer->revision, answer->revision};
}

Result<Entry> EtcdStore::erase(std::string_view key, std::optional<Revision> expected) {
  Result<etcd::TxnAnswer> answer = impl_->txn({.key = key, .expected = expected});
  if (!answer) {
    return fail(answer.error());
  }
  if (!answer->entry) {
    return fail(key_not_found(key));
  }
  if (!answer->succeeded) {
    return fail(key_changed(key, expected.value_or(0), answer->entry->modified));
  }
  return std::move(*answer->entry);
}

Result<std::unique_ptr<Watch>> EtcdStore::watch(std::string_view prefix, Revision after) {
  auto watch =
      std::make_unique<etcd::EtcdWatch>(impl_->gateway(), prefix, after, impl_->options().outage_max);
  if (const Status started = watch->start(); !started) {
    return fail(started.error());
  }
  return watch;
}

Status EtcdStore::compact(Revision through) {
  const Result<std::string> answer = impl_->gateway().call(
      "kv/compaction", fmt::format(R"({{"revision":"{}"}})", through), Gateway::Kind::write);
  return answer ? Status() : fail(answer.error());
}

}  // namespace catflap::calico
