#include "observe/json.hpp"

#include "observe/json_codec.hpp"

namespace catflap::observe {
namespace codec {

// One list of fields per view serves both directions: `F` is a FieldWriter with a const view, or a
// FieldReader.

template <class F, class V>
concept Fields = requires(F& f, V& v) {
  visit_fields(f, v);
};

template <class V, class View>
concept Same = std::is_same_v<std::remove_const_t<V>, View>;

template <class F, Same<Provenance> V>
void visit_fields(F& f, V& v) {
  f("source", v.source);
  f("at_ns", v.at);
}
template <class F, Same<ChangeCounters> V>
void visit_fields(F& f, V& v) {
  f("received", v.received);
  f("rejected", v.rejected);
  f("filtered", v.filtered);
  f("ignored", v.ignored);
  f("accepted", v.accepted);
}
template <class F, Same<ChannelView::LimitView> V>
void visit_fields(F& f, V& v) {
  f("direction", v.direction);
  f("routes", v.routes);
  f("action", v.action);
  f("hit", v.hit);
}
template <class F, Same<ChannelView> V>
void visit_fields(F& f, V& v) {
  f.always("name", v.name);
  f.always("family", v.family);
  f("table", v.table);
  f.always("up", v.up);
  f("state", v.state);
  f("preference", v.preference);
  f("import_filter", v.import_filter);
  f("export_filter", v.export_filter);
  f("imported", v.imported);
  f("filtered", v.filtered);
  f("exported", v.exported);
  f("preferred", v.preferred);
  f("keeps_filtered", v.keeps_filtered);
  f("import_updates", v.import_updates);
  f("import_withdraws", v.import_withdraws);
  f("export_updates", v.export_updates);
  f("export_withdraws", v.export_withdraws);
  f("limits", v.limits);
  f("bgp_next_hop", v.bgp_next_hop);
  f("bgp_next_hop_link_local", v.bgp_next_hop_link_local);
  f("igp_table", v.igp_table);
  f("peer_table", v.peer_table);
  f("gr_recovery", v.gr_recovery);
  f("neighbor_gr", v.neighbor_gr);
}
template <class F, Same<CapabilitiesView> V>
void visit_fields(F& f, V& v) {
  f("families", v.families);
  f("route_refresh", v.route_refresh);
  f("enhanced_refresh", v.enhanced_refresh);
  f("as4", v.as4);
  f("extended_message", v.extended_message);
  f("llgr", v.llgr);
  f("restart_time_s", v.restart_time_s);
  f("restarting", v.restarting);
  f("gr_families", v.gr_families);
  f("gr_preserved", v.gr_preserved);
  f("add_path_rx", v.add_path_rx);
  f("add_path_tx", v.add_path_tx);
  f("extended_next_hop", v.extended_next_hop);
  f("llgr_stale_time_s", v.llgr_stale_time_s);
  f("llgr_families", v.llgr_families);
  f("llgr_preserved", v.llgr_preserved);
  f("role", v.role);
  f("host_name", v.host_name);
  f("software_version", v.software_version);
  f("restart_notification", v.restart_notification);
  f("old_route_refresh", v.old_route_refresh);
  f("paths_limit", v.paths_limit);
}
template <class F, Same<TimerView> V>
void visit_fields(F& f, V& v) {
  f("left_ns", v.left);
  f("total_ns", v.total);
}
template <class F, Same<SessionView::NotificationView> V>
void visit_fields(F& f, V& v) {
  f("received", v.received);
  f("code", v.code);
  f("subcode", v.subcode);
  f("text", v.text);
  f("at_ns", v.at);
}
template <class F, Same<MalformedCount> V>
void visit_fields(F& f, V& v) {
  f.always("attribute", v.attribute);
  f("name", v.name);
  f.always("action", v.action);
  f("count", v.count);
}
template <class F, Same<MalformedMessage::Error> V>
void visit_fields(F& f, V& v) {
  f.always("attribute", v.attribute);
  f("name", v.name);
  f.always("action", v.action);
  f("code", v.code);
  f("subcode", v.subcode);
  f("what", v.what);
  f("attribute_hex", v.attribute_hex);
}
template <class F, Same<MalformedMessage> V>
void visit_fields(F& f, V& v) {
  f("at_ns", v.at);
  f("number", v.number);
  f("errors", v.errors);
  f("hex", v.hex);
}
template <class F, Same<MalformedView> V>
void visit_fields(F& f, V& v) {
  f.always("protocol", v.protocol);
  f.always("peer", v.peer);
  f("total", v.total);
  f("counts", v.counts);
  f("messages", v.messages);
}
template <class F, Same<SessionView> V>
void visit_fields(F& f, V& v) {
  f.always("state", v.state);
  f.always("peer", v.peer);
  f("peer_interface", v.peer_interface);
  f("peer_as", v.peer_as);
  f("local_as", v.local_as);
  f.template text<IdentifierText>("peer_id", v.peer_id);
  f("source_address", v.source_address);
  f("local_capabilities", v.local_capabilities);
  f("peer_capabilities", v.peer_capabilities);
  f("session_flags", v.session_flags);
  f("hold_timer", v.hold_timer);
  f("keepalive_timer", v.keepalive_timer);
  f("connect_delay", v.connect_delay);
  f("restart_timer", v.restart_timer);
  f("error_wait", v.error_wait);
  f("graceful_restart_active", v.graceful_restart_active);
  f("last_error", v.last_error);
  f("message", v.message);
  f("last_notification", v.last_notification);
  f("messages_in", v.messages_in);
  f("messages_out", v.messages_out);
  f("updates_in", v.updates_in);
  f("updates_out", v.updates_out);
  f("flaps", v.flaps);
  f("connect_attempts", v.connect_attempts);
  f("malformed", v.malformed);
}
template <class F, Same<BfdSessionView> V>
void visit_fields(F& f, V& v) {
  f.always("peer", v.peer);
  f("local", v.local);
  f("interface", v.interface);
  f("multihop", v.multihop);
  f.always("state", v.state);
  f("since_ns", v.since);
  f("interval", v.interval);
  f("timeout", v.timeout);
  f("local_discriminator", v.local_discriminator);
  f("remote_discriminator", v.remote_discriminator);
  f("diagnostic", v.diagnostic);
  f("remote_state", v.remote_state);
  f("remote_diagnostic", v.remote_diagnostic);
  f("requested_by", v.requested_by);
  f("packets_in", v.packets_in);
  f("packets_out", v.packets_out);
}
template <class F, Same<ProtocolView> V>
void visit_fields(F& f, V& v) {
  f.always("name", v.name);
  f.always("kind", v.kind);
  f("table", v.table);
  f.always("state", v.state);
  f("since_ns", v.since);
  f("info", v.info);
  f("description", v.description);
  f("channels", v.channels);
  f("session", v.session);
  f("bfd_sessions", v.bfd_sessions);
}
template <class F, Same<NextHopView> V>
void visit_fields(F& f, V& v) {
  f("via", v.via);
  f("interface", v.interface);
  f.always("weight", v.weight);
  f("onlink", v.onlink);
}
template <class F, Same<BgpAttributesView> V>
void visit_fields(F& f, V& v) {
  f("origin", v.origin);
  f("as_path", v.as_path);
  f("next_hop", v.next_hop);
  f("med", v.med);
  f("local_pref", v.local_pref);
  f("atomic_aggregate", v.atomic_aggregate);
  f("aggregator", v.aggregator);
  f.template text<CommunityText>("communities", v.communities);
  f.template text<ExtCommunityText>("ext_communities", v.ext_communities);
  f("large_communities", v.large_communities);
  f("emptied", v.emptied);
  f.template text<IdentifierText>("originator_id", v.originator_id);
  f.template text<IdentifierText>("cluster_list", v.cluster_list);
  f("otc", v.otc);
  f("other", v.other);
}
template <class F, Same<RouteView> V>
void visit_fields(F& f, V& v) {
  f.always("prefix", v.prefix);
  f("table", v.table);
  f.always("type", v.type);
  f("protocol", v.protocol);
  f("source", v.source);
  f("source_detail", v.source_detail);
  f("since_ns", v.since);
  f("from", v.from);
  f("preference", v.preference);
  f("metric", v.metric);
  f("metric_unknown", v.metric_unknown);
  f("next_hops", v.next_hops);
  f("best", v.best);
  f("filtered", v.filtered);
  f("kernel_refused", v.kernel_refused);
  f("stale", v.stale);
  f("suppressed", v.suppressed);
  f("path_id", v.path_id);
  f("bgp", v.bgp);
  f("kernel", v.kernel);
}
template <class F, Same<ProcessView> V>
void visit_fields(F& f, V& v) {
  f.always("running", v.running);
  f("pid", v.pid);
  f("exit_code", v.exit_code);
  f("signal", v.signal);
  f("log_tail", v.log_tail);
}
template <class F, Same<LinkView> V>
void visit_fields(F& f, V& v) {
  f.always("name", v.name);
  f("index", v.index);
  f.always("up", v.up);
  f("carrier", v.carrier);
  f("addresses", v.addresses);
}
template <class F, Same<Snapshot> V>
void visit_fields(F& f, V& v) {
  f("router_id", v.router_id);
  f("protocols", v.protocols);
  f("routes", v.routes);
  f("from", v.from);
}

template <class V>
requires Fields<FieldWriter, const V>
struct Value<V> {
  static Json encode(const V& view) {
    FieldWriter writer;
    visit_fields(writer, view);
    return writer.take();
  }
  static bool decode(const Json& json, V& view) {
    FieldReader reader(json);
    visit_fields(reader, view);
    return reader.wrong().empty();
  }
};

template <class V>
Result<V> decode_view(const Json& json, std::string_view what) {
  V view;
  FieldReader reader(json);
  visit_fields(reader, view);
  if (!reader.wrong().empty()) {
    return fail(Errc::protocol, fmt::format("{}: '{}' is wrong", what, reader.wrong()));
  }
  return view;
}

}  // namespace codec

nlohmann::json to_json_value(const SessionView& session) {
  return codec::Value<SessionView>::encode(session);
}
nlohmann::json to_json_value(const ChannelView& channel) {
  return codec::Value<ChannelView>::encode(channel);
}
nlohmann::json to_json_value(const ProtocolView& protocol) {
  return codec::Value<ProtocolView>::encode(protocol);
}
nlohmann::json to_json_value(const RouteView& route) {
  return codec::Value<RouteView>::encode(route);
}
nlohmann::json to_json_value(const ProcessView& process) {
  return codec::Value<ProcessView>::encode(process);
}
nlohmann::json to_json_value(const LinkView& link) {
  return codec::Value<LinkView>::encode(link);
}
nlohmann::json to_json_value(const MalformedView& malformed) {
  return codec::Value<MalformedView>::encode(malformed);
}
nlohmann::json to_json_value(const BfdSessionView& session) {
  return codec::Value<BfdSessionView>::encode(session);
}
nlohmann::json to_json_value(const Snapshot& snapshot) {
  return codec::Value<Snapshot>::encode(snapshot);
}

Result<SessionView> session_from_json(const nlohmann::json& value) {
  return codec::decode_view<SessionView>(value, "session");
}
Result<ProtocolView> protocol_from_json(const nlohmann::json& value) {
  return codec::decode_view<ProtocolView>(value, "protocol");
}
Result<RouteView> route_from_json(const nlohmann::json& value) {
  return codec::decode_view<RouteView>(value, "route");
}
Result<ProcessView> process_from_json(const nlohmann::json& value) {
  return codec::decode_view<ProcessView>(value, "process");
}
Result<LinkView> link_from_json(const nlohmann::json& value) {
  return codec::decode_view<LinkView>(value, "link");
}
Result<MalformedView> malformed_from_json(const nlohmann::json& value) {
  return codec::decode_view<MalformedView>(value, "malformed");
}
Result<Snapshot> snapshot_from_json(const nlohmann::json& value) {
  return codec::decode_view<Snapshot>(value, "snapshot");
}

}  // namespace catflap::observe
