#include "bgp/speaker/speaker_impl.hpp"

namespace catflap::bgp {

Result<std::optional<net::Prefix>> Speaker::walk(const Walk& walk,
                                                 const std::function<void(const TablePath&)>& visit) const {
  const internal::Core& core = impl_->core;
  const auto found = core.tables.find(walk.table);
  if (found == core.tables.end()) {
    return fail(Errc::not_found, "there is no table " + walk.table);
  }
  const rib::Table& table = found->second->table;
  const intent::FilterRef all = intent::FilterRef::all();
  const intent::FilterRef& filter = walk.filter == nullptr ? all : *walk.filter;
  const auto tell = [&](const net::Prefix& prefix, const rib::Path& path, bool best) {
    if (path.flags.filtered) {
      return;
    }
    const internal::Protocol* source = core.source_of(path);
    const std::string_view name = source == nullptr ? std::string_view() : std::string_view(source->name());
    policy::RouteEdit edit;
    const policy::RouteRef ref{prefix, *path.attrs, path.resolved(), name};
    if (filter.kind == intent::FilterRef::Kind::all ||
        policy::apply(filter, ref, edit, core.environment()).accepted) {
      visit({prefix, edit.attrs(*path.attrs).bgp, name, path.last_change, path.path_id, best});
    }
  };
  std::optional<net::Prefix> prefix = walk.after ? table.next(*walk.after) : table.first();
  std::optional<net::Prefix> last;
  for (std::size_t i = 0; i < walk.limit && prefix; ++i) {
    core.pool.trim();
    const rib::Entry* entry = table.find(*prefix);
    const rib::Path* best = entry->best();
    if (best != nullptr) {
      tell(*prefix, *best, true);
    }
    for (const rib::Path& path : entry->paths()) {
      if (&path != best) {
        tell(*prefix, path, false);
      }
    }
    last = prefix;
    prefix = table.next(*prefix);
  }
  return prefix ? last : std::nullopt;
}

}  // namespace catflap::bgp
