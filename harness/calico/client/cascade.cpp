#include "calico/client/cascade.hpp"

#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "calico/ipam/ipam.hpp"
#include "calico/model/types.hpp"

namespace catflap::calico {
namespace {

using nlohmann::json;

constexpr Duration kAssignPause = std::chrono::milliseconds(500);

const KindInfo& calico_kind(std::string_view name) {
  return *find_kind("projectcalico.org/v3", name);
}

/// Removing what is not there any more is no error here.
Status removed(const Result<Resource>& result) {
  return result || result.error().code == Errc::not_found || result.error().code == Errc::unsupported
             ? Status()
             : fail(result.error());
}

ipam::Ipam ipam_of(Client& client) {
  const ClientWorld& world = client.world();
  return {client.records().store(), {.now = [&world] { return world.clock_ns(); }}};
}

void add_address(const std::string& text, std::vector<ipam::ReleaseOption>& out) {
  if (const auto cidr = parse_cidr_or_ip(text)) {
    out.push_back({.address = cidr->address});
  }
}

/// Of the node's workload endpoints and of its tunnels.
Result<std::vector<ipam::ReleaseOption>> addresses_of_node(Client& client, const std::string& name,
                                                           const Resource* node) {
  const Result<ResourceList> endpoints = client.list(calico_kind("WorkloadEndpoint"));
  if (!endpoints) {
    return fail(endpoints.error());
  }
  std::vector<ipam::ReleaseOption> addresses;
  for (const Resource& endpoint : endpoints->items) {
    const json* networks = endpoint.find("/spec/ipNetworks");
    if (endpoint.text_at("/spec/node") != name || networks == nullptr) {
      continue;
    }
    for (const json& network : *networks) {
      add_address(network.is_string() ? network.get<std::string>() : "", addresses);
    }
  }
  static constexpr std::array<const char*, 5> kTunnels = {
      "/spec/bgp/ipv4IPIPTunnelAddr", "/spec/ipv4VXLANTunnelAddr", "/spec/ipv6VXLANTunnelAddr",
      "/spec/wireguard/interfaceIPv4Address", "/spec/wireguard/interfaceIPv6Address"};
  for (const char* tunnel : kTunnels) {
    if (node != nullptr) {
      add_address(node->text_at(tunnel), addresses);
    }
  }
  return addresses;
}

/// Those of a kind whose spec.node is the node.
Status remove_of_node(Client& client, const KindInfo& kind, const std::string& node) {
  const Result<ResourceList> list = client.list(kind);
  if (!list) {
    return fail(list.error());
  }
  for (const Resource& resource : list->items) {
    if (resource.text_at("/spec/node") != node) {
      continue;
    }
    if (Status gone = removed(client.remove(id_of(resource))); !gone) {
      return gone;
    }
  }
  return {};
}

}  // namespace

Status clean_up_node(Client& client, const std::string& name, const Resource* node) {
  const auto addresses = addresses_of_node(client, name, node);
  if (!addresses) {
    return fail(addresses.error());
  }
  ipam::Ipam ipam = ipam_of(client);
  if (const auto released = ipam.release_ips(*addresses); !released) {
    return fail(released.error());
  }
  if (Status gone = remove_of_node(client, calico_kind("WorkloadEndpoint"), name); !gone) {
    return gone;
  }
  if (Status forgotten = ipam.remove_host({.node = name}); !forgotten) {
    return forgotten;
  }
  if (Status gone = remove_of_node(client, calico_kind("BGPPeer"), name); !gone) {
    return gone;
  }
  for (const char* kind : {"FelixConfiguration", "BGPConfiguration"}) {
    if (Status gone = removed(client.remove({&calico_kind(kind), "", "node." + name})); !gone) {
      return gone;
    }
  }
  return remove_of_node(client, calico_kind("HostEndpoint"), name);
}

Status retire_pool(Client& client, Record& pool) {
  const json* disabled = pool.resource.find("/spec/disabled");
  if (disabled == nullptr || *disabled != true) {
    Resource retired = pool.resource;
    retired.spec()["disabled"] = true;
    Result<Record> written = client.records().update(pool, std::move(retired));
    if (!written) {
      return fail(std::move(written.error()));
    }
    pool = std::move(*written);
  }
  const auto cidr = parse_cidr_or_ip(pool.resource.text_at("/spec/cidr"));
  if (!cidr) {
    return {};  // nobody can have assigned from it
  }
  client.world().pause(kAssignPause);
  return ipam_of(client).release_pool_affinities(cidr->network());
}

}  // namespace catflap::calico
