#include "bgp/policy/route.hpp"

#include <algorithm>
#include <functional>
#include <tuple>
#include <utility>
#include <variant>

namespace catflap::bgp::policy {
namespace {

using intent::RouteAttribute;

class Hasher {
 public:
  void add(std::uint64_t value) {
    state_ = (state_ ^ value) * 0x9E3779B97F4A7C15ULL;
    state_ ^= state_ >> 32U;
  }
  void add(const net::IpAddr& addr) { add(std::hash<net::IpAddr>()(addr)); }
  void add(const std::string& text) { add(std::hash<std::string>()(text)); }
  template <class T>
  void add(const std::optional<T>& value) {
    add(value.has_value() ? 1U : 0U);
    if (value) {
      add(*value);
    }
  }
  void add(wire::Origin origin) { add(static_cast<std::uint64_t>(origin)); }
  void add(const wire::Aggregator& value) { add(std::uint64_t{value.asn} << 32U | value.address); }
  void add(const net::LargeCommunity& value) {
    add(std::uint64_t{value.global} << 32U | value.local1);
    add(value.local2);
  }
  void add(const net::AsPath& path) {
    add(path.segments.size());
    for (const net::AsSegment& segment : path.segments) {
      add(static_cast<std::uint64_t>(segment.type));
      add_all(segment.asns);
    }
  }
  template <class T>
  void add_all(const std::vector<T>& values) {
    add(std::uint64_t{values.size()});
    for (const T& value : values) {
      add(value);
    }
  }
  std::size_t result() const { return static_cast<std::size_t>(state_); }

 private:
  std::uint64_t state_ = 0x6A09E667F3BCC908ULL;
};

auto key_of(const ExtraAttribute& extra) {
  return std::tuple(extra.attribute, std::string_view(extra.name));
}

auto lower_bound(const std::vector<ExtraAttribute>& extra, RouteAttribute attribute, std::string_view name) {
  return std::lower_bound(extra.begin(), extra.end(), std::tuple(attribute, name),
                          [](const ExtraAttribute& item, const auto& key) { return key_of(item) < key; });
}

}  // namespace

std::size_t hash_of(const RouteAttrs& attrs) noexcept {
  Hasher hash;
  hash.add(static_cast<std::uint64_t>(attrs.source) << 40U | static_cast<std::uint64_t>(attrs.scope) << 32U |
           attrs.preference);
  hash.add(attrs.from);
  hash.add(static_cast<std::uint64_t>(attrs.forwarding.destination) << 32U | attrs.forwarding.igp_metric);
  for (const NextHop& hop : attrs.forwarding.next_hops) {
    hash.add(hop.via);
    hash.add(std::uint64_t{hop.interface} << 32U | std::uint64_t{hop.weight} << 1U | (hop.onlink ? 1U : 0U));
  }
  if (attrs.recursive) {
    hash.add(attrs.recursive->address);
    hash.add(attrs.recursive->link_local);
    hash.add(attrs.recursive->table);
  }
  const wire::Attributes& bgp = attrs.bgp;
  hash.add(bgp.origin);
  hash.add(bgp.as_path);
  hash.add(bgp.next_hop);
  hash.add(bgp.med);
  hash.add(bgp.local_pref);
  hash.add(bgp.aggregator);
  hash.add_all(bgp.communities);
  hash.add_all(bgp.ext_communities);
  hash.add_all(bgp.large_communities);
  hash.add(std::uint64_t{bgp.emptied.communities} | std::uint64_t{bgp.emptied.ext_communities} << 1U |
           std::uint64_t{bgp.emptied.large_communities} << 2U);
  hash.add(bgp.originator_id);
  hash.add_all(bgp.cluster_list);
  // Rare parts only add their number: equality tells the rest apart.
  hash.add(std::uint64_t{bgp.unknown.size()} << 32U | attrs.extra.size() << 1U |
           (bgp.atomic_aggregate ? 1U : 0U));
  for (const ExtraAttribute& extra : attrs.extra) {
    hash.add(static_cast<std::uint64_t>(extra.attribute));
    if (const auto* number = std::get_if<std::uint32_t>(&extra.value)) {
      hash.add(*number);
    }
  }
  return hash.result();
}

const intent::Value* find_extra(const RouteAttrs& attrs, RouteAttribute attribute, std::string_view name) {
  const auto found = lower_bound(attrs.extra, attribute, name);
  return found != attrs.extra.end() && found->attribute == attribute && found->name == name ? &found->value
                                                                                            : nullptr;
}

void set_extra(RouteAttrs& attrs, RouteAttribute attribute, intent::Value value, std::string_view name) {
  const auto index = lower_bound(attrs.extra, attribute, name) - attrs.extra.begin();
  const auto at = attrs.extra.begin() + index;
  if (at != attrs.extra.end() && at->attribute == attribute && at->name == name) {
    at->value = std::move(value);
  } else {
    attrs.extra.insert(at, ExtraAttribute{attribute, std::string(name), std::move(value)});
  }
}

bool unset_extra(RouteAttrs& attrs, RouteAttribute attribute, std::string_view name) {
  const auto index = lower_bound(attrs.extra, attribute, name) - attrs.extra.begin();
  const auto at = attrs.extra.begin() + index;
  if (at == attrs.extra.end() || at->attribute != attribute || at->name != name) {
    return false;
  }
  attrs.extra.erase(at);
  return true;
}

std::uint32_t igp_metric_of(const RouteAttrs& attrs) {
  if (const intent::Value* set = find_extra(attrs, RouteAttribute::igp_metric)) {
    if (const auto* number = std::get_if<std::uint32_t>(set)) {
      return *number;
    }
  }
  return attrs.source == intent::RouteSource::device ? 0 : kMetricUnknown;
}

void normalise(std::vector<NextHop>& next_hops) {
  const auto key = [](const NextHop& hop) {
    return std::tuple(hop.weight, hop.via, hop.interface, hop.onlink);
  };
  std::sort(next_hops.begin(), next_hops.end(),
            [&](const NextHop& a, const NextHop& b) { return key(a) < key(b); });
  next_hops.erase(std::unique(next_hops.begin(), next_hops.end()), next_hops.end());
}

}  // namespace catflap::bgp::policy
