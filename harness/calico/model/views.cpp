#include "calico/model/views.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "calico/model/kind.hpp"

namespace catflap::calico {

namespace {

const FieldInfo* find_field(const StructInfo& info, std::string_view name) {
  const auto found = std::find_if(info.fields.begin(), info.fields.end(),
                                  [&](const FieldInfo& field) { return field.name == name; });
  return found == info.fields.end() ? nullptr : &*found;
}

/// Fills the members of a view and remembers the first value that it cannot read.
class Filler {
 public:
  explicit Filler(const Resource& resource) : resource_(resource) {}

  Json value(std::string_view pointer) const { return value_or_default(resource_, pointer); }

  std::string text(std::string_view pointer) const {
    const Json found = value(pointer);
    return found.is_string() ? found.get<std::string>() : std::string();
  }
  bool flag(std::string_view pointer) const { return value(pointer) == Json(true); }

  template <class T>
  std::optional<T> number(std::string_view pointer) {
    const Json found = value(pointer);
    if (found.is_null()) {
      return std::nullopt;
    }
    if (!found.is_number_integer()) {
      refuse(pointer);
      return std::nullopt;
    }
    return static_cast<T>(found.get<std::int64_t>());
  }
  /// What `parse` makes of a text that is there.
  template <class Parse>
  auto parsed(std::string_view pointer, Parse&& parse) {
    const std::string found = text(pointer);
    using Parsed = std::decay_t<decltype(*parse(found))>;
    if (found.empty()) {
      return std::optional<Parsed>();
    }
    auto out = parse(found);
    if (!out) {
      refuse(pointer);
      return std::optional<Parsed>();
    }
    return std::optional<Parsed>(std::move(*out));
  }
  std::optional<net::IpAddr> address(std::string_view pointer) { return parsed(pointer, parse_go_ip); }
  std::optional<Selector> selector(std::string_view pointer) { return parsed(pointer, Selector::parse); }
  std::optional<Duration> duration(std::string_view pointer) { return parsed(pointer, parse_go_duration); }
  std::vector<std::string> texts(std::string_view pointer) const {
    std::vector<std::string> out;
    for (const Json& one : value(pointer)) {
      if (one.is_string()) {
        out.push_back(one.get<std::string>());
      }
    }
    return out;
  }
  /// The position of a text in `words`; the first if it is none of them.
  template <class Enum, std::size_t N>
  Enum word(std::string_view pointer, const std::array<std::string_view, N>& words) const {
    const auto found = std::find(words.begin(), words.end(), std::string_view(text(pointer)));
    return static_cast<Enum>(found == words.end() ? 0 : found - words.begin());
  }
  /// The networks of [{cidr}].
  std::vector<net::Prefix> blocks(std::string_view pointer) {
    std::vector<net::Prefix> out;
    for (const Json& block : value(pointer)) {
      const auto cidr = block.is_object() ? parse_cidr_or_ip(block.value("cidr", "")) : std::nullopt;
      if (cidr) {
        out.push_back(cidr->network());
      } else {
        refuse(pointer);
      }
    }
    return out;
  }

  void refuse(std::string_view pointer) {
    if (wrong_.empty()) {
      wrong_ = pointer;
    }
  }
  template <class View>
  Result<View> finish(View view) const {
    if (!wrong_.empty()) {
      return fail(Errc::invalid, std::string(resource_.kind().kind) + " " + resource_.name() + ": " + wrong_ +
                                     " is not valid");
    }
    return view;
  }

 private:
  const Resource& resource_;
  std::string wrong_;
};

}  // namespace

Json value_or_default(const Resource& resource, std::string_view pointer) {
  if (const Json* found = resource.find(pointer)) {
    return *found;
  }
  const StructInfo* info = resource.kind().object;
  while (info != nullptr && !pointer.empty()) {
    pointer.remove_prefix(1);
    const std::size_t end = std::min(pointer.find('/'), pointer.size());
    const FieldInfo* field = find_field(*info, pointer.substr(0, end));
    pointer.remove_prefix(end);
    if (field == nullptr) {
      return {};
    }
    if (pointer.empty()) {
      const std::string_view given =
          field->write_default.empty() ? field->default_value : field->write_default;
      return given.empty() ? Json() : Json::parse(given, nullptr, false);
    }
    info = field->type->object;
  }
  return {};
}

Result<BgpConfigurationView> bgp_configuration_view(const Resource& resource) {
  Filler filler(resource);
  BgpConfigurationView view;
  view.name = resource.name();
  view.node_to_node_mesh = filler.flag("/spec/nodeToNodeMeshEnabled");
  view.as_number = filler.number<std::uint32_t>("/spec/asNumber").value_or(0);
  view.listen_port = filler.number<std::uint16_t>("/spec/listenPort").value_or(0);
  view.node_mesh_max_restart_time = filler.duration("/spec/nodeMeshMaxRestartTime").value_or(Duration(0));
  view.bind_to_node_ip = filler.text("/spec/bindMode") == "NodeIP";
  view.program_cluster_routes = filler.text("/spec/programClusterRoutes");
  view.service_cluster_ips = filler.blocks("/spec/serviceClusterIPs");
  view.service_external_ips = filler.blocks("/spec/serviceExternalIPs");
  view.service_load_balancer_ips = filler.blocks("/spec/serviceLoadBalancerIPs");
  view.ignored_interfaces = filler.texts("/spec/ignoredInterfaces");
  return filler.finish(std::move(view));
}

Result<BgpPeerView> bgp_peer_view(const Resource& resource) {
  constexpr std::array<std::string_view, 3> kNextHops = {"Auto", "Self", "Keep"};
  Filler filler(resource);
  BgpPeerView view;
  view.name = resource.name();
  view.node = filler.text("/spec/node");
  view.node_selector = filler.selector("/spec/nodeSelector");
  view.peer = filler.parsed("/spec/peerIP", parse_peer_ip);
  view.peer_selector = filler.selector("/spec/peerSelector");
  view.local_workload_selector = filler.selector("/spec/localWorkloadSelector");
  view.as_number = filler.number<std::uint32_t>("/spec/asNumber").value_or(0);
  view.local_as_number = filler.number<std::uint32_t>("/spec/localASNumber");
  view.next_hop = filler.flag("/spec/keepOriginalNextHop")
                      ? BgpPeerView::NextHop::keep
                      : filler.word<BgpPeerView::NextHop>("/spec/nextHopMode", kNextHops);
  view.use_node_ip = filler.text("/spec/sourceAddress") != "None";
  view.max_restart_time = filler.duration("/spec/maxRestartTime");
  view.keepalive_time = filler.duration("/spec/keepaliveTime");
  view.allowed_local_as_numbers = filler.number<std::int32_t>("/spec/numAllowedLocalASNumbers");
  view.ttl_security = filler.number<std::uint8_t>("/spec/ttlSecurity");
  view.reachable_by = filler.address("/spec/reachableBy");
  view.filters = filler.texts("/spec/filters");
  view.reverse_peering = filler.text("/spec/reversePeering") != "Manual";
  return filler.finish(std::move(view));
}

Result<NodeView> node_view(const Resource& resource) {
  Filler filler(resource);
  NodeView view;
  view.name = resource.name();
  view.labels = resource.labels();
  view.bgp = resource.find("/spec/bgp") != nullptr;
  view.as_number = filler.number<std::uint32_t>("/spec/bgp/asNumber");
  view.ipv4 = filler.parsed("/spec/bgp/ipv4Address", parse_cidr_or_ip);
  view.ipv6 = filler.parsed("/spec/bgp/ipv6Address", parse_cidr_or_ip);
  view.ipip_tunnel = filler.address("/spec/bgp/ipv4IPIPTunnelAddr");
  view.vxlan_tunnel = filler.address("/spec/ipv4VXLANTunnelAddr");
  view.vxlan_tunnel_v6 = filler.address("/spec/ipv6VXLANTunnelAddr");
  view.wireguard = filler.address("/spec/wireguard/interfaceIPv4Address");
  view.wireguard_v6 = filler.address("/spec/wireguard/interfaceIPv6Address");
  view.route_reflector_cluster_id = filler.address("/spec/bgp/routeReflectorClusterID");
  return filler.finish(std::move(view));
}

Result<IpPoolView> ip_pool_view(const Resource& resource) {
  constexpr std::array<std::string_view, 3> kTunnels = {"Never", "Always", "CrossSubnet"};
  Filler filler(resource);
  IpPoolView view;
  view.name = resource.name();
  const auto cidr = filler.parsed("/spec/cidr", parse_cidr_or_ip);
  if (!cidr) {
    filler.refuse("/spec/cidr");
    return filler.finish(std::move(view));
  }
  view.cidr = cidr->network();
  view.ipip = filler.word<IpPoolView::Tunnel>("/spec/ipipMode", kTunnels);
  view.vxlan = filler.word<IpPoolView::Tunnel>("/spec/vxlanMode", kTunnels);
  view.nat_outgoing = filler.flag("/spec/natOutgoing");
  view.disabled = filler.flag("/spec/disabled");
  view.disable_bgp_export = filler.flag("/spec/disableBGPExport");
  const std::uint8_t usual = cidr->family() == net::Family::ipv4 ? 26 : 122;
  view.block_size = filler.number<std::uint8_t>("/spec/blockSize").value_or(usual);
  view.node_selector = filler.selector("/spec/nodeSelector").value_or(Selector());
  view.namespace_selector = filler.selector("/spec/namespaceSelector");
  const std::vector<std::string> uses = filler.texts("/spec/allowedUses");
  const auto allows = [&](const char* use) { return std::find(uses.begin(), uses.end(), use) != uses.end(); };
  view.for_workloads = allows("Workload");
  view.for_tunnels = allows("Tunnel");
  view.for_load_balancers = allows("LoadBalancer");
  view.automatic = filler.text("/spec/assignmentMode") != "Manual";
  return filler.finish(std::move(view));
}

}  // namespace catflap::calico
