#include "netlink/message.hpp"

#include <algorithm>
#include <new>

#include "base/assert.hpp"

namespace catflap::netlink {
namespace {

/// Enough for all but routes with many next hops.
constexpr std::size_t kFirstOctets = 512;

/// The message of the last writer of this thread: to allocate one is a third of the work of writing a route.
thread_local std::unique_ptr<nl_msg, decltype(&nlmsg_free)> spare_message{nullptr, &nlmsg_free};

}  // namespace

MessageWriter::~MessageWriter() {
  if (message_ != nullptr && nlmsg_get_max_size(message_.get()) == kFirstOctets) {
    spare_message.reset(message_.release());
  }
}

MessageWriter::MessageWriter(std::vector<char>& out, std::uint16_t type, std::uint16_t flags)
    : out_(out),
      message_(spare_message != nullptr ? spare_message.release() : nlmsg_alloc_size(kFirstOctets)) {
  if (!message_) {
    throw std::bad_alloc();
  }
  nlmsg_hdr(message_.get())->nlmsg_len = NLMSG_HDRLEN;                    // as a new one
  (void)nlmsg_put(message_.get(), 0, 0, type, 0, NLM_F_REQUEST | flags);  // fits: there is nothing before it
}

/// libnl refuses what does not fit; then there is to be room for it, and it is tried again.
template <class Put>
void MessageWriter::with_room(std::size_t octets, Put&& put) {
  if (put()) {
    return;
  }
  if (nlmsg_expand(message_.get(), 2 * (length() + octets) + NLMSG_ALIGNTO) != 0) {
    throw std::bad_alloc();
  }
  CATFLAP_ASSERT(put());
}

void MessageWriter::append(const void* data, std::size_t octets) {
  with_room(octets, [&] {
    return nlmsg_append(message_.get(), const_cast<void*>(data), octets, NLMSG_ALIGNTO) == 0;
  });
}

void MessageWriter::attribute(std::uint16_t type, const void* data, std::size_t octets) {
  octets = std::min<std::size_t>(octets, 0xfe00);  // the kernel refuses it long before that
  with_room(octets + NLA_HDRLEN,
            [&] { return nla_put(message_.get(), type, static_cast<int>(octets), data) == 0; });
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
  const std::size_t opened = length();  // and not libnl's pointer, which does not survive growing
  with_room(NLA_HDRLEN, [&] { return nla_nest_start(message_.get(), type) != nullptr; });
  return opened;
}

void MessageWriter::close(std::size_t opened) {
  (void)nla_nest_end_keep_empty(message_.get(), reinterpret_cast<nlattr*>(at(opened)));
}

void MessageWriter::patch_length(std::size_t offset) {
  const auto octets = static_cast<std::uint16_t>(length() - offset);
  std::memcpy(at(offset), &octets, sizeof octets);
}

void MessageWriter::finish() {
  out_.insert(out_.end(), at(0), at(length()));
  out_.resize(NLMSG_ALIGN(out_.size()));
}

Attributes::Attributes(const nlmsghdr& message, std::size_t header_octets) {
  // libnl only reads, but its signature has no const. It fails for a missing header only: then there are
  // none.
  (void)nlmsg_parse(const_cast<nlmsghdr*>(&message), static_cast<int>(header_octets), table_.data(), kTypeMax,
                    nullptr);
}

Attributes::Attributes(const nlattr* outer) {
  if (outer != nullptr) {
    (void)nla_parse_nested(table_.data(), kTypeMax, const_cast<nlattr*>(outer), nullptr);
  }
}

Attributes::Attributes(const void* octets, std::size_t count) {
  (void)nla_parse(table_.data(), kTypeMax, static_cast<nlattr*>(const_cast<void*>(octets)),
                  static_cast<int>(count), nullptr);
}

std::string_view Attributes::data(std::uint16_t type) const {
  const nlattr* const attribute = find(type);
  return attribute == nullptr ? std::string_view()
                              : std::string_view(static_cast<const char*>(nla_data(attribute)),
                                                 static_cast<std::size_t>(nla_len(attribute)));
}

std::optional<std::uint32_t> Attributes::u32(std::uint16_t type) const {
  return data(type).size() < sizeof(std::uint32_t) ? std::nullopt : std::optional(nla_get_u32(find(type)));
}

std::optional<std::uint8_t> Attributes::u8(std::uint16_t type) const {
  return data(type).empty() ? std::nullopt : std::optional(nla_get_u8(find(type)));
}

std::string Attributes::text(std::uint16_t type) const {
  const std::string_view value = data(type);
  return std::string(value.substr(0, value.find('\0')));
}

std::optional<net::IpAddr> Attributes::address(std::uint16_t type) const {
  const auto parsed = net::IpAddr::from_octets(as_bytes(data(type)));
  return parsed ? std::optional(*parsed) : std::nullopt;
}

}  // namespace catflap::netlink
