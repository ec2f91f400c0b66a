#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "bgp/wire/detail.hpp"

namespace catflap::bgp::wire::detail {

/// An attribute as it came; views into the message.
struct RawAttribute {
  std::uint8_t flags = 0;
  std::uint8_t type = 0;
  BytesView value;
  BytesView whole;  ///< from the flags on
};

/// Decodes one UPDATE with the error handling of RFC 7606. Used once.
class UpdateDecoder {
 public:
  /// Whatever `update` said before is gone; its memory is used again.
  UpdateDecoder(const DecodeContext& context, Update& update);
  tl::expected<void, DecodeError> run(BytesView body);

 private:
  bool speaks(AfiSafi family) const { return contains(context_.families, family); }

  void walk_attributes(BytesView field);
  void handle(const RawAttribute& attribute);
  const char* discard_reason(const RawAttribute& attribute) const;
  void read_multiprotocol(const RawAttribute& attribute);
  void read_mp_next_hop(const RawAttribute& attribute, AfiSafi wire_family, ByteReader& reader);
  void merge_as4();
  void check_mandatory();
  void check_first_as();
  void place_next_hops();
  /// `no_classic`: both classic NLRI fields are empty.
  void finish(bool no_classic);

  // One attribute (decode_attribute.cpp). False or nothing after an error was recorded.
  bool flags_fit(const RawAttribute& attribute);
  bool length_fits(const RawAttribute& attribute, Severity severity, bool fits, const char* expected);
  void read_attribute(const RawAttribute& attribute);
  void read_origin(const RawAttribute& attribute);
  void read_as_path(const RawAttribute& attribute);
  void read_next_hop(const RawAttribute& attribute);
  void read_aggregator(const RawAttribute& attribute);
  void read_number(const RawAttribute& attribute, std::optional<std::uint32_t>& out);
  void read_communities(const RawAttribute& attribute);
  void read_ext_communities(const RawAttribute& attribute);
  void read_large_communities(const RawAttribute& attribute);
  void read_cluster_list(const RawAttribute& attribute);
  void read_as4_path(const RawAttribute& attribute);
  void read_as4_aggregator(const RawAttribute& attribute);
  void read_unknown(const RawAttribute& attribute);

  /// Keeps the first error that costs the session.
  void fatal(std::uint8_t subcode, std::string what, Bytes data, std::optional<AfiSafi> family);
  /// Notes an error that does not.
  void record(Severity severity, std::uint8_t subcode, const RawAttribute& attribute, std::string what);

  const DecodeContext& context_;
  Update& update_;
  net::AsPath spare_path_;  ///< for its memory
  std::optional<DecodeError> fatal_;
  std::uint8_t current_ = 0;                      ///< type of the attribute at hand; 0 outside of them
  std::optional<AttributeError> withdraw_error_;  ///< the first of its severity
  std::bitset<256> seen_;
  std::size_t attributes_ = 0;
  std::size_t classic_announced_ = 0;
  bool skipped_reachable_ = false;  ///< there were announcements of families that we skip
  std::optional<AfiSafi> mp_unreach_empty_;
  std::optional<net::IpAddr> mp_next_hop_;
  std::optional<net::AsPath> as4_path_;
  std::optional<Aggregator> as4_aggregator_;
};

}  // namespace catflap::bgp::wire::detail
