#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "base/assert.hpp"
#include "bgp/wire/codec.hpp"
#include "bgp/wire/detail.hpp"
#include "bgp/wire/notification.hpp"

namespace catflap::bgp::wire {
namespace {

using detail::Decoded;
using detail::session_error;

constexpr std::size_t kMarkerOctets = 16;
constexpr std::size_t kRouteRefreshOctets = kHeaderOctets + 4;

/// The least and the greatest length that a type may have; nullopt for a type that does not exist.
struct Bounds {
  std::size_t least;
  std::size_t most;
};
std::optional<Bounds> length_bounds(std::uint8_t type, std::size_t most) {
  switch (type) {
    case message_type::kOpen:  // RFC 8654 §4: OPEN and KEEPALIVE do not grow
      return Bounds{29, kMessageOctetsMax};
    case message_type::kUpdate:
      return Bounds{23, most};
    case message_type::kNotification:
      return Bounds{21, most};
    case message_type::kKeepalive:
      return Bounds{kHeaderOctets, kHeaderOctets};
    case message_type::kRouteRefresh:
      return Bounds{kRouteRefreshOctets, most};
    default:
      return std::nullopt;
  }
}

DecodeError bad_length(std::size_t length, std::uint8_t type, std::string what) {
  ByteSink data;
  data.u16(static_cast<std::uint16_t>(length));
  DecodeError error =
      session_error(error_code::kHeader, header_error::kBadLength, std::move(what), data.release());
  error.silent = type == message_type::kNotification;
  return error;
}

/// RFC 7313 §5: BoRR and EoRR have exactly four octets. ORF entries (RFC 5291) behind a plain request were
/// not negotiated and are ignored.
Decoded decode_refresh(BytesView message) {
  ByteReader reader(message.subspan(kHeaderOctets));
  RouteRefresh refresh;
  refresh.family.afi = reader.u16().value_or(0);
  refresh.subtype = reader.u8().value_or(0);
  refresh.family.safi = reader.u8().value_or(0);
  if (message.size() != kRouteRefreshOctets && (refresh.subtype == 1 || refresh.subtype == 2)) {
    return tl::unexpected(session_error(error_code::kRouteRefresh, 1,
                                        fmt::format("ROUTE-REFRESH of subtype {} has {} octets, expected {}",
                                                    refresh.subtype, message.size(), kRouteRefreshOctets),
                                        detail::copy_of(message)));
  }
  return refresh;
}

Decoded decode_notification(BytesView body) {
  ByteReader reader(body);
  Notification notification;
  notification.code = reader.u8().value_or(0);
  notification.subcode = reader.u8().value_or(0);
  notification.data = detail::copy_of(reader.rest());
  return notification;
}

}  // namespace

tl::expected<std::size_t, DecodeError> check_header(BytesView header, bool extended_message) {
  CATFLAP_ASSERT(header.size() >= kHeaderOctets);
  const BytesView marker = header.first(kMarkerOctets);
  if (!std::all_of(marker.begin(), marker.end(), [](std::byte octet) { return octet == std::byte{0xFF}; })) {
    return tl::unexpected(session_error(error_code::kHeader, header_error::kNotSynchronized,
                                        "the marker of a message is not all ones"));
  }
  ByteReader reader(header.subspan(kMarkerOctets));
  const std::size_t length = reader.u16().value_or(0);
  const std::uint8_t type = reader.u8().value_or(0);
  const std::size_t most = extended_message ? kExtendedMessageOctetsMax : kMessageOctetsMax;
  if (length < kHeaderOctets || length > most) {
    return tl::unexpected(bad_length(
        length, type,
        fmt::format("a message has length {}, allowed are {} to {}", length, kHeaderOctets, most)));
  }
  const auto bounds = length_bounds(type, most);
  if (!bounds) {
    return tl::unexpected(session_error(error_code::kHeader, header_error::kBadType,
                                        fmt::format("a message has the unknown type {}", type),
                                        Bytes{static_cast<std::byte>(type)}));
  }
  if (length < bounds->least || length > bounds->most) {
    return tl::unexpected(bad_length(length, type,
                                     fmt::format("a message of type {} has length {}, allowed are {} to {}",
                                                 type, length, bounds->least, bounds->most)));
  }
  return length;
}

tl::expected<Message, DecodeError> decode(BytesView message, const DecodeContext& context) {
  if (message.size() < kHeaderOctets) {
    return tl::unexpected(
        bad_length(message.size(), 0, fmt::format("a message has {} octets", message.size())));
  }
  const auto length = check_header(message.first(kHeaderOctets), context.extended_message);
  if (!length) {
    return tl::unexpected(length.error());
  }
  const auto type = std::to_integer<std::uint8_t>(message[kHeaderOctets - 1]);
  if (*length != message.size()) {
    return tl::unexpected(bad_length(
        *length, type, fmt::format("a message of {} octets says that it has {}", message.size(), *length)));
  }
  const BytesView body = message.subspan(kHeaderOctets);
  switch (type) {
    case message_type::kOpen:
      return detail::decode_open(body);
    case message_type::kUpdate:
      return detail::decode_update(body, context);
    case message_type::kNotification:
      return decode_notification(body);
    case message_type::kRouteRefresh:
      return decode_refresh(message);
    default:
      return Keepalive{};  // check_header() lets nothing else through
  }
}

}  // namespace catflap::bgp::wire
