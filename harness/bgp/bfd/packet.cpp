#include "bgp/bfd/packet.hpp"

#include "base/assert.hpp"

namespace catflap::bgp::bfd {
namespace {

constexpr std::size_t kMandatoryOctets = 24;
constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kSimplePassword = 1;
constexpr std::size_t kPasswordOctetsMax = 16;

constexpr std::uint8_t kPoll = 0x20;
constexpr std::uint8_t kFinal = 0x10;
constexpr std::uint8_t kControlPlaneIndependent = 0x08;
constexpr std::uint8_t kAuthentication = 0x04;
constexpr std::uint8_t kDemand = 0x02;
constexpr std::uint8_t kMultipoint = 0x01;

/// The section behind the mandatory one; "" or what is wrong with it.
std::string read_authentication(BytesView section, Packet& packet) {
  ByteReader reader(section);
  const std::uint8_t type = reader.u8().value_or(0);
  const std::size_t size = reader.u8().value_or(0);
  if (section.size() < 2 || size < 2 || size > section.size()) {
    return "the authentication section is cut off";
  }
  packet.authenticated = true;
  if (type != kSimplePassword) {
    return "";
  }
  (void)reader.u8();  // the id of the key: we have only one
  const std::size_t octets = size - 2;
  if (octets < 2 || octets - 1 > kPasswordOctetsMax) {
    return "the password has an impossible length";
  }
  const auto password = reader.take(octets - 1);
  if (!password) {
    return "the password is cut off";
  }
  packet.password = std::string(as_text(*password));
  return "";
}

}  // namespace

std::string_view to_string(State state) {
  switch (state) {
    case State::admin_down:
      return "AdminDown";
    case State::down:
      return "Down";
    case State::init:
      return "Init";
    case State::up:
      return "Up";
  }
  return "";
}

std::string to_string(Diagnostic diagnostic) {
  switch (diagnostic) {
    case Diagnostic::none:
      return "";
    case Diagnostic::detection_time_expired:
      return "Control Detection Time Expired";
    case Diagnostic::echo_failed:
      return "Echo Function Failed";
    case Diagnostic::neighbor_down:
      return "Neighbor Signaled Session Down";
    case Diagnostic::forwarding_reset:
      return "Forwarding Plane Reset";
    case Diagnostic::path_down:
      return "Path Down";
    case Diagnostic::concatenated_path_down:
      return "Concatenated Path Down";
    case Diagnostic::admin_down:
      return "Administratively Down";
    case Diagnostic::reverse_concatenated_path_down:
      return "Reverse Concatenated Path Down";
  }
  return "diagnostic " + std::to_string(static_cast<int>(diagnostic));
}

tl::expected<Packet, std::string> decode(BytesView octets) {
  if (octets.size() < kMandatoryOctets) {
    return tl::unexpected("it has " + std::to_string(octets.size()) + " octets");
  }
  ByteReader reader(octets);
  const std::uint8_t first = reader.u8().value_or(0);
  const std::uint8_t flags = reader.u8().value_or(0);
  Packet packet;
  packet.multiplier = reader.u8().value_or(0);
  const std::size_t length = reader.u8().value_or(0);
  packet.my_discriminator = reader.u32().value_or(0);
  packet.your_discriminator = reader.u32().value_or(0);
  packet.desired_tx_us = reader.u32().value_or(0);
  packet.required_rx_us = reader.u32().value_or(0);
  packet.required_echo_rx_us = reader.u32().value_or(0);
  packet.diagnostic = static_cast<Diagnostic>(first & 0x1FU);
  packet.state = static_cast<State>(flags >> 6U);
  packet.poll = (flags & kPoll) != 0;
  packet.final_ = (flags & kFinal) != 0;
  packet.control_plane_independent = (flags & kControlPlaneIndependent) != 0;
  packet.demand = (flags & kDemand) != 0;
  const bool authenticated = (flags & kAuthentication) != 0;
  if (first >> 5U != kVersion) {
    return tl::unexpected("it has version " + std::to_string(first >> 5U));
  }
  if (length < kMandatoryOctets + (authenticated ? 2 : 0) || length > octets.size()) {
    return tl::unexpected("it has a length field of " + std::to_string(length));
  }
  if (packet.multiplier == 0) {
    return tl::unexpected(std::string("its multiplier is 0"));
  }
  if ((flags & kMultipoint) != 0) {
    return tl::unexpected(std::string("it has the multipoint bit"));
  }
  if (packet.my_discriminator == 0) {
    return tl::unexpected(std::string("its own discriminator is 0"));
  }
  if (packet.your_discriminator == 0 && packet.state != State::down && packet.state != State::admin_down) {
    return tl::unexpected("it names no session and has state " + std::string(to_string(packet.state)));
  }
  if (authenticated) {
    std::string wrong =
        read_authentication(octets.subspan(kMandatoryOctets, length - kMandatoryOctets), packet);
    if (!wrong.empty()) {
      return tl::unexpected(std::move(wrong));
    }
  }
  return packet;
}

Bytes encode(const Packet& packet) {
  CATFLAP_ASSERT(!packet.password ||
                 (!packet.password->empty() && packet.password->size() <= kPasswordOctetsMax));
  const std::size_t section = packet.password ? 3 + packet.password->size() : 0;
  std::uint8_t flags = static_cast<std::uint8_t>(static_cast<unsigned>(packet.state) << 6U);
  flags = static_cast<std::uint8_t>(flags | (packet.poll ? kPoll : 0) | (packet.final_ ? kFinal : 0) |
                                    (packet.control_plane_independent ? kControlPlaneIndependent : 0) |
                                    (packet.password ? kAuthentication : 0) | (packet.demand ? kDemand : 0));
  ByteSink out;
  out.u8(static_cast<std::uint8_t>((kVersion << 5U) | static_cast<unsigned>(packet.diagnostic)));
  out.u8(flags);
  out.u8(packet.multiplier);
  out.u8(static_cast<std::uint8_t>(kMandatoryOctets + section));
  out.u32(packet.my_discriminator);
  out.u32(packet.your_discriminator);
  out.u32(packet.desired_tx_us);
  out.u32(packet.required_rx_us);
  out.u32(packet.required_echo_rx_us);
  if (packet.password) {
    out.u8(kSimplePassword);
    out.u8(static_cast<std::uint8_t>(section));
    out.u8(1);  // the id of the only key, as BIRD numbers it
    out.bytes(as_bytes(*packet.password));
  }
  return out.release();
}

}  // namespace catflap::bgp::bfd
