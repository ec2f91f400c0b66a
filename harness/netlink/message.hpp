#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "netlink/types.hpp"

/// The layout of netlink messages. Not for use outside this module.
namespace catflap::netlink {

struct RouteChange;

/// Appends one message with its attributes to a buffer; finish() fills in the length. Nested attributes close
/// in the reverse order of their opening.
class MessageWriter {
 public:
  MessageWriter(std::vector<char>& out, std::uint16_t type, std::uint16_t flags);
  template <class Header>
  void header(const Header& value) {
    append(&value, sizeof value);
  }
  void attribute(std::uint16_t type, const void* data, std::size_t octets);
  void u8(std::uint16_t type, std::uint8_t value) { attribute(type, &value, sizeof value); }
  void u32(std::uint16_t type, std::uint32_t value) { attribute(type, &value, sizeof value); }
  void text(std::uint16_t type, std::string_view value);
  void address(std::uint16_t type, const net::IpAddr& value);
  /// Opens a nested attribute: pass the result to close().
  std::size_t open(std::uint16_t type);
  void close(std::size_t opened);
  /// Room for a struct within nested data, e.g. a next hop; its offset.
  template <class Part>
  std::size_t part(const Part& value) {
    const std::size_t offset = out_.size();
    append(&value, sizeof value);
    return offset;
  }
  /// Patches a 16-bit length, counted from `offset` to here, into the start of a part.
  void patch_length(std::size_t offset);
  void finish();

 private:
  void append(const void* data, std::size_t octets);

  std::vector<char>& out_;
  std::size_t start_;
};

/// A view into received octets; checks all lengths.
class Attributes {
 public:
  static constexpr std::size_t kTypeMax = 80;
  /// Attributes behind the fixed header; nested ones are read the same way. Reads up to the first broken one.
  explicit Attributes(std::string_view octets);

  bool has(std::uint16_t type) const { return type < kTypeMax && seen_[type]; }
  /// Empty if it is not there.
  std::string_view data(std::uint16_t type) const { return has(type) ? data_[type] : std::string_view(); }
  std::optional<std::uint32_t> u32(std::uint16_t type) const;
  std::optional<std::uint8_t> u8(std::uint16_t type) const;
  std::string text(std::uint16_t type) const;  ///< without the final NUL
  /// An address of 4 or 16 octets.
  std::optional<net::IpAddr> address(std::uint16_t type) const;

 private:
  std::array<std::string_view, kTypeMax> data_{};
  std::array<bool, kTypeMax> seen_{};
};

/// The fixed header of a message, and what follows it; nullopt if the message is too short.
template <class Header>
std::optional<Header> fixed_header(const nlmsghdr& message) {
  if (message.nlmsg_len < NLMSG_LENGTH(sizeof(Header))) {
    return std::nullopt;
  }
  Header header;
  std::memcpy(&header, NLMSG_DATA(&message), sizeof header);
  return header;
}
template <class Header>
std::string_view behind(const nlmsghdr& message) {
  const std::size_t skip = NLMSG_LENGTH(NLMSG_ALIGN(sizeof(Header)));
  const auto* const start = reinterpret_cast<const char*>(&message);
  return message.nlmsg_len > skip ? std::string_view(start + skip, message.nlmsg_len - skip)
                                  : std::string_view();
}

/// nullopt for what is malformed or not of interest.
std::optional<LinkInfo> decode_link(const nlmsghdr& message);
std::optional<AddressInfo> decode_address(const nlmsghdr& message);
/// `any_type`: local routes and the like count as unicast instead of being left out.
std::optional<RouteInfo> decode_route(const nlmsghdr& message, bool any_type = false);
std::optional<NeighbourInfo> decode_neighbour(const nlmsghdr& message);

/// Appends an RTM_NEWROUTE or RTM_DELROUTE; `exclusive`: without replacing.
void encode_route(std::vector<char>& out, const RouteChange& change, bool exclusive);

}  // namespace catflap::netlink
