#include <algorithm>
#include <utility>

#include "bgp/speaker/bgp_protocol.hpp"

/// What a peer is told: RFC 4271 §5.1 and §9.1.3, RFC 1997, RFC 4456, with BIRD's choices where these leave
/// one.
namespace catflap::bgp::internal {

namespace {

const BgpProtocol* as_bgp(const Protocol* protocol) {
  return protocol != nullptr && protocol->kind() == observe::ProtocolKind::bgp
             ? static_cast<const BgpProtocol*>(protocol)
             : nullptr;
}

bool has(const std::vector<net::Community>& communities, net::Community community) {
  return std::find(communities.begin(), communities.end(), community) != communities.end();
}

bool applies(intent::NextHopSelf setting, const BgpProtocol* source) {
  switch (setting) {
    case intent::NextHopSelf::off:
      return false;
    case intent::NextHopSelf::on:
      return true;
    case intent::NextHopSelf::ibgp:
      return source != nullptr && source->internal();
    case intent::NextHopSelf::ebgp:
      return source != nullptr && !source->internal();
  }
  return false;
}

}  // namespace

std::string_view BgpProtocol::why_not(const Channel&, const rib::Path& path) const {
  const Protocol* brought_by = core_.source_of(path);
  if (brought_by == this || path.protocol == id()) {
    return "split horizon: this peer brought it";
  }
  const BgpProtocol* source = as_bgp(brought_by);
  if (source == nullptr) {
    return "";
  }
  const wire::Attributes& attrs = path.attrs->bgp;
  if (internal() && source->internal() && bgp().local_as == source->bgp().local_as) {
    if (!bgp().rr_client && !source->bgp().rr_client) {
      return "from an internal peer to another, and neither is a reflector client (rr client)";  // RFC 4271
                                                                                                 // §9.2
    }
    const std::uint32_t cluster = cluster_id();
    if (cluster != 0 && std::find(attrs.cluster_list.begin(), attrs.cluster_list.end(), cluster) !=
                            attrs.cluster_list.end()) {
      return "our cluster is in its CLUSTER_LIST";
    }
  }
  if (!bgp().interpret_communities || attrs.communities.empty()) {
    return "";
  }
  if (has(attrs.communities, net::kNoAdvertise)) {
    return "community no-advertise";
  }
  if (!internal() &&
      (has(attrs.communities, net::kNoExport) || has(attrs.communities, net::kNoExportSubconfed))) {
    return "community no-export";
  }
  const bool llgr_aware = negotiated_ && negotiated_->remote.capabilities.llgr_aware;
  return llgr_aware || !has(attrs.communities, net::kLlgrStale)
             ? ""
             : "community llgr-stale, and the peer knows nothing of long-lived graceful restart";
}

bool BgpProtocol::export_next_hop(const FamilyState& state, const rib::Path& path,
                                  const policy::RouteEdit& edit, const BgpProtocol* source,
                                  wire::Attributes& out) const {
  const intent::ChannelIntent& channel = state.channel->intent();
  const auto& extended = negotiated_->extended_next_hop;
  const bool any_family =
      std::find(extended.begin(), extended.end(), wire::unicast(channel.family)) != extended.end();
  const auto fits = [&](const net::IpAddr& addr) { return any_family || addr.family() == channel.family; };
  const bool self = applies(channel.bgp.next_hop_self, source);
  const bool set_by_filter = edit.assigned(intent::RouteAttribute::bgp_next_hop);
  bool keep = false;
  if (out.next_hop && !self) {
    const bool same_link = interface_ && source != nullptr && source->direct_interface() == interface_;
    keep = applies(channel.bgp.next_hop_keep, source) || set_by_filter ||
           (fits(*out.next_hop) && ((internal() && !out.next_hop->is_unspecified()) || same_link));
  }
  if (!keep) {
    const policy::RouteAttrs& attrs = edit.attrs(*path.attrs);
    const policy::Forwarding& forwarding = attrs.recursive ? path.forwarding() : attrs.forwarding;
    const bool one_gateway = forwarding.destination == policy::Destination::unicast &&
                             forwarding.next_hops.size() == 1 && forwarding.next_hops.front().via &&
                             !forwarding.next_hops.front().via->is_link_local();
    // The gateway of a static route, say, may be told where the peer can reach it, too.
    if (!self && one_gateway && fits(*forwarding.next_hops.front().via) &&
        (internal() || (interface_ && forwarding.next_hops.front().interface == *interface_))) {
      out.next_hop = forwarding.next_hops.front().via;
      out.link_local_next_hop.reset();
    } else {
      out.next_hop = state.next_hop;
      out.link_local_next_hop = state.link_local;
    }
  }
  if (!out.next_hop || (out.next_hop->is_unspecified() && !out.link_local_next_hop)) {
    return false;
  }
  if (*out.next_hop == *bgp().neighbor || out.link_local_next_hop == *bgp().neighbor) {
    return false;  // the peer itself is the next hop
  }
  return fits(*out.next_hop);
}

std::optional<wire::Attributes> BgpProtocol::export_attrs(const FamilyState& state, const rib::Path& path,
                                                          const policy::RouteEdit& edit) const {
  const BgpProtocol* source = as_bgp(core_.source_of(path));
  wire::Attributes out = edit.attrs(*path.attrs).bgp;
  if (!out.origin) {
    out.origin = source != nullptr ? wire::Origin::incomplete : wire::Origin::igp;
  }
  if (!out.as_path) {
    out.as_path.emplace();
  }
  if (!internal()) {
    // Confederation segments stay inside (RFC 5065 §5.3).
    auto& segments = out.as_path->segments;
    segments.erase(std::remove_if(segments.begin(), segments.end(),
                                  [](const net::AsSegment& segment) {
                                    return segment.type == net::AsSegmentType::confed_sequence ||
                                           segment.type == net::AsSegmentType::confed_set;
                                  }),
                   segments.end());
    if (!bgp().rs_client) {
      out.as_path->prepend(bgp().local_as);
      // RFC 4271 §5.1.4: the MED of another AS is not told on, unless the export filter says so.
      const bool set_by_filter = edit.assigned(intent::RouteAttribute::bgp_med);
      if (!set_by_filter && !bgp().allow_bgp_med) {
        out.med.reset();
      }
    }
    if (!bgp().allow_bgp_local_pref) {
      out.local_pref.reset();
    }
    out.originator_id.reset();
    out.cluster_list.clear();
  } else if (!out.local_pref) {
    out.local_pref = bgp().default_local_pref;
  }
  if (!export_next_hop(state, path, edit, source, out)) {
    return std::nullopt;
  }
  if (source != nullptr && source->internal() && internal() && source->bgp().local_as == bgp().local_as) {
    if (!out.originator_id) {
      out.originator_id = source->remote_id();
    }
    const std::uint32_t from_cluster = source->cluster_id();
    const std::uint32_t to_cluster = cluster_id();
    if (from_cluster != 0) {
      out.cluster_list.insert(out.cluster_list.begin(), from_cluster);
    }
    if (to_cluster != 0 && to_cluster != from_cluster) {
      out.cluster_list.insert(out.cluster_list.begin(), to_cluster);
    }
  }
  for (wire::UnknownAttribute& unknown : out.unknown) {
    constexpr std::uint8_t kPartial = 0x20;  // RFC 4271 §5: passed on by one who does not know it
    unknown.flags |= kPartial;
  }
  return out;
}

void BgpProtocol::route_changed(Channel& channel, const rib::Change& change) {
  const auto it = families_.find(wire::unicast(channel.intent().family));
  Outbox& outbox = it->second.outbox;
  // What the walk over the table has not reached yet, it will see anyway.
  if (outbox.feeding && change.entry != nullptr) {
    return;
  }
  if (change.best_changed || (negotiated_ && !negotiated_->add_path_send.empty())) {
    outbox.dirty.insert(change.prefix);
    core_.flush_later(id());
  }
}

void BgpProtocol::refeed(Channel& channel) {
  Outbox& outbox = families_[wire::unicast(channel.intent().family)].outbox;
  outbox.feeding = true;
  core_.flush_later(id());
}

void BgpProtocol::evaluate(FamilyState& state, const net::Prefix& prefix) {
  Channel& channel = *state.channel;
  Outbox& outbox = state.outbox;
  const wire::AfiSafi afi_safi = wire::unicast(channel.intent().family);
  const auto& add_path = negotiated_->add_path_send;
  const bool all_paths = std::find(add_path.begin(), add_path.end(), afi_safi) != add_path.end();
  const rib::Entry* entry = channel.table().find(prefix);
  std::vector<std::uint32_t> gone = outbox.path_ids(prefix);
  const auto tell = [&](const rib::Path& path, std::uint32_t path_id) {
    ++channel.export_updates.received;
    policy::RouteEdit edit;
    if (!channel.filter_out(prefix, path, edit)) {
      return;
    }
    auto attrs = export_attrs(state, path, edit);
    const bool known = outbox.find(prefix, path_id) != nullptr;
    if (!attrs || (!known && !channel.admit_export())) {
      ++channel.export_updates.rejected;
      return;
    }
    policy::RouteAttrs out;
    out.bgp = std::move(*attrs);
    gone.erase(std::remove(gone.begin(), gone.end(), path_id), gone.end());
    if (outbox.announce({prefix, path_id}, core_.pool.intern(std::move(out)))) {
      ++channel.export_updates.accepted;
      channel.exported = outbox.size();
    }
  };
  if (entry != nullptr && all_paths) {
    for (const rib::Path& path : entry->paths()) {
      if (!path.flags.filtered && !path.flags.unusable) {
        tell(path, core_.path_number(path));
      }
    }
  } else if (entry != nullptr && entry->best() != nullptr) {
    tell(*entry->best(), 0);
  }
  if (entry == nullptr || entry->best() == nullptr) {
    ++channel.export_withdraws.received;
  }
  for (const std::uint32_t path_id : gone) {
    if (outbox.withdraw({prefix, path_id})) {
      ++channel.export_withdraws.accepted;
    }
  }
  channel.exported = outbox.size();
}

void BgpProtocol::feed(FamilyState& state) {
  Outbox& outbox = state.outbox;
  if (outbox.feeding) {
    // Prefixes that the peer has and the table lost are among the dirty ones; here is what there is.
    outbox.feeding = false;
    state.channel->table().for_each(
        [&](const net::Prefix& prefix, const rib::Entry&) { evaluate(state, prefix); });
  }
  while (!outbox.dirty.empty()) {
    const net::Prefix prefix = *outbox.dirty.begin();
    outbox.dirty.erase(outbox.dirty.begin());
    evaluate(state, prefix);
  }
}

wire::EncodeContext BgpProtocol::encode_context() const {
  wire::EncodeContext context;
  context.as4 = negotiated_->as4;
  context.extended_message = negotiated_->extended_message;
  context.internal = negotiated_->internal;
  context.add_path = negotiated_->add_path_send;
  context.extended_next_hop = negotiated_->extended_next_hop;
  return context;
}

void BgpProtocol::flush() {
  obey_limit();
  if (rebuild_ && peer_ != nullptr && state() == observe::ProtocolState::start && connections_.empty()) {
    peer_.reset();
    try_begin();
    return;
  }
  if (conn_ != 0 && may_export()) {
    send_pending();
  }
}

void BgpProtocol::send_pending() {
  const auto connection = connections_.find(conn_);
  if (connection == connections_.end()) {
    return;
  }
  constexpr std::size_t kChunkOctets = 256U * 1024U;  // of one TcpSend
  const wire::EncodeContext context = encode_context();
  ByteSink sink;
  const auto room = [&] { return connection->second.bytes_free > sink.size(); };
  const auto ship = [&] {
    if (sink.size() > 0) {
      peer_->sent(core_.now);
      send(conn_, std::make_shared<const Bytes>(std::exchange(sink, ByteSink{}).release()));
    }
  };
  bool blocked = false;
  for (auto& [afi_safi, state] : families_) {
    Outbox& outbox = state.outbox;
    if (state.channel->state() != Channel::State::up) {
      continue;
    }
    if (outbox.begin_refresh_due && room()) {
      wire::encode(wire::RouteRefresh{afi_safi, 1}, context, sink);
      outbox.begin_refresh_due = false;
    }
    // Looked at only when all of the last round is out: what changes meanwhile is told once, as it is then.
    if (!outbox.pending()) {
      feed(state);
    }
    std::vector<wire::Nlri> refused;
    while (outbox.pending() && room()) {
      if (!outbox.next_message(afi_safi, context, sink, &refused)) {
        break;
      }
      ++updates_out_;
      if (sink.size() >= kChunkOctets) {
        ship();
      }
    }
    for (const wire::Nlri& nlri : refused) {
      core_.note(act::NoteLevel::error, name(),
                 name() + ": attributes of " + to_string(nlri.prefix) +
                     " do not fit a message; it is not announced");
      outbox.withdraw(nlri);
    }
    if (outbox.pending() || !outbox.dirty.empty() || outbox.feeding) {
      blocked = blocked || !room();
      if (room()) {
        core_.flush_later(id());
      }
      continue;
    }
    if (outbox.end_refresh_due && room()) {
      wire::encode(wire::RouteRefresh{afi_safi, 2}, context, sink);
      outbox.end_refresh_due = false;
    }
    if (outbox.end_of_rib_due && room()) {
      wire::encode_end_of_rib(afi_safi, sink);
      outbox.end_of_rib_due = false;
    }
    blocked = blocked || outbox.end_refresh_due || outbox.end_of_rib_due;
  }
  ship();
  peer_->set_send_blocked(core_.now, blocked);
  reschedule();
}

}  // namespace catflap::bgp::internal
