#include <cstdint>

#include "bgp/wire/detail.hpp"

namespace catflap::bgp::wire::detail {
namespace {

constexpr std::size_t kSegmentAsnsMax = 255;

bool is_confederation(net::AsSegmentType type) {
  return type == net::AsSegmentType::confed_sequence || type == net::AsSegmentType::confed_set;
}

/// Puts a segment behind the path; a sequence goes on in the sequence before it where there is room.
void append_segment(net::AsPath& path, net::AsSegment segment) {
  if (!path.segments.empty() && segment.type == net::AsSegmentType::sequence) {
    net::AsSegment& last = path.segments.back();
    if (last.type == segment.type && last.asns.size() + segment.asns.size() <= kSegmentAsnsMax) {
      last.asns.insert(last.asns.end(), segment.asns.begin(), segment.asns.end());
      return;
    }
  }
  path.segments.push_back(std::move(segment));
}

}  // namespace

const char* decode_as_path(BytesView value, bool as4, net::AsPath& out) {
  const std::size_t asn_octets = as4 ? 4 : 2;
  ByteReader reader(value);
  std::size_t segments = 0;
  while (!reader.empty()) {
    const auto type = reader.u8();
    const auto count = reader.u8();
    if (!count) {
      return "one octet is left behind the last segment";
    }
    if (*type < 1 || *type > 4) {
      return "a segment has an unknown type";
    }
    if (*count == 0) {
      return "a segment is empty";
    }
    if (reader.remaining() < *count * asn_octets) {
      return "a segment runs over the end";
    }
    if (out.segments.size() == segments) {
      out.segments.emplace_back();
    }
    net::AsSegment& segment = out.segments[segments++];
    segment.type = static_cast<net::AsSegmentType>(*type);
    segment.asns.clear();
    segment.asns.reserve(*count);
    for (std::size_t i = 0; i < *count; ++i) {
      const std::uint32_t asn = as4 ? reader.u32().value_or(0) : reader.u16().value_or(0);
      if (asn == 0) {
        return "it holds AS 0";  // RFC 7607 §2
      }
      segment.asns.push_back(asn);
    }
  }
  out.segments.resize(segments);
  return nullptr;
}

net::AsPath merge_as4_path(net::AsPath two_octet, const net::AsPath& four_octet) {
  net::AsPath newer;
  for (const net::AsSegment& segment : four_octet.segments) {
    if (!is_confederation(segment.type)) {  // RFC 6793 §6: must not be there; drop those segments only
      append_segment(newer, segment);
    }
  }
  const std::size_t length = two_octet.length();
  if (length < newer.length() || newer.empty()) {
    return two_octet;
  }
  std::size_t missing = length - newer.length();
  net::AsPath merged;
  bool adjacent = true;  // all that stands before the next segment was taken whole
  for (net::AsSegment& segment : two_octet.segments) {
    if (!adjacent || (missing == 0 && !is_confederation(segment.type))) {
      break;
    }
    if (segment.type == net::AsSegmentType::sequence && segment.asns.size() > missing) {
      segment.asns.resize(missing);
      adjacent = false;
    }
    if (!is_confederation(segment.type)) {
      missing -= segment.type == net::AsSegmentType::sequence ? segment.asns.size() : 1;
    }
    append_segment(merged, std::move(segment));
  }
  for (net::AsSegment& segment : newer.segments) {
    append_segment(merged, std::move(segment));
  }
  return merged;
}

std::size_t as_path_octets(const net::AsPath& path, bool as4) {
  std::size_t octets = 0;
  for (const net::AsSegment& segment : path.segments) {
    const std::size_t pieces = (segment.asns.size() + kSegmentAsnsMax - 1) / kSegmentAsnsMax;
    octets += 2 * pieces + segment.asns.size() * (as4 ? 4 : 2);
  }
  return octets;
}

void encode_as_path(const net::AsPath& path, bool as4, ByteSink& out) {
  for (const net::AsSegment& segment : path.segments) {
    for (std::size_t i = 0; i < segment.asns.size(); ++i) {
      if (i % kSegmentAsnsMax == 0) {
        out.u8(static_cast<std::uint8_t>(segment.type));
        out.u8(static_cast<std::uint8_t>(std::min(segment.asns.size() - i, kSegmentAsnsMax)));
      }
      if (as4) {
        out.u32(segment.asns[i]);
      } else {
        out.u16(static_cast<std::uint16_t>(segment.asns[i] > 0xFFFF ? kAsTrans : segment.asns[i]));
      }
    }
  }
}

}  // namespace catflap::bgp::wire::detail
