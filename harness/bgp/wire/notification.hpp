#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bgp/wire/message.hpp"

/// NOTIFICATION codes and what they mean in words.
namespace catflap::bgp::wire {

/// Error codes (RFC 4271 §4.5, RFC 7313 §5).
namespace error_code {
inline constexpr std::uint8_t kHeader = 1;
inline constexpr std::uint8_t kOpen = 2;
inline constexpr std::uint8_t kUpdate = 3;
inline constexpr std::uint8_t kHoldTimer = 4;
inline constexpr std::uint8_t kFsm = 5;
inline constexpr std::uint8_t kCease = 6;
inline constexpr std::uint8_t kRouteRefresh = 7;
inline constexpr std::uint8_t kSendHoldTimer = 8;  ///< RFC 9687
}  // namespace error_code

/// Message Header Error (RFC 4271 §6.1).
namespace header_error {
inline constexpr std::uint8_t kNotSynchronized = 1;
inline constexpr std::uint8_t kBadLength = 2;
inline constexpr std::uint8_t kBadType = 3;
}  // namespace header_error

/// OPEN Message Error (RFC 4271 §6.2, RFC 5492 §5, RFC 9234 §4.2).
namespace open_error {
inline constexpr std::uint8_t kUnspecific = 0;
inline constexpr std::uint8_t kUnsupportedVersion = 1;
inline constexpr std::uint8_t kBadPeerAs = 2;
inline constexpr std::uint8_t kBadIdentifier = 3;
inline constexpr std::uint8_t kUnsupportedParameter = 4;
inline constexpr std::uint8_t kUnacceptableHoldTime = 6;
inline constexpr std::uint8_t kUnsupportedCapability = 7;
inline constexpr std::uint8_t kRoleMismatch = 11;
}  // namespace open_error

/// UPDATE Message Error (RFC 4271 §6.3).
namespace update_error {
inline constexpr std::uint8_t kMalformedAttributeList = 1;
inline constexpr std::uint8_t kUnrecognizedWellKnown = 2;
inline constexpr std::uint8_t kMissingWellKnown = 3;
inline constexpr std::uint8_t kAttributeFlags = 4;
inline constexpr std::uint8_t kAttributeLength = 5;
inline constexpr std::uint8_t kInvalidOrigin = 6;
inline constexpr std::uint8_t kInvalidNextHop = 8;
inline constexpr std::uint8_t kOptionalAttribute = 9;
inline constexpr std::uint8_t kInvalidNetwork = 10;
inline constexpr std::uint8_t kMalformedAsPath = 11;
}  // namespace update_error

/// Finite State Machine Error (RFC 6608 §4): the state in which the message was not expected.
namespace fsm_error {
inline constexpr std::uint8_t kOpenSent = 1;
inline constexpr std::uint8_t kOpenConfirm = 2;
inline constexpr std::uint8_t kEstablished = 3;
}  // namespace fsm_error

/// Cease (RFC 4486 §4, RFC 8538 §3, RFC 9384).
namespace cease {
inline constexpr std::uint8_t kMaximumPrefixes = 1;
inline constexpr std::uint8_t kAdministrativeShutdown = 2;
inline constexpr std::uint8_t kPeerDeconfigured = 3;
inline constexpr std::uint8_t kAdministrativeReset = 4;
inline constexpr std::uint8_t kConnectionRejected = 5;
inline constexpr std::uint8_t kOtherConfigurationChange = 6;
inline constexpr std::uint8_t kCollision = 7;
inline constexpr std::uint8_t kOutOfResources = 8;
inline constexpr std::uint8_t kHardReset = 9;
inline constexpr std::uint8_t kBfdDown = 10;
}  // namespace cease

/// Code and subcode in the words of BIRD: "Hold timer expired", "Bad peer AS", "Administrative shutdown";
/// "Unknown error 9.1" for what nobody assigned. A hard reset (RFC 8538) adds the reason that it carries:
/// "Hard reset: ...".
std::string describe(const Notification& notification);
std::string describe(std::uint8_t code, std::uint8_t subcode);

/// The longest shutdown communication (RFC 9003 §2).
inline constexpr std::size_t kShutdownTextOctetsMax = 255;

/// A Cease. The text goes along where RFC 9003 has a place for one (subcodes 2 and 4) and is cut to 255
/// octets between two characters; what is not UTF-8 in it becomes '?'.
Notification make_cease(std::uint8_t subcode, std::string_view text = {});

/// The text of a Cease/2 or Cease/4, also inside a hard reset. nullopt if there is none, it is empty, or its
/// length does not fit. Total: what is not UTF-8, and control characters, become '?' (RFC 9003 §3: the text
/// is not trusted).
std::optional<std::string> shutdown_text(const Notification& notification);

}  // namespace catflap::bgp::wire
