#include "calico/ipam/pools.hpp"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "calico/store/keys.hpp"

namespace catflap::calico::ipam {
namespace {

using nlohmann::json;

std::string text_of(const json& object, const char* name, std::string otherwise) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::move(otherwise);
}

/// A member that is an object; an empty one if it is not.
json object_of(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_object() ? *found : json::object();
}

std::vector<std::string> texts_of(const json& object, const char* name) {
  std::vector<std::string> texts;
  const auto found = object.find(name);
  if (found != object.end() && found->is_array()) {
    for (const json& each : *found) {
      if (each.is_string()) {
        texts.push_back(each.get<std::string>());
      }
    }
  }
  return texts;
}

std::optional<Pool> read_pool(const json& resource) {
  const json spec = object_of(resource, "spec");
  const auto cidr = net::InterfaceAddress::parse(text_of(spec, "cidr", ""));
  if (!cidr) {
    return std::nullopt;
  }
  Pool pool;
  pool.name = text_of(object_of(resource, "metadata"), "name", "");
  pool.cidr = cidr->network();
  const bool v4 = pool.cidr.family() == net::Family::ipv4;
  const auto size = spec.find("blockSize");
  const std::int64_t block_size = size != spec.end() && size->is_number_integer() && *size != 0
                                      ? size->get<std::int64_t>()
                                  : v4 ? 26
                                       : 122;
  const std::int64_t bits = net::address_bits(pool.cidr.family());
  if (block_size < pool.cidr.length() || block_size > bits || bits - block_size > Block::kHostBitsMax) {
    return std::nullopt;
  }
  pool.block_size = static_cast<std::uint8_t>(block_size);
  const auto disabled = spec.find("disabled");
  pool.disabled = disabled != spec.end() && disabled->is_boolean() && disabled->get<bool>();
  pool.automatic = text_of(spec, "assignmentMode", "Automatic") == "Automatic";
  pool.ipip_mode = text_of(spec, "ipipMode", "Never");
  pool.vxlan_mode = text_of(spec, "vxlanMode", "Never");
  pool.node_selector = text_of(spec, "nodeSelector", "");
  pool.namespace_selector = text_of(spec, "namespaceSelector", "");
  if (auto uses = texts_of(spec, "allowedUses"); !uses.empty()) {
    pool.allowed_uses = std::move(uses);
  }
  return pool;
}

Result<bool> selects(const Pool& pool, const std::string& text, const Labels& labels) {
  if (text.empty()) {
    return true;
  }
  const auto selector = Selector::parse(text);
  if (!selector) {
    Error error = selector.error();
    return fail(std::move(error).context("IPPool(" + pool.name + ") selector"));
  }
  return selector->matches(labels);
}

}  // namespace

std::string_view to_string(Use use) {
  switch (use) {
    case Use::workload:
      return "Workload";
    case Use::tunnel:
      return "Tunnel";
    case Use::load_balancer:
      return "LoadBalancer";
  }
  return "";
}

bool Pool::allows(Use use) const {
  return std::find(allowed_uses.begin(), allowed_uses.end(), to_string(use)) != allowed_uses.end();
}

Result<std::vector<Pool>> list_pools(Datastore& store) {
  auto listing = store.list(resource_prefix("ippools"));
  if (!listing) {
    return fail(std::move(listing.error()));
  }
  std::vector<Pool> pools;
  for (const Entry& entry : listing->entries) {
    const auto resource = decode_resource(entry);
    if (!resource) {
      return fail(resource.error());
    }
    if (auto pool = read_pool(*resource)) {
      pools.push_back(std::move(*pool));
    }
  }
  return pools;
}

std::vector<Pool> enabled_pools(const std::vector<Pool>& pools, net::Family family) {
  std::vector<Pool> enabled;
  std::copy_if(pools.begin(), pools.end(), std::back_inserter(enabled),
               [family](const Pool& pool) { return !pool.disabled && pool.cidr.family() == family; });
  return enabled;
}

const Pool* pool_of(const std::vector<Pool>& pools, const net::IpAddr& address) {
  const auto found = std::find_if(pools.begin(), pools.end(),
                                  [&address](const Pool& pool) { return pool.cidr.contains(address); });
  return found == pools.end() ? nullptr : &*found;
}

Result<bool> selects_node(const Pool& pool, const Labels& labels) {
  return selects(pool, pool.node_selector, labels);
}

Result<bool> selects_namespace(const Pool& pool, const Labels& labels) {
  return selects(pool, pool.namespace_selector, labels);
}

Result<Reservations> list_reservations(Datastore& store) {
  auto listing = store.list(resource_prefix("ipreservations"));
  if (!listing) {
    return fail(std::move(listing.error()));
  }
  Reservations reservations;
  for (const Entry& entry : listing->entries) {
    const auto resource = decode_resource(entry);
    if (!resource) {
      return fail(resource.error());
    }
    for (const std::string& text : texts_of(object_of(*resource, "spec"), "reservedCIDRs")) {
      if (const auto cidr = net::InterfaceAddress::parse(text)) {
        reservations.cidrs.push_back(cidr->network());
      }
    }
  }
  return reservations;
}

Result<std::optional<Labels>> node_labels(Datastore& store, std::string_view node) {
  const auto entry = store.get(to_key(ResourceKey{"nodes", "", std::string(node)}));
  if (!entry) {
    return fail(entry.error());
  }
  if (!*entry) {
    return std::optional<Labels>();
  }
  const auto resource = decode_resource(**entry);
  if (!resource) {
    return fail(resource.error());
  }
  Labels labels;
  const json stored = object_of(object_of(*resource, "metadata"), "labels");
  for (const auto& [name, value] : stored.items()) {
    if (value.is_string()) {
      labels.emplace(name, value.get<std::string>());
    }
  }
  return std::optional<Labels>(std::move(labels));
}

}  // namespace catflap::calico::ipam
