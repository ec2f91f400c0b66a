#include "base/digest.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace catflap {
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

/// All begin alike: a one bit, zeros, and the length in bits at the end of the last block.
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

/// FIPS 180-4 §4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes.
constexpr std::array<std::uint32_t, 64> kCubeRoots{
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

void mix_sha256(std::array<std::uint32_t, 8>& state, const std::array<std::uint32_t, kBlockWords>& words) {
  std::array<std::uint32_t, 64> w{};
  for (std::size_t i = 0; i < w.size(); ++i) {
    if (i < kBlockWords) {
      w[i] = words[i];
      continue;
    }
    const std::uint32_t low = rotate(w[i - 15], 25) ^ rotate(w[i - 15], 14) ^ w[i - 15] >> 3U;
    const std::uint32_t high = rotate(w[i - 2], 15) ^ rotate(w[i - 2], 13) ^ w[i - 2] >> 10U;
    w[i] = w[i - 16] + low + w[i - 7] + high;
  }
  auto [a, b, c, d, e, f, g, h] = state;
  for (std::size_t i = 0; i < w.size(); ++i) {
    const std::uint32_t of_e = rotate(e, 26) ^ rotate(e, 21) ^ rotate(e, 7);
    const std::uint32_t first = h + of_e + ((e & f) ^ (~e & g)) + kCubeRoots[i] + w[i];
    const std::uint32_t of_a = rotate(a, 30) ^ rotate(a, 19) ^ rotate(a, 10);
    const std::uint32_t second = of_a + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = d + first;
    d = c;
    c = b;
    b = a;
    a = first + second;
  }
  state = {a, b, c, d, e, f, g, h};
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

Bytes sha224(BytesView text) {
  Bytes out = digest(text,
                     std::array<std::uint32_t, 8>{0xc1059ed8, 0x367cd507, 0x3070dd17, 0xf70e5939, 0xffc00b31,
                                                  0x68581511, 0x64f98fa7, 0xbefa4fa4},
                     Order::big, mix_sha256);
  out.resize(28);
  return out;
}

}  // namespace catflap
