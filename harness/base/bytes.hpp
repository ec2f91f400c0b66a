#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace catflap {

using Bytes = std::vector<std::byte>;
using BytesView = std::span<const std::byte>;

/// Reads big-endian integers and slices off a view. Never reads beyond the end: what is not there is nullopt.
class ByteReader {
 public:
  explicit ByteReader(BytesView bytes) : bytes_(bytes) {}

  std::size_t remaining() const { return bytes_.size() - offset_; }
  std::size_t offset() const { return offset_; }
  bool empty() const { return remaining() == 0; }

  std::optional<std::uint8_t> u8();
  std::optional<std::uint16_t> u16();
  std::optional<std::uint32_t> u32();
  std::optional<std::uint64_t> u64();
  /// The next `count` octets, a view into the bytes given to the constructor.
  std::optional<BytesView> take(std::size_t count);
  /// All that is left.
  BytesView rest();

 private:
  BytesView bytes_;
  std::size_t offset_ = 0;
};

/// Appends big-endian integers to a buffer that it owns.
class ByteSink {
 public:
  void u8(std::uint8_t value);
  void u16(std::uint16_t value);
  void u32(std::uint32_t value);
  void u64(std::uint64_t value);
  void bytes(BytesView bytes);

  /// Overwrites two octets written before. Precondition: offset + 2 <= size().
  void patch_u16(std::size_t offset, std::uint16_t value);
  /// Overwrites one octet written before. Precondition: offset < size().
  void patch_u8(std::size_t offset, std::uint8_t value);
  void truncate(std::size_t size) { buffer_.resize(size); }
  void reserve(std::size_t size) { buffer_.reserve(size); }

  std::size_t size() const { return buffer_.size(); }
  BytesView view() const { return buffer_; }
  Bytes release() { return std::move(buffer_); }

 private:
  Bytes buffer_;
};

/// Lower-case hexadecimal without separators.
std::string to_hex(BytesView bytes);
/// The reverse; nullopt for anything but an even number of hexadecimal digits.
std::optional<Bytes> from_hex(std::string_view text);
/// The octets of a text.
BytesView as_bytes(std::string_view text);
/// The octets as text.
std::string_view as_text(BytesView bytes);

}  // namespace catflap
