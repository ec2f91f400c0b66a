#include "bgp/wire/path_attributes.hpp"

#include "bgp/wire/codec.hpp"
#include "bgp/wire/detail.hpp"

namespace catflap::bgp::wire {

std::optional<AttributeView> next_attribute(ByteReader& list) {
  const BytesView all = list.rest();
  ByteReader reader(all);
  AttributeView attribute;
  const auto flags = reader.u8();
  const auto type = reader.u8();
  std::optional<std::size_t> length;
  if (flags && (*flags & detail::kExtendedLength) != 0) {
    length = reader.u16();
  } else if (flags) {
    length = reader.u8();
  }
  const auto value = length ? reader.take(*length) : std::nullopt;
  if (!type || !value) {
    return std::nullopt;
  }
  attribute.flags = *flags;
  attribute.type = *type;
  attribute.value = *value;
  attribute.whole = all.first(reader.offset());
  list = ByteReader(all.subspan(reader.offset()));
  return attribute;
}

std::optional<net::AsPath> read_as_path(BytesView value, bool as4) {
  net::AsPath path;
  ByteReader reader(value);
  while (!reader.empty()) {
    const auto type = reader.u8();
    const auto count = reader.u8();
    if (!count || *type < 1 || *type > 4 || reader.remaining() < *count * (as4 ? 4U : 2U)) {
      return std::nullopt;
    }
    net::AsSegment segment{static_cast<net::AsSegmentType>(*type), {}};
    for (unsigned i = 0; i < *count; ++i) {
      segment.asns.push_back(as4 ? *reader.u32() : *reader.u16());
    }
    path.segments.push_back(std::move(segment));
  }
  return path;
}

net::AsPath merge_as_paths(net::AsPath two_octet, const net::AsPath& four_octet) {
  return detail::merge_as4_path(std::move(two_octet), four_octet);
}

bool read_nlri(BytesView field, net::Family family, bool add_path, std::vector<Nlri>& out) {
  return detail::decode_nlri(field, family, add_path, out);
}

void write_prefix(const net::Prefix& prefix, ByteSink& out) {
  out.bytes(detail::encode_nlri(Nlri{prefix, 0}, false).view());
}

bool encode_attribute_list(const Attributes& attributes, net::Family family, ByteSink& out) {
  EncodeContext context;
  context.as4 = true;
  context.internal = true;
  const bool classic = attributes.next_hop && attributes.next_hop->is_v4() && family == net::Family::ipv4;
  const std::size_t begin = out.size();
  if (!detail::encode_attributes(attributes, classic, context, out)) {
    out.truncate(begin);
    return false;
  }
  if (attributes.next_hop && !classic) {
    const auto address = [&](const net::IpAddr& addr) {
      (addr.is_v6() ? addr : net::IpAddr::v6(0, 0x0000'FFFF'0000'0000U | addr.v4_value())).append_to(out);
    };
    const std::uint8_t octets = attributes.link_local_next_hop ? 32 : 16;
    out.u8(detail::kOptional);
    out.u8(attr_type::kMpReach);
    out.u8(static_cast<std::uint8_t>(octets + 1));
    out.u8(octets);
    address(*attributes.next_hop);
    if (attributes.link_local_next_hop) {
      address(*attributes.link_local_next_hop);
    }
  }
  return true;
}

}  // namespace catflap::bgp::wire
