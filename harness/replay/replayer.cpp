#include "replay/replayer.hpp"

#include <algorithm>
#include <utility>

#include "replay/codec.hpp"
#include "replay/describe.hpp"

namespace catflap::replay {
namespace {

std::optional<std::string> take_text(ByteReader& reader) {
  const auto size = reader.u16();
  const auto text = size ? reader.take(*size) : std::nullopt;
  return text ? std::optional<std::string>(as_text(*text)) : std::nullopt;
}

std::optional<Instant> take_instant(ByteReader& reader) {
  const auto raw = reader.u64();
  return raw ? std::optional(Instant(Duration(static_cast<std::int64_t>(*raw)))) : std::nullopt;
}

std::string at_record(std::uint64_t number) {
  return "record " + std::to_string(number) + ": ";
}

}  // namespace

Status Replayer::push(BytesView bytes) {
  reader_.push(bytes);
  while (!done_) {
    auto next = reader_.next();
    if (!next) {
      return fail(std::move(next.error()));
    }
    if (!*next) {
      return {};
    }
    if (options_.until && (*next)->number >= *options_.until) {
      done_ = true;
      return {};
    }
    if (auto read = record(**next); !read) {
      return read;
    }
    ++records_;
  }
  return {};
}

Status Replayer::record(const trace::EventLogReader::Record& record) {
  using Type = trace::LogRecordType;
  if ((record.type == Type::header) != (record.number == 0)) {
    return fail(Errc::invalid, at_record(record.number) + "the header is not the first record");
  }
  switch (record.type) {
    case Type::header:
      return read_header(record.payload);
    case Type::event:
      return read_event(record);
    case Type::run_part:
      parts_.emplace_back(record.payload.begin(), record.payload.end());
      return {};
    case Type::run:
      return read_run(record);
    case Type::end:
      complete_ = done_ = true;
      if (ByteReader(record.payload).u64() != hash_.value()) {
        return fail(Errc::invalid, at_record(record.number) + "its hash is not that of the runs before");
      }
      return {};
  }
  return {};
}

Status Replayer::read_header(BytesView payload) {
  ByteReader reader(payload);
  const auto version = reader.u16();
  if (version && *version != trace::kEventLogVersion) {
    return fail(Errc::unsupported, "an event log of version " + std::to_string(*version) +
                                       "; this program reads version " +
                                       std::to_string(trace::kEventLogVersion));
  }
  LogHeader header;
  auto program = take_text(reader);
  auto name = take_text(reader);
  const auto seed = reader.u64();
  const auto wall = reader.u64();
  if (!wall || !program || !name) {
    return fail(Errc::invalid, at_record(0) + "the header is cut off");
  }
  header_ = LogHeader{std::move(*program), std::move(*name), *seed, *wall};
  speaker_ = std::make_unique<bgp::Speaker>(*seed);
  return {};
}

Status Replayer::read_event(const trace::EventLogReader::Record& record) {
  ByteReader reader(record.payload);
  const auto at = take_instant(reader);
  auto event = decode_event(reader);
  if (!at) {
    return fail(Errc::invalid, at_record(record.number) + "an event is cut off");
  }
  if (!event) {
    return fail(std::move(event.error()).context("record " + std::to_string(record.number)));
  }
  if (*at < now_) {
    return fail(Errc::invalid, at_record(record.number) + "time goes back");
  }
  now_ = *at;
  ++events_;
  if (options_.show) {
    options_.show(record.number, now_, "> " + describe(*event));
  }
  speaker_->ingest(now_, *event);
  return {};
}

Status Replayer::read_run(const trace::EventLogReader::Record& record) {
  ByteReader reader(record.payload);
  const auto at = take_instant(reader);
  const auto hash = reader.u64();
  if (!hash || *at < now_) {
    return fail(Errc::invalid, at_record(record.number) + "a run is cut off or time goes back");
  }
  now_ = *at;
  ++runs_;
  speaker_->run(now_);
  actions_ = speaker_->take_actions();
  compared_ = 0;
  for (const bgp::Action& action : actions_) {
    if (options_.show) {
      options_.show(record.number, now_, "< " + describe(action));
    }
  }
  actions_.erase(std::remove_if(actions_.begin(), actions_.end(),
                                [](const auto& action) { return !is_recorded(action); }),
                 actions_.end());
  const std::uint64_t first = record.number - parts_.size();
  for (std::size_t i = 0; i < parts_.size() && !divergence_; ++i) {
    if (auto same = compare(parts_[i], false, first + i); !same) {
      return same;
    }
  }
  parts_.clear();
  if (divergence_) {
    return {};
  }
  if (auto same = compare(reader.rest(), true, record.number); !same) {
    return same;
  }
  if (!divergence_ && hash_.value() != *hash) {
    return fail(Errc::invalid, at_record(record.number) + "its hash is not that of its actions");
  }
  return {};
}

Status Replayer::compare(BytesView expected, bool last, std::uint64_t number) {
  hash_.add(expected);
  ByteReader reader(expected);
  const auto diverge = [&](std::string wanted, std::string got) {
    divergence_ = Divergence{number, now_, compared_, std::move(wanted), std::move(got)};
    done_ = true;
  };
  ByteSink encoded;
  while (!reader.empty()) {
    const std::size_t begin = reader.offset();
    if (compared_ < actions_.size()) {
      encoded.truncate(0);
      encode(actions_[compared_], encoded);
      const BytesView there = expected.subspan(begin, std::min(encoded.size(), reader.remaining()));
      if (std::equal(there.begin(), there.end(), encoded.view().begin(), encoded.view().end())) {
        (void)reader.take(there.size());
        ++compared_;
        continue;
      }
    }
    auto wanted = describe_action(reader);
    if (!wanted) {
      return fail(std::move(wanted.error()).context("record " + std::to_string(number)));
    }
    diverge(std::move(*wanted), compared_ < actions_.size() ? describe(actions_[compared_]) : "nothing");
    return {};
  }
  if (last && compared_ < actions_.size()) {
    diverge("nothing", describe(actions_[compared_]));
  }
  return {};
}

}  // namespace catflap::replay
