#include "calico/etcd/etcd_watch.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <utility>

#include "sys/clock.hpp"

namespace catflap::calico::etcd {
namespace {

/// Between two tries to reach etcd again.
constexpr Duration kReconnectPause = std::chrono::milliseconds(50);
/// One line is at most a thousand changes of a MiB each, and what was before, in base64.
constexpr std::size_t kLineMax = 1U << 30U;

void pause_until(Instant deadline) {
  const Duration pause = std::min(kReconnectPause, deadline - sys::monotonic_now());
  if (pause > Duration::zero()) {
    ::poll(nullptr, 0, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(pause).count()));
  }
}

/// Trying again cannot help.
bool is_final(const Error& error) {
  return error.code == Errc::denied || error.code == Errc::invalid || error.code == Errc::conflict ||
         error.code == Errc::unsupported;
}

}  // namespace

Status EtcdWatch::start() {
  return reopen();
}

Status EtcdWatch::reopen() {
  buffer_.clear();
  scanned_ = 0;
  stream_.reset();
  // 0 would be "from now on".
  Result<std::unique_ptr<http::Stream>> stream =
      gateway_.open("watch", write_watch(prefix_, std::max<Revision>(seen_, 1)));
  if (!stream) {
    return fail(stream.error());
  }
  stream_ = std::move(*stream);
  return {};
}

/// etcd may have been restored from a backup, or started anew: what we have seen is not what it has. A member
/// that only lags behind is no such case, so the question goes to the leader.
Status EtcdWatch::check_history(Revision revision) {
  if (revision >= observed_) {
    observed_ = revision;
    return {};
  }
  const Result<std::string> body =
      gateway_.call("kv/range", write_range({.key = prefix_.empty() ? "/" : prefix_}), Gateway::Kind::read);
  const Result<RangeAnswer> answer = body.and_then([](const std::string& text) { return read_range(text); });
  if (!answer) {
    // Not a word about history; the next stream is checked again.
    return is_final(answer.error()) ? fail(answer.error()) : Status();
  }
  if (answer->revision < observed_) {
    return fail(Errc::conflict, fmt::format("etcd has gone back from revision {} to {}: list again",
                                            observed_, answer->revision));
  }
  return {};
}

Result<EtcdWatch::Line> EtcdWatch::take(WatchAnswer answer, std::vector<Change>& changes) {
  if (answer.compacted != 0) {
    return fail(compacted(seen_, answer.compacted));
  }
  if (answer.canceled) {
    const bool is_denied = answer.reason.find("permission denied") != std::string::npos;
    if (is_denied && (denied_before_ || gateway_.access().username.empty())) {
      return fail(gateway_.refused(7, answer.reason));
    }
    if (is_denied) {
      // An expired token looks like this, too; code 16 forgets it.
      denied_before_ = true;
      (void)gateway_.refused(16, answer.reason);
    } else {
      gateway_.next_endpoint();
    }
    return Line::reopen;
  }
  if (answer.created) {
    if (const Status kept = check_history(answer.revision); !kept) {
      return fail(kept.error());
    }
    return Line::progress;
  }
  denied_before_ = false;
  for (Change& change : answer.changes) {
    if (change.entry.modified > seen_) {
      changes.push_back(std::move(change));
    }
  }
  // All changes of one write come together. Answers without changes prove nothing: some versions of etcd send
  // them ahead of changes that came before.
  if (!changes.empty()) {
    seen_ = changes.back().entry.modified;
  }
  observed_ = std::max(observed_, answer.revision);
  return Line::progress;
}

Result<EtcdWatch::Line> EtcdWatch::take_line(std::vector<Change>& changes) {
  const std::size_t end = buffer_.find('\n', scanned_);
  if (end == std::string::npos) {
    scanned_ = buffer_.size();
    return scanned_ > kLineMax ? Line::reopen : Line::nothing;
  }
  Result<WatchAnswer> answer = read_watch(std::string_view(buffer_).substr(0, end));
  buffer_.erase(0, end + 1);
  scanned_ = 0;
  if (!answer) {
    return fail(answer.error());
  }
  return take(std::move(*answer), changes);
}

Result<std::vector<Change>> EtcdWatch::next(Duration limit) {
  const Instant deadline = sys::monotonic_now() + limit;
  std::vector<Change> changes;
  while (true) {
    if (stream_ == nullptr) {
      const Instant now = sys::monotonic_now();
      lost_since_ = lost_since_.value_or(now);
      if (const Status opened = reopen(); !opened) {
        if (is_final(opened.error()) || now - *lost_since_ >= outage_max_) {
          lost_since_.reset();
          return fail(opened.error());
        }
        if (sys::monotonic_now() >= deadline) {
          return changes;
        }
        pause_until(deadline);
        continue;
      }
      lost_since_.reset();
    }
    Result<Line> line = take_line(changes);
    if (!line) {
      stream_.reset();
      return fail(line.error());
    }
    if (*line == Line::reopen) {
      stream_.reset();
      if (!changes.empty() || sys::monotonic_now() >= deadline) {
        return changes;
      }
      pause_until(deadline);
      continue;
    }
    if (*line == Line::progress) {
      continue;
    }
    if (!changes.empty()) {
      return changes;
    }
    const Instant now = sys::monotonic_now();
    const Result<std::string> more = stream_->read(std::max(deadline - now, Duration::zero()));
    if (!more || (more->empty() && stream_->ended())) {
      stream_.reset();
      if (now >= deadline) {
        return changes;
      }
      gateway_.next_endpoint();
      continue;
    }
    if (more->empty() && sys::monotonic_now() >= deadline) {
      return changes;
    }
    buffer_ += *more;
  }
}

}  // namespace catflap::calico::etcd
