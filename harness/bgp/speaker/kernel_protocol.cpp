#include "bgp/speaker/kernel_protocol.hpp"

#include <algorithm>
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
  if (core_.kernel_scanned && !body().persist &&
      !(reason == StopReason::shutdown && core_.keep_kernel_routes)) {
    for (const auto& [prefix, spec] : installed_) {
      core_.act(act::KernelRoute{spec, false});
      core_.kernel_routes[spec.table].erase({prefix, spec.metric});
    }
  }
  wanted_.clear();
  installed_.clear();
  dirty_.clear();
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

std::optional<KernelRouteSpec> KernelProtocol::spec_of(const net::Prefix& prefix,
                                                       const policy::RouteAttrs& attrs,
                                                       const policy::Forwarding& forwarding) const {
  KernelRouteSpec spec;
  spec.table = body().kernel_table;
  spec.prefix = prefix;
  spec.protocol = kProtocolBird;
  // As in BIRD: a filter's krt_metric counts where the protocol has `metric 0`, the default of dialect 1.6.
  spec.metric = metric() != 0 ? metric() : number(attrs, intent::RouteAttribute::krt_metric).value_or(0);
  spec.realm = number(attrs, intent::RouteAttribute::krt_realm);
  spec.mtu = number(attrs, intent::RouteAttribute::krt_mtu);
  const intent::Value* prefsrc = policy::find_extra(attrs, intent::RouteAttribute::krt_prefsrc);
  if (prefsrc != nullptr && std::holds_alternative<net::IpAddr>(*prefsrc)) {
    spec.prefsrc = std::get<net::IpAddr>(*prefsrc);
  }
  switch (forwarding.destination) {
    case policy::Destination::none:
      return std::nullopt;
    case policy::Destination::unicast:
      spec.type = observe::RouteType::unicast;
      break;
    case policy::Destination::blackhole:
      spec.type = observe::RouteType::blackhole;
      break;
    case policy::Destination::unreachable:
      spec.type = observe::RouteType::unreachable;
      break;
    case policy::Destination::prohibit:
      spec.type = observe::RouteType::prohibit;
      break;
  }
  if (spec.type == observe::RouteType::unicast) {
    bool on_link = true;
    for (const policy::NextHop& hop : forwarding.next_hops) {
      spec.next_hops.push_back({hop.via, hop.interface, hop.weight, hop.onlink});
      on_link = on_link && !hop.via;
    }
    if (spec.next_hops.empty()) {
      return std::nullopt;
    }
    spec.scope = static_cast<std::uint8_t>(
        number(attrs, intent::RouteAttribute::krt_scope)
            .value_or(on_link && prefix.family() == net::Family::ipv4 ? kScopeLink : kScopeUniverse));
  }
  return spec;
}

namespace {

/// How many next hops a route may have whose best path is this one.
std::uint32_t paths_max(const rib::Path& best, const rib::Table& table, const intent::KernelIntent& kernel) {
  const rib::DecisionOptions& options = table.protocols().get(best.protocol);
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
  const rib::DecisionOptions& options = table.protocols().get(change.best->protocol);
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

std::optional<KernelRouteSpec> KernelProtocol::wanted_for(Channel& channel, const rib::Change& change) {
  if (change.best == nullptr) {
    return std::nullopt;
  }
  ++channel.export_updates.received;
  policy::RouteEdit edit;
  if (!channel.filter_out(change.prefix, *change.best, edit)) {
    return std::nullopt;
  }
  const policy::RouteAttrs& attrs = edit.attrs(*change.best->attrs);
  policy::Forwarding forwarding = attrs.recursive ? change.best->forwarding() : attrs.forwarding;
  if (body().merge_paths && change.entry != nullptr &&
      forwarding.destination == policy::Destination::unicast) {
    for (const rib::Path* path : paths_to_merge(channel.table(), change, body())) {
      policy::RouteEdit other;
      if (path == change.best ||
          channel.would_export(change.prefix, *path) != Channel::ExportVerdict::accepted) {
        continue;
      }
      const auto& more = path->forwarding().next_hops;
      forwarding.next_hops.insert(forwarding.next_hops.end(), more.begin(), more.end());
    }
    policy::normalise(forwarding.next_hops);
    const std::uint32_t limit = paths_max(*change.best, channel.table(), body());
    if (forwarding.next_hops.size() > limit) {
      forwarding.next_hops.resize(limit);
    }
  }
  return spec_of(change.prefix, attrs, forwarding);
}

void KernelProtocol::route_changed(Channel& channel, const rib::Change& change) {
  if (!change.best_changed && !body().merge_paths) {
    return;
  }
  std::optional<KernelRouteSpec> spec = wanted_for(channel, change);
  const auto it = wanted_.find(change.prefix);
  if (!spec) {
    if (it != wanted_.end()) {
      if (change.best == nullptr) {
        ++channel.export_withdraws.received;
      }
      ++channel.export_withdraws.accepted;
      --channel.exported;
      wanted_.erase(it);
      dirty_.insert(change.prefix);
    }
  } else if (it == wanted_.end()) {
    if (!channel.admit_export()) {
      ++channel.export_updates.rejected;
      return;
    }
    ++channel.export_updates.accepted;
    ++channel.exported;
    wanted_.emplace(change.prefix, std::move(*spec));
    dirty_.insert(change.prefix);
  } else {
    ++channel.export_updates.accepted;
    if (!(it->second == *spec)) {
      it->second = std::move(*spec);
      dirty_.insert(change.prefix);
    }
  }
  if (!dirty_.empty()) {
    core_.flush_later(id());
  }
}

bool KernelProtocol::found_in_kernel(const KernelRouteSpec& want) const {
  const auto table = core_.kernel_routes.find(want.table);
  if (table == core_.kernel_routes.end()) {
    return false;
  }
  const auto it = table->second.find({want.prefix, want.metric});
  return it != table->second.end() && it->second.protocol == kProtocolBird && does_the_same(want, it->second);
}

void KernelProtocol::flush() {
  obey_limit();
  if (!core_.kernel_scanned || state() != observe::ProtocolState::up) {
    return;
  }
  if (std::exchange(reconcile_, false)) {
    reconcile();
  }
  for (const net::Prefix& prefix : std::exchange(dirty_, {})) {
    const auto want = wanted_.find(prefix);
    const auto have = installed_.find(prefix);
    if (want == wanted_.end()) {
      if (have != installed_.end() && !core_.keeps_kernel_routes) {
        core_.act(act::KernelRoute{have->second, false});
        core_.kernel_routes[have->second.table].erase({prefix, have->second.metric});
        installed_.erase(have);
      }
      continue;
    }
    if (have != installed_.end() ? have->second == want->second : found_in_kernel(want->second)) {
      installed_.insert_or_assign(prefix, want->second);
      continue;
    }
    if (have != installed_.end() && have->second.metric != want->second.metric) {
      core_.act(act::KernelRoute{have->second, false});  // another metric is another route to the kernel
      core_.kernel_routes[have->second.table].erase({prefix, have->second.metric});
    }
    core_.kernel_routes[want->second.table].insert_or_assign({prefix, want->second.metric}, want->second);
    installed_.insert_or_assign(prefix, want->second);
    core_.act(act::KernelRoute{want->second, true});
  }
}

void KernelProtocol::remove_leftovers() {
  if (core_.keeps_kernel_routes) {
    return;
  }
  auto& known = core_.kernel_routes[body().kernel_table];
  for (auto it = known.begin(); it != known.end();) {
    const auto& [key, spec] = *it;
    const auto want = wanted_.find(key.first);
    const bool of_our_family = !channels_.empty() && key.first.family() == channels_.front()->intent().family;
    if (spec.protocol == kProtocolBird && of_our_family &&
        (want == wanted_.end() || want->second.metric != key.second)) {
      core_.act(act::KernelRoute{spec, false});
      installed_.erase(key.first);
      it = known.erase(it);
    } else {
      ++it;
    }
  }
}

void KernelProtocol::reconcile() {
  const auto& known = core_.kernel_routes[body().kernel_table];
  for (const auto& [prefix, want] : wanted_) {
    const auto it = known.find({prefix, want.metric});
    if (it != known.end() && it->second.protocol == kProtocolBird && does_the_same(want, it->second)) {
      installed_.insert_or_assign(prefix, want);
    } else if (it == known.end() || it->second.protocol == kProtocolBird) {
      installed_.erase(prefix);
      dirty_.insert(prefix);
    } else {
      dirty_.insert(prefix);
    }
  }
  remove_leftovers();
  std::set<net::Prefix> prefixes;
  for (const auto& [key, spec] : known) {
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

void KernelProtocol::kernel_route(const KernelRouteSpec& route, bool added) {
  if (state() != observe::ProtocolState::up || !core_.kernel_scanned) {
    return;
  }
  if (route.protocol != kProtocolBird) {
    learn(route.prefix);
    return;
  }
  const auto have = installed_.find(route.prefix);
  const bool gone = !added && have != installed_.end() && have->second.metric == route.metric;
  const bool replaced = added && have != installed_.end() && have->second.metric == route.metric &&
                        !does_the_same(have->second, route);
  if (gone || replaced) {
    installed_.erase(have);
    dirty_.insert(route.prefix);
    core_.flush_later(id());
  }
}

void KernelProtocol::result(const net::Prefix& prefix, int sys_errno) {
  if (channels_.empty()) {
    return;
  }
  const bool refused = sys_errno != 0;
  if (refused && installed_.count(prefix) == 0) {
    return;  // a route that we removed was gone already
  }
  if (refused) {
    core_.note(act::NoteLevel::warning, name(),
               "kernel refused " + to_string(prefix) + ": errno " + std::to_string(sys_errno));
    core_.kernel_routes[body().kernel_table].erase({prefix, installed_.at(prefix).metric});
    installed_.erase(prefix);
  }
  channels_.front()->table_state().table.set_kernel_refused(prefix, refused);
}

}  // namespace catflap::bgp::internal
