#include "sys/journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <iterator>
#include <optional>
#include <utility>

#include "sys/error.hpp"
#include "sys/files.hpp"

namespace catflap::sys {
namespace {

/// CRC-32C (Castagnoli), as in iSCSI and ext4.
std::uint32_t crc32c(std::string_view text) {
  static constexpr auto kTable = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) {
        value = (value >> 1U) ^ ((value & 1U) != 0 ? 0x82F63B78U : 0U);
      }
      table[i] = value;
    }
    return table;
  }();
  std::uint32_t crc = ~0U;
  for (const char c : text) {
    crc = kTable[(crc ^ static_cast<unsigned char>(c)) & 0xffU] ^ (crc >> 8U);
  }
  return ~crc;
}

void append_encoded(std::string& out, std::string_view text) {
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet <= ' ' || octet >= 0x7f || c == '%' || c == '=') {
      fmt::format_to(std::back_inserter(out), "%{:02x}", octet);
    } else {
      out += c;
    }
  }
}

std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned value = 0;
    if (text.size() - i < 3) {
      return std::nullopt;
    }
    const auto parsed = std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + i + 3) {
      return std::nullopt;
    }
    out += static_cast<char>(static_cast<unsigned char>(value));
    i += 2;
  }
  return out;
}

std::string encode(std::uint64_t sequence, const JournalRecord& record) {
  std::string body = std::to_string(sequence);
  body += ' ';
  append_encoded(body, record.verb);
  body += ' ';
  append_encoded(body, record.key);
  for (const auto& [name, value] : record.fields) {
    body += ' ';
    append_encoded(body, name);
    body += '=';
    append_encoded(body, value);
  }
  return fmt::format("{:08x} {}\n", crc32c(body), body);
}

/// The word up to the next blank, which is taken off.
std::string_view next_word(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(text.size(), word.size() + 1));
  return word;
}

struct Line {
  std::uint64_t sequence = 0;
  JournalRecord record;
};

std::optional<Line> decode(std::string_view line) {
  Line out;
  std::uint32_t crc = 0;
  const std::string_view sum = next_word(line);
  const auto parsed = std::from_chars(sum.data(), sum.data() + sum.size(), crc, 16);
  if (sum.size() != 8 || parsed.ptr != sum.data() + sum.size() || crc != crc32c(line)) {
    return std::nullopt;
  }
  const std::string_view number = next_word(line);
  (void)std::from_chars(number.data(), number.data() + number.size(), out.sequence);
  const auto verb = decoded(next_word(line));
  const auto key = decoded(next_word(line));
  if (out.sequence == 0 || !verb || verb->empty() || !key) {
    return std::nullopt;
  }
  out.record.verb = *verb;
  out.record.key = *key;
  while (!line.empty()) {
    const std::string_view field = next_word(line);
    const std::size_t equals = field.find('=');
    const auto name = decoded(field.substr(0, equals));
    const auto value = equals == std::string_view::npos ? std::nullopt : decoded(field.substr(equals + 1));
    if (!name || !value) {
      return std::nullopt;
    }
    out.record.fields[*name] = *value;
  }
  return out;
}

struct Parsed {
  JournalContent content;
  std::uint64_t last_sequence = 0;
  std::size_t whole_octets = 0;  ///< up to and with the last newline
};

Parsed parse(std::string_view text) {
  Parsed out;
  while (true) {
    const std::size_t end = text.find('\n', out.whole_octets);
    if (end == std::string_view::npos) {
      out.content.torn_tail = out.whole_octets < text.size();
      return out;
    }
    auto line = decode(text.substr(out.whole_octets, end - out.whole_octets));
    out.whole_octets = end + 1;
    if (!line || line->sequence <= out.last_sequence) {
      ++out.content.damaged;
      continue;
    }
    out.last_sequence = line->sequence;
    out.content.records.push_back(std::move(line->record));
  }
}

constexpr std::size_t kJournalOctetsMax = 1U << 30U;

}  // namespace

JournalContent parse_journal(std::string_view text) {
  return parse(text).content;
}

Result<JournalContent> Journal::read(const std::filesystem::path& path) {
  const auto text = read_file(path, kJournalOctetsMax);
  if (!text) {
    return fail(text.error());
  }
  return parse_journal(*text);
}

Result<Journal> Journal::open(const std::filesystem::path& path, Options options) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!fd) {
    return fail(last_error("cannot open journal " + path.string()));
  }
  const auto text = read_file(path, kJournalOctetsMax);
  if (!text) {
    return fail(text.error());
  }
  Parsed there = parse(*text);
  if (there.content.torn_tail && ::ftruncate(fd.get(), static_cast<off_t>(there.whole_octets)) != 0) {
    return fail(last_error("cannot mend journal " + path.string()));
  }
  Journal journal(std::move(fd), options);
  journal.next_sequence_ = there.last_sequence + 1;
  journal.recovered_ = std::move(there.content);
  return journal;
}

Status Journal::append(const JournalRecord& record) {
  return append(std::vector{record});
}

Status Journal::append(const std::vector<JournalRecord>& records) {
  std::string text;
  std::uint64_t sequence = next_sequence_;
  for (const JournalRecord& record : records) {
    if (record.verb.empty()) {
      return fail(Errc::invalid, "a journal record needs a verb");
    }
    text += encode(sequence++, record);
  }
  const ssize_t put = ::write(fd_.get(), text.data(), text.size());
  if (put != static_cast<ssize_t>(text.size())) {
    const Error error = put < 0 ? last_error("cannot write to the journal")
                                : system_error("cannot write to the journal", ENOSPC);
    if (put > 0) {
      (void)!::write(fd_.get(), "\n",
                     1);  // ends the torn line; if that fails too, the next open() cuts it off
    }
    return fail(error);
  }
  next_sequence_ = sequence;
  if (options_.sync && ::fdatasync(fd_.get()) != 0) {
    return fail(last_error("cannot sync the journal"));
  }
  return {};
}

}  // namespace catflap::sys
