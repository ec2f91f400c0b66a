// Any octets on any session: the decoder is total, and what it understood survives encoding. The first octet
// of the input chooses the session, the second the type of message; the rest is the body behind a correct
// header (or, with the highest bit of the second octet, a whole message).
#include <algorithm>
#include <variant>

#include "bgp/wire/codec.hpp"
#include "bgp/wire/notification.hpp"
#include "fuzz_seeds.hpp"

namespace {

using namespace catflap;
using namespace catflap::bgp::wire;

struct Session {
  DecodeContext decode;
  EncodeContext encode;
};

Session session_of(std::uint8_t bits) {
  Session out;
  out.decode.as4 = out.encode.as4 = (bits & 1U) != 0;
  out.decode.internal = out.encode.internal = (bits & 2U) != 0;
  out.decode.extended_message = out.encode.extended_message = (bits & 4U) != 0;
  out.decode.families = {kIpv4Unicast, kIpv6Unicast};
  if ((bits & 8U) != 0) {
    out.decode.add_path = out.encode.add_path = {kIpv4Unicast, kIpv6Unicast};
  }
  if ((bits & 16U) != 0) {
    out.decode.extended_next_hop = out.encode.extended_next_hop = {kIpv4Unicast};
  }
  if ((bits & 32U) != 0) {
    out.decode.families = {kIpv4Unicast};
  }
  out.decode.enforce_first_as = (bits & 64U) != 0;
  out.decode.unknown_well_known_resets = (bits & 128U) == 0;
  out.decode.peer_as = 65001;
  return out;
}

Bytes message_of(std::uint8_t type, BytesView body) {
  if ((type & 0x80U) != 0) {
    return {body.begin(), body.end()};
  }
  ByteSink out;
  out.u64(~std::uint64_t{0});
  out.u64(~std::uint64_t{0});
  body = body.first(std::min<std::size_t>(body.size(), 65535 - kHeaderOctets));
  out.u16(static_cast<std::uint16_t>(kHeaderOctets + body.size()));
  out.u8(type % 6);
  out.bytes(body);
  return out.release();
}

/// Decodes all messages in `stream`, which the encoder wrote, into one UPDATE.
Update gather(BytesView stream, const DecodeContext& context) {
  Update all;
  while (!stream.empty()) {
    const auto length =
        check_header(stream.first(std::min(kHeaderOctets, stream.size())), context.extended_message);
    if (!length) {
      fuzz::finding("an encoded header is wrong");
    }
    const auto message = decode(stream.first(*length), context);
    if (!message || !std::holds_alternative<Update>(*message)) {
      fuzz::finding("an encoded UPDATE is refused");
    }
    const Update& part = std::get<Update>(*message);
    if (!part.errors.empty()) {
      fuzz::finding("an encoded UPDATE has errors");
    }
    all.withdrawn.insert(all.withdrawn.end(), part.withdrawn.begin(), part.withdrawn.end());
    all.announced.insert(all.announced.end(), part.announced.begin(), part.announced.end());
    all.end_of_rib = part.end_of_rib;
    if (!part.announced.empty()) {
      if (all.attributes.next_hop && all.attributes.next_hop->is_v4() && part.attributes.next_hop->is_v6()) {
        all.classic_next_hop = all.attributes.next_hop;
      }
      all.attributes = part.attributes;
    }
    stream = stream.subspan(*length);
  }
  return all;
}

bool has_confederation(const Attributes& attributes) {
  return attributes.as_path && std::any_of(attributes.as_path->segments.begin(),
                                           attributes.as_path->segments.end(), [](const auto& segment) {
                                             return segment.type == net::AsSegmentType::confed_sequence ||
                                                    segment.type == net::AsSegmentType::confed_set;
                                           });
}

void sort(std::vector<Nlri>& nlri) {
  std::sort(nlri.begin(), nlri.end());
}

void check_update(Update update, const Session& session) {
  ByteSink out;
  const bool complete = encode(update, session.encode, out);
  Update again = gather(out.view(), session.decode);
  sort(update.withdrawn);
  sort(again.withdrawn);
  if (update.withdrawn != again.withdrawn || update.end_of_rib != again.end_of_rib) {
    fuzz::finding("withdrawals or End-of-RIB changed");
  }
  // A 2-octet AS_PATH can grow by its AS4_PATH, and then needs not fit; with ADD-PATH nothing else grows.
  if (!complete) {
    if (session.encode.as4) {
      fuzz::finding("attributes that came in one message do not fit one");
    }
    return;
  }
  sort(update.announced);
  sort(again.announced);
  if (update.announced != again.announced) {
    fuzz::finding("announcements changed");
  }
  const bool exact =
      session.encode.as4 || !has_confederation(update.attributes);  // RFC 6793 §6 drops segments
  if (!update.announced.empty() && exact) {
    const bool mixed = update.classic_next_hop.has_value();
    update.attributes.link_local_next_hop =
        update.announced.back().prefix.family() == net::Family::ipv6 || !mixed
            ? update.attributes.link_local_next_hop
            : std::nullopt;
    const bool classic_only = mixed && update.announced.back().prefix.family() == net::Family::ipv4;
    if (classic_only) {  // MP_REACH_NLRI without prefixes gave a next hop that nobody uses
      update.attributes.next_hop = update.classic_next_hop;
    }
    if (update.attributes.next_hop && update.attributes.next_hop->is_v4() &&
        update.announced.back().prefix.family() == net::Family::ipv4) {
      update.attributes.link_local_next_hop.reset();
    }
    if (update.attributes != again.attributes) {
      fuzz::finding("attributes changed");
    }
  }
}

std::vector<fuzz::Seed> make_seeds() {
  Update update;
  update.announced = {{net::Prefix(net::IpAddr::v4(0x0A000000), 8), 0}};
  update.attributes.origin = Origin::igp;
  update.attributes.as_path = net::AsPath{{{net::AsSegmentType::sequence, {65001, 70000}}}};
  update.attributes.next_hop = net::IpAddr::v4(0x0A4F0101);
  update.attributes.local_pref = 100;
  update.attributes.med = 7;
  update.attributes.aggregator = Aggregator{70000, 1};
  update.attributes.communities = {1, 2};
  update.attributes.ext_communities = {3};
  update.attributes.large_communities = {{1, 2, 3}};
  update.attributes.cluster_list = {9};
  update.attributes.originator_id = 8;
  update.attributes.otc = 65001;
  update.attributes.unknown = {{0xE0, 200, {1, 2}}};
  Update six = update;
  six.announced = {{net::Prefix(net::IpAddr::v6(0x20010DB800000000U, 0), 32), 0}};
  six.withdrawn = {{net::Prefix(net::IpAddr::v6(0x20010DB900000000U, 0), 33), 0}};
  six.attributes.next_hop = net::IpAddr::v6(0x20010DB800000000U, 1);
  six.attributes.link_local_next_hop = net::IpAddr::v6(0xFE80000000000000U, 1);
  std::vector<fuzz::Seed> seeds;
  for (unsigned bits = 0; bits < 32; ++bits) {
    const Session session = session_of(static_cast<std::uint8_t>(bits));
    for (const Update& each : {update, six}) {
      ByteSink out;
      if (!encode(each, session.encode, out)) {
        continue;
      }
      for (BytesView left = out.view(); !left.empty();) {
        const std::size_t length = check_header(left.first(kHeaderOctets), true).value_or(left.size());
        fuzz::Seed seed{static_cast<std::uint8_t>(bits), message_type::kUpdate};
        for (const std::byte octet : left.subspan(kHeaderOctets, length - kHeaderOctets)) {
          seed.push_back(std::to_integer<std::uint8_t>(octet));
        }
        seeds.push_back(std::move(seed));
        left = left.subspan(length);
      }
    }
  }
  return seeds;
}

}  // namespace

CATFLAP_FUZZ_SEEDS(make_seeds)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) {
    return 0;
  }
  const Session session = session_of(data[0]);
  const Bytes octets = message_of(data[1], std::as_bytes(std::span(data + 2, size - 2)));
  const auto message = decode(octets, session.decode);
  if (!message) {
    const Notification& notification = message.error().notification;
    if (describe(notification).rfind("Unknown", 0) == 0 || message.error().what.empty()) {
      fuzz::finding("an error without a known code or without words");
    }
    return 0;
  }
  if (const auto* update = std::get_if<Update>(&*message)) {
    check_update(*update, session);
    return 0;
  }
  if (const auto* notification = std::get_if<Notification>(&*message)) {
    (void)describe(*notification);
    (void)shutdown_text(*notification);
  }
  ByteSink out;
  if (std::holds_alternative<Open>(*message) || std::holds_alternative<Keepalive>(*message)) {
    return 0;  // wire_open_fuzz; nothing to compare
  }
  if (!encode(*message, session.encode, out) || !decode(out.view(), session.decode)) {
    fuzz::finding("a message cannot be encoded or decoded again");
  }
  return 0;
}
