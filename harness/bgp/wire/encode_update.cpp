#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <limits>
#include <span>
#include <vector>

#include "bgp/wire/codec.hpp"
#include "bgp/wire/detail.hpp"

namespace catflap::bgp::wire {
namespace {

using namespace detail;

constexpr std::size_t kAttributeOctetsMax = std::numeric_limits<std::uint16_t>::max();
constexpr std::size_t kUpdateFrameOctets = kHeaderOctets + 4;  ///< header and the two lengths
/// Header of an attribute with extended length, as BIRD always writes it for MP_REACH_NLRI.
constexpr std::size_t kMpHeaderOctets = 4;

std::size_t message_limit(const EncodeContext& context) {
  return context.extended_message ? kExtendedMessageOctetsMax : kMessageOctetsMax;
}

/// Appends attributes one by one; notes if one is too long for its length field.
class AttributeWriter {
 public:
  explicit AttributeWriter(ByteSink& out) : out_(out) {}

  /// Header of an attribute of `size` octets. False if there cannot be one; then no value may follow.
  bool begin(std::uint8_t flags, std::uint8_t type, std::size_t size) {
    if (size > kAttributeOctetsMax) {
      overflow_ = true;
      return false;
    }
    if (size > 255) {
      out_.u8(flags | kExtendedLength);
      out_.u8(type);
      out_.u16(static_cast<std::uint16_t>(size));
    } else {
      out_.u8(flags & static_cast<std::uint8_t>(~kExtendedLength));
      out_.u8(type);
      out_.u8(static_cast<std::uint8_t>(size));
    }
    return true;
  }
  void number(std::uint8_t flags, std::uint8_t type, std::uint32_t value) {
    begin(flags, type, 4);
    out_.u32(value);
  }
  bool overflow() const { return overflow_; }

 private:
  ByteSink& out_;
  bool overflow_ = false;
};

constexpr std::uint8_t kWellKnown = kTransitive;
constexpr std::uint8_t kOptionalTransitive = kOptional | kTransitive;

/// Path without the segments that must not stand in AS4_PATH (RFC 6793 §3).
net::AsPath without_confederations(const net::AsPath& path) {
  net::AsPath out;
  std::copy_if(
      path.segments.begin(), path.segments.end(), std::back_inserter(out.segments), [](const auto& segment) {
        return segment.type == net::AsSegmentType::sequence || segment.type == net::AsSegmentType::set;
      });
  return out;
}

bool needs_as4(const net::AsPath& path) {
  return std::any_of(path.segments.begin(), path.segments.end(), [](const net::AsSegment& segment) {
    return std::any_of(segment.asns.begin(), segment.asns.end(),
                       [](std::uint32_t asn) { return asn > 0xFFFF; });
  });
}

class AttributesEncoder {
 public:
  AttributesEncoder(const Attributes& attributes, const EncodeContext& context, ByteSink& out)
      : attributes_(attributes), context_(context), out_(out), writer_(out) {}

  bool run(bool classic_next_hop) {
    well_known(classic_next_hop);
    aggregation();
    communities();
    reflection();
    newer();
    unknown_below(256);
    return !writer_.overflow();
  }

 private:
  void well_known(bool classic_next_hop) {
    unknown_below(attr_type::kOrigin);
    if (attributes_.origin) {
      writer_.begin(kWellKnown, attr_type::kOrigin, 1);
      out_.u8(static_cast<std::uint8_t>(*attributes_.origin));
    }
    if (attributes_.as_path &&
        writer_.begin(kWellKnown, attr_type::kAsPath, as_path_octets(*attributes_.as_path, context_.as4))) {
      encode_as_path(*attributes_.as_path, context_.as4, out_);
    }
    if (classic_next_hop && attributes_.next_hop) {
      writer_.number(kWellKnown, attr_type::kNextHop, attributes_.next_hop->v4_value());
    }
    if (attributes_.med) {
      writer_.number(kOptional, attr_type::kMed, *attributes_.med);
    }
    if ((context_.internal || context_.send_local_pref) && attributes_.local_pref) {
      writer_.number(kWellKnown, attr_type::kLocalPref, *attributes_.local_pref);
    }
  }

  void aggregation() {
    if (attributes_.atomic_aggregate) {
      writer_.begin(kWellKnown, attr_type::kAtomicAggregate, 0);
    }
    if (attributes_.aggregator) {
      writer_.begin(kOptionalTransitive, attr_type::kAggregator, context_.as4 ? 8 : 6);
      if (context_.as4) {
        out_.u32(attributes_.aggregator->asn);
      } else {
        const std::uint32_t asn = attributes_.aggregator->asn;
        out_.u16(static_cast<std::uint16_t>(asn > 0xFFFF ? kAsTrans : asn));
      }
      out_.u32(attributes_.aggregator->address);
    }
  }

  void communities() {
    if (!attributes_.communities.empty() &&
        writer_.begin(kOptionalTransitive, attr_type::kCommunity, 4 * attributes_.communities.size())) {
      for (const net::Community community : attributes_.communities) {
        out_.u32(community);
      }
    }
  }

  void reflection() {
    if (context_.internal && attributes_.originator_id) {
      writer_.number(kOptional, attr_type::kOriginatorId, *attributes_.originator_id);
    }
    if (context_.internal && !attributes_.cluster_list.empty() &&
        writer_.begin(kOptional, attr_type::kClusterList, 4 * attributes_.cluster_list.size())) {
      for (const std::uint32_t id : attributes_.cluster_list) {
        out_.u32(id);
      }
    }
  }

  void newer() {
    unknown_below(attr_type::kExtCommunity);
    if (!attributes_.ext_communities.empty() && writer_.begin(kOptionalTransitive, attr_type::kExtCommunity,
                                                              8 * attributes_.ext_communities.size())) {
      for (const net::ExtCommunity community : attributes_.ext_communities) {
        out_.u64(community);
      }
    }
    if (!context_.as4) {
      as4();
    }
    unknown_below(attr_type::kLargeCommunity);
    if (!attributes_.large_communities.empty() &&
        writer_.begin(kOptionalTransitive, attr_type::kLargeCommunity,
                      12 * attributes_.large_communities.size())) {
      for (const net::LargeCommunity& community : attributes_.large_communities) {
        out_.u32(community.global);
        out_.u32(community.local1);
        out_.u32(community.local2);
      }
    }
    unknown_below(attr_type::kOtc);
    if (attributes_.otc) {
      writer_.number(kOptionalTransitive, attr_type::kOtc, *attributes_.otc);
    }
  }

  /// RFC 6793 §4.2.2: what the 2-octet attributes could not say.
  void as4() {
    if (attributes_.as_path && needs_as4(*attributes_.as_path)) {
      const net::AsPath path = without_confederations(*attributes_.as_path);
      if (needs_as4(path) &&
          writer_.begin(kOptionalTransitive, attr_type::kAs4Path, as_path_octets(path, true))) {
        encode_as_path(path, true, out_);
      }
    }
    if (attributes_.aggregator && attributes_.aggregator->asn > 0xFFFF) {
      writer_.begin(kOptionalTransitive, attr_type::kAs4Aggregator, 8);
      out_.u32(attributes_.aggregator->asn);
      out_.u32(attributes_.aggregator->address);
    }
  }

  void unknown_below(unsigned type) {
    for (; next_unknown_ < attributes_.unknown.size() && attributes_.unknown[next_unknown_].type < type;
         ++next_unknown_) {
      const UnknownAttribute& unknown = attributes_.unknown[next_unknown_];
      if (writer_.begin(unknown.flags, unknown.type, unknown.value.size())) {
        out_.bytes(std::as_bytes(std::span(unknown.value)));
      }
    }
  }

  const Attributes& attributes_;
  const EncodeContext& context_;
  ByteSink& out_;
  AttributeWriter writer_;
  std::size_t next_unknown_ = 0;
};

/// Appends the first prefixes that fit into `room` octets; returns how many.
std::size_t put_nlri(std::span<const Nlri> nlri, bool add_path, std::size_t room, ByteSink& out) {
  std::array<std::byte, 1024> piece;  // the sink grows by pieces, not by prefixes
  std::size_t used = 0;
  std::size_t count = 0;
  for (const Nlri& each : nlri) {
    const EncodedNlri encoded = encode_nlri(each, add_path);
    if (encoded.size > room) {
      break;
    }
    if (used + encoded.size > piece.size()) {
      out.bytes(BytesView(piece).first(used));
      used = 0;
    }
    std::copy_n(encoded.octets.begin(), encoded.size, piece.begin() + static_cast<std::ptrdiff_t>(used));
    used += encoded.size;
    room -= encoded.size;
    ++count;
  }
  out.bytes(BytesView(piece).first(used));
  return count;
}

/// RFC 4291 §2.5.5.2.
net::IpAddr as_v6(const net::IpAddr& addr) {
  return addr.is_v6() ? addr : net::IpAddr::v6(0, 0x0000'FFFF'0000'0000U | addr.v4_value());
}

/// The part of MP_REACH_NLRI between the family and the prefixes.
void put_mp_next_hop(const Attributes& attributes, ByteSink& out) {
  out.u8(attributes.link_local_next_hop ? 32 : 16);
  as_v6(*attributes.next_hop).append_to(out);
  if (attributes.link_local_next_hop) {
    as_v6(*attributes.link_local_next_hop).append_to(out);
  }
  out.u8(0);
}

bool can_announce(const Attributes& attributes, AfiSafi family, const EncodeContext& context) {
  if (!attributes.next_hop || !unicast_family(family)) {
    return false;
  }
  return family == kIpv6Unicast || attributes.next_hop->is_v4() ||
         contains(context.extended_next_hop, family);
}

/// The prefixes of one family, in order.
std::vector<Nlri> of_family(const std::vector<Nlri>& nlri, net::Family family) {
  std::vector<Nlri> out;
  std::copy_if(nlri.begin(), nlri.end(), std::back_inserter(out),
               [family](const Nlri& each) { return each.prefix.family() == family; });
  return out;
}

bool announce_all(const Attributes& attributes, AfiSafi family, std::span<const Nlri> nlri,
                  const EncodeContext& context, ByteSink& out) {
  while (!nlri.empty()) {
    const std::size_t count = encode_announce(attributes, family, nlri, context, out);
    if (count == 0) {
      return false;
    }
    nlri = nlri.subspan(count);
  }
  return true;
}

}  // namespace

namespace detail {

bool encode_attributes(const Attributes& attributes, bool classic_next_hop, const EncodeContext& context,
                       ByteSink& out) {
  return AttributesEncoder(attributes, context, out).run(classic_next_hop);
}

bool encode_update(const Update& update, const EncodeContext& context, ByteSink& out) {
  if (update.end_of_rib) {
    encode_end_of_rib(*update.end_of_rib, out);
    return true;
  }
  constexpr net::Family kFamilies[] = {net::Family::ipv4, net::Family::ipv6};
  for (const net::Family family : kFamilies) {
    const std::vector<Nlri> all = of_family(update.withdrawn, family);
    for (std::span<const Nlri> left = all; !left.empty();) {
      left = left.subspan(encode_withdraw(unicast(family), left, context, out));
    }
  }
  bool complete = true;
  for (const net::Family family : kFamilies) {
    const std::vector<Nlri> all = of_family(update.announced, family);
    if (family == net::Family::ipv4 && update.classic_next_hop) {
      Attributes classic = update.attributes;
      classic.next_hop = update.classic_next_hop;
      classic.link_local_next_hop.reset();
      complete = announce_all(classic, kIpv4Unicast, all, context, out) && complete;
    } else {
      complete = announce_all(update.attributes, unicast(family), all, context, out) && complete;
    }
  }
  return complete;
}

}  // namespace detail

// A block: how long the next hop of MP_REACH_NLRI with its frame is (0: classic), that, and the other
// attributes.
bool encode_attribute_block(const Attributes& attributes, AfiSafi family, const EncodeContext& context,
                            Bytes& out) {
  if (!can_announce(attributes, family, context)) {
    return false;
  }
  const bool classic = family == kIpv4Unicast && attributes.next_hop->is_v4();
  ByteSink block;
  block.reserve(128);
  block.u8(0);
  if (!classic) {
    put_mp_next_hop(attributes, block);
    block.patch_u8(0, static_cast<std::uint8_t>(block.size() - 1));
  }
  constexpr std::size_t kLongestNlri = 4 + 1 + 16;
  const std::size_t frame = kUpdateFrameOctets + (classic ? 0 : kMpHeaderOctets + 3) + kLongestNlri;
  if (!encode_attributes(attributes, classic, context, block) ||
      frame + block.size() - 1 > message_limit(context)) {
    return false;
  }
  const BytesView octets = block.view();
  out.insert(out.end(), octets.begin(), octets.end());
  return true;
}

std::size_t encode_announce(BytesView block, AfiSafi family, std::span<const Nlri> nlri,
                            const EncodeContext& context, ByteSink& out) {
  if (nlri.empty() || block.empty()) {
    return 0;
  }
  const std::size_t mp_octets = std::to_integer<std::size_t>(block[0]);
  const BytesView mp = block.subspan(1, mp_octets);
  const BytesView rest = block.subspan(1 + mp_octets);
  const bool classic = mp.empty();
  const bool add_path = contains(context.add_path, family);
  const std::size_t room = message_limit(context) - kUpdateFrameOctets - rest.size() -
                           (classic ? 0 : kMpHeaderOctets + 3 + mp_octets);
  const std::size_t begin = begin_message(message_type::kUpdate, out);
  out.u16(0);
  const std::size_t attributes_at = out.size() + 2;
  out.u16(static_cast<std::uint16_t>(rest.size()));
  std::size_t count = 0;
  if (classic) {
    out.bytes(rest);
    count = put_nlri(nlri, add_path, room, out);
  } else {
    out.u8(kOptional | kExtendedLength);
    out.u8(attr_type::kMpReach);
    out.u16(0);
    out.u16(family.afi);
    out.u8(family.safi);
    out.bytes(mp);
    count = put_nlri(nlri, add_path, room, out);
    out.patch_u16(attributes_at + 2,
                  static_cast<std::uint16_t>(out.size() - attributes_at - kMpHeaderOctets));
    out.bytes(rest);
    out.patch_u16(attributes_at - 2, static_cast<std::uint16_t>(out.size() - attributes_at));
  }
  if (count == 0) {
    out.truncate(begin);
    return 0;
  }
  finish_message(begin, out);
  return count;
}

std::size_t encode_announce(const Attributes& attributes, AfiSafi family, std::span<const Nlri> nlri,
                            const EncodeContext& context, ByteSink& out) {
  Bytes block;
  return !nlri.empty() && encode_attribute_block(attributes, family, context, block)
             ? encode_announce(block, family, nlri, context, out)
             : 0;
}

std::size_t encode_withdraw(AfiSafi family, std::span<const Nlri> nlri, const EncodeContext& context,
                            ByteSink& out) {
  if (nlri.empty() || !unicast_family(family)) {
    return 0;
  }
  const bool add_path = contains(context.add_path, family);
  const std::size_t begin = begin_message(message_type::kUpdate, out);
  const std::size_t lengths_at = out.size();
  std::size_t count = 0;
  if (family == kIpv4Unicast) {
    out.u16(0);
    count = put_nlri(nlri, add_path, message_limit(context) - kUpdateFrameOctets, out);
    out.patch_u16(lengths_at, static_cast<std::uint16_t>(out.size() - lengths_at - 2));
    out.u16(0);
  } else {
    out.u32(0);
    const std::size_t attributes_at = out.size();
    out.u8(kOptional | kExtendedLength);
    out.u8(attr_type::kMpUnreach);
    out.u16(0);
    out.u16(family.afi);
    out.u8(family.safi);
    const std::size_t room = message_limit(context) - kUpdateFrameOctets - kMpHeaderOctets - 3;
    count = put_nlri(nlri, add_path, room, out);
    out.patch_u16(attributes_at + 2,
                  static_cast<std::uint16_t>(out.size() - attributes_at - kMpHeaderOctets));
    out.patch_u16(lengths_at + 2, static_cast<std::uint16_t>(out.size() - attributes_at));
  }
  finish_message(begin, out);
  return count;
}

void encode_end_of_rib(AfiSafi family, ByteSink& out) {
  const std::size_t begin = begin_message(message_type::kUpdate, out);
  out.u16(0);
  if (family == kIpv4Unicast) {
    out.u16(0);
  } else {
    out.u16(6);
    out.u8(kOptional);
    out.u8(attr_type::kMpUnreach);
    out.u8(3);
    out.u16(family.afi);
    out.u8(family.safi);
  }
  finish_message(begin, out);
}

}  // namespace catflap::bgp::wire
