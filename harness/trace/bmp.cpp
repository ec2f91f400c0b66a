#include "trace/bmp.hpp"

#include <algorithm>

namespace catflap::trace::bmp {
namespace {

constexpr std::uint8_t kVersion = 3;
constexpr std::size_t kCommonOctets = 6;
constexpr std::uint8_t kPeerTypeGlobal = 0;
constexpr std::uint8_t kPeerTypeLocRib = 3;
constexpr std::uint8_t kFlagV6 = 0x80;
constexpr std::uint8_t kFlagPost = 0x40;
constexpr std::uint8_t kFlagAs2 = 0x20;
constexpr std::uint16_t kTlvSysDescr = 1;
constexpr std::uint16_t kTlvSysName = 2;
constexpr std::uint16_t kTlvReason = 1;
constexpr std::size_t kBgpHeaderOctets = 19;

enum Type : std::uint8_t {
  kRouteMonitoring = 0,
  kStatistics = 1,
  kPeerDown = 2,
  kPeerUp = 3,
  kInitiation = 4,
  kTermination = 5
};

void put_address(const net::IpAddr& addr, ByteSink& out) {
  if (addr.is_v4()) {
    out.u64(0);
    out.u32(0);
  }
  addr.append_to(out);
}

void put_peer(const Peer& peer, ByteSink& out) {
  out.u8(peer.loc_rib ? kPeerTypeLocRib : kPeerTypeGlobal);
  const unsigned flags = (peer.address.is_v6() ? kFlagV6 : 0U) | (peer.post_policy ? kFlagPost : 0U) |
                         (peer.as2 ? kFlagAs2 : 0U);
  out.u8(peer.loc_rib ? 0 : static_cast<std::uint8_t>(flags));
  out.u64(0);  // peer distinguisher: no VRFs
  put_address(peer.address, out);
  out.u32(peer.asn);
  out.u32(peer.id);
  out.u32(peer.seconds);
  out.u32(peer.microseconds);
}

void put_tlv(std::uint16_t type, BytesView value, ByteSink& out) {
  constexpr std::size_t kMax = 0xFFFF;
  value = value.first(std::min(value.size(), kMax));
  out.u16(type);
  out.u16(static_cast<std::uint16_t>(value.size()));
  out.bytes(value);
}

struct Body {
  ByteSink& out;
  Type operator()(const RouteMonitoring& m) const {
    put_peer(m.peer, out);
    out.bytes(m.update);
    return kRouteMonitoring;
  }
  Type operator()(const Statistics& m) const {
    put_peer(m.peer, out);
    out.u32(static_cast<std::uint32_t>(m.values.size()));
    for (const auto& [type, value] : m.values) {
      const bool gauge = type >= 7 && type <= 10;  // 64 bits; the others are counters of 32
      out.u16(type);
      out.u16(gauge ? 8 : 4);
      if (gauge) {
        out.u64(value);
      } else {
        out.u32(static_cast<std::uint32_t>(value));
      }
    }
    return kStatistics;
  }
  Type operator()(const PeerDown& m) const {
    put_peer(m.peer, out);
    out.u8(m.reason);
    out.bytes(m.data);
    return kPeerDown;
  }
  Type operator()(const PeerUp& m) const {
    put_peer(m.peer, out);
    put_address(m.local, out);
    out.u16(m.local_port);
    out.u16(m.remote_port);
    out.bytes(m.sent_open);
    out.bytes(m.received_open);
    return kPeerUp;
  }
  Type operator()(const Initiation& m) const {
    put_tlv(kTlvSysDescr, as_bytes(m.system_description), out);
    put_tlv(kTlvSysName, as_bytes(m.system_name), out);
    return kInitiation;
  }
  Type operator()(const Termination& m) const {
    ByteSink value;
    value.u16(m.reason);
    put_tlv(kTlvReason, value.view(), out);
    return kTermination;
  }
};

std::optional<net::IpAddr> take_address(ByteReader& in, bool v6) {
  const auto octets = in.take(16);
  if (!octets) {
    return std::nullopt;
  }
  return *net::IpAddr::from_octets(v6 ? *octets : octets->subspan(12));
}

std::optional<Peer> take_peer(ByteReader& in) {
  const auto type = in.u8();
  const auto flags = in.u8();
  const auto distinguisher = in.u64();
  if (!type || !flags || !distinguisher) {
    return std::nullopt;
  }
  Peer peer;
  peer.loc_rib = *type == kPeerTypeLocRib;
  const bool v6 = !peer.loc_rib && (*flags & kFlagV6) != 0;
  peer.post_policy = !peer.loc_rib && (*flags & kFlagPost) != 0;
  peer.as2 = !peer.loc_rib && (*flags & kFlagAs2) != 0;
  const auto address = take_address(in, v6);
  const auto asn = in.u32();
  const auto id = in.u32();
  const auto seconds = in.u32();
  const auto microseconds = in.u32();
  if (!address || !microseconds) {
    return std::nullopt;
  }
  peer.address = *address;
  peer.asn = *asn;
  peer.id = *id;
  peer.seconds = *seconds;
  peer.microseconds = *microseconds;
  return peer;
}

Bytes copy(BytesView view) {
  return {view.begin(), view.end()};
}

/// One BGP message off the front.
std::optional<Bytes> take_bgp(ByteReader& in) {
  const auto header = in.take(kBgpHeaderOctets);
  if (!header) {
    return std::nullopt;
  }
  const auto length =
      std::to_integer<std::size_t>((*header)[16]) << 8U | std::to_integer<std::size_t>((*header)[17]);
  const auto rest = length < kBgpHeaderOctets ? std::nullopt : in.take(length - kBgpHeaderOctets);
  if (!rest) {
    return std::nullopt;
  }
  Bytes whole = copy(*header);
  whole.insert(whole.end(), rest->begin(), rest->end());
  return whole;
}

template <class F>
bool each_tlv(ByteReader& in, F&& visit) {
  while (!in.empty()) {
    const auto type = in.u16();
    const auto length = in.u16();
    const auto value = type && length ? in.take(*length) : std::nullopt;
    if (!value) {
      return false;
    }
    visit(*type, *value);
  }
  return true;
}

std::optional<Message> read_peer_up(Peer peer, ByteReader& in) {
  PeerUp up;
  const auto local = take_address(in, peer.address.is_v6());
  const auto local_port = in.u16();
  const auto remote_port = in.u16();
  auto sent = take_bgp(in);
  auto received = take_bgp(in);
  if (!local || !local_port || !remote_port || !sent || !received) {
    return std::nullopt;
  }
  return PeerUp{peer, *local, *local_port, *remote_port, std::move(*sent), std::move(*received)};
}

std::optional<Message> read_statistics(Peer peer, ByteReader& in) {
  Statistics statistics{peer, {}};
  if (!in.u32()) {
    return std::nullopt;
  }
  const bool whole = each_tlv(in, [&](std::uint16_t type, BytesView value) {
    ByteReader number(value);
    if (value.size() == 8) {
      statistics.values.emplace_back(type, *number.u64());
    } else if (value.size() == 4) {
      statistics.values.emplace_back(type, *number.u32());
    }
  });
  return whole ? std::optional<Message>(std::move(statistics)) : std::nullopt;
}

std::optional<Message> read_initiation(ByteReader& in) {
  Initiation initiation;
  const bool whole = each_tlv(in, [&](std::uint16_t type, BytesView value) {
    if (type == kTlvSysName) {
      initiation.system_name = as_text(value);
    } else if (type == kTlvSysDescr) {
      initiation.system_description = as_text(value);
    }
  });
  return whole ? std::optional<Message>(std::move(initiation)) : std::nullopt;
}

std::optional<Message> read_termination(ByteReader& in) {
  Termination termination;
  const bool whole = each_tlv(in, [&](std::uint16_t type, BytesView value) {
    if (type == kTlvReason && value.size() == 2) {
      termination.reason = *ByteReader(value).u16();
    }
  });
  return whole ? std::optional<Message>(termination) : std::nullopt;
}

std::optional<Message> read_body(std::uint8_t type, ByteReader& in) {
  if (type == kInitiation) {
    return read_initiation(in);
  }
  if (type == kTermination) {
    return read_termination(in);
  }
  const auto peer = take_peer(in);
  if (!peer) {
    return std::nullopt;
  }
  if (type == kPeerUp) {
    return read_peer_up(*peer, in);
  }
  if (type == kStatistics) {
    return read_statistics(*peer, in);
  }
  if (type == kPeerDown) {
    const auto reason = in.u8();
    return reason ? std::optional<Message>(PeerDown{*peer, *reason, copy(in.rest())}) : std::nullopt;
  }
  return RouteMonitoring{*peer, copy(in.rest())};
}

}  // namespace

void encode(const Message& message, ByteSink& out) {
  ByteSink body;
  const Type type = std::visit(Body{body}, message);
  out.u8(kVersion);
  out.u32(static_cast<std::uint32_t>(kCommonOctets + body.size()));
  out.u8(type);
  out.bytes(body.view());
}

void Reader::push(BytesView bytes) {
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(begin_));
  begin_ = 0;
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

Result<std::optional<Message>> Reader::next() {
  const auto broken = [&](std::string what) {
    failed_ = Error{Errc::protocol, std::move(what)};
    return fail(*failed_);
  };
  while (!failed_) {
    ByteReader reader(BytesView(buffer_).subspan(begin_));
    const auto version = reader.u8();
    const auto length = reader.u32();
    const auto type = reader.u8();
    if (version && *version != kVersion) {
      return broken("BMP version " + std::to_string(*version) + ", expected 3");
    }
    if (length && (*length < kCommonOctets || *length > kMessageOctetsMax)) {
      return broken("a BMP message of " + std::to_string(*length) + " octets");
    }
    const auto body = length && type ? reader.take(*length - kCommonOctets) : std::nullopt;
    if (!body) {
      return std::optional<Message>();
    }
    begin_ += *length;
    if (*type > kTermination) {
      continue;
    }
    ByteReader in(*body);
    auto message = read_body(*type, in);
    if (!message) {
      return broken("a malformed BMP message of type " + std::to_string(*type));
    }
    return message;
  }
  return fail(*failed_);
}

}  // namespace catflap::trace::bmp
