#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "netlink/types.hpp"

/// libnl's messages and attributes with our types. Not for use outside this module.
namespace catflap::netlink {

struct RouteChange;

/// One message, built by libnl and appended to a buffer by finish(). Attributes are appended in order; nested
/// ones close in the reverse order of their opening. Grows as needed.
class MessageWriter {
 public:
  MessageWriter(std::vector<char>& out, std::uint16_t type, std::uint16_t flags);
  ~MessageWriter();
  MessageWriter(MessageWriter&&) = default;
  template <class Header>
  void header(const Header& value) {
    append(&value, sizeof value);
  }
  void attribute(std::uint16_t type, const void* data, std::size_t octets);
  void u8(std::uint16_t type, std::uint8_t value) { attribute(type, &value, sizeof value); }
  void u32(std::uint16_t type, std::uint32_t value) { attribute(type, &value, sizeof value); }
  void text(std::uint16_t type, const std::string& value) {
    attribute(type, value.c_str(), value.size() + 1);
  }
  void address(std::uint16_t type, const net::IpAddr& value);
  /// Opens a nested attribute: pass the result to close(). One of more than 64 KiB is left out, which makes
  /// the kernel refuse the request.
  std::size_t open(std::uint16_t type);
  void close(std::size_t opened);
  /// Room for a struct within nested data, e.g. a next hop; its offset.
  template <class Part>
  std::size_t part(const Part& value) {
    const std::size_t offset = length();
    append(&value, sizeof value);
    return offset;
  }
  /// Writes the octets from `offset` to here into the 16-bit length at the start of a part.
  void patch_length(std::size_t offset);
  void finish();

 private:
  struct Free {
    void operator()(nl_msg* message) const { nlmsg_free(message); }
  };
  void append(const void* data, std::size_t octets);
  std::size_t length() const { return nlmsg_hdr(message_.get())->nlmsg_len; }
  char* at(std::size_t offset) const { return reinterpret_cast<char*>(nlmsg_hdr(message_.get())) + offset; }
  template <class Put>
  void with_room(std::size_t octets, Put&& put);

  std::vector<char>& out_;
  std::unique_ptr<nl_msg, Free> message_;
};

/// The attributes of a message or of a nested attribute, found by libnl; a broken one ends them. Refers to
/// the octets that were parsed.
class Attributes {
 public:
  static constexpr std::uint16_t kTypeMax = 80;
  /// Those behind the fixed header of a message, which must be there.
  Attributes(const nlmsghdr& message, std::size_t header_octets);
  /// Those inside another one; none for nullptr.
  explicit Attributes(const nlattr* outer);
  /// Those of a sequence of octets that is aligned to 4.
  Attributes(const void* octets, std::size_t count);

  bool has(std::uint16_t type) const { return find(type) != nullptr; }
  const nlattr* find(std::uint16_t type) const { return type <= kTypeMax ? table_[type] : nullptr; }
  /// Empty if it is not there.
  std::string_view data(std::uint16_t type) const;
  std::optional<std::uint32_t> u32(std::uint16_t type) const;
  std::optional<std::uint8_t> u8(std::uint16_t type) const;
  std::string text(std::uint16_t type) const;  ///< without the final NUL
  /// An address of 4 or 16 octets.
  std::optional<net::IpAddr> address(std::uint16_t type) const;

 private:
  std::array<nlattr*, kTypeMax + 1> table_{};
};

/// The fixed header of a message; nullopt if the message is too short.
template <class Header>
std::optional<Header> fixed_header(const nlmsghdr& message) {
  if (nlmsg_valid_hdr(&message, sizeof(Header)) == 0) {
    return std::nullopt;
  }
  Header header;
  std::memcpy(&header, nlmsg_data(&message), sizeof header);
  return header;
}

/// Where a datagram of the kernel goes: dumps come in 32 KiB at most. Not initialised, for the stack.
struct Buffer {
  alignas(nlmsghdr) std::array<char, 64U << 10U> octets;
};

/// Calls `each` for the messages in a datagram, aligned as in Buffer, until it returns false.
template <class F>
void for_each_message(std::string_view datagram, F&& each) {
  auto left = static_cast<int>(datagram.size());
  auto* message = reinterpret_cast<nlmsghdr*>(const_cast<char*>(datagram.data()));  // libnl knows no const
  while (nlmsg_ok(message, left) != 0 && each(std::as_const(*message))) {
    message = nlmsg_next(message, &left);
  }
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
