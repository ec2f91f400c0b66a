#include "bgp/bfd/digest.hpp"

#include <array>
#include <cstdint>

namespace catflap::bgp::bfd {
namespace {

constexpr std::size_t kBlockOctets = 64;
constexpr std::size_t kBlockWords = 16;

constexpr std::uint32_t rotate(std::uint32_t value, unsigned bits) {
  return value << bits | value >> (32U - bits);
}

enum class Order { little, big };

std::uint32_t word_at(BytesView bytes, std::size_t at, Order order) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const auto octet = std::to_integer<std::uint32_t>(bytes[at + i]);
    value |= octet << 8U * static_cast<unsigned>(order == Order::little ? i : 3 - i);
  }
  return value;
}

void put(Bytes& out, std::uint64_t value, std::size_t octets, Order order) {
  for (std::size_t i = 0; i < octets; ++i) {
    out.push_back(static_cast<std::byte>(
        value >> 8U * static_cast<unsigned>(order == Order::little ? i : octets - 1 - i)));
  }
}

/// Both begin alike: a one bit, zeros, and the length in bits at the end of the last block.
Bytes padded(BytesView text, Order order) {
  Bytes out(text.begin(), text.end());
  out.push_back(std::byte{0x80});
  while (out.size() % kBlockOctets != kBlockOctets - 8) {
    out.push_back(std::byte{0});
  }
  put(out, std::uint64_t{text.size()} * 8, 8, order);
  return out;
}

template <std::size_t Words, class Mix>
Bytes digest(BytesView text, std::array<std::uint32_t, Words> state, Order order, Mix mix) {
  const Bytes blocks = padded(text, order);
  for (std::size_t at = 0; at < blocks.size(); at += kBlockOctets) {
    std::array<std::uint32_t, kBlockWords> words{};
    for (std::size_t i = 0; i < kBlockWords; ++i) {
      words[i] = word_at(blocks, at + 4 * i, order);
    }
    const auto before = state;
    mix(state, words);
    for (std::size_t i = 0; i < Words; ++i) {
      state[i] += before[i];
    }
  }
  Bytes out;
  for (const std::uint32_t word : state) {
    put(out, word, 4, order);
  }
  return out;
}

/// RFC 1321 §3.4: the integer part of 2^32 * abs(sin(i)), i from 1 in radians.
constexpr std::array<std::uint32_t, 64> kSines{
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
constexpr std::array<std::array<unsigned, 4>, 4> kTurns{
    {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}}};

void mix_md5(std::array<std::uint32_t, 4>& state, const std::array<std::uint32_t, kBlockWords>& words) {
  auto [a, b, c, d] = state;
  for (std::size_t i = 0; i < 64; ++i) {
    const std::size_t round = i / 16;
    std::uint32_t f = 0;
    std::size_t word = 0;
    if (round == 0) {
      f = (b & c) | (~b & d);
      word = i;
    } else if (round == 1) {
      f = (d & b) | (~d & c);
      word = (5 * i + 1) % kBlockWords;
    } else if (round == 2) {
      f = b ^ c ^ d;
      word = (3 * i + 5) % kBlockWords;
    } else {
      f = c ^ (b | ~d);
      word = 7 * i % kBlockWords;
    }
    const std::uint32_t turned = rotate(a + f + kSines[i] + words[word], kTurns[round][i % 4]);
    a = d;
    d = c;
    c = b;
    b += turned;
  }
  state = {a, b, c, d};
}

void mix_sha1(std::array<std::uint32_t, 5>& state, const std::array<std::uint32_t, kBlockWords>& words) {
  std::array<std::uint32_t, 80> w{};
  for (std::size_t i = 0; i < w.size(); ++i) {
    w[i] = i < kBlockWords ? words[i] : rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  }
  auto [a, b, c, d, e] = state;
  for (std::size_t i = 0; i < w.size(); ++i) {
    std::uint32_t f = b ^ c ^ d;
    std::uint32_t k = 0xca62c1d6;
    if (i < 20) {
      f = (b & c) | (~b & d);
      k = 0x5a827999;
    } else if (i < 40) {
      k = 0x6ed9eba1;
    } else if (i < 60) {
      f = (b & c) | (b & d) | (c & d);
      k = 0x8f1bbcdc;
    }
    const std::uint32_t next = rotate(a, 5) + f + e + k + w[i];
    e = d;
    d = c;
    c = rotate(b, 30);
    b = a;
    a = next;
  }
  state = {a, b, c, d, e};
}

}  // namespace

Bytes md5(BytesView text) {
  return digest(text, std::array<std::uint32_t, 4>{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476},
                Order::little, mix_md5);
}

Bytes sha1(BytesView text) {
  return digest(text,
                std::array<std::uint32_t, 5>{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0},
                Order::big, mix_sha1);
}

}  // namespace catflap::bgp::bfd
