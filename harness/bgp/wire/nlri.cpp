#include <bit>
#include <cstring>

#include "bgp/wire/detail.hpp"

namespace catflap::bgp::wire::detail {
namespace {

constexpr std::size_t kPathIdOctets = 4;

std::uint64_t load(const std::byte* from, std::size_t octets) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < octets; ++i) {
    value = value << 8U | std::to_integer<std::uint64_t>(from[i]);
  }
  return value;
}

/// `octets` octets (at most 8) as the top of a 64-bit number.
std::uint64_t load_high(const std::byte* from, std::size_t octets) {
  return octets == 0 ? 0 : load(from, octets) << (64U - 8U * octets);
}

net::IpAddr load_address(const std::byte* from, std::size_t octets, net::Family family) {
  if (family == net::Family::ipv4) {
    return net::IpAddr::v4(static_cast<std::uint32_t>(load_high(from, octets) >> 32U));
  }
  const std::size_t high = std::min<std::size_t>(octets, 8);
  return net::IpAddr::v6(load_high(from, high), load_high(from + high, octets - high));
}

/// The same where at least 8 octets are there to be read; `octets` is 1 to 8.
std::uint64_t load_high_of_8(const std::byte* from, std::size_t octets) {
  std::uint64_t value = 0;
  std::memcpy(&value, from, sizeof(value));
  if constexpr (std::endian::native == std::endian::little) {
    value = __builtin_bswap64(value);
  }
  return value & ~std::uint64_t{0} << (64U - 8U * octets);
}

/// How many prefixes a field holds, so that the vector grows once. A malformed field gives some number.
std::size_t count_nlri(BytesView field, std::size_t path_id_octets) {
  std::size_t count = 0;
  for (std::size_t at = path_id_octets; at < field.size(); ++count) {
    at += 1 + (std::to_integer<std::size_t>(field[at]) + 7) / 8 + path_id_octets;
  }
  return count;
}

}  // namespace

bool decode_nlri(BytesView field, net::Family family, bool add_path, std::vector<Nlri>& out) {
  const std::size_t id_octets = add_path ? kPathIdOctets : 0;
  const std::size_t bits_max = net::address_bits(family);
  if (out.capacity() == 0) {
    out.reserve(count_nlri(field, id_octets));
  }
  const std::byte* at = field.data();
  std::size_t left = field.size();
  while (left > 0) {
    if (left < id_octets + 1) {
      return false;
    }
    const auto path_id = static_cast<std::uint32_t>(load(at, id_octets));
    const auto bits = std::to_integer<std::size_t>(at[id_octets]);
    const std::size_t octets = (bits + 7) / 8;
    at += id_octets + 1;
    left -= id_octets + 1;
    if (bits > bits_max || left < octets) {
      return false;
    }
    const net::IpAddr address =
        family == net::Family::ipv4 && octets > 0 && left >= sizeof(std::uint64_t)
            ? net::IpAddr::v4(static_cast<std::uint32_t>(load_high_of_8(at, octets) >> 32U))
            : load_address(at, octets, family);
    out.push_back(Nlri{net::Prefix(address, static_cast<std::uint8_t>(bits)), path_id});
    at += octets;
    left -= octets;
  }
  return true;
}

EncodedNlri encode_nlri(const Nlri& nlri, bool add_path) {
  EncodedNlri encoded;
  const auto put = [&encoded](std::uint64_t octet) {
    encoded.octets[encoded.size++] = static_cast<std::byte>(octet & 0xFFU);
  };
  if (add_path) {
    for (unsigned shift = 32; shift > 0; shift -= 8) {
      put(nlri.path_id >> (shift - 8));
    }
  }
  put(nlri.prefix.length());
  const net::IpAddr& addr = nlri.prefix.addr();
  std::array<std::uint64_t, 2> halves{addr.high(), addr.low()};
  if constexpr (std::endian::native == std::endian::little) {
    halves = {__builtin_bswap64(halves[0]), __builtin_bswap64(halves[1])};
  }
  std::memcpy(encoded.octets.data() + encoded.size, halves.data(), sizeof(halves));  // more than is needed
  encoded.size += (nlri.prefix.length() + std::size_t{7}) / 8;
  return encoded;
}

}  // namespace catflap::bgp::wire::detail
