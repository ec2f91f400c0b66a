#include <algorithm>
#include <utility>

#include "base/overloaded.hpp"
#include "bgp/speaker/bgp_protocol.hpp"

/// UPDATEs and ROUTE-REFRESHes that a peer sends: RFC 4271 §9.1, RFC 4456 §8, RFC 7313 §4.
namespace catflap::bgp::internal {

namespace {

/// The first prefixes of one family; taken off.
std::span<const wire::Nlri> take_family(std::span<const wire::Nlri>& nlri) {
  const net::Family family = nlri.front().prefix.family();
  const auto end = std::find_if(nlri.begin(), nlri.end(),
                                [&](const wire::Nlri& other) { return other.prefix.family() != family; });
  const auto some = nlri.first(static_cast<std::size_t>(end - nlri.begin()));
  nlri = nlri.subspan(some.size());
  return some;
}

}  // namespace

void BgpProtocol::on_update(wire::Update& update) {
  ++updates_in_;
  if (update.end_of_rib) {
    on_end_of_rib(*update.end_of_rib);
    return;
  }
  for (std::span<const wire::Nlri> left = update.withdrawn; !left.empty();) {
    const auto nlri = take_family(left);
    if (FamilyState* state = family(wire::unicast(nlri.front().prefix.family()))) {
      state->channel->withdraw(nlri);
    }
  }
  // One set of attributes for each family of the message: interned once, not once a prefix.
  policy::RouteAttrs& attrs = core_.imported;
  for (std::span<const wire::Nlri> left = update.announced; !left.empty();) {
    const auto nlri = take_family(left);
    FamilyState* state = family(wire::unicast(nlri.front().prefix.family()));
    if (state == nullptr) {
      continue;
    }
    if (left.empty() && core_.monitors.empty()) {
      std::swap(attrs.bgp, update.attributes);
    } else {
      attrs.bgp = update.attributes;
    }
    take_received(update, *state, attrs);
    const auto local_pref = attrs.bgp.local_pref;
    const auto otc = attrs.bgp.otc;
    if (const std::string why = import_attrs(*state, attrs); why.empty()) {
      state->channel->update(nlri, core_.pool.intern(attrs));
    } else {
      attrs.bgp.local_pref = local_pref;  // as it came
      attrs.bgp.otc = otc;
      const rib::AttrRef kept = core_.pool.intern(attrs);
      for (const wire::Nlri& each : nlri) {
        state->channel->refuse(each.prefix, each.path_id, kept, why);
      }
    }
  }
}

void BgpProtocol::take_received(const wire::Update& update, const FamilyState& state,
                                policy::RouteAttrs& attrs) const {
  if (state.channel->intent().family == net::Family::ipv4 && update.classic_next_hop) {
    attrs.bgp.next_hop = update.classic_next_hop;
    attrs.bgp.link_local_next_hop.reset();
  }
  attrs.source = intent::RouteSource::bgp;
  attrs.from = *bgp().neighbor;
  attrs.preference = state.channel->preference();
  attrs.recursive.reset();
  attrs.forwarding.destination = policy::Forwarding().destination;
  attrs.forwarding.next_hops.clear();
  attrs.forwarding.igp_metric = 0;
}

std::string BgpProtocol::import_attrs(const FamilyState& state, policy::RouteAttrs& attrs) {
  wire::Attributes& bgp_attrs = attrs.bgp;
  std::string why = import_by_rules(import_rules(), bgp_attrs);
  if (!why.empty()) {
    return why;
  }
  const std::string problem =
      import_next_hop(state, bgp_attrs.next_hop, bgp_attrs.link_local_next_hop, attrs);
  if (!problem.empty()) {
    core_.note(act::NoteLevel::warning, name(), name() + ": Invalid NEXT_HOP attribute - " + problem);
    return "invalid NEXT_HOP: " + problem;
  }
  return "";
}

std::string BgpProtocol::import_next_hop(const FamilyState& state, const std::optional<net::IpAddr>& global,
                                         const std::optional<net::IpAddr>& link_local,
                                         policy::RouteAttrs& attrs) const {
  std::optional<net::IpAddr> gateway = global;
  std::optional<net::IpAddr> link = link_local;
  if (gateway && gateway->is_v6() && gateway->is_link_local()) {
    link = gateway;
    gateway.reset();
  }
  if (gateway && gateway->is_unspecified()) {
    gateway.reset();
  }
  const intent::ChannelIntent& channel = state.channel->intent();
  if (resolves_recursively(bgp(), channel)) {
    if (!gateway) {
      return "zero address";
    }
    std::string table = gateway->is_v4() ? channel.bgp.igp_table4 : channel.bgp.igp_table6;
    if (table.empty()) {
      table =
          gateway->family() == channel.family ? channel.table : (gateway->is_v4() ? "master4" : "master6");
    }
    attrs.recursive = policy::RecursiveNextHop{*gateway, link, table};
    return "";
  }
  if (!gateway && !link) {
    return "zero address";
  }
  const net::IpAddr via = gateway ? *gateway : *link;
  if (core_.interfaces.is_local(via)) {
    return "address " + to_string(via) + " is local";
  }
  const std::optional<IfIndex> only = gateway ? std::nullopt : interface_;
  const auto over = core_.interfaces.neighbour_interface(via, only);
  if (!over) {
    return "address " + to_string(via) + " not directly reachable";
  }
  attrs.forwarding.destination = policy::Destination::unicast;
  attrs.forwarding.next_hops = {policy::NextHop{via, *over, 1, false}};
  attrs.forwarding.igp_metric = channel.bgp.cost;
  return "";
}

void BgpProtocol::on_end_of_rib(wire::AfiSafi afi_safi) {
  FamilyState* state = family(afi_safi);
  if (state == nullptr) {
    return;
  }
  state->end_of_rib_seen = true;
  if (state->stale != FamilyState::Stale::none && !state->refreshing) {
    sweep(*state);
    reschedule();
  }
}

void BgpProtocol::on_refresh(const wire::RouteRefresh& refresh) {
  FamilyState* state = family(refresh.family);
  if (state == nullptr) {
    return;
  }
  switch (refresh.subtype) {
    case 0:
      if (negotiated_ && negotiated_->enhanced_refresh) {
        state->member->begin_refresh_due = true;
        state->member->end_refresh_due = true;
      }
      if (state->group != nullptr) {
        state->group->resend(*state->member);
        core_.groups.schedule(*state->group);
      }
      break;
    case 1:
      state->refreshing = true;
      state->channel->mark_stale();
      break;
    case 2:
      if (state->refreshing) {
        state->refreshing = false;
        state->channel->sweep_stale();
      }
      break;
    default:
      break;  // RFC 7313 §5: other subtypes are ignored
  }
  core_.flush_later(id());
}

}  // namespace catflap::bgp::internal
