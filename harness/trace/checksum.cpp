#include "trace/checksum.hpp"

#include <array>
#include <cstddef>

namespace catflap::trace {
namespace {

constexpr std::size_t kSlices = 8;
using Tables = std::array<std::array<std::uint32_t, 256>, kSlices>;

constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc & 1U) != 0 ? crc >> 1U ^ 0x82F63B78U : crc >> 1U;
    }
    tables[0][i] = crc;
  }
  for (std::size_t slice = 1; slice < kSlices; ++slice) {
    for (std::size_t i = 0; i < 256; ++i) {
      const std::uint32_t before = tables[slice - 1][i];
      tables[slice][i] = before >> 8U ^ tables[0][before & 0xFFU];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

std::uint64_t little_endian(const std::byte* at, std::size_t octets) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < octets; ++i) {
    value |= std::to_integer<std::uint64_t>(at[i]) << (8U * i);
  }
  return value;
}

}  // namespace

std::uint32_t crc32c(BytesView bytes, std::uint32_t crc) {
  crc = ~crc;
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    const std::uint64_t word = little_endian(at, 8) ^ crc;
    crc = 0;
    for (std::size_t i = 0; i < 8; ++i) {
      crc ^= kTables[7 - i][word >> (8U * i) & 0xFFU];
    }
  }
  for (; left > 0; ++at, --left) {
    crc = crc >> 8U ^ kTables[0][(crc ^ std::to_integer<std::uint32_t>(*at)) & 0xFFU];
  }
  return ~crc;
}

std::uint64_t hash64(BytesView bytes, std::uint64_t hash) {
  constexpr std::uint64_t kMultiplier = 0x9E3779B97F4A7C15ULL;
  hash ^= bytes.size() * kMultiplier;
  const std::byte* at = bytes.data();
  for (std::size_t left = bytes.size(); left > 0;) {
    const std::size_t octets = left < 8 ? left : 8;
    hash = (hash ^ little_endian(at, octets)) * kMultiplier;
    hash ^= hash >> 32U;
    at += octets;
    left -= octets;
  }
  return hash;
}

}  // namespace catflap::trace
