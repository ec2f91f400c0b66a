#include "trace/mrt.hpp"

#include <algorithm>
#include <utility>

#include "bgp/wire/path_attributes.hpp"

namespace catflap::trace::mrt {
namespace {

constexpr std::size_t kHeaderOctets = 12;
constexpr std::uint32_t kAsTrans = 23456;

namespace table_dump_v2 {
constexpr std::uint16_t kPeerIndexTable = 1;
constexpr std::uint16_t kRibIpv4 = 2;
constexpr std::uint16_t kRibIpv6 = 4;
constexpr std::uint16_t kRibIpv4AddPath = 8;
constexpr std::uint16_t kRibIpv6AddPath = 10;
}  // namespace table_dump_v2

namespace bgp4mp {
constexpr std::uint16_t kStateChange = 0;
constexpr std::uint16_t kMessage = 1;
constexpr std::uint16_t kMessageAs4 = 4;
constexpr std::uint16_t kStateChangeAs4 = 5;
constexpr std::uint16_t kMessageLocal = 6;
constexpr std::uint16_t kMessageAs4Local = 7;
constexpr std::uint16_t kMessageAddPath = 8;
constexpr std::uint16_t kMessageAs4AddPath = 9;
constexpr std::uint16_t kMessageLocalAddPath = 10;
constexpr std::uint16_t kMessageAs4LocalAddPath = 11;
}  // namespace bgp4mp

constexpr std::uint8_t kPeerIpv6 = 1;
constexpr std::uint8_t kPeerAs4 = 2;
constexpr std::uint16_t kAfiIpv4 = 1;
constexpr std::uint16_t kAfiIpv6 = 2;

/// A ByteReader that remembers that something was missing, and then gives zeros.
class Fields {
 public:
  explicit Fields(BytesView bytes) : reader_(bytes) {}
  std::uint8_t u8() { return got(reader_.u8()); }
  std::uint16_t u16() { return got(reader_.u16()); }
  std::uint32_t u32() { return got(reader_.u32()); }
  std::uint32_t as_number(bool as4) { return as4 ? u32() : u16(); }
  BytesView take(std::size_t count) { return got(reader_.take(count)); }
  BytesView rest() { return reader_.rest(); }
  net::IpAddr address(net::Family family) {
    const BytesView octets = take(net::address_octets(family));
    return octets.empty() ? net::IpAddr::any(family) : *net::IpAddr::from_octets(octets);
  }
  net::Prefix prefix(net::Family family) {
    const std::uint8_t bits = u8();
    Bytes octets(net::address_octets(family));
    if (bits > net::address_bits(family)) {
      bad_ = true;
      return {};
    }
    const BytesView given = take((bits + 7U) / 8U);
    std::copy(given.begin(), given.end(), octets.begin());
    return {*net::IpAddr::from_octets(octets), bits};
  }
  bool ok() const { return !bad_; }

 private:
  template <class T>
  T got(std::optional<T> value) {
    bad_ = bad_ || !value;
    return value.value_or(T{});
  }
  ByteReader reader_;
  bool bad_ = false;
};

using Body = decltype(Record::body);

Body read_peer_index(Fields& in) {
  PeerIndexTable table;
  table.collector_id = in.u32();
  table.view = as_text(in.take(in.u16()));
  const std::uint16_t count = in.u16();
  for (unsigned i = 0; i < count && in.ok(); ++i) {
    const std::uint8_t type = in.u8();
    PeerIndexTable::Peer peer;
    peer.id = in.u32();
    peer.address = in.address((type & kPeerIpv6) != 0 ? net::Family::ipv6 : net::Family::ipv4);
    peer.asn = in.as_number((type & kPeerAs4) != 0);
    table.peers.push_back(peer);
  }
  return table;
}

Body read_rib(Fields& in, net::Family family, bool add_path) {
  Rib rib;
  rib.add_path = add_path;
  rib.sequence = in.u32();
  rib.prefix = in.prefix(family);
  const std::uint16_t count = in.u16();
  for (unsigned i = 0; i < count && in.ok(); ++i) {
    Rib::Entry entry;
    entry.peer = in.u16();
    entry.originated_s = in.u32();
    entry.path_id = add_path ? in.u32() : 0;
    entry.attributes = in.take(in.u16());
    rib.entries.push_back(entry);
  }
  return rib;
}

Body read_table_dump(Fields& in, net::Family family) {
  TableDump route;
  route.view = in.u16();
  route.sequence = in.u16();
  const net::IpAddr addr = in.address(family);
  route.prefix = net::Prefix(addr, in.u8());
  (void)in.u8();  // status: always 1 (RFC 6396 §4.2)
  route.originated_s = in.u32();
  route.peer = in.address(family);
  route.peer_as = in.u16();
  route.attributes = in.take(in.u16());
  return route;
}

/// False for an address family that is not IPv4 or IPv6.
bool read_session(Fields& in, bool as4, Session& session) {
  session.peer_as = in.as_number(as4);
  session.local_as = in.as_number(as4);
  session.interface = in.u16();
  const std::uint16_t afi = in.u16();
  const net::Family family = afi == kAfiIpv6 ? net::Family::ipv6 : net::Family::ipv4;
  session.peer = in.address(family);
  session.local = in.address(family);
  return afi == kAfiIpv4 || afi == kAfiIpv6;
}

std::optional<Body> read_bgp4mp(Fields& in, std::uint16_t subtype) {
  const bool as4 = subtype == bgp4mp::kMessageAs4 || subtype == bgp4mp::kStateChangeAs4 ||
                   subtype == bgp4mp::kMessageAs4Local || subtype == bgp4mp::kMessageAs4AddPath ||
                   subtype == bgp4mp::kMessageAs4LocalAddPath;
  if (subtype == bgp4mp::kStateChange || subtype == bgp4mp::kStateChangeAs4) {
    StateChange change;
    change.as4 = as4;
    const bool known = read_session(in, as4, change.session);
    change.old_state = in.u16();
    change.new_state = in.u16();
    return known ? std::optional<Body>(change) : std::nullopt;
  }
  const bool local = subtype == bgp4mp::kMessageLocal || subtype == bgp4mp::kMessageAs4Local;
  const bool local_add_path =
      subtype == bgp4mp::kMessageLocalAddPath || subtype == bgp4mp::kMessageAs4LocalAddPath;
  const bool add_path =
      local_add_path || subtype == bgp4mp::kMessageAddPath || subtype == bgp4mp::kMessageAs4AddPath;
  if (!local && !add_path && subtype != bgp4mp::kMessage && subtype != bgp4mp::kMessageAs4) {
    return std::nullopt;
  }
  Message message;
  message.as4 = as4;
  message.sent = local || local_add_path;
  message.add_path = add_path;
  const bool known = read_session(in, as4, message.session);
  message.octets = in.rest();
  return known ? std::optional<Body>(message) : std::nullopt;
}

/// nullopt: not understood.
std::optional<Body> read_body(Fields& in, std::uint16_t type, std::uint16_t subtype) {
  switch (static_cast<Type>(type)) {
    case Type::table_dump:
      if (subtype == kAfiIpv4 || subtype == kAfiIpv6) {
        return read_table_dump(in, subtype == kAfiIpv6 ? net::Family::ipv6 : net::Family::ipv4);
      }
      return std::nullopt;
    case Type::table_dump_v2:
      switch (subtype) {
        case table_dump_v2::kPeerIndexTable:
          return read_peer_index(in);
        case table_dump_v2::kRibIpv4:
        case table_dump_v2::kRibIpv4AddPath:
          return read_rib(in, net::Family::ipv4, subtype == table_dump_v2::kRibIpv4AddPath);
        case table_dump_v2::kRibIpv6:
        case table_dump_v2::kRibIpv6AddPath:
          return read_rib(in, net::Family::ipv6, subtype == table_dump_v2::kRibIpv6AddPath);
        default:
          return std::nullopt;
      }
    case Type::bgp4mp:
    case Type::bgp4mp_et:
      return read_bgp4mp(in, subtype);
  }
  return std::nullopt;
}

/// Writes the header; finish() fills in the length.
class RecordWriter {
 public:
  RecordWriter(ByteSink& out, const Time& time, Type type, std::uint16_t subtype)
      : out_(out), begin_(out.size()) {
    out_.u32(time.seconds);
    out_.u16(static_cast<std::uint16_t>(type));
    out_.u16(subtype);
    out_.u32(0);
    if (type == Type::bgp4mp_et) {
      out_.u32(time.microseconds.value_or(0));
    }
  }
  bool finish() {
    const std::size_t octets = out_.size() - begin_ - kHeaderOctets;
    out_.patch_u16(begin_ + 8, static_cast<std::uint16_t>(octets >> 16U));
    out_.patch_u16(begin_ + 10, static_cast<std::uint16_t>(octets & 0xFFFFU));
    return true;
  }

 private:
  ByteSink& out_;
  std::size_t begin_;
};

Type bgp4mp_type(const Time& time) {
  return time.microseconds ? Type::bgp4mp_et : Type::bgp4mp;
}

void write_session(const Session& session, bool as4, ByteSink& out) {
  for (const std::uint32_t asn : {session.peer_as, session.local_as}) {
    if (as4) {
      out.u32(asn);
    } else {
      out.u16(static_cast<std::uint16_t>(asn > 0xFFFF ? kAsTrans : asn));
    }
  }
  out.u16(session.interface);
  out.u16(session.peer.is_v6() ? kAfiIpv6 : kAfiIpv4);
  session.peer.append_to(out);
  session.local.append_to(out);
}

constexpr std::size_t kU16Max = 0xFFFF;

}  // namespace

void Reader::push(BytesView bytes) {
  if (begin_ > 0) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(begin_));
    begin_ = 0;
  }
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

Result<std::optional<Record>> Reader::next() {
  const auto damaged = [&](const std::string& what) {
    return fail(Errc::invalid, "octet " + std::to_string(offset_) + ": " + what);
  };
  if (lost_) {
    return damaged("the record before this one was the last that can be read");
  }
  Fields header(BytesView(buffer_).subspan(begin_));
  Record record;
  record.time.seconds = header.u32();
  const std::uint16_t type = header.u16();
  const std::uint16_t subtype = header.u16();
  const std::size_t length = header.u32();
  if (!header.ok()) {
    return std::optional<Record>();
  }
  if (length > kRecordOctetsMax) {
    lost_ = true;
    return damaged("a record of " + std::to_string(length) + " octets: this is no MRT file or it is damaged");
  }
  const BytesView whole = BytesView(buffer_).subspan(begin_);
  if (whole.size() < kHeaderOctets + length) {
    return std::optional<Record>();
  }
  begin_ += kHeaderOctets + length;
  const std::uint64_t at = offset_;
  offset_ += kHeaderOctets + length;
  Fields body(whole.subspan(kHeaderOctets, length));
  if (type == static_cast<std::uint16_t>(Type::bgp4mp_et)) {
    record.time.microseconds = body.u32();
  }
  std::optional<Body> read = read_body(body, type, subtype);
  if (!read) {
    record.body = Other{type, subtype, length};
    return std::optional<Record>(std::move(record));
  }
  if (!body.ok()) {
    return fail(Errc::invalid, "octet " + std::to_string(at) + ": a record of type " + std::to_string(type) +
                                   "/" + std::to_string(subtype) + " is cut off or malformed");
  }
  record.body = std::move(*read);
  return std::optional<Record>(std::move(record));
}

Status Reader::finish() const {
  const std::size_t left = buffer_.size() - begin_;
  if (left > 0 && !lost_) {
    return fail(Errc::invalid, "octet " + std::to_string(offset_) + ": the file ends within a record, " +
                                   std::to_string(left) + " octets of it are there");
  }
  return {};
}

bool write(const Time& time, const PeerIndexTable& table, ByteSink& out) {
  if (table.peers.size() > kU16Max || table.view.size() > kU16Max) {
    return false;
  }
  RecordWriter record(out, time, Type::table_dump_v2, table_dump_v2::kPeerIndexTable);
  out.u32(table.collector_id);
  out.u16(static_cast<std::uint16_t>(table.view.size()));
  out.bytes(as_bytes(table.view));
  out.u16(static_cast<std::uint16_t>(table.peers.size()));
  for (const PeerIndexTable::Peer& peer : table.peers) {
    out.u8(static_cast<std::uint8_t>(kPeerAs4 | (peer.address.is_v6() ? kPeerIpv6 : 0U)));
    out.u32(peer.id);
    peer.address.append_to(out);
    out.u32(peer.asn);
  }
  return record.finish();
}

bool write(const Time& time, const Rib& rib, ByteSink& out) {
  if (rib.entries.size() > kU16Max ||
      std::any_of(rib.entries.begin(), rib.entries.end(),
                  [](const Rib::Entry& entry) { return entry.attributes.size() > kU16Max; })) {
    return false;
  }
  const bool v6 = rib.prefix.family() == net::Family::ipv6;
  const std::uint16_t subtype = rib.add_path
                                    ? (v6 ? table_dump_v2::kRibIpv6AddPath : table_dump_v2::kRibIpv4AddPath)
                                    : (v6 ? table_dump_v2::kRibIpv6 : table_dump_v2::kRibIpv4);
  RecordWriter record(out, time, Type::table_dump_v2, subtype);
  out.u32(rib.sequence);
  bgp::wire::write_prefix(rib.prefix, out);
  out.u16(static_cast<std::uint16_t>(rib.entries.size()));
  for (const Rib::Entry& entry : rib.entries) {
    out.u16(entry.peer);
    out.u32(entry.originated_s);
    if (rib.add_path) {
      out.u32(entry.path_id);
    }
    out.u16(static_cast<std::uint16_t>(entry.attributes.size()));
    out.bytes(entry.attributes);
  }
  return record.finish();
}

bool write(const Time& time, const TableDump& route, ByteSink& out) {
  if (route.attributes.size() > kU16Max || route.peer.family() != route.prefix.family()) {
    return false;
  }
  RecordWriter record(out, time, Type::table_dump, route.peer.is_v6() ? kAfiIpv6 : kAfiIpv4);
  out.u16(route.view);
  out.u16(route.sequence);
  route.prefix.addr().append_to(out);
  out.u8(route.prefix.length());
  out.u8(1);
  out.u32(route.originated_s);
  route.peer.append_to(out);
  out.u16(route.peer_as);
  out.u16(static_cast<std::uint16_t>(route.attributes.size()));
  out.bytes(route.attributes);
  return record.finish();
}

bool write(const Time& time, const StateChange& change, ByteSink& out) {
  if (change.session.peer.family() != change.session.local.family()) {
    return false;
  }
  RecordWriter record(out, time, bgp4mp_type(time),
                      change.as4 ? bgp4mp::kStateChangeAs4 : bgp4mp::kStateChange);
  write_session(change.session, change.as4, out);
  out.u16(change.old_state);
  out.u16(change.new_state);
  return record.finish();
}

bool write(const Time& time, const Message& message, ByteSink& out) {
  if (message.session.peer.family() != message.session.local.family()) {
    return false;
  }
  static constexpr std::uint16_t kSubtypes[] = {bgp4mp::kMessage,
                                                bgp4mp::kMessageAs4,
                                                bgp4mp::kMessageLocal,
                                                bgp4mp::kMessageAs4Local,
                                                bgp4mp::kMessageAddPath,
                                                bgp4mp::kMessageAs4AddPath,
                                                bgp4mp::kMessageLocalAddPath,
                                                bgp4mp::kMessageAs4LocalAddPath};
  const unsigned which = (message.as4 ? 1U : 0U) + (message.sent ? 2U : 0U) + (message.add_path ? 4U : 0U);
  RecordWriter record(out, time, bgp4mp_type(time), kSubtypes[which]);
  write_session(message.session, message.as4, out);
  out.bytes(message.octets);
  return record.finish();
}

}  // namespace catflap::trace::mrt
