#include <bitset>
#include <string>

#include <fmt/format.h>

#include "bgp/wire/detail.hpp"
#include "bgp/wire/notification.hpp"
#include "bgp/wire/reuse.hpp"
#include "bgp/wire/update_decoder.hpp"

namespace catflap::bgp::wire::detail {
namespace {

/// One malformed message cannot make us keep more records than this; the strongest reaction still counts.
constexpr std::size_t kErrorsMax = 64;

DecodeError update_failure(std::uint8_t subcode, std::string what, Bytes data = {}) {
  return session_error(error_code::kUpdate, subcode, std::move(what), std::move(data));
}

/// What goes into the data field for an error of this subcode (RFC 4271 §6.3).
Bytes notification_data(const AttributeError& error) {
  switch (error.subcode) {
    case update_error::kMissingWellKnown:
      return Bytes{static_cast<std::byte>(error.type)};
    case update_error::kMalformedAttributeList:
    case update_error::kMalformedAsPath:
    case update_error::kInvalidNetwork:
      return {};
    default:
      return error.attribute;
  }
}

}  // namespace

void UpdateDecoder::fatal(std::uint8_t subcode, std::string what, Bytes data, std::optional<AfiSafi> family) {
  if (!fatal_) {
    fatal_ = update_failure(subcode, std::move(what), std::move(data));
    fatal_->disable_family = family;
    fatal_->attribute = current_;
  }
}

void UpdateDecoder::record(Severity severity, std::uint8_t subcode, const RawAttribute& attribute,
                           std::string what) {
  AttributeError error{severity, attribute.type, subcode, std::move(what), copy_of(attribute.whole)};
  if (severity == Severity::treat_as_withdraw && !withdraw_error_) {
    withdraw_error_ = error;
  }
  if (update_.errors.size() < kErrorsMax) {
    update_.errors.push_back(std::move(error));
  } else if (severity == Severity::treat_as_withdraw) {
    update_.errors.back() = std::move(error);
  }
}

UpdateDecoder::UpdateDecoder(const DecodeContext& context, Update& update)
    : context_(context), update_(update) {
  // Every field must be cleared: this fails to compile when one is added.
  auto& [withdrawn, announced, attributes, classic_next_hop, end_of_rib, errors] = update;
  withdrawn.clear();
  announced.clear();
  if (attributes.as_path) {
    spare_path_ = *std::move(attributes.as_path);
    attributes.as_path.reset();
  }
  clear_but_path(attributes);
  classic_next_hop.reset();
  end_of_rib.reset();
  errors.clear();
}

tl::expected<void, DecodeError> UpdateDecoder::run(BytesView body) {
  ByteReader reader(body);
  const std::size_t withdrawn_octets = reader.u16().value_or(0);
  const auto withdrawn = reader.take(withdrawn_octets);
  const auto attributes_octets = withdrawn ? reader.u16() : std::nullopt;
  const auto attributes = attributes_octets ? reader.take(*attributes_octets) : std::nullopt;
  if (!attributes) {
    return tl::unexpected(update_failure(
        update_error::kMalformedAttributeList,
        withdrawn
            ? fmt::format("attributes of {} octets in a body of {}", attributes_octets.value_or(0),
                          body.size())
            : fmt::format("withdrawn routes of {} octets in a body of {}", withdrawn_octets, body.size())));
  }
  const BytesView announced = reader.rest();
  if (withdrawn->empty() && attributes->empty() && announced.empty()) {
    if (speaks(kIpv4Unicast)) {
      update_.end_of_rib = kIpv4Unicast;
    }
    return {};
  }
  const bool add_path = contains(context_.add_path, kIpv4Unicast);
  if (!decode_nlri(*withdrawn, net::Family::ipv4, add_path, update_.withdrawn)) {
    fatal(update_error::kInvalidNetwork, "a withdrawn prefix is too long or cut off", {}, std::nullopt);
  }
  if (!decode_nlri(announced, net::Family::ipv4, add_path, update_.announced)) {
    fatal(update_error::kInvalidNetwork, "an announced prefix is too long or cut off", {}, std::nullopt);
  }
  if (!speaks(kIpv4Unicast)) {
    skipped_reachable_ = !update_.announced.empty();
    update_.withdrawn.clear();
    update_.announced.clear();
  }
  classic_announced_ = update_.announced.size();
  if (!fatal_) {
    walk_attributes(*attributes);
  }
  if (!fatal_) {
    finish(withdrawn->empty() && announced.empty());
  }
  if (fatal_) {
    return tl::unexpected(std::move(*fatal_));
  }
  return {};
}

void UpdateDecoder::walk_attributes(BytesView field) {
  ByteReader reader(field);
  while (!reader.empty() && !fatal_) {
    const std::size_t begin = reader.offset();
    RawAttribute attribute;
    const auto flags = reader.u8();
    const auto type = reader.u8();
    attribute.flags = flags.value_or(0);
    attribute.type = type.value_or(0);
    const std::optional<std::size_t> size = (attribute.flags & kExtendedLength) != 0
                                                ? std::optional<std::size_t>(reader.u16())
                                                : std::optional<std::size_t>(reader.u8());
    const auto value = size ? reader.take(*size) : std::nullopt;
    ++attributes_;
    current_ = attribute.type;
    if (!value) {
      // RFC 7606 §4: the NLRI are still found by the total length, unless they are in what was cut off.
      attribute.whole = field.subspan(begin);
      const std::string what =
          fmt::format("attribute {} runs over the end of the attributes", attribute.type);
      if (attribute.type == attr_type::kMpReach || attribute.type == attr_type::kMpUnreach) {
        fatal(update_error::kMalformedAttributeList, what, {}, std::nullopt);
      } else {
        record(Severity::treat_as_withdraw, update_error::kMalformedAttributeList, attribute, what);
      }
      return;
    }
    attribute.value = *value;
    attribute.whole = field.subspan(begin, reader.offset() - begin);
    handle(attribute);
    current_ = 0;
  }
}

void UpdateDecoder::handle(const RawAttribute& attribute) {
  if (seen_[attribute.type]) {  // RFC 7606 §3 g)
    const std::string what = fmt::format("attribute {} is there twice", attribute.type);
    if (attribute.type == attr_type::kMpReach || attribute.type == attr_type::kMpUnreach) {
      fatal(update_error::kMalformedAttributeList, what, {}, std::nullopt);
    } else {
      record(Severity::attribute_discard, update_error::kMalformedAttributeList, attribute, what);
    }
    return;
  }
  seen_[attribute.type] = true;
  if (attribute.type == attr_type::kMpReach || attribute.type == attr_type::kMpUnreach) {
    read_multiprotocol(attribute);
  } else if (discard_reason(attribute) != nullptr) {
    record(Severity::attribute_discard, update_error::kOptionalAttribute, attribute,
           fmt::format("attribute {} {}", attribute.type, discard_reason(attribute)));
  } else if (flags_fit(attribute)) {
    read_attribute(attribute);
  }
}

/// Why an attribute has no business on this session, whatever it holds (RFC 7606 §7.5, §7.9, §7.10, RFC 6793
/// §6).
const char* UpdateDecoder::discard_reason(const RawAttribute& attribute) const {
  switch (attribute.type) {
    case attr_type::kLocalPref:  // RFC 5065 §5.3: between the ASes of a confederation as within one
      return context_.internal || context_.confederation || context_.accept_local_pref
                 ? nullptr
                 : "came from an external peer";
    case attr_type::kOriginatorId:
    case attr_type::kClusterList:
      return context_.internal ? nullptr : "came from an external peer";
    case attr_type::kAs4Path:
    case attr_type::kAs4Aggregator:
      return context_.as4 ? "came on a session with 4-octet AS numbers" : nullptr;
    default:
      return nullptr;
  }
}

void UpdateDecoder::read_multiprotocol(const RawAttribute& attribute) {
  const bool reach = attribute.type == attr_type::kMpReach;
  const char* name = reach ? "MP_REACH_NLRI" : "MP_UNREACH_NLRI";
  const std::size_t least = reach ? 5 : 3;  // RFC 7606 §5.3, RFC 4760 §3, §4
  if (attribute.value.size() < least) {
    return fatal(update_error::kOptionalAttribute,
                 fmt::format("{} has length {}, expected at least {}", name, attribute.value.size(), least),
                 copy_of(attribute.whole), std::nullopt);
  }
  ByteReader reader(attribute.value);
  AfiSafi wire_family;
  wire_family.afi = reader.u16().value_or(0);
  wire_family.safi = reader.u8().value_or(0);
  const auto family = unicast_family(wire_family);
  if (!speaks(wire_family) || !family) {
    if (!reach && speaks(wire_family) && reader.empty()) {
      mp_unreach_empty_ = wire_family;  // an End-of-RIB needs no understanding of the family
    }
    skipped_reachable_ = skipped_reachable_ || reach;
    return;
  }
  (void)flags_fit(attribute);  // recorded; the NLRI are read all the same, so that they can be withdrawn
  if (reach) {
    read_mp_next_hop(attribute, wire_family, reader);
  }
  if (fatal_) {
    return;
  }
  if (!reach && reader.empty()) {
    mp_unreach_empty_ = wire_family;
  }
  auto& out = reach ? update_.announced : update_.withdrawn;
  if (!decode_nlri(reader.rest(), *family, contains(context_.add_path, wire_family), out)) {
    fatal(update_error::kOptionalAttribute, fmt::format("a prefix in {} is too long or cut off", name),
          copy_of(attribute.whole), wire_family);
  }
}

void UpdateDecoder::read_mp_next_hop(const RawAttribute& attribute, AfiSafi wire_family, ByteReader& reader) {
  const std::size_t size = reader.u8().value_or(0);
  const auto value = reader.take(size);
  // RFC 2545 §3 and RFC 8950 §3: 16 octets, or 32 with a link-local address behind.
  const bool six = wire_family == kIpv6Unicast || contains(context_.extended_next_hop, wire_family);
  const bool fits = (six && (size == 16 || size == 32)) || (wire_family == kIpv4Unicast && size == 4);
  if (!value || !reader.u8() || !fits) {  // the octet behind is reserved
    return fatal(update_error::kOptionalAttribute,
                 fmt::format("MP_REACH_NLRI has a next hop of {} octets", size), copy_of(attribute.whole),
                 wire_family);
  }
  const auto first = net::IpAddr::from_octets(value->first(size == 4 ? 4 : 16));
  mp_next_hop_ = first ? std::optional(*first) : std::nullopt;
  if (size == 32) {
    const auto second = net::IpAddr::from_octets(value->subspan(16));
    if (second && second->is_link_local()) {
      update_.attributes.link_local_next_hop = *second;
    }
  }
}

/// RFC 6793 §4.2.3.
void UpdateDecoder::merge_as4() {
  auto& aggregator = update_.attributes.aggregator;
  if (as4_aggregator_ && aggregator) {
    if (aggregator->asn != kAsTrans) {
      return;  // somebody who does not know 4-octet numbers aggregated after AS4_PATH was made
    }
    aggregator = as4_aggregator_;
  }
  if (as4_path_ && update_.attributes.as_path) {
    update_.attributes.as_path = merge_as4_path(std::move(*update_.attributes.as_path), *as4_path_);
  }
}

void UpdateDecoder::check_mandatory() {
  const auto require = [this](bool there, std::uint8_t type, const char* name) {
    if (!there && !seen_[type]) {
      record(Severity::treat_as_withdraw, update_error::kMissingWellKnown, RawAttribute{0, type, {}, {}},
             fmt::format("{} is missing", name));
    }
  };
  const Attributes& attributes = update_.attributes;
  require(attributes.origin.has_value(), attr_type::kOrigin, "ORIGIN");
  require(attributes.as_path.has_value(), attr_type::kAsPath, "AS_PATH");
  require(classic_announced_ == 0 || attributes.next_hop.has_value(), attr_type::kNextHop, "NEXT_HOP");
  require(!context_.internal || attributes.local_pref.has_value(), attr_type::kLocalPref, "LOCAL_PREF");
}

void UpdateDecoder::check_first_as() {
  const auto& path = update_.attributes.as_path;
  if (context_.enforce_first_as && !context_.internal && !context_.confederation && path &&
      path->first() != context_.peer_as) {
    record(Severity::treat_as_withdraw, update_error::kMalformedAsPath,
           RawAttribute{0, attr_type::kAsPath, {}, {}},
           fmt::format("the first AS of AS_PATH is {}, expected the peer's {}",
                       path->first() ? std::to_string(*path->first()) : "none", context_.peer_as));
  }
}

/// Puts the next hop of MP_REACH_NLRI in its place beside that of the classic prefixes.
void UpdateDecoder::place_next_hops() {
  Attributes& attributes = update_.attributes;
  if (!mp_next_hop_) {
    return;
  }
  const bool both = classic_announced_ > 0 && attributes.next_hop;
  if (both && update_.announced.size() > classic_announced_ &&
      update_.announced.back().prefix.addr().is_v4() && attributes.next_hop != mp_next_hop_) {
    // RFC 7606 §5.1 forbids to mix them; which prefix has which next hop would be lost.
    record(Severity::treat_as_withdraw, update_error::kOptionalAttribute,
           RawAttribute{0, attr_type::kMpReach, {}, {}},
           "IPv4 prefixes come both with NEXT_HOP and with another next hop in MP_REACH_NLRI");
  }
  if (both) {
    update_.classic_next_hop = attributes.next_hop;
  }
  attributes.next_hop = mp_next_hop_;
}

void UpdateDecoder::finish(bool no_classic) {
  if (no_classic && attributes_ == 1 && mp_unreach_empty_ && update_.errors.empty()) {
    update_.end_of_rib = mp_unreach_empty_;
    return;
  }
  if (!context_.as4) {
    merge_as4();
  }
  if (!update_.announced.empty()) {
    check_mandatory();
    check_first_as();
  }
  place_next_hops();
  if (!withdraw_error_) {
    return;
  }
  const bool only_unreach = attributes_ == 1 && seen_[attr_type::kMpUnreach];
  if (update_.announced.empty() && !skipped_reachable_ && !only_unreach) {
    // RFC 7606 §5.2: nothing can be withdrawn, so it is not certain that the NLRI were found.
    Bytes data = notification_data(*withdraw_error_);
    current_ = withdraw_error_->type;
    return fatal(withdraw_error_->subcode, std::move(withdraw_error_->what), std::move(data), std::nullopt);
  }
  update_.withdrawn.insert(update_.withdrawn.end(), update_.announced.begin(), update_.announced.end());
  update_.announced.clear();
  update_.attributes = {};
  update_.classic_next_hop.reset();
}

Decoded decode_update(BytesView body, const DecodeContext& context) {
  Update update;
  if (auto done = UpdateDecoder(context, update).run(body); !done) {
    return tl::unexpected(std::move(done.error()));
  }
  return update;
}

}  // namespace catflap::bgp::wire::detail

namespace catflap::bgp::wire {

tl::expected<void, DecodeError> decode_update(BytesView message, const DecodeContext& context,
                                              Update& update) {
  return detail::UpdateDecoder(context, update).run(message.subspan(kHeaderOctets));
}

}  // namespace catflap::bgp::wire
