#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "calico/model/diagnostic.hpp"
#include "calico/model/resource.hpp"
#include "net/addr.hpp"

/// What Calico up to 2.x kept in etcd v2, and what its route reflectors read there:
///
///   /calico/bgp/v1/global/node_mesh              {"enabled": false}
///   /calico/bgp/v1/global/peer_v4/10.0.0.9       {"ip": "10.0.0.9", "as_num": "65001"}
///   /calico/bgp/v1/rr_v4/10.10.31.168            {"ip": "10.10.31.168", "cluster_id": "1.0.0.1"}
///
/// Names in keys have "%2f" for "/" and "%25" for "%".
namespace catflap::calico {

struct Etcd2Entry {
  std::string key;
  std::string value;
  SourcePos where{};  ///< empty where it does not come from a text

  bool operator==(const Etcd2Entry&) const = default;
};

/// The most of one text, in octets and in entries.
inline constexpr std::size_t kEtcd2BytesMax = 64U << 20U;
inline constexpr std::size_t kEtcd2EntriesMax = 1'000'000;

/// Reads lines `KEY VALUE` (blank lines and lines with "#" are skipped), lines of JSON {"key": ..., "value":
/// ...}, or what `curl .../v2/keys/calico?recursive=true` prints. Errc::invalid with the position.
Result<std::vector<Etcd2Entry>> read_etcd2(std::string_view text, std::string_view file);

/// A BGP route reflector of its own, beside the nodes. All with one cluster id reflect for the same clients.
struct RouteReflector {
  net::IpAddr address;
  std::string cluster_id;  ///< as a dotted quad

  bool operator==(const RouteReflector&) const = default;
};
/// Of `rr_v4/<ip>` and `rr_v6/<ip>`. nullopt for other keys; Errc::invalid where the value is not what the
/// key asks for.
Result<std::optional<RouteReflector>> parse_route_reflector(const Etcd2Entry& entry);
inline constexpr std::string_view kRouteReflectorPrefix = "/calico/bgp/v1/rr_v";

struct Etcd2Data {
  std::vector<Resource> resources;         ///< of v3: configurations, peers, nodes, pools; by kind and name
  std::vector<RouteReflector> reflectors;  ///< by address
  std::vector<Diagnostic> problems;        ///< entries that are wrong or have no form in v3
};
/// What the entries mean, in v3. Resources are not validated.
Etcd2Data interpret_etcd2(std::span<const Etcd2Entry> entries);

}  // namespace catflap::calico
