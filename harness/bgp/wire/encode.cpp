#include <algorithm>
#include <array>
#include <string_view>

#include "base/overloaded.hpp"
#include "bgp/wire/codec.hpp"
#include "bgp/wire/detail.hpp"

namespace catflap::bgp::wire {
namespace detail {

std::size_t begin_message(std::uint8_t type, ByteSink& out) {
  const std::size_t begin = out.size();
  std::array<std::byte, kHeaderOctets> header{};
  std::fill_n(header.begin(), kHeaderOctets - 3, std::byte{0xFF});
  header.back() = static_cast<std::byte>(type);
  out.bytes(header);
  return begin;
}

void finish_message(std::size_t begin, ByteSink& out) {
  out.patch_u16(begin + 16, static_cast<std::uint16_t>(out.size() - begin));
}

}  // namespace detail

namespace {

using detail::begin_message;
using detail::finish_message;

bool encode_open(const Open& open, ByteSink& out) {
  const std::size_t begin = begin_message(message_type::kOpen, out);
  out.u8(open.version);
  out.u16(open.as2);
  out.u16(open.hold_time_s);
  out.u32(open.router_id);
  detail::encode_capabilities(open.capabilities, out);
  if (out.size() - begin > kMessageOctetsMax) {  // RFC 8654 §4: an OPEN never grows
    out.truncate(begin);
    return false;
  }
  finish_message(begin, out);
  return true;
}

void encode_notification(const Notification& notification, const EncodeContext& context, ByteSink& out) {
  const std::size_t begin = begin_message(message_type::kNotification, out);
  out.u8(notification.code);
  out.u8(notification.subcode);
  const std::size_t room =
      (context.extended_message ? kExtendedMessageOctetsMax : kMessageOctetsMax) - (out.size() - begin);
  out.bytes(BytesView(notification.data).first(std::min(room, notification.data.size())));
  finish_message(begin, out);
}

void encode_refresh(const RouteRefresh& refresh, ByteSink& out) {
  const std::size_t begin = begin_message(message_type::kRouteRefresh, out);
  out.u16(refresh.family.afi);
  out.u8(refresh.subtype);
  out.u8(refresh.family.safi);
  finish_message(begin, out);
}

}  // namespace

bool encode(const Message& message, const EncodeContext& context, ByteSink& out) {
  return std::visit(overloaded{
                        [&](const Open& open) { return encode_open(open, out); },
                        [&](const Update& update) { return detail::encode_update(update, context, out); },
                        [&](const Notification& notification) {
                          encode_notification(notification, context, out);
                          return true;
                        },
                        [&](const Keepalive&) {
                          finish_message(begin_message(message_type::kKeepalive, out), out);
                          return true;
                        },
                        [&](const RouteRefresh& refresh) {
                          encode_refresh(refresh, out);
                          return true;
                        },
                    },
                    message);
}

}  // namespace catflap::bgp::wire
