#pragma once

#include <array>
#include <bitset>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "net/addr.hpp"
#include "net/as_path.hpp"
#include "net/community.hpp"
#include "net/cover_index.hpp"

/// Values of BIRD's filter language (BIRD manual, "Filters", "Data types"). Immutable once built.
namespace catflap::intent {

/// Whose language a configuration is written in, and whose filters do what: bird2 is BIRD 2.0.12, bird1 is
/// BIRD 1.6.8, where each daemon knows one family.
enum class Dialect : std::uint8_t { bird1, bird2 };

/// A range of 32-bit numbers, both ends included.
struct Range32 {
  std::uint32_t low = 0;
  std::uint32_t high = 0xFFFFFFFFU;

  auto operator<=>(const Range32&) const = default;
};

/// `(1,2)`: 16 bits each. Also the type of a community.
struct Pair {
  std::uint32_t value = 0;
  auto operator<=>(const Pair&) const = default;
};

/// `1.2.3.4` as router id or cluster id (the type of `bgp_originator_id`).
struct Quad {
  std::uint32_t value = 0;
  auto operator<=>(const Quad&) const = default;
};

struct ExtCommunityValue {
  net::ExtCommunity value = 0;
  auto operator<=>(const ExtCommunityValue&) const = default;
};

/// Enumerations of the language: `RTS_BGP`, `ORIGIN_IGP`, `SCOPE_UNIVERSE`, `RTD_BLACKHOLE`, `ROA_VALID`,
/// `NET_IP4`. `old_destination` is RTD_* as BIRD 1.6 has and numbers them.
enum class EnumType : std::uint8_t {
  route_source,
  origin,
  scope,
  destination,
  roa,
  net_type,
  icast,
  old_destination
};
struct EnumValue {
  EnumType type = EnumType::route_source;
  std::uint32_t value = 0;
  auto operator<=>(const EnumValue&) const = default;
};

/// What RTS_* means, in BIRD's numbering of 2.0 where a dump shows it.
enum class RouteSource : std::uint8_t {
  dummy = 0,
  static_ = 1,
  inherit = 2,
  device = 3,
  static_device = 4,
  redirect = 5,
  rip = 6,
  ospf = 7,
  ospf_ia = 8,
  ospf_ext1 = 9,
  ospf_ext2 = 10,
  bgp = 11,
  pipe = 12,
  babel = 13,
  rpki = 14,
  perf = 15,
  aggregated = 16,
};

/// `10.0.0.0/8{16,24}`, `+`, `-`: lengths low..high of networks inside (or, with `-`, around) the prefix.
struct PrefixPattern {
  net::Prefix prefix;
  std::uint8_t low = 0;
  std::uint8_t high = 0;

  auto operator<=>(const PrefixPattern&) const = default;
};
/// Patterns with an index over them. Look-ups allocate nothing and cost O(log patterns).
struct PrefixSet {
  PrefixSet() = default;
  /// Sorts `all` and removes duplicates.
  explicit PrefixSet(std::vector<PrefixPattern> all);

  std::vector<PrefixPattern> patterns;
  bool contains(const net::Prefix& prefix) const;
  bool operator==(const PrefixSet& other) const { return patterns == other.patterns; }

 private:
  using Lengths = std::bitset<129>;
  net::CoverIndex index_;
  std::vector<Lengths> accepted_;  ///< by position in the index, with what its covers accept
};

/// The place of a value in the order of BIRD's sets: numbers, pairs, quads and enums in [0]; extended
/// communities in [0..1]; large ones in [0..2]; addresses in [0..3], IPv4 as ::ffff:0:0/96.
using SetKey = std::array<std::uint32_t, 4>;
constexpr SetKey set_key(std::uint32_t value) {
  return {value, 0, 0, 0};
}
constexpr SetKey set_key_ext(net::ExtCommunity value) {
  return {static_cast<std::uint32_t>(value >> 32U), static_cast<std::uint32_t>(value), 0, 0};
}
SetKey set_key(const net::LargeCommunity& value);
SetKey set_key(const net::IpAddr& value);
net::IpAddr address_of(const SetKey& key);

/// All values between two, both included: `(1,2)..(3,4)` holds `(2,9)`.
struct SetRange {
  SetKey low = {};
  SetKey high = {};
  auto operator<=>(const SetRange&) const = default;
};

enum class SetType : std::uint8_t { integer, pair, quad, ip, enumeration, ext_community, large_community };
/// A set of anything but prefixes.
struct ItemSet {
  SetType type = SetType::integer;
  EnumType enum_type = EnumType::route_source;  ///< for SetType::enumeration
  std::vector<SetRange> ranges;                 ///< ascending and apart, see normalise()

  /// Sorts the ranges, drops empty ones and merges those that overlap.
  void normalise();
  /// Precondition: normalise() was called since the ranges changed. O(log ranges).
  bool contains(const SetKey& key) const;
  bool empty() const { return ranges.empty(); }
  bool operator==(const ItemSet&) const = default;
};

/// An element of a path mask `[= 1 2 * [5..7] ? =]`.
struct PathMaskItem {
  enum class Kind : std::uint8_t { asn, any_one, any_many, range, set, expression } kind = Kind::asn;
  Range32 asns;                        ///< asn (low == high) and range
  std::shared_ptr<const ItemSet> set;  ///< kind set: [= [1, 3..5] =]
  std::uint32_t expression = 0;  ///< kind expression: index into the operands of the Expr that holds the mask
  bool repeated = false;         ///< `+` behind it: once or more

  bool operator==(const PathMaskItem& other) const {
    return kind == other.kind && asns == other.asns && expression == other.expression &&
           repeated == other.repeated && (set == other.set || (set && other.set && *set == *other.set));
  }
};
struct PathMask {
  std::vector<PathMaskItem> items;
  bool operator==(const PathMask&) const = default;
};

struct CommunityList {
  std::vector<net::Community> items;
  auto operator<=>(const CommunityList&) const = default;
};
struct ExtCommunityList {
  std::vector<net::ExtCommunity> items;
  auto operator<=>(const ExtCommunityList&) const = default;
};
struct LargeCommunityList {
  std::vector<net::LargeCommunity> items;
  auto operator<=>(const LargeCommunityList&) const = default;
};

/// monostate: no value (an attribute that the route lacks, a function without `return`). std::uint32_t:
/// `int`.
using Value =
    std::variant<std::monostate, bool, std::uint32_t, Pair, Quad, net::IpAddr, net::Prefix, std::string,
                 ExtCommunityValue, net::LargeCommunity, EnumValue, std::shared_ptr<const PrefixSet>,
                 std::shared_ptr<const ItemSet>, std::shared_ptr<const PathMask>, net::AsPath, CommunityList,
                 ExtCommunityList, LargeCommunityList>;

enum class ValueType : std::uint8_t {
  none,
  boolean,
  integer,
  pair,
  quad,
  ip,
  prefix,
  string,
  ext_community,
  large_community,
  enumeration,
  prefix_set,
  item_set,
  path_mask,
  as_path,
  community_list,
  ext_community_list,
  large_community_list,
};
inline ValueType type_of(const Value& value) {
  return static_cast<ValueType>(value.index());
}
/// BIRD's name of a type: "int", "pair", "bgppath", ...
std::string_view to_string(ValueType type);
/// True if both are the same value; sets and masks are compared by content.
bool same(const Value& a, const Value& b);
/// The constant's name, "RTS_BGP"; "" for a value without one.
std::string_view enum_name(const EnumValue& value);
/// The reverse; nullopt if there is no such constant. Each dialect knows the RTD_UNICAST or RTD_ROUTER of the
/// other.
std::optional<EnumValue> enum_from_name(std::string_view name, Dialect dialect = Dialect::bird2);
/// All names of constants, for suggestions.
std::vector<std::string_view> enum_names();

/// As BIRD's source has it, so that it can be read back: `RTS_BGP`, `"text"`, `[10.0.0.0/8{16,24}]`, `TRUE`.
/// Empty and non-empty lists come out as the expression that makes them: `+empty+`, `add(-empty-, (1,2))`.
std::string to_source(const Value& value);
std::string to_source(const ItemSet& set);
std::string to_source(const PrefixSet& set);

/// As BIRD prints it (`print`, `eval`): `(64512,100)`, `(path 65001 65002)`, `(clist (1,2))`, `(enum 30)11`,
/// `TRUE`. DEVIATION: prefix sets show lengths, `[10.0.0.0/8{16,24}]`, where BIRD 2 shows a mask of lengths.
std::string to_string(const Value& value);

}  // namespace catflap::intent
