#pragma once

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "calico/store/datastore.hpp"
#include "net/addr.hpp"

/// The layout of Calico's data in etcd v3, so that Calico's components find what we write and we what they
/// write (libcalico-go's lib/backend/model). All parse functions are total: a key of another kind is nullopt.
namespace catflap::calico {

/// Below this stands everything of Calico.
inline constexpr std::string_view kRootPrefix = "/calico/";
inline constexpr std::string_view kResourcePrefix = "/calico/resources/v3/projectcalico.org/";
inline constexpr std::string_view kBlockPrefix = "/calico/ipam/v2/assignment/";
inline constexpr std::string_view kHandlePrefix = "/calico/ipam/v2/handle/";
inline constexpr std::string_view kIpamConfigKey = "/calico/ipam/v2/config";

/// A name as one segment of a key: "%" becomes "%25" and "/" becomes "%2f". The names that v3 resources may
/// have stay as they are.
std::string escape_name(std::string_view name);
/// The reverse; anything else behind a "%" stays as it is.
std::string unescape_name(std::string_view segment);

struct ResourceKey {
  std::string plural;  ///< of the kind, lower case: "bgppeers"
  std::string ns;      ///< empty: the kind has no namespaces
  std::string name;

  bool operator==(const ResourceKey&) const = default;
};
/// "/calico/resources/v3/projectcalico.org/<plural>/[<ns>/]<name>".
std::string to_key(const ResourceKey& resource);
std::optional<ResourceKey> parse_resource_key(std::string_view key);
/// What the keys of a kind's resources begin with, of all namespaces or, if given, of one.
std::string resource_prefix(std::string_view plural, std::string_view ns = {});

/// "/calico/ipam/v2/assignment/ipv4/block/10.0.0.0-26"
std::string block_key(const net::Prefix& block);
std::optional<net::Prefix> parse_block_key(std::string_view key);

/// Who may use a block: a host, or (virtual) a load balancer.
enum class AffinityType : std::uint8_t { host, virtual_ };
std::string_view to_string(AffinityType type);  ///< "host", "virtual"

struct AffinityKey {
  AffinityType type = AffinityType::host;
  std::string node;
  net::Prefix block;

  bool operator==(const AffinityKey&) const = default;
};
/// "/calico/ipam/v2/host/<node>/ipv4/block/10.0.0.0-26"
std::string to_key(const AffinityKey& affinity);
std::optional<AffinityKey> parse_affinity_key(std::string_view key);
/// Of all nodes.
std::string affinity_prefix(AffinityType type = AffinityType::host);
/// Of one node: of both families, or of one.
std::string affinity_prefix(std::string_view node, AffinityType type = AffinityType::host);
std::string affinity_prefix(std::string_view node, net::Family family,
                            AffinityType type = AffinityType::host);

/// "/calico/ipam/v2/handle/<id>"
std::string handle_key(std::string_view id);
std::optional<std::string> parse_handle_key(std::string_view key);

/// "/calico/ipam/v2/host/<node>": that IPAM knows the host.
std::string ipam_host_key(std::string_view node);

/// A resource as Calico stores it: JSON with kind, apiVersion, metadata, spec (and status) in this order, and
/// without metadata.resourceVersion, which is the revision of the entry. Octets that are not UTF-8 are
/// replaced.
std::string encode_resource(const nlohmann::json& resource);
/// The reverse: the document with metadata.resourceVersion. Errc::protocol, naming the key, if the value is
/// not a JSON object, or nested deeper than any resource.
Result<nlohmann::json> decode_resource(const Entry& entry);
/// Any value that is a JSON object, with the same checks.
Result<nlohmann::json> decode_value(std::string_view key, std::string_view value);

}  // namespace catflap::calico
