#include "probe/icmp.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace catflap::probe {
namespace {

constexpr std::uint8_t kEchoReply4 = 0, kUnreachable4 = 3, kEcho4 = 8, kTimeExceeded4 = 11, kParameter4 = 12;
constexpr std::uint8_t kUnreachable6 = 1, kTooBig6 = 2, kTimeExceeded6 = 3, kParameter6 = 4, kEcho6 = 128,
                       kEchoReply6 = 129;
constexpr std::uint8_t kProtocolIcmp = 1, kProtocolIcmp6 = 58;
constexpr std::size_t kIp6Header = 40;

/// RFC 1071.
std::uint16_t checksum(BytesView bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto octet = std::to_integer<std::uint32_t>(bytes[i]);
    sum += i % 2 == 0 ? octet << 8U : octet;
  }
  while (sum > 0xffff) {
    sum = (sum & 0xffff) + (sum >> 16U);
  }
  return static_cast<std::uint16_t>(~sum);
}

std::uint8_t octet(BytesView bytes, std::size_t at) {
  return std::to_integer<std::uint8_t>(bytes[at]);
}

/// Takes an IPv4 header off; false if it is not one or belongs to another protocol.
bool skip_ip4(BytesView& packet, std::optional<net::IpAddr>* destination) {
  if (packet.size() < 20 || octet(packet, 0) >> 4U != 4 || octet(packet, 9) != kProtocolIcmp) {
    return false;
  }
  const std::size_t header = (octet(packet, 0) & 15U) * 4U;
  if (header < 20 || packet.size() < header) {
    return false;
  }
  if (destination != nullptr) {
    *destination = *net::IpAddr::from_octets(packet.subspan(16, 4));
  }
  packet = packet.subspan(header);
  return true;
}

bool skip_ip6(BytesView& packet, std::optional<net::IpAddr>& destination) {
  if (packet.size() < kIp6Header || octet(packet, 0) >> 4U != 6 || octet(packet, 6) != kProtocolIcmp6) {
    return false;
  }
  destination = *net::IpAddr::from_octets(packet.subspan(24, 16));
  packet = packet.subspan(kIp6Header);
  return true;
}

bool is_complaint(net::Family family, std::uint8_t type) {
  if (family == net::Family::ipv4) {
    return type == kUnreachable4 || type == kTimeExceeded4 || type == kParameter4;
  }
  return type >= kUnreachable6 && type <= kParameter6;
}

template <std::size_t N>
std::string pick(const std::array<std::string_view, N>& texts, std::uint8_t code,
                 std::string_view otherwise) {
  return code < N ? std::string(texts[code]) : std::string(otherwise) + ", code " + std::to_string(code);
}

}  // namespace

Bytes encode_echo_request(net::Family family, const Echo& echo, std::size_t payload_octets) {
  ByteSink out;
  out.u8(family == net::Family::ipv4 ? kEcho4 : kEcho6);
  out.u8(0);
  out.u16(0);
  out.u16(echo.ident);
  out.u16(echo.sequence);
  out.u64(echo.cookie);
  out.u64(echo.token);
  for (std::size_t i = 16; i < payload_octets; ++i) {
    out.u8(static_cast<std::uint8_t>(i));
  }
  if (family == net::Family::ipv4) {
    out.patch_u16(2, checksum(out.view()));
  }
  return out.release();
}

std::optional<IcmpReply> decode_icmp(net::Family family, BytesView packet) {
  const bool v4 = family == net::Family::ipv4;
  if (v4 && !skip_ip4(packet, nullptr)) {
    return std::nullopt;
  }
  if (packet.size() < 8) {
    return std::nullopt;
  }
  IcmpReply reply;
  reply.type = octet(packet, 0);
  reply.code = octet(packet, 1);
  reply.error = is_complaint(family, reply.type);
  if (reply.error) {
    packet = packet.subspan(8);
    const bool ours = v4 ? skip_ip4(packet, &reply.destination) : skip_ip6(packet, reply.destination);
    if (!ours || packet.size() < 8 || octet(packet, 0) != (v4 ? kEcho4 : kEcho6)) {
      return std::nullopt;
    }
  } else if (reply.type != (v4 ? kEchoReply4 : kEchoReply6) || packet.size() < 24) {
    return std::nullopt;
  }
  ByteReader reader(packet.subspan(4));
  reply.echo.ident = reader.u16().value_or(0);
  reply.echo.sequence = reader.u16().value_or(0);
  if (!reply.error) {
    reply.echo.cookie = reader.u64().value_or(0);
    reply.echo.token = reader.u64().value_or(0);
  }
  return reply;
}

std::string describe_icmp(net::Family family, std::uint8_t type, std::uint8_t code) {
  static constexpr std::array<std::string_view, 16> kUnreachableTexts4{
      "Destination net unreachable",
      "Destination host unreachable",
      "Destination protocol unreachable",
      "Destination port unreachable",
      "Fragmentation needed",
      "Source route failed",
      "Destination net unknown",
      "Destination host unknown",
      "Source host isolated",
      "Destination net prohibited",
      "Destination host prohibited",
      "Destination net unreachable for type of service",
      "Destination host unreachable for type of service",
      "Packet filtered",
      "Precedence violation",
      "Precedence cutoff"};
  static constexpr std::array<std::string_view, 7> kUnreachableTexts6{
      "No route to destination",        "Destination administratively prohibited",
      "Beyond scope of source address", "Destination address unreachable",
      "Destination port unreachable",   "Source address failed policy",
      "Route to destination rejected"};
  static constexpr std::array<std::string_view, 2> kTimeTexts{"Time to live exceeded",
                                                              "Fragment reassembly time exceeded"};
  if (family == net::Family::ipv4) {
    switch (type) {
      case kUnreachable4:
        return pick(kUnreachableTexts4, code, "Destination unreachable");
      case kTimeExceeded4:
        return pick(kTimeTexts, code, "Time exceeded");
      case kParameter4:
        return "Parameter problem";
      default:
        break;
    }
  } else {
    switch (type) {
      case kUnreachable6:
        return pick(kUnreachableTexts6, code, "Destination unreachable");
      case kTooBig6:
        return "Packet too big";
      case kTimeExceeded6:
        return pick(kTimeTexts, code, "Time exceeded");
      case kParameter6:
        return "Parameter problem";
      default:
        break;
    }
  }
  return "ICMP type " + std::to_string(type) + ", code " + std::to_string(code);
}

}  // namespace catflap::probe
