#include "trace/mrt_routes.hpp"

#include <algorithm>
#include <span>
#include <variant>

#include "base/overloaded.hpp"
#include "bgp/wire/codec.hpp"
#include "bgp/wire/path_attributes.hpp"

namespace catflap::trace::mrt {
namespace {

namespace wire = bgp::wire;

wire::DecodeContext decode_context(bool as4, bool add_path) {
  wire::DecodeContext context;
  context.as4 = as4;
  context.extended_message = true;
  context.families = {wire::kIpv4Unicast, wire::kIpv6Unicast};
  context.extended_next_hop = {wire::kIpv4Unicast};
  if (add_path) {
    context.add_path = context.families;
  }
  return context;
}

std::optional<net::IpAddr> mp_next_hop(BytesView value) {
  // The next hop alone (RFC 6396 §4.3.4), or a whole MP_REACH_NLRI as some collectors write it.
  const bool short_form = !value.empty() && std::to_integer<std::size_t>(value[0]) == value.size() - 1;
  const std::size_t begin = short_form ? 1 : 4;
  if (value.size() < begin + 4) {
    return std::nullopt;
  }
  const auto size = std::to_integer<std::size_t>(value[begin - 1]);
  const std::size_t octets = size >= 16 ? 16 : 4;
  if (value.size() < begin + octets) {
    return std::nullopt;
  }
  return *net::IpAddr::from_octets(value.subspan(begin, octets));
}

/// The attributes of a table's route: decoded as those of an UPDATE for 0.0.0.0/0.
std::optional<wire::Attributes> read_attributes(BytesView list, bool as4) {
  ByteSink kept;
  std::optional<net::IpAddr> next_hop;
  bool classic = false;
  ByteReader reader(list);
  while (const auto attribute = wire::next_attribute(reader)) {
    if (attribute->type == wire::attr_type::kMpReach) {
      next_hop = mp_next_hop(attribute->value);
    } else if (attribute->type != wire::attr_type::kMpUnreach) {
      classic = classic || attribute->type == wire::attr_type::kNextHop;
      kept.bytes(attribute->whole);
    }
  }
  if (!classic) {
    kept.bytes(*from_hex("40030401010101"));  // replaced below, but an UPDATE must have one
  }
  constexpr std::size_t kRoom = 65535 - wire::kHeaderOctets - 5;
  if (kept.size() > kRoom) {
    return std::nullopt;
  }
  ByteSink update;
  update.u64(~std::uint64_t{0});
  update.u64(~std::uint64_t{0});
  update.u16(static_cast<std::uint16_t>(wire::kHeaderOctets + 5 + kept.size()));
  update.u8(wire::message_type::kUpdate);
  update.u16(0);
  update.u16(static_cast<std::uint16_t>(kept.size()));
  update.bytes(kept.view());
  update.u8(0);
  auto message = wire::decode(update.view(), decode_context(as4, false));
  const auto* decoded = message ? std::get_if<wire::Update>(&*message) : nullptr;
  if (decoded == nullptr || decoded->announced.empty()) {
    return std::nullopt;
  }
  wire::Attributes attributes = decoded->attributes;
  if (next_hop || !classic) {
    attributes.next_hop = next_hop;
    attributes.link_local_next_hop.reset();
  }
  return attributes;
}

}  // namespace

bool RouteSource::make_own(wire::Attributes& attributes, net::Family family) const {
  const auto& own = family == net::Family::ipv4 ? options_.next_hop4 : options_.next_hop6;
  if (own) {
    attributes.next_hop = own;
    attributes.link_local_next_hop.reset();
  }
  net::AsPath path = attributes.as_path.value_or(net::AsPath{});
  if (options_.local_as != 0 && path.first() != options_.local_as) {
    path.prepend(options_.local_as);
  }
  attributes.as_path = std::move(path);
  return attributes.next_hop && (family == net::Family::ipv6 || attributes.next_hop->is_v4());
}

void RouteSource::announce(const Group& group, ByteSink& out) {
  wire::EncodeContext context;
  const wire::AfiSafi family = wire::unicast(group.family);
  for (std::span<const wire::Nlri> left = group.nlri; !left.empty();) {
    const std::size_t count = wire::encode_announce(group.attributes, family, left, context, out);
    if (count == 0) {
      skipped_ += left.size();
      announced_ -= left.size();
      return;
    }
    left = left.subspan(count);
  }
}

void RouteSource::route(const net::Prefix& prefix, BytesView attributes, bool as4, ByteSink& out) {
  const net::Family family = prefix.family();
  auto [at, fresh] =
      by_attributes_.emplace(std::pair(family, std::string(as_text(attributes))), groups_.size());
  if (fresh) {
    Group group;
    group.family = family;
    auto decoded = read_attributes(attributes, as4);
    if (!decoded || !make_own(*decoded, family)) {
      by_attributes_.erase(at);
      ++skipped_;
      return;
    }
    group.attributes = std::move(*decoded);
    groups_.push_back(std::move(group));
  }
  groups_[at->second].nlri.push_back({prefix, 0});
  ++announced_;
  if (++pending_ >= kPendingMax) {
    flush(out);
  }
}

void RouteSource::flush(ByteSink& out) {
  for (const Group& group : groups_) {
    announce(group, out);
  }
  groups_.clear();
  by_attributes_.clear();
  pending_ = 0;
}

void RouteSource::message(const Message& message, ByteSink& out) {
  if (message.sent || message.octets.size() < wire::kHeaderOctets ||
      std::to_integer<std::uint8_t>(message.octets[18]) != wire::message_type::kUpdate) {
    return;
  }
  const auto decoded = wire::decode(message.octets, decode_context(message.as4, message.add_path));
  const auto* update = decoded ? std::get_if<wire::Update>(&*decoded) : nullptr;
  if (update == nullptr) {
    ++skipped_;
    return;
  }
  for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
    std::vector<wire::Nlri> gone;
    Group group;
    group.family = family;
    for (const wire::Nlri& each : update->withdrawn) {
      if (each.prefix.family() == family) {
        gone.push_back({each.prefix, 0});
      }
    }
    for (const wire::Nlri& each : update->announced) {
      if (each.prefix.family() == family && !full()) {
        group.nlri.push_back({each.prefix, 0});
        ++announced_;
      }
    }
    for (std::span<const wire::Nlri> left = gone; !left.empty();) {
      left = left.subspan(wire::encode_withdraw(wire::unicast(family), left, {}, out));
    }
    withdrawn_ += gone.size();
    group.attributes = update->attributes;
    if (family == net::Family::ipv4 && update->classic_next_hop) {
      group.attributes.next_hop = update->classic_next_hop;
    }
    if (!group.nlri.empty() && make_own(group.attributes, family)) {
      announce(group, out);
    } else {
      skipped_ += group.nlri.size();
      announced_ -= group.nlri.size();
    }
  }
}

void RouteSource::take(const Record& record, ByteSink& out) {
  std::visit(overloaded{
                 [&](const Rib& rib) {
                   for (const Rib::Entry& entry : rib.entries) {
                     if ((!options_.peer || *options_.peer == entry.peer) && !full()) {
                       route(rib.prefix, entry.attributes, true, out);
                     }
                   }
                 },
                 [&](const TableDump& dump) {
                   if (!full()) {
                     route(dump.prefix, dump.attributes, false, out);
                   }
                 },
                 [&](const Message& each) {
                   if (!full()) {
                     message(each, out);
                   }
                 },
                 [](const auto&) {},
             },
             record.body);
}

}  // namespace catflap::trace::mrt
