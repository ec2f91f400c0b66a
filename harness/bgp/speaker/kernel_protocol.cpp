#include "bgp/speaker/kernel_protocol.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

namespace catflap::bgp::internal {

namespace {

constexpr std::uint8_t kProtocolKernel = 2;  // RTPROT_KERNEL
constexpr std::uint8_t kProtocolBird = 12;   // RTPROT_BIRD
constexpr std::uint32_t kMetricDefault = 32;
constexpr std::uint8_t kScopeUniverse = 0;
constexpr std::uint8_t kScopeLink = 253;

std::optional<std::uint32_t> number(const policy::RouteAttrs& attrs, intent::RouteAttribute attribute) {
  const intent::Value* value = policy::find_extra(attrs, attribute);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (const auto* plain = std::get_if<std::uint32_t>(value)) {
    return *plain;
  }
  if (const auto* quad = std::get_if<intent::Quad>(value)) {
    return quad->value;
  }
  return std::nullopt;
}

/// True if the kernel's route does what ours says: it may fill in what we leave open (scope, source).
bool does_the_same(const KernelRouteSpec& ours, const KernelRouteSpec& kernels) {
  const auto key = [](const KernelRouteSpec& spec) {
    std::vector<std::tuple<std::optional<net::IpAddr>, IfIndex, std::uint32_t>> hops;
    for (const KernelRouteSpec::NextHop& hop : spec.next_hops) {
      hops.emplace_back(hop.via, hop.interface, spec.next_hops.size() > 1 ? hop.weight : 1U);
    }
    std::sort(hops.begin(), hops.end());
    return hops;
  };
  return ours.type == kernels.type && ours.metric == kernels.metric &&
         (ours.type != observe::RouteType::unicast || key(ours) == key(kernels)) &&
         (!ours.prefsrc || ours.prefsrc == kernels.prefsrc);
}

policy::RouteAttrs learned_attrs(const KernelRouteSpec& route) {
  policy::RouteAttrs attrs;
  attrs.source = intent::RouteSource::inherit;
  switch (route.type) {
    case observe::RouteType::unicast:
      attrs.forwarding.destination = policy::Destination::unicast;
      break;
    case observe::RouteType::blackhole:
      attrs.forwarding.destination = policy::Destination::blackhole;
      break;
    case observe::RouteType::unreachable:
      attrs.forwarding.destination = policy::Destination::unreachable;
      break;
    case observe::RouteType::prohibit:
      attrs.forwarding.destination = policy::Destination::prohibit;
      break;
  }
  for (const KernelRouteSpec::NextHop& hop : route.next_hops) {
    attrs.forwarding.next_hops.push_back(
        policy::NextHop{hop.via, hop.interface, static_cast<std::uint16_t>(hop.weight), hop.onlink});
  }
  policy::normalise(attrs.forwarding.next_hops);
  policy::set_extra(attrs, intent::RouteAttribute::krt_source, std::uint32_t{route.protocol});
  policy::set_extra(attrs, intent::RouteAttribute::krt_metric, route.metric);
  if (route.prefsrc) {
    policy::set_extra(attrs, intent::RouteAttribute::krt_prefsrc, *route.prefsrc);
  }
  if (route.realm) {
    policy::set_extra(attrs, intent::RouteAttribute::krt_realm, *route.realm);
  }
  return attrs;
}

}  // namespace

std::uint32_t KernelProtocol::metric() const {
  return body().metric.value_or(kMetricDefault);
}

void KernelProtocol::on_start() {
  set_state(observe::ProtocolState::up);
  for (const auto& channel : channels_) {
    bring_up(*channel);
  }
  if (core_.kernel_scanned) {
    scan_done();
  }
}

void KernelProtocol::scan_done() {
  // Judged in flush, when the tables are decided and what is wanted is known.
  reconcile_ = state() == observe::ProtocolState::up;
  core_.flush_later(id());
}

void KernelProtocol::on_stop(StopReason reason, const std::string&) {
  const bool shutdown = reason == StopReason::shutdown;
  const bool removes = core_.kernel_scanned && !body().persist && !(shutdown && core_.keep_kernel_routes);
  for (rib::PrefixId id = 0; id < slots_.size(); ++id) {
    if (!in_use(id)) {
      continue;
    }
    const Body installed = slots_[id].installed;
    if (installed != KernelRouteBodies::kNone && removes) {
      ask(table().prefix_of(id), installed, false);
    } else if (installed != KernelRouteBodies::kNone && !shutdown) {  // leftovers for who comes next
      KernelRouteSpec left = *bodies_.get(installed);
      left.prefix = table().prefix_of(id);
      core_.kernel_routes[left.table].insert_or_assign({left.prefix, left.metric}, left);
    }
    table().unpin(id);
  }
  slots_ = {};
  marked_ = {};
  dirty_ = {};
  next_ = 0;
  leftovers_from_.reset();
  bodies_ = {};
}

bool KernelProtocol::on_reconfigure(const intent::ProtocolIntent& next) {
  const auto& to = std::get<intent::KernelIntent>(next.body);
  const intent::KernelIntent& from = body();
  // The rest only says when and what to keep; no route looks different for it.
  return to.kernel_table == from.kernel_table && to.metric == from.metric && to.learn == from.learn &&
         to.learn_all == from.learn_all && to.merge_paths == from.merge_paths &&
         to.merge_paths_limit == from.merge_paths_limit && to.device_routes == from.device_routes;
}

std::string_view KernelProtocol::why_not(const Channel&, const rib::Path& path) const {
  return path.protocol == id() ? "it was learnt from this kernel table"
                               : "device routes are the kernel's own (`device routes on` would write them)";
}

bool KernelProtocol::preexport(const Channel&, const rib::Path& path) const {
  if (path.protocol == id()) {
    return false;
  }
  // Without a metric of our own (dialect 1.6) device routes would clash with the kernel's.
  return metric() != 0 || body().device_routes || path.attrs->source != intent::RouteSource::device;
}

bool KernelProtocol::describe(net::Family family, const policy::RouteAttrs& attrs,
                              const policy::Forwarding& forwarding) {
  spec_.table = body().kernel_table;
  spec_.protocol = kProtocolBird;
  // As in BIRD: a filter's krt_metric counts where the protocol has `metric 0`, the default of dialect 1.6.
  spec_.metric = metric() != 0 ? metric() : number(attrs, intent::RouteAttribute::krt_metric).value_or(0);
  spec_.realm = number(attrs, intent::RouteAttribute::krt_realm);
  spec_.mtu = number(attrs, intent::RouteAttribute::krt_mtu);
  spec_.prefsrc.reset();
  spec_.scope = 0;
  spec_.next_hops.clear();
  const intent::Value* prefsrc = policy::find_extra(attrs, intent::RouteAttribute::krt_prefsrc);
  if (prefsrc != nullptr && std::holds_alternative<net::IpAddr>(*prefsrc)) {
    spec_.prefsrc = std::get<net::IpAddr>(*prefsrc);
  }
  switch (forwarding.destination) {
    case policy::Destination::none:
      return false;
    case policy::Destination::unicast:
      spec_.type = observe::RouteType::unicast;
      break;
    case policy::Destination::blackhole:
      spec_.type = observe::RouteType::blackhole;
      break;
    case policy::Destination::unreachable:
      spec_.type = observe::RouteType::unreachable;
      break;
    case policy::Destination::prohibit:
      spec_.type = observe::RouteType::prohibit;
      break;
  }
  if (spec_.type == observe::RouteType::unicast) {
    bool on_link = true;
    for (const policy::NextHop& hop : forwarding.next_hops) {
      spec_.next_hops.push_back({hop.via, hop.interface, hop.weight, hop.onlink});
      on_link = on_link && !hop.via;
    }
    if (spec_.next_hops.empty()) {
      return false;
    }
    spec_.scope = static_cast<std::uint8_t>(
        number(attrs, intent::RouteAttribute::krt_scope)
            .value_or(on_link && family == net::Family::ipv4 ? kScopeLink : kScopeUniverse));
  }
  return true;
}

namespace {

/// How many next hops a route may have whose best path is this one.
std::uint32_t paths_max(const rib::Path& best, const rib::Table& table, const intent::KernelIntent& kernel) {
  const rib::DecisionOptions& options = table.protocols().of(best.protocol, best.path_id);
  if (!options.bgp) {
    return kernel.merge_paths_limit;
  }
  const auto& own = options.internal ? kernel.max_paths_internal : kernel.max_paths_external;
  return own.value_or(kernel.merge_paths_limit);
}

/// RFC 4271 §9.1.2.2 leaves it open; without `as path relax` external paths share traffic only if they come
/// by the same neighbour AS.
std::vector<const rib::Path*> paths_to_merge(const rib::Table& table, const rib::Change& change,
                                             const intent::KernelIntent& kernel) {
  constexpr std::size_t kCandidatesMax = 255;
  std::vector<const rib::Path*> paths = table.multipath(*change.entry, kCandidatesMax);
  const rib::DecisionOptions& options = table.protocols().of(change.best->protocol, change.best->path_id);
  if (!kernel.as_path_relax && options.bgp && !options.internal) {
    const auto neighbour_as = [](const rib::Path& path) {
      const auto& as_path = path.attrs->bgp.as_path;
      return as_path ? as_path->first() : std::nullopt;
    };
    const auto wanted = neighbour_as(*change.best);
    paths.erase(std::remove_if(paths.begin(), paths.end(),
                               [&](const rib::Path* path) { return neighbour_as(*path) != wanted; }),
                paths.end());
  }
  if (paths.size() > paths_max(*change.best, table, kernel)) {
    paths.resize(paths_max(*change.best, table, kernel));
  }
  return paths;
}

}  // namespace

bool KernelProtocol::wanted_for(Channel& channel, const rib::Change& change) {
  if (change.best == nullptr) {
    return false;
  }
  ++channel.export_updates.received;
  policy::RouteEdit edit;
  if (!channel.filter_out(change.prefix, *change.best, edit)) {
    return false;
  }
  const policy::RouteAttrs& attrs = edit.attrs(*change.best->attrs);
  const policy::Forwarding& one = attrs.recursive ? change.best->forwarding() : attrs.forwarding;
  if (!body().merge_paths || change.entry == nullptr || one.destination != policy::Destination::unicast) {
    return describe(change.prefix.family(), attrs, one);
  }
  policy::Forwarding merged = one;
  for (const rib::Path* path : paths_to_merge(channel.table(), change, body())) {
    if (path != change.best &&
        channel.would_export(change.prefix, *path) == Channel::ExportVerdict::accepted) {
      const auto& more = path->forwarding().next_hops;
      merged.next_hops.insert(merged.next_hops.end(), more.begin(), more.end());
    }
  }
  policy::normalise(merged.next_hops);
  const std::uint32_t limit = paths_max(*change.best, channel.table(), body());
  if (merged.next_hops.size() > limit) {
    merged.next_hops.resize(limit);
  }
  return describe(change.prefix.family(), attrs, merged);
}

void KernelProtocol::route_changed(Channel& channel, const rib::Change& change) {
  if (!change.best_changed && !body().merge_paths) {
    return;
  }
  const bool wants = wanted_for(channel, change);
  const Body before = slot(change.id).wanted;
  if (!wants) {
    if (before != KernelRouteBodies::kNone) {
      if (change.best == nullptr) {
        ++channel.export_withdraws.received;
      }
      ++channel.export_withdraws.accepted;
      --channel.exported;
      set_wanted(change.id, KernelRouteBodies::kNone);
    }
    return;
  }
  if (before == KernelRouteBodies::kNone) {
    if (!channel.admit_export()) {
      ++channel.export_updates.rejected;
      return;
    }
    ++channel.exported;
  }
  ++channel.export_updates.accepted;
  const Body body = bodies_.take(spec_);
  if (body == before) {
    bodies_.release(body);
  } else {
    set_wanted(change.id, body);
  }
}

bool KernelProtocol::in_use(rib::PrefixId id) const {
  return id < slots_.size() && (slots_[id].wanted != KernelRouteBodies::kNone ||
                                slots_[id].installed != KernelRouteBodies::kNone || marked_[id]);
}

void KernelProtocol::grow(rib::PrefixId id) {
  if (id >= slots_.size()) {
    slots_.resize(std::max<std::size_t>(table().id_limit(), id + 1));
    marked_.resize(slots_.size());
  }
  if (!in_use(id)) {
    table().pin(id);
  }
}

void KernelProtocol::settle(rib::PrefixId id) {
  if (!in_use(id)) {
    table().unpin(id);
  }
}

void KernelProtocol::mark(rib::PrefixId id) {
  grow(id);
  if (!marked_[id]) {
    marked_[id] = true;
    dirty_.push_back(id);
    core_.flush_later(this->id());
  }
}

void KernelProtocol::set_wanted(rib::PrefixId id, Body body) {
  mark(id);
  bodies_.release(std::exchange(slots_[id].wanted, body));
}

void KernelProtocol::set_installed(rib::PrefixId id, Body body) {
  grow(id);
  bodies_.release(std::exchange(slots_[id].installed, body));
  settle(id);
}

void KernelProtocol::ask(const net::Prefix& prefix, Body body, bool present) {
  core_.act(act::KernelRoute{prefix, bodies_.get(body), present});
}

bool KernelProtocol::claim(const net::Prefix& prefix, Body body) {
  const auto routes = core_.kernel_routes.find(this->body().kernel_table);
  if (routes == core_.kernel_routes.end()) {
    return false;
  }
  const KernelRouteSpec& want = *bodies_.get(body);
  const auto it = routes->second.find({prefix, want.metric});
  if (it == routes->second.end()) {
    return false;
  }
  const bool same = it->second.protocol == kProtocolBird && does_the_same(want, it->second);
  routes->second.erase(it);  // from here on it is ours, or replaced by ours
  return same;
}

void KernelProtocol::flush() {
  obey_limit();
  if (!core_.kernel_scanned || state() != observe::ProtocolState::up) {
    return;
  }
  if (std::exchange(reconcile_, false)) {
    reconcile();
  }
  if (leftovers_from_) {
    remove_leftovers();
  }
  for (; next_ < dirty_.size(); ++next_) {
    if (core_.kernel_changes_left == 0) {
      core_.flush_next_run.insert(id());
      break;
    }
    write(dirty_[next_]);
  }
  constexpr std::size_t kWrittenMax = 65536;
  if (next_ == dirty_.size()) {
    dirty_.clear();
    next_ = 0;
  } else if (next_ > kWrittenMax) {
    dirty_.erase(dirty_.begin(), dirty_.begin() + static_cast<std::ptrdiff_t>(next_));
    next_ = 0;
  }
}

void KernelProtocol::write(rib::PrefixId id) {
  const net::Prefix prefix = table().prefix_of(id);
  const Slot before = slots_[id];
  if (before.wanted == before.installed) {
    // Changed and changed back.
  } else if (before.wanted == KernelRouteBodies::kNone) {
    if (!core_.keeps_kernel_routes) {
      ask(prefix, before.installed, false);
      --core_.kernel_changes_left;
      set_installed(id, KernelRouteBodies::kNone);
    }
  } else {
    const KernelRouteSpec& want = *bodies_.get(before.wanted);
    if (before.installed != KernelRouteBodies::kNone &&
        bodies_.get(before.installed)->metric != want.metric) {
      ask(prefix, before.installed, false);  // another metric is another route to the kernel
    }
    if (!claim(prefix, before.wanted) || before.installed != KernelRouteBodies::kNone) {
      ask(prefix, before.wanted, true);
      --core_.kernel_changes_left;
    }
    set_installed(id, bodies_.take(want));
  }
  marked_[id] = false;
  settle(id);
}

bool KernelProtocol::is_leftover(const KernelRouteSpec& route) const {
  if (route.protocol != kProtocolBird || channels_.empty() ||
      route.prefix.family() != channels_.front()->intent().family) {
    return false;
  }
  const auto id = table().number_of(route.prefix);
  const Body want = id ? slot(*id).wanted : KernelRouteBodies::kNone;
  return want == KernelRouteBodies::kNone || bodies_.get(want)->metric != route.metric;
}

void KernelProtocol::remove_leftovers() {
  if (core_.keeps_kernel_routes) {
    leftovers_from_.reset();  // recovery_done() comes back to them
    return;
  }
  auto& known = core_.kernel_routes[body().kernel_table];
  auto it = known.lower_bound(*leftovers_from_);
  while (it != known.end()) {
    if (!is_leftover(it->second)) {
      ++it;
      continue;
    }
    if (core_.kernel_changes_left == 0) {
      leftovers_from_ = it->first;
      core_.flush_next_run.insert(id());
      return;
    }
    core_.act(act::KernelRoute{it->second, false});
    --core_.kernel_changes_left;
    it = known.erase(it);
  }
  leftovers_from_.reset();
}

void KernelProtocol::reconcile() {
  for (rib::PrefixId id = 0; id < slots_.size(); ++id) {
    if (slots_[id].wanted != slots_[id].installed) {
      mark(id);
    }
  }
  leftovers_from_.emplace();
  std::set<net::Prefix> prefixes;
  for (const auto& [key, spec] : core_.kernel_routes[body().kernel_table]) {
    prefixes.insert(key.first);
  }
  for (const net::Prefix& prefix : prefixes) {
    learn(prefix);
  }
}

bool KernelProtocol::learnable(const KernelRouteSpec& route) const {
  const net::IpAddr& addr = route.prefix.addr();
  return route.protocol != kProtocolBird && (route.protocol != kProtocolKernel || body().learn_all) &&
         !addr.is_loopback() && !addr.is_multicast() && !(addr.is_v6() && addr.is_link_local());
}

void KernelProtocol::learn(const net::Prefix& prefix) {
  if (!body().learn || channels_.empty() || prefix.family() != channels_.front()->intent().family) {
    return;
  }
  // The kernel uses the lowest metric, and so does the table; BIRD learns just that one.
  const auto& known = core_.kernel_routes[body().kernel_table];
  Channel& channel = *channels_.front();
  for (auto it = known.lower_bound({prefix, 0}); it != known.end() && it->first.first == prefix; ++it) {
    if (learnable(it->second)) {
      channel.update(prefix, 0, learned_attrs(it->second));
      return;
    }
  }
  const rib::Entry* entry = channel.table().find(prefix);
  if (entry != nullptr && entry->find(id(), 0) != nullptr) {
    channel.withdraw(prefix, 0);
  }
}

bool KernelProtocol::holds(const KernelRouteSpec& route) const {
  if (route.protocol != kProtocolBird || slots_.empty()) {
    return false;
  }
  const auto id = table().number_of(route.prefix);
  const Body installed = id ? slot(*id).installed : KernelRouteBodies::kNone;
  return installed != KernelRouteBodies::kNone && does_the_same(*bodies_.get(installed), route);
}

void KernelProtocol::kernel_route(const KernelRouteSpec& route, bool added) {
  if (state() != observe::ProtocolState::up || !core_.kernel_scanned) {
    return;
  }
  if (route.protocol != kProtocolBird) {
    learn(route.prefix);
    return;
  }
  const auto id = slots_.empty() ? std::nullopt : table().number_of(route.prefix);
  const Body installed = id ? slot(*id).installed : KernelRouteBodies::kNone;
  if (installed == KernelRouteBodies::kNone || bodies_.get(installed)->metric != route.metric) {
    return;
  }
  if (!added || !does_the_same(*bodies_.get(installed), route)) {
    mark(*id);
    set_installed(*id, KernelRouteBodies::kNone);
  }
}

void KernelProtocol::result(const net::Prefix& prefix, int sys_errno) {
  if (channels_.empty()) {
    return;
  }
  const bool refused = sys_errno != 0;
  const auto id = table().number_of(prefix);
  if (refused && (!id || slot(*id).installed == KernelRouteBodies::kNone)) {
    return;  // a route that we removed was gone already
  }
  if (refused) {
    core_.note(act::NoteLevel::warning, name(),
               "kernel refused " + to_string(prefix) + ": errno " + std::to_string(sys_errno));
    set_installed(*id, KernelRouteBodies::kNone);
  }
  table().set_kernel_refused(prefix, refused);
}

}  // namespace catflap::bgp::internal
