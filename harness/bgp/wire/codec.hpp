#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "base/bytes.hpp"
#include "bgp/wire/message.hpp"

/// Octets to messages and back (RFC 4271 §4 and what grew on it). Pure; errors are handled as RFC 7606 wants.
/// Expected size: 10^6 prefixes in less than 80 ms.
namespace catflap::bgp::wire {

/// Message types (RFC 4271 §4.1, RFC 2918 §3).
namespace message_type {
inline constexpr std::uint8_t kOpen = 1;
inline constexpr std::uint8_t kUpdate = 2;
inline constexpr std::uint8_t kNotification = 3;
inline constexpr std::uint8_t kKeepalive = 4;
inline constexpr std::uint8_t kRouteRefresh = 5;
}  // namespace message_type

/// What the meaning of received octets depends on. Only UPDATEs need more than `extended_message`.
struct DecodeContext {
  bool as4 = false;               ///< RFC 6793: both sides have 4-octet AS numbers
  bool extended_message = false;  ///< RFC 8654: we announced it, so messages of up to 65535 octets may come
  bool internal = false;          ///< iBGP
  std::vector<AfiSafi> families{kIpv4Unicast};  ///< negotiated; what comes for others is skipped
  std::vector<AfiSafi> add_path;                ///< RFC 7911: families where the peer sends path ids
  std::vector<AfiSafi> extended_next_hop;       ///< RFC 8950: families that may have an IPv6 next hop
  std::uint32_t local_as = 0;
  std::uint32_t peer_as = 0;
  bool enforce_first_as = false;  ///< eBGP: the first AS of AS_PATH must be peer_as (RFC 4271 §6.3)
  bool allow_as_sets = true;      ///< false: AS_SET and AS_CONFED_SET are treated as withdraw (RFC 9774)
  bool confederation = false;     ///< RFC 5065: an external peer of our own confederation
  bool accept_local_pref =
      false;  ///< LOCAL_PREF of an external peer is taken (BIRD's `allow bgp_local_pref`)
  bool unknown_well_known_resets = true;  ///< 3/2 (RFC 4271 §6.3); false: treat as withdraw
};

/// An error that costs the session.
struct DecodeError {
  Notification notification;  ///< what the RFCs want to be sent
  std::string what;           ///< for logs: "withdrawn routes of 300 octets in a body of 25"
  /// The family to which the damage is confined, if it is: an implementation may disable that one instead of
  /// resetting the session (RFC 7606 §2, RFC 4760 §7).
  std::optional<AfiSafi> disable_family;
  std::uint8_t attribute = 0;  ///< type code of the attribute in an UPDATE that is to blame; 0: none is
  /// Of a malformed OPEN: its fixed fields, which are checked before the optional parameters.
  std::optional<Open> open;
  /// The message was itself a NOTIFICATION: close without an answer (RFC 4271 §6.4).
  bool silent = false;
};

/// "ORIGIN", or "attribute 200" for a type that is not interpreted.
std::string attribute_name(std::uint8_t type);

/// Checks a header of kHeaderOctets octets: marker (1/1), length (1/2, also against the type's own minimum),
/// type (1/3). Returns the length of the message. Precondition: header.size() >= kHeaderOctets.
tl::expected<std::size_t, DecodeError> check_header(BytesView header, bool extended_message);

/// Decodes one whole message, header included. Total: any octets give a message or an error.
///
/// OPEN: framing, version and the form of the parameters are checked, malformed capability values are left
/// out and named in Open::warnings; the AS, the hold time, the identifier and what is required are for the
/// state machine to judge. UPDATE: errors that do not cost the session are in Update::errors and already
/// acted upon. Withdrawals apply before announcements (RFC 4271 §4.3). Unicast prefixes of IPv4 and IPv6 are
/// understood; other families are skipped.
tl::expected<Message, DecodeError> decode(BytesView message, const DecodeContext& context);

/// As decode() of an UPDATE into `update`, whose memory is used again: for those who decode many. After an
/// error `update` is of no use. Precondition: check_header() let the message through, it is whole, and of
/// type UPDATE.
tl::expected<void, DecodeError> decode_update(BytesView message, const DecodeContext& context,
                                              Update& update);

/// What the octets to send depend on.
struct EncodeContext {
  bool as4 = true;                ///< false: AS_TRANS with AS4_PATH and AS4_AGGREGATOR (RFC 6793 §4.2.2)
  bool extended_message = false;  ///< RFC 8654: the peer announced it
  bool internal = false;          ///< iBGP: LOCAL_PREF, ORIGINATOR_ID and CLUSTER_LIST are sent to it only
  bool send_local_pref = false;   ///< LOCAL_PREF goes to this external peer, too
  std::vector<AfiSafi> add_path;  ///< RFC 7911: families where we send path ids
  std::vector<AfiSafi> extended_next_hop;  ///< RFC 8950: families that may have an IPv6 next hop
};

/// Appends a message. An UPDATE that does not fit one message becomes several: withdrawals, then
/// announcements, one family after the other. Withdrawals first is also what makes a prefix in both lists
/// come out as announced.
///
/// False if something could not be said: an UPDATE whose attributes leave no room for a prefix or have no
/// next hop fit for the family, an OPEN beyond 4096 octets. The rest of such an UPDATE has been appended; of
/// an OPEN nothing.
bool encode(const Message& message, const EncodeContext& context, ByteSink& out);

/// Appends one UPDATE that announces the first prefixes of `nlri`, as many as fit, all of `family`, with
/// `attributes`. Returns how many. 0 if `nlri` is empty or this cannot be said to this peer: the attributes
/// do not leave room for one prefix, there is no next hop, it is IPv6 for IPv4 prefixes without RFC 8950, or
/// the family is not unicast; `out` is unchanged then. An IPv4 next hop of IPv6 prefixes goes out
/// IPv4-mapped. Absent attributes are left out, mandatory or not. Precondition: all prefixes are of `family`.
std::size_t encode_announce(const Attributes& attributes, AfiSafi family, std::span<const Nlri> nlri,
                            const EncodeContext& context, ByteSink& out);

/// The attributes of an announcement as octets, for whoever announces the same ones often or keeps them:
/// everything but the prefixes. Appends to `out`. False, and nothing appended, where encode_announce() would
/// say 0.
bool encode_attribute_block(const Attributes& attributes, AfiSafi family, const EncodeContext& context,
                            Bytes& out);
/// As the other one, with a block that was made for this family and a context that says the same.
std::size_t encode_announce(BytesView block, AfiSafi family, std::span<const Nlri> nlri,
                            const EncodeContext& context, ByteSink& out);

/// The same for withdrawals: classic for IPv4, MP_UNREACH_NLRI for IPv6. 0 only if `nlri` is empty or no
/// unicast.
std::size_t encode_withdraw(AfiSafi family, std::span<const Nlri> nlri, const EncodeContext& context,
                            ByteSink& out);

/// RFC 4724 §2: the empty UPDATE for IPv4 unicast, an empty MP_UNREACH_NLRI for any other family.
void encode_end_of_rib(AfiSafi family, ByteSink& out);

}  // namespace catflap::bgp::wire
