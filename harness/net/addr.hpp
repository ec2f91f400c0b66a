#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace catflap::net {

enum class Family : std::uint8_t { ipv4, ipv6 };

/// "ipv4" or "ipv6".
std::string_view to_string(Family family);

/// Octets of an address of `family`: 4 or 16.
constexpr std::size_t address_octets(Family family) {
  return family == Family::ipv4 ? 4 : 16;
}
/// Bits of an address of `family`: 32 or 128.
constexpr std::uint8_t address_bits(Family family) {
  return family == Family::ipv4 ? 32 : 128;
}

/// An IPv4 or IPv6 address. Ordered by family, then by value. The default value is 0.0.0.0.
class IpAddr {
 public:
  constexpr IpAddr() = default;

  /// `value` in host byte order: 0x0A000001 is 10.0.0.1.
  static constexpr IpAddr v4(std::uint32_t value) { return {Family::ipv4, std::uint64_t{value} << 32U, 0}; }
  /// The two halves in host byte order: v6(0xfe80'0000'0000'0000, 1) is fe80::1.
  static constexpr IpAddr v6(std::uint64_t high, std::uint64_t low) { return {Family::ipv6, high, low}; }
  /// From 4 or 16 octets in network byte order; other sizes are Errc::invalid.
  static Result<IpAddr> from_octets(BytesView octets);
  /// Dotted quad or RFC 4291 text; no zone, no leading zeros in a quad. Errc::invalid names the text.
  static Result<IpAddr> parse(std::string_view text);
  /// 0.0.0.0 or ::.
  static constexpr IpAddr any(Family family) { return {family, 0, 0}; }

  constexpr Family family() const { return family_; }
  constexpr bool is_v4() const { return family_ == Family::ipv4; }
  constexpr bool is_v6() const { return family_ == Family::ipv6; }
  /// Precondition: is_v4().
  constexpr std::uint32_t v4_value() const { return static_cast<std::uint32_t>(high_ >> 32U); }
  /// The address bits from the top: an IPv4 address fills the 32 highest bits of high().
  constexpr std::uint64_t high() const { return high_; }
  constexpr std::uint64_t low() const { return low_; }
  /// Bit `index`, counted from the most significant (0). Precondition: index < address_bits(family()).
  constexpr bool bit(std::uint8_t index) const {
    return index < 64 ? (high_ >> (63U - index) & 1U) != 0 : (low_ >> (127U - index) & 1U) != 0;
  }
  /// The address with all bits behind the first `length` cleared.
  IpAddr masked(std::uint8_t length) const;
  /// The address `offset` further on, wrapping at the end of the family.
  IpAddr plus(std::uint64_t offset) const;

  bool is_unspecified() const { return high_ == 0 && low_ == 0; }
  bool is_loopback() const;    ///< 127/8 or ::1
  bool is_link_local() const;  ///< 169.254/16 or fe80::/10
  bool is_multicast() const;   ///< 224/4 or ff00::/8

  /// 4 or 16 octets in network byte order.
  Bytes octets() const;
  void append_to(ByteSink& out) const;

  constexpr auto operator<=>(const IpAddr&) const = default;

 private:
  constexpr IpAddr(Family family, std::uint64_t high, std::uint64_t low)
      : family_(family), high_(high), low_(low) {}

  Family family_ = Family::ipv4;
  std::uint64_t high_ = 0;
  std::uint64_t low_ = 0;
};

/// Dotted quad, or RFC 5952 text.
std::string to_string(const IpAddr& addr);

/// An address range: the host bits are always zero.
class Prefix {
 public:
  constexpr Prefix() = default;
  /// Clears the host bits. `length` above the family's bits is taken as all bits.
  Prefix(const IpAddr& addr, std::uint8_t length);

  /// "10.0.0.0/8" or "fd00::/8". Host bits set or a missing length are Errc::invalid.
  static Result<Prefix> parse(std::string_view text);
  /// The prefix of one address: /32 or /128.
  static Prefix host(const IpAddr& addr) { return {addr, address_bits(addr.family())}; }

  constexpr const IpAddr& addr() const { return addr_; }
  constexpr std::uint8_t length() const { return length_; }
  constexpr Family family() const { return addr_.family(); }
  bool contains(const IpAddr& addr) const;
  /// True if `other` is the same range or lies inside this one.
  bool covers(const Prefix& other) const;
  bool is_host() const { return length_ == address_bits(family()); }

  constexpr auto operator<=>(const Prefix&) const = default;

 private:
  IpAddr addr_;
  std::uint8_t length_ = 0;
};

std::string to_string(const Prefix& prefix);

/// An address of an interface with the length of its network: "192.168.1.1/24", host bits kept.
struct InterfaceAddress {
  IpAddr addr;
  std::uint8_t length = 0;
  /// Of a point-to-point link (`ip address add 10.0.0.1 peer 10.0.0.2/32`): the other end, alone on link.
  std::optional<IpAddr> peer{};

  Prefix network() const { return {peer.value_or(addr), length}; }
  /// "10.1.0.1/24"; without a length it is a host address. Errc::invalid names the text.
  static Result<InterfaceAddress> parse(std::string_view text);
  constexpr auto operator<=>(const InterfaceAddress&) const = default;
};

std::string to_string(const InterfaceAddress& address);

/// Address and port of a transport protocol. `scope` is the interface of a link-local address, 0 for none.
struct Endpoint {
  IpAddr addr;
  std::uint16_t port = 0;
  std::uint32_t scope = 0;

  constexpr auto operator<=>(const Endpoint&) const = default;
};

/// "192.0.2.1:179" or "[fe80::1%3]:179".
std::string to_string(const Endpoint& endpoint);

/// A 32-bit router or cluster id as a dotted quad.
std::string router_id_to_string(std::uint32_t id);

}  // namespace catflap::net

template <>
struct std::hash<catflap::net::IpAddr> {
  std::size_t operator()(const catflap::net::IpAddr& addr) const noexcept {
    std::uint64_t h =
        addr.high() * 0x9E3779B97F4A7C15ULL ^ (addr.low() + 0xBF58476D1CE4E5B9ULL) * 0x94D049BB133111EBULL;
    h ^= h >> 29U;
    return static_cast<std::size_t>(h * 0xBF58476D1CE4E5B9ULL + static_cast<std::uint64_t>(addr.family()));
  }
};

template <>
struct std::hash<catflap::net::Prefix> {
  std::size_t operator()(const catflap::net::Prefix& prefix) const noexcept {
    return std::hash<catflap::net::IpAddr>()(prefix.addr()) * 131U + prefix.length();
  }
};
