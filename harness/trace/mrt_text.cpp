#include "trace/mrt_text.hpp"

#include <string_view>
#include <utility>
#include <variant>

#include "base/overloaded.hpp"
#include "bgp/wire/codec.hpp"
#include "bgp/wire/path_attributes.hpp"

namespace catflap::trace::mrt {
namespace {

namespace wire = bgp::wire;
namespace attr_type = bgp::wire::attr_type;

/// What the lines show of a list of attributes, with the prefixes of MP_REACH_NLRI and MP_UNREACH_NLRI.
struct Attributes {
  std::string_view origin = "INCOMPLETE";
  net::AsPath as_path;
  net::IpAddr next_hop = net::IpAddr::v4(0xFFFFFFFF);  ///< what is printed where there is none
  std::optional<net::IpAddr> mp_next_hop;
  std::uint32_t med = 0, local_pref = 0;
  bool atomic = false;
  std::string aggregator, communities;
  std::vector<wire::Nlri> mp_announced, mp_withdrawn;
};

void append_number(std::uint64_t value, std::string& out) {
  out += std::to_string(value);
}

void append_path(const net::AsPath& path, std::string& out) {
  bool first = true;
  for (const net::AsSegment& segment : path.segments) {
    std::string_view brackets;
    char separator = ' ';
    switch (segment.type) {
      case net::AsSegmentType::sequence:
        break;
      case net::AsSegmentType::set:
        brackets = "{}";
        separator = ',';
        break;
      case net::AsSegmentType::confed_sequence:
        brackets = "()";
        break;
      case net::AsSegmentType::confed_set:
        brackets = "[]";
        separator = ',';
        break;
    }
    if (!std::exchange(first, false)) {
      out += ' ';
    }
    if (!brackets.empty()) {
      out += brackets[0];
    }
    for (std::size_t i = 0; i < segment.asns.size(); ++i) {
      if (i > 0) {
        out += separator;
      }
      append_number(segment.asns[i], out);
    }
    if (!brackets.empty()) {
      out += brackets[1];
    }
  }
}

void append_community(std::uint32_t community, std::string& out) {
  if (!out.empty()) {
    out += ' ';
  }
  switch (community) {
    case 0xFFFFFF01U:
      out += "no-export";
      return;
    case 0xFFFFFF02U:
      out += "no-advertise";
      return;
    case 0xFFFFFF03U:
      out += "local-AS";
      return;
    default:
      append_number(community >> 16U, out);
      out += ':';
      append_number(community & 0xFFFFU, out);
  }
}

std::optional<net::IpAddr> first_address(BytesView field) {
  if (field.size() >= 16) {
    return *net::IpAddr::from_octets(field.first(16));
  }
  return field.size() >= 4 ? std::optional(*net::IpAddr::from_octets(field.first(4))) : std::nullopt;
}

/// `abbreviated`: of a RIB record, where MP_REACH_NLRI may consist of the next hop alone.
void read_mp_reach(BytesView value, bool abbreviated, bool add_path, Attributes& out) {
  if (abbreviated && !value.empty() && std::to_integer<std::size_t>(value[0]) == value.size() - 1) {
    out.mp_next_hop = first_address(value.subspan(1));
    return;
  }
  ByteReader reader(value);
  const auto afi = reader.u16();
  const auto safi = reader.u8();
  const auto length = reader.u8();
  const auto next_hop = length ? reader.take(*length) : std::nullopt;
  if (!afi || !safi || !next_hop || !reader.u8()) {
    return;
  }
  out.mp_next_hop = first_address(*next_hop);
  if ((*afi == 1 || *afi == 2) && *safi == 1 && !abbreviated) {
    (void)wire::read_nlri(reader.rest(), *afi == 2 ? net::Family::ipv6 : net::Family::ipv4, add_path,
                          out.mp_announced);  // the prefixes before the damage
  }
}

void read_mp_unreach(BytesView value, bool add_path, Attributes& out) {
  ByteReader reader(value);
  const auto afi = reader.u16();
  const auto safi = reader.u8();
  if (afi && safi && (*afi == 1 || *afi == 2) && *safi == 1) {
    (void)wire::read_nlri(reader.rest(), *afi == 2 ? net::Family::ipv6 : net::Family::ipv4, add_path,
                          out.mp_withdrawn);
  }
}

std::string_view origin_name(BytesView value) {
  constexpr std::string_view kNames[] = {"IGP", "EGP", "INCOMPLETE"};
  const std::size_t origin = value.empty() ? 0 : std::to_integer<std::size_t>(value[0]);
  return origin < 3 ? kNames[origin] : kNames[2];
}

struct AttributeContext {
  bool as4 = true;
  bool abbreviated = false;
  bool add_path = false;
};

void read_aggregator(BytesView value, bool as4, Attributes& out) {
  ByteReader reader(value);
  const auto asn = as4 ? reader.u32() : std::optional<std::uint32_t>(reader.u16());
  const auto addr = reader.u32();
  if (asn && addr) {
    out.aggregator = std::to_string(*asn) + ' ' + net::router_id_to_string(*addr);
  }
}

Attributes read_attributes(BytesView field, const AttributeContext& context) {
  Attributes out;
  std::optional<net::AsPath> as4_path;
  ByteReader list(field);
  while (const auto attribute = wire::next_attribute(list)) {
    ByteReader value(attribute->value);
    switch (attribute->type) {
      case attr_type::kOrigin:
        out.origin = origin_name(attribute->value);
        break;
      case attr_type::kAsPath:
        out.as_path = wire::read_as_path(attribute->value, context.as4).value_or(net::AsPath{});
        break;
      case attr_type::kAs4Path:
        as4_path = wire::read_as_path(attribute->value, true);
        break;
      case attr_type::kNextHop:
        out.next_hop = first_address(attribute->value).value_or(out.next_hop);
        break;
      case attr_type::kMed:
        out.med = value.u32().value_or(0);
        break;
      case attr_type::kLocalPref:
        out.local_pref = value.u32().value_or(0);
        break;
      case attr_type::kAtomicAggregate:
        out.atomic = true;
        break;
      case attr_type::kAggregator:
        read_aggregator(attribute->value, context.as4, out);
        break;
      case attr_type::kCommunity:
        while (const auto community = value.u32()) {
          append_community(*community, out.communities);
        }
        break;
      case attr_type::kMpReach:
        read_mp_reach(attribute->value, context.abbreviated, context.add_path, out);
        break;
      case attr_type::kMpUnreach:
        read_mp_unreach(attribute->value, context.add_path, out);
        break;
      default:
        break;
    }
  }
  if (as4_path && !context.as4) {
    out.as_path = wire::merge_as_paths(std::move(out.as_path), *as4_path);
  }
  return out;
}

/// What a line begins with: the type, the time, the kind and the peer.
std::string line_head(std::string_view type, const Time& time, std::string_view kind, const net::IpAddr& peer,
                      std::uint32_t peer_as) {
  std::string head(type);
  head += '|';
  append_number(time.seconds, head);
  if (time.microseconds) {
    const std::string digits = std::to_string(*time.microseconds);
    head += '.';
    head.append(digits.size() < 6 ? 6 - digits.size() : 0, '0');
    head += digits;
  }
  head += '|';
  head += kind;
  head += '|';
  head += net::to_string(peer);
  head += '|';
  append_number(peer_as, head);
  head += '|';
  return head;
}

/// What an announcement ends with, behind the prefix.
std::string line_tail(const Attributes& attributes, const net::IpAddr& next_hop) {
  std::string tail = "|";
  append_path(attributes.as_path, tail);
  tail += '|';
  tail += attributes.origin;
  tail += '|';
  tail += net::to_string(next_hop);
  tail += '|';
  append_number(attributes.local_pref, tail);
  tail += '|';
  append_number(attributes.med, tail);
  tail += '|';
  tail += attributes.communities;
  tail += attributes.atomic ? "|AG|" : "|NAG|";
  tail += attributes.aggregator;
  tail += "|\n";
  return tail;
}

void append_prefix(const wire::Nlri& nlri, bool add_path, std::string& out) {
  out += net::to_string(nlri.prefix);
  if (add_path) {
    out += '|';
    append_number(nlri.path_id, out);
  }
}

void append_lines(const std::string& head, const std::vector<wire::Nlri>& nlri, bool add_path,
                  const std::string& tail, std::string& out) {
  for (const wire::Nlri& each : nlri) {
    out += head;
    append_prefix(each, add_path, out);
    out += tail;
  }
}

void append_rib(const Time& time, const Rib& rib, const PeerIndexTable& peers, std::string& out) {
  const std::string_view type = rib.add_path ? "TABLE_DUMP2_AP" : "TABLE_DUMP2";
  for (const Rib::Entry& entry : rib.entries) {
    static const PeerIndexTable::Peer kUnknown;
    const auto& peer = entry.peer < peers.peers.size() ? peers.peers[entry.peer] : kUnknown;
    const Attributes attributes = read_attributes(entry.attributes, {true, true, rib.add_path});
    out += line_head(type, time, "B", peer.address, peer.asn);
    append_prefix({rib.prefix, entry.path_id}, rib.add_path, out);
    const bool v6 = rib.prefix.family() == net::Family::ipv6;
    out += line_tail(attributes,
                     v6 ? attributes.mp_next_hop.value_or(attributes.next_hop) : attributes.next_hop);
  }
}

void append_table_dump(const Time& time, const TableDump& route, std::string& out) {
  const Attributes attributes = read_attributes(route.attributes, {false, true, false});
  out += line_head("TABLE_DUMP", time, "B", route.peer, route.peer_as);
  append_prefix({route.prefix, 0}, false, out);
  const bool v6 = route.prefix.family() == net::Family::ipv6;
  out +=
      line_tail(attributes, v6 ? attributes.mp_next_hop.value_or(attributes.next_hop) : attributes.next_hop);
}

void append_message(const Time& time, const Message& message, std::string& out) {
  if (message.octets.size() < wire::kHeaderOctets ||
      std::to_integer<std::uint8_t>(message.octets[18]) != wire::message_type::kUpdate) {
    return;
  }
  ByteReader reader(message.octets.subspan(wire::kHeaderOctets));
  const auto withdrawn_octets = reader.u16();
  const auto withdrawn_field = withdrawn_octets ? reader.take(*withdrawn_octets) : std::nullopt;
  const auto attribute_octets = withdrawn_field ? reader.u16() : std::nullopt;
  const auto attribute_field = attribute_octets ? reader.take(*attribute_octets) : std::nullopt;
  if (!attribute_field) {
    return;
  }
  std::vector<wire::Nlri> withdrawn, announced;
  (void)wire::read_nlri(*withdrawn_field, net::Family::ipv4, message.add_path, withdrawn);
  (void)wire::read_nlri(reader.rest(), net::Family::ipv4, message.add_path, announced);
  const Attributes attributes = read_attributes(*attribute_field, {message.as4, false, message.add_path});
  const std::string_view type = time.microseconds ? "BGP4MP_ET" : "BGP4MP";
  const Session& session = message.session;
  if (!withdrawn.empty() || !attributes.mp_withdrawn.empty()) {
    const std::string head = line_head(type, time, "W", session.peer, session.peer_as);
    append_lines(head, withdrawn, message.add_path, "\n", out);
    append_lines(head, attributes.mp_withdrawn, message.add_path, "\n", out);
  }
  if (!announced.empty() || !attributes.mp_announced.empty()) {
    const std::string head = line_head(type, time, "A", session.peer, session.peer_as);
    append_lines(head, announced, message.add_path, line_tail(attributes, attributes.next_hop), out);
    append_lines(head, attributes.mp_announced, message.add_path,
                 line_tail(attributes, attributes.mp_next_hop.value_or(net::IpAddr::any(net::Family::ipv6))),
                 out);
  }
}

}  // namespace

void TextWriter::append(const Record& record, std::string& out) {
  std::visit(overloaded{
                 [&](const PeerIndexTable& table) { peers_ = table; },
                 [&](const Rib& rib) { append_rib(record.time, rib, peers_, out); },
                 [&](const TableDump& route) { append_table_dump(record.time, route, out); },
                 [&](const StateChange& change) {
                   out += line_head(record.time.microseconds ? "BGP4MP_ET" : "BGP4MP", record.time, "STATE",
                                    change.session.peer, change.session.peer_as);
                   append_number(change.old_state, out);
                   out += '|';
                   append_number(change.new_state, out);
                   out += '\n';
                 },
                 [&](const Message& message) { append_message(record.time, message, out); },
                 [](const Other&) {},
             },
             record.body);
}

}  // namespace catflap::trace::mrt
