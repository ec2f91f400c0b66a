#include "bgp/speaker/routes_query.hpp"

#include <algorithm>

#include "bgp/speaker/protocol.hpp"

namespace catflap::bgp::internal {

namespace {

std::string source_name(intent::RouteSource source) {
  using intent::RouteSource;
  switch (source) {
    case RouteSource::static_:
      return "static";
    case RouteSource::inherit:
      return "inherit";
    case RouteSource::device:
      return "device";
    case RouteSource::static_device:
      return "static-device";
    case RouteSource::bgp:
      return "BGP";
    case RouteSource::pipe:
      return "pipe";
    case RouteSource::dummy:
    case RouteSource::redirect:
    case RouteSource::rip:
    case RouteSource::ospf:
    case RouteSource::ospf_ia:
    case RouteSource::ospf_ext1:
    case RouteSource::ospf_ext2:
    case RouteSource::babel:
    case RouteSource::rpki:
    case RouteSource::perf:
    case RouteSource::aggregated:
      return "dummy";
  }
  return "dummy";
}

observe::RouteType type_of(policy::Destination destination) {
  switch (destination) {
    case policy::Destination::unicast:
      return observe::RouteType::unicast;
    case policy::Destination::blackhole:
      return observe::RouteType::blackhole;
    case policy::Destination::prohibit:
      return observe::RouteType::prohibit;
    case policy::Destination::none:
    case policy::Destination::unreachable:
      return observe::RouteType::unreachable;
  }
  return observe::RouteType::unreachable;
}

std::optional<observe::BgpAttributesView> bgp_view(const wire::Attributes& attrs) {
  if (attrs == wire::Attributes{}) {
    return std::nullopt;
  }
  observe::BgpAttributesView view;
  if (attrs.origin) {
    static constexpr const char* kNames[] = {"IGP", "EGP", "Incomplete"};
    view.origin = kNames[static_cast<std::size_t>(*attrs.origin) % 3];
  }
  view.as_path = attrs.as_path.value_or(net::AsPath{});
  if (attrs.next_hop) {
    view.next_hop.push_back(*attrs.next_hop);
  }
  if (attrs.link_local_next_hop) {
    view.next_hop.push_back(*attrs.link_local_next_hop);
  }
  view.med = attrs.med;
  view.local_pref = attrs.local_pref;
  view.atomic_aggregate = attrs.atomic_aggregate;
  if (attrs.aggregator) {
    view.aggregator =
        net::router_id_to_string(attrs.aggregator->address) + " AS" + std::to_string(attrs.aggregator->asn);
  }
  view.communities = attrs.communities;
  view.ext_communities = attrs.ext_communities;
  view.large_communities = attrs.large_communities;
  view.originator_id = attrs.originator_id;
  view.cluster_list = attrs.cluster_list;
  view.otc = attrs.otc;
  for (const wire::UnknownAttribute& unknown : attrs.unknown) {
    std::string text;
    for (const std::uint8_t octet : unknown.value) {
      const std::byte raw[] = {static_cast<std::byte>(octet)};
      text += (text.empty() ? "" : " ") + to_hex(raw);
    }
    constexpr char kDigits[] = "0123456789abcdef";
    std::string label = "BGP.";
    label += kDigits[unknown.type >> 4U];
    label += kDigits[unknown.type & 15U];
    view.other.emplace_back(label, text);
  }
  return view;
}

class Query {
 public:
  Query(const Core& core, const RouteQuery& query,
        const std::function<bool(const observe::RouteView&)>& visit)
      : core_(core), query_(query), visit_(visit) {}

  /// False when the visitor wants no more.
  bool table(const rib::Table& table, const Channel* exporter) {
    table_ = &table;
    exporter_ = exporter;
    if (query_.exact) {
      return entry(*query_.exact, table.find(*query_.exact));
    }
    if (query_.longest_match_for) {
      net::Prefix matched;
      const rib::Entry* found = table.longest_cover(*query_.longest_match_for, &matched);
      return entry(matched, found);
    }
    for (std::optional<net::Prefix> at = first(table); at; at = table.next(*at)) {
      if (query_.within && !query_.within->covers(*at)) {
        break;  // in prefix order what is inside another prefix stands together
      }
      if (!entry(*at, table.find(*at))) {
        return false;
      }
    }
    return true;
  }

 private:
  std::optional<net::Prefix> first(const rib::Table& table) const {
    if (query_.within && query_.within->family() != table.family()) {
      return std::nullopt;
    }
    if (query_.after) {
      return table.next(*query_.after);
    }
    if (!query_.within) {
      return table.first();
    }
    return table.find(*query_.within) != nullptr ? query_.within : table.next(*query_.within);
  }

  bool entry(const net::Prefix& prefix, const rib::Entry* found) {
    if (found == nullptr) {
      return true;
    }
    core_.pool.trim();
    const rib::Path* best = found->best();
    // BIRD's order: the best route first.
    if (best != nullptr && !path(prefix, *best, true)) {
      return false;
    }
    for (const rib::Path& other : found->paths()) {
      if (&other != best && !path(prefix, other, false)) {
        return false;
      }
    }
    return true;
  }

  bool path(const net::Prefix& prefix, const rib::Path& path, bool best) {
    if (path.flags.filtered != query_.filtered || (query_.primary && !best)) {
      return true;
    }
    const Protocol* source = core_.source_of(path);
    const std::string name = source == nullptr ? std::string() : source->name();
    if (!query_.protocol.empty() && name != query_.protocol) {
      return true;
    }
    if (exporter_ != nullptr && (!best || !exports(prefix, path))) {
      return true;
    }
    policy::RouteEdit edit;
    if (query_.filter != nullptr) {
      const policy::RouteRef ref{prefix, *path.attrs, path.resolved(), name};
      if (!policy::apply(*query_.filter, ref, edit, core_.environment()).accepted) {
        return true;
      }
    }
    return visit_(view(prefix, path, edit.attrs(*path.attrs), best, name));
  }

  bool exports(const net::Prefix& prefix, const rib::Path& path) const {
    const Channel::ExportVerdict verdict = exporter_->would_export(prefix, path);
    switch (query_.export_mode) {
      case RouteQuery::Export::none:
        return true;
      case RouteQuery::Export::exported:
        return verdict == Channel::ExportVerdict::accepted;
      case RouteQuery::Export::preexport:
        return verdict != Channel::ExportVerdict::rejected;
      case RouteQuery::Export::noexport:
        // BIRD leaves out what the protocol itself had brought.
        return verdict == Channel::ExportVerdict::filtered ||
               (verdict == Channel::ExportVerdict::rejected && path.protocol != exporter_->protocol().id());
    }
    return true;
  }

  observe::RouteView view(const net::Prefix& prefix, const rib::Path& path, const policy::RouteAttrs& attrs,
                          bool best, const std::string& protocol) const {
    observe::RouteView view;
    view.prefix = prefix;
    view.table = table_->name();
    const policy::Forwarding& forwarding = attrs.recursive ? path.forwarding() : attrs.forwarding;
    view.type = type_of(forwarding.destination);
    view.protocol = protocol;
    view.source = source_name(attrs.source);
    view.source_detail = "univ";
    view.since = path.last_change;
    view.from = attrs.from;
    view.preference = attrs.preference;
    if (attrs.source == intent::RouteSource::bgp) {
      if (attrs.recursive && forwarding.destination != policy::Destination::unicast) {
        view.metric_unknown = true;
      } else if (forwarding.igp_metric == policy::kMetricUnknown) {
        view.metric_unknown = true;
      } else if (forwarding.igp_metric != 0) {
        view.metric = forwarding.igp_metric;
      }
    }
    for (const policy::NextHop& hop : forwarding.next_hops) {
      view.next_hops.push_back(
          {hop.via, std::string(core_.interfaces.name_of(hop.interface)), hop.weight, hop.onlink});
    }
    view.best = best;
    view.filtered = path.flags.filtered;
    view.kernel_refused = path.flags.kernel_refused;
    view.stale = path.flags.stale || path.flags.llgr_stale;
    view.path_id = path.path_id;
    view.bgp = bgp_view(attrs.bgp);
    for (const policy::ExtraAttribute& extra : attrs.extra) {
      view.kernel.emplace_back(extra_name(extra), intent::to_string(extra.value));
    }
    return view;
  }

  static std::string extra_name(const policy::ExtraAttribute& extra) {
    using intent::RouteAttribute;
    switch (extra.attribute) {
      case RouteAttribute::krt_source:
        return "Kernel.source";
      case RouteAttribute::krt_metric:
        return "Kernel.metric";
      case RouteAttribute::krt_prefsrc:
        return "Kernel.prefsrc";
      case RouteAttribute::krt_realm:
        return "Kernel.realm";
      case RouteAttribute::krt_scope:
        return "Kernel.scope";
      case RouteAttribute::krt_mtu:
        return "Kernel.mtu";
      default:  // the few others have no name of their own in BIRD's output
        return extra.name.empty() ? std::string("igp_metric") : extra.name;
    }
  }

  const Core& core_;
  const RouteQuery& query_;
  const std::function<bool(const observe::RouteView&)>& visit_;
  const rib::Table* table_ = nullptr;
  const Channel* exporter_ = nullptr;
};

}  // namespace

Status query_routes(const Core& core, const std::vector<Protocol*>& protocols, const RouteQuery& query,
                    const std::function<bool(const observe::RouteView&)>& visit) {
  const auto find = [&](const std::string& name) -> const Protocol* {
    const auto it = std::find_if(protocols.begin(), protocols.end(),
                                 [&](const Protocol* p) { return p->name() == name; });
    return it == protocols.end() ? nullptr : *it;
  };
  if (!query.protocol.empty() && find(query.protocol) == nullptr) {
    return fail(Errc::not_found, query.protocol + " is not a protocol");
  }
  for (const std::string& name : query.tables) {
    if (core.tables.count(name) == 0) {
      return fail(Errc::not_found, name + " is not a table");
    }
  }
  Query walk(core, query, visit);
  if (query.export_mode != RouteQuery::Export::none) {
    const Protocol* exporter = find(query.export_protocol);
    if (exporter == nullptr) {
      return fail(Errc::not_found, query.export_protocol + " is not a protocol");
    }
    bool any = false;
    for (const auto& channel : exporter->channels()) {
      const bool asked = query.tables.empty() || std::find(query.tables.begin(), query.tables.end(),
                                                           channel->intent().table) != query.tables.end();
      if (channel->state() == Channel::State::up && asked) {
        any = true;
        if (!walk.table(channel->table(), channel.get())) {
          return {};
        }
      }
    }
    return any ? Status{} : Status(fail(Errc::not_found, "No valid tables"));
  }
  std::vector<std::string> names = query.tables;
  if (names.empty() && core.intent != nullptr) {
    for (const intent::TableIntent& table : core.intent->tables) {
      names.push_back(table.name);
    }
  }
  for (const std::string& name : names) {
    if (!walk.table(core.tables.at(name)->table, nullptr)) {
      break;
    }
  }
  return {};
}

}  // namespace catflap::bgp::internal
