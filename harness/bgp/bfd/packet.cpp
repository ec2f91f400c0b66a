#include "bgp/bfd/packet.hpp"

#include <array>

#include "base/assert.hpp"
#include "base/digest.hpp"

namespace catflap::bgp::bfd {
namespace {

constexpr std::size_t kMandatoryOctets = 24;
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kSignedHeadOctets = 8;  // of the section, before the digest
constexpr std::uint8_t kKeyId = 1;            // of the only key, as BIRD numbers it

constexpr std::uint8_t kPoll = 0x20;
constexpr std::uint8_t kFinal = 0x10;
constexpr std::uint8_t kControlPlaneIndependent = 0x08;
constexpr std::uint8_t kAuthentication = 0x04;
constexpr std::uint8_t kDemand = 0x02;
constexpr std::uint8_t kMultipoint = 0x01;

std::size_t digest_octets(Authentication kind) {
  return kind == Authentication::keyed_md5 || kind == Authentication::meticulous_keyed_md5 ? 16 : 20;
}

/// RFC 5880 §6.7.3: over the packet with the password, filled up with zeros, where the digest will be.
Bytes digest_of(BytesView covered, Authentication kind, std::string_view password) {
  const BytesView key = as_bytes(password.substr(0, digest_octets(kind)));
  Bytes text(covered.begin(), covered.end());
  text.insert(text.end(), key.begin(), key.end());
  text.resize(covered.size() + digest_octets(kind));
  return digest_octets(kind) == 16 ? md5(text) : sha1(text);
}

std::string read_signature(BytesView octets, Authentication kind, std::size_t size, Packet& packet) {
  if (size != kSignedHeadOctets + digest_octets(kind) || octets.size() != kMandatoryOctets + size) {
    return "the digest has an impossible length";
  }
  const BytesView covered = octets.first(kMandatoryOctets + kSignedHeadOctets);
  const BytesView digest = octets.subspan(covered.size());
  ByteReader sequence(covered.last(4));
  packet.signature =
      Packet::Signature{kind, sequence.u32().value_or(0), Bytes(covered.begin(), covered.end()),
                        Bytes(digest.begin(), digest.end())};
  return "";
}

/// The section behind the mandatory one; "" or what is wrong with it.
std::string read_authentication(BytesView octets, Packet& packet) {
  const BytesView section = octets.subspan(kMandatoryOctets);
  ByteReader reader(section);
  const std::uint8_t type = reader.u8().value_or(0);
  const std::size_t size = reader.u8().value_or(0);
  if (section.size() < 2 || size < 2 || size > section.size()) {
    return "the authentication section is cut off";
  }
  packet.authenticated = true;
  const auto kind = static_cast<Authentication>(type);
  if (is_keyed(kind)) {
    return read_signature(octets, kind, size, packet);
  }
  if (kind != Authentication::simple) {
    return "";
  }
  (void)reader.u8();  // the id of the key: we have only one
  const std::size_t rest = size - 2;
  if (rest < 2 || rest - 1 > password_octets_max(kind)) {
    return "the password has an impossible length";
  }
  const auto password = reader.take(rest - 1);
  if (!password) {
    return "the password is cut off";
  }
  packet.password = std::string(as_text(*password));
  return "";
}

/// `section`: octets of authentication that follow; 0: none.
void put_mandatory(const Packet& packet, std::size_t section, ByteSink& out) {
  std::uint8_t flags = static_cast<std::uint8_t>(static_cast<unsigned>(packet.state) << 6U);
  flags = static_cast<std::uint8_t>(flags | (packet.poll ? kPoll : 0) | (packet.final_ ? kFinal : 0) |
                                    (packet.control_plane_independent ? kControlPlaneIndependent : 0) |
                                    (section != 0 ? kAuthentication : 0) | (packet.demand ? kDemand : 0));
  out.u8(static_cast<std::uint8_t>((kVersion << 5U) | static_cast<unsigned>(packet.diagnostic)));
  out.u8(flags);
  out.u8(packet.multiplier);
  out.u8(static_cast<std::uint8_t>(kMandatoryOctets + section));
  out.u32(packet.my_discriminator);
  out.u32(packet.your_discriminator);
  out.u32(packet.desired_tx_us);
  out.u32(packet.required_rx_us);
  out.u32(packet.required_echo_rx_us);
}

void put_section_head(Authentication kind, std::size_t octets, ByteSink& out) {
  out.u8(static_cast<std::uint8_t>(kind));
  out.u8(static_cast<std::uint8_t>(octets));
  out.u8(kKeyId);
}

}  // namespace

std::optional<Authentication> parse_authentication(std::string_view name) {
  static constexpr std::array<std::string_view, 6> kNames{
      "none", "simple", "keyed md5", "meticulous keyed md5", "keyed sha1", "meticulous keyed sha1"};
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) {
      return static_cast<Authentication>(i);
    }
  }
  return std::nullopt;
}

bool is_keyed(Authentication kind) {
  return kind >= Authentication::keyed_md5 && kind <= Authentication::meticulous_keyed_sha1;
}

bool is_meticulous(Authentication kind) {
  return kind == Authentication::meticulous_keyed_md5 || kind == Authentication::meticulous_keyed_sha1;
}

std::size_t password_octets_max(Authentication kind) {
  return is_keyed(kind) ? digest_octets(kind) : 16;
}

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
    std::string wrong = read_authentication(octets.first(length), packet);
    if (!wrong.empty()) {
      return tl::unexpected(std::move(wrong));
    }
  }
  return packet;
}

Bytes encode(const Packet& packet) {
  CATFLAP_ASSERT(
      !packet.password ||
      (!packet.password->empty() && packet.password->size() <= password_octets_max(Authentication::simple)));
  ByteSink out;
  put_mandatory(packet, packet.password ? 3 + packet.password->size() : 0, out);
  if (packet.password) {
    put_section_head(Authentication::simple, 3 + packet.password->size(), out);
    out.bytes(as_bytes(*packet.password));
  }
  return out.release();
}

Bytes encode_signed(const Packet& packet, Authentication kind, std::string_view password,
                    std::uint32_t sequence) {
  CATFLAP_ASSERT(is_keyed(kind) && !password.empty() && password.size() <= password_octets_max(kind));
  const std::size_t section = kSignedHeadOctets + digest_octets(kind);
  ByteSink out;
  put_mandatory(packet, section, out);
  put_section_head(kind, section, out);
  out.u8(0);
  out.u32(sequence);
  out.bytes(digest_of(out.view(), kind, password));
  return out.release();
}

bool verify(const Packet::Signature& signature, std::string_view password) {
  return digest_of(signature.covered, signature.kind, password) == signature.digest;
}

}  // namespace catflap::bgp::bfd
