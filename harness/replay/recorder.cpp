#include "replay/recorder.hpp"

#include "replay/codec.hpp"
#include "trace/checksum.hpp"

namespace catflap::replay {
namespace {

/// A run with more octets of actions is split.
constexpr std::size_t kRunPartOctets = 256U * 1024U;

void put_text(const std::string& text, ByteSink& out) {
  out.u16(static_cast<std::uint16_t>(text.size()));
  out.bytes(as_bytes(text));
}

void put_instant(Instant at, ByteSink& out) {
  out.u64(static_cast<std::uint64_t>(at.since_origin().count()));
}

}  // namespace

void ActionHash::add(BytesView actions) {
  value_ = trace::hash64(actions, value_);
}

Recorder::Recorder(const LogHeader& header, ByteSink& out) : writer_(out) {
  constexpr std::size_t kTextMax = 1000;
  scratch_.u16(trace::kEventLogVersion);
  put_text(header.program.substr(0, kTextMax), scratch_);
  put_text(header.name.substr(0, kTextMax), scratch_);
  scratch_.u64(header.seed);
  scratch_.u64(header.wall_us);
  writer_.append(trace::LogRecordType::header, scratch_.view());
}

void Recorder::event(Instant now, const bgp::Event& event) {
  scratch_.truncate(0);
  put_instant(now, scratch_);
  encode(event, scratch_);
  writer_.append(trace::LogRecordType::event, scratch_.view());
}

void Recorder::run(Instant now, std::span<const bgp::Action> actions) {
  // The head of the last record is written when its hash is known; parts have none.
  ByteSink& part = scratch_;
  part.truncate(0);
  for (const bgp::Action& action : actions) {
    if (!is_recorded(action)) {
      continue;
    }
    encode(action, part);
    if (part.size() >= kRunPartOctets) {
      hash_.add(part.view());
      writer_.append(trace::LogRecordType::run_part, part.view());
      part.truncate(0);
    }
  }
  hash_.add(part.view());
  ByteSink record;
  record.reserve(part.size() + 16);
  put_instant(now, record);
  record.u64(hash_.value());
  record.bytes(part.view());
  writer_.append(trace::LogRecordType::run, record.view());
}

void Recorder::end() {
  scratch_.truncate(0);
  scratch_.u64(hash_.value());
  writer_.append(trace::LogRecordType::end, scratch_.view());
}

}  // namespace catflap::replay
