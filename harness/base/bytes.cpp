#include "base/bytes.hpp"

#include <cstring>
#include <utility>

#include "base/assert.hpp"

namespace catflap {
namespace {

template <class T>
std::optional<T> read_big_endian(BytesView bytes, std::size_t& offset) {
  if (bytes.size() - offset < sizeof(T)) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = value << 8U | std::to_integer<std::uint64_t>(bytes[offset + i]);
  }
  offset += sizeof(T);
  return static_cast<T>(value);
}

template <class T>
void append_big_endian(Bytes& out, T value) {
  out.resize(out.size() + sizeof(T));
  std::byte* const at = out.data() + (out.size() - sizeof(T));
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    at[i] = static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * (sizeof(T) - 1 - i)) & 0xFFU);
  }
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  if (c >= 'A' && c <= 'F') {
    return c - 'A' + 10;
  }
  return -1;
}

}  // namespace

std::optional<std::uint8_t> ByteReader::u8() {
  return read_big_endian<std::uint8_t>(bytes_, offset_);
}
std::optional<std::uint16_t> ByteReader::u16() {
  return read_big_endian<std::uint16_t>(bytes_, offset_);
}
std::optional<std::uint32_t> ByteReader::u32() {
  return read_big_endian<std::uint32_t>(bytes_, offset_);
}
std::optional<std::uint64_t> ByteReader::u64() {
  return read_big_endian<std::uint64_t>(bytes_, offset_);
}

std::optional<BytesView> ByteReader::take(std::size_t count) {
  if (remaining() < count) {
    return std::nullopt;
  }
  const BytesView view = bytes_.subspan(offset_, count);
  offset_ += count;
  return view;
}

BytesView ByteReader::rest() {
  const BytesView view = bytes_.subspan(offset_);
  offset_ = bytes_.size();
  return view;
}

void ByteSink::u8(std::uint8_t value) {
  buffer_.push_back(static_cast<std::byte>(value));
}
void ByteSink::u16(std::uint16_t value) {
  append_big_endian(buffer_, value);
}
void ByteSink::u32(std::uint32_t value) {
  append_big_endian(buffer_, value);
}
void ByteSink::u64(std::uint64_t value) {
  append_big_endian(buffer_, value);
}
void ByteSink::bytes(BytesView bytes) {
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

void ByteSink::patch_u16(std::size_t offset, std::uint16_t value) {
  CATFLAP_ASSERT(offset + 2 <= buffer_.size());
  buffer_[offset] = static_cast<std::byte>(value >> 8U);
  buffer_[offset + 1] = static_cast<std::byte>(value & 0xFFU);
}

void ByteSink::patch_u8(std::size_t offset, std::uint8_t value) {
  CATFLAP_ASSERT(offset < buffer_.size());
  buffer_[offset] = static_cast<std::byte>(value);
}

std::string to_hex(BytesView bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::byte octet : bytes) {
    text.push_back(kDigits[std::to_integer<unsigned>(octet) >> 4U]);
    text.push_back(kDigits[std::to_integer<unsigned>(octet) & 0xFU]);
  }
  return text;
}

std::optional<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) {
    return std::nullopt;
  }
  Bytes bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_digit(text[i]);
    const int low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) {
      return std::nullopt;
    }
    bytes.push_back(static_cast<std::byte>(high * 16 + low));
  }
  return bytes;
}

BytesView as_bytes(std::string_view text) {
  return std::as_bytes(std::span<const char>(text.data(), text.size()));
}

std::string_view as_text(BytesView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace catflap
