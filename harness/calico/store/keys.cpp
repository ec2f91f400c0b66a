#include "calico/store/keys.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace catflap::calico {
namespace {

constexpr std::string_view kIpamPrefix = "/calico/ipam/v2/";

/// The segments of what follows `prefix`; nothing if `key` does not begin with it, or a segment is empty.
std::optional<std::vector<std::string_view>> segments_after(std::string_view key, std::string_view prefix) {
  if (!key.starts_with(prefix)) {
    return std::nullopt;
  }
  key.remove_prefix(prefix.size());
  std::vector<std::string_view> segments;
  while (true) {
    const std::size_t slash = key.find('/');
    segments.push_back(key.substr(0, slash));
    if (segments.back().empty()) {
      return std::nullopt;
    }
    if (slash == std::string_view::npos) {
      return segments;
    }
    key.remove_prefix(slash + 1);
  }
}

/// "ipv4/block/10.0.0.0-26"
std::string block_path(const net::Prefix& block) {
  std::string cidr = net::to_string(block);
  std::replace(cidr.begin(), cidr.end(), '/', '-');
  return std::string(net::to_string(block.family())) + "/block/" + cidr;
}

/// Of the three segments of block_path().
std::optional<net::Prefix> parse_block_path(std::string_view family, std::string_view word,
                                            std::string_view cidr) {
  const std::size_t dash = cidr.find('-');
  if (word != "block" || dash == std::string_view::npos) {
    return std::nullopt;
  }
  std::string text(cidr);
  text[dash] = '/';
  const Result<net::Prefix> block = net::Prefix::parse(text);
  if (!block || family != net::to_string(block->family())) {
    return std::nullopt;
  }
  return *block;
}

}  // namespace

std::string escape_name(std::string_view name) {
  std::string segment;
  segment.reserve(name.size());
  for (const char each : name) {
    if (each == '%') {
      segment += "%25";
    } else if (each == '/') {
      segment += "%2f";
    } else {
      segment += each;
    }
  }
  return segment;
}

std::string unescape_name(std::string_view segment) {
  std::string name;
  name.reserve(segment.size());
  while (!segment.empty()) {
    const std::string_view escape = segment.substr(0, 3);
    if (escape == "%25" || escape == "%2f" || escape == "%2F") {
      name += escape == "%25" ? '%' : '/';
      segment.remove_prefix(3);
    } else {
      name += segment.front();
      segment.remove_prefix(1);
    }
  }
  return name;
}

std::string to_key(const ResourceKey& resource) {
  return resource_prefix(resource.plural, resource.ns) + escape_name(resource.name);
}

std::optional<ResourceKey> parse_resource_key(std::string_view key) {
  const auto segments = segments_after(key, kResourcePrefix);
  if (!segments || segments->size() < 2 || segments->size() > 3) {
    return std::nullopt;
  }
  const bool is_namespaced = segments->size() == 3;
  return ResourceKey{std::string(segments->front()),
                     is_namespaced ? unescape_name((*segments)[1]) : std::string(),
                     unescape_name(segments->back())};
}

std::string resource_prefix(std::string_view plural, std::string_view ns) {
  std::string prefix(kResourcePrefix);
  prefix.append(plural).append("/");
  if (!ns.empty()) {
    prefix.append(escape_name(ns)).append("/");
  }
  return prefix;
}

std::string block_key(const net::Prefix& block) {
  return std::string(kBlockPrefix) + block_path(block);
}

std::optional<net::Prefix> parse_block_key(std::string_view key) {
  const auto segments = segments_after(key, kBlockPrefix);
  if (!segments || segments->size() != 3) {
    return std::nullopt;
  }
  return parse_block_path((*segments)[0], (*segments)[1], (*segments)[2]);
}

std::string_view to_string(AffinityType type) {
  return type == AffinityType::host ? "host" : "virtual";
}

std::string to_key(const AffinityKey& affinity) {
  return affinity_prefix(affinity.node, affinity.type) + block_path(affinity.block);
}

std::optional<AffinityKey> parse_affinity_key(std::string_view key) {
  const auto segments = segments_after(key, kIpamPrefix);
  if (!segments || segments->size() != 5) {
    return std::nullopt;
  }
  const std::string_view type = segments->front();
  const auto block = parse_block_path((*segments)[2], (*segments)[3], (*segments)[4]);
  if ((type != "host" && type != "virtual") || !block) {
    return std::nullopt;
  }
  return AffinityKey{type == "host" ? AffinityType::host : AffinityType::virtual_,
                     unescape_name((*segments)[1]), *block};
}

std::string affinity_prefix(AffinityType type) {
  return std::string(kIpamPrefix).append(to_string(type)).append("/");
}

std::string affinity_prefix(std::string_view node, AffinityType type) {
  return affinity_prefix(type) + escape_name(node) + "/";
}

std::string affinity_prefix(std::string_view node, net::Family family, AffinityType type) {
  return affinity_prefix(node, type).append(net::to_string(family)).append("/block/");
}

std::string handle_key(std::string_view id) {
  return std::string(kHandlePrefix) + escape_name(id);
}

std::optional<std::string> parse_handle_key(std::string_view key) {
  const auto segments = segments_after(key, kHandlePrefix);
  if (!segments || segments->size() != 1) {
    return std::nullopt;
  }
  return unescape_name(segments->front());
}

std::string ipam_host_key(std::string_view node) {
  return affinity_prefix(AffinityType::host) + escape_name(node);
}

}  // namespace catflap::calico
