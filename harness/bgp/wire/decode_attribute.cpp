#include <algorithm>
#include <set>
#include <string>

#include <fmt/format.h>

#include "bgp/wire/detail.hpp"
#include "bgp/wire/notification.hpp"
#include "bgp/wire/update_decoder.hpp"

namespace catflap::bgp::wire::detail {
namespace {

constexpr std::uint8_t kWellKnown = kTransitive;
constexpr std::uint8_t kOptionalTransitive = kOptional | kTransitive;

/// An attribute whose Optional and Transitive flags are defined, and the reaction if they are different (RFC
/// 7606 §3 c; where a malformed value is only discarded, so are wrong flags).
struct Definition {
  std::uint8_t type;
  std::uint8_t flags;
  Severity severity;
  const char* name;
};

constexpr Definition kDefinitions[] = {
    {attr_type::kOrigin, kWellKnown, Severity::treat_as_withdraw, "ORIGIN"},
    {attr_type::kAsPath, kWellKnown, Severity::treat_as_withdraw, "AS_PATH"},
    {attr_type::kNextHop, kWellKnown, Severity::treat_as_withdraw, "NEXT_HOP"},
    {attr_type::kMed, kOptional, Severity::treat_as_withdraw, "MULTI_EXIT_DISC"},
    {attr_type::kLocalPref, kWellKnown, Severity::treat_as_withdraw, "LOCAL_PREF"},
    {attr_type::kAtomicAggregate, kWellKnown, Severity::attribute_discard, "ATOMIC_AGGREGATE"},
    {attr_type::kAggregator, kOptionalTransitive, Severity::attribute_discard, "AGGREGATOR"},
    {attr_type::kCommunity, kOptionalTransitive, Severity::treat_as_withdraw, "COMMUNITIES"},
    {attr_type::kOriginatorId, kOptional, Severity::treat_as_withdraw, "ORIGINATOR_ID"},
    {attr_type::kClusterList, kOptional, Severity::treat_as_withdraw, "CLUSTER_LIST"},
    {attr_type::kMpReach, kOptional, Severity::treat_as_withdraw, "MP_REACH_NLRI"},
    {attr_type::kMpUnreach, kOptional, Severity::treat_as_withdraw, "MP_UNREACH_NLRI"},
    {attr_type::kExtCommunity, kOptionalTransitive, Severity::treat_as_withdraw, "EXTENDED_COMMUNITIES"},
    {attr_type::kAs4Path, kOptionalTransitive, Severity::attribute_discard, "AS4_PATH"},
    {attr_type::kAs4Aggregator, kOptionalTransitive, Severity::attribute_discard, "AS4_AGGREGATOR"},
    {kIpv6ExtCommunity, kOptionalTransitive, Severity::treat_as_withdraw, "IPV6_EXTENDED_COMMUNITIES"},
    {attr_type::kAigp, kOptional, Severity::attribute_discard, "AIGP"},
    {kLinkState, kOptional, Severity::attribute_discard, "BGP_LS"},
    {attr_type::kLargeCommunity, kOptionalTransitive, Severity::treat_as_withdraw, "LARGE_COMMUNITY"},
    {attr_type::kOtc, kOptionalTransitive, Severity::treat_as_withdraw, "ONLY_TO_CUSTOMER"},
};

const Definition* definition(std::uint8_t type) {
  const auto* found = std::find_if(std::begin(kDefinitions), std::end(kDefinitions),
                                   [type](const Definition& entry) { return entry.type == type; });
  return found == std::end(kDefinitions) ? nullptr : found;
}

/// "ORIGIN", or "attribute 200".
std::string name_of(std::uint8_t type) {
  const Definition* defined = definition(type);
  return defined != nullptr ? defined->name : fmt::format("attribute {}", type);
}

bool multiple_of(std::size_t size, std::size_t unit) {
  return size != 0 && size % unit == 0;
}

/// Drops repetitions and keeps the first of each (RFC 8092 §6).
void remove_duplicates(std::vector<net::LargeCommunity>& list) {
  std::vector<net::LargeCommunity> sorted = list;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end()) {
    return;
  }
  std::set<net::LargeCommunity> seen;
  list.erase(std::remove_if(list.begin(), list.end(),
                            [&seen](const auto& each) { return !seen.insert(each).second; }),
             list.end());
}

}  // namespace

}  // namespace catflap::bgp::wire::detail

namespace catflap::bgp::wire {

std::string attribute_name(std::uint8_t type) {
  return detail::name_of(type);
}

}  // namespace catflap::bgp::wire

namespace catflap::bgp::wire::detail {

bool UpdateDecoder::flags_fit(const RawAttribute& attribute) {
  const Definition* defined = definition(attribute.type);
  if (defined == nullptr || (attribute.flags & kOptionalTransitive) == defined->flags) {
    return true;
  }
  record(
      defined->severity, update_error::kAttributeFlags, attribute,
      fmt::format("{} has flags {:#04x}, expected {:#04x}", defined->name, attribute.flags, defined->flags));
  return false;
}

bool UpdateDecoder::length_fits(const RawAttribute& attribute, Severity severity, bool fits,
                                const char* expected) {
  if (!fits) {
    record(severity, update_error::kAttributeLength, attribute,
           fmt::format("{} has length {}, expected {}", name_of(attribute.type), attribute.value.size(),
                       expected));
  }
  return fits;
}

void UpdateDecoder::read_attribute(const RawAttribute& attribute) {
  switch (attribute.type) {
    case attr_type::kOrigin:
      return read_origin(attribute);
    case attr_type::kAsPath:
      return read_as_path(attribute);
    case attr_type::kNextHop:
      return read_next_hop(attribute);
    case attr_type::kMed:
      return read_number(attribute, update_.attributes.med);
    case attr_type::kLocalPref:
      return read_number(attribute, update_.attributes.local_pref);
    case attr_type::kAtomicAggregate:
      update_.attributes.atomic_aggregate =
          length_fits(attribute, Severity::attribute_discard, attribute.value.empty(), "0");
      return;
    case attr_type::kAggregator:
      return read_aggregator(attribute);
    case attr_type::kCommunity:
      return read_communities(attribute);
    case attr_type::kOriginatorId:
      return read_number(attribute, update_.attributes.originator_id);
    case attr_type::kClusterList:
      return read_cluster_list(attribute);
    case attr_type::kExtCommunity:
      return read_ext_communities(attribute);
    case attr_type::kAs4Path:
      return read_as4_path(attribute);
    case attr_type::kAs4Aggregator:
      return read_as4_aggregator(attribute);
    case attr_type::kAigp:
    case kLinkState:
      return;  // non-transitive and not ours: dropped silently
    case attr_type::kLargeCommunity:
      return read_large_communities(attribute);
    case attr_type::kOtc:
      return read_number(attribute, update_.attributes.otc);
    default:
      return read_unknown(attribute);
  }
}

void UpdateDecoder::read_origin(const RawAttribute& attribute) {
  if (!length_fits(attribute, Severity::treat_as_withdraw, attribute.value.size() == 1, "1")) {
    return;
  }
  const auto value = std::to_integer<std::uint8_t>(attribute.value[0]);
  if (value > 2) {
    return record(Severity::treat_as_withdraw, update_error::kInvalidOrigin, attribute,
                  fmt::format("ORIGIN has the unknown value {}", value));
  }
  update_.attributes.origin = static_cast<Origin>(value);
}

void UpdateDecoder::read_as_path(const RawAttribute& attribute) {
  net::AsPath path = std::move(spare_path_);
  const char* problem = decode_as_path(attribute.value, context_.as4, path);
  for (const net::AsSegment& segment : path.segments) {
    const bool confederation =
        segment.type == net::AsSegmentType::confed_sequence || segment.type == net::AsSegmentType::confed_set;
    const bool set =
        segment.type == net::AsSegmentType::set || segment.type == net::AsSegmentType::confed_set;
    if (problem == nullptr && confederation && !context_.internal && !context_.confederation) {
      problem = "it holds a confederation segment from an external peer";  // RFC 5065 §5
    } else if (problem == nullptr && set && !context_.allow_as_sets) {
      problem = "it holds an AS_SET";  // RFC 9774 §3
    }
  }
  // RFC 5065 §5.
  if (problem == nullptr && context_.confederation && !context_.internal &&
      (path.segments.empty() || path.segments.front().type != net::AsSegmentType::confed_sequence)) {
    problem = "it does not begin with the member AS of the peer (AS_CONFED_SEQUENCE)";
  }
  if (problem != nullptr) {
    return record(Severity::treat_as_withdraw, update_error::kMalformedAsPath, attribute,
                  fmt::format("AS_PATH is malformed: {}", problem));
  }
  update_.attributes.as_path = std::move(path);
}

void UpdateDecoder::read_next_hop(const RawAttribute& attribute) {
  if (length_fits(attribute, Severity::treat_as_withdraw, attribute.value.size() == 4, "4")) {
    update_.attributes.next_hop = net::IpAddr::v4(ByteReader(attribute.value).u32().value_or(0));
  }
}

void UpdateDecoder::read_number(const RawAttribute& attribute, std::optional<std::uint32_t>& out) {
  if (length_fits(attribute, Severity::treat_as_withdraw, attribute.value.size() == 4, "4")) {
    out = ByteReader(attribute.value).u32();
  }
}

void UpdateDecoder::read_aggregator(const RawAttribute& attribute) {
  const std::size_t size = context_.as4 ? 8 : 6;
  if (!length_fits(attribute, Severity::attribute_discard, attribute.value.size() == size,
                   context_.as4 ? "8" : "6")) {
    return;
  }
  ByteReader reader(attribute.value);
  Aggregator aggregator;
  aggregator.asn = context_.as4 ? reader.u32().value_or(0) : reader.u16().value_or(0);
  aggregator.address = reader.u32().value_or(0);
  if (aggregator.asn == 0) {  // RFC 7607 §2
    return record(Severity::attribute_discard, update_error::kOptionalAttribute, attribute,
                  "AGGREGATOR holds AS 0");
  }
  update_.attributes.aggregator = aggregator;
}

void UpdateDecoder::read_communities(const RawAttribute& attribute) {
  if (!length_fits(attribute, Severity::treat_as_withdraw, multiple_of(attribute.value.size(), 4),
                   "a multiple of 4")) {
    return;
  }
  auto& out = update_.attributes.communities;
  out.reserve(attribute.value.size() / 4);
  for (ByteReader reader(attribute.value); !reader.empty();) {
    out.push_back(reader.u32().value_or(0));
  }
}

void UpdateDecoder::read_ext_communities(const RawAttribute& attribute) {
  if (!length_fits(attribute, Severity::treat_as_withdraw, multiple_of(attribute.value.size(), 8),
                   "a multiple of 8")) {
    return;
  }
  auto& out = update_.attributes.ext_communities;
  out.reserve(attribute.value.size() / 8);
  for (ByteReader reader(attribute.value); !reader.empty();) {
    out.push_back(reader.u64().value_or(0));
  }
}

void UpdateDecoder::read_large_communities(const RawAttribute& attribute) {
  if (!length_fits(attribute, Severity::treat_as_withdraw, multiple_of(attribute.value.size(), 12),
                   "a multiple of 12")) {
    return;
  }
  auto& out = update_.attributes.large_communities;
  out.reserve(attribute.value.size() / 12);
  for (ByteReader reader(attribute.value); !reader.empty();) {
    net::LargeCommunity community;
    community.global = reader.u32().value_or(0);
    community.local1 = reader.u32().value_or(0);
    community.local2 = reader.u32().value_or(0);
    out.push_back(community);
  }
  remove_duplicates(out);
}

void UpdateDecoder::read_cluster_list(const RawAttribute& attribute) {
  if (!length_fits(attribute, Severity::treat_as_withdraw, multiple_of(attribute.value.size(), 4),
                   "a multiple of 4")) {
    return;
  }
  auto& out = update_.attributes.cluster_list;
  out.reserve(attribute.value.size() / 4);
  for (ByteReader reader(attribute.value); !reader.empty();) {
    out.push_back(reader.u32().value_or(0));
  }
}

void UpdateDecoder::read_as4_path(const RawAttribute& attribute) {
  net::AsPath path;
  if (const char* problem = decode_as_path(attribute.value, true, path)) {
    return record(Severity::attribute_discard, update_error::kMalformedAsPath, attribute,
                  fmt::format("AS4_PATH is malformed: {}", problem));
  }
  as4_path_ = std::move(path);
}

void UpdateDecoder::read_as4_aggregator(const RawAttribute& attribute) {
  if (!length_fits(attribute, Severity::attribute_discard, attribute.value.size() == 8, "8")) {
    return;
  }
  ByteReader reader(attribute.value);
  Aggregator aggregator;
  aggregator.asn = reader.u32().value_or(0);
  aggregator.address = reader.u32().value_or(0);
  if (aggregator.asn == 0) {
    return record(Severity::attribute_discard, update_error::kOptionalAttribute, attribute,
                  "AS4_AGGREGATOR holds AS 0");
  }
  as4_aggregator_ = aggregator;
}

/// RFC 4271 §5, §6.3.
void UpdateDecoder::read_unknown(const RawAttribute& attribute) {
  if ((attribute.flags & kOptional) == 0) {
    const std::string what = fmt::format("attribute {} claims to be well-known", attribute.type);
    if (context_.unknown_well_known_resets) {
      return fatal(update_error::kUnrecognizedWellKnown, what, copy_of(attribute.whole), std::nullopt);
    }
    return record(Severity::treat_as_withdraw, update_error::kUnrecognizedWellKnown, attribute, what);
  }
  if ((attribute.flags & kTransitive) == 0) {
    return;
  }
  if (attribute.type == kIpv6ExtCommunity &&
      !length_fits(attribute, Severity::treat_as_withdraw, multiple_of(attribute.value.size(), 20),
                   "a multiple of 20")) {
    return;
  }
  UnknownAttribute unknown{kOptionalTransitive | kPartial, attribute.type, {}};
  unknown.value.reserve(attribute.value.size());
  std::transform(attribute.value.begin(), attribute.value.end(), std::back_inserter(unknown.value),
                 [](std::byte octet) { return std::to_integer<std::uint8_t>(octet); });
  auto& out = update_.attributes.unknown;
  const auto behind =
      std::find_if(out.begin(), out.end(), [&](const auto& other) { return other.type > unknown.type; });
  out.insert(behind, std::move(unknown));
}

}  // namespace catflap::bgp::wire::detail
