#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "calico/client/client.hpp"

/// `calicoctl config set|get|unset` of calicoctl 1.x over a v3 store: asNumber and nodeToNodeMesh are
/// BGPConfiguration "default", logLevel is BGPConfiguration and FelixConfiguration "default" or
/// "node.<node>", ipip is FelixConfiguration "default". Raw settings are the keys of etcd v2 as they are.
namespace catflap::calico {

struct ConfigItem {
  std::string name;    ///< in any case: "nodeTonodeMesh"
  std::string node{};  ///< "": of all nodes
  std::string raw{};   ///< "": a known name; "bgp" or "felix": any name of that component
};

/// The value alone: "on", "64512", "info". What is not set prints as what it means: "info (inherited from
/// global)" at a node; raw: "(unset)". Errc::invalid: "unrecognised config name 'x'", "--node should not be
/// specified", "unrecognised component 'x'".
Result<std::string> get_config(Client& client, const ConfigItem& item);
/// Also "invalid value 'x'" and "the supplied AS number is not valid".
Status set_config(Client& client, const ConfigItem& item, std::string_view value);
Status unset_config(Client& client, const ConfigItem& item);

}  // namespace catflap::calico
