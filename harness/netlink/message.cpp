#include "netlink/message.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace catflap::netlink {

MessageWriter::MessageWriter(std::vector<char>& out, std::uint16_t type, std::uint16_t flags)
    : out_(out), start_(out.size()) {
  nlmsghdr header{};
  header.nlmsg_type = type;
  header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  append(&header, sizeof header);
}

void MessageWriter::append(const void* data, std::size_t octets) {
  const auto* const bytes = static_cast<const char*>(data);
  out_.insert(out_.end(), bytes, bytes + octets);
  out_.resize((out_.size() + 3U) & ~std::size_t{3});
}

void MessageWriter::attribute(std::uint16_t type, const void* data, std::size_t octets) {
  CATFLAP_ASSERT(octets < 0xff00);
  rtattr header{};
  header.rta_type = type;
  header.rta_len = static_cast<std::uint16_t>(sizeof header + octets);
  append(&header, sizeof header);
  append(data, octets);
}

void MessageWriter::text(std::uint16_t type, std::string_view value) {
  const std::string ended(value.substr(0, 0xfe00));  // the kernel refuses it long before that
  attribute(type, ended.c_str(), ended.size() + 1);
}

void MessageWriter::address(std::uint16_t type, const net::IpAddr& value) {
  std::array<unsigned char, 16> octets;
  const std::size_t count = net::address_octets(value.family());
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t half = i < 8 ? value.high() : value.low();
    octets[i] = static_cast<unsigned char>(half >> (8 * (7 - i % 8)));
  }
  attribute(type, octets.data(), count);
}

std::size_t MessageWriter::open(std::uint16_t type) {
  const std::size_t opened = out_.size();
  attribute(type, nullptr, 0);
  return opened;
}

void MessageWriter::patch_length(std::size_t offset) {
  const auto length = static_cast<std::uint16_t>(out_.size() - offset);
  CATFLAP_ASSERT(length == out_.size() - offset);
  std::memcpy(out_.data() + offset, &length, sizeof length);
}

void MessageWriter::close(std::size_t opened) {
  patch_length(opened);
}

void MessageWriter::finish() {
  const auto length = static_cast<std::uint32_t>(out_.size() - start_);
  std::memcpy(out_.data() + start_, &length, sizeof length);
}

Attributes::Attributes(std::string_view octets) {
  while (octets.size() >= sizeof(rtattr)) {
    rtattr header{};
    std::memcpy(&header, octets.data(), sizeof header);
    if (header.rta_len < sizeof header || header.rta_len > octets.size()) {
      return;
    }
    const auto type = static_cast<std::uint16_t>(header.rta_type & NLA_TYPE_MASK);
    if (type < kTypeMax) {
      data_[type] = octets.substr(sizeof header, header.rta_len - sizeof header);
      seen_[type] = true;
    }
    octets.remove_prefix(std::min<std::size_t>(octets.size(), RTA_ALIGN(header.rta_len)));
  }
}

std::optional<std::uint32_t> Attributes::u32(std::uint16_t type) const {
  std::uint32_t value = 0;
  if (data(type).size() < sizeof value) {
    return std::nullopt;
  }
  std::memcpy(&value, data(type).data(), sizeof value);
  return value;
}

std::optional<std::uint8_t> Attributes::u8(std::uint16_t type) const {
  return data(type).empty() ? std::nullopt : std::optional(static_cast<std::uint8_t>(data(type).front()));
}

std::string Attributes::text(std::uint16_t type) const {
  const std::string_view value = data(type);
  return std::string(value.substr(0, value.find('\0')));
}

std::optional<net::IpAddr> Attributes::address(std::uint16_t type) const {
  const std::string_view value = data(type);
  const auto parsed = net::IpAddr::from_octets(as_bytes(value));
  return parsed ? std::optional(*parsed) : std::nullopt;
}

}  // namespace catflap::netlink
