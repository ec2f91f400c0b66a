#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "base/bytes.hpp"

/// Bidirectional Forwarding Detection: RFC 5880, the asynchronous mode of RFC 5881 (one hop) and RFC 5883
/// (several hops). Pure: octets and time in, octets and states out.
namespace catflap::bgp::bfd {

inline constexpr std::uint16_t kSingleHopPort = 3784;  ///< RFC 5881 §4
inline constexpr std::uint16_t kMultihopPort = 4784;   ///< RFC 5883 §5

/// RFC 5880 §4.1, with the numbers of the wire.
enum class State : std::uint8_t { admin_down = 0, down = 1, init = 2, up = 3 };
/// "AdminDown", "Down", "Init", "Up".
std::string_view to_string(State state);

/// RFC 5880 §4.1.
enum class Diagnostic : std::uint8_t {
  none = 0,
  detection_time_expired = 1,
  echo_failed = 2,
  neighbor_down = 3,
  forwarding_reset = 4,
  path_down = 5,
  concatenated_path_down = 6,
  admin_down = 7,
  reverse_concatenated_path_down = 8,
};
/// "Control Detection Time Expired", ...; "" for none, "diagnostic 17" for what nobody assigned.
std::string to_string(Diagnostic diagnostic);

/// RFC 5880 §4.2 to §4.4, with the numbers of the wire.
enum class Authentication : std::uint8_t {
  none = 0,
  simple = 1,
  keyed_md5 = 2,
  meticulous_keyed_md5 = 3,
  keyed_sha1 = 4,
  meticulous_keyed_sha1 = 5,
};
/// By BIRD's names: "none", "simple", "keyed md5", "meticulous keyed md5", ...
std::optional<Authentication> parse_authentication(std::string_view name);
/// True for the kinds that number their packets and sign them.
bool is_keyed(Authentication kind);
/// Every packet has another number, not only one from time to time (RFC 5880 §6.7.3).
bool is_meticulous(Authentication kind);
/// Longest password: 16 octets, 20 for SHA1.
std::size_t password_octets_max(Authentication kind);

/// A control packet. Intervals are in microseconds, as on the wire.
struct Packet {
  Diagnostic diagnostic = Diagnostic::none;
  State state = State::down;
  bool poll = false;
  bool final_ = false;
  bool control_plane_independent = false;
  bool demand = false;
  std::uint8_t multiplier = 0;
  std::uint32_t my_discriminator = 0;
  std::uint32_t your_discriminator = 0;
  std::uint32_t desired_tx_us = 0;
  std::uint32_t required_rx_us = 0;
  std::uint32_t required_echo_rx_us = 0;
  std::optional<std::string> password;  ///< RFC 5880 §6.7.2, simple password; 1 to 16 octets
  bool authenticated = false;           ///< some section of authentication is there, maybe of another kind
  /// RFC 5880 §6.7.3 and §6.7.4, of a packet that was decoded.
  struct Signature {
    Authentication kind = Authentication::keyed_md5;
    std::uint32_t sequence = 0;
    Bytes covered;  ///< the packet up to the digest
    Bytes digest;
    bool operator==(const Signature&) const = default;
  };
  std::optional<Signature> signature;

  bool operator==(const Packet&) const = default;
};

/// Total: any octets give a packet or the reason why it is to be dropped (RFC 5880 §6.8.6, the checks that
/// need no session).
tl::expected<Packet, std::string> decode(BytesView octets);
/// Precondition: a password has 1 to 16 octets. Leaves out a signature.
Bytes encode(const Packet& packet);
/// The packet with a number and a digest made with `password`. Preconditions: is_keyed(kind), 1 to
/// password_octets_max(kind) octets.
Bytes encode_signed(const Packet& packet, Authentication kind, std::string_view password,
                    std::uint32_t sequence);
/// True if whoever signed it knows the password.
bool verify(const Packet::Signature& signature, std::string_view password);

}  // namespace catflap::bgp::bfd
