#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

#include "topology/derive.hpp"
#include "topology/topology.hpp"

namespace catflap::topology {
namespace {

using expect::WiredInterface;
using expect::WiredLink;
using expect::WiredNode;
using expect::WiredSession;
using expect::WiredSessionEnd;
using expect::Wiring;

/// Hands out networks of two addresses that overlap nothing the file names.
class Allocator {
 public:
  Allocator(std::vector<net::Prefix> pools, std::vector<net::Prefix> taken)
      : pools_(std::move(pools)), taken_(std::move(taken)), at_(pools_.front().addr()) {}

  std::optional<net::Prefix> next() {
    while (pool_ < pools_.size()) {
      const net::Prefix& pool = pools_[pool_];
      const auto length = static_cast<std::uint8_t>(net::address_bits(pool.family()) - 1);
      const net::Prefix candidate(at_, length);
      if (!pool.covers(candidate)) {
        if (++pool_ < pools_.size()) {
          at_ = pools_[pool_].addr();
        }
        continue;
      }
      const auto clash = std::find_if(taken_.begin(), taken_.end(), [&](const net::Prefix& other) {
        return other.covers(candidate) || candidate.covers(other);
      });
      if (clash == taken_.end()) {
        at_ = at_.plus(2);
        return candidate;
      }
      skip(clash->covers(candidate) ? *clash : candidate, pool);
    }
    return std::nullopt;
  }

 private:
  /// Goes on behind `over`, which may be larger than what is left of the pool.
  void skip(const net::Prefix& over, const net::Prefix& pool) {
    const std::uint8_t bits = net::address_bits(pool.family());
    if (over.length() <= pool.length() || bits - over.length() >= 64) {
      at_ = pool.addr();
      if (++pool_ < pools_.size()) {
        at_ = pools_[pool_].addr();
      }
      return;
    }
    at_ = over.addr().plus(std::uint64_t{1} << (bits - over.length()));
  }

  std::vector<net::Prefix> pools_;
  std::vector<net::Prefix> taken_;
  std::size_t pool_ = 0;
  net::IpAddr at_;
};

/// Networks that derived link networks must not overlap. Very short prefixes (a default route) block nothing.
std::vector<net::Prefix> taken_networks(const Topology& topology) {
  constexpr std::uint8_t kShortest = 8;
  std::vector<net::Prefix> taken;
  const auto add = [&](const net::Prefix& prefix) {
    if (prefix.length() >= kShortest) {
      taken.push_back(prefix);
    }
  };
  for (const Node& node : topology.nodes) {
    std::for_each(node.announce.begin(), node.announce.end(), add);
    for (const net::InterfaceAddress& address : node.lo) {
      add(address.network());
    }
  }
  for (const Link& link : topology.links) {
    std::for_each(link.subnets.begin(), link.subnets.end(), add);
    for (const LinkEnd& end : link.ends) {
      for (const net::InterfaceAddress& address : end.addresses) {
        add(address.network());
      }
    }
  }
  return taken;
}

std::uint64_t hash_text(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;  // FNV-1a
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  }
  return hash;
}

std::array<std::uint8_t, 6> derive_mac(const std::string& text, std::set<std::uint64_t>& used) {
  std::uint64_t value = hash_text(text) & 0xFFFFFFFFFFULL;
  while (!used.insert(value).second) {
    value = (value + 1) & 0xFFFFFFFFFFULL;
  }
  std::array<std::uint8_t, 6> mac{0x02};
  for (std::size_t i = 0; i < 5; ++i) {
    mac[5 - i] = static_cast<std::uint8_t>(value >> (8 * i));
  }
  return mac;
}

std::string symbol(std::string_view name) {
  std::string out(name);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c == '-' || c == '.'; }, '_');
  return out;
}

WiredNode wire_node(const Topology& topology, const Node& node, std::uint32_t number) {
  WiredNode out;
  out.name = node.name;
  out.speaker = node.speaker.value_or(topology.defaults.speaker);
  if (!node.bgp && node.config.empty()) {
    out.speaker = SpeakerKind::none;  // nothing to run
  }
  out.as = node.bgp;
  out.router_id = node.router_id.value_or(0x0AFF0000U + number);
  out.lo = node.lo;
  out.announce = node.announce;
  for (const net::Prefix& prefix : node.announce) {
    const auto first = first_host(prefix);
    const bool inside = std::any_of(out.lo.begin(), out.lo.end(),
                                    [&](const net::InterfaceAddress& a) { return prefix.contains(a.addr); });
    if (first && !inside) {
      out.lo.push_back({*first, net::address_bits(prefix.family())});
    }
  }
  out.config = node.config;
  out.config_where = node.config_where;
  if (out.speaker != SpeakerKind::none) {
    out.sysctl = {{"net.ipv4.ip_forward", "1"}, {"net.ipv6.conf.all.forwarding", "1"}};
  }
  // A path and its way back may differ; an address must be usable at once, and stay when its link goes down
  // (as IPv4 addresses do).
  for (const char* which : {"all", "default"}) {
    out.sysctl["net.ipv4.conf." + std::string(which) + ".rp_filter"] = "0";
    out.sysctl["net.ipv6.conf." + std::string(which) + ".accept_dad"] = "0";
    out.sysctl["net.ipv6.conf." + std::string(which) + ".keep_addr_on_down"] = "1";
  }
  for (const auto& [key, value] : node.sysctl) {
    out.sysctl[key] = value;
  }
  out.env = node.env;
  out.where = node.where;
  out.as_where = node.bgp_where;
  return out;
}

/// Adds the addresses that a link does not say: from its subnets, or from the allocators.
void address_link(const Link& link, WiredLink& wired, Allocator& v4, Allocator* v6) {
  std::vector<net::Prefix> subnets = link.subnets;
  if (subnets.empty() && link.ends[0].addresses.empty() && link.ends[1].addresses.empty()) {
    for (Allocator* pool : {&v4, v6}) {
      if (pool == nullptr) {
        continue;
      }
      if (const auto subnet = pool->next()) {
        subnets.push_back(*subnet);
      }
    }
  }
  for (const net::Prefix& subnet : subnets) {
    const bool pair = subnet.length() + 1 == net::address_bits(subnet.family());
    for (std::size_t i = 0; i < 2; ++i) {
      wired.ends[i].addresses.push_back({subnet.addr().plus(i + (pair ? 0 : 1)), subnet.length()});
    }
  }
}

/// One session for each family that both ends of the link have in one network.
void add_sessions(const Topology& topology, std::size_t index, Wiring& wiring,
                  std::set<std::pair<std::string, std::string>>& names) {
  const WiredLink& link = wiring.links[index];
  const std::array<const Node*, 2> nodes{topology.node(link.ends[0].node), topology.node(link.ends[1].node)};
  if (!topology.links[index].bgp || !nodes[0]->bgp || !nodes[1]->bgp) {
    return;
  }
  for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
    std::optional<std::pair<net::IpAddr, net::IpAddr>> addrs;
    for (const net::InterfaceAddress& a : link.ends[0].addresses) {
      for (const net::InterfaceAddress& b : link.ends[1].addresses) {
        if (!addrs && a.addr.family() == family && a.network() == b.network() && a.addr != b.addr) {
          addrs = {a.addr, b.addr};
        }
      }
    }
    if (!addrs) {
      continue;
    }
    WiredSession session;
    session.family = family;
    session.link = index;
    for (std::size_t i = 0; i < 2; ++i) {
      const Node& node = *nodes[i];
      const Node& peer = *nodes[1 - i];
      WiredSessionEnd& end = session.ends[i];
      end.node = node.name;
      end.interface = link.ends[i].name;
      end.addr = i == 0 ? addrs->first : addrs->second;
      end.as = *node.bgp;
      end.as_where = node.bgp_where;
      const auto own = node.peers.find(peer.name);
      if (own != node.peers.end() && own->second.local_as) {
        end.as = *own->second.local_as;
      }
      const auto back = peer.peers.find(node.name);
      end.expects_as = back != peer.peers.end() && back->second.local_as ? *back->second.local_as : *peer.bgp;
      if (own != node.peers.end() && own->second.as) {
        end.expects_as = *own->second.as;
        end.expects_where = own->second.as_where;
      }
      const std::string base = "peer_" + symbol(peer.name) + (family == net::Family::ipv6 ? "_v6" : "");
      end.protocol = base;
      for (std::uint32_t n = 2; !names.emplace(node.name, end.protocol).second; ++n) {
        end.protocol = base + "_" + std::to_string(n);
      }
    }
    wiring.sessions.push_back(std::move(session));
  }
}

}  // namespace

std::optional<net::IpAddr> first_host(const net::Prefix& prefix) {
  const int bits = net::address_bits(prefix.family());
  if (prefix.length() == 0 || prefix.addr().is_multicast()) {
    return std::nullopt;
  }
  return prefix.length() + 1 >= bits ? prefix.addr() : prefix.addr().plus(1);
}

bool uses_ipv6(const Topology& topology) {
  return std::any_of(topology.nodes.begin(), topology.nodes.end(), [](const Node& node) {
    return std::any_of(node.announce.begin(), node.announce.end(),
                       [](const net::Prefix& p) { return p.family() == net::Family::ipv6; }) ||
           std::any_of(node.lo.begin(), node.lo.end(), [](const auto& a) { return a.addr.is_v6(); });
  });
}

expect::Wiring wire(const Topology& topology) {
  Wiring wiring;
  wiring.lab = topology.name;
  std::uint32_t number = 0;
  for (const Node& node : topology.nodes) {
    wiring.nodes.push_back(wire_node(topology, node, ++number));
  }
  std::map<std::string, std::set<std::string>> names;
  for (const Link& link : topology.links) {
    for (const LinkEnd& end : link.ends) {
      if (!end.interface.empty()) {
        names[end.node].insert(end.interface);
      }
    }
  }
  const std::vector<net::Prefix> taken = taken_networks(topology);
  Allocator v4({net::Prefix(net::IpAddr::v4(0x0A000000U), 16), net::Prefix(net::IpAddr::v4(0x64400000U), 10)},
               taken);
  Allocator v6({net::Prefix(net::IpAddr::v6(0xFD00'0000'0000'0000ULL, 0), 64)}, taken);
  const bool ipv6 = uses_ipv6(topology);
  std::map<std::string, std::uint32_t> counters;
  std::set<std::uint64_t> macs;
  std::set<std::pair<std::string, std::string>> protocols;
  for (std::size_t index = 0; index < topology.links.size(); ++index) {
    const Link& link = topology.links[index];
    WiredLink wired;
    wired.where = link.where;
    for (std::size_t i = 0; i < 2; ++i) {
      WiredInterface& end = wired.ends[i];
      end.node = link.ends[i].node;
      end.name = link.ends[i].interface;
      while (end.name.empty()) {
        std::string name = "eth" + std::to_string(counters[end.node]++);
        if (names[end.node].insert(name).second) {
          end.name = std::move(name);
        }
      }
      end.addresses = link.ends[i].addresses;
      end.mac = derive_mac(topology.name + "/" + end.node + "/" + end.name, macs);
      end.mtu = link.mtu.value_or(topology.defaults.mtu.value_or(0));
      end.where = link.ends[i].where;
    }
    address_link(link, wired, v4, ipv6 ? &v6 : nullptr);
    wired.name = wired.ends[0].node + ":" + wired.ends[0].name + " -- " + wired.ends[1].node + ":" +
                 wired.ends[1].name;
    wiring.links.push_back(std::move(wired));
    add_sessions(topology, index, wiring, protocols);
  }
  return wiring;
}

}  // namespace catflap::topology
