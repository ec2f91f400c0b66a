#include "net/addr.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

namespace catflap::net {
namespace {

/// A decimal number of at most `max`, without sign or leading zeros.
std::optional<std::uint32_t> parse_decimal(std::string_view text, std::uint32_t max) {
  if (text.empty() || (text.size() > 1 && text[0] == '0')) {
    return std::nullopt;
  }
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > max) {
    return std::nullopt;
  }
  return value;
}

std::optional<std::uint32_t> parse_quad(std::string_view text) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const std::size_t dot = text.find('.');
    if ((dot == std::string_view::npos) != (i == 3)) {
      return std::nullopt;
    }
    const auto octet = parse_decimal(text.substr(0, dot), 255);
    if (!octet) {
      return std::nullopt;
    }
    value = value << 8U | *octet;
    text = i == 3 ? std::string_view() : text.substr(dot + 1);
  }
  return value;
}

/// The 16-bit groups of one side of "::", the last of which may be a dotted quad.
std::optional<std::vector<std::uint16_t>> parse_groups(std::string_view text) {
  std::vector<std::uint16_t> groups;
  while (!text.empty()) {
    const std::size_t colon = text.find(':');
    const std::string_view word = text.substr(0, colon);
    if (colon == std::string_view::npos && word.find('.') != std::string_view::npos) {
      const auto quad = parse_quad(word);
      if (!quad) {
        return std::nullopt;
      }
      groups.push_back(static_cast<std::uint16_t>(*quad >> 16U));
      groups.push_back(static_cast<std::uint16_t>(*quad & 0xFFFFU));
      return groups;
    }
    std::uint16_t group = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), group, 16);
    if (word.empty() || word.size() > 4 || error != std::errc() || end != word.data() + word.size()) {
      return std::nullopt;
    }
    groups.push_back(group);
    if (colon == std::string_view::npos) {
      return groups;
    }
    text = text.substr(colon + 1);
    if (text.empty()) {
      return std::nullopt;  // a single colon at the end
    }
  }
  return groups;
}

std::optional<IpAddr> parse_v6(std::string_view text) {
  const std::size_t gap = text.find("::");
  const auto head = parse_groups(text.substr(0, gap));
  const auto tail = parse_groups(gap == std::string_view::npos ? std::string_view() : text.substr(gap + 2));
  if (!head || !tail) {
    return std::nullopt;
  }
  if (gap != std::string_view::npos && text.substr(0, gap).find('.') != std::string_view::npos) {
    return std::nullopt;  // a dotted quad can only be at the end
  }
  const std::size_t count = head->size() + tail->size();
  if (gap == std::string_view::npos ? count != 8 : count > 7) {
    return std::nullopt;
  }
  std::array<std::uint16_t, 8> groups{};
  std::copy(head->begin(), head->end(), groups.begin());
  std::copy(tail->begin(), tail->end(), groups.end() - static_cast<std::ptrdiff_t>(tail->size()));
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    high = high << 16U | groups[i];
    low = low << 16U | groups[i + 4];
  }
  return IpAddr::v6(high, low);
}

std::string quad_to_string(std::uint32_t value) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) {
    text += std::to_string(value >> static_cast<unsigned>(shift) & 0xFFU);
    if (shift > 0) {
      text += '.';
    }
  }
  return text;
}

std::string v6_to_string(std::uint64_t high, std::uint64_t low) {
  if (high == 0 && low >> 32U == 0xFFFF) {
    return "::ffff:" + quad_to_string(static_cast<std::uint32_t>(low));  // RFC 5952 section 5
  }
  std::array<std::uint16_t, 8> groups{};
  for (std::size_t i = 0; i < 4; ++i) {
    groups[i] = static_cast<std::uint16_t>(high >> (48 - 16 * i));
    groups[i + 4] = static_cast<std::uint16_t>(low >> (48 - 16 * i));
  }
  // The longest run of at least two zero groups becomes "::"; of equal runs the first.
  std::size_t best_start = groups.size();
  std::size_t best_length = 1;
  for (std::size_t i = 0; i < groups.size();) {
    std::size_t end = i;
    while (end < groups.size() && groups[end] == 0) {
      ++end;
    }
    if (end - i > best_length) {
      best_start = i;
      best_length = end - i;
    }
    i = std::max(end, i + 1);
  }
  std::string text;
  std::array<char, 4> buffer{};
  for (std::size_t i = 0; i < groups.size();) {
    if (i == best_start) {
      text += "::";
      i += best_length;
      continue;
    }
    if (!text.empty() && text.back() != ':') {
      text += ':';
    }
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), groups[i], 16).ptr;
    text.append(buffer.data(), end);
    ++i;
  }
  return text;
}

}  // namespace

std::string_view to_string(Family family) {
  return family == Family::ipv4 ? "ipv4" : "ipv6";
}

Result<IpAddr> IpAddr::from_octets(BytesView octets) {
  ByteReader reader(octets);
  if (octets.size() == 4) {
    return v4(*reader.u32());
  }
  if (octets.size() == 16) {
    const std::uint64_t high = *reader.u64();
    return v6(high, *reader.u64());
  }
  return fail(Errc::invalid, "an address has 4 or 16 octets, not " + std::to_string(octets.size()));
}

Result<IpAddr> IpAddr::parse(std::string_view text) {
  if (text.find(':') != std::string_view::npos) {
    if (const auto addr = parse_v6(text)) {
      return *addr;
    }
  } else if (const auto quad = parse_quad(text)) {
    return v4(*quad);
  }
  return fail(Errc::invalid, "'" + std::string(text) + "' is not an IP address");
}

IpAddr IpAddr::masked(std::uint8_t length) const {
  if (length <= 64) {
    return {family_, length == 0 ? 0 : high_ & ~std::uint64_t{0} << (64U - length), 0};
  }
  const auto mask = [](unsigned bits) { return bits == 0 ? 0 : ~std::uint64_t{0} << (64U - bits); };
  const unsigned bits = std::min<unsigned>(length, address_bits(family_));
  return {family_, high_ & mask(std::min(bits, 64U)), low_ & mask(bits > 64 ? bits - 64 : 0)};
}

IpAddr IpAddr::plus(std::uint64_t offset) const {
  if (is_v4()) {
    return v4(static_cast<std::uint32_t>(v4_value() + offset));
  }
  const std::uint64_t sum = low_ + offset;
  return v6(high_ + (sum < low_ ? 1 : 0), sum);
}

bool IpAddr::is_loopback() const {
  return is_v4() ? v4_value() >> 24U == 127 : high_ == 0 && low_ == 1;
}
bool IpAddr::is_link_local() const {
  return is_v4() ? v4_value() >> 16U == 0xA9FE : high_ >> 54U == 0xFE80U >> 6U;
}
bool IpAddr::is_multicast() const {
  return is_v4() ? v4_value() >> 28U == 0xE : high_ >> 56U == 0xFF;
}

Bytes IpAddr::octets() const {
  ByteSink sink;
  append_to(sink);
  return sink.release();
}

void IpAddr::append_to(ByteSink& out) const {
  if (is_v4()) {
    out.u32(v4_value());
  } else {
    out.u64(high_);
    out.u64(low_);
  }
}

std::string to_string(const IpAddr& addr) {
  return addr.is_v4() ? quad_to_string(addr.v4_value()) : v6_to_string(addr.high(), addr.low());
}

Prefix::Prefix(const IpAddr& addr, std::uint8_t length)
    : addr_(addr.masked(length)), length_(std::min(length, address_bits(addr.family()))) {}

Result<Prefix> Prefix::parse(std::string_view text) {
  if (text.find('/') == std::string_view::npos) {
    return fail(Errc::invalid,
                "'" + std::string(text) + "' is not a prefix: the length is missing, as in 10.0.0.0/8");
  }
  const auto address = InterfaceAddress::parse(text);
  if (!address) {
    return fail(Errc::invalid, "'" + std::string(text) + "' is not a prefix");
  }
  if (address->network().addr() != address->addr) {
    return fail(Errc::invalid, "'" + std::string(text) + "' has host bits set; the prefix is " +
                                   to_string(address->network()));
  }
  return address->network();
}

bool Prefix::contains(const IpAddr& addr) const {
  return addr.family() == family() && addr.masked(length_) == addr_;
}

bool Prefix::covers(const Prefix& other) const {
  return other.length_ >= length_ && contains(other.addr_);
}

std::string to_string(const Prefix& prefix) {
  return to_string(prefix.addr()) + "/" + std::to_string(prefix.length());
}

Result<InterfaceAddress> InterfaceAddress::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto addr = IpAddr::parse(text.substr(0, slash));
  if (!addr) {
    return fail(Errc::invalid, "'" + std::string(text) + "' is not an IP address with a length");
  }
  if (slash == std::string_view::npos) {
    return InterfaceAddress{*addr, address_bits(addr->family())};
  }
  const auto length = parse_decimal(text.substr(slash + 1), address_bits(addr->family()));
  if (!length) {
    return fail(Errc::invalid, "'" + std::string(text) + "': the length must be 0 to " +
                                   std::to_string(address_bits(addr->family())));
  }
  return InterfaceAddress{*addr, static_cast<std::uint8_t>(*length)};
}

std::string to_string(const InterfaceAddress& address) {
  return to_string(address.addr) + "/" + std::to_string(address.length);
}

std::string to_string(const Endpoint& endpoint) {
  if (endpoint.addr.is_v4()) {
    return to_string(endpoint.addr) + ":" + std::to_string(endpoint.port);
  }
  const std::string zone = endpoint.scope == 0 ? "" : "%" + std::to_string(endpoint.scope);
  return "[" + to_string(endpoint.addr) + zone + "]:" + std::to_string(endpoint.port);
}

std::string router_id_to_string(std::uint32_t id) {
  return quad_to_string(id);
}

}  // namespace catflap::net
