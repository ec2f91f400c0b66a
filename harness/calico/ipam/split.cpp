#include "calico/ipam/split.hpp"

#include <bit>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "calico/ipam/codec.hpp"
#include "calico/store/keys.hpp"
#include "net/addr.hpp"

namespace catflap::calico::ipam {
namespace {

using nlohmann::json;

constexpr std::size_t kNameMax = 253;
constexpr std::size_t kNameCut = 245;
/// More pools than anybody can use; Calico would try.
constexpr std::int64_t kPartsMax = 65536;

struct StoredPool {
  std::string key{};
  json document{};
  Revision revision = 0;
};

std::string text_at(const json& document, const char* pointer) {
  const json::json_pointer at(pointer);
  return document.contains(at) && document[at].is_string() ? document[at].get<std::string>() : "";
}

Result<bool> is_locked(Datastore& store) {
  const auto entry = store.get(to_key(ResourceKey{"clusterinformations", "", "default"}));
  if (!entry) {
    return fail(entry.error());
  }
  if (!*entry) {
    return false;
  }
  const auto cluster = decode_resource(**entry);
  if (!cluster) {
    return fail(cluster.error());
  }
  return cluster->value("/spec/datastoreReady"_json_pointer, json()) == false;
}

Result<StoredPool> find_pool(Datastore& store, const Split& request) {
  const auto listing = store.list(resource_prefix("ippools"));
  if (!listing) {
    return fail(listing.error());
  }
  for (const Entry& entry : listing->entries) {
    auto document = decode_resource(entry);
    if (!document) {
      return fail(std::move(document.error()));
    }
    if (request.name.empty() ? text_at(*document, "/spec/cidr") == request.cidr
                             : text_at(*document, "/metadata/name") == request.name) {
      return StoredPool{entry.key, std::move(*document), entry.modified};
    }
  }
  if (!request.name.empty()) {
    return fail(Errc::not_found, fmt::format("unable to find IP pool with name {}: resource does not exist: "
                                             "IPPool({})",
                                             request.name, request.name));
  }
  return fail(Errc::not_found, fmt::format("unable to find IP pool {} covering the specified CIDR {}",
                                           request.name, request.cidr));
}

Result<std::vector<net::Prefix>> split_cidr(const std::string& text, std::int64_t parts) {
  if (parts < 2 || !std::has_single_bit(static_cast<std::uint64_t>(parts)) || parts > kPartsMax) {
    return fail(Errc::invalid, fmt::format("number to split CIDR into is not a valid power of 2: {}", parts));
  }
  const auto cidr = net::InterfaceAddress::parse(text);
  if (!cidr) {
    return fail(Errc::invalid, fmt::format("error reading CIDR {} before attempting to split it", text));
  }
  const int bits = std::countr_zero(static_cast<std::uint64_t>(parts));
  const net::Prefix whole = cidr->network();
  const int length = whole.length() + bits;
  const int all = net::address_bits(whole.family());
  if (length > all) {
    return fail(Errc::invalid,
                fmt::format("the CIDR {} is not large enough to be split into {} parts", text, parts));
  }
  std::vector<net::Prefix> result;
  for (std::uint64_t n = 0; n < static_cast<std::uint64_t>(parts); ++n) {
    // The number of the part stands behind the bits of the whole.
    net::IpAddr address = whole.addr();
    for (int bit = 0; bit < bits; ++bit) {
      if ((n >> static_cast<unsigned>(bit) & 1U) != 0) {
        const int position = all - length + bit;  // from the lowest bit of the address
        if (address.is_v4()) {
          address = net::IpAddr::v4(address.v4_value() | std::uint32_t{1} << position);
        } else if (position < 64) {
          address = net::IpAddr::v6(address.high(), address.low() | std::uint64_t{1} << position);
        } else {
          address = net::IpAddr::v6(address.high() | std::uint64_t{1} << (position - 64), address.low());
        }
      }
    }
    result.emplace_back(address, static_cast<std::uint8_t>(length));
  }
  return result;
}

/// A pool as `old`, with a name and range of its own.
json part_of(const json& old, const std::string& name, const net::Prefix& cidr, const Split& request) {
  json part = old;
  json& metadata = part["metadata"];
  for (const char* field : {"resourceVersion", "generation", "selfLink", "generateName"}) {
    metadata.erase(field);
  }
  metadata["name"] = name;
  metadata["creationTimestamp"] = to_rfc3339(request.now);
  if (request.make_uid) {
    metadata["uid"] = request.make_uid();
  } else {
    metadata.erase("uid");
  }
  part["spec"]["cidr"] = net::to_string(cidr);
  part["spec"].erase("disabled");
  part.erase("status");
  return part;
}

}  // namespace

Result<std::string> split_pool(Datastore& store, const Split& request) {
  if (request.name.empty() && request.cidr.empty()) {
    return fail(Errc::invalid,
                "no name or CIDR provided. Provide a name or CIDR to denote the IP pool to split");
  }
  const auto locked = is_locked(store);
  if (!locked) {
    Error error = locked.error();
    return fail(std::move(error).context("error while checking if datastore was locked"));
  }
  if (!*locked) {
    return fail(
        Errc::denied,
        "datastore is not locked. Run the `calicoctl datastore migrate lock` command in order split the IP "
        "pools");
  }
  auto pool = find_pool(store, request);
  if (!pool) {
    return fail(std::move(pool.error()));
  }
  const std::string name = text_at(pool->document, "/metadata/name");
  const std::string range = text_at(pool->document, "/spec/cidr");
  // Before anything is written; Calico leaves the pool disabled.
  const auto parts = split_cidr(range, request.parts);
  if (!parts) {
    Error error = parts.error();
    return fail(std::move(error).context(
        fmt::format("error splitting the CIDR {} into {} CIDRs", range, request.parts)));
  }
  json disabled = pool->document;
  disabled["spec"]["disabled"] = true;
  const auto updated = store.update(pool->key, encode_resource(disabled), pool->revision);
  if (!updated) {
    Error error = updated.error();
    return fail(std::move(error).context("error disabling IP pool " + range));
  }
  std::string text =
      fmt::format("IP Pool {} was successfully split into {} smaller pools.", name, request.parts);
  for (std::size_t n = 0; n < parts->size(); ++n) {
    std::string part_name = fmt::format("split-{}-{}", name, n);
    if (part_name.size() > kNameMax) {
      part_name = fmt::format("split-{}-{}", name.substr(0, kNameCut), n);
    }
    const std::string cidr = net::to_string((*parts)[n]);
    const json part = part_of(pool->document, part_name, (*parts)[n], request);
    const auto created = store.create(to_key(ResourceKey{"ippools", "", part_name}), encode_resource(part));
    if (!created) {
      Error error = created.error();
      return fail(std::move(error).context("error using unsafe create to make split pool with cidr " + cidr));
    }
    text += fmt::format("Created {} with CIDR {}.\n", part_name, cidr);
  }
  const auto erased = store.erase(pool->key, updated->modified);
  if (!erased) {
    Error error = erased.error();
    return fail(std::move(error).context("error removing the IP pool that was split " + name));
  }
  return text + "Please refer to the documentation for final steps.";
}

}  // namespace catflap::calico::ipam
