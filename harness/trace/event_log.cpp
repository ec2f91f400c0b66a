#include "trace/event_log.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include "trace/checksum.hpp"

namespace catflap::trace {
namespace {

constexpr std::string_view kMagic = "CFEVLOG\n";
constexpr std::size_t kHeadOctets = 9;  ///< length, checksum, type

std::uint32_t checksum(std::uint8_t type, BytesView payload) {
  const std::byte octet{type};
  return crc32c(payload, crc32c(BytesView(&octet, 1)));
}

}  // namespace

EventLogWriter::EventLogWriter(ByteSink& out) : out_(out) {
  out_.bytes(as_bytes(kMagic));
}

void EventLogWriter::append(LogRecordType type, BytesView payload) {
  out_.u32(static_cast<std::uint32_t>(payload.size()));
  out_.u32(checksum(static_cast<std::uint8_t>(type), payload));
  out_.u8(static_cast<std::uint8_t>(type));
  out_.bytes(payload);
}

void EventLogReader::push(BytesView bytes) {
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(begin_));
  begin_ = 0;
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

Result<std::optional<EventLogReader::Record>> EventLogReader::next() {
  const auto broken = [&](std::string what) {
    failed_ = Error{Errc::invalid, std::move(what)};
    return fail(*failed_);
  };
  if (failed_) {
    return fail(*failed_);
  }
  BytesView left = BytesView(buffer_).subspan(begin_);
  if (!magic_seen_) {
    const std::size_t have = std::min(left.size(), kMagic.size());
    if (as_text(left.first(have)) != kMagic.substr(0, have)) {
      return broken("this is no event log");
    }
    if (have < kMagic.size()) {
      return std::optional<Record>();
    }
    magic_seen_ = true;
    begin_ += kMagic.size();
    offset_ += kMagic.size();
    left = left.subspan(kMagic.size());
  }
  const auto where = [&] {
    return "record " + std::to_string(number_) + " at octet " + std::to_string(offset_) + ": ";
  };
  ByteReader reader(left);
  const auto length = reader.u32();
  const auto sum = reader.u32();
  const auto type = reader.u8();
  if (!length || !sum || !type) {
    return std::optional<Record>();
  }
  if (*length > kLogRecordOctetsMax) {
    return broken(where() + "a length of " + std::to_string(*length) + " octets: the file is damaged");
  }
  const auto payload = reader.take(*length);
  if (!payload) {
    return std::optional<Record>();
  }
  if (checksum(*type, *payload) != *sum) {
    return broken(where() + "wrong checksum: the file is damaged");
  }
  if (*type < static_cast<std::uint8_t>(LogRecordType::header) ||
      *type > static_cast<std::uint8_t>(LogRecordType::end)) {
    return broken(where() + "unknown type " + std::to_string(*type) + ": written by a newer program");
  }
  begin_ += kHeadOctets + *length;
  offset_ += kHeadOctets + *length;
  return std::optional<Record>(Record{static_cast<LogRecordType>(*type), *payload, number_++});
}

}  // namespace catflap::trace
