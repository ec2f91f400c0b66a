#include "bgp/wire/notification.hpp"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "bgp/wire/detail.hpp"

namespace catflap::bgp::wire {
namespace {

struct Words {
  std::uint8_t code;
  std::uint8_t subcode;
  const char* text;
};

// BIRD's words, so that `show protocols` reads the same; beyond its list those of IANA.
constexpr Words kWords[] = {
    {1, 0, "Invalid message header"},
    {1, 1, "Connection not synchronized"},
    {1, 2, "Bad message length"},
    {1, 3, "Bad message type"},
    {2, 0, "Invalid OPEN message"},
    {2, 1, "Unsupported version number"},
    {2, 2, "Bad peer AS"},
    {2, 3, "Bad BGP identifier"},
    {2, 4, "Unsupported optional parameter"},
    {2, 5, "Authentication failure"},
    {2, 6, "Unacceptable hold time"},
    {2, 7, "Required capability missing"},
    {2, 8, "No supported AFI/SAFI"},
    {2, 11, "Role mismatch"},
    {3, 0, "Invalid UPDATE message"},
    {3, 1, "Malformed attribute list"},
    {3, 2, "Unrecognized well-known attribute"},
    {3, 3, "Missing mandatory attribute"},
    {3, 4, "Invalid attribute flags"},
    {3, 5, "Invalid attribute length"},
    {3, 6, "Invalid ORIGIN attribute"},
    {3, 7, "AS routing loop"},
    {3, 8, "Invalid NEXT_HOP attribute"},
    {3, 9, "Optional attribute error"},
    {3, 10, "Invalid network field"},
    {3, 11, "Malformed AS_PATH"},
    {4, 0, "Hold timer expired"},
    {5, 0, "Finite state machine error"},
    {5, 1, "Unexpected message in OpenSent state"},
    {5, 2, "Unexpected message in OpenConfirm state"},
    {5, 3, "Unexpected message in Established state"},
    {6, 0, "Cease"},
    {6, 1, "Maximum number of prefixes reached"},
    {6, 2, "Administrative shutdown"},
    {6, 3, "Peer de-configured"},
    {6, 4, "Administrative reset"},
    {6, 5, "Connection rejected"},
    {6, 6, "Other configuration change"},
    {6, 7, "Connection collision resolution"},
    {6, 8, "Out of Resources"},
    {6, 9, "Hard reset"},
    {6, 10, "BFD session down"},
    {7, 0, "Invalid ROUTE-REFRESH message"},
    {7, 1, "Invalid ROUTE-REFRESH message length"},
    {8, 0, "Send hold timer expired"},
};

/// RFC 8538 §3: what a hard reset wraps.
std::optional<Notification> unwrap_hard_reset(const Notification& notification) {
  if (notification.code != error_code::kCease || notification.subcode != cease::kHardReset ||
      notification.data.size() < 2) {
    return std::nullopt;
  }
  return Notification{std::to_integer<std::uint8_t>(notification.data[0]),
                      std::to_integer<std::uint8_t>(notification.data[1]),
                      Bytes(notification.data.begin() + 2, notification.data.end())};
}

bool carries_text(std::uint8_t subcode) {
  return subcode == cease::kAdministrativeShutdown || subcode == cease::kAdministrativeReset;
}

/// Octets of the UTF-8 character at the front (RFC 3629 §4), 0 if there is none.
std::size_t utf8_character(std::string_view text) {
  const auto octet = [text](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const unsigned first = octet(0);
  if (text.empty() || first < 0x80) {
    return text.empty() ? 0 : 1;
  }
  const std::size_t size = first >= 0xC2 && first <= 0xDF   ? 2
                           : first >> 4U == 0xE             ? 3
                           : first >= 0xF0 && first <= 0xF4 ? 4
                                                            : 0;
  // No overlong forms, no surrogates, nothing beyond U+10FFFF: the second octet decides.
  const unsigned low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const unsigned high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (size == 0 || octet(1) < low || octet(1) > high) {
    return 0;
  }
  for (std::size_t i = 2; i < size; ++i) {
    if (octet(i) >> 6U != 2) {
      return 0;
    }
  }
  return size;
}

}  // namespace

namespace detail {

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t size = utf8_character(text);
    const auto first = static_cast<unsigned char>(text.front());
    // C1 controls (U+0080 to U+009F) move cursors as the others do.
    const bool control = size == 1 ? first < 0x20 || first == 0x7F
                                   : size == 2 && first == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0;
    if (size == 0 || control) {
      out.append(std::max<std::size_t>(size, 1), '?');
    } else {
      out.append(text.substr(0, size));
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out;
}

std::size_t utf8_cut(std::string_view text, std::size_t octets_max) {
  if (text.size() <= octets_max) {
    return text.size();
  }
  std::size_t cut = octets_max;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) >> 6U) == 2) {
    --cut;
  }
  return cut;
}

}  // namespace detail

std::string describe(std::uint8_t code, std::uint8_t subcode) {
  for (const Words& words : kWords) {
    if (words.code == code && words.subcode == subcode) {
      return words.text;
    }
  }
  return fmt::format("Unknown error {}.{}", code, subcode);
}

std::string describe(const Notification& notification) {
  std::string text = describe(notification.code, notification.subcode);
  if (const auto inner = unwrap_hard_reset(notification)) {
    text += ": " + describe(inner->code, inner->subcode);
  }
  return text;
}

Notification make_cease(std::uint8_t subcode, std::string_view text) {
  Notification notification{error_code::kCease, subcode, {}};
  if (carries_text(subcode) && !text.empty()) {
    std::string clean = detail::printable(text);
    clean.resize(detail::utf8_cut(clean, kShutdownTextOctetsMax));
    ByteSink data;
    data.u8(static_cast<std::uint8_t>(clean.size()));
    data.bytes(as_bytes(clean));
    notification.data = data.release();
  }
  return notification;
}

std::optional<std::string> shutdown_text(const Notification& notification) {
  if (const auto inner = unwrap_hard_reset(notification)) {
    // One level only: a hard reset inside a hard reset has no text of its own.
    return inner->subcode == cease::kHardReset ? std::nullopt : shutdown_text(*inner);
  }
  if (notification.code != error_code::kCease || !carries_text(notification.subcode)) {
    return std::nullopt;
  }
  ByteReader reader(notification.data);
  const auto size = reader.u8();
  const auto text = reader.take(size.value_or(0));
  if (!text || text->empty()) {
    return std::nullopt;
  }
  return detail::printable(as_text(*text));
}

}  // namespace catflap::bgp::wire
