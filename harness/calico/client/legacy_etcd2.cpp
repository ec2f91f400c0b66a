#include "calico/client/legacy_etcd2.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

namespace catflap::calico {
namespace {

using nlohmann::json;

/// Where the keys of etcd v2 stand; those of v3 are elsewhere.
constexpr std::array<std::string_view, 2> kPrefixes = {"/calico/bgp/v1/", "/calico/v1/"};

bool is_etcd2_key(std::string_view key) {
  return std::any_of(kPrefixes.begin(), kPrefixes.end(),
                     [key](std::string_view prefix) { return key.starts_with(prefix); });
}

/// What is in the way of entries, told by their keys.
std::set<std::string> refused_keys(const Etcd2Data& data) {
  std::set<std::string> keys;
  for (const Diagnostic& problem : data.problems) {
    keys.insert(problem.path);
  }
  return keys;
}

/// Puts what `meant` says into the resource of this name, or makes it.
Status merge_resource(Client& client, const Resource& meant) {
  const Result<Resource> there = client.get(id_of(meant));
  if (!there && there.error().code != Errc::not_found) {
    return fail(there.error());
  }
  if (!there) {
    const Result<Resource> made = client.apply(meant);
    return made ? Status() : fail(made.error());
  }
  Resource merged = *there;
  merged.spec().merge_patch(meant.spec());
  if (merged.spec() == there->spec()) {
    return {};
  }
  const Result<Resource> written = client.replace(merged);
  return written ? Status() : fail(written.error());
}

}  // namespace

Result<Etcd2Applied> put_etcd2(Client& client, std::span<const Etcd2Entry> entries) {
  Etcd2Data meant = interpret_etcd2(entries);
  const std::set<std::string> refused = refused_keys(meant);
  Etcd2Applied applied;
  applied.problems = std::move(meant.problems);
  Datastore& store = client.records().store();
  for (const Etcd2Entry& entry : entries) {
    if (refused.count(entry.key) != 0) {
      continue;
    }
    if (const Result<Entry> put = store.put(entry.key, entry.value); !put) {
      return fail(put.error());
    }
    ++applied.kept;
  }
  if (meant.resources.empty()) {
    return applied;
  }
  const Result<std::vector<Etcd2Entry>> all = list_etcd2(store);
  if (!all) {
    return fail(all.error());
  }
  const Etcd2Data whole = interpret_etcd2(*all);
  for (const Resource& touched : meant.resources) {
    const auto same =
        std::find_if(whole.resources.begin(), whole.resources.end(), [&touched](const Resource& each) {
          return &each.kind() == &touched.kind() && each.name() == touched.name();
        });
    if (Status merged = merge_resource(client, same == whole.resources.end() ? touched : *same); !merged) {
      return fail(merged.error());
    }
    applied.resources.push_back(id_of(touched));
  }
  return applied;
}

Result<std::vector<RouteReflector>> route_reflectors(Datastore& store) {
  const Result<Listing> listing = store.list(kRouteReflectorPrefix);
  if (!listing) {
    return fail(listing.error());
  }
  std::vector<RouteReflector> reflectors;
  for (const Entry& entry : listing->entries) {
    if (const auto reflector = parse_route_reflector({entry.key, entry.value}); reflector && *reflector) {
      reflectors.push_back(**reflector);
    }
  }
  std::sort(reflectors.begin(), reflectors.end(),
            [](const RouteReflector& a, const RouteReflector& b) { return a.address < b.address; });
  return reflectors;
}

Result<std::vector<Etcd2Entry>> list_etcd2(Datastore& store, std::string_view prefix) {
  std::vector<Etcd2Entry> entries;
  for (const std::string_view root : kPrefixes) {
    // The shorter of the two is within the longer, or there is nothing to find.
    const std::string_view wanted = prefix.size() > root.size() ? prefix : root;
    if (!wanted.starts_with(root) || !wanted.starts_with(prefix)) {
      continue;
    }
    const Result<Listing> listing = store.list(wanted);
    if (!listing) {
      return fail(listing.error());
    }
    for (const Entry& entry : listing->entries) {
      entries.push_back({entry.key, entry.value});
    }
  }
  return entries;
}

Status remove_etcd2(Datastore& store, std::string_view key) {
  const Error missing{Errc::not_found, fmt::format("Key not found ({})", key)};
  if (!is_etcd2_key(key)) {
    return fail(missing);
  }
  const Result<Entry> gone = store.erase(key);
  return gone ? Status() : fail(gone.error().code == Errc::not_found ? missing : gone.error());
}

}  // namespace catflap::calico
