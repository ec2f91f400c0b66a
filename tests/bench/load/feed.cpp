#include "load/feed.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <span>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>

#include "base/rng.hpp"
#include "bgp/wire/codec.hpp"

namespace catflap::bench {

namespace wire = bgp::wire;

namespace {

constexpr std::size_t kSyntheticMax = 2'000'000;
constexpr std::size_t kPrefixesPerSet = 8;

/// Lengths of prefixes with their share in thousandths, near those of the Internet's table.
struct LengthShare {
  std::uint8_t length;
  unsigned share;
};
constexpr std::array kLengths{LengthShare{24, 600}, LengthShare{22, 120}, LengthShare{23, 100},
                              LengthShare{20, 60},  LengthShare{21, 55},  LengthShare{19, 30},
                              LengthShare{18, 15},  LengthShare{16, 12},  LengthShare{17, 8}};

std::uint8_t random_length(Rng& rng) {
  std::uint64_t roll = rng.below(1000);
  for (const LengthShare& entry : kLengths) {
    if (roll < entry.share) {
      return entry.length;
    }
    roll -= entry.share;
  }
  return kLengths.front().length;
}

/// Global unicast, away from what the measurements themselves use (10/8, 198.18/15) and from what daemons
/// refuse (0/8, 127/8, 224/3) or treat in a special way.
bool usable(std::uint32_t address) {
  const std::uint32_t top = address >> 24U;
  return top >= 1 && top <= 223 && top != 10 && top != 100 && top != 127 && top != 169 && top != 172 &&
         top != 192 && top != 198;
}

net::AsPath random_path(Rng& rng, std::size_t set) {
  constexpr std::uint32_t kTransitAsMax = 60'000;
  constexpr std::uint32_t kOriginAsMin = 200'000;
  net::AsSegment sequence;
  const std::uint64_t transit = 1 + rng.below(5);
  for (std::uint64_t i = 0; i < transit; ++i) {
    const auto asn = static_cast<std::uint32_t>(1 + rng.below(kTransitAsMax));
    sequence.asns.push_back(asn == wire::kAsTrans ? asn + 1 : asn);
  }
  sequence.asns.push_back(kOriginAsMin + static_cast<std::uint32_t>(set));  // so that no two sets are equal
  net::AsPath path;
  path.segments.push_back(std::move(sequence));
  return path;
}

Error bad_file(const std::string& path, std::string_view what) {
  return Error{Errc::invalid, path + ": " + std::string(what)};
}

/// The attributes of a RIB entry: what UPDATE they would stand in.
std::optional<wire::Attributes> decode_attributes(BytesView attributes) {
  ByteSink message;
  for (int i = 0; i < 16; ++i) {
    message.u8(0xff);
  }
  constexpr std::array<std::uint8_t, 4> kAnyPrefix{24, 203, 0, 113};
  message.u16(static_cast<std::uint16_t>(wire::kHeaderOctets + 4 + attributes.size() + kAnyPrefix.size()));
  message.u8(wire::message_type::kUpdate);
  message.u16(0);
  message.u16(static_cast<std::uint16_t>(attributes.size()));
  message.bytes(attributes);
  for (const std::uint8_t octet : kAnyPrefix) {
    message.u8(octet);
  }
  wire::DecodeContext context;
  context.as4 = true;
  context.extended_message = true;
  auto decoded = wire::decode(message.view(), context);
  if (!decoded || !std::holds_alternative<wire::Update>(*decoded)) {
    return std::nullopt;
  }
  auto& update = std::get<wire::Update>(*decoded);
  if (update.announced.empty() || !update.attributes.as_path || !update.attributes.as_path->first()) {
    return std::nullopt;
  }
  return std::move(update.attributes);
}

/// Collects the records of a TABLE_DUMP_V2 file.
class MrtReader {
 public:
  explicit MrtReader(const std::string& path) : path_(path) {}

  Result<Feed> read() {
    std::ifstream file(path_, std::ios::binary);
    if (!file) {
      return tl::unexpected(Error{Errc::io, path_ + ": cannot be read"});
    }
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    ByteReader reader(as_bytes(text));
    while (!reader.empty()) {
      const auto time = reader.u32();
      const auto type = reader.u16();
      const auto subtype = reader.u16();
      const auto size = reader.u32();
      const auto body = size ? reader.take(*size) : std::nullopt;
      if (!time || !type || !subtype || !body) {
        return tl::unexpected(bad_file(path_, "ends within a record"));
      }
      constexpr std::uint16_t kTableDumpV2 = 13;
      constexpr std::uint16_t kRibIpv4Unicast = 2;
      if (*type == kTableDumpV2 && *subtype == kRibIpv4Unicast && !record(*body)) {
        return tl::unexpected(bad_file(path_, "has a RIB record that cannot be understood"));
      }
    }
    if (feed_.empty()) {
      return tl::unexpected(bad_file(path_, "holds no IPv4 routes"));
    }
    return std::move(feed_);
  }

 private:
  bool record(BytesView body) {
    ByteReader reader(body);
    const auto sequence = reader.u32();
    const auto length = reader.u8();
    const auto octets = length && *length <= 32 ? reader.take((*length + 7U) / 8U) : std::nullopt;
    const auto entries = reader.u16();
    if (!sequence || !octets || !entries || *entries == 0) {
      return false;
    }
    std::uint32_t address = 0;
    for (std::size_t i = 0; i < octets->size(); ++i) {
      address |= std::to_integer<std::uint32_t>((*octets)[i]) << (24U - 8U * i);
    }
    const auto peer = reader.u16();
    const auto originated = reader.u32();
    const auto size = reader.u16();
    const auto attributes = size ? reader.take(*size) : std::nullopt;
    if (!peer || !originated || !attributes) {
      return false;
    }
    const auto [place, is_new] = sets_.try_emplace(std::string(as_text(*attributes)), feed_.size());
    if (is_new) {
      auto decoded = decode_attributes(*attributes);
      if (!decoded) {
        return false;
      }
      feed_.push_back({std::move(*decoded), {}});
    }
    feed_[place->second].prefixes.push_back({net::Prefix(net::IpAddr::v4(address), *length), 0});
    return true;
  }

  const std::string& path_;
  Feed feed_;
  std::unordered_map<std::string, std::size_t> sets_;
};

}  // namespace

Result<Feed> synthetic_feed(std::size_t prefixes, std::uint64_t seed) {
  if (prefixes > kSyntheticMax) {
    return tl::unexpected(Error{Errc::invalid, "a synthetic feed has at most 2000000 prefixes"});
  }
  Rng rng(seed);
  const std::size_t sets = std::max<std::size_t>(1, prefixes / kPrefixesPerSet);
  Feed feed(sets);
  for (std::size_t i = 0; i < sets; ++i) {
    feed[i].attributes.origin = wire::Origin::igp;
    feed[i].attributes.as_path = random_path(rng, i);
  }
  std::unordered_set<std::uint64_t> seen;
  seen.reserve(prefixes);
  for (std::size_t i = 0; i < prefixes; ++i) {
    std::uint8_t length = 0;
    std::uint32_t address = 0;
    do {
      length = random_length(rng);
      address = static_cast<std::uint32_t>(rng.next() >> 32U) & ~(0xffffffffU >> length);
    } while (!usable(address) || !seen.insert(std::uint64_t{address} << 8U | length).second);
    // Every set gets one prefix, the rest is spread: sets of one prefix are common, as in real tables.
    const std::size_t set = i < sets ? i : static_cast<std::size_t>(rng.below(sets));
    feed[set].prefixes.push_back({net::Prefix(net::IpAddr::v4(address), length), 0});
  }
  return feed;
}

Result<Feed> mrt_feed(const std::string& path) {
  return MrtReader(path).read();
}

Stream encode_feed(const Feed& feed, const Announcer& announcer) {
  wire::EncodeContext context;
  context.internal = announcer.internal;
  ByteSink sink;
  Stream stream;
  const auto add = [&](wire::Attributes attributes, std::span<const wire::Nlri> prefixes) {
    attributes.next_hop = net::IpAddr::v4(announcer.next_hop);
    if (announcer.internal) {
      attributes.local_pref = 100;
    } else {
      attributes.as_path->segments.front().asns.front() = announcer.as;
    }
    while (!prefixes.empty()) {
      const std::size_t fitted =
          wire::encode_announce(attributes, wire::kIpv4Unicast, prefixes, context, sink);
      if (fitted == 0) {
        return;  // attributes that fill a message: not in any feed we have
      }
      stream.prefixes += fitted;
      ++stream.messages;
      prefixes = prefixes.subspan(fitted);
    }
  };
  for (const RouteSet& set : feed) {
    add(set.attributes, set.prefixes);
  }
  if (announcer.sentinel && !feed.empty()) {
    wire::Attributes attributes;
    attributes.origin = wire::Origin::incomplete;
    attributes.as_path = net::AsPath{{{net::AsSegmentType::sequence, {announcer.as}}}};
    const wire::Nlri sentinel{*announcer.sentinel, 0};
    add(std::move(attributes), std::span(&sentinel, 1));
  }
  stream.octets = sink.release();
  return stream;
}

}  // namespace catflap::bench
