#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace catflap::net {

/// Segment types as on the wire: RFC 4271 §4.3, RFC 5065 §3.
enum class AsSegmentType : std::uint8_t { set = 1, sequence = 2, confed_sequence = 3, confed_set = 4 };

struct AsSegment {
  AsSegmentType type = AsSegmentType::sequence;
  std::vector<std::uint32_t> asns;

  auto operator<=>(const AsSegment&) const = default;
};

/// An AS_PATH with 4-octet AS numbers, nearest AS first.
struct AsPath {
  std::vector<AsSegment> segments;

  /// Length for the decision process: a set counts 1, confederation segments 0 (RFC 4271 §9.1.2.2, RFC 5065
  /// §5.3).
  std::size_t length() const;
  /// The nearest AS: the first of a leading sequence. nullopt for an empty path or one that starts with a
  /// set.
  std::optional<std::uint32_t> first() const;
  /// The AS, or member AS, that originated the route; nullopt for an empty path or one that ends with a set.
  std::optional<std::uint32_t> last() const;
  /// How often `asn` stands in the path, in segments of any type.
  std::size_t count(std::uint32_t asn) const;
  bool empty() const { return segments.empty(); }
  /// Puts `asn` in front `times` times; starts a new sequence where the first one is full (255) or is no
  /// sequence.
  void prepend(std::uint32_t asn, std::size_t times = 1);

  auto operator<=>(const AsPath&) const = default;
};

/// As BIRD prints it: "65001 65002 {65003 65004} (65005)"; "" if empty.
std::string to_string(const AsPath& path);

}  // namespace catflap::net
