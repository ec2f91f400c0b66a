#include <algorithm>
#include <utility>

#include "bgp/speaker/bgp_protocol.hpp"

/// What a peer is told: RFC 4271 §5.1 and §9.1.3, RFC 4456, with BIRD's choices where these leave one. What
/// does not depend on next hops is in bgp_rules_export.cpp.
namespace catflap::bgp::internal {

namespace {

const BgpProtocol* as_bgp(const Protocol* protocol) {
  return protocol != nullptr && protocol->kind() == observe::ProtocolKind::bgp
             ? static_cast<const BgpProtocol*>(protocol)
             : nullptr;
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
  return why_not_from(path, brought_by);
}

std::string_view BgpProtocol::why_not_from(const rib::Path& path, const Protocol* brought_by) const {
  const BgpProtocol* source = as_bgp(brought_by);
  const wire::Attributes& attrs = path.attrs->bgp;
  if (source == nullptr) {
    return "";
  }
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
  return export_refused(export_rules(), attrs);
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
    keep = applies(next_hop_keep(bgp(), channel), source) || set_by_filter ||
           (fits(*out.next_hop) && ((interior() && !out.next_hop->is_unspecified()) || same_link));
  }
  if (!keep) {
    const policy::RouteAttrs& attrs = edit.attrs(*path.attrs);
    const policy::Forwarding& forwarding = attrs.recursive ? path.forwarding() : attrs.forwarding;
    const bool one_gateway = forwarding.destination == policy::Destination::unicast &&
                             forwarding.next_hops.size() == 1 && forwarding.next_hops.front().via &&
                             !forwarding.next_hops.front().via->is_link_local();
    // The gateway of a static route, say, may be told where the peer can reach it, too.
    if (!self && one_gateway && fits(*forwarding.next_hops.front().via) &&
        (interior() || (interface_ && forwarding.next_hops.front().interface == *interface_))) {
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
  return fits(*out.next_hop);
}

bool BgpProtocol::export_attrs(const FamilyState& state, const rib::Path& path, const policy::RouteEdit& edit,
                               wire::Attributes& out) const {
  const BgpProtocol* source = as_bgp(core_.source_of(path));
  out = edit.attrs(*path.attrs).bgp;
  out.emptied = {};  // on the wire an empty list is none
  if (!out.origin) {
    out.origin = source != nullptr ? wire::Origin::incomplete : wire::Origin::igp;
  }
  export_by_rules(export_rules(), edit.assigned(intent::RouteAttribute::bgp_med), out);
  if (!export_next_hop(state, path, edit, source, out)) {
    return false;
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
  return true;
}

BlockId BgpProtocol::evaluate(FamilyState& state, const net::Prefix& prefix, const rib::Path& path, bool told,
                              std::size_t standing) {
  const Protocol* source = core_.source_of(path);
  if (!why_not_from(path, source).empty()) {
    return kRejected;
  }
  policy::RouteEdit edit;
  if (!state.channel->run_export_filter(prefix, path, edit)) {
    return kFiltered;
  }
  if (!told && !state.channel->admit_export(standing)) {
    return kRejected;
  }
  const rib::ProtocolId source_id = source == nullptr ? path.protocol : source->id();
  wire::Attributes& attrs = core_.exported;
  if (!export_attrs(state, path, edit, attrs)) {
    return core_.groups.blocks().intern({}, source_id, {});
  }
  Bytes& block = core_.scratch;
  block.clear();
  if (!wire::encode_attribute_block(attrs, wire::unicast(state.channel->intent().family), encode_context(),
                                    block)) {
    core_.note(
        act::NoteLevel::error, name(),
        name() + ": attributes of " + to_string(prefix) + " do not fit a message; it is not announced");
    return core_.groups.blocks().intern({}, source_id, {});
  }
  const bool local_only = attrs.next_hop->is_unspecified() && attrs.link_local_next_hop;
  return core_.groups.blocks().intern(block, source_id,
                                      local_only ? *attrs.link_local_next_hop : *attrs.next_hop);
}

ExportKey BgpProtocol::export_key(const FamilyState& state) const {
  const intent::ChannelIntent& channel = state.channel->intent();
  const wire::AfiSafi family = wire::unicast(channel.family);
  const auto among = [&](const std::vector<wire::AfiSafi>& families) {
    return std::find(families.begin(), families.end(), family) != families.end();
  };
  ExportKey key;
  key.table = &state.channel->table_state();
  key.family = family;
  key.bgp = export_settings(bgp());
  if (bgp().as_override || bgp().remove_private_as != intent::RemovePrivateAs::off) {
    key.bgp.remote_as = negotiated_->remote.asn();  // these rules look at it
  }
  key.filter = channel.export_filter;
  key.channel = channel.bgp;
  key.internal = negotiated_->internal;
  key.as4 = negotiated_->as4;
  key.extended_message = negotiated_->extended_message;
  key.any_next_hop_family = among(negotiated_->extended_next_hop);
  key.all_paths = among(negotiated_->add_path_send);
  key.llgr_aware = negotiated_->remote.capabilities.llgr_aware;
  key.next_hop = state.next_hop;
  key.link_local = state.link_local;
  key.interface = interface_;
  key.cluster_id = cluster_id();
  key.alone = channel.export_limit ? id() : 0;  // how much it was told decides
  return key;
}

void BgpProtocol::refeed(Channel& channel) {
  FamilyState& state = families_.at(wire::unicast(channel.intent().family));
  state.group = core_.groups.join(export_key(state), *state.member, state.group);
}

void BgpProtocol::keep_export(Channel& channel) {
  FamilyState& state = families_.at(wire::unicast(channel.intent().family));
  if (state.group != nullptr) {
    state.group = core_.groups.split_off(*state.group, *state.member);
  }
}

void BgpProtocol::leave_group(FamilyState& state) {
  if (state.group == nullptr) {
    return;
  }
  add(state.channel->export_updates, state.group->updates(*state.member));
  add(state.channel->export_withdraws, state.group->withdraws(*state.member));
  core_.groups.leave(*state.group, *state.member);
  state.group = nullptr;
  state.blocked = false;
}

void BgpProtocol::leave_groups() {
  for (auto& [afi_safi, state] : families_) {
    leave_group(state);
  }
}

/// There may be room, or leave, to send.
void BgpProtocol::wake() {
  for (auto& [afi_safi, state] : families_) {
    if (state.group != nullptr) {
      core_.groups.schedule(*state.group);
    }
  }
}

wire::EncodeContext BgpProtocol::encode_context() const {
  wire::EncodeContext context;
  context.as4 = negotiated_->as4;
  context.extended_message = negotiated_->extended_message;
  context.internal = negotiated_->internal;
  context.send_local_pref = interior() || bgp().allow_bgp_local_pref;
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
}

std::size_t BgpProtocol::Member::room() const {
  const auto connection = owner_.connections_.find(owner_.conn_);
  return connection == owner_.connections_.end() ? 0 : connection->second.bytes_free;
}

void BgpProtocol::Member::send(std::shared_ptr<const Bytes> bytes, std::uint64_t updates) {
  owner_.updates_out_ += updates;
  owner_.peer_->sent(owner_.core_.now);
  owner_.send(owner_.conn_, std::move(bytes));
  owner_.reschedule();
}

void BgpProtocol::Member::blocked(bool waits) {
  if (state_.blocked == waits || owner_.peer_ == nullptr) {
    return;
  }
  state_.blocked = waits;
  const bool any = std::any_of(owner_.families_.begin(), owner_.families_.end(),
                               [](const auto& entry) { return entry.second.blocked; });
  owner_.peer_->set_send_blocked(owner_.core_.now, any);
  owner_.reschedule();
}

}  // namespace catflap::bgp::internal
