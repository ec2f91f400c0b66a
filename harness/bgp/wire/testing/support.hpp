#pragma once

#include <string>
#include <string_view>
#include <variant>

#include <gtest/gtest.h>

#include "base/bytes.hpp"
#include "bgp/wire/codec.hpp"

/// What the tests of the codec share.
namespace catflap::bgp::wire::test {

/// Octets from hexadecimal text with blanks.
inline Bytes hex(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c != ' ') {
      digits.push_back(c);
    }
  }
  const auto bytes = from_hex(digits);
  EXPECT_TRUE(bytes) << "not hexadecimal: " << text;
  return bytes.value_or(Bytes{});
}

/// A message of `type` with a body.
inline Bytes message(std::uint8_t type, BytesView body) {
  ByteSink out;
  out.u64(~std::uint64_t{0});
  out.u64(~std::uint64_t{0});
  out.u16(static_cast<std::uint16_t>(kHeaderOctets + body.size()));
  out.u8(type);
  out.bytes(body);
  return out.release();
}

/// An UPDATE of its three fields in hexadecimal.
inline Bytes update(std::string_view withdrawn, std::string_view attributes, std::string_view nlri) {
  const Bytes first = hex(withdrawn);
  const Bytes second = hex(attributes);
  ByteSink body;
  body.u16(static_cast<std::uint16_t>(first.size()));
  body.bytes(first);
  body.u16(static_cast<std::uint16_t>(second.size()));
  body.bytes(second);
  body.bytes(hex(nlri));
  return message(message_type::kUpdate, body.view());
}

inline net::Prefix prefix(std::string_view text) {
  return net::Prefix::parse(text).value();
}
inline net::IpAddr addr(std::string_view text) {
  return net::IpAddr::parse(text).value();
}

/// The decoded message as a T; a failure is reported and gives a default T.
template <class T>
T decode_as(BytesView bytes, const DecodeContext& context) {
  const auto result = decode(bytes, context);
  if (!result) {
    ADD_FAILURE() << "refused: " << result.error().what;
    return {};
  }
  const T* found = std::get_if<T>(&*result);
  if (found == nullptr) {
    ADD_FAILURE() << "another type of message: " << result->index();
    return {};
  }
  return *found;
}

/// "code/subcode data" of the error, or "accepted".
inline std::string verdict(BytesView bytes, const DecodeContext& context) {
  const auto result = decode(bytes, context);
  if (result) {
    return "accepted";
  }
  const Notification& notification = result.error().notification;
  return std::to_string(notification.code) + "/" + std::to_string(notification.subcode) + " " +
         to_hex(notification.data);
}

/// "10.0.0.0/8#7 ..." for a list of prefixes; path ids only where they are not 0.
inline std::string text(const std::vector<Nlri>& nlri) {
  std::string out;
  for (const Nlri& each : nlri) {
    out += (out.empty() ? "" : " ") + net::to_string(each.prefix);
    out += each.path_id == 0 ? "" : "#" + std::to_string(each.path_id);
  }
  return out;
}

}  // namespace catflap::bgp::wire::test
