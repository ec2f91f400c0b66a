#include "calico/ipam/tunnel.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "calico/ipam/pools.hpp"
#include "calico/store/keys.hpp"

namespace catflap::calico::ipam {
namespace {

using nlohmann::json;

/// Whoever changes the Node at the same time is as quick as we are.
constexpr int kWritesMax = 100;

struct Kind {
  Tunnel tunnel;
  net::Family family;
  std::string_view handle;  ///< before the node
  std::string_view type;
  std::string_view parent;  ///< of the field, "" for the spec itself
  std::string_view field;
};

constexpr std::array<Kind, 5> kKinds = {{
    {Tunnel::wireguard, net::Family::ipv4, "wireguard-tunnel-addr-", "wireguardTunnelAddress", "wireguard",
     "interfaceIPv4Address"},
    {Tunnel::wireguard_v6, net::Family::ipv6, "wireguard-v6-tunnel-addr-", "wireguardV6TunnelAddress",
     "wireguard", "interfaceIPv6Address"},
    {Tunnel::ipip, net::Family::ipv4, "ipip-tunnel-addr-", "ipipTunnelAddress", "bgp", "ipv4IPIPTunnelAddr"},
    {Tunnel::vxlan, net::Family::ipv4, "vxlan-tunnel-addr-", "vxlanTunnelAddress", "", "ipv4VXLANTunnelAddr"},
    {Tunnel::vxlan_v6, net::Family::ipv6, "vxlan-v6-tunnel-addr-", "vxlanV6TunnelAddress", "",
     "ipv6VXLANTunnelAddr"},
}};

const Kind& kind_of(Tunnel tunnel) {
  return *std::find_if(kKinds.begin(), kKinds.end(),
                       [tunnel](const Kind& kind) { return kind.tunnel == tunnel; });
}

json::json_pointer pointer(const Kind& kind) {
  json::json_pointer at("/spec");
  if (!kind.parent.empty()) {
    at /= std::string(kind.parent);
  }
  return at / std::string(kind.field);
}

struct StoredNode {
  json document{};
  Revision revision = 0;
};

Result<StoredNode> read_node(Datastore& store, const std::string& node) {
  const auto entry = store.get(to_key(ResourceKey{"nodes", "", node}));
  if (!entry) {
    return fail(entry.error());
  }
  if (!*entry) {
    return fail(Errc::not_found, "resource does not exist: Node(" + node + ")");
  }
  auto document = decode_resource(**entry);
  if (!document) {
    return fail(std::move(document.error()));
  }
  return StoredNode{std::move(*document), (*entry)->modified};
}

std::optional<net::IpAddr> address_in(const json& node, const Kind& kind) {
  const auto at = pointer(kind);
  if (!node.contains(at) || !node[at].is_string()) {
    return std::nullopt;
  }
  const auto parsed = net::InterfaceAddress::parse(node[at].get<std::string>());
  return parsed ? std::optional<net::IpAddr>(parsed->addr) : std::nullopt;
}

bool is_encapsulating(const Pool& pool, Tunnel tunnel, const json& node) {
  switch (tunnel) {
    case Tunnel::ipip:
      return pool.ipip_mode != "Never";
    case Tunnel::vxlan:
    case Tunnel::vxlan_v6:
      return pool.vxlan_mode != "Never";
    case Tunnel::wireguard:
      return node.contains("/status/wireguardPublicKey"_json_pointer);
    case Tunnel::wireguard_v6:
      return node.contains("/status/wireguardPublicKeyV6"_json_pointer);
  }
  return false;
}

Result<std::vector<net::Prefix>> pools_for(Datastore& store, const json& node, const std::string& name,
                                           const Kind& kind) {
  const auto pools = list_pools(store);
  const auto labels = node_labels(store, name);
  if (!pools || !labels) {
    return fail(pools ? labels.error() : pools.error());
  }
  std::vector<net::Prefix> chosen;
  for (const Pool& pool : enabled_pools(*pools, kind.family)) {
    const auto selected = selects_node(pool, labels->value_or(Labels{}));
    if (!selected) {
      return fail(selected.error());
    }
    if (*selected && pool.allows(Use::tunnel) && is_encapsulating(pool, kind.tunnel, node)) {
      chosen.push_back(pool.cidr);
    }
  }
  return chosen;
}

/// The address that the node has, or now gets, from one of `pools`.
Result<net::IpAddr> address_from(Ipam& ipam, const std::vector<net::Prefix>& pools, const std::string& node,
                                 const Kind& kind, const std::optional<net::IpAddr>& wanted) {
  const std::string handle = tunnel_handle(kind.tunnel, node);
  auto held = ipam.ips_by_handle(handle);
  if (!held && held.error().code != Errc::not_found) {
    return fail(std::move(held.error()));
  }
  if (held) {
    const auto usable = [&pools](const net::IpAddr& address) {
      return std::any_of(pools.begin(), pools.end(),
                         [&](const net::Prefix& p) { return p.contains(address); });
    };
    const auto same = wanted ? std::find(held->begin(), held->end(), *wanted) : held->end();
    const auto any = std::find_if(held->begin(), held->end(), usable);
    if (same != held->end() && usable(*same)) {
      return *same;
    }
    if (any != held->end()) {
      return *any;  // assigned before, and not yet written to the Node
    }
    if (auto released = ipam.release_by_handle(handle);
        !released && released.error().code != Errc::not_found) {
      return fail(std::move(released.error()));
    }
  }
  AssignRequest request;
  const bool v4 = kind.family == net::Family::ipv4;
  (v4 ? request.count4 : request.count6) = 1;
  (v4 ? request.pools4 : request.pools6) = pools;
  request.host = node;
  request.handle = handle;
  request.attributes = {{"node", node}, {"type", std::string(kind.type)}};
  request.use = Use::tunnel;
  const AutoAssignment done = ipam.auto_assign(request);
  const Assigned& assigned = v4 ? done.v4 : done.v6;
  if (!done.status) {
    return fail(done.status.error());
  }
  if (assigned.addresses.empty()) {
    return fail(Errc::not_found, shortfall(assigned, kind.family));
  }
  return assigned.addresses.front().addr;
}

void write_address(json& node, const Kind& kind, const std::optional<net::IpAddr>& address) {
  if (address) {
    node[pointer(kind)] = net::to_string(*address);
    return;
  }
  json& spec = node["spec"];
  const std::string parent(kind.parent);
  json& holder = parent.empty() ? spec : spec[parent];
  if (holder.is_object()) {
    holder.erase(std::string(kind.field));
  }
  if (!parent.empty() && holder.empty()) {
    spec.erase(parent);
  }
}

}  // namespace

std::string tunnel_handle(Tunnel tunnel, std::string_view node) {
  return std::string(kind_of(tunnel).handle) + std::string(node);
}

std::string_view tunnel_type(Tunnel tunnel) {
  return kind_of(tunnel).type;
}

Result<TunnelAddress> ensure_tunnel_address(Datastore& store, Ipam& ipam, const std::string& node,
                                            Tunnel tunnel) {
  const Kind& kind = kind_of(tunnel);
  for (int attempt = 0; attempt < kWritesMax; ++attempt) {
    auto stored = read_node(store, node);
    if (!stored) {
      return fail(std::move(stored.error()));
    }
    const auto current = address_in(stored->document, kind);
    const auto pools = pools_for(store, stored->document, node, kind);
    if (!pools) {
      return fail(pools.error());
    }
    std::optional<net::IpAddr> address;
    if (pools->empty()) {
      const auto released = ipam.release_by_handle(tunnel_handle(tunnel, node));
      if (!released && released.error().code != Errc::not_found) {
        return fail(released.error());
      }
    } else {
      const auto found = address_from(ipam, *pools, node, kind, current);
      if (!found) {
        return fail(found.error());
      }
      address = *found;
    }
    if (address == current) {
      return TunnelAddress{address, false};
    }
    write_address(stored->document, kind, address);
    const auto written = store.update(to_key(ResourceKey{"nodes", "", node}),
                                      encode_resource(stored->document), stored->revision);
    if (written) {
      return TunnelAddress{address, true};
    }
    if (written.error().code != Errc::conflict) {
      return fail(written.error());
    }
  }
  return fail(Errc::conflict, fmt::format("Node({}) changes too often", node));
}

}  // namespace catflap::calico::ipam
