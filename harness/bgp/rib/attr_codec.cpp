#include "bgp/rib/attr_codec.hpp"

#include <cstring>
#include <type_traits>

#include "bgp/wire/reuse.hpp"

namespace catflap::bgp::rib {
namespace {

/// What is there, a bit each.
constexpr unsigned kOrigin = 1U << 0U;
constexpr unsigned kAsPath = 1U << 1U;
constexpr unsigned kNextHop = 1U << 2U;
constexpr unsigned kLinkLocal = 1U << 3U;
constexpr unsigned kMed = 1U << 4U;
constexpr unsigned kLocalPref = 1U << 5U;
constexpr unsigned kAtomic = 1U << 6U;
constexpr unsigned kAggregator = 1U << 7U;
constexpr unsigned kCommunities = 1U << 8U;
constexpr unsigned kExtCommunities = 1U << 9U;
constexpr unsigned kLargeCommunities = 1U << 10U;
constexpr unsigned kOriginator = 1U << 11U;
constexpr unsigned kClusters = 1U << 12U;
constexpr unsigned kOtc = 1U << 13U;
constexpr unsigned kUnknown = 1U << 14U;

class Packer {
 public:
  explicit Packer(Bytes& out) : out_(out) {}

  void octet(std::uint8_t value) { out_.push_back(static_cast<std::byte>(value)); }
  template <class T>
  void plain(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    raw(&value, sizeof(value));
  }
  void count(std::size_t value) {
    for (; value >= 0x80; value >>= 7U) {
      octet(static_cast<std::uint8_t>(value | 0x80U));
    }
    octet(static_cast<std::uint8_t>(value));
  }
  void address(const net::IpAddr& addr) {
    if (addr.is_v4()) {
      octet(4);
      plain(addr.v4_value());
    } else {
      octet(6);
      plain(addr.high());
      plain(addr.low());
    }
  }
  template <class T>
  void list(const std::vector<T>& values) {
    static_assert(std::has_unique_object_representations_v<T>);
    count(values.size());
    raw(values.data(), values.size() * sizeof(T));
  }

 private:
  void raw(const void* from, std::size_t size) {
    const auto* octets = static_cast<const std::byte*>(from);
    out_.insert(out_.end(), octets, octets + size);
  }
  Bytes& out_;
};

class Unpacker {
 public:
  explicit Unpacker(BytesView octets) : at_(octets.data()) {}

  std::uint8_t octet() { return std::to_integer<std::uint8_t>(*at_++); }
  template <class T>
  T plain() {
    T value;
    std::memcpy(&value, at_, sizeof(value));
    at_ += sizeof(value);
    return value;
  }
  std::size_t count() {
    std::size_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const std::uint8_t next = octet();
      value |= static_cast<std::size_t>(next & 0x7FU) << shift;
      if (next < 0x80) {
        return value;
      }
    }
  }
  net::IpAddr address() {
    if (octet() == 4) {
      return net::IpAddr::v4(plain<std::uint32_t>());
    }
    const auto high = plain<std::uint64_t>();
    return net::IpAddr::v6(high, plain<std::uint64_t>());
  }
  template <class T>
  void list(std::vector<T>& values) {
    values.resize(count());
    if (!values.empty()) {
      std::memcpy(values.data(), at_, values.size() * sizeof(T));
      at_ += values.size() * sizeof(T);
    }
  }

 private:
  const std::byte* at_;
};

std::uint16_t parts_of(const wire::Attributes& attributes) {
  // Every field must be packed: this fails to compile when one is added.
  const auto& [origin, as_path, next_hop, link_local, med, local_pref, atomic, aggregator, communities, ext,
               large, originator, clusters, otc, unknown, emptied] = attributes;
  unsigned parts = 0;
  parts |= origin ? kOrigin : 0U;
  parts |= as_path ? kAsPath : 0U;
  parts |= next_hop ? kNextHop : 0U;
  parts |= link_local ? kLinkLocal : 0U;
  parts |= med ? kMed : 0U;
  parts |= local_pref ? kLocalPref : 0U;
  parts |= atomic ? kAtomic : 0U;
  parts |= aggregator ? kAggregator : 0U;
  // A list that was emptied is packed as one without items.
  parts |= communities.empty() && !emptied.communities ? 0U : kCommunities;
  parts |= ext.empty() && !emptied.ext_communities ? 0U : kExtCommunities;
  parts |= large.empty() && !emptied.large_communities ? 0U : kLargeCommunities;
  parts |= originator ? kOriginator : 0U;
  parts |= clusters.empty() ? 0U : kClusters;
  parts |= otc ? kOtc : 0U;
  parts |= unknown.empty() ? 0U : kUnknown;
  return static_cast<std::uint16_t>(parts);
}

void pack_path(const net::AsPath& path, Packer& out) {
  out.count(path.segments.size());
  for (const net::AsSegment& segment : path.segments) {
    out.octet(static_cast<std::uint8_t>(segment.type));
    out.list(segment.asns);
  }
}

void unpack_path(Unpacker& in, net::AsPath& path) {
  path.segments.resize(in.count());
  for (net::AsSegment& segment : path.segments) {
    segment.type = static_cast<net::AsSegmentType>(in.octet());
    in.list(segment.asns);
  }
}

void pack_lists(const wire::Attributes& attributes, unsigned parts, Packer& out) {
  if ((parts & kCommunities) != 0) {
    out.list(attributes.communities);
  }
  if ((parts & kExtCommunities) != 0) {
    out.list(attributes.ext_communities);
  }
  if ((parts & kLargeCommunities) != 0) {
    out.list(attributes.large_communities);
  }
  if ((parts & kClusters) != 0) {
    out.list(attributes.cluster_list);
  }
  if ((parts & kUnknown) != 0) {
    out.count(attributes.unknown.size());
    for (const wire::UnknownAttribute& unknown : attributes.unknown) {
      out.octet(unknown.flags);
      out.octet(unknown.type);
      out.list(unknown.value);
    }
  }
}

void unpack_lists(Unpacker& in, unsigned parts, wire::Attributes& attributes) {
  if ((parts & kCommunities) != 0) {
    in.list(attributes.communities);
    attributes.emptied.communities = attributes.communities.empty();
  }
  if ((parts & kExtCommunities) != 0) {
    in.list(attributes.ext_communities);
    attributes.emptied.ext_communities = attributes.ext_communities.empty();
  }
  if ((parts & kLargeCommunities) != 0) {
    in.list(attributes.large_communities);
    attributes.emptied.large_communities = attributes.large_communities.empty();
  }
  if ((parts & kClusters) != 0) {
    in.list(attributes.cluster_list);
  }
  if ((parts & kUnknown) != 0) {
    attributes.unknown.resize(in.count());
    for (wire::UnknownAttribute& unknown : attributes.unknown) {
      unknown.flags = in.octet();
      unknown.type = in.octet();
      in.list(unknown.value);
    }
  }
}

}  // namespace

void pack(const wire::Attributes& attributes, Bytes& octets) {
  const unsigned parts = parts_of(attributes);
  Packer out(octets);
  out.plain(static_cast<std::uint16_t>(parts));
  if ((parts & kOrigin) != 0) {
    out.octet(static_cast<std::uint8_t>(*attributes.origin));
  }
  if ((parts & kAsPath) != 0) {
    pack_path(*attributes.as_path, out);
  }
  if ((parts & kNextHop) != 0) {
    out.address(*attributes.next_hop);
  }
  if ((parts & kLinkLocal) != 0) {
    out.address(*attributes.link_local_next_hop);
  }
  if ((parts & kMed) != 0) {
    out.plain(*attributes.med);
  }
  if ((parts & kLocalPref) != 0) {
    out.plain(*attributes.local_pref);
  }
  if ((parts & kAggregator) != 0) {
    out.plain(attributes.aggregator->asn);
    out.plain(attributes.aggregator->address);
  }
  if ((parts & kOriginator) != 0) {
    out.plain(*attributes.originator_id);
  }
  if ((parts & kOtc) != 0) {
    out.plain(*attributes.otc);
  }
  pack_lists(attributes, parts, out);
}

void unpack(BytesView octets, wire::Attributes& attributes) {
  Unpacker in(octets);
  const unsigned parts = in.plain<std::uint16_t>();
  wire::clear_but_path(attributes);
  if ((parts & kOrigin) != 0) {
    attributes.origin = static_cast<wire::Origin>(in.octet());
  }
  if ((parts & kAsPath) != 0) {
    unpack_path(in, attributes.as_path ? *attributes.as_path : attributes.as_path.emplace());
  } else {
    attributes.as_path.reset();
  }
  if ((parts & kNextHop) != 0) {
    attributes.next_hop = in.address();
  }
  if ((parts & kLinkLocal) != 0) {
    attributes.link_local_next_hop = in.address();
  }
  if ((parts & kMed) != 0) {
    attributes.med = in.plain<std::uint32_t>();
  }
  if ((parts & kLocalPref) != 0) {
    attributes.local_pref = in.plain<std::uint32_t>();
  }
  attributes.atomic_aggregate = (parts & kAtomic) != 0;
  if ((parts & kAggregator) != 0) {
    const auto asn = in.plain<std::uint32_t>();
    attributes.aggregator = wire::Aggregator{asn, in.plain<std::uint32_t>()};
  }
  if ((parts & kOriginator) != 0) {
    attributes.originator_id = in.plain<std::uint32_t>();
  }
  if ((parts & kOtc) != 0) {
    attributes.otc = in.plain<std::uint32_t>();
  }
  unpack_lists(in, parts, attributes);
}

}  // namespace catflap::bgp::rib
