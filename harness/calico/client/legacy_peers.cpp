#include "calico/client/legacy_peers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "calico/client/legacy_config.hpp"
#include "calico/model/convert_names.hpp"
#include "calico/model/types.hpp"
#include "calico/print/box_table.hpp"

namespace catflap::calico {
namespace {

using nlohmann::json;

constexpr std::array<net::Family, 2> kFamilies = {net::Family::ipv4, net::Family::ipv6};

const KindInfo& calico_kind(std::string_view name) {
  return *find_kind("projectcalico.org/v3", name);
}

/// "IPv4", "IPv6".
const char* family_text(net::Family family) {
  return family == net::Family::ipv4 ? "IPv4" : "IPv6";
}

ResourceId peer_id(const net::IpAddr& address, const std::string& node) {
  const std::string prefix = node.empty() ? "" : convert_node_name(node) + '.';
  return {&calico_kind("BGPPeer"), "", prefix + address_name(address)};
}

Result<net::IpAddr> parse_address(std::string_view text) {
  const auto address = parse_go_ip(text);
  if (!address) {
    return fail(Errc::invalid, "Invalid IP address specified.");
  }
  return *address;
}

Result<std::uint32_t> parse_number(std::string_view text) {
  const Result<std::uint32_t> number = parse_as_number(text);
  return number ? number : fail(Errc::invalid, "Invalid AS Number specified.");
}

Status done(const Result<Resource>& result) {
  return result ? Status() : fail(result.error());
}

Result<net::Prefix> parse_pool(const std::string& text) {
  const auto cidr = parse_cidr(text);
  if (!cidr) {
    return fail(Errc::invalid, "Invalid CIDR specified.");
  }
  return cidr->network();
}

Status add_pool(Client& client, const net::Prefix& cidr, const LegacyPool& options) {
  if (cidr.addr().is_v6() && options.ipip) {
    return fail(Errc::invalid, "IP in IP not supported for IPv6 pools");
  }
  Resource pool(calico_kind("IPPool"));
  pool.set_name(cidr_name(cidr));
  pool.spec()["cidr"] = net::to_string(cidr);
  pool.spec()["ipipMode"] = options.ipip ? "Always" : "Never";
  if (options.nat_outgoing) {
    pool.spec()["natOutgoing"] = true;
  }
  return done(client.apply(pool));
}

constexpr std::uint64_t ones(unsigned count) {
  return count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
}

net::IpAddr last_of(const net::Prefix& prefix) {
  const unsigned host_bits = net::address_bits(prefix.family()) - unsigned{prefix.length()};
  if (prefix.addr().is_v4()) {
    return net::IpAddr::v4(prefix.addr().v4_value() | static_cast<std::uint32_t>(ones(host_bits)));
  }
  return net::IpAddr::v6(prefix.addr().high() | ones(host_bits > 64 ? host_bits - 64 : 0),
                         prefix.addr().low() | ones(host_bits));
}

/// The largest prefix that begins at `first` and does not go beyond `last`.
net::Prefix largest_from(const net::IpAddr& first, const net::IpAddr& last) {
  net::Prefix best = net::Prefix::host(first);
  while (best.length() > 0) {
    const net::Prefix wider(first, static_cast<std::uint8_t>(best.length() - 1));
    if (wider.addr() != first || last_of(wider) > last) {
      break;
    }
    best = wider;
  }
  return best;
}

bool is_on(const Resource& pool, const char* pointer) {
  const json* value = pool.find(pointer);
  return value != nullptr && *value == true;
}

Result<std::string> pool_table(Client& client, net::Family family) {
  const Result<ResourceList> pools = client.list(calico_kind("IPPool"));
  if (!pools) {
    return fail(pools.error());
  }
  print::BoxTable table{{std::string(family_text(family)) + " CIDR", "Options"}, {}};
  for (const Resource& pool : pools->items) {
    const auto cidr = parse_cidr(pool.text_at("/spec/cidr"));
    if (!cidr || cidr->family() != family) {
      continue;
    }
    std::vector<std::string> options;
    if (pool.text_at("/spec/ipipMode") != "Never") {
      options.emplace_back("ipip");
    }
    if (is_on(pool, "/spec/natOutgoing")) {
      options.emplace_back("nat-outgoing");
    }
    table.rows.push_back({pool.text_at("/spec/cidr"), fmt::format("{}", fmt::join(options, ","))});
  }
  std::sort(table.rows.begin(), table.rows.end());
  return print::pretty_table(table, print::PrettyAlign::centre);
}

Result<std::string> peer_table(Client& client, net::Family family, const std::string& node) {
  const Result<std::vector<LegacyPeer>> peers = legacy_peers(client, family, node);
  if (!peers) {
    return fail(peers.error());
  }
  if (peers->empty()) {
    return node.empty() ? fmt::format("No global {} BGP Peers defined.\n", family_text(family))
                        : fmt::format("No {} BGP Peers defined for this node.\n", family_text(family));
  }
  print::BoxTable table{
      {fmt::format("{} {} BGP Peer", node.empty() ? "Global" : "Node specific", family_text(family)),
       "AS Num"},
      {}};
  for (const LegacyPeer& peer : *peers) {
    table.rows.push_back({net::to_string(peer.address), std::to_string(peer.as_number)});
  }
  return print::pretty_table(table, print::PrettyAlign::left);
}

}  // namespace

Status add_legacy_peer(Client& client, std::string_view address, std::string_view as_number,
                       const std::string& node) {
  const Result<net::IpAddr> peer = parse_address(address);
  if (!peer) {
    return fail(peer.error());
  }
  const Result<std::uint32_t> number = parse_number(as_number);
  if (!number) {
    return fail(number.error());
  }
  const ResourceId id = peer_id(*peer, node);
  Resource resource(*id.kind);
  resource.set_name(id.name);
  json& spec = resource.spec();
  if (!node.empty()) {
    spec["node"] = convert_node_name(node);
  }
  spec["peerIP"] = net::to_string(*peer);
  spec["asNumber"] = *number;
  return done(client.apply(resource));
}

Result<std::string> remove_legacy_peer(Client& client, std::string_view address, const std::string& node) {
  const Result<net::IpAddr> peer = parse_address(address);
  if (!peer) {
    return fail(peer.error());
  }
  const Result<Resource> removed = client.remove(peer_id(*peer, node));
  if (removed) {
    return node.empty() ? "BGP peer removed from global configuration"
                        : "BGP peer removed from node configuration";
  }
  if (removed.error().code != Errc::not_found) {
    return fail(removed.error());
  }
  return fail(Errc::not_found,
              fmt::format("{} is not a {}.", net::to_string(*peer),
                          node.empty() ? "globally configured peer" : "configured peer for this node"));
}

Result<std::vector<LegacyPeer>> legacy_peers(Client& client, net::Family family, const std::string& node) {
  const Result<ResourceList> list = client.list(calico_kind("BGPPeer"));
  if (!list) {
    return fail(list.error());
  }
  std::vector<LegacyPeer> peers;
  for (const Resource& resource : list->items) {
    const auto peer = parse_peer_ip(resource.text_at("/spec/peerIP"));
    const bool selects = !resource.text_at("/spec/nodeSelector").empty();
    if (!peer || peer->address.family() != family || selects ||
        resource.text_at("/spec/node") != (node.empty() ? "" : convert_node_name(node))) {
      continue;
    }
    const json* number = resource.find("/spec/asNumber");
    peers.push_back({peer->address, number != nullptr && number->is_number_unsigned()
                                        ? number->get<std::uint32_t>()
                                        : std::uint32_t{0}});
  }
  std::sort(peers.begin(), peers.end(),
            [](const LegacyPeer& a, const LegacyPeer& b) { return a.address < b.address; });
  return peers;
}

Result<std::string> show_legacy_peers(Client& client, std::optional<net::Family> family,
                                      const std::string& node) {
  std::string text;
  for (const net::Family each : kFamilies) {
    if (family.value_or(each) != each) {
      continue;
    }
    const Result<std::string> table = peer_table(client, each, node);
    if (!table) {
      return table;
    }
    text += *table;
  }
  return text;
}

Result<std::string> default_node_as(Client& client, std::string_view as_number) {
  if (as_number.empty()) {
    return get_config(client, {"asNumber"});
  }
  const Status set = set_config(client, {"asNumber"}, as_number);
  if (set) {
    return std::string();
  }
  return set.error().code == Errc::invalid && set.error().message == "the supplied AS number is not valid"
             ? fail(Errc::invalid, "Invalid AS Number specified.")
             : fail(set.error());
}

Result<std::string> node_mesh(Client& client, std::string_view on_or_off) {
  if (on_or_off.empty()) {
    return get_config(client, {"nodeToNodeMesh"});
  }
  const Status set = set_config(client, {"nodeToNodeMesh"}, on_or_off);
  return set ? Result<std::string>(std::string()) : fail(set.error());
}

Status add_legacy_pools(Client& client, const std::vector<std::string>& cidrs, const LegacyPool& options) {
  for (const std::string& text : cidrs) {
    const Result<net::Prefix> cidr = parse_pool(text);
    if (!cidr) {
      return fail(cidr.error());
    }
    if (Status added = add_pool(client, *cidr, options); !added) {
      return added;
    }
  }
  return {};
}

Status add_legacy_range(Client& client, std::string_view first, std::string_view last,
                        const LegacyPool& options) {
  const auto from = parse_go_ip(first);
  const auto to = parse_go_ip(last);
  if (!from || !to || from->family() != to->family() || *to < *from) {
    return fail(Errc::invalid, "Invalid range specified.");
  }
  std::vector<net::Prefix> prefixes;
  // A range needs at most two prefixes of each length.
  prefixes.push_back(largest_from(*from, *to));
  while (last_of(prefixes.back()) < *to) {
    prefixes.push_back(largest_from(last_of(prefixes.back()).plus(1), *to));
  }
  for (const net::Prefix& prefix : prefixes) {
    if (Status added = add_pool(client, prefix, options); !added) {
      return added;
    }
  }
  return {};
}

Status remove_legacy_pools(Client& client, const std::vector<std::string>& cidrs) {
  const Result<ResourceList> pools = client.list(calico_kind("IPPool"));
  if (!pools) {
    return fail(pools.error());
  }
  for (const std::string& text : cidrs) {
    const Result<net::Prefix> cidr = parse_pool(text);
    if (!cidr) {
      return fail(cidr.error());
    }
    const auto pool = std::find_if(pools->items.begin(), pools->items.end(), [&cidr](const Resource& each) {
      const auto other = parse_cidr(each.text_at("/spec/cidr"));
      return other && other->network() == *cidr;
    });
    if (pool == pools->items.end()) {
      return fail(Errc::not_found, fmt::format("{} is not a configured pool.", text));
    }
    if (const Result<Resource> removed = client.remove(id_of(*pool)); !removed) {
      return fail(removed.error());
    }
  }
  return {};
}

Result<std::string> show_legacy_pools(Client& client, std::optional<net::Family> family) {
  std::string text;
  for (const net::Family each : kFamilies) {
    if (family.value_or(each) != each) {
      continue;
    }
    const Result<std::string> table = pool_table(client, each);
    if (!table) {
      return table;
    }
    text += *table;
  }
  return text;
}

}  // namespace catflap::calico
