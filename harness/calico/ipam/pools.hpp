#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "calico/ipam/block.hpp"
#include "calico/ipam/reservations.hpp"
#include "calico/model/selector.hpp"
#include "calico/store/datastore.hpp"
#include "net/addr.hpp"

/// What IPAM reads of the resources: pools, reservations, labels of nodes.
namespace catflap::calico::ipam {

/// What an address is for (IPPool's allowedUses).
enum class Use : std::uint8_t { workload, tunnel, load_balancer };
std::string_view to_string(Use use);  ///< "Workload", "Tunnel", "LoadBalancer"

/// How a pool wraps packets: "Never", "Always", "CrossSubnet".
struct Pool {
  std::string name{};
  net::Prefix cidr{};
  std::uint8_t block_size = 26;
  bool disabled = false;
  bool automatic = true;  ///< assignmentMode is Automatic
  std::string ipip_mode{"Never"};
  std::string vxlan_mode{"Never"};
  std::string node_selector{};
  std::string namespace_selector{};
  std::vector<std::string> allowed_uses{"Workload", "Tunnel"};

  bool allows(Use use) const;
  /// The block of the pool's size that `address` is in.
  net::Prefix block_of(const net::IpAddr& address) const { return {address, block_size}; }
};

/// All pools by name; those whose cidr or blockSize makes no sense are left out.
Result<std::vector<Pool>> list_pools(Datastore& store);
/// The enabled pools of a family.
std::vector<Pool> enabled_pools(const std::vector<Pool>& pools, net::Family family);
/// The first pool that contains `address`; nullptr if none does.
const Pool* pool_of(const std::vector<Pool>& pools, const net::IpAddr& address);

/// No selector selects all. Errc::invalid names the pool if its selector is none.
Result<bool> selects_node(const Pool& pool, const Labels& labels);
Result<bool> selects_namespace(const Pool& pool, const Labels& labels);

Result<Reservations> list_reservations(Datastore& store);

/// The labels of a Node; nothing if there is no such Node.
Result<std::optional<Labels>> node_labels(Datastore& store, std::string_view node);

}  // namespace catflap::calico::ipam
