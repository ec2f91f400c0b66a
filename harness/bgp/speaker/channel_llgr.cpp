#include <algorithm>
#include <utility>
#include <vector>

#include "bgp/speaker/channel.hpp"
#include "bgp/speaker/protocol.hpp"
#include "net/community.hpp"

/// Long-lived graceful restart: RFC 9494.
namespace catflap::bgp::internal {

namespace {

bool has(const policy::RouteAttrs& attrs, net::Community community) {
  const auto& communities = attrs.bgp.communities;
  return std::find(communities.begin(), communities.end(), community) != communities.end();
}

}  // namespace

void Channel::enter_long_lived() {
  struct Old {
    net::Prefix prefix;
    rib::Path path;
  };
  std::vector<Old> old;
  rib::Table& table = state_of_table_->table;
  table.for_each([&](const net::Prefix& prefix, const rib::Entry& entry) {
    for (const rib::Path& path : entry.paths()) {
      if (path.protocol == protocol_.id() && path.flags.stale && !path.flags.llgr_stale) {
        old.push_back({prefix, path});
      }
    }
  });
  for (Old& each : old) {
    if (has(*each.path.attrs, net::kNoLlgr)) {
      import_withdraws.accepted += remove_path(each.prefix, each.path.path_id) ? 1U : 0U;
      continue;
    }
    if (!has(*each.path.attrs, net::kLlgrStale)) {
      policy::RouteAttrs attrs = *each.path.attrs;
      attrs.bgp.communities.push_back(net::kLlgrStale);
      each.path = make_path(core_.pool.intern(std::move(attrs)), each.path.path_id);
    }
    each.path.flags.stale = each.path.flags.llgr_stale = true;
    table.update(each.prefix, std::move(each.path));
  }
}

}  // namespace catflap::bgp::internal
