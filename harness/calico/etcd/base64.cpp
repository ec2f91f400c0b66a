#include "calico/etcd/base64.hpp"

#include <array>
#include <cstdint>

namespace catflap::calico::etcd {
namespace {

constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNone = 0xff;

constexpr std::array<std::uint8_t, 256> make_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNone);
  for (std::size_t digit = 0; digit < kDigits.size(); ++digit) {
    values[static_cast<unsigned char>(kDigits[digit])] = static_cast<std::uint8_t>(digit);
  }
  return values;
}
constexpr std::array<std::uint8_t, 256> kValues = make_values();

std::uint32_t octet(std::string_view text, std::size_t at) {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
}

}  // namespace

std::string to_base64(std::string_view octets) {
  std::string text;
  text.reserve((octets.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < octets.size(); at += 3) {
    const std::uint32_t bits = octet(octets, at) << 16U | octet(octets, at + 1) << 8U | octet(octets, at + 2);
    const std::size_t left = octets.size() - at;
    text += kDigits[bits >> 18U];
    text += kDigits[bits >> 12U & 63U];
    text += left > 1 ? kDigits[bits >> 6U & 63U] : '=';
    text += left > 2 ? kDigits[bits & 63U] : '=';
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) {
    return std::nullopt;
  }
  std::size_t padding = 0;
  while (padding < 2 && text.ends_with('=')) {
    text.remove_suffix(1);
    ++padding;
  }
  std::string octets;
  octets.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  std::uint32_t count = 0;
  for (const char each : text) {
    const std::uint8_t value = kValues[static_cast<unsigned char>(each)];
    if (value == kNone) {
      return std::nullopt;
    }
    bits = (bits << 6U | value) & 0xffffffU;
    count += 6;
    if (count >= 8) {
      count -= 8;
      octets += static_cast<char>(bits >> count & 0xffU);
    }
  }
  // The bits that fill the last digit are zero.
  if ((bits & ((1U << count) - 1U)) != 0) {
    return std::nullopt;
  }
  return octets;
}

}  // namespace catflap::calico::etcd
