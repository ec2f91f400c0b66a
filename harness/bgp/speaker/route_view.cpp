#include "bgp/speaker/route_view.hpp"

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
  for (const auto& [emptied, name] : {std::pair{attrs.as_path && attrs.as_path->empty(), "BGP.as_path"},
                                      std::pair{attrs.emptied.communities, "BGP.community"},
                                      std::pair{attrs.emptied.ext_communities, "BGP.ext_community"},
                                      std::pair{attrs.emptied.large_communities, "BGP.large_community"}}) {
    if (emptied) {
      view.emptied.emplace_back(name);
    }
  }
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

/// Lists without the word and the parentheses that `print` gives them.
std::string plain_text(const intent::Value& value) {
  const std::string text = intent::to_string(value);
  switch (intent::type_of(value)) {
    case intent::ValueType::as_path:
    case intent::ValueType::community_list:
    case intent::ValueType::ext_community_list:
    case intent::ValueType::large_community_list:
      return text.substr(text.find(' ') + 1, text.size() - text.find(' ') - 2);
    default:
      return text;
  }
}

std::string extra_name(const policy::ExtraAttribute& extra) {
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

/// BIRD's order: by weight descending, then by gateway and interface.
std::vector<policy::NextHop> in_order(std::vector<policy::NextHop> hops) {
  std::stable_sort(hops.begin(), hops.end(),
                   [](const policy::NextHop& a, const policy::NextHop& b) { return a.weight > b.weight; });
  return hops;
}

/// As BIRD shows SCOPE_*.
std::string_view scope_name(policy::Scope scope) {
  switch (scope) {
    case policy::Scope::host:
      return "host";
    case policy::Scope::link:
      return "link";
    case policy::Scope::site:
      return "site";
    case policy::Scope::organization:
      return "org";
    case policy::Scope::universe:
      break;
  }
  return "univ";
}

}  // namespace

observe::RouteView view_of(const Core& core, const std::string& table, const net::Prefix& prefix,
                           const rib::Path& path, const policy::RouteAttrs& attrs, bool best) {
  observe::RouteView view;
  view.prefix = prefix;
  view.table = table;
  const policy::Forwarding& forwarding = attrs.recursive ? path.forwarding() : attrs.forwarding;
  view.type = type_of(forwarding.destination);
  const Protocol* source = core.source_of(path);
  view.protocol = source == nullptr ? std::string() : source->name();
  view.source = source_name(attrs.source);
  view.source_detail = scope_name(attrs.scope);
  view.since = path.last_change;
  view.from = attrs.from;
  view.preference = attrs.preference;
  if (attrs.source == intent::RouteSource::bgp && (attrs.recursive || forwarding.igp_metric != 0)) {
    const bool reachable = forwarding.destination == policy::Destination::unicast;
    if ((attrs.recursive && !reachable) || forwarding.igp_metric == policy::kMetricUnknown) {
      view.metric_unknown = true;
      if (!reachable && forwarding.igp_metric != 0) {
        view.metric = forwarding.igp_metric;  // there is a route to it, which leads nowhere
      }
    } else {
      view.metric = forwarding.igp_metric;
    }
  }
  for (const policy::NextHop& hop : in_order(forwarding.next_hops)) {
    view.next_hops.push_back(
        {hop.via, std::string(core.interfaces.name_of(hop.interface)), hop.weight, hop.onlink});
  }
  view.best = best;
  view.filtered = path.flags.filtered || path.flags.unusable;
  view.kernel_refused = path.flags.kernel_refused;
  view.stale = path.flags.stale || path.flags.llgr_stale;
  view.path_id = path.path_id;
  view.bgp = bgp_view(attrs.bgp);
  for (const policy::ExtraAttribute& extra : attrs.extra) {
    view.kernel.emplace_back(extra_name(extra), plain_text(extra.value));
  }
  return view;
}

}  // namespace catflap::bgp::internal
